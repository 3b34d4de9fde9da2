//! One test, from its first line to its last.

mod expect;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use flow_diagnostics::Diagnostic;
use flow_driver::{Action, ActionKind, Compilation, CompiledWorkflow, TestCase, Value, WorkflowId};
use flow_engine::{
    Answer, Common, Given, NotStarted, Outcome, Report, Resolved, Run, Sending, SettingError, Simulation,
    resolve,
};
use flow_http::Redactor;
use flow_journal::{ExecutionId, Record};
use flow_plan::Type;
use flow_source::Span;
use flow_vm::{Program, SignalRefusal};

use super::calls;
use super::mocks::{Called, Mocks};
use super::snapshot::Snapshots;
use super::trace::{self, Trace};
use super::variation::{self, Fault, Places, Variation};
use crate::commands::run::failure::place;

/// From which every test draws its chance.
const SEED: u64 = 1;

/// A name of the compiler's, as tests keep values under it.
type Local = flow_driver::LocalId;

/// What all runs of a test share.
pub(super) struct Bench<'a> {
    test: &'a TestCase,
    compilation: &'a Compilation,
    values: Program,
    /// Where its steps stand.
    pub(super) places: Places<'a>,
    linked: RefCell<BTreeMap<WorkflowId, Linked>>,
}

/// A workflow that is ready to run, with its configuration.
#[derive(Clone)]
struct Linked {
    program: Arc<Program>,
    resolved: Result<Resolved, Vec<SettingError>>,
}

impl<'a> Bench<'a> {
    /// # Errors
    /// Where a plan may not run.
    pub(super) fn new(test: &'a TestCase, compilation: &'a Compilation) -> anyhow::Result<Self> {
        let mut plan = test.plan.clone();
        let mut values = Program::load(plan.clone())?;
        let samples = samples(&values);
        if !samples.is_empty() {
            // The test reads the values that the workflows read.
            for (index, _, sample) in samples {
                if let Some(entry) = plan.config.get_mut(index) {
                    entry.default = Some(sample);
                }
            }
            values = Program::load(plan)?;
        }
        Ok(Self { test, compilation, values, places: Places::new(compilation), linked: RefCell::default() })
    }

    fn linked(&self, workflow: &CompiledWorkflow) -> anyhow::Result<Linked> {
        if let Some(known) = self.linked.borrow().get(&workflow.id) {
            return Ok(known.clone());
        }
        let program = crate::program::Program::link(self.compilation, workflow, &|_| {})?;
        let below = program.descendants();
        let programs = || std::iter::once(&program).chain(&below);
        let mut given = Given::new();
        for program in programs() {
            for (_, name, sample) in samples(program) {
                given.json(name, sample);
            }
        }
        for program in programs() {
            given = given.with_stand_ins(program.plan());
        }
        let resolved = resolve(&program, &given);
        let linked = Linked { program, resolved };
        self.linked.borrow_mut().insert(workflow.id, linked.clone());
        Ok(linked)
    }
}

/// Samples for the configuration that has no default, and is no secret: its place, its name and the value as JSON.
/// What may be null is null, as it is in a run.
fn samples(program: &Program) -> Vec<(usize, String, String)> {
    let entries = program.plan().config.iter().enumerate();
    let missing =
        entries.filter(|(_, entry)| entry.default.is_none() && !entry.secret && entry.fact.is_none());
    let sampled = missing.map(|(index, entry)| {
        let sample = match program.plan().types.get(entry.ty) {
            Type::Optional(_) => "null".to_owned(),
            _ => flow_mock::sample(program, entry.ty, &entry.name),
        };
        (index, entry.name.clone(), sample)
    });
    sampled.collect()
}

/// What is known while a test runs.
struct Case<'a> {
    bench: &'a Bench<'a>,
    /// What goes wrong, where this is a variation.
    variation: Option<&'a Variation>,
    mocks: Rc<RefCell<Mocks>>,
    /// Values of `let`, and results of executions, as JSON.
    known: BTreeMap<Local, Vec<u8>>,
    runs: BTreeMap<Local, Finished<'a>>,
    found: Vec<Diagnostic>,
    /// What the executions share: keys, and the turns of `one per`.
    common: Common,
    /// How much time was let pass.
    advanced: Duration,
    /// Masks the secrets of all executions in what is shown and kept.
    redactor: Redactor,
}

