//! Every way to fail, as a client sees it.

use std::time::{Duration, Instant};

use flow_mock::{Failure, Options};
use tokio::io::AsyncReadExt;

use crate::{
    client::Bench,
    plans::{CHARGE, order_example},
};

async fn told(failures: &[&str]) -> Bench {
    let failures = failures.iter().map(|text| Failure::parse(text).unwrap()).collect();
    Bench::new(&order_example(), Options { failures, ..Options::default() }).await
}

const KEY: &str = "idempotency-key: 0190f3c2-a1b2-7000-8000-000000000001";

#[tokio::test]
async fn statuses_come_as_told_and_then_it_goes_well() {
    let bench = told(&["payments.charge=503:2"]).await;
    let mut client = bench.connect("payments").await;
    for _ in 0..2 {
        let answer = client.send("POST /payments", &[KEY], CHARGE).await;
        assert_eq!(answer.status, 503);
        assert!(answer.head.contains("content-type: application/problem+json"), "{}", answer.head);
        assert_eq!(answer.json()["title"], "Service Unavailable");
    }
    assert_eq!(client.send("POST /payments", &[KEY], CHARGE).await.body, r#"{"id":"charge-1"}"#);
    let calls = bench.mock.calls().of("payments.charge");
    assert_eq!((calls.requests, calls.effects), (3, 1));
    assert_eq!(calls.keys, ["0190f3c2-a1b2-7000-8000-000000000001"]);
    assert_eq!(
        bench.log(),
        [
            "POST payments /payments key 0190f3c2… -> 503 (told to)",
            "POST payments /payments key 0190f3c2… -> 503 (told to)",
            "POST payments /payments key 0190f3c2… -> 200",
        ]
    );
}

#[tokio::test]
async fn a_declared_error_has_its_fields() {
    let bench = told(&["payments.charge=402", "inventory.reserve=409"]).await;
    for _ in 0..2 {
        let answer = bench.send("payments", "POST /payments", &[], CHARGE).await;
        assert_eq!(answer.status, 402);
        assert!(answer.head.contains("content-type: application/json"), "{}", answer.head);
        assert_eq!(answer.json()["reason"], "declined by the mock");
        assert!(answer.json()["code"].is_i64());
    }
    let items = r#"[{"sku":"s-7","quantity":1,"price":2}]"#;
    let answer = bench.send("inventory", "POST /inventory/reservations", &[], items).await;
    assert_eq!((answer.status, answer.body.as_str()), (409, r#"{"sku":"s-7"}"#));
    assert_eq!(bench.mock.calls().of("payments.charge").effects, 0);
}

#[tokio::test]
async fn several_failures_of_one_operation_follow_each_other() {
    let bench = told(&["payments.charge=503", "payments.charge=402:1,201"]).await;
    let mut client = bench.connect("payments").await;
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(client.send("POST /payments", &[], CHARGE).await.status);
    }
    assert_eq!(statuses, [503, 402, 201, 201]);
    assert_eq!(bench.mock.calls().of("payments.charge").effects, 2);
}

#[tokio::test]
async fn a_dropped_request_took_effect_once() {
    let bench = told(&["payments.charge=drop:1"]).await;
    let dropped = bench.send("payments", "POST /payments", &[KEY], CHARGE).await;
    assert_eq!((dropped.status, dropped.body.as_str()), (0, "closed"));
    let again = bench.send("payments", "POST /payments", &[KEY], CHARGE).await;
    assert_eq!((again.status, again.body.as_str()), (200, r#"{"id":"charge-1"}"#));
    let calls = bench.mock.calls().of("payments.charge");
    assert_eq!((calls.requests, calls.effects), (2, 1));
    assert_eq!(
        bench.log(),
        [
            "POST payments /payments key 0190f3c2… -> no answer (told to drop the connection)",
            "POST payments /payments key 0190f3c2… -> 200 (same key, same answer)",
        ]
    );
}

#[tokio::test]
async fn a_reset_request_took_no_effect() {
    let bench = told(&["payments.charge=reset:1"]).await;
    let reset = bench.send("payments", "POST /payments", &[KEY], CHARGE).await;
    assert_eq!((reset.status, reset.body.as_str()), (0, "connection reset"));
    assert_eq!(bench.mock.calls().of("payments.charge").effects, 0);
    assert_eq!(bench.send("payments", "POST /payments", &[KEY], CHARGE).await.status, 200);
    assert_eq!(
        bench.log()[0],
        "POST payments /payments key 0190f3c2… -> no answer (told to reset the connection)"
    );
}

#[tokio::test]
async fn a_timeout_gives_nothing_and_the_effect_is_there() {
    let bench = told(&["payments.charge=timeout:1"]).await;
    let mut client = bench.connect("payments").await;
    client
        .write(
            format!(
                "POST /payments HTTP/1.1\r\nhost: x\r\n{KEY}\r\ncontent-length: {}\r\n\r\n{CHARGE}",
                CHARGE.len()
            )
            .as_bytes(),
        )
        .await;
    let mut byte = [0; 1];
    let nothing = tokio::time::timeout(Duration::from_millis(300), client.stream.read(&mut byte)).await;
    assert!(nothing.is_err(), "{nothing:?}");
    // Others are answered meanwhile.
    assert_eq!(bench.send("payments", "POST /payments", &[KEY], CHARGE).await.body, r#"{"id":"charge-1"}"#);
    assert_eq!(bench.mock.calls().of("payments.charge").effects, 1);
}

#[tokio::test]
async fn a_delay_comes_before_the_answer() {
    let bench = told(&["payments.charge=delay:150ms:1"]).await;
    for (shortest, note) in [(150, " (told to wait 150ms)"), (0, "")] {
        let start = Instant::now();
        assert_eq!(bench.send("payments", "POST /payments", &[], CHARGE).await.status, 200);
        assert!(start.elapsed() >= Duration::from_millis(shortest));
        assert_eq!(bench.log().last().unwrap(), &format!("POST payments /payments -> 200{note}"));
    }
}
