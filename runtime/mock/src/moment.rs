//! Moments, days and durations as they are written on the wire.

const DAY_US: i64 = 86_400_000_000;

/// A day, from days since 1970 (ISO 8601).
pub(crate) fn date(days: i64) -> String {
    // The civil calendar in eras of 400 years that begin in March, so that a leap day is a year's last.
    let shifted = days.saturating_add(719_468);
    let (era, day) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day_of_month = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day_of_month:02}")
}

/// A moment in UTC, from microseconds since 1970 (RFC 3339).
pub(crate) fn timestamp(micros: i64) -> String {
    let (days, micros) = (micros.div_euclid(DAY_US), micros.rem_euclid(DAY_US));
    let (seconds, micros) = (micros / 1_000_000, micros % 1_000_000);
    let fraction = if micros == 0 { String::new() } else { format!(".{micros:06}") };
    let (hours, minutes) = (seconds / 3_600, seconds / 60 % 60);
    format!("{}T{hours:02}:{minutes:02}:{:02}{fraction}Z", date(days), seconds % 60)
}

/// A length of time, from microseconds (ISO 8601).
pub(crate) fn duration(micros: i64) -> String {
    let sign = if micros < 0 { "-" } else { "" };
    let micros = micros.unsigned_abs();
    let (seconds, micros) = (micros / 1_000_000, micros % 1_000_000);
    if micros == 0 { format!("{sign}PT{seconds}S") } else { format!("{sign}PT{seconds}.{micros:06}S") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_moments_are_of_the_civil_calendar() {
        for (days, expected) in [
            (0, "1970-01-01"),
            (-1, "1969-12-31"),
            (59, "1970-03-01"),
            (11_016, "2000-02-29"),
            (20_484, "2026-01-31"),
        ] {
            assert_eq!(date(days), expected);
        }
        assert_eq!(timestamp(0), "1970-01-01T00:00:00Z");
        assert_eq!(timestamp(20_484 * DAY_US + 32_400_000_000), "2026-01-31T09:00:00Z");
        assert_eq!(timestamp(-1), "1969-12-31T23:59:59.999999Z");
    }

    #[test]
    fn durations_have_a_sign_and_a_fraction() {
        for (micros, expected) in [(0, "PT0S"), (90_000_000, "PT90S"), (-1_500_000, "-PT1.500000S")] {
            assert_eq!(duration(micros), expected);
        }
    }
}
