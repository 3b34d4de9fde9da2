//! The words of the grammar are the words of the language reference.

use std::collections::BTreeSet;

use pest_meta::ast::Expr;

use crate::rules::{parts, references, rules};

/// Section 2 of the language reference, word by word.
const RESERVED: &str = "
    absent api as break callback catch commit compensate config continue div else error execution fail false
    finally fn for if import in it let match null objective parallel poll publish race receive retry return saga schedule secret signal sleep
    test true try type undo until var while with within workflow";

/// The words that the sections after it use as keywords where they are expected.
const CONTEXTUAL: &str = "
    string encoded where tagged untagged
    get post put patch delete head options body header on done unknown_on per from
    key one again early because settled every http start report log
    publish-at schedule-cron schedule-zone objective-over
    mock advance send crash expect snapshot calls once never times before fails plan status after sequence failure";

fn words(list: &str) -> BTreeSet<&str> {
    list.split_whitespace().map(|word| word.rsplit('-').next().unwrap()).collect()
}

/// The word of each rule `kw_…`.
pub(crate) fn keywords() -> BTreeSet<String> {
    let rules = rules();
    let keywords = rules.iter().filter(|(name, _)| name.starts_with("kw_"));
    keywords
        .map(|(name, expr)| {
            let Expr::Seq(word, _) = expr else { panic!("{name} is no word") };
            let Expr::Str(word) = word.as_ref() else { panic!("{name} is no word") };
            assert_eq!(*name, format!("kw_{word}"));
            word.clone()
        })
        .collect()
}

/// The words of the rule `reserved_word`.
pub(crate) fn reserved() -> BTreeSet<String> {
    let rules = rules();
    let names = references(&rules["reserved_word"]).into_iter();
    names.map(|rule| rule.strip_prefix("kw_").unwrap().to_owned()).collect()
}

#[test]
fn the_reserved_words_are_those_of_the_reference() {
    assert_eq!(reserved().iter().map(String::as_str).collect::<BTreeSet<_>>(), words(RESERVED));
}

#[test]
fn the_other_keywords_are_those_of_the_sections() {
    let keywords = keywords();
    let reserved = words(RESERVED);
    let others: BTreeSet<&str> =
        keywords.iter().map(String::as_str).filter(|word| !reserved.contains(word)).collect();
    assert_eq!(others, words(CONTEXTUAL));
}

#[test]
fn the_parser_has_the_same_words() {
    let kinds =
        |table: &[(&'static str, flow_syntax::SyntaxKind)]| table.iter().map(|(word, _)| *word).collect();
    let reserved: BTreeSet<&str> = kinds(flow_syntax::SyntaxKind::RESERVED);
    assert_eq!(reserved, words(RESERVED));
    let contextual: BTreeSet<&str> = kinds(flow_syntax::SyntaxKind::CONTEXTUAL);
    let unknown: Vec<_> = contextual.difference(&words(CONTEXTUAL)).copied().collect::<Vec<_>>();
    assert!(unknown.is_empty(), "keywords of the parser that the grammar does not know: {unknown:?}");
}

#[test]
fn no_word_is_written_without_its_border() {
    // A literal of letters outside a rule `kw_…` would match the beginning of a longer word.
    const UNITS_AND_MARKS: &[&str] = &[
        "d", "h", "m", "s", "ms", "KB", "MB", "GB", "KiB", "MiB", "GiB", "e", "E", "xx", "T", "Z", "v",
        "r\"", "n", "t", "r", "u{",
    ];
    fn literals<'t>(expr: &'t Expr, found: &mut Vec<&'t str>) {
        if let Expr::Str(text) = expr {
            found.push(text);
        }
        parts(expr).into_iter().for_each(|part| literals(part, found));
    }
    for (name, expr) in rules().iter().filter(|(name, _)| !name.starts_with("kw_")) {
        let mut found = Vec::new();
        literals(expr, &mut found);
        for text in found {
            let is_word = text.starts_with(|first: char| first.is_ascii_alphabetic());
            assert!(!is_word || UNITS_AND_MARKS.contains(&text), "`{text}` in {name}");
        }
    }
}

#[test]
fn every_rule_is_used() {
    let rules = rules();
    let mut used: BTreeSet<&str> = BTreeSet::from(["file"]);
    let mut waiting = vec!["file"];
    while let Some(rule) = waiting.pop() {
        let Some(expr) = rules.get(rule) else { continue };
        waiting.extend(references(expr).into_iter().filter(|name| used.insert(name)));
    }
    let unused: Vec<&String> = rules.keys().filter(|name| !used.contains(name.as_str())).collect();
    assert!(unused.is_empty(), "{unused:?}");
}
