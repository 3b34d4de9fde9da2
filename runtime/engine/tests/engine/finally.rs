//! A `finally` runs whatever ends its `try`, wherever the process dies.

use std::time::Duration;

use flow_engine::{Outcome, RecoverError, Run, Simulation};
use flow_plan::StepId;

use crate::{
    shop::{RESERVE, SECOND, Shop, TAG},
    world::{Fate, World, load, scripted, settings},
};

const INPUT: &[u8] = br#"{"id":"o-1"}"#;

/// What ends the `try`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Well,
    Error,
    Deadline,
    Cancel,
}

const WAYS: [(Way, Option<&str>); 4] = [
    (Way::Well, None),
    (Way::Error, Some("http")),
    (Way::Deadline, Some("deadline")),
    (Way::Cancel, Some("cancelled")),
];

/// Runs it with crashes, and gives the number of its actions.
fn run(way: Way, error: Option<&str>, crashes: &[u64]) -> u64 {
    // The body takes 5 s, and the `finally` as long again: a deadline or a cancel between is past long before it ends.
    let within_us = if way == Way::Deadline { 3 * SECOND } else { 3_600 * SECOND };
    let program = load(Shop { within_us, ..Shop::default() }.finally());
    let world = World::default();
    let fate: &[Fate] = if way == Way::Error { &[Fate::Status(400); 4] } else { &[] };
    let net = scripted(&world, &[(RESERVE, fate)]);
    let mut simulation = Simulation::new(program.clone(), settings(&program), 1, net);
    simulation.set_snapshot_every(1 + crashes.first().copied().unwrap_or(0) as u32 % 3);
    crashes.iter().for_each(|action| simulation.crash_before(*action));
    if way == Way::Cancel {
        simulation.cancel_after(Duration::from_secs(2));
    }
    let mut run = simulation.start(INPUT).unwrap();
    let report = loop {
        match run {
            Run::Ended(report) => break *report,
            Run::Waiting | Run::Endless => panic!("{way:?}, {crashes:?}: it does not end"),
            Run::Crashed => {
                run = match simulation.recover(Duration::from_millis(100)) {
                    Ok(run) => run,
                    Err(RecoverError::NoBeginning) => simulation.start(INPUT).unwrap(),
                    Err(error) => panic!("{way:?}, {crashes:?}: {error}"),
                };
            }
        }
    };
    match (&report.outcome, error) {
        (Outcome::Succeeded(_), None) => {}
        // A process that dies before it has written down that it was told to cancel has not been told.
        (Outcome::Succeeded(_), _) if way == Way::Cancel && !crashes.is_empty() => {}
        (Outcome::Failed(failure), Some(error)) => {
            assert_eq!(failure.error.name, error, "{way:?}, {crashes:?}");
            let undone: Vec<StepId> = failure.undone.iter().filter_map(|undone| undone.step).collect();
            let reserved = if way == Way::Error { vec![] } else { vec![StepId(7)] };
            assert_eq!(undone, reserved, "{way:?}, {crashes:?}");
        }
        (outcome, _) => panic!("{way:?}, {crashes:?}: {outcome:?}"),
    }
    // Sent again after a crash, it is the same request with the same path.
    let tagged = world.seen_of(TAG);
    assert!(!tagged.is_empty(), "{way:?}, {crashes:?}: the `finally` did not run");
    assert!(tagged.iter().all(|seen| (&seen.path, &seen.line) == (&tagged[0].path, &tagged[0].line)));
    if crashes.is_empty() {
        assert_eq!(tagged.len(), 1);
    }
    simulation.actions_done()
}

#[test]
fn it_runs_on_every_way_out_wherever_the_process_dies() {
    for (way, error) in WAYS {
        for first in 0..run(way, error, &[]) {
            run(way, error, &[first]);
            run(way, error, &[first, first + 3]);
        }
    }
}
