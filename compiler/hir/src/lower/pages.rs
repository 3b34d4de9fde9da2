//! Pages: `paginate` of an operation, and `for x in api.operation.all(…)`.

use std::sync::Arc;

use flow_diagnostics::{Diagnostic, codes};
use flow_source::Span;
use flow_syntax::ast;

use super::Lowerer;
use super::property::Property;
use crate::{ExprId, ExprKind, Name, Paginate, Spanned};

/// The forms of `paginate`.
const FORMS: &str = "`cursor { from: next, to: cursor, items: items }`, `offset { limit, offset }` or `link`";

/// What an operation has after it.
const ALL: &str = "all";

impl Lowerer {
    /// `cursor { … }`, `offset { … }`, `link`, `link { … }`.
    pub(super) fn lower_paginate(&mut self, property: &Property) -> Option<Spanned<Paginate>> {
        let span = property.span;
        let (word, record) = match &property.value {
            ast::Expr::ConstructorExpr(constructor) => {
                (constructor.callee().as_ref().and_then(Self::word).unwrap_or_default(), constructor.record())
            }
            other => (Self::word(other).unwrap_or_default(), None),
        };
        let known: &[&str] = match (word.as_str(), &record) {
            ("cursor", Some(_)) => &["from", "to", "items"],
            ("offset", Some(_)) => &["limit", "offset", "items"],
            ("link", _) => &["items"],
            _ => {
                self.wrong_value(span, "paginate", FORMS);
                return None;
            }
        };
        let mut settings = Vec::new();
        for entry in record.iter().flat_map(ast::RecordExpr::entries) {
            settings.push(self.page_setting(entry, &word, known)?);
        }
        let path =
            |name: &str| settings.iter().find(|(known, _)| known == name).map(|(_, path)| path.clone());
        let items = path("items");
        let value = match word.as_str() {
            "cursor" => {
                let (from, to) = (path("from"), path("to"));
                let (Some(from), Some(to)) = (from, to) else {
                    return self.page_setting_missing(span, &word, "`from` and `to`");
                };
                Paginate::Cursor { from, to: self.parameter_name(to)?, items }
            }
            "offset" => {
                let (Some(limit), Some(offset)) = (path("limit"), path("offset")) else {
                    return self.page_setting_missing(span, &word, "`limit` and `offset`");
                };
                let (limit, offset) = (self.parameter_name(limit)?, self.parameter_name(offset)?);
                Paginate::Offset { limit, offset, items }
            }
            _ => Paginate::Link { items },
        };
        Some(Spanned { value, span })
    }

    /// `from: meta.next`, and `limit` for `limit: limit`.
    fn page_setting(
        &mut self,
        entry: ast::RecordEntry,
        word: &str,
        known: &[&str],
    ) -> Option<(String, Vec<Name>)> {
        let at = self.span(&entry);
        let ast::RecordEntry::RecordField(field) = entry else {
            self.wrong_value(at, "paginate", FORMS);
            return None;
        };
        let key = field.key()?;
        let (name, name_span) = (key.text().unwrap_or_default(), self.span(&key));
        if !known.contains(&name.as_str()) {
            let all = known.iter().copied();
            let message = format!("`{word}` has no `{name}`");
            let diagnostic = Diagnostic::new(&codes::F0403, name_span, message);
            self.report(match flow_diagnostics::nearest(&name, all) {
                Some(near) => diagnostic.did_you_mean(name_span, near),
                None => diagnostic.help(format!("write it as one of {FORMS}")),
            });
            return None;
        }
        let Some(value) = field.value() else {
            return Some((name.clone(), vec![Name { text: Arc::from(name), span: name_span }]));
        };
        match self.field_path(&value) {
            Some(path) => Some((name, path)),
            None => {
                let at = self.span(&value);
                self.wrong_value(at, &name, "a name, or the way to a field: `meta.next`");
                None
            }
        }
    }

