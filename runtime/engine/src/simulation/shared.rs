//! What executions of the same workflow have to do with each other, on virtual time: keys, the queues of `one per`, and
//! who waits for an execution that somebody else has begun. Several simulations can share this, as executions of one
//! engine do, each with a clock of its own.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use flow_journal::{Claim, Claims, EndStatus, ExecutionId, History, Record, Start};
use flow_vm::{EffectId, Program};

use super::{Answer, Run, Simulation};
use crate::{Action, ChildNews, Delivery, EventKind, Outcome, RecoverError, Report, Sending, StepReport};

/// A queue: the workflow and the value.
type Queue = (String, String);

/// Who waits for an execution: the one that called, and its effect.
type Caller = (ExecutionId, EffectId);

/// What the executions of several simulations share, as those of one engine do. Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Common(Arc<Mutex<Tables>>);

#[derive(Debug, Default)]
struct Tables {
    /// The keys.
    claims: Claims,
    /// Those that have begun in a queue and have neither ended nor are held, in the order of their turns.
    queues: BTreeMap<Queue, VecDeque<ExecutionId>>,
    /// What became of executions that have a key.
    known: BTreeMap<ExecutionId, Report>,
}

impl Common {
    fn tables(&self) -> MutexGuard<'_, Tables> {
        // Nothing panics while it holds the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What became of an execution that has, or had, a key.
    pub fn known(&self, execution: ExecutionId) -> Option<Report> {
        self.tables().known.get(&execution).cloned()
    }

    /// Whether an execution has a key, or had one.
    pub fn has_keys(&self) -> bool {
        let tables = self.tables();
        !tables.known.is_empty() || tables.claims.has_any()
    }
}

/// What executions share, and how those of this simulation wait for each other and for those of others.
#[derive(Debug, Default)]
pub(super) struct Shared {
    pub(super) common: Common,
    /// The executions of this simulation that have claimed a key or entered a queue.
    mine: BTreeSet<ExecutionId>,
    /// Those whose turn has not come.
    pub(super) queued: BTreeMap<ExecutionId, Queued>,
    /// What was sent to them meanwhile, until its sender is told what became of it.
    pub(super) told: Vec<(ExecutionId, Delivery)>,
    /// The executions that are waited for by somebody who has not begun them.
    pub(super) joined: Vec<(ExecutionId, Caller)>,
}

/// An execution that has begun, and waits for its turn.
#[derive(Debug)]
pub(super) struct Queued {
    pub(super) program: Arc<Program>,
    pub(super) parent: Option<Caller>,
    pub(super) deadline_us: Option<i64>,
}

impl Shared {
    /// Gives a key to an execution.
    pub(super) fn take(&mut self, execution: ExecutionId, claim: Claim) {
        self.mine.insert(execution);
        self.common.tables().claims.take(execution, claim);
    }

    /// Gives the key of an execution free.
    pub(super) fn release(&mut self, execution: ExecutionId) {
        self.common.tables().claims.release(execution);
    }

    /// Takes the next place in a queue.
    pub(super) fn enter(&mut self, queue: Queue, execution: ExecutionId, queued: Queued) {
        self.mine.insert(execution);
        self.common.tables().queues.entry(queue).or_default().push_back(execution);
        self.queued.insert(execution, queued);
    }

    /// The execution leaves the queue that it stands in.
    fn go(&mut self, execution: ExecutionId) {
        let queues = &mut self.common.tables().queues;
        for queue in queues.values_mut() {
            queue.retain(|waiting| *waiting != execution);
        }
        queues.retain(|_, queue| !queue.is_empty());
    }

    /// Whether the turn of an execution has come; nothing where it stands in no queue.
    fn has_turn(&self, execution: ExecutionId) -> Option<bool> {
        let tables = self.common.tables();
        let queue = tables.queues.values().find(|queue| queue.contains(&execution))?;
        Some(queue.front() == Some(&execution))
    }

    /// The executions of this simulation whose turn has come, and which do not know it.
    fn fronts(&self) -> Vec<ExecutionId> {
        let tables = self.common.tables();
        let fronts = tables.queues.values().filter_map(|queue| queue.front().copied());
        fronts.filter(|front| self.queued.contains_key(front)).collect()
    }

    /// Notes what is sent to a queued execution, which takes it in when its turn has come.
    pub(super) fn tell_queued(&mut self, execution: ExecutionId, delivery: Delivery) {
        self.told.push((execution, delivery));
    }

