//! What is refused before anything is served.

use crate::OperationName;

/// Why a text is no failure, answer or name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}`: {reason}")]
pub struct ParseError {
    /// The part that is malformed.
    pub text: String,
    /// What is wrong with it, or how it is written.
    pub reason: String,
}

impl ParseError {
    pub(crate) fn new(text: &str, reason: impl Into<String>) -> Self {
        Self { text: text.to_owned(), reason: reason.into() }
    }
}

/// Why a mock does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// No plan uses an operation of that name.
    #[error("no operation `{name}`; there are {}", listed(.known))]
    UnknownOperation {
        /// The name.
        name: OperationName,
        /// The names that there are, in the order of the plans.
        known: Vec<String>,
    },
    /// A given answer does not fit what the operation declares.
    #[error("the answer of `{name}` does not fit: {reason}")]
    Answer {
        /// The operation.
        name: OperationName,
        /// Why.
        reason: String,
    },
    /// A given answer has a member that nothing would read.
    #[error("the answer of `{name}` has a member `{member}` that is not declared; there are {}", listed(.known))]
    UnknownMember {
        /// The operation.
        name: OperationName,
        /// The member.
        member: String,
        /// The members that there are in its place.
        known: Vec<String>,
    },
    /// No port could be opened.
    #[error("no port of this machine could be opened: {0}")]
    Listen(#[from] std::io::Error),
}

fn listed(names: &[String]) -> String {
    match names {
        [] => "none".to_owned(),
        names => names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "),
    }
}
