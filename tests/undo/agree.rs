//! Whether an execution did what a row of the table says.

use std::collections::BTreeSet;

use flow_engine::Outcome;
use flow_plan::{EffectClass, End, StepId, Undo, UndoCase, Undoing, When};

use super::execution::{Fault, Program, Seen};

/// What of the row of a step an execution did not do; nothing where it did as one of the cases says.
pub(super) fn disagreement(program: &Program, step: StepId, fault: Fault, seen: &Seen) -> Option<String> {
    let table = program.table();
    let Some(row) = table.iter().find(|row| row.step == Some(step)) else {
        return Some(format!("{step} has no row"));
    };
    let cases = cases(program, step, fault, &row.cases);
    if cases.is_empty() && matches!(fault, Fault::Cancelled | Fault::CancelledAndLost) {
        // The execution is cancelled, and the step goes on.
        return (!row.cases.iter().all(|case| case.when != When::CutOff))
            .then(|| format!("{} has no case for cancelling", row.operation));
    }
    if cases.is_empty() {
        return Some(format!("{} has no case for it", row.operation));
    }
    let problems: Vec<String> =
        cases.iter().map_while(|case| against(program, step, fault, case, seen).err()).collect();
    let agrees = problems.len() < cases.len();
    (!agrees).then(|| format!("{}: {}", row.operation, problems.join("; or: ")))
}

/// The cases that a fault may be.
fn cases<'a>(program: &Program, step: StepId, fault: Fault, all: &'a [UndoCase]) -> Vec<&'a UndoCase> {
    let safe = program.plan().step_operation(step).is_none_or(|it| it.class == EffectClass::Safe);
    let (when, names): (When, &[&str]) = match fault {
        Fault::Status(409) => (When::Fails, &["Full"]),
        Fault::Status(502) if !safe => (When::Unknown, &["http", "http 5xx", "http 502"]),
        Fault::Status(_) => (When::Fails, &["http", "http 5xx"]),
        Fault::Refused | Fault::LostAndNotDone => (When::Fails, &["refused", "connection"]),
        Fault::Lost if safe => (When::Fails, &["unknown", "connection"]),
        Fault::Lost => (When::Unknown, &["unknown", "connection"]),
        Fault::Cancelled | Fault::CancelledAndLost => (When::CutOff, &["cancelling"]),
        Fault::Slow => (When::CutOff, &[]),
    };
    let of_it = |case: &&UndoCase| case.when == when && !case.race_lost;
    let lost = |case: &&UndoCase| matches!(case.end, End::RaceLost { .. });
    let named = |case: &&UndoCase| {
        let is_named = |error: &String| error == "any error" || names.contains(&error.as_str());
        case.errors.iter().any(is_named)
    };
    let mut found: Vec<&UndoCase> = all.iter().filter(of_it).filter(named).collect();
    if found.is_empty() {
        found = all.iter().filter(of_it).filter(|case| case.errors.is_empty()).collect();
    }
    // Another branch may have won before.
    found.extend(all.iter().filter(lost));
    found
}

