//! Literals and strings.

use chumsky::error::EmptyErr;

use super::super::rule::{Rule, any_of, by_hand, node, skip_until, take};
use super::super::{Problem, Rules, SyntaxKind as Kind};
use super::require;
use crate::grammar::rule::report;

/// The rules of literals by their first token.
pub(super) fn table<'t>(rules: &Rules<'t>) -> Vec<(&'static [Kind], Rule<'t>)> {
    const LITERALS: &[Kind] = &[
        Kind::Int,
        Kind::Decimal,
        Kind::Float,
        Kind::Duration,
        Kind::Size,
        Kind::StatusClass,
        Kind::Date,
        Kind::Timestamp,
        Kind::TrueKeyword,
        Kind::FalseKeyword,
        Kind::NullKeyword,
        Kind::AbsentKeyword,
    ];
    vec![
        (LITERALS, node(Kind::Literal, any_of(LITERALS))),
        (&[Kind::StringWhole, Kind::StringStart], rules.string.clone()),
    ]
}

/// A string, with the expressions in its braces.
pub(in crate::grammar) fn string<'t>(rules: &Rules<'t>) -> Rule<'t> {
    let expr = rules.expr.clone();
    let rule = by_hand(move |input| {
        if take(input, Kind::StringWhole) {
            return Ok(());
        }
        if !take(input, Kind::StringStart) {
            return Err(EmptyErr::default());
        }
        loop {
            require(input, &expr, "an expression between the braces")?;
            let next = input.peek();
            if !matches!(next, Some(Kind::StringMiddle | Kind::StringEnd)) {
                report(input, Problem::ExpectedEnd("`}`"));
                skip_until(input, None, |ahead| ahead.nth(0) == Kind::StringMiddle);
            }
            if take(input, Kind::StringMiddle) {
                continue;
            }
            take(input, Kind::StringEnd);
            return Ok(());
        }
    });
    node(Kind::StringLiteral, rule)
}
