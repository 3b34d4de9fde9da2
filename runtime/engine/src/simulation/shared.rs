//! What executions of the same workflow have to do with each other, on virtual time: keys, the queues of `one per`, and
//! who waits for an execution that somebody else has begun.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use flow_journal::{Claim, Claims, EndStatus, ExecutionId, History, Record, Start};
use flow_vm::{EffectId, Program};

use super::{Answer, Simulation};
use crate::{Action, ChildNews, EventKind, Outcome, RecoverError, Report, Sending, StepReport};

/// A queue: the workflow and the value.
type Queue = (String, String);

/// Who waits for an execution: the one that called, and its effect.
type Caller = (ExecutionId, EffectId);

/// What executions share.
#[derive(Debug, Default)]
pub(super) struct Shared {
    /// The keys. One that belongs to an execution that is not kept was not taken.
    pub(super) claims: Claims,
    /// Those that have begun in a queue and have neither ended nor are held, in the order of their turns.
    queues: BTreeMap<Queue, VecDeque<ExecutionId>>,
    /// Those of them whose turn has not come.
    pub(super) queued: BTreeMap<ExecutionId, Queued>,
    /// The executions that are waited for by somebody who has not begun them.
    pub(super) joined: Vec<(ExecutionId, Caller)>,
    /// What became in this process of executions that have a key.
    pub(super) known: BTreeMap<ExecutionId, Report>,
}

/// An execution that has begun, and waits for its turn.
#[derive(Debug)]
pub(super) struct Queued {
    pub(super) program: Arc<Program>,
    pub(super) parent: Option<Caller>,
    pub(super) deadline_us: Option<i64>,
}

impl Shared {
    /// Takes the next place in a queue.
    pub(super) fn enter(&mut self, queue: Queue, execution: ExecutionId, queued: Queued) {
        self.queues.entry(queue).or_default().push_back(execution);
        self.queued.insert(execution, queued);
    }

    /// The execution leaves the queue that it stands in.
    fn go(&mut self, execution: ExecutionId) {
        for queue in self.queues.values_mut() {
            queue.retain(|waiting| *waiting != execution);
        }
        self.queues.retain(|_, queue| !queue.is_empty());
    }

    /// Whether the turn of an execution has come; nothing where it stands in no queue.
    fn has_turn(&self, execution: ExecutionId) -> Option<bool> {
        let queue = self.queues.values().find(|queue| queue.contains(&execution))?;
        Some(queue.front() == Some(&execution))
    }

    /// Waits for nothing any more; whether it has waited for what somebody else has begun.
    pub(super) fn leave(&mut self, caller: Caller) -> bool {
        let waiting = self.joined.len();
        self.joined.retain(|(_, known)| *known != caller);
        self.joined.len() < waiting
    }
}

impl<N: FnMut(&Sending) -> Answer> Simulation<N> {
    /// The execution that a key belongs to.
    pub(super) fn holder(&self, claim: &Claim) -> Option<Start> {
        self.shared.claims.holder(claim, |execution| match self.history_of(execution).ok()?.last() {
            Some(Record::Ended(ended)) => Some(ended.status),
            Some(Record::Sealed(sealed)) => match sealed.shell() {
                Ok(Record::Ended(ended)) => Some(ended.status),
                _ => None,
            },
            _ => None::<EndStatus>,
        })
    }

    /// What an execution has come to, as far as that is durable.
    pub(super) fn ending_of(
        &self,
        execution: ExecutionId,
    ) -> Result<Option<(Outcome, Vec<StepReport>)>, RecoverError> {
        let records = self.records_of(execution)?;
        crate::driver::ending(&History { position: records.len() as u64, records })
    }

    /// Tells those who wait for an execution that they have not begun what became of it.
    pub(super) fn tell_joined(&mut self, report: &Report) {
        let execution = report.execution;
        if self.shared.claims.holds(execution) {
            self.shared.known.insert(execution, report.clone());
        }
        let joined = std::mem::take(&mut self.shared.joined);
        let (told, others): (Vec<_>, Vec<_>) = joined.into_iter().partition(|(known, _)| *known == execution);
        self.shared.joined = others;
        for (_, caller) in told {
            self.tell(caller, ChildNews::Ended(Box::new(report.clone())));
        }
    }

    /// An execution has ended, or is held: the next one in its queue goes on.
    pub(super) fn give_turn_on(&mut self, execution: ExecutionId) {
        self.shared.go(execution);
        self.give_turns();
    }

