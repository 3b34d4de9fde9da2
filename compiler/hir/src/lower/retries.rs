//! Retry policies.

use flow_diagnostics::{Diagnostic, codes};
use flow_source::Span;
use flow_syntax::ast::{self, AstNode};

use super::Lowerer;
use super::property::Property;
use crate::{Attempts, Backoff, Exhausted, ExprId, Jitter, RetryOn, RetryPolicy, Spanned};

/// The properties of a policy.
const KNOWN: [&str; 6] = ["attempts", "backoff", "on", "within", "exhausted", "respect_retry_after"];

/// The settings of a growing backoff.
const SETTINGS: [&str; 5] = ["initial", "factor", "step", "max", "jitter"];

impl Lowerer {
    pub(super) fn lower_retry(&mut self, decl: &ast::RetryDecl) {
        let span = self.span(decl);
        let name = self.name(decl.name(), span);
        let mut policy = RetryPolicy {
            name,
            docs: ast::docs(decl.syntax()),
            attempts: None,
            backoff: None,
            on: None,
            within: None,
            exhausted: None,
            respect_retry_after: None,
            span,
        };
        let mut misread = false;
        for property in self.properties(decl.properties()) {
            match property.name.as_str() {
                "attempts" => policy.attempts = self.lower_attempts(&property),
                "backoff" => policy.backoff = self.lower_backoff(&property),
                "on" => policy.on = Some(self.lower_on(&property)),
                "within" => policy.within = Some(self.apart(|lowerer| lowerer.lower_expr(&property.value))),
                "exhausted" => policy.exhausted = self.lower_exhausted(&property),
                "respect_retry_after" => policy.respect_retry_after = self.lower_flag(&property),
                _ => {
                    misread = true;
                    self.unknown_property(&property, "a retry policy", &KNOWN, &[]);
                }
            }
        }
        let policy = self.program.retries.push(policy);
        if misread {
            self.program.misread.insert(policy);
        }
    }

    fn lower_attempts(&mut self, property: &Property) -> Option<Spanned<Attempts>> {
        let span = property.span;
        if Self::word(&property.value).as_deref() == Some("unlimited") {
            return Some(Spanned { value: Attempts::Unlimited, span });
        }
        if let ast::Expr::PrefixExpr(prefix) = &property.value
            && let Some(ast::LiteralValue::Int(number)) = prefix.value().as_ref().and_then(Self::literal)
        {
            let number = i64::try_from(number).unwrap_or(i64::MAX).saturating_neg();
            return Some(Spanned { value: Attempts::Count(number), span });
        }
        match Self::literal(&property.value) {
            Some(ast::LiteralValue::Int(number)) => {
                let number = i64::try_from(number).unwrap_or(i64::MAX);
                Some(Spanned { value: Attempts::Count(number), span })
            }
            _ => {
                self.wrong_value(span, "attempts", "a whole number, or `unlimited`");
                None
            }
        }
    }

    fn lower_backoff(&mut self, property: &Property) -> Option<Spanned<Backoff>> {
        let span = property.span;
        let expected = "`exponential { initial: 1s, max: 10s }`, `linear { initial: 1s, step: 1s }`, `fixed(2s)` or `none`";
        if Self::word(&property.value).as_deref() == Some("none") {
            return Some(Spanned { value: Backoff::None, span });
        }
        if let Some((word, arguments)) = Self::form(&property.value) {
            return match (word.as_str(), arguments.as_slice()) {
                ("fixed", [delay]) => {
                    let delay = self.apart(|lowerer| lowerer.lower_expr(delay));
                    Some(Spanned { value: Backoff::Fixed { delay }, span })
                }
                _ => {
                    self.wrong_value(span, "backoff", expected);
                    None
                }
            };
        }
        let ast::Expr::ConstructorExpr(constructor) = &property.value else {
            self.wrong_value(span, "backoff", expected);
            return None;
        };
        let word = constructor.callee().as_ref().and_then(Self::word).unwrap_or_default();
        if word != "exponential" && word != "linear" {
            self.wrong_value(span, "backoff", expected);
            return None;
        }
        let settings = self.lower_settings(constructor.record()?, &word);
        let value = if word == "exponential" {
            if let Some((_, at)) = settings.step {
                self.wrong(&codes::F0403, at, "`exponential` grows by `factor`, not by `step`".into());
            }
            Backoff::Exponential {
                initial: settings.initial,
                factor: settings.factor.map(|(factor, _)| factor),
                max: settings.max,
                jitter: settings.jitter,
            }
        } else {
            if let Some((_, at)) = settings.factor {
                self.wrong(&codes::F0403, at, "`linear` grows by `step`, not by `factor`".into());
            }
            Backoff::Linear {
                initial: settings.initial,
                step: settings.step.map(|(step, _)| step),
                max: settings.max,
                jitter: settings.jitter,
            }
        };
        Some(Spanned { value, span })
    }

