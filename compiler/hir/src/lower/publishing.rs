//! `publish`: routes to workflows.

use std::sync::Arc;

use flow_diagnostics::{Diagnostic, Edit, codes};
use flow_source::Span;
use flow_syntax::SyntaxKind;
use flow_syntax::ast::{self, AstNode};
use rustc_hash::FxHashMap;

use super::Lowerer;
use super::property::Property;
use crate::{
    ClientRate, ErrorStatus, Method, Name, Publication, PublishAuth, PublishMode, RouteParam, RouteSegment,
    Spanned, WorkflowId,
};

/// The properties of a publication.
const KNOWN: [&str; 6] = ["auth", "mode", "rate", "quota", "version", "errors"];

/// The statuses of failures: the client's, and the server's own.
const FAILURES: std::ops::RangeInclusive<u64> = 400..=599;

/// What `errors` takes.
const ERRORS_EXPECTED: &str = "errors and statuses: `{ Declined: 402 }`";

impl Lowerer {
    pub(super) fn lower_publish(&mut self, decl: &ast::PublishDecl) {
        let span = self.span(decl);
        let name = match decl.workflow() {
            Some(name) => self.named(&name),
            None => Name { text: Arc::from(""), span },
        };
        let workflows = self.lower_published(decl, &name);
        let method = Spanned { value: Self::method(decl.method()), span: self.published_method(decl, span) };
        let (path, path_text) = self.lower_route(decl.path(), span);
        let head_end = if decl.path().is_some() { path_text.span.end } else { span.end };
        let end = decl.block().map(|block| {
            let last = block.properties().last().map(|property| self.span(&property).end);
            let at = last.unwrap_or_else(|| self.span(&block).start.saturating_add(1));
            Span::at(span.file, at)
        });
        let mut publication = Publication {
            name,
            workflows,
            method,
            path,
            path_text,
            mode: None,
            auth: None,
            rate: None,
            quota: None,
            version_travel: None,
            errors: Vec::new(),
            errors_span: None,
            errors_misread: false,
            end,
            misread: false,
            head: Span::new(span.file, span.start, head_end),
        };
        for property in self.properties(decl.properties()) {
            match property.name.as_str() {
                "mode" => publication.mode = self.lower_mode(&property),
                "auth" => {
                    publication.auth = self.lower_publish_auth(&property);
                    // What it lacks has been said.
                    publication.misread |= publication.auth.is_none();
                }
                "rate" => publication.rate = self.lower_client_rate(&property),
                "quota" => publication.quota = self.lower_client_rate(&property),
                "version" => {
                    publication.version_travel = self.lower_version_travel(&property);
                    publication.misread |= publication.version_travel.is_none();
                }
                "errors" => {
                    (publication.errors, publication.errors_misread) = self.lower_error_statuses(&property);
                    publication.errors_span = Some(property.span);
                }
                _ => {
                    publication.misread = true;
                    self.unknown_property(&property, "`publish`", &KNOWN, &[]);
                }
            }
        }
        self.program.publications.push(publication);
    }

    /// The versions that a publication names; the only one where it names none.
    fn lower_published(&mut self, decl: &ast::PublishDecl, name: &Name) -> Vec<(WorkflowId, Span)> {
        if name.text.is_empty() {
            return Vec::new();
        }
        let mut found: Vec<(WorkflowId, Span)> = Vec::new();
        let versions: Vec<ast::Version> = decl.versions().collect();
        if versions.is_empty() {
            let workflow = self.find_workflow(&name.text, name.span, None);
            found.extend(workflow.map(|workflow| (workflow, name.span)));
        }
        for version in versions {
            let wanted = self.wanted_version(Some(version));
            let at = wanted.map_or(name.span, |(_, span)| span);
            let Some(workflow) = self.find_workflow(&name.text, name.span, wanted) else {
                // Where there is no such workflow, that has been said.
                if self.declared(&name.text).is_empty() {
                    break;
                }
                continue;
            };
            match found.iter().find(|(known, _)| *known == workflow) {
                None => found.push((workflow, at)),
                Some((_, first)) => {
                    let first = *first;
                    self.report(
                        Diagnostic::new(&codes::F0408, at, "this version stands twice")
                            .also(first, "first named here")
                            .help("leave one of them out"),
                    );
                }
            }
        }
        found
    }

