//! A failure at run time, printed like a compile error: what happened, where in the source, what was undone, and
//! what to do next.

use flow_diagnostics::Diagnostic;
use flow_driver::{CompiledWorkflow, Sources};
use flow_engine::{AttemptReport, AttemptResult, Outcome, Report, StepReport};
use flow_plan::{EffectClass, Idempotency, Location, Meaning, StepId};
use flow_source::{FileId, Span};
use flow_vm::{Attention, Failure, Raised, StepPath, Undone};

use super::progress::{printable, span};
use crate::program::undone_name;

/// How much of an answer is shown.
const ANSWER_CHARS_MAX: usize = 300;

/// The diagnostic of a failed execution.
pub(crate) fn failed(
    failure: &Failure,
    workflow: &CompiledWorkflow,
    sources: &Sources,
    report: &Report,
) -> Diagnostic {
    let diagnostic = raised(&failure.error, workflow, sources, &report.steps);
    undone(diagnostic, &failure.undone, workflow, &report.children)
}

/// The diagnostic of an execution that waits for an operator.
pub(crate) fn held(
    attention: &Attention,
    workflow: &CompiledWorkflow,
    sources: &Sources,
    report: &Report,
) -> Diagnostic {
    let steps = &report.steps;
    let mut diagnostic = match &attention.error {
        Some(error) => raised(error, workflow, sources, steps),
        None => {
            let message = "it has a result, and what a branch that lost a race has done is not undone";
            let diagnostic = Diagnostic::failure("needs_attention", workflow.head, message);
            let result = attention.result.as_deref().unwrap_or_default();
            let result = crate::output::plain_json(&String::from_utf8_lossy(result));
            diagnostic.note(format!("its result: {}", printable(&result)))
        }
    };
    diagnostic = undone(diagnostic, &attention.undone, workflow, &report.children);
    for unsettled in &attention.steps {
        let name = crate::program::step_words(unsettled.step, &workflow.plan);
        diagnostic = match &unsettled.undo_error {
            Some(error) => diagnostic.note(format!("undoing {name} failed: {}", printable(&error.message))),
            None => diagnostic
                .note(format!("nobody knows whether {name} took effect, so nothing before it is undone")),
        };
    }
    let stands: Vec<&str> =
        standing(steps, &attention.undone, workflow).map(|step| step.name.as_str()).collect();
    if !stands.is_empty() {
        diagnostic = diagnostic.note(format!("done, and not undone: {}", stands.join(", ")));
    }
    diagnostic.help("needs attention: ask the called service what it did, and settle it there by hand")
}

fn raised(
    error: &Raised,
    workflow: &CompiledWorkflow,
    sources: &Sources,
    steps: &[StepReport],
) -> Diagnostic {
    let location = workflow.debug.location(error.at.0, error.at.1);
    let place = location.map_or(workflow.head, |location| self::place(location, workflow, sources));
    let mut diagnostic = Diagnostic::failure(&error.name, place, printable(&error.message));
    if let Some((step, path)) = &error.step {
        let name = workflow.plan.step_name(*step);
        diagnostic = diagnostic.label(format!("`{name}` failed here"));
        if let Some(attempts) = attempts(*step, path, steps) {
            diagnostic = diagnostic.note(format!("attempts of `{name}`: {attempts}"));
        }
        if let Some(answer) = answer(*step, path, steps) {
            diagnostic = diagnostic.note(format!("the answer: {answer}"));
        }
    } else {
        diagnostic = diagnostic.label("raised here");
        if let Some(fields) = error.fields.as_deref().filter(|fields| *fields != b"{}") {
            let fields = crate::output::plain_json(&String::from_utf8_lossy(fields));
            diagnostic = diagnostic.note(format!("its fields: {}", printable(&fields)));
        }
    }
    for also in &error.also {
        diagnostic = diagnostic.note(format!(
            "a sibling branch failed too: {}: {}",
            also.name,
            printable(&also.message)
        ));
    }
    let mut cause = error.because.as_deref();
    while let Some(because) = cause {
        diagnostic = diagnostic.note(format!("because of {}: {}", because.name, printable(&because.message)));
        cause = because.because.as_deref();
    }
    diagnostic
}

/// The span of a place of the debug section: in the same texts, since the plan was made from them.
pub(crate) fn place(location: Location, workflow: &CompiledWorkflow, sources: &Sources) -> Span {
    let name = workflow.debug.files.get(location.file as usize).map_or("", String::as_str);
    let file = sources.iter().find(|file| file.name() == name).map_or(FileId(0), flow_source::SourceFile::id);
    Span::new(file, location.start, location.end)
}

