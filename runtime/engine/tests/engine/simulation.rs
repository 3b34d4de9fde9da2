//! Thousands of executions against a server that does anything, dying anywhere. From the same seed it all happens in
//! the same way; a failing seed is named.

use std::{collections::BTreeMap, panic::AssertUnwindSafe, time::Duration};

use flow_engine::{EventKind, Outcome, RecoverError, Report, Run, Simulation};
use flow_plan::{EffectClass, StepId};

use crate::{
    shop::{CHARGE, NOTIFY, RESERVE, SECOND, Shop},
    world::{World, chaotic, load, settings},
};

/// How many seeds: `FLOW_SEEDS` overrides it, `FLOW_SEED` runs one alone.
const SEEDS: u64 = 40;

/// One execution, and where its process dies.
#[derive(Clone, Copy, Debug)]
struct Case {
    seed: u64,
    crashes: [Option<u64>; 2],
    snapshot_every: u32,
    /// When it is told to cancel.
    cancel_after: Option<Duration>,
}

fn shop(seed: u64) -> Shop {
    // Some workflows have enough time, some do not.
    let within_us = [600 * SECOND, 12 * SECOND, 7 * SECOND][(seed % 3) as usize];
    // Of some, one call is under way at a time.
    let concurrency = seed.is_multiple_of(2).then_some(1);
    Shop { within_us, concurrency, ..Shop::default() }
}

