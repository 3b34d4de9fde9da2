//! Control flow: branches, loops, concurrency, errors, waiting.

use super::super::list::{List, Separator};
use super::super::names::{any_name, before_colon, colon, mark, name_ref, path};
use super::super::rule::{
    Ahead, Rule, alternatives, any_of, by_hand, closing, if_ahead, many, need, node, optional, problem, seq,
    take, token,
};
use super::super::{Problem, Rules, SyntaxKind as Kind, types};
use super::{calls, paren};
use crate::brackets::{closer, is_closer};
use crate::grammar::rule::{report, skip_until};

/// The rules of keywords that start an expression. `operand` is an expression in the same place.
pub(super) fn table<'t>(rules: &Rules<'t>, operand: Rule<'t>) -> Vec<(&'static [Kind], Rule<'t>)> {
    vec![
        (&[Kind::IfKeyword], if_expr(rules)),
        (&[Kind::MatchKeyword], match_expr(rules)),
        (&[Kind::ForKeyword], for_expr(rules)),
        (&[Kind::WhileKeyword], while_expr(rules)),
        (&[Kind::ParallelKeyword], parallel(rules)),
        (&[Kind::RaceKeyword], race(rules)),
        (
            &[Kind::SagaKeyword],
            node(Kind::SagaExpr, seq([token(Kind::SagaKeyword), rules.block_due.clone()])),
        ),
        (&[Kind::TryKeyword], try_expr(rules)),
        (&[Kind::FailKeyword], fail(operand.clone())),
        (&[Kind::ReturnKeyword], return_expr(operand.clone())),
        (&[Kind::BreakKeyword], node(Kind::BreakExpr, token(Kind::BreakKeyword))),
        (&[Kind::ContinueKeyword], node(Kind::ContinueExpr, token(Kind::ContinueKeyword))),
        (&[Kind::WithinKeyword], within(rules)),
        (&[Kind::SleepKeyword], sleep(operand.clone())),
        (&[Kind::PollKeyword], poll(rules, operand)),
        (&[Kind::ReceiveKeyword], receive(rules)),
        (&[Kind::CallbackKeyword], callback(rules)),
    ]
}

/// The block after a head.
pub(in crate::grammar) fn block_due<'t>(rules: &Rules<'t>) -> Rule<'t> {
    braces_due(rules.block.clone(), "`{`")
}

/// Braces after a head. Those on the next line are reported and read, and so are those after something on the line
/// that does not belong to the head.
pub(in crate::grammar) fn braces_due<'t>(braces: Rule<'t>, what: &'static str) -> Rule<'t> {
    let late = seq([problem(Problem::BraceOnNextLine), token(Kind::Newline), braces.clone()]);
    let late = if_ahead(|ahead| ahead.nth(0) == Kind::Newline && ahead.nth(1) == Kind::LeftBrace, late);
    let further = braces.clone();
    let further = by_hand(move |input| {
        report(input, Problem::Expected(what));
        skip_until(input, None, |ahead| ahead.nth(0) == Kind::LeftBrace);
        input.parse(&further)
    });
    let further = if_ahead(opens_further_on, further);
    need(alternatives([braces, late, further]), what)
}

/// How many tokens may stand between a head and its brace without belonging to either.
const BETWEEN_MAX: usize = 8;

/// Whether a brace opens on the line, after something that ends no expression or element around.
fn opens_further_on(ahead: Ahead<'_>) -> bool {
    let between = (0..BETWEEN_MAX).map(|skipped| ahead.nth(skipped));
    let mut between = between.skip_while(|kind| {
        !matches!(kind, Kind::LeftBrace | Kind::Newline | Kind::Comma | Kind::Equal | Kind::FatArrow)
            && closer(*kind).is_none()
            && !is_closer(*kind)
    });
    between.next() == Some(Kind::LeftBrace)
}

/// A value or a block: in arms and branches, and after `compensate`.
pub(in crate::grammar) fn body<'t>(rules: &Rules<'t>) -> Rule<'t> {
    let block = rules.block.clone();
    let expr = rules.expr.clone();
    by_hand(move |input| {
        let ahead = Ahead::of(input);
        let is_block = ahead.nth(0) == Kind::LeftBrace && !calls::is_record(ahead);
        if is_block { input.parse(&block) } else { input.parse(&expr) }
    })
}

