//! Calls of a workflow that has `key` or `one per`, wherever the process dies: one execution for one key, undone by the
//! caller that has begun it alone; and one execution at a time.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use flow_engine::{
    Answer, Event, EventKind, Outcome, RecoverError, Report, Run, Sending, Simulation, child_execution,
};
use flow_journal::{ExecutionId, Record};
use flow_plan::StepId;
use flow_vm::{Program, StepPath};

use crate::{
    shop::{CHARGE, REFUND, SECOND, SIBLINGS, Shop},
    simulation::seeds,
    world::{World, chaotic, link, load, scripted, settings},
};

const DAY: u64 = 24 * 3600 * SECOND;

/// Where the process dies, and what else happens.
#[derive(Clone, Copy, Debug)]
struct Case {
    seed: u64,
    crashes: [Option<u64>; 2],
    snapshot_every: u32,
    cancel_after: Option<Duration>,
    /// Whether the child has a key; it has `one per` otherwise.
    keyed: bool,
}

/// What became of a case.
struct Seen {
    report: Report,
    begun: Vec<ExecutionId>,
    endings: Vec<Option<Outcome>>,
    joined: usize,
    events: Vec<Event>,
    world: World,
}

fn family(case: Case) -> Arc<Program> {
    let within_us = [600 * SECOND, 12 * SECOND, 5 * SECOND][(case.seed / 3 % 3) as usize];
    let child = Shop::told_apart(Shop::default().order(), case.keyed.then_some((DAY, false)), !case.keyed);
    let child = load(child);
    let parent = Shop { within_us, ..Shop::default() }.siblings(child.plan());
    link(parent, &child)
}

/// Runs a case to its end, and says how many actions there were.
fn run(case: Case) -> (u64, Option<Seen>) {
    let parent = family(case);
    let world = World::default();
    let net = chaotic(&world, case.seed);
    let mut simulation = Simulation::new(parent.clone(), settings(&parent), case.seed, net);
    simulation.set_snapshot_every(case.snapshot_every);
    case.crashes.into_iter().flatten().for_each(|action| simulation.crash_before(action));
    if let Some(after) = case.cancel_after {
        simulation.cancel_after(after);
    }
    finished(simulation, &world)
}

