//! Types.

use chumsky::error::EmptyErr;

use super::list::{List, Separator};
use super::names::{any_name, name_ref, path, plain_name, wire_name};
use super::rule::{
    Ahead, Rule, alternatives, any_of, by_hand, closing, dispatch, finish, if_ahead, many, need, node,
    optional, position, report, seq, take, token,
};
use super::{Problem, Rules, SyntaxKind as Kind};
use crate::stream::ADJACENT_LESS;

/// The kinds that a type starts with, words apart.
fn starts_type(kind: Kind) -> bool {
    super::names::is_name(kind)
        || matches!(
            kind,
            Kind::LeftBracket
                | Kind::LeftBrace
                | Kind::LeftParen
                | Kind::SecretKeyword
                | Kind::StringWhole
                | Kind::Int
                | Kind::TrueKeyword
                | Kind::FalseKeyword
                | Kind::Bar
                | Kind::ErrorToken
        )
}

/// Any type where no variants are declared.
pub(super) fn ty<'t>(rules: &Rules<'t>) -> Rule<'t> {
    union(rules, single(rules), false)
}

/// What stands after `type Name =`: any type, or variants.
pub(super) fn declared<'t>(rules: &Rules<'t>) -> Rule<'t> {
    let variant = node(
        Kind::Variant,
        seq([plain_name(), optional(wire_name(rules)), optional(rules.record_type.clone())]),
    );
    let variant = if_ahead(
        |ahead| {
            super::names::is_name(ahead.nth(0)) && matches!(ahead.nth(1), Kind::LeftBrace | Kind::AsKeyword)
        },
        variant,
    );
    union(rules, alternatives([variant, single(rules)]), true)
}

/// Members with `|` between, and what may stand after them.
fn union<'t>(rules: &Rules<'t>, member: Rule<'t>, declares: bool) -> Rule<'t> {
    let tag = rules.string.clone();
    by_hand(move |input| {
        let start = position(input);
        let first = Ahead::of(input);
        if !starts_type(first.nth(0)) {
            return Err(EmptyErr::default());
        }
        let mut is_union = take(input, Kind::Bar)
            || (declares
                && matches!(first.nth(1), Kind::LeftBrace | Kind::AsKeyword)
                && first.nth(0).is_word());
        let mut has_member = false;
        loop {
            if has_member && is_union && take(input, Kind::DotDotDot) {
                break;
            }
            has_member = true;
            let before = input.save();
            if input.parse(&member).is_err() {
                input.rewind(before);
                report(input, Problem::Expected("a type"));
            }
            if !take(input, Kind::Bar) {
                break;
            }
            is_union = true;
        }
        if take(input, Kind::TaggedKeyword) {
            is_union = true;
            let before = input.save();
            if input.parse(&tag).is_err() {
                input.rewind(before);
                report(input, Problem::Expected("the field of the tag, such as `\"kind\"`"));
            }
        } else if take(input, Kind::UntaggedKeyword) {
            is_union = true;
        }
        if is_union {
            finish(input, Kind::UnionType, start);
        }
        Ok(())
    })
}

/// A type without `|`, with `?` and `encoded` after it.
fn single<'t>(rules: &Rules<'t>) -> Rule<'t> {
    // A union after `secret` needs parentheses, so that the whole of `secret A | B` is not in doubt.
    let secret =
        node(Kind::SecretType, seq([token(Kind::SecretKeyword), need(rules.primary_type.clone(), "a type")]));
    let plain = rules.primary_type.clone();
    let base = alternatives([secret, plain]);
    let encoding = name_ref();
    by_hand(move |input| {
        let start = position(input);
        input.parse(&base)?;
        loop {
            if take(input, Kind::Question) {
                finish(input, Kind::OptionalType, start);
            } else if take(input, Kind::EncodedKeyword) {
                let before = input.save();
                if input.parse(&encoding).is_err() {
                    input.rewind(before);
                    report(input, Problem::Expected("an encoding: `string`, `seconds` or `millis`"));
                }
                finish(input, Kind::EncodedType, start);
            } else {
                return Ok(());
            }
        }
    })
}

