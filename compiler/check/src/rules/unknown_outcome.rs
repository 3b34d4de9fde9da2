//! Unknown outcomes: an unsafe call that got no answer, and that nobody handles, waits for an operator.

use flow_diagnostics::{Diagnostic, codes};
use flow_hir::{BuiltinError, CatchSelector, ErrorRef, ExprId, ExprKind};
use rustc_hash::FxHashSet;

use super::{steps, walk};
use crate::checker::Checker;
use crate::typed::{EffectClass, OperationUndo, StepUndo};

/// Looks at all workflows.
pub(super) fn check(checker: &mut Checker<'_>) {
    for (_, workflow) in checker.program.workflows.iter() {
        let handled = handled(checker, workflow.body);
        for step in steps(checker, workflow.body) {
            if !handled.contains(&step) {
                check_step(checker, step);
            }
        }
    }
}

/// The steps inside a `try` that catches `unknown`.
fn handled(checker: &Checker<'_>, body: ExprId) -> FxHashSet<ExprId> {
    let mut found = FxHashSet::default();
    walk(checker, body, &mut |expr| {
        let ExprKind::Try { body, catches, .. } = &checker.program.exprs[expr].kind else { return };
        let catches_unknown = catches.iter().any(|catch| {
            catch.selectors.is_empty()
                || catch.selectors.iter().any(|selector| {
                    matches!(selector, CatchSelector::Error(ErrorRef::Builtin(BuiltinError::Unknown), _))
                })
        });
        if catches_unknown {
            found.extend(steps(checker, *body));
        }
    });
    found
}

fn check_step(checker: &mut Checker<'_>, step: ExprId) {
    let ExprKind::CallOperation { operation, callee, .. } = checker.program.exprs[step].kind else { return };
    let Some(checked) = checker.typed.operations.get(operation) else { return };
    if checked.effect != EffectClass::Unsafe || checked.confirm.is_some() {
        return;
    }
    let Some(call) = checker.typed.calls.get(step) else { return };
    let waits = match &call.undo {
        StepUndo::None | StepUndo::Irreversible => false,
        StepUndo::Missing => true,
        StepUndo::Compensate { uses_result, .. } => *uses_result,
        StepUndo::Operation => matches!(checked.undo, OperationUndo::Call { uses_result: true, .. }),
    };
    if !waits {
        return;
    }
    let why =
        if call.undo == StepUndo::Missing { "it declares no undo" } else { "its undo needs the result" };
    let name = checker.operation_name(operation);
    checker.report(
        Diagnostic::new(
            &codes::F0602,
            callee,
            format!("when `{name}` gets no answer, the execution will wait for an operator"),
        )
        .note(format!("it is sent at most once, and {why}"))
        .help(
            "add `idempotency: header(\"Idempotency-Key\")` or `confirm: …` to the operation, or `catch unknown`",
        )
        .mend(crate::mend::add_key(&checker.program.operations[operation])),
    );
}
