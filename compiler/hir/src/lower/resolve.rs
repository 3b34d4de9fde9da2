//! Names in use: what they mean, and what is said when they mean nothing.

use std::sync::Arc;

use flow_diagnostics::{Change, Diagnostic, Edit, codes, nearest};
use flow_source::Span;
use flow_syntax::ast;

use super::Lowerer;
use crate::scope::{Entry, Symbol};
use crate::{
    ApiId, BuiltinError, ConfigId, ErrorRef, ExprId, ExprKind, Name, OperationId, RetryRef, WorkflowId,
};

/// How many names are looked at for a suggestion, those bound last first.
const SUGGESTIONS_MAX: usize = 500;

/// How many names of a kind are offered where none is near.
const OFFERED_MAX: usize = 3;

/// Values as other languages write them.
const FOREIGN: [(&str, &str); 8] = [
    ("None", "null"),
    ("nil", "null"),
    ("undefined", "null"),
    ("NULL", "null"),
    ("Null", "null"),
    ("nothing", "null"),
    ("True", "true"),
    ("False", "false"),
];

/// Functions of the language, for suggestions.
pub(super) const RECORDED: [&str; 4] = ["now", "today", "uuid", "random"];

impl Lowerer {
    /// All declarations of a name in this file.
    pub(super) fn declared(&self, name: &str) -> &[Entry] {
        self.names.files.get(&self.file).map_or(&[], |scope| scope.get(name))
    }

    /// Names of this file whose declarations fulfil a condition, for suggestions; none where nobody would see them.
    pub(super) fn declared_names(&self, wanted: impl Fn(Symbol) -> bool) -> Vec<&str> {
        if self.findings.is_full() {
            return Vec::new();
        }
        self.names.files.get(&self.file).map_or_else(Vec::new, |scope| scope.names(wanted).collect())
    }

    /// Names that are bound here, those bound last first, for suggestions; none where nobody would see them.
    pub(super) fn local_names(&self) -> Vec<&str> {
        if self.findings.is_full() {
            return Vec::new();
        }
        self.program
            .locals
            .iter()
            .rev()
            .take(SUGGESTIONS_MAX)
            .filter(|(local, bound)| self.find_local(&bound.name.text) == Some(*local))
            .map(|(_, bound)| &*bound.name.text)
            .collect()
    }

    /// An unknown name, with the nearest of those that would do.
    pub(super) fn unknown(
        &mut self,
        code: &'static flow_diagnostics::Code,
        what: &str,
        text: &str,
        span: Span,
        known: Vec<String>,
        otherwise: &str,
    ) {
        let diagnostic = Diagnostic::new(code, span, format!("there is no {what} `{text}`"));
        if self.findings.is_full() {
            self.report(diagnostic);
            return;
        }
        let diagnostic = match nearest(text, known.iter().map(String::as_str)) {
            Some(near) => diagnostic.did_you_mean(span, near),
            None if !otherwise.is_empty() => diagnostic.help(otherwise.to_owned()),
            None if known.is_empty() || known.len() > 8 => diagnostic,
            None => {
                let names: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
                diagnostic.help(format!("there are: {}", names.join(", ")))
            }
        };
        self.report(diagnostic);
    }

