//! The texts of scalars on the wire: durations, moments, days, UUIDs, octets, floats.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

const MICROS: i64 = 1_000_000;
const DAY_SECONDS: i64 = 86_400;

/// The first and the last moment that RFC 3339 can write, in seconds since 1970.
const YEAR_0: i64 = -62_167_219_200;
const YEAR_10000: i64 = 253_402_300_800;

/// `PT1H30M`, `-PT0.5S` (ISO 8601). Days are not used, since for some readers they are not 24 hours.
pub(crate) fn write_duration(micros: i64) -> String {
    let total = micros.unsigned_abs();
    let (seconds, fraction) = (total / MICROS.unsigned_abs(), total % MICROS.unsigned_abs());
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let mut out = if micros < 0 { "-PT".to_owned() } else { "PT".to_owned() };
    if hours > 0 {
        out.push_str(&format!("{hours}H"));
    }
    if minutes > 0 {
        out.push_str(&format!("{minutes}M"));
    }
    if seconds > 0 || fraction > 0 || total == 0 {
        out.push_str(&seconds.to_string());
        push_fraction(&mut out, fraction);
        out.push('S');
    }
    out
}

fn push_fraction(out: &mut String, micros: u64) {
    if micros > 0 {
        let digits = format!("{micros:06}");
        out.push('.');
        out.push_str(digits.trim_end_matches('0'));
    }
}

/// Reads an ISO 8601 duration of weeks, days of 24 hours, hours, minutes and seconds.
pub(crate) fn read_duration(text: &str) -> Option<i64> {
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1_i128, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let rest = rest.strip_prefix('P')?;
    let (date, time) = match rest.split_once('T') {
        Some((_, "")) => return None,
        Some((date, time)) => (date, time),
        None => (rest, ""),
    };
    if date.is_empty() && time.is_empty() {
        return None;
    }
    let whole = parts(date, &[('W', 7 * DAY_SECONDS), ('D', DAY_SECONDS)])?;
    let clock = parts(time, &[('H', 3600), ('M', 60), ('S', 1)])?;
    i64::try_from(sign * (whole + clock)).ok()
}

/// The sum of `12H30M`-like parts in microseconds. Units come in order, each at most once; only the last part
/// may have a fraction.
fn parts(mut text: &str, units: &[(char, i64)]) -> Option<i128> {
    let mut units = units.iter();
    let mut sum = 0_i128;
    while !text.is_empty() {
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.' && c != ',')?;
        let (number, rest) = text.split_at(end);
        let unit = rest.chars().next()?;
        let (_, seconds) = units.by_ref().find(|(name, _)| *name == unit)?;
        let (whole, fraction) = match number.split_once(['.', ',']) {
            Some((_, "")) => return None,
            Some((whole, fraction)) => (whole, fraction),
            None => (number, ""),
        };
        text = rest.get(unit.len_utf8()..)?;
        if !fraction.is_empty() && !text.is_empty() || whole.is_empty() || whole.len() > 18 {
            return None;
        }
        let unit_micros = i128::from(*seconds) * i128::from(MICROS);
        sum += whole.parse::<i128>().ok()? * unit_micros;
        sum += fraction_micros(fraction, unit_micros)?;
    }
    Some(sum)
}

/// A decimal fraction of a unit, cut to microseconds.
fn fraction_micros(fraction: &str, unit: i128) -> Option<i128> {
    let digits = fraction.get(..fraction.len().min(15))?;
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    if digits.is_empty() {
        return Some(0);
    }
    let denominator = 10_i128.pow(u32::try_from(digits.len()).ok()?);
    Some(digits.parse::<i128>().ok()? * unit / denominator)
}

/// The day of a civil date, counted from 1970 (proleptic Gregorian calendar).
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// The civil date of a day.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days.saturating_add(719_468);
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_index + 2) / 5 + 1;
    let month = if month_index < 10 { month_index + 3 } else { month_index - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

/// `YYYY-MM-DD`; none outside the years 0 to 9999.
pub(crate) fn write_date(days: i64) -> Option<String> {
    if !(YEAR_0 / DAY_SECONDS..YEAR_10000 / DAY_SECONDS).contains(&days) {
        return None;
    }
    let (year, month, day) = civil_from_days(days);
    Some(format!("{year:04}-{month:02}-{day:02}"))
}

/// A fixed number of digits.
fn digits(text: &str, range: std::ops::Range<usize>) -> Option<i64> {
    let part = text.get(range)?;
    part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse().ok())?
}

