//! Arguments, records, lists, constructors, lambdas.

use super::super::list::{List, Separator};
use super::super::names::{any_name_ref, before_colon, colon, is_name, plain_name};
use super::super::rule::{
    Ahead, Rule, alternatives, any_of, by_hand, if_ahead, many, need, node, optional, position, seq, take,
    token, token_where,
};
use super::super::{Rules, SyntaxKind as Kind};
use super::name;
use crate::grammar::rule::finish;

/// `(a, limit: 20, x => x.price)`
pub(super) fn arguments<'t>(rules: &Rules<'t>) -> Rule<'t> {
    let named = before_colon(seq([any_name_ref(), token(Kind::Colon)]));
    let value = alternatives([lambda(rules), need(rules.expr.clone(), "a value")]);
    let with_name = seq([named, value]);
    let bare = alternatives([lambda(rules), rules.expr.clone()]);
    let list = List {
        open: Kind::LeftParen,
        close: Kind::RightParen,
        element: node(Kind::Argument, alternatives([with_name, bare])),
        what: "an argument",
        between: "arguments",
        separator: Separator::Comma,
    };
    node(Kind::ArgumentList, list.rule())
}

/// `x => …`, `(a, b) => …`
fn lambda<'t>(rules: &Rules<'t>) -> Rule<'t> {
    let one = plain_name();
    let more = seq([token(Kind::Comma), plain_name()]);
    let several =
        seq([token(Kind::LeftParen), optional(seq([plain_name(), many(more)])), token(Kind::RightParen)]);
    let parameters = node(Kind::LambdaParameters, alternatives([one, several]));
    let rule = seq([parameters, token(Kind::FatArrow), need(rules.expr.clone(), "the value of the lambda")]);
    if_ahead(is_lambda, node(Kind::LambdaExpr, rule))
}

fn is_lambda(ahead: Ahead<'_>) -> bool {
    if is_name(ahead.nth(0)) {
        return ahead.nth(1) == Kind::FatArrow;
    }
    if ahead.nth(0) != Kind::LeftParen {
        return false;
    }
    let mut at = 1;
    while is_name(ahead.nth(at)) {
        at += 1;
        if ahead.nth(at) != Kind::Comma {
            break;
        }
        at += 1;
    }
    ahead.nth(at) == Kind::RightParen && ahead.nth(at + 1) == Kind::FatArrow
}

fn spread<'t>(rules: &Rules<'t>) -> Rule<'t> {
    node(Kind::Spread, seq([token(Kind::DotDotDot), need(rules.expr.clone(), "what to spread")]))
}

/// `{ a: 1, b, ...rest, "key": 2, 409: E }`
pub(in crate::grammar) fn record<'t>(rules: &Rules<'t>) -> Rule<'t> {
    let word = node(Kind::RecordKey, token_where(Kind::is_word));
    let value = seq([colon("`:` and a value"), need(rules.expr.clone(), "a value")]);
    let is_shorthand = |ahead: Ahead<'_>| {
        matches!(ahead.nth(1), Kind::Comma | Kind::RightBrace | Kind::Newline) && ahead.nth(0).is_word()
    };
    let shorthand = if_ahead(is_shorthand, word.clone());
    let named = seq([word, value.clone()]);
    let other = alternatives([rules.string.clone(), any_of(&[Kind::Int, Kind::StatusClass])]);
    let keyed = seq([node(Kind::RecordKey, other), value]);
    let field = node(Kind::RecordField, alternatives([shorthand, named, keyed]));
    let list = List {
        open: Kind::LeftBrace,
        close: Kind::RightBrace,
        element: alternatives([field, spread(rules)]),
        what: "a field",
        between: "fields",
        separator: Separator::Comma,
    };
    node(Kind::RecordExpr, list.rule())
}

/// `[a, ...b]`
pub(super) fn list<'t>(rules: &Rules<'t>) -> Rule<'t> {
    let list = List {
        open: Kind::LeftBracket,
        close: Kind::RightBracket,
        element: alternatives([spread(rules), rules.expr.clone()]),
        what: "an element",
        between: "elements",
        separator: Separator::Comma,
    };
    node(Kind::ListExpr, list.rule())
}

/// `Name { … }`, `Event.Created { … }`
pub(super) fn constructor<'t>(rules: &Rules<'t>) -> Rule<'t> {
    node(Kind::ConstructorExpr, seq([dotted(), rules.record.clone()]))
}

/// A name, and the fields after it.
pub(super) fn dotted<'t>() -> Rule<'t> {
    let first = name();
    let part = any_name_ref();
    by_hand(move |input| {
        let start = position(input);
        input.parse(&first)?;
        while take(input, Kind::Dot) {
            input.parse(&part)?;
            finish(input, Kind::FieldExpr, start);
        }
        Ok(())
    })
}

/// How many tokens the dotted name ahead has; 0 where there is none.
fn path_len(ahead: Ahead<'_>) -> usize {
    if !is_name(ahead.nth(0)) {
        return 0;
    }
    let mut len = 1;
    while ahead.nth(len) == Kind::Dot && ahead.nth(len + 1).is_word() {
        len += 2;
    }
    len
}

/// Whether a name and a `{` are ahead.
pub(super) fn is_constructor(ahead: Ahead<'_>) -> bool {
    let len = path_len(ahead);
    len > 0 && ahead.nth(len) == Kind::LeftBrace
}

/// Whether the `{` after the name ahead surely opens a record, not a block.
pub(super) fn is_record_after_path(ahead: Ahead<'_>) -> bool {
    let brace = path_len(ahead);
    ahead.nth(brace + 1).is_word() && ahead.nth(brace + 2) == Kind::Colon
}

/// Whether the `{` ahead opens a record where a block could stand too (language reference, section 2).
pub(super) fn is_record(ahead: Ahead<'_>) -> bool {
    if ahead.nth(0) != Kind::LeftBrace {
        return false;
    }
    match (ahead.nth(1), ahead.nth(2)) {
        (Kind::DotDotDot, _) => true,
        (Kind::StringWhole | Kind::Int | Kind::StatusClass, Kind::Colon) => true,
        (word, Kind::Colon | Kind::Comma) => word.is_word(),
        _ => false,
    }
}
