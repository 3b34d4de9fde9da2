//! The shell on virtual time: the same driver, a network that is a function, a store in memory, a clock that jumps
//! to whatever comes next. From the same seed it does the same.
//!
//! Executions that it starts, children and others, run beside it in the same process.
//!
//! It can die before any action and go on from what was durable then: that is how the engine's promises are tested,
//! and what `crash` in a `flow test` does.

mod outside;
mod points;
mod recovery;
mod shared;
mod spawn;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Arc, Mutex},
    time::Duration,
};

use flow_http::{Exchange, HttpResponse, Limits, NetError, NotSent, Redactor, Timings, Unanswered};
use flow_journal::{CodecError, ExecutionId, Record, Sealer, codec};
use flow_vm::{EffectId, Program, SignalRefusal};

use crate::{
    Action, AttemptId, ChildNews, Context, Driver, Event, Input, MadeCallback, Now, Report, Resolved,
    SeededRandom, Sending, TimerId, random::uuid_v7,
};

use self::shared::{Queued, Shared};
pub use outside::Standing;
pub use points::{CrashPoint, Dying};
pub use shared::Common;
pub use spawn::NotStarted;

/// An execution that has taken in so much and not ended is taken to go on for ever.
const INPUTS_MAX: u64 = 1_000_000;

/// The wall clock at the beginning, unless told otherwise: 2026-01-01T00:00:00Z, in microseconds since 1970.
const START_US: i64 = 1_767_225_600_000_000;

/// What simulated executions are sealed with: it is no secret.
const KEY: [u8; 32] = [0x5e; 32];

/// Where callbacks of simulated executions would be answered.
const CALLBACKS: &str = "http://callbacks.invalid";

/// What the simulated network makes of a request.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The time that it takes.
    pub after: Duration,
    /// What comes back.
    pub result: Result<HttpResponse, NetError>,
}

impl Answer {
    /// An answer at once.
    pub fn now(response: HttpResponse) -> Self {
        Self { after: Duration::ZERO, result: Ok(response) }
    }
}

/// Where a simulation stands.
#[derive(Clone, Debug)]
pub enum Run {
    /// The execution has ended, or is held.
    Ended(Box<Report>),
    /// The process has died.
    Crashed,
    /// It waits for something from outside.
    Waiting,
    /// It goes on for ever, or waits for nothing.
    Endless,
}

/// One execution on virtual time, with those that it starts.
#[derive(Debug)]
pub struct Simulation<N> {
    program: Arc<Program>,
    net: N,
    resolved: Resolved,
    execution: ExecutionId,
    now: Now,
    random: SeededRandom,
    limits: Mutex<Limits>,
    sealer: Sealer,
    snapshot_every: Option<u32>,
    /// How long a slice of computing takes.
    slice_us: u64,
    /// What is durable, in the order in which the executions began.
    kept: Vec<(ExecutionId, Vec<Vec<u8>>)>,
    commits: u64,
    /// What runs in this process.
    lives: BTreeMap<ExecutionId, Life>,
    /// Those of them that have actions to perform.
    ready: VecDeque<ExecutionId>,
    /// Those that have ended or are held, and that nobody waits for.
    ended: BTreeMap<ExecutionId, Report>,
    /// What executions of the same workflow have to do with each other.
    shared: Shared,
    /// What has happened and is not taken in yet.
    news: VecDeque<(ExecutionId, Input)>,
    sent: u64,
    /// How many requests it may send before it is taken to go on for ever.
    requests_max: u64,
    actions_done: u64,
    /// Whether time stands still while something from outside is waited for.
    holds_time: bool,
    /// Until when time is let pass, on the monotonic clock.
    let_pass_us: Option<u64>,
    delivered: u64,
    crash_before: BTreeSet<u64>,
    /// Whether the points at which it could die are noted, and those.
    notes_points: bool,
    points: Vec<CrashPoint>,
    /// The steps whose requests have gone out and whose executions have been started, by effect.
    steps: BTreeMap<(ExecutionId, u64), flow_plan::StepId>,
    /// The callbacks that were made, in all lives.
    made: Vec<MadeCallback>,
    /// What became of what was sent, by number.
    replies: BTreeMap<u64, Result<(), SignalRefusal>>,
    /// When it is told to cancel, on the monotonic clock of this life.
    cancel_at_us: Option<u64>,
    events: Vec<Event>,
}

