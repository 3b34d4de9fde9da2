//! Operations of APIs.

use std::sync::Arc;

use flow_diagnostics::{Change, Diagnostic, Edit, codes, nearest};
use flow_source::Span;
use flow_syntax::ast::{self, AstNode};

use super::Lowerer;
use super::property::Property;
use super::unread::unread_result;
use crate::limits;
use crate::{
    ApiId, Auth, ErrorRef, ExprId, LocalKind, Name, Operation, OperationParam, ParamPlace, PathPart, Raise,
    ResponseForm, Spanned, TypeRefKind, UndoCall, UndoClause,
};

/// The properties of an operation that are built.
const KNOWN: [&str; 21] = [
    "auth",
    "headers",
    "accept",
    "content",
    "connect_timeout",
    "sunset",
    "cache",
    "redirects",
    "timeout",
    "retry",
    "rate",
    "concurrency",
    "idempotency",
    "raises",
    "undo",
    "done",
    "confirm",
    "unknown_on",
    "absent",
    "paginate",
    "deprecated",
];

/// Those that are not, and what to do instead.
const LATER: [(&str, &str); 2] = [
    ("async", "ask for the state in a `while` loop"),
    ("conditional", "declare a `header` parameter for the tag"),
];

impl Lowerer {
    pub(super) fn lower_operation(&mut self, api: ApiId, decl: &ast::Operation) -> Operation {
        let span = self.span(decl);
        let name = self.name(decl.name(), span);
        let method = Spanned { value: Self::method(decl.method()), span: self.keyword_span_after_docs(decl) };
        let head_end = decl.block().map_or(span.end, |block| self.span(&block).start);
        self.apart(|lowerer| {
            let params = lowerer.lower_operation_params(decl);
            let (path, path_text) = lowerer.lower_path(decl, &params, span);
            let params = place_params(params, &path);
            lowerer.check_bodies(&params);
            let response = decl.response().map(|response| lowerer.lower_response(response, span));
            let (response, response_form) = match response {
                Some((ty, form)) => (Some(ty), form),
                None => (unread_result(decl.syntax(), span), ResponseForm::Body),
            };
            let mut operation = Operation {
                api,
                name,
                docs: ast::docs(decl.syntax()),
                method,
                path,
                path_text,
                params,
                response,
                response_form,
                auth: None,
                timeout: None,
                retry: None,
                rate: None,
                concurrency: None,
                idempotency: None,
                raises: Vec::new(),
                undo: None,
                done: None,
                confirm: None,
                unknown_on: None,
                absent: None,
                paginate: None,
                headers: Vec::new(),
                connect_timeout: None,
                accept: None,
                content: None,
                deprecated: None,
                sunset: None,
                head: Span::new(span.file, span.start, head_end),
                span,
            };
            for property in lowerer.properties(decl.properties()) {
                lowerer.lower_operation_property(&mut operation, &property);
            }
            lowerer.place_credentials(&mut operation);
            operation
        })
    }

    fn keyword_span_after_docs(&self, decl: &ast::Operation) -> Span {
        self.keyword_span(decl.syntax())
    }

    fn lower_operation_property(&mut self, operation: &mut Operation, property: &Property) {
        let value = &property.value;
        match property.name.as_str() {
            "timeout" => operation.timeout = Some(self.lower_expr(value)),
            "connect_timeout" => operation.connect_timeout = Some(self.lower_expr(value)),
            "auth" => operation.auth = self.lower_auth(property),
            "headers" => operation.headers = self.lower_headers(property),
            "accept" => operation.accept = self.lower_media_type(property, false),
            "content" => operation.content = self.lower_media_type(property, true),
            "sunset" => operation.sunset = self.lower_sunset(property),
            "cache" => self.only(property, "none", "an operation", "leave it out: nothing is cached"),
            "redirects" => {
                self.only(property, "none", "an operation", "leave it out: redirects are not followed");
            }
            "retry" => operation.retry = self.lower_retry_ref(value),
            "rate" => operation.rate = self.lower_rate(property),
            "concurrency" => operation.concurrency = self.whole(value, "concurrency"),
            "idempotency" => operation.idempotency = self.lower_idempotency(property),
            "raises" => operation.raises = self.lower_raises(property),
            "undo" => operation.undo = self.lower_undo(operation.api, property),
            "done" => operation.done = self.statuses(value, "done"),
            "confirm" => {
                let call = self.lower_sibling_call(operation.api, value);
                operation.confirm = Some(UndoCall { result: None, cause: None, call, span: property.span });
            }
            "unknown_on" => operation.unknown_on = self.statuses(value, "unknown_on"),
            "absent" => operation.absent = self.statuses(value, "absent"),
            "paginate" => operation.paginate = self.lower_paginate(property),
            "deprecated" => operation.deprecated = self.text(value, "deprecated"),
            _ => self.unknown_property(property, "an operation", &KNOWN, &LATER),
        }
    }

