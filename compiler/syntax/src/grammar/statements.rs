//! Blocks and statements.

use chumsky::error::EmptyErr;

use super::expressions::{Place, body, starts_expr};
use super::rule::{
    Ahead, Input, Rule, by_hand, dispatch, finish, need, node, optional, position, report, seq, skip_until,
    take, token,
};
use super::{Problem, Rules, SyntaxKind as Kind, names, tests};

/// `{ statements }`
pub(super) fn block<'t>(rules: &Rules<'t>) -> Rule<'t> {
    let statement = statement(rules);
    let nested = rules.block.clone();
    let rule = by_hand(move |input| {
        if !take(input, Kind::LeftBrace) {
            return Err(EmptyErr::default());
        }
        loop {
            let ahead = Ahead::of(input);
            if ahead.is_at_end() || take(input, Kind::RightBrace) {
                return Ok(());
            }
            if !take(input, Kind::Newline) {
                line(input, &statement, &nested);
            }
        }
    });
    node(Kind::Block, rule)
}

/// One statement, and what is on its line after it and belongs to nothing.
fn line<'t>(input: &mut Input<'t, '_>, statement: &Rule<'t>, nested: &Rule<'t>) {
    let start = position(input);
    let before = input.save();
    if input.parse(statement).is_err() {
        input.rewind(before);
        report(input, Problem::Expected("a statement"));
    }
    let at_end = matches!(Ahead::of(input).nth(0), Kind::Newline | Kind::RightBrace);
    if !at_end {
        report(input, Problem::Expected("the end of the line"));
        skip_until(input, Some(nested), |ahead| ahead.nth(0) == Kind::Newline);
    }
    if position(input) == start {
        // Only a closer of another kind can stand here, and brackets are balanced: this is for safety.
        input.skip();
        finish(input, Kind::Error, start);
    }
}

fn statement<'t>(rules: &Rules<'t>) -> Rule<'t> {
    let keywords = dispatch(vec![
        (&[Kind::LetKeyword], let_statement(rules)),
        (&[Kind::VarKeyword], var_statement(rules)),
        (
            &[Kind::UndoKeyword],
            node(Kind::UndoStatement, seq([token(Kind::UndoKeyword), rules.block_due.clone()])),
        ),
        (&[Kind::CommitKeyword], node(Kind::CommitStatement, token(Kind::CommitKeyword))),
        (&[Kind::SignalKeyword], signal(rules)),
        (&[Kind::MockKeyword], tests::mock(rules)),
        (&[Kind::AdvanceKeyword], tests::advance(rules)),
        (&[Kind::SendKeyword], tests::send(rules)),
        (&[Kind::CrashKeyword], node(Kind::CrashStatement, token(Kind::CrashKeyword))),
        (&[Kind::ExpectKeyword], tests::expect(rules)),
        (&[Kind::SnapshotKeyword], tests::snapshot(rules)),
    ]);
    super::rule::alternatives([keywords, expr_statement(rules)])
}

/// `compensate none`, `compensate call(…)`, `compensate { … }`
fn compensate<'t>(rules: &Rules<'t>) -> Rule<'t> {
    let rule = seq([token(Kind::CompensateKeyword), need(body(rules), "a call, a block or `none`")]);
    optional(node(Kind::CompensateClause, rule))
}

fn let_statement<'t>(rules: &Rules<'t>) -> Rule<'t> {
    let reserved = node(Kind::BindingPattern, reserved_binding());
    let pattern = super::rule::alternatives([rules.binding.clone(), reserved]);
    let rule =
        seq([token(Kind::LetKeyword), need(pattern, "a name or a pattern"), value(rules), compensate(rules)]);
    node(Kind::LetStatement, rule)
}

/// A reserved word where something is bound, if it surely is meant as a name.
fn reserved_binding<'t>() -> Rule<'t> {
    super::rule::if_ahead(
        |ahead| ahead.nth(0).is_reserved() && matches!(ahead.nth(1), Kind::Equal | Kind::Colon),
        names::name("a name"),
    )
}

fn var_statement<'t>(rules: &Rules<'t>) -> Rule<'t> {
    let rule = seq([token(Kind::VarKeyword), names::name("a name"), value(rules), compensate(rules)]);
    node(Kind::VarStatement, rule)
}

/// `: T = value`
fn value<'t>(rules: &Rules<'t>) -> Rule<'t> {
    let annotation = optional(seq([token(Kind::Colon), need(rules.ty.clone(), "a type")]));
    seq([annotation, need(token(Kind::Equal), "`=`"), need(rules.expr.clone(), "an expression")])
}

fn signal<'t>(rules: &Rules<'t>) -> Rule<'t> {
    let rule = seq([
        token(Kind::SignalKeyword),
        names::name("a name for the signal"),
        need(rules.record_type.clone(), "the fields of the signal in braces"),
        optional(super::expressions::property_clause(rules)),
    ]);
    node(Kind::SignalDecl, rule)
}

/// An expression, or an assignment.
fn expr_statement<'t>(rules: &Rules<'t>) -> Rule<'t> {
    let expr = rules.expr.clone();
    let value = need(rules.expr.clone(), "an expression");
    let compensate = compensate(rules);
    by_hand(move |input| {
        let start = position(input);
        if !starts_expr(Ahead::of(input).nth(0), Place::Free) {
            return Err(EmptyErr::default());
        }
        input.parse(&expr)?;
        let kind = if take(input, Kind::Equal) {
            input.parse(&value)?;
            Kind::AssignStatement
        } else {
            Kind::ExprStatement
        };
        input.parse(&compensate)?;
        finish(input, kind, start);
        Ok(())
    })
}
