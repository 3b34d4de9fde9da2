//! `flow run` of an execution that pauses: it says why and what stands, and ends.

use crate::support::command::{flow, run};
use crate::support::folder::folder;

const SHOP: &str = r#"
retry patient { attempts: 2, backoff: none, on: [5xx], exhausted: pause }

api shop v1 {
  base: "http://127.0.0.1:9"
  put book "/bookings/{id}" (id: string) { undo: cancel(id) }
  delete cancel "/bookings/{id}" (id: string)
  put pay "/payments/{id}" (id: string) { retry: patient, undo: none }
}

workflow w () {
  shop.book("b-1")
  shop.pay("b-1")
}
"#;

#[test]
fn a_paused_execution_says_why_and_what_stands() {
    let folder = folder("pause", &[("w.flow", SHOP)]);
    let ran = run(&mut flow(&folder, &["run", "w.flow", "--mock", "--fail", "shop.pay=503"]));
    assert_eq!(ran.code, 1, "{}", ran.seen());
    let why = "paused: `shop.pay` has failed in all its 2 attempts (answered with status 503), and policy `patient` \
               says `pause`";
    assert!(ran.stderr.contains(why), "{}", ran.stderr);
    assert!(ran.stderr.contains("done: shop.book\n  nothing was undone\n"), "{}", ran.stderr);
    assert!(ran.stderr.contains("start it again"), "{}", ran.stderr);
}

#[test]
fn its_json_says_that_it_is_paused() {
    let folder = folder("pause-json", &[("w.flow", SHOP)]);
    let arguments = ["run", "w.flow", "--mock", "--fail", "shop.pay=503", "--format", "json"];
    let ran = run(&mut flow(&folder, &arguments));
    assert_eq!(ran.code, 1, "{}", ran.seen());
    let json: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(json["status"], "paused", "{json}");
    assert!(json["reason"].as_str().is_some_and(|reason| reason.contains("`shop.pay`")), "{json}");
    assert_eq!(json["standing"][0]["step"], "shop.book", "{json}");
}