    /// The sender of something is told what became of it.
    pub(super) fn replied(&mut self, number: u64) {
        self.told.retain(|(_, delivery)| delivery.number != number);
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
        let tables = self.shared.common.tables();
        tables.claims.holder(claim, |execution| match self.history_of(execution).ok()?.last() {
            Some(Record::Ended(ended)) => Some(ended.status),
            Some(Record::Sealed(sealed)) => match sealed.shell() {
                Ok(Record::Ended(ended)) => Some(ended.status),
                _ => None,
            },
            Some(_) => None,
            // It is one of another simulation.
            None => tables.known.get(&execution).and_then(|report| status(&report.outcome)),
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
        let mut tables = self.shared.common.tables();
        if tables.claims.holds(report.execution) {
            tables.known.insert(report.execution, report.clone());
        }
        drop(tables);
        self.tell_known();
    }

    /// Tells those who wait for executions that they have not begun what is known of these.
    fn tell_known(&mut self) {
        for (execution, caller) in std::mem::take(&mut self.shared.joined) {
            match self.shared.common.known(execution) {
                Some(report) => self.tell(caller, ChildNews::Ended(Box::new(report))),
                None => self.shared.joined.push((execution, caller)),
            }
        }
    }

    /// Shares what the executions of other simulations share.
    pub fn share(&mut self, common: &Common) {
        self.shared.common = common.clone();
    }

    /// Goes on where another simulation has made way for it; nothing where none has.
    pub fn wake(&mut self) -> Option<Run> {
        let told = self.shared.joined.iter().any(|(joined, _)| self.shared.common.known(*joined).is_some());
        if !told && self.shared.fronts().is_empty() {
            return None;
        }
        self.tell_known();
        self.give_turns();
        Some(self.run())
    }

    /// Whether the execution has begun, and waits for its turn.
    pub fn waits_for_its_turn(&self) -> bool {
        self.shared.queued.contains_key(&self.execution)
    }

    /// Whether something waits for an execution of another simulation.
    pub fn waits_for_others(&self) -> bool {
        let is_here = |execution: ExecutionId| self.begun().any(|begun| begun == execution);
        let tables = self.shared.common.tables();
        self.shared.joined.iter().any(|(joined, _)| !is_here(*joined))
            || tables.queues.values().any(|queue| {
                queue.iter().any(|waiting| self.shared.queued.contains_key(waiting))
                    && queue.front().is_some_and(|front| !is_here(*front))
            })
    }

    /// An execution has ended, or is held: the next one in its queue goes on.
    pub(super) fn give_turn_on(&mut self, execution: ExecutionId) {
        self.shared.go(execution);
        self.give_turns();
    }

    /// Goes on with those whose turn has come.
    pub(super) fn give_turns(&mut self) {
        for execution in self.shared.fronts() {
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
        // One that was cancelled while it waited has not.
        let has_acted = records.iter().skip(1).any(|record| !matches!(record, Record::Cancelled { .. }));
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
        let (mut kept, mut standing) = (BTreeSet::new(), BTreeSet::new());
        for execution in self.begun() {
            kept.insert(execution);
            let records = self.records_of(execution)?;
            if !matches!(records.last(), Some(Record::Ended(_) | Record::Held(_))) {
                standing.insert(execution);
            }
        }
        let mine = std::mem::take(&mut self.shared.mine);
        let mut tables = self.shared.common.tables();
        tables.claims.retain(|execution| !mine.contains(&execution) || kept.contains(&execution));
        // What is held goes on.
        tables
            .known
            .retain(|execution, report| !mine.contains(execution) || status(&report.outcome).is_some());
        for queue in tables.queues.values_mut() {
            queue.retain(|execution| !mine.contains(execution) || standing.contains(execution));
        }
        drop(tables);
        self.shared.mine = mine;
        self.shared.queued.clear();
        self.shared.joined.clear();
        Ok(())
    }
}

/// How an execution has ended; nothing where it is held.
fn status(outcome: &Outcome) -> Option<EndStatus> {
    match outcome {
        Outcome::Succeeded(_) => Some(EndStatus::Succeeded),
        Outcome::Failed(failure) if failure.error.name == "cancelled" => Some(EndStatus::Cancelled),
        Outcome::Failed(_) => Some(EndStatus::Failed),
        Outcome::NeedsAttention(_) | Outcome::Paused { .. } => None,
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
