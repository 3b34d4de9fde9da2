//! The statements of tests.

use chumsky::error::EmptyErr;

use super::list::{List, Separator};
use super::names::path;
use super::rule::{
    Ahead, Rule, alternatives, any_of, by_hand, finish, if_ahead, need, node, optional, position, report,
    seq, take, token,
};
use super::{Problem, Rules, SyntaxKind as Kind, expressions};

/// `mock api.op(…) => answer`
pub(super) fn mock<'t>(rules: &Rules<'t>) -> Rule<'t> {
    let answer = seq([token(Kind::FatArrow), need(rules.answer.clone(), "an answer")]);
    let rule = seq([
        token(Kind::MockKeyword),
        need(rules.head.clone(), "an operation such as `api.op`"),
        optional(answer),
    ]);
    node(Kind::MockStatement, rule)
}

/// A value, `status 503 { … }`, `after 3s …`, `sequence [ … ]`.
pub(super) fn answer<'t>(rules: &Rules<'t>) -> Rule<'t> {
    let status = seq([token(Kind::StatusKeyword), token(Kind::Int), optional(rules.expr.clone())]);
    let status = if_ahead(
        |ahead| ahead.nth(0) == Kind::StatusKeyword && ahead.nth(1) == Kind::Int,
        node(Kind::StatusAnswer, status),
    );
    let delay = node(Kind::Literal, token(Kind::Duration));
    let after = seq([token(Kind::AfterKeyword), delay, need(rules.answer.clone(), "an answer")]);
    let after = if_ahead(
        |ahead| ahead.nth(0) == Kind::AfterKeyword && ahead.nth(1) == Kind::Duration,
        node(Kind::AfterAnswer, after),
    );
    let list = List {
        open: Kind::LeftBracket,
        close: Kind::RightBracket,
        element: rules.answer.clone(),
        what: "an answer",
        between: "answers",
        separator: Separator::Comma,
    };
    let sequence = seq([token(Kind::SequenceKeyword), list.rule()]);
    let sequence = if_ahead(
        |ahead| ahead.nth(0) == Kind::SequenceKeyword && ahead.nth(1) == Kind::LeftBracket,
        node(Kind::SequenceAnswer, sequence),
    );
    alternatives([status, after, sequence, rules.expr.clone()])
}

/// `advance 10m`
pub(super) fn advance<'t>(rules: &Rules<'t>) -> Rule<'t> {
    node(Kind::AdvanceStatement, seq([token(Kind::AdvanceKeyword), need(rules.expr.clone(), "a duration")]))
}

/// `send run.approve({ … })`
pub(super) fn send<'t>(rules: &Rules<'t>) -> Rule<'t> {
    let what = "a signal such as `run.approve({ … })`";
    node(Kind::SendStatement, seq([token(Kind::SendKeyword), need(rules.expr.clone(), what)]))
}

/// `expect cond`, `expect run settled`, `expect run fails E`, `expect calls api.op once`
pub(super) fn expect<'t>(rules: &Rules<'t>) -> Rule<'t> {
    let expr = need(rules.expr.clone(), "an expression");
    let error = need(path(), "an error");
    let operation = need(rules.head.clone(), "an operation such as `api.op`");
    let count = need(count(rules), "`once`, `never`, `n times` or `before`");
    by_hand(move |input| {
        let start = position(input);
        if !take(input, Kind::ExpectKeyword) {
            return Err(EmptyErr::default());
        }
        let ahead = Ahead::of(input);
        if ahead.nth(0) == Kind::CallsKeyword && super::names::is_name(ahead.nth(1)) {
            input.skip();
            input.parse(&operation)?;
            input.parse(&count)?;
            finish(input, Kind::ExpectCalls, start);
            return Ok(());
        }
        input.parse(&expr)?;
        let kind = if take(input, Kind::SettledKeyword) {
            Kind::ExpectSettled
        } else if take(input, Kind::FailsKeyword) {
            input.parse(&error)?;
            Kind::ExpectFails
        } else {
            Kind::ExpectStatement
        };
        finish(input, kind, start);
        Ok(())
    })
}

fn count<'t>(rules: &Rules<'t>) -> Rule<'t> {
    let once = any_of(&[Kind::OnceKeyword, Kind::NeverKeyword]);
    let before = seq([token(Kind::BeforeKeyword), need(rules.head.clone(), "an operation such as `api.op`")]);
    let times = seq([rules.head.clone(), need(token(Kind::TimesKeyword), "`times`")]);
    let times = if_ahead(
        |ahead| {
            let counts = ahead.nth(0);
            counts == Kind::Int
                || (counts.is_word() && !counts.is_reserved() && ahead.nth(1) == Kind::TimesKeyword)
        },
        times,
    );
    alternatives([once, before, times])
}

/// `snapshot value`, `snapshot plan name`
pub(super) fn snapshot<'t>(rules: &Rules<'t>) -> Rule<'t> {
    let plan = seq([token(Kind::PlanKeyword), expressions::name()]);
    let plan =
        if_ahead(|ahead| ahead.nth(0) == Kind::PlanKeyword && super::names::is_name(ahead.nth(1)), plan);
    let value = by_hand({
        let value = alternatives([plan, rules.expr.clone()]);
        move |input| {
            let before = input.save();
            if input.parse(&value).is_err() {
                input.rewind(before);
                report(input, Problem::Expected("a value, or `plan` and a workflow"));
            }
            Ok(())
        }
    });
    node(Kind::SnapshotStatement, seq([token(Kind::SnapshotKeyword), value]))
}
