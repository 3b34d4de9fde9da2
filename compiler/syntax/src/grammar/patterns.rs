//! Patterns.

use chumsky::error::EmptyErr;

use super::list::{List, Separator};
use super::names::{any_name, is_name, path, plain_name};
use super::rule::{
    Ahead, Rule, alternatives, any_of, by_hand, dispatch, finish, if_ahead, need, node, optional, position,
    report, seq, take, token,
};
use super::{Problem, Rules, SyntaxKind as Kind};

/// Where a pattern stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// At the top of an arm: a bare name is a tag.
    Top,
    /// Inside another pattern: a bare name binds.
    Inner,
    /// In `let` and `for`: a name binds, whatever follows it.
    Binding,
}

const NUMBERS: &[Kind] = &[Kind::Int, Kind::Decimal, Kind::Float, Kind::Duration, Kind::Size];

/// A pattern, or several with `|` between.
pub(super) fn pattern<'t>(rules: &Rules<'t>, place: Place) -> Rule<'t> {
    let single = single(rules, place);
    by_hand(move |input| {
        let start = position(input);
        input.parse(&single)?;
        let mut alternatives = 1;
        while take(input, Kind::Bar) {
            alternatives += 1;
            let before = input.save();
            if input.parse(&single).is_err() {
                input.rewind(before);
                report(input, Problem::Expected("a pattern"));
            }
        }
        if alternatives > 1 {
            finish(input, Kind::AlternativePattern, start);
        }
        Ok(())
    })
}

fn single<'t>(rules: &Rules<'t>, place: Place) -> Rule<'t> {
    let literal = node(
        Kind::LiteralPattern,
        node(
            Kind::Literal,
            any_of(&[
                Kind::Int,
                Kind::Decimal,
                Kind::Float,
                Kind::Duration,
                Kind::Size,
                Kind::Date,
                Kind::Timestamp,
                Kind::TrueKeyword,
                Kind::FalseKeyword,
                Kind::NullKeyword,
            ]),
        ),
    );
    let number = node(Kind::Literal, any_of(NUMBERS));
    let negative = seq([token(Kind::Minus), need(number, "a number")]);
    let negative = node(Kind::LiteralPattern, node(Kind::PrefixExpr, negative));
    let text = node(Kind::LiteralPattern, rules.string.clone());
    let status = node(Kind::TagPattern, seq([any_of(&[Kind::Int, Kind::StatusClass]), payload(rules)]));
    let status = if_ahead(
        |ahead| ahead.nth(0) == Kind::StatusClass || is_name(ahead.nth(1)) || ahead.nth(1) == Kind::LeftBrace,
        status,
    );
    let special = dispatch(vec![
        (&[Kind::Underscore], node(Kind::WildcardPattern, token(Kind::Underscore))),
        (&[Kind::Int, Kind::StatusClass], alternatives([status, literal.clone()])),
        (
            &[
                Kind::Decimal,
                Kind::Float,
                Kind::Duration,
                Kind::Size,
                Kind::Date,
                Kind::Timestamp,
                Kind::TrueKeyword,
                Kind::FalseKeyword,
                Kind::NullKeyword,
            ],
            literal,
        ),
        (&[Kind::Minus], negative),
        (&[Kind::StringWhole, Kind::StringStart], text),
        (&[Kind::LeftBrace], record(rules)),
        (&[Kind::LeftBracket], list(rules)),
        (&[Kind::DotDotDot], rest()),
        (&[Kind::ErrorToken], node(Kind::Error, token(Kind::ErrorToken))),
    ]);
    alternatives([special, named(rules, place)])
}

/// A word: a tag with or without what it carries, or a binding.
fn named<'t>(rules: &Rules<'t>, place: Place) -> Rule<'t> {
    let tag = node(Kind::TagPattern, seq([path(), payload(rules)]));
    let binding = node(Kind::BindingPattern, plain_name());
    by_hand(move |input| {
        let ahead = Ahead::of(input);
        if !is_name(ahead.nth(0)) {
            return Err(EmptyErr::default());
        }
        let next = ahead.nth(1);
        let is_tag = match place {
            Place::Top => true,
            Place::Inner => matches!(next, Kind::Dot | Kind::LeftBrace) || is_name(next),
            Place::Binding => false,
        };
        if is_tag { input.parse(&tag) } else { input.parse(&binding) }
    })
}

/// `{ id }` or a name after a tag.
fn payload<'t>(rules: &Rules<'t>) -> Rule<'t> {
    optional(alternatives([record(rules), plain_name()]))
}

fn record<'t>(rules: &Rules<'t>) -> Rule<'t> {
    let with_pattern = seq([any_name(), token(Kind::Colon), need(rules.pattern.clone(), "a pattern")]);
    let with_pattern = if_ahead(|ahead| ahead.nth(0).is_word() && ahead.nth(1) == Kind::Colon, with_pattern);
    let bare = if_ahead(|ahead| ahead.nth(0).is_word(), super::names::name("the name of a field"));
    let field = node(Kind::PatternField, alternatives([with_pattern, bare]));
    let list = List {
        open: Kind::LeftBrace,
        close: Kind::RightBrace,
        element: alternatives([field, rest()]),
        what: "the name of a field",
        between: "fields",
        separator: Separator::Comma,
    };
    node(Kind::RecordPattern, list.rule())
}

fn list<'t>(rules: &Rules<'t>) -> Rule<'t> {
    let list = List {
        open: Kind::LeftBracket,
        close: Kind::RightBracket,
        element: rules.pattern.clone(),
        what: "a pattern",
        between: "elements",
        separator: Separator::Comma,
    };
    node(Kind::ListPattern, list.rule())
}

/// `...rest`, `...`
fn rest<'t>() -> Rule<'t> {
    node(Kind::RestPattern, seq([token(Kind::DotDotDot), optional(plain_name())]))
}
