//! Undo code: that of a step (`compensate`), and that of the statement `undo`.

use flow_diagnostics::{Diagnostic, codes};
use flow_hir::{Compensation, CompensationKind, ExprId, LocalId};
use flow_source::Span;

use super::{Infer, Want};
use crate::typed::{EffectClass, StepUndo};
use crate::types::{Ty, TyKind};

/// What undo code is, among the branches that are open.
const UNDO: &str = "an undo";

impl Infer<'_, '_> {
    /// `undo { … }` as a statement.
    pub(super) fn undo_statement(&mut self, cause: LocalId, body: ExprId, keyword: Span) -> Ty {
        if self.effect(keyword, "`undo`") {
            self.no_undo_inside(keyword);
        }
        self.undo_code(cause, body);
        Ty::NULL
    }

    /// `compensate …` after a call.
    pub(super) fn compensation(
        &mut self,
        compensation: &Compensation,
        result_ty: Ty,
        effect: EffectClass,
    ) -> StepUndo {
        let CompensationKind::Run { result, cause, body } = &compensation.kind else {
            return StepUndo::None;
        };
        if effect == EffectClass::Safe {
            let message = "there is nothing to undo: this operation changes nothing";
            self.checker.report(
                Diagnostic::new(&codes::F0603, compensation.span, message).help("leave out `compensate …`"),
            );
        }
        self.no_undo_inside(compensation.span);
        self.undo_of_result(*result, result_ty, *cause, *body);
        let used = self.checker.program.locals_used(*body);
        StepUndo::Compensate {
            body: *body,
            uses_result: used.contains(result),
            uses_cause: used.contains(cause),
        }
    }

    /// Undo code registers no undos: what it does stays done.
    fn no_undo_inside(&mut self, span: Span) {
        if !self.branches.contains(&UNDO) {
            return;
        }
        let message = "undo code registers no undos of its own";
        let help = "leave it out: what an undo has done stays, and one that fails waits for an operator";
        self.checker.report(Diagnostic::new(&codes::F0612, span, message).help(help));
    }

    /// Undo code that sees what the step gave.
    pub(crate) fn undo_of_result(&mut self, result: LocalId, result_ty: Ty, cause: LocalId, body: ExprId) {
        let seen = self.visible.len();
        self.bind(result, result_ty);
        self.undo_code(cause, body);
        self.visible.truncate(seen);
    }

    /// Binds `cause`, and checks the code. What it learns holds for itself alone.
    fn undo_code(&mut self, cause: LocalId, body: ExprId) {
        let seen = self.visible.len();
        let any = self.checker.typed.types.intern(TyKind::AnyError);
        self.bind(cause, any);
        let facts = self.facts.clone();
        self.in_branch(UNDO, |infer| infer.expr(body, Want::Nothing));
        self.facts = facts;
        self.visible.truncate(seen);
    }
}
