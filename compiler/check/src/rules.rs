//! The rules beyond types, one file each. They run over a program whose types are known.

mod compensation;
mod credential;
mod deprecated;
mod list_bound;
mod pivot;
mod race_in_undo;
mod retry_bounds;
mod retry_safety;
mod unencrypted;
mod unknown_outcome;
mod unused;
mod worst_case;

use flow_hir::{ExprId, ExprKind};
pub(crate) use worst_case::duration_words;

use crate::checker::Checker;

/// Applies all rules.
pub(crate) fn apply(checker: &mut Checker<'_>) {
    retry_safety::check(checker);
    retry_bounds::check(checker);
    worst_case::check(checker);
    compensation::check(checker);
    pivot::check(checker);
    race_in_undo::check(checker);
    unknown_outcome::check(checker);
    credential::check(checker);
    unencrypted::check(checker);
    deprecated::check(checker);
    unused::check(checker);
}

/// The calls of operations in a body, in the order of evaluation, undo code left out.
fn steps(checker: &Checker<'_>, body: ExprId) -> Vec<ExprId> {
    let mut found = Vec::new();
    walk(checker, body, &mut |expr| {
        if let ExprKind::CallOperation { .. } = checker.program.exprs[expr].kind {
            found.push(expr);
        }
    });
    found
}

/// The calls of operations and of workflows that are waited for in a body, in the order of evaluation, undo code
/// left out.
fn calls(checker: &Checker<'_>, body: ExprId) -> Vec<ExprId> {
    let mut found = Vec::new();
    walk(checker, body, &mut |expr| {
        if let ExprKind::CallOperation { .. } | ExprKind::CallWorkflow { detached: false, .. } =
            checker.program.exprs[expr].kind
        {
            found.push(expr);
        }
    });
    found
}

/// Hands out an expression and everything inside it, inner before outer, undo code left out.
fn walk(checker: &Checker<'_>, expr: ExprId, each: &mut dyn FnMut(ExprId)) {
    let mut children = Vec::new();
    match &checker.program.exprs[expr].kind {
        ExprKind::CallOperation { arguments, .. } | ExprKind::CallWorkflow { arguments, .. } => {
            children.extend(arguments.iter().map(|argument| argument.value));
        }
        ExprKind::Undo { .. } => {}
        _ => checker.program.for_each_child(expr, |child| children.push(child)),
    }
    for child in children {
        flow_hir::deeper(|| walk(checker, child, each));
    }
    each(expr);
}
