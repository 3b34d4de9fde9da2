//! Reading `Retry-After` (RFC 9110, section 10.2.3).

use std::time::{SystemTime, UNIX_EPOCH};

/// How long a server asks to wait, in microseconds from now; `now_us` is the wall clock, since 1970. What is
/// neither a number of seconds nor a date is ignored, and so is a moment in the past.
pub fn retry_after_us(value: &str, now_us: i64) -> Option<u64> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than fit are a very long time.
        let seconds = value.parse::<u64>().unwrap_or(u64::MAX);
        return Some(seconds.saturating_mul(1_000_000));
    }
    let moment: SystemTime = httpdate::parse_http_date(value).ok()?;
    let moment_us = i64::try_from(moment.duration_since(UNIX_EPOCH).ok()?.as_micros()).ok()?;
    u64::try_from(moment_us.saturating_sub(now_us)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_dates_are_read_and_garbage_is_not() {
        // 1994-11-06T08:49:30Z
        let now = 784_111_770_000_000;
        for (value, expected) in [
            ("0", Some(0)),
            ("120", Some(120_000_000)),
            (" 7 ", Some(7_000_000)),
            ("99999999999999999999999", Some(u64::MAX)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(7_000_000)),
            ("Sunday, 06-Nov-94 08:49:37 GMT", Some(7_000_000)),
            ("Sun Nov  6 08:49:37 1994", Some(7_000_000)),
            ("Sun, 06 Nov 1994 08:49:00 GMT", None),
            ("-1", None),
            ("1.5", None),
            ("soon", None),
            ("", None),
            ("١٢", None),
        ] {
            assert_eq!(retry_after_us(value, now), expected, "{value:?}");
        }
    }
}