/// An execution that runs.
#[derive(Debug)]
struct Life {
    driver: Driver,
    program: Arc<Program>,
    /// What is to be performed, in order.
    actions: VecDeque<Action>,
    timers: BTreeMap<TimerId, u64>,
    /// What is under way: when it ends, in which order it was sent, which it is.
    arrivals: BTreeMap<(u64, u64), (AttemptId, Exchange)>,
    /// Who waits for it.
    parent: Option<(ExecutionId, EffectId)>,
    /// The executions that it waits for, and has begun itself.
    children: BTreeMap<EffectId, ExecutionId>,
}

/// Runs an execution to its end on virtual time.
///
/// # Errors
/// Where the input or the configuration does not fit.
pub fn run_virtual(
    program: Arc<Program>,
    input: &[u8],
    resolved: Resolved,
    seed: u64,
    net: impl FnMut(&Sending) -> Answer,
) -> Result<(Run, Vec<Event>), NotStarted> {
    let mut simulation = Simulation::new(program, resolved, seed, net);
    let run = simulation.start(input)?;
    Ok((run, simulation.events))
}

impl<N: FnMut(&Sending) -> Answer> Simulation<N> {
    /// A simulation of one execution from a seed.
    pub fn new(program: Arc<Program>, resolved: Resolved, seed: u64, net: N) -> Self {
        let mut random = SeededRandom::new(seed);
        let execution = ExecutionId(uuid_v7(START_US, &mut random));
        Self {
            program,
            net,
            resolved,
            execution,
            now: Now { wall_us: START_US, mono_us: 0 },
            random,
            limits: Mutex::default(),
            sealer: Sealer::new(KEY),
            snapshot_every: None,
            slice_us: 0,
            kept: Vec::new(),
            commits: 0,
            lives: BTreeMap::new(),
            ready: VecDeque::new(),
            ended: BTreeMap::new(),
            shared: Shared::default(),
            news: VecDeque::new(),
            sent: 0,
            requests_max: u64::MAX,
            actions_done: 0,
            holds_time: false,
            let_pass_us: None,
            delivered: 0,
            crash_before: BTreeSet::new(),
            notes_points: false,
            points: Vec::new(),
            steps: BTreeMap::new(),
            made: Vec::new(),
            replies: BTreeMap::new(),
            cancel_at_us: None,
            events: Vec::new(),
        }
    }

    /// Writes snapshots after so many completions.
    pub fn set_snapshot_every(&mut self, completions: u32) {
        self.snapshot_every = Some(completions);
    }

    /// Takes it to go on for ever when it has sent so many requests and has not ended.
    pub fn set_requests_max(&mut self, requests: u64) {
        self.requests_max = requests;
    }

    /// How many requests it has sent, in all its lives.
    pub fn requests_sent(&self) -> u64 {
        self.sent
    }

    /// Lets computing take time: so much for each slice, where it takes none otherwise.
    pub fn set_slice(&mut self, takes: Duration) {
        self.slice_us = u64::try_from(takes.as_micros()).unwrap_or(u64::MAX);
    }

    /// Lets the process die before its so many-th action, counted from 0 over all its lives.
    pub fn crash_before(&mut self, action: u64) {
        self.crash_before.insert(action);
    }

    /// Tells it to cancel when so much time has passed in this life. A process that dies before has not been told.
    pub fn cancel_after(&mut self, after: Duration) {
        let after_us = u64::try_from(after.as_micros()).unwrap_or(u64::MAX);
        self.cancel_at_us = Some(self.now.mono_us.saturating_add(after_us));
    }

