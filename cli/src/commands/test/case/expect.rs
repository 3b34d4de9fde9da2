//! What a test expects: a condition, a failure, that all is settled, and calls.

use flow_diagnostics::Diagnostic;
use flow_driver::{CallCount, TestOperation, Value};
use flow_engine::Outcome;
use flow_source::Span;

use super::{Case, Done, Local};
use crate::commands::test::mocks::Called;

impl Case<'_> {
    pub(super) fn does_not_hold(&mut self, sides: Option<&(Value, Value)>, span: Span) {
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

    pub(super) fn fails(&mut self, run: Local, error: &str, span: Span) {
        let Some(finished) = self.runs.get(&run) else { return };
        let raised = match finished.outcome() {
            Some(Outcome::Failed(failure)) => Some(&failure.error),
            Some(Outcome::NeedsAttention(attention)) => attention.error.as_ref(),
            Some(Outcome::Succeeded(_) | Outcome::Paused { .. }) | None => None,
        };
        if raised.is_none_or(|raised| raised.name != error) {
            let message = format!("expected it to fail with `{error}`, but it {}", finished.ending());
            self.found.push(self.with_trace(Diagnostic::failure("test", span, message), run));
        }
    }

    pub(super) fn settled(&mut self, run: Local, span: Span) {
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
                let name = crate::program::step_words(step.step, &finished.workflow.plan);
                diagnostic = diagnostic.note(match &step.undo_error {
                    Some(error) => format!("undoing {name} failed: {}", self.redactor.text(&error.message)),
                    None => format!("nobody knows whether {name} took effect"),
                });
                if step.undo_error.is_none() {
                    diagnostic = diagnostic.help(
                        "make its undo from the parameters, where it uses `result`; or add `confirm: …` to the operation",
                    );
                }
            }
            self.found.push(self.with_trace(diagnostic, run));
        } else if let Some(Outcome::Paused { reason }) = finished.outcome() {
            let message = format!("it has not settled: {}", self.redactor.text(reason));
            self.found.push(self.with_trace(Diagnostic::failure("test", span, message), run));
        }
    }

    pub(super) fn calls(
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
                let same = self.masked(&same.join(", "));
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
