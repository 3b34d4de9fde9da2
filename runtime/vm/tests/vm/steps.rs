//! One step after another: requests, answers, paths.

use flow_plan::ConfigId;
use flow_vm::{Machine, Status};

use crate::transcript::{check, program};

/// The order of things in a workflow of two calls.
const SEQUENCE: &str = r#"
    type Item = { sku: string, quantity: int }
    type Order = { id: string, items: [Item], note?: string? }
    type Made = { id: string }
    operation reserve POST idempotent (body items: [Item]) -> Made
    operation charge POST idempotent (path order: string, query tag: [string], header note: string?) -> Made
    step reserve reserve undo none
    step charge charge undo none
    flow main(order: Order) -> { a: string, b: string } {
        let items: [Item], made: Made, a: string, b: string, id: string, tags: [string]
        let note: string?, result: { a: string, b: string }, text: string
        field items order items
        call made reserve (items) ()
        field a made id
        field id order id
        field note order note
        list tags [string] (a, id)
        call made charge (id, tags, note) ()
        field b made id
        record result { a: string, b: string } (a, b)
        concat text (a, b)
        log text
        return result
    }
"#;

#[test]
fn a_sequence_of_calls() {
    check(
        SEQUENCE,
        r#"
        > start {"id": "o/1", "items": [{"quantity": 2, "sku": "s"}]}
        #0 call reserve at 0 body [{"quantity":2,"sku":"s"}]
        waiting
        > #0 200 {"id": "r-1", "more": true}
        #1 call charge at 1 path o/1 query tag=r-1 query tag=o/1
        waiting
        > #1 200 {"id": "c-1"}
        log r-1c-1
        done {"a":"r-1","b":"c-1"}
        > #1 200 {"id": "c-1"}
        refused: nobody waits for effect 1
        "#,
    );
}

#[test]
fn an_input_is_held_to_its_type() {
    check(
        SEQUENCE,
        r#"
        > start {"id": "o", "items": [{"sku": "s", "quantity": 1.5}]}
        refused: the input does not fit: $.items[0].quantity: expected int, found number 1.5 (not a whole number without fraction or exponent)
        > start {"id": "o", "items": [], "color": 1}
        refused: the input does not fit: $.color: unknown member
        > start {"id": "o"}
        refused: the input does not fit: $.items: expected a list, found nothing
        > start {"id": "o", "id": "p", "items": []}
        refused: the input does not fit: $.id: member stands twice
        > start {"id": "\u0000", "items": []}
        refused: the input does not fit: $.id: NUL in a text at byte 8
        > start []
        refused: the input does not fit: $: expected an object, found an array
        > start {"id": "o", "items": [], "note": "n"}
        #0 call reserve at 0 body []
        waiting
        > #0 200 {"id": "r"}
        #1 call charge at 1 path o query tag=r query tag=o header note=n
        waiting
        "#,
    );
}

#[test]
fn a_completion_of_another_kind_is_refused() {
    check(
        SEQUENCE,
        r#"
        > start {"id": "o", "items": []}
        #0 call reserve at 0 body []
        waiting
        > #0 fired
        refused: the completion of effect 0 is of another kind
        > #5 fired
        refused: nobody waits for effect 5
        > #0 200 {"id": "r"}
        #1 call charge at 1 path o query tag=r query tag=o
        waiting
        "#,
    );
}

/// Loops inside each other, with a call in the inner one and one after it.
#[test]
fn loop_counters_are_in_the_paths() {
    check(
        r#"
        operation ping POST idempotent (body n: int) -> ignored
        step inner ping undo none
        step after ping undo none
        flow main(p0: int) -> null {
            let i: int, j: int, one: int, more: bool, none: null
            const one 1
            const i 0
            enter_loop
           outer:
            lt.int more i p0
            jump_if_not more end
            const j 0
            enter_loop
           top:
            lt.int more j p0
            jump_if_not more out
            call none inner (j) ()
            add.int j j one
            next_loop
            jump top
           out:
            leave
            call none after (i) ()
            add.int i i one
            next_loop
            jump outer
           end:
            leave
            null none
            return none
        }
        "#,
        r#"
        > start {"p0": 2}
        #0 call ping at 0.0.0 body 0
        waiting
        > #0 204
        #1 call ping at 0.0.1 body 1
        waiting
        > #1 204
        #2 call ping at 1.0 body 0
        waiting
        > #2 204
        #3 call ping at 0.1.0 body 0
        waiting
        > #3 204
        #4 call ping at 0.1.1 body 1
        waiting
        > #4 204
        #5 call ping at 1.1 body 1
        waiting
        > #5 204
        done null
        "#,
    );
}

