//! Literals, texts, lists and maps.

use std::str::FromStr;

use flow_diagnostics::{Diagnostic, codes};
use flow_hir::{ExprId, ListItem, LiteralKind, MapEntry, TemplatePart};
use flow_source::Span;
use rust_decimal::Decimal;

use super::{Infer, Place, Reason, Want};
use crate::display;
use crate::types::{Ty, TyKind};

/// Significant digits of a decimal.
const DECIMAL_DIGITS_MAX: usize = 28;

impl Infer<'_, '_> {
    /// What a literal takes its shape from: the wanted type without null and secrecy, names followed.
    pub(super) fn hint_kind(&self, want: Want<'_>) -> Option<(Ty, std::sync::Arc<TyKind>)> {
        let mut ty = want.hint()?;
        loop {
            let kind = self.checker.typed.types.structure(ty);
            match *kind {
                TyKind::Optional(inner) | TyKind::Secret(inner) => ty = inner,
                _ => return Some((ty, kind)),
            }
        }
    }

    /// The union that a literal is to be a member of, if the place wants one. A literal that is no member is
    /// reported here.
    fn literal_in_union(&mut self, value: &LiteralKind, span: Span, want: Want<'_>) -> Option<Ty> {
        let (ty, kind) = self.hint_kind(want)?;
        let TyKind::Literals(literals) = &*kind else { return None };
        let base = match value {
            LiteralKind::Bool(_) => Ty::BOOL,
            LiteralKind::Int(_) => Ty::INT,
            LiteralKind::Decimal(_) => Ty::DECIMAL,
            LiteralKind::String(_) => Ty::STRING,
            LiteralKind::Null => return None,
        };
        if literals.base != base {
            return None;
        }
        if !literals.open && !literals.members.contains(value) {
            self.not_a_member(value, literals, span, want);
        }
        Some(ty)
    }

    fn not_a_member(
        &mut self,
        value: &LiteralKind,
        literals: &crate::types::Literals,
        span: Span,
        want: Want<'_>,
    ) {
        let members = self.checker.members(&literals.members);
        let written = display::literal(value);
        let mut diagnostic = Diagnostic::new(
            &codes::F0315,
            span,
            format!("`{written}` is not one of {}", display::names(members.iter().map(String::as_str))),
        );
        if let Want::Type(_, Some(reason)) = want {
            diagnostic = diagnostic.also(reason.span, reason.text.clone());
        }
        if let Some(near) = self.checker.nearest(&written, members.iter().map(String::as_str)) {
            diagnostic = diagnostic.did_you_mean(span, near);
        }
        self.checker.report(diagnostic);
    }

    pub(super) fn bool_literal(&mut self, value: bool, span: Span, want: Want<'_>) -> Ty {
        self.literal_in_union(&LiteralKind::Bool(value), span, want).unwrap_or(Ty::BOOL)
    }

    pub(super) fn int_literal(&mut self, value: i64, span: Span, want: Want<'_>) -> Ty {
        self.literal_in_union(&LiteralKind::Int(value), span, want).unwrap_or(Ty::INT)
    }

    /// A literal with a fraction is a decimal, or a float where one is wanted.
    pub(super) fn decimal_literal(&mut self, digits: &str, span: Span, want: Want<'_>) -> Ty {
        if let Some((_, kind)) = self.hint_kind(want)
            && *kind == TyKind::Float
        {
            return Ty::FLOAT;
        }
        let significant =
            digits.chars().filter(char::is_ascii_digit).skip_while(|digit| *digit == '0').count();
        if significant > DECIMAL_DIGITS_MAX || Decimal::from_str(digits).is_err() {
            self.checker.report(
                Diagnostic::new(
                    &codes::F0317,
                    span,
                    format!("`{digits}` has {significant} significant digits"),
                )
                .label(format!("a decimal has at most {DECIMAL_DIGITS_MAX}"))
                .help("write fewer digits; nothing is cut silently"),
            );
        }
        self.literal_in_union(&LiteralKind::Decimal(digits.into()), span, want).unwrap_or(Ty::DECIMAL)
    }

    /// A text without interpolation: a member of a union, a URL, or a string.
    pub(super) fn string_literal(&mut self, text: &str, span: Span, want: Want<'_>) -> Ty {
        if let Some((_, kind)) = self.hint_kind(want)
            && *kind == TyKind::Url
        {
            self.url_literal(text, span);
            return Ty::URL;
        }
        self.literal_in_union(&LiteralKind::String(text.into()), span, want).unwrap_or(Ty::STRING)
    }

    /// A URL in source is absolute, and its scheme is one that can be called.
    fn url_literal(&mut self, text: &str, span: Span) {
        let rest = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
        let host = rest.map(|rest| rest.split(['/', '?', '#']).next().unwrap_or(""));
        let problem = match host {
            None => "a URL begins with `https://` or `http://`",
            Some("") => "the URL has no host",
            Some(host) if host.contains('@') => "a URL here has no user or password; use `auth`",
            Some(_) if text.contains(|c: char| c.is_whitespace() || c.is_control()) => "a URL has no blanks",
            Some(_) => return,
        };
        self.checker.report(
            Diagnostic::new(&codes::F0410, span, format!("`{text}` is not an absolute URL")).label(problem),
        );
    }

