//! Ranges: `1..10`, which stand where something goes over them or looks into them.

use flow_diagnostics::{Diagnostic, codes};
use flow_hir::{BinaryOp, ExprId, ExprKind};

use super::{Infer, Want};
use crate::types::{Ty, TyKind};

impl Infer<'_, '_> {
    /// What `for` goes over, and what `in` looks into: a range, or a value.
    pub(super) fn range_or_value(&mut self, expr: ExprId) -> Ty {
        let ExprKind::Binary { op: BinaryOp::Range, left, right, .. } = self.checker.program.exprs[expr].kind
        else {
            return self.any(expr);
        };
        self.check(left, Ty::INT, None);
        self.check(right, Ty::INT, None);
        self.checker.typed.exprs.insert(expr, Ty::RANGE);
        Ty::RANGE
    }

    /// A range where a value is due.
    pub(super) fn stray_range(&mut self, expr: ExprId, left: ExprId, right: ExprId, want: Want<'_>) -> Ty {
        self.check(left, Ty::INT, None);
        self.check(right, Ty::INT, None);
        let hint = self.hint_kind(want).map(|(_, kind)| kind);
        let help = match hint.as_deref() {
            Some(TyKind::Bool) => "say what is looked for: `n in 1..10`",
            Some(TyKind::Int) => "a part of a list is `xs.skip(1).take(3)`",
            _ => "write it where it is used: `for n in 1..10 { … }`, `n in 1..10`",
        };
        let span = self.checker.span(expr);
        self.checker.report(
            Diagnostic::new(&codes::F0328, span, "a range is no value")
                .label("stands in `for … in` and after `in` alone")
                .help(help),
        );
        Ty::ERROR
    }
}
