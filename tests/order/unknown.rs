//! Lost answers: what may be sent again is sent again, what may not is not, and nothing is guessed.

use super::{order, services};
use crate::support::command::{Ran, flow, run};
use crate::support::server::{Reply, Server};

#[test]
fn a_keyed_call_whose_answer_was_lost_is_sent_again_with_the_same_key_and_bytes() {
    let server = services(vec![Reply::Drop, Reply::Json(200, r#"{"id":"p-1"}"#)]);
    let ran = order(&server, "text");
    assert_eq!(ran.code, 0, "{}", ran.seen());
    let payments = server.received_for("POST /payments");
    assert_eq!(payments.len(), 2);
    assert_eq!(payments[0].key(), payments[1].key());
    assert!(payments[0].key().is_some());
    assert_eq!(payments[0].body, payments[1].body);
}

#[test]
fn a_lost_answer_is_not_settled_by_a_server_that_is_busy_afterwards() {
    let server = services(vec![Reply::Drop, Reply::Json(503, "{}")]);
    let ran = order(&server, "json");
    assert_eq!(ran.code, 1, "{}", ran.seen());
    assert_eq!(server.received_for("POST /payments").len(), 4);
    let json: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(json["status"], "needs_attention", "the first payment may have been made");
    assert_eq!(json["unsettled"][0]["step"], "payments.charge");
    assert_eq!(json["standing"][0]["step"], "inventory.reserve");
    assert!(server.received_for("DELETE *").is_empty(), "nothing before an unknown step is undone");
}

const UNSAFE: &str = r#"
config { url: url = "http://127.0.0.1:1" }

api letters v1 {
  base: config.url
  timeout: 2s
  post send "/letters" (body letter: { to: string }) -> { id: string }
}

workflow notify (to: string) -> { id: string } {
  return letters.send({ to })
}
"#;

/// Sends a letter to a server that loses its answer, and would answer if it were sent again.
fn lose_an_answer(format: &str) -> (Ran, Server) {
    let server = Server::start([("POST /letters", vec![Reply::Drop, Reply::Json(200, r#"{"id":"l-1"}"#)])]);
    let folder = std::env::temp_dir().join(format!("flow-unknown-{format}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("letters.flow"), UNSAFE).unwrap();
    let set = format!("url={}", server.url());
    let arguments = ["run", "letters.flow", "--input", r#"{"to":"Ada"}"#, "--set", &set, "--format", format];
    let ran = run(&mut flow(&folder, &arguments));
    std::fs::remove_dir_all(folder).unwrap();
    (ran, server)
}

#[test]
fn an_unsafe_post_whose_answer_was_lost_is_not_sent_again_and_the_run_says_unknown() {
    let (ran, server) = lose_an_answer("text");
    assert_eq!(ran.code, 1, "{}", ran.seen());
    assert_eq!(server.received_for("POST /letters").len(), 1);
    for said in ["error[unknown]", "letters.flow:11", "letters.send", "nobody knows whether"] {
        assert!(ran.stderr.contains(said), "{said} is not in:\n{}", ran.stderr);
    }
}

#[test]
fn the_json_form_of_an_unknown_outcome_says_that_it_needs_attention() {
    let (ran, server) = lose_an_answer("json");
    assert_eq!(ran.code, 1, "{}", ran.seen());
    assert_eq!(server.received_for("POST /letters").len(), 1);
    let json: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(json["status"], "needs_attention");
    assert_eq!(json["error"]["name"], "unknown");
    assert_eq!(
        json["unsettled"],
        serde_json::json!([
            { "step": "letters.send", "path": json["unsettled"][0]["path"], "why": "nobody knows whether it took effect" }
        ])
    );
}
