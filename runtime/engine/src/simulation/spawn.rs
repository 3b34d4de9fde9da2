//! Child executions on virtual time: begun once, gone on with where they were begun before, or joined where another
//! caller has begun the one with their key.

use std::sync::Arc;

use flow_journal::{ExecutionId, Record, Start};
use flow_vm::EffectId;

use super::{Answer, Simulation, shared::Queued};
use crate::{
    Action, Beginning, ChildNews, Driver, Input, Report, Sending, Spawning,
    key::{claim, taken},
};

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
        let parent_of = (!parent.detached).then_some(to);
        let queued = Queued { program: Arc::clone(&program), parent: parent_of, deadline_us };
        let records =
            self.records_of(execution).map_err(|error| ChildNews::Held { reason: error.to_string() })?;
        if !records.is_empty() {
            let again = self.go_on_in_turn(execution, records, queued);
            return again.map_err(|error| ChildNews::Held { reason: error.to_string() });
        }
        if cancelled {
            return Err(super::spawn::cancelled());
        }
        let never = |message| ChildNews::Never { error: "cast", message };
        let pinned = self.resolved.of(&program).pinned;
        let identity = program.identity(&input, &pinned).map_err(|error| never(error.to_string()))?;
        let claim = claim(&program, &input, identity.key.as_ref(), self.now.wall_us);
        match claim.as_ref().and_then(|claim| self.holder(claim)) {
            Some(Start::Existing { execution, same_input: true }) => {
                return Err(ChildNews::Joined { execution });
            }
            Some(Start::Existing { execution, .. }) => return Err(never(taken(execution))),
            Some(Start::Started) | None => {}
        }
        let beginning = Beginning { input, pinned, key: identity.key, parent: Some(parent), deadline_us };
        let begun = self
            .decide(&program, |context| Driver::start(Arc::clone(&program), execution, &beginning, context));
        let (driver, actions) = begun.map_err(|error| never(error.to_string()))?;
        if let Some(claim) = claim {
            self.shared.claims.take(execution, claim);
        }
        let Some(value) = identity.one_per else {
            self.add((driver, actions), program, parent_of);
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
        if let Some(report) = self.shared.known.get(&execution) {
            return self.tell(to, ChildNews::Ended(Box::new(report.clone())));
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
