//! Idempotency keys.

use std::sync::Arc;

use flow_mock::Options;

use crate::{
    client::Bench,
    plans::{CHARGE, order_example},
};

#[tokio::test]
async fn a_repeated_key_gives_the_first_answer() {
    let bench = Bench::new(&order_example(), Options::default()).await;
    let mut client = bench.connect("payments").await;
    let mut ids = Vec::new();
    for key in ["a", "b", "a", "b", "a"] {
        let header = format!("Idempotency-Key: {key}");
        ids.push(client.send("POST /payments", &[&header], CHARGE).await.json()["id"].clone());
    }
    assert_eq!(ids, ["charge-1", "charge-2", "charge-1", "charge-2", "charge-1"]);
    let calls = bench.mock.calls().of("payments.charge");
    assert_eq!((calls.requests, calls.effects), (5, 2));
    assert_eq!(calls.keys, ["a", "b"]);
}

#[tokio::test]
async fn a_key_is_for_one_request() {
    let bench = Bench::new(&order_example(), Options::default()).await;
    let mut client = bench.connect("payments").await;
    assert_eq!(client.send("POST /payments", &["idempotency-key: a"], CHARGE).await.status, 200);
    let other = r#"{"order":"o-2","amount":40.00}"#;
    let refused = client.send("POST /payments", &["idempotency-key: a"], other).await;
    assert_eq!(refused.status, 422);
    assert_eq!(refused.json()["detail"], "the idempotency key was used before, with another request");
    assert_eq!(bench.mock.calls().of("payments.charge").effects, 1);
    // Another operation has keys of its own.
    let items = "[]";
    let reserved =
        bench.send("inventory", "POST /inventory/reservations", &["idempotency-key: a"], items).await;
    assert_eq!(reserved.status, 200);
}

#[tokio::test]
async fn malformed_keys_are_refused() {
    let bench = Bench::new(&order_example(), Options::default()).await;
    let long = format!("idempotency-key: {}", "k".repeat(2_000));
    for header in ["idempotency-key:", "idempotency-key: ü", &long] {
        assert_eq!(bench.send("payments", "POST /payments", &[header], CHARGE).await.status, 400, "{header}");
    }
}

#[tokio::test]
async fn requests_with_one_key_at_one_time_take_effect_once() {
    let bench = Arc::new(Bench::new(&order_example(), Options::default()).await);
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let bench = Arc::clone(&bench);
            tokio::spawn(async move {
                bench.send("payments", "POST /payments", &["idempotency-key: a"], CHARGE).await
            })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap().body, r#"{"id":"charge-1"}"#);
    }
    let calls = bench.mock.calls().of("payments.charge");
    assert_eq!((calls.requests, calls.effects), (20, 1));
}

#[tokio::test]
async fn what_is_idempotent_by_nature_takes_effect_once_for_each_request() {
    let bench = Bench::new(&order_example(), Options::default()).await;
    let mut client = bench.connect("inventory").await;
    for id in ["r-1", "r-1", "r-2"] {
        let line = format!("DELETE /inventory/reservations/{id}");
        assert_eq!(client.send(&line, &[], "").await.status, 204);
    }
    let calls = bench.mock.calls().of("inventory.release");
    assert_eq!((calls.requests, calls.effects), (3, 2));
}

#[tokio::test]
async fn without_its_key_a_request_takes_effect_each_time() {
    let bench = Bench::new(&order_example(), Options::default()).await;
    for _ in 0..2 {
        bench.send("payments", "POST /payments", &[], CHARGE).await;
    }
    assert_eq!(bench.mock.calls().of("payments.charge").effects, 2);
}
