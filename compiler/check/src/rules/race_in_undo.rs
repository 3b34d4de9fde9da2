//! Races in undo code: undo code registers no undos, so nothing would undo what a loser has done.

use flow_diagnostics::{Diagnostic, codes};
use flow_hir::{Compensation, CompensationKind, ExprId, ExprKind};

use super::calls;
use crate::checker::Checker;
use crate::typed::{EffectClass, StepUndo};

/// Looks at the undo code of all workflows.
pub(super) fn check(checker: &mut Checker<'_>) {
    let program = checker.program;
    let mut undos: Vec<ExprId> = Vec::new();
    for (_, expr) in program.exprs.iter() {
        match &expr.kind {
            ExprKind::Undo { body, .. } => undos.push(*body),
            ExprKind::CallOperation { compensation: Some(Compensation { kind, .. }), .. }
            | ExprKind::CallWorkflow { compensation: Some(Compensation { kind, .. }), .. } => {
                if let CompensationKind::Run { body, .. } = kind {
                    undos.push(*body);
                }
            }
            _ => {}
        }
    }
    for undo in undos {
        let mut races = Vec::new();
        program.for_each_inside(undo, &mut |expr| match program.exprs[expr].kind {
            ExprKind::Race { keyword, .. } | ExprKind::ForBranches { race: true, keyword, .. } => {
                races.push((expr, keyword));
            }
            _ => {}
        });
        for (race, keyword) in races {
            let Some(step) = calls(checker, race).into_iter().find(|call| stays(checker, *call)) else {
                continue;
            };
            let callee = match program.exprs[step].kind {
                ExprKind::CallOperation { callee, .. } | ExprKind::CallWorkflow { callee, .. } => callee,
                _ => continue,
            };
            let message = "a race undoes what its losers did, and undo code registers no undos";
            checker.report(
                Diagnostic::new(&codes::F0612, keyword, message).also(callee, "this would stay done").help(
                    "call one after the other: `try { … } catch … { … }`; calls that change nothing may race",
                ),
            );
        }
    }
}

/// Whether a call leaves behind what somebody might have to undo.
fn stays(checker: &Checker<'_>, call: ExprId) -> bool {
    match checker.program.exprs[call].kind {
        ExprKind::CallOperation { operation, .. } => {
            let changes =
                checker.typed.operations.get(operation).is_some_and(|op| op.effect != EffectClass::Safe);
            changes && checker.typed.calls.get(call).is_some_and(|call| call.undo != StepUndo::None)
        }
        _ => checker.typed.children.get(call).is_some_and(|undo| *undo != StepUndo::None),
    }
}
