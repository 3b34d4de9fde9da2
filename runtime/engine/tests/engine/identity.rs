//! `key` and `one per`: what makes two starts one execution, and what queues them up.

use std::sync::{Arc, Mutex};

use flow_engine::{Begun, Event, EventKind, Handle, Outcome, StartError};
use flow_journal::{EndStatus, State, Store};
use flow_vm::Program;

use crate::{
    shop::{QUOTE, SECOND, Shop},
    tokio_shell::{engine, given, server, shop},
    world::{link, load},
};

const DAY: u64 = 24 * 3600 * SECOND;

async fn start(
    engine: &flow_engine::Engine,
    program: &Arc<Program>,
    input: &str,
) -> Result<Begun, StartError> {
    let (input, watcher) = (input.as_bytes().to_vec(), Arc::new(|_: &Event| {}));
    engine.start(Arc::clone(program), input, &given(), None, watcher).await
}

async fn started(engine: &flow_engine::Engine, program: &Arc<Program>, input: &str) -> Handle {
    match start(engine, program, input).await.unwrap() {
        Begun::Started(handle) => handle,
        Begun::Existing(execution) => panic!("{execution} has the key"),
    }
}

#[tokio::test]
async fn the_same_key_is_the_same_execution_and_another_input_is_refused() {
    let quoted = Some((200, r#"{"id":"q-1"}"#));
    let (url, requests) = server(vec![quoted, quoted]);
    let (engine, _) = engine();
    let plan = shop(url).only(QUOTE, 1);
    let program = load(Shop::told_apart(plan, Some((DAY, false)), false));
    let first = started(&engine, &program, r#"{"id":"o-1"}"#).await;
    let id = first.execution();
    first.report().await.unwrap();
    // How the input is written does not matter, what it says does.
    let again = start(&engine, &program, r#"{ "id" : "o-1", "unused": 1 }"#).await;
    assert!(matches!(again, Err(StartError::Input(_))), "an input has no unknown members: {again:?}");
    let again = start(&engine, &program, r#"{ "id" : "o-1" }"#).await.unwrap();
    assert!(matches!(again, Begun::Existing(existing) if existing == id));
    started(&engine, &program, r#"{"id":"o-2"}"#).await.report().await.unwrap();
    assert_eq!(requests.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn a_key_may_be_free_again_after_a_failure() {
    for (again, begins) in [(true, true), (false, false)] {
        let (url, _) = server(vec![Some((418, "")), Some((200, r#"{"id":"q-1"}"#))]);
        let (engine, store) = engine();
        let program = load(Shop::told_apart(shop(url).only(QUOTE, 1), Some((DAY, again)), false));
        let failed = started(&engine, &program, r#"{"id":"o-1"}"#).await.report().await.unwrap();
        assert!(matches!(failed.outcome, Outcome::Failed(_)));
        match start(&engine, &program, r#"{"id":"o-1"}"#).await.unwrap() {
            Begun::Started(handle) => {
                assert!(begins);
                handle.report().await.unwrap();
                let listed = store.list(Some(State::Ended(EndStatus::Succeeded)), 10).await.unwrap();
                assert_eq!(listed.len(), 1);
            }
            Begun::Existing(execution) => assert!(!begins && execution == failed.execution),
        }
    }
}

#[tokio::test]
async fn one_per_value_goes_at_a_time_in_the_order_of_their_beginnings() {
    let reserved = Some((200, r#"{"id":"r-1"}"#));
    let (url, _) = server((0..40).map(|_| reserved).collect());
    let (engine, _) = engine();
    // The whole order, which sleeps between its calls.
    let program = load(Shop::told_apart(shop(url).order(), None, true));
    let log: Arc<Mutex<Vec<usize>>> = Arc::default();
    let mut handles = Vec::new();
    for number in 0..3 {
        let log = Arc::clone(&log);
        let watcher = Arc::new(move |event: &Event| {
            if matches!(event.kind, EventKind::AttemptStarted { .. }) {
                log.lock().unwrap().push(number);
            }
            assert_ne!(event.kind, EventKind::Recovered, "it begins, and is not gone on with");
        });
        let input = br#"{"id":"o-1"}"#.to_vec();
        let begun = engine.start(Arc::clone(&program), input, &given(), None, watcher).await.unwrap();
        let Begun::Started(handle) = begun else { panic!("there is no key") };
        handles.push(handle);
    }
    // One that waits can be cancelled: it has done nothing.
    handles[1].canceller().cancel().await;
    for (number, handle) in handles.into_iter().enumerate() {
        let report = handle.report().await.unwrap();
        match report.outcome {
            Outcome::Failed(failure) => {
                assert_eq!((number, failure.error.name.as_str()), (1, "cancelled"));
            }
            outcome => assert!(number != 1 && matches!(outcome, Outcome::Succeeded(_)), "{outcome:?}"),
        }
    }
    let log = log.lock().unwrap().clone();
    assert!(log.is_sorted() && log.contains(&0) && !log.contains(&1) && log.contains(&2), "{log:?}");
}

#[tokio::test]
async fn executions_that_call_with_the_same_key_have_one_child_and_others_take_turns() {
    for (keyed, calls) in [(true, 1), (false, 3)] {
        let quoted = Some((200, r#"{"id":"q-1"}"#));
        let (url, requests) = server(vec![quoted; 3]);
        let (engine, store) = engine();
        let child = shop(url.clone()).only(QUOTE, 1);
        let child = load(Shop::told_apart(child, keyed.then_some((DAY, false)), !keyed));
        let parent = link(shop(url).parent_of(child.plan(), false), &child);
        let mut handles = Vec::new();
        for _ in 0..3 {
            handles.push(started(&engine, &parent, r#"{"id":"o-1"}"#).await);
        }
        for handle in handles {
            let report = handle.report().await.unwrap();
            assert!(matches!(report.outcome, Outcome::Succeeded(_)), "{report:?}");
        }
        assert_eq!(requests.lock().unwrap().len(), calls);
        let all = store.list(None, 10).await.unwrap();
        assert_eq!(all.iter().filter(|summary| summary.workflow == "order").count(), calls);
    }
}

#[tokio::test]
async fn one_call_is_under_way_at_once_over_all_executions() {
    let reserved = Some((200, r#"{"id":"r-1"}"#));
    let (url, requests) = server(vec![reserved; 12]);
    let (engine, _) = engine();
    let shop = Shop { concurrency: Some(1), ..shop(url) };
    let program = load(shop.only(QUOTE, 3));
    let open: Arc<Mutex<i32>> = Arc::default();
    let mut handles = Vec::new();
    for _ in 0..4 {
        let open = Arc::clone(&open);
        let watcher = Arc::new(move |event: &Event| {
            let mut open = open.lock().unwrap();
            match event.kind {
                EventKind::AttemptStarted { .. } => *open += 1,
                EventKind::AttemptEnded { .. } => *open -= 1,
                _ => {}
            }
            assert!(*open <= 1, "{open} are under way");
        });
        let input = br#"{"id":"o-1"}"#.to_vec();
        match engine.start(Arc::clone(&program), input, &given(), None, watcher).await.unwrap() {
            Begun::Started(handle) => handles.push(handle),
            Begun::Existing(execution) => panic!("{execution} has a key"),
        }
    }
    for handle in handles {
        let report = handle.report().await.unwrap();
        assert!(matches!(report.outcome, Outcome::Succeeded(_)), "{report:?}");
    }
    assert_eq!(requests.lock().unwrap().len(), 12);
}
