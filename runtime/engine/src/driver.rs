//! The driver of one execution: what is written before what is done. It performs nothing itself.
//!
//! Told what has happened, it answers with what is to be done, in order. All records of one answer stand in one
//! commit at its front, so that whatever follows is explained by what is durable:
//!
//! - before a request that changes something goes out, everything that its arguments depend on and the encoded
//!   request itself are durable;
//! - before anything goes out after an unsafe call, its answer is durable;
//! - before a child execution is started, everything that its input depends on is durable;
//! - reads need no commit of their own: what they gave rides along with the next one. Should the process die
//!   before, they are made again, and nobody has seen the difference.

mod answer;
mod attempt;
mod call;
mod child;
mod intent;
mod open;
mod outside;
mod recover;
mod timer;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

use flow_journal::{
    Completed, EndStatus, Ended, ExecutionId, Held, Logged, Parent, PlanId, Record, Reported, Snapshot,
    Started, codec,
};
use flow_plan::{ConfigId, Fact, OperationId, Plan};
use flow_vm::{
    CallAnswer, Completion, CompletionResult, Effect, EffectId, EffectKind, InputError, Machine, Program,
    ResumeError, Status, Step,
};

use self::{call::Call, child::Child, timer::Timer};
use crate::{
    Action, Context, Event, EventKind, Input, Outcome, Report, StepReport, TimerId,
    key::child_execution,
    mask,
    random::{unit, uuid_v7},
};

pub use recover::RecoverError;
pub(crate) use recover::{ending, opened, pinned};

/// After so many completions a snapshot is written, unless told otherwise: recovery takes in at most so many.
const SNAPSHOT_EVERY: u32 = 64;

/// So much is given to the machine between two yields: a loop over `now()`, which is answered at once, leaves room
/// for timers and commands too.
const DELIVERIES_MAX: u32 = 1_000;

/// So many records are made durable even where nothing else asks for it.
const RECORDS_WAITING_MAX: usize = 1_000;

/// A wait of at least this long is not entered with records that are not durable: one second.
const WAIT_UNRECORDED_MAX_US: u64 = 1_000_000;

/// The most calls that a report names; an execution that runs for ever must not grow for ever.
const STEPS_REPORTED_MAX: usize = 1_000;

/// So many secrets that came with data are known after a crash.
const SECRETS_KEPT_MAX: usize = 1_000;

/// Drives one execution.
#[derive(Debug)]
pub struct Driver {
    execution: ExecutionId,
    program: Arc<Program>,
    machine: Machine,
    /// Whether the machine has used up a slice and is to proceed.
    running: bool,
    /// The slices that it has proceeded for since what was written down last.
    unrecorded_slices: u64,
    /// Nothing more happens.
    ended: bool,
    /// Why an operator is waited for.
    paused: Option<String>,
    calls: BTreeMap<EffectId, Call>,
    /// The calls that have a place among those under way, or wait for one.
    places: BTreeSet<EffectId>,
    timers: BTreeMap<EffectId, Timer>,
    children: BTreeMap<EffectId, Child>,
    /// The deadline around it, where it is a child: on the monotonic clock.
    deadline_us: Option<u64>,
    /// What the machine is to be given, in the order in which it was written down.
    ready: VecDeque<Given>,
    /// What is not durable yet.
    records: Vec<Record>,
    must_commit: bool,
    snapshot_every: u32,
    since_snapshot: u32,
    actions: Vec<Action>,
    /// What was last said of what it waits for.
    said_to_wait: Option<EventKind>,
    reports: Vec<StepReport>,
    child_reports: Vec<Report>,
    slept_until_us: Option<u64>,
    /// The secrets that came with data, as JSON: the last of them.
    secrets: Vec<String>,
    /// The operations whose servers have said that they are deprecated.
    deprecated: BTreeSet<OperationId>,
}

#[derive(Debug)]
enum Given {
    Completion(Completion),
    Signal { name: String, json: Vec<u8> },
    Answer { number: u64, json: Vec<u8> },
    Cancel,
}

