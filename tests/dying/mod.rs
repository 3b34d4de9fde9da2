//! Executions whose process dies before any of their actions, on virtual time and from a seed: what was acknowledged is
//! not lost, what was decided is not decided anew, and they end.

mod harness;

use std::collections::BTreeSet;

use flow_engine::{AttemptResult, Delay, EventKind, Outcome, Run};
use flow_http::HttpResponse;
use flow_vm::SignalRefusal;

use harness::{World, chaotic, load, one_request_a_step, play, wherever_it_dies};

/// Nothing comes from outside.
fn nothing<N>(_: &mut N) -> Run {
    panic!("it waits for something")
}

fn strings(json: &[u8]) -> Vec<String> {
    serde_json::from_slice(json).unwrap()
}

/// Three pages, whose orders are named anew whenever one is read: what was read and acted upon is not read again.
fn page(target: &str, asked: u64) -> String {
    let page = target.split_once("after=p").map_or(0, |(_, page)| page[..1].parse::<u64>().unwrap());
    let next = if page < 2 { format!(r#""p{}""#, page + 1) } else { "null".to_owned() };
    let order = |n: u64| format!(r#""o-{}-{asked}""#, 2 * page + n);
    format!(r#"{{"orders":[{},{}],"next":{next}}}"#, order(0), order(1))
}

#[test]
fn pages_are_walked_once_and_each_item_is_acted_upon_once() {
    let program = load("paging.flow");
    wherever_it_dies(0..60, 4, 1, |case| {
        let world = World::default();
        let net = chaotic(&world, case.seed, case.seed * 7 % 50, |seen, asked| {
            if seen.method == "GET" {
                HttpResponse::new(200, page(&seen.target, asked))
            } else {
                HttpResponse::new(204, "")
            }
        });
        let (report, simulation) = play(&program, case, net, nothing);
        one_request_a_step(&world);
        match report.map(|report| report.outcome) {
            Some(Outcome::Succeeded(output)) => {
                let shipped = strings(&output);
                let numbers: Vec<&str> = shipped.iter().map(|id| &id[2..3]).collect();
                assert_eq!(numbers, ["0", "1", "2", "3", "4", "5"], "{shipped:?}");
                let shipped: BTreeSet<String> = shipped.iter().map(|id| format!("shipments/{id}")).collect();
                assert_eq!(world.made(), shipped);
            }
            Some(Outcome::Failed(_)) | None => assert_eq!(world.made(), BTreeSet::new(), "nothing is left"),
            Some(Outcome::NeedsAttention(attention)) => assert!(!attention.steps.is_empty()),
            Some(Outcome::Paused { reason }) => panic!("nothing pauses here: {reason}"),
        }
        simulation.actions_done()
    });
}

#[test]
fn the_errors_of_siblings_are_kept() {
    let program = load("also.flow");
    let mut most = BTreeSet::new();
    let found = std::cell::RefCell::new(&mut most);
    wherever_it_dies(0..80, 8, 1, |case| {
        let world = World::default();
        let net = chaotic(&world, case.seed, case.seed * 7 % 40, |seen, _| {
            // By turns one, two or three of them are full or broken.
            let bits = case.seed % 8;
            let fails = match seen.target.as_str() {
                "holds/a" => bits & 1 != 0,
                "holds/b" => bits & 2 != 0,
                "holds/c" => bits & 4 != 0,
                _ => false,
            };
            let full = HttpResponse::new(409, r#"{"reason":"full"}"#);
            if fails { full } else { HttpResponse::new(204, "") }
        });
        let (report, simulation) = play(&program, case, net, nothing);
        one_request_a_step(&world);
        let Some(report) = report else { return simulation.actions_done() };
        // One that was stopped before its next attempt has not failed, unless nobody knows whether an earlier one took
        // effect.
        let has_failed = |step: &&flow_engine::StepReport| {
            let open = |result: &Option<AttemptResult>| {
                matches!(result, None | Some(AttemptResult::Unanswered { .. }))
            };
            let is_open = step.attempts.iter().any(|attempt| open(&attempt.result));
            step.attempts.last().is_some_and(|last| {
                let good = matches!(last.result, None | Some(AttemptResult::Answered { good: true, .. }));
                step.name == "shop.hold" && !good && (is_open || last.retry_after_us.is_none())
            })
        };
        let failed = report.steps.iter().filter(has_failed).count();
        if let Outcome::Succeeded(output) = &report.outcome {
            let names = strings(output);
            let said = if failed == 0 { names.as_slice() == ["none"] } else { names.len() == failed };
            assert!(said, "{failed} failed, and {names:?} are told of: {:#?}", report.steps);
            found.borrow_mut().insert(names.len());
        }
        simulation.actions_done()
    });
    assert_eq!(most, BTreeSet::from([1, 2, 3]), "one, two and three of them fail");
}

#[test]
fn retries_wait_for_their_budget_and_none_is_dropped() {
    let program = load("budget.flow");
    wherever_it_dies(0..2, 1, 211, |case| {
        let world = World::default();
        let net = chaotic(&world, case.seed, 0, |seen, asked| {
            let price = seen.target.rsplit('/').next().unwrap().to_owned();
            // A process that dies does not ask for what it knows; else the third answer is the good one.
            if asked < 3 { HttpResponse::new(503, "busy") } else { HttpResponse::new(200, price) }
        });
        let (report, simulation) = play(&program, case, net, nothing);
        let Some(report) = report else { return simulation.actions_done() };
        let Outcome::Succeeded(output) = &report.outcome else { panic!("{:?}", report.outcome) };
        assert_eq!(output, b"3240", "1 to 80 together");
        let waits = |kind: &EventKind| matches!(kind, EventKind::Delayed { why: Delay::RetryBudget, .. });
        let dies = case.crashes.iter().any(Option::is_some);
        assert!(dies || simulation.events().iter().any(|event| waits(&event.kind)), "the wait is told of");
        // A process that comes up has a budget of its own.
        let mut retries: Vec<i64> = Vec::new();
        for event in simulation.events() {
            match &event.kind {
                EventKind::Recovered => retries.clear(),
                EventKind::AttemptStarted { number: 2.., .. } => {
                    retries.push(event.at_us);
                    let window = retries.iter().filter(|at| event.at_us - **at < 9_900_000).count();
                    assert!(window <= 100, "{window} retries in 10 s");
                }
                _ => {}
            }
        }
        simulation.actions_done()
    });
}

#[test]
fn the_first_answer_of_a_callback_is_the_one_that_counts() {
    let program = load("callback.flow");
    wherever_it_dies(0..60, 5, 1, |case| {
        let world = World::default();
        let net = chaotic(&world, case.seed, case.seed * 7 % 50, |_, _| HttpResponse::new(204, ""));
        let mut taken = false;
        let (report, simulation) = play(&program, case, net, |simulation| {
            let waits_on = simulation.standing().iter().any(|standing| standing.signals == ["proceed"]);
            if waits_on {
                // What was taken is not replaced, in whichever life that was.
                match simulation.answer(|_, _| true, br#"{"tracking":"t-2","days":1}"#) {
                    Err(refusal) => assert_eq!(refusal, SignalRefusal::Repeated),
                    Ok(run) => {
                        assert!(matches!(run, Run::Crashed), "it was answered before");
                        return run;
                    }
                }
                return simulation.signal("proceed", br#"{"now":true}"#).unwrap();
            }
            assert!(!taken, "an answer that was taken is lost");
            match simulation.answer(|_, _| true, br#"{"tracking":"t-0","days":0}"#) {
                Err(refusal) => assert!(matches!(refusal, SignalRefusal::Misfit(_)), "{refusal:?}"),
                Ok(run) => {
                    assert!(matches!(run, Run::Crashed), "it does not fit");
                    return run;
                }
            }
            let run = simulation.answer(|_, _| true, br#"{"tracking":"t-1","days":2}"#).unwrap();
            // Whoever has no reply from a process that died sends it again.
            taken = !matches!(run, Run::Crashed);
            run
        });
        one_request_a_step(&world);
        match report.map(|report| report.outcome) {
            Some(Outcome::Succeeded(output)) => assert_eq!(output, br#""t-1 2""#),
            Some(Outcome::Failed(_)) => assert_eq!(world.made(), BTreeSet::new(), "nothing is left"),
            _ => {}
        }
        simulation.actions_done()
    });
}
