//! Going on after the process died: the last snapshot, what the machine was given since, and then every effect that
//! is open, by its class.
//!
//! | of the call is known | safe | idempotent | unsafe |
//! |---|---|---|---|
//! | nothing, or that it was not sent | sent | sent | sent |
//! | that it may have been sent | sent again | sent again: the same key and the recorded bytes | unknown; sent again where it is confirmed that it was not done |

use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

use flow_http::Draft;
use flow_journal::{AttemptOutcome, ExecutionId, History, Record, SealError, Sealer, Started};
use flow_plan::{ConfigId, EffectClass, Plan};
use flow_vm::{
    Again, CallAnswer, CallEffect, Completion, Effect, EffectId, EffectKind, InputError, Machine, Program,
    ResumeError, StateError, Status, Step, UnknownReason,
};

use super::{
    Driver, answer,
    call::{Call, Phase, reported},
    child::Child,
    intent,
    open::{Last, Open, Saved},
    timer::Timer,
};
use crate::{
    Action, AttemptReport, AttemptResult, Context, EventKind, Outcome, StepReport, key::child_execution, mask,
};

/// Why an execution cannot go on from its history.
#[derive(Debug, thiserror::Error)]
pub enum RecoverError {
    /// It has ended: there is nothing to go on with.
    #[error("the execution has ended")]
    Ended(Box<(Outcome, Vec<StepReport>)>),
    /// The history does not begin with a beginning.
    #[error("the history has no beginning")]
    NoBeginning,
    /// It runs another plan.
    #[error("the execution runs plan {0}, which is not the one that was given")]
    OtherPlan(flow_journal::PlanId),
    /// The plan does not take the input any more: it is another plan, or the history is damaged.
    #[error(transparent)]
    Input(#[from] InputError),
    /// The snapshot cannot be read.
    #[error(transparent)]
    State(#[from] StateError),
    /// A record is sealed, and cannot be opened.
    #[error(transparent)]
    Sealed(#[from] SealError),
    /// A record does not fit the machine.
    #[error("the history does not fit the plan: {0}")]
    Misfit(String),
}

/// A machine that is brought to where the history ends, and what is open there.
struct Replay {
    execution: ExecutionId,
    machine: Machine,
    saved: Saved,
    /// The lines and reports that the machine has asked for, and those that are written down.
    said: BTreeMap<EffectId, EffectKind>,
    written: Vec<EffectId>,
    /// The undos of child executions that have begun: whether their keys were given free is not written down.
    undos: Vec<Effect>,
    status: Status,
    since_snapshot: u32,
}

impl Driver {
    /// Goes on from a history.
    ///
    /// # Errors
    /// Where there is nothing to go on with, or the history does not fit.
    pub fn recover(
        program: Arc<Program>,
        execution: ExecutionId,
        history: &History,
        context: &mut Context<'_>,
    ) -> Result<(Self, Vec<Action>), RecoverError> {
        Self::recover_child(program, execution, history, None, context)
    }

    /// Goes on from the history of a child, with the deadline around it.
    ///
    /// # Errors
    /// As of [`recover`](Self::recover).
    pub fn recover_child(
        program: Arc<Program>,
        execution: ExecutionId,
        history: &History,
        deadline_us: Option<i64>,
        context: &mut Context<'_>,
    ) -> Result<(Self, Vec<Action>), RecoverError> {
        let history = opened(execution, history, context.sealer)?;
        let replay = Replay::run(&program, execution, &history)?;
        let mut driver = Self::new(program, execution, replay.machine);
        driver.deadline_us = deadline_us.map(|at_us| context.now.mono_at(at_us));
        driver.reports = replay.saved.reports;
        driver.since_snapshot = replay.since_snapshot;
        for secret in &replay.saved.secrets {
            mask::learn(secret, context.settings.redactor());
        }
        driver.secrets = replay.saved.secrets;
        driver.learn_secrets(context);
        driver.show(EventKind::Recovered, context);
        for (id, kind) in replay.said {
            if !replay.written.contains(&id) {
                driver.perform(Effect { id, kind }, context);
            }
        }
        for effect in replay.undos {
            driver.perform(effect, context);
        }
        match replay.status {
            Status::Waiting => {}
            Status::Running => driver.running = true,
            Status::Done(json) => driver.end(Outcome::Succeeded(json), context),
            Status::Failed(failure) => driver.end(Outcome::Failed(failure), context),
            Status::NeedsAttention(attention) => driver.end(Outcome::NeedsAttention(attention), context),
        }
        if !driver.ended {
            // Timers first: calls look at the deadlines around them.
            let (timers, others): (Vec<Open>, Vec<Open>) =
                replay.saved.open.into_values().partition(|open| open.timer.is_some());
            for open in timers.into_iter().chain(others) {
                driver.reopen(open, context)?;
            }
            driver.deliver(context);
        }
        let actions = driver.settle(context);
        Ok((driver, actions))
    }

    fn reopen(&mut self, open: Open, context: &mut Context<'_>) -> Result<(), RecoverError> {
        let id = open.effect.id;
        match (&open.effect.kind, &open.timer) {
            (EffectKind::Call(_), _) => return self.reopen_call(open, context),
            (EffectKind::TimerAt { timestamp }, Some(record)) => {
                self.arm(id, Timer::recovered(record, Some(*timestamp), context.now));
            }
            (EffectKind::Timer { .. }, Some(record)) => {
                self.arm(id, Timer::recovered(record, None, context.now));
            }
            (EffectKind::Spawn(spawn), _) => {
                if let Some(execution) = open.joined {
                    let (spawn, cancelled, report) = (spawn.clone(), open.cancelled, open.report);
                    let child = Child { spawn, execution, joined: true, cancelled, held: None, report };
                    self.join(id, child, context);
                    return Ok(());
                }
                self.begin_child(id, spawn.clone(), open.report, open.cancelled, context);
            }
            _ => self.perform(open.effect, context),
        }
        Ok(())
    }

    fn reopen_call(&mut self, open: Open, context: &mut Context<'_>) -> Result<(), RecoverError> {
        let id = open.effect.id;
        let EffectKind::Call(effect) = open.effect.kind.clone() else { return Ok(()) };
        let operation = self.plan().step_operation(effect.step);
        let confirms = operation.is_some_and(|operation| operation.confirm.is_some());
        let Some((class, method)) = operation.map(|operation| (operation.class, operation.method)) else {
            return Err(RecoverError::Misfit(format!("there is no step {}", effect.step)));
        };
        let draft = match &open.intent {
            None if open.cancelled => {
                Draft { method, target: String::new(), headers: Vec::new(), body: None, computed: Vec::new() }
            }
            None => {
                // Nothing was written down, so nothing that matters was sent: it begins anew.
                self.begin_call(id, effect, open.report, context);
                return Ok(());
            }
            Some(record) => intent::from_record(self.plan(), method, record, &effect).ok_or_else(|| {
                RecoverError::Misfit(format!("the request of effect {} is another one", id.0))
            })?,
        };
        let now = context.now;
        let first_us = open.first_us.map(|first_us| now.since_mono(first_us));
        // An attempt of a repeatable call may have gone out without a record of its own.
        let in_doubt = match class {
            EffectClass::Safe => false,
            EffectClass::Idempotent => open.intent.is_some(),
            EffectClass::Unsafe => {
                open.intent.is_some() && !matches!(open.last, Last::Ended { not_sent: true, .. })
            }
        };
        let due_us = match open.last {
            Last::Ended { retry_at_us: Some(at_us), .. } => now.mono_at(at_us),
            _ => now.mono_us,
        };
        let lost = "the process died while it was under way".to_owned();
        let call = Call {
            effect: id,
            call: Arc::new(effect),
            draft,
            recorded: open.intent.is_some(),
            attempts: open.attempts,
            first_us,
            arrived: in_doubt,
            doubt: in_doubt.then_some((UnknownReason::Lost, lost)),
            cancelled: open.cancelled,
            last: open
                .report
                .filter(|_| !in_doubt)
                .and_then(|index| self.reports.get(index))
                .and_then(last_answer),
            url: String::new(),
            phase: Phase::Wait { due_us },
            report: open.report,
        };
        if in_doubt && class == EffectClass::Unsafe && confirms && !open.cancelled {
            let (answer, again) = (answer::unfinished(call.doubt.clone()), call.again(0, false, now));
            self.ask_whether_done(call, answer, again, context);
        } else if open.cancelled || in_doubt && class == EffectClass::Unsafe {
            self.drop_call(call, context);
        } else if due_us > now.mono_us {
            self.wait(call, due_us);
        } else {
            self.ask(call, context);
        }
        Ok(())
    }
}

/// What the last attempt of a step was answered, as far as it was written down.
fn last_answer(report: &StepReport) -> Option<CallAnswer> {
    let attempt = report.attempts.last()?;
    match attempt.result {
        Some(AttemptResult::Answered { status, .. }) => {
            Some(CallAnswer::Answered { status, headers: Vec::new(), body: attempt.excerpt.clone() })
        }
        _ => None,
    }
}

/// A history with nothing in it sealed.
pub(crate) fn opened<'a>(
    execution: ExecutionId,
    history: &'a History,
    sealer: &Sealer,
) -> Result<Cow<'a, History>, SealError> {
    if !history.records.iter().any(|record| matches!(record, Record::Sealed(_))) {
        return Ok(Cow::Borrowed(history));
    }
    let records = history.records.iter().map(|record| sealer.open(execution, record));
    Ok(Cow::Owned(History { position: history.position, records: records.collect::<Result<_, _>>()? }))
}

/// What an execution has come to, where it has ended. Nothing in the history is sealed.
pub(crate) fn ending(history: &History) -> Result<Option<(Outcome, Vec<StepReport>)>, RecoverError> {
    let Some(Record::Ended(ended)) = history.records.last() else { return Ok(None) };
    let outcome = postcard::from_bytes(&ended.outcome);
    outcome.map(Some).map_err(|error| RecoverError::Misfit(format!("the outcome cannot be read: {error}")))
}

/// The configuration that an execution began with, by the ids of its plan.
pub(crate) fn pinned(plan: &Plan, started: &Started) -> Result<Vec<(ConfigId, Vec<u8>)>, RecoverError> {
    let mut pinned = Vec::new();
    for (name, json) in &started.config {
        let index = plan.config.iter().position(|entry| entry.name == *name);
        let index = index.and_then(|index| u32::try_from(index).ok());
        let id = index.ok_or_else(|| RecoverError::Misfit(format!("there is no config `{name}`")))?;
        pinned.push((ConfigId(id), json.clone()));
    }
    Ok(pinned)
}

impl Replay {
    fn run(program: &Arc<Program>, execution: ExecutionId, history: &History) -> Result<Self, RecoverError> {
        let Some(Record::Started(started)) = history.records.first() else {
            return Err(RecoverError::NoBeginning);
        };
        if started.plan.0 != program.hash().0 {
            return Err(RecoverError::OtherPlan(started.plan));
        }
        if let Some(outcome) = ending(history)? {
            return Err(RecoverError::Ended(Box::new(outcome)));
        }
        let snapshot = history.records.iter().rposition(|record| matches!(record, Record::Snapshot(_)));
        let mut replay = match snapshot.and_then(|index| history.records.get(index)) {
            Some(Record::Snapshot(snapshot)) => {
                let machine = Machine::decode(Arc::clone(program), &snapshot.machine)?;
                let saved = postcard::from_bytes(&snapshot.driver)
                    .map_err(|error| RecoverError::Misfit(format!("the snapshot cannot be read: {error}")))?;
                Self::at(execution, machine, saved)
            }
            _ => Self::from_start(program, execution, started)?,
        };
        for record in history.records.iter().skip(snapshot.map_or(1, |index| index + 1)) {
            replay.take(program, record)?;
        }
        Ok(replay)
    }

