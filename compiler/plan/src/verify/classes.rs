//! Layout classes: types whose values lie in slots alike have one number.
//!
//! The classes are found by refinement, for all types at once: what is not told apart by its form or by the
//! classes of its parts is alike. So recursive types, and plans made to be slow, cost no more than others.

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

/// The class of each type of a table whose entries are well formed.
pub fn layout_classes(types: &Types) -> Vec<u32> {
    let mut classes = vec![0; types.0.len()];
    let mut known = 0;
    loop {
        let mut forms: HashMap<Form<'_>, u32> = HashMap::new();
        let next: Vec<u32> = (0..)
            .map(TypeId)
            .take(types.0.len())
            .map(|id| {
                let count = u32::try_from(forms.len()).unwrap_or(u32::MAX);
                *forms.entry(form(types, &classes, id)).or_insert(count)
            })
            .collect();
        let count = forms.len();
        drop(forms);
        classes = next;
        if count == known {
            return classes;
        }
        known = count;
    }
}

fn form<'a>(types: &'a Types, classes: &[u32], id: TypeId) -> Form<'a> {
    let class = |id: &TypeId| classes.get(types.open_secret(*id).index()).copied().unwrap_or(u32::MAX);
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
