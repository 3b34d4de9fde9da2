//! Child executions: never two of one step, wherever the process dies; and every parent ends, or says whom it waits
//! for.

use std::{sync::Arc, time::Duration};

use flow_engine::{Outcome, RecoverError, Report, Run, Simulation, StepReport, child_execution};
use flow_journal::{ExecutionId, Record};
use flow_vm::{Program, StepPath};

use crate::{
    shop::{CHARGE, NOTIFY, QUOTE, RESERVE, SECOND, Shop},
    simulation::{check, seeds},
    world::{Fate, World, chaotic, link, load, settings},
};

/// Where the process dies, and what else happens.
#[derive(Clone, Copy, Debug)]
struct Case {
    seed: u64,
    crashes: [Option<u64>; 2],
    snapshot_every: u32,
    cancel_after: Option<Duration>,
    detached: bool,
}

fn family(within_us: u64, detached: bool) -> (Arc<Program>, Arc<Program>) {
    let child = load(Shop::default().order());
    let parent = Shop { within_us, ..Shop::default() }.parent_of(child.plan(), detached);
    (link(parent, &child), child)
}

/// How a child stands, by its own history: its outcome where it has ended.
fn ending(records: &[Record]) -> Option<(Outcome, Vec<StepReport>)> {
    match records.last() {
        Some(Record::Ended(ended)) => Some(postcard::from_bytes(&ended.outcome).unwrap()),
        _ => None,
    }
}

fn run(case: Case) -> u64 {
    let within_us = [600 * SECOND, 12 * SECOND, 5 * SECOND][(case.seed / 3 % 3) as usize];
    let (parent, child) = family(within_us, case.detached);
    let world = World::default();
    let net = chaotic(&world, case.seed);
    let mut simulation = Simulation::new(parent.clone(), settings(&parent), case.seed, net);
    simulation.set_snapshot_every(case.snapshot_every);
    case.crashes.into_iter().flatten().for_each(|action| simulation.crash_before(action));
    if let Some(after) = case.cancel_after {
        simulation.cancel_after(after);
    }
    let mut run = simulation.start(br#"{"id":"o-1"}"#).unwrap();
    let report: Report = loop {
        match run {
            Run::Ended(report) => break *report,
            Run::Waiting | Run::Endless => {
                panic!("it neither ends nor waits for anybody: {:#?}", simulation.events())
            }
            Run::Crashed => match simulation.recover(Duration::from_secs(2)) {
                Ok(next) => run = next,
                Err(RecoverError::NoBeginning) => {
                    assert!(world.seen().is_empty(), "nothing was sent before");
                    return simulation.actions_done();
                }
                Err(error) => panic!("it cannot go on: {error}"),
            },
        }
    };
    let begun: Vec<ExecutionId> = simulation.begun().collect();
    let expected = child_execution(report.execution, &StepPath("7".into()));
    match begun.as_slice() {
        [own] => assert_eq!(*own, report.execution),
        [own, other] => assert_eq!((*own, *other), (report.execution, expected)),
        more => panic!("one step, one child: {more:?}"),
    }
    if begun.len() == 1 {
        // It was cancelled before its child began.
        assert!(matches!(&report.outcome, Outcome::Failed(_)) && world.seen().is_empty(), "{report:?}");
        return simulation.actions_done();
    }
    let history = simulation.history_of(expected).unwrap();
    let starts: Vec<_> = history
        .iter()
        .filter_map(|record| if let Record::Started(started) = record { Some(started) } else { None })
        .collect();
    let [started] = starts.as_slice() else { panic!("it has begun {} times", starts.len()) };
    let link = started.parent.as_ref().unwrap();
    assert_eq!((link.execution, link.path.as_str(), link.detached), (report.execution, "7", case.detached));
    agree(&report, &history, case, &world, &child);
    simulation.actions_done()
}

/// What a parent says is what became of its child.
fn agree(report: &Report, history: &[Record], case: Case, world: &World, child: &Program) {
    let Some((outcome, steps)) = ending(history) else {
        assert!(matches!(history.last(), Some(Record::Held(_))), "a child ends or is held: {history:?}");
        match &report.outcome {
            Outcome::Paused { reason } => {
                assert!(!case.detached && reason.contains("which needs attention"), "{reason}");
            }
            outcome => assert!(case.detached, "its parent waits: {outcome:?}"),
        }
        return;
    };
    let own = Report { execution: report.execution, outcome, steps, children: Vec::new() };
    check(&own, world, child);
    match (&own.outcome, &report.outcome) {
        (_, Outcome::Succeeded(id)) if case.detached => assert_eq!(id.len(), 36 + 2),
        (_, Outcome::Failed(failure)) if case.detached => assert_eq!(failure.error.name, "cancelled"),
        (Outcome::Succeeded(theirs), Outcome::Succeeded(ours)) => assert_eq!(theirs, ours),
        (theirs, Outcome::Failed(ours)) => {
            let interrupted = matches!(ours.error.name.as_str(), "cancelled" | "deadline");
            match theirs {
                Outcome::Failed(theirs) => {
                    assert!(interrupted || theirs.error.name == ours.error.name, "{theirs:?} {ours:?}");
                    assert!(interrupted || theirs.error.fields == ours.error.fields, "{theirs:?} {ours:?}");
                }
                // It had succeeded when its parent was told to stop.
                _ => assert!(interrupted, "{theirs:?} {ours:?}"),
            }
        }
        (theirs, ours) => panic!("{theirs:?} became {ours:?}"),
    }
}

fn named(case: Case) -> u64 {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run(case))).unwrap_or_else(|cause| {
        let said = cause.downcast_ref::<String>().cloned();
        let said = said.or_else(|| cause.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        panic!("FLOW_SEED={} fails at {case:?}: {}", case.seed, said.unwrap_or_default())
    })
}

