//! Races under a network that does anything, with a process that dies anywhere: what a loser reserved is released.

use std::time::Duration;

use flow_engine::{Outcome, RecoverError, Run, Simulation};

use crate::{
    shop::{RESERVE, Shop},
    world::{World, chaotic, load, settings},
};

/// Runs a race to its end, and gives the number of actions.
fn run(seed: u64, crash: Option<u64>) -> u64 {
    let program = load(Shop::default().race());
    let world = World::default();
    let net = chaotic(&world, seed);
    let mut simulation = Simulation::new(program.clone(), settings(&program), seed, net);
    simulation.set_snapshot_every([1, 3, 64][(seed % 3) as usize]);
    crash.into_iter().for_each(|action| simulation.crash_before(action));
    let mut run = simulation.start(br#"{"id":"o-1"}"#).unwrap();
    let report = loop {
        match run {
            Run::Ended(report) => break *report,
            Run::Endless | Run::Waiting => panic!("seed {seed}, crash {crash:?}: it does not end"),
            Run::Crashed => match simulation.recover(Duration::from_secs(2)) {
                Ok(next) => run = next,
                Err(RecoverError::NoBeginning) => return simulation.actions_done(),
                Err(error) => panic!("seed {seed}, crash {crash:?}: {error}"),
            },
        }
    };
    let (made, removed) = (world.made(RESERVE), world.removed());
    let left: Vec<&String> = made.iter().filter(|id| !removed.contains(id)).collect();
    match &report.outcome {
        Outcome::Succeeded(output) => {
            let output = String::from_utf8_lossy(output);
            assert!(
                left.iter().all(|id| output.contains(id.as_str())),
                "seed {seed}, crash {crash:?}: {left:?} {output}"
            );
            let won = made.iter().any(|id| output.contains(id.as_str()) && removed.contains(id));
            assert!(!won, "seed {seed}, crash {crash:?}: the winner was undone");
        }
        Outcome::Failed(_) => assert!(left.is_empty(), "seed {seed}, crash {crash:?}: {left:?}"),
        Outcome::NeedsAttention(attention) => {
            assert!(!attention.steps.is_empty());
            // What the workflow itself came to is seen, and not that a loser was told to stop.
            let own = attention.error.as_ref().is_some_and(|error| error.name != "cancelled");
            assert!(own != attention.result.is_some(), "seed {seed}, crash {crash:?}: {attention:?}");
        }
        Outcome::Paused { reason } => panic!("nothing pauses here: {reason}"),
    }
    simulation.history().unwrap();
    simulation.actions_done()
}

#[test]
fn what_a_loser_reserved_is_released_wherever_the_process_dies() {
    for seed in 0..60 {
        for action in 0..run(seed, None) {
            run(seed, Some(action));
        }
    }
}
