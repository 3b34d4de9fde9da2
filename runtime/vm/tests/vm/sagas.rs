//! Compensation: what is registered, in which order it runs, and where it stops.

use crate::transcript::check;

/// Two calls with undo in branches, one after them that may fail.
const ORDER: &str = r#"
    type Made = { id: string }
    error Declined = { reason: string }
    operation reserve POST idempotent (body n: int) -> Made
    operation release DELETE idempotent (path id: string) -> ignored done 404
    operation charge POST idempotent (body n: int) -> Made raises 402 Declined
    operation notify POST idempotent (body n: int) -> ignored
    step reserve reserve undo give_back result
    step second reserve undo give_back_too
    step release release undo none
    step release_too release undo none
    step charge charge undo none
    flow give_back(it: Made) -> null {
        let id: string, none: null
        field id it id
        call none release (id) ()
        return none
    }
    flow give_back_too(id: string, it: Made) -> null {
        let none: null
        call none release_too (id) ()
        return none
    }
    flow first(n: int) -> Made {
        let made: Made
        call made reserve (n) ()
        return made
    }
    flow other(n: int) -> Made {
        let made: Made
        call made second (n) (n)
        return made
    }
"#;

/// The undo that takes the result needs it; the other one is made from what was known before.
fn two_branches() -> String {
    ORDER.replace(
        "flow give_back_too(id: string, it: Made) -> null {\n        let none: null",
        "flow give_back_too(n: int) -> null {\n        let none: null, id: string\n        to_text id n int",
    ) + r#"
        flow main(p0: int) -> string {
            let both: { first: Made, other: Made }, made: Made, id: string
            fork both { first: first(p0), other: other(p0) }
            call made charge (p0) ()
            field id made id
            return id
        }
    "#
}

#[test]
fn all_goes_well() {
    check(
        &two_branches(),
        r#"
        > start {"p0": 7}
        #0 call reserve at 0/0/0 body 7
        #1 call reserve at 0/1/1 body 7
        waiting
        > #1 200 {"id": "b"}
        waiting
        > #0 200 {"id": "a"}
        #2 call charge at 4 body 7
        waiting
        > #2 200 {"id": "c"}
        done "c"
        "#,
    );
}

#[test]
fn undos_run_newest_completion_first_across_branches() {
    check(
        &two_branches(),
        r#"
        > start {"p0": 7}
        #0 call reserve at 0/0/0 body 7
        #1 call reserve at 0/1/1 body 7
        waiting
        > #1 200 {"id": "b"}
        waiting
        > #0 200 {"id": "a"}
        #2 call charge at 4 body 7
        waiting
        > #2 402 {"reason": "no money"}
        #3 call release at 0/0/0/undo/2 path a to undo
        waiting
        > #3 204
        #4 call release at 0/1/1/undo/3 path 7 to undo
        waiting
        > #4 404 gone
        failed Declined {"reason":"no money"} at 4; undone 0/0/0 0/1/1
        "#,
    );
}

/// A branch fails while its sibling's call is under way: the call is awaited, and what it did is undone.
#[test]
fn a_call_under_way_is_awaited_and_undone() {
    check(
        &two_branches(),
        r#"
        > start {"p0": 7}
        #0 call reserve at 0/0/0 body 7
        #1 call reserve at 0/1/1 body 7
        waiting
        > #1 500
        cancel #0
        waiting
        > #0 200 {"id": "a"}
        #3 call release at 0/0/0/undo/2 path a to undo
        waiting
        > #3 204
        failed http (answered with status 500) at 0/1/1; undone 0/0/0
        "#,
    );
}

/// The outcome of the second is unknown, and its undo does not need the result: it runs.
#[test]
fn an_unknown_step_is_undone_where_its_undo_does_not_use_the_result() {
    check(
        &two_branches(),
        r#"
        > start {"p0": 7}
        #0 call reserve at 0/0/0 body 7
        #1 call reserve at 0/1/1 body 7
        waiting
        > #0 200 {"id": "a"}
        waiting
        > #1 unknown timeout
        #2 call release at 0/1/1/undo/3 path 7 to undo
        waiting
        > #2 404
        #3 call release at 0/0/0/undo/2 path a to undo
        waiting
        > #3 204
        failed unknown (timeout) at 0/1/1; undone 0/1/1 0/0/0
        "#,
    );
}

/// The outcome of the first is unknown, and its undo needs the result: the execution stops there.
#[test]
fn an_unknown_step_stops_the_execution_where_its_undo_uses_the_result() {
    check(
        &two_branches(),
        r#"
        > start {"p0": 7}
        #0 call reserve at 0/0/0 body 7
        #1 call reserve at 0/1/1 body 7
        waiting
        > #1 200 {"id": "b"}
        waiting
        > #0 200 {"id": 5}
        needs attention: decode ($.id: expected string, found number 5) at 0/0/0; 0/0/0 unknown
        > #0 200 {"id": "a"}
        refused: nobody waits for effect 0
        > cancel
        needs attention: decode ($.id: expected string, found number 5) at 0/0/0; 0/0/0 unknown
        "#,
    );
}