/// The simulated network of an execution.
type Net = Box<dyn FnMut(&Sending) -> Answer>;

/// An execution under test.
struct Finished<'a> {
    workflow: &'a CompiledWorkflow,
    program: Arc<Program>,
    done: Done,
    calls: Vec<Called>,
    simulation: Simulation<Net>,
    /// The execution that has its key, which it is then.
    joined: Option<ExecutionId>,
}

/// How far an execution under test has come.
enum Done {
    /// It has ended, or is held.
    Ended(Box<Report>),
    /// It waits for something from outside.
    Waiting,
}

impl Finished<'_> {
    fn outcome(&self) -> Option<&Outcome> {
        match &self.done {
            Done::Ended(report) => Some(&report.outcome),
            Done::Waiting => None,
        }
    }

    /// How it ended, in words that follow "it".
    fn ending(&self) -> String {
        match self.outcome() {
            Some(outcome) => self.simulation.redactor().text(&outcome.words()),
            None if self.joined.is_some() => "is one that a call of another execution has begun".to_owned(),
            None if self.simulation.waits_for_its_turn() => "waits for its turn".to_owned(),
            None if self.simulation.waits_for_others() => "waits for what another run has begun".to_owned(),
            None => format!("waits for {}", trace::awaited(&self.simulation.standing())),
        }
    }

    /// Notes calls. One that was under way when the process died goes on as the same call; one that was settled
    /// then, and is made all the same, is another.
    fn called(&mut self, calls: Vec<Called>) {
        let place = |called: &Called| (called.place().0, called.place().1.clone());
        let known: BTreeSet<_> = self.calls.iter().map(place).collect();
        self.calls.extend(calls.into_iter().filter(|called| called.again || !known.contains(&place(called))));
    }

    fn trace(&self) -> String {
        let report = match &self.done {
            Done::Ended(report) => Some(&**report),
            Done::Waiting => None,
        };
        if self.simulation.waits_for_its_turn() {
            return "waits for its turn\n".to_owned();
        }
        let standing = self.simulation.standing();
        let text = Trace::new(report, &standing, &self.calls, self.simulation.events()).text(&self.program);
        self.simulation.redactor().text(&text)
    }
}

/// What a test came to as it is written.
pub(super) struct AsWritten {
    /// What is wrong.
    pub(super) found: Vec<Diagnostic>,
    /// Its variations, where it is one of every failure and nothing is wrong.
    pub(super) variations: Vec<Variation>,
    /// How many calls it made.
    pub(super) calls: usize,
}

/// Runs a test as it is written, and gives what is wrong: nothing where it passes. The first thing that is wrong ends
/// it, except that all calls without a mock are named. Of a test of every failure that passes, the variations too.
///
/// # Errors
/// Where a snapshot cannot be read or written.
pub(super) fn run(bench: &Bench<'_>, snapshots: &mut Snapshots) -> anyhow::Result<AsWritten> {
    let case = Case::run(bench, None, Some(snapshots))?;
    let mut variations = Vec::new();
    if bench.test.every_failure && case.found.is_empty() {
        for (run, finished) in &case.runs {
            let events = finished.simulation.events();
            variations.extend(variation::of_calls(*run, &finished.calls, events, &bench.places));
            let program_of = |execution| finished.simulation.program_of_execution(execution);
            let points = finished.simulation.crash_points();
            variations.extend(variation::of_crashes(*run, points, &program_of, &bench.places));
        }
    }
    let calls = case.runs.values().map(|finished| finished.calls.len()).sum();
    Ok(AsWritten { found: case.found, variations, calls })
}

/// Runs a variation of a test, and gives what is wrong.
///
/// # Errors
/// Where a plan may not run.
pub(super) fn vary(bench: &Bench<'_>, variation: &Variation) -> anyhow::Result<Vec<Diagnostic>> {
    Ok(Case::run(bench, Some(variation), None)?.found)
}

