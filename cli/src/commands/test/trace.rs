//! What an execution did, as text that is stable enough to be kept.

use std::fmt::Write as _;

use flow_engine::{AttemptResult, Event, EventKind, Outcome, StepReport};
use flow_plan::Plan;
use flow_vm::{Raised, Undone};

use super::case::Done;
use super::mocks::Called;
use crate::program::undone_name;

/// One line for each call, in the order in which they began, with what was received and reported between them, and one
/// for the end, or for what it waits for.
pub(super) fn text(done: &Done, calls: &[Called], events: &[Event], plan: &Plan) -> String {
    let mut out = String::new();
    let mut between = between(events).into_iter().peekable();
    for (index, step) in done.steps().iter().enumerate() {
        while let Some((_, line)) = between.next_if(|(begun, _)| *begun <= index) {
            let _ = writeln!(out, "{line}");
        }
        let call = calls
            .get(index)
            .filter(|call| call.name == step.name)
            .map_or_else(|| step.name.clone(), Called::words);
        let undo = if step.undoes { "undo " } else { "" };
        // Writing to a `String` cannot fail.
        let _ = writeln!(out, "{undo}{call} -> {}", attempts(step));
    }
    for (_, line) in between {
        let _ = writeln!(out, "{line}");
    }
    let outcome = match done {
        Done::Ended(report) => &report.outcome,
        Done::Waiting { signals, .. } => {
            let _ = writeln!(out, "waits for {}", awaited(signals));
            return out;
        }
    };
    match outcome {
        Outcome::Succeeded(json) => {
            let _ = writeln!(out, "succeeded {}", String::from_utf8_lossy(json));
        }
        Outcome::Failed(failure) => {
            undone(&mut out, &failure.undone, plan);
            let _ = writeln!(out, "failed {}", error(&failure.error));
        }
        Outcome::NeedsAttention(attention) => {
            undone(&mut out, &attention.undone, plan);
            for step in &attention.steps {
                let _ = writeln!(out, "unsettled {}", plan.step_name(step.step));
            }
            let _ = writeln!(out, "needs attention {}", error(&attention.error));
        }
        Outcome::Paused { reason } => {
            let _ = writeln!(out, "paused {reason}");
        }
    }
    out
}

/// What is waited for, in words.
pub(super) fn awaited(signals: &[String]) -> String {
    if signals.is_empty() { "the answer of a callback".to_owned() } else { signals.join(", ") }
}

/// What was received and reported, each with the number of calls that had begun before.
fn between(events: &[Event]) -> Vec<(usize, String)> {
    let mut begun = std::collections::BTreeSet::new();
    let mut lines = Vec::new();
    for event in events {
        match &event.kind {
            EventKind::AttemptStarted { call, .. } => {
                begun.insert((call.path.clone(), call.undoes));
            }
            EventKind::Received { signal: Some(signal) } => {
                lines.push((begun.len(), format!("received {signal}")));
            }
            EventKind::Received { signal: None } => {
                lines.push((begun.len(), "received an answer".to_owned()))
            }
            EventKind::Reported { json } => {
                lines.push((begun.len(), format!("reported {}", String::from_utf8_lossy(json))));
            }
            _ => {}
        }
    }
    lines
}

fn undone(out: &mut String, undone: &[Undone], plan: &Plan) {
    for undone in undone {
        let _ = writeln!(out, "undone {}", undone_name(undone, plan));
    }
}

fn attempts(step: &StepReport) -> String {
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
