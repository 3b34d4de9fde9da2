//! The corpus: trees of what is right, diagnostics of what is broken.
//!
//! `tests/suite/valid/*.flow` have a snapshot of their tree beside them. In `tests/suite/broken/*.flow` a line
//! `// error[F0101]: message` says what is reported on the next line that is no such line.

use crate::support::{assert_lossless, corpus, outline, parsed, summary};

#[test]
fn valid_files_have_no_errors_and_the_trees_of_their_snapshots() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../suite/valid");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        for (path, text) in corpus("tests/suite/valid") {
            let parse = parsed(&text);
            let name = path.file_stem().unwrap().to_string_lossy();
            assert_eq!(summary(&text, &parse), Vec::<String>::new(), "{name}");
            assert_lossless(&text, &parse);
            insta::assert_snapshot!(name.as_ref(), outline(&parse.root));
        }
    });
}

#[test]
fn broken_files_report_what_they_say() {
    let mut wrong = String::new();
    for (path, text) in corpus("tests/suite/broken") {
        let parse = parsed(&text);
        assert_lossless(&text, &parse);
        let (found, expected) = (summary(&text, &parse).join("\n"), expectations(&text).join("\n"));
        if found != expected {
            wrong += &format!("== {}\nexpected:\n{expected}\nfound:\n{found}\n", path.display());
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

fn expectations(text: &str) -> Vec<String> {
    let mut expected = Vec::new();
    let mut pending: Vec<&str> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        match line.trim_start().strip_prefix("// error[") {
            Some(rest) => pending.push(rest),
            None => {
                for (code, message) in pending.drain(..).filter_map(|rest| rest.split_once("]: ")) {
                    expected.push(format!("{}: {code} {message}", index + 1));
                }
            }
        }
    }
    assert!(pending.is_empty(), "an expectation without a line after it");
    expected
}
