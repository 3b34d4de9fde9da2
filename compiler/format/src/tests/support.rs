//! The texts that tests look at, and what they hold about each.

use std::path::{Path, PathBuf};

use flow_source::FileId;
use flow_syntax::{Parse, SyntaxKind, tokens};

use crate::kept::Scope;
use crate::{COLUMNS, attempt, faithful, says_the_same};

/// Columns at which almost everything breaks.
const NARROW: usize = 24;

pub(super) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

pub(super) fn parsed(text: &str) -> Parse {
    flow_syntax::parse(FileId(0), text)
}

pub(super) fn formatted(text: &str) -> String {
    crate::format(FileId(0), text).text
}

/// All `.flow` files under a folder.
#[expect(clippy::disallowed_methods, reason = "tests read their data")]
pub(super) fn files(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if path.is_dir() && name != "target" && !name.starts_with('.') {
            found.extend(files(&path));
        } else if name.ends_with(".flow") {
            found.push((path.clone(), std::fs::read_to_string(&path).unwrap()));
        }
    }
    found.sort();
    found
}

/// Every text of the repository: whole files, and the cases of the reference grammar in their frames.
pub(super) fn corpus() -> Vec<(String, String)> {
    let mut texts = Vec::new();
    for (path, text) in files(&root()) {
        let name = path.strip_prefix(root()).unwrap().display().to_string();
        if let Some((frame, cases)) = text.strip_prefix("//: ").and_then(|text| text.split_once('\n')) {
            let (before, after) = frame.split_once('…').unwrap();
            for (index, case) in cases.split("// ---\n").enumerate() {
                let opens = before.trim_end().ends_with('{');
                let line = if opens { "\n" } else { "" };
                texts.push((format!("{name}#{index}"), format!("{before}{line}{case}{line}{after}\n")));
            }
        } else if name.starts_with("grammar") {
            let cases = text.split("// ---\n").enumerate();
            texts.extend(cases.map(|(index, case)| (format!("{name}#{index}"), case.to_owned())));
        }
        texts.push((name, text));
    }
    texts
}

/// Holds about a text without errors: laid out, at any width, it says the same and is laid out already; and how it
/// was laid out before makes no difference.
pub(super) fn assert_laid_out(name: &str, text: &str) {
    let parse = parsed(text);
    assert!(!parse.has_errors(), "{name}: {:?}\n{text}", parse.diagnostics);
    let wide = attempt(&parse, text, Scope::Unit, COLUMNS);
    let narrow = attempt(&parse, text, Scope::Unit, NARROW);
    for (what, laid_out, columns) in [("wide", &wide, COLUMNS), ("narrow", &narrow, NARROW)] {
        assert_same(&format!("{name}, {what}"), &parse, text, laid_out);
        let again = attempt(&parsed(laid_out), laid_out, Scope::Unit, columns);
        assert_eq!(*laid_out, again, "{name}, {what}: laid out twice");
        assert_tidy(name, laid_out);
    }
    let has_comments =
        tokens(&parse.root).any(|token| matches!(token.kind(), SyntaxKind::Comment | SyntaxKind::DocComment));
    if !has_comments && !text.contains("\n\n") {
        let back = attempt(&parsed(&narrow), &narrow, Scope::Unit, COLUMNS);
        assert_eq!(wide, back, "{name}: where lines ended before makes a difference");
    }
}

fn assert_same(name: &str, parse: &Parse, text: &str, laid_out: &str) {
    let after = parsed(laid_out);
    if !says_the_same(parse, laid_out) {
        let (before, after_says) = (faithful::says(parse), faithful::says(&after));
        let differs = before.iter().zip(&after_says).find(|(before, after)| before != after);
        panic!("{name}: {differs:?}\n{:?}\n--- before\n{text}\n--- after\n{laid_out}", after.diagnostics);
    }
    assert_eq!(comments(parse), comments(&after), "{name}: comments");
}

/// The comments of a text in order.
pub(super) fn comments(parse: &Parse) -> Vec<String> {
    let comments = tokens(&parse.root)
        .filter(|token| matches!(token.kind(), SyntaxKind::Comment | SyntaxKind::DocComment));
    comments.map(|token| token.text().trim_end().to_owned()).collect()
}

/// No carriage returns, no blanks at line ends outside texts, one line end at the end.
fn assert_tidy(name: &str, text: &str) {
    assert!(!text.contains('\r'), "{name}: carriage return");
    assert!(text.is_empty() || (text.ends_with('\n') && !text.ends_with("\n\n")), "{name}: end of file");
    if !text.contains("\"\"\"") {
        assert!(!text.contains("\n\n\n"), "{name}: two empty lines\n{text}");
        let untidy = text.lines().find(|line| line.ends_with([' ', '\t']));
        assert_eq!(untidy, None, "{name}: blanks at the end of a line");
    }
}