fn finished<N>(mut simulation: Simulation<N>, world: &World) -> (u64, Option<Seen>)
where
    N: FnMut(&Sending) -> Answer,
{
    let mut run = simulation.start(br#"{"id":"o-1"}"#).unwrap();
    let report = loop {
        match run {
            Run::Ended(report) => break *report,
            Run::Waiting | Run::Endless => {
                panic!("it neither ends nor waits for anybody: {:#?}", simulation.events())
            }
            Run::Crashed => match simulation.recover(Duration::from_secs(2)) {
                Ok(next) => run = next,
                Err(RecoverError::NoBeginning) => {
                    assert!(world.seen().is_empty(), "nothing was sent before");
                    return (simulation.actions_done(), None);
                }
                Err(error) => panic!("it cannot go on: {error}"),
            },
        }
    };
    let begun: Vec<ExecutionId> = simulation.begun().skip(1).collect();
    let endings = begun.iter().map(|child| match simulation.history_of(*child).unwrap().last() {
        Some(Record::Ended(ended)) => {
            Some(postcard::from_bytes::<(Outcome, Vec<flow_engine::StepReport>)>(&ended.outcome).unwrap().0)
        }
        Some(Record::Held(_)) => None,
        other => panic!("a child ends or is held: {other:?}"),
    });
    let endings = endings.collect();
    let joined =
        simulation.history().unwrap().iter().filter(|record| matches!(record, Record::Joined(_))).count();
    let events = simulation.events().to_vec();
    (simulation.actions_done(), Some(Seen { report, begun, endings, joined, events, world: world.clone() }))
}

/// The steps of the parent that were undone.
fn undone(report: &Report) -> Vec<StepId> {
    match &report.outcome {
        Outcome::Failed(failure) => failure.undone.iter().filter_map(|undone| undone.step).collect(),
        Outcome::NeedsAttention(attention) => {
            attention.undone.iter().filter_map(|undone| undone.step).collect()
        }
        _ => Vec::new(),
    }
}

/// One key, one execution; whoever has begun it undoes it, and nobody else.
fn check_keyed(seen: &Seen) {
    let Seen { report, begun, endings, joined, world, .. } = seen;
    assert!(begun.len() <= 1, "one key, one execution: {begun:?}");
    assert!(*joined <= 1, "only one of the two joins");
    let Some(child) = begun.first() else {
        assert!(matches!(report.outcome, Outcome::Failed(_)) && world.seen_of(CHARGE).is_empty());
        return;
    };
    let owner = SIBLINGS
        .into_iter()
        .find(|step| child_execution(report.execution, &own_path(report, *step)) == *child)
        .unwrap();
    let undone: Vec<StepId> = undone(report).into_iter().filter(|step| SIBLINGS.contains(step)).collect();
    match (&endings[0], &report.outcome) {
        (Some(Outcome::Succeeded(theirs)), Outcome::Succeeded(ours)) => {
            assert_eq!(theirs, ours);
            assert!(world.removed().is_empty() && *joined == 1);
        }
        (Some(Outcome::Succeeded(_)), Outcome::Failed(_)) => {
            assert_eq!(undone, [owner], "whoever has begun it undoes it");
            assert!(world.made(CHARGE).iter().all(|id| world.removed().contains(id)));
        }
        (Some(Outcome::Succeeded(_)), Outcome::NeedsAttention(_)) => assert!(undone.len() <= 1),
        (Some(Outcome::Failed(theirs)), Outcome::Failed(ours)) => {
            let interrupted = matches!(ours.error.name.as_str(), "cancelled" | "deadline");
            assert!(interrupted || theirs.error.name == ours.error.name, "{theirs:?} {ours:?}");
            assert!(undone.is_empty(), "it has undone itself");
        }
        (None, Outcome::Paused { reason }) => {
            assert!(
                reason.contains(&child.to_string()) && reason.contains("which needs attention"),
                "{reason}"
            );
        }
        (theirs, ours) => panic!("{theirs:?} became {ours:?}"),
    }
    let undoes = world.seen_of(REFUND).into_iter().map(|request| request.key).collect::<BTreeSet<_>>();
    assert!(undoes.len() <= 1, "{undoes:?}");
}

/// The place of a step in one of the two branches.
fn own_path(report: &Report, step: StepId) -> StepPath {
    let found = report.steps.iter().find(|known| known.step == step && !known.undoes);
    found.map_or_else(|| StepPath(String::new()), |known| known.path.clone())
}

/// One at a time, in the order of the beginnings.
fn check_one_per(seen: &Seen) {
    let Seen { report, begun, events, .. } = seen;
    assert!(begun.len() <= 2, "{begun:?}");
    if events.iter().any(|event| matches!(event.kind, EventKind::Held { .. })) {
        return;
    }
    if seen.endings.iter().any(Option::is_none) {
        assert!(matches!(report.outcome, Outcome::Paused { .. }), "{:?}", report.outcome);
        return;
    }
    let mut acted: Vec<ExecutionId> = events
        .iter()
        .filter(|event| matches!(event.kind, EventKind::AttemptStarted { .. }))
        .map(|event| event.execution)
        .filter(|execution| begun.contains(execution))
        .collect();
    acted.dedup();
    let mut order = begun.clone();
    order.retain(|execution| acted.contains(execution));
    assert_eq!(acted, order, "one after another");
}

fn named(case: Case) -> u64 {
    let checked = std::panic::AssertUnwindSafe(|| {
        let (actions, seen) = run(case);
        match seen {
            Some(seen) if case.keyed => check_keyed(&seen),
            Some(seen) => check_one_per(&seen),
            None => {}
        }
        actions
    });
    std::panic::catch_unwind(checked).unwrap_or_else(|cause| {
        let said = cause.downcast_ref::<String>().cloned();
        let said = said.or_else(|| cause.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        panic!("FLOW_SEED={} fails at {case:?}: {}", case.seed, said.unwrap_or_default())
    })
}

fn everywhere(keyed: bool) {
    for seed in seeds().step_by(4) {
        let snapshot_every = [1, 3, 64][(seed / 4 % 3) as usize];
        let cancel_after = (seed % 12 == 4).then(|| Duration::from_millis(seed * 7919 % 12_000));
        let whole = Case { seed, crashes: [None; 2], snapshot_every, cancel_after, keyed };
        let actions = named(whole);
        for first in 0..actions {
            named(Case { crashes: [Some(first), None], ..whole });
            named(Case { crashes: [Some(first), Some(first + 1 + seed % 5)], ..whole });
        }
    }
}

#[test]
fn one_execution_for_one_key_wherever_the_process_dies() {
    everywhere(true);
}

#[test]
fn one_at_a_time_wherever_the_process_dies() {
    everywhere(false);
}

/// Two calls against a server that does as it should.
fn calm(keyed: bool) -> Seen {
    let case = Case { seed: 0, crashes: [None; 2], snapshot_every: 64, cancel_after: None, keyed };
    let parent = family(case);
    let world = World::default();
    let simulation = Simulation::new(parent.clone(), settings(&parent), case.seed, scripted(&world, &[]));
    finished(simulation, &world).1.unwrap()
}

#[test]
fn both_callers_have_the_result_of_the_one_that_began_first() {
    let seen = calm(true);
    assert_eq!((seen.begun.len(), seen.joined), (1, 1));
    assert!(matches!(seen.report.outcome, Outcome::Succeeded(_)), "{:?}", seen.report.outcome);
    assert_eq!(seen.world.made(CHARGE).len(), 1);
    let ids: BTreeSet<_> = seen.report.steps.iter().filter_map(|step| step.child).collect();
    assert_eq!(ids, BTreeSet::from([seen.begun[0]]), "both name the same execution");
}

#[test]
fn both_callers_have_a_turn() {
    let seen = calm(false);
    assert_eq!((seen.begun.len(), seen.joined), (2, 0));
    assert!(matches!(seen.report.outcome, Outcome::Succeeded(_)), "{:?}", seen.report.outcome);
    assert_eq!(seen.world.made(CHARGE).len(), 2);
    check_one_per(&seen);
}
