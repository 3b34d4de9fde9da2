//! One test, from its first line to its last.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use flow_diagnostics::Diagnostic;
use flow_driver::{
    Action, ActionKind, CallCount, Compilation, CompiledWorkflow, TestCase, TestOperation, Value,
};
use flow_engine::{Answer, Given, Outcome, Report, Run, Sending, Simulation, resolve};
use flow_http::Redactor;
use flow_journal::ExecutionId;
use flow_source::Span;
use flow_vm::Program;

use super::mocks::{Called, Mocks};
use super::snapshot::Snapshots;
use super::trace::{self, Trace};

/// From which every test draws its chance.
const SEED: u64 = 1;

/// A name of the compiler's, as tests keep values under it.
type Local = flow_driver::LocalId;

/// What is known while a test runs.
struct Case<'a> {
    test: &'a TestCase,
    values: Program,
    compilation: &'a Compilation,
    mocks: Rc<RefCell<Mocks>>,
    /// Values of `let`, and results of executions, as JSON.
    known: BTreeMap<Local, Vec<u8>>,
    runs: BTreeMap<Local, Finished<'a>>,
    found: Vec<Diagnostic>,
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
    /// The calls whose end was durable when the process died: none of them is made again.
    settled: BTreeSet<(ExecutionId, String)>,
    simulation: Simulation<Net>,
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
            None => format!("waits for {}", trace::awaited(&self.simulation.standing())),
        }
    }

    /// Notes calls. One that was under way when the process died goes on as the same call; one that was settled
    /// then, and is made all the same, is another.
    fn called(&mut self, calls: Vec<Called>) {
        for called in calls {
            let (execution, path) = called.place();
            let again = self.settled.contains(&(execution, path.0.clone()));
            if again || !self.calls.iter().any(|known| known.is_at(execution, path)) {
                self.calls.push(called);
            }
        }
    }

    fn trace(&self) -> String {
        let report = match &self.done {
            Done::Ended(report) => Some(&**report),
            Done::Waiting => None,
        };
        let standing = self.simulation.standing();
        let text = Trace::new(report, &standing, &self.calls, self.simulation.events()).text(&self.program);
        self.simulation.redactor().text(&text)
    }
}

/// Runs a test, and gives what is wrong: nothing where it passes. The first thing that is wrong ends it, except
/// that all calls without a mock are named.
///
/// # Errors
/// Where a snapshot cannot be read or written.
pub(super) fn run(
    test: &TestCase,
    compilation: &Compilation,
    snapshots: &mut Snapshots,
) -> anyhow::Result<Vec<Diagnostic>> {
    let mut case = Case {
        test,
        values: Program::load(test.plan.clone())?,
        compilation,
        mocks: Rc::default(),
        known: BTreeMap::new(),
        runs: BTreeMap::new(),
        found: Vec::new(),
        redactor: Redactor::default(),
    };
    for action in &test.actions {
        case.act(action, snapshots)?;
        if !case.found.is_empty() {
            break;
        }
    }
    Ok(case.found)
}

