//! The typed view: what accessors find, what literals mean, where nodes lie.

use flow_source::FileId;
use flow_syntax::ast::{
    AstNode, BinaryOperator, CallCount, Expr, HttpMethod, Item, ListElement, LiteralValue, MockAnswer,
    ParameterPlace, Pattern, PrefixOperator, RecordEntry, Statement, StringLiteral, StringPart, TypeExpr,
    WorkflowClause, docs,
};

use crate::support::{corpus, order, parsed};

/// The declarations of a text that has no errors.
fn items(text: &str) -> Vec<Item> {
    let parse = parsed(text);
    assert!(parse.diagnostics.is_empty(), "{:?}", parse.diagnostics);
    parse.tree().items().collect()
}

/// The value of a function without parameters.
fn value(text: &str) -> Expr {
    match items(&format!("fn f () -> json = {text}\n")).remove(0) {
        Item::FnDecl(function) => function.body().unwrap(),
        other => panic!("{other:?}"),
    }
}

fn statements(text: &str) -> Vec<Statement> {
    match items(&format!("workflow w () {{\n{text}\n}}\n")).remove(0) {
        Item::WorkflowDecl(workflow) => workflow.body().unwrap().statements().collect(),
        other => panic!("{other:?}"),
    }
}

fn string(text: &str) -> StringLiteral {
    match value(text) {
        Expr::StringLiteral(string) => string,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_order_example_from_outside() {
    let text = order();
    let items = items(&text);
    let Item::Import(import) = &items[0] else { panic!() };
    let names: Vec<String> = import.names().map(|name| name.text().to_owned()).collect();
    assert_eq!(names, ["Order", "Receipt", "Item"]);
    assert_eq!(import.path().unwrap().plain_text().unwrap(), "./types.flow");

    let mut apis = items.iter().filter_map(|item| match item {
        Item::ApiDecl(api) => Some(api),
        _ => None,
    });
    let payments = apis.nth(2).unwrap();
    assert_eq!(payments.name().unwrap().text(), "payments");
    assert_eq!(payments.version().unwrap().number(), Some(2));
    let properties: Vec<String> =
        payments.properties().map(|property| property.name().unwrap().text().to_owned()).collect();
    assert_eq!(properties, ["base", "auth", "timeout", "retry", "rate"]);
    let charge = payments.operations().nth(1).unwrap();
    assert_eq!(charge.method(), Some(HttpMethod::Post));
    assert_eq!(charge.name().unwrap().text(), "charge");
    let parameter = charge.parameters().unwrap().parameters().next().unwrap();
    assert_eq!(parameter.place(), Some(ParameterPlace::Body));
    assert!(matches!(parameter.ty(), Some(TypeExpr::RecordType(_))));
    assert_eq!(charge.properties().count(), 3);

    let workflow = items.iter().find_map(|item| match item {
        Item::WorkflowDecl(workflow) => Some(workflow),
        _ => None,
    });
    let workflow = workflow.unwrap();
    let doc = "Takes an order from validation to payment, and undoes what it did when a later step fails.";
    assert_eq!(docs(workflow.syntax()).as_deref(), Some(doc));
    let span = workflow.span(FileId(0));
    assert!(text[span.range()].starts_with("workflow process_order") && text[span.range()].ends_with('}'));
    let Some(WorkflowClause::WithinClause(within)) = workflow.clauses().next() else { panic!() };
    assert!(matches!(within.duration(), Some(Expr::Literal(_))));
    let body = workflow.body().unwrap();
    assert_eq!(body.statements().count(), 6);
    assert!(matches!(body.value(), Some(Expr::ReturnExpr(_))));

    let test = items.iter().find_map(|item| match item {
        Item::TestDecl(test) => Some(test),
        _ => None,
    });
    let test = test.unwrap();
    assert_eq!(test.title().unwrap().plain_text().unwrap(), "a declined card releases the stock");
    let statements: Vec<Statement> = test.body().unwrap().statements().collect();
    let Statement::MockStatement(mock) = &statements[4] else { panic!() };
    assert!(matches!(mock.answer(), Some(MockAnswer::Expr(Expr::FailExpr(_)))));
    let Statement::ExpectCalls(calls) = &statements[7] else { panic!() };
    assert_eq!(calls.count(), Some(CallCount::Once));
    assert!(matches!(calls.operation(), Some(Expr::CallExpr(_))));
}

#[test]
fn path_templates_are_texts_and_parameters() {
    let items = items("api a { get x \"/a/{in}/b{+url}\" (in: string, url: url) }");
    let Item::ApiDecl(api) = &items[0] else { panic!() };
    let operation = api.operations().next().unwrap();
    let parts: Vec<String> =
        operation.path().unwrap().template().iter().map(|part| format!("{part:?}")).collect();
    let expected = [
        r#"Text("/a/")"#,
        r#"Parameter { name: "in", is_link: false }"#,
        r#"Text("/b")"#,
        r#"Parameter { name: "url", is_link: true }"#,
    ];
    assert_eq!(parts, expected);
}

#[test]
fn literals_mean_what_they_say() {
    let literal = |text: &str| match value(text) {
        Expr::Literal(literal) => literal.value().unwrap(),
        other => panic!("{other:?}"),
    };
    assert_eq!(literal("42"), LiteralValue::Int(42));
    assert_eq!(literal("12.50"), LiteralValue::Decimal("12.50".into()));
    assert_eq!(literal("1.5e3"), LiteralValue::Float(1500.0));
    assert_eq!(literal("1e-3"), LiteralValue::Float(0.001));
    assert_eq!(literal("1h30m"), LiteralValue::Duration(5_400_000_000));
    assert_eq!(literal("10KB"), LiteralValue::Size(10_000));
    assert_eq!(literal("@2026-01-31"), LiteralValue::Date("2026-01-31".into()));
    assert_eq!(literal("@2026-01-31T09:00:00Z"), LiteralValue::Timestamp("2026-01-31T09:00:00Z".into()));
    assert_eq!(literal("true"), LiteralValue::Bool(true));
    assert_eq!(literal("null"), LiteralValue::Null);
    assert_eq!(literal("absent"), LiteralValue::Absent);
}

#[test]
fn strings_are_decoded() {
    assert_eq!(string(r#""a\n\"\{\}\u{1F600}""#).plain_text().unwrap(), "a\n\"{}\u{1F600}");
    assert_eq!(string(r#"r"raw \n {x}""#).plain_text().unwrap(), r"raw \n {x}");
    assert_eq!(string(r#""""#).plain_text().unwrap(), "");
    let parts = string(r#""a {b} c {d.e}""#).parts();
    assert_eq!(parts.len(), 4);
    assert_eq!(parts[0], StringPart::Text("a ".into()));
    assert!(matches!(parts[1].expr(), Some(Expr::NameExpr(_))));
    assert_eq!(parts[2], StringPart::Text(" c ".into()));
    assert!(matches!(parts[3].expr(), Some(Expr::FieldExpr(_))));
    assert_eq!(string(r#""{b}""#).plain_text(), None);
}

#[test]
fn block_text_loses_its_common_indentation() {
    let text = "\"\"\"\n    Dear {name},\n      \\tyou\n\n    bye\n    \"\"\"";
    let parts = string(text).parts();
    assert_eq!(parts[0], StringPart::Text("Dear ".into()));
    assert_eq!(parts[2], StringPart::Text(",\n  \tyou\n\nbye".into()));
    assert_eq!(string("\"\"\"one\"\"\"").plain_text().unwrap(), "one");
    assert_eq!(string("\"\"\"\r\n  a\r\n   b\"c\"\r\n\"\"\"").plain_text().unwrap(), "a\n b\"c\"");
    assert_eq!(string("\"\"\"\n  {x}\n  y\n\"\"\"").parts()[1], StringPart::Text("\ny".into()));
}

#[test]
fn operators_and_records() {
    let Expr::BinaryExpr(or) = value("!a || b + 1 == -c") else { panic!() };
    assert_eq!(or.operator(), Some(BinaryOperator::Or));
    let Some(Expr::PrefixExpr(not)) = or.left() else { panic!() };
    assert_eq!(not.operator(), PrefixOperator::Not);
    let Some(Expr::BinaryExpr(equal)) = or.right() else { panic!() };
    assert_eq!(equal.operator(), Some(BinaryOperator::Equal));

    let Expr::RecordExpr(record) = value("{ a: 1, b, ...c, \"d e\": 2, 409: F }") else { panic!() };
    let keys: Vec<String> = record
        .entries()
        .map(|entry| match entry {
            RecordEntry::RecordField(field) => field.key().unwrap().text().unwrap(),
            RecordEntry::Spread(_) => "...".into(),
        })
        .collect();
    assert_eq!(keys, ["a", "b", "...", "d e", "409"]);
    let Expr::ListExpr(list) = value("[1, ...xs]") else { panic!() };
    assert!(matches!(list.elements().nth(1), Some(ListElement::Spread(_))));
}

#[test]
fn statements_and_patterns() {
    let statements = statements(
        "let { a, b: c } = x\nfor i in xs parallel 8 { i }\nif a { } else if b { } else if c { } else { }\n\
         try { } catch http 4xx | A as e { } finally { }\nx = 1 compensate none",
    );
    let Statement::LetStatement(binding) = &statements[0] else { panic!() };
    let Some(Pattern::RecordPattern(pattern)) = binding.pattern() else { panic!() };
    assert_eq!(pattern.parts().count(), 2);
    let expr = |index: usize| match &statements[index] {
        Statement::ExprStatement(statement) => statement.expr().unwrap(),
        other => panic!("{other:?}"),
    };
    let Expr::ForExpr(walk) = expr(1) else { panic!() };
    assert!(matches!(walk.iterable(), Some(Expr::NameExpr(_))) && !walk.width().unwrap().is_race());
    let Expr::IfExpr(branches) = expr(2) else { panic!() };
    assert_eq!(branches.branches().count(), 3);
    assert!(branches.else_block().is_some());
    let Expr::TryExpr(attempt) = expr(3) else { panic!() };
    let catch = attempt.catches().next().unwrap();
    let patterns: Vec<_> = catch.patterns().collect();
    assert_eq!(LiteralValue::of_token(&patterns[0].status().unwrap()), Some(LiteralValue::StatusClass(4)));
    assert_eq!(patterns[1].name().unwrap().text(), "A");
    assert_eq!(catch.binding().unwrap().text(), "e");
    let Statement::AssignStatement(assign) = &statements[4] else { panic!() };
    assert!(assign.compensate().unwrap().is_none());
}

#[test]
fn names_keep_reserved_words_where_these_are_names() {
    let items = items("type T { type: int, in?: string }\nconfig { api: string }\n");
    let Item::TypeDecl(declared) = &items[0] else { panic!() };
    let Some(TypeExpr::RecordType(record)) = declared.ty() else { panic!() };
    let fields: Vec<(String, bool)> =
        record.fields().map(|field| (field.name().unwrap().text().to_owned(), field.is_optional())).collect();
    assert_eq!(fields, [("type".into(), false), ("in".into(), true)]);
    let Item::ConfigDecl(config) = &items[1] else { panic!() };
    assert_eq!(config.entries().next().unwrap().name().unwrap().text(), "api");
}

#[test]
fn no_node_begins_or_ends_with_blanks() {
    for (path, text) in corpus("tests/suite/valid") {
        let parse = parsed(&text);
        for node in parse.root.descendants().skip(1) {
            let span = flow_syntax::span(FileId(0), node);
            let shown = &text[span.range()];
            assert_eq!(shown, shown.trim(), "{:?} in {}", node.kind(), path.display());
            assert!(!shown.is_empty() && !shown.starts_with("//"), "{:?} in {}", node.kind(), path.display());
            assert_eq!(
                span.end,
                u32::from(node.text_range().end()),
                "{:?} in {}",
                node.kind(),
                path.display()
            );
        }
    }
}

#[test]
fn a_tree_can_cross_threads() {
    fn crosses<T: Send + Sync>() {}
    crosses::<flow_syntax::Parse>();
    crosses::<flow_syntax::ast::File>();
}