    /// A name where a value is due.
    pub(super) fn lower_name(&mut self, name: &ast::NameExpr) -> ExprId {
        let span = self.span(name);
        let text = name.text();
        if text.is_empty() {
            return self.missing(span);
        }
        if name.version().is_none()
            && let Some(local) = self.find_local(text)
        {
            return self.push(ExprKind::Local(local), span);
        }
        match name.keyword().map(|keyword| keyword.text().to_owned()).as_deref() {
            Some("config") => {
                self.report(
                    Diagnostic::new(&codes::F0216, span, "`config` is not a value")
                        .help("name an entry: `config.name`"),
                );
                return self.missing(span);
            }
            Some("execution") => {
                self.report(
                    Diagnostic::new(&codes::F0216, span, "`execution` is not a value")
                        .help("name what you need of it: `execution.id`"),
                );
                return self.missing(span);
            }
            Some("it") => {
                self.report(
                    Diagnostic::new(&codes::F0201, span, "`it` means nothing here")
                        .help("`it` is the value of a `where` without a name, of `poll` and of `receive`"),
                );
                return self.missing(span);
            }
            _ => {}
        }
        if let Some(entry) = self.declared(text).first().copied() {
            let help = match entry.symbol {
                Symbol::Type(_) => "a type is not a value: write `{ … }` for a record of it".to_owned(),
                Symbol::Error(_) => format!("make one: `{text} {{ … }}`"),
                Symbol::Retry(_) => "policies are named in `retry:` alone".to_owned(),
                Symbol::Api(..) => format!("call an operation of it: `{text}.operation(…)`"),
                Symbol::Workflow(..) | Symbol::Function(_) => format!("call it: `{text}(…)`"),
            };
            self.report(
                Diagnostic::new(
                    &codes::F0216,
                    span,
                    format!("`{text}` is {}, not a value", entry.symbol.what()),
                )
                .also(entry.span, "declared here")
                .help(help),
            );
            return self.missing(span);
        }
        if !self.unions_of(text).is_empty() {
            return self.case_without_braces(text, span);
        }
        if RECORDED.contains(&text) {
            self.report(
                Diagnostic::new(&codes::F0216, span, format!("`{text}` is a function, not a value"))
                    .help(format!("call it: `{text}()`"))
                    .edit("call it", span, format!("{text}()")),
            );
            return self.missing(span);
        }
        if let Some((_, ours)) = FOREIGN.iter().find(|(theirs, _)| *theirs == text) {
            self.report(
                Diagnostic::new(&codes::F0201, span, format!("there is no name `{text}`"))
                    .did_you_mean(span, ours),
            );
            return self.missing(span);
        }
        let known: Vec<String> = self.local_names().into_iter().map(str::to_owned).collect();
        let entry = self.names.config.contains_key(text);
        if entry {
            self.report(
                Diagnostic::new(&codes::F0201, span, format!("there is no name `{text}`"))
                    .did_you_mean(span, &format!("config.{text}")),
            );
            return self.missing(span);
        }
        let otherwise = String::new();
        self.unknown(&codes::F0201, "name", text, span, known, &otherwise);
        self.missing(span)
    }

    /// `config.name`.
    pub(super) fn find_config(&mut self, name: &Name) -> Option<ConfigId> {
        if let Some(entry) = self.names.config.get(&name.text) {
            return Some(*entry);
        }
        let known: Vec<String> = self.names.config_order.iter().map(|name| name.to_string()).collect();
        let otherwise = if known.is_empty() {
            format!("declare it: `config {{ {}: string }}`", name.text)
        } else {
            String::new()
        };
        self.unknown(&codes::F0208, "configuration entry", &name.text, name.span, known, &otherwise);
        None
    }

    /// The one version of an API that a name means.
    pub(super) fn find_api(&mut self, text: &str, span: Span, version: Option<(u32, Span)>) -> Option<ApiId> {
        let versions: Vec<(ApiId, u32, Span)> = self
            .declared(text)
            .iter()
            .filter_map(|entry| match entry.symbol {
                Symbol::Api(api, version) => Some((api, version, entry.span)),
                _ => None,
            })
            .collect();
        self.one_version(text, "api", span, version, &versions)
    }

    /// The one version of a workflow that a name means.
    pub(super) fn find_workflow(
        &mut self,
        text: &str,
        span: Span,
        version: Option<(u32, Span)>,
    ) -> Option<WorkflowId> {
        let versions: Vec<(WorkflowId, u32, Span)> = self
            .declared(text)
            .iter()
            .filter_map(|entry| match entry.symbol {
                Symbol::Workflow(workflow, version) => Some((workflow, version, entry.span)),
                _ => None,
            })
            .collect();
        if versions.is_empty() {
            let known = self.declared_names(|symbol| matches!(symbol, Symbol::Workflow(..)));
            let known = known.into_iter().map(str::to_owned).collect();
            self.unknown(&codes::F0201, "workflow", text, span, known, "");
            return None;
        }
        self.one_version(text, "workflow", span, version, &versions)
    }

