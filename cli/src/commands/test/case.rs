//! One test, from its first line to its last.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Context as _;
use flow_diagnostics::Diagnostic;
use flow_driver::{
    Action, ActionKind, CallCount, Compilation, CompiledWorkflow, TestCase, TestOperation, Value,
};
use flow_engine::{Given, Outcome, Report, Run, resolve, run_virtual};
use flow_source::Span;
use flow_vm::Program;

use super::mocks::{Called, Mocks};
use super::snapshot::Snapshots;
use super::trace;

/// From which every test draws its chance.
const SEED: u64 = 1;

/// A name of the compiler's, as tests keep values under it.
type Local = flow_driver::LocalId;

/// What is known while a test runs.
struct Case<'a> {
    test: &'a TestCase,
    values: Program,
    compilation: &'a Compilation,
    mocks: Mocks,
    /// Values of `let`, and results of executions, as JSON.
    known: BTreeMap<Local, Vec<u8>>,
    runs: BTreeMap<Local, Finished<'a>>,
    found: Vec<Diagnostic>,
}

/// An execution under test at its end.
struct Finished<'a> {
    workflow: &'a CompiledWorkflow,
    report: Report,
    calls: Vec<Called>,
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
        mocks: Mocks::default(),
        known: BTreeMap::new(),
        runs: BTreeMap::new(),
        found: Vec::new(),
    };
    for action in &test.actions {
        case.act(action, snapshots)?;
        if !case.found.is_empty() {
            break;
        }
    }
    Ok(case.found)
}

