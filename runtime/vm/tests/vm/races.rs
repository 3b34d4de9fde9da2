//! Races, settled branches, and branches for the items of a list.

use crate::transcript::check;

/// Two bookings race, and a third step follows.
const BOOKINGS: &str = r#"
    type Won = tagged "branch" first { value: { id: string } } | late { value: int }
    operation book POST idempotent (body n: int) -> { id: string }
    operation drop DELETE idempotent (path id: string) -> ignored done 404
    operation pay POST idempotent (body n: int) -> int
    step first book undo undo_book result
    step drop drop undo none
    step pay pay undo none
    flow undo_book(result: { id: string }) -> null {
        let none: null, id: string
        field id result id
        call none drop (id) ()
        null none
        return none
    }
    flow book_first(n: int) -> { id: string } {
        let out: { id: string }
        call out first (n) ()
        return out
    }
    flow nap(time: duration) -> int {
        let one: int
        sleep time
        const one 1
        return one
    }
    flow main(n: int) -> int {
        let out: Won, time: duration, paid: int
        const time 5000
        fork out first { first: book_first(n), late: nap(time) }
        call paid pay (n) ()
        return paid
    }
"#;

/// A sleeping loser is dropped, and the winner's undo is the workflow's.
#[test]
fn the_first_that_succeeds_wins() {
    check(
        BOOKINGS,
        r#"
        > start {"p0": 7}
        #0 call book at 1/0/0 body 7
        #1 timer 5000
        waiting
        > #0 200 {"id": "a"}
        cancel #1
        #3 call pay at 2 body 7
        waiting
        > #3 500
        #4 call drop at 1/0/0/undo/1 path a to undo
        waiting
        > #4 204
        failed http (answered with status 500) at 2; undone 1/0/0
        "#,
    );
}

/// The race is lost, and the workflow goes on while the call is under way; it is undone before the end.
#[test]
fn a_losers_call_is_awaited_and_undone_before_the_end() {
    check(
        BOOKINGS,
        r#"
        > start {"p0": 7}
        #0 call book at 1/0/0 body 7
        #1 timer 5000
        waiting
        > #1 fired
        cancel #0
        #3 call pay at 2 body 7
        waiting
        > #3 200 1
        waiting
        > #0 200 {"id": "a"}
        #4 call drop at 1/0/0/undo/1 path a to undo
        waiting
        > #4 204
        done 1
        > start {"p0": 7}
        #0 call book at 1/0/0 body 7
        #1 timer 5000
        waiting
        > #1 fired
        cancel #0
        #3 call pay at 2 body 7
        waiting
        > #0 200 {"id": "a"}
        #4 call drop at 1/0/0/undo/1 path a to undo
        waiting
        > #3 500
        waiting
        > cancel
        waiting
        > #4 204
        failed http (answered with status 500) at 2; undone 1/0/0
        > start {"p0": 7}
        #0 call book at 1/0/0 body 7
        #1 timer 5000
        waiting
        > #1 fired
        cancel #0
        #3 call pay at 2 body 7
        waiting
        > #0 not sent
        waiting
        > #3 200 1
        done 1
        "#,
    );
}

/// What a loser may have done, and can't be undone without its result, holds the execution.
#[test]
fn a_losers_unknown_step_needs_attention() {
    check(
        BOOKINGS,
        r#"
        > start {"p0": 7}
        #0 call book at 1/0/0 body 7
        #1 timer 5000
        waiting
        > #1 fired
        cancel #0
        #3 call pay at 2 body 7
        waiting
        > #3 200 1
        waiting
        > #0 unknown cut off
        needs attention: done 1; 1/0/0 unknown
        "#,
    );
}

#[test]
fn the_workflows_own_error_is_seen_where_a_loser_needs_attention() {
    check(
        BOOKINGS,
        r#"
        > start {"p0": 7}
        #0 call book at 1/0/0 body 7
        #1 timer 5000
        waiting
        > #1 fired
        cancel #0
        #3 call pay at 2 body 7
        waiting
        > #3 500
        waiting
        > #0 unknown cut off
        needs attention: http (answered with status 500) at 2; 1/0/0 unknown
        "#,
    );
}

