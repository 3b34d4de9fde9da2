//! What an execution did, as text that is stable enough to be kept.

use std::fmt::Write as _;

use flow_engine::{AttemptResult, Outcome, Report, StepReport};
use flow_plan::Plan;
use flow_vm::{Raised, Undone};

use super::mocks::Called;
use crate::program::undone_name;

/// One line for each call, in the order in which they began, and one for the end.
pub(super) fn text(report: &Report, calls: &[Called], plan: &Plan) -> String {
    let mut out = String::new();
    for (index, step) in report.steps.iter().enumerate() {
        let call = calls
            .get(index)
            .filter(|call| call.name == step.name)
            .map_or_else(|| step.name.clone(), Called::words);
        let undo = if step.undoes { "undo " } else { "" };
        // Writing to a `String` cannot fail.
        let _ = writeln!(out, "{undo}{call} -> {}", attempts(step));
    }
    match &report.outcome {
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
