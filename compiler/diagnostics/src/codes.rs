//! The registry of codes: one line each, in one table.
//!
//! A code is stable for ever: it is never given a second meaning. Blocks: F00 the tool and the file,
//! F01 syntax, F02 names and imports, F03 types, F04 API declarations, F05 retry safety and effects,
//! F06 compensation and outcomes, F07 secrets, F08 time and limits, F09 tests, F10 style.

use crate::Severity;

/// What is known of a code without a place: its id, its usual severity, and one phrase on what it is about.
#[derive(Debug, PartialEq, Eq)]
pub struct Code {
    /// `F` and four digits.
    pub id: &'static str,
    /// How it is reported.
    pub severity: Severity,
    /// One phrase, lower case, without a full stop.
    pub title: &'static str,
}

macro_rules! codes {
    ($($name:ident $severity:ident $title:literal,)*) => {
        $(#[doc = $title] pub static $name: Code =
            Code { id: stringify!($name), severity: Severity::$severity, title: $title };)*

        /// Every registered code, in order.
        pub static ALL: &[&Code] = &[$(&$name),*];
    };
}

codes! {
    F0001 Error "not built yet",
    F0002 Error "not valid UTF-8",
    F0003 Error "a character that is not permitted in source",
    F0004 Error "a limit on source size was reached",
    F0005 Error "a file could not be read",

    F0101 Error "unexpected token",
    F0102 Error "unclosed delimiter",
    F0103 Error "malformed literal",
    F0104 Error "nested too deeply",
}

/// The code of an id such as `F0001`, in any case.
pub fn find(id: &str) -> Option<&'static Code> {
    ALL.iter().copied().find(|code| code.id.eq_ignore_ascii_case(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_and_in_order() {
        for pair in ALL.windows(2) {
            assert!(pair[0].id < pair[1].id, "{} stands before {}", pair[0].id, pair[1].id);
        }
    }
}
