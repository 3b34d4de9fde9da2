//! Groups of branches in the text of plans.

use flow_plan::{GroupMode, Type};

/// The mode that a word names.
pub(crate) fn mode(word: &str) -> Option<GroupMode> {
    Some(match word {
        "all" => GroupMode::All,
        "settled" => GroupMode::Settled,
        "shielded" => GroupMode::Shielded,
        "first" => GroupMode::First,
        "some" => GroupMode::Some,
        _ => return None,
    })
}

/// Where the result of a branch goes: the field of that name, or the case.
pub(crate) fn place(ty: &Type, name: &str) -> Option<u16> {
    let index = match ty {
        Type::Record(fields) => fields.iter().position(|field| field.name == name),
        Type::Tagged { cases, .. } => cases.iter().position(|case| case.name == name),
        _ => None,
    };
    index.map(|index| index as u16)
}
