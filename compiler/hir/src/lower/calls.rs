//! Calls: of operations, workflows, functions and methods; their options and compensation.

use std::sync::Arc;

use flow_diagnostics::{Change, Diagnostic, Edit, codes};
use flow_source::Span;
use flow_syntax::ast::{self, AstNode};

use super::Lowerer;
use super::resolve::RECORDED;
use crate::scope::Symbol;
use crate::{
    Argument, CallOptions, Compensation, CompensationKind, ExprId, ExprKind, LocalKind, Name, Recorded,
};

/// What stands after `with`.
const OPTIONS: [&str; 2] = ["timeout", "retry"];

impl Lowerer {
    /// The arguments of a call.
    pub(super) fn lower_arguments(&mut self, call: &ast::CallExpr) -> Vec<Argument> {
        let mut named: Option<Span> = None;
        let mut arguments = Vec::new();
        for argument in call.arguments() {
            let span = self.span(&argument);
            let name = argument.name().map(|name| self.named(&name));
            match (&name, named) {
                (Some(name), _) => named = Some(name.span),
                (None, Some(first)) => self.report(
                    Diagnostic::new(
                        &codes::F0305,
                        span,
                        "an argument without a name stands after a named one",
                    )
                    .also(first, "named here")
                    .help("write positional arguments first"),
                ),
                (None, None) => {}
            }
            let value = self.lower_optional_expr(argument.value(), span);
            arguments.push(Argument { name, value });
        }
        arguments
    }

    /// `callee(arguments)`.
    pub(super) fn lower_call(&mut self, call: &ast::CallExpr, span: Span) -> ExprId {
        let Some(callee) = call.callee() else { return self.missing(span) };
        let callee_span = self.span(&callee);
        match &callee {
            ast::Expr::NameExpr(name) => self.lower_named_call(name, callee_span, call, span),
            ast::Expr::FieldExpr(field) => {
                if let Some(operation) = self.operation_under(field) {
                    return self.lower_stray_pages(field, &operation, call, span);
                }
                if let Some(ast::Expr::NameExpr(base)) = field.base()
                    && self.find_local(base.text()).is_none()
                    && base.keyword().is_none()
                {
                    let known = !self.declared(base.text()).is_empty();
                    if self.is_api(base.text()) || !known || base.version().is_some() {
                        return self.lower_operation_call(&callee, callee_span, call, span);
                    }
                }
                self.lower_method_call(field, call, span)
            }
            other => {
                self.lower_expr(other);
                self.lower_arguments(call);
                self.report(Diagnostic::new(
                    &codes::F0215,
                    callee_span,
                    "this is not something that can be called",
                ));
                self.missing(span)
            }
        }
    }

    /// `api.operation(arguments)`. The base is an API, or a name that is not known at all.
    fn lower_operation_call(
        &mut self,
        callee: &ast::Expr,
        callee_span: Span,
        call: &ast::CallExpr,
        span: Span,
    ) -> ExprId {
        let base = match callee {
            ast::Expr::FieldExpr(field) => match field.base() {
                Some(ast::Expr::NameExpr(base)) => Some((base.text().to_owned(), self.span(&base))),
                _ => None,
            },
            _ => None,
        };
        if let Some((text, at)) = base
            && !self.is_api(&text)
        {
            // It may be meant as a value or as an API: both are offered.
            let known: Vec<String> = self
                .declared_names(|symbol| matches!(symbol, Symbol::Api(..)))
                .into_iter()
                .chain(self.local_names())
                .map(str::to_owned)
                .collect();
            self.unknown(&codes::F0205, "api or value", &text, at, known, "");
            self.lower_arguments(call);
            return self.missing(span);
        }
        let operation = self.operation_of(callee);
        let arguments = self.lower_arguments(call);
        match operation {
            Some((operation, _)) => self.push(
                ExprKind::CallOperation {
                    operation,
                    callee: callee_span,
                    arguments,
                    options: None,
                    compensation: None,
                },
                span,
            ),
            None => self.missing(span),
        }
    }

    fn lower_method_call(&mut self, field: &ast::FieldExpr, call: &ast::CallExpr, span: Span) -> ExprId {
        let receiver = self.lower_optional_expr(field.base(), span);
        let Some(method) = field.field() else { return receiver };
        let method = self.named(&method);
        let arguments = self.lower_arguments(call);
        self.push(ExprKind::CallMethod { receiver, method, optional: field.is_optional(), arguments }, span)
    }