impl Case<'_> {
    fn act(&mut self, action: &Action, snapshots: &mut Snapshots) -> anyhow::Result<()> {
        let span = action.span;
        match &action.kind {
            ActionKind::Mock { operation, arguments, answer } => {
                let arguments = arguments.as_ref().map(|arguments| self.arguments(arguments, span));
                let answer = super::mocks::prepare(answer, &mut |value| self.value(value, span));
                if self.found.is_empty() {
                    self.mocks.add(operation.clone(), arguments, answer);
                }
            }
            ActionKind::Start { run, workflow, input } => {
                let workflow = self.compilation.workflows.iter().find(|known| known.id == *workflow);
                let workflow = workflow.context("a test names a workflow that was not compiled")?;
                if let Some(input) = self.value(input, span) {
                    self.start(*run, workflow, &input, span)?;
                }
            }
            ActionKind::Let { local, value } => {
                if let Some(json) = self.value(value, span) {
                    self.known.insert(*local, json);
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
                    let text = trace::text(&finished.report, &finished.calls, &finished.workflow.plan);
                    let found = snapshots.compare(&self.test.name, "run.trace", &text, span)?;
                    self.found.extend(found);
                }
            }
            ActionKind::SnapshotValue(value) => {
                if let Some(json) = self.value(value, span) {
                    let text = String::from_utf8_lossy(&json).into_owned();
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
                let message = format!("this value cannot be computed: {}: {}", error.name, error.message);
                self.found.push(Diagnostic::failure("test", span, message));
                None
            }
        }
    }

    fn without_result(&mut self, run: Local, span: Span) {
        let ending = self.runs.get(&run).map(|finished| ending(&finished.report.outcome));
        let message = match ending {
            Some(ending) => format!("the execution has no result: it {ending}"),
            None => "this value is not known".to_owned(),
        };
        self.found.push(
            Diagnostic::failure("test", span, message)
                .help("expect its failure with `expect run fails Name`"),
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
        let program = Arc::new(Program::load(workflow.plan.clone())?);
        let resolved = match resolve(&program, &Given::new().with_stand_ins(&workflow.plan)) {
            Ok(resolved) => resolved,
            Err(errors) => {
                for error in errors {
                    let diagnostic = Diagnostic::failure("test", span, error.to_string());
                    self.found.push(diagnostic.help("give the config entry a default"));
                }
                return Ok(());
            }
        };
        let plan = &workflow.plan;
        let mocks = &mut self.mocks;
        mocks.begin();
        let done =
            run_virtual(Arc::clone(&program), input, resolved, SEED, |sending| mocks.answer(plan, sending));
        let calls = mocks.end();
        for called in calls.iter().filter(|called| called.unmocked) {
            let message = format!("`{}` was called, but has no mock", called.name);
            let help = format!("add `mock {} => …` before this line", called.name);
            self.found.push(Diagnostic::failure("test", span, message).help(help));
        }
        match done {
            Ok((Run::Ended(report), _)) => {
                if let Outcome::Succeeded(json) = &report.outcome {
                    self.known.insert(run, json.clone());
                }
                let workflow = self.compilation.workflows.iter().find(|known| known.id == workflow.id);
                if let Some(workflow) = workflow {
                    self.runs.insert(run, Finished { workflow, report: *report, calls });
                }
            }
            Ok((Run::Crashed | Run::Endless, _)) => {
                let message = "the execution never ends: it waits for nothing, or goes on for ever";
                self.found.push(Diagnostic::failure("test", span, message));
            }
            Err(error) => {
                let message = format!("the execution does not start: {error}");
                self.found.push(Diagnostic::failure("test", span, message));
            }
        }
        Ok(())
    }

    fn does_not_hold(&mut self, sides: Option<&(Value, Value)>, span: Span) {
        let mut diagnostic = Diagnostic::failure("test", span, "this does not hold");
        if let Some((left, right)) = sides {
            for (name, value) in [("left", left), ("right", right)] {
                if let Some(json) = self.value(value, span) {
                    diagnostic = diagnostic.note(format!("{name}: {}", String::from_utf8_lossy(&json)));
                }
            }
        }
        self.found.push(diagnostic);
    }

    fn fails(&mut self, run: Local, error: &str, span: Span) {
        let Some(finished) = self.runs.get(&run) else { return };
        let raised = match &finished.report.outcome {
            Outcome::Failed(failure) => Some(&failure.error),
            Outcome::NeedsAttention(attention) => Some(&attention.error),
            Outcome::Succeeded(_) | Outcome::Paused { .. } => None,
        };
        if raised.is_none_or(|raised| raised.name != error) {
            let message =
                format!("expected it to fail with `{error}`, but it {}", ending(&finished.report.outcome));
            self.found.push(self.with_trace(Diagnostic::failure("test", span, message), run));
        }
    }

    fn settled(&mut self, run: Local, span: Span) {
        let Some(finished) = self.runs.get(&run) else { return };
        if let Outcome::NeedsAttention(attention) = &finished.report.outcome {
            let mut diagnostic =
                Diagnostic::failure("test", span, "it has not settled: it waits for an operator");
            for step in &attention.steps {
                let name = finished.workflow.plan.step_name(step.step);
                diagnostic = diagnostic.note(match &step.undo_error {
                    Some(error) => format!("undoing `{name}` failed: {}", error.message),
                    None => format!("nobody knows whether `{name}` took effect"),
                });
            }
            self.found.push(self.with_trace(diagnostic, run));
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
                diagnostic = diagnostic.note(format!("its calls were: {}", same.join(", ")));
            }
            self.found.push(diagnostic);
        }
    }

    fn with_trace(&self, diagnostic: Diagnostic, run: Local) -> Diagnostic {
        match self.runs.get(&run) {
            Some(finished) => {
                let text = trace::text(&finished.report, &finished.calls, &finished.workflow.plan);
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

fn ending(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Succeeded(json) => format!("succeeded with {}", String::from_utf8_lossy(json)),
        Outcome::Failed(failure) => {
            format!("failed with `{}`: {}", failure.error.name, failure.error.message)
        }
        Outcome::NeedsAttention(attention) => {
            format!("needs attention after `{}`: {}", attention.error.name, attention.error.message)
        }
        Outcome::Paused { reason } => format!("is paused: {reason}"),
    }
}
