//! One thing goes wrong at a time, and what must come of it.

use std::time::Duration;

use flow_engine::{
    AttemptResult, Delay, Event, EventKind, Given, Outcome, Report, Run, SettingError, Simulation, resolve,
    run_virtual,
};
use flow_http::Secret;
use flow_journal::Record;
use flow_plan::{Exhausted, Plan, Rate, RetryOn, StepId};

use crate::{
    shop::{CHARGE, NOTIFY, QUOTE, REFUND, RELEASE, RESERVE, SECOND, Shop, TAG},
    world::{Fate, World, load, scripted, settings},
};

const INPUT: &[u8] = br#"{"id":"o-1"}"#;

/// Runs a plan against a scripted server.
fn run(plan: Plan, scripts: &[(StepId, &[Fate])]) -> (Report, Vec<Event>, World) {
    let program = load(plan);
    let world = World::default();
    let resolved = settings(&program);
    let (run, events) = run_virtual(program, INPUT, resolved, 1, scripted(&world, scripts)).unwrap();
    let Run::Ended(report) = run else { panic!("{run:?} after {events:#?}") };
    (*report, events, world)
}

fn failed_with(report: &Report) -> &str {
    match &report.outcome {
        Outcome::Failed(failure) => &failure.error.name,
        Outcome::NeedsAttention(attention) => &attention.error.as_ref().unwrap().name,
        other => panic!("{other:?}"),
    }
}

