//! `flow run --send`: what is sent is checked before anything happens, and what comes too late costs no result.

use crate::support::command::{flow, run};
use crate::support::folder::folder;

const WAITS: &str = r#"
workflow w () -> int {
  signal go { n: int where n > 1 }
  log "begun"
  let sent = receive go within 5s
  return sent.n
}
"#;

#[test]
fn what_does_not_fit_is_refused_before_the_run_begins() {
    let folder = folder("send-misfit", &[("w.flow", WAITS)]);
    for sent in ["go=no JSON", r#"go={"n":1}"#, r#"go={"m":2}"#] {
        let ran = run(&mut flow(&folder, &["run", "w.flow", "--send", sent]));
        assert_eq!(ran.code, 2, "{sent}: {}", ran.seen());
        assert!(!ran.seen().contains("begun"), "{sent}: {}", ran.seen());
        assert!(ran.stderr.contains("--send go: what is sent does not fit"), "{sent}: {}", ran.stderr);
    }
}

#[test]
fn one_too_many_costs_no_result() {
    let folder = folder("send-late", &[("w.flow", WAITS)]);
    let arguments = ["run", "w.flow", "--send", r#"go={"n":3}"#, "--send", r#"go={"n":4}"#];
    let ran = run(&mut flow(&folder, &arguments));
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "3\n"), "{}", ran.seen());
}
