//! What an execution did, as text that is stable enough to be kept.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use flow_engine::{AttemptResult, Event, EventKind, Outcome, Report, Standing, StepReport, child_execution};
use flow_journal::ExecutionId;
use flow_plan::Plan;
use flow_vm::{Program, Raised, Undone};

use super::mocks::Called;
use crate::commands::run::progress::deprecated;
use crate::program::undone_name;

/// What a trace is made from.
pub(super) struct Trace<'a> {
    /// What it has come to, where it has ended.
    root: Option<&'a Report>,
    /// The executions that have not ended.
    standing: &'a [Standing],
    calls: &'a [Called],
    events: &'a [Event],
}

/// One execution of a trace.
#[derive(Clone, Copy)]
struct Seen<'a> {
    execution: ExecutionId,
    steps: &'a [StepReport],
    children: &'a [Report],
    /// What it has come to, or whether and for which signals it waits.
    outcome: Result<&'a Outcome, &'a Standing>,
}

impl<'a> Trace<'a> {
    pub(super) fn new(
        root: Option<&'a Report>,
        standing: &'a [Standing],
        calls: &'a [Called],
        events: &'a [Event],
    ) -> Self {
        Self { root, standing, calls, events }
    }

    /// One line for each call, in the order in which they began, with what was received and reported between them,
    /// and one for the end, or for what it waits for. What a child did stands below the call of its workflow,
    /// indented.
    pub(super) fn text(&self, program: &Program) -> String {
        let mut out = String::new();
        if let Some(root) = self.root.map(ended).or_else(|| self.standing.first().map(stands)) {
            self.write(&mut out, root, program, 0);
        }
        out
    }

    /// What became of an execution that a step started: of one that goes its own way, the first knows.
    fn child(&self, parent: Seen<'a>, execution: ExecutionId) -> Option<Seen<'a>> {
        let known = parent.children.iter().chain(self.root.into_iter().flat_map(|root| &root.children));
        let known = known.into_iter().find(|report| report.execution == execution).map(ended);
        let standing = || self.standing.iter().find(|standing| standing.execution == execution).map(stands);
        known.or_else(standing)
    }

    /// What a call has seen of an execution that another caller has begun.
    fn joined(&self, seen: Seen<'a>, joined: ExecutionId) -> &'a str {
        let mut ends = self.events.iter().filter(|event| event.execution == seen.execution);
        let end = ends.find_map(|event| match &event.kind {
            EventKind::ChildEnded { execution, outcome, .. } if *execution == joined => {
                Some(outcome.as_str())
            }
            _ => None,
        });
        end.unwrap_or("begun by another caller")
    }

    fn write(&self, out: &mut String, seen: Seen<'a>, program: &Program, depth: usize) {
        let (plan, indent) = (program.plan(), "  ".repeat(depth));
        let mut between = self.between(seen.execution).into_iter().peekable();
        // Writing to a `String` cannot fail.
        for (index, step) in seen.steps.iter().enumerate() {
            while let Some((_, line)) = between.next_if(|(begun, _)| *begun <= index) {
                let _ = writeln!(out, "{indent}{line}");
            }
            let undo = match () {
                () if step.path.confirms().is_some() => "confirm ",
                () if step.undoes => "undo ",
                () => "",
            };
            let Some(execution) = step.child else {
                let call = self.calls.iter().find(|call| call.is_at(seen.execution, &step.path));
                let call = call.map_or_else(|| step.name.clone(), Called::words);
                let _ = writeln!(out, "{indent}{undo}{call} -> {}", attempts(step));
                continue;
            };
            let child = plan.step_child(step.step);
            if execution != child_execution(seen.execution, &step.path) {
                let _ = writeln!(out, "{indent}{undo}join {} -> {}", step.name, self.joined(seen, execution));
                continue;
            }
            let start = if child.is_some_and(|(_, _, detached)| detached) { "start " } else { "" };
            let _ = writeln!(out, "{indent}{undo}{start}{}", step.name);
            let below = child.and_then(|(id, ..)| program.child(id));
            match self.child(seen, execution).zip(below) {
                Some((child, program)) => self.write(out, child, program, depth + 1),
                None => {
                    let _ = writeln!(out, "{indent}  did not begin");
                }
            }
        }
        for (_, line) in between {
            let _ = writeln!(out, "{indent}{line}");
        }
        let mut end = String::new();
        match seen.outcome {
            Ok(reached) => outcome(&mut end, reached, plan),
            Err(standing) if standing.awaits => {
                let _ = writeln!(end, "waits for {}", signals(standing));
            }
            Err(_) => {
                let _ = writeln!(end, "goes on");
            }
        }
        for line in end.lines() {
            let _ = writeln!(out, "{indent}{line}");
        }
    }

    /// What an execution received and reported, each with the number of its calls that had begun before.
    fn between(&self, execution: ExecutionId) -> Vec<(usize, String)> {
        let mut begun = BTreeSet::new();
        let mut children = BTreeSet::new();
        let mut lines = Vec::new();
        for event in self.events.iter().filter(|event| event.execution == execution) {
            let line = match &event.kind {
                EventKind::AttemptStarted { call, .. } => {
                    begun.insert((call.path.clone(), call.undoes));
                    continue;
                }
                EventKind::ChildStarted { execution, .. } => {
                    children.insert(*execution);
                    continue;
                }
                EventKind::Deprecated { call, deprecation } => {
                    format!("{} is {}", call.name, deprecated(deprecation))
                }
                EventKind::Received { signal: Some(signal) } => format!("received {signal}"),
                EventKind::Received { signal: None } => "received an answer".to_owned(),
                EventKind::Recovered => "recovered".to_owned(),
                EventKind::Reported { json } => format!("reported {}", String::from_utf8_lossy(json)),
                _ => continue,
            };
            lines.push((begun.len() + children.len(), line));
        }
        lines
    }
}

fn ended(report: &Report) -> Seen<'_> {
    Seen {
        execution: report.execution,
        steps: &report.steps,
        children: &report.children,
        outcome: Ok(&report.outcome),
    }
}

fn stands(standing: &Standing) -> Seen<'_> {
    Seen {
        execution: standing.execution,
        steps: &standing.steps,
        children: &standing.children,
        outcome: Err(standing),
    }
}