fn condition<'t>(rules: &Rules<'t>) -> Rule<'t> {
    need(rules.head.clone(), "a condition")
}

fn if_expr<'t>(rules: &Rules<'t>) -> Rule<'t> {
    let first =
        node(Kind::IfBranch, seq([token(Kind::IfKeyword), condition(rules), rules.block_due.clone()]));
    let next =
        seq([token(Kind::ElseKeyword), token(Kind::IfKeyword), condition(rules), rules.block_due.clone()]);
    let next = if_ahead(
        |ahead| ahead.nth(0) == Kind::ElseKeyword && ahead.nth(1) == Kind::IfKeyword,
        node(Kind::IfBranch, next),
    );
    let last = node(Kind::ElseBranch, seq([token(Kind::ElseKeyword), rules.block_due.clone()]));
    node(Kind::IfExpr, seq([first, many(next), optional(last)]))
}

fn match_expr<'t>(rules: &Rules<'t>) -> Rule<'t> {
    let guard = node(Kind::Guard, seq([token(Kind::IfKeyword), need(rules.expr.clone(), "a condition")]));
    let arm = seq([
        rules.top_pattern.clone(),
        optional(guard),
        need(mark(Kind::FatArrow, "=>", &[Kind::Arrow, Kind::Colon]), "`=>`"),
        need(body(rules), "a value or a block"),
    ]);
    let arms = List {
        open: Kind::LeftBrace,
        close: Kind::RightBrace,
        element: node(Kind::MatchArm, arm),
        what: "a pattern",
        between: "arms",
        separator: Separator::Arm,
    };
    let rule = seq([
        token(Kind::MatchKeyword),
        need(rules.head.clone(), "a value to match"),
        braces_due(arms.rule(), "`{` and the arms"),
    ]);
    node(Kind::MatchExpr, rule)
}

fn for_expr<'t>(rules: &Rules<'t>) -> Rule<'t> {
    let width =
        seq([any_of(&[Kind::ParallelKeyword, Kind::RaceKeyword]), need(rules.head.clone(), "a number")]);
    let rule = seq([
        token(Kind::ForKeyword),
        need(rules.binding.clone(), "a name"),
        need(token(Kind::InKeyword), "`in`"),
        need(rules.head.clone(), "what to walk"),
        optional(node(Kind::ForWidth, width)),
        rules.block_due.clone(),
    ]);
    node(Kind::ForExpr, rule)
}

fn while_expr<'t>(rules: &Rules<'t>) -> Rule<'t> {
    node(Kind::WhileExpr, seq([token(Kind::WhileKeyword), condition(rules), rules.block_due.clone()]))
}

/// `{ name: value … }`
fn branches<'t>(rules: &Rules<'t>) -> Rule<'t> {
    let branch = seq([any_name(), colon("`:`"), need(body(rules), "a value or a block")]);
    let list = List {
        open: Kind::LeftBrace,
        close: Kind::RightBrace,
        element: node(Kind::Branch, branch),
        what: "a branch such as `name: value`",
        between: "branches",
        separator: Separator::CommaOrNewline,
    };
    braces_due(list.rule(), "`{` and the branches")
}

fn parallel<'t>(rules: &Rules<'t>) -> Rule<'t> {
    let settled = optional(token(Kind::SettledKeyword));
    node(Kind::ParallelExpr, seq([token(Kind::ParallelKeyword), settled, branches(rules)]))
}

fn race<'t>(rules: &Rules<'t>) -> Rule<'t> {
    // The `{` after a name opens the branches, though they look like a record: so what is computed needs parentheses.
    let number = node(Kind::Literal, token(Kind::Int));
    let count = alternatives([number, paren(rules), calls::dotted()]);
    node(Kind::RaceExpr, seq([token(Kind::RaceKeyword), optional(count), branches(rules)]))
}