/// How an execution begins.
#[derive(Clone, Debug, Default)]
pub struct Beginning {
    /// The input, as JSON.
    pub input: Vec<u8>,
    /// The pinned configuration: entry and JSON.
    pub pinned: Vec<(ConfigId, Vec<u8>)>,
    /// The caller's key.
    pub key: Option<String>,
    /// The execution that starts it.
    pub parent: Option<Parent>,
    /// The deadline around it, on the wall clock.
    pub deadline_us: Option<i64>,
}

impl Driver {
    /// Begins an execution. The first action is the commit of its beginning; only when that is durable has it
    /// begun.
    ///
    /// # Errors
    /// Where the input or the configuration does not fit.
    pub fn start(
        program: Arc<Program>,
        execution: ExecutionId,
        beginning: &Beginning,
        context: &mut Context<'_>,
    ) -> Result<(Self, Vec<Action>), InputError> {
        let mut pinned = beginning.pinned.clone();
        pinned.extend(facts(&program, execution, beginning, context));
        let (machine, step) = Machine::start(Arc::clone(&program), &beginning.input, &pinned)?;
        let mut driver = Self::new(program, execution, machine);
        driver.deadline_us = beginning.deadline_us.map(|at_us| context.now.mono_at(at_us));
        let plan = driver.plan();
        let started = Started {
            plan: PlanId(driver.program.hash().0),
            workflow: plan.workflow.clone(),
            input: beginning.input.clone(),
            config: pinned
                .iter()
                .filter_map(|(id, json)| Some((plan.config_entry(*id)?.name.clone(), json.clone())))
                .collect(),
            secrets: plan
                .config
                .iter()
                .filter(|entry| entry.secret)
                .map(|entry| entry.name.clone())
                .collect(),
            key: beginning.key.clone(),
            parent: beginning.parent.clone(),
            at_us: context.now.wall_us,
        };
        driver.records.push(Record::Started(started));
        driver.must_commit = true;
        driver.advance(step, context);
        let actions = driver.settle(context);
        Ok((driver, actions))
    }

    fn new(program: Arc<Program>, execution: ExecutionId, machine: Machine) -> Self {
        Self {
            execution,
            program,
            machine,
            running: false,
            unrecorded_slices: 0,
            ended: false,
            paused: None,
            calls: BTreeMap::new(),
            places: BTreeSet::new(),
            timers: BTreeMap::new(),
            children: BTreeMap::new(),
            deadline_us: None,
            ready: VecDeque::new(),
            records: Vec::new(),
            must_commit: false,
            snapshot_every: SNAPSHOT_EVERY,
            since_snapshot: 0,
            actions: Vec::new(),
            said_to_wait: None,
            reports: Vec::new(),
            child_reports: Vec::new(),
            slept_until_us: None,
            secrets: Vec::new(),
            deprecated: BTreeSet::new(),
        }
    }

    /// The execution.
    pub fn execution(&self) -> ExecutionId {
        self.execution
    }

    /// Writes a snapshot after so many completions.
    pub fn set_snapshot_every(&mut self, completions: u32) {
        self.snapshot_every = completions.max(1);
    }

    /// What it has come to, with the calls that it made. Nothing in it is masked: its parent computes with it.
    pub fn report(&self, outcome: Outcome) -> Report {
        Report {
            execution: self.execution,
            outcome,
            steps: self.reports.clone(),
            children: self.child_reports.clone(),
        }
    }

    /// What became of its children that have ended.
    pub fn child_reports(&self) -> &[Report] {
        &self.child_reports
    }

    /// The calls that it has made so far.
    pub fn steps(&self) -> &[StepReport] {
        &self.reports
    }

    /// Takes in what has happened, and says what is to be done.
    pub fn handle(&mut self, input: Input, context: &mut Context<'_>) -> Vec<Action> {
        if self.ended {
            return outside::refuse_at_the_end(input);
        }
        match input {
            // What is written down as given to the machine is given to it before it computes on.
            Input::Proceed if self.running && self.ready.is_empty() => {
                self.unrecorded_slices += 1;
                let step = self.machine.proceed();
                self.advance(step, context);
            }
            Input::Proceed => {}
            Input::Answered { attempt, exchange } => self.attempt_ended(attempt, exchange, context),
            Input::Admitted(effect) => self.place_given(effect, context),
            Input::Fired(TimerId::Effect(effect)) => self.timer_due(effect, context),
            Input::Fired(TimerId::Attempt(effect)) => self.attempt_due(effect, context),
            Input::Child { effect, news } => self.child_news(effect, news, context),
            Input::Cancel => {
                self.record(Record::Cancelled { at_us: context.now.wall_us });
                self.must_commit = true;
                self.ready.push_back(Given::Cancel);
            }
            Input::Deliver(delivery) => self.deliver_from_outside(delivery, context),
        }
        self.deliver(context);
        self.settle(context)
    }

