//! Pure code: every computation, through `Program::evaluate`.

use crate::assembler::{assemble, function};
use crate::transcript::error;

/// Evaluates the function `f` of a text over JSON arguments.
fn evaluate(text: &str, args: &[&str]) -> String {
    let text = format!("{text}\nflow main() -> null {{\nlet none: null\nnull none\nreturn none\n}}");
    let program = flow_vm::Program::load(assemble(&text)).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let args: Vec<Vec<u8>> = args.iter().map(|arg| arg.as_bytes().to_vec()).collect();
    match program.evaluate(function(&text, "f"), &args) {
        Ok(json) => String::from_utf8(json).unwrap(),
        Err(raised) => error(&raised),
    }
}

/// One instruction over two arguments.
fn binary(op: &str, ty: &str, result: &str, a: &str, b: &str) -> String {
    evaluate(
        &format!("pure f(a: {ty}, b: {ty}) -> {result} {{\nlet out: {result}\n{op} out a b\nreturn out\n}}"),
        &[a, b],
    )
}

/// One instruction over one argument.
fn unary(op: &str, ty: &str, result: &str, a: &str) -> String {
    evaluate(&format!("pure f(a: {ty}) -> {result} {{\nlet out: {result}\n{op} out a\nreturn out\n}}"), &[a])
}

#[test]
fn numbers() {
    const MIN: &str = "-9223372036854775808";
    let cases = [
        ("add.int", "int", "int", "2", "3", "5"),
        ("add.int", "int", "int", "9223372036854775807", "1", "arithmetic (an int overflows 64 bits)"),
        ("sub.int", "duration", "duration", "\"PT1M\"", "\"PT0.5S\"", "\"PT59.5S\""),
        ("mul.int", "int", "int", MIN, "-1", "arithmetic (an int overflows 64 bits)"),
        ("div.int", "int", "int", "-7", "2", "-3"),
        ("div.int", "int", "int", "1", "0", "arithmetic (division by zero)"),
        ("div.int", "int", "int", MIN, "-1", "arithmetic (an int overflows 64 bits)"),
        ("rem.int", "int", "int", "-7", "2", "-1"),
        ("rem.int", "int", "int", MIN, "-1", "0"),
        ("rem.int", "int", "int", "1", "0", "arithmetic (division by zero)"),
        ("add.dec", "decimal", "decimal", "0.10", "0.2", "0.30"),
        ("mul.dec", "decimal", "decimal", "1000.50", "0.95", "950.4750"),
        ("div.dec", "decimal", "decimal", "1", "3", "0.3333333333333333333333333333"),
        ("div.dec", "decimal", "decimal", "1", "0.0", "arithmetic (division by zero)"),
        ("rem.dec", "decimal", "decimal", "-7.5", "2", "-1.5"),
        ("eq.dec", "decimal", "bool", "1.50", "1.5", "true"),
        ("lt.dec", "decimal", "bool", "-1", "0.1", "true"),
        ("add.float", "float", "float", "0.1", "0.2", "0.30000000000000004"),
        ("mul.float", "float", "float", "1e308", "10", "arithmetic (a float has no finite result)"),
        ("div.float", "float", "float", "0", "0", "arithmetic (a float has no finite result)"),
        ("le.float", "float", "bool", "2", "2.0", "true"),
        ("lt.int", "date", "bool", "\"2026-01-31\"", "\"2026-02-01\"", "true"),
        ("le.int", "timestamp", "bool", "\"2026-01-31T09:00:00Z\"", "\"2026-01-31T10:00:00+01:00\"", "true"),
        ("eq.text", "string", "bool", "\"ä\"", "\"\\u00e4\"", "true"),
        ("lt.text", "string", "bool", "\"\u{ffff}\"", "\"😀\"", "true"),
    ];
    for (op, ty, result, a, b, expected) in cases {
        assert_eq!(binary(op, ty, result, a, b), expected, "{op} {a} {b}");
    }
    let cases = [
        ("neg.int", "int", "int", MIN, "arithmetic (an int overflows 64 bits)"),
        ("neg.dec", "decimal", "decimal", "1.20", "-1.20"),
        ("neg.dec", "decimal", "decimal", "0.00", "0.00"),
        ("int_to_dec", "int", "decimal", MIN, MIN),
        ("int_to_float", "int", "float", "3", "3.0"),
        ("not", "bool", "bool", "true", "false"),
    ];
    for (op, ty, result, a, expected) in cases {
        assert_eq!(unary(op, ty, result, a), expected, "{op} {a}");
    }
}

