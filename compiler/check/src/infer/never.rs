//! What never has a value because a part of it never has one.

use flow_hir::{BinaryOp, ExprId, ExprKind};

use super::Infer;
use crate::types::Ty;

impl Infer<'_, '_> {
    /// Whether an expression needs the value of a part that never has one: `[fail New { }]`, `1 + fail New { }`.
    pub(super) fn needs_what_never_comes(&self, expr: ExprId) -> bool {
        let program = self.checker.program;
        let never = |part: ExprId| self.checker.typed.exprs.get(part) == Some(&Ty::NEVER);
        match &program.exprs[expr].kind {
            ExprKind::Binary { op: BinaryOp::And | BinaryOp::Or | BinaryOp::Coalesce, left, .. } => {
                never(*left)
            }
            ExprKind::Binary { .. }
            | ExprKind::Unary { .. }
            | ExprKind::List(_)
            | ExprKind::Record(_)
            | ExprKind::Map(_)
            | ExprKind::Field { .. }
            | ExprKind::Index { .. }
            | ExprKind::CallMethod { .. } => {
                let mut found = false;
                program.for_each_child(expr, |part| found |= never(part));
                found
            }
            _ => false,
        }
    }
}