fn is_byte(text: &str, at: usize, allowed: &[u8]) -> Option<()> {
    text.as_bytes().get(at).filter(|byte| allowed.contains(byte)).map(|_| ())
}

/// Reads `YYYY-MM-DD`.
pub(crate) fn read_date(text: &str) -> Option<i64> {
    let (year, month, day) = (digits(text, 0..4)?, digits(text, 5..7)?, digits(text, 8..10)?);
    is_byte(text, 4, b"-")?;
    is_byte(text, 7, b"-")?;
    let days = days_from_civil(year, month, day);
    (text.len() == 10 && civil_from_days(days) == (year, month, day)).then_some(days)
}

/// RFC 3339 in UTC, with as much fraction as there is; none outside the years 0 to 9999.
pub(crate) fn write_timestamp(micros: i64) -> Option<String> {
    let seconds = micros.div_euclid(MICROS);
    let date = write_date(seconds.div_euclid(DAY_SECONDS))?;
    let clock = seconds.rem_euclid(DAY_SECONDS);
    let mut out = format!("{date}T{:02}:{:02}:{:02}", clock / 3600, clock / 60 % 60, clock % 60);
    push_fraction(&mut out, micros.rem_euclid(MICROS).unsigned_abs());
    out.push('Z');
    Some(out)
}

/// Reads RFC 3339 with any offset. Digits beyond microseconds are cut, and a leap second is the second before.
pub(crate) fn read_timestamp(text: &str) -> Option<i64> {
    let days = read_date(text.get(..10)?)?;
    is_byte(text, 10, b"Tt")?;
    is_byte(text, 13, b":")?;
    is_byte(text, 16, b":")?;
    let (hour, minute, second) = (digits(text, 11..13)?, digits(text, 14..16)?, digits(text, 17..19)?);
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let mut rest = text.get(19..)?;
    let mut micros = 0;
    if let Some(fraction) = rest.strip_prefix('.') {
        let end = fraction.find(|c: char| !c.is_ascii_digit()).filter(|end| *end > 0)?;
        micros = i64::try_from(fraction_micros(fraction.get(..end)?, i128::from(MICROS))?).ok()?;
        rest = fraction.get(end..)?;
    }
    let offset = match rest {
        "Z" | "z" => 0,
        _ => {
            is_byte(rest, 0, b"+-")?;
            is_byte(rest, 3, b":")?;
            let (hours, minutes) = (digits(rest, 1..3)?, digits(rest, 4..6)?);
            if hours > 23 || minutes > 59 || rest.len() != 6 {
                return None;
            }
            let seconds = hours * 3600 + minutes * 60;
            if rest.starts_with('-') { -seconds } else { seconds }
        }
    };
    let clock = hour * 3600 + minute * 60 + second.min(59);
    Some((days * DAY_SECONDS + clock - offset) * MICROS + micros)
}

/// The five groups of a UUID, in lower case.
pub(crate) fn write_uuid(high: u64, low: u64) -> String {
    let (a, b, c) = (high >> 32, high >> 16 & 0xffff, high & 0xffff);
    format!("{a:08x}-{b:04x}-{c:04x}-{:04x}-{:012x}", low >> 48, low & 0xffff_ffff_ffff)
}

/// Reads a UUID in its usual form, in either case.
pub(crate) fn read_uuid(text: &str) -> Option<[u64; 2]> {
    if text.len() != 36 {
        return None;
    }
    let mut value = 0_u128;
    for (index, byte) in text.bytes().enumerate() {
        if matches!(index, 8 | 13 | 18 | 23) {
            if byte != b'-' {
                return None;
            }
        } else {
            value = value << 4 | u128::from(char::from(byte).to_digit(16)?);
        }
    }
    Some([u64::try_from(value >> 64).ok()?, u64::try_from(value & u128::from(u64::MAX)).ok()?])
}