#[test]
fn recorded_values_and_timers() {
    check(
        r#"
        type All = { id: uuid, number: float, time: timestamp }
        flow main() -> All {
            let wait: duration, time: timestamp, id: uuid, number: float, all: All
            const wait 0
            sleep wait
            const wait 1500000
            sleep wait
            now time
            sleep_until time
            new_uuid id
            random number
            record all All (id, number, time)
            return all
        }
        "#,
        r#"
        > start {}
        #0 timer 1500000
        waiting
        > #0 fired
        #1 now
        waiting
        > #1 now 1500000
        #2 timer at 1500000
        waiting
        > #2 fired
        #3 uuid
        waiting
        > #3 uuid 7
        #4 random
        waiting
        > #4 random 0.25
        done {"id":"07070707-0707-0707-0707-070707070707","number":0.25,"time":"1970-01-01T00:00:01.5Z"}
        "#,
    );
}

#[test]
fn configuration_is_pinned_at_the_start() {
    check(
        r#"
        config region: string = "eu"
        flow main() -> string {
            let region: string
            config region region
            return region
        }
        "#,
        r#"
        > start {}
        done "eu"
        "#,
    );
}

/// The state has the values of the start: whoever goes on with it reads no others.
#[test]
fn a_configuration_value_stays_what_it_was_at_the_start() {
    let text = r#"
        config region: string = "eu"
        flow main() -> string {
            let wait: duration, region: string
            const wait 1500000
            sleep wait
            config region region
            return region
        }
    "#;
    let (machine, _) = Machine::start(program(text), b"{}", &[(ConfigId(0), br#""us""#.to_vec())]).unwrap();
    let mut machine = Machine::decode(program(text), &machine.encode()).unwrap();
    let fired =
        flow_vm::Completion { effect: flow_vm::EffectId(0), result: flow_vm::CompletionResult::Fired };
    assert_eq!(machine.resume(fired).unwrap().status, Status::Done(br#""us""#.to_vec()));
}

#[test]
fn a_configuration_value_that_is_missing_or_does_not_fit() {
    let text = r#"
        config limit: int
        flow main() -> int {
            let limit: int
            config limit limit
            return limit
        }
    "#;
    let start = |config: &[(ConfigId, Vec<u8>)]| match Machine::start(program(text), b"{}", config) {
        Ok((_, step)) => format!("{:?}", step.status == Status::Done(b"7".to_vec())),
        Err(error) => error.to_string(),
    };
    assert_eq!(start(&[]), "the configuration entry `limit` has no value");
    assert_eq!(
        start(&[(ConfigId(0), b"true".to_vec())]),
        "the configuration entry `limit` does not fit: $: expected int, found true"
    );
    assert_eq!(start(&[(ConfigId(0), b"7".to_vec())]), "true");
}

#[test]
fn a_secret_of_the_configuration_is_pinned_and_noted() {
    let text = r#"
        config pin: secret int
        flow main() -> bool {
            let pin: secret int, other: secret int, same: bool
            config pin pin
            config other pin
            eq same pin other secret int
            return same
        }
    "#;
    let start = |json: &str| Machine::start(program(text), b"{}", &[(ConfigId(0), json.into())]);
    let (mut machine, step) = start("90210").unwrap();
    assert_eq!(step.status, Status::Done(b"true".to_vec()));
    assert_eq!(machine.take_secrets(), ["90210"]);
    let Err(error) = start("\"90210\"") else { panic!("it fits") };
    assert!(error.to_string().contains("`pin`") && !error.to_string().contains("90210"), "{error}");
}

/// A null result where the status says that there is none; text as it is.
#[test]
fn absent_and_text_responses() {
    check(
        r#"
        type Found = { id: string }
        operation find GET safe (path id: string) -> Found? absent 404
        operation read GET safe () -> string
        step find find undo none
        step read read undo none
        flow main(p0: string) -> { found: bool, text: string } {
            let found: Found?, none: bool, some: bool, text: string, all: { found: bool, text: string }
            call found find (p0) ()
            is_null none found
            not some none
            call text read () ()
            record all { found: bool, text: string } (some, text)
            return all
        }
        "#,
        r#"
        > start {"p0": "x"}
        #0 call find at 0 path x
        waiting
        > #0 404 whatever
        #1 call read at 1
        waiting
        > #1 200 plain "text"
        done {"found":false,"text":"plain \"text\""}
        "#,
    );
}
