//! The table of claims holds against the files: every case that it names exists, and every number stands once.

use std::collections::BTreeMap;

use crate::tidy::root;

/// A row: the number of a claim, what it says, and a case that would fail if it were otherwise.
#[derive(Debug)]
struct Row {
    number: String,
    claim: String,
    file: String,
    case: String,
}

/// The rows of the tables in `tests/language/README.md`; a `|` of a cell is written `\|` there.
fn rows() -> Vec<Row> {
    let page = std::fs::read_to_string(root().join("tests/language/README.md")).unwrap();
    let mut rows = Vec::new();
    for line in page.lines().filter(|line| line.starts_with("| ")) {
        let line = line.replace("\\|", "\u{0}");
        let cells: Vec<String> =
            line.trim_matches('|').split('|').map(|cell| cell.trim().replace('\u{0}', "|")).collect();
        let [number, claim, file, case] = <[String; 4]>::try_from(cells).unwrap();
        if number.starts_with(|c: char| c.is_ascii_digit()) {
            rows.push(Row { number, claim, file: file.trim_matches('`').to_owned(), case });
        }
    }
    rows
}

/// Whether a file has a case of that name: a test of the language, a test in Rust, or a line that says what is found in it.
fn has(file: &str, text: &str, case: &str) -> bool {
    if file.ends_with(".rs") {
        let name = format!("fn {case}(");
        return text.lines().any(|line| line.contains(&name));
    }
    let block = format!("test \"{case}\"");
    if file.starts_with("tests/language/") || (file.ends_with(".md") && text.contains(&block)) {
        return text.lines().any(|line| line.starts_with(&block));
    }
    text.lines().any(|line| line.contains(case))
}

#[test]
fn every_claim_has_a_case() {
    let rows = rows();
    let mut texts: BTreeMap<&str, String> = BTreeMap::new();
    let mut problems = Vec::new();
    for row in &rows {
        let text = texts
            .entry(&row.file)
            .or_insert_with(|| std::fs::read_to_string(root().join(&row.file)).unwrap_or_default());
        if row.claim.is_empty() || !has(&row.file, text, &row.case) {
            problems.push(format!("{}: `{}` is not in {}", row.number, row.case, row.file));
        }
    }
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}

#[test]
fn claims_are_numbered_in_order() {
    let mut last: BTreeMap<String, usize> = BTreeMap::new();
    for row in rows() {
        let (section, number) = row.number.split_once('.').unwrap();
        let last = last.entry(section.to_owned()).or_default();
        *last += 1;
        assert_eq!(number, last.to_string(), "{}", row.number);
    }
    assert_eq!(last.keys().collect::<Vec<_>>(), ["2", "3", "5", "6", "9"]);
}

#[test]
fn what_is_no_case_is_noticed() {
    let text = "test \"a sum\" {\n}\nfn a_sum() {}\nlet a = b // error[F0301]: expected `int`\n";
    assert!(has("tests/language/a.flow", text, "a sum"));
    assert!(!has("tests/language/a.flow", text, "a su"));
    assert!(has("a/tests/a.rs", text, "a_sum"));
    assert!(!has("a/tests/a.rs", text, "sum"));
    assert!(has("a/suite/a.flow", text, "error[F0301]: expected `int`"));
    assert!(!has("a/suite/a.flow", text, "error[F0302]"));
}
