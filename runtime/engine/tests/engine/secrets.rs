//! Secrets that servers echo: the program computes with what they said, and nobody else reads it.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use flow_engine::{
    Answer, Begun, Engine, Event, EventKind, Given, Outcome, RecoverError, RecoverFailure, Run, Sending,
    Simulation, resolve,
};
use flow_http::{HttpResponse, Secret, SecretSource, Settings};
use flow_journal::{Record, Sealer, Store, codec};
use flow_vm::Program;

use crate::{
    shop::{CHARGE, Shop},
    tokio_shell::{engine, engine_on, given, server, shop},
    world::{TOKEN, link, load, settings},
};

const INPUT: &[u8] = br#"{"id":"o-1"}"#;

/// A network that echoes everything that it can.
fn echo(sending: &Sending) -> Answer {
    assert_eq!(sending.request.header("authorization"), Some(&*format!("Bearer {TOKEN}")));
    let body = format!(r#"{{"id":"{TOKEN}","authorization":"Bearer {TOKEN}"}}"#);
    Answer::now(HttpResponse::new(200, body).with_header("x-echo", TOKEN))
}

fn hides(what: impl std::fmt::Debug) {
    let shown = format!("{what:?}");
    let bytes: Vec<String> = TOKEN.bytes().map(|byte| byte.to_string()).collect();
    assert!(!shown.contains(TOKEN) && !shown.contains(&bytes.join(", ")), "{shown}");
}

/// Runs to the end, going on wherever the process dies, and holds that nothing is shown or kept in clear.
fn run(program: &Arc<Program>, crash_before: Option<u64>, snapshot_every: u32) -> (Outcome, u64) {
    let mut simulation = Simulation::new(program.clone(), settings(program), 1, echo);
    simulation.set_snapshot_every(snapshot_every);
    crash_before.into_iter().for_each(|action| simulation.crash_before(action));
    let mut run = simulation.start(INPUT).unwrap();
    let report = loop {
        match run {
            Run::Ended(report) => break report,
            Run::Crashed => match simulation.recover(Duration::from_secs(1)) {
                Ok(next) => run = next,
                // Nobody was told that it had begun.
                Err(RecoverError::NoBeginning) => return (Outcome::Succeeded(Vec::new()), 0),
                Err(error) => panic!("{error}"),
            },
            other => panic!("{other:?}"),
        }
    };
    hides(simulation.events());
    for execution in simulation.begun().collect::<Vec<_>>() {
        hides(simulation.history_of(execution).unwrap());
    }
    (report.outcome, simulation.actions_done())
}

#[test]
fn a_program_computes_with_what_a_server_echoes_wherever_the_process_dies() {
    let child = load(Shop::default().order());
    let parent = link(Shop::default().parent_of(child.plan(), false), &child);
    for program in [child, parent] {
        let (outcome, actions) = run(&program, None, 64);
        // A result is given to whoever computes on with it; who shows it masks it.
        let Outcome::Succeeded(result) = &outcome else { panic!("{outcome:?}") };
        assert_eq!(result, format!(r#"{{"id":"{TOKEN}"}}"#).as_bytes());
        for action in 0..actions {
            for snapshot_every in [1, 64] {
                let (again, done) = run(&program, Some(action), snapshot_every);
                // An unsafe call that was cut off is not sent again.
                let unknown = again.words().contains("the process died while it was under way");
                assert!(done == 0 || again == outcome || unknown, "crash before action {action}: {again:?}");
            }
        }
    }
}

#[test]
fn one_plan_masks_the_secrets_of_all_below_it() {
    let child = load(Shop::default().order());
    let mut plan = Shop::default().parent_of(child.plan(), false);
    plan.config.clear();
    plan.apis.iter_mut().for_each(|api| api.auth = None);
    let parent = link(plan, &child);
    let resolved = settings(&parent);
    let of_parent: Settings = resolved.of(&parent).settings;
    assert_eq!(of_parent.redactor().text(TOKEN), "[secret token]");
}

/// Runs one call of an order whose token is what the source gives, on a network that is busy once and echoes.
fn rotated(
    read: impl Fn(usize) -> Result<Secret, String> + Send + Sync + 'static,
) -> (Vec<String>, Run, Vec<Event>) {
    let program = load(Shop::default().only(CHARGE, 1));
    let (reads, seen) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(Vec::new())));
    let mut given = Given::new();
    given.secret("token", SecretSource::new(move || read(reads.fetch_add(1, Ordering::Relaxed))));
    let resolved = resolve(&program, &given).unwrap();
    let log = Arc::clone(&seen);
    let net = move |sending: &Sending| {
        let mut log = log.lock().unwrap();
        log.push(sending.request.header("authorization").unwrap().to_owned());
        let body = format!(r#"{{"id":"{}"}}"#, log.join(" "));
        Answer::now(HttpResponse::new(if log.len() == 1 { 503 } else { 400 }, body))
    };
    let mut simulation = Simulation::new(program, resolved, 1, net);
    let mut run = simulation.start(INPUT).unwrap();
    if let Run::Ended(report) = &run
        && let Outcome::Paused { .. } = report.outcome
    {
        run = simulation.recover(Duration::from_secs(1)).unwrap();
    }
    let events = simulation.events().to_vec();
    for record in simulation.history().unwrap() {
        let encoded = codec::encode(&record).unwrap();
        for secret in ["tok-old-123", "tok-new-456"] {
            assert!(!encoded.windows(secret.len()).any(|part| part == secret.as_bytes()), "{record:?}");
        }
    }
    let seen = seen.lock().unwrap().clone();
    (seen, run, events)
}

#[test]
fn a_secret_is_read_for_each_attempt_and_its_old_value_is_masked_too() {
    // Twice when the configuration is looked at, and once for each attempt.
    let (seen, _, events) =
        rotated(|read| Ok(Secret::new(if read < 3 { "tok-old-123" } else { "tok-new-456" })));
    assert_eq!(seen, ["Bearer tok-old-123", "Bearer tok-new-456"]);
    let shown = format!("{events:?}");
    assert!(!shown.contains("tok-old-123") && !shown.contains("tok-new-456"), "{shown}");
}

#[test]
fn an_execution_waits_for_a_secret_that_cannot_be_read() {
    let (seen, run, events) = rotated(|read| match read {
        3 => Err("cannot be read: it is away".to_owned()),
        _ => Ok(Secret::new("tok-old-123")),
    });
    assert!(matches!(run, Run::Ended(_)), "{run:?}");
    let held = events.iter().find_map(|event| match &event.kind {
        EventKind::Held { reason } => Some(reason.as_str()),
        _ => None,
    });
    assert_eq!(held, Some("secret `token` cannot be read: it is away"));
    assert_eq!(seen.len(), 2, "it was not sent without, and was sent when it was there again");
}

fn watcher() -> flow_engine::Watcher {
    Arc::new(|event| hides(event))
}

async fn begin(engine: &Engine, url: String) -> flow_engine::Handle {
    let program = load(shop(url).only(CHARGE, 1));
    match engine.start(program, INPUT.to_vec(), &given(), None, watcher()).await.unwrap() {
        Begun::Started(handle) => handle,
        Begun::Existing(_) => panic!("no key was given"),
    }
}

#[tokio::test]
async fn a_report_is_masked() {
    let error = r#"{"error":"no \u0074ok-5f3c9a71 here","also":"dG9rLTVmM2M5YTcx"}"#;
    let (url, _) = server(vec![Some((400, error))]);
    let (engine, _) = engine();
    let report = begin(&engine, url).await.report().await.unwrap();
    let attempt = &report.steps[0].attempts[0];
    let excerpt = String::from_utf8(attempt.excerpt.clone()).unwrap();
    assert_eq!(excerpt, r#"{"error":"no [secret token] here","also":"[secret token]"}"#);
    hides(report);
}

#[tokio::test]
async fn without_its_key_a_history_is_not_gone_on_with() {
    let (url, _) = server(vec![Some((200, r#"{"id":"tok-5f3c9a71"}"#))]);
    let (first, store) = engine();
    let handle = begin(&first, url.clone()).await;
    let execution = handle.execution();
    handle.report().await.unwrap();
    let history = store.load(execution).await.unwrap().unwrap();
    assert!(history.records.iter().any(|record| matches!(record, Record::Sealed(_))), "{history:?}");
    history.records.iter().for_each(|record| hides(codec::encode(record).unwrap()));
    let program = load(shop(url).only(CHARGE, 1));
    let goes_on = |engine: Engine| {
        let program = program.clone();
        async move { engine.recover(program, execution, &given(), watcher()).await.unwrap_err() }
    };
    let ended = goes_on(engine_on(&store, [1; 32])).await;
    let RecoverFailure::History(RecoverError::Ended(ended)) = ended else { panic!("{ended}") };
    hides(ended);
    let error = goes_on(engine_on(&store, [2; 32])).await.to_string();
    assert!(error.starts_with("the record is sealed with the key"), "{error}");
    let sealed = history.records.iter().find(|record| matches!(record, Record::Sealed(_))).unwrap();
    let opened = Sealer::new([1; 32]).open(flow_journal::ExecutionId([0; 16]), sealed);
    let damaged = "the sealed record is damaged, or belongs to another execution";
    assert_eq!(opened.unwrap_err().to_string(), damaged);
}
