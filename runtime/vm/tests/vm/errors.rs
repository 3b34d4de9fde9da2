//! Errors: what an answer raises, what catches it, and what is known of it.

use flow_vm::Machine;

use crate::assembler::function;
use crate::transcript::{check, error, program};

const CALL: &str = r#"
    error Declined = { reason: string, code?: int? }
    operation charge POST idempotent (body n: int) -> { id: string } raises 402 Declined
    step charge charge undo none
    flow main(n: int) -> string {
        let out: { id: string }, id: string, caught: error
        try top..end catch CATCH as caught at handler
       top:
        call out charge (n) ()
        field id out id
       end:
        return id
       handler:
        error_message id caught
        return id
    }
"#;

/// What each kind of answer raises, told by the handlers that catch it and those that do not.
#[test]
fn what_an_answer_raises() {
    let cases = [
        (r#"402 {"reason": "no"}"#, "Declined", "any", r#"failed Declined {"reason":"no"} at 0"#),
        ("402 {}", "decode", "Declined", "failed decode ($.reason: expected string, found nothing) at 0"),
        ("404 x", "http 404 404", "http 405 499", "failed http (answered with status 404) at 0"),
        ("503 x", "http 500 599", "Declined", "failed http (answered with status 503) at 0"),
        (
            "200 {",
            "decode",
            "http 0 999",
            "failed decode ($: expected the name of a member, found the end of the text) at 0",
        ),
        (r#"200 {"id": null}"#, "decode", "cast", "failed decode ($.id: expected string, found null) at 0"),
        ("200", "decode", "unknown", "failed decode ($: expected an object, and the body is empty) at 0"),
        ("refused connection", "connection", "timeout", "failed refused (connection) at 0"),
        ("refused timeout", "timeout", "connection", "failed refused (timeout) at 0"),
        ("refused setting", "refused", "connection", "failed refused (setting) at 0"),
        ("unknown timeout", "timeout", "connection", "failed unknown (timeout) at 0"),
        ("unknown connection", "unknown", "refused", "failed unknown (connection) at 0"),
        ("not sent", "refused", "unknown", "failed refused (was not sent) at 0"),
    ];
    for (answer, caught, _, failed) in cases {
        let start = "> start {\"p0\": 1}\n#0 call charge at 0 body 1\nwaiting\n";
        let message = match failed.split_once('(') {
            Some((_, rest)) => rest.strip_suffix(") at 0").unwrap(),
            None => "no",
        };
        let done = format!("{start}> #0 {answer}\ndone {:?}", message);
        check(&CALL.replace("CATCH", caught), &done);
    }
    for (answer, _, other, failed) in cases {
        if other == "any" {
            continue;
        }
        let start = "> start {\"p0\": 1}\n#0 call charge at 0 body 1\nwaiting\n";
        let failed = format!("{start}> #0 {answer}\n{failed}");
        check(&CALL.replace("CATCH", other), &failed);
    }
}

/// An idempotent step without undo is not held, whatever its outcome; a `where` that does not hold is not sent.
#[test]
fn conditions_on_requests_and_answers() {
    check(
        r#"
        type Made = { n: int where positive }
        operation make POST idempotent (body it: Made, query n: int where positive) -> Made
        step make make undo none
        pure positive(it: int) -> bool {
            let zero: int, yes: bool
            const zero 0
            lt.int yes zero it
            return yes
        }
        flow main(a: int, n: int) -> int {
            let it: Made
            record it Made (a)
            call it make (it, n) ()
            field a it n
            return a
        }
        "#,
        r#"
        > start {"p0": 1, "p1": 1}
        #0 call make at 0 query n=1 body {"n":1}
        waiting
        > #0 200 {"n": 2}
        done 2
        > start {"p0": 0, "p1": 1}
        failed cast (the value breaks the condition of `n`)
        > start {"p0": 1, "p1": 0}
        failed cast (the argument breaks the condition of `n`)
        > start {"p0": 1, "p1": 1}
        #0 call make at 0 query n=1 body {"n":1}
        waiting
        > #0 200 {"n": -2}
        failed decode ($.n: -2 breaks the condition of `n`) at 0
        "#,
    );
}

#[test]
fn an_error_because_of_another() {
    check(
        r#"
        error Outer = { n: int }
        error Inner = { message: string }
        flow main(n: int) -> null {
            let fields: { message: string }, text: string, caught: error, mine: { n: int }, yes: bool, name: string
            try top..end catch Inner as caught at handler
           top:
            const text "deep down"
            record fields { message: string } (text)
            fail Inner fields
           end:
           handler:
            error_is yes caught Outer
            error_name name caught
            concat name (name, text)
            log name
            error_fields fields caught Inner
            field text fields message
            log text
            record mine { n: int } (n)
            fail_because Outer mine caught
        }
        "#,
        r#"
        > start {"p0": 3}
        log Innerdeep down
        log deep down
        failed Outer {"n":3} because Inner {"message":"deep down"}
        "#,
    );
}

/// Errors of computations, raised in functions inside functions, and where they were raised.
#[test]
fn errors_of_computations() {
    let plan = r#"
        pure divide(a: int, b: int) -> int {
            let out: int
            div.int out a b
            return out
        }
        pure twice(a: int, b: int) -> int {
            let out: int
            call_fn out divide (a, b)
            add.int out out out
            return out
        }
        flow main(a: int, b: int) -> int {
            let out: int, caught: error
            try top..end catch arithmetic as caught at handler
           top:
            call_fn out twice (a, b)
           end:
            return out
           handler:
            rethrow caught
        }
    "#;
    check(
        plan,
        r#"
        > start {"p0": 7, "p1": 2}
        done 6
        > start {"p0": 7, "p1": 0}
        failed arithmetic (division by zero)
        > start {"p0": 9223372036854775807, "p1": 1}
        failed arithmetic (an int overflows 64 bits)
        "#,
    );
    let (_, step) = Machine::start(program(plan), br#"{"p0": 7, "p1": 0}"#, &[]).unwrap();
    let flow_vm::Status::Failed(failure) = step.status else { panic!("{:?}", step.status) };
    assert_eq!(failure.error.at.0, function(plan, "divide"), "the innermost function is named");
    assert_eq!(error(&failure.error), "arithmetic (division by zero)");
}
