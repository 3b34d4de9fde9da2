//! What is made from the grammar: its page in the reference, the words that editors colour, the words that fuzzers try.
//!
//! After a change of the grammar: `FLOW_GRAMMAR_WRITE=1 cargo nextest run -p flow-grammar generated`.

use std::fmt::Write as _;
use std::path::Path;

use pest_meta::ast::Expr;

use crate::rules::{parts, rules};
use crate::words::{keywords, reserved};

/// Holds a file of the repository against what it is made from, or writes it where that is asked for.
fn assert_made(path: &str, made: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    if std::env::var_os("FLOW_GRAMMAR_WRITE").is_some() {
        std::fs::write(&file, made).unwrap();
    }
    let found = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(found == made, "{path} is not what the grammar gives: FLOW_GRAMMAR_WRITE=1 makes it anew");
}

const RULER: &str = "// -----";

/// A line of the grammar that is a heading: its level and its text.
fn heading<'t>(line: &'t str, before: &str, after: &str) -> Option<(&'static str, &'t str)> {
    let text = line.strip_prefix("// ")?;
    let is_title = text.starts_with(|first: char| first.is_ascii_digit());
    if !is_title {
        return None;
    }
    if before.starts_with(RULER) && after.starts_with(RULER) {
        return Some(("##", text));
    }
    let title = text.trim_end_matches('-');
    (title.len() + 3 < text.len()).then_some(("###", title.trim_end()))
}

#[test]
fn the_page_of_the_reference() {
    let (head, body) = flow_grammar::GRAMMAR.split_once("\n\n// ---").unwrap();
    let head = head.lines().map(|line| line.strip_prefix("//!").unwrap().strip_prefix(' ').unwrap_or(""));
    let mut page = String::from("# Grammar\n\n");
    for line in head {
        writeln!(page, "{}", line.strip_prefix("  ").map_or(line.to_owned(), |rule| format!("    {rule}")))
            .unwrap();
    }
    page.push_str("\nThis page is made from `grammar/flow.pest`.\n");
    let lines: Vec<&str> = std::iter::once("// -----").chain(body.lines().skip(1)).collect();
    let mut rules = String::new();
    for (at, line) in lines.iter().enumerate() {
        let near = |at: Option<usize>| at.and_then(|at| lines.get(at)).copied().unwrap_or("");
        if let Some((level, title)) = heading(line, near(at.checked_sub(1)), near(Some(at + 1))) {
            close(&mut page, &mut rules);
            write!(page, "\n{level} {title}\n").unwrap();
        } else if !line.starts_with(RULER) {
            writeln!(rules, "{line}").unwrap();
        }
    }
    close(&mut page, &mut rules);
    assert_made("docs/language/grammar.md", &page);
}

fn close(page: &mut String, rules: &mut String) {
    if !rules.trim().is_empty() {
        write!(page, "\n```pest\n{}\n```\n", rules.trim_matches('\n')).unwrap();
    }
    rules.clear();
}

#[test]
fn the_words_of_editors() {
    fn list<'w>(words: impl Iterator<Item = &'w String>) -> String {
        words.map(|word| format!("    \"{word}\"")).collect::<Vec<_>>().join(",\n")
    }
    let (keywords, reserved) = (keywords(), reserved());
    let made = format!(
        "{{\n  \"reserved\": [\n{}\n  ],\n  \"where_expected\": [\n{}\n  ]\n}}\n",
        list(reserved.iter()),
        list(keywords.difference(&reserved))
    );
    assert_made("editors/keywords.json", &made);
}

#[test]
fn the_words_of_fuzzers() {
    fn literals(expr: &Expr, found: &mut Vec<String>) {
        match expr {
            Expr::Str(text) => found.push(text.clone()),
            expr => parts(expr).into_iter().for_each(|part| literals(part, found)),
        }
    }
    let mut found = Vec::new();
    rules().values().for_each(|expr| literals(expr, &mut found));
    found.sort();
    found.dedup();
    let mut made = String::from("# The tokens of the language, made from grammar/flow.pest.\n");
    for text in
        found.iter().filter(|text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic()))
    {
        writeln!(made, "\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")).unwrap();
    }
    assert_made("fuzz/words.dict", &made);
}
