//! Every source file says what it is for, and none has grown past reading.

use std::path::{Path, PathBuf};

use super::root;

/// Past this many lines a file probably holds a second concept.
const LINES_MAX: usize = 700;

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        let name = entry.file_name();
        if path.is_dir() && name != "target" && !name.to_string_lossy().starts_with('.') {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn every_file_says_in_its_first_line_what_it_is_for() {
    let mut files = Vec::new();
    rust_files(&root(), &mut files);
    assert!(files.len() > 50, "the walk found {} files", files.len());
    let silent: Vec<_> =
        files.iter().filter(|file| !std::fs::read_to_string(file).unwrap().starts_with("//! ")).collect();
    assert!(silent.is_empty(), "no `//!` on the first line: {silent:#?}");
}

#[test]
fn no_file_is_too_long_to_read() {
    let mut files = Vec::new();
    rust_files(&root(), &mut files);
    let long: Vec<_> = files
        .iter()
        .map(|file| (std::fs::read_to_string(file).unwrap().lines().count(), file))
        .filter(|(lines, _)| *lines > LINES_MAX)
        .collect();
    assert!(long.is_empty(), "more than {LINES_MAX} lines: {long:#?}");
}