    fn at(execution: ExecutionId, machine: Machine, saved: Saved) -> Self {
        let status = machine.status();
        Self {
            execution,
            machine,
            saved,
            said: BTreeMap::new(),
            written: Vec::new(),
            undos: Vec::new(),
            status,
            since_snapshot: 0,
        }
    }

    fn from_start(
        program: &Arc<Program>,
        execution: ExecutionId,
        started: &Started,
    ) -> Result<Self, RecoverError> {
        let pinned = pinned(program.plan(), started)?;
        let (machine, step) = Machine::start(Arc::clone(program), &started.input, &pinned)?;
        let mut replay = Self::at(execution, machine, Saved::default());
        replay.follow(program, step);
        Ok(replay)
    }

    /// Takes in one record.
    fn take(&mut self, program: &Program, record: &Record) -> Result<(), RecoverError> {
        match record {
            Record::Completed(record) => {
                let completion: Completion = postcard::from_bytes(&record.completion)
                    .map_err(|error| RecoverError::Misfit(format!("a completion cannot be read: {error}")))?;
                self.since_snapshot += 1;
                self.saved.open.remove(&completion.effect);
                let effect = completion.effect;
                match self.machine.resume(completion) {
                    Ok(step) => self.follow(program, step),
                    // So it was when it was written down: it had been cancelled.
                    Err(ResumeError::NotAwaited(_)) => {}
                    Err(error) => {
                        return Err(RecoverError::Misfit(format!("effect {}: {error}", effect.0)));
                    }
                }
            }
            Record::Cancelled { .. } => {
                let step = self.machine.cancel();
                self.follow(program, step);
            }
            Record::Intent(record) => {
                if let Some(open) = self.open(record.effect) {
                    open.intent = Some(record.clone());
                }
            }
            Record::AttemptStarted(record) => {
                if let Some(open) = self.open(record.effect) {
                    open.attempts = record.attempt;
                    open.first_us.get_or_insert(record.at_us);
                    open.last = Last::Sent;
                }
                self.report(record.effect, |report| {
                    report.push(AttemptReport {
                        number: record.attempt,
                        at_us: record.at_us,
                        took_us: None,
                        result: None,
                        retry_after_us: None,
                        excerpt: Vec::new(),
                    });
                });
            }
            Record::AttemptEnded(record) => {
                if let Some(open) = self.open(record.effect) {
                    let not_sent = matches!(record.outcome, AttemptOutcome::NotSent { .. });
                    let retry = record.retry_after_us.map(|us| i64::try_from(us).unwrap_or(i64::MAX));
                    let retry_at_us = retry.map(|us| record.at_us.saturating_add(us));
                    open.last = Last::Ended { not_sent, retry_at_us };
                }
                self.report(record.effect, |report| {
                    if let Some(attempt) = report.last_mut().filter(|last| last.number == record.attempt) {
                        attempt.took_us = u64::try_from(record.at_us.saturating_sub(attempt.at_us)).ok();
                        attempt.result = Some(answer::from_record(&record.outcome));
                        attempt.retry_after_us = record.retry_after_us;
                        attempt.excerpt = record.excerpt.clone();
                    }
                });
            }
            Record::TimerSet(record) => {
                if let Some(open) = self.open(record.effect) {
                    open.timer = Some(record.clone());
                }
            }
            // So it was when it was written down, where it is refused now: the machine was unchanged.
            Record::Signalled(record) => {
                self.since_snapshot += 1;
                if let Ok(step) = self.machine.signal(&record.name, &record.json) {
                    self.follow(program, step);
                }
            }
            Record::CalledBack(record) => {
                self.since_snapshot += 1;
                if let Ok(step) = self.machine.answer(record.number, &record.json) {
                    self.follow(program, step);
                }
            }
            Record::Joined(record) => {
                let report = self.open(record.effect).and_then(|open| {
                    open.joined = Some(record.execution);
                    open.report
                });
                if let Some(report) = report.and_then(|index| self.saved.reports.get_mut(index)) {
                    report.child = Some(record.execution);
                }
            }
            Record::Logged(record) => self.written.push(EffectId(record.effect)),
            Record::Reported(record) => self.written.push(EffectId(record.effect)),
            // Whoever recovers it goes on with what was held.
            Record::Held(_) => {
                for open in self.saved.open.values_mut() {
                    if matches!(open.last, Last::Ended { retry_at_us: None, .. }) {
                        (open.attempts, open.first_us) = (0, None);
                    }
                    if let EffectKind::Call(CallEffect { resumes: Some(again), .. }) = &mut open.effect.kind
                        && again.exhausted
                    {
                        *again = Again::default();
                    }
                }
            }
            Record::Proceeded { slices, .. } => {
                for _ in 0..*slices {
                    if self.status != Status::Running {
                        return Err(RecoverError::Misfit("the machine has nothing to compute".to_owned()));
                    }
                    let step = self.machine.proceed();
                    self.follow(program, step);
                }
            }
            // What is sealed was opened before.
            Record::Started(_) | Record::Snapshot(_) | Record::Ended(_) | Record::Sealed(_) => {}
        }
        Ok(())
    }

