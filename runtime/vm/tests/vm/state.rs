//! The encoded state: canonical, and hostile bytes are refused or harmless.

use std::sync::Arc;

use flow_vm::{Completion, CompletionResult, EffectId, Machine, Program, StateError, Status};
use proptest::prelude::*;

use crate::transcript::{act, program};

/// An execution with much in its state: branches, loops, deadlines, undos, errors, every kind of value.
const RICH: &str = r#"
    type Tree = { kids: [Tree], name: string }
    type Rich = { b: bytes, d: decimal?, j: json, m: <[string?]>, t: Tree, u: uuid, x: "a" | "b" }
    error Bad = { why: string }
    operation make POST idempotent (body n: string) -> { id: string, j: json } raises 402 Bad
    operation undo DELETE idempotent (path id: string) -> ignored
    step one make undo undo_one result cause
    step two make undo none
    step un undo undo none
    flow undo_one(n: string, it: { id: string, j: json }, cause: error) -> null {
        let none: null, id: string
        field id it id
        call none un (id) ()
        return none
    }
    flow branch(n: string, rich: Rich) -> Rich {
        let out: { id: string, j: json }
        call out two (n) ()
        return rich
    }
    flow napping(time: duration) -> null {
        let none: null
        null none
        sleep time
        return none
    }
    flow main(rich: Rich) -> { caught: string, rich: Rich } {
        let time: duration, out: { id: string, j: json }, caught: error, name: string, text: string
        let both: { r: Rich }, result: { caught: string, rich: Rich }, fields: { why: string }
        const name "first"
        const time 1000000
        enter_deadline time
        enter_loop
        next_loop
        call out one (name) (name)
        try top..end catch Bad as caught at handler scopes 2
       top:
        record fields { why: string } (name)
        fail Bad fields
       end:
       handler:
        fork both { r: branch(name, rich), _: napping(time) }
        error_name text caught
        field rich both r
        leave
        leave
        record result { caught: string, rich: Rich } (text, rich)
        return result
    }
"#;

fn rich() -> Arc<Program> {
    program(RICH)
}

const INPUT: &str = r#"{"b": "AAEC", "d": 1.50, "j": {"k": [1.0, "x", null, true]}, "m": {"p": ["q", null], "a": []},
    "t": {"name": "root", "kids": [{"name": "kid", "kids": []}]}, "u": "0190b3f0-7a2b-7cde-8f01-23456789abcd", "x": "a"}"#;

/// The states of the execution at its waits.
fn states() -> Vec<Vec<u8>> {
    let (mut machine, _) = Machine::start(rich(), INPUT.as_bytes(), &[]).unwrap();
    let mut states = vec![machine.encode()];
    for command in [r#"#1 200 {"id": "i", "j": [1]}"#, "#3 fired", r#"#2 402 {"why": "no"}"#, "#5 503"] {
        act(&mut machine, command).unwrap();
        states.push(machine.encode());
    }
    assert!(matches!(machine.status(), Status::NeedsAttention(_)), "{:?}", machine.status());
    states
}

#[test]
fn a_rich_state_goes_through_its_encoding() {
    crate::transcript::check(
        RICH,
        &format!(
            r#"
            > start {}
            #0 timer 1000000
            #1 call make at 0.1 body "first" until #0
            waiting
            > #1 200 {{"id": "i", "j": [1]}}
            #2 call make at 8.1/0/1 body "first" until #0
            #3 timer 1000000
            waiting
            > #3 fired
            waiting
            > #2 200 {{"id": "k", "j": null}}
            cancel #0
            done {{"caught":"Bad","rich":{{"b":"AAEC","d":1.50,"j":{{"k":[1.0,"x",null,true]}},"m":{{"p":["q",null],"a":[]}},"t":{{"kids":[{{"kids":[],"name":"kid"}}],"name":"root"}},"u":"0190b3f0-7a2b-7cde-8f01-23456789abcd","x":"a"}}}}
            "#,
            INPUT.replace('\n', "")
        ),
    );
}

#[test]
fn a_state_is_of_its_plan_and_format() {
    let state = states().remove(0);
    let other = program("flow main() -> null {\nlet none: null\nnull none\nreturn none\n}");
    assert!(matches!(Machine::decode(other, &state), Err(StateError::Plan { .. })));
    let mut newer = state.clone();
    newer[6] = 10;
    assert_eq!(Machine::decode(rich(), &newer).unwrap_err(), StateError::Format(10));
    let mut foreign = state.clone();
    foreign[7] ^= 1;
    assert!(matches!(Machine::decode(rich(), &foreign), Err(StateError::Damaged(_))));
    assert!(matches!(Machine::decode(rich(), b""), Err(StateError::Damaged(_))));
}

#[test]
fn a_state_that_is_cut_off_or_goes_on_is_refused() {
    let program = rich();
    for state in states() {
        for end in 0..state.len() {
            assert!(
                Machine::decode(program.clone(), &state[..end]).is_err(),
                "cut at {end} of {}",
                state.len()
            );
        }
        for more in [vec![0], vec![0; 8]] {
            assert!(Machine::decode(program.clone(), &[state.clone(), more].concat()).is_err());
        }
    }
}

