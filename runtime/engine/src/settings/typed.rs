//! Values as people type them: what Flow's own literals say is put into the form of the wire.
//!
//! `5m` is `PT5M`, `@2026-01-31` is `2026-01-31`, `10MB` is `10000000`, `1_000` is `1000`. What is in no such form is
//! left as it is, and the type says what it should be.

use std::borrow::Cow;
use std::fmt;

use flow_plan::{Plan, Type, TypeId, WireForm};
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// Units of time from large to small, in microseconds.
const TIMES: [(&str, u64); 5] =
    [("d", 86_400_000_000), ("h", 3_600_000_000), ("m", 60_000_000), ("s", 1_000_000), ("ms", 1_000)];

/// Units of size.
const SIZES: [(&str, i64); 6] = [
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
];

/// How deep lists, maps and records are followed; values that nest deeper are refused later.
const DEPTH_MAX: usize = 64;

/// The text of a value of the type in the form of the wire, without quotes.
pub(super) fn text<'t>(plan: &Plan, ty: TypeId, text: &'t str) -> Cow<'t, str> {
    let form = plan.boundary(ty).and_then(|boundary| boundary.form);
    let written = match (plan.types.get(ty), form) {
        (Type::Optional(inner), _) => return self::text(plan, *inner, text),
        (Type::Duration, None) => duration(text).map(iso),
        (Type::Duration, Some(WireForm::Seconds)) => duration(text).map(|micros| shifted(micros, 1_000_000)),
        (Type::Duration, Some(WireForm::Millis)) => duration(text).map(|micros| shifted(micros, 1_000)),
        (Type::Timestamp | Type::Date, _) => text.strip_prefix('@').map(str::to_owned),
        (Type::Int, _) => int(text),
        (Type::Decimal, None) => decimal(text),
        _ => None,
    };
    written.map_or(Cow::Borrowed(text), Cow::Owned)
}

/// A JSON value of the type, with the texts in it in the form of the wire.
pub(super) fn json<'t>(plan: &Plan, ty: TypeId, value: &'t str) -> Cow<'t, str> {
    inside(plan, ty, value, 0).map_or(Cow::Borrowed(value), Cow::Owned)
}

/// What is to be written instead; none where it stays as it is, or is no JSON of the type.
fn inside(plan: &Plan, ty: TypeId, value: &str, depth: usize) -> Option<String> {
    if depth > DEPTH_MAX {
        return None;
    }
    let read = |ty: TypeId, value: &RawValue| {
        inside(plan, ty, value.get(), depth + 1).unwrap_or_else(|| value.get().to_owned())
    };
    match plan.types.get(ty) {
        Type::Optional(inner) | Type::Secret(inner) => inside(plan, *inner, value, depth),
        Type::List(item) => {
            let items: Vec<&RawValue> = serde_json::from_str(value).ok()?;
            let items: Vec<String> = items.into_iter().map(|element| read(*item, element)).collect();
            Some(format!("[{}]", items.join(",")))
        }
        Type::Map(of) => members(value, |_| Some(*of), read),
        Type::Record(fields) => {
            let of = |name: &str| fields.iter().find(|field| field.wire == name).map(|field| field.ty);
            members(value, of, read)
        }
        Type::Duration | Type::Timestamp | Type::Date | Type::Int | Type::Decimal => {
            let typed: String = serde_json::from_str(value).ok()?;
            let written = match text(plan, ty, &typed) {
                Cow::Owned(written) => written,
                Cow::Borrowed(_) => return None,
            };
            let is_number = matches!(plan.types.get(ty), Type::Int | Type::Decimal)
                || plan.boundary(ty).is_some_and(|boundary| boundary.form.is_some());
            Some(if is_number { written } else { format!("\"{written}\"") })
        }
        _ => None,
    }
}

/// The members of an object, each written anew. One that stands twice is left to who reads it.
fn members(
    value: &str,
    of: impl Fn(&str) -> Option<TypeId>,
    read: impl Fn(TypeId, &RawValue) -> String,
) -> Option<String> {
    let members: Members<'_> = serde_json::from_str(value).ok()?;
    let written = members.0.into_iter().map(|(name, member)| {
        let member = of(&name).map_or_else(|| member.get().to_owned(), |ty| read(ty, member));
        Some(format!("{}:{member}", serde_json::to_string(&name).ok()?))
    });
    Some(format!("{{{}}}", written.collect::<Option<Vec<_>>>()?.join(",")))
}