const BOTH: &str = r#"
    type Won = tagged "branch" a { value: int } | b { value: int }
    operation work POST idempotent (body n: int) -> int
    step a work undo none
    step b work undo none
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
    flow main(n: int) -> Won {
        let out: Won
        fork out first { a: run_a(n), b: run_b(n) }
        return out
    }
"#;

#[test]
fn a_failed_branch_leaves_the_race_to_the_others() {
    check(
        BOTH,
        r#"
        > start {"p0": 1}
        #0 call work at 0/0/0 body 1
        #1 call work at 0/1/1 body 1
        waiting
        > #0 500
        waiting
        > #1 200 4
        done {"branch":"b","value":4}
        "#,
    );
}

#[test]
fn the_last_error_goes_on_where_all_fail() {
    check(
        BOTH,
        r#"
        > start {"p0": 1}
        #0 call work at 0/0/0 body 1
        #1 call work at 0/1/1 body 1
        waiting
        > #1 500
        waiting
        > #0 404
        failed http (answered with status 404) at 0/0/0 also http (answered with status 500) at 0/1/1
        > start {"p0": 1}
        #0 call work at 0/0/0 body 1
        #1 call work at 0/1/1 body 1
        waiting
        > cancel
        cancel #0
        cancel #1
        waiting
        > #1 200 1
        waiting
        > #0 not sent
        failed cancelled (cancelled) at 0/0/0 because refused (was not sent) at 0/0/0
        "#,
    );
}

fn quorum(count: &str) -> String {
    BOTH.replace("-> Won", "-> [int]")
        .replace("let out: Won", "let out: [int], due: int")
        .replace("fork out first {", &format!("const due {count}\n        fork_some out some {{"))
        .replace("b: run_b(n) }", "b: run_b(n), _: run_c(n) } due")
        .replace(
            "flow main",
            r#"flow run_c(n: int) -> int {
                let out: int
                call out c (n) ()
                return out
            }
            flow main"#,
        )
        .replace("step b work undo none", "step b work undo none\n    step c work undo none")
}

#[test]
fn the_first_successes_are_a_list_in_the_order_in_which_they_came() {
    check(
        &quorum("2"),
        r#"
        > start {"p0": 1}
        #0 call work at 1/0/0 body 1
        #1 call work at 1/1/1 body 1
        #2 call work at 1/2/2 body 1
        waiting
        > #2 200 3
        waiting
        > #1 500
        waiting
        > #0 200 1
        done [3,1]
        > start {"p0": 1}
        #0 call work at 1/0/0 body 1
        #1 call work at 1/1/1 body 1
        #2 call work at 1/2/2 body 1
        waiting
        > #2 200 3
        waiting
        > #1 200 2
        cancel #0
        waiting
        > #0 200 1
        done [3,2]
        "#,
    );
}

/// Two failures of three make two successes impossible: the third call is a loser's.
#[test]
fn a_quorum_that_is_impossible_fails_at_once() {
    check(
        &quorum("2"),
        r#"
        > start {"p0": 1}
        #0 call work at 1/0/0 body 1
        #1 call work at 1/1/1 body 1
        #2 call work at 1/2/2 body 1
        waiting
        > #2 500
        waiting
        > #1 404
        cancel #0
        waiting
        > #0 200 1
        failed quorum (0 of 2 succeeded, and no more can) also http (answered with status 500) at 1/2/2 also http (answered with status 404) at 1/1/1
        "#,
    );
    check(
        &quorum("4"),
        r#"
        > start {"p0": 1}
        failed quorum (0 of 4 succeeded, and no more can)
        "#,
    );
    check(&quorum("0"), "> start {\"p0\": 1}\nfailed range (a race is for 1 or more successes)");
}

