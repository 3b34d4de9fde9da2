//! The corpus: small accepted and refused texts, many to a file, with `// ---` between them. A file that begins with
//! `//: before … after` has cases that stand where the dots are.

use std::path::{Path, PathBuf};

/// A text of the corpus.
pub(crate) struct Case {
    /// Its file and the line it begins on.
    pub(crate) place: String,
    /// The whole text.
    pub(crate) text: String,
}

/// The cases of `accept` or `refuse`.
pub(crate) fn cases(folder: &str) -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(folder);
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().flat_map(|path| cases_of(path)).collect()
}

fn cases_of(path: &Path) -> Vec<Case> {
    let text = std::fs::read_to_string(path).unwrap();
    let (frame, text, first_line) = match text.strip_prefix("//: ").and_then(|text| text.split_once('\n')) {
        Some((frame, text)) => (frame.split_once('…').unwrap(), text, 2),
        None => (("", ""), text.as_str(), 1),
    };
    let mut line = first_line;
    let mut cases = Vec::new();
    for case in text.split("// ---\n") {
        let text = match frame {
            ("", "") => case.to_owned(),
            (before, after) => format!("{before}\n{case}{after}\n"),
        };
        cases.push(Case { place: format!("{}:{line}", path.display()), text });
        line += case.matches('\n').count() + 1;
    }
    cases
}

#[test]
fn every_accepted_case_is_accepted() {
    let refused: Vec<String> = cases("accept")
        .iter()
        .filter_map(|case| {
            let error = flow_grammar::accepts(&case.text).err()?;
            Some(format!("{}: {error}\n{}", case.place, case.text))
        })
        .collect();
    assert!(refused.is_empty(), "refused:\n{}", refused.join("\n"));
}

#[test]
fn every_refused_case_is_refused() {
    let accepted: Vec<String> = cases("refuse")
        .iter()
        .filter(|case| flow_grammar::accepts(&case.text).is_ok())
        .map(|case| format!("{}\n{}", case.place, case.text))
        .collect();
    assert!(accepted.is_empty(), "accepted:\n{}", accepted.join("\n"));
}

#[test]
fn the_order_example_is_accepted() {
    for file in ["order.flow", "types.flow"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/order").join(file);
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(flow_grammar::accepts(&text), Ok(()), "{}", path.display());
    }
}