    fn open(&mut self, effect: u64) -> Option<&mut Open> {
        self.saved.open.get_mut(&EffectId(effect))
    }

    fn report(&mut self, effect: u64, change: impl FnOnce(&mut Vec<AttemptReport>)) {
        let index = self.open(effect).and_then(|open| open.report);
        if let Some(report) = index.and_then(|index| self.saved.reports.get_mut(index)) {
            change(&mut report.attempts);
        }
    }

    /// Notes what a step asks for.
    fn follow(&mut self, program: &Program, step: Step) {
        for effect in step.effects {
            self.note(program, effect);
        }
        self.status = step.status;
    }

    fn note(&mut self, program: &Program, effect: Effect) {
        let mut open = match effect.kind {
            EffectKind::Log { .. } | EffectKind::Report { .. } => {
                self.said.insert(effect.id, effect.kind);
                return;
            }
            EffectKind::Undo { .. } => return self.undos.push(effect),
            EffectKind::Cancel { effect } => {
                let is_call =
                    |open: &Open| matches!(open.effect.kind, EffectKind::Call(_) | EffectKind::Spawn(_));
                match self.saved.open.get_mut(&effect) {
                    Some(open) if is_call(open) => open.cancelled = true,
                    _ => {
                        self.saved.open.remove(&effect);
                    }
                }
                return;
            }
            _ => Open::new(effect),
        };
        if let EffectKind::Call(call) = &open.effect.kind
            && let Some(again) = call.resumes
        {
            (open.attempts, open.first_us) = (again.attempts, again.first_us);
            open.report = reported(&self.saved.reports, call);
            self.saved.open.insert(open.effect.id, open);
            return;
        }
        let called = match &open.effect.kind {
            EffectKind::Call(call) => Some((call.step, &call.path, call.undoes, None)),
            EffectKind::Spawn(spawn) => {
                let child = child_execution(self.execution, &spawn.path);
                Some((spawn.step, &spawn.path, spawn.undoes, Some(child)))
            }
            _ => None,
        };
        if let Some((step, path, undoes, child)) = called
            && self.saved.reports.len() < super::STEPS_REPORTED_MAX
        {
            self.saved.reports.push(StepReport {
                step,
                path: path.clone(),
                name: program.plan().step_name(step),
                undoes,
                attempts: Vec::new(),
                child,
            });
            open.report = Some(self.saved.reports.len() - 1);
        }
        self.saved.open.insert(open.effect.id, open);
    }
}