#[test]
fn an_undo_that_fails_does_not_stop_the_others() {
    check(
        &two_branches(),
        r#"
        > start {"p0": 7}
        #0 call reserve at 0/0/0 body 7
        #1 call reserve at 0/1/1 body 7
        waiting
        > #1 200 {"id": "b"}
        waiting
        > #0 200 {"id": "a"}
        #2 call charge at 4 body 7
        waiting
        > #2 402 {"reason": "no money"}
        #3 call release at 0/0/0/undo/2 path a to undo
        waiting
        > #3 503 down
        #4 call release at 0/1/1/undo/3 path 7 to undo
        waiting
        > #4 204
        needs attention: Declined {"reason":"no money"} at 4; undone 0/1/1; 0/0/0 http (answered with status 503) at 0/0/0/undo/2
        "#,
    );
}

/// An unsafe step without undo whose outcome is unknown can be settled by nobody but an operator.
#[test]
fn an_unsafe_step_without_undo_that_is_unknown_needs_attention() {
    check(
        r#"
        operation send POST unsafe () -> ignored
        operation put PUT idempotent () -> ignored unknown_on 500
        step send send
        step put put
        flow main() -> null {
            let none: null
            call none put () ()
            call none send () ()
            return none
        }
        "#,
        r#"
        > start {}
        #0 call put at 1
        waiting
        > #0 500
        failed http (answered with status 500) at 1
        > start {}
        #0 call put at 1
        waiting
        > #0 200
        #1 call send at 0
        waiting
        > #1 unknown connection
        needs attention: unknown (connection) at 0; 0 unknown
        > start {}
        #0 call put at 1
        waiting
        > #0 200
        #1 call send at 0
        waiting
        > #1 refused connection
        failed refused (connection) at 0
        "#,
    );
}

/// Sagas inside each other, a handler around the inner one, a commit, and an undo of no step.
const NESTED: &str = r#"
    error Declined = { reason: string }
    operation make POST idempotent (body n: string) -> ignored raises 402 Declined
    operation undo POST idempotent (body n: string) -> ignored
    step outer make undo undo_outer
    step inner make undo undo_inner
    step failing make undo none
    step last make undo none
    step undo_outer undo undo none
    step undo_inner undo undo none
    step undo_statement undo undo none
    flow undo_outer(n: string) -> null {
        let none: null
        call none undo_outer (n) ()
        return none
    }
    flow undo_inner(n: string, cause: error) -> null {
        let none: null, why: string
        error_message why cause
        call none undo_inner (why) ()
        return none
    }
    flow undo_statement(n: string, cause: error) -> null {
        let none: null, name: string
        error_name name cause
        concat name (n, name)
        call none undo_statement (name) ()
        return none
    }
    flow main(commits: bool) -> string {
        let none: null, a: string, b: string, caught: error
        const a "a"
        call none outer (a) (a)
        try body..done catch Declined as caught at handler scopes 0
       body:
        enter_saga
        const b "b"
        call none inner (b) (b)
        undo undo_statement (b)
        call none failing (b) ()
        leave
       done:
        jump after
       handler:
        error_message b caught
       after:
        jump_if_not commits last
        commit
       last:
        call none last (b) ()
        return b
    }
"#;

fn nested() -> String {
    NESTED.replace("step inner make undo undo_inner", "step inner make undo undo_inner cause")
}

#[test]
fn a_nested_saga_is_undone_before_its_error_is_caught() {
    check(
        &nested(),
        r#"
        > start {"p0": false}
        #0 call make at 0 body "a"
        waiting
        > #0 200
        #1 call make at 1 body "b"
        waiting
        > #1 200
        #2 call make at 2 body "b"
        waiting
        > #2 402 {"reason": "no"}
        #3 call undo at u5/undo/6 body "bDeclined" to undo
        waiting
        > #3 200
        #4 call undo at 1/undo/5 body "no" to undo
        waiting
        > #4 200
        #5 call make at 3 body "no"
        waiting
        > #5 200
        done "no"
        "#,
    );
}

#[test]
fn a_nested_saga_hands_its_undos_over_when_it_ends() {
    check(
        &nested(),
        r#"
        > start {"p0": false}
        #0 call make at 0 body "a"
        waiting
        > #0 200
        #1 call make at 1 body "b"
        waiting
        > #1 200
        #2 call make at 2 body "b"
        waiting
        > #2 200
        #3 call make at 3 body "b"
        waiting
        > #3 402 {"reason": "late"}
        #4 call undo at u5/undo/6 body "bDeclined" to undo
        waiting
        > #4 200
        #5 call undo at 1/undo/5 body "late" to undo
        waiting
        > #5 200
        #6 call undo at 0/undo/4 body "a" to undo
        waiting
        > #6 200
        failed Declined {"reason":"late"} at 3; undone u5 1 0
        "#,
    );
}

