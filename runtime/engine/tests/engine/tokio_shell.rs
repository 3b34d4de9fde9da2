//! The shell on tokio, with a real client, against a real server on this machine.

use std::{
    collections::VecDeque,
    io::{Read, Write},
    net::TcpListener,
    sync::{Arc, Mutex},
};

use flow_engine::{
    Begun, Engine, Event, Given, Outcome, Parts, RecoverError, RecoverFailure, Report, StartError,
};
use flow_http::{NetOptions, ReqwestNet, Secret};
use flow_journal::{EndStatus, MemoryStore, Sealer, State, Store};
use flow_plan::Plan;

use crate::{
    shop::{CHARGE, QUOTE, SECOND, Shop},
    world::{TOKEN, load},
};

/// Answers one request a connection, as scripted: a status and a body, or nothing at all.
pub(crate) fn server(script: Vec<Option<(u16, &'static str)>>) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let requests = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&requests);
    std::thread::spawn(move || {
        let mut script = VecDeque::from(script);
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = Vec::new();
            let mut chunk = [0; 4096];
            loop {
                let read = stream.read(&mut chunk).unwrap();
                request.extend_from_slice(&chunk[..read]);
                let text = String::from_utf8_lossy(&request).to_ascii_lowercase();
                let Some(head) = text.find("\r\n\r\n") else { continue };
                let length = text.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
                let length: usize = length.map_or(0, |length| length.parse().unwrap());
                if request.len() >= head + 4 + length {
                    break;
                }
            }
            log.lock().unwrap().push(String::from_utf8(request).unwrap());
            if let Some((status, body)) = script.pop_front().unwrap_or(Some((204, ""))) {
                let length = body.len();
                let answer = format!(
                    "HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
                );
                stream.write_all(answer.as_bytes()).unwrap();
            }
        }
    });
    (url, requests)
}

pub(crate) fn engine() -> (Engine, MemoryStore) {
    let store = MemoryStore::new();
    (engine_on(&store, [1; 32]), store)
}

pub(crate) fn engine_on(store: &MemoryStore, key: [u8; 32]) -> Engine {
    let net = ReqwestNet::new(NetOptions::default()).unwrap();
    Engine::new(Parts::new(Arc::new(store.clone()), Arc::new(Sealer::new(key)), Arc::new(net)))
}

pub(crate) fn given() -> Given {
    let mut given = Given::new();
    given.secret("token", Secret::new(TOKEN));
    given
}

pub(crate) fn shop(url: String) -> Shop {
    let mut shop = Shop { base: vec![url], ..Shop::default() };
    shop.policy.backoff = flow_plan::Backoff::Fixed { delay_us: SECOND / 50 };
    shop
}

