//! Library functions that read numbers from texts, and match texts.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use regex::{Regex, RegexBuilder};

use crate::decimal;
use crate::fault::Fault;
use crate::limits::{MATCHED_BYTES_MAX, PATTERN_BYTES_MAX, PATTERN_SIZE_MAX, PATTERNS_KEPT_MAX};
use crate::program::Slots;

/// The int that a text writes in digits, perhaps after `-`, as an optional.
pub(super) fn parse_int(text: &str) -> Slots {
    match text.parse::<i64>() {
        Ok(value) if !text.starts_with('+') => [1, value.cast_unsigned(), 0],
        _ => [0; 3],
    }
}

/// The decimal that a text writes in digits, perhaps after `-` and with a point between them, as an optional.
pub(super) fn parse_decimal(text: &str) -> Slots {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let plain = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    match decimal::parse(text) {
        Ok(value) if plain(whole) && plain(fraction) => {
            let [low, high] = decimal::to_slots(value);
            [1, low, high]
        }
        _ => [0; 3],
    }
}

/// The patterns of a program, made once. They are a pure function of their texts, so keeping them changes nothing.
#[derive(Debug, Default)]
pub(crate) struct Patterns(Mutex<HashMap<String, Arc<Regex>>>);

impl Patterns {
    fn get(&self, pattern: &str) -> Result<Arc<Regex>, Fault> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = known.get(pattern) {
            return Ok(Arc::clone(found));
        }
        if pattern.len() > PATTERN_BYTES_MAX {
            return Err(Fault::limit("a regular expression has more than 4 KB"));
        }
        // The compiler has seen to it that patterns are well formed; a plan from elsewhere may hold another.
        let made = RegexBuilder::new(pattern)
            .size_limit(PATTERN_SIZE_MAX)
            .dfa_size_limit(PATTERN_SIZE_MAX)
            .build()
            .map_err(|_| Fault::cast("a text is no regular expression"))?;
        let made = Arc::new(made);
        if known.len() < PATTERNS_KEPT_MAX {
            known.insert(pattern.to_owned(), Arc::clone(&made));
        }
        Ok(made)
    }

    /// Whether a text matches a pattern somewhere, in time that is linear in the text.
    pub(super) fn matches(&self, text: &str, pattern: &str) -> Result<bool, Fault> {
        if text.len() > MATCHED_BYTES_MAX {
            return Err(Fault::limit("a text of more than 1 MB is not matched"));
        }
        Ok(self.get(pattern)?.is_match(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_they_are_written_and_nothing_else_is() {
        for (text, found) in [
            ("42", Some(42)),
            ("-7", Some(-7)),
            ("007", Some(7)),
            ("+7", None),
            ("", None),
            ("-", None),
            (" 7", None),
            ("7.0", None),
            ("9223372036854775808", None),
        ] {
            assert_eq!(parse_int(text)[0] == 1, found.is_some(), "{text}");
            assert_eq!(parse_int(text)[1].cast_signed(), found.unwrap_or(0), "{text}");
        }
        for (text, fits) in [
            ("1.50", true),
            ("-0.1", true),
            ("3", true),
            (".5", false),
            ("5.", false),
            ("1e3", false),
            ("1.2.3", false),
            ("--1", false),
            ("", false),
            ("12345678901234567890123456789", false),
        ] {
            assert_eq!(parse_decimal(text)[0] == 1, fits, "{text}");
        }
    }

    #[test]
    fn patterns_have_limits() {
        let patterns = Patterns::default();
        assert_eq!(patterns.matches("ab-12", "^[a-z]+-[0-9]+$"), Ok(true));
        assert_eq!(patterns.matches("ab", "^[0-9]+$"), Ok(false));
        assert!(patterns.matches("a", "(").is_err());
        assert!(patterns.matches("a", &"a".repeat(5000)).is_err());
        assert!(patterns.matches("a", "((a{100}){100}){100}").is_err());
        assert!(patterns.matches(&"a".repeat(2 << 20), "a").is_err());
    }
}
