//! The order example: right as it is, and broken in ten ways, all errors at once.

use crate::support::{assert_lossless, corpus, order, parsed, summary};

#[test]
fn the_order_example_has_no_errors() {
    for (path, text) in corpus("../../examples/order") {
        assert_eq!(summary(&text, &parsed(&text)), Vec::<String>::new(), "{}", path.display());
    }
}

/// Replaces each text, which stands there once or at least first, and compares what is reported.
fn variant(changes: &[(&str, &str)], expected: &[&str]) {
    let mut text = order();
    for (from, to) in changes {
        assert!(text.contains(from), "{from}");
        text = text.replacen(from, to, 1);
    }
    let parse = parsed(&text);
    assert_lossless(&text, &parse);
    assert_eq!(summary(&text, &parse), expected);
    // Everything else is read: the declarations are all there.
    assert!(parse.tree().items().count() >= 9, "{}", parse.tree().items().count());
}

#[test]
fn misspelt_keywords() {
    variant(
        &[
            ("workflow process", "workfow process"),
            ("retry transient {", "rety transient {"),
            ("  let amount", "  lte amount"),
        ],
        &[
            "12: F0105 `rety` is no keyword",
            "60: F0105 `workfow` is no keyword",
            "69: F0105 `lte` is no keyword",
        ],
    );
}

#[test]
fn a_block_without_its_end() {
    variant(
        &[("  undo: refund(result.id)\n  }", "  undo: refund(result.id)\n"), ("total: 40 }", "total: 40")],
        &["51: F0102 `{` is not closed", "79: F0102 `{` is not closed"],
    );
}

#[test]
fn a_block_without_its_beginning() {
    variant(
        &[("api orders v1 {", "api orders v1"), ("= parallel {", "= parallel")],
        &["18: F0101 expected `{` at the end of this line", "64: F0101 expected `{` at the end of this line"],
    );
}

#[test]
fn parentheses_without_their_end() {
    variant(
        &[
            ("(body order: Order)", "(body order: Order"),
            ("(order: Order) ->", "(order: Order ->"),
            ("orders.validate(order)", "orders.validate(order"),
            (
                "[\"http://127.0.0.1:8082\", \"http://127.0.0.1:8083\"]",
                "[\"http://127.0.0.1:8082\", \"http://127.0.0.1:8083\"",
            ),
        ],
        &[
            "5: F0102 `[` is not closed",
            "24: F0102 `(` is not closed",
            "60: F0102 `(` is not closed",
            "61: F0102 `(` is not closed",
        ],
    );
}

#[test]
fn values_left_out() {
    variant(
        &[
            ("attempts: 4", "attempts:"),
            ("reason: string, code", "reason: , code"),
            ("let charge = payments.charge({ order: order.id, amount })", "let charge ="),
            ("checked.total * 0.95", "checked.total *"),
            ("expect run fails Declined", "expect run fails"),
        ],
        &[
            "9: F0101 expected a type after `:`, found `,`",
            "13: F0101 expected a value after `:`, found the end of the line",
            "69: F0101 expected an expression after `*`, found `}`",
            "71: F0101 expected an expression after `=`, found the end of the line",
            "87: F0101 expected an error after `fails`, found the end of the line",
        ],
    );
}

#[test]
fn names_left_out() {
    variant(
        &[
            ("error OutOfStock {", "error {"),
            ("delete release \"", "delete \""),
            ("workflow process_order (", "workflow ("),
            ("let checked =", "let ="),
        ],
        &[
            "10: F0101 expected a name for the error after `error`, found `{`",
            "39: F0101 expected a name for the operation after `delete`, found a text",
            "60: F0101 expected a name for the workflow after `workflow`, found `(`",
            "61: F0101 expected a name or a pattern after `let`, found `=`",
        ],
    );
}