    fn lower_named_call(
        &mut self,
        name: &ast::NameExpr,
        callee: Span,
        call: &ast::CallExpr,
        span: Span,
    ) -> ExprId {
        let text = name.text().to_owned();
        let version = self.wanted_version(name.version());
        if version.is_none()
            && let Some(local) = self.find_local(&text)
        {
            let bound = self.program.locals[local].name.span;
            self.report(
                Diagnostic::new(&codes::F0215, callee, format!("`{text}` is a value, and cannot be called"))
                    .also(bound, "bound here"),
            );
            self.lower_arguments(call);
            return self.missing(span);
        }
        if let Some(api) = self.api
            && version.is_none()
            && !matches!(self.declared(&text).first(), Some(entry) if matches!(entry.symbol, Symbol::Function(_)))
        {
            return self.lower_sibling(api, &text, callee, call, span);
        }
        let entry = self.declared(&text).first().copied();
        match entry.map(|entry| entry.symbol) {
            Some(Symbol::Function(function)) => {
                let arguments = self.lower_arguments(call);
                self.push(ExprKind::CallFunction { function, callee, arguments }, span)
            }
            Some(Symbol::Workflow(..)) => {
                let workflow = self.find_workflow(&text, callee, version);
                let arguments = self.lower_arguments(call);
                match workflow {
                    Some(workflow) => self.push(
                        ExprKind::CallWorkflow {
                            workflow,
                            callee,
                            arguments,
                            compensation: None,
                            detached: false,
                        },
                        span,
                    ),
                    None => self.missing(span),
                }
            }
            Some(other) => {
                let help = match other {
                    Symbol::Api(..) => format!("name an operation: `{text}.operation(…)`"),
                    Symbol::Error(_) => format!("errors are made with braces: `{text} {{ … }}`"),
                    _ => String::new(),
                };
                let mut diagnostic = Diagnostic::new(
                    &codes::F0215,
                    callee,
                    format!("`{text}` is {}, and cannot be called", other.what()),
                )
                .also(entry.map_or(callee, |entry| entry.span), "declared here");
                if !help.is_empty() {
                    diagnostic = diagnostic.help(help);
                }
                self.report(diagnostic);
                self.lower_arguments(call);
                self.missing(span)
            }
            None => self.lower_language_call(&text, callee, call, span),
        }
    }

    /// `release(result.id)` in an `undo`: an operation of the same API.
    fn lower_sibling(
        &mut self,
        api: crate::ApiId,
        text: &str,
        callee: Span,
        call: &ast::CallExpr,
        span: Span,
    ) -> ExprId {
        let name = Name { text: Arc::from(text), span: callee };
        // Arguments see values alone: a call in them is not one of a sibling.
        let outer = self.api.take();
        let operation = self.find_operation(api, &name);
        let arguments = self.lower_arguments(call);
        self.api = outer;
        match operation {
            Some(operation) => self.push(
                ExprKind::CallOperation { operation, callee, arguments, options: None, compensation: None },
                span,
            ),
            None => self.missing(span),
        }
    }

    /// `now()` and its neighbours, or a name that is not known.
    fn lower_language_call(&mut self, text: &str, callee: Span, call: &ast::CallExpr, span: Span) -> ExprId {
        let arguments = self.lower_arguments(call);
        let what = match text {
            "now" => Recorded::Now,
            "today" => Recorded::Today,
            "uuid" => Recorded::Uuid,
            "random" => Recorded::Random,
            "print" | "println" | "printf" | "puts" | "echo" | "log" | "debug" | "warn" => {
                self.report(
                    Diagnostic::new(&codes::F0201, callee, format!("there is no function `{text}`"))
                        .help("write to the log with `log \"…\"`, values in braces: `log \"order {id}\"`")
                        .mend(self.logged(call, callee, span)),
                );
                return self.missing(span);
            }
            _ => {
                let known: Vec<String> = self
                    .declared_names(|symbol| matches!(symbol, Symbol::Function(_) | Symbol::Workflow(..)))
                    .into_iter()
                    .chain(RECORDED)
                    .map(str::to_owned)
                    .collect();
                self.unknown(&codes::F0201, "function or workflow", text, callee, known, "");
                return self.missing(span);
            }
        };
        self.push(ExprKind::Recorded { what, arguments }, span)
    }

