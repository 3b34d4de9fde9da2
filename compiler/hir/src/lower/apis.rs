//! APIs.

use flow_diagnostics::{Diagnostic, codes};
use flow_source::Span;
use flow_syntax::ast::{self, AstNode};

use super::Lowerer;
use super::property::Property;
use crate::index::Index;
use crate::scope::version;
use crate::{Api, ApiId, ApiRate, Auth, ExprId, Name, Spanned};

/// The properties of an API that are built.
const KNOWN: [&str; 18] = [
    "base",
    "auth",
    "timeout",
    "connect_timeout",
    "retry",
    "rate",
    "concurrency",
    "headers",
    "version",
    "accept",
    "content",
    "deprecated",
    "sunset",
    "balance",
    "breaker",
    "cache",
    "redirects",
    "compress",
];

/// Those that are not, and what to do instead.
const LATER: [(&str, &str); 3] = [
    ("idempotency", "write it on each operation"),
    ("raises", "write it on each operation"),
    ("paginate", "write it on each operation"),
];

impl Lowerer {
    pub(super) fn lower_api(&mut self, decl: &ast::ApiDecl) {
        let span = self.span(decl);
        let name = self.name(decl.name(), span);
        let block_start = decl.block().map_or(span.end, |block| self.span(&block).start);
        let id = ApiId::from_usize(self.program.apis.len());
        let mut api = Api {
            name,
            version: version(decl.version()),
            docs: ast::docs(decl.syntax()),
            base: None,
            auth: None,
            timeout: None,
            retry: None,
            rate: None,
            concurrency: None,
            headers: Vec::new(),
            version_travel: None,
            connect_timeout: None,
            accept: None,
            content: None,
            deprecated: None,
            sunset: None,
            operations: Vec::new(),
            head: Span::new(span.file, span.start, block_start),
            span,
        };
        for property in self.properties(decl.properties()) {
            match property.name.as_str() {
                "base" => api.base = Some(self.apart(|lowerer| lowerer.lower_expr(&property.value))),
                "auth" => api.auth = self.apart(|lowerer| lowerer.lower_auth(&property)),
                "timeout" => api.timeout = Some(self.apart(|lowerer| lowerer.lower_expr(&property.value))),
                "retry" => api.retry = self.lower_retry_ref(&property.value),
                "rate" => api.rate = self.lower_rate(&property),
                "concurrency" => api.concurrency = self.whole(&property.value, "concurrency"),
                "connect_timeout" => {
                    api.connect_timeout = Some(self.apart(|lowerer| lowerer.lower_expr(&property.value)));
                }
                "version" => api.version_travel = self.lower_version_travel(&property),
                "accept" => api.accept = self.lower_media_type(&property, false),
                "content" => api.content = self.lower_media_type(&property, true),
                "sunset" => api.sunset = self.lower_sunset(&property),
                "balance" => self.only(&property, "round_robin", "an api", "several URLs are used in turn"),
                "breaker" => self.only(&property, "none", "an api", "leave it out: there is no breaker"),
                "cache" => self.only(&property, "none", "an api", "leave it out: nothing is cached"),
                "redirects" => {
                    self.only(&property, "none", "an api", "leave it out: redirects are not followed");
                }
                "compress" => {
                    self.only(&property, "none", "an api", "leave it out: requests are sent as they are");
                }
                "headers" => api.headers = self.apart(|lowerer| lowerer.lower_headers(&property)),
                "deprecated" => api.deprecated = self.text(&property.value, "deprecated"),
                _ => self.unknown_property(&property, "an api", &KNOWN, &LATER),
            }
        }
        // INVARIANT: operations are pushed in the order in which their names were collected.
        for operation in decl.operations() {
            let operation = self.lower_operation(id, &operation);
            api.operations.push(self.program.operations.push(operation));
        }
        self.program.apis.push(api);
    }

