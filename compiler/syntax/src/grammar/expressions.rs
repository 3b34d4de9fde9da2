//! Expressions: the table of operators, and everything that an expression starts with.

mod calls;
mod control;
mod literals;

use chumsky::error::EmptyErr;
use chumsky::pratt::{infix, left, postfix, prefix};
use chumsky::prelude::*;

use super::names::{any_name_ref, is_name, version_use};
use super::rule::{
    Ahead, Input, Matched, Outcome, Rule, alternatives, by_hand, closing, dispatch, finish, if_ahead, need,
    node, optional, position, problem, record_node, report, seq, take, token, token_where,
};
use super::{Problem, Rules, SyntaxKind as Kind};

pub(super) use calls::record;
pub(super) use control::{block_due, body, braces_due, property_clause, within_clause};
pub(super) use literals::string;

/// Where an expression stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Anywhere but in a head.
    Free,
    /// In the head of `if`, `match`, `for`, `while`, `within`: `{` opens the block.
    Head,
}

/// Words that start an expression though they are reserved.
const STARTERS: &[Kind] = &[
    Kind::AbsentKeyword,
    Kind::BreakKeyword,
    Kind::CallbackKeyword,
    Kind::ConfigKeyword,
    Kind::ContinueKeyword,
    Kind::ExecutionKeyword,
    Kind::FailKeyword,
    Kind::FalseKeyword,
    Kind::ForKeyword,
    Kind::IfKeyword,
    Kind::ItKeyword,
    Kind::MatchKeyword,
    Kind::NullKeyword,
    Kind::ParallelKeyword,
    Kind::PollKeyword,
    Kind::RaceKeyword,
    Kind::ReceiveKeyword,
    Kind::ReturnKeyword,
    Kind::SagaKeyword,
    Kind::SleepKeyword,
    Kind::TrueKeyword,
    Kind::TryKeyword,
    Kind::WhileKeyword,
    Kind::WithinKeyword,
];

/// Whether an expression can start with a token.
pub(super) fn starts_expr(kind: Kind, place: Place) -> bool {
    match kind {
        Kind::LeftBrace => place == Place::Free,
        Kind::LeftParen
        | Kind::LeftBracket
        | Kind::Bang
        | Kind::Minus
        | Kind::StringWhole
        | Kind::StringStart
        | Kind::Int
        | Kind::Decimal
        | Kind::Float
        | Kind::Duration
        | Kind::Size
        | Kind::StatusClass
        | Kind::Date
        | Kind::Timestamp
        | Kind::ErrorToken => true,
        kind if is_name(kind) => true,
        kind => STARTERS.contains(&kind),
    }
}

const OR: &[Kind] = &[Kind::BarBar];
const AND: &[Kind] = &[Kind::AmpersandAmpersand];
const COMPARE: &[Kind] = &[
    Kind::EqualEqual,
    Kind::BangEqual,
    Kind::Less,
    crate::stream::ADJACENT_LESS,
    Kind::LessEqual,
    Kind::Greater,
    Kind::GreaterEqual,
    Kind::InKeyword,
];
const COALESCE: &[Kind] = &[Kind::QuestionQuestion];
const RANGE: &[Kind] = &[Kind::DotDot];
const ADD: &[Kind] = &[Kind::Plus, Kind::Minus];
const MULTIPLY: &[Kind] = &[Kind::Star, Kind::Slash, Kind::Percent, Kind::DivKeyword];
const LEVELS: [&[Kind]; 7] = [OR, AND, COMPARE, COALESCE, RANGE, ADD, MULTIPLY];