    /// Gives the machine what is ready. One that computes is given it between two slices.
    fn deliver(&mut self, context: &mut Context<'_>) {
        if self.ended {
            return;
        }
        if let Some(step) = self.next_step(context) {
            self.advance(step, context);
        }
    }

    /// Performs the effects of a step, and of those that follow from it at once.
    fn advance(&mut self, mut step: Step, context: &mut Context<'_>) {
        for _ in 0..DELIVERIES_MAX {
            self.learn_secrets(context);
            for effect in step.effects {
                self.perform(effect, context);
            }
            self.running = false;
            let outcome = match step.status {
                Status::Running => {
                    self.running = true;
                    return;
                }
                Status::Waiting => None,
                Status::Done(json) => Some(Outcome::Succeeded(json)),
                Status::Failed(failure) => Some(Outcome::Failed(failure)),
                Status::NeedsAttention(attention) => Some(Outcome::NeedsAttention(attention)),
            };
            if let Some(outcome) = outcome {
                return self.end(outcome, context);
            }
            match self.next_step(context) {
                Some(next) => step = next,
                None => return,
            }
        }
    }

    fn next_step(&mut self, context: &mut Context<'_>) -> Option<Step> {
        while let Some(delivery) = self.ready.pop_front() {
            let completion = match delivery {
                Given::Cancel => return Some(self.machine.cancel()),
                Given::Completion(completion) => completion,
                Given::Signal { name, json } => match self.machine.signal(&name, &json) {
                    Ok(step) => return Some(step),
                    // What came before it has ended the execution, or filled the mailbox. The machine is unchanged,
                    // and will be when the history is read again.
                    Err(_) => continue,
                },
                Given::Answer { number, json } => match self.machine.answer(number, &json) {
                    Ok(step) => return Some(step),
                    Err(_) => continue,
                },
            };
            match self.machine.resume(completion) {
                Ok(step) => return Some(step),
                // It was cancelled while its completion was on the way. The machine is unchanged, and will be
                // when the history is read again.
                Err(ResumeError::NotAwaited(_)) => {}
                Err(error @ ResumeError::WrongKind(_)) => {
                    self.end(Outcome::Paused { reason: format!("quarantined: {error}") }, context);
                    return None;
                }
            }
        }
        None
    }

    /// Whether it goes on without anything happening: the shell is to let others run, and tell it to proceed.
    fn is_busy(&self) -> bool {
        !self.ended && (self.running || !self.ready.is_empty())
    }

    /// Writes something down. How far the machine has computed until then goes first: whoever reads the history
    /// brings it to the same place.
    fn record(&mut self, record: Record) {
        if self.unrecorded_slices > 0 {
            let slices = std::mem::take(&mut self.unrecorded_slices);
            self.records.push(Record::Proceeded { slices, at_us: record.at_us() });
        }
        self.records.push(record);
    }

