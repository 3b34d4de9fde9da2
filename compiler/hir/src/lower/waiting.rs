//! What waits: signals, `receive`, callbacks, `poll`.

use std::sync::Arc;

use flow_diagnostics::{Diagnostic, codes};
use flow_source::Span;
use flow_syntax::ast::{self, AstNode};
use rustc_hash::FxHashMap;

use super::Lowerer;
use crate::{
    ExprId, ExprKind, LocalId, LocalKind, Name, ReceiveSource, Signal, SignalId, TestStepKind, TypeRef,
    TypeRefKind,
};

impl Lowerer {
    /// The signals at the top of a workflow: they are known everywhere in it.
    pub(super) fn lower_signals(&mut self, body: Option<ast::Block>) -> Vec<SignalId> {
        let mut names: FxHashMap<Arc<str>, SignalId> = FxHashMap::default();
        let mut signals = Vec::new();
        for statement in body.iter().flat_map(ast::Block::statements) {
            let ast::Statement::SignalDecl(decl) = statement else { continue };
            let signal = self.lower_signal(&decl);
            if let Some(first) = names.get(&signal.name.text) {
                let first = self.program.signals[*first].name.span;
                self.report(
                    Diagnostic::new(
                        &codes::F0209,
                        signal.name.span,
                        format!("two signals are named `{}`", signal.name.text),
                    )
                    .also(first, "the first one"),
                );
                continue;
            }
            let name = Arc::clone(&signal.name.text);
            let id = self.program.signals.push(signal);
            names.insert(name, id);
            signals.push(id);
        }
        self.signals = Some(names);
        signals
    }

    fn lower_signal(&mut self, decl: &ast::SignalDecl) -> Signal {
        let span = self.span(decl);
        let name = self.name(decl.name(), span);
        let (fields, at) = match decl.record() {
            Some(record) => (self.lower_fields(&record), self.span(&record)),
            None => (Vec::new(), span),
        };
        let mut drops_early = false;
        for property in self.properties(decl.early().into_iter()) {
            if property.name != "early" {
                self.unknown_property(&property, "`signal`", &["early"], &[]);
            } else if Self::word(&property.value).as_deref() == Some("drop") {
                drops_early = true;
            } else {
                self.report(
                    Diagnostic::new(&codes::F0404, property.span, "`early` takes `drop`")
                        .help("leave it out: then early signals are kept"),
                );
            }
        }
        let ty = TypeRef { kind: TypeRefKind::Record(fields), span: at };
        Signal { name, docs: ast::docs(decl.syntax()), ty, drops_early, span }
    }

    /// A signal stands at the top of a workflow; there it has been lowered.
    pub(super) fn check_signal_place(&mut self, decl: &ast::SignalDecl) {
        if self.signals.is_none() || self.scopes.len() != SCOPES_AT_TOP {
            let at = self.keyword_span(decl.syntax());
            self.report(
                Diagnostic::new(&codes::F0404, at, "a signal is declared at the top of a workflow")
                    .help("move it there: it is known everywhere in the workflow"),
            );
        }
    }

    /// `receive approve if cond within 24h`.
    pub(super) fn lower_receive(&mut self, receive: &ast::ReceiveExpr, span: Span) -> ExprId {
        let source = receive.source();
        let name = source.as_ref().map_or(span, |source| self.span(source));
        let source = match source {
            Some(source) => self.receive_source(source.text(), name),
            None => ReceiveSource::Missing,
        };
        let within = receive.within().and_then(|within| within.duration());
        let within = within.map(|within| self.lower_expr(&within));
        let guard = receive.guard().and_then(|guard| guard.condition());
        if let (ReceiveSource::Callback(_), Some(guard)) = (source, &guard) {
            let at = self.span(guard);
            self.report(
                Diagnostic::new(&codes::F0404, at, "the answer of a callback has no condition")
                    .help("the first valid answer is kept: look at it after the `receive`"),
            );
        }
        let (it, guard) = self.with_it(span, |lowerer| guard.map(|guard| lowerer.lower_expr(&guard)));
        self.push(ExprKind::Receive { source, name, it, guard, within }, span)
    }

    /// A value of that name is a callback; otherwise it is a signal of the workflow.
    fn receive_source(&mut self, text: &str, span: Span) -> ReceiveSource {
        if text.is_empty() {
            return ReceiveSource::Missing;
        }
        if let Some(local) = self.find_local(text) {
            return ReceiveSource::Callback(self.push(ExprKind::Local(local), span));
        }
        let found = self.signals.as_ref().and_then(|signals| signals.get(text).copied());
        if let Some(signal) = found {
            return ReceiveSource::Signal(signal);
        }
        let known: Vec<String> =
            self.signals.iter().flat_map(FxHashMap::keys).map(ToString::to_string).collect();
        let otherwise = format!("declare it in the workflow: `signal {text} {{ … }}`");
        self.unknown(&codes::F0201, "signal or callback", text, span, known, &otherwise);
        ReceiveSource::Missing
    }

    /// `callback<T>()`.
    pub(super) fn lower_callback(&mut self, callback: &ast::CallbackExpr, span: Span) -> ExprId {
        let ty = self.lower_type(callback.ty(), span);
        self.push(ExprKind::Callback { ty }, span)
    }

    /// `poll every 2s within 5m { expr } until cond`.
    pub(super) fn lower_poll(&mut self, poll: &ast::PollExpr, span: Span) -> ExprId {
        let keyword = self.keyword_span(poll.syntax());
        let within = poll.within().and_then(|within| within.duration());
        let within = within.map(|within| self.lower_expr(&within));
        let every = self.lower_optional_expr(poll.every(), span);
        let body = self.lower_optional_block(poll.body(), span);
        let (it, until) = self.with_it(span, |lowerer| lowerer.lower_optional_expr(poll.until(), span));
        self.push(ExprKind::Poll { every, within, body, it, until, keyword }, span)
    }

    /// Lowers something in which `it` is a value.
    fn with_it<T>(&mut self, span: Span, work: impl FnOnce(&mut Self) -> T) -> (LocalId, T) {
        self.scoped(|lowerer| {
            let it = lowerer.bind(Name { text: Arc::from("it"), span }, LocalKind::Where);
            let made = work(lowerer);
            (it, made)
        })
    }

    /// `send run.approve({ … })`.
    pub(super) fn lower_send(&mut self, send: &ast::SendStatement, span: Span) -> Option<TestStepKind> {
        let call = send.call()?;
        let form = || {
            Diagnostic::new(
                &codes::F0904,
                span,
                "`send` takes an execution, a signal or callback, and what is sent",
            )
            .help("write `send run.signal({ … })`")
        };
        let ast::Expr::CallExpr(call) = call else {
            self.report(form());
            return None;
        };
        let Some(ast::Expr::FieldExpr(field)) = call.callee() else {
            self.report(form());
            return None;
        };
        let run = self.lower_run(field.base())?;
        let target = field.field().map(|field| self.named(&field))?;
        let arguments = self.lower_arguments(&call);
        let value = match arguments.as_slice() {
            [one] if one.name.is_none() => one.value,
            [] => self.push(ExprKind::Record(Vec::new()), span),
            _ => {
                self.report(form());
                return None;
            }
        };
        Some(TestStepKind::Send { run, target, value })
    }
}

/// The scopes that are open at the top of a workflow: its parameters', and its body's.
const SCOPES_AT_TOP: usize = 2;
