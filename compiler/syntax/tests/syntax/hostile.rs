//! Input made to hurt: depth, length, characters. Each row of the table of bad input names its test.

use std::time::{Duration, Instant};

use flow_syntax::{DEPTH_MAX, FILE_BYTES_MAX, OPERATORS_MAX, Parse};

use crate::support::{assert_lossless, parsed, summary};

/// What a text may take; a debug build takes ten times as long.
const LIMIT: Duration = Duration::from_secs(if cfg!(debug_assertions) { 10 } else { 1 });

#[expect(clippy::disallowed_methods, reason = "how long it takes is what is tested")]
fn quickly(text: &str) -> Parse {
    let start = Instant::now();
    let parse = parsed(text);
    assert_lossless(text, &parse);
    drop(parse.clone());
    assert!(start.elapsed() < LIMIT, "{:?}", start.elapsed());
    parse
}

fn codes(parse: &Parse) -> Vec<&str> {
    parse.diagnostics.iter().map(|diagnostic| diagnostic.code.as_str()).collect()
}

/// A file with a text where an expression is due.
fn with_expression(text: &str) -> String {
    format!("workflow w () {{\n  let x = {text}\n  let y = \n}}\n")
}

#[test]
fn empty_only_comments_bom_crlf_no_final_newline() {
    for text in ["", "\n", "// comment", "\u{FEFF}", "\u{FEFF}// x\r\n\r\n", "error A { }"] {
        assert!(codes(&quickly(text)).is_empty(), "{text:?}");
    }
}

#[test]
fn nul_byte_is_reported_with_its_offset() {
    let text = "error A { a\0: int }";
    let parse = quickly(text);
    assert_eq!(summary(text, &parse), [r"1: F0003 `\u{0000}` at byte 11 is not permitted in source"]);
}

#[test]
fn bidi_and_zero_width_characters_are_shown_escaped() {
    let text = "// \u{202E}\nerror A { reason\u{200B}: string }\nfn f () -> string = \"a\u{2066}b\"\n";
    let parse = quickly(text);
    let expected = [
        r"1: F0003 `\u{202E}` at byte 3 is not permitted in source",
        r"2: F0003 `\u{200B}` at byte 23 is not permitted in source",
        r"3: F0003 `\u{2066}` at byte 59 is not permitted in source",
    ];
    assert_eq!(summary(text, &parse), expected);
}

#[test]
fn a_lone_carriage_return_and_a_mark_in_the_middle_are_refused() {
    assert_eq!(codes(&quickly("error A { }\rerror B { }")), ["F0003", "F0101"]);
    assert_eq!(codes(&quickly("error A { }\n\u{FEFF}error B { }")), ["F0003"]);
}

#[test]
fn ten_megabytes_are_refused_by_name() {
    let text = "error A { }\n".repeat(10_000_000 / 12);
    let parse = quickly(&text);
    assert_eq!(codes(&parse), ["F0004"]);
    assert!(parse.diagnostics[0].message.contains(&FILE_BYTES_MAX.to_string()));
}

#[test]
fn a_megabyte_in_one_token_or_line() {
    let long = "x".repeat(1_000_000);
    for text in [
        format!("// {long}\n"),
        format!("/// {long}\nerror A {{ }}\n"),
        format!("fn f () -> string = \"{long}\"\n"),
        format!("fn f () -> string = r\"{long}\"\n"),
        format!("fn f () -> int = {long}\n"),
        format!("fn f () -> int = 1{long}\n"),
        format!("fn f () -> int = {}\n", "1".repeat(1_000_000)),
        format!("fn f () -> [int] = [{}]\n", "12345678901234567890, ".repeat(45_000)),
        " ".repeat(1_000_000),
    ] {
        let parse = quickly(&text);
        assert!(codes(&parse).contains(&"F0004"), "{:?} {}", codes(&parse), &text[..40]);
    }
    let block = format!("fn f () -> string = \"\"\"\n{}\"\"\"\n", "line {x} of many\n".repeat(60_000));
    assert!(codes(&quickly(&block)).is_empty());
}

#[test]
fn nesting_of_100_000_is_refused_at_depth_64() {
    let closed = |open: &str, close: &str, n: usize| format!("{}1{}", open.repeat(n), close.repeat(n));
    let n = if cfg!(debug_assertions) { 10_000 } else { 100_000 };
    for text in [
        closed("(", ")", 100_000),
        closed("[", "]", 100_000),
        closed("{ a: ", " }", 100_000),
        closed("!", "", 100_000),
        closed("f(", ")", n),
        closed("\"{", "}\"", 2_000),
        closed("x => ", "", n),
        closed("f(x => ", ")", n),
        closed("- ", "", n),
        closed("fail ", "", n),
        closed("return ", "", n),
        closed("if ", "", n),
        closed("match ", "", n),
        closed("for x in ", "", n),
        closed("a ?? fail ", "", n),
        closed("within ", "", n),
        closed("sleep until ", "", n),
        closed("poll every ", "", n),
        closed("if a { ", " }", n),
        closed("parallel { a: ", " }", n),
        closed("match a { _ => ", " }", n),
        closed("try { ", " } catch { }", n),
        closed("saga { ", " }", n),
        format!("callback<{}{}>()", "A<".repeat(n), ">".repeat(n)),
        format!("a as {}int{}", "[".repeat(n), "]".repeat(n)),
    ] {
        let parse = quickly(&with_expression(&text));
        let codes = codes(&parse);
        assert!(codes.contains(&"F0104"), "{codes:?} {}", &text[..40]);
        assert!(codes.len() < 12, "{codes:?} {}", &text[..40]);
        // What stands after it is read.
        let last = parse.diagnostics.last().unwrap();
        assert_eq!(
            last.message,
            "expected an expression after `=`, found the end of the line",
            "{}",
            &text[..40]
        );
    }
}