    /// Where the method stands.
    fn published_method(&self, decl: &ast::PublishDecl, otherwise: Span) -> Span {
        let after =
            flow_syntax::tokens(decl.syntax()).skip_while(|token| token.kind() != SyntaxKind::AtKeyword);
        let method = after.skip(1).find(|token| !token.kind().is_trivia());
        method.map_or(otherwise, |token| flow_syntax::token_span(self.file, token))
    }

    /// The path of a route, cut into its segments.
    fn lower_route(
        &mut self,
        literal: Option<ast::StringLiteral>,
        owner: Span,
    ) -> (Vec<RouteSegment>, Spanned<Arc<str>>) {
        let Some(literal) = literal else {
            return (Vec::new(), Spanned { value: Arc::from(""), span: owner });
        };
        let span = self.span(&literal);
        let mut segments = vec![RouteSegment { before: String::new(), param: None }];
        let mut names: FxHashMap<Arc<str>, Span> = FxHashMap::default();
        let mut text = String::new();
        for (part, template) in literal.parts().into_iter().zip(literal.template()) {
            match (part, template) {
                (ast::StringPart::Text(piece), _) => {
                    text.push_str(&piece);
                    add_text(&mut segments, &piece);
                }
                (ast::StringPart::Expr(expr), ast::PathPart::Parameter { name, is_link }) => {
                    let at = self.span(&expr);
                    let plus = if is_link { "+" } else { "" };
                    text.push_str(&format!("{{{plus}{name}}}"));
                    if is_link {
                        self.report(
                            Diagnostic::new(&codes::F0401, at, "a link is no part of a route")
                                .help("`{+name}` is for operations: write `{name}`, which takes one segment"),
                        );
                    }
                    let param = RouteParam { name: Arc::from(name), span: at };
                    match names.insert(Arc::clone(&param.name), at) {
                        None => self.add_param(&mut segments, param),
                        Some(first) => self.report(
                            Diagnostic::new(
                                &codes::F0408,
                                at,
                                format!("`{}` stands twice in the path", param.name),
                            )
                            .also(first, "the first one"),
                        ),
                    }
                }
                (ast::StringPart::Expr(_), ast::PathPart::Text(_)) => {}
            }
        }
        if !text.starts_with('/') {
            let start = Span::at(span.file, span.start.saturating_add(1));
            self.report(Diagnostic::new(&codes::F0401, span, "a path begins with `/`").edit(
                "insert `/`",
                start,
                "/",
            ));
        } else {
            segments.remove(0);
        }
        if text.contains(['?', '#']) {
            self.report(
                Diagnostic::new(&codes::F0401, span, "a path has no query")
                    .help("parameters of the workflow that do not stand in the path come in the query"),
            );
        }
        if text.contains("//") {
            self.report(Diagnostic::new(&codes::F0401, span, "a segment of the path is empty"));
        }
        (segments, Spanned { value: Arc::from(text), span })
    }

    fn add_param(&mut self, segments: &mut [RouteSegment], param: RouteParam) {
        let Some(segment) = segments.last_mut() else { return };
        if let Some((other, _)) = &segment.param {
            let other = other.span;
            self.report(
                Diagnostic::new(&codes::F0401, param.span, "a segment of a route holds one parameter")
                    .also(other, "the first one")
                    .help("put a `/` between the two: where one ends could not be told"),
            );
            return;
        }
        segment.param = Some((param, String::new()));
    }

    /// `async`, `sync within 10s`.
    fn lower_mode(&mut self, property: &Property) -> Option<Spanned<PublishMode>> {
        let span = property.span;
        let value = match &property.value {
            ast::Expr::SpanExpr(wait)
                if !wait.is_over()
                    && wait.value().as_ref().and_then(Self::word).as_deref() == Some("sync") =>
            {
                let limit = wait.duration()?;
                PublishMode::Sync(self.apart(|lowerer| lowerer.lower_expr(&limit)))
            }
            other => match Self::word(other).as_deref() {
                Some("async") => PublishMode::Async,
                Some("sync") => {
                    self.report(
                        Diagnostic::new(&codes::F0404, span, "`sync` does not say how long a client waits")
                            .help("write `sync within 10s`: past it the answer is 202, and the execution goes on")
                            .mend(Edit::guess(
                                "let clients wait for 10s",
                                vec![flow_diagnostics::Change::replace(span, "sync within 10s")],
                            )),
                    );
                    return None;
                }
                _ => {
                    self.wrong_value(span, "mode", "`async`, or `sync within 10s`");
                    return None;
                }
            },
        };
        Some(Spanned { value, span })
    }