/// Goes on with whatever a machine waits for until it ends, or long enough. It must not panic.
fn drive(machine: &mut Machine) {
    for round in 0..30_u64 {
        for effect in 0..12 {
            let answer = |status: u16, body: &str| {
                let body = body.as_bytes().to_vec();
                CompletionResult::Call(flow_vm::CallAnswer::Answered { status, headers: Vec::new(), body })
            };
            let results = [
                CompletionResult::Fired,
                if round % 2 == 0 {
                    answer(200, r#"{"id": "z", "j": {}}"#)
                } else {
                    answer(402, r#"{"why": "w"}"#)
                },
            ];
            for result in results {
                let _ = machine.resume(Completion { effect: EffectId(effect), result });
            }
        }
        machine.proceed();
        let bytes = machine.encode();
        let _ = Machine::decode(machine.program().clone(), &bytes);
        if round == 20 {
            machine.cancel();
        }
        if !matches!(machine.status(), Status::Running | Status::Waiting) {
            return;
        }
    }
}

/// Every bit of every byte, one at a time: refused, or a state like any other.
#[test]
fn a_flipped_bit_is_refused_or_harmless() {
    let program = rich();
    let mut taken = 0;
    for state in states() {
        for at in 0..state.len() {
            for bit in 0..8 {
                let mut changed = state.clone();
                changed[at] ^= 1 << bit;
                if let Ok(mut machine) = Machine::decode(program.clone(), &changed) {
                    assert_eq!(machine.encode(), changed, "what is taken is canonical");
                    drive(&mut machine);
                    taken += 1;
                }
            }
        }
    }
    assert!(taken > 0, "some changes are values like others");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    /// Several bytes at once, so that changes hide each other.
    #[test]
    fn changed_bytes_are_refused_or_harmless(
        which in 0..5_usize,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let program = PROGRAM.get_or_init(rich);
        let mut state = STATES.get_or_init(states)[which].clone();
        for (at, byte) in changes {
            // The header is seen to elsewhere; a change of the plan's hash hides all others.
            let at = 40 + at.index(state.len() - 40);
            state[at] = byte;
        }
        if let Ok(mut machine) = Machine::decode(program.clone(), &state) {
            drive(&mut machine);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    /// Any answers in any order: the same happens straight and through the encoding, and it comes to an end.
    #[test]
    fn any_answers_in_any_order(choices in prop::collection::vec((any::<prop::sample::Index>(), 0..8_u8), 200)) {
        let program = PROGRAM.get_or_init(rich);
        let (mut straight, mut step) = Machine::start(program.clone(), INPUT.as_bytes(), &[]).unwrap();
        let mut stored = Machine::decode(program.clone(), &straight.encode()).unwrap();
        let mut open: Vec<(EffectId, bool)> = Vec::new();
        for (which, kind) in choices {
            for effect in &step.effects {
                match &effect.kind {
                    flow_vm::EffectKind::Cancel { effect } => open.retain(|(id, call)| id != effect || *call),
                    flow_vm::EffectKind::Log { .. } => {}
                    flow_vm::EffectKind::Call(_) => open.push((effect.id, true)),
                    _ => open.push((effect.id, false)),
                }
            }
            if !matches!(step.status, Status::Waiting) {
                break;
            }
            prop_assert!(!open.is_empty(), "it waits for nothing");
            if kind == 7 {
                step = straight.cancel();
                prop_assert_eq!(&stored.cancel(), &step);
            } else {
                let (effect, call) = open.remove(which.index(open.len()));
                let completion = Completion { effect, result: answer(call, kind) };
                step = straight.resume(completion.clone()).unwrap();
                prop_assert_eq!(&stored.resume(completion).unwrap(), &step);
            }
            stored = Machine::decode(program.clone(), &stored.encode()).unwrap();
            prop_assert_eq!(stored.encode(), straight.encode());
        }
        prop_assert!(!matches!(step.status, Status::Waiting | Status::Running), "it ends");
    }
}

/// One of several answers of a call, good and bad; or that a timer has fired.
fn answer(call: bool, kind: u8) -> CompletionResult {
    use flow_vm::{CallAnswer, UnknownReason};
    let answered = |status: u16, body: &str| CallAnswer::Answered {
        status,
        headers: Vec::new(),
        body: body.as_bytes().to_vec(),
    };
    let unknown = || CallAnswer::Unknown { reason: UnknownReason::Timeout, message: String::new() };
    CompletionResult::Call(match (call, kind) {
        (false, _) => return CompletionResult::Fired,
        (_, 0..=2) => answered(200, r#"{"id": "i", "j": {"a": [1.50]}}"#),
        (_, 3) => answered(402, r#"{"why": "no"}"#),
        (_, 4) => answered(200, "[]"),
        (_, 5) => answered(503, ""),
        _ => unknown(),
    })
}

static PROGRAM: std::sync::OnceLock<Arc<Program>> = std::sync::OnceLock::new();
static STATES: std::sync::OnceLock<Vec<Vec<u8>>> = std::sync::OnceLock::new();