/// The attempts of a call, in words: `503, 503, 402`.
fn attempts(step: StepId, path: &StepPath, steps: &[StepReport]) -> Option<String> {
    let report = steps.iter().find(|report| report.step == step && report.path == *path)?;
    // The same outcome several times in a row is said once.
    let mut words: Vec<(String, usize)> = Vec::new();
    for word in report.attempts.iter().map(attempt) {
        match words.last_mut() {
            Some((last, times)) if *last == word => *times += 1,
            _ => words.push((word, 1)),
        }
    }
    let said =
        words.iter().map(|(word, times)| if *times > 1 { format!("{times} × {word}") } else { word.clone() });
    let said: Vec<String> = said.collect();
    (!said.is_empty()).then(|| format!("{} ({})", report.attempts.len(), said.join(", ")))
}

/// The beginning of the last answer to a call, on one line.
fn answer(step: StepId, path: &StepPath, steps: &[StepReport]) -> Option<String> {
    let report = steps.iter().find(|report| report.step == step && report.path == *path)?;
    let excerpt = &report.attempts.last()?.excerpt;
    let text = String::from_utf8_lossy(excerpt);
    let text = printable(text.split_whitespace().collect::<Vec<_>>().join(" ").as_str());
    let shown: String = text.chars().take(ANSWER_CHARS_MAX).collect();
    let more = if shown.len() < text.len() { " …" } else { "" };
    (!shown.is_empty()).then(|| format!("{shown}{more}"))
}

/// The steps that took effect and still stand: neither undone nor undoing.
pub(crate) fn standing<'a>(
    steps: &'a [StepReport],
    undone: &'a [Undone],
    workflow: &'a CompiledWorkflow,
) -> impl Iterator<Item = &'a StepReport> {
    steps.iter().filter(move |step| {
        let acts = workflow.plan.step_operation(step.step).is_some_and(|operation| {
            operation.class != EffectClass::Safe && operation.idempotency != Some(Idempotency::Natural)
        });
        let was_undone =
            undone.iter().any(|undone| undone.step == Some(step.step) && undone.path == step.path);
        let done = took_effect(step) || was_confirmed(step, steps, workflow);
        acts && done && !step.undoes && !was_undone
    })
}

/// Whether it was confirmed in the end that a step is done.
fn was_confirmed(step: &StepReport, steps: &[StepReport], workflow: &CompiledWorkflow) -> bool {
    let last = steps.iter().rfind(|other| other.path.confirms() == Some(step.path.0.as_str()));
    let answer =
        last.and_then(|last| Some((last.attempts.last()?, workflow.plan.step_operation(last.step)?)));
    answer.is_some_and(|(attempt, operation)| match attempt.result {
        Some(AttemptResult::Answered { status, good: true }) => {
            operation.meaning(status) != Meaning::Absent && attempt.excerpt.trim_ascii() != b"null"
        }
        _ => false,
    })
}

/// Whether an attempt of a call was answered with what it needs.
pub(crate) fn took_effect(step: &StepReport) -> bool {
    let good =
        |attempt: &AttemptReport| matches!(attempt.result, Some(AttemptResult::Answered { good: true, .. }));
    step.attempts.iter().any(good)
}

fn attempt(attempt: &AttemptReport) -> String {
    let took = attempt.took_us.map_or_else(String::new, |us| format!(" after {}", span(us)));
    match &attempt.result {
        Some(AttemptResult::Answered { status, .. }) => format!("{status}{took}"),
        Some(AttemptResult::NotSent { message }) => format!("not sent: {}", printable(message)),
        Some(AttemptResult::Unanswered { message }) => format!("no answer{took}: {}", printable(message)),
        None => "cut off".to_owned(),
    }
}

fn undone(
    mut diagnostic: Diagnostic,
    undone: &[Undone],
    workflow: &CompiledWorkflow,
    children: &[Report],
) -> Diagnostic {
    let below = undone_below(children);
    if !undone.is_empty() {
        let names: Vec<String> = undone.iter().map(|undone| undone_name(undone, &workflow.plan)).collect();
        diagnostic = diagnostic.note(format!("undone, in this order: {}", names.join(", ")));
    }
    match (undone, below.as_slice()) {
        ([], []) => diagnostic.note("nothing was undone"),
        (_, []) => diagnostic,
        (_, below) => {
            diagnostic.note(format!("undone by the executions that it called: {}", below.join(", ")))
        }
    }
}

/// What executions that did not succeed have undone themselves, and those below them.
fn undone_below(children: &[Report]) -> Vec<String> {
    let mut names = Vec::new();
    for child in children {
        let undone = match &child.outcome {
            Outcome::Failed(failure) => &failure.undone[..],
            Outcome::NeedsAttention(attention) => &attention.undone,
            Outcome::Succeeded(_) | Outcome::Paused { .. } => &[],
        };
        names.extend(undone.iter().map(|undone| {
            let step =
                child.steps.iter().find(|step| Some(step.step) == undone.step && step.path == undone.path);
            step.map_or_else(|| "an `undo` block".to_owned(), |step| step.name.clone())
        }));
        names.extend(undone_below(&child.children));
    }
    names
}