    /// `jwt { scope: "orders:write" }`, `key`, `none`.
    fn lower_publish_auth(&mut self, property: &Property) -> Option<Spanned<PublishAuth>> {
        let span = property.span;
        let expected = "`jwt { scope: \"orders:write\" }`, `key`, or `none` where everybody may";
        if let ast::Expr::ConstructorExpr(constructor) = &property.value
            && constructor.callee().as_ref().and_then(Self::word).as_deref() == Some("jwt")
        {
            let scope = self.lower_scope(&constructor.record()?, span)?;
            return Some(Spanned { value: PublishAuth::Jwt(scope), span });
        }
        let value = match Self::word(&property.value).as_deref() {
            Some("key") => PublishAuth::Key,
            Some("none") => PublishAuth::Open,
            Some("jwt") => {
                self.report(
                    Diagnostic::new(&codes::F0404, span, "`jwt` does not say which scope a token must have")
                        .help("write `jwt { scope: \"orders:write\" }`"),
                );
                return None;
            }
            _ => {
                self.wrong_value(span, "auth", expected);
                return None;
            }
        };
        Some(Spanned { value, span })
    }

    /// `{ scope: "orders:write" }`: names of scopes, separated by one blank (RFC 6749, section 3.3).
    fn lower_scope(&mut self, record: &ast::RecordExpr, owner: Span) -> Option<Spanned<Arc<str>>> {
        let mut scope = None;
        let mut first = None;
        let mut misread = false;
        for entry in record.entries() {
            let ast::RecordEntry::RecordField(field) = entry else { continue };
            let (Some(key), Some(value)) = (field.key(), field.value()) else { continue };
            let (name_span, span) = (self.span(&key), self.span(&value));
            let property = Property { name: key.text().unwrap_or_default(), name_span, value, span };
            if let ("scope", Some(first)) = (property.name.as_str(), first) {
                self.report(
                    Diagnostic::new(&codes::F0408, name_span, "property `scope` stands twice")
                        .also(first, "first given here")
                        .help("name all in one text, with one blank between: a token must have each of them"),
                );
            } else if property.name == "scope" {
                first = Some(name_span);
                misread = true;
                scope = self.text(&property.value, "scope");
            } else {
                misread = true;
                self.unknown_property(&property, "`jwt`", &["scope"], &[]);
            }
        }
        if !misread {
            self.report(
                Diagnostic::new(&codes::F0406, owner, "`jwt` takes the scope that a token must have")
                    .help("write `jwt { scope: \"orders:write\" }`"),
            );
        }
        let scope = scope?;
        let permitted = |byte: u8| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        let is_name = |name: &str| !name.is_empty() && name.bytes().all(permitted);
        if !scope.value.split(' ').all(is_name) {
            self.report(
                Diagnostic::new(&codes::F0404, scope.span, "this is not the name of a scope").help(
                    "write one such as `\"orders:write\"`, or several with one blank between: a token must have all",
                ),
            );
            return None;
        }
        Some(scope)
    }

    /// `100 per 1m per client`.
    fn lower_client_rate(&mut self, property: &Property) -> Option<ClientRate> {
        let expected = "a count and a time, such as `100 per 1m per client`";
        let ast::Expr::RateExpr(rate) = &property.value else {
            self.wrong_value(property.span, &property.name, expected);
            return None;
        };
        if let Some(scope) = rate.scope().filter(|scope| scope.text() != "client") {
            let at = self.span(&scope);
            let message = format!("nothing is counted per `{}`", scope.text());
            self.report(
                Diagnostic::new(&codes::F0404, at, message)
                    .help("write `per client`, or leave it out: then all clients share the count")
                    .edit("write `client`", at, "client"),
            );
            return None;
        }
        let per_client = rate.scope().is_some();
        Some(ClientRate { rate: self.lower_count_per(rate, &property.name, expected)?, per_client })
    }

