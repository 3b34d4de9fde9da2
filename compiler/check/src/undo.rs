//! The calls that operations name: what undoes them, and what confirms them.

use flow_diagnostics::{Diagnostic, Edit, codes};
use flow_hir::{ExprKind, OperationId, UndoCall, UndoClause};

use crate::api::is_natural;
use crate::checker::Checker;
use crate::coercion::{Coercion, coerce};
use crate::infer::{Infer, Place};
use crate::mend;
use crate::typed::{Coerced, EffectClass, OperationUndo};
use crate::types::{Ty, TyKind};

impl Checker<'_> {
    /// Checks `undo: call(…)`.
    pub(crate) fn check_undo(&mut self, id: OperationId) {
        let program = self.program;
        let operation = &program.operations[id];
        let Some(UndoClause::Call(undo)) = &operation.undo else { return };
        let Some(checked) = self.typed.operations.get(id).cloned() else { return };
        if checked.effect == EffectClass::Safe || is_natural(operation) {
            let why = if checked.effect == EffectClass::Safe {
                "this operation changes nothing"
            } else {
                "`idempotency: natural` says that there is nothing to undo"
            };
            self.report(
                Diagnostic::new(&codes::F0603, undo.span, format!("there is nothing to undo: {why}"))
                    .help("leave out `undo`"),
            );
        }
        let Some(target) = self.declared_call(undo, checked.result) else { return };
        let name = self.operation_name(target);
        let class = self.typed.operations.get(target).map(|target| target.effect);
        if class == Some(EffectClass::Unsafe) {
            let declared = &program.operations[target];
            self.report(
                Diagnostic::new(
                    &codes::F0604,
                    undo.span,
                    format!("`{name}` cannot undo: it is neither safe nor idempotent"),
                )
                .also(declared.head, "declared here")
                .help(
                    "an undo may have to be sent again: give it `idempotency: header(\"Idempotency-Key\")`, or \
                     `idempotency: natural` where a second time changes nothing",
                )
                .mend(mend::add_key(declared))
                .mend(Edit {
                    guess: true,
                    ..mend::add_property(declared, "say that twice changes nothing", "idempotency: natural")
                }),
            );
        }
        let used = program.locals_used(undo.call);
        let uses = |local: Option<flow_hir::LocalId>| local.is_some_and(|local| used.contains(&local));
        let undo = OperationUndo::Call {
            call: undo.call,
            operation: target,
            uses_result: uses(undo.result),
            uses_cause: uses(undo.cause),
        };
        if let Some(checked) = self.typed.operations.get_mut(id) {
            checked.undo = undo;
        }
    }

    /// Checks `confirm: call(…)`: a safe call whose result is that of the operation, or null.
    pub(crate) fn check_confirm(&mut self, id: OperationId) {
        let program = self.program;
        let Some(confirm) = &program.operations[id].confirm else { return };
        let Some(checked) = self.typed.operations.get(id).cloned() else { return };
        if checked.effect == EffectClass::Safe {
            self.report(
                Diagnostic::new(
                    &codes::F0605,
                    confirm.span,
                    "there is nothing to confirm: this operation changes nothing",
                )
                .help("leave out `confirm`"),
            );
        } else if checked.pages.is_some() {
            let message = "an operation with pages cannot be confirmed: one value is no page of it";
            self.report(
                Diagnostic::new(&codes::F0605, confirm.span, message)
                    .help("leave out `confirm` or `paginate`"),
            );
        }
        let Some(target) = self.declared_call(confirm, checked.result) else { return };
        let Some(asked) = self.typed.operations.get(target).cloned() else { return };
        let name = self.operation_name(target);
        if asked.effect != EffectClass::Safe {
            self.report(
                Diagnostic::new(
                    &codes::F0605,
                    confirm.span,
                    format!("`{name}` cannot confirm: it is not safe"),
                )
                .also(program.operations[target].head, "declared here")
                .help("ask with a `get` that gives `T?`, null when it was not done"),
            );
        } else if !self.is_unknown(asked.result) && !self.typed.types.is_nullable(asked.result) {
            let words = self.words(asked.result);
            self.report(
                Diagnostic::new(
                    &codes::F0605,
                    confirm.span,
                    format!("`{name}` cannot confirm: its result `{words}` is never null"),
                )
                .also(program.operations[target].head, "declared here")
                .help("add `absent: [404]`: null says that it was not done"),
            );
        } else if checked.body.is_some() {
            let found = self.typed.types.without_null(asked.result);
            let due = self.typed.types.optional(checked.result);
            match coerce(&self.typed.types, asked.result, due) {
                Some(Coercion::Same) => {}
                Some(how) => {
                    self.typed.coercions.insert(confirm.call, Coerced { to: due, how });
                }
                None => {
                    let (found, expected) = (self.words(found), self.words(checked.result));
                    self.report(Diagnostic::new(
                        &codes::F0605,
                        confirm.span,
                        format!("`{name}` gives `{found}`, but the result of the operation is `{expected}`"),
                    ));
                }
            }
        }
    }

    /// Checks a call that stands in a declaration, and gives the operation that it calls.
    fn declared_call(&mut self, undo: &UndoCall, result: Ty) -> Option<OperationId> {
        let program = self.program;
        let mut infer = Infer::new(self, Place::Flow);
        if let Some(local) = undo.result {
            infer.bind(local, result);
        }
        if let Some(local) = undo.cause {
            let any = infer.checker.typed.types.intern(TyKind::AnyError);
            infer.bind(local, any);
        }
        infer.any(undo.call);
        match program.exprs[undo.call].kind {
            ExprKind::CallOperation { operation, .. } => Some(operation),
            ExprKind::Missing => None,
            _ => {
                self.report(
                    Diagnostic::new(&codes::F0404, undo.span, "expected a call of an operation")
                        .help("name one: `undo: release(result.id)`"),
                );
                None
            }
        }
    }
}