    /// How many actions it has performed.
    pub fn actions_done(&self) -> u64 {
        self.actions_done
    }

    /// How often something was made durable.
    pub fn commits(&self) -> u64 {
        self.commits
    }

    /// What has happened, in all its lives.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// What masks secrets in what its report says: that is as its program computed it.
    pub fn redactor(&self) -> &Redactor {
        self.resolved.redactor()
    }

    /// The clocks.
    pub fn now(&self) -> Now {
        self.now
    }

    /// What is durable of the execution itself.
    ///
    /// # Errors
    /// Where a record cannot be read back: a defect of the codec.
    pub fn history(&self) -> Result<Vec<Record>, CodecError> {
        self.history_of(self.execution)
    }

    /// The executions that have begun, in the order of their beginnings, the first of them the one that was started.
    pub fn begun(&self) -> impl Iterator<Item = ExecutionId> {
        self.kept.iter().map(|(execution, _)| *execution)
    }

    /// What is durable of an execution.
    ///
    /// # Errors
    /// Where a record cannot be read back: a defect of the codec.
    pub fn history_of(&self, execution: ExecutionId) -> Result<Vec<Record>, CodecError> {
        let kept = self.kept.iter().find(|(known, _)| *known == execution);
        kept.into_iter().flat_map(|(_, records)| records).map(|bytes| codec::decode(bytes)).collect()
    }

    /// Starts the execution, and runs it and what it starts until all have ended or the process dies.
    ///
    /// # Errors
    /// Where the input or the configuration does not fit, or another execution has its key.
    pub fn start(&mut self, input: &[u8]) -> Result<Run, NotStarted> {
        let queued = Queued { program: Arc::clone(&self.program), parent: None, deadline_us: None };
        self.begin_new(self.execution, input.to_vec(), None, queued)?;
        Ok(self.run())
    }

    /// Tells it apart from other simulations of the same seed, and lets it begin so much later.
    pub fn set_apart(&mut self, number: u64, later: Duration) {
        if number > 0 {
            let mut random = SeededRandom::new(number.rotate_left(32));
            self.execution = ExecutionId(uuid_v7(START_US, &mut random));
        }
        let later_us = i64::try_from(later.as_micros()).unwrap_or(i64::MAX);
        self.now.wall_us = self.now.wall_us.saturating_add(later_us);
    }

    /// The execution that is started.
    pub fn execution(&self) -> ExecutionId {
        self.execution
    }

