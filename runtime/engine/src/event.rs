//! What happens in an execution, as it happens: for live output and traces.

use flow_http::Deprecation;
use flow_journal::ExecutionId;
use flow_plan::StepId;
use flow_vm::StepPath;

use crate::AttemptResult;

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Of which execution.
    pub execution: ExecutionId,
    /// When, in microseconds since 1970.
    pub at_us: i64,
    /// What.
    pub kind: EventKind,
}

/// What can happen. No text contains a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// An attempt goes out.
    AttemptStarted {
        /// The call that it belongs to.
        call: CallName,
        /// Its number, from 1.
        number: u32,
        /// The method.
        method: &'static str,
        /// The URL, without what its authentication adds.
        url: String,
    },
    /// An attempt has ended.
    AttemptEnded {
        /// The call that it belongs to.
        call: CallName,
        /// Its number.
        number: u32,
        /// What came of it.
        result: AttemptResult,
        /// How long it took.
        took_us: u64,
        /// Whether there will be another one, and when.
        retry: Option<Retry>,
    },
    /// A server has said, for the first time in this execution, that an operation should no longer be used or will be
    /// gone.
    Deprecated {
        /// The call whose answer says so.
        call: CallName,
        /// What it says.
        deprecation: Deprecation,
    },
    /// A request waits before it goes out.
    Delayed {
        /// The call that it belongs to.
        call: CallName,
        /// Why.
        why: Delay,
        /// For how long.
        wait_us: u64,
    },
    /// A child execution is called: it is started, or gone on with. Where it is not, what becomes of it says so.
    ChildStarted {
        /// The workflow.
        workflow: String,
        /// The child.
        execution: ExecutionId,
        /// Whether it goes its own way.
        detached: bool,
        /// Whether it undoes something.
        undoes: bool,
    },
    /// The execution that a call would start has begun already, by another caller: it has the same key.
    ChildJoined {
        /// The workflow.
        workflow: String,
        /// That one.
        execution: ExecutionId,
    },
    /// A child execution has ended, or is held.
    ChildEnded {
        /// The workflow.
        workflow: String,
        /// The child.
        execution: ExecutionId,
        /// How, in a few words.
        outcome: String,
        /// Whether it has succeeded.
        good: bool,
    },
    /// The execution sleeps: nothing is under way.
    Sleeping {
        /// Until when, in microseconds since 1970.
        until_us: i64,
    },
    /// The execution waits for something from outside, and nothing else is under way.
    Receiving {
        /// The signals that are waited for, longest waiting first.
        signals: Vec<String>,
        /// Whether the answer of a callback is waited for.
        callback: bool,
        /// Until when, in microseconds since 1970, where a deadline stands.
        until_us: Option<i64>,
    },
    /// A signal, or the answer of a callback, has come.
    Received {
        /// The signal's name; none for a callback.
        signal: Option<String>,
    },
    /// The workflow said how far it has come.
    Reported {
        /// A record, as JSON.
        json: Vec<u8>,
    },
    /// The workflow wrote a line.
    Logged {
        /// The line.
        text: String,
    },
    /// The execution goes on after its process died.
    Recovered,
    /// It waits for an operator.
    Held {
        /// Why.
        reason: String,
    },
}

/// Which call an event is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallName {
    /// The step.
    pub step: StepId,
    /// Its place in the execution.
    pub path: StepPath,
    /// `api.operation`.
    pub name: String,
    /// Whether it undoes something.
    pub undoes: bool,
}

/// The next attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// The wait.
    pub after_us: u64,
    /// Whether the server asked for it.
    pub asked: bool,
}

/// Why a request waits before it goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delay {
    /// The declared rate of the API or the operation.
    Rate,
    /// The API's retry budget.
    RetryBudget,
    /// As many calls are under way as the API or the operation allows. Nobody knows for how long.
    Concurrency,
}