    fn perform(&mut self, effect: Effect, context: &mut Context<'_>) {
        let Effect { id, kind } = effect;
        match kind {
            EffectKind::Call(call) => {
                let report = self.report_call(&call);
                self.begin_call(id, call, report, context);
            }
            EffectKind::Spawn(spawn) => {
                let report = self.report_child(&spawn);
                self.begin_child(id, spawn, report, false, context);
            }
            EffectKind::Timer { micros } => {
                let due_us = context.now.mono_us.saturating_add(micros);
                self.set_timer(id, Timer { due_us, wall_us: None }, context);
            }
            EffectKind::TimerAt { timestamp } => {
                let due_us = context.now.mono_at(timestamp);
                self.set_timer(id, Timer { due_us, wall_us: Some(timestamp) }, context);
            }
            EffectKind::Now => self.complete(id, CompletionResult::Now(context.now.wall_us), context),
            EffectKind::Uuid => {
                let uuid = uuid_v7(context.now.wall_us, context.random);
                self.complete(id, CompletionResult::Uuid(uuid), context);
            }
            EffectKind::Random => {
                let bits = unit(context.random).to_bits();
                self.complete(id, CompletionResult::Random(bits), context);
            }
            EffectKind::Today { zone } => {
                let day = crate::zone::day(context.now.wall_us, &zone);
                self.complete(id, CompletionResult::Today(day), context);
            }
            EffectKind::Callback { at, .. } => self.make_callback(id, at, context),
            EffectKind::Report { json } => {
                let at_us = context.now.wall_us;
                self.record(Record::Reported(Reported { effect: id.0, json: json.clone(), at_us }));
                self.show(EventKind::Reported { json }, context);
            }
            EffectKind::Log { text } => {
                let at_us = context.now.wall_us;
                self.record(Record::Logged(Logged { effect: id.0, text: text.clone(), at_us }));
                self.show(EventKind::Logged { text }, context);
            }
            EffectKind::Undo { path } => {
                // That it is undone must not be taken back.
                self.must_commit = true;
                self.actions.push(Action::Release(child_execution(self.execution, &path)));
            }
            EffectKind::Cancel { effect } => self.cancel_effect(effect, context),
        }
    }

    /// Writes down what an effect is completed with, and gives it to the machine when its turn comes. The order of
    /// the records is the order in which the machine is given them.
    fn complete(&mut self, effect: EffectId, mut result: CompletionResult, context: &Context<'_>) {
        if let CompletionResult::Call(
            CallAnswer::Refused { message, .. } | CallAnswer::Unknown { message, .. },
        ) = &mut result
        {
            mask::cut(message, context.settings.redactor());
        }
        let completion = Completion { effect, result };
        // Plain data in memory always encodes.
        let encoded = postcard::to_stdvec(&completion).unwrap_or_default();
        self.record(Record::Completed(Completed {
            effect: effect.0,
            completion: encoded,
            at_us: context.now.wall_us,
        }));
        self.since_snapshot += 1;
        self.ready.push_back(Given::Completion(completion));
    }

    fn cancel_effect(&mut self, effect: EffectId, context: &mut Context<'_>) {
        if self.timers.remove(&effect).is_some() {
            self.actions.push(Action::ClearTimer(TimerId::Effect(effect)));
        } else if self.children.contains_key(&effect) {
            self.cancel_child(effect);
        } else {
            self.cancel_call(effect, context);
        }
    }

    fn end(&mut self, outcome: Outcome, context: &Context<'_>) {
        self.ended = true;
        let at_us = context.now.wall_us;
        let held = |needs_attention, reason: &str| {
            Record::Held(Held { needs_attention, reason: reason.to_owned(), at_us })
        };
        let status = match &outcome {
            Outcome::Succeeded(_) => Ok(EndStatus::Succeeded),
            Outcome::Failed(failure) if failure.error.name == "cancelled" => Ok(EndStatus::Cancelled),
            Outcome::Failed(_) => Ok(EndStatus::Failed),
            Outcome::NeedsAttention(attention) => Err(held(true, &attention.reason())),
            Outcome::Paused { reason } => Err(held(false, reason)),
        };
        self.record(status.map_or_else(
            |held| held,
            |status| {
                let encoded = postcard::to_stdvec(&(&outcome, &self.reports)).unwrap_or_default();
                Record::Ended(Ended { status, outcome: encoded, at_us })
            },
        ));
        self.must_commit = true;
        self.actions.push(Action::End(Box::new(outcome)));
    }

    /// Decides what is made durable, and hands over the actions.
    fn settle(&mut self, context: &mut Context<'_>) -> Vec<Action> {
        let sending = self.calls.values().any(Call::is_under_way);
        let idle = !sending && !self.is_busy() && !self.ended;
        if idle {
            // What was left to an operator may have been cancelled since: by a sibling that failed, say.
            let held = self.calls.values().any(|call| call.phase == call::Phase::Operator);
            if let Some(reason) = self.paused.take().filter(|_| held) {
                self.show(EventKind::Held { reason: reason.clone() }, context);
                self.end(Outcome::Paused { reason }, context);
            } else {
                self.rest(context);
            }
        }
        self.give_places(context);
        if self.is_busy() {
            // It may compute for long: what has happened so far must not be lost meanwhile.
            self.must_commit |= self.running;
            self.actions.push(Action::Yield);
        }
        if self.records.len() > RECORDS_WAITING_MAX || self.must_commit && !self.records.is_empty() {
            if self.since_snapshot >= self.snapshot_every
                && self.ready.is_empty()
                && !self.running
                && !self.ended
            {
                let snapshot = Snapshot {
                    machine: self.machine.encode(),
                    driver: self.save(context),
                    at_us: context.now.wall_us,
                };
                self.record(Record::Snapshot(snapshot));
                self.since_snapshot = 0;
            }
            let records = std::mem::take(&mut self.records);
            let records = records.into_iter().map(|record| self.sealed(record, context)).collect();
            self.actions.insert(0, Action::Commit(records));
        }
        self.must_commit = false;
        std::mem::take(&mut self.actions)
    }