/// Equality by value, of all that can be in a value.
#[test]
fn equality() {
    let all =
        "{ d: decimal, f: float, j: json, l: [string], m: <decimal?>, o: decimal?, s: string?, u: uuid }";
    let text =
        format!("pure f(a: {all}, b: {all}) -> bool {{\nlet out: bool\neq out a b {all}\nreturn out\n}}");
    let value = r#"{"d": 1.50, "f": 0, "j": {"a": 1e1, "b": [null, "x"]}, "l": ["a"], "m": {"x": 1, "y": null},
                   "o": null, "s": "s", "u": "0190b3f0-7a2b-7cde-8f01-23456789abcd"}"#;
    let same = r#"{"d": 1.5, "f": -0.0, "j": {"b": [null, "x"], "a": 10}, "l": ["a"], "m": {"y": null, "x": 1.0},
                  "o": null, "s": "s", "u": "0190B3F0-7A2B-7CDE-8F01-23456789ABCD"}"#;
    assert_eq!(evaluate(&text, &[value, same]), "true");
    let changes = [
        (r#""d": 1.50"#, r#""d": 1.51"#),
        (r#""f": 0"#, r#""f": 1"#),
        (r#""a": 1e1"#, r#""a": 1"#),
        (r#"[null, "x"]"#, r#"["x", null]"#),
        (r#"["a"]"#, r#"["a", "a"]"#),
        (r#""y": null"#, r#""y": 0"#),
        (r#""x": 1"#, r#""z": 1"#),
        (r#""o": null"#, r#""o": 0"#),
        (r#""s": "s""#, r#""s": null"#),
        (r#"abcd""#, r#"abce""#),
    ];
    for (from, to) in changes {
        assert_eq!(evaluate(&text, &[value, &value.replace(from, to)]), "false", "{from} to {to}");
    }
}

#[test]
fn lists_maps_and_json() {
    let reversed = r#"
        pure f(xs: [decimal]) -> [decimal] {
            let out: [decimal], i: int, one: int, zero: int, more: bool, x: decimal
            list out [decimal] ()
            const one 1
            const zero 0
            len i xs
           top:
            lt.int more zero i
            jump_if_not more end
            sub.int i i one
            item x xs i
            push out x
            jump top
           end:
            return out
        }
    "#;
    assert_eq!(evaluate(reversed, &["[1.0, 2, 3, 4, 5, 6.50]"]), "[6.50,5,4,3,2,1.0]");
    let item = "pure f(xs: [string?], i: int) -> string? {\nlet out: string?\nitem out xs i\nreturn out\n}";
    assert_eq!(evaluate(item, &[r#"["a", null]"#, "1"]), "null");
    assert_eq!(evaluate(item, &[r#"["a"]"#, "1"]), "range (item 1 of a list of 1)");
    assert_eq!(evaluate(item, &[r#"["a"]"#, "-1"]), "range (item -1 of a list of 1)");
    let map = r#"
        pure f(a: string, b: string, n: int, k: string) -> { got: int?, m: <int> } {
            let m: <int>, got: int?, two: int, out: { got: int?, m: <int> }
            const two 2
            map m <int> (a, n, b, two, a, two)
            map_get got m k <int>
            record out { got: int?, m: <int> } (got, m)
            return out
        }
    "#;
    assert_eq!(evaluate(map, &["\"z\"", "\"a\"", "1", "\"z\""]), r#"{"got":2,"m":{"z":2,"a":2}}"#);
    assert_eq!(evaluate(map, &["\"z\"", "\"a\"", "1", "\"q\""]), r#"{"got":null,"m":{"z":2,"a":2}}"#);
    let json = r#"
        type Item = { n: int, t: string }
        pure f(j: json, k: string, i: int) -> { back: json, item: Item } {
            let member: json, item: Item, back: json, out: { back: json, item: Item }
            json_member member j k
            json_item member member i
            from_json item member Item
            to_json back item Item
            record out { back: json, item: Item } (back, item)
            return out
        }
    "#;
    let value = r#"{"xs": [{"n": 1, "t": "x"}, {"n": 1.5, "t": "x"}]}"#;
    let item = r#"{"n":1,"t":"x"}"#;
    assert_eq!(evaluate(json, &[value, "\"xs\"", "0"]), format!(r#"{{"back":{item},"item":{item}}}"#));
    let misfit =
        "cast ($.n: expected int, found number 1.5 (not a whole number without fraction or exponent))";
    assert_eq!(evaluate(json, &[value, "\"xs\"", "1"]), misfit);
    assert_eq!(evaluate(json, &[value, "\"xs\"", "2"]), "cast ($: expected an object, found null)");
}

#[test]
fn optionals() {
    let wide = r#"
        pure f(a: decimal) -> decimal {
            let o: decimal?, b: decimal, none: bool
            some.wide o a
            is_null none o
            unwrap.wide b o
            return b
        }
    "#;
    assert_eq!(evaluate(wide, &["1.25"]), "1.25");
    let handle = r#"
        pure f(a: string?) -> string {
            let b: string, c: string?
            unwrap b a
            some c b
            unwrap b c
            return b
        }
    "#;
    assert_eq!(evaluate(handle, &["\"x\""]), "\"x\"");
    assert_eq!(evaluate(handle, &["null"]), "cast (the value is null)");
}

#[test]
fn texts_of_values() {
    let cases = [
        ("int", "-5", "-5"),
        ("decimal", "1.50", "1.50"),
        ("float", "1e300", "1e300"),
        ("bool", "true", "true"),
        ("string", "\"a\\\"b\"", "a\\\"b"),
        ("duration", "\"P1D\"", "PT24H"),
        ("date", "\"2026-01-31\"", "2026-01-31"),
        ("[int]", "[1, 2]", "[1,2]"),
        ("decimal?", "null", "null"),
        ("decimal?", "2.0", "2.0"),
        ("json", "{\"a\": 1.0}", "{\\\"a\\\":1.0}"),
        ("json", "\"a\"", "a"),
        ("bytes", "\"AP8=\"", "AP8="),
        ("secret string", "\"s\"", "s"),
    ];
    for (ty, value, expected) in cases {
        let text =
            format!("pure f(a: {ty}) -> string {{\nlet out: string\nto_text out a {ty}\nreturn out\n}}");
        assert_eq!(evaluate(&text, &[value]), format!("\"{expected}\""), "{ty} {value}");
    }
}

#[test]
fn library_functions() {
    let cases = [
        ("string.size", "string", "", "int", "\"a😀\"", "", "2"),
        ("string.upper", "string", "", "string", "\"straße\"", "", "\"STRASSE\""),
        ("string.lower", "string", "", "string", "\"ÄB\"", "", "\"äb\""),
        ("string.trim", "string", "", "string", "\"  a \\n\"", "", "\"a\""),
        ("string.contains", "string", "string", "bool", "\"abc\"", "\"bc\"", "true"),
        ("string.starts_with", "string", "string", "bool", "\"abc\"", "\"bc\"", "false"),
        ("string.ends_with", "string", "string", "bool", "\"abc\"", "\"bc\"", "true"),
        ("string.split", "string", "string", "[string]", "\"a,b,,\"", "\",\"", "[\"a\",\"b\",\"\",\"\"]"),
        ("string.split", "string", "string", "[string]", "\"aß\"", "\"\"", "[\"a\",\"ß\"]"),
        ("list.join", "[string]", "string", "string", "[\"a\",\"b\"]", "\", \"", "\"a, b\""),
        ("map.size", "<decimal>", "", "int", "{\"a\": 1}", "", "1"),
        ("map.keys", "<decimal>", "", "[string]", "{\"b\": 1, \"a\": 2}", "", "[\"b\",\"a\"]"),
        ("list.skip", "[decimal]", "int", "[decimal]", "[1, 2, 3]", "2", "[3]"),
        ("list.skip", "[decimal]", "int", "[decimal]", "[1, 2, 3]", "9", "[]"),
        ("list.take", "[decimal]", "int", "[decimal]", "[1, 2, 3]", "-1", "[]"),
        ("list.concat", "[int?]", "[int?]", "[int?]", "[1, null]", "[2]", "[1,null,2]"),
        ("decimal.round", "decimal", "int", "decimal", "2.345", "2", "2.34"),
        ("decimal.floor", "decimal", "", "decimal", "-1.5", "", "-2"),
        ("decimal.ceil", "decimal", "", "decimal", "-1.5", "", "-1"),
        ("decimal.abs", "decimal", "", "decimal", "-1.50", "", "1.50"),
        ("int.abs", "int", "", "int", "-9223372036854775808", "", "arithmetic (an int overflows 64 bits)"),
        ("float.abs", "float", "", "float", "-0.5", "", "0.5"),
    ];
    for (name, a, b, result, value_a, value_b, expected) in cases {
        let (param, arg) = if b.is_empty() { (String::new(), "") } else { (format!(", b: {b}"), ", b") };
        let text = format!(
            "pure f(a: {a}{param}) -> {result} {{\nlet out: {result}\nlibrary out {name} (a{arg})\nreturn out\n}}"
        );
        let args = if b.is_empty() { vec![value_a] } else { vec![value_a, value_b] };
        assert_eq!(evaluate(&text, &args), expected, "{name} {value_a} {value_b}");
    }
    let replace = "pure f(a: string, b: string, c: string) -> string {\nlet out: string\nlibrary out string.replace (a, b, c)\nreturn out\n}";
    assert_eq!(evaluate(replace, &["\"aXbX\"", "\"X\"", "\"--\""]), "\"a--b--\"");
}
