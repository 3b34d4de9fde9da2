//! What the text of a literal token means, and what is wrong with it.

use crate::SyntaxKind;
use crate::ast::LiteralValue;

/// Microseconds of each unit of duration, in the order in which they may follow each other.
const DURATION_UNITS: &[(&str, i64)] =
    &[("d", 86_400_000_000), ("h", 3_600_000_000), ("m", 60_000_000), ("s", 1_000_000), ("ms", 1_000)];

/// Bytes of each unit of size.
const SIZE_UNITS: &[(&str, u64)] = &[
    ("B", 1),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
];

/// Significant digits that a decimal can have.
const DECIMAL_DIGITS_MAX: usize = 28;

/// How a string is quoted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StringStyle {
    /// `"…"`
    Plain,
    /// `"""…"""`
    Block,
    /// `r"…"`
    Raw,
}

impl StringStyle {
    /// The style of a token that starts a string.
    pub(crate) fn of(text: &str) -> Self {
        if text.starts_with('r') {
            Self::Raw
        } else if text.starts_with("\"\"\"") {
            Self::Block
        } else {
            Self::Plain
        }
    }

    /// The quotes at the end.
    pub(crate) fn quotes(self) -> &'static str {
        match self {
            Self::Block => "\"\"\"",
            Self::Plain | Self::Raw => "\"",
        }
    }
}

/// The meaning of a literal token, `None` where it is malformed or no literal.
pub(crate) fn value(kind: SyntaxKind, text: &str) -> Option<LiteralValue> {
    match kind {
        SyntaxKind::TrueKeyword => Some(LiteralValue::Bool(true)),
        SyntaxKind::FalseKeyword => Some(LiteralValue::Bool(false)),
        SyntaxKind::NullKeyword => Some(LiteralValue::Null),
        SyntaxKind::AbsentKeyword => Some(LiteralValue::Absent),
        _ => read(kind, text).ok(),
    }
}

/// Reads a number, duration, size, status class, date or timestamp; the error says what is wrong.
pub(crate) fn read(kind: SyntaxKind, text: &str) -> Result<LiteralValue, String> {
    match kind {
        SyntaxKind::Int => read_int(text),
        SyntaxKind::Decimal => read_decimal(text),
        SyntaxKind::Float => read_float(text),
        SyntaxKind::Duration => read_duration(text),
        SyntaxKind::Size => read_size(text),
        SyntaxKind::StatusClass => read_status_class(text),
        SyntaxKind::Date => read_date(text),
        SyntaxKind::Timestamp => read_timestamp(text),
        _ => Err(format!("`{text}` is no literal")),
    }
}

fn digits(text: &str) -> String {
    text.chars().filter(|c| *c != '_').collect()
}

fn underscores_are_misplaced(text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_digit() && c != '_')
        .any(|run| run.starts_with('_') || run.ends_with('_') || run.contains("__"))
}

fn read_int(text: &str) -> Result<LiteralValue, String> {
    if underscores_are_misplaced(text) {
        return Err(format!("`{text}` has an underscore that does not stand between two digits"));
    }
    match digits(text).parse::<u64>() {
        Ok(value) if value <= 1 << 63 => Ok(LiteralValue::Int(value)),
        _ => Err(format!("`{text}` does not fit an `int`, which has 64 bits")),
    }
}

fn read_decimal(text: &str) -> Result<LiteralValue, String> {
    if underscores_are_misplaced(text) {
        return Err(format!("`{text}` has an underscore that does not stand between two digits"));
    }
    let text = digits(text);
    let significant = text.chars().filter(char::is_ascii_digit).skip_while(|c| *c == '0').count();
    let scale = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    if significant > DECIMAL_DIGITS_MAX || scale > DECIMAL_DIGITS_MAX {
        return Err(format!("`{text}` has more than the {DECIMAL_DIGITS_MAX} digits of a `decimal`"));
    }
    Ok(LiteralValue::Decimal(text))
}

fn read_float(text: &str) -> Result<LiteralValue, String> {
    match digits(text).parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(LiteralValue::Float(value)),
        Ok(_) => Err(format!("`{text}` is too large for a `float`")),
        Err(_) => Err(format!("`{text}` is no number")),
    }
}

fn read_duration(text: &str) -> Result<LiteralValue, String> {
    let mut rest = text;
    let mut total: i64 = 0;
    let mut units = DURATION_UNITS.iter();
    while !rest.is_empty() {
        let number_end = rest.find(|c: char| !c.is_ascii_digit() && c != '_').unwrap_or(rest.len());
        let (number, after) = rest.split_at(number_end);
        let unit_end = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        let (unit, next) = after.split_at(unit_end);
        if unit.is_empty() {
            return Err(format!("a unit is missing after `{number}` in `{text}`"));
        }
        if unit.starts_with('.') {
            return Err(format!("a duration has whole numbers: `{text}`"));
        }
        let Some((_, micros)) = units.find(|(known, _)| *known == unit) else {
            let known = DURATION_UNITS.iter().any(|(known, _)| *known == unit);
            return Err(if known {
                format!("the units of `{text}` do not go from large to small")
            } else {
                format!("`{unit}` is no unit of duration")
            });
        };
        let part = digits(number).parse::<i64>().ok().and_then(|number| number.checked_mul(*micros));
        total = part
            .and_then(|part| total.checked_add(part))
            .ok_or_else(|| format!("`{text}` is too long for a `duration`"))?;
        rest = next;
    }
    Ok(LiteralValue::Duration(total))
}

