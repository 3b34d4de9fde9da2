//! How executions begin and are undone: `key`, `one per` and `undo` in the head of a workflow.

use flow_diagnostics::{Diagnostic, codes};
use flow_hir::{ExprId, ExprKind, LocalId, UndoCall, WorkflowId};

use crate::api::is_constrained;
use crate::checker::Checker;
use crate::infer::{Infer, Place, Want, holds_secret};
use crate::typed::{CheckedKey, EffectClass, WorkflowUndo};
use crate::types::Ty;

impl Checker<'_> {
    /// Checks the clauses of a workflow whose parameters are known.
    pub(crate) fn check_clauses(&mut self, id: WorkflowId, result: Ty) {
        let program = self.program;
        let workflow = &program.workflows[id];
        let key = workflow.key.as_ref().and_then(|key| {
            self.check_identity(key.value, "a key");
            let for_us = self.duration(key.duration, "the time of a key")?;
            Some(CheckedKey { value: key.value, for_us, again: key.again })
        });
        if let Some(value) = workflow.one_per {
            self.check_identity(value, "`one per`");
        }
        let undo = workflow.undo.as_ref().map(|undo| self.check_workflow_undo(undo, result));
        if let Some(checked) = self.typed.workflows.get_mut(id) {
            (checked.key, checked.undo) = (key, undo);
        }
    }

    /// A value that executions are told apart by: computed from the parameters, written as a text, kept in clear.
    fn check_identity(&mut self, value: ExprId, what: &'static str) {
        let mut infer = Infer::new(self, Place::Pure(what));
        let ty = infer.expr(value, Want::Any);
        infer.check_scalar(value, ty);
        if holds_secret(self, ty) {
            let span = self.span(value);
            self.report(
                Diagnostic::new(&codes::F0701, span, format!("a secret would flow into {what}"))
                    .help("it is recorded and shown: use another value"),
            );
        }
    }

    /// `undo: CALL`: the call must bear being made again, as a child does, which is started once.
    fn check_workflow_undo(&mut self, undo: &UndoCall, result: Ty) -> WorkflowUndo {
        let program = self.program;
        if let (Some(local), Some(cause)) = (undo.result, undo.cause) {
            Infer::new(self, Place::Flow).undo_of_result(local, result, cause, undo.call);
        }
        match program.exprs[undo.call].kind {
            ExprKind::CallOperation { operation, .. } => {
                let class = self.typed.operations.get(operation).map(|checked| checked.effect);
                if class == Some(EffectClass::Unsafe) {
                    let name = self.operation_name(operation);
                    self.report(
                        Diagnostic::new(
                            &codes::F0604,
                            undo.span,
                            format!("`{name}` cannot undo: it is neither safe nor idempotent"),
                        )
                        .also(program.operations[operation].head, "declared here")
                        .help(
                            "an undo may have to be sent again: give it `idempotency: header(\"Idempotency-Key\")`",
                        ),
                    );
                }
            }
            ExprKind::CallWorkflow { detached: false, .. } | ExprKind::Missing => {}
            _ => self.report(
                Diagnostic::new(&codes::F0404, undo.span, "expected a call of an operation or a workflow")
                    .help("name one: `undo: api.operation(result.id)`"),
            ),
        }
        let used = program.locals_used(undo.call);
        let uses = |local: Option<LocalId>| local.is_some_and(|local| used.contains(&local));
        WorkflowUndo { call: undo.call, uses_result: uses(undo.result), uses_cause: uses(undo.cause) }
    }

    /// Whether an argument may break a `where` of a workflow's input.
    pub(crate) fn input_is_constrained(&self, id: WorkflowId) -> bool {
        let input = self.typed.workflows.get(id).map(|checked| checked.input);
        input.is_some_and(|input| is_constrained(self, input))
    }
}
