//! Branches beside each other.

use crate::transcript::check;

const THREE: &str = r#"
    operation work POST idempotent (body n: int) -> int
    step a work undo none
    step b work undo none
    step c work undo none
    flow run_a(n: int) -> int {
        let out: int
        call out a (n) ()
        return out
    }
    flow run_b(n: int) -> int {
        let out: int
        call out b (n) ()
        return out
    }
    flow nap(time: duration) -> null {
        let none: null, out: int, one: int
        sleep time
        const one 1
        call out c (one) ()
        null none
        return none
    }
    flow main(n: int) -> { a: int, b: int } {
        let out: { a: int, b: int }, time: duration
        const time 5000
        fork out { b: run_b(n), a: run_a(n), _: nap(time) }
        return out
    }
"#;

#[test]
fn results_come_together_whatever_the_order() {
    check(
        THREE,
        r#"
        > start {"p0": 1}
        #0 call work at 1/0/1 body 1
        #1 call work at 1/1/0 body 1
        #2 timer 5000
        waiting
        > #2 fired
        #3 call work at 1/2/2 body 1
        waiting
        > #0 200 20
        waiting
        > #3 200 0
        waiting
        > #1 200 10
        done {"a":10,"b":20}
        "#,
    );
}

/// The timer of a sibling is dropped, its call is awaited; the first error goes on, later ones are beside it.
#[test]
fn a_failing_branch_stops_the_others() {
    check(
        THREE,
        r#"
        > start {"p0": 1}
        #0 call work at 1/0/1 body 1
        #1 call work at 1/1/0 body 1
        #2 timer 5000
        waiting
        > #1 500
        cancel #0
        cancel #2
        waiting
        > #2 fired
        refused: nobody waits for effect 2
        > #0 404
        failed http (answered with status 500) at 1/1/0 also http (answered with status 404) at 1/0/1
        "#,
    );
}

#[test]
fn errors_of_siblings_go_along() {
    check(
        r#"
        error Bad = { n: int }
        flow fails(n: int) -> null {
            let time: duration, fields: { n: int }
            const time 5
            record fields { n: int } (n)
            fail Bad fields
        }
        flow sleeps() -> null {
            let none: null, time: duration
            const time 5
            null none
            sleep time
            return none
        }
        flow main(n: int) -> null {
            let none: null, caught: error
            try top..end catch any as caught at handler
           top:
            fork none { _: fails(n), _: sleeps(), _: fails(n) }
           end:
            return none
           handler:
            rethrow caught
        }
        "#,
        r#"
        > start {"p0": 1}
        failed Bad {"n":1} also Bad {"n":1}
        "#,
    );
}

/// Groups inside groups: a failure deep inside stops everything around it, once.
#[test]
fn a_failure_in_an_inner_group_stops_the_outer_one() {
    check(
        r#"
        operation work POST idempotent (body n: int) -> int
        step a work undo none
        step b work undo none
        step c work undo none
        flow run_a(n: int) -> int {
            let out: int
            call out a (n) ()
            return out
        }
        flow run_b(n: int) -> int {
            let out: int
            call out b (n) ()
            return out
        }
        flow run_c(n: int) -> int {
            let out: int
            call out c (n) ()
            return out
        }
        flow inner(n: int) -> { a: int, b: int } {
            let out: { a: int, b: int }
            fork out { a: run_a(n), b: run_b(n) }
            return out
        }
        flow main(n: int) -> { c: int, inner: { a: int, b: int } } {
            let out: { c: int, inner: { a: int, b: int } }
            fork out { inner: inner(n), c: run_c(n) }
            return out
        }
        "#,
        r#"
        > start {"p0": 3}
        #0 call work at 0/1/2 body 3
        #1 call work at 0/0/0/0/0 body 3
        #2 call work at 0/0/0/1/1 body 3
        waiting
        > #0 500
        cancel #1
        cancel #2
        waiting
        > #2 200 1
        waiting
        > #1 200 1
        failed http (answered with status 500) at 0/1/2
        > start {"p0": 3}
        #0 call work at 0/1/2 body 3
        #1 call work at 0/0/0/0/0 body 3
        #2 call work at 0/0/0/1/1 body 3
        waiting
        > #1 200 1
        waiting
        > #2 200 2
        waiting
        > #0 200 3
        done {"c":3,"inner":{"a":1,"b":2}}
        "#,
    );
}