impl<'c> Case<'c> {
    fn act(&mut self, action: &Action, snapshots: &mut Snapshots) -> anyhow::Result<()> {
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
                let workflow = self.compilation.workflows.iter().find(|known| known.id == *workflow);
                let workflow = workflow.context("a test names a workflow that was not compiled")?;
                if let Some(input) = self.value(input, span) {
                    self.start(*run, workflow, &input, span)?;
                }
            }
            ActionKind::Send { run, signal, value } => {
                if let Some(json) = self.value(value, span) {
                    self.send(*run, signal, &json, span);
                }
            }
            ActionKind::Advance { micros } => self.advance(Duration::from_micros(*micros), span),
            ActionKind::Crash => self.crash(span),
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
            ActionKind::Fails { run, error } => self.fails(*run, error, span),
            ActionKind::Settled { run } => self.settled(*run, span),
            ActionKind::Calls { operation, arguments, count } => {
                let arguments = arguments.as_ref().map(|arguments| self.arguments(arguments, span));
                self.calls(operation, arguments.as_deref(), count, span);
            }
            ActionKind::SnapshotTrace { run } => {
                if let Some(finished) = self.runs.get(run) {
                    let text = finished.trace();
                    let found = snapshots.compare(&self.test.name, "run.trace", &text, span)?;
                    self.found.extend(found);
                }
            }
            ActionKind::SnapshotValue(value) => {
                if let Some(json) = self.value(value, span) {
                    let text = self.redactor.text(&String::from_utf8_lossy(&json));
                    self.found.extend(snapshots.compare(&self.test.name, "value", &text, span)?);
                }
            }
        }
        Ok(())
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
        match self.values.evaluate(value.function, &arguments) {
            Ok(json) => Some(json),
            Err(error) => {
                let message = self.redactor.text(&error.message);
                let message = format!("this value cannot be computed: {}: {message}", error.name);
                self.found.push(Diagnostic::failure("test", span, message));
                None
            }
        }
    }

    fn without_result(&mut self, run: Local, span: Span) {
        let ending = self.runs.get(&run).map(Finished::ending);
        let message = match ending {
            Some(ending) => format!("the execution has no result: it {ending}"),
            None => "this value is not known".to_owned(),
        };
        self.found.push(
            Diagnostic::failure("test", span, message)
                .help("expect its failure with `expect run fails Name`, or send it what it waits for"),
        );
    }

    fn arguments(&mut self, arguments: &[Option<Value>], span: Span) -> Vec<Option<Vec<u8>>> {
        arguments.iter().map(|value| value.as_ref().and_then(|value| self.value(value, span))).collect()
    }

    fn start<'a>(
        &mut self,
        run: Local,
        workflow: &'a CompiledWorkflow,
        input: &[u8],
        span: Span,
    ) -> anyhow::Result<()>
    where
        Self: 'a,
    {
        let program = crate::program::Program::link(self.compilation, workflow, &|_| {})?;
        let mut given = Given::new().with_stand_ins(&workflow.plan);
        for below in program.descendants() {
            given = given.with_stand_ins(below.plan());
        }
        let resolved = match resolve(&program, &given) {
            Ok(resolved) => resolved,
            Err(errors) => {
                for error in errors {
                    let diagnostic = Diagnostic::failure("test", span, error.to_string());
                    self.found.push(diagnostic.help("give the config entry a default"));
                }
                return Ok(());
            }
        };
        self.redactor.learn_all(resolved.redactor());
        let mocks = Rc::clone(&self.mocks);
        let net: Net = Box::new(move |sending| mocks.borrow_mut().answer(sending));
        let mut simulation = Simulation::new(Arc::clone(&program), resolved, SEED, net);
        simulation.hold_time();
        self.mocks.borrow_mut().begin();
        let workflow = self.compilation.workflows.iter().find(|known| known.id == workflow.id);
        let workflow = workflow.context("a test names a workflow that was not compiled")?;
        match simulation.start(input) {
            Ok(done) => {
                let begun = Finished {
                    workflow,
                    program,
                    done: Done::Waiting,
                    calls: Vec::new(),
                    settled: BTreeSet::new(),
                    simulation,
                };
                self.runs.insert(run, begun);
                self.gone_on(run, done, span);
            }
            Err(error) => {
                let message = format!("the execution does not start: {error}");
                self.found.push(Diagnostic::failure("test", span, message));
            }
        }
        Ok(())
    }

    /// An execution has gone on, to its end or until it waits.
    fn gone_on(&mut self, run: Local, done: Run, span: Span) {
        let calls = self.mocks.borrow_mut().end();
        for called in calls.iter().filter(|called| called.unmocked) {
            let message = format!("`{}` was called, but has no mock", called.name);
            let help = format!("add `mock {} => …` before this line", called.name);
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
                let message = "the execution never ends: it waits for nothing, or goes on for ever";
                self.found.push(Diagnostic::failure("test", span, message));
                self.runs.remove(&run);
                return;
            }
        };
    }

    fn send(&mut self, run: Local, signal: &str, json: &[u8], span: Span) {
        self.mocks.borrow_mut().begin();
        let Some(finished) = self.runs.get_mut(&run) else { return };
        match finished.simulation.signal(signal, json) {
            Ok(done) => self.gone_on(run, done, span),
            Err(refusal) => {
                let mut diagnostic =
                    Diagnostic::failure("test", span, format!("`{signal}` is not taken: {refusal}"));
                if let Done::Ended(_) = &finished.done {
                    diagnostic = diagnostic.note(format!("it {}", finished.ending()));
                }
                self.found.push(diagnostic);
            }
        }
    }

    /// Lets time pass for every execution that waits.
    fn advance(&mut self, time: Duration, span: Span) {
        let waits = |finished: &Finished<'_>| matches!(finished.done, Done::Waiting);
        let waiting: Vec<Local> =
            self.runs.iter().filter(|(_, finished)| waits(finished)).map(|(run, _)| *run).collect();
        if waiting.is_empty() {
            let diagnostic =
                Diagnostic::failure("test", span, "no execution waits here: time has nothing to change");
            self.found.push(diagnostic.help("leave it out: what only sleeps goes on by itself"));
        }
        for run in waiting {
            self.mocks.borrow_mut().begin();
            let Some(finished) = self.runs.get_mut(&run) else { continue };
            let done = finished.simulation.advance(time);
            self.gone_on(run, done, span);
        }
    }

    /// Kills the process of every execution, and lets them go on from what was durable, in another one.
    fn crash(&mut self, span: Span) {
        let runs: Vec<Local> = self.runs.keys().copied().collect();
        if runs.is_empty() {
            let diagnostic =
                Diagnostic::failure("test", span, "no execution has begun here: nothing crashes");
            self.found.push(diagnostic.help("start one before: `let run = workflow(…)`"));
        }
        for run in runs {
            self.mocks.borrow_mut().begin();
            let Some(finished) = self.runs.get_mut(&run) else { continue };
            finished.settled = finished.simulation.settled();
            match finished.simulation.recover(Duration::ZERO) {
                Ok(done) => self.gone_on(run, done, span),
                Err(error) => {
                    let message = format!("the execution cannot go on after a crash: {error}");
                    self.found.push(Diagnostic::failure("test", span, message));
                }
            }
        }
    }

    fn does_not_hold(&mut self, sides: Option<&(Value, Value)>, span: Span) {
        let mut diagnostic = Diagnostic::failure("test", span, "this does not hold");
        if let Some((left, right)) = sides {
            for (name, value) in [("left", left), ("right", right)] {
                if let Some(json) = self.value(value, span) {
                    let shown = self.redactor.text(&String::from_utf8_lossy(&json));
                    diagnostic = diagnostic.note(format!("{name}: {shown}"));
                }
            }
        }
        self.found.push(diagnostic);
    }

    fn fails(&mut self, run: Local, error: &str, span: Span) {
        let Some(finished) = self.runs.get(&run) else { return };
        let raised = match finished.outcome() {
            Some(Outcome::Failed(failure)) => Some(&failure.error),
            Some(Outcome::NeedsAttention(attention)) => Some(&attention.error),
            Some(Outcome::Succeeded(_) | Outcome::Paused { .. }) | None => None,
        };
        if raised.is_none_or(|raised| raised.name != error) {
            let message = format!("expected it to fail with `{error}`, but it {}", finished.ending());
            self.found.push(self.with_trace(Diagnostic::failure("test", span, message), run));
        }
    }

    fn settled(&mut self, run: Local, span: Span) {
        let Some(finished) = self.runs.get(&run) else { return };
        if let Done::Waiting = finished.done {
            let message = format!("it has not settled: it {}", finished.ending());
            self.found.push(self.with_trace(Diagnostic::failure("test", span, message), run));
            return;
        }
        if let Some(Outcome::NeedsAttention(attention)) = finished.outcome() {
            let mut diagnostic =
                Diagnostic::failure("test", span, "it has not settled: it waits for an operator");
            for step in &attention.steps {
                let name = finished.workflow.plan.step_name(step.step);
                diagnostic = diagnostic.note(match &step.undo_error {
                    Some(error) => {
                        format!("undoing `{name}` failed: {}", self.redactor.text(&error.message))
                    }
                    None => format!("nobody knows whether `{name}` took effect"),
                });
            }
            self.found.push(self.with_trace(diagnostic, run));
        } else if let Some(Outcome::Paused { reason }) = finished.outcome() {
            let message = format!("it has not settled: {}", self.redactor.text(reason));
            self.found.push(self.with_trace(Diagnostic::failure("test", span, message), run));
        }
    }

    fn calls(
        &mut self,
        operation: &TestOperation,
        arguments: Option<&[Option<Vec<u8>>]>,
        count: &CallCount,
        span: Span,
    ) {
        let all: Vec<&Called> = self.runs.values().flat_map(|finished| &finished.calls).collect();
        let found: Vec<&&Called> = all.iter().filter(|called| called.is(operation, arguments)).collect();
        let name = format!("{}.{}", operation.api, operation.operation);
        let problem = match count {
            CallCount::Exactly(count) => {
                let actual = found.len() as u64;
                (actual != *count)
                    .then(|| format!("expected {} of `{name}`, found {}", calls(*count), calls(actual)))
            }
            CallCount::Before(other) => {
                let first = all.iter().position(|called| called.is(operation, arguments));
                let second = all.iter().position(|called| called.is(other, None));
                let other = format!("{}.{}", other.api, other.operation);
                match (first, second) {
                    (None, _) => Some(format!("`{name}` was not called")),
                    (Some(first), Some(second)) if first > second => {
                        Some(format!("`{name}` was called after `{other}`"))
                    }
                    _ => None,
                }
            }
        };
        if let Some(problem) = problem {
            let mut diagnostic = Diagnostic::failure("test", span, problem);
            let same: Vec<String> =
                all.iter().filter(|called| called.is(operation, None)).map(|called| called.words()).collect();
            if arguments.is_some() && !same.is_empty() {
                let same = self.redactor.text(&same.join(", "));
                diagnostic = diagnostic.note(format!("its calls were: {same}"));
            }
            self.found.push(diagnostic);
        }
    }

    fn with_trace(&self, diagnostic: Diagnostic, run: Local) -> Diagnostic {
        match self.runs.get(&run) {
            Some(finished) => {
                let text = finished.trace();
                diagnostic.note(format!("what it did:\n{}", text.trim_end()))
            }
            None => diagnostic,
        }
    }
}

fn calls(count: u64) -> String {
    match count {
        0 => "no call".to_owned(),
        1 => "1 call".to_owned(),
        count => format!("{count} calls"),
    }
}
