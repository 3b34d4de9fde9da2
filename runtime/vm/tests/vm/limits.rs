//! The limits of an execution: each is an error, and none takes the machine down.

use flow_vm::{CompletionResult, Machine, Status};

use crate::transcript::{check, error, program};

/// A loop without end that calls nothing.
const SPIN: &str = r#"
    flow main(p0: int) -> int {
        let i: int, one: int, more: bool
        const i 0
        const one 1
       top:
        add.int i i one
        lt.int more i p0
        jump_if more top
        return i
    }
"#;

#[test]
fn a_slice_ends_and_the_next_goes_on() {
    check(
        SPIN,
        r#"
        > start {"p0": 1000000}
        running
        > proceed
        running
        > proceed
        running
        > proceed
        done 1000000
        "#,
    );
}

#[test]
fn a_slice_that_ends_inside_pure_functions_goes_on_too() {
    check(
        r#"
        pure inner(n: int) -> int {
            let i: int, one: int, more: bool
            const i 0
            const one 1
           top:
            add.int i i one
            lt.int more i n
            jump_if more top
            return i
        }
        pure outer(n: int, text: string) -> { n: int, text: string } {
            let out: { n: int, text: string }
            call_fn n inner (n)
            record out { n: int, text: string } (n, text)
            return out
        }
        flow main(p0: int, p1: string) -> { n: int, text: string } {
            let out: { n: int, text: string }, text: string
            concat text (p1, p1)
            call_fn out outer (p0, text)
            return out
        }
        "#,
        r#"
        > start {"p0": 500000, "p1": "ab"}
        running
        > proceed
        done {"n":500000,"text":"abab"}
        "#,
    );
}

#[test]
fn a_cancel_between_slices_is_seen_at_the_next_step() {
    check(
        &SPIN.replace("return i", "const i 7\n let time: duration\n const time 5\n sleep time\n return i"),
        r#"
        > start {"p0": 400000}
        running
        > cancel
        failed cancelled (cancelled)
        "#,
    );
}