    fn one_version<T: Copy>(
        &mut self,
        text: &str,
        what: &str,
        span: Span,
        wanted: Option<(u32, Span)>,
        versions: &[(T, u32, Span)],
    ) -> Option<T> {
        match (wanted, versions) {
            (None, [(only, ..)]) => Some(*only),
            (None, _) => {
                let mut diagnostic = Diagnostic::new(
                    &codes::F0207,
                    span,
                    format!("there are several versions of {what} `{text}`"),
                );
                let mut newest: Option<u32> = None;
                for (_, version, declared) in versions {
                    diagnostic = diagnostic.also(*declared, format!("v{version}"));
                    newest = newest.max(Some(*version));
                }
                if let Some(newest) = newest {
                    diagnostic = diagnostic.help(format!("say which one: `{text}@v{newest}`")).edit(
                        format!("use v{newest}"),
                        span,
                        format!("{text}@v{newest}"),
                    );
                }
                self.report(diagnostic);
                None
            }
            (Some((wanted, at)), _) => {
                if let Some((found, ..)) = versions.iter().find(|(_, version, _)| *version == wanted) {
                    return Some(*found);
                }
                let known: Vec<String> =
                    versions.iter().map(|(_, version, _)| format!("v{version}")).collect();
                let mut diagnostic = Diagnostic::new(
                    &codes::F0207,
                    at,
                    format!("there is no version v{wanted} of {what} `{text}`"),
                )
                .help(format!("there is {}", known.join(", ")));
                let newest = versions.iter().map(|(_, version, _)| *version).max();
                diagnostic = diagnostic.mend(newest.map(|newest| {
                    Edit::guess(format!("use v{newest}"), vec![Change::replace(at, format!("@v{newest}"))])
                }));
                for (_, version, declared) in versions {
                    diagnostic = diagnostic.also(*declared, format!("v{version}"));
                }
                self.report(diagnostic);
                None
            }
        }
    }

    /// The version that a use names, with its place.
    pub(super) fn wanted_version(&self, version: Option<ast::Version>) -> Option<(u32, Span)> {
        let version = version?;
        Some((version.number().unwrap_or(0), self.span(&version)))
    }

    /// `api.operation`, where `api` is the name of an API.
    pub(super) fn find_operation(&mut self, api: ApiId, operation: &Name) -> Option<OperationId> {
        use crate::index::Index;
        let scope = self.names.apis.get(api.to_usize())?;
        if let Some(found) = scope.operations.get(&operation.text) {
            return Some(*found);
        }
        let known: Vec<String> = scope.order.iter().map(|name| name.to_string()).collect();
        let api_text = scope.name.clone();
        let what = format!("operation of `{api_text}` named");
        self.unknown(&codes::F0206, &what, &operation.text, operation.span, known, "");
        None
    }

    /// The operation that an expression `api.operation` or `api@v2.operation` names, with its place.
    pub(super) fn operation_of(&mut self, expr: &ast::Expr) -> Option<(OperationId, Span)> {
        let span = self.span(expr);
        if let ast::Expr::FieldExpr(field) = expr
            && let Some(ast::Expr::NameExpr(base)) = field.base()
            && let Some(name) = field.field()
        {
            let operation = Name { text: Arc::from(name.text()), span: self.span(&name) };
            let base_span = self.span(&base);
            let text = base.text().to_owned();
            if !self.is_api(&text) {
                self.unknown_api(&text, base_span);
                return None;
            }
            let version = self.wanted_version(base.version());
            let api = self.find_api(&text, base_span, version)?;
            return Some((self.find_operation(api, &operation)?, span));
        }
        self.report(
            Diagnostic::new(&codes::F0206, span, "expected an operation").help("write `api.operation`"),
        );
        None
    }

