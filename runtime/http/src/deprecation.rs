//! What an answer says of its own end: the headers `Deprecation` (RFC 9745) and `Sunset` (RFC 8594).

use std::time::{SystemTime, UNIX_EPOCH};

/// Seconds of a day.
const DAY: i64 = 86_400;

/// The last day of the year 9999, counted from 1970.
const DAYS_MAX: i64 = 2_932_896;

/// What a server says of an operation that should no longer be used, or soon is there no more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deprecation {
    /// Whether it says `Deprecation`.
    pub deprecated: bool,
    /// The day from which it is deprecated, where that is said: `2026-01-31`.
    pub since: Option<String>,
    /// The day from which it may be gone.
    pub sunset: Option<String>,
}

impl Deprecation {
    /// What the headers of an answer say; nothing where they say nothing that can be read.
    pub fn of(headers: &[(String, String)]) -> Option<Self> {
        let value =
            |name: &str| headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.trim());
        let deprecation = value("deprecation").map(moment);
        let found = Self {
            deprecated: !matches!(deprecation, None | Some(Moment::Never)),
            since: match deprecation {
                Some(Moment::At(seconds)) => day(seconds),
                _ => None,
            },
            sunset: value("sunset").and_then(http_date).and_then(day),
        };
        (found.deprecated || found.sunset.is_some()).then_some(found)
    }
}

/// What `Deprecation` says.
enum Moment {
    /// A moment, in seconds since 1970.
    At(i64),
    /// No moment that can be read: earlier drafts said `true`.
    Unsaid,
    /// That it is not deprecated.
    Never,
}

/// `@1688169599`, or as earlier drafts had it a date of HTTP or a boolean.
fn moment(value: &str) -> Moment {
    // Parameters may follow (RFC 9651, section 3.3).
    let item = value.split(';').next().unwrap_or_default().trim();
    if let Some(seconds) = item.strip_prefix('@').and_then(|seconds| seconds.parse().ok()) {
        return Moment::At(seconds);
    }
    match item {
        "" | "false" | "?0" => Moment::Never,
        _ => http_date(item).map_or(Moment::Unsaid, Moment::At),
    }
}

fn http_date(value: &str) -> Option<i64> {
    let moment: SystemTime = httpdate::parse_http_date(value).ok()?;
    i64::try_from(moment.duration_since(UNIX_EPOCH).ok()?.as_secs()).ok()
}

/// The day of a moment in UTC; none before 1970, and none beyond the years that people write.
fn day(seconds: i64) -> Option<String> {
    let days = seconds.div_euclid(DAY);
    if !(0..=DAYS_MAX).contains(&days) {
        return None;
    }
    // Counted from the first of March of the year 0, so that a leap day is the last one of its year.
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    Some(format!("{year:04}-{month:02}-{day:02}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(
        deprecation: Option<&str>,
        sunset: Option<&str>,
    ) -> Option<(bool, Option<String>, Option<String>)> {
        let header = |name: &str, value: Option<&str>| value.map(|value| (name.to_owned(), value.to_owned()));
        let headers: Vec<_> =
            [header("deprecation", deprecation), header("sunset", sunset)].into_iter().flatten().collect();
        Deprecation::of(&headers).map(|found| (found.deprecated, found.since, found.sunset))
    }

    #[test]
    fn both_headers_are_read_in_their_forms() {
        let on = |day: &str| Some(day.to_owned());
        for (deprecation, sunset, expected) in [
            (None, None, None),
            (Some("@1688169599"), None, Some((true, on("2023-06-30"), None))),
            (Some(" @951782400; x=1 "), None, Some((true, on("2000-02-29"), None))),
            (Some("@253402300799"), None, Some((true, on("9999-12-31"), None))),
            (Some("Sun, 11 Nov 2018 23:59:59 GMT"), None, Some((true, on("2018-11-11"), None))),
            (Some("true"), None, Some((true, None, None))),
            (Some("@99999999999999"), None, Some((true, None, None))),
            (Some("false"), None, None),
            (Some("?0"), None, None),
            (Some(""), None, None),
            (None, Some("Tue, 31 Dec 2019 23:59:59 GMT"), Some((false, None, on("2019-12-31")))),
            (None, Some("soon"), None),
            (
                Some("@0"),
                Some("Thu, 01 Jan 2026 00:00:00 GMT"),
                Some((true, on("1970-01-01"), on("2026-01-01"))),
            ),
        ] {
            assert_eq!(says(deprecation, sunset), expected, "{deprecation:?} {sunset:?}");
        }
    }
}
