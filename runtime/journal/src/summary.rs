//! What a list shows of an execution. Stores keep it beside the records, made from them as they come in.

use crate::{EndStatus, ExecutionId, PlanId, Record};

/// An execution in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// The execution.
    pub execution: ExecutionId,
    /// Its plan.
    pub plan: PlanId,
    /// Its workflow.
    pub workflow: String,
    /// Where it stands.
    pub state: State,
    /// When it began, in microseconds since 1970.
    pub started_us: i64,
    /// When the last record was written.
    pub updated_us: i64,
}

/// Where an execution stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// It runs, or waits for something that will come by itself.
    Running,
    /// It waits until an operator has mended a cause.
    Paused,
    /// It waits until an operator settles a step.
    NeedsAttention,
    /// It has ended.
    Ended(EndStatus),
}

impl Summary {
    /// The summary of an execution whose first record this is; none where it is not a beginning.
    pub fn begin(execution: ExecutionId, first: &Record) -> Option<Self> {
        if let Record::Sealed(sealed) = first {
            return Self::begin(execution, &sealed.shell().ok().filter(Record::is_clear)?);
        }
        let Record::Started(started) = first else { return None };
        Some(Self {
            execution,
            plan: started.plan,
            workflow: started.workflow.clone(),
            state: State::Running,
            started_us: started.at_us,
            updated_us: started.at_us,
        })
    }

    /// Takes in one more record.
    pub fn apply(&mut self, record: &Record) {
        if let Record::Sealed(sealed) = record {
            if let Some(shell) = sealed.shell().ok().filter(Record::is_clear) {
                self.apply(&shell);
            }
            return;
        }
        self.updated_us = record.at_us();
        self.state = match record {
            Record::Held(held) if held.needs_attention => State::NeedsAttention,
            Record::Held(_) => State::Paused,
            Record::Ended(ended) => State::Ended(ended.status),
            // A snapshot says nothing new; anything else means that it goes on.
            Record::Snapshot(_) => self.state,
            _ => State::Running,
        };
    }
}

impl Record {
    /// Whether it is not sealed.
    fn is_clear(&self) -> bool {
        !matches!(self, Record::Sealed(_))
    }

    /// When it was written, in microseconds since 1970.
    pub fn at_us(&self) -> i64 {
        match self {
            Record::Started(record) => record.at_us,
            Record::Intent(record) => record.at_us,
            Record::AttemptStarted(record) => record.at_us,
            Record::AttemptEnded(record) => record.at_us,
            Record::Completed(record) => record.at_us,
            Record::TimerSet(record) => record.at_us,
            Record::Logged(record) => record.at_us,
            Record::Signalled(record) => record.at_us,
            Record::CalledBack(record) => record.at_us,
            Record::Reported(record) => record.at_us,
            Record::Joined(record) => record.at_us,
            Record::Cancelled { at_us } | Record::Proceeded { at_us, .. } => *at_us,
            Record::Held(record) => record.at_us,
            Record::Snapshot(record) => record.at_us,
            Record::Ended(record) => record.at_us,
            // The shell of a shell is none.
            Record::Sealed(sealed) => match sealed.shell() {
                Ok(shell) if shell.is_clear() => shell.at_us(),
                _ => 0,
            },
        }
    }
}