    /// Secrets that came with data are masked from now on, before anything is shown of what they came with.
    fn learn_secrets(&mut self, context: &Context<'_>) {
        let found = self.machine.take_secrets();
        for json in &found {
            mask::learn(json, context.settings.redactor());
        }
        self.secrets.extend(found);
        let spare = self.secrets.len().saturating_sub(SECRETS_KEPT_MAX);
        self.secrets.drain(..spare);
    }

    /// A record as it is written down: secrets in texts for people are masked, and what has one in it all the same is
    /// sealed.
    fn sealed(&self, mut record: Record, context: &Context<'_>) -> Record {
        let redactor = context.settings.redactor();
        mask::record(&mut record, redactor);
        // What is declared secret need not be found to be sealed: it may be short, or a number.
        let has_data = self.plan().types.have_secrets();
        if !has_data && !redactor.finds(&codec::encode(&record).unwrap_or_default()) {
            return record;
        }
        match context.sealer.seal(self.execution, record) {
            Ok(sealed) => sealed,
            // Plain data in memory always encodes, and none is of hundreds of gigabytes.
            Err(_) => Record::Held(Held {
                needs_attention: false,
                reason: "a record could not be sealed".to_owned(),
                at_us: context.now.wall_us,
            }),
        }
    }

    /// Nothing is under way: only time passes. What has happened so far must not be lost meanwhile.
    fn rest(&mut self, context: &Context<'_>) {
        let receiving = self.calls.is_empty() && self.say_what_it_waits_for(context);
        let due_us = self
            .timers
            .values()
            .map(|timer| timer.due_us)
            .chain(self.calls.values().filter_map(Call::due_us));
        let Some(due_us) = due_us.min() else {
            self.must_commit = true;
            return self.rest_on_held_children(context);
        };
        if due_us.saturating_sub(context.now.mono_us) >= WAIT_UNRECORDED_MAX_US {
            self.must_commit = true;
        }
        if !receiving
            && self.calls.is_empty()
            && self.children.is_empty()
            && self.slept_until_us != Some(due_us)
        {
            self.slept_until_us = Some(due_us);
            self.show(EventKind::Sleeping { until_us: context.now.wall_at(due_us) }, context);
        }
    }

    fn show(&mut self, kind: EventKind, context: &Context<'_>) {
        let mut event = Event { execution: self.execution, at_us: context.now.wall_us, kind };
        mask::event(&mut event, context.settings.redactor());
        self.actions.push(Action::Show(event));
    }

    fn plan(&self) -> &Plan {
        self.program.plan()
    }
}

/// The values of the entries that stand for facts of the execution.
fn facts(
    program: &Program,
    execution: ExecutionId,
    beginning: &Beginning,
    context: &Context<'_>,
) -> Vec<(ConfigId, Vec<u8>)> {
    let mut facts = Vec::new();
    for (index, entry) in program.plan().config.iter().enumerate() {
        let text = |text: &str| serde_json::Value::from(text).to_string();
        let json = match entry.fact {
            None => continue,
            Some(Fact::Id) => text(&execution.to_string()),
            Some(Fact::Key) => match &beginning.key {
                Some(key) => text(key),
                None => text(&execution.to_string()),
            },
            Some(Fact::Started) => crate::zone::moment_json(context.now.wall_us).unwrap_or_default(),
        };
        facts.push((ConfigId(u32::try_from(index).unwrap_or(u32::MAX)), json.into_bytes()));
    }
    facts
}