/// Octets in base64 (RFC 4648, section 4).
pub(crate) fn write_bytes(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Reads base64.
pub(crate) fn read_bytes(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// The shortest text that gives the same double again; none for what is no number.
pub(crate) fn write_float(value: f64) -> Option<String> {
    value.is_finite().then(|| format!("{value:?}"))
}

/// Whether a text is an absolute URL, as far as that can be told from its form (RFC 3986, section 3.1).
pub(crate) fn is_url(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let letters = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(letters)
        && !rest.is_empty()
        && !rest.contains(|c: char| c.is_whitespace() || c.is_control())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        let cases = [
            ("PT0S", Some(0), "PT0S"),
            ("PT1H30M", Some(5_400 * MICROS), "PT1H30M"),
            ("-PT0.5S", Some(-500_000), "-PT0.5S"),
            ("P1D", Some(86_400 * MICROS), "PT24H"),
            ("P1W", Some(7 * 86_400 * MICROS), "PT168H"),
            ("P1DT0.25H", Some(87_300 * MICROS), "PT24H15M"),
            ("PT0.0000019S", Some(1), "PT0.000001S"),
            ("P1Y", None, ""),
            ("P", None, ""),
            ("PT", None, ""),
            ("PT1M1H", None, ""),
            ("PT1.5H1M", None, ""),
            ("PT1.S", None, ""),
            ("1h", None, ""),
            ("PT99999999999999999H", None, ""),
        ];
        for (text, micros, written) in cases {
            assert_eq!(read_duration(text), micros, "{text}");
            if let Some(micros) = micros {
                assert_eq!(write_duration(micros), written, "{text}");
            }
        }
        assert_eq!(read_duration(&write_duration(i64::MIN)), Some(i64::MIN));
    }

    #[test]
    fn moments_and_days() {
        let cases = [
            ("1970-01-01T00:00:00Z", Some("1970-01-01T00:00:00Z")),
            ("2026-01-31T09:00:00.120Z", Some("2026-01-31T09:00:00.12Z")),
            ("2026-01-31t09:00:00+02:00", Some("2026-01-31T07:00:00Z")),
            ("1969-12-31T23:59:59.999999999Z", Some("1969-12-31T23:59:59.999999Z")),
            ("2016-12-31T23:59:60Z", Some("2016-12-31T23:59:59Z")),
            ("0000-01-01T00:00:00Z", Some("0000-01-01T00:00:00Z")),
            ("9999-12-31T23:59:59Z", Some("9999-12-31T23:59:59Z")),
            ("2026-02-29T00:00:00Z", None),
            ("2026-01-31 09:00:00Z", None),
            ("2026-01-31T09:00:00", None),
            ("2026-01-31T24:00:00Z", None),
            ("2026-01-31T09:00:00.Z", None),
            ("2026-01-31T09:00:00+0200", None),
            ("２026-01-31T09:00:00Z", None),
        ];
        for (text, written) in cases {
            let found = read_timestamp(text).and_then(write_timestamp);
            assert_eq!(found.as_deref(), written, "{text}");
        }
        for days in [-719_528, -1, 0, 59, 60, 11_016, 20_000, 2_932_896] {
            assert_eq!(write_date(days).and_then(|text| read_date(&text)), Some(days), "{days}");
        }
        assert_eq!(write_date(2_932_897), None);
        assert_eq!(write_timestamp(i64::MAX), None);
        assert_eq!(write_timestamp(i64::MIN), None);
    }

    #[test]
    fn uuids_octets_and_urls() {
        let text = "0190b3f0-7a2b-7cde-8f01-23456789abcd";
        let [high, low] = read_uuid(text).unwrap();
        assert_eq!(write_uuid(high, low), text);
        assert_eq!(read_uuid(&text.to_uppercase()), Some([high, low]));
        assert_eq!(read_uuid("0190b3f07a2b7cde8f0123456789abcd"), None);
        assert_eq!(read_bytes(&write_bytes(b"\0\xff")).as_deref(), Some(&b"\0\xff"[..]));
        assert_eq!(read_bytes("AP8"), None, "padding is due");
        let urls =
            [("http://a", true), ("mailto:a@b", true), ("/a", false), ("http://a b", false), ("a:", false)];
        for (url, expected) in urls {
            assert_eq!(is_url(url), expected, "{url}");
        }
    }
}
