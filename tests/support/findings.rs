//! What `flow check` finds in files, read from its JSON.

use std::path::Path;

use serde_json::Value;

use super::command::{flow, run};

/// A program of one or more files, the first one the entry, as `(name, text)`; `// file: NAME` begins another.
pub fn split(text: &str) -> Vec<(String, String)> {
    let mut files = vec![("main.flow".to_owned(), String::new())];
    for line in text.split_inclusive('\n') {
        match line.strip_prefix("// file: ") {
            Some(name) => files.push((name.trim().to_owned(), String::new())),
            None => files.last_mut().unwrap().1.push_str(line),
        }
    }
    files
}

/// Writes a program into a new folder, and gives the findings about it.
pub fn check_text(folder: &Path, text: &str) -> Vec<Value> {
    std::fs::create_dir_all(folder).unwrap();
    for (name, text) in split(text) {
        std::fs::write(folder.join(name), text).unwrap();
    }
    check_file(folder, "main.flow")
}

/// The findings about a file, in the order in which they are shown.
pub fn check_file(folder: &Path, file: &str) -> Vec<Value> {
    let ran = run(&mut flow(folder, &["check", "--format", "json", file]));
    assert!(ran.code == 0 || ran.code == 3, "{file}: {ran:?}");
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    document["diagnostics"].as_array().unwrap().clone()
}

/// `F0301 error, line 3: message` of each, for the words of a failing test.
pub fn shown(findings: &[Value]) -> String {
    let line = |finding: &Value| {
        format!(
            "  {} {}, line {}: {}\n",
            finding["code"].as_str().unwrap(),
            finding["severity"].as_str().unwrap(),
            finding["primary"]["start"]["line"],
            finding["message"].as_str().unwrap()
        )
    };
    findings.iter().map(line).collect()
}
