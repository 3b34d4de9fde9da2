//! A call that no key protects and that is confirmed: under a network that does anything, with a process that dies
//! anywhere, what it enters is entered once.

use std::time::Duration;

use flow_engine::{Outcome, RecoverError, Run, Simulation};

use crate::{
    shop::{ENTER, SECOND, SEEN, Shop},
    world::{Fate, World, chaotic, load, scripted, settings},
};

const INPUT: &[u8] = br#"{"id":"o-1"}"#;

#[derive(Clone, Copy, Debug)]
struct Case {
    seed: u64,
    cancelled: bool,
    crashes: [Option<u64>; 2],
}

/// Runs it to its end, and gives the number of actions.
fn run(case: Case) -> u64 {
    let program = load(Shop::default().confirmed());
    let world = World::default();
    let net = chaotic(&world, case.seed);
    let mut simulation = Simulation::new(program.clone(), settings(&program), case.seed, net);
    simulation.set_snapshot_every([1, 2, 64][(case.seed % 3) as usize]);
    case.crashes.into_iter().flatten().for_each(|action| simulation.crash_before(action));
    if case.cancelled {
        simulation.cancel_after(Duration::from_micros(case.seed * 97_003 % (6 * SECOND)));
    }
    let mut run = simulation.start(INPUT).unwrap();
    let report = loop {
        match run {
            Run::Ended(report) => break *report,
            Run::Endless | Run::Waiting => panic!("{case:?}: it does not end"),
            Run::Crashed => match simulation.recover(Duration::from_secs(2)) {
                Ok(next) => run = next,
                Err(RecoverError::NoBeginning) => return simulation.actions_done(),
                Err(error) => panic!("{case:?}: {error}"),
            },
        }
    };
    let (made, removed) = (world.made(ENTER), world.removed());
    assert!(made.len() <= 1, "{case:?}: it was entered twice");
    match &report.outcome {
        Outcome::Succeeded(output) => {
            assert_eq!(String::from_utf8_lossy(output), format!(r#"{{"id":"{}"}}"#, made[0]), "{case:?}");
            assert!(removed.is_empty(), "{case:?}");
        }
        Outcome::Failed(failure) => assert_eq!(made, removed, "{case:?}: {}", failure.error.message),
        // What asks whether it was done has failed in all its attempts.
        Outcome::NeedsAttention(attention) => {
            assert!(!world.seen_of(SEEN).is_empty() || case.cancelled, "{case:?}");
            assert!(!attention.steps.is_empty());
        }
        Outcome::Paused { reason } => panic!("nothing pauses here: {reason}"),
    }
    simulation.history().unwrap();
    simulation.actions_done()
}

#[test]
fn it_is_entered_once_wherever_the_process_dies() {
    for seed in 0..30 {
        for cancelled in [false, true] {
            let case = Case { seed, cancelled, crashes: [None, None] };
            for first in 0..run(case) {
                run(Case { crashes: [Some(first), None], ..case });
                run(Case { crashes: [Some(first), Some(first + 1 + seed % 9)], ..case });
            }
        }
    }
}

/// Runs it under a script, and gives how often it was sent and asked for, and what it came to.
fn scripted_run(fates: &[Fate], asked: &[Fate]) -> (usize, usize, Outcome) {
    let program = load(Shop::default().confirmed());
    let world = World::default();
    let net = scripted(&world, &[(ENTER, fates), (SEEN, asked)]);
    let mut simulation = Simulation::new(program.clone(), settings(&program), 1, net);
    let Run::Ended(report) = simulation.start(INPUT).unwrap() else { panic!("it does not end") };
    (world.seen_of(ENTER).len(), world.seen_of(SEEN).len(), report.outcome)
}

#[test]
fn it_is_sent_again_only_after_it_was_confirmed_that_it_was_not_done() {
    let (sent, asked, outcome) = scripted_run(&[Fate::LostAfter], &[]);
    assert!(matches!(outcome, Outcome::Succeeded(_)));
    assert_eq!((sent, asked), (1, 1));

    let (sent, asked, outcome) = scripted_run(&[Fate::LostBefore, Fate::Status(502)], &[]);
    assert!(matches!(outcome, Outcome::Succeeded(_)));
    assert_eq!((sent, asked), (3, 2));

    // The confirmation has a policy of its own.
    let (sent, asked, outcome) = scripted_run(&[Fate::LostAfter], &[Fate::Status(503), Fate::LostBefore]);
    assert!(matches!(outcome, Outcome::Succeeded(_)));
    assert_eq!((sent, asked), (1, 3));

    let (sent, asked, outcome) = scripted_run(&[Fate::LostAfter], &[Fate::Status(400)]);
    assert!(matches!(outcome, Outcome::NeedsAttention(_)));
    assert_eq!((sent, asked), (1, 1));

    let (sent, asked, outcome) = scripted_run(&[Fate::LostBefore; 4], &[]);
    assert!(matches!(outcome, Outcome::Failed(failure) if failure.error.name == "refused"));
    assert_eq!((sent, asked), (4, 4));
}