/// An expression.
pub(super) fn expr<'t>(rules: &Rules<'t>, place: Place) -> Rule<'t> {
    let binary = |level: &'static [Kind]| operator(level, place);
    let sign = by_hand(move |input| {
        let ahead = Ahead::of(input);
        let is_sign = matches!(ahead.nth(0), Kind::Bang | Kind::Minus);
        if is_sign && starts_expr(ahead.nth(1), place) {
            input.skip();
            Ok(())
        } else {
            Err(EmptyErr::default())
        }
    });
    let both_sides = |(), (), (), matched: &mut Matched<'t, '_>| record_node(matched, Kind::BinaryExpr);
    let operators = (
        postfix(9, after(rules, place), |(), kind, matched: &mut Matched<'t, '_>| record_node(matched, kind)),
        prefix(8, sign, |(), (), matched: &mut Matched<'t, '_>| record_node(matched, Kind::PrefixExpr)),
        // `*`, `/`, `%`, `div` bind tightest of the binary ones.
        infix(left(7), binary(MULTIPLY), both_sides),
        infix(left(6), binary(ADD), both_sides),
        // `1..n + 1` is `1..(n + 1)`.
        infix(left(5), binary(RANGE), both_sides),
        // `a ?? b == c` is `(a ?? b) == c`.
        infix(left(4), binary(COALESCE), both_sides),
        // Comparisons do not chain: two in a row are read, and refused when the tree is checked.
        infix(left(3), binary(COMPARE), both_sides),
        infix(left(2), binary(AND), both_sides),
        infix(left(1), binary(OR), both_sides),
    );
    atom(rules, place).pratt(operators).boxed()
}

/// A binary operator, where an operand follows it.
fn operator<'t>(level: &'static [Kind], place: Place) -> Rule<'t> {
    by_hand(move |input| {
        let ahead = Ahead::of(input);
        if level.contains(&ahead.nth(0)) && starts_expr(ahead.nth(1), place) {
            input.skip();
            Ok(())
        } else {
            Err(EmptyErr::default())
        }
    })
}

/// What follows an operand: `.field`, `[i]`, `(…)`, `as T`, `with { … }`, or an operator without its other side.
/// Gives the kind of node that it makes with the operand.
fn after<'t>(rules: &Rules<'t>, place: Place) -> Rule<'t, Kind> {
    let field = need(any_name_ref(), "the name of a field");
    let index = seq([need(rules.expr.clone(), "an index or a key"), closing(Kind::RightBracket, "`]`")]);
    let arguments = calls::arguments(rules);
    let cast = need(cast_type(rules), "a type");
    let options = need(rules.record.clone(), "options in braces, such as `{ timeout: 1s }`");
    by_hand(move |input| {
        let ahead = Ahead::of(input);
        let first = ahead.nth(0);
        let (rule, kind, skips) = match first {
            Kind::Dot | Kind::QuestionDot => (&field, Kind::FieldExpr, true),
            Kind::LeftBracket => (&index, Kind::IndexExpr, true),
            Kind::LeftParen => (&arguments, Kind::CallExpr, false),
            Kind::AsKeyword => (&cast, Kind::CastExpr, true),
            Kind::WithKeyword => (&options, Kind::WithExpr, true),
            _ => {
                let is_operator = LEVELS.iter().any(|level| level.contains(&first));
                if is_operator && !starts_expr(ahead.nth(1), place) {
                    input.skip();
                    report(input, Problem::Expected("an expression"));
                    return Ok(Kind::BinaryExpr);
                }
                return Err(EmptyErr::default());
            }
        };
        if skips {
            input.skip();
        }
        input.parse(rule)?;
        Ok(kind)
    })
}

/// The type after `as`: one primary type, with `?` directly after it.
fn cast_type<'t>(rules: &Rules<'t>) -> Rule<'t> {
    let primary = rules.primary_type.clone();
    // ` < ` with a blank before it is a comparison, whatever follows.
    let arguments = if_ahead(|ahead| ahead.nth(0) != Kind::Less, super::types::arguments(rules));
    let named = node(Kind::NamedType, seq([super::names::path(), optional(arguments)]));
    by_hand(move |input| {
        let start = position(input);
        let is_named = is_name(Ahead::of(input).nth(0));
        input.parse(if is_named { &named } else { &primary })?;
        if take(input, Kind::Question) {
            finish(input, Kind::OptionalType, start);
        }
        Ok(())
    })
}

