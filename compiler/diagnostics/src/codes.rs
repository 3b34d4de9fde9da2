//! The registry of codes: one line each, in one table.
//!
//! A code is stable for ever: it is never given a second meaning. Blocks: F00 the tool and the file,
//! F01 syntax, F02 names and imports, F03 types, F04 API declarations, F05 retry safety and effects,
//! F06 compensation and outcomes, F07 secrets, F08 time and limits, F09 tests, F10 style,
//! F11 publishing, schedules and objectives.

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
    F0006 Error "a fault of the compiler",

    F0101 Error "unexpected token",
    F0102 Error "unclosed delimiter",
    F0103 Error "malformed literal",
    F0104 Error "nested too deeply",
    F0105 Error "a misspelt keyword",
    F0106 Error "too many syntax errors to show",
    F0107 Error "a construct where it is not permitted",

    F0201 Error "unknown name",
    F0202 Error "unknown type",
    F0203 Error "unknown error",
    F0204 Error "unknown retry policy",
    F0205 Error "unknown API",
    F0206 Error "unknown operation",
    F0207 Error "an API version that is unknown or ambiguous",
    F0208 Error "unknown configuration entry",
    F0209 Error "declared twice",
    F0210 Error "given twice",
    F0211 Error "an imported name that the file does not declare",
    F0212 Error "a name that is private to its file",
    F0213 Error "imports that go in a circle",
    F0214 Error "a file that cannot be imported",
    F0215 Error "something that cannot be called",
    F0216 Error "a declaration where a value is due",
    F0217 Note "too many findings to show",

    F0301 Error "a value of another type was expected",
    F0302 Error "unknown field",
    F0303 Error "missing field",
    F0304 Error "unknown method",
    F0305 Error "wrong number of arguments",
    F0306 Error "unknown parameter",
    F0307 Error "an operator that does not go with its operands",
    F0309 Error "a type that is not known",
    F0310 Error "branches of different types",
    F0311 Error "a match that misses a case",
    F0312 Error "a value without elements",
    F0313 Error "a value that may be null",
    F0314 Error "an assignment to what cannot be assigned",
    F0315 Error "a literal that is not in its union",
    F0316 Error "a value that cannot be written into a text",
    F0317 Error "a number with too many digits",
    F0318 Error "a type of which no value ends",
    F0319 Error "recursion",
    F0320 Error "a lambda where none may stand",
    F0321 Error "a way without a result",
    F0322 Error "a union of different base types",
    F0323 Error "a comparison with one possible outcome",
    F0324 Error "a union whose members cannot be told apart",
    F0325 Error "wrong number of type arguments",
    F0326 Error "unknown case",
    F0327 Error "an encoding that does not go with its type",
    F0328 Error "a range where none may stand",
    F0329 Error "a default that breaks its condition",

    F0401 Error "a path template that does not fit the parameters",
    F0402 Error "a body where none may stand",
    F0403 Error "unknown property",
    F0404 Error "a property with a wrong value",
    F0405 Error "an API without a base URL",
    F0406 Error "a missing property",
    F0407 Error "a number out of its range",
    F0408 Error "a property or status that stands twice",
    F0409 Error "a status that cannot stand here",
    F0410 Error "a text that is not a URL",
    F0411 Error "a parameter that cannot travel there",
    F0412 Error "pages that cannot be walked",

    F0501 Error "a retry that could do something twice",
    F0502 Error "an effect where only computing may stand",
    F0504 Error "a retry without bound",

    F0601 Warning "a step that nothing would undo",
    F0602 Note "an outcome that may stay unknown",
    F0603 Warning "an undo of nothing",
    F0604 Error "an undo that cannot be sent again",
    F0605 Error "a confirmation that cannot confirm",
    F0606 Warning "a catch that catches nothing",
    F0607 Error "a failure that is not an error",
    F0608 Error "a way out of a branch or loop that is not there",
    F0609 Warning "a caught error after a step that stays",
    F0610 Error "a compensation of what is no step",
    F0611 Error "a catch of what nothing catches",
    F0612 Error "an undo inside of an undo",
    F0613 Error "an error that only the language raises",
    F0614 Note "a step that stays where others are undone",

    F0701 Error "a secret that flows where it may not",
    F0702 Error "a credential in the source",
    F0703 Error "a credential that is not declared secret",

    F0801 Error "attempts that do not fit their time",
    F0802 Error "a deadline that is certain to be exceeded",
    F0803 Error "a duration out of its range",

    F0901 Error "a mock that does not fit its operation",
    F0902 Error "an error that cannot occur",
    F0903 Error "an execution was expected",
    F0904 Error "a statement that does not belong there",

    F1001 Warning "an unused name",
    F1002 Warning "an unused declaration",
    F1003 Warning "a name that hides another",
    F1004 Warning "code that is never reached",
    F1005 Warning "a deprecated operation",
    F1006 Warning "an unencrypted connection",

    F1101 Note "a declaration that is not in effect yet",
    F1102 Error "a route that is taken",
    F1103 Error "a method that does not fit",
    F1104 Note "an error without a status",
    F1105 Error "a time of a schedule that cannot be read",
    F1106 Error "an unknown time zone",
    F1107 Error "a schedule that starts no workflow",
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
