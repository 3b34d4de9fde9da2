//! `absent`: the value of a record's field that is left out.

use flow_diagnostics::{Diagnostic, codes};
use flow_hir::{BinaryOp, ExprId, ExprKind};
use flow_source::Span;

use super::Infer;
use crate::types::{RecordField, Ty};

impl Infer<'_, '_> {
    /// Looks for `absent` in the value of a field: as the value itself, or where it ends. Whether there is one that
    /// may stand there.
    pub(super) fn leave_out(&mut self, value: ExprId, field: &RecordField) -> bool {
        let mut found = Vec::new();
        self.ends(value, &mut found);
        for absent in &found {
            // Read, it is null.
            self.left_out.insert(*absent, if field.optional { Ty::NULL } else { Ty::ERROR });
            if !field.optional {
                let span = self.checker.span(*absent);
                let (name, words) = (&field.name, self.checker.words(field.ty));
                let message = format!("field `{name}` cannot be left out");
                let help = format!("declare it as one that may be absent: `{name}?: {words}`");
                self.checker.report(Diagnostic::new(&codes::F0107, span, message).help(help));
            }
        }
        field.optional && !found.is_empty()
    }

    /// Each `absent` that an expression may end with.
    fn ends(&self, expr: ExprId, found: &mut Vec<ExprId>) {
        flow_hir::deeper(|| match &self.checker.program.exprs[expr].kind {
            ExprKind::Absent => found.push(expr),
            ExprKind::If { then, otherwise, .. } => {
                self.ends(*then, found);
                otherwise.iter().for_each(|otherwise| self.ends(*otherwise, found));
            }
            ExprKind::Match { arms, .. } => arms.iter().for_each(|arm| self.ends(arm.body, found)),
            ExprKind::Block(block) => block.value.iter().for_each(|value| self.ends(*value, found)),
            ExprKind::Binary { op: BinaryOp::Coalesce, right, .. } => self.ends(*right, found),
            _ => {}
        });
    }

    /// `absent` itself.
    pub(super) fn absent(&mut self, expr: ExprId, span: Span) -> Ty {
        if let Some(known) = self.left_out.get(&expr) {
            return *known;
        }
        let message = "`absent` stands only as the value of a field that may be left out";
        self.checker.report(
            Diagnostic::new(&codes::F0107, span, message)
                .help("write `null`, or say what the record is: `let x: T = { a: absent }` where `a?:` is a field of `T`"),
        );
        Ty::ERROR
    }
}
