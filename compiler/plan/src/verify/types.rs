//! Types that are well formed, so that widths and layouts are defined.

use std::collections::BTreeSet;

use super::{Checked, ensure};
use crate::{Case, Field, Literal, Literals, Plan, Type, TypeId, Types, WireForm};

/// Types of one plan.
pub const TYPES_MAX: usize = 16_384;

/// Fields of one record, and cases of one union.
const FIELDS_MAX: usize = 4_096;

pub(super) fn check(plan: &Plan) -> Checked {
    let types = &plan.types;
    ensure(types.0.len() <= TYPES_MAX, || format!("more than {TYPES_MAX} types"))?;
    for id in (0..).map(TypeId).take(types.0.len()) {
        check_type(types, types.get(id)).map_err(|reason| format!("type {id}: {reason}"))?;
    }
    Ok(())
}

/// Whether a type is in the table.
pub(super) fn known(types: &Types, id: TypeId) -> Checked {
    ensure(id.index() < types.0.len(), || format!("there is no type {id}"))
}

fn check_type(types: &Types, ty: &Type) -> Checked {
    match ty {
        Type::Optional(inner) => {
            known(types, *inner)?;
            let nested = match types.get(*inner) {
                Type::Optional(_) => true,
                Type::Secret(of) => matches!(types.get(*of), Type::Optional(_)),
                _ => false,
            };
            ensure(!nested, || "an optional of an optional".to_owned())
        }
        Type::Secret(inner) => {
            known(types, *inner)?;
            let nested = match types.get(*inner) {
                Type::Secret(_) => true,
                Type::Optional(of) => matches!(types.get(*of), Type::Secret(_)),
                _ => false,
            };
            ensure(!nested, || "a secret of a secret".to_owned())
        }
        Type::List(item) | Type::Map(item) => known(types, *item),
        Type::Record(fields) => check_fields(types, fields),
        Type::Literals(literals) => check_literals(literals),
        Type::Tagged { tag, cases, open } => {
            ensure(tag.is_some() || !open, || "an open union without a tag".to_owned())?;
            check_cases(types, tag.as_deref(), cases)
        }
        _ => Ok(()),
    }
}

fn check_fields(types: &Types, fields: &[Field]) -> Checked {
    ensure(fields.len() <= FIELDS_MAX, || format!("more than {FIELDS_MAX} fields"))?;
    let mut wires = BTreeSet::new();
    for (index, field) in fields.iter().enumerate() {
        known(types, field.ty)?;
        let before = index.checked_sub(1).and_then(|before| fields.get(before));
        ensure(before.is_none_or(|before| before.name < field.name), || {
            format!("field `{}` is not in the order of names", field.name)
        })?;
        if *types.get(field.ty) == Type::Presence || field.is_presence_of().is_some() {
            check_presence(types, fields, field)?;
            continue;
        }
        ensure(wires.insert(field.wire.as_str()), || format!("two members `{}`", field.wire))?;
        let nullable = matches!(types.get(types.open_secret(field.ty)), Type::Optional(_) | Type::Json);
        ensure(!field.optional || nullable, || {
            format!("field `{}` may be absent, and its type has no null", field.name)
        })?;
    }
    Ok(())
}

/// A presence goes with an optional field of its record, and is not on the wire.
fn check_presence(types: &Types, fields: &[Field], field: &Field) -> Checked {
    let of = field.is_presence_of().and_then(|name| fields.iter().find(|of| of.name == name));
    let goes_with = of.is_some_and(|of| of.optional && matches!(types.get(of.ty), Type::Optional(_)));
    let is_bare = field.wire.is_empty() && field.optional && field.check.is_none();
    ensure(*types.get(field.ty) == Type::Presence && goes_with && is_bare, || {
        format!("field `{}` is the presence of none", field.name)
    })
}

fn check_literals(literals: &Literals) -> Checked {
    let base = |literal: &Literal| std::mem::discriminant(literal);
    let first = literals.values.first().map(base);
    ensure(first.is_some(), || "a union of no literals".to_owned())?;
    ensure(literals.values.iter().all(|literal| Some(base(literal)) == first), || {
        "literals of different types".to_owned()
    })
}

fn check_cases(types: &Types, tag: Option<&str>, cases: &[Case]) -> Checked {
    ensure((1..=FIELDS_MAX).contains(&cases.len()), || format!("not 1 to {FIELDS_MAX} cases"))?;
    for (index, case) in cases.iter().enumerate() {
        known(types, case.fields)?;
        let Type::Record(fields) = types.get(case.fields) else {
            return Err(format!("case `{}` is no record", case.name));
        };
        ensure(fields.iter().all(|field| Some(field.wire.as_str()) != tag), || {
            format!("case `{}` has a member named as the tag", case.name)
        })?;
        let before = cases.iter().take(index);
        ensure(
            before.clone().all(|other| other.name != case.name && (tag.is_none() || other.wire != case.wire)),
            || format!("two cases `{}`", case.name),
        )?;
    }
    Ok(())
}

/// Forms that go with their types, and one entry for a type. Conditions are looked at with those of fields.
pub(super) fn check_boundaries(plan: &Plan) -> Checked {
    let mut before = None;
    for (id, boundary) in &plan.boundaries {
        known(&plan.types, *id)?;
        ensure(before < Some(*id), || format!("the boundary of {id} is not in the order of types"))?;
        before = Some(*id);
        let fits = match (boundary.form, plan.types.get(*id)) {
            (None, _) => boundary.check.is_some(),
            (Some(WireForm::Text), ty) => matches!(ty, Type::Decimal),
            (Some(WireForm::Seconds | WireForm::Millis), ty) => matches!(ty, Type::Duration),
        };
        ensure(fits, || format!("the form of {id} is not one of its type"))?;
    }
    Ok(())
}
