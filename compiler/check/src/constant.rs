//! Constants: durations and numbers that must be known before running.

use flow_diagnostics::{Change, Diagnostic, Edit, codes};
use flow_hir::{ExprId, ExprKind};

use crate::checker::Checker;
use crate::mend;
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
                let written = mend::with_units(number);
                let written = written.join("`, `");
                let mut diagnostic = Diagnostic::new(&codes::F0301, span, "expected `duration`, found `int`");
                if !written.is_empty() {
                    diagnostic = diagnostic.help(format!("give it a unit: `{written}`"));
                }
                self.report(diagnostic.mend(mend::give_unit(number, span)));
                None
            }
            ExprKind::String(ref text) => {
                let edit = unquoted(text, Ty::DURATION).map(|written| {
                    Edit::new(format!("write `{written}`"), vec![Change::replace(span, written)])
                });
                self.report(
                    Diagnostic::new(&codes::F0301, span, "expected `duration`, found `string`")
                        .help("a duration has no quotes: write `2s`, `5m`, `250ms`")
                        .mend(edit),
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

/// A time in a text as the language writes it without quotes: `5s` for `"5s"`, `"5 seconds"` or `"PT5S"`.
pub(crate) fn unquoted(text: &str, wanted: Ty) -> Option<String> {
    match wanted {
        Ty::DURATION => {
            let span: jiff::Span = text.parse().ok()?;
            let duration = span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).ok()?;
            let micros = u64::try_from(duration.as_micros()).ok().filter(|micros| *micros > 0)?;
            let written = crate::rules::duration_words(micros);
            // Of some durations words leave small parts out.
            let again: Option<jiff::Span> = written.parse().ok();
            let again = again?.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).ok()?;
            (again == duration).then_some(written)
        }
        Ty::DATE => {
            text.parse::<jiff::civil::Date>().ok().filter(|_| text.len() == 10).map(|_| format!("@{text}"))
        }
        Ty::TIMESTAMP => {
            let is_moment =
                text.parse::<jiff::Timestamp>().is_ok() && text.ends_with('Z') && text.contains('T');
            is_moment.then(|| format!("@{text}"))
        }
        _ => None,
    }
}