impl<'c> Case<'c> {
    fn run(
        bench: &'c Bench<'c>,
        variation: Option<&'c Variation>,
        mut snapshots: Option<&mut Snapshots>,
    ) -> anyhow::Result<Self> {
        let mut case = Case {
            bench,
            variation,
            mocks: Rc::default(),
            known: BTreeMap::new(),
            runs: BTreeMap::new(),
            found: Vec::new(),
            common: Common::default(),
            advanced: Duration::ZERO,
            redactor: Redactor::default(),
        };
        if let Some(Variation { run, fault: Fault::Call { execution, path, answer, once }, .. }) = variation {
            case.mocks.borrow_mut().fail(*run, (*execution, path.clone()), answer.clone(), *once);
        }
        for action in &bench.test.actions {
            case.act(action, snapshots.as_deref_mut())?;
            if !case.found.is_empty() {
                break;
            }
        }
        Ok(case)
    }

    fn act(&mut self, action: &Action, snapshots: Option<&mut Snapshots>) -> anyhow::Result<()> {
        let span = action.span;
        match &action.kind {
            ActionKind::Mock { operation, arguments, answer } => {
                let arguments = arguments.as_ref().map(|arguments| self.arguments(arguments, span));
                let answer = super::mocks::prepare(answer, &mut |value| self.value(value, span));
                if self.found.is_empty() {
                    self.mocks.borrow_mut().add(operation.clone(), arguments, answer);
                }
            }
            ActionKind::Start { run, workflow, input } => {
                let workflow = self.workflow(*workflow)?;
                if let Some(input) = self.value(input, span) {
                    self.start(*run, workflow, &input, span)?;
                    self.wake(span);
                }
            }
            ActionKind::Send { run, signal, value } => {
                if let Some(json) = self.value(value, span) {
                    let send = |simulation: &mut Simulation<Net>| simulation.signal(signal, &json);
                    self.send(self.owner(*run), signal, send, span);
                    self.wake(span);
                }
            }
            ActionKind::Answer { run, name, made_at, value } => {
                if let Some(json) = self.value(value, span)
                    && let Some(workflow) = self.runs.get(run).map(|finished| finished.workflow)
                {
                    let sources = &self.bench.compilation.sources;
                    let makes = |function, at| {
                        let location = workflow.debug.location(function, at);
                        location.is_some_and(|location| place(location, workflow, sources) == *made_at)
                    };
                    let send = |simulation: &mut Simulation<Net>| simulation.answer(makes, &json);
                    self.send(self.owner(*run), name, send, span);
                    self.wake(span);
                }
            }
            ActionKind::Advance { micros } => {
                self.advance(Duration::from_micros(*micros), span);
                self.wake(span);
            }
            ActionKind::Crash => {
                self.crash(span);
                self.wake(span);
            }
            ActionKind::Let { names } => {
                for (local, value) in names {
                    let Some(json) = self.value(value, span) else { break };
                    if let Some(local) = local {
                        self.known.insert(*local, json);
                    }
                }
            }
            ActionKind::Holds { condition, sides } => {
                if let Some(json) = self.value(condition, span)
                    && json != b"true"
                {
                    self.does_not_hold(sides.as_ref(), span);
                }
            }
            ActionKind::Fails { run, error } => self.fails(self.owner(*run), error, span),
            ActionKind::Settled { run } => self.settled(self.owner(*run), span),
            ActionKind::Calls { operation, arguments, count } => {
                let arguments = arguments.as_ref().map(|arguments| self.arguments(arguments, span));
                self.calls(operation, arguments.as_deref(), count, span);
            }
            ActionKind::SnapshotTrace { run } => {
                if let (Some(finished), Some(snapshots)) = (self.runs.get(&self.owner(*run)), snapshots) {
                    let text = finished.trace();
                    let found = snapshots.compare(&self.bench.test.name, "run.trace", &text, span)?;
                    self.found.extend(found);
                }
            }
            ActionKind::SnapshotPlan { workflow } => {
                let workflow = self.workflow(*workflow)?;
                if let Some(snapshots) = snapshots {
                    let text = flow_plan::summary(&workflow.plan);
                    let expression = format!("plan {}", workflow.name);
                    self.found.extend(snapshots.compare(&self.bench.test.name, &expression, &text, span)?);
                }
            }
            ActionKind::SnapshotValue(value) => {
                if let Some(snapshots) = snapshots
                    && let Some(json) = self.value(value, span)
                {
                    let text = self.redactor.text(&String::from_utf8_lossy(&json));
                    self.found.extend(snapshots.compare(&self.bench.test.name, "value", &text, span)?);
                }
            }
        }
        Ok(())
    }

