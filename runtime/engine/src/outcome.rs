//! What came of an execution, for whoever started it.

use flow_journal::ExecutionId;
use flow_plan::StepId;
use flow_vm::{Attention, Failure, StepPath};
use serde::{Deserialize, Serialize};

/// An execution at its end, or where it is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The execution.
    pub execution: ExecutionId,
    /// What came of it.
    pub outcome: Outcome,
    /// The calls that it made, in the order in which they began.
    pub steps: Vec<StepReport>,
    /// Its child executions that this process has seen end, in that order.
    pub children: Vec<Report>,
}

/// What came of an execution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// It ended with a result, as JSON.
    Succeeded(Vec<u8>),
    /// It ended with an error; what was to be undone is undone, in the order that stands here.
    Failed(Failure),
    /// It waits until an operator settles a step.
    NeedsAttention(Attention),
    /// It waits until an operator has mended a cause, and goes on from there.
    Paused {
        /// The cause.
        reason: String,
    },
}

impl Outcome {
    /// How it ended or where it is held, as the end of a sentence.
    pub fn words(&self) -> String {
        match self {
            Outcome::Succeeded(json) => format!("succeeded with {}", String::from_utf8_lossy(json)),
            Outcome::Failed(failure) => {
                format!("failed with `{}`: {}", failure.error.name, failure.error.message)
            }
            Outcome::NeedsAttention(attention) => {
                format!("needs attention {}", attention.reason())
            }
            Outcome::Paused { reason } => format!("is paused: {reason}"),
        }
    }
}

/// One call of a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepReport {
    /// The step.
    pub step: StepId,
    /// Its place in the execution.
    pub path: StepPath,
    /// `api.operation`.
    pub name: String,
    /// Whether it undoes something.
    pub undoes: bool,
    /// Its attempts, in order.
    pub attempts: Vec<AttemptReport>,
    /// The execution that it started, where it calls a workflow.
    pub child: Option<ExecutionId>,
}

/// One attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptReport {
    /// Its number, from 1.
    pub number: u32,
    /// When it began: microseconds since 1970.
    pub at_us: i64,
    /// How long it took, once it has ended.
    pub took_us: Option<u64>,
    /// What came of it, once it has ended.
    pub result: Option<AttemptResult>,
    /// The wait until the next one, where there is one.
    pub retry_after_us: Option<u64>,
    /// The beginning of an answer's body that is not what the step needs; secrets are taken out.
    pub excerpt: Vec<u8>,
}

/// What came of an attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AttemptResult {
    /// It was answered.
    Answered {
        /// The status.
        status: u16,
        /// Whether the answer is what the step needs.
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
