//! Code that only computes: deadlines, commands and answers reach it between two slices, and whoever recovers it
//! comes to the same place.

use std::time::Duration;

use flow_engine::{EventKind, Outcome, RecoverError, Report, Run, Simulation};
use flow_journal::Record;
use flow_plan::StepId;

use crate::{
    shop::{QUOTE, RELEASE, RESERVE, SECOND, Shop},
    world::{Fate, World, load, scripted, settings},
};

const INPUT: &[u8] = br#"{"id":"o-1"}"#;

/// What stops the endless loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    Deadline,
    Cancel,
    Sibling,
}

impl Stop {
    fn error(self) -> &'static str {
        match self {
            Stop::Deadline => "deadline",
            Stop::Cancel => "cancelled",
            Stop::Sibling => "http",
        }
    }
}

/// Runs the loop until it is stopped, with crashes on the way.
fn run(stop: Stop, crashes: &[u64]) -> (Report, World, u64, Vec<Record>) {
    // A process that dies before it has written down that it was told to cancel has not been told.
    let within_us = match stop {
        Stop::Deadline => 7 * SECOND / 10,
        Stop::Cancel => 2 * SECOND,
        Stop::Sibling => 3_600 * SECOND,
    };
    let program = load(Shop { within_us, ..Shop::default() }.endless());
    let world = World::default();
    let fate: &[Fate] = if stop == Stop::Sibling { &[Fate::Status(400); 4] } else { &[] };
    let net = scripted(&world, &[(QUOTE, fate)]);
    let mut simulation = Simulation::new(program.clone(), settings(&program), 1, net);
    simulation.set_slice(Duration::from_millis(400));
    crashes.iter().for_each(|action| simulation.crash_before(*action));
    if stop == Stop::Cancel {
        simulation.cancel_after(Duration::from_millis(700));
    }
    let mut run = simulation.start(INPUT).unwrap();
    loop {
        match run {
            Run::Ended(report) => {
                let history = simulation.history().unwrap();
                return (*report, world, simulation.actions_done(), history);
            }
            Run::Endless | Run::Waiting => panic!("{stop:?} does not stop it: {:#?}", simulation.events()),
            Run::Crashed => {
                run = match simulation.recover(Duration::from_millis(100)) {
                    Ok(run) => run,
                    Err(RecoverError::NoBeginning) => simulation.start(INPUT).unwrap(),
                    Err(error) => panic!("{stop:?}, {crashes:?}: {error}"),
                };
            }
        }
    }
}

fn check(stop: Stop, crashed: bool, report: &Report, world: &World) {
    let Outcome::Failed(failure) = &report.outcome else { panic!("{stop:?}: {:?}", report.outcome) };
    let name = failure.error.name.as_str();
    assert!(
        name == stop.error() || stop == Stop::Cancel && crashed && name == "deadline",
        "{stop:?}: {name}"
    );
    assert_eq!(failure.undone.iter().filter_map(|undone| undone.step).collect::<Vec<StepId>>(), [StepId(7)]);
    assert_eq!((world.made(RESERVE).len(), world.removed().len()), (1, 1), "{stop:?}");
}

#[test]
fn a_loop_that_only_computes_is_stopped() {
    for stop in [Stop::Deadline, Stop::Cancel, Stop::Sibling] {
        let (report, world, _, history) = run(stop, &[]);
        check(stop, false, &report, &world);
        assert_eq!(world.seen_of(RELEASE).len(), 1);
        assert!(history.iter().any(|record| matches!(record, Record::Proceeded { .. })), "{stop:?}");
    }
}

#[test]
fn it_goes_on_where_it_was_wherever_the_process_dies() {
    for stop in [Stop::Deadline, Stop::Cancel, Stop::Sibling] {
        let (_, _, actions, _) = run(stop, &[]);
        // Each slice takes its time in a build with checks.
        for first in (0..actions).step_by(if stop == Stop::Deadline { 2 } else { 3 }) {
            for crashes in
                [vec![first], vec![first, first + 2]].into_iter().take(if first % 4 == 0 { 2 } else { 1 })
            {
                let (report, world, _, history) = run(stop, &crashes);
                check(stop, true, &report, &world);
                let logged = |record: &&Record| matches!(record, Record::Logged(_));
                assert!(history.iter().filter(logged).count() <= 1, "{stop:?}, {crashes:?}");
            }
        }
    }
}

#[test]
fn an_answer_is_taken_in_while_it_computes() {
    let (report, ..) = run(Stop::Cancel, &[]);
    let quote = report.steps.iter().find(|step| step.step == QUOTE).unwrap();
    assert_eq!(quote.attempts[0].took_us, Some(400_000), "as soon as the slice was over");
}

#[test]
fn computing_takes_no_time_unless_told_so() {
    let program = load(Shop::default().only(RESERVE, 1));
    let mut simulation =
        Simulation::new(program.clone(), settings(&program), 1, scripted(&World::default(), &[]));
    assert!(matches!(simulation.start(INPUT), Ok(Run::Ended(_))));
    assert!(!simulation.events().iter().any(|event| matches!(event.kind, EventKind::Recovered)));
    assert_eq!(simulation.now().mono_us, 10_000);
}
