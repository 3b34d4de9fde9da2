//! How people name an operation: `payments.charge`, or `payments@v2.charge` where several versions are.

use std::{fmt, str::FromStr};

use crate::ParseError;

/// The name of an operation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OperationName {
    /// The API.
    pub api: String,
    /// Its version; none means each.
    pub version: Option<u32>,
    /// The operation.
    pub operation: String,
}

impl OperationName {
    /// Whether it names the operation of that API.
    pub(crate) fn names(&self, api: &str, version: u32, operation: &str) -> bool {
        self.api == api
            && self.operation == operation
            && self.version.is_none_or(|expected| expected == version)
    }
}

impl fmt::Display for OperationName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.version {
            Some(version) => write!(f, "{}@v{version}.{}", self.api, self.operation),
            None => write!(f, "{}.{}", self.api, self.operation),
        }
    }
}

impl FromStr for OperationName {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let malformed =
            || ParseError::new(text, "an operation is named `api.operation` or `api@v2.operation`");
        let (api, operation) = text.split_once('.').ok_or_else(malformed)?;
        let (api, version) = match api.split_once("@v") {
            Some((api, version)) => (api, Some(version.parse().map_err(|_| malformed())?)),
            None => (api, None),
        };
        if !is_identifier(api) || !is_identifier(operation) {
            return Err(malformed());
        }
        Ok(Self { api: api.to_owned(), version, operation: operation.to_owned() })
    }
}

fn is_identifier(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_and_written_alike() {
        for text in ["payments.charge", "payments@v2.charge", "_a._b9"] {
            assert_eq!(text.parse::<OperationName>().unwrap().to_string(), text);
        }
        for text in
            ["", "payments", ".charge", "payments.", "payments@2.charge", "a.b.c", "päy.charge", "a@vx.b"]
        {
            assert!(text.parse::<OperationName>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_name_without_version_names_each() {
        let any: OperationName = "payments.charge".parse().unwrap();
        assert!(any.names("payments", 1, "charge") && any.names("payments", 2, "charge"));
        let second: OperationName = "payments@v2.charge".parse().unwrap();
        assert!(!second.names("payments", 1, "charge") && second.names("payments", 2, "charge"));
    }
}