/// The steps that were undone, in order.
fn undone(report: &Report) -> Vec<StepId> {
    match &report.outcome {
        Outcome::Failed(failure) => failure.undone.iter().filter_map(|undone| undone.step).collect(),
        Outcome::NeedsAttention(attention) => attention.undone.iter().filter_map(|u| u.step).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn all_goes_well() {
    let (report, events, world) = run(Shop::default().order(), &[]);
    assert_eq!(report.outcome, Outcome::Succeeded(br#"{"id":"s3-1"}"#.to_vec()));
    let names: Vec<&str> = report.steps.iter().map(|step| step.name.as_str()).collect();
    assert_eq!(names, ["shop.reserve", "shop.quote", "shop.charge", "shop.tag", "shop.notify"]);
    assert!(report.steps.iter().all(|step| step.attempts.len() == 1 && !step.undoes));
    assert!(events.iter().any(|event| event.kind == EventKind::Logged { text: "o-1".into() }));
    assert!(events.iter().any(|event| matches!(event.kind, EventKind::Sleeping { .. })));
    assert_eq!(world.seen().len(), 5);
}

#[test]
fn a_busy_payment_is_tried_again_with_one_key_within_the_bounds() {
    let busy = Fate::Status(503);
    let (report, _, world) = run(Shop::default().order(), &[(CHARGE, &[busy, busy, Fate::Good])]);
    assert!(matches!(report.outcome, Outcome::Succeeded(_)));
    let seen = world.seen_of(CHARGE);
    assert_eq!(seen.len(), 3);
    assert!(seen.iter().all(|request| request.key.is_some() && request.key == seen[0].key));
    assert!(seen.iter().all(|request| request.body == seen[0].body && request.line == seen[0].line));
    let charge = report.steps.iter().find(|step| step.step == CHARGE).unwrap();
    let waits: Vec<u64> = charge.attempts.iter().filter_map(|attempt| attempt.retry_after_us).collect();
    assert!(waits.len() == 2 && waits[0] <= SECOND && waits[1] <= 2 * SECOND, "{waits:?}");
    for (pair, wait) in charge.attempts.windows(2).zip(&waits) {
        let between = pair[1].at_us - pair[0].at_us;
        assert_eq!(between, i64::try_from(wait + pair[0].took_us.unwrap()).unwrap());
    }
    assert_eq!(charge.attempts[2].result, Some(AttemptResult::Answered { status: 200, good: true }));
}

#[test]
fn a_declined_payment_releases_the_stock_once() {
    let (report, _, world) = run(Shop::default().order(), &[(CHARGE, &[Fate::Status(402)])]);
    assert_eq!((failed_with(&report), undone(&report)), ("Declined", vec![RESERVE]));
    assert_eq!((world.seen_of(CHARGE).len(), world.seen_of(RELEASE).len()), (1, 1));
    assert!(world.seen_of(NOTIFY).is_empty() && world.seen_of(REFUND).is_empty());
    let release = report.steps.last().unwrap();
    assert!(release.undoes && release.step == RELEASE);
}

#[test]
fn undos_run_newest_first() {
    // The last step fails for sure: what was paid and reserved is undone, in that order.
    let (report, _, world) = run(Shop::default().order(), &[(TAG, &[Fate::Status(400)])]);
    assert_eq!((failed_with(&report), undone(&report)), ("http", vec![CHARGE, RESERVE]));
    assert_eq!(world.removed(), ["s3-1", "s1-0"]);
}

#[test]
fn a_keyed_call_whose_answer_is_lost_is_sent_again_with_the_same_bytes() {
    let (report, _, world) = run(Shop::default().order(), &[(CHARGE, &[Fate::LostAfter])]);
    assert_eq!(report.outcome, Outcome::Succeeded(br#"{"id":"s3-1"}"#.to_vec()));
    let seen = world.seen_of(CHARGE);
    assert_eq!(seen.len(), 2);
    assert_eq!((&seen[0].key, &seen[0].body), (&seen[1].key, &seen[1].body));
    assert_eq!(world.made(CHARGE).len(), 1, "the effect took place once");
}

#[test]
fn an_unsafe_call_whose_answer_is_lost_is_not_sent_again() {
    for fate in [Fate::LostAfter, Fate::LostBefore, Fate::Slow, Fate::DoneBut(502)] {
        let (report, _, world) = run(Shop::default().order(), &[(NOTIFY, &[fate])]);
        let Outcome::NeedsAttention(attention) = &report.outcome else {
            panic!("{fate:?}: {:?}", report.outcome)
        };
        let expected = if fate == Fate::DoneBut(502) { "http" } else { "unknown" };
        assert_eq!(attention.error.as_ref().unwrap().name, expected, "{fate:?}");
        assert_eq!(attention.steps.iter().map(|step| step.step).collect::<Vec<_>>(), [NOTIFY]);
        assert_eq!(world.seen_of(NOTIFY).len(), 1, "{fate:?}");
    }
}

#[test]
fn an_unsafe_call_that_surely_was_not_sent_is_tried_again() {
    let refused = Fate::Refused;
    let (report, _, world) = run(Shop::default().order(), &[(NOTIFY, &[refused, refused])]);
    assert!(matches!(report.outcome, Outcome::Succeeded(_)), "{report:?}");
    assert_eq!(world.seen_of(NOTIFY).iter().filter(|seen| seen.arrived).count(), 1);
    // A definite answer that is no success ends it, whatever the policy says.
    let (report, _, world) = run(Shop::default().order(), &[(NOTIFY, &[Fate::Status(503)])]);
    assert_eq!((failed_with(&report), world.seen_of(NOTIFY).len()), ("http", 1));
}

#[test]
fn an_unsafe_call_that_was_not_sent_is_known_to_be_so_after_a_crash() {
    // The process dies while it waits after a refused connection: what is durable says that nothing was sent.
    let program = load(Shop::default().only(NOTIFY, 1));
    let world = World::default();
    let retry =
        |record: &Record| matches!(record, Record::AttemptEnded(ended) if ended.retry_after_us.is_some());
    let mut simulation = (0..20)
        .map(|action| {
            let net = scripted(&world, &[(NOTIFY, &[Fate::Refused])]);
            let mut simulation = Simulation::new(program.clone(), settings(&program), 1, net);
            simulation.crash_before(action);
            simulation.start(INPUT).unwrap();
            simulation
        })
        .find(|simulation| simulation.history().unwrap().last().is_some_and(retry))
        .unwrap();
    let Run::Ended(report) = simulation.recover(Duration::from_secs(5)).unwrap() else { panic!() };
    assert!(matches!(report.outcome, Outcome::Succeeded(_)), "{report:?}");
}

#[test]
fn a_refusal_after_an_unknown_attempt_is_unknown() {
    let refused = Fate::Refused;
    let script: &[Fate] = &[Fate::LostAfter, refused, refused, refused];
    let (report, _, world) = run(Shop::default().order(), &[(CHARGE, script)]);
    assert_eq!(failed_with(&report), "unknown");
    assert!(matches!(report.outcome, Outcome::NeedsAttention(_)), "its undo needs the result");
    assert_eq!(world.seen_of(CHARGE).len(), 4);
    // Without the unknown attempt it is a refusal, and nothing of it is to be undone.
    let (report, _, _) = run(Shop::default().order(), &[(CHARGE, &[refused; 4])]);
    assert_eq!((failed_with(&report), undone(&report)), ("refused", vec![RESERVE]));
}

#[test]
fn not_found_is_success_when_an_earlier_attempt_may_have_arrived() {
    // The release takes effect, its answer is lost, and the second attempt finds nothing left to release.
    let scripts: &[(StepId, &[Fate])] = &[(CHARGE, &[Fate::Status(402)]), (RELEASE, &[Fate::LostAfter])];
    let (report, _, world) = run(Shop::default().order(), scripts);
    assert_eq!((failed_with(&report), undone(&report)), ("Declined", vec![RESERVE]));
    assert_eq!(world.seen_of(RELEASE).len(), 2);
    // The same outside an undo.
    let (report, _, world) = run(Shop::default().only(RELEASE, 1), &[(RELEASE, &[Fate::LostAfter])]);
    assert!(matches!(report.outcome, Outcome::Succeeded(_)), "{report:?}");
    assert_eq!(world.seen_of(RELEASE).len(), 2);
    // But not where no earlier attempt arrived.
    let scripts: &[(StepId, &[Fate])] = &[(RELEASE, &[Fate::Refused, Fate::Status(404)])];
    let (report, _, _) = run(Shop::default().only(RELEASE, 1), scripts);
    assert_eq!(failed_with(&report), "http");
}

#[test]
fn an_undo_that_fails_for_good_needs_an_operator() {
    let scripts: &[(StepId, &[Fate])] = &[(CHARGE, &[Fate::Status(402)]), (RELEASE, &[Fate::Status(400)])];
    let (report, _, _) = run(Shop::default().order(), scripts);
    let Outcome::NeedsAttention(attention) = &report.outcome else { panic!("{report:?}") };
    assert_eq!(attention.error.as_ref().unwrap().name, "Declined");
    assert!(attention.steps.iter().any(|step| step.step == RESERVE && step.undo_error.is_some()));
}

#[test]
fn a_deadline_cuts_an_attempt_off_and_is_the_error() {
    // The attempt may take 2 s, and the workflow 6 s, of which it sleeps 5 s.
    let shop = Shop { within_us: 6 * SECOND, ..Shop::default() };
    let (report, events, _) = run(shop.order(), &[(CHARGE, &[Fate::Slow])]);
    assert_eq!(failed_with(&report), "deadline");
    let Outcome::NeedsAttention(attention) = &report.outcome else { panic!("{report:?}") };
    assert_eq!(attention.steps[0].step, CHARGE, "what was cut off is unknown, and its undo needs its result");
    let start = events[0].at_us;
    let end = events.last().unwrap().at_us;
    assert_eq!(u64::try_from(end - start).unwrap(), 6 * SECOND);
}

#[test]
fn a_deadline_between_two_attempts_ends_the_call() {
    let mut shop = Shop { within_us: 6 * SECOND, ..Shop::default() };
    shop.policy.backoff = flow_plan::Backoff::Fixed { delay_us: 3600 * SECOND };
    let (report, _, _) = run(shop.order(), &[(CHARGE, &[Fate::Status(503)])]);
    // The attempt failed for sure, so there is nothing of it to undo.
    assert!(matches!(report.outcome, Outcome::Failed(_)));
    assert_eq!((failed_with(&report), undone(&report)), ("deadline", vec![RESERVE]));
}

#[test]
fn a_failing_branch_waits_for_its_sibling_and_undoes_it() {
    let (report, _, world) = run(Shop::default().order(), &[(QUOTE, &[Fate::Status(400)])]);
    assert_eq!((failed_with(&report), undone(&report)), ("http", vec![RESERVE]));
    assert_eq!(world.removed(), ["s1-0"]);
}

#[test]
fn retries_that_are_used_up_can_pause_and_go_on() {
    let mut shop = Shop::default();
    shop.policy.exhausted = Exhausted::Pause;
    let program = load(shop.order());
    let world = World::default();
    let net = scripted(&world, &[(CHARGE, &[Fate::Status(503); 4])]);
    let mut simulation = Simulation::new(program.clone(), settings(&program), 1, net);
    let Run::Ended(report) = simulation.start(INPUT).unwrap() else { panic!() };
    let Outcome::Paused { reason } = &report.outcome else { panic!("{report:?}") };
    assert!(reason.contains("`shop.charge`"), "{reason}");
    assert!(
        matches!(simulation.history().unwrap().last(), Some(Record::Held(held)) if !held.needs_attention)
    );
    let Run::Ended(report) = simulation.recover(Duration::from_secs(3600)).unwrap() else { panic!() };
    assert_eq!(failed_with(&report), "deadline", "the workflow's own time has passed meanwhile");

    let shop = Shop { within_us: 86_400 * SECOND, ..shop };
    let program = load(shop.order());
    let world = World::default();
    let net = scripted(&world, &[(CHARGE, &[Fate::Status(503); 4])]);
    let mut simulation = Simulation::new(program.clone(), settings(&program), 1, net);
    simulation.start(INPUT).unwrap();
    let Run::Ended(report) = simulation.recover(Duration::from_secs(3600)).unwrap() else { panic!() };
    assert!(matches!(report.outcome, Outcome::Succeeded(_)), "{report:?}");
    let keys: Vec<_> = world.seen_of(CHARGE).into_iter().map(|seen| seen.key).collect();
    assert!(keys.len() == 5 && keys.iter().all(|key| *key == keys[0]), "{keys:?}");
}

#[test]
fn a_rate_is_kept_in_the_order_of_arrival() {
    let shop = Shop { rate: Some(Rate { requests: 2, per_us: 10 * SECOND }), ..Shop::default() };
    let (report, events, _) = run(shop.order(), &[]);
    assert!(matches!(report.outcome, Outcome::Succeeded(_)));
    let starts: Vec<i64> = events
        .iter()
        .filter(|event| matches!(event.kind, EventKind::AttemptStarted { .. }))
        .map(|event| event.at_us)
        .collect();
    for pair in starts.windows(3) {
        assert!(pair[2] - pair[0] >= i64::try_from(10 * SECOND).unwrap(), "{starts:?}");
    }
    let delayed = events.iter().filter(|e| matches!(e.kind, EventKind::Delayed { why: Delay::Rate, .. }));
    assert_eq!(delayed.count(), 2);
}

#[test]
fn a_retry_that_finds_its_budget_empty_waits_and_is_not_dropped() {
    let mut shop = Shop::default();
    shop.policy.backoff = flow_plan::Backoff::None;
    // 40 calls of four attempts each, 10 ms an attempt: 120 retries in less than two seconds.
    let fates = [Fate::Status(503), Fate::Status(503), Fate::Status(503), Fate::Good].repeat(40);
    let (report, events, world) = run(shop.only(QUOTE, 40), &[(QUOTE, &fates)]);
    assert!(matches!(report.outcome, Outcome::Succeeded(_)), "{report:?}");
    assert_eq!(world.seen_of(QUOTE).len(), 160, "none is dropped");
    let delayed = |event: &&flow_engine::Event| {
        matches!(event.kind, EventKind::Delayed { why: Delay::RetryBudget, .. })
    };
    assert!(events.iter().any(|event| delayed(&event)), "the wait is shown");
    let retries = events.iter().filter_map(|event| match event.kind {
        EventKind::AttemptStarted { number: 2.., .. } => Some(event.at_us),
        _ => None,
    });
    let retries: Vec<i64> = retries.collect();
    // Counts are of a tenth of a second.
    let window_us = i64::try_from(10 * SECOND - SECOND / 10).unwrap();
    assert!(retries.windows(101).all(|some| some[100] - some[0] >= window_us), "at most 100 in ten seconds");
}

#[test]
fn a_wait_for_the_budget_that_uses_up_the_time_ends_with_the_last_error() {
    let mut shop = Shop::default();
    shop.policy.backoff = flow_plan::Backoff::None;
    shop.policy.within_us = Some(SECOND);
    let fates = [Fate::Status(503), Fate::Status(503), Fate::Status(503), Fate::Good].repeat(40);
    let (report, _, world) = run(shop.only(QUOTE, 40), &[(QUOTE, &fates)]);
    let Outcome::Failed(failure) = &report.outcome else { panic!("{report:?}") };
    assert_eq!((failure.error.name.as_str(), failure.error.status), ("http", Some(503)), "{failure:?}");
    assert!(world.seen_of(QUOTE).len() < 160, "it was given up");
}

#[test]
fn reads_cost_no_commit_and_a_write_costs_one() {
    let commits = |plan| {
        let program = load(plan);
        let world = World::default();
        let mut simulation = Simulation::new(program.clone(), settings(&program), 1, scripted(&world, &[]));
        assert!(matches!(simulation.start(INPUT).unwrap(), Run::Ended(_)));
        simulation.commits()
    };
    // The beginning and the end.
    assert_eq!(commits(Shop::default().only(QUOTE, 9)), 2);
    // And one before each request that changes something, which takes the last one's answer with it.
    assert_eq!(commits(Shop::default().only(CHARGE, 1)), 2, "the first goes with the beginning");
    assert_eq!(commits(Shop::default().only(CHARGE, 3)), 4);
}

#[test]
fn nothing_is_sent_before_what_it_rests_on_is_written() {
    let program = load(Shop::default().order());
    let world = World::default();
    let seen = world.clone();
    let mut simulation = Simulation::new(program.clone(), settings(&program), 1, scripted(&world, &[]));
    simulation.start(INPUT).unwrap();
    let history = simulation.history().unwrap();
    assert!(matches!(history[0], Record::Started(_)));
    for request in seen.seen() {
        let intent = history.iter().find_map(|record| match record {
            Record::Intent(intent) if intent.path == request.path => Some(intent),
            _ => None,
        });
        match intent {
            Some(intent) => {
                assert_eq!(intent.body.clone().unwrap_or_default(), request.body);
                assert_eq!(intent.repeatable, request.step != NOTIFY);
                assert!(request.line.ends_with(&intent.target), "{request:?}");
            }
            None => assert_eq!(request.step, QUOTE, "only a read is not written down"),
        }
    }
}

#[test]
fn a_missing_secret_is_named_before_anything_is_sent() {
    let program = load(Shop::default().order());
    let mut given = Given::new();
    assert_eq!(resolve(&program, &given).unwrap_err(), [SettingError::SecretMissing("token".into())]);
    given.secret("token", Secret::new(""));
    assert_eq!(resolve(&program, &given).unwrap_err(), [SettingError::SecretEmpty("token".into())]);
    // A line break is no reason to refuse a secret, but a header cannot carry it.
    given.secret("token", Secret::new("a-secret\nwith a line"));
    let resolved = resolve(&program, &given).unwrap();
    let world = World::default();
    let (run, events) = run_virtual(program, INPUT, resolved, 1, scripted(&world, &[])).unwrap();
    let Run::Ended(report) = run else { panic!("{run:?}") };
    assert_eq!(failed_with(&report), "refused");
    let Outcome::Failed(failure) = &report.outcome else { panic!() };
    assert!(failure.error.message.contains("line break"), "{}", failure.error.message);
    assert!(world.seen().is_empty() && !format!("{events:?}{report:?}").contains("a-secret"));
}

#[test]
fn a_body_that_does_not_fit_is_retried_where_the_policy_says_so() {
    let mut shop = Shop::default();
    let script: &[(StepId, &[Fate])] = &[(CHARGE, &[Fate::DoneBut(200)])];
    let (report, _, _) = run(shop.order(), script);
    assert_eq!(failed_with(&report), "decode");
    shop.policy.on.push(RetryOn::Decode);
    let (report, _, world) = run(shop.order(), script);
    assert!(matches!(report.outcome, Outcome::Succeeded(_)), "{report:?}");
    assert_eq!((world.seen_of(CHARGE).len(), world.made(CHARGE).len()), (2, 1));
}

#[test]
fn one_seed_gives_one_trace() {
    let trace = |seed| {
        let program = load(Shop::default().order());
        let world = World::default();
        let net = crate::world::chaotic(&world, 3);
        let (run, events) = run_virtual(program.clone(), INPUT, settings(&program), seed, net).unwrap();
        (format!("{run:?}"), events, world.seen())
    };
    assert_eq!(trace(3), trace(3));
    assert_ne!(trace(3).0, trace(4).0);
}
