//! What is said when a value does not fit its place.

use flow_diagnostics::{Diagnostic, codes};
use flow_hir::ExprId;

use super::{Infer, Reason};
use crate::coercion::coerce;
use crate::display;
use crate::types::{Ty, TyKind};

impl Infer<'_, '_> {
    /// Says that a value does not fit, as precisely as the types allow.
    pub(super) fn mismatch(&mut self, expr: ExprId, found: Ty, expected: Ty, reason: Option<&Reason>) {
        if self.checker.is_unknown(found) || self.checker.is_unknown(expected) {
            return;
        }
        let types = &self.checker.typed.types;
        let span = self.checker.span(expr);
        let (found_words, expected_words) = (self.checker.words(found), self.checker.words(expected));
        let plain = types.without_null(found);
        let mut diagnostic = if holds_secret(self.checker, found) && !holds_secret(self.checker, expected) {
            let mut diagnostic = Diagnostic::new(
                &codes::F0701,
                span,
                format!("a secret cannot flow into a plain `{expected_words}`"),
            )
            .label(format!("`{found_words}`"))
            .help("a secret may flow into `auth`, headers and request bodies of an API alone");
            if let Some(reason) = reason {
                diagnostic = diagnostic.also(reason.span, reason.text.clone());
            }
            self.checker.report(diagnostic);
            return;
        } else if plain != found && coerce(types, plain, expected).is_some() {
            Diagnostic::new(&codes::F0313, span, format!("expected `{expected_words}`, but this may be null"))
                .label(format!("`{found_words}`"))
                .help("give a value for null with `?? …`, or test it first: `if x != null { … }`")
        } else {
            Diagnostic::new(
                &codes::F0301,
                span,
                format!("expected `{expected_words}`, found `{found_words}`"),
            )
        };
        for note in self.differences(found, expected) {
            diagnostic = diagnostic.note(note);
        }
        if diagnostic.help.is_none()
            && let Some(help) = self.conversion_help(found, expected)
        {
            diagnostic = diagnostic.help(help);
        }
        if let Some(reason) = reason {
            diagnostic = diagnostic.also(reason.span, reason.text.clone());
        }
        let edits = self.conversions(expr, found, expected, reason.is_none());
        self.checker.report(diagnostic.mend(edits));
    }

    /// Where two records part.
    fn differences(&self, found: Ty, expected: Ty) -> Vec<String> {
        let types = &self.checker.typed.types;
        let (Some(has), Some(wants)) =
            (types.fields(types.without_null(found)), types.fields(types.without_null(expected)))
        else {
            return Vec::new();
        };
        let mut notes = Vec::new();
        for wanted in wants.iter() {
            match has.iter().find(|field| field.name == wanted.name) {
                None if wanted.may_be_left_out(types) => {}
                None => notes.push(format!("field `{}` is missing", wanted.name)),
                Some(field) => {
                    let (from, to) = (field.read(types), wanted.read(types));
                    if coerce(types, from, to).is_none() {
                        let (from, to) = (self.checker.words(from), self.checker.words(to));
                        notes.push(format!("field `{}` is `{from}`, not `{to}`", wanted.name));
                    }
                }
            }
        }
        notes
    }

    /// How to get from one type to the other by hand, where there is a usual way.
    fn conversion_help(&self, found: Ty, expected: Ty) -> Option<String> {
        let types = &self.checker.typed.types;
        let expected = types.without_null(expected);
        let is_recursive = |ty: Ty| types.is_recursive(types.resolve(ty));
        if is_recursive(found) && is_recursive(expected) {
            let words = self.checker.words(expected);
            return Some(format!(
                "a type that contains itself becomes another one only where they are the same at every depth: \
                 go through JSON with `value as json as {words}`"
            ));
        }
        Some(match (&*types.structure(found), &*types.structure(expected)) {
            (TyKind::Decimal | TyKind::Float, TyKind::Int) => {
                "a number with a fraction does not become an int by itself: divide with `div`".into()
            }
            (scalar, TyKind::String) if scalar.is_written_into_text() => {
                "write it into a text: `\"{value}\"`".into()
            }
            (TyKind::String, TyKind::Int) => {
                "read the text: `text.parse_int()`, null where it is none".into()
            }
            (TyKind::String, TyKind::Decimal) => {
                "read the text: `text.parse_decimal()`, null where it is none".into()
            }
            (TyKind::Json, _) => format!("say what it is: `value as {}`", self.checker.words(expected)),
            (_, TyKind::List(element)) if coerce(types, found, *element).is_some() => {
                "put it into a list: `[value]`".into()
            }
            (TyKind::String, TyKind::Literals(literals)) => {
                let members: Vec<String> = literals.members.iter().map(display::literal).collect();
                format!("only {} fit", display::names(members.iter().map(String::as_str)))
            }
            (TyKind::Int, TyKind::Duration) => "give it a unit: `5s`, `2m`".into(),
            _ => return None,
        })
    }
}

/// Whether a type holds a secret, however deep.
pub(crate) fn holds_secret(checker: &crate::checker::Checker<'_>, ty: Ty) -> bool {
    checker.typed.types.any_inside(ty, |kind| matches!(kind, TyKind::Secret(_)))
}