async fn run(engine: &Engine, plan: Plan) -> (Report, Vec<Event>) {
    let events: Arc<Mutex<Vec<Event>>> = Arc::default();
    let log = Arc::clone(&events);
    let watcher = Arc::new(move |event: &Event| log.lock().unwrap().push(event.clone()));
    let begun = engine.start(load(plan), br#"{"id":"o-1"}"#.to_vec(), &given(), None, watcher).await;
    let Begun::Started(handle) = begun.unwrap() else { panic!("no key was given") };
    let report = handle.report().await.unwrap();
    let events = events.lock().unwrap().clone();
    (report, events)
}

#[tokio::test]
async fn a_real_server_that_is_busy_twice_is_asked_three_times_with_one_key() {
    let (url, requests) = server(vec![Some((503, "")), Some((503, "")), Some((200, r#"{"id":"p-1"}"#))]);
    let (engine, store) = engine();
    let (report, events) = run(&engine, shop(url).only(CHARGE, 1)).await;
    assert_eq!(report.outcome, Outcome::Succeeded(br#"{"id":"o-1"}"#.to_vec()));
    let requests = requests.lock().unwrap().clone();
    assert_eq!(requests.len(), 3);
    let key = |request: &String| {
        let line = request.lines().find(|line| line.starts_with("idempotency-key: ")).unwrap();
        line.to_owned()
    };
    assert!(requests.iter().all(|request| key(request) == key(&requests[0])));
    assert!(requests.iter().all(|request| request.contains(&format!("authorization: Bearer {TOKEN}"))));
    assert!(!format!("{events:?}{report:?}").contains(TOKEN));
    let listed = store.list(None, 10).await.unwrap();
    assert_eq!(listed[0].state, State::Ended(EndStatus::Succeeded));
    assert!(store.plan(listed[0].plan).await.unwrap().is_some());
}

#[tokio::test]
async fn a_connection_that_drops_after_the_request_is_tried_again() {
    let (url, requests) = server(vec![None, Some((200, r#"{"id":"p-1"}"#))]);
    let (engine, _) = engine();
    let (report, _) = run(&engine, shop(url).only(CHARGE, 1)).await;
    assert!(matches!(report.outcome, Outcome::Succeeded(_)), "{report:?}");
    let requests = requests.lock().unwrap().clone();
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[0], requests[1], "the same bytes");
}

#[tokio::test]
async fn the_same_start_key_gives_the_same_execution() {
    let (url, requests) = server(vec![Some((200, r#"{"id":"q-1"}"#))]);
    let (engine, _) = engine();
    let program = load(shop(url).only(QUOTE, 1));
    let start = async |input: &str| {
        let (input, key) = (input.as_bytes().to_vec(), Some("o-1".to_owned()));
        engine.start(Arc::clone(&program), input, &given(), key, Arc::new(|_: &Event| {})).await
    };
    let Begun::Started(handle) = start(r#"{"id":"o-1"}"#).await.unwrap() else { panic!() };
    let id = handle.execution();
    let report = handle.report().await.unwrap();
    assert!(matches!(start(r#"{"id":"o-1"}"#).await.unwrap(), Begun::Existing(existing) if existing == id));
    assert!(matches!(start(r#"{"id":"o-2"}"#).await, Err(StartError::KeyTaken(existing)) if existing == id));
    assert_eq!(requests.lock().unwrap().len(), 1);
    // An ended execution is read back, not run again.
    let again = engine.recover(program, id, &given(), Arc::new(|_: &Event| {})).await;
    let Err(RecoverFailure::History(RecoverError::Ended(ended))) = again else { panic!("it has ended") };
    assert_eq!((ended.0, ended.1), (report.outcome, report.steps));
}

#[tokio::test]
async fn a_cancelled_execution_undoes_what_it_did() {
    let reserved = Some((200, r#"{"id":"r-1"}"#));
    let (url, requests) = server(vec![reserved, reserved, Some((204, ""))]);
    let (engine, store) = engine();
    let sleeping = Arc::new(tokio::sync::Notify::new());
    let wake = Arc::clone(&sleeping);
    let watcher = Arc::new(move |event: &Event| {
        if matches!(event.kind, flow_engine::EventKind::Sleeping { .. }) {
            wake.notify_one();
        }
    });
    let program = load(shop(url).order());
    let begun = engine.start(program, br#"{"id":"o-1"}"#.to_vec(), &given(), None, watcher).await;
    let Begun::Started(handle) = begun.unwrap() else { panic!() };
    sleeping.notified().await;
    handle.canceller().cancel().await;
    let report = handle.report().await.unwrap();
    let Outcome::Failed(failure) = &report.outcome else { panic!("{report:?}") };
    assert_eq!((failure.error.name.as_str(), failure.undone.len()), ("cancelled", 1));
    let requests = requests.lock().unwrap().clone();
    assert!(requests.last().unwrap().starts_with("DELETE /reservations/r-1 "), "{requests:?}");
    let listed = store.list(None, 10).await.unwrap();
    assert_eq!(listed[0].state, State::Ended(EndStatus::Cancelled));
}

#[tokio::test]
async fn a_loop_that_only_computes_is_cancelled_and_keeps_its_deadline() {
    for cancels in [true, false] {
        let (url, _) = server(vec![Some((200, r#"{"id":"r-1"}"#)), Some((200, r#"{"id":"q-1"}"#))]);
        let (engine, _) = engine();
        let within_us = if cancels { 3_600 * SECOND } else { SECOND };
        let plan = Shop { within_us, ..shop(url) }.endless();
        let begun =
            engine.start(load(plan), br#"{"id":"o-1"}"#.to_vec(), &given(), None, Arc::new(|_| ())).await;
        let Begun::Started(handle) = begun.unwrap() else { panic!("no key was given") };
        let canceller = handle.canceller();
        if cancels {
            tokio::time::sleep(std::time::Duration::from_millis(300)).await;
            canceller.cancel().await;
        }
        let report = tokio::time::timeout(std::time::Duration::from_secs(60), handle.report()).await;
        let Outcome::Failed(failure) = report.unwrap().unwrap().outcome else { panic!("it was stopped") };
        assert_eq!(failure.error.name, if cancels { "cancelled" } else { "deadline" });
        assert_eq!(failure.undone.len(), 1);
    }
}