/// A type that stands for itself.
pub(super) fn primary<'t>(rules: &Rules<'t>) -> Rule<'t> {
    let named = node(Kind::NamedType, seq([path(), optional(arguments(rules))]));
    let list = node(
        Kind::ListType,
        seq([
            token(Kind::LeftBracket),
            need(rules.ty.clone(), "the type of the elements"),
            closing(Kind::RightBracket, "`]`"),
        ]),
    );
    let paren = node(
        Kind::ParenType,
        seq([token(Kind::LeftParen), need(rules.ty.clone(), "a type"), closing(Kind::RightParen, "`)`")]),
    );
    let literal = node(Kind::Literal, any_of(&[Kind::Int, Kind::TrueKeyword, Kind::FalseKeyword]));
    let literal = node(Kind::LiteralType, literal);
    let text = node(Kind::LiteralType, rules.string.clone());
    let unread = node(Kind::Error, token(Kind::ErrorToken));
    let braces = alternatives([map(rules), statuses(rules), rules.record_type.clone()]);
    let special = dispatch(vec![
        (&[Kind::LeftBracket], list),
        (&[Kind::LeftParen], paren),
        (&[Kind::LeftBrace], braces),
        (&[Kind::StringWhole, Kind::StringStart], text),
        (&[Kind::Int, Kind::TrueKeyword, Kind::FalseKeyword], literal),
        (&[Kind::ErrorToken], unread),
    ]);
    alternatives([special, named])
}

/// `<T, U>` directly after a name, or after `callback`.
pub(super) fn arguments<'t>(rules: &Rules<'t>) -> Rule<'t> {
    let ty = rules.ty.clone();
    let rule = by_hand(move |input| {
        if !take(input, ADJACENT_LESS) && !take(input, Kind::Less) {
            return Err(EmptyErr::default());
        }
        loop {
            let before = input.save();
            if input.parse(&ty).is_err() {
                input.rewind(before);
                report(input, Problem::Expected("a type"));
            }
            if !take(input, Kind::Comma) {
                break;
            }
        }
        if !take(input, Kind::Greater) {
            report(input, Problem::Expected("`>`"));
        }
        Ok(())
    });
    node(Kind::TypeArguments, rule)
}

/// `{string: T}`, with nothing else.
fn map<'t>(rules: &Rules<'t>) -> Rule<'t> {
    let rule = seq([
        token(Kind::LeftBrace),
        token(Kind::StringKeyword),
        token(Kind::Colon),
        need(rules.ty.clone(), "the type of the values"),
        token(Kind::RightBrace),
    ]);
    let rule = node(Kind::MapType, rule);
    if_ahead(|ahead| ahead.nth(1) == Kind::StringKeyword && ahead.nth(2) == Kind::Colon, rule)
}

/// `{ 201: Customer, 202: null }`
fn statuses<'t>(rules: &Rules<'t>) -> Rule<'t> {
    let case = seq([
        any_of(&[Kind::Int, Kind::StatusClass]),
        need(token(Kind::Colon), "`:`"),
        need(alternatives([token(Kind::NullKeyword), rules.ty.clone()]), "the type of the body, or `null`"),
    ]);
    let list = List {
        open: Kind::LeftBrace,
        close: Kind::RightBrace,
        element: node(Kind::StatusCase, case),
        what: "a status and a type",
        between: "statuses",
        separator: Separator::Comma,
    };
    let rule = node(Kind::StatusType, list.rule());
    if_ahead(|ahead| matches!(ahead.nth(1), Kind::Int | Kind::StatusClass), rule)
}

/// `{ a: T, b?: U }`
pub(super) fn record<'t>(rules: &Rules<'t>) -> Rule<'t> {
    let field =
        seq([any_name(), optional(wire_name(rules)), type_after_colon(rules), optional(where_clause(rules))]);
    let list = List {
        open: Kind::LeftBrace,
        close: Kind::RightBrace,
        element: node(Kind::Field, field),
        what: "a field",
        between: "fields",
        separator: Separator::Comma,
    };
    node(Kind::RecordType, list.rule())
}

/// `: T` or `?: T`
pub(super) fn type_after_colon<'t>(rules: &Rules<'t>) -> Rule<'t> {
    let colon = alternatives([token(Kind::QuestionColon), super::names::colon("`:` and a type")]);
    seq([colon, need(rules.ty.clone(), "a type")])
}

/// `where cond`
pub(super) fn where_clause<'t>(rules: &Rules<'t>) -> Rule<'t> {
    node(Kind::WhereClause, seq([token(Kind::WhereKeyword), need(rules.expr.clone(), "a condition")]))
}

/// `<T, U>` in a declaration.
pub(super) fn parameters<'t>() -> Rule<'t> {
    let first = super::names::name("a name for the type parameter");
    let more = seq([token(Kind::Comma), first.clone()]);
    let open = any_of(&[ADJACENT_LESS, Kind::Less]);
    node(Kind::TypeParameters, seq([open, first, many(more), need(token(Kind::Greater), "`>`")]))
}
