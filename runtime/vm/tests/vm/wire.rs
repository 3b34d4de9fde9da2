//! JSON in and out: exact numbers, paths of misfits, and round trips of any value of any type.

use flow_plan::{OperationId, TypeId};
use flow_vm::Program;
use proptest::prelude::*;

use crate::assembler::{assemble, named_type};

const NOTHING: &str = "flow main() -> null {\nlet none: null\nnull none\nreturn none\n}";

/// A program in which `T` is a type, and the type.
fn with_type(ty: &str) -> (Program, TypeId) {
    let text = format!("type T = {ty}\n{NOTHING}");
    (Program::load(assemble(&text)).unwrap(), named_type(&text, "T"))
}

/// A value read and written again, or why it can't be read.
fn again(ty: &str, json: &str) -> String {
    let (program, id) = with_type(ty);
    match program.normal_value(id, json.as_bytes()) {
        Ok(json) => String::from_utf8(json).unwrap(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn what_is_read_is_written_exactly() {
    let cases = [
        ("int", " 9223372036854775807 ", "9223372036854775807"),
        ("int", "-0", "0"),
        ("decimal", "12.50", "12.50"),
        ("decimal", "0.1000000000000000055511151231", "0.1000000000000000055511151231"),
        ("decimal", "1.5e3", "1500"),
        ("decimal", "9999999999999999999999999999", "9999999999999999999999999999"),
        ("float", "0.1", "0.1"),
        ("float", "1e-7", "1e-7"),
        ("float", "100", "100.0"),
        ("json", r#"{"b": 1.10, "a": [1e3, null, {}]}"#, r#"{"b":1.10,"a":[1e3,null,{}]}"#),
        ("string", r#""\u0041\/\"\\\n\u0001😀""#, r#""A/\"\\\n\u0001😀""#),
        ("string", r#""\u0000""#, r#""\u0000""#),
        ("bytes", "\"AP8=\"", "\"AP8=\""),
        ("duration", "\"P1DT0.5S\"", "\"PT24H0.5S\""),
        ("timestamp", "\"2026-01-31T10:00:00.5+01:00\"", "\"2026-01-31T09:00:00.5Z\""),
        ("date", "\"2024-02-29\"", "\"2024-02-29\""),
        ("uuid", "\"0190B3F0-7A2B-7CDE-8F01-23456789ABCD\"", "\"0190b3f0-7a2b-7cde-8f01-23456789abcd\""),
        ("url", "\"https://a.example/b?c\"", "\"https://a.example/b?c\""),
        ("[int?]", "[1,null,3]", "[1,null,3]"),
        ("<[decimal]>", r#"{"z": [1.0], "a": []}"#, r#"{"z":[1.0],"a":[]}"#),
        ("\"card\" | \"bank\"", "\"bank\"", "\"bank\""),
        ("\"card\" | ..", "\"cash\"", "\"cash\""),
        ("secret decimal?", "1.0", "1.0"),
        // Members come in any order and go out in the type's; unknown ones are passed over; null is left out
        // of a field that may be absent, and written for one that may not.
        ("{ a: int, b?: int?, c: int? }", r#"{"c": null, "x": [{}], "a": 1}"#, r#"{"a":1,"c":null}"#),
        ("{ a: int, b?: int?, c: int? }", r#"{"b": 2, "a": 1}"#, r#"{"a":1,"b":2,"c":null}"#),
        ("{ order_id as \"order-id\": string }", r#"{"order-id": "o"}"#, r#"{"order-id":"o"}"#),
        ("tagged \"kind\" A { n: int } | B { }", r#"{"n": 1, "kind": "A"}"#, r#"{"kind":"A","n":1}"#),
        ("tagged \"kind\" A { n: int } | B { }", r#"{"kind": "B", "n": 1}"#, r#"{"kind":"B"}"#),
        ("tagged open \"kind\" A { n: int }", r#"{"n": [1.0], "kind": "Z"}"#, r#"{"n":[1.0],"kind":"Z"}"#),
    ];
    for (ty, json, expected) in cases {
        assert_eq!(again(ty, json), expected, "{ty}: {json}");
    }
}

#[test]
fn what_does_not_fit_is_named_with_its_path() {
    let deep = format!("{}1{}", "[".repeat(129), "]".repeat(129));
    let long = format!("\"{}\"", "x".repeat(61));
    let cases = [
        (
            "{ items: [{ price: decimal }] }",
            r#"{"items": [{"price": 1}, {"price": "12,5"}]}"#,
            r#"$.items[1].price: expected decimal, found string "12,5""#,
        ),
        (
            "{ items: [{ price: decimal }] }",
            r#"{"items": [{}]}"#,
            "$.items[0].price: expected decimal, found nothing",
        ),
        ("{ a as \"a b\": int }", r#"{"a b": true}"#, r#"$["a b"]: expected int, found true"#),
        ("<int>", r#"{"k-1": null}"#, r#"$["k-1"]: expected int, found null"#),
        ("<int>", r#"{"k": 1, "k": 2}"#, "$.k: member stands twice"),
        ("json", r#"{"k": 1, "k": 2}"#, "$.k: member stands twice"),
        ("json", "1e999", "$: expected json, found number 1e999 (out of every number's range)"),
        ("{ a: int }", r#"{"a": 1, "a": 1}"#, "$.a: member stands twice"),
        ("int", "9223372036854775808", "$: expected int, found number 9223372036854775808 (out of 64 bits)"),
        ("int", "1.0", "$: expected int, found number 1.0 (not a whole number without fraction or exponent)"),
        ("int", "\"1\"", "$: expected int, found string \"1\""),
        ("float", "1e999", "$: expected float, found number 1e999 (out of its range)"),
        ("float", "NaN", "$: expected a JSON value, found `N` at byte 0"),
        (
            "decimal",
            "12345678901234567890123456789",
            "$: expected decimal, found number 12345678901234567890123456789 (more than 28 significant digits)",
        ),
        ("decimal", "1e-29", "$: expected decimal, found number 1e-29 (more than 28 digits after the point)"),
        ("string", "\"\\ud800\"", "$: lone surrogate at byte 1"),
        ("string", "5", "$: expected string, found number 5"),
        ("string?", "[]", "$: expected string, found an array"),
        ("bytes", "\"%\"", "$: expected bytes in base64, found string \"%\""),
        ("duration", "\"1h\"", "$: expected duration, found string \"1h\""),
        ("date", "\"2026-02-30\"", "$: expected date, found string \"2026-02-30\""),
        ("url", "\"/relative\"", "$: expected absolute url, found string \"/relative\""),
        ("uuid", "\"x\"", "$: expected uuid, found string \"x\""),
        ("\"card\" | \"bank\"", "\"cash\"", "$: expected \"card\" or \"bank\", found string \"cash\""),
        ("\"card\" | \"bank\"", "1", "$: expected \"card\" or \"bank\", found number 1"),
        ("tagged \"kind\" A { } | B { }", "{}", "$.kind: expected \"A\" or \"B\", found nothing"),
        (
            "tagged \"kind\" A { } | B { }",
            r#"{"kind": "C"}"#,
            "$.kind: expected \"A\" or \"B\", found string \"C\"",
        ),
        ("json", &deep, "$[0]"),
        ("int", "", "$: expected a JSON value, found the end of the text"),
        ("int", "1 2", "$: expected the end of the text, found `2` at byte 2"),
        ("int", "\u{feff}1", "$: begins with a byte order mark"),
        // A secret is not quoted.
        ("{ token: secret int }", r#"{"token": "hunter2"}"#, "$.token: expected int, found a string"),
        (
            "{ token: secret { n: int } }",
            r#"{"token": {"n": 1.5}}"#,
            "$.token.n: expected int, found a number that is not a whole number without fraction or exponent",
        ),
        ("{ token: secret int }", "\"hunter2\"", "$: expected an object, found a string"),
        ("{ a: <secret int> }", r#"{"a": {"b": "c"}}"#, "$.a.b: expected int, found a string"),
        ("secret <int>", r#"{"hunter2": "c"}"#, "$[\"*\"]: expected int, found a string"),
        ("secret <int>", r#"{"hunter2": 1, "hunter2": 2}"#, "$[\"*\"]: member stands twice"),
        (
            "secret json",
            r#"{"hunter2": 1e999}"#,
            "$[\"*\"]: expected json, found a number that is out of every number's range",
        ),
        // Nor is part of a text: an API may echo a secret in it.
        ("int", &long, "$: expected int, found a string of 61 characters"),
    ];
    for (ty, json, expected) in cases {
        let found = again(ty, json);
        if json == deep {
            assert!(found.ends_with("nested deeper than 128"), "{found}");
        } else {
            assert_eq!(found, expected, "{ty}: {json}");
        }
    }
}

#[test]
fn conditions_on_fields() {
    let text = format!(
        r#"
        type T = {{ a: int where positive, b?: int? where positive, c: int where positive }}
        type S = {{ a: int where positive, c: secret int where positive }}
        pure positive(it: int) -> bool {{
            let zero: int, yes: bool
            const zero 0
            lt.int yes zero it
            return yes
        }}
        {NOTHING}"#
    );
    let program = Program::load(assemble(&text)).unwrap();
    let cases = [
        ("T", r#"{"a": 1, "c": 1}"#, "ok"),
        ("T", r#"{"a": 1, "b": null, "c": 1}"#, "ok"),
        ("T", r#"{"a": 1, "b": -1, "c": 1}"#, "$.b: -1 breaks the condition of `b`"),
        ("T", r#"{"a": 0, "c": 1}"#, "$.a: 0 breaks the condition of `a`"),
        ("S", r#"{"a": 1, "c": 1}"#, "ok"),
        ("S", r#"{"a": 1, "c": -77}"#, "$.c: the value breaks the condition of `c`"),
        // A secret may stand in a wrong field.
        ("S", r#"{"a": -77, "c": 1}"#, "$.a: the value breaks the condition of `a`"),
        ("S", r#"{"a": "x77", "c": 1}"#, "$.a: expected int, found a string"),
    ];
    for (ty, json, expected) in cases {
        let found = program
            .check_value(named_type(&text, ty), json.as_bytes())
            .map_or_else(|error| error.to_string(), |()| "ok".to_owned());
        assert_eq!(found, expected, "{json}");
    }
}

#[test]
fn responses_are_checked_by_status() {
    let text = format!(
        r#"
        error Declined = {{ reason: string }}
        operation a POST idempotent () -> {{ id: string }} raises 402 Declined
        operation b GET safe () -> string
        operation c GET safe () -> {{ id: string }}? absent 404
        operation d DELETE idempotent () -> ignored
        {NOTHING}"#
    );
    let program = Program::load(assemble(&text)).unwrap();
    let cases: [(u32, u16, &[u8], bool); 13] = [
        (0, 200, br#"{"id": "x"}"#, true),
        (0, 201, br#"{"id": 1}"#, false),
        (0, 200, b"", false),
        (0, 402, br#"{"reason": "x"}"#, true),
        (0, 402, b"no", false),
        (0, 500, b"<html>", true),
        (1, 200, "ä".as_bytes(), true),
        (1, 200, b"\xff", false),
        (2, 200, b"null", true),
        (2, 200, b"", true),
        (2, 404, b"whatever", true),
        (2, 200, b"[]", false),
        (3, 200, b"\xff", true),
    ];
    for (operation, status, body, fits) in cases {
        let found = program.check_response(OperationId(operation), status, &[], body).is_ok();
        assert_eq!(found, fits, "o{operation} {status} {}", String::from_utf8_lossy(body));
    }
}

/// A type in the assembler's text, and a value of it as this machine writes it.
fn typed() -> impl Strategy<Value = (String, String)> {
    let whole = any::<i64>().prop_map(|n| ("int".to_owned(), n.to_string()));
    let float = any::<f64>()
        .prop_filter_map("finite", |n| n.is_finite().then(|| ("float".to_owned(), format!("{n:?}"))));
    let decimal = (any::<bool>(), 0..10_u128.pow(28), 0..28_u32).prop_map(|(negative, mantissa, scale)| {
        let digits = format!("{mantissa:0width$}", width = scale as usize + 1);
        let (whole, fraction) = digits.split_at(digits.len() - scale as usize);
        let point = if fraction.is_empty() { "" } else { "." };
        let sign = if negative && mantissa > 0 { "-" } else { "" };
        ("decimal".to_owned(), format!("{sign}{whole}{point}{fraction}"))
    });
    let text = any::<String>().prop_map(|text| ("string".to_owned(), quoted(&text)));
    let truth = any::<bool>().prop_map(|truth| ("bool".to_owned(), truth.to_string()));
    let date = (0..10_000_u32, 1..13_u32, 1..29_u32)
        .prop_map(|(year, month, day)| ("date".to_owned(), format!("\"{year:04}-{month:02}-{day:02}\"")));
    let uuid = any::<u128>().prop_map(|bits| {
        let hex = format!("{bits:032x}");
        let groups = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]];
        ("uuid".to_owned(), format!("\"{}\"", groups.join("-")))
    });
    let leaf = prop_oneof![whole, float, decimal, text, truth, date, uuid];
    leaf.prop_recursive(4, 40, 4, |inner| {
        prop_oneof![
            (inner.clone(), 0..4_usize).prop_map(|((ty, value), count)| {
                (format!("[{ty}]"), format!("[{}]", vec![value; count].join(",")))
            }),
            (inner.clone(), prop::collection::btree_set(".*", 0..4)).prop_map(|((ty, value), keys)| {
                let entries: Vec<String> =
                    keys.iter().rev().map(|key| format!("{}:{value}", quoted(key))).collect();
                (format!("<{ty}>"), format!("{{{}}}", entries.join(",")))
            }),
            prop::collection::vec((inner.clone(), 0..3), 0..5).prop_map(|fields| {
                let (mut types, mut members) = (Vec::new(), Vec::new());
                for (index, ((ty, value), kind)) in fields.into_iter().enumerate() {
                    // A bare field, one that is null and written, one that is null and left out.
                    let optional = ty.ends_with('?');
                    match kind {
                        1 if !optional => {
                            types.push(format!("f{index}: {ty}?"));
                            members.push(format!("\"f{index}\":null"));
                        }
                        2 if !optional => types.push(format!("f{index}?: {ty}?")),
                        _ => {
                            types.push(format!("f{index}: {ty}"));
                            members.push(format!("\"f{index}\":{value}"));
                        }
                    }
                }
                (format!("{{ {} }}", types.join(", ")), format!("{{{}}}", members.join(",")))
            }),
            inner.prop_filter_map("optional once", |(ty, value)| {
                (!ty.ends_with('?')).then(|| (format!("{ty}?"), value))
            }),
        ]
    })
}

/// A text as the machine writes it.
fn quoted(text: &str) -> String {
    let mut out = "\"".to_owned();
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if (c as u32) < 0x20 => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

proptest! {
    /// What is written is read, and written again the same: for any value of any type, by its type and as `json`.
    #[test]
    fn values_go_round((ty, json) in typed()) {
        prop_assert_eq!(again(&ty, &json), json.clone());
        prop_assert_eq!(again("json", &json), json);
    }

    /// Any bytes at all are read or refused.
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let (program, ty) = with_type("{ a: [json], b?: <decimal?>? }");
        let _ = program.normal_value(ty, &bytes);
    }

    /// Any text of JSON's signs is read or refused, and what is read goes round.
    #[test]
    fn any_signs_are_read_or_refused(text in "[\\[\\]{}:,\"\\\\0-9.eEu+a-f \\-]{0,60}") {
        let (program, ty) = with_type("json");
        if let Ok(once) = program.normal_value(ty, text.as_bytes()) {
            prop_assert_eq!(program.normal_value(ty, &once).unwrap(), once);
        }
    }
}