#[test]
fn marks_left_out() {
    variant(
        &[
            ("valid: bool, total", "valid: bool total"),
            ("timeout: 2s", "timeout 2s"),
            ("body items: [Item]", "body items [Item]"),
            ("let amount =", "let amount"),
            ("{ order: order.id, payment", "{ order: order.id payment"),
        ],
        &[
            "20: F0101 expected `:` and a value after `timeout`, found `2s`",
            "24: F0101 expected `,` between fields",
            "34: F0101 expected `:` and a type after `items`, found `[`",
            "69: F0101 expected `=` after `amount`, found the keyword `if`",
            "73: F0101 expected `,` between fields",
        ],
    );
}

#[test]
fn texts_without_their_end() {
    variant(
        &[
            ("\"./types.flow\"", "\"./types.flow"),
            ("\"order {order.id} is", "\"order {order.id is"),
            ("\"Idempotency-Key\"", "\"Idempotency-Key"),
            ("release(\"r-1\")", "release(\"r-1)"),
        ],
        &[
            "1: F0102 a text without its closing quotes",
            "35: F0102 a text without its closing quotes",
            "62: F0102 a `{` in a text that is not closed on its line",
            "88: F0102 a text without its closing quotes",
        ],
    );
}

#[test]
fn habits_of_other_languages() {
    variant(
        &[
            ("let checked = orders.validate(order)", "let checked = orders.validate(order);"),
            ("{ kind: \"card\" }", "{ kind: 'card' }"),
            ("checked.total > 1000 {", "checked.total > 1000 & checked.valid === true {"),
            ("// a pure check", "/* a pure check */ // a pure check"),
        ],
        &[
            "25: F0101 there are no comments between `/*` and `*/`",
            "61: F0101 there are no semicolons: a newline ends a statement",
            "69: F0101 `&` is no operator",
            "69: F0101 `===` is no operator",
            "82: F0103 text stands in double quotes",
        ],
    );
}

#[test]
fn literals_that_are_none() {
    variant(
        &[
            ("initial: 1s", "initial: 1 s"),
            ("max: 10s", "max: 1m10"),
            ("timeout: 5s", "timeout: 1.5s"),
            ("total: 40", "total: 4_0_"),
            ("* 0.95", "* 0x95"),
            ("insufficient funds", "insufficient \\funds"),
        ],
        &[
            "14: F0101 expected `,` or `}` after `1`, found `s`",
            "14: F0103 a unit is missing after `10` in `1m10`",
            "45: F0103 a duration has whole numbers: `1.5s`",
            "69: F0103 `0x95` is neither a number nor a name",
            "79: F0103 `4_0_` has an underscore that does not stand between two digits",
            "83: F0103 `\\f` is no escape",
        ],
    );
}

#[test]
fn many_mistakes_of_all_kinds() {
    variant(
        &[
            ("import { Order, Receipt, Item }", "import { Order Receipt, Item }"),
            ("error Declined {", "eror Declined {"),
            ("api inventory v1 {", "api inventory v1"),
            ("raises: { 402: Declined }", "raises: { 402 Declined }"),
            (
                "parallel {\n    stock: inventory.reserve(order.items)",
                "parallel {\n    stock inventory.reserve(order.items",
            ),
            ("error Invalid {", "error Invalid"),
            ("once", "onse"),
        ],
        &[
            "1: F0101 expected `,` or `}` after `Order`, found `Receipt`",
            "9: F0105 `eror` is no keyword",
            "29: F0101 expected `{` at the end of this line",
            "53: F0101 expected `:` and a value after `402`, found `Declined`",
            "65: F0101 expected `:` after `stock`, found `inventory`",
            "65: F0102 `(` is not closed",
            "76: F0101 expected the fields of the error in braces after `Invalid`, found `reason`",
            "76: F0101 a `}` that closes nothing",
            "88: F0101 expected `once`, `never`, `n times` or `before` after `)`, found `onse`",
        ],
    );
}