    fn workflow(&self, id: WorkflowId) -> anyhow::Result<&'c CompiledWorkflow> {
        let workflow = self.bench.compilation.workflows.iter().find(|known| known.id == id);
        workflow.context("a test names a workflow that was not compiled")
    }

    /// A value as JSON; where it cannot be computed, that is what is wrong.
    fn value(&mut self, value: &Value, span: Span) -> Option<Vec<u8>> {
        let mut arguments = Vec::with_capacity(value.captures.len());
        for local in &value.captures {
            match self.known.get(local) {
                Some(json) => arguments.push(json.clone()),
                None => {
                    self.without_result(*local, span);
                    return None;
                }
            }
        }
        match self.bench.values.evaluate(value.function, &arguments) {
            Ok(json) => Some(json),
            Err(error) => {
                let message = self.redactor.text(&error.message);
                let message = format!("this value cannot be computed: {}: {message}", error.name);
                self.found.push(Diagnostic::failure("test", span, message));
                None
            }
        }
    }

    /// A text without the secrets that the executions hold.
    fn masked(&self, text: &str) -> String {
        let redactors = self.runs.values().map(|finished| finished.simulation.redactor());
        redactors.fold(self.redactor.text(text), |text, redactor| redactor.text(&text))
    }

    fn without_result(&mut self, run: Local, span: Span) {
        let ending = self.runs.get(&self.owner(run)).map(Finished::ending);
        let message = match ending {
            Some(ending) => format!("the execution has no result: it {ending}"),
            None => "this value is not known".to_owned(),
        };
        let help = match self.variation {
            Some(_) => "expect what holds however it ends: `expect run settled`; its result in another test",
            None => "expect its failure with `expect run fails Name`, or send it what it waits for",
        };
        self.found.push(Diagnostic::failure("test", span, message).help(help));
    }

    fn arguments(&mut self, arguments: &[Option<Value>], span: Span) -> Vec<Option<Vec<u8>>> {
        arguments.iter().map(|value| value.as_ref().and_then(|value| self.value(value, span))).collect()
    }

    fn start(
        &mut self,
        run: Local,
        workflow: &'c CompiledWorkflow,
        input: &[u8],
        span: Span,
    ) -> anyhow::Result<()> {
        let Linked { program, resolved } = self.bench.linked(workflow)?;
        let resolved = match resolved {
            Ok(resolved) => resolved,
            Err(errors) => {
                for error in errors {
                    let help = match error {
                        SettingError::Broken { .. } => "give the config entry a default that fulfils it",
                        _ => "give the config entry a default",
                    };
                    self.found.push(Diagnostic::failure("test", span, error.to_string()).help(help));
                }
                return Ok(());
            }
        };
        self.redactor.learn_all(resolved.redactor());
        let mocks = Rc::clone(&self.mocks);
        let net: Net = Box::new(move |sending| mocks.borrow_mut().answer(sending));
        let mut simulation = Simulation::new(Arc::clone(&program), resolved, SEED, net);
        simulation.hold_time();
        simulation.share(&self.common);
        simulation.set_apart(self.runs.len() as u64, self.advanced);
        simulation.set_requests_max(calls::REQUESTS_MAX);
        match self.variation {
            None if self.bench.test.every_failure => simulation.note_crash_points(),
            Some(Variation { run: of, fault: Fault::Crash(action), .. }) if *of == run => {
                simulation.crash_before(*action);
            }
            _ => {}
        }
        self.mocks.borrow_mut().begin(run);
        match simulation.start(input) {
            Ok(done) => {
                let (done_so_far, calls) = (Done::Waiting, Vec::new());
                let begun =
                    Finished { workflow, program, done: done_so_far, calls, simulation, joined: None };
                self.runs.insert(run, begun);
                self.gone_on(run, done, span, |_| None);
            }
            Err(NotStarted::Existing(execution)) => {
                let (done, calls, joined) = (Done::Waiting, Vec::new(), Some(execution));
                self.runs.insert(run, Finished { workflow, program, done, calls, simulation, joined });
            }
            Err(error) => {
                let message = format!("the execution does not start: {error}");
                self.found.push(Diagnostic::failure("test", span, message));
            }
        }
        Ok(())
    }

    /// The run that has begun the execution of a run: another one, where that has the same key.
    fn owner(&self, run: Local) -> Local {
        let joined = self.runs.get(&run).and_then(|finished| finished.joined);
        let begun = |finished: &Finished<'_>| {
            finished.joined.is_none() && Some(finished.simulation.execution()) == joined
        };
        let owner = self.runs.iter().find(|(_, finished)| joined.is_some() && begun(finished));
        owner.map_or(run, |(owner, _)| *owner)
    }

    /// Lets those go on that another one has made way for: what they wait for has ended, or their turn has come.
    fn wake(&mut self, span: Span) {
        let runs: Vec<Local> = self.runs.keys().copied().collect();
        let mut moved = true;
        while std::mem::take(&mut moved) && self.found.is_empty() {
            for run in &runs {
                let Some(finished) = self.runs.get_mut(run) else { continue };
                if finished.joined.is_none() {
                    self.mocks.borrow_mut().begin(*run);
                    let Some(done) = finished.simulation.wake() else { continue };
                    self.gone_on(*run, done, span, |_| None);
                    moved = true;
                } else if let Done::Waiting = finished.done
                    && let Some(report) = finished.joined.and_then(|joined| self.common.known(joined))
                {
                    if let Outcome::Succeeded(json) = &report.outcome {
                        self.known.insert(*run, json.clone());
                    }
                    finished.done = Done::Ended(Box::new(report));
                }
            }
        }
    }

    /// An execution has gone on, to its end or until it waits. Where its process has died on the way, another one
    /// goes on with it, and whoever wanted something of it and was not told that it was kept asks once more.
    fn gone_on(
        &mut self,
        run: Local,
        done: Run,
        span: Span,
        again: impl FnOnce(&mut Simulation<Net>) -> Option<Run>,
    ) {
        let Some(done) = self.revived(run, done, span, again) else { return };
        let calls = self.mocks.borrow_mut().end();
        for called in calls.iter().filter(|called| called.unmocked) {
            let mocked = self.mocks.borrow().mocked(called);
            let found = calls::unmocked(called, &mocked, span, &|text| self.masked(text));
            self.found.push(found);
        }
        for called in calls.iter().filter(|called| called.again) {
            let message =
                format!("`{}` was done before the crash, and is called again after it", called.name);
            let help = "this is a fault of the engine, and not of the workflow: please report it";
            self.found.push(Diagnostic::failure("test", span, message).help(help));
        }
        let Some(finished) = self.runs.get_mut(&run) else { return };
        finished.called(calls);
        finished.done = match done {
            Run::Ended(report) => {
                if let Outcome::Succeeded(json) = &report.outcome {
                    self.known.insert(run, json.clone());
                }
                Done::Ended(report)
            }
            Run::Waiting => Done::Waiting,
            Run::Crashed | Run::Endless => {
                let redactor = finished.simulation.redactor();
                let sent = finished.simulation.requests_sent();
                let found = calls::endless(&finished.calls, sent, redactor, span);
                self.found.push(found);
                self.runs.remove(&run);
                return;
            }
        };
    }

    /// The run after its process has died, where it has: as often as it dies.
    fn revived(
        &mut self,
        run: Local,
        mut done: Run,
        span: Span,
        again: impl FnOnce(&mut Simulation<Net>) -> Option<Run>,
    ) -> Option<Run> {
        let mut again = Some(again);
        while let Run::Crashed = done {
            let finished = self.runs.get_mut(&run)?;
            self.mocks.borrow_mut().crash(finished.simulation.settled());
            done = match finished.simulation.recover(Duration::ZERO) {
                Ok(done) => done,
                Err(error) => {
                    let message = format!("the execution cannot go on after a crash: {error}");
                    self.found.push(Diagnostic::failure("test", span, message));
                    return None;
                }
            };
            if let Run::Waiting = done
                && let Some(again) = again.take()
                && let Some(further) = again(&mut finished.simulation)
            {
                done = further;
            }
        }
        Some(done)
    }

    /// Sends a signal or the answer of a callback, which stays the first one.
    fn send(
        &mut self,
        run: Local,
        name: &str,
        send: impl Fn(&mut Simulation<Net>) -> Result<Run, SignalRefusal>,
        span: Span,
    ) {
        self.mocks.borrow_mut().begin(run);
        let varied = self.variation.is_some();
        let Some(finished) = self.runs.get_mut(&run) else { return };
        let taken = |simulation: &Simulation<Net>| {
            let records = simulation.history().unwrap_or_default();
            let is_taken = |record: &Record| matches!(record, Record::Signalled(_) | Record::CalledBack(_));
            let is_kept = |record: &&Record| match record {
                Record::Sealed(sealed) => sealed.shell().is_ok_and(|shell| is_taken(&shell)),
                record => is_taken(record),
            };
            records.iter().filter(is_kept).count()
        };
        let before = taken(&finished.simulation);
        let send_again = |simulation: &mut Simulation<Net>| {
            if taken(simulation) > before { None } else { send(simulation).ok() }
        };
        match send(&mut finished.simulation) {
            Ok(done) => self.gone_on(run, done, span, send_again),
            Err(SignalRefusal::Repeated) => {}
            // What goes wrong has ended it before, or has kept it from what it would be sent: its sender is told so.
            Err(SignalRefusal::Ended | SignalRefusal::NoCallback) if varied => {}
            Err(refusal) => {
                let why = match &refusal {
                    SignalRefusal::NoCallback => "the execution has not made this callback".to_owned(),
                    refusal => refusal.to_string(),
                };
                let mut diagnostic =
                    Diagnostic::failure("test", span, format!("`{name}` is not taken: {why}"));
                if matches!(finished.done, Done::Ended(_)) || refusal == SignalRefusal::NoCallback {
                    diagnostic = diagnostic.note(format!("it {}", finished.ending()));
                }
                self.found.push(diagnostic);
            }
        }
    }

    /// Lets time pass for every execution that waits.
    fn advance(&mut self, time: Duration, span: Span) {
        self.advanced = self.advanced.saturating_add(time);
        let waits =
            |finished: &Finished<'_>| matches!(finished.done, Done::Waiting) && finished.joined.is_none();
        let waiting: Vec<Local> =
            self.runs.iter().filter(|(_, finished)| waits(finished)).map(|(run, _)| *run).collect();
        if waiting.is_empty() && self.variation.is_none() && !self.common.has_keys() {
            let diagnostic =
                Diagnostic::failure("test", span, "no execution waits here: time has nothing to change");
            self.found.push(diagnostic.help("leave it out: what only sleeps goes on by itself"));
        }
        for run in waiting {
            self.mocks.borrow_mut().begin(run);
            let Some(finished) = self.runs.get_mut(&run).filter(|finished| waits(finished)) else { continue };
            let us = i64::try_from(time.as_micros()).unwrap_or(i64::MAX);
            let until_us = finished.simulation.now().wall_us.saturating_add(us);
            let done = finished.simulation.advance(time);
            // Also where no time is left: what was due when the process died is due now.
            self.gone_on(run, done, span, |simulation| {
                let left_us = until_us.saturating_sub(simulation.now().wall_us);
                Some(simulation.advance(Duration::from_micros(u64::try_from(left_us).unwrap_or(0))))
            });
        }
    }

    /// Kills the process of every execution, and lets them go on from what was durable, in another one.
    fn crash(&mut self, span: Span) {
        let begun = self.runs.iter().filter(|(_, finished)| finished.joined.is_none());
        let runs: Vec<Local> = begun.map(|(run, _)| *run).collect();
        if runs.is_empty() {
            let diagnostic =
                Diagnostic::failure("test", span, "no execution has begun here: nothing crashes");
            self.found.push(diagnostic.help("start one before: `let run = workflow(…)`"));
        }
        for run in runs {
            self.mocks.borrow_mut().begin(run);
            self.gone_on(run, Run::Crashed, span, |_| None);
        }
    }
}
