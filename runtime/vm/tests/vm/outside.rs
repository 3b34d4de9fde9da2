//! Signals and callbacks: who gets what comes from outside, and what is refused.

use crate::transcript::{check, program};

const APPROVAL: &str = r#"
signal approve = { by: string, ok: bool }
report { stage: string }
flow main() -> string {
  let day: duration
  let a: { by: string, ok: bool }
  let by: string
  const day 86400000000
  enter_deadline day
  receive a approve
  leave
  field by a by
  return by
}
"#;

#[test]
fn a_signal_is_received_by_who_waits() {
    check(
        APPROVAL,
        r#"
        > start {}
        #0 timer 86400000000
        waiting
        > signal approve {"by": "ann", "ok": true}
        cancel #0
        done "ann"
        "#,
    );
}

#[test]
fn what_does_not_fit_is_refused_and_changes_nothing() {
    check(
        APPROVAL,
        r#"
        > start {}
        #0 timer 86400000000
        waiting
        > signal approve {"by": "ann"}
        refused: what was sent does not fit: $.ok: expected bool, found nothing
        > signal aprove {"by": "ann", "ok": true}
        refused: the workflow receives no signal `aprove`
        > signal approve {"by": "ann", "ok": true, "more": 1}
        refused: what was sent does not fit: $.more: unknown member
        > #0 fired
        failed deadline (a deadline has passed)
        > signal approve {"by": "ann", "ok": true}
        refused: the execution has ended
        "#,
    );
}

const MANY: &str = r#"
signal go = { n: int }
flow main() -> int {
  let minute: duration
  let a: { n: int }
  let n: int
  const minute 60000000
  sleep minute
  receive a go
  field n a n
  return n
}
"#;

#[test]
fn so_many_early_signals_are_kept_and_no_more() {
    let (mut machine, _) = flow_vm::Machine::start(program(MANY), b"{}", &[]).unwrap();
    for n in 0..1_000 {
        machine.signal("go", format!("{{\"n\": {n}}}").as_bytes()).unwrap();
    }
    assert_eq!(machine.signal("go", b"{\"n\": 1000}"), Err(flow_vm::SignalRefusal::Full));
    let bytes = machine.encode();
    let mut machine = flow_vm::Machine::decode(program(MANY), &bytes).unwrap();
    assert_eq!(machine.encode(), bytes);
    let completion =
        flow_vm::Completion { effect: flow_vm::EffectId(0), result: flow_vm::CompletionResult::Fired };
    let step = machine.resume(completion).unwrap();
    assert_eq!(step.status, flow_vm::Status::Done(b"0".to_vec()));
}

const CALLBACK: &str = r#"
flow main() -> int {
  let cb: { url: url, number: int }
  let n: int
  let again: int
  let sum: int
  callback cb int
  receive_callback n cb
  receive_callback again cb
  add.int sum n again
  return sum
}
"#;

#[test]
fn the_first_valid_answer_of_a_callback_is_kept() {
    check(
        CALLBACK,
        r#"
        > start {}
        #0 callback 0
        waiting
        > #0 url https://here.example/callbacks/1/abc
        waiting
        > answer 0 "x"
        refused: what was sent does not fit: $: expected int, found string "x"
        > answer 1 5
        refused: there is no such callback
        > answer 0 5
        done 10
        "#,
    );
}

#[test]
fn an_answer_may_come_before_it_is_waited_for_and_is_not_replaced() {
    let plan = CALLBACK.replace(
        "  receive_callback n cb",
        "  let minute: duration\n  const minute 60000000\n  sleep minute\n  receive_callback n cb",
    );
    check(
        &plan,
        r#"
        > start {}
        #0 callback 0
        waiting
        > #0 url https://here.example/callbacks/1/abc
        #1 timer 60000000
        waiting
        > answer 0 5
        waiting
        > answer 0 6
        refused: the callback was answered before
        > #1 fired
        done 10
        "#,
    );
}
