//! Properties: which a section knows, and the small forms that their values have.

use std::sync::Arc;

use flow_diagnostics::{Code, Diagnostic, codes, nearest};
use flow_source::Span;
use flow_syntax::ast;
use rustc_hash::FxHashMap;

use super::Lowerer;
use crate::{Name, Spanned, StatusList, StatusPattern};

/// A property whose name and value stand.
pub(super) struct Property {
    /// Its name.
    pub(super) name: String,
    /// Where the name stands.
    pub(super) name_span: Span,
    /// Its value.
    pub(super) value: ast::Expr,
    /// Where the value stands.
    pub(super) span: Span,
}

/// The statuses that HTTP knows (RFC 9110, section 15).
const STATUSES: std::ops::RangeInclusive<u64> = 100..=599;

impl Lowerer {
    /// The properties of a block, each once.
    pub(super) fn properties(&mut self, properties: impl Iterator<Item = ast::Property>) -> Vec<Property> {
        let mut seen: FxHashMap<String, Span> = FxHashMap::default();
        let mut found = Vec::new();
        for property in properties {
            let (Some(name), Some(value)) = (property.name(), property.value()) else { continue };
            let name_span = self.span(&name);
            let name = name.text().to_owned();
            if let Some(first) = seen.get(&name) {
                self.report(
                    Diagnostic::new(&codes::F0408, name_span, format!("property `{name}` stands twice"))
                        .also(*first, "first given here"),
                );
                continue;
            }
            seen.insert(name.clone(), name_span);
            let span = self.span(&value);
            found.push(Property { name, name_span, value, span });
        }
        found
    }

    /// A property that a section does not know, or does not know yet.
    pub(super) fn unknown_property(
        &mut self,
        property: &Property,
        section: &str,
        known: &[&str],
        later: &[(&str, &str)],
    ) {
        let name = property.name.as_str();
        if let Some((_, instead)) = later.iter().find(|(later, _)| *later == name) {
            self.not_built_at(property.name_span, &format!("`{name}` of {section}"), instead);
            return;
        }
        let diagnostic =
            Diagnostic::new(&codes::F0403, property.name_span, format!("{section} has no property `{name}`"));
        let all = known.iter().copied().chain(later.iter().map(|(name, _)| *name));
        let diagnostic = match nearest(name, all) {
            Some(near) => diagnostic.did_you_mean(property.name_span, near),
            None => {
                let known: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
                diagnostic.help(format!("it has {}", known.join(", ")))
            }
        };
        self.report(diagnostic);
    }

    /// Says that a value has a wrong form.
    pub(super) fn wrong_value(&mut self, span: Span, name: &str, expected: &str) {
        self.wrong(&codes::F0404, span, format!("`{name}` takes {expected}"));
    }

    pub(super) fn wrong(&mut self, code: &'static Code, span: Span, message: String) {
        self.report(Diagnostic::new(code, span, message));
    }

    /// The word that a value consists of: `none`, `natural`.
    pub(super) fn word(value: &ast::Expr) -> Option<String> {
        match value {
            ast::Expr::NameExpr(name) if name.version().is_none() => Some(name.text().to_owned()),
            _ => None,
        }
    }

    /// A form such as `header("X", …)`: its word and its arguments.
    pub(super) fn form(value: &ast::Expr) -> Option<(String, Vec<ast::Expr>)> {
        let ast::Expr::CallExpr(call) = value else { return None };
        let word = Self::word(&call.callee()?)?;
        Some((word, call.arguments().filter_map(|argument| argument.value()).collect()))
    }

    /// A plain text.
    pub(super) fn text(&mut self, value: &ast::Expr, name: &str) -> Option<Spanned<Arc<str>>> {
        let span = self.span(value);
        if let ast::Expr::StringLiteral(string) = value
            && let Some(text) = string.plain_text()
        {
            return Some(Spanned { value: Arc::from(text), span });
        }
        self.wrong_value(span, name, "a plain text");
        None
    }

    /// A literal of a value.
    pub(super) fn literal(value: &ast::Expr) -> Option<ast::LiteralValue> {
        match value {
            ast::Expr::Literal(literal) => literal.value(),
            ast::Expr::ParenExpr(paren) => Self::literal(&paren.inner()?),
            _ => None,
        }
    }

    /// A whole number.
    pub(super) fn whole(&mut self, value: &ast::Expr, name: &str) -> Option<Spanned<u64>> {
        let span = self.span(value);
        if let Some(ast::LiteralValue::Int(number)) = Self::literal(value) {
            return Some(Spanned { value: number, span });
        }
        self.wrong_value(span, name, "a whole number");
        None
    }

    /// One status or class.
    pub(super) fn status(&mut self, value: &ast::LiteralValue, span: Span) -> Option<StatusPattern> {
        match value {
            ast::LiteralValue::StatusClass(class) => Some(StatusPattern::Class(*class)),
            ast::LiteralValue::Int(status) if STATUSES.contains(status) => {
                u16::try_from(*status).ok().map(StatusPattern::Exact)
            }
            _ => {
                self.report(
                    Diagnostic::new(&codes::F0409, span, "this is not an HTTP status")
                        .help("statuses are 100 to 599, classes are `4xx` and `5xx`"),
                );
                None
            }
        }
    }

    /// `[404, 410]`, or one status alone.
    pub(super) fn statuses(&mut self, value: &ast::Expr, name: &str) -> Option<StatusList> {
        let span = self.span(value);
        let elements: Vec<ast::Expr> = match value {
            ast::Expr::ListExpr(list) => list
                .elements()
                .filter_map(|element| match element {
                    ast::ListElement::Expr(expr) => Some(expr),
                    ast::ListElement::Spread(_) => None,
                })
                .collect(),
            single => vec![single.clone()],
        };
        let mut statuses = Vec::new();
        for element in elements {
            let at = self.span(&element);
            match Self::literal(&element) {
                Some(literal) => statuses
                    .extend(self.status(&literal, at).map(|status| Spanned { value: status, span: at })),
                None => self.wrong_value(at, name, "statuses, such as `[404, 410]`"),
            }
        }
        Some(Spanned { value: statuses, span })
    }

    /// A name with its place.
    pub(super) fn named(&self, name: &ast::NameRef) -> Name {
        Name { text: Arc::from(name.text()), span: self.span(name) }
    }
}
