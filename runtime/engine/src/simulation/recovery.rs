//! Going on in another process, on virtual time: from what was durable, and from nothing else.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use flow_journal::{ExecutionId, History, PlanId, Record};
use flow_vm::{EffectId, Program};

use super::{Answer, Now, Run, Simulation, shared::Queued};
use crate::{ChildNews, Driver, Input, RecoverError, Report, Sending};

impl<N: FnMut(&Sending) -> Answer> Simulation<N> {
    /// Goes on in a new process, some time after the last one died: whatever was under way is lost.
    ///
    /// # Errors
    /// Where the history does not fit: a defect. An execution whose beginning was not durable has none.
    pub fn recover(&mut self, after: Duration) -> Result<Run, RecoverError> {
        self.lives.clear();
        self.ready.clear();
        self.ended.clear();
        self.news.clear();
        self.cancel_at_us = None;
        self.limits = Mutex::default();
        let after_us = u64::try_from(after.as_micros()).unwrap_or(u64::MAX);
        let wall_us = self.now.wall_us.saturating_add(i64::try_from(after_us).unwrap_or(i64::MAX));
        // Another process has another monotonic clock.
        self.now = Now { wall_us, mono_us: 0 };
        if self.kept.is_empty() {
            return Err(RecoverError::NoBeginning);
        }
        self.recover_shared()?;
        for execution in self.begun().collect::<Vec<_>>() {
            let records = self.records_of(execution)?;
            let Some(Record::Started(started)) = records.first() else {
                return Err(RecoverError::NoBeginning);
            };
            // A child is gone on with by its parent, which asks for it again.
            if started.parent.as_ref().is_some_and(|parent| !parent.detached) {
                continue;
            }
            let program = self.program_of(started.plan).ok_or(RecoverError::OtherPlan(started.plan))?;
            self.go_on_in_turn(execution, records, Queued { program, parent: None, deadline_us: None })?;
        }
        Ok(self.run())
    }

    pub(super) fn records_of(&self, execution: ExecutionId) -> Result<Vec<Record>, RecoverError> {
        let records = self.history_of(execution).map_err(|error| RecoverError::Misfit(error.to_string()))?;
        let history = History { position: records.len() as u64, records };
        Ok(crate::driver::opened(execution, &history, &self.sealer)?.into_owned().records)
    }

    /// The program of an execution that has begun.
    pub fn program_of_execution(&self, execution: ExecutionId) -> Option<Arc<Program>> {
        match self.records_of(execution).ok()?.first() {
            Some(Record::Started(started)) => self.program_of(started.plan),
            _ => None,
        }
    }

    /// The program of a plan: the one that was started, or one that comes to run below it.
    pub(super) fn program_of(&self, plan: PlanId) -> Option<Arc<Program>> {
        let own = std::iter::once(Arc::clone(&self.program));
        own.chain(self.program.descendants()).find(|program| program.hash().0 == plan.0)
    }

    /// Goes on with an execution from its history; with one that has ended there is nothing to do.
    pub(super) fn go_on(
        &mut self,
        execution: ExecutionId,
        records: Vec<Record>,
        program: Arc<Program>,
        parent: Option<(ExecutionId, EffectId)>,
        deadline_us: Option<i64>,
    ) -> Result<(), RecoverError> {
        let history = History { position: records.len() as u64, records };
        let recovered = self.decide(&program, |context| {
            Driver::recover_child(Arc::clone(&program), execution, &history, deadline_us, context)
        });
        match recovered {
            Ok(begun) => {
                self.add(begun, program, parent);
                // Whoever sent it something and was not told that it was kept sends it again.
                let told = self.shared.told.iter().filter(|(to, _)| *to == execution);
                self.news.extend(told.map(|(to, delivery)| (*to, Input::Deliver(delivery.clone()))));
            }
            Err(RecoverError::Ended(ended)) => {
                let (outcome, steps) = *ended;
                let report = self.with_children(Report { execution, outcome, steps, children: Vec::new() });
                self.tell_joined(&report);
                match parent {
                    Some(parent) => self.tell(parent, ChildNews::Ended(Box::new(report))),
                    None => {
                        self.ended.insert(execution, report);
                    }
                }
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// The calls that changed something, or may have, and whose end is durable: by execution and place. Whoever goes
    /// on after a crash makes none of them again.
    pub fn settled(&self) -> BTreeSet<(ExecutionId, String)> {
        let mut settled = BTreeSet::new();
        for execution in self.begun() {
            let mut sent = BTreeMap::new();
            for record in self.history_of(execution).unwrap_or_default() {
                match record {
                    Record::Intent(intent) => {
                        sent.insert(intent.effect, intent.path);
                    }
                    Record::Completed(completed) => {
                        let path = sent.remove(&completed.effect);
                        settled.extend(path.map(|path| (execution, path)));
                    }
                    _ => {}
                }
            }
        }
        settled
    }

    /// The children of an execution that have ended: those that it has seen end, and those of an earlier process.
    pub(super) fn children_of(&self, execution: ExecutionId, seen: &[Report]) -> Vec<Report> {
        let mut children = seen.to_vec();
        children.extend(self.ended_before(execution, seen));
        children
    }

    /// A report with the children that an earlier process has seen end.
    pub(super) fn with_children(&self, mut report: Report) -> Report {
        report.children.extend(self.ended_before(report.execution, &report.children));
        report
    }

    /// The children of an execution that it waited for, that have ended, and that it does not know of any more.
    fn ended_before(&self, parent: ExecutionId, known: &[Report]) -> Vec<Report> {
        let mut found = Vec::new();
        for execution in
            self.begun().filter(|execution| known.iter().all(|known| known.execution != *execution))
        {
            let records = self.records_of(execution).unwrap_or_default();
            let Some(Record::Started(started)) = records.first() else { continue };
            let is_child = |link: &flow_journal::Parent| link.execution == parent && !link.detached;
            if let Some(Record::Ended(ended)) = records.last()
                && started.parent.as_ref().is_some_and(is_child)
                && let Ok((outcome, steps)) = postcard::from_bytes(&ended.outcome)
            {
                found.push(self.with_children(Report { execution, outcome, steps, children: Vec::new() }));
            }
        }
        found
    }
}
