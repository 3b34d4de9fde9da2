//! Constants: durations and numbers that must be known before running.

use flow_diagnostics::{Diagnostic, codes};
use flow_hir::{ExprId, ExprKind};

use crate::checker::Checker;
use crate::types::Ty;

/// The longest duration that a declaration may name: 10 years.
const DURATION_US_MAX: u64 = 10 * 366 * 24 * 3600 * 1_000_000;

impl Checker<'_> {
    /// A positive duration in microseconds. `what` begins the message: "a timeout".
    pub(crate) fn duration(&mut self, expr: ExprId, what: &str) -> Option<u64> {
        let span = self.span(expr);
        match *self.kind(expr) {
            ExprKind::Missing => None,
            ExprKind::Duration(micros) => {
                self.typed.exprs.insert(expr, Ty::DURATION);
                match u64::try_from(micros) {
                    Ok(micros) if micros > 0 && micros <= DURATION_US_MAX => Some(micros),
                    Ok(0) => {
                        self.report(
                            Diagnostic::new(&codes::F0803, span, format!("{what} of zero"))
                                .help("write a duration longer than zero, such as `2s`"),
                        );
                        None
                    }
                    _ => {
                        self.report(
                            Diagnostic::new(&codes::F0803, span, format!("{what} of more than ten years"))
                                .help("write a shorter duration"),
                        );
                        None
                    }
                }
            }
            ExprKind::Unary { .. } => {
                self.report(
                    Diagnostic::new(&codes::F0803, span, format!("{what} that is negative"))
                        .help("write a duration longer than zero, such as `2s`"),
                );
                None
            }
            ExprKind::Int(number) => {
                self.report(
                    Diagnostic::new(&codes::F0301, span, "expected `duration`, found `int`")
                        .help(format!("give it a unit: `{number}s`"))
                        .edit("write seconds", span, format!("{number}s")),
                );
                None
            }
            _ => {
                self.report(
                    Diagnostic::new(&codes::F0001, span, format!("{what} that is computed is not built yet"))
                        .help("write a duration, such as `2s`"),
                );
                None
            }
        }
    }
}