/// Runs a case to its end, checks what must hold, and says how many actions there were and what was seen.
fn run(case: Case) -> (u64, String) {
    let program = load(shop(case.seed).order());
    let world = World::default();
    let net = chaotic(&world, case.seed);
    let mut simulation = Simulation::new(program.clone(), settings(&program), case.seed, net);
    simulation.set_snapshot_every(case.snapshot_every);
    case.crashes.into_iter().flatten().for_each(|action| simulation.crash_before(action));
    if let Some(after) = case.cancel_after {
        simulation.cancel_after(after);
    }
    let mut run = simulation.start(br#"{"id":"o-1"}"#).unwrap();
    let report = loop {
        match run {
            Run::Ended(report) => break *report,
            Run::Waiting | Run::Endless => {
                panic!("it neither ends nor waits for an operator: {:#?}", simulation.events())
            }
            Run::Crashed => match simulation.recover(Duration::from_secs(2)) {
                Ok(next) => run = next,
                // It died before it was written that it had begun: it has not begun.
                Err(RecoverError::NoBeginning) => {
                    assert!(world.seen().is_empty(), "nothing was sent before");
                    return (simulation.actions_done(), String::new());
                }
                Err(error) => panic!("it cannot go on: {error}"),
            },
        }
    };
    check(&report, &world, &program);
    check_order(simulation.events());
    if shop(case.seed).concurrency.is_some() {
        check_one_at_once(simulation.events());
    }
    simulation.history().unwrap();
    (simulation.actions_done(), format!("{report:?}{:?}{:?}", simulation.events(), world.seen()))
}

pub(crate) fn check(report: &Report, world: &World, program: &flow_vm::Program) {
    let seen = world.seen();
    // A keyed effect is asked for with one key and the same bytes, whatever happens in between.
    let mut requests: BTreeMap<&str, _> = BTreeMap::new();
    let mut keys: BTreeMap<&str, &str> = BTreeMap::new();
    for request in &seen {
        let class = program.plan().step_operation(request.step).unwrap().class;
        if class != EffectClass::Safe {
            let same = (&request.key, &request.body, &request.line);
            assert_eq!(*requests.entry(&request.path).or_insert(same), same, "one step, one request");
        }
        if let Some(key) = &request.key {
            assert_eq!(*keys.entry(key).or_insert(&request.path), request.path, "one key, one step");
        }
    }
    // An unsafe call reaches the server at most once.
    assert!(seen.iter().filter(|request| request.step == NOTIFY && request.arrived).count() <= 1);

    let undone: Vec<StepId> = match &report.outcome {
        Outcome::Succeeded(_) => {
            assert_eq!((world.made(RESERVE).len(), world.made(CHARGE).len()), (1, 1));
            assert!(world.removed().is_empty());
            return;
        }
        Outcome::Failed(failure) => failure.undone.iter().filter_map(|undone| undone.step).collect(),
        Outcome::NeedsAttention(attention) => {
            assert!(!attention.steps.is_empty(), "an operator is told what to settle");
            attention.undone.iter().filter_map(|undone| undone.step).collect()
        }
        Outcome::Paused { reason } => panic!("nothing pauses here: {reason}"),
    };
    // What was undone was there, and newest goes first.
    assert!(undone.is_sorted_by_key(|step| std::cmp::Reverse(step.0)), "{undone:?}");
    for id in world.removed() {
        assert!(world.made(RESERVE).contains(&id) || world.made(CHARGE).contains(&id));
    }
    // An execution that failed, and is not held, leaves nothing behind.
    if let Outcome::Failed(_) = report.outcome {
        let mut made = [world.made(RESERVE), world.made(CHARGE)].concat();
        made.retain(|id| !world.removed().contains(id));
        assert!(made.is_empty(), "left behind: {made:?}");
    }
}

/// Of one call, an attempt begins only when the last one has ended, in one life of the process.
fn check_order(events: &[flow_engine::Event]) {
    let mut open: BTreeMap<String, u32> = BTreeMap::new();
    for event in events {
        match &event.kind {
            EventKind::Recovered => open.clear(),
            EventKind::AttemptStarted { call, number, .. } => {
                assert_eq!(open.insert(call.path.0.clone(), *number), None, "one attempt at a time");
            }
            EventKind::AttemptEnded { call, number, .. } => {
                if let Some(begun) = open.remove(&call.path.0) {
                    assert_eq!(begun, *number);
                }
            }
            _ => {}
        }
    }
}

/// Only one attempt is under way in one life of the process.
fn check_one_at_once(events: &[flow_engine::Event]) {
    let mut under_way = 0;
    for event in events {
        match &event.kind {
            EventKind::Recovered => under_way = 0,
            EventKind::AttemptStarted { .. } => under_way += 1,
            EventKind::AttemptEnded { .. } => under_way -= 1,
            _ => {}
        }
        assert!((0..=1).contains(&under_way), "{under_way} at once: {events:#?}");
    }
}

/// Runs a case, and names it if it fails.
fn named(case: Case) -> (u64, String) {
    std::panic::catch_unwind(AssertUnwindSafe(|| run(case))).unwrap_or_else(|cause| {
        panic!(
            "FLOW_SEED={} fails at {case:?}: {}",
            case.seed,
            cause.downcast_ref::<String>().map_or("see above", String::as_str)
        )
    })
}

pub(crate) fn seeds() -> std::ops::Range<u64> {
    #[expect(clippy::disallowed_methods, reason = "whoever runs the tests chooses the seeds")]
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    match number("FLOW_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("FLOW_SEEDS").unwrap_or(SEEDS),
    }
}

#[test]
fn whatever_the_network_does() {
    for seed in seeds().flat_map(|seed| [seed, seed + 1_000_000, seed + 2_000_000]) {
        let cancel_after = (seed % 2 == 1).then(|| Duration::from_millis(seed * 7919 % 12_000));
        let case = Case { seed, crashes: [None; 2], snapshot_every: 64, cancel_after };
        assert_eq!(named(case), named(case), "seed {seed} gives one trace");
    }
}

#[test]
fn wherever_the_process_dies() {
    for seed in seeds() {
        let snapshot_every = [1, 3, 64][(seed % 3) as usize];
        let cancel_after = (seed % 4 == 1).then(|| Duration::from_millis(seed * 7919 % 12_000));
        let whole = Case { seed, crashes: [None; 2], snapshot_every, cancel_after };
        let (actions, _) = named(whole);
        for first in 0..actions {
            named(Case { crashes: [Some(first), None], ..whole });
            // And once more, soon after.
            named(Case { crashes: [Some(first), Some(first + 1 + seed % 5)], ..whole });
        }
    }
}