#[test]
fn a_commit_drops_what_is_registered() {
    check(
        &nested(),
        r#"
        > start {"p0": true}
        #0 call make at 0 body "a"
        waiting
        > #0 200
        #1 call make at 1 body "b"
        waiting
        > #1 200
        #2 call make at 2 body "b"
        waiting
        > #2 200
        #3 call make at 3 body "b"
        waiting
        > #3 402 {"reason": "late"}
        failed Declined {"reason":"late"} at 3
        "#,
    );
}

/// The undo of a nested saga fails: the handler is not reached.
#[test]
fn an_undo_that_fails_in_a_nested_saga_holds_the_execution() {
    check(
        &nested(),
        r#"
        > start {"p0": false}
        #0 call make at 0 body "a"
        waiting
        > #0 200
        #1 call make at 1 body "b"
        waiting
        > #1 200
        #2 call make at 2 body "b"
        waiting
        > #2 402 {"reason": "no"}
        #3 call undo at u5/undo/6 body "bDeclined" to undo
        waiting
        > #3 500
        #4 call undo at 1/undo/5 body "no" to undo
        waiting
        > #4 200
        needs attention: Declined {"reason":"no"} at 2; undone 1; u5 http (answered with status 500) at u5/undo/6
        "#,
    );
}

/// Cancelling runs the compensations; they are shielded from it.
#[test]
fn a_cancelled_execution_is_undone() {
    check(
        &nested(),
        r#"
        > start {"p0": false}
        #0 call make at 0 body "a"
        waiting
        > #0 200
        #1 call make at 1 body "b"
        waiting
        > cancel
        cancel #1
        waiting
        > #1 200
        #3 call undo at 1/undo/5 body "cancelled" to undo
        waiting
        > cancel
        waiting
        > #3 200
        #4 call undo at 0/undo/4 body "a" to undo
        waiting
        > #4 200
        failed cancelled (cancelled) at 1; undone 1 0
        > cancel
        failed cancelled (cancelled) at 1; undone 1 0
        "#,
    );
}

/// A call that was not sent has done nothing.
#[test]
fn a_call_that_was_not_sent_is_not_undone() {
    check(
        &nested(),
        r#"
        > start {"p0": false}
        #0 call make at 0 body "a"
        waiting
        > cancel
        cancel #0
        waiting
        > #0 not sent
        failed cancelled (cancelled) at 0 because refused (was not sent) at 0
        "#,
    );
}

/// Two branches undo sagas of their own. One must wait for an operator; the other's undo is not cut short, and
/// what came of it is told.
#[test]
fn what_undoes_goes_on_when_the_execution_is_held() {
    let plan = r#"
        operation make POST idempotent (body n: int) -> int
        operation undo POST idempotent (body n: int) -> ignored
        step asking make undo undo_asking result
        step fine make undo undo_fine
        step failing make undo none
        step undo_asking undo undo none
        step undo_fine undo undo none
        step undo_fine_too undo undo none
        flow undo_asking(it: int) -> null {
            let none: null
            call none undo_asking (it) ()
            return none
        }
        flow undo_fine() -> null {
            let none: null, n: int
            const n 1
            call none undo_fine (n) ()
            const n 2
            call none undo_fine_too (n) ()
            return none
        }
        flow fine(n: int) -> null {
            let none: null
            enter_saga
            call n fine (n) ()
            call n failing (n) ()
            leave
            null none
            return none
        }
        flow sibling(n: int) -> null {
            let none: null
            enter_saga
            call n asking (n) ()
            leave
            null none
            return none
        }
        flow main(n: int) -> null {
            let none: null
            fork none { _: fine(n), _: sibling(n) }
            return none
        }
    "#;
    check(
        plan,
        r#"
        > start {"p0": 7}
        #0 call make at 0/0/1 body 7
        #1 call make at 0/1/0 body 7
        waiting
        > #0 200 1
        #2 call make at 0/0/2 body 1
        waiting
        > #2 500
        #3 call undo at 0/0/1/undo/4 body 1 to undo
        waiting
        > #1 unknown timeout
        waiting
        > #3 200
        #4 call undo at 0/0/1/undo/5 body 2 to undo
        waiting
        > cancel
        waiting
        > #4 500
        needs attention: unknown (timeout) at 0/1/0; 0/1/0 unknown; 0/0/1 http (answered with status 500) at 0/0/1/undo/5
        "#,
    );
    check(
        plan,
        r#"
        > start {"p0": 7}
        #0 call make at 0/0/1 body 7
        #1 call make at 0/1/0 body 7
        waiting
        > #1 unknown timeout
        cancel #0
        waiting
        > #0 not sent
        needs attention: unknown (timeout) at 0/1/0; 0/1/0 unknown
        "#,
    );
}
