//! `finally`: a shielded group that runs for each error that leaves, and what is refused of it.

use flow_plan::verify;

use crate::assembler::assemble;
use crate::transcript::check;

/// A step, and another one in the `finally` over it, which takes its time.
const GUARDED: &str = r#"
    operation pay POST idempotent (body n: int) -> int
    operation unpay DELETE idempotent () -> ignored
    operation free PUT idempotent (body n: int) -> ignored
    step pay pay undo unpay
    step unpay unpay undo none
    step free free undo none
    flow unpay() -> null {
        let none: null
        call none unpay () ()
        null none
        return none
    }
    flow clean(n: int) -> null {
        let none: null, time: duration
        const time 1000000
        sleep time
        call none free (n) ()
        null none
        return none
    }
    flow main(n: int) -> int {
        let out: int, none: null, caught: error, time: duration
        try top..end catch finally as caught at handler
       top:
        call out pay (n) ()
        const time 5000000
        sleep time
       end:
        fork none shielded { _: clean(n) }
        return out
       handler:
        fork none shielded { _: clean(n) }
        rethrow caught
    }
"#;

#[test]
fn a_cancel_runs_it_and_does_not_cut_it_off() {
    check(
        GUARDED,
        r#"
        > start {"p0": 7}
        #0 call pay at 0 body 7
        waiting
        > #0 200 3
        #1 timer 5000000
        waiting
        > cancel
        cancel #1
        #3 timer 1000000
        waiting
        > cancel
        waiting
        > #3 fired
        #4 call free at 5/0/2 body 7
        waiting
        > cancel
        waiting
        > #4 204
        #5 call unpay at 0/undo/1 to undo
        waiting
        > #5 204
        failed cancelled (cancelled); undone 0
        "#,
    );
}

#[test]
fn a_cancel_in_it_goes_on_after_it() {
    check(
        GUARDED,
        r#"
        > start {"p0": 7}
        #0 call pay at 0 body 7
        waiting
        > #0 500
        #1 timer 1000000
        waiting
        > cancel
        waiting
        > #1 fired
        #2 call free at 5/0/2 body 7
        waiting
        > #2 204
        failed http (answered with status 500) at 0
        "#,
    );
}

/// Plans that no compiler makes.
#[test]
fn what_is_refused() {
    verify(&assemble(GUARDED)).unwrap();
    let cases = [
        ("{ _: clean(n) }\n        rethrow", "{ _: clean(n), _: clean(n) }\n        rethrow", "one branch"),
        ("{ _: clean(n) }\n        rethrow", "{ }\n        rethrow", "one branch"),
        ("{ _: clean(n) }\n        rethrow", "{ _: main(n) }\n        rethrow", "it comes to run itself"),
        ("{ _: clean(n) }\n        rethrow", "{ _: clean(caught) }\n        rethrow", "is due"),
        (
            "fork none shielded { _: clean(n) }\n        return",
            "fork out shielded { _: clean(n) }\n        return",
            "no record",
        ),
        ("rethrow caught", "rethrow n", "of kind Error"),
        ("rethrow caught", "jump top", "it is done again without a loop that counts"),
        (
            "catch finally as caught at handler",
            "catch finally as caught at handler scopes 1",
            "keeps more scopes",
        ),
    ];
    for (from, to, expected) in cases {
        assert!(GUARDED.contains(from), "{from}");
        let plan = assemble(&GUARDED.replacen(from, to, 1));
        let found = verify(&plan).map_or_else(|error| error.to_string(), |()| "accepted".to_owned());
        assert!(found.contains(expected), "{to}\n  expected {expected}\n  found    {found}");
    }
}
