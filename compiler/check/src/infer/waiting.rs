//! What waits, and what is shown meanwhile: `receive`, callbacks, `poll`, `report`.

use std::sync::Arc;

use flow_diagnostics::{Diagnostic, codes};
use flow_hir::{ExprId, ExprKind, LocalId, ReceiveSource, RecordItem, TypeRef, WorkflowId};
use flow_source::Span;

use super::{Infer, Place, Reason, Want, holds_secret, plain_field};
use crate::checker::Checker;
use crate::types::{RecordField, Ty, TyKind};

impl Infer<'_, '_> {
    /// `receive approve if cond within 24h`.
    pub(super) fn receive(
        &mut self,
        span: Span,
        source: ReceiveSource,
        name: Span,
        it: LocalId,
        guard: Option<ExprId>,
        within: Option<ExprId>,
    ) -> Ty {
        self.effect(span, "`receive`");
        if let Some(within) = within {
            self.check(within, Ty::DURATION, None);
        }
        let sent = match source {
            ReceiveSource::Missing => Ty::ERROR,
            ReceiveSource::Signal(signal) => {
                self.checker.typed.signals.get(signal).copied().unwrap_or(Ty::ERROR)
            }
            ReceiveSource::Callback(callback) => self.answer_of(callback, name),
        };
        self.bind(it, sent);
        if let Some(guard) = guard {
            self.at(Place::Pure("the condition of a `receive`"), |infer| infer.check(guard, Ty::BOOL, None));
        }
        sent
    }

    /// The type of a callback's answer.
    fn answer_of(&mut self, callback: ExprId, name: Span) -> Ty {
        let ty = self.any(callback);
        match *self.checker.typed.types.structure(ty) {
            TyKind::Callback(answer) => answer,
            TyKind::Error | TyKind::Never => Ty::ERROR,
            _ => {
                let words = self.checker.words(ty);
                self.checker.report(
                    Diagnostic::new(
                        &codes::F0301,
                        name,
                        format!("`receive` waits for a signal or a callback, found `{words}`"),
                    )
                    .help("make a callback: `let cb = callback<T>()`"),
                );
                Ty::ERROR
            }
        }
    }

    /// `callback<T>()`.
    pub(super) fn callback(&mut self, span: Span, ty: &TypeRef) -> Ty {
        self.effect(span, "`callback`");
        let answer = self.type_of(ty);
        self.checker.typed.types.intern(TyKind::Callback(answer))
    }

    /// `poll every 2s within 5m { expr } until cond`: the last value.
    pub(super) fn poll(
        &mut self,
        every: ExprId,
        within: Option<ExprId>,
        body: ExprId,
        it: LocalId,
        until: ExprId,
        keyword: Span,
    ) -> Ty {
        self.effect(keyword, "`poll`");
        if let Some(within) = within {
            self.check(within, Ty::DURATION, None);
        }
        // Not to wait at all would be to ask without end.
        self.checker.duration(every, "a time between two questions");
        self.forget_assigned(body);
        // `break` and `continue` are for loops that are written as such.
        let loops = std::mem::take(&mut self.loops);
        let ty = self.any(body);
        self.loops = loops;
        self.bind(it, ty);
        self.at(Place::Pure("the condition of a `poll`"), |infer| infer.check(until, Ty::BOOL, None));
        ty
    }

    /// `report { … }`: its fields are those of all reports of the workflow.
    pub(super) fn report_value(&mut self, span: Span, value: ExprId) -> Ty {
        self.effect(span, "`report`");
        let ty = self.expr(value, Want::Any);
        if holds_secret(self.checker, ty) {
            self.secret_shown(value, "a report");
            return Ty::NULL;
        }
        if !matches!(*self.checker.typed.types.structure(ty), TyKind::Record(_)) {
            if ty != Ty::ERROR {
                let words = self.checker.words(ty);
                let span = self.checker.span(value);
                self.checker.report(
                    Diagnostic::new(&codes::F0301, span, format!("`report` takes a record, found `{words}`"))
                        .help("name what is reported: `report { stage: \"…\" }`"),
                );
            }
            return Ty::NULL;
        }
        let program = self.checker.program;
        let ExprKind::Record(items) = &program.exprs[value].kind else { return Ty::NULL };
        for item in items {
            match item {
                RecordItem::Field { name, value } => self.report_field(&name.text, *value),
                RecordItem::Spread(spread) => {
                    let span = self.checker.span(*spread);
                    self.checker.report(
                        Diagnostic::new(&codes::F0404, span, "the fields of a report are written out")
                            .help("name what is reported: `report { stage: x.stage }`"),
                    );
                }
            }
        }
        Ty::NULL
    }

    fn report_field(&mut self, name: &Arc<str>, value: ExprId) {
        let found = self.checker.typed.ty(value);
        let plain = self.checker.typed.types.without_null(found);
        if plain == Ty::ERROR || plain == Ty::NEVER {
            return;
        }
        let known = self.checker.reported.iter().find(|(known, ..)| known == name);
        let (declared, first) = match known {
            Some((_, ty, span)) => (*ty, Some(*span)),
            // Null alone says nothing of what it stands for.
            None if plain == Ty::NULL => return,
            None => (plain, None),
        };
        let due = self.checker.typed.types.optional(declared);
        let reason =
            first.map(|span| Reason { span, text: "the reports of a workflow have the same fields".into() });
        self.fit(value, found, due, reason.as_ref());
        if first.is_none() {
            let span = self.checker.span(value);
            self.checker.reported.push((Arc::clone(name), declared, span));
        }
    }
}

impl Checker<'_> {
    /// All reports of a workflow are known.
    pub(crate) fn close_reports(&mut self, id: WorkflowId) {
        let fields: Vec<RecordField> = std::mem::take(&mut self.reported)
            .into_iter()
            .map(|(name, ty, _)| RecordField { optional: true, ..plain_field(&name, ty) })
            .collect();
        // A workflow that reports nothing has no entry; one that reports `{ }` has an empty one.
        let record = self.typed.types.record(fields);
        self.typed.reports.insert(id, record);
    }
}