fn against(
    program: &Program,
    step: StepId,
    fault: Fault,
    case: &UndoCase,
    seen: &Seen,
) -> Result<(), String> {
    // What stops the execution is known from the fault: the step itself, where it is unknown.
    let stops = |undoing: &&Undoing| undoing.step == Some(step) && undoing.stops_if_unknown;
    let stopped = fault == Fault::CancelledAndLost && case.undone.iter().any(|undoing| stops(&undoing));
    let until = case.undone.iter().take_while(|undoing| !(stopped && stops(undoing)));
    let said: Vec<&Undoing> = until.collect();
    // A branch that has lost a race undoes its own, whatever becomes of the step.
    let lost = |case: &UndoCase| matches!(case.end, End::RaceLost { .. });
    let losers = program.table().iter().filter(|row| row.cases.iter().any(lost)).map(|row| row.step);
    let losers: BTreeSet<_> = losers.collect();
    let is_said = |step: &Option<StepId>| said.iter().any(|undoing| undoing.step == *step);
    let undone: Vec<_> =
        seen.undone.iter().filter(|step| is_said(step) || !losers.contains(step)).copied().collect();
    undone_as_said(&said, &undone)?;
    match (&case.end, &seen.outcome) {
        (End::Leaves, Outcome::Failed(_)) if !stopped => stays_as_said(program, case, seen),
        (End::Leaves, Outcome::NeedsAttention(attention)) if stopped => {
            same(&attention.steps.first().map(|left| left.step), &Some(step), "the step that stops it")
        }
        (
            End::NeedsAttention { operation, .. } | End::RaceGoesOnHeld { operation, .. },
            Outcome::NeedsAttention(attention),
        ) => {
            let ends = matches!(case.end, End::RaceGoesOnHeld { .. });
            same(&attention.result.is_some(), &ends, "whether it has a result")?;
            let stopping = attention.steps.first().map(|left| program.plan().step_name(left.step));
            same(&stopping, &Some(operation.clone()), "the step that stops it")?;
            // What this round of a loop has done may be undone, and what earlier ones have done waits.
            let undone = |undoing: &&Undoing| seen.undone.contains(&undoing.step) && !is_said(&undoing.step);
            match case.waiting.iter().find(undone) {
                Some(undoing) => Err(format!("{} is undone, and is said to wait", undoing.operation)),
                None => Ok(()),
            }
        }
        (
            End::Caught { .. } | End::Settled { .. } | End::RaceGoesOn { .. } | End::RaceLost { .. },
            Outcome::Succeeded(_),
        ) => Ok(()),
        (end, outcome) => Err(format!("it is said to end as {end:?}, and {}", outcome.words())),
    }
}

fn same<T: PartialEq + std::fmt::Debug>(seen: &T, said: &T, what: &str) -> Result<(), String> {
    if seen == said { Ok(()) } else { Err(format!("{what} is {seen:?}, not {said:?}")) }
}

/// Whether all is undone that is said to be, nothing else is, and in that order.
fn undone_as_said(said: &[&Undoing], seen: &[Option<StepId>]) -> Result<(), String> {
    // The steps of loops and of branches may be undone by turns: of them, only that they are undone is said.
    let by_turns: BTreeSet<_> = said.iter().filter(|it| it.each || it.branched).map(|it| it.step).collect();
    for step in seen {
        if !said.iter().any(|undoing| undoing.step == *step && undoing.by.is_some()) {
            return Err(format!("{step:?} is undone, and is not said to be"));
        }
    }
    for undoing in said.iter().filter(|undoing| !undoing.if_done && undoing.by.is_some()) {
        if !seen.contains(&undoing.step) {
            return Err(format!("{} is not undone, and is said to be", undoing.operation));
        }
    }
    let once = |step: &&Option<StepId>| !by_turns.contains(*step);
    let order: Vec<_> = seen.iter().filter(once).copied().collect();
    let said: Vec<_> =
        said.iter().map(|undoing| undoing.step).filter(|step| once(&step) && order.contains(step)).collect();
    same(&order, &said, "the order")
}

/// Whether what is done and not undone is said to stay.
fn stays_as_said(program: &Program, case: &UndoCase, seen: &Seen) -> Result<(), String> {
    let may_stay: BTreeSet<StepId> = case.stays.iter().map(|staying| staying.step).collect();
    for step in seen.forward.iter().filter(|step| Some(**step) != seen.met) {
        let safe = program.plan().step_operation(*step).is_none_or(|it| it.class == EffectClass::Safe);
        let nothing = program.plan().step(*step).is_none_or(|it| it.undo == Undo::Nothing);
        if !safe && !nothing && !seen.undone.contains(&Some(*step)) && !may_stay.contains(step) {
            return Err(format!("{step} stays, and is not said to"));
        }
    }
    for staying in case.stays.iter().filter(|staying| !staying.if_done) {
        let is_child = program.plan().step_child(staying.step).is_some();
        if !is_child && (!seen.forward.contains(&staying.step) || seen.undone.contains(&Some(staying.step))) {
            return Err(format!("{} is said to stay, and does not", staying.operation));
        }
    }
    Ok(())
}
