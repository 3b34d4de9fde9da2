//! Every text of the repository.

use std::path::Path;

/// Longer texts would make a run take minutes.
const BYTES_MAX: usize = 4_000;

/// All `.flow` files; of those that hold cases, each case, in its frame where it has one.
pub(crate) fn texts() -> Vec<String> {
    let mut texts = Vec::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."), &mut texts);
    texts.retain(|text| text.len() < BYTES_MAX);
    assert!(texts.len() > 500, "the texts of the repository are not found");
    texts
}

fn collect(folder: &Path, texts: &mut Vec<String>) {
    let mut entries: Vec<_> = std::fs::read_dir(folder).unwrap().flatten().collect();
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if path.is_dir() {
            if name != "target" && !name.starts_with('.') {
                collect(&path, texts);
            }
        } else if name.ends_with(".flow") {
            split(std::fs::read_to_string(&path).unwrap(), texts);
        }
    }
}

fn split(text: String, texts: &mut Vec<String>) {
    let frame = text.strip_prefix("//: ").and_then(|text| text.split_once('\n'));
    let framed = frame.and_then(|(frame, cases)| Some((frame.split_once('…')?, cases)));
    let ((before, after), cases) = framed.unwrap_or((("", "\n"), &text));
    for case in cases.split("// ---\n") {
        let line = if before.trim_end().ends_with('{') { "\n" } else { "" };
        texts.push(format!("{before}{line}{case}{line}{after}"));
    }
}