    fn page_setting_missing(&mut self, span: Span, word: &str, what: &str) -> Option<Spanned<Paginate>> {
        self.report(
            Diagnostic::new(&codes::F0406, span, format!("`{word}` takes {what}"))
                .help(format!("write it as one of {FORMS}")),
        );
        None
    }

    /// The one name that a path consists of.
    fn parameter_name(&mut self, path: Vec<Name>) -> Option<Name> {
        match <[Name; 1]>::try_from(path) {
            Ok([name]) => Some(name),
            Err(path) => {
                let span = path.first().zip(path.last()).map(|(first, last)| first.span.to(last.span))?;
                self.wrong_value(span, "paginate", "the name of a parameter here");
                None
            }
        }
    }

    /// What a `for` goes over, and where `all` stands if that is the pages of an operation.
    pub(super) fn lower_iterable(
        &mut self,
        iterable: Option<ast::Expr>,
        owner: Span,
    ) -> (ExprId, Option<Span>) {
        let (call, with) = match &iterable {
            Some(ast::Expr::WithExpr(with)) => (with.call(), Some(with)),
            other => (other.clone(), None),
        };
        if let Some(ast::Expr::CallExpr(call)) = call
            && let Some(ast::Expr::FieldExpr(field)) = call.callee()
            && let Some(operation) = self.operation_under(&field)
        {
            let span = self.span(&call);
            let Some(all) = self.all_of(&field) else { return (self.missing(span), None) };
            let made = self.lower_pages(&operation, &call, span);
            if let Some(with) = with {
                let span = self.span(with);
                self.lower_options(made, with, span);
            }
            let pages = matches!(self.program.exprs[made].kind, ExprKind::CallOperation { .. });
            return (made, pages.then_some(all));
        }
        (self.lower_optional_expr(iterable, owner), None)
    }

    /// The operation that a field stands after: `api.operation` of `api.operation.all`.
    pub(super) fn operation_under(&self, field: &ast::FieldExpr) -> Option<ast::Expr> {
        let base = field.base()?;
        let ast::Expr::FieldExpr(operation) = &base else { return None };
        let Some(ast::Expr::NameExpr(api)) = operation.base() else { return None };
        (self.find_local(api.text()).is_none() && self.is_api(api.text())).then_some(base)
    }

    /// The place of `all`; anything else that stands there is an error.
    fn all_of(&mut self, field: &ast::FieldExpr) -> Option<Span> {
        let name = field.field()?;
        let span = self.span(&name);
        if name.text() == ALL {
            return Some(span);
        }
        let message = format!("an operation has no method `{}`", name.text());
        let diagnostic = Diagnostic::new(&codes::F0304, span, message);
        self.report(match flow_diagnostics::nearest(name.text(), [ALL]) {
            Some(near) => diagnostic.did_you_mean(span, near),
            None => {
                diagnostic.help("call it, `api.operation(…)`, or go over its pages: `api.operation.all(…)`")
            }
        });
        None
    }

    fn lower_pages(&mut self, callee: &ast::Expr, call: &ast::CallExpr, span: Span) -> ExprId {
        let operation = self.operation_of(callee);
        let callee = self.span(callee);
        let arguments = self.lower_arguments(call);
        match operation {
            Some((operation, _)) => self.push(
                ExprKind::CallOperation { operation, callee, arguments, options: None, compensation: None },
                span,
            ),
            None => self.missing(span),
        }
    }

    /// `api.operation.all(…)` where no `for` goes over it.
    pub(super) fn lower_stray_pages(
        &mut self,
        field: &ast::FieldExpr,
        operation: &ast::Expr,
        call: &ast::CallExpr,
        span: Span,
    ) -> ExprId {
        if let Some(all) = self.all_of(field) {
            self.not_built_at(
                all,
                "`all` outside of the head of a `for`",
                "go over it, `for x in api.operation.all() { … }`, and collect there what you need",
            );
        }
        self.operation_of(operation);
        self.lower_arguments(call);
        self.missing(span)
    }
}