fn try_expr<'t>(rules: &Rules<'t>) -> Rule<'t> {
    let http = seq([name_ref(), any_of(&[Kind::Int, Kind::StatusClass])]);
    let http = if_ahead(|ahead| matches!(ahead.nth(1), Kind::Int | Kind::StatusClass), http);
    let pattern = node(Kind::CatchPattern, alternatives([http, path()]));
    let more = seq([token(Kind::Bar), need(pattern.clone(), "an error")]);
    let binding = seq([token(Kind::AsKeyword), super::super::names::name("a name for the error")]);
    let parentheses = seq([
        problem(Problem::CatchInParentheses),
        token(Kind::LeftParen),
        super::super::names::name("a name for the error"),
        token(Kind::RightParen),
    ]);
    let parentheses = if_ahead(
        |ahead| ahead.nth(0) == Kind::LeftParen && ahead.nth(1).is_word() && ahead.nth(2) == Kind::RightParen,
        parentheses,
    );
    let catch = seq([
        token(Kind::CatchKeyword),
        optional(seq([pattern, many(more)])),
        optional(alternatives([binding, parentheses])),
        rules.block_due.clone(),
    ]);
    let finally = node(Kind::FinallyClause, seq([token(Kind::FinallyKeyword), rules.block_due.clone()]));
    let clauses = seq([many(node(Kind::CatchClause, catch)), optional(finally)]);
    let clauses = by_hand(move |input| {
        let next = Ahead::of(input).nth(0);
        if !matches!(next, Kind::CatchKeyword | Kind::FinallyKeyword) {
            report(input, Problem::Expected("`catch` or `finally`"));
        }
        input.parse(&clauses)
    });
    node(Kind::TryExpr, seq([token(Kind::TryKeyword), rules.block_due.clone(), clauses]))
}

fn fail<'t>(operand: Rule<'t>) -> Rule<'t> {
    let because = node(
        Kind::BecauseClause,
        seq([token(Kind::BecauseKeyword), need(operand.clone(), "the error that led to it")]),
    );
    node(Kind::FailExpr, seq([token(Kind::FailKeyword), need(operand, "an error"), optional(because)]))
}

fn return_expr<'t>(operand: Rule<'t>) -> Rule<'t> {
    node(Kind::ReturnExpr, seq([token(Kind::ReturnKeyword), optional(operand)]))
}

fn within<'t>(rules: &Rules<'t>) -> Rule<'t> {
    let rule =
        seq([token(Kind::WithinKeyword), need(rules.head.clone(), "a duration"), rules.block_due.clone()]);
    node(Kind::WithinExpr, rule)
}

/// `within 5m` after something else.
pub(in crate::grammar) fn within_clause<'t>(rules: &Rules<'t>) -> Rule<'t> {
    node(Kind::WithinClause, seq([token(Kind::WithinKeyword), need(rules.head.clone(), "a duration")]))
}

fn sleep<'t>(operand: Rule<'t>) -> Rule<'t> {
    let value = by_hand(move |input| {
        let what = if take(input, Kind::UntilKeyword) { "a time" } else { "a duration" };
        super::require(input, &operand, what)
    });
    node(Kind::SleepExpr, seq([token(Kind::SleepKeyword), value]))
}

fn poll<'t>(rules: &Rules<'t>, operand: Rule<'t>) -> Rule<'t> {
    let until = node(Kind::UntilClause, seq([token(Kind::UntilKeyword), need(operand, "a condition")]));
    let rule = seq([
        token(Kind::PollKeyword),
        need(token(Kind::EveryKeyword), "`every`"),
        need(rules.head.clone(), "a duration"),
        optional(within_clause(rules)),
        rules.block_due.clone(),
        need(until, "`until`"),
    ]);
    node(Kind::PollExpr, rule)
}

fn receive<'t>(rules: &Rules<'t>) -> Rule<'t> {
    let guard = node(Kind::Guard, seq([token(Kind::IfKeyword), need(rules.head.clone(), "a condition")]));
    let rule = seq([
        token(Kind::ReceiveKeyword),
        need(name_ref(), "a signal or a callback"),
        many(alternatives([guard, within_clause(rules)])),
    ]);
    node(Kind::ReceiveExpr, rule)
}

fn callback<'t>(rules: &Rules<'t>) -> Rule<'t> {
    let empty = seq([token(Kind::LeftParen), closing(Kind::RightParen, "`)`")]);
    let rule = seq([
        token(Kind::CallbackKeyword),
        need(types::arguments(rules), "`<` and the type that is waited for"),
        need(empty, "`()`"),
    ]);
    node(Kind::CallbackExpr, rule)
}

/// `name: value` as a clause, its value without braces of its own.
pub(in crate::grammar) fn property_clause<'t>(rules: &Rules<'t>) -> Rule<'t> {
    let rule = seq([any_name(), token(Kind::Colon), need(rules.head.clone(), "a value")]);
    before_colon(node(Kind::Property, rule))
}
