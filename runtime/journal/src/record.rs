//! The records of an execution's history.
//!
//! Effects are known here by their number alone, and what they were completed with is bytes: what they mean is
//! for the machine to say. Moments are microseconds since 1970 on the wall clock, so that another machine can
//! read them. No record contains a secret in clear: see [`Sealer`](crate::Sealer).

use serde::{Deserialize, Serialize};

use crate::{ExecutionId, PlanId, Sealed};

/// One thing that happened. New kinds are added at the end: the encoding numbers them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Record {
    /// The execution began. Always the first record, and only there.
    Started(Started),
    /// A request that changes something is about to be sent for the first time.
    Intent(Intent),
    /// An attempt is about to be sent.
    AttemptStarted(AttemptStarted),
    /// An attempt has ended.
    AttemptEnded(AttemptEnded),
    /// The machine was given what came of an effect.
    Completed(Completed),
    /// A timer was set.
    TimerSet(TimerSet),
    /// The workflow wrote a line.
    Logged(Logged),
    /// The machine was told to cancel.
    Cancelled {
        /// When.
        at_us: i64,
    },
    /// The execution waits for an operator.
    Held(Held),
    /// All that came before, folded together.
    Snapshot(Snapshot),
    /// The execution has ended. Nothing follows.
    Ended(Ended),
    /// The machine computed on for so many slices, before what follows.
    Proceeded {
        /// How many.
        slices: u64,
        /// When.
        at_us: i64,
    },
    /// A signal was taken.
    Signalled(Signalled),
    /// The answer of a callback was taken.
    CalledBack(CalledBack),
    /// The workflow said how far it has come.
    Reported(Reported),
    /// Another record, with a secret in it.
    Sealed(Sealed),
    /// A call of a workflow takes part in an execution that somebody else has begun.
    Joined(Joined),
}

/// The beginning of an execution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Started {
    /// The plan that it runs for life.
    pub plan: PlanId,
    /// The workflow's name.
    pub workflow: String,
    /// The input, as JSON.
    pub input: Vec<u8>,
    /// The plain configuration values that it began with: name and JSON.
    pub config: Vec<(String, Vec<u8>)>,
    /// The names of the secrets that it needs; their values are never written down.
    pub secrets: Vec<String>,
    /// The key with which the caller started it.
    pub key: Option<String>,
    /// The execution that started it.
    pub parent: Option<Parent>,
    /// When.
    pub at_us: i64,
}

/// The execution that started another one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parent {
    /// Which.
    pub execution: ExecutionId,
    /// The place of the step that did, from which the id of the new one is made.
    pub path: String,
    /// Whether the new one goes its own way: the parent does not wait for it.
    pub detached: bool,
}

/// A request as it will be sent, in every attempt alike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// The effect.
    pub effect: u64,
    /// The step's place in the execution.
    pub path: String,
    /// Whether it may be sent again when nothing is known of it.
    pub repeatable: bool,
    /// The method.
    pub method: String,
    /// Path and query, encoded.
    pub target: String,
    /// The headers.
    pub headers: Vec<(String, HeaderValue)>,
    /// The body.
    pub body: Option<Vec<u8>>,
    /// The idempotency key.
    pub key: String,
    /// When.
    pub at_us: i64,
}

/// The value of a recorded header.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum HeaderValue {
    /// As it stands.
    Text(String),
    /// Of the configuration entry of that name, read at each attempt.
    Config(String),
    /// One after another.
    Joined(Vec<HeaderValue>),
}

/// The beginning of an attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptStarted {
    /// The effect.
    pub effect: u64,
    /// The number of the attempt, from 1.
    pub attempt: u32,
    /// The scheme, host and port that it goes to.
    pub origin: String,
    /// When.
    pub at_us: i64,
}

/// The end of an attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptEnded {
    /// The effect.
    pub effect: u64,
    /// The number of the attempt.
    pub attempt: u32,
    /// What came of it.
    pub outcome: AttemptOutcome,
    /// The beginning of the body, where it is not what the step needs or another attempt follows.
    pub excerpt: Vec<u8>,
    /// Until the request went out, in microseconds.
    pub connect_us: u64,
    /// From then until the head of the answer.
    pub wait_us: u64,
    /// From then until its end.
    pub read_us: u64,
    /// The wait until the next attempt, where there is one.
    pub retry_after_us: Option<u64>,
    /// When.
    pub at_us: i64,
}

/// What came of an attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AttemptOutcome {
    /// It was answered.
    Answered {
        /// The status.
        status: u16,
        /// Whether the status and the body are what the step needs.
        good: bool,
    },
    /// It surely did not go out.
    NotSent {
        /// In words.
        message: String,
    },
    /// It went out, and there is no answer.
    Unanswered {
        /// In words.
        message: String,
    },
}

/// What an effect was completed with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Completed {
    /// The effect.
    pub effect: u64,
    /// The completion, in the machine's encoding.
    pub completion: Vec<u8>,
    /// When.
    pub at_us: i64,
}

/// A timer. It is kept as a moment together with when it was set, so that a clock that jumps is noticed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimerSet {
    /// The effect.
    pub effect: u64,
    /// When it is due.
    pub due_us: i64,
    /// When it was set.
    pub at_us: i64,
}

/// A line that the workflow wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Logged {
    /// The effect.
    pub effect: u64,
    /// The line.
    pub text: String,
    /// When.
    pub at_us: i64,
}

/// A signal that was taken. Whoever sent it has been told so only when this was durable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signalled {
    /// The signal's name.
    pub name: String,
    /// What was sent, as JSON.
    pub json: Vec<u8>,
    /// When.
    pub at_us: i64,
}

/// The answer of a callback that was taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalledBack {
    /// The callback's number in the execution.
    pub number: u64,
    /// The answer, as JSON.
    pub json: Vec<u8>,
    /// When.
    pub at_us: i64,
}

/// How far the workflow has come, in its own words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reported {
    /// The effect.
    pub effect: u64,
    /// A record, as JSON.
    pub json: Vec<u8>,
    /// When.
    pub at_us: i64,
}

/// A call that waits for an execution which somebody else has begun: it has the key of the one that it would begin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Joined {
    /// The effect.
    pub effect: u64,
    /// The other execution.
    pub execution: ExecutionId,
    /// When.
    pub at_us: i64,
}

/// Why an execution waits for an operator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Whether a step must be settled (`needs_attention`); otherwise a cause must be mended (`paused`).
    pub needs_attention: bool,
    /// In words.
    pub reason: String,
    /// When.
    pub at_us: i64,
}

/// A state from which the execution can go on without what came before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The machine, in its own encoding.
    pub machine: Vec<u8>,
    /// The effects that are under way, in the engine's encoding.
    pub driver: Vec<u8>,
    /// When.
    pub at_us: i64,
}

/// The end of an execution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// How.
    pub status: EndStatus,
    /// The outcome, in the engine's encoding.
    pub outcome: Vec<u8>,
    /// When.
    pub at_us: i64,
}

/// How an execution ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum EndStatus {
    /// With a result.
    Succeeded,
    /// With an error.
    Failed,
    /// Because it was told to cancel.
    Cancelled,
}
