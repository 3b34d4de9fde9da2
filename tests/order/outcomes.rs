//! Definite answers: success after retries, a decline that is compensated.

use std::time::Duration;

use super::{SECRET, order, place, services};
use crate::support::server::Reply;

#[test]
fn a_payment_that_is_busy_twice_is_sent_three_times_with_one_key() {
    let busy = Reply::Json(503, "{}");
    let server = services(vec![busy.clone(), busy, Reply::Json(200, r#"{"id":"p-1"}"#)]);
    let ran = order(&server, "text");
    assert_eq!(ran.code, 0, "{}", ran.seen());

    let result: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let wanted = serde_json::json!({ "order": "o-1", "payment": "p-1", "amount": 988.0, "method": "card" });
    assert_eq!(result, wanted);
    assert!(ran.stdout.contains("988.0000"), "a decimal keeps its digits: {}", ran.stdout);

    let payments = server.received_for("POST /payments");
    assert_eq!(payments.len(), 3);
    let key = payments[0].key().unwrap();
    assert!(key.len() >= 16 && payments.iter().all(|payment| payment.key() == Some(key)));
    assert!(payments.iter().all(|payment| payment.body == payments[0].body));
    let bearer = format!("Bearer {SECRET}");
    assert!(payments.iter().all(|payment| payment.headers["authorization"] == bearer));

    // Full jitter: at most 1 s before the second attempt and 2 s before the third; a second for a slow machine.
    for (attempt, bound) in [(1, 1), (2, 2)] {
        let gap = payments[attempt].at - payments[attempt - 1].at;
        assert!(gap <= Duration::from_secs(bound + 1), "attempt {attempt} came after {gap:?}");
    }
    assert!(server.received_for("DELETE *").is_empty());
    let reservation = server.received_for("POST /inventory/reservations");
    assert_ne!(reservation[0].key(), Some(key), "each step has a key of its own");
    assert!(!ran.seen().contains(SECRET));
}

#[test]
fn a_declined_card_releases_the_stock_once_and_says_so() {
    let server = services(vec![Reply::Json(402, r#"{"reason":"insufficient funds","code":51}"#)]);
    let ran = order(&server, "text");
    assert_eq!(ran.code, 1, "{}", ran.seen());
    assert_eq!(ran.stdout, "", "a failed run has no result");
    assert_eq!(server.received_for("POST /payments").len(), 1);
    let released = server.received_for("DELETE /inventory/reservations/*");
    assert_eq!(
        released.iter().map(|request| request.path.as_str()).collect::<Vec<_>>(),
        ["/inventory/reservations/r-1"]
    );

    for said in ["Declined", "insufficient funds", &place("payments.charge("), "402", "inventory.reserve"] {
        assert!(ran.stderr.contains(said), "{said} is not in:\n{}", ran.stderr);
    }
    assert!(!ran.seen().contains(SECRET));
}

#[test]
fn the_json_form_of_a_failure_says_the_same() {
    let server = services(vec![Reply::Json(402, r#"{"reason":"insufficient funds"}"#)]);
    let ran = order(&server, "json");
    assert_eq!(ran.code, 1, "{}", ran.seen());
    let json: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(json["format_version"], 1);
    assert_eq!(json["status"], "failed");
    assert_eq!(json["error"]["name"], "Declined");
    assert_eq!(
        format!("{}:{}", json["error"]["file"].as_str().unwrap(), json["error"]["line"]),
        place("payments.charge(")
    );
    assert_eq!(json["undone"][0]["step"], "inventory.reserve");
    assert!(json["attempts"].as_array().unwrap().iter().any(|attempt| attempt["status"] == 402));
}

#[test]
fn an_invalid_order_fails_before_anything_is_reserved() {
    let server = crate::support::server::Server::start([(
        "POST /orders/validate",
        vec![Reply::Json(200, r#"{"valid":false,"total":0}"#)],
    )]);
    let ran = order(&server, "text");
    assert_eq!(ran.code, 1, "{}", ran.seen());
    for said in ["Invalid", "order o-1 is not valid", &place("fail Invalid")] {
        assert!(ran.stderr.contains(said), "{said} is not in:\n{}", ran.stderr);
    }
    assert_eq!(server.received().len(), 1);
}