/// What is waited for, in words; of an execution that others are below, with whose signals they are.
pub(super) fn awaited(standing: &[Standing]) -> String {
    let awaiting = standing.iter().enumerate().filter(|(_, standing)| standing.awaits);
    let each = awaiting.map(|(index, standing)| match index {
        0 => signals(standing),
        _ => format!("{} of `{}`", signals(standing), standing.workflow),
    });
    each.collect::<Vec<_>>().join(", ")
}

fn signals(standing: &Standing) -> String {
    match standing.signals.as_slice() {
        [] => "the answer of a callback".to_owned(),
        signals => signals.join(", "),
    }
}

fn outcome(out: &mut String, outcome: &Outcome, plan: &Plan) {
    match outcome {
        Outcome::Succeeded(json) => {
            let _ = writeln!(out, "succeeded {}", String::from_utf8_lossy(json));
        }
        Outcome::Failed(failure) => {
            undone(out, &failure.undone, plan);
            let _ = writeln!(out, "failed {}", error(&failure.error));
        }
        Outcome::NeedsAttention(attention) => {
            undone(out, &attention.undone, plan);
            for step in &attention.steps {
                let _ = writeln!(out, "unsettled {}", plan.step_name(step.step));
            }
            let end = match (&attention.error, &attention.result) {
                (Some(raised), _) => error(raised),
                (None, result) => {
                    let result = result.as_deref().unwrap_or_default();
                    format!("with the result {}", String::from_utf8_lossy(result))
                }
            };
            let _ = writeln!(out, "needs attention {end}");
        }
        Outcome::Paused { reason } => {
            let _ = writeln!(out, "paused {reason}");
        }
    }
}

fn undone(out: &mut String, undone: &[Undone], plan: &Plan) {
    for undone in undone {
        let _ = writeln!(out, "undone {}", undone_name(undone, plan));
    }
}

fn attempts(step: &StepReport) -> String {
    if step.attempts.is_empty() {
        return "not sent".to_owned();
    }
    let each = step.attempts.iter().map(|attempt| match &attempt.result {
        Some(AttemptResult::Answered { status, .. }) => status.to_string(),
        Some(AttemptResult::NotSent { .. }) => "not sent".to_owned(),
        Some(AttemptResult::Unanswered { .. }) => "no answer".to_owned(),
        None => "cut off".to_owned(),
    });
    each.collect::<Vec<_>>().join(", then ")
}

fn error(error: &Raised) -> String {
    let fields = error.fields.as_deref().map(String::from_utf8_lossy);
    match fields {
        Some(fields) => format!("{} {fields}", error.name),
        None => format!("{}: {}", error.name, error.message),
    }
}
