//! Child executions on virtual time: begun once, gone on with where they were begun before, or joined where another
//! caller has begun the one with their key.

use std::sync::Arc;

use flow_journal::{ExecutionId, Parent, Record, Start};
use flow_vm::{EffectId, InputError};

use super::{Answer, Simulation, shared::Queued};
use crate::{
    Action, Beginning, ChildNews, Driver, Input, Report, Sending, Spawning,
    key::{claim, taken},
};

/// Why a simulated execution does not start.
#[derive(Debug, thiserror::Error)]
pub enum NotStarted {
    /// The input or the configuration does not fit.
    #[error(transparent)]
    Input(#[from] InputError),
    /// Its key belongs to an execution that was started before, with the same input.
    #[error("execution {0} has its key")]
    Existing(ExecutionId),
    /// Its key belongs to an execution that was started with another input.
    #[error("{}", taken(*.0))]
    KeyTaken(ExecutionId),
}

impl<N: FnMut(&Sending) -> Answer> Simulation<N> {
    /// Starts a child, goes on with one that was started before, or waits for one that another caller has begun.
    pub(super) fn spawn(&mut self, parent: ExecutionId, spawning: Spawning) {
        let (to, detached) = ((parent, spawning.effect), spawning.parent.detached);
        let (execution, cancelled) = (spawning.execution, spawning.cancelled);
        if let Some(life) = self.lives.get_mut(&parent).filter(|_| !detached) {
            match spawning.joined {
                Some(_) => life.children.remove(&spawning.effect),
                None => life.children.insert(spawning.effect, execution),
            };
        }
        let runs = self.lives.contains_key(&execution)
            || self.shared.queued.contains_key(&execution)
            || self.ended.contains_key(&execution);
        let begun = match spawning.joined {
            Some(joined) => return self.join(joined, to),
            None if detached && runs => Ok(()),
            None => self.begin(to, spawning),
        };
        match begun {
            Ok(()) if detached => self.tell(to, ChildNews::Started),
            Ok(()) if cancelled => self.news.push_back((execution, Input::Cancel)),
            Ok(()) => {}
            Err(news) => self.tell(to, news),
        }
    }

    fn begin(&mut self, to: (ExecutionId, EffectId), spawning: Spawning) -> Result<(), ChildNews> {
        let Spawning { execution, program, input, parent, deadline_us, cancelled, .. } = spawning;
        let queued = Queued { program, parent: (!parent.detached).then_some(to), deadline_us };
        let records =
            self.records_of(execution).map_err(|error| ChildNews::Held { reason: error.to_string() })?;
        if !records.is_empty() {
            let again = self.go_on_in_turn(execution, records, queued);
            return again.map_err(|error| ChildNews::Held { reason: error.to_string() });
        }
        if cancelled {
            return Err(self::cancelled());
        }
        let begun = self.begin_new(execution, input, Some(parent), queued);
        begun.map_err(|error| match error {
            NotStarted::Existing(execution) => ChildNews::Joined { execution },
            error => ChildNews::Never { error: "cast", message: error.to_string() },
        })
    }

    /// Begins an execution, unless another one has its key.
    pub(super) fn begin_new(
        &mut self,
        execution: ExecutionId,
        input: Vec<u8>,
        link: Option<Parent>,
        queued: Queued,
    ) -> Result<(), NotStarted> {
        let program = Arc::clone(&queued.program);
        let pinned = self.resolved.of(&program).pinned;
        let identity = program.identity(&input, &pinned)?;
        let claim = claim(&program, &input, identity.key.as_ref(), self.now.wall_us);
        match claim.as_ref().and_then(|claim| self.holder(claim)) {
            Some(Start::Existing { execution, same_input: true }) => {
                return Err(NotStarted::Existing(execution));
            }
            Some(Start::Existing { execution, .. }) => return Err(NotStarted::KeyTaken(execution)),
            Some(Start::Started) | None => {}
        }
        let deadline_us = queued.deadline_us;
        let beginning = Beginning { input, pinned, key: identity.key, parent: link, deadline_us };
        let (driver, actions) = self.decide(&program, |context| {
            Driver::start(Arc::clone(&program), execution, &beginning, context)
        })?;
        if let Some(claim) = claim {
            self.shared.take(execution, claim);
        }
        let Some(value) = identity.one_per else {
            self.add((driver, actions), program, queued.parent);
            return Ok(());
        };
        // What it would do now it does in its turn; that it has begun is durable now.
        let first = actions.into_iter().find_map(|action| match action {
            Action::Commit(records) => records.into_iter().next(),
            _ => None,
        });
        self.keep(execution, &first.into_iter().collect::<Vec<Record>>());
        self.shared.enter((program.plan().workflow.clone(), value), execution, queued);
        self.give_turns();
        Ok(())
    }

    /// Waits for an execution that another caller has begun.
    fn join(&mut self, execution: ExecutionId, to: (ExecutionId, EffectId)) {
        if let Some(report) = self.shared.common.known(execution) {
            return self.tell(to, ChildNews::Ended(Box::new(report)));
        }
        match self.ending_of(execution) {
            Ok(Some((outcome, steps))) => {
                let report = Report { execution, outcome, steps, children: Vec::new() };
                self.tell(to, ChildNews::Ended(Box::new(report)));
            }
            Ok(None) => self.shared.joined.push((execution, to)),
            Err(error) => self.tell(to, ChildNews::Held { reason: error.to_string() }),
        }
    }
}

/// What is said of a child that was cancelled before it was started, or waited for.
pub(super) fn cancelled() -> ChildNews {
    ChildNews::Never { error: "cancelled", message: "cancelled".to_owned() }
}
