//! The table for people: a block for each step, in 80 columns, in sentences that can be read aloud.

use std::fmt::{Result, Write};

use super::rows::LOST;
use super::{Attention, End, Staying, Stays, UndoCase, UndoRow, Undoing, When};
use std::collections::BTreeSet;

use crate::{Plan, StepId};

/// The columns of a line.
const WIDTH: usize = 80;
/// The columns before a sentence, and before what follows it.
const SENTENCE: usize = 2;
const LABEL: usize = 6;
const ITEM: usize = 15;

/// The table of some rows.
pub(super) fn text(plan: &Plan, rows: &[UndoRow]) -> String {
    let mut out = String::new();
    // Writing to a `String` cannot fail.
    let _ = write_all(&mut out, plan, rows);
    out
}

fn write_all(out: &mut String, plan: &Plan, rows: &[UndoRow]) -> Result {
    writeln!(out, "undo of {} v{}", plan.workflow, plan.version)?;
    if rows.is_empty() {
        return writeln!(out, "\n  The workflow calls nothing.");
    }
    let several = called_by_several(rows);
    for row in rows {
        let place = row.place.as_deref().unwrap_or_default();
        writeln!(out, "\n{place}  {}", row.operation)?;
        block(out, &several, row)?;
    }
    let undoes = |case: &UndoCase| !case.undone.is_empty() || !case.waiting.is_empty();
    if rows.iter().flat_map(|row| &row.cases).any(undoes) {
        let said = "An undo that fails for good stops no other. Nothing but a finally takes the error then: the \
                    execution stops as needs_attention.";
        out.push('\n');
        wrapped(out, "", 0, said)?;
    }
    Ok(())
}

/// The cases of a step; those that differ in nothing but what has happened to it are one.
fn block(out: &mut String, several: &BTreeSet<&str>, row: &UndoRow) -> Result {
    let mut shown: Vec<(Vec<String>, &UndoCase)> = Vec::new();
    for case in &row.cases {
        let (what, plain) = what(row, case);
        let same = |other: &&mut (Vec<String>, &UndoCase)| {
            let known = other.1;
            self::what(row, known).1 && known.comes_to_the_same(case)
        };
        match shown.iter_mut().find(same).filter(|_| plain) {
            Some((whats, _)) => whats.push(what),
            None => shown.push((vec![what], case)),
        }
    }
    if row.step.is_some() && row.cases.iter().all(|case| case.when != When::CutOff) {
        wrapped(out, "", SENTENCE, "it is never cut off: nothing reaches into a finally")?;
    }
    for (whats, case) in shown {
        let sentence = format!("{}{}", condition(&whats, case), end_words(&case.end));
        wrapped(out, "", SENTENCE, &sentence)?;
        let undone: Vec<String> = case.undone.iter().map(|undoing| undoing_words(several, undoing)).collect();
        let nothing = undone.is_empty() && case.end != End::GoesOnBeside;
        items(out, "undone", if nothing { vec!["nothing".to_owned()] } else { undone }, case.more_undone)?;
        let waiting = case.waiting.iter().map(|undoing| undoing_words(several, undoing)).collect();
        items(out, "waiting", waiting, case.more_waiting)?;
        let stays = case.stays.iter().map(|staying| staying_words(several, staying)).collect();
        items(out, "stays", stays, case.more_stays)?;
    }
    Ok(())
}

/// When a case is what happens, as the beginning of a sentence.
fn condition(whats: &[String], case: &UndoCase) -> String {
    let what = alternatives(whats);
    let alone = "no other branch succeeds";
    match (what.is_empty(), case.race_lost) {
        (true, true) => format!("if {alone}, "),
        (true, false) => String::new(),
        (false, lost) => {
            let it = if is_lost(case) { "" } else { "it " };
            let lost = if lost { format!(", and {alone}") } else { String::new() };
            format!("if {it}{what}{lost}, ")
        }
    }
}

/// What has happened to a step, and whether that is all there is to say of it.
fn what(row: &UndoRow, case: &UndoCase) -> (String, bool) {
    if is_lost(case) {
        return ("another branch wins".to_owned(), false);
    }
    let alone = row.cases.iter().filter(|other| other.when == case.when).count() == 1;
    let happened = match (case.when, &row.confirmed_by) {
        (When::Raises, _) if alone => return (String::new(), false),
        (When::Raises, _) if case.errors.is_empty() => {
            let others = row.cases.iter().any(|other| !other.errors.is_empty());
            return (if others { "is another error".to_owned() } else { String::new() }, false);
        }
        (When::Raises, _) => return (format!("is {}", alternatives(&case.errors)), false),
        (When::Fails, _) => "fails".to_owned(),
        (When::Unknown, None) => "is unknown".to_owned(),
        (When::Unknown, Some(confirms)) => format!("is unknown to {confirms} too"),
        (When::CutOff, _) => "is cut off".to_owned(),
    };
    if case.when == When::CutOff {
        let lost = |case: &&UndoCase| is_lost(case);
        let others = row.cases.iter().filter(|other| other.when == When::CutOff && !lost(other)).count();
        let causes: Vec<String> = case
            .errors
            .iter()
            .map(|cause| if cause.starts_with("deadline") { format!("the {cause}") } else { cause.clone() })
            .collect();
        return match others {
            1 => (happened, true),
            _ => (format!("{happened} by {}", alternatives(&causes)), false),
        };
    }
    if case.when == When::Unknown && case.errors.iter().any(|error| error == "unknown") {
        let others: Vec<String> = case.errors.iter().filter(|error| *error != "unknown").cloned().collect();
        let others = if others.is_empty() {
            String::new()
        } else {
            format!(", or is unknown with {}", alternatives(&others))
        };
        return (format!("gets no answer{others}"), false);
    }
    match (alone, case.errors.is_empty()) {
        (_, false) => (format!("{happened} with {}", alternatives(&case.errors)), false),
        (false, true)
            if row.cases.iter().any(|other| other.when == case.when && !other.errors.is_empty()) =>
        {
            (format!("{happened} otherwise"), false)
        }
        (_, true) => (happened, true),
    }
}

