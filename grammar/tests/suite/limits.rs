//! What a text may consist of, where an error is, and texts that would take too long or too deep.

use flow_grammar::{GrammarError, accepts};

#[test]
fn a_byte_order_mark_and_carriage_returns_may_stand() {
    assert_eq!(
        accepts("\u{FEFF}error A { }\r\n\r\nworkflow w () { // comment\r\n  a\r\n    .b\r\n}\r\n"),
        Ok(())
    );
    assert_eq!(accepts("fn f() -> T = \"\"\"\r\n  a\r\n  \"\"\"\r\n"), Ok(()));
}

#[test]
fn characters_that_mislead_may_not_stand_anywhere() {
    for character in ["\0", "\r", "\u{7}", "\u{7F}", "\u{A0}", "\u{200B}", "\u{202E}", "\u{2028}", "\u{FEFF}"]
    {
        assert!(accepts(&format!("error A {character}{{ }}")).is_err(), "{character:?} between tokens");
        if character != "\u{A0}" {
            assert!(
                accepts(&format!("error A {{ }} // a{character}b")).is_err(),
                "{character:?} in a comment"
            );
            assert!(accepts(&format!("test \"a{character}b\" {{ }}")).is_err(), "{character:?} in a string");
        }
    }
}

#[test]
fn the_parser_agrees_on_every_character() {
    for character in ('\0'..='\u{2100}').chain('\u{E0000}'..='\u{E0080}').chain(['\u{FEFF}', '\u{FFFD}', '☃'])
    {
        let text = format!("// a{character}b\n");
        let parser = !flow_syntax::parse(flow_source::FileId(0), &text).has_errors();
        assert_eq!(accepts(&text).is_ok(), parser, "{character:?}");
    }
}

#[test]
fn an_error_has_a_place() {
    let place = |text| match accepts(text) {
        Err(GrammarError::Refused { line, column, .. }) => (line, column),
        other => panic!("{other:?}"),
    };
    assert_eq!(place("error A { }\nerror B { 1 }\n"), (2, 11));
    assert_eq!(place("workflow w () {\n  let x = \"é\" 1\n}\n"), (2, 15));
}

#[test]
fn hostile_texts_end() {
    for open in ["(", "[", "{ a: ", "!", "if ", "f(x => ", "\"{", "match a { B => "] {
        let text = format!("fn f() -> T = {}", open.repeat(100_000));
        assert!(accepts(&text).is_err(), "{open}");
    }
    assert_eq!(accepts(&"// a\n".repeat(1 << 20)), Err(GrammarError::Undecided));
}

#[test]
fn nesting_and_length_take_no_more_than_their_share() {
    let nested =
        |depth: usize| format!("fn f() -> T = {}a{}", "f([{ a: (".repeat(depth), ") }])".repeat(depth));
    assert_eq!(accepts(&nested(20)), Ok(()));
    let blocks = |depth: usize| {
        format!(
            "workflow w () {{ {}a(){} }}",
            "match a { B if c => { saga { ".repeat(depth),
            " } } }".repeat(depth)
        )
    };
    assert_eq!(accepts(&blocks(20)), Ok(()));
    assert_eq!(accepts(&"workflow w () { a(b, c: 1) }\n".repeat(1_000)), Ok(()));
}