/// What an expression starts with.
fn atom<'t>(rules: &Rules<'t>, place: Place) -> Rule<'t> {
    let operand = match place {
        Place::Free => rules.expr.clone(),
        Place::Head => rules.head.clone(),
    };
    let mut table: Vec<(&'static [Kind], Rule<'t>)> = literals::table(rules);
    table.extend(control::table(rules, operand.clone()));
    table.push((&[Kind::LeftParen], paren(rules)));
    table.push((&[Kind::LeftBracket], calls::list(rules)));
    if place == Place::Free {
        table.push((&[Kind::LeftBrace], rules.record.clone()));
    }
    let sign = token_where(|kind| matches!(kind, Kind::Bang | Kind::Minus));
    let lonely = node(Kind::PrefixExpr, seq([sign, problem(Problem::Expected("an expression"))]));
    table.push((&[Kind::Bang, Kind::Minus], lonely));
    table.push((&[Kind::ErrorToken], node(Kind::Error, token(Kind::ErrorToken))));
    alternatives([dispatch(table), words(rules, place, operand)])
}

fn paren<'t>(rules: &Rules<'t>) -> Rule<'t> {
    node(
        Kind::ParenExpr,
        seq([
            token(Kind::LeftParen),
            need(rules.expr.clone(), "an expression"),
            closing(Kind::RightParen, "`)`"),
        ]),
    )
}

/// Names, constructors, and the words that are keywords if the right thing follows.
fn words<'t>(rules: &Rules<'t>, place: Place, operand: Rule<'t>) -> Rule<'t> {
    let name = name();
    let constructor = calls::constructor(rules);
    let start = node(Kind::StartExpr, seq([token(Kind::StartKeyword), need(operand, "a call")]));
    let report_rule = node(Kind::ReportExpr, seq([token(Kind::ReportKeyword), rules.record.clone()]));
    let log = node(Kind::LogExpr, seq([token(Kind::LogKeyword), rules.string.clone()]));
    by_hand(move |input| {
        let ahead = Ahead::of(input);
        let (first, next) = (ahead.nth(0), ahead.nth(1));
        // `config {` begins a declaration.
        if (!is_name(first) && !is_special(first)) || (first, next) == (Kind::ConfigKeyword, Kind::LeftBrace)
        {
            return Err(EmptyErr::default());
        }
        match (first, next) {
            (Kind::StartKeyword, next) if is_name(next) => input.parse(&start),
            (Kind::ReportKeyword, Kind::LeftBrace) if place == Place::Free => input.parse(&report_rule),
            (Kind::LogKeyword, Kind::StringWhole | Kind::StringStart) => input.parse(&log),
            _ if calls::is_constructor(ahead) => {
                if place == Place::Free {
                    return input.parse(&constructor);
                }
                if calls::is_record_after_path(ahead) {
                    report(input, Problem::ConstructorInHead);
                    return input.parse(&constructor);
                }
                input.parse(&name)
            }
            _ => input.parse(&name),
        }
    })
}

fn is_special(kind: Kind) -> bool {
    matches!(kind, Kind::ConfigKeyword | Kind::ExecutionKeyword | Kind::ItKeyword)
}

/// `name`, `name@v2`, `config`, `execution`, `it`.
pub(super) fn name<'t>() -> Rule<'t> {
    let word = alternatives([super::names::name_ref(), token_where(is_special)]);
    node(Kind::NameExpr, seq([word, optional(version_use())]))
}

/// A reserved word that stands for a value of a property: `exhausted: fail`.
pub(super) fn word_value<'t>() -> Rule<'t> {
    if_ahead(
        |ahead| {
            ahead.nth(0).is_reserved()
                && !matches!(ahead.nth(0), Kind::TrueKeyword | Kind::FalseKeyword | Kind::NullKeyword)
                && !is_special(ahead.nth(0))
                && matches!(ahead.nth(1), Kind::Newline | Kind::Comma | Kind::RightBrace)
        },
        node(Kind::NameExpr, any_name_ref()),
    )
}

/// Runs a rule; where it does not match, reports what is expected.
fn require<'t>(input: &mut Input<'t, '_>, rule: &Rule<'t>, what: &'static str) -> Outcome {
    let before = input.save();
    if input.parse(rule).is_err() {
        input.rewind(before);
        report(input, Problem::Expected(what));
    }
    Ok(())
}