    /// Parameters; those that stand in the path are found out later and are query parameters until then.
    fn lower_operation_params(&mut self, decl: &ast::Operation) -> Vec<OperationParam> {
        if let Some(list) = decl.parameters() {
            self.is_over(&limits::PARAMETERS, list.parameters().count(), self.span(&list));
        }
        let mut params = Vec::new();
        for param in decl.parameters().iter().flat_map(ast::ParameterList::parameters) {
            let span = self.span(&param);
            let name = self.name(param.name(), span);
            let mut ty = self.lower_type(param.ty(), span);
            if param.is_optional() {
                let at = ty.span;
                ty = crate::TypeRef { kind: crate::TypeRefKind::Optional(Box::new(ty)), span: at };
            }
            let wire: Arc<str> = param
                .wire_name()
                .and_then(|wire| wire.text())
                .map_or_else(|| Arc::clone(&name.text), Arc::from);
            let place = match param.place() {
                Some(ast::ParameterPlace::Body) => ParamPlace::Body,
                Some(ast::ParameterPlace::Header) => {
                    let at = param.wire_name().map_or(name.span, |wire| self.span(&wire));
                    // Without a name on the wire `if_match` is `if-match`.
                    let header: Arc<str> =
                        if param.wire_name().is_some() { wire } else { Arc::from(wire.replace('_', "-")) };
                    self.check_header_name(&Name { text: Arc::clone(&header), span: at });
                    ParamPlace::Header(header)
                }
                None => ParamPlace::Query(wire),
            };
            let default = param.default().map(|default| self.apart(|lowerer| lowerer.lower_expr(&default)));
            let constraint = self.lower_where(param.where_clause(), Some(&name));
            let docs = ast::docs(param.syntax());
            // A parameter that hides an API can't confuse: the only calls here are `undo` and `confirm`.
            let local = self.bind_param(name.clone());
            params.push(OperationParam { local, name, docs, place, ty, constraint, default, span });
        }
        params
    }

    fn bind_param(&mut self, name: Name) -> crate::LocalId {
        if let Some(first) = self.find_local(&name.text) {
            let first = self.program.locals[first].name.span;
            self.report(
                Diagnostic::new(
                    &codes::F0210,
                    name.span,
                    format!("two parameters are named `{}`", name.text),
                )
                .also(first, "the first one"),
            );
        }
        let text = Arc::clone(&name.text);
        let local = self.program.locals.push(crate::Local { name, kind: LocalKind::Param });
        if let Some(scope) = self.scopes.last_mut() {
            scope.insert(text, local);
        }
        local
    }

    /// The path template, cut at its parameters.
    fn lower_path(
        &mut self,
        decl: &ast::Operation,
        params: &[OperationParam],
        owner: Span,
    ) -> (Vec<PathPart>, Spanned<Arc<str>>) {
        let Some(literal) = decl.path() else {
            return (Vec::new(), Spanned { value: Arc::from(""), span: owner });
        };
        let span = self.span(&literal);
        let mut parts = Vec::new();
        let mut text = String::new();
        let is_link = literal
            .template()
            .iter()
            .any(|part| matches!(part, ast::PathPart::Parameter { is_link: true, .. }));
        if is_link && literal.template().len() != 1 {
            self.report(
                Diagnostic::new(&codes::F0401, span, "a link is a whole path")
                    .help("write `\"{+link}\"`: a link brings its path and its query along"),
            );
        }
        for part in literal.parts() {
            match part {
                ast::StringPart::Text(piece) => {
                    text.push_str(&piece);
                    parts.push(PathPart::Text(Arc::from(piece)));
                }
                ast::StringPart::Expr(ast::Expr::NameExpr(name)) => {
                    text.push_str(&format!("{{{}}}", name.text()));
                    let at = self.span(&name);
                    let param = self.path_param(name.text(), at, params);
                    parts.extend(param.map(if is_link { PathPart::Link } else { PathPart::Param }));
                }
                ast::StringPart::Expr(other) => {
                    let at = self.span(&other);
                    self.report(
                        Diagnostic::new(
                            &codes::F0401,
                            at,
                            "only names of parameters stand in a path template",
                        )
                        .help("declare a parameter, and compute its value where the operation is called"),
                    );
                }
            }
        }
        if !text.starts_with('/') && !is_link {
            self.report(
                Diagnostic::new(&codes::F0401, span, "a path begins with `/`")
                    .help("the rest of the URL is the api's `base`"),
            );
        }
        if text.contains(['?', '#']) {
            self.report(
                Diagnostic::new(&codes::F0401, span, "a path has no query")
                    .help("declare a parameter: what does not stand in the path is sent in the query"),
            );
        }
        (parts, Spanned { value: Arc::from(text), span })
    }

