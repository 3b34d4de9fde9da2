//! The shell on virtual time: the same driver, a network that is a function, a store in memory, a clock that jumps
//! to whatever comes next. From the same seed it does the same.
//!
//! It can die before any action and go on from what was durable then: that is how the engine's promises are tested,
//! and what `crash` in a `flow test` does.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use flow_http::{Exchange, HttpResponse, Limits, NetError, NotSent, Settings, Timings, Unanswered};
use flow_journal::{CodecError, ExecutionId, History, Record, codec};
use flow_vm::{InputError, Program, SignalRefusal};

use crate::{
    Action, Address, AttemptId, Beginning, Context, Delivery, Driver, Event, Input, Now, Outcome,
    RecoverError, Report, Resolved, SeededRandom, Sending, StepReport, TimerId, random::uuid_v7,
};

/// An execution that has taken in so much and not ended is taken to go on for ever.
const INPUTS_MAX: u64 = 1_000_000;

/// The wall clock at the beginning, unless told otherwise: 2026-01-01T00:00:00Z, in microseconds since 1970.
const START_US: i64 = 1_767_225_600_000_000;

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

/// One execution on virtual time.
#[derive(Debug)]
pub struct Simulation<N> {
    program: Arc<Program>,
    net: N,
    resolved: Resolved,
    execution: ExecutionId,
    now: Now,
    random: SeededRandom,
    limits: Mutex<Limits>,
    snapshot_every: Option<u32>,
    /// How long a slice of computing takes.
    slice_us: u64,
    /// What is durable.
    kept: Vec<Vec<u8>>,
    commits: u64,
    timers: BTreeMap<TimerId, u64>,
    /// What is under way: when it ends, in which order it was sent, which it is.
    arrivals: BTreeMap<(u64, u64), (AttemptId, Exchange)>,
    sent: u64,
    actions_done: u64,
    /// The execution, while it waits for something from outside.
    waiting: Option<Driver>,
    /// Whether time stands still while it does.
    holds_time: bool,
    /// Until when time is let pass, on the monotonic clock.
    let_pass_us: Option<u64>,
    delivered: u64,
    crash_before: BTreeSet<u64>,
    /// What became of what was sent to it.
    replies: BTreeMap<u64, Result<(), SignalRefusal>>,
    /// When it is told to cancel, on the monotonic clock of this life.
    cancel_at_us: Option<u64>,
    events: Vec<Event>,
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
) -> Result<(Run, Vec<Event>), InputError> {
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
            snapshot_every: None,
            slice_us: 0,
            kept: Vec::new(),
            commits: 0,
            timers: BTreeMap::new(),
            arrivals: BTreeMap::new(),
            sent: 0,
            actions_done: 0,
            waiting: None,
            holds_time: false,
            let_pass_us: None,
            delivered: 0,
            crash_before: BTreeSet::new(),
            replies: BTreeMap::new(),
            cancel_at_us: None,
            events: Vec::new(),
        }
    }

    /// Writes snapshots after so many completions.
    pub fn set_snapshot_every(&mut self, completions: u32) {
        self.snapshot_every = Some(completions);
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

    /// The clocks.
    pub fn now(&self) -> Now {
        self.now
    }

    /// What is durable.
    ///
    /// # Errors
    /// Where a record cannot be read back: a defect of the codec.
    pub fn history(&self) -> Result<Vec<Record>, CodecError> {
        self.kept.iter().map(|bytes| codec::decode(bytes)).collect()
    }

    /// Starts the execution, and runs it until it ends or its process dies.
    ///
    /// # Errors
    /// Where the input or the configuration does not fit.
    pub fn start(&mut self, input: &[u8]) -> Result<Run, InputError> {
        let beginning = Beginning { input: input.to_vec(), pinned: self.resolved.pinned.clone(), key: None };
        let (program, execution) = (Arc::clone(&self.program), self.execution);
        let (driver, actions) =
            self.decide(|context| Driver::start(program, execution, &beginning, context))?;
        Ok(self.run(driver, actions))
    }

    /// Goes on in a new process, some time after the last one died: whatever was under way is lost.
    ///
    /// # Errors
    /// Where the history does not fit: a defect. An execution whose beginning was not durable has none.
    pub fn recover(&mut self, after: Duration) -> Result<Run, RecoverError> {
        self.waiting = None;
        self.timers.clear();
        self.arrivals.clear();
        self.cancel_at_us = None;
        self.limits = Mutex::default();
        let after_us = u64::try_from(after.as_micros()).unwrap_or(u64::MAX);
        let wall_us = self.now.wall_us.saturating_add(i64::try_from(after_us).unwrap_or(i64::MAX));
        // Another process has another monotonic clock.
        self.now = Now { wall_us, mono_us: 0 };
        let records = self.history().map_err(|error| RecoverError::Misfit(error.to_string()))?;
        let history = History { position: records.len() as u64, records };
        let (program, execution) = (Arc::clone(&self.program), self.execution);
        let recovered = self.decide(|context| Driver::recover(program, execution, &history, context));
        let (driver, actions) = match recovered {
            Ok(recovered) => recovered,
            Err(RecoverError::Ended(ended)) => {
                let (outcome, steps) = *ended;
                return Ok(Run::Ended(Box::new(Report { execution, outcome, steps })));
            }
            Err(error) => return Err(error),
        };
        Ok(self.run(driver, actions))
    }

    fn decide<T>(&mut self, decision: impl FnOnce(&mut Context<'_>) -> T) -> T {
        let settings: &Settings = &self.resolved.settings;
        decision(&mut Context {
            now: self.now,
            random: &mut self.random,
            limits: &self.limits,
            settings,
            callbacks: CALLBACKS,
        })
    }

    fn run(&mut self, mut driver: Driver, mut actions: Vec<Action>) -> Run {
        if let Some(completions) = self.snapshot_every {
            driver.set_snapshot_every(completions);
        }
        for _ in 0..INPUTS_MAX {
            let mut yielded = false;
            for action in actions {
                if self.crash_before.remove(&self.actions_done) {
                    return Run::Crashed;
                }
                self.actions_done += 1;
                match self.perform(action) {
                    Some(Performed::Yielded) => yielded = true,
                    Some(Performed::Ended(outcome)) => return Run::Ended(Box::new(driver.report(*outcome))),
                    None => {}
                }
            }
            if !yielded && self.stands_still(&driver) {
                self.waiting = Some(driver);
                return Run::Waiting;
            }
            let input = if yielded { Some(self.due_or_proceed()) } else { self.next() };
            let Some(input) = input else { return Run::Endless };
            actions = self.decide(|context| driver.handle(input, context));
        }
        Run::Endless
    }

    fn perform(&mut self, action: Action) -> Option<Performed> {
        match action {
            Action::Commit(records) => {
                self.commits += 1;
                self.kept.extend(records.iter().filter_map(|record| codec::encode(record).ok()));
            }
            Action::Send(sending) => self.send(&sending),
            Action::SetTimer { timer, at_us } => {
                self.timers.insert(timer, at_us);
            }
            Action::ClearTimer(timer) => {
                self.timers.remove(&timer);
            }
            Action::Reply { number, result } => {
                self.replies.insert(number, result);
            }
            Action::Show(event) => self.events.push(event),
            Action::Yield => return Some(Performed::Yielded),
            Action::End(outcome) => return Some(Performed::Ended(outcome)),
        }
        None
    }

    /// Sends a request: the function decides at once, and the answer arrives later, or too late.
    fn send(&mut self, sending: &Sending) {
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
        self.arrivals.insert((at_us, self.sent), (sending.attempt, Exchange { result, timings }));
        self.sent += 1;
    }

    /// While it computes: what has become due meanwhile, and then the next slice.
    fn due_or_proceed(&mut self) -> Input {
        if self.next_us().is_some_and(|at_us| at_us <= self.now.mono_us)
            && let Some(input) = self.next()
        {
            return input;
        }
        self.pass_until(self.now.mono_us.saturating_add(self.slice_us));
        Input::Proceed
    }

    /// Whether nothing happens until somebody sends something, or lets time pass.
    fn stands_still(&mut self, driver: &Driver) -> bool {
        if !driver.awaits_from_outside() || driver.calls_are_open() {
            return false;
        }
        let next_us = self.next_us();
        match self.let_pass_us {
            Some(until_us) if next_us.is_some_and(|at_us| at_us <= until_us) => false,
            Some(until_us) => {
                self.let_pass_us = None;
                self.pass_until(until_us);
                true
            }
            None => self.holds_time || next_us.is_none(),
        }
    }

    /// Lets time stand still while the execution waits for something from outside and makes no call: it then goes on
    /// by [`signal`](Self::signal) and [`advance`](Self::advance).
    pub fn hold_time(&mut self) {
        self.holds_time = true;
    }

    /// Sends a signal to the execution that waits, and lets it go on.
    ///
    /// # Errors
    /// Where the signal is not taken.
    pub fn signal(&mut self, name: &str, json: &[u8]) -> Result<Run, SignalRefusal> {
        let Some(mut driver) = self.waiting.take() else { return Err(SignalRefusal::Ended) };
        let number = self.delivered;
        self.delivered = number.wrapping_add(1);
        let delivery = Delivery { number, to: Address::Signal(name.to_owned()), json: json.to_vec() };
        let actions = self.decide(|context| driver.handle(Input::Deliver(delivery), context));
        let run = self.run(driver, actions);
        self.replies.remove(&number).unwrap_or(Ok(())).map(|()| run)
    }

    /// Lets time pass for the execution that waits.
    pub fn advance(&mut self, time: Duration) -> Run {
        let Some(driver) = self.waiting.take() else { return Run::Endless };
        let us = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.let_pass_us = Some(self.now.mono_us.saturating_add(us));
        let run = self.run(driver, Vec::new());
        self.let_pass_us = None;
        run
    }

    /// The calls so far of an execution that waits, and the signals that it waits for.
    pub fn waiting(&self) -> Option<(Vec<StepReport>, Vec<String>)> {
        self.waiting.as_ref().map(|driver| (driver.steps().to_vec(), driver.awaited_signals()))
    }

    /// When the next thing happens by itself.
    fn next_us(&self) -> Option<u64> {
        let arrival = self.arrivals.first_key_value().map(|((at_us, _), _)| *at_us);
        self.timers.values().copied().chain(arrival).chain(self.cancel_at_us).min()
    }

    /// Lets time pass until the next thing happens.
    fn next(&mut self) -> Option<Input> {
        if let Some(at_us) = self.cancel_at_us.filter(|at_us| self.comes_first(*at_us)) {
            self.cancel_at_us = None;
            self.pass_until(at_us);
            return Some(Input::Cancel);
        }
        let timer = self.timers.iter().map(|(timer, at_us)| (*at_us, *timer)).min();
        let arrival = self.arrivals.first_key_value().map(|((at_us, _), _)| *at_us);
        match (timer, arrival) {
            (Some((at_us, timer)), arrival) if arrival.is_none_or(|arrival| at_us <= arrival) => {
                self.timers.remove(&timer);
                self.pass_until(at_us);
                Some(Input::Fired(timer))
            }
            (_, Some(at_us)) => {
                let (_, (attempt, exchange)) = self.arrivals.pop_first()?;
                self.pass_until(at_us);
                Some(Input::Answered { attempt, exchange })
            }
            _ => None,
        }
    }

    /// Whether nothing else happens before a moment.
    fn comes_first(&self, at_us: u64) -> bool {
        let arrival = self.arrivals.first_key_value().map(|((at_us, _), _)| *at_us);
        self.timers.values().copied().chain(arrival).all(|other| at_us <= other)
    }

    fn pass_until(&mut self, mono_us: u64) {
        let wall_us = self.now.wall_at(mono_us);
        self.now = Now { wall_us, mono_us: self.now.mono_us.max(mono_us) };
    }
}

enum Performed {
    Yielded,
    Ended(Box<Outcome>),
}
