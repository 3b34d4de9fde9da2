//! The language at work: every file here is a program with its tests, and all of them pass. Those of `fails/`
//! all fail, which shows that the runner can tell.

use std::path::{Path, PathBuf};

use crate::support::command::{flow, run};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/language").join(name)
}

/// The `.flow` files of a folder, in order.
fn files(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<String> = entries.map(|name| name.to_string_lossy().into_owned()).collect();
    names.retain(|name| name.ends_with(".flow"));
    names.sort();
    assert!(!names.is_empty(), "no files in {}", folder.display());
    names
}

#[test]
fn every_sentence_holds() {
    let folder = folder(".");
    let mut problems = Vec::new();
    for name in files(&folder) {
        let ran = run(&mut flow(&folder, &["test", &name]));
        if ran.code != 0 || !ran.stderr.is_empty() || ran.stdout.starts_with("0 passed") {
            problems.push(format!("{name}: exit {}\n{}", ran.code, ran.seen()));
        }
    }
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}

#[test]
fn what_does_not_hold_fails() {
    let folder = folder("fails");
    for name in files(&folder) {
        let ran = run(&mut flow(&folder, &["test", &name]));
        assert_eq!(ran.code, 1, "{name}: {}", ran.seen());
        assert!(ran.stdout.contains("\n0 passed, "), "{name}: a test passes\n{}", ran.seen());
    }
}