#[test]
fn never_two_children_of_one_step_wherever_the_process_dies() {
    // Every third seed has every mixture of deadlines, cancels and starts.
    for seed in seeds().step_by(3) {
        let snapshot_every = [1, 3, 64][(seed / 3 % 3) as usize];
        let cancel_after = (seed % 4 == 1).then(|| Duration::from_millis(seed * 7919 % 12_000));
        let detached = seed % 5 == 4;
        let whole = Case { seed, crashes: [None; 2], snapshot_every, cancel_after, detached };
        let actions = named(whole);
        for first in 0..actions {
            named(Case { crashes: [Some(first), None], ..whole });
            named(Case { crashes: [Some(first), Some(first + 1 + seed % 5)], ..whole });
        }
    }
}

/// Runs a parent against a server that does as it is told.
fn told(
    within_us: u64,
    fate: impl Fn(flow_plan::StepId) -> (Fate, Duration),
    cancel_after: Option<Duration>,
) -> (Report, World) {
    let (parent, _) = family(within_us, false);
    let world = World::default();
    let seen = world.clone();
    let mut simulation = Simulation::new(parent.clone(), settings(&parent), 7, move |sending| {
        let (fate, after) = fate(sending.call.step);
        seen.meet(sending, fate, after)
    });
    if let Some(after) = cancel_after {
        simulation.cancel_after(after);
    }
    match simulation.start(br#"{"id":"o-1"}"#).unwrap() {
        Run::Ended(report) => (*report, world),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_cancel_passes_down_and_the_child_undoes_itself() {
    let good = |_| (Fate::Good, Duration::from_millis(100));
    // The child sleeps between its reservation and its charge.
    let (report, world) = told(600 * SECOND, good, Some(Duration::from_millis(500)));
    let Outcome::Failed(failure) = &report.outcome else { panic!("{report:?}") };
    assert_eq!(failure.error.name, "cancelled");
    assert_eq!((world.made(RESERVE).len(), world.made(CHARGE).len()), (1, 0));
    assert_eq!(world.removed(), world.made(RESERVE));
    let Outcome::Failed(child) = &report.children[0].outcome else { panic!("{report:?}") };
    assert_eq!((child.error.name.as_str(), child.undone.len()), ("cancelled", 1));
}

#[test]
fn the_time_of_a_parent_caps_the_attempts_of_its_child() {
    // One second is left for an attempt that may take two by itself.
    let slow = |step| {
        let after = if step == QUOTE { 60 * SECOND } else { SECOND / 10 };
        (Fate::Good, Duration::from_micros(after))
    };
    let (report, world) = told(SECOND, slow, None);
    let Outcome::Failed(failure) = &report.outcome else { panic!("{report:?}") };
    assert_eq!(failure.error.name, "deadline", "{failure:?}");
    let quote = report.children[0].steps.iter().find(|step| step.step == QUOTE).unwrap();
    assert_eq!(quote.attempts.len(), 1, "no other begins when the time is over");
    assert!(quote.attempts[0].took_us.unwrap() <= SECOND, "{quote:?}");
    assert_eq!(world.removed(), world.made(RESERVE));
    assert_eq!(world.seen_of(CHARGE).len(), 0);
}

#[test]
fn a_child_that_needs_attention_keeps_its_parent_waiting() {
    let lost = |step| (if step == NOTIFY { Fate::LostAfter } else { Fate::Good }, Duration::from_millis(100));
    let (report, world) = told(600 * SECOND, lost, None);
    let Outcome::Paused { reason } = &report.outcome else { panic!("{report:?}") };
    let child = child_execution(report.execution, &StepPath("7".into()));
    assert!(reason.contains(&child.to_string()) && reason.contains("needs attention"), "{reason}");
    assert!(matches!(report.children[0].outcome, Outcome::NeedsAttention(_)));
    assert!(world.removed().is_empty(), "nothing is undone before an operator has settled it");
}

#[test]
fn a_declared_error_of_a_child_keeps_its_name_and_fields() {
    let declined =
        |step| (if step == CHARGE { Fate::Status(402) } else { Fate::Good }, Duration::from_millis(100));
    let (report, _) = told(600 * SECOND, declined, None);
    let Outcome::Failed(failure) = &report.outcome else { panic!("{report:?}") };
    assert_eq!(failure.error.name, "Declined");
    assert_eq!(failure.error.fields.as_deref(), Some(&br#"{"reason":"insufficient funds"}"#[..]));
    assert_eq!(
        failure.error.step.as_ref().map(|(step, _)| step.0),
        Some(7),
        "it is the parent's step that failed"
    );
}