    /// The edit that writes the one argument of a call to the log.
    fn logged(&self, call: &ast::CallExpr, callee: Span, span: Span) -> Option<Edit> {
        let mut arguments = call.arguments();
        let value = arguments.next()?.value()?;
        if arguments.next().is_some() {
            return None;
        }
        let is_text = matches!(&value, ast::Expr::StringLiteral(_));
        let value = self.span(&value);
        let (open, close) = if is_text { ("log ", "") } else { ("log \"{", "}\"") };
        Some(Edit::guess(
            "write it to the log",
            vec![
                Change::replace(Span::new(span.file, callee.start, value.start), open),
                Change::replace(Span::new(span.file, value.end, span.end), close),
            ],
        ))
    }

    /// `call(…) with { timeout: 1s, retry: none }`.
    pub(super) fn lower_with(&mut self, with: &ast::WithExpr, span: Span) -> ExprId {
        let call = self.lower_optional_expr(with.call(), span);
        self.lower_options(call, with, span);
        call
    }

    /// The options that stand after a call.
    pub(super) fn lower_options(&mut self, call: ExprId, with: &ast::WithExpr, span: Span) {
        let Some(record) = with.options() else { return };
        let record_span = self.span(&record);
        let mut options = CallOptions { timeout: None, retry: None, span: record_span };
        for entry in record.entries() {
            let at = self.span(&entry);
            let ast::RecordEntry::RecordField(field) = entry else {
                self.wrong(&codes::F0404, at, "options are written out".into());
                continue;
            };
            let (Some(key), Some(value)) = (field.key(), field.value()) else { continue };
            let name_span = self.span(&key);
            let name = key.text().unwrap_or_default();
            match name.as_str() {
                "timeout" => options.timeout = Some(self.lower_expr(&value)),
                "retry" => options.retry = self.lower_retry_ref(&value),
                _ => {
                    let property = super::property::Property { name, name_span, value, span: at };
                    self.unknown_property(&property, "`with`", &OPTIONS, &[]);
                }
            }
        }
        match &mut self.program.exprs[call].kind {
            ExprKind::CallOperation { options: slot, .. } => *slot = Some(options),
            ExprKind::Missing => {}
            _ => self.report(
                Diagnostic::new(&codes::F0404, record_span, "`with` stands after a call of an operation")
                    .help("leave it out"),
            ),
        }
        self.program.exprs[call].span = span;
    }

    /// `call compensate …`: replaces the undo of the call that the statement consists of.
    pub(super) fn lower_compensate(&mut self, call: ExprId, clause: Option<ast::CompensateClause>) {
        let Some(clause) = clause else { return };
        let span = self.span(&clause);
        let kind = if clause.is_none() {
            CompensationKind::None
        } else {
            let Some(body) = clause.body() else { return };
            self.scoped(|lowerer| {
                let at = lowerer.keyword_span(clause.syntax());
                let name = |text: &str| Name { text: Arc::from(text), span: at };
                let result = lowerer.bind(name("result"), LocalKind::Result);
                let cause = lowerer.bind(name("cause"), LocalKind::Cause);
                let body = lowerer.lower_expr(&body);
                CompensationKind::Run { result, cause, body }
            })
        };
        match &mut self.program.exprs[call].kind {
            ExprKind::CallOperation { compensation, .. }
            | ExprKind::CallWorkflow { compensation, detached: false, .. } => {
                *compensation = Some(Compensation { kind, span });
            }
            ExprKind::Missing => {}
            ExprKind::CallWorkflow { .. } => self.report(
                Diagnostic::new(&codes::F0610, span, "what is started is not waited for, and not undone")
                    .help("leave out `compensate …`, or leave out `start`"),
            ),
            _ => self.report(
                Diagnostic::new(
                    &codes::F0610,
                    span,
                    "`compensate` stands after one call of an operation or a workflow",
                )
                .help("make the call a statement of its own: `let x = api.operation(…) compensate …`"),
            ),
        }
    }
}