    fn lower_settings(&mut self, record: ast::RecordExpr, word: &str) -> Settings {
        let mut settings = Settings::default();
        for entry in record.entries() {
            let ast::RecordEntry::RecordField(field) = entry else { continue };
            let (Some(key), Some(value)) = (field.key(), field.value()) else { continue };
            let name_span = self.span(&key);
            let span = self.span(&value);
            let name = key.text().unwrap_or_default();
            let property = Property { name, name_span, value, span };
            let mut lowered = || self.apart(|lowerer| lowerer.lower_expr(&property.value));
            match property.name.as_str() {
                "initial" => settings.initial = Some(lowered()),
                "factor" => settings.factor = Some((lowered(), name_span)),
                "step" => settings.step = Some((lowered(), name_span)),
                "max" => settings.max = Some(lowered()),
                "jitter" => settings.jitter = self.lower_jitter(&property),
                _ => self.unknown_property(&property, &format!("`{word}`"), &SETTINGS, &[]),
            }
        }
        settings
    }

    fn lower_jitter(&mut self, property: &Property) -> Option<Spanned<Jitter>> {
        let value = match Self::word(&property.value).as_deref() {
            Some("full") => Jitter::Full,
            Some("none") => Jitter::None,
            _ => {
                self.wrong_value(property.span, "jitter", "`full` or `none`");
                return None;
            }
        };
        Some(Spanned { value, span: property.span })
    }

    fn lower_on(&mut self, property: &Property) -> Spanned<Vec<RetryOn>> {
        let mut entries = Vec::new();
        let ast::Expr::ListExpr(list) = &property.value else {
            self.wrong_value(property.span, "on", "a list, such as `[429, 5xx, timeout, connection]`");
            return Spanned { value: entries, span: property.span };
        };
        for element in list.elements() {
            let span = self.span(&element);
            let ast::ListElement::Expr(element) = element else {
                self.wrong_value(span, "on", "statuses, `timeout`, `connection`, `decode` and errors");
                continue;
            };
            if let Some(literal) = Self::literal(&element) {
                entries.extend(self.status(&literal, span).map(|status| RetryOn::Status(status, span)));
            } else if let Some(word) = Self::word(&element) {
                entries.extend(self.find_error(&word, span).map(|error| RetryOn::Error(error, span)));
            } else {
                self.wrong_value(span, "on", "statuses, `timeout`, `connection`, `decode` and errors");
            }
        }
        if entries.is_empty() && list.elements().next().is_none() {
            self.report(
                Diagnostic::new(&codes::F0407, property.span, "nothing is tried again")
                    .help("name what is: `on: [429, 502, 503, 504, timeout, connection]`"),
            );
        }
        Spanned { value: entries, span: property.span }
    }

    fn lower_exhausted(&mut self, property: &Property) -> Option<Spanned<Exhausted>> {
        let value = match Self::word(&property.value).as_deref() {
            Some("fail") => Exhausted::Fail,
            Some("pause") => Exhausted::Pause,
            // `fail` is a reserved word, so it may come as an expression of its own.
            _ if matches!(property.value, ast::Expr::FailExpr(_)) => Exhausted::Fail,
            _ => {
                self.wrong_value(property.span, "exhausted", "`fail` or `pause`");
                return None;
            }
        };
        Some(Spanned { value, span: property.span })
    }

    fn lower_flag(&mut self, property: &Property) -> Option<Spanned<bool>> {
        match Self::literal(&property.value) {
            Some(ast::LiteralValue::Bool(value)) => Some(Spanned { value, span: property.span }),
            _ => {
                self.wrong_value(property.span, &property.name, "`true` or `false`");
                None
            }
        }
    }
}

/// What stands in the braces of a growing backoff.
#[derive(Default)]
struct Settings {
    initial: Option<ExprId>,
    factor: Option<(ExprId, Span)>,
    step: Option<(ExprId, Span)>,
    max: Option<ExprId>,
    jitter: Option<Spanned<Jitter>>,
}
