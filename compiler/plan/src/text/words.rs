//! Types, times and settings in words.

use crate::{GroupMode, Literal, Op, Plan, Setting, Type, TypeId, WireForm};

/// How deep a type is written out before it is named by its id.
const DEPTH_MAX: usize = 3;

/// A length of time: `1m 30s`, `250ms`.
pub(super) fn duration(mut us: u64) -> String {
    if us == 0 {
        return "0s".to_owned();
    }
    let mut parts = Vec::new();
    for (unit, size) in [
        ("d", 86_400_000_000),
        ("h", 3_600_000_000),
        ("m", 60_000_000),
        ("s", 1_000_000),
        ("ms", 1_000),
        ("us", 1),
    ] {
        if us >= size {
            parts.push(format!("{}{unit}", us / size));
            us %= size;
        }
    }
    parts.join(" ")
}

/// A type, written out as far as it stays readable.
pub(super) fn type_words(plan: &Plan, id: TypeId) -> String {
    written(plan, id, 0)
}

/// A type one level deep: what is inside is named by id.
pub(super) fn type_row(plan: &Plan, id: TypeId) -> String {
    written(plan, id, DEPTH_MAX - 1)
}

fn written(plan: &Plan, id: TypeId, depth: usize) -> String {
    let inner = |id: TypeId| {
        let simple = matches!(
            plan.types.get(id),
            Type::Record(_) | Type::Tagged { .. } | Type::List(_) | Type::Map(_) | Type::Optional(_)
        );
        if simple && depth + 1 >= DEPTH_MAX { id.to_string() } else { written(plan, id, depth + 1) }
    };
    let form = form(plan, id, inner);
    let Some(boundary) = plan.boundary(id) else { return form };
    let encoded = match boundary.form {
        None => "",
        Some(WireForm::Text) => " encoded string",
        Some(WireForm::Seconds) => " encoded seconds",
        Some(WireForm::Millis) => " encoded millis",
    };
    let check = boundary.check.map_or_else(String::new, |check| format!(" where {check}"));
    format!("{form}{encoded}{check}")
}

/// A type without what holds of it at the boundaries.
fn form(plan: &Plan, id: TypeId, inner: impl Fn(TypeId) -> String) -> String {
    match plan.types.get(id) {
        Type::Null => "null".to_owned(),
        Type::Bool => "bool".to_owned(),
        Type::Int => "int".to_owned(),
        Type::Float => "float".to_owned(),
        Type::Decimal => "decimal".to_owned(),
        Type::String => "string".to_owned(),
        Type::Bytes => "bytes".to_owned(),
        Type::Duration => "duration".to_owned(),
        Type::Timestamp => "timestamp".to_owned(),
        Type::Date => "date".to_owned(),
        Type::Uuid => "uuid".to_owned(),
        Type::Url => "url".to_owned(),
        Type::Json => "json".to_owned(),
        Type::Presence => "presence".to_owned(),
        Type::Error => "error".to_owned(),
        Type::Optional(of) => format!("{}?", inner(*of)),
        Type::List(of) => format!("[{}]", inner(*of)),
        Type::Map(of) => format!("{{string: {}}}", inner(*of)),
        Type::Secret(of) => format!("secret {}", inner(*of)),
        Type::Literals(literals) => {
            let mut values: Vec<String> = literals.values.iter().map(literal).collect();
            if literals.open {
                values.push("...".to_owned());
            }
            values.join(" | ")
        }
        Type::Record(fields) if fields.is_empty() => "{ }".to_owned(),
        Type::Record(fields) => {
            let keeps = |name: &str| fields.iter().any(|field| field.is_presence_of() == Some(name));
            let fields: Vec<String> = fields
                .iter()
                .filter(|field| field.is_presence_of().is_none())
                .map(|field| {
                    let wire = if field.wire == field.name {
                        String::new()
                    } else {
                        format!(" as {:?}", field.wire)
                    };
                    // What may be absent is written as in source: its type without the null that reading adds.
                    let (absent, ty) = match (field.optional, plan.types.get(field.ty)) {
                        (true, Type::Optional(of)) if !keeps(&field.name) => ("?", *of),
                        (true, _) => ("?", field.ty),
                        (false, _) => ("", field.ty),
                    };
                    let check = field.check.map_or_else(String::new, |check| format!(" where {check}"));
                    format!("{}{wire}{absent}: {}{check}", field.name, inner(ty))
                })
                .collect();
            format!("{{ {} }}", fields.join(", "))
        }
        Type::Tagged { tag, cases, open } => {
            let mut all: Vec<String> = cases
                .iter()
                .map(|case| {
                    let own = Literal::String(case.name.clone());
                    let renamed = tag.is_some() && case.wire != own;
                    let wire = if renamed { format!(" as {}", literal(&case.wire)) } else { String::new() };
                    format!("{}{wire} {}", case.name, inner(case.fields))
                })
                .collect();
            if *open {
                all.push("...".to_owned());
            }
            match tag {
                Some(tag) => format!("{} tagged {tag:?}", all.join(" | ")),
                None => format!("{} untagged", all.join(" | ")),
            }
        }
    }
}

pub(super) fn literal(literal: &Literal) -> String {
    match literal {
        Literal::String(text) => format!("{text:?}"),
        Literal::Int(number) => number.to_string(),
        Literal::Bool(truth) => truth.to_string(),
    }
}

/// A setting: a text, or the configuration entry that holds it.
pub(super) fn setting(plan: &Plan, setting: &Setting) -> String {
    match setting {
        Setting::Text(text) => format!("{text:?}"),
        Setting::Config(id) => {
            plan.config_entry(*id).map_or_else(|| id.to_string(), |entry| format!("config.{}", entry.name))
        }
        Setting::Joined(parts) => {
            let parts: Vec<String> = parts.iter().map(|part| self::setting(plan, part)).collect();
            parts.join(" + ")
        }
        Setting::Computed(index) => format!("computed {index}"),
    }
}

/// What an instruction that runs branches is in the language.
pub(super) fn fork(op: &Op, mode: GroupMode) -> &'static str {
    match (op, mode) {
        (Op::ForkEach { .. }, GroupMode::Some) => "for race",
        (Op::ForkEach { .. }, _) => "for parallel",
        (_, GroupMode::All) => "parallel",
        (_, GroupMode::Shielded) => "finally",
        (_, GroupMode::Settled) => "parallel settled",
        (_, GroupMode::First | GroupMode::Some) => "race",
    }
}