    fn decide<T>(&mut self, program: &Program, decision: impl FnOnce(&mut Context<'_>) -> T) -> T {
        let settings = self.resolved.of(program).settings;
        decision(&mut Context {
            now: self.now,
            random: &mut self.random,
            limits: &self.limits,
            settings: &settings,
            sealer: &self.sealer,
            callbacks: CALLBACKS,
            made: Some(&mut self.made),
        })
    }

    /// Adds an execution to those that run.
    fn add(
        &mut self,
        (mut driver, actions): (Driver, Vec<Action>),
        program: Arc<Program>,
        parent: Option<(ExecutionId, EffectId)>,
    ) {
        if let Some(completions) = self.snapshot_every {
            driver.set_snapshot_every(completions);
        }
        let execution = driver.execution();
        let life = Life {
            driver,
            program,
            actions: actions.into(),
            timers: BTreeMap::new(),
            arrivals: BTreeMap::new(),
            parent,
            children: BTreeMap::new(),
        };
        self.lives.insert(execution, life);
        self.ready.push_back(execution);
    }

    fn tell(&mut self, (parent, effect): (ExecutionId, EffectId), news: ChildNews) {
        self.news.push_back((parent, Input::Child { effect, news }));
    }

    fn all_ended(&mut self) -> Run {
        match self.ended.remove(&self.execution) {
            // What goes its own way is told of beside it.
            Some(report) => {
                let mut report = self.with_children(report);
                report.children.extend(std::mem::take(&mut self.ended).into_values());
                Run::Ended(Box::new(report))
            }
            None => Run::Endless,
        }
    }

    /// Tells an execution what has happened. What has ended is told nothing more.
    fn give(&mut self, execution: ExecutionId, input: Input) {
        if let Input::Cancel = input
            && self.cancel_queued(execution)
        {
            return;
        }
        let Some(mut life) = self.lives.remove(&execution) else { return };
        let program = Arc::clone(&life.program);
        let actions = self.decide(&program, |context| life.driver.handle(input, context));
        life.actions.extend(actions);
        self.lives.insert(execution, life);
        self.ready.push_back(execution);
    }

    fn run(&mut self) -> Run {
        for _ in 0..INPUTS_MAX {
            while let Some(execution) = self.ready.pop_front() {
                while let Some(action) =
                    self.lives.get_mut(&execution).and_then(|life| life.actions.pop_front())
                {
                    if self.crash_before.remove(&self.actions_done) {
                        return Run::Crashed;
                    }
                    self.note_point(execution, &action);
                    self.actions_done += 1;
                    self.perform(execution, action);
                }
            }
            if self.lives.is_empty() && self.news.is_empty() && self.shared.queued.is_empty() {
                return self.all_ended();
            }
            if self.sent >= self.requests_max {
                return Run::Endless;
            }
            if self.news.is_empty() && self.stands_still() {
                // What goes its own way does not keep what has ended.
                let has_ended = self.ended.contains_key(&self.execution);
                return if has_ended { self.all_ended() } else { Run::Waiting };
            }
            let Some((execution, input)) = self.take_news().or_else(|| self.next()) else {
                return Run::Endless;
            };
            self.give(execution, input);
        }
        Run::Endless
    }

    fn perform(&mut self, execution: ExecutionId, action: Action) {
        match action {
            Action::Commit(records) => self.keep(execution, &records),
            Action::Send(sending) => self.send(execution, &sending),
            Action::Spawn(spawning) => self.spawn(execution, *spawning),
            Action::CancelChild(effect) if self.shared.leave((execution, effect)) => {
                self.tell((execution, effect), spawn::cancelled());
            }
            Action::CancelChild(effect) => {
                let child = self.lives.get(&execution).and_then(|life| life.children.get(&effect));
                self.news.extend(child.map(|child| (*child, Input::Cancel)));
            }
            Action::Release(child) => self.shared.release(child),
            Action::Admit(tickets) => {
                let told = tickets
                    .into_iter()
                    .map(|ticket| (ExecutionId(ticket.execution), Input::Admitted(EffectId(ticket.effect))));
                self.news.extend(told);
            }
            Action::SetTimer { timer, at_us } => {
                if let Some(life) = self.lives.get_mut(&execution) {
                    life.timers.insert(timer, at_us);
                }
            }
            Action::ClearTimer(timer) => {
                if let Some(life) = self.lives.get_mut(&execution) {
                    life.timers.remove(&timer);
                }
            }
            Action::Reply { number, result } => {
                self.shared.replied(number);
                self.replies.insert(number, result);
            }
            Action::Show(event) => self.events.push(event),
            Action::Yield => self.news.push_back((execution, Input::Proceed)),
            Action::End(outcome) => {
                let Some(life) = self.lives.remove(&execution) else { return };
                let report = life.driver.report(*outcome);
                self.tell_joined(&report);
                match life.parent {
                    Some(parent) => self.tell(parent, ChildNews::Ended(Box::new(report))),
                    None => {
                        self.ended.insert(execution, report);
                    }
                }
                self.give_turn_on(execution);
            }
        }
    }

    /// Makes records durable.
    fn keep(&mut self, execution: ExecutionId, records: &[Record]) {
        self.commits += 1;
        let records = records.iter().filter_map(|record| codec::encode(record).ok());
        match self.kept.iter_mut().find(|(known, _)| *known == execution) {
            Some((_, kept)) => kept.extend(records),
            None => self.kept.push((execution, records.collect())),
        }
    }

    /// Sends a request: the function decides at once, and the answer arrives later, or too late.
    fn send(&mut self, execution: ExecutionId, sending: &Sending) {
        let answer = (self.net)(sending);
        let timeout = sending.request.timeout;
        let (after, result) = if answer.after < timeout {
            (answer.after, answer.result)
        } else {
            let message = format!("no answer within {timeout:?}");
            let result = match answer.result {
                Err(NetError::NotSent { .. }) => NetError::not_sent(NotSent::Timeout, message),
                _ => NetError::unanswered(Unanswered::Timeout, message),
            };
            (timeout, Err(result))
        };
        let after_us = u64::try_from(after.as_micros()).unwrap_or(u64::MAX);
        let timings = Timings { wait_us: after_us, ..Timings::default() };
        let at_us = self.now.mono_us.saturating_add(after_us);
        if let Some(life) = self.lives.get_mut(&execution) {
            life.arrivals.insert((at_us, self.sent), (sending.attempt, Exchange { result, timings }));
        }
        self.sent += 1;
    }

    /// What has happened and is not taken in yet. While an execution computes, time passes: what has become due
    /// meanwhile comes before the next slice.
    fn take_news(&mut self) -> Option<(ExecutionId, Input)> {
        if let Some((_, Input::Proceed)) = self.news.front() {
            if self.next_us().is_some_and(|at_us| at_us <= self.now.mono_us) {
                return self.next();
            }
            self.pass_until(self.now.mono_us.saturating_add(self.slice_us));
        }
        self.news.pop_front()
    }

    /// When the next thing happens by itself.
    fn next_us(&self) -> Option<u64> {
        let timers = self.lives.values().flat_map(|life| life.timers.values().copied());
        let arrivals = self.lives.values().filter_map(|life| life.arrivals.first_key_value());
        timers.chain(arrivals.map(|((at_us, _), _)| *at_us)).chain(self.cancel_at_us).min()
    }

    /// Lets time pass until the next thing happens. Of what happens at once, timers come before answers.
    fn next(&mut self) -> Option<(ExecutionId, Input)> {
        let timer = self.lives.iter().flat_map(|(execution, life)| {
            life.timers.iter().map(|(timer, at_us)| (*at_us, *timer, *execution))
        });
        let timer = timer.min();
        let arrival = self.lives.iter().filter_map(|(execution, life)| {
            life.arrivals.first_key_value().map(|((at_us, sent), _)| (*at_us, *sent, *execution))
        });
        let arrival = arrival.min();
        let first = timer.map(|(at_us, ..)| at_us).into_iter().chain(arrival.map(|(at_us, ..)| at_us)).min();
        if let Some(at_us) = self.cancel_at_us.filter(|at_us| first.is_none_or(|first| *at_us <= first)) {
            self.cancel_at_us = None;
            self.pass_until(at_us);
            return Some((self.execution, Input::Cancel));
        }
        match (timer, arrival) {
            (Some((at_us, timer, execution)), arrival)
                if arrival.is_none_or(|(arrival, ..)| at_us <= arrival) =>
            {
                self.lives.get_mut(&execution)?.timers.remove(&timer);
                self.pass_until(at_us);
                Some((execution, Input::Fired(timer)))
            }
            (_, Some((at_us, _, execution))) => {
                let (_, (attempt, exchange)) = self.lives.get_mut(&execution)?.arrivals.pop_first()?;
                self.pass_until(at_us);
                Some((execution, Input::Answered { attempt, exchange }))
            }
            _ => None,
        }
    }

    fn pass_until(&mut self, mono_us: u64) {
        let wall_us = self.now.wall_at(mono_us);
        self.now = Now { wall_us, mono_us: self.now.mono_us.max(mono_us) };
    }
}
