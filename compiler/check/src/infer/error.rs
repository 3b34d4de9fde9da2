//! Errors as values, failing, and small effects.

use flow_diagnostics::{Change, Diagnostic, Edit, codes};
use flow_hir::{Argument, ErrorRef, ExprId, ExprKind, Recorded, TemplatePart};
use flow_source::Span;

use super::{Infer, Place, Reason, Want};
use crate::types::{Ty, TyKind};

impl Infer<'_, '_> {
    /// `Declined { reason: "…" }`.
    pub(crate) fn error_value(&mut self, error: ErrorRef, name: Span, fields: ExprId) -> Ty {
        if let ErrorRef::Builtin(_) = error {
            self.any(fields);
            let error = self.checker.error_name(error);
            self.checker.report(
                Diagnostic::new(&codes::F0613, name, format!("`{error}` is raised by the language alone"))
                    .label("no program makes one")
                    .help(format!(
                        "declare an error of your own; one that was caught is raised again: `catch {error} as e \
                         {{ fail e }}`"
                    )),
            );
            return Ty::ERROR;
        }
        let record = self.checker.error_record(error);
        let text = format!("fields of `{}`", self.checker.error_name(error));
        let reason = Reason { span: name, text };
        self.check(fields, record, Some(&reason));
        self.checker.typed.types.intern(TyKind::ErrorValue(error))
    }

    /// `fail error because cause`.
    pub(super) fn fail(&mut self, span: Span, error: ExprId, because: Option<ExprId>) -> Ty {
        self.effect(span, "`fail`");
        let ty = self.any(error);
        self.must_be_error(error, ty, "fail");
        if let Some(because) = because {
            let ty = self.any(because);
            self.must_be_error(because, ty, "because");
        }
        Ty::NEVER
    }

    fn must_be_error(&mut self, expr: ExprId, ty: Ty, word: &str) {
        let kind = self.checker.typed.types.structure(ty);
        if matches!(&*kind, TyKind::ErrorValue(_) | TyKind::AnyError | TyKind::Error | TyKind::Never) {
            return;
        }
        let words = self.checker.words(ty);
        let span = self.checker.span(expr);
        self.checker.report(
            Diagnostic::new(&codes::F0607, span, format!("`{word}` takes an error, found `{words}`"))
                .help("declare one: `error Name { reason: string }`, then `fail Name { reason: \"…\" }`"),
        );
    }

    /// `now()` and its neighbours.
    pub(super) fn recorded(&mut self, span: Span, what: Recorded, arguments: &[Argument]) -> Ty {
        let (name, ty, arguments_max) = match what {
            Recorded::Now => ("now", Ty::TIMESTAMP, 0),
            Recorded::Today => ("today", Ty::DATE, 1),
            Recorded::Uuid => ("uuid", Ty::UUID, 0),
            Recorded::Random => ("random", Ty::FLOAT, 0),
        };
        if self.place != Place::Start {
            self.effect(span, &format!("`{name}()`"));
        }
        for (index, argument) in arguments.iter().enumerate() {
            if index < arguments_max {
                self.check(argument.value, Ty::STRING, None);
                if let ExprKind::String(zone) = self.checker.kind(argument.value) {
                    let at = self.checker.span(argument.value);
                    self.checker.check_zone(zone, at, None);
                }
            } else {
                self.any(argument.value);
                let span = self.checker.span(argument.value);
                self.checker.report(Diagnostic::new(
                    &codes::F0305,
                    span,
                    format!("`{name}()` takes no such argument"),
                ));
            }
        }
        ty
    }

    /// `sleep 5m`, `sleep until t`.
    pub(super) fn sleep(&mut self, span: Span, duration: ExprId, until: bool) -> Ty {
        self.effect(span, "`sleep`");
        self.check(duration, if until { Ty::TIMESTAMP } else { Ty::DURATION }, None);
        Ty::NULL
    }

    /// `log "text"`.
    pub(super) fn log(&mut self, span: Span, message: ExprId) -> Ty {
        self.effect(span, "`log`");
        let found = self.expr(message, Want::Type(Ty::STRING, None));
        if super::mismatch::holds_secret(self.checker, found) {
            self.secret_shown(message, "a log");
        } else {
            self.fit(message, found, Ty::STRING, None);
        }
        Ty::NULL
    }

    /// The edit that leaves the one secret out of a text, with the words that lead up to it where it is the last
    /// value.
    fn leave_out_secret(&self, value: ExprId) -> Option<Edit> {
        let ExprKind::Template(parts) = &self.checker.program.exprs[value].kind else { return None };
        let values: Vec<ExprId> = parts
            .iter()
            .filter_map(|part| match part {
                TemplatePart::Expr(expr) => Some(*expr),
                TemplatePart::Text(_) => None,
            })
            .collect();
        let is_secret = |expr: &ExprId| super::holds_secret(self.checker, self.checker.typed.ty(*expr));
        let at = values.iter().position(is_secret)?;
        if values.iter().skip(at + 1).any(is_secret) {
            return None;
        }
        let span = |index: usize| values.get(index).map(|expr| self.checker.program.whole_span(*expr));
        let secret = span(at)?;
        // From the end of the value before to its own: the brace that closes it closes the other.
        let gap = match at.checked_sub(1).and_then(span) {
            Some(before) => Span::new(secret.file, before.end, secret.end),
            None => Span::new(secret.file, secret.start, span(1)?.start),
        };
        Some(Edit::guess("leave the secret out", vec![Change::remove(gap)]))
    }

    /// A secret where everybody sees it.
    pub(super) fn secret_shown(&mut self, value: ExprId, place: &str) {
        let edit = self.leave_out_secret(value);
        let span = self.checker.span(value);
        self.checker.report(
            Diagnostic::new(&codes::F0701, span, format!("a secret cannot flow into {place}"))
                .help("a secret may flow into `auth`, headers and request bodies of an API alone")
                .mend(edit),
        );
    }
}