/// Whether another branch has won the race around.
fn is_lost(case: &UndoCase) -> bool {
    case.errors.iter().any(|cause| cause == LOST)
}

fn end_words(end: &End) -> String {
    let at = |place: &Option<String>| place.as_ref().map_or_else(String::new, |place| format!(" at {place}"));
    match end {
        End::Leaves => "the error leaves the workflow".to_owned(),
        End::Caught { place } => format!("it is caught{}", at(place)),
        End::Settled { place } => format!("the parallel settled{} gives it as Err", at(place)),
        End::RaceGoesOn { place } => format!("the race{} goes on with its other branches", at(place)),
        End::RaceLost { place } => format!("the race{} ends without it", at(place)),
        End::GoesOnBeside => "an error that is on its way goes on as without it".to_owned(),
        End::RaceGoesOnHeld { place, operation, why } => {
            let (at, why) = (at(place), why_words(operation, *why));
            format!(
                "the race{at} goes on without it, and the execution stops at its end as needs_attention: {why}"
            )
        }
        End::NeedsAttention { operation, why } => {
            format!("the execution stops as needs_attention: {}", why_words(operation, *why))
        }
    }
}

fn why_words(operation: &str, why: Attention) -> String {
    match why {
        Attention::UndoUsesResult => format!("the undo of {operation} uses the result"),
        Attention::NoUndo => format!("{operation} may not be repeated and has no undo"),
    }
}

fn undoing_words(several: &BTreeSet<&str>, undoing: &Undoing) -> String {
    let name = name(several, undoing.step, &undoing.operation, undoing.place.as_deref());
    let Some(by) = &undoing.by else {
        return format!("{name}, if unknown: it stops there");
    };
    let mut words = format!("{name} by {by}");
    words.push_str(match (undoing.each, undoing.if_done) {
        (true, true) => ", each that is done",
        (true, false) => ", each",
        (false, true) => ", if done",
        (false, false) => "",
    });
    if undoing.stops_if_unknown {
        words.push_str("; if unknown, it stops there");
    }
    words
}

fn staying_words(several: &BTreeSet<&str>, staying: &Staying) -> String {
    let name = name(several, Some(staying.step), &staying.operation, staying.place.as_deref());
    let why = match staying.why {
        Stays::Irreversible => "cannot be undone",
        Stays::Undeclared => "declares no undo",
        Stays::Committed => "committed",
        Stays::Started => "goes its own way",
    };
    let done = if staying.if_done { ", if done" } else { "" };
    format!("{name}{done}: {why}")
}

/// What several steps call.
fn called_by_several(rows: &[UndoRow]) -> BTreeSet<&str> {
    let mut known = BTreeSet::new();
    let steps = rows.iter().filter(|row| row.step.is_some()).map(|row| row.operation.as_str());
    steps.filter(|operation| !known.insert(*operation)).collect()
}

/// The name of a step; with its place where several steps call the same.
fn name(several: &BTreeSet<&str>, step: Option<StepId>, operation: &str, place: Option<&str>) -> String {
    let several = several.contains(operation);
    match place {
        Some(place) if several || step.is_none() => format!("{operation} at {place}"),
        _ => operation.to_owned(),
    }
}

/// `a`, `a or b`, `a, b or c`.
fn alternatives(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

fn items(out: &mut String, label: &str, items: Vec<String>, more: usize) -> Result {
    let more = (more > 0).then(|| format!("and {more} more"));
    let items: Vec<String> = items.into_iter().chain(more).collect();
    for (index, item) in items.iter().enumerate() {
        wrapped(out, if index == 0 { label } else { "" }, ITEM, item)?;
    }
    Ok(())
}

/// A text in lines, after a label, with its further lines indented.
fn wrapped(out: &mut String, label: &str, indent: usize, text: &str) -> Result {
    let further = if indent == SENTENCE { indent } else { indent + SENTENCE };
    let mut line = if label.is_empty() {
        " ".repeat(indent)
    } else {
        format!("{:LABEL$}{label:<width$}", "", width = indent.saturating_sub(LABEL))
    };
    let mut empty = true;
    for word in text.split(' ') {
        if !empty && line.chars().count() + 1 + word.chars().count() > WIDTH {
            writeln!(out, "{line}")?;
            line = " ".repeat(if indent == 0 { 0 } else { further });
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        line.push_str(word);
        empty = false;
    }
    writeln!(out, "{line}")
}