#[test]
fn settled_branches_give_their_values_or_their_errors() {
    check(
        r#"
        type Outcome = tagged "outcome" Ok { value: int } | Err { error: error }
        operation work POST idempotent (body n: int) -> int
        step a work undo none
        step b work undo none
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
        flow main(n: int) -> { a: bool, b: bool, value: int } {
            let both: { a: Outcome, b: Outcome }, a: Outcome, b: Outcome, value: int, out: { a: bool, b: bool, value: int }
            let is_a: bool, is_b: bool, held: { value: int }
            fork both settled { a: run_a(n), b: run_b(n) }
            field a both a
            field b both b
            is_case is_a a 0
            is_case is_b b 0
            case_fields held a 0
            field value held value
            record out { a: bool, b: bool, value: int } (is_a is_b value)
            return out
        }
        "#,
        r#"
        > start {"p0": 1}
        #0 call work at 0/0/0 body 1
        #1 call work at 0/1/1 body 1
        waiting
        > #1 500
        waiting
        > #0 200 4
        done {"a":true,"b":false,"value":4}
        "#,
    );
}

fn each(mode: &str, count: &str) -> String {
    format!(
        r#"
        operation work POST idempotent (body n: int) -> int
        step work work undo none
        flow run(add: int, n: int) -> int {{
            let sum: int
            add.int sum n add
            call sum work (sum) ()
            return sum
        }}
        flow main(add: int, xs: [int]) -> [int] {{
            let out: [int], count: int
            const count {count}
            fork_each out {mode} {{ _: run(add) }} xs count
            return out
        }}
        "#
    )
}

#[test]
fn items_begin_in_order_as_many_as_may_run_and_results_keep_their_order() {
    check(
        &each("all", "2"),
        r#"
        > start {"p0": 10, "p1": [1, 2, 3, 4]}
        #0 call work at 1/0/0 body 11
        #1 call work at 1/1/0 body 12
        waiting
        > #1 200 2
        #2 call work at 1/2/0 body 13
        waiting
        > #2 200 3
        #3 call work at 1/3/0 body 14
        waiting
        > #3 200 4
        waiting
        > #0 200 1
        done [1,2,3,4]
        > start {"p0": 10, "p1": []}
        done []
        "#,
    );
    check(&each("all", "0"), "> start {\"p0\": 1, \"p1\": [1]}\nfailed range (not 1 to 1,000 at a time)");
    check(&each("all", "1001"), "> start {\"p0\": 1, \"p1\": [1]}\nfailed range (not 1 to 1,000 at a time)");
}

#[test]
fn no_item_begins_after_a_failure_or_an_interruption() {
    check(
        &each("all", "2"),
        r#"
        > start {"p0": 10, "p1": [1, 2, 3, 4]}
        #0 call work at 1/0/0 body 11
        #1 call work at 1/1/0 body 12
        waiting
        > #1 500
        cancel #0
        waiting
        > #0 200 1
        failed http (answered with status 500) at 1/1/0
        > start {"p0": 10, "p1": [1, 2, 3, 4]}
        #0 call work at 1/0/0 body 11
        #1 call work at 1/1/0 body 12
        waiting
        > cancel
        cancel #0
        cancel #1
        waiting
        > #1 200 2
        waiting
        > #0 200 1
        failed cancelled (cancelled) at 1/1/0
        "#,
    );
}

#[test]
fn the_first_items_that_succeed_win() {
    check(
        &each("some", "2"),
        r#"
        > start {"p0": 10, "p1": [1, 2, 3]}
        #0 call work at 1/0/0 body 11
        #1 call work at 1/1/0 body 12
        #2 call work at 1/2/0 body 13
        waiting
        > #2 200 3
        waiting
        > #0 200 1
        cancel #1
        waiting
        > #1 200 2
        done [3,1]
        > start {"p0": 10, "p1": [1]}
        failed quorum (0 of 2 succeeded, and no more can)
        > start {"p0": 10, "p1": []}
        failed quorum (0 of 2 succeeded, and no more can)
        "#,
    );
}
