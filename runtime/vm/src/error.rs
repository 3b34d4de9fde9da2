//! What the machine refuses, for whoever drives it.

use std::borrow::Cow;

use flow_plan::PlanHash;

use crate::EffectId;
use crate::fault::Fault;

/// Why a JSON text is not a value of its type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {message}")]
pub struct DecodeError {
    /// Where in the text: `$.items[3].price`.
    pub path: String,
    /// What is wrong: `expected decimal, found string "12,5"`.
    pub message: String,
    /// Whether the text is no JSON at all, or none that is read.
    pub syntax: bool,
}

/// Why an execution does not start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InputError {
    /// The input does not fit.
    #[error("the input does not fit: {0}")]
    Input(DecodeError),
    /// A configuration entry that the workflow reads has no value.
    #[error("the configuration entry `{0}` has no value")]
    ConfigMissing(String),
    /// The value of a configuration entry does not fit.
    #[error("the configuration entry `{name}` does not fit: {error}")]
    Config {
        /// The entry.
        name: String,
        /// Why.
        error: DecodeError,
    },
    /// The value that tells the execution apart cannot be computed.
    #[error("its `{what}` cannot be computed: {}", error.message)]
    Identity {
        /// `key` or `one per`.
        what: &'static str,
        /// Why.
        error: DecodeError,
    },
}

/// Why a signal, or the answer of a callback, is not taken. The machine is then unchanged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignalRefusal {
    /// The workflow declares no such signal.
    #[error("the workflow receives no signal `{0}`")]
    Unknown(String),
    /// What was sent does not fit the declared type.
    #[error("what was sent does not fit: {0}")]
    Misfit(DecodeError),
    /// As many as are kept wait to be received.
    #[error("1,000 signals wait already to be received")]
    Full,
    /// The execution has ended.
    #[error("the execution has ended")]
    Ended,
    /// No callback has this number.
    #[error("there is no such callback")]
    NoCallback,
    /// The callback was answered before: that answer stays.
    #[error("the callback was answered before")]
    Repeated,
}

/// Why a completion is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResumeError {
    /// Nobody waits for the effect: it was completed or cancelled before, or never asked for.
    #[error("nobody waits for effect {}", .0.0)]
    NotAwaited(EffectId),
    /// The completion is of another kind than the effect.
    #[error("the completion of effect {} is of another kind", .0.0)]
    WrongKind(EffectId),
}

/// Why bytes are no state of a machine.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// Truncated or changed.
    #[error("the state is damaged: {0}")]
    Damaged(String),
    /// Written by a newer program.
    #[error("the state has format {0}, which this program does not read")]
    Format(u32),
    /// The state of another plan's execution.
    #[error("the state belongs to plan {found}, not to {expected}")]
    Plan {
        /// The plan that the state names.
        found: PlanHash,
        /// The plan that was given.
        expected: PlanHash,
    },
}

impl DecodeError {
    /// A value that does not fit the limits of an execution, or whose conditions can't be told.
    pub(crate) fn fault(fault: Fault) -> Self {
        let message = match fault {
            Fault::Full => Cow::Borrowed("the value takes more than 64 MB"),
            Fault::Damaged | Fault::Raised(_) => Cow::Borrowed("a condition of its type fails"),
            Fault::Arithmetic(message)
            | Fault::Range(message)
            | Fault::Cast(message)
            | Fault::Limit(message) => message,
        };
        Self { path: "$".to_owned(), message: message.into_owned(), syntax: false }
    }
}