/// The members of an object, in their order.
struct Members<'t>(Vec<(String, &'t RawValue)>);

impl<'t> Deserialize<'t> for Members<'t> {
    fn deserialize<D: Deserializer<'t>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'t> Visitor<'t> for Reader {
            type Value = Members<'t>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object")
            }

            fn visit_map<A: MapAccess<'t>>(self, mut map: A) -> Result<Members<'t>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Reader)
    }
}

/// Digits at the start of a text, with `_` between two of them, and what follows.
fn digits(text: &str) -> Option<(String, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '_').unwrap_or(text.len());
    let (written, rest) = text.split_at_checked(end)?;
    let is_number = !written.is_empty()
        && !written.starts_with('_')
        && !written.ends_with('_')
        && !written.contains("__");
    is_number.then(|| (written.replace('_', ""), rest))
}

/// `1h30m`: units from large to small, each once. In microseconds.
fn duration(text: &str) -> Option<u64> {
    let (mut rest, mut units, mut micros) = (text, &TIMES[..], 0_u64);
    while !rest.is_empty() {
        let (count, after) = digits(rest)?;
        let end = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
        let (unit, after) = after.split_at_checked(end)?;
        let index = units.iter().position(|(name, _)| *name == unit)?;
        let (_, size) = units.get(index)?;
        micros = micros.checked_add(count.parse::<u64>().ok()?.checked_mul(*size)?)?;
        units = units.get(index + 1..)?;
        rest = after;
    }
    (!text.is_empty()).then_some(micros)
}

/// Microseconds in ISO 8601.
fn iso(micros: u64) -> String {
    format!("PT{}S", shifted(micros, 1_000_000))
}

/// Microseconds as a number of a unit, with a fraction where there is one.
fn shifted(micros: u64, unit: u64) -> String {
    let (whole, part) = (micros / unit, micros % unit);
    if part == 0 {
        return whole.to_string();
    }
    let width = unit.ilog10() as usize;
    let fraction = format!("{part:0width$}");
    format!("{whole}.{}", fraction.trim_end_matches('0'))
}

/// `10MB`, `1_000`.
fn int(text: &str) -> Option<String> {
    let (number, unit) = digits(text)?;
    if unit.is_empty() {
        return Some(number);
    }
    let (_, size) = SIZES.iter().find(|(name, _)| *name == unit)?;
    number.parse::<i64>().ok()?.checked_mul(*size).map(|size| size.to_string())
}

/// `1_000.50`.
fn decimal(text: &str) -> Option<String> {
    let (whole, fraction) = text.split_once('.').map_or((text, None), |(whole, rest)| (whole, Some(rest)));
    let (whole, rest) = digits(whole)?;
    let fraction = match fraction.map(digits) {
        None => String::new(),
        Some(Some((fraction, ""))) => format!(".{fraction}"),
        Some(_) => return None,
    };
    rest.is_empty().then(|| format!("{whole}{fraction}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_the_language_writes_them() {
        for (text, written) in [
            ("5m", "PT300S"),
            ("250ms", "PT0.25S"),
            ("1h30m", "PT5400S"),
            ("1d2h3m4s5ms", "PT93784.005S"),
            ("1_000s", "PT1000S"),
        ] {
            assert_eq!(duration(text).map(iso).as_deref(), Some(written), "{text}");
        }
        for text in [
            "",
            "5",
            "m",
            "5x",
            "5m1h",
            "5m5m",
            "1.5s",
            "-5m",
            "5 m",
            "5m ",
            "_5m",
            "5__0m",
            "99999999999999d",
        ] {
            assert_eq!(duration(text), None, "{text}");
        }
        assert_eq!(shifted(1_500, 1_000), "1.5");
    }

    #[test]
    fn whole_numbers_may_have_a_unit_of_size() {
        for (text, written) in [("10KB", "10000"), ("1MiB", "1048576"), ("1_000", "1000"), ("7", "7")] {
            assert_eq!(int(text).as_deref(), Some(written), "{text}");
        }
        assert_eq!(decimal("1_000.5_0").as_deref(), Some("1000.50"));
        assert_eq!(decimal("12").as_deref(), Some("12"));
        for text in ["1.", ".5", "1.5.2", "1e3", "-1", "1.x"] {
            assert_eq!(decimal(text), None, "{text}");
        }
        for text in ["10kb", "KB", "1.5MB", "-1KB", "9999999999GiB"] {
            assert_eq!(int(text), None, "{text}");
        }
    }
}