    /// Goes on with those whose turn has come.
    pub(super) fn give_turns(&mut self) {
        let fronts: Vec<ExecutionId> =
            self.shared.queues.values().filter_map(|queue| queue.front().copied()).collect();
        for execution in fronts {
            let Some(queued) = self.shared.queued.remove(&execution) else { continue };
            let parent = queued.parent;
            let records = self.records_of(execution);
            let gone_on = records.and_then(|records| self.take_turn(execution, records, queued));
            if let (Err(error), Some(parent)) = (gone_on, parent) {
                self.tell(parent, ChildNews::Held { reason: error.to_string() });
            }
        }
    }

    /// Goes on with an execution whose turn has come. One that has not acted begins, for whoever looks on.
    fn take_turn(
        &mut self,
        execution: ExecutionId,
        records: Vec<Record>,
        queued: Queued,
    ) -> Result<(), RecoverError> {
        let has_acted = records.len() > 1;
        self.go_on(execution, records, queued.program, queued.parent, queued.deadline_us)?;
        if let Some(life) = self.lives.get_mut(&execution).filter(|_| !has_acted) {
            life.actions.retain(
                |action| !matches!(action, Action::Show(event) if event.kind == EventKind::Recovered),
            );
        }
        Ok(())
    }

    /// Goes on with an execution that has begun: now, or when its turn has come.
    pub(super) fn go_on_in_turn(
        &mut self,
        execution: ExecutionId,
        records: Vec<Record>,
        queued: Queued,
    ) -> Result<(), RecoverError> {
        let has_turn = match self.shared.has_turn(execution) {
            // It was held, and the others went on: it takes the last place.
            None if matches!(records.last(), Some(Record::Held(_))) => {
                let Some(queue) = queue_of(&queued.program, &records)? else {
                    return self.take_turn(execution, records, queued);
                };
                self.shared.enter(queue, execution, queued);
                self.give_turns();
                return Ok(());
            }
            // It has ended, or there is no queue.
            None => true,
            // What goes on without its turn was cancelled before it.
            Some(has_turn) => has_turn || records.len() > 1,
        };
        if !has_turn {
            self.shared.queued.insert(execution, queued);
            return Ok(());
        }
        let Queued { program, parent, deadline_us } = queued;
        self.go_on(execution, records, program, parent, deadline_us)
    }

    /// Cancels an execution that waits for its turn: it has not acted, and ends without one. Whether it did wait.
    pub(super) fn cancel_queued(&mut self, execution: ExecutionId) -> bool {
        let Ok(mut records) = self.records_of(execution) else { return false };
        if records.len() > 1 {
            return false;
        }
        let Some(queued) = self.shared.queued.remove(&execution) else { return false };
        self.shared.go(execution);
        let cancelled = Record::Cancelled { at_us: self.now.wall_us };
        self.keep(execution, std::slice::from_ref(&cancelled));
        records.push(cancelled);
        let parent = queued.parent;
        if let (Err(error), Some(parent)) = (self.take_turn(execution, records, queued), parent) {
            self.tell(parent, ChildNews::Held { reason: error.to_string() });
        }
        self.give_turns();
        true
    }

    /// What executions share, as far as it is durable.
    pub(super) fn recover_shared(&mut self) -> Result<(), RecoverError> {
        let begun: Vec<ExecutionId> = self.begun().collect();
        let mut shared = Shared { claims: std::mem::take(&mut self.shared.claims), ..Shared::default() };
        shared.claims.retain(|execution| begun.contains(&execution));
        for execution in begun {
            let records = self.records_of(execution)?;
            let left = matches!(records.last(), Some(Record::Ended(_) | Record::Held(_)));
            let program = match records.first() {
                Some(Record::Started(started)) => self.program_of(started.plan),
                _ => None,
            };
            if let Some(program) = program.filter(|_| !left)
                && let Some(queue) = queue_of(&program, &records)?
            {
                shared.queues.entry(queue).or_default().push_back(execution);
            }
        }
        self.shared = shared;
        Ok(())
    }
}

/// The queue that an execution stands in, where its workflow has one.
fn queue_of(program: &Program, records: &[Record]) -> Result<Option<Queue>, RecoverError> {
    let Some(Record::Started(started)) = records.first() else { return Ok(None) };
    if program.plan().one_per.is_none() {
        return Ok(None);
    }
    let pinned = crate::driver::pinned(program.plan(), started)?;
    let identity = program.identity(&started.input, &pinned)?;
    Ok(identity.one_per.map(|value| (started.workflow.clone(), value)))
}
