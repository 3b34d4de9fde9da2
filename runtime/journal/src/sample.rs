//! A record of each kind, for tests of encodings and stores.

use crate::{
    AttemptEnded, AttemptOutcome, AttemptStarted, CalledBack, Completed, EndStatus, Ended, HeaderValue, Held,
    Intent, Joined, Logged, PlanId, Record, Reported, Sealed, Signalled, Snapshot, Started, TimerSet,
};

/// The beginning of an execution at a moment.
pub(crate) fn started(at_us: i64) -> Record {
    Record::Started(Started {
        plan: PlanId([7; 32]),
        workflow: "process_order".into(),
        input: br#"{"order":"o-1"}"#.to_vec(),
        config: vec![("orders_url".into(), b"\"http://127.0.0.1\"".to_vec())],
        secrets: vec!["payment_token".into()],
        key: Some("o-1".into()),
        parent: Some(crate::Parent {
            execution: crate::ExecutionId([7; 16]),
            path: "4.2".to_owned(),
            detached: true,
        }),
        at_us,
    })
}

/// Its end.
pub(crate) fn ended(at_us: i64) -> Record {
    Record::Ended(Ended { status: EndStatus::Succeeded, outcome: vec![1, 2, 3], at_us })
}

/// One of each, as they could follow each other.
pub(crate) fn records() -> Vec<Record> {
    let attempt = |attempt, outcome, retry_after_us| {
        Record::AttemptEnded(AttemptEnded {
            effect: 3,
            attempt,
            outcome,
            excerpt: b"busy".to_vec(),
            connect_us: 1,
            wait_us: 2,
            read_us: 3,
            retry_after_us,
            at_us: 5,
        })
    };
    vec![
        started(1),
        Record::TimerSet(TimerSet { effect: 0, due_us: i64::MAX, at_us: i64::MIN }),
        Record::Intent(Intent {
            effect: 3,
            path: "7/0/4".into(),
            repeatable: true,
            method: "POST".into(),
            target: "/payments?a=b".into(),
            headers: vec![
                ("idempotency-key".into(), HeaderValue::Text("k".into())),
                ("x-token".into(), HeaderValue::Config("payment_token".into())),
            ],
            body: Some(b"{}".to_vec()),
            key: "k".into(),
            at_us: 2,
        }),
        Record::AttemptStarted(AttemptStarted {
            effect: 3,
            attempt: 1,
            origin: "http://127.0.0.1:1".into(),
            at_us: 3,
        }),
        attempt(1, AttemptOutcome::NotSent { message: "refused".into() }, Some(1_000)),
        attempt(2, AttemptOutcome::Unanswered { message: "reset".into() }, Some(2_000)),
        attempt(3, AttemptOutcome::Answered { status: 200, good: true }, None),
        Record::Completed(Completed { effect: 3, completion: vec![0, 255], at_us: 6 }),
        Record::Logged(Logged { effect: 4, text: "ünïcode".into(), at_us: 7 }),
        Record::Signalled(Signalled { name: "approve".into(), json: b"{}".to_vec(), at_us: 7 }),
        Record::CalledBack(CalledBack { number: 0, json: b"{}".to_vec(), at_us: 7 }),
        Record::Reported(Reported { effect: 5, json: b"{}".to_vec(), at_us: 7 }),
        Record::Joined(Joined { effect: 6, execution: crate::ExecutionId([9; 16]), at_us: 7 }),
        Record::Proceeded { slices: 300, at_us: 8 },
        Record::Cancelled { at_us: 8 },
        Record::Held(Held { needs_attention: true, reason: "unknown".into(), at_us: 9 }),
        Record::Snapshot(Snapshot { machine: vec![1], driver: vec![2], at_us: 10 }),
        Record::Sealed(Sealed { shell: vec![1, 7, 2], key: [1; 8], nonce: [2; 24], bytes: vec![3] }),
        ended(11),
    ]
}
