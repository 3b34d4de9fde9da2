//! Layout classes: types whose values lie in slots alike have one number.
//!
//! A type's class follows from its form and the classes of its parts. Types that lead back to themselves are
//! told apart by refinement: what is not told apart by its form or by the classes of its parts is alike. So
//! plans made to be slow cost little more than others.

use std::collections::HashMap;

use crate::{Literal, Type, TypeId, Types};

/// What tells a type from others, given the classes of its parts.
#[derive(PartialEq, Eq, Hash)]
enum Form<'a> {
    Plain(&'a Type),
    Optional(u32),
    List(u32),
    Map(u32),
    Record(Vec<(&'a str, u32)>),
    Tagged(Vec<(&'a str, u32)>),
}

/// Rounds of refinement among types that lead back to themselves. Types that are told apart only later are
/// never alike: that refuses a plan which no compiler makes, and is wrong about none.
const ROUNDS_MAX: usize = 256;

/// The class of a type that has none yet.
const NONE: u32 = u32::MAX;

/// The class of each type of a table whose entries are well formed.
pub fn layout_classes(types: &Types) -> Vec<u32> {
    let mut classes = vec![NONE; types.0.len()];
    let next = class_finite(types, &mut classes);
    refine(types, &mut classes, next);
    // A secret lies as what it guards.
    for id in (0..).map(TypeId).take(types.0.len()) {
        let class = classes.get(types.open_secret(id).index()).copied().unwrap_or(NONE);
        set(&mut classes, id, class);
    }
    classes
}

fn set(classes: &mut [u32], id: TypeId, class: u32) {
    if let Some(slot) = classes.get_mut(id.index()) {
        *slot = class;
    }
}

/// Classes of the types that do not lead back to themselves, parts before wholes. The next free class.
fn class_finite(types: &Types, classes: &mut [u32]) -> u32 {
    let mut wholes: Vec<Vec<TypeId>> = vec![Vec::new(); types.0.len()];
    let mut missing: Vec<usize> = vec![0; types.0.len()];
    let mut ready = Vec::new();
    for id in (0..).map(TypeId).take(types.0.len()) {
        let parts = parts(types, id);
        if let Some(missing) = missing.get_mut(id.index()) {
            *missing = parts.len();
        }
        if parts.is_empty() {
            ready.push(id);
        }
        for part in parts {
            if let Some(wholes) = wholes.get_mut(part.index()) {
                wholes.push(id);
            }
        }
    }
    let mut forms: HashMap<Form<'_>, u32> = HashMap::new();
    while let Some(id) = ready.pop() {
        let next = u32::try_from(forms.len()).unwrap_or(NONE);
        let class = *forms.entry(form(types, classes, id)).or_insert(next);
        set(classes, id, class);
        for whole in wholes.get(id.index()).into_iter().flatten() {
            if let Some(missing) = missing.get_mut(whole.index()) {
                *missing -= 1;
                if *missing == 0 {
                    ready.push(*whole);
                }
            }
        }
    }
    u32::try_from(forms.len()).unwrap_or(NONE)
}

/// Classes of the types that have none, from `first` on.
fn refine(types: &Types, classes: &mut [u32], first: u32) {
    let ids = (0..).map(TypeId).take(types.0.len());
    let left: Vec<TypeId> = ids.filter(|id| classes.get(id.index()) == Some(&NONE)).collect();
    left.iter().for_each(|id| set(classes, *id, first));
    let mut known = 1;
    for _ in 0..ROUNDS_MAX {
        let mut forms: HashMap<Form<'_>, u32> = HashMap::new();
        let mut fresh = Vec::with_capacity(left.len());
        for id in &left {
            let next = first + u32::try_from(forms.len()).unwrap_or(0);
            fresh.push(*forms.entry(form(types, classes, *id)).or_insert(next));
        }
        let count = forms.len();
        drop(forms);
        left.iter().zip(fresh).for_each(|(id, class)| set(classes, *id, class));
        if count <= known {
            return;
        }
        known = count;
    }
    left.iter().zip(first..).for_each(|(id, class)| set(classes, *id, class));
}

/// The types that a type is made of; a secret is made of what it guards.
fn parts(types: &Types, id: TypeId) -> Vec<TypeId> {
    let parts = match types.get(types.open_secret(id)) {
        Type::Optional(inner) | Type::List(inner) | Type::Map(inner) => vec![*inner],
        Type::Record(fields) => fields.iter().map(|field| field.ty).collect(),
        Type::Tagged { cases, .. } => cases.iter().map(|case| case.fields).collect(),
        _ => Vec::new(),
    };
    parts.into_iter().map(|part| types.open_secret(part)).collect()
}

fn form<'a>(types: &'a Types, classes: &[u32], id: TypeId) -> Form<'a> {
    let class = |id: &TypeId| classes.get(types.open_secret(*id).index()).copied().unwrap_or(NONE);
    match types.get(types.open_secret(id)) {
        Type::Optional(inner) => Form::Optional(class(inner)),
        Type::List(item) => Form::List(class(item)),
        Type::Map(value) => Form::Map(class(value)),
        Type::Record(fields) => {
            Form::Record(fields.iter().map(|field| (field.name.as_str(), class(&field.ty))).collect())
        }
        Type::Tagged { cases, .. } => {
            Form::Tagged(cases.iter().map(|case| (case.name.as_str(), class(&case.fields))).collect())
        }
        Type::Url => Form::Plain(&Type::String),
        Type::Presence => Form::Plain(&Type::Bool),
        Type::Literals(literals) => match literals.values.first() {
            Some(Literal::Int(_)) => Form::Plain(&Type::Int),
            Some(Literal::Bool(_)) => Form::Plain(&Type::Bool),
            Some(Literal::String(_)) | None => Form::Plain(&Type::String),
        },
        other => Form::Plain(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Field;

    #[test]
    fn classes_agree_with_the_comparison_of_two() {
        let field = |name: &str, ty: u32| Field {
            name: name.to_owned(),
            wire: name.to_owned(),
            ty: TypeId(ty),
            optional: false,
            check: None,
        };
        let types = Types(vec![
            Type::String,
            Type::Url,
            Type::Secret(TypeId(1)),
            Type::Int,
            // Two lists of themselves, and two records that differ in a name.
            Type::List(TypeId(4)),
            Type::List(TypeId(6)),
            Type::List(TypeId(5)),
            Type::Record(vec![field("a", 0)]),
            Type::Record(vec![field("a", 2)]),
            Type::Record(vec![field("b", 0)]),
            Type::Optional(TypeId(7)),
            Type::Optional(TypeId(8)),
        ]);
        let classes = layout_classes(&types);
        for left in 0..types.0.len() {
            for right in 0..types.0.len() {
                let alike = types.same_layout(TypeId(left as u32), TypeId(right as u32));
                assert_eq!(classes[left] == classes[right], alike, "{left} and {right}");
            }
        }
    }
}