    /// `bearer(token)`, `basic(user, password)`, `key(header("X"), value)`, `key(query("k"), value)`.
    pub(super) fn lower_auth(&mut self, property: &Property) -> Option<Auth> {
        let span = property.span;
        let expected = "`bearer(token)`, `basic(user, password)`, `key(header(\"X\"), value)` or `key(query(\"k\"), value)`";
        let form = Self::form(&property.value);
        let Some((word, arguments)) = form else {
            let word = match &property.value {
                ast::Expr::ConstructorExpr(constructor) => {
                    constructor.callee().as_ref().and_then(Self::word).unwrap_or_default()
                }
                other => Self::word(other).unwrap_or_default(),
            };
            match word.as_str() {
                "oauth2" | "mtls" | "hmac" => {
                    self.not_built_at(span, &format!("`auth: {word}`"), "use `bearer`, `basic` or `key`");
                }
                _ => self.wrong_value(span, "auth", expected),
            }
            return None;
        };
        let mut value = |index: usize| -> Option<ExprId> {
            let argument = arguments.get(index)?;
            Some(self.lower_expr(argument))
        };
        match (word.as_str(), arguments.len()) {
            ("bearer", 1) => Some(Auth::Bearer { token: value(0)?, span }),
            ("basic", 2) => Some(Auth::Basic { user: value(0)?, password: value(1)?, span }),
            ("key", 2) => {
                let key = value(1)?;
                let place = arguments.first().and_then(Self::form);
                let (place, name) = match place {
                    Some((place, names)) => (place, names.into_iter().next()),
                    None => (String::new(), None),
                };
                let Some(name) = name else {
                    self.wrong_value(span, "auth", expected);
                    return None;
                };
                let text = self.text(&name, "auth")?;
                let name = Name { text: text.value, span: text.span };
                match place.as_str() {
                    "header" => {
                        self.check_header_name(&name);
                        Some(Auth::KeyHeader { name, value: key, span })
                    }
                    "query" => Some(Auth::KeyQuery { name, value: key, span }),
                    _ => {
                        self.wrong_value(span, "auth", expected);
                        None
                    }
                }
            }
            _ => {
                self.wrong_value(span, "auth", expected);
                None
            }
        }
    }

    /// `50 per 1s`.
    pub(super) fn lower_rate(&mut self, property: &Property) -> Option<ApiRate> {
        let ast::Expr::RateExpr(rate) = &property.value else {
            self.wrong_value(property.span, "rate", "a count and a time, such as `50 per 1s`");
            return None;
        };
        if let Some(scope) = rate.scope() {
            let at = self.span(&scope);
            self.wrong(&codes::F0404, at, "`per client` is for what is published".into());
        }
        self.lower_count_per(rate, "rate", "a count and a time, such as `50 per 1s`")
    }

    /// The count and the time of a rate.
    pub(super) fn lower_count_per(
        &mut self,
        rate: &ast::RateExpr,
        name: &str,
        expected: &str,
    ) -> Option<ApiRate> {
        let count = self.whole(&rate.amount()?, name)?;
        let period = rate.period()?;
        let span = self.span(&period);
        match Self::literal(&period) {
            Some(ast::LiteralValue::Duration(micros)) => {
                Some(ApiRate { count, per_us: Spanned { value: micros, span } })
            }
            _ => {
                self.wrong_value(span, name, expected);
                None
            }
        }
    }

    /// `{ "X-Name": value }`.
    pub(super) fn lower_headers(&mut self, property: &Property) -> Vec<(Name, ExprId)> {
        let ast::Expr::RecordExpr(record) = &property.value else {
            self.wrong_value(property.span, "headers", "names and values: `{ \"X-Name\": \"value\" }`");
            return Vec::new();
        };
        let mut headers: Vec<(Name, ExprId)> = Vec::new();
        for entry in record.entries() {
            let ast::RecordEntry::RecordField(field) = entry else { continue };
            let (Some(key), Some(value)) = (field.key(), field.value()) else { continue };
            let span = self.span(&key);
            let Some(text) = key.text() else { continue };
            let name = Name { text: text.into(), span };
            self.check_header_name(&name);
            if let Some((first, _)) =
                headers.iter().find(|(first, _)| first.text.eq_ignore_ascii_case(&name.text))
            {
                let first = first.span;
                self.report(
                    Diagnostic::new(&codes::F0408, span, format!("header `{}` stands twice", name.text))
                        .also(first, "first given here"),
                );
                continue;
            }
            let value = self.lower_expr(&value);
            headers.push((name, value));
        }
        headers
    }

    /// A header's name is a token (RFC 9110, section 5.1), and not one that the client itself sets.
    pub(super) fn check_header_name(&mut self, name: &Name) {
        const OWN: [&str; 5] = ["host", "content-length", "transfer-encoding", "connection", "te"];
        let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if name.text.is_empty() || !name.text.bytes().all(token) {
            self.report(
                Diagnostic::new(
                    &codes::F0404,
                    name.span,
                    format!("`{}` is not the name of a header", name.text),
                )
                .help("names of headers have letters, digits and `-`"),
            );
        } else if OWN.iter().any(|own| name.text.eq_ignore_ascii_case(own)) {
            self.report(
                Diagnostic::new(
                    &codes::F0404,
                    name.span,
                    format!("header `{}` is set by the client itself", name.text),
                )
                .help("leave it out"),
            );
        }
    }
}