#[test]
fn types_and_patterns_are_bounded_too() {
    let n = if cfg!(debug_assertions) { 10_000 } else { 100_000 };
    for text in [
        format!("type T = {}int{}", "[".repeat(n), "]".repeat(n)),
        format!("type T = {}int{}", "A<".repeat(n), ">".repeat(n)),
        format!("type T = {}int{}", "{ a: ".repeat(n), " }".repeat(n)),
        format!("type T = {}int", "secret ".repeat(n)),
        format!("workflow w () {{ let {}a{} = 1 }}", "[".repeat(n), "]".repeat(n)),
        format!("workflow w () {{ let {}a{} = 1 }}", "{ a: ".repeat(n), " }".repeat(n)),
    ] {
        let parse = quickly(&text);
        assert!(codes(&parse).contains(&"F0104"), "{:?} {}", codes(&parse), &text[..40]);
    }
    for text in [format!("type T = int{}", "?".repeat(n)), format!("type T = int{}", " encoded x".repeat(n))]
    {
        let parse = quickly(&text);
        assert!(parse.has_errors(), "{}", &text[..40]);
    }
}

#[test]
fn unclosed_nesting_of_100_000() {
    for open in ["(", "[", "{", "{ a: ", "f(", "\"{", "if a {\n", "([{"] {
        let parse = quickly(&with_expression(&open.repeat(100_000)));
        assert!(parse.has_errors(), "{open}");
    }
    for close in [")", "]", "}", "}\n", ")\n", "\"}", "=> ", "else ", "catch "] {
        assert!(quickly(&with_expression(&close.repeat(100_000))).has_errors(), "{close}");
    }
    for (open, close) in [("(", "]"), ("{", ")"), ("[\n", ")\n"), ("(\n", "]\n"), ("(\n  {", ")\n")] {
        let text = format!("{}{}", open.repeat(50_000), close.repeat(50_000));
        assert!(quickly(&with_expression(&text)).has_errors(), "{open}{close}");
    }
}

#[test]
fn depth_64_is_accepted_and_65_is_not() {
    let nested = |n: usize| format!("fn f () -> int = {}1{}\n", "(".repeat(n), ")".repeat(n));
    let deepest = DEPTH_MAX as usize;
    assert!(codes(&quickly(&nested(deepest))).is_empty());
    assert_eq!(codes(&quickly(&nested(deepest + 1))), ["F0104"]);
    let blocks = |n: usize| {
        let body = format!("{}{}", "if a {\n".repeat(n), "}\n".repeat(n));
        format!("workflow w () {{\n{body}}}\n")
    };
    assert!(codes(&quickly(&blocks(deepest - 1))).is_empty());
    assert_eq!(codes(&quickly(&blocks(deepest))), ["F0104"]);
}

#[test]
fn else_if_and_chains_are_not_nesting() {
    let arms = "else if a == 1 { b.c(d) } ".repeat(10_000);
    let text = format!(
        "workflow w () {{\n  if a {{ }} {arms}\n  match a {{\n{}  }}\n}}\n",
        "    1 => 2,\n".repeat(10_000)
    );
    assert!(codes(&quickly(&text)).is_empty());
    let chain = format!("fn f () -> int = 1{}\n", " + 1".repeat(OPERATORS_MAX as usize));
    assert!(codes(&quickly(&chain)).is_empty());
    for link in [" + 1", ".a", "()", "[0]", " as int", " ?? 1", " && a", "?.b", " < 1", " with { }", " in a"]
    {
        let chain = format!("fn f () -> int = a{}\ntype T =\n", link.repeat(100_000));
        let parse = quickly(&chain);
        assert!(codes(&parse).contains(&"F0004"), "{link} {:?}", codes(&parse));
        assert!(summary(&chain, &parse).last().unwrap().contains("a type"), "{link}");
    }
    let union = format!("type T = \"a\"{}\n", " | \"b\"".repeat(100_000));
    assert!(codes(&quickly(&union)).contains(&"F0004"), "one line of more than the limit");
    let union = format!("type T = \"a\"{}\n", "\n | \"b\"".repeat(50_000));
    assert!(codes(&quickly(&union)).is_empty());
}

#[test]
fn a_hundred_thousand_steps() {
    let steps = if cfg!(debug_assertions) { 10_000 } else { 100_000 };
    let text = format!("workflow w () {{\n{}}}\n", "  let a = orders.get(1)\n".repeat(steps));
    assert!(codes(&quickly(&text)).is_empty());
}

#[test]
fn more_errors_than_anyone_reads() {
    let text = "let\n@ ]\n".repeat(50_000);
    let parse = quickly(&text);
    assert_eq!(codes(&parse).last(), Some(&"F0106"));
    let text = format!("workflow w () {{\n{}}}\n", "  let x = )\n".repeat(20_000));
    assert_eq!(codes(&quickly(&text)).last(), Some(&"F0106"));
}