#[test]
fn pure_code_has_its_fuel() {
    let text = r#"
        pure f(n: int) -> int {
           top:
            jump top
        }
        flow main(p0: int) -> int {
            call_fn p0 f (p0)
            return p0
        }
    "#;
    // Taking ten thousand slices to the end takes long in a debug build; the budget itself is what is tested.
    let program = program(text);
    let (mut machine, mut step) = Machine::start(program, br#"{"p0": 1}"#, &[]).unwrap();
    for _ in 0..3 {
        assert_eq!(step.status, Status::Running);
        step = machine.proceed();
    }
}

/// Doubling lists until the heap is full: error `limit`, which can be caught, and there is room again.
#[test]
fn the_heap_has_its_limit() {
    let text = r#"
        flow main(p0: [int]) -> int {
            let i: int, one: int, caught: error, text: string, none: [int]
            const i 0
            const one 1
            try top..end catch any as caught at handler
           top:
            library p0 list.concat (p0, p0)
            add.int i i one
            jump top
           end:
           handler:
            list none [int] ()
            error_message text caught
            log text
            len one none
            add.int i i one
            return i
        }
    "#;
    check(
        text,
        r#"
        > start {"p0": [1, 2, 3, 4]}
        log the values of the execution take more than 64 MB
        done 20
        "#,
    );
}

/// What is not held any more does not count: the same list again and again.
#[test]
fn garbage_is_collected() {
    let text = r#"
        flow main(p0: [int]) -> int {
            let big: [int], i: int, one: int, many: int, more: bool, time: duration
            const i 0
            const one 1
            const many 300
            const time 5
           top:
            library big list.concat (p0, p0)
            add.int i i one
            lt.int more i many
            jump_if more top
            len i big
            sleep time
            len i p0
            return i
        }
    "#;
    let numbers: Vec<String> = (0..50_000).map(|n| n.to_string()).collect();
    let input = format!("{{\"p0\": [{}]}}", numbers.join(","));
    let (mut machine, mut step) = Machine::start(program(text), input.as_bytes(), &[]).unwrap();
    while step.status == Status::Running {
        step = machine.proceed();
    }
    assert_eq!(step.status, Status::Waiting);
    let state = machine.encode();
    assert!(state.len() < 450_000, "only the live list is kept: {}", state.len());
    let completion = flow_vm::Completion { effect: flow_vm::EffectId(0), result: CompletionResult::Fired };
    assert_eq!(machine.resume(completion).unwrap().status, Status::Done(b"50000".to_vec()));
}

#[test]
fn a_text_has_its_limit() {
    let text = r#"
        flow main(p0: string) -> int {
            let i: int
           top:
            concat p0 (p0, p0)
            jump top
        }
    "#;
    let (_, step) = Machine::start(program(text), br#"{"p0": "abcdefgh"}"#, &[]).unwrap();
    let Status::Failed(failure) = step.status else { panic!("{:?}", step.status) };
    assert_eq!(error(&failure.error), "limit (a text has more than 8 MB)");
    let replace = r#"
        flow main(p0: string) -> string {
            let empty: string
            const empty ""
           top:
            library p0 string.replace (p0, empty, p0)
            jump top
        }
    "#;
    let (_, step) = Machine::start(program(replace), br#"{"p0": "abcdefgh"}"#, &[]).unwrap();
    let Status::Failed(failure) = step.status else { panic!("{:?}", step.status) };
    assert_eq!(error(&failure.error), "limit (a text has more than 8 MB)");
}

/// Functions that call each other 65 deep.
#[test]
fn calls_of_functions_have_their_depth() {
    let mut text = String::new();
    for depth in 0..70 {
        let body = if depth == 69 { String::new() } else { format!("call_fn n f{} (n)\n", depth + 1) };
        text.push_str(&format!("pure f{depth}(n: int) -> int {{\n{body}return n\n}}\n"));
    }
    let main =
        |from: u32| format!("{text}flow main(p0: int) -> int {{\ncall_fn p0 f{from} (p0)\nreturn p0\n}}");
    check(&main(6), "> start {\"p0\": 5}\ndone 5");
    check(&main(5), "> start {\"p0\": 5}\nfailed limit (functions call each other more than 64 deep)");
}

#[test]
fn undos_have_their_limit() {
    let text = r#"
        operation make POST idempotent () -> ignored
        step make make undo un
        step un make undo none
        flow un() -> null {
            let none: null
            call none un () ()
            return none
        }
        flow main() -> null {
            let none: null
            enter_loop
           top:
            call none make () ()
            next_loop
            jump top
        }
    "#;
    let (mut machine, mut step) = Machine::start(program(text), b"{}", &[]).unwrap();
    let mut calls = 0;
    while let [effect] = step.effects.as_slice() {
        let flow_vm::EffectKind::Call(call) = &effect.kind else { panic!("{effect:?}") };
        if call.undoes {
            break;
        }
        calls += 1;
        let answer = flow_vm::CallAnswer::Answered { status: 200, headers: Vec::new(), body: Vec::new() };
        let result = CompletionResult::Call(answer);
        step = machine.resume(flow_vm::Completion { effect: effect.id, result }).unwrap();
    }
    assert_eq!(calls, 10_000, "the next step is not done, and the others are undone");
    assert_eq!(step.status, Status::Waiting);
}

#[test]
fn branches_have_their_limit() {
    // Each level forks a hundred branches of the next.
    let mut text = String::new();
    for level in 0..3 {
        let next = if level == 2 { "nap".to_owned() } else { format!("level{}", level + 1) };
        let group: Vec<String> = (0..100).map(|_| format!("_: {next}()")).collect();
        text.push_str(&format!(
            "flow level{level}() -> null {{\nlet none: null\nfork none {{ {} }}\nreturn none\n}}\n",
            group.join(", ")
        ));
    }
    text.push_str("flow nap() -> null {\nlet none: null, time: duration\nconst time 5\nnull none\nsleep time\nreturn none\n}\n");
    text.push_str("flow main() -> null {\nlet none: null\nfork none { _: level0() }\nreturn none\n}\n");
    let (mut machine, mut step) = Machine::start(program(&text), b"{}", &[]).unwrap();
    while step.status == Status::Running {
        step = machine.proceed();
    }
    let Status::Failed(failure) = step.status else { panic!("{:?}", step.status) };
    assert_eq!(failure.error.message, "more than 10,000 branches run");
}

/// A result that is nested too deeply for JSON.
#[test]
fn a_result_that_can_not_be_written() {
    check(
        r#"
        type Nest = { inner: Nest? }
        flow main(p0: int) -> Nest {
            let nest: Nest, inner: Nest?, i: int, one: int, more: bool
            const i 0
            const one 1
            null inner
            record nest Nest (inner)
           top:
            some inner nest
            record nest Nest (inner)
            add.int i i one
            lt.int more i p0
            jump_if more top
            return nest
        }
        "#,
        r#"
        > start {"p0": 2}
        done {"inner":{"inner":{"inner":null}}}
        > start {"p0": 100000}
        failed limit (a value is nested too deeply for JSON)
        "#,
    );
}
