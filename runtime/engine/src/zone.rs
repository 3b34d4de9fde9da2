//! The day in a time zone. The data of the zones is part of the binary, so that every machine has the same.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// The day of a moment in a zone, in days since 1970; nothing where there is no such zone, or no such day.
pub(crate) fn day(wall_us: i64, zone: &str) -> Option<i32> {
    let zone = TimeZone::get(zone).ok()?;
    let day = Timestamp::from_microsecond(wall_us).ok()?.to_zoned(zone).date();
    day.since(Date::new(1970, 1, 1).ok()?).ok().map(|span| span.get_days())
}

/// A moment as JSON.
pub(crate) fn moment_json(wall_us: i64) -> Option<String> {
    Timestamp::from_microsecond(wall_us).ok().map(|moment| format!("\"{moment}\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_another_day_elsewhere() {
        // 2026-01-31T23:30:00Z
        let moment = 1_769_902_200_000_000;
        assert_eq!(day(moment, "UTC"), Some(20_484));
        assert_eq!(day(moment, "Europe/Berlin"), Some(20_485));
        assert_eq!(day(moment, "America/New_York"), Some(20_484));
        assert_eq!(day(moment, "Europe/Atlantis"), None);
    }

    #[test]
    fn days_before_1970_are_negative() {
        assert_eq!(day(-1, "UTC"), Some(-1));
    }

    #[test]
    fn moments_are_written_in_utc() {
        assert_eq!(moment_json(1_769_902_200_000_001).as_deref(), Some("\"2026-01-31T23:30:00.000001Z\""));
    }
}
