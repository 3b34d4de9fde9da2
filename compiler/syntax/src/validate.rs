//! What the grammar lets pass and the language does not: rules that look at finished nodes.

use flow_diagnostics::{Diagnostic, codes};
use flow_source::FileId;

use crate::ast::{AstNode, BinaryExpr, BinaryOperator, Expr, StringLiteral};
use crate::{SyntaxKind, SyntaxNode, span, token_span};

/// Names of the properties whose values list statuses.
const STATUS_PROPERTIES: &[&str] = &["on", "raises", "done", "absent", "unknown_on", "errors"];

/// Checks every node of a tree.
pub(crate) fn validate(file: FileId, root: &SyntaxNode, diagnostics: &mut Vec<Diagnostic>) {
    for node in root.descendants() {
        match node.kind() {
            SyntaxKind::BinaryExpr => comparison(file, node, diagnostics),
            SyntaxKind::Literal => status_class(file, node, diagnostics),
            SyntaxKind::ListPattern | SyntaxKind::RecordPattern => rest_is_last(file, node, diagnostics),
            SyntaxKind::RestPattern => rest_has_a_place(file, node, diagnostics),
            SyntaxKind::RecordField => shorthand(file, node, diagnostics),
            SyntaxKind::Import
            | SyntaxKind::ImportApi
            | SyntaxKind::ScheduleDecl
            | SyntaxKind::ZoneClause
            | SyntaxKind::TestDecl
            | SyntaxKind::WireName
            | SyntaxKind::UnionType
            | SyntaxKind::LiteralType
            | SyntaxKind::LiteralPattern
            | SyntaxKind::RecordKey => plain_text(file, node, diagnostics),
            _ => {}
        }
    }
}

/// `a < b < c`
fn comparison(file: FileId, node: &SyntaxNode, diagnostics: &mut Vec<Diagnostic>) {
    let Some(outer) = BinaryExpr::cast(node) else { return };
    let Some(Expr::BinaryExpr(inner)) = outer.left() else { return };
    let compares = |expr: &BinaryExpr| expr.operator().is_some_and(is_comparison);
    let goes_on = matches!(inner.left(), Some(Expr::BinaryExpr(left)) if compares(&left));
    // Of a long chain the first place is enough.
    if compares(&outer) && compares(&inner) && !goes_on {
        let place = outer.operator_token().map_or(outer.span(file), |token| token_span(file, &token));
        diagnostics.push(
            Diagnostic::new(&codes::F0101, place, "comparisons do not chain")
                .also(inner.span(file), "this is a comparison already")
                .help("compare each pair, and join them with `&&`"),
        );
    }
}

fn is_comparison(operator: BinaryOperator) -> bool {
    matches!(
        operator,
        BinaryOperator::Equal
            | BinaryOperator::NotEqual
            | BinaryOperator::Less
            | BinaryOperator::LessEqual
            | BinaryOperator::Greater
            | BinaryOperator::GreaterEqual
            | BinaryOperator::In
    )
}

/// `5xx` outside the properties that list statuses.
fn status_class(file: FileId, node: &SyntaxNode, diagnostics: &mut Vec<Diagnostic>) {
    let token = node.first_token().filter(|token| token.kind() == SyntaxKind::StatusClass);
    let Some(token) = token else { return };
    let property = node.ancestors().find(|node| node.kind() == SyntaxKind::Property);
    let name = property.and_then(|property| crate::ast::Property::cast(property)?.name());
    if !name.is_some_and(|name| STATUS_PROPERTIES.contains(&name.text())) {
        let message = format!("`{}` is no value", token.text());
        diagnostics.push(
            Diagnostic::new(&codes::F0107, token_span(file, token), message)
                .help("classes of statuses stand in `on`, `raises` and `catch http`"),
        );
    }
}

fn rest_is_last(file: FileId, node: &SyntaxNode, diagnostics: &mut Vec<Diagnostic>) {
    let mut children = node.children().peekable();
    while let Some(child) = children.next() {
        if child.kind() == SyntaxKind::RestPattern && children.peek().is_some() {
            diagnostics.push(Diagnostic::new(&codes::F0107, span(file, child), "`...` stands at the end"));
        }
    }
}

fn rest_has_a_place(file: FileId, node: &SyntaxNode, diagnostics: &mut Vec<Diagnostic>) {
    let parent = node.parent().map(|parent| parent.kind());
    if !matches!(parent, Some(SyntaxKind::ListPattern | SyntaxKind::RecordPattern)) {
        diagnostics.push(
            Diagnostic::new(&codes::F0107, span(file, node), "`...` is no pattern by itself")
                .help("it takes the rest in `[first, ...rest]` or `{ a, ...rest }`"),
        );
    }
}

/// `{ type }`: a reserved word names a field only before a colon.
fn shorthand(file: FileId, node: &SyntaxNode, diagnostics: &mut Vec<Diagnostic>) {
    let mut children = node.children();
    let (Some(key), None) = (children.next(), children.next()) else { return };
    let Some(word) = key.first_token() else { return };
    let has_colon = node
        .children_with_tokens()
        .any(|element| element.as_token().is_some_and(|token| token.kind() == SyntaxKind::Colon));
    let kind = SyntaxKind::of_word(word.text());
    if key.kind() == SyntaxKind::RecordKey && !has_colon && kind.is_reserved() {
        let word = word.text();
        diagnostics.push(
            Diagnostic::new(
                &codes::F0101,
                span(file, key),
                format!("`{word}` is a reserved word, never a name"),
            )
            .help(format!("give the field a value: `{word}: value`")),
        );
    }
}

/// Texts that are fixed: nothing can be put into them.
fn plain_text(file: FileId, node: &SyntaxNode, diagnostics: &mut Vec<Diagnostic>) {
    for text in node.children().filter_map(StringLiteral::cast) {
        if text.is_interpolated() {
            diagnostics.push(
                Diagnostic::new(
                    &codes::F0107,
                    text.span(file),
                    "this text is fixed: nothing can be put into it",
                )
                .help("write `\\{` for a brace"),
            );
        }
    }
}
