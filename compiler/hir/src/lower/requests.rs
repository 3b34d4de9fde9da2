//! Properties that say how requests look: idempotency keys, versions, media types, sunsets.

use std::sync::Arc;

use flow_diagnostics::{Diagnostic, codes};
use flow_syntax::ast;

use super::Lowerer;
use super::property::Property;
use crate::{Idempotency, Name, Spanned, VersionTravel};

impl Lowerer {
    /// `natural`, `header("Idempotency-Key")`, `field(path)`, each with the author's own key where one stands.
    pub(super) fn lower_idempotency(&mut self, property: &Property) -> Option<Spanned<Idempotency>> {
        let span = property.span;
        if Self::word(&property.value).as_deref() == Some("natural") {
            return Some(Spanned { value: Idempotency::Natural, span });
        }
        let expected = "`natural`, `header(\"Idempotency-Key\")` or `field(path)`";
        let Some((word, arguments)) = Self::form(&property.value) else {
            self.wrong_value(span, "idempotency", expected);
            return None;
        };
        let (place, key) = match arguments.as_slice() {
            [place] => (place, None),
            [place, key] => (place, Some(key)),
            _ => {
                self.wrong_value(span, "idempotency", expected);
                return None;
            }
        };
        let value = match word.as_str() {
            "header" => {
                let name = self.text(place, "idempotency")?;
                self.check_header_name(&Name { text: Arc::clone(&name.value), span: name.span });
                let key = key.map(|key| self.lower_expr(key));
                Idempotency::Header { name: name.value, key }
            }
            "field" => {
                let Some(path) = self.field_path(place) else {
                    let at = self.span(place);
                    self.wrong_value(at, "idempotency", "the way to a field of the body: `field(meta.key)`");
                    return None;
                };
                let key = key.map(|key| self.lower_expr(key));
                Idempotency::Field { path, key }
            }
            _ => {
                self.wrong_value(span, "idempotency", expected);
                return None;
            }
        };
        Some(Spanned { value, span })
    }

    /// `a.b.c` as names.
    pub(super) fn field_path(&self, value: &ast::Expr) -> Option<Vec<Name>> {
        match value {
            ast::Expr::NameExpr(name) if name.version().is_none() => {
                Some(vec![Name { text: Arc::from(name.text()), span: self.span(name) }])
            }
            ast::Expr::FieldExpr(field) => {
                let mut path = self.field_path(&field.base()?)?;
                let name = field.field()?;
                path.push(self.named(&name));
                Some(path)
            }
            _ => None,
        }
    }

    /// `path`, `header("Api-Version")`, `query("api-version")`, `media_type`.
    pub(super) fn lower_version_travel(&mut self, property: &Property) -> Option<Spanned<VersionTravel>> {
        let span = property.span;
        let value = match Self::word(&property.value).as_deref() {
            Some("path") => Some(VersionTravel::Path),
            Some("media_type") => Some(VersionTravel::MediaType),
            _ => match Self::form(&property.value) {
                Some((word, arguments)) => match (word.as_str(), arguments.as_slice()) {
                    ("header", [name]) => {
                        let name = self.text(name, "version")?;
                        self.check_header_name(&Name { text: Arc::clone(&name.value), span: name.span });
                        Some(VersionTravel::Header(name.value))
                    }
                    ("query", [name]) => Some(VersionTravel::Query(self.text(name, "version")?.value)),
                    _ => None,
                },
                None => None,
            },
        };
        match value {
            Some(value) => Some(Spanned { value, span }),
            None => {
                let expected = "`path`, `header(\"Api-Version\")`, `query(\"api-version\")` or `media_type`";
                self.wrong_value(span, "version", expected);
                None
            }
        }
    }

    /// A media type; of a body one that is JSON, because nothing else is written.
    pub(super) fn lower_media_type(
        &mut self,
        property: &Property,
        must_be_json: bool,
    ) -> Option<Spanned<Arc<str>>> {
        let text = self.text(&property.value, &property.name)?;
        let bare = text.value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let token = |part: &str| {
            !part.is_empty()
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&^_.+-*".contains(&byte))
        };
        let is_type = bare.split_once('/').is_some_and(|(kind, sub)| token(kind) && token(sub));
        let printable = text.value.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        if !is_type || !printable {
            let message = format!("`{}` is no media type", text.value.escape_debug());
            self.report(
                Diagnostic::new(&codes::F0404, text.span, message)
                    .help("write one such as `\"application/json\"`"),
            );
            return None;
        }
        let is_json = bare == "application/json" || bare.ends_with("+json");
        if must_be_json && !is_json {
            self.not_built_at(
                text.span,
                &format!("a body of `{bare}`"),
                "write a type of JSON, such as `\"application/merge-patch+json\"`",
            );
            return None;
        }
        Some(text)
    }

    /// The day from which there is no such thing any more.
    pub(super) fn lower_sunset(&mut self, property: &Property) -> Option<Spanned<Arc<str>>> {
        match Self::literal(&property.value) {
            Some(ast::LiteralValue::Date(day)) => {
                Some(Spanned { value: Arc::from(day), span: property.span })
            }
            Some(ast::LiteralValue::Timestamp(moment)) => {
                Some(Spanned { value: Arc::from(moment), span: property.span })
            }
            _ => {
                self.wrong_value(property.span, "sunset", "a day, such as `@2027-01-01`");
                None
            }
        }
    }

    /// A property of which one value alone is built: what happens without it.
    pub(super) fn only(&mut self, property: &Property, built: &str, section: &str, instead: &str) {
        if Self::word(&property.value).as_deref() != Some(built) {
            let name = &property.name;
            self.not_built_at(property.span, &format!("`{name}` of {section} but for `{built}`"), instead);
        }
    }
}