    fn path_param(&mut self, text: &str, span: Span, params: &[OperationParam]) -> Option<usize> {
        if let Some(position) = params.iter().position(|param| &*param.name.text == text) {
            if let Some(param) = params.get(position)
                && !matches!(param.place, ParamPlace::Query(_))
            {
                self.report(
                    Diagnostic::new(
                        &codes::F0401,
                        span,
                        format!("`{text}` stands in the path and is sent elsewhere too"),
                    )
                    .also(param.span, "declared here"),
                );
            }
            return Some(position);
        }
        let diagnostic = Diagnostic::new(
            &codes::F0401,
            span,
            format!("`{text}` stands in the path, but there is no such parameter"),
        );
        let diagnostic = match nearest(text, params.iter().map(|param| &*param.name.text)) {
            Some(near) => diagnostic.did_you_mean(span, near),
            None => {
                // A parameter that would travel in the query is probably the one.
                let mut loose = params.iter().filter(|param| matches!(param.place, ParamPlace::Query(_)));
                let only = loose.next().filter(|_| loose.next().is_none());
                diagnostic.help(format!("declare it: `({text}: string)`")).mend(only.map(|param| {
                    let name = &param.name.text;
                    let change = Change::replace(span, name.to_string());
                    Edit::guess(format!("change to `{name}`"), vec![change])
                }))
            }
        };
        self.report(diagnostic);
        None
    }

    /// A secret without a place of its own that `auth` or `headers` use goes where they put it, not into the query.
    fn place_credentials(&self, operation: &mut Operation) {
        let mut values: Vec<ExprId> = operation.headers.iter().map(|(_, value)| *value).collect();
        match &operation.auth {
            Some(Auth::Bearer { token: value, .. })
            | Some(Auth::KeyHeader { value, .. } | Auth::KeyQuery { value, .. }) => values.push(*value),
            Some(Auth::Basic { user, password, .. }) => values.extend([*user, *password]),
            None => {}
        }
        for value in values {
            let used = self.program.locals_used(value);
            for param in &mut operation.params {
                let secret = matches!(param.ty.kind, TypeRefKind::Secret(_));
                if secret && matches!(param.place, ParamPlace::Query(_)) && used.contains(&param.local) {
                    param.place = ParamPlace::Unsent;
                }
            }
        }
    }

    fn check_bodies(&mut self, params: &[OperationParam]) {
        let mut bodies = params.iter().filter(|param| param.place == ParamPlace::Body);
        let (Some(first), Some(second)) = (bodies.next(), bodies.next()) else { return };
        let (first, second) = (first.span, second.span);
        self.report(
            Diagnostic::new(&codes::F0402, second, "a request has one body")
                .also(first, "the first one")
                .help("put both into a record: `body x: { a: T, b: U }`"),
        );
    }

    /// `{ 409: OutOfStock }`.
    fn lower_raises(&mut self, property: &Property) -> Vec<Raise> {
        let expected = "statuses and errors: `{ 409: OutOfStock }`";
        let ast::Expr::RecordExpr(record) = &property.value else {
            self.wrong_value(property.span, "raises", expected);
            return Vec::new();
        };
        let mut raises = Vec::new();
        for entry in record.entries() {
            let at = self.span(&entry);
            let ast::RecordEntry::RecordField(field) = entry else {
                self.wrong_value(at, "raises", expected);
                continue;
            };
            let Some(key) = field.key() else { continue };
            let key_span = self.span(&key);
            let Some(literal) = key.status().and_then(|token| ast::LiteralValue::of_token(&token)) else {
                self.wrong_value(key_span, "raises", expected);
                continue;
            };
            let Some(status) = self.status(&literal, key_span) else { continue };
            let Some(value) = field.value() else { continue };
            let value_span = self.span(&value);
            let Some(word) = Self::word(&value) else {
                self.wrong_value(value_span, "raises", expected);
                continue;
            };
            let Some(error) = self.find_error(&word, value_span) else { continue };
            raises.push(Raise {
                status: Spanned { value: status, span: key_span },
                error: Spanned::<ErrorRef> { value: error, span: value_span },
            });
        }
        raises
    }

    /// A call in which operations of the same API are named without it.
    fn lower_sibling_call(&mut self, api: ApiId, value: &ast::Expr) -> ExprId {
        self.api = Some(api);
        let call = self.lower_expr(value);
        self.api = None;
        call
    }

    /// `undo: release(result.id)`, `none`, `irreversible`.
    fn lower_undo(&mut self, api: ApiId, property: &Property) -> Option<UndoClause> {
        match Self::word(&property.value).as_deref() {
            Some("none") => return Some(UndoClause::None(property.span)),
            Some("irreversible") => return Some(UndoClause::Irreversible(property.span)),
            _ => {}
        }
        let span = property.span;
        Some(self.scoped(|lowerer| {
            let at = |text: &str| Name { text: Arc::from(text), span };
            let result = lowerer.bind(at("result"), LocalKind::Result);
            let cause = lowerer.bind(at("cause"), LocalKind::Cause);
            let call = lowerer.lower_sibling_call(api, &property.value);
            UndoClause::Call(UndoCall { result: Some(result), cause: Some(cause), call, span })
        }))
    }
}

/// Marks the parameters that stand in the path.
fn place_params(mut params: Vec<OperationParam>, path: &[PathPart]) -> Vec<OperationParam> {
    for part in path {
        if let PathPart::Param(position) | PathPart::Link(position) = part
            && let Some(param) = params.get_mut(*position)
        {
            param.place = ParamPlace::Path;
        }
    }
    params
}
