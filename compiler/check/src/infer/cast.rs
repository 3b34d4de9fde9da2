//! `value as T`: a check at run time, or a conversion that cannot fail.

use flow_diagnostics::{Diagnostic, codes};
use flow_hir::{ExprId, TypeRef};

use super::{Infer, Reason};
use crate::coercion::{coerce, is_data};
use crate::types::{Ty, TyKind, Types};

/// How many lists, maps and optionals are looked into: types may go round.
const DEPTH_MAX: u32 = 64;

impl Infer<'_, '_> {
    /// From `json`; from a type to one that takes some of its values; and wherever a conversion goes by itself.
    pub(super) fn cast(&mut self, value: ExprId, ty: &TypeRef) -> Ty {
        let target = self.type_of(ty);
        let found = self.any(value);
        let types = &self.checker.typed.types;
        if found == Ty::NEVER {
            return Ty::NEVER;
        }
        if coerce(types, found, target).is_some() {
            let reason = Reason { span: ty.span, text: "taken as this".into() };
            self.fit(value, found, target, Some(&reason));
            return target;
        }
        if !may_hold(types, found, target) {
            let (from, to) = (self.checker.words(found), self.checker.words(target));
            let span = self.checker.span(value);
            let help = self.way_between(found, target);
            let edits = self.conversions(value, found, target, true);
            self.checker.report(
                Diagnostic::new(&codes::F0301, span, format!("`{from}` cannot be taken as `{to}`"))
                    .label("`as` checks a value at run time; this one never fits")
                    .help(help)
                    .mend(edits),
            );
        }
        target
    }

    /// How a value comes to another type where `as` does not bring it there.
    fn way_between(&self, found: Ty, target: Ty) -> &'static str {
        let types = &self.checker.typed.types;
        let is_recursive = |ty: Ty| types.is_recursive(types.resolve(types.without_null(ty)));
        if is_recursive(found) && is_recursive(target) {
            return "types that contain themselves are converted through JSON: `value as json as T`";
        }
        match (&*types.structure(types.without_null(found)), &*types.structure(types.without_null(target))) {
            (TyKind::String, TyKind::Int) => {
                "read it with `text.parse_int()`, which is null where it is no number"
            }
            (TyKind::String, TyKind::Decimal) => {
                "read it with `text.parse_decimal()`, which is null where it is no number"
            }
            (TyKind::Secret(_), _) => "a secret stays secret",
            (kind, TyKind::String) if kind.is_written_into_text() => "write it into a text: `\"{value}\"`",
            (TyKind::Union(_), TyKind::Record(_)) => "take it apart with `match`",
            (_, TyKind::Record(_)) => "make a new record of its fields: `{ a: value.a, … }`",
            (_, TyKind::List(_)) => "put it into a list: `[value]`",
            _ => {
                "`as` takes `json`, a value that may be null, a number, a text or a union as one of its values"
            }
        }
    }
}

/// Whether a value of one type may be one of another, which a check at run time tells.
fn may_hold(types: &Types, from: Ty, to: Ty) -> bool {
    let (source, target) = (types.structure(from), types.structure(to));
    if matches!(*source, TyKind::Json | TyKind::Error) || *target == TyKind::Error {
        return true;
    }
    let plain =
        |ty: Ty| is_data(types, ty) && !types.any_inside(ty, |kind| matches!(kind, TyKind::Encoded(..)));
    let number = |ty: Ty| {
        let ty = types.structure(types.without_null(ty));
        matches!(*ty, TyKind::Int | TyKind::Decimal | TyKind::Float)
    };
    plain(from) && plain(to) && (number(from) && number(to) || narrows(types, from, to, DEPTH_MAX))
}

fn narrows(types: &Types, from: Ty, to: Ty, depth: u32) -> bool {
    let Some(depth) = depth.checked_sub(1) else { return false };
    match (&*types.structure(from), &*types.structure(to)) {
        (TyKind::Optional(from), _) => {
            let to = types.without_null(to);
            coerce(types, *from, to).is_some() || narrows(types, *from, to, depth)
        }
        (_, TyKind::Optional(to)) => narrows(types, from, *to, depth),
        (TyKind::String, TyKind::Url | TyKind::Uuid | TyKind::Date | TyKind::Timestamp) => true,
        (TyKind::Literals(from), TyKind::Literals(to)) => {
            let shared = from.members.iter().any(|member| to.members.contains(member));
            from.base == to.base && (from.open || shared)
        }
        (_, TyKind::Literals(to)) => types.same(from, to.base),
        (TyKind::Union(from), TyKind::Union(to)) => {
            let shared = to.cases.iter().any(|case| from.case(&case.name).is_some());
            !from.held && !to.held && from.tag == to.tag && shared
        }
        (TyKind::List(from), TyKind::List(to)) | (TyKind::Map(from), TyKind::Map(to)) => {
            narrows(types, *from, *to, depth)
        }
        _ => false,
    }
}
