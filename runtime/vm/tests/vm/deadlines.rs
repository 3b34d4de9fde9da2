//! Deadlines, and what they interrupt.

use crate::transcript::check;

const WITHIN: &str = r#"
    operation make POST idempotent (body n: int) -> int
    operation undo POST idempotent () -> ignored
    step inner make undo undo_inner
    step after make undo none
    step undo_inner undo undo none
    flow undo_inner() -> null {
        let none: null
        call none undo_inner () ()
        return none
    }
    flow main(n: int) -> int {
        let outer: duration, limit: duration, out: int, caught: error
        const outer 60
        enter_deadline outer
        try top..end catch deadline as caught at handler scopes 1
       top:
        const limit 5
        enter_deadline limit
        call out inner (n) ()
        leave
       end:
        jump last
       handler:
        const out 0
       last:
        call out after (out) ()
        leave
        return out
    }
"#;

#[test]
fn a_deadline_that_is_kept_is_dropped() {
    check(
        WITHIN,
        r#"
        > start {"p0": 1}
        #0 timer 60
        #1 timer 5
        #2 call make at 0 body 1 until #0 until #1
        waiting
        > #2 200 2
        cancel #1
        #4 call make at 1 body 2 until #0
        waiting
        > #1 fired
        refused: nobody waits for effect 1
        > #4 200 3
        cancel #0
        done 3
        "#,
    );
}

#[test]
fn a_deadline_cuts_a_call_off_and_is_caught_inside_its_try() {
    check(
        WITHIN,
        r#"
        > start {"p0": 1}
        #0 timer 60
        #1 timer 5
        #2 call make at 0 body 1 until #0 until #1
        waiting
        > #1 fired
        cancel #2
        waiting
        > #2 unknown cut off
        #4 call make at 1 body 0 until #0
        waiting
        > #4 200 3
        cancel #0
        done 3
        "#,
    );
}

/// The outer deadline is not caught inside: what may have been done is undone, without a deadline.
#[test]
fn an_outer_deadline_is_not_caught() {
    check(
        WITHIN,
        r#"
        > start {"p0": 1}
        #0 timer 60
        #1 timer 5
        #2 call make at 0 body 1 until #0 until #1
        waiting
        > #0 fired
        cancel #2
        waiting
        > #2 unknown cut off
        cancel #1
        #5 call undo at 0/undo/2 to undo
        waiting
        > #5 200
        failed deadline (a deadline has passed) at 0 because unknown (cut off) at 0; undone 0
        "#,
    );
}

/// An answer that came in time, at the moment of the deadline, counts as done; the deadline has passed all the same.
#[test]
fn an_answer_after_the_deadline_is_undone() {
    check(
        WITHIN,
        r#"
        > start {"p0": 1}
        #0 timer 60
        #1 timer 5
        #2 call make at 0 body 1 until #0 until #1
        waiting
        > #0 fired
        cancel #2
        waiting
        > #2 200 9
        cancel #1
        #5 call undo at 0/undo/2 to undo
        waiting
        > #5 200
        failed deadline (a deadline has passed) at 0; undone 0
        "#,
    );
}

/// A deadline around branches interrupts them all, and a branch can't catch it.
#[test]
fn a_deadline_around_branches() {
    check(
        r#"
        operation make POST idempotent (body n: int) -> int
        step a make undo none
        flow called(n: int) -> int {
            let out: int, caught: error
            try top..end catch any as caught at handler
           top:
            call out a (n) ()
           end:
            return out
           handler:
            const out 7
            return out
        }
        flow sleeping() -> int {
            let time: duration, out: int
            const time 100
            sleep time
            const out 1
            return out
        }
        flow main(n: int) -> int {
            let limit: duration, out: { a: int, b: int }, caught: error, got: int
            try top..end catch deadline as caught at handler
           top:
            const limit 5
            enter_deadline limit
            fork out { a: called(n), b: sleeping() }
            leave
           end:
            field got out a
            return got
           handler:
            const got 42
            return got
        }
        "#,
        r#"
        > start {"p0": 1}
        #0 timer 5
        #1 call make at 2/0/0 body 1 until #0
        #2 timer 100
        waiting
        > #0 fired
        cancel #1
        cancel #2
        waiting
        > #1 200 3
        done 42
        > start {"p0": 1}
        #0 timer 5
        #1 call make at 2/0/0 body 1 until #0
        #2 timer 100
        waiting
        > #1 500
        waiting
        > #2 fired
        cancel #0
        done 7
        "#,
    );
}

#[test]
fn a_cancel_during_a_wait() {
    check(
        r#"
        flow main() -> null {
            let time: duration, none: null, caught: error
            try top..end catch any as caught at end
           top:
            const time 5
            sleep time
           end:
            null none
            return none
        }
        "#,
        r#"
        > start {}
        #0 timer 5
        waiting
        > cancel
        cancel #0
        failed cancelled (cancelled)
        > #0 fired
        refused: nobody waits for effect 0
        "#,
    );
}
