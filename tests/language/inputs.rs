//! What an execution is started with: its form, and the conditions that it is held to before anything happens.

use crate::support::command::{flow, run};
use crate::support::folder::folder;

const SOURCE: &str = r#"
type Order { id: string, items: [Item] where items.size() <= 2, note?: string }
type Item { sku: string, quantity: int where quantity > 0 }
type Small = int where it < 10

workflow record (order: Order) -> string { return order.id }
workflow several (order: Order, n: int where n > 2 = 3) -> string { return "{order.id}{n}" }
workflow whole (small: Small) -> int { return small }
workflow exact (d: decimal) -> decimal { return d }
workflow rough (d: float) -> float { return d }
workflow nothing () -> string { return "begun" }
"#;

/// Runs a workflow with an input: what it gives, or the line that says why it was not begun.
fn started(workflow: &str, input: &str) -> String {
    let folder = folder(&format!("inputs-{workflow}"), &[("main.flow", SOURCE)]);
    let ran = run(&mut flow(&folder, &["run", "main.flow", workflow, "--input", input]));
    match ran.code {
        0 => ran.stdout.trim().to_owned(),
        2 if ran.stdout.is_empty() => ran.stderr.trim().replace("error: the input does not fit: ", ""),
        _ => panic!("{}", ran.seen()),
    }
}

#[test]
fn one_record_parameter_is_the_whole_input() {
    assert_eq!(started("record", r#"{"id":"1","items":[]}"#), "\"1\"");
    assert_eq!(started("record", r#"{"order":{"id":"1","items":[]}}"#), "$.order: unknown member");
}

#[test]
fn other_parameters_are_members_by_their_names() {
    assert_eq!(started("several", r#"{"order":{"id":"1","items":[]}}"#), "\"13\"");
    assert_eq!(started("several", r#"{"order":{"id":"1","items":[]},"n":4}"#), "\"14\"");
    assert_eq!(started("several", r#"{"id":"1","items":[]}"#), "$.id: unknown member");
    assert_eq!(started("whole", r#"{"small":7}"#), "7");
    assert_eq!(started("whole", "7"), "$: expected an object, found number 7");
    assert_eq!(started("nothing", "{}"), "\"begun\"");
}

#[test]
fn an_input_that_breaks_a_condition_is_refused() {
    let item = r#"{"sku":"a","quantity":1}"#;
    let cases = [
        // A condition with the name of its field, one of a list, one of a parameter, and one with `it`.
        (
            "record",
            r#"{"id":"1","items":[{"sku":"a","quantity":0}]}"#.to_owned(),
            "$.items[0].quantity: 0 breaks the condition of `quantity`",
        ),
        (
            "record",
            format!(r#"{{"id":"1","items":[{item},{item},{item}]}}"#),
            "$.items: the value breaks the condition of `items`",
        ),
        (
            "several",
            r#"{"order":{"id":"1","items":[]},"n":2}"#.to_owned(),
            "$.n: 2 breaks the condition of `n`",
        ),
        ("whole", r#"{"small":10}"#.to_owned(), "$.small: 10 breaks the condition of its type"),
    ];
    for (workflow, input, expected) in cases {
        assert_eq!(started(workflow, &input), expected, "{workflow} {input}");
    }
}

#[test]
fn numbers_are_read_digit_by_digit() {
    assert_eq!(started("exact", r#"{"d":12.5000}"#), "12.5000");
    // Through a double these would be 0.1 and 9007199254740992.
    let digits = "0.1000000000000000055511151231";
    assert_eq!(started("exact", &format!(r#"{{"d":{digits}}}"#)), digits);
    assert_eq!(started("exact", r#"{"d":9007199254740993}"#), "9007199254740993");
    assert_eq!(
        started("exact", r#"{"d":0.12345678901234567890123456789}"#),
        "$.d: expected decimal, found number 0.12345678901234567890123456789 (more than 28 significant digits)"
    );
    assert_eq!(started("rough", r#"{"d":0.1}"#), "0.1");
    assert_eq!(started("rough", r#"{"d":0.30000000000000004}"#), "0.30000000000000004");
    assert_eq!(started("rough", r#"{"d":NaN}"#), "$.d: expected a JSON value, found `N` at byte 5");
    assert_eq!(
        started("rough", r#"{"d":1e400}"#),
        "$.d: expected float, found number 1e400 (out of its range)"
    );
}