    /// Whether a name is that of an API.
    pub(super) fn is_api(&self, text: &str) -> bool {
        self.declared(text).iter().any(|entry| matches!(entry.symbol, Symbol::Api(..)))
    }

    /// Says that there is no such API.
    pub(super) fn unknown_api(&mut self, text: &str, span: Span) {
        let known: Vec<String> = self
            .declared_names(|symbol| matches!(symbol, Symbol::Api(..)))
            .into_iter()
            .map(str::to_owned)
            .collect();
        self.unknown(&codes::F0205, "api", text, span, known, "");
    }

    /// `retry: name` or `retry: none`.
    pub(super) fn lower_retry_ref(&mut self, value: &ast::Expr) -> Option<RetryRef> {
        let span = self.span(value);
        let ast::Expr::NameExpr(name) = value else {
            self.report(
                Diagnostic::new(&codes::F0404, span, "`retry` takes the name of a policy, or `none`")
                    .help("declare it: `retry name { attempts: 4, … }`"),
            );
            return None;
        };
        let text = name.text();
        if let Some(Symbol::Retry(policy)) = self.declared(text).first().map(|entry| entry.symbol) {
            return Some(RetryRef::Policy(policy, span));
        }
        if text == "none" {
            return Some(RetryRef::None(span));
        }
        if let Some(entry) = self.declared(text).first().copied() {
            self.report(
                Diagnostic::new(
                    &codes::F0204,
                    span,
                    format!("`{text}` is {}, not a retry policy", entry.symbol.what()),
                )
                .also(entry.span, "declared here"),
            );
            return None;
        }
        let mut known: Vec<String> = self
            .declared_names(|symbol| matches!(symbol, Symbol::Retry(_)))
            .into_iter()
            .map(str::to_owned)
            .collect();
        known.push("none".to_owned());
        let otherwise = format!("declare it: `retry {text} {{ attempts: 4, … }}`");
        self.unknown(&codes::F0204, "retry policy", text, span, known, &otherwise);
        None
    }

    /// The declared errors, where there are so few that one of them is probably meant.
    fn declared_errors(&self, span: Span) -> Vec<Edit> {
        let errors = self.declared_names(|symbol| matches!(symbol, Symbol::Error(_)));
        if errors.len() > OFFERED_MAX {
            return Vec::new();
        }
        let edit =
            |name: &&str| Edit::guess(format!("change to `{name}`"), vec![Change::replace(span, *name)]);
        errors.iter().map(edit).collect()
    }

    /// An error by name: a declared one, or one of the language's.
    pub(super) fn find_error(&mut self, text: &str, span: Span) -> Option<ErrorRef> {
        let found = self.declared(text).first().copied();
        match found.map(|entry| entry.symbol) {
            Some(Symbol::Error(error)) => return Some(ErrorRef::Declared(error)),
            Some(other) => {
                self.report(
                    Diagnostic::new(
                        &codes::F0203,
                        span,
                        format!("`{text}` is {}, not an error", other.what()),
                    )
                    .also(found.map_or(span, |entry| entry.span), "declared here")
                    .mend(self.declared_errors(span)),
                );
                return None;
            }
            None => {}
        }
        if let Some(builtin) = BuiltinError::find(text) {
            return Some(ErrorRef::Builtin(builtin));
        }
        let known: Vec<String> = self
            .declared_names(|symbol| matches!(symbol, Symbol::Error(_)))
            .into_iter()
            .map(str::to_owned)
            .chain(BuiltinError::ALL.iter().map(|error| error.name().to_owned()))
            .chain(self.case_names())
            .collect();
        let otherwise = format!("declare it: `error {text} {{ reason: string }}`");
        self.unknown(&codes::F0203, "error", text, span, known, &otherwise);
        None
    }
}