fn read_size(text: &str) -> Result<LiteralValue, String> {
    let number_end = text.find(|c: char| !c.is_ascii_digit() && c != '_').unwrap_or(text.len());
    let (number, unit) = text.split_at(number_end);
    let Some((_, bytes)) = SIZE_UNITS.iter().find(|(known, _)| *known == unit) else {
        return Err(format!("`{text}` is no size: sizes are whole numbers of KB, MB, GB, KiB, MiB or GiB"));
    };
    let number = digits(number).parse::<u64>().ok();
    number
        .and_then(|number| number.checked_mul(*bytes))
        .filter(|bytes| i64::try_from(*bytes).is_ok())
        .map(LiteralValue::Size)
        .ok_or_else(|| format!("`{text}` is too large for a size"))
}

fn read_status_class(text: &str) -> Result<LiteralValue, String> {
    match text.strip_suffix("xx").and_then(|digit| digit.parse::<u8>().ok()) {
        Some(class @ 1..=5) => Ok(LiteralValue::StatusClass(class)),
        _ => Err(format!("`{text}` is no class of statuses: these are `1xx` to `5xx`")),
    }
}

fn number(text: &str, width: usize) -> Option<u32> {
    (text.len() == width && text.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| text.parse().ok())
        .flatten()
}

fn date_is_valid(text: &str) -> bool {
    let mut parts = text.split('-');
    let (Some(year), Some(month), Some(day), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    let (Some(year), Some(month), Some(day)) = (number(year, 4), number(month, 2), number(day, 2)) else {
        return false;
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    year >= 1 && (1..=days).contains(&day)
}

fn read_date(text: &str) -> Result<LiteralValue, String> {
    let date = text.trim_start_matches('@');
    if date_is_valid(date) {
        Ok(LiteralValue::Date(date.to_owned()))
    } else {
        Err(format!("`{text}` is no date: dates are written `@2026-01-31`"))
    }
}

/// RFC 3339 section 5.6; a leap second is refused, because no clock of ours shows one.
fn timestamp_is_valid(text: &str) -> bool {
    let Some((date, time)) = text.split_once('T') else { return false };
    let (clock, zone) = match time.strip_suffix('Z') {
        Some(clock) => (clock, None),
        None => match time.rfind(['+', '-']) {
            Some(sign) => (time.get(..sign).unwrap_or(""), time.get(sign + 1..)),
            None => return false,
        },
    };
    let (clock, fraction) = match clock.split_once('.') {
        Some((clock, fraction)) => (clock, Some(fraction)),
        None => (clock, None),
    };
    let in_range = |text: &str, limits: &[u32]| {
        let parts = text.split(':').collect::<Vec<_>>();
        parts.len() == limits.len()
            && parts.iter().zip(limits).all(|(part, limit)| number(part, 2).is_some_and(|n| n < *limit))
    };
    date_is_valid(date)
        && in_range(clock, &[24, 60, 60])
        && zone.is_none_or(|zone| in_range(zone, &[24, 60]))
        && fraction.is_none_or(|digits| {
            (1..=9).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
        })
}

fn read_timestamp(text: &str) -> Result<LiteralValue, String> {
    let timestamp = text.trim_start_matches('@');
    if timestamp_is_valid(timestamp) {
        Ok(LiteralValue::Timestamp(timestamp.to_owned()))
    } else {
        Err(format!("`{text}` is no timestamp: timestamps are written `@2026-01-31T09:00:00Z`"))
    }
}

/// What stands between the quotes and braces of a string token.
pub(crate) fn string_body(kind: SyntaxKind, text: &str, style: StringStyle) -> Option<&str> {
    let quotes = style.quotes();
    let without_end = |text: &'_ str| -> usize { text.strip_suffix(quotes).map_or(text.len(), str::len) };
    match kind {
        SyntaxKind::StringWhole => {
            let body = text.strip_prefix('r').unwrap_or(text).strip_prefix(quotes)?;
            body.get(..without_end(body))
        }
        SyntaxKind::StringStart => text.strip_prefix(quotes)?.strip_suffix('{'),
        SyntaxKind::StringMiddle => text.strip_prefix('}')?.strip_suffix('{'),
        SyntaxKind::StringEnd => {
            let body = text.strip_prefix('}')?;
            body.get(..without_end(body))
        }
        _ => None,
    }
}

/// Decodes the escapes of string text. What is malformed stays as it is written.
pub(crate) fn unescape(text: &str) -> String {
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let (before, from) = rest.split_at(at);
        decoded.push_str(before);
        match escape(from) {
            Ok((character, len)) => {
                decoded.push(character);
                rest = from.get(len..).unwrap_or("");
            }
            Err((len, _)) => {
                let (raw, after) = from.split_at(len);
                decoded.push_str(raw);
                rest = after;
            }
        }
    }
    decoded.push_str(rest);
    decoded
}

/// Reads the escape at the start of a text: the character and how many bytes it takes; or, where it is
/// malformed, how many bytes to skip and why.
pub(crate) fn escape(text: &str) -> Result<(char, usize), (usize, String)> {
    let mut characters = text.chars();
    characters.next();
    let Some(letter) = characters.next() else {
        return Err((text.len(), String::from("nothing follows the `\\`")));
    };
    let character = match letter {
        'n' => '\n',
        't' => '\t',
        'r' => '\r',
        '"' | '\\' | '{' | '}' => letter,
        'u' => return unicode_escape(text),
        _ => {
            let len = 1 + letter.len_utf8();
            return Err((len, format!("`\\{}` is no escape", letter.escape_debug())));
        }
    };
    Ok((character, 2))
}

fn unicode_escape(text: &str) -> Result<(char, usize), (usize, String)> {
    let wrong = || (2, String::from("a Unicode escape is written `\\u{1F600}`, with 1 to 6 hex digits"));
    let after = text.strip_prefix("\\u{").ok_or_else(wrong)?;
    let len = after.bytes().take(7).take_while(u8::is_ascii_hexdigit).count();
    let (hex, rest) = after.split_at(len);
    if !(1..=6).contains(&len) || !rest.starts_with('}') {
        return Err(wrong());
    }
    let total = 3 + len + 1;
    match u32::from_str_radix(hex, 16).ok().and_then(char::from_u32) {
        Some(character) => Ok((character, total)),
        None => Err((total, format!("`\\u{{{hex}}}` is no Unicode character"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_add_up_from_large_to_small() {
        let micros = |text| value(SyntaxKind::Duration, text);
        assert_eq!(micros("250ms"), Some(LiteralValue::Duration(250_000)));
        assert_eq!(micros("1h30m"), Some(LiteralValue::Duration(5_400_000_000)));
        assert_eq!(micros("7d"), Some(LiteralValue::Duration(604_800_000_000)));
        for wrong in ["1h30", "30m1h", "1.5s", "2w", "1m1m", "999999999999d"] {
            assert_eq!(micros(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn sizes_know_both_kinds_of_unit() {
        assert_eq!(value(SyntaxKind::Size, "10KB"), Some(LiteralValue::Size(10_000)));
        assert_eq!(value(SyntaxKind::Size, "2MiB"), Some(LiteralValue::Size(2 << 20)));
        assert_eq!(value(SyntaxKind::Size, "99999999999GB"), None);
    }

    #[test]
    fn numbers_have_limits() {
        assert_eq!(value(SyntaxKind::Int, "1_000"), Some(LiteralValue::Int(1000)));
        assert_eq!(value(SyntaxKind::Int, "9223372036854775808"), Some(LiteralValue::Int(1 << 63)));
        assert_eq!(value(SyntaxKind::Int, "9223372036854775809"), None);
        assert_eq!(value(SyntaxKind::Int, "1__0"), None);
        assert_eq!(value(SyntaxKind::Decimal, "12.50"), Some(LiteralValue::Decimal("12.50".into())));
        assert_eq!(value(SyntaxKind::Decimal, "12345678901234567890123456789.0"), None);
        assert_eq!(value(SyntaxKind::Float, "1e400"), None);
        assert_eq!(value(SyntaxKind::StatusClass, "6xx"), None);
    }

    #[test]
    fn dates_and_timestamps_are_real() {
        assert!(value(SyntaxKind::Date, "@2028-02-29").is_some());
        for wrong in ["@2026-02-29", "@2026-13-01", "@2026-1-1", "@0000-01-01", "@2026-01"] {
            assert_eq!(value(SyntaxKind::Date, wrong), None, "{wrong}");
        }
        assert!(value(SyntaxKind::Timestamp, "@2026-01-31T09:00:00Z").is_some());
        assert!(value(SyntaxKind::Timestamp, "@2026-01-31T09:00:00.25+02:00").is_some());
        for wrong in ["@2026-01-31T09:00Z", "@2026-01-31T24:00:00Z", "@2026-01-31T09:00:00"] {
            assert_eq!(value(SyntaxKind::Timestamp, wrong), None, "{wrong}");
        }
    }

    #[test]
    fn escapes_are_decoded_and_bad_ones_kept() {
        assert_eq!(unescape(r#"a\n\t\"\\\{\u{1F600}"#), "a\n\t\"\\{\u{1F600}");
        assert_eq!(unescape(r"\q \u{110000} \u12"), r"\q \u{110000} \u12");
        assert_eq!(unescape("end\\"), "end\\");
    }
}
