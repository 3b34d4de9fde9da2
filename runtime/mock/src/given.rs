//! Members of a given answer that nothing would read: slips, which would leave the sample data in their place.

use flow_plan::{Pages, Type, TypeId, Types};

use crate::{answer, api::Played, json};

/// How deep a given answer is looked into.
const DEPTH_MAX: usize = 64;

/// A member that its record does not declare, and those that it does.
pub(crate) struct Unknown {
    pub(crate) member: String,
    pub(crate) known: Vec<String>,
}

/// The first member of the given answer that is not declared. What leads to another page is read, declared or not.
pub(crate) fn unknown_member(played: &Played) -> Option<Unknown> {
    let plan = played.program().plan();
    let ty = plan.body_of(&played.operation, answer::success_status(played))?;
    let pages: &[&[String]] = match &played.operation.form.pages {
        Some(Pages::Cursor { from, items, .. }) => &[from, items],
        Some(Pages::Offset { items, .. }) => &[items],
        Some(Pages::Link) | None => &[],
    };
    look(&plan.types, ty, played.answer.as_deref()?, pages, DEPTH_MAX)
}

fn look(types: &Types, ty: TypeId, text: &str, pages: &[&[String]], depth: usize) -> Option<Unknown> {
    let depth = depth.checked_sub(1)?;
    match types.get(types.open_secret(ty)) {
        Type::Optional(inner) => look(types, *inner, text, pages, depth),
        Type::List(item) => {
            json::items(text)?.iter().find_map(|text| look(types, *item, text.get(), &[], depth))
        }
        Type::Map(value) => json::members(text.as_bytes())?
            .values()
            .find_map(|text| look(types, *value, text.get(), &[], depth)),
        Type::Record(fields) => json::members(text.as_bytes())?.iter().find_map(|(name, text)| {
            let below: Vec<&[String]> = pages
                .iter()
                .filter_map(|path| path.split_first().filter(|(first, _)| *first == name))
                .map(|(_, rest)| rest)
                .collect();
            match fields.iter().find(|field| field.wire == *name) {
                Some(field) => look(types, field.ty, text.get(), &below, depth),
                None if !below.is_empty() => None,
                None => Some(Unknown {
                    member: name.clone(),
                    known: fields.iter().map(|field| field.wire.clone()).collect(),
                }),
            }
        }),
        _ => None,
    }
}
