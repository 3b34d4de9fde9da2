//! How a mock is set up.

use std::{fmt, sync::Arc, time::Duration};

use crate::{Failure, OperationName, ParseError, json};

/// Takes one readable line for each request. It holds no secret: neither headers other than the shortened key,
/// nor queries, nor bodies.
pub type Log = Arc<dyn Fn(&str) + Send + Sync>;

/// How a mock is set up. The default: seed 0, no latency, no failures, no log.
#[derive(Clone, Default)]
pub struct Options {
    /// Chooses among the sample values; the same seed gives the same answers.
    pub seed: u64,
    /// The time before each answer.
    pub latency: Option<Duration>,
    /// What operations are told to do wrong. Several for one operation follow each other.
    pub failures: Vec<Failure>,
    /// Answers that replace the sample data.
    pub answers: Vec<Answer>,
    /// Where a line for each request goes.
    pub log: Option<Log>,
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("seed", &self.seed)
            .field("latency", &self.latency)
            .field("failures", &self.failures)
            .field("answers", &self.answers)
            .finish_non_exhaustive()
    }
}

/// An answer of one's own for an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The operation.
    pub operation: OperationName,
    /// JSON. The members of an object take the place of those of the sample; anything else is the whole answer.
    pub json: String,
}

impl Answer {
    /// Reads `orders.validate={"valid": false}`.
    ///
    /// # Errors
    /// Where the text is malformed. Whether the answer fits shows when a mock starts.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let Some((operation, json)) = text.split_once('=') else {
            return Err(ParseError::new(text, "an answer is written `api.operation={\"id\": \"x\"}`"));
        };
        if !json::is_json(json.as_bytes()) {
            return Err(ParseError::new(json, "an answer is JSON"));
        }
        Ok(Self { operation: operation.trim().parse()?, json: json.trim().to_owned() })
    }
}

impl std::str::FromStr for Answer {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Answer::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_json() {
        let answer = Answer::parse("orders.validate = {\"valid\": false}").unwrap();
        assert_eq!(
            (answer.operation.to_string().as_str(), answer.json.as_str()),
            ("orders.validate", "{\"valid\": false}")
        );
        assert!(Answer::parse("orders.validate").is_err());
        assert_eq!(
            Answer::parse("orders.validate={valid}").unwrap_err().to_string(),
            "`{valid}`: an answer is JSON"
        );
    }
}