    /// `{ Declined: 402 }`, and whether something in it was misread.
    fn lower_error_statuses(&mut self, property: &Property) -> (Vec<ErrorStatus>, bool) {
        let ast::Expr::RecordExpr(record) = &property.value else {
            self.wrong_value(property.span, "errors", ERRORS_EXPECTED);
            return (Vec::new(), true);
        };
        let mut found: Vec<ErrorStatus> = Vec::new();
        let mut misread = false;
        for entry in record.entries() {
            let Some(status) = self.lower_error_status(entry) else {
                misread = true;
                continue;
            };
            if let Some(first) = found.iter().find(|first| first.error.value == status.error.value) {
                let first = first.error.span;
                self.report(
                    Diagnostic::new(&codes::F0408, status.error.span, "this error stands twice")
                        .also(first, "the first one"),
                );
                continue;
            }
            found.push(status);
        }
        (found, misread)
    }

    fn lower_error_status(&mut self, entry: ast::RecordEntry) -> Option<ErrorStatus> {
        let at = self.span(&entry);
        let ast::RecordEntry::RecordField(field) = entry else {
            self.wrong_value(at, "errors", ERRORS_EXPECTED);
            return None;
        };
        let (Some(key), Some(value)) = (field.key(), field.value()) else {
            self.wrong_value(at, "errors", ERRORS_EXPECTED);
            return None;
        };
        let (key_span, value_span) = (self.span(&key), self.span(&value));
        if let Some(status) = key.status() {
            // `{ 402: Declined }`, as `raises` has it.
            let turned = Self::word(&value).map(|name| format!("{name}: {}", status.text()));
            let diagnostic =
                Diagnostic::new(&codes::F0404, at, "in `errors` the error stands before its status");
            let diagnostic = match turned {
                Some(turned) => diagnostic.edit(format!("write `{turned}`"), at, turned),
                None => diagnostic.help("write `Declined: 402`"),
            };
            self.report(diagnostic);
            return None;
        }
        let error = self.find_error(&key.text().unwrap_or_default(), key_span)?;
        let status = match Self::literal(&value) {
            Some(ast::LiteralValue::Int(status)) if FAILURES.contains(&status) => u16::try_from(status).ok(),
            Some(ast::LiteralValue::Int(_) | ast::LiteralValue::StatusClass(_)) => None,
            _ => {
                self.wrong_value(value_span, "errors", ERRORS_EXPECTED);
                return None;
            }
        };
        let Some(status) = status else {
            self.report(
                Diagnostic::new(&codes::F0409, value_span, "an error is answered with 400 to 599")
                    .help("4xx where the client can do something about it, 5xx otherwise"),
            );
            return None;
        };
        Some(ErrorStatus {
            error: Spanned { value: error, span: key_span },
            status: Spanned { value: status, span: value_span },
        })
    }

    /// A method as the program holds it.
    pub(super) fn method(method: Option<ast::HttpMethod>) -> Method {
        match method {
            Some(ast::HttpMethod::Get) | None => Method::Get,
            Some(ast::HttpMethod::Post) => Method::Post,
            Some(ast::HttpMethod::Put) => Method::Put,
            Some(ast::HttpMethod::Patch) => Method::Patch,
            Some(ast::HttpMethod::Delete) => Method::Delete,
            Some(ast::HttpMethod::Head) => Method::Head,
            Some(ast::HttpMethod::Options) => Method::Options,
        }
    }
}

/// Adds text to the last segment, and begins a segment at each `/`.
fn add_text(segments: &mut Vec<RouteSegment>, piece: &str) {
    for (index, text) in piece.split('/').enumerate() {
        if index > 0 {
            segments.push(RouteSegment { before: String::new(), param: None });
        }
        match segments.last_mut() {
            Some(RouteSegment { param: Some((_, after)), .. }) => after.push_str(text),
            Some(segment) => segment.before.push_str(text),
            None => {}
        }
    }
}
