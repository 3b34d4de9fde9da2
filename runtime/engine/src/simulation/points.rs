//! Where a process can die: each point at which what is durable, or what the world has seen, is about to change.
//! Between two of them nothing differs for whoever goes on.

use flow_journal::{ExecutionId, Record};
use flow_plan::StepId;

use super::{Answer, Simulation};
use crate::{Action, Sending};

/// A point at which the process can die.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrashPoint {
    /// Before which action, counted from 0 over all lives: what
    /// [`crash_before`](Simulation::crash_before) takes.
    pub action: u64,
    /// Whose action it is.
    pub execution: ExecutionId,
    /// What it would have done.
    pub before: Dying,
}

/// What a process that dies comes to do no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dying {
    /// Sending a request of a step.
    Send(StepId),
    /// Starting the execution of a step.
    Spawn(StepId),
    /// Making durable what came of a step.
    Answer(StepId),
    /// Making a signal durable.
    Signal(String),
    /// Making the answer of a callback durable.
    Callback,
    /// Making something else durable.
    Write,
    /// Saying how the execution has ended.
    End,
}

impl<N: FnMut(&Sending) -> Answer> Simulation<N> {
    /// Notes the points at which the process can die, from here on.
    pub fn note_crash_points(&mut self) {
        self.notes_points = true;
    }

    /// The points at which the process could have died, in order.
    pub fn crash_points(&self) -> &[CrashPoint] {
        &self.points
    }

    /// Notes the point before an action. Before the first record, nothing has begun that could be gone on with.
    pub(super) fn note_point(&mut self, execution: ExecutionId, action: &Action) {
        if !self.notes_points {
            return;
        }
        let before = match action {
            Action::Commit(_) if self.kept.is_empty() => return,
            Action::Commit(records) => self.dying_before(execution, records),
            Action::Send(sending) => {
                self.steps.insert((execution, sending.attempt.effect.0), sending.call.step);
                Dying::Send(sending.call.step)
            }
            Action::Spawn(spawning) => {
                let steps = self.lives.get(&execution).map_or(&[][..], |life| life.driver.steps());
                let report = steps.iter().find(|report| report.child == Some(spawning.execution));
                let step = report.map(|report| report.step);
                self.steps.extend(step.map(|step| ((execution, spawning.effect.0), step)));
                step.map_or(Dying::Write, Dying::Spawn)
            }
            Action::End(_) => Dying::End,
            _ => return,
        };
        self.points.push(CrashPoint { action: self.actions_done, execution, before });
    }

    fn dying_before(&self, execution: ExecutionId, records: &[Record]) -> Dying {
        let step = |effect: u64| self.steps.get(&(execution, effect)).copied();
        let named = records.iter().find_map(|record| match record {
            Record::AttemptEnded(record) => step(record.effect).map(Dying::Answer),
            Record::Completed(record) => step(record.effect).map(Dying::Answer),
            Record::Signalled(record) => Some(Dying::Signal(record.name.clone())),
            Record::CalledBack(_) => Some(Dying::Callback),
            _ => None,
        });
        named.unwrap_or(Dying::Write)
    }
}