    /// A text with interpolation: a string, secret where a part is.
    pub(super) fn template(&mut self, parts: &[TemplatePart]) -> Ty {
        let mut secret = false;
        for part in parts {
            let TemplatePart::Expr(part) = part else { continue };
            let ty = self.at(Place::Pure("an interpolation"), |infer| infer.any(*part));
            secret |= matches!(*self.checker.typed.types.structure(ty), TyKind::Secret(_));
            self.check_scalar(*part, ty);
        }
        if secret {
            return self.checker.typed.types.secret(Ty::STRING);
        }
        Ty::STRING
    }

    /// Interpolation writes single values; records, lists and null it does not.
    pub(crate) fn check_scalar(&mut self, part: ExprId, ty: Ty) {
        let types = &self.checker.typed.types;
        let help = match &*types.structure(ty) {
            TyKind::Optional(_) | TyKind::Null => "give a text for null: `{value ?? \"none\"}`",
            TyKind::Record(_) | TyKind::Map(_) => "name a field of it",
            TyKind::Union(union) if union.held => "take it apart: `match value { … }`",
            TyKind::List(_) => "join its elements: `{xs.join(\", \")}`",
            TyKind::Json => "say what it is: `{value as string}`",
            TyKind::Bytes => "bytes have no text",
            TyKind::ErrorValue(_) | TyKind::AnyError => "name a field of it, such as `message`",
            TyKind::Callback(_) => "its URL is a secret, which goes into a request alone",
            TyKind::Run(_) | TyKind::Trace | TyKind::Range | TyKind::Lambda { .. } => "it has no text",
            _ => return,
        };
        if self.checker.is_unknown(ty) {
            return;
        }
        let words = self.checker.words(ty);
        let span = self.checker.span(part);
        self.checker.report(
            Diagnostic::new(&codes::F0316, span, format!("`{words}` cannot be written into a text"))
                .help(help),
        );
    }

    /// A list: elements have the wanted type, or that of the first one.
    pub(super) fn list(&mut self, items: &[ListItem], span: Span, want: Want<'_>) -> Ty {
        let reason = match want {
            Want::Type(_, reason) => reason,
            _ => None,
        };
        let mut element = match self.hint_kind(want) {
            Some((_, kind)) => match *kind {
                TyKind::List(element) => Some(element),
                TyKind::Json => Some(Ty::JSON),
                _ => None,
            },
            None => None,
        };
        let mut joined_by = None;
        for item in items {
            match (*item, element) {
                (ListItem::Item(item), Some(element)) => {
                    let joined = joined_by.as_ref();
                    self.check(item, element, joined.or(reason));
                }
                (ListItem::Item(item), None) => {
                    let ty = self.any(item);
                    if ty != Ty::ERROR && ty != Ty::NEVER {
                        element = Some(ty);
                        let text = format!("the first element is `{}`", self.checker.words(ty));
                        joined_by = Some(Reason { span: self.checker.span(item), text });
                    }
                }
                (ListItem::Spread(list), Some(element)) => {
                    let expected = self.checker.typed.types.list(element);
                    self.check(list, expected, reason);
                }
                (ListItem::Spread(list), None) => {
                    let ty = self.any(list);
                    match *self.checker.typed.types.structure(ty) {
                        TyKind::List(inner) => element = Some(inner),
                        TyKind::Error | TyKind::Never => {}
                        _ => {
                            let found = self.checker.words(ty);
                            let span = self.checker.span(list);
                            self.checker.report(Diagnostic::new(
                                &codes::F0301,
                                span,
                                format!("expected a list after `...`, found `{found}`"),
                            ));
                        }
                    }
                }
            }
        }
        match element {
            Some(element) => self.checker.typed.types.list(element),
            None if items.is_empty() && want.hint().is_none() && !matches!(want, Want::Type(..)) => {
                self.checker.report(
                    Diagnostic::new(&codes::F0309, span, "the type of `[]` is not known here")
                        .help("say what the list holds: `let xs: [int] = []`"),
                );
                Ty::ERROR
            }
            None if items.is_empty() && matches!(want, Want::Type(..)) => {
                // A list where something else is wanted: the mismatch says so.
                self.checker.typed.types.list(Ty::NEVER)
            }
            None => Ty::ERROR,
        }
    }

    /// A map: values have the wanted type, or that of the first one.
    pub(super) fn map(&mut self, entries: &[MapEntry], span: Span, want: Want<'_>) -> Ty {
        let mut value = match self.hint_kind(want) {
            Some((_, kind)) => match *kind {
                TyKind::Map(value) => Some(value),
                TyKind::Json => Some(Ty::JSON),
                _ => None,
            },
            None => None,
        };
        for entry in entries {
            self.check(entry.key, Ty::STRING, None);
            match value {
                Some(value) => self.check(entry.value, value, None),
                None => {
                    let ty = self.any(entry.value);
                    if ty != Ty::ERROR && ty != Ty::NEVER {
                        value = Some(ty);
                    }
                }
            }
        }
        match value {
            Some(value) => self.checker.typed.types.map(value),
            None if entries.is_empty() => {
                self.checker.report(
                    Diagnostic::new(&codes::F0309, span, "the type of this map is not known here")
                        .help("say what the map holds: `let m: {string: int} = { }`"),
                );
                Ty::ERROR
            }
            None => Ty::ERROR,
        }
    }
}
