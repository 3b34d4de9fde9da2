//! Retry policies, errors by name, and statuses: what policies, `raises` and `catch` have in common.

use flow_source::Span;

use crate::{ErrorDeclId, ExprId, Name, RetryId, Spanned};

/// `retry name { … }`. What does not stand is `None`; the defaults are applied by `flow-check`.
#[derive(Clone, Debug)]
pub struct RetryPolicy {
    /// The policy's name.
    pub name: Name,
    /// Its documentation.
    pub docs: Option<String>,
    /// How often it is tried, the first time included.
    pub attempts: Option<Spanned<Attempts>>,
    /// How long it waits between attempts.
    pub backoff: Option<Spanned<Backoff>>,
    /// What is tried again.
    pub on: Option<Spanned<Vec<RetryOn>>>,
    /// The longest time of all attempts together, a duration.
    pub within: Option<ExprId>,
    /// What happens when the attempts are used up.
    pub exhausted: Option<Spanned<Exhausted>>,
    /// Whether a `Retry-After` answer is obeyed.
    pub respect_retry_after: Option<Spanned<bool>>,
    /// The whole declaration.
    pub span: Span,
}

/// How many attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempts {
    /// This many, the first included.
    Count(i64),
    /// No bound.
    Unlimited,
}

/// The waits between attempts. All expressions are constants: durations, and a number for `factor`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Backoff {
    /// No wait.
    None,
    /// Always the same.
    Fixed {
        /// The wait.
        delay: ExprId,
    },
    /// Growing by the same amount.
    Linear {
        /// The first wait.
        initial: Option<ExprId>,
        /// What is added each time; `initial` where it does not stand.
        step: Option<ExprId>,
        /// The longest wait.
        max: Option<ExprId>,
        /// How waits are spread.
        jitter: Option<Spanned<Jitter>>,
    },
    /// Growing by a factor.
    Exponential {
        /// The first wait.
        initial: Option<ExprId>,
        /// The factor, 2 where it does not stand.
        factor: Option<ExprId>,
        /// The longest wait.
        max: Option<ExprId>,
        /// How waits are spread.
        jitter: Option<Spanned<Jitter>>,
    },
}

/// How waits are spread at random.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Jitter {
    /// Not at all.
    None,
    /// Anything from zero to the wait.
    Full,
}

/// What happens when a policy's attempts are used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exhausted {
    /// The call fails.
    Fail,
    /// The execution waits for an operator.
    Pause,
}

/// One entry of `on`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryOn {
    /// A status or class.
    Status(StatusPattern, Span),
    /// An error.
    Error(ErrorRef, Span),
}

/// `404` or `4xx`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StatusPattern {
    /// One status.
    Exact(u16),
    /// All of a class, by its first digit.
    Class(u8),
}

impl StatusPattern {
    /// Whether a status is meant.
    pub fn covers(self, status: u16) -> bool {
        match self {
            Self::Exact(exact) => exact == status,
            Self::Class(class) => status / 100 == u16::from(class),
        }
    }
}

impl std::fmt::Display for StatusPattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exact(status) => write!(f, "{status}"),
            Self::Class(class) => write!(f, "{class}xx"),
        }
    }
}

/// `retry: transient` or `retry: none`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryRef {
    /// A policy.
    Policy(RetryId, Span),
    /// No retry.
    None(Span),
}

/// An error by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ErrorRef {
    /// A declared one.
    Declared(ErrorDeclId),
    /// One of the language's own.
    Builtin(BuiltinError),
}

/// The errors that the language brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BuiltinError {
    /// A status that is neither success nor declared.
    Http,
    /// The request surely never reached the server.
    Refused,
    /// Sent, but no answer.
    Unknown,
    /// An answer that does not fit its type.
    Decode,
    /// A deadline passed.
    Deadline,
    /// The execution was cancelled.
    Cancelled,
    /// The parts of `refused` and `unknown` that are timeouts; in `on` and `catch` alone.
    Timeout,
    /// The parts of `refused` and `unknown` that are connection failures; in `on` and `catch` alone.
    Connection,
    /// Overflow, division by zero.
    Arithmetic,
    /// An index outside a list.
    Range,
    /// A failed `as`, or a request that breaks a `where`.
    Cast,
    /// A race that can no longer be won.
    Quorum,
    /// A pure computation that is too long.
    Limit,
}

impl BuiltinError {
    /// Every one, in the order of the reference.
    pub const ALL: [Self; 13] = [
        Self::Http,
        Self::Refused,
        Self::Unknown,
        Self::Decode,
        Self::Deadline,
        Self::Cancelled,
        Self::Timeout,
        Self::Connection,
        Self::Arithmetic,
        Self::Range,
        Self::Cast,
        Self::Quorum,
        Self::Limit,
    ];

    /// Its name in the language.
    pub fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Refused => "refused",
            Self::Unknown => "unknown",
            Self::Decode => "decode",
            Self::Deadline => "deadline",
            Self::Cancelled => "cancelled",
            Self::Timeout => "timeout",
            Self::Connection => "connection",
            Self::Arithmetic => "arithmetic",
            Self::Range => "range",
            Self::Cast => "cast",
            Self::Quorum => "quorum",
            Self::Limit => "limit",
        }
    }

    /// The error of a name.
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|error| error.name() == name)
    }
}
