//! Whatever the text, parsing ends, does not panic, and loses nothing.

use proptest::prelude::*;

use crate::support::{assert_lossless, order, parsed};

const PIECES: &[&str] = &[
    "workflow ",
    "api ",
    "type ",
    "error ",
    "retry ",
    "config ",
    "import ",
    "test ",
    "fn ",
    "publish ",
    "schedule ",
    "objective ",
    "let ",
    "var ",
    "if ",
    "else ",
    "match ",
    "for ",
    "while ",
    "in ",
    "parallel ",
    "race ",
    "saga ",
    "try ",
    "catch ",
    "finally ",
    "fail ",
    "return ",
    "within ",
    "sleep ",
    "poll ",
    "every ",
    "until ",
    "receive ",
    "callback",
    "undo ",
    "commit ",
    "compensate ",
    "signal ",
    "mock ",
    "expect ",
    "calls ",
    "snapshot ",
    "as ",
    "with ",
    "where ",
    "tagged ",
    "secret ",
    "body ",
    "get ",
    "post ",
    "key ",
    "one per ",
    "x ",
    "name",
    "v1 ",
    "it ",
    "absent ",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "<",
    ">",
    ",",
    ":",
    "?:",
    ".",
    "..",
    "...",
    "?",
    "?.",
    "??",
    "=",
    "==",
    "!",
    "!=",
    "<=",
    ">=",
    "+",
    "-",
    "*",
    "/",
    "%",
    " div ",
    "&&",
    "|",
    "||",
    "->",
    "=>",
    "@",
    "_",
    ";",
    "&",
    "'",
    "`",
    "\"text\"",
    "\"a {",
    "} b\"",
    "\"",
    "\"\"\"",
    "r\"",
    "\\",
    "1",
    "1.5",
    "2s",
    "1h30",
    "10KB",
    "5xx",
    "@2026-01-31",
    "// c\n",
    "/// d\n",
    "/*",
    "*/",
    "\n",
    "\r\n",
    "\r",
    "  ",
    "ä",
    "\u{200B}",
    "\0",
    "\u{FEFF}",
    "𝕏",
];

fn soup() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(PIECES), 0..120).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 1_500, ..ProptestConfig::default() })]

    #[test]
    fn token_soup(text in soup()) {
        assert_lossless(&text, &parsed(&text));
    }

    #[test]
    fn any_text(text in "\\PC{0,80}") {
        assert_lossless(&text, &parsed(&text));
    }

    #[test]
    fn soup_in_the_order_example(piece in soup(), at in any::<prop::sample::Index>(), cut in 0_usize..60) {
        let mut text = order();
        let mut start = at.index(text.len() + 1);
        while !text.is_char_boundary(start) { start -= 1; }
        let mut end = (start + cut).min(text.len());
        while !text.is_char_boundary(end) { end -= 1; }
        text.replace_range(start..end.max(start), &piece);
        assert_lossless(&text, &parsed(&text));
    }

    #[test]
    fn every_place_lies_in_the_text(text in soup()) {
        for diagnostic in parsed(&text).diagnostics {
            let span = diagnostic.primary.span;
            prop_assert!(text.get(span.range()).is_some(), "{diagnostic:?}");
            for edit in &diagnostic.edits {
                for change in &edit.changes {
                    prop_assert!(text.get(change.span.range()).is_some(), "{diagnostic:?}");
                }
            }
        }
    }
}
