//! Plans and states that no compiler and no machine made, of branches, races and children: refused, or harmless.

use std::sync::Arc;

use flow_plan::{
    Callee, Child, ChildId, FunctionId, Group, GroupId, GroupMode, ListId, Op, Plan, Reg, StepId, TypeId,
    live_tables, verify,
};
use flow_vm::{CallAnswer, ChildAnswer, Completion, CompletionResult, EffectId, Machine, Program, Status};
use proptest::prelude::*;

use crate::assembler::assemble;
use crate::held::{INPUT, SAGAS};
use crate::transcript::{check, program};

/// Branches for the items of a list: all of them, and a race of them.
const EACH: &str = r#"
    operation work POST idempotent (body n: int) -> int
    operation free POST idempotent (body n: int) -> ignored
    step work work undo undo_work
    step other work undo none
    step free free undo none
    flow undo_work(n: int) -> null {
        let none: null
        call none free (n) ()
        null none
        return none
    }
    flow run(add: int, n: int) -> int {
        let sum: int
        add.int sum n add
        call sum work (sum) (sum)
        return sum
    }
    flow sprint(add: int, n: int) -> int {
        let out: int
        call out other (n) ()
        return out
    }
    flow main(add: int, xs: [int]) -> [int] {
        let out: [int], count: int
        const count 2
        fork_each out all { _: run(add) } xs count
        fork_each out some { _: sprint(add) } out count
        return out
    }
"#;

const EACH_INPUT: &str = r#"{"p0": 10, "p1": [1, 2, 3]}"#;

/// What a child is: it gives back what it is given.
const CHILD: &str = r#"
    flow main(n: int) -> int {
        return n
    }
"#;

/// A plan whose call is made one of a child.
const PARENT: &str = r#"
    operation work POST idempotent (body n: int) -> int
    operation free POST idempotent (body n: int) -> ignored
    step work work undo undo_work result
    step free free undo none
    flow undo_work(n: int, it: int) -> null {
        let none: null
        call none free (it) ()
        null none
        return none
    }
    flow main(n: int) -> int {
        let out: int, in: { p0: int }, none: null, caught: error
        try top..end catch any as caught at failed
       top:
        record in { p0: int } (n)
        call out work (n) (n)
        fail_here out
       end:
       failed:
        return n
    }
"#;

fn child() -> Arc<Program> {
    program(CHILD)
}

/// A parent that calls a child in the place of its first step, and then fails or not.
fn parent() -> Plan {
    let mut plan = assemble(&PARENT.replace("fail_here out\n", "return out\n"));
    let code = &mut plan.functions[1].code;
    let at = code.iter().position(|op| matches!(op, Op::Call { step: StepId(0), .. })).unwrap();
    let Op::Call { dst, step, captures, .. } = code[at] else { unreachable!() };
    let Op::Record { dst: input, .. } = code[at - 1] else { unreachable!() };
    code[at] = Op::Spawn { dst, step, input, captures };
    let int = plan.output;
    let record = plan.functions[1].registers.iter().find(|register| register.slot == input).unwrap().ty;
    plan.steps[0].callee = Callee::Child { child: ChildId(0), detached: false };
    plan.children.push(Child {
        workflow: "child".into(),
        version: 1,
        plan: child().hash(),
        input: record,
        output: int,
        errors: Vec::new(),
        keyed: false,
    });
    plan.functions[1].live = live_tables(&plan.functions[1]);
    plan
}

fn link(plan: Plan) -> Result<Arc<Program>, flow_plan::VerifyError> {
    Program::link(plan, &[child()]).map(Arc::new)
}

/// Goes on with whatever a machine waits for until it ends, or long enough. It must not panic.
fn drive(machine: &mut Machine) {
    for round in 0..24_u64 {
        for effect in 0..14 {
            let answered = |status: u16| {
                let answer = CallAnswer::Answered { status, headers: Vec::new(), body: b"7".to_vec() };
                CompletionResult::Call(answer)
            };
            let results = [
                CompletionResult::Fired,
                answered(if (round + effect) % 3 == 0 { 500 } else { 200 }),
                CompletionResult::Child(ChildAnswer::Done(b"7".to_vec())),
            ];
            for result in results {
                let _ = machine.resume(Completion { effect: EffectId(effect), result });
            }
        }
        machine.proceed();
        let bytes = machine.encode();
        let _ = Machine::decode(machine.program().clone(), &bytes);
        if round == 16 {
            machine.cancel();
        }
        if !matches!(machine.status(), Status::Running | Status::Waiting) {
            return;
        }
    }
}

#[test]
fn the_plans_that_are_changed_here_are_accepted() {
    verify(&assemble(SAGAS)).unwrap();
    verify(&assemble(EACH)).unwrap();
    let parent = link(parent()).unwrap();
    let (mut machine, step) = Machine::start(parent, br#"{"p0": 3}"#, &[]).unwrap();
    assert_eq!(step.status, Status::Waiting);
    let result = CompletionResult::Child(ChildAnswer::Done(b"7".to_vec()));
    let step = machine.resume(Completion { effect: EffectId(0), result }).unwrap();
    assert_eq!(step.status, Status::Done(b"7".to_vec()));
}

/// Instructions of branches that no compiler writes, by the text of a plan.
#[test]
fn what_is_refused_of_branches() {
    let cases = [
        (SAGAS, "fork won first {", "fork won some {", "race without a number of successes"),
        (
            SAGAS,
            "fork won first { x: caught(a), y: cleaned(b) }",
            "fork won first { }",
            "a race of no branches",
        ),
        (SAGAS, "fork won first {", "fork won all {", "is no record of results"),
        (
            SAGAS,
            "fork won first { x: caught(a), y: cleaned(b) }",
            "fork won first { x: clean(a) }",
            "does not give",
        ),
        (
            SAGAS,
            "fork won first { x: caught(a)",
            "fork won first { _: caught(a)",
            "may succeed, and has no case",
        ),
        (SAGAS, "fork both all {", "fork both settled {", "is no union"),
        (SAGAS, "fork both all {", "fork both shielded {", "one branch"),
        (SAGAS, "y: caught(d) }", "y: clean(d) }", "does not give"),
        (SAGAS, "y: caught(d) }", "x: caught(d) }", "is given twice"),
        (SAGAS, "y: caught(d) }", "y: caught(won) }", "is due"),
        (SAGAS, "y: caught(d) }", "y: caught() }", "takes 1 arguments, and 0 are given"),
        (SAGAS, "y: caught(d) }", "y: main(a) }", "it comes to run itself"),
        (EACH, "{ _: run(add) } xs", "{ _: run(add), _: run(add) } xs", "not one branch for the items"),
        (EACH, "{ _: run(add) } xs", "{ } xs", "not one branch for the items"),
        (EACH, "{ _: run(add) } xs", "{ _: run(xs) } xs", "is due"),
        (EACH, "{ _: run(add) } xs count", "{ _: run(add) } add count", "of kind List"),
        (EACH, "{ _: run(add) } xs count", "{ _: run(add) } xs xs", "of kind Int"),
        (EACH, "fork_each out all", "fork_each out first", "the mode of the group is another"),
        (EACH, "fork_each out all", "fork_each count all", "is no list of results"),
        (EACH, "{ _: run(add) }", "{ _: undo_work() }", "does not give"),
    ];
    for (plan, from, to, expected) in cases {
        assert!(plan.contains(from), "{from}");
        let found = verify(&assemble(&plan.replacen(from, to, 1)));
        let found = found.map_or_else(|error| error.to_string(), |()| "accepted".to_owned());
        assert!(found.contains(expected), "{to}\n  expected {expected}\n  found    {found}");
    }
}

/// Tables and instructions of children that no compiler writes.
#[test]
fn what_is_refused_of_children() {
    type Change = fn(&mut Plan);
    fn spawn(plan: &mut Plan, change: impl Fn(&mut Reg, &mut StepId, &mut Reg, &mut ListId)) {
        let function = &mut plan.functions[1];
        for op in &mut function.code {
            if let Op::Spawn { dst, step, input, captures } = op {
                change(dst, step, input, captures);
            }
        }
        function.live = live_tables(function);
    }
    let cases: [(&str, Change, &str); 10] = [
        ("a step that is none", |plan| spawn(plan, |_, step, _, _| *step = StepId(9)), "there is no s9"),
        ("a step of an operation", |plan| plan.steps[0].callee = plan.steps[1].callee, "calls no workflow"),
        (
            "an input that is no record",
            |plan| spawn(plan, |_, _, input, _| *input = Reg(0)),
            "of kind Record",
        ),
        ("a result of another type", |plan| spawn(plan, |dst, _, input, _| *dst = *input), "is due"),
        ("captures that are none", |plan| spawn(plan, |_, _, _, list| *list = ListId(99)), "there is no"),
        ("a child that is none", |plan| plan.children.clear(), "there is no child"),
        (
            "a start whose result is no text",
            |plan| plan.steps[0].callee = Callee::Child { child: ChildId(0), detached: true },
            "an id is a text",
        ),
        ("an input of no type", |plan| plan.children[0].input = TypeId(999), "there is no type"),
        ("an input that is a number", |plan| plan.children[0].input = plan.output, "is no record"),
        (
            "errors that are none",
            |plan| plan.children[0].errors.push((flow_plan::ErrorId(0), flow_plan::ErrorId(7))),
            "there is no",
        ),
    ];
    for (name, change, expected) in cases {
        let mut plan = parent();
        change(&mut plan);
        let found = link(plan).map_or_else(|error| error.to_string(), |_| "accepted".to_owned());
        assert!(found.contains(expected), "{name}\n  expected {expected}\n  found    {found}");
    }
}

/// Branches in branches, so many deep, the innermost of which fails.
fn nested(depth: usize) -> String {
    let mut text =
        String::from("operation work POST idempotent (body n: int) -> int\n step work work undo none\n");
    text.push_str(
        "flow b0(n: int) -> null {\n let none: null\n call n work (n) ()\n null none\n return none\n }\n",
    );
    for level in 1..=depth {
        let inner = level - 1;
        let code = format!("let none: null\n fork none all {{ _: b{inner}(n) }}\n return none");
        text.push_str(&format!("flow b{level}(n: int) -> null {{\n {code}\n }}\n"));
    }
    let code = format!("let none: null\n fork none all {{ _: b{depth}(n) }}\n return none");
    text.push_str(&format!("flow main(n: int) -> null {{\n {code}\n }}\n"));
    text
}

#[test]
fn branches_are_nested_so_deep_and_no_deeper() {
    check(
        &nested(127),
        &format!(
            "> start {{\"p0\": 1}}\n#0 call work at {path}0 body 1\nwaiting\n> #0 500\nfailed http (answered with status 500) at {path}0",
            path = "0/0/".repeat(128)
        ),
    );
    for depth in [128, 5000] {
        let error = verify(&assemble(&nested(depth))).unwrap_err().to_string();
        assert!(error.contains("nested more than 128 deep"), "{error}");
    }
}

/// The states of an execution after each of some answers.
fn states(program: &Arc<Program>, input: &str, answers: &[(u64, u16)]) -> Vec<Vec<u8>> {
    let (mut machine, _) = Machine::start(program.clone(), input.as_bytes(), &[]).unwrap();
    let mut states = vec![machine.encode()];
    for (effect, status) in answers {
        let answer = CallAnswer::Answered { status: *status, headers: Vec::new(), body: b"7".to_vec() };
        let result = CompletionResult::Call(answer);
        machine.resume(Completion { effect: EffectId(*effect), result }).unwrap();
        states.push(machine.encode());
    }
    states
}

/// Every bit of every byte of some states, one at a time: refused, or a state like any other.
fn flip_each_bit(program: &Arc<Program>, states: &[Vec<u8>]) {
    let (mut taken, mut all) = (0, 0);
    for state in states {
        // The header is seen to elsewhere.
        for (at, bit) in (40..state.len()).flat_map(|at| (0..8).map(move |bit| (at, bit))) {
            let mut changed = state.clone();
            changed[at] ^= 1 << bit;
            all += 1;
            if let Ok(mut machine) = Machine::decode(program.clone(), &changed) {
                assert_eq!(machine.encode(), changed, "what is taken is canonical");
                drive(&mut machine);
                taken += 1;
            }
        }
    }
    assert!(taken > 0 && taken < all, "{taken} of {all}");
}

#[test]
fn a_flipped_bit_in_races_and_sagas_is_refused_or_harmless() {
    let program = program(SAGAS);
    // A branch of the race is stuck with a failed undo, the other one wins, and both branches of what follows run.
    let answers = [(0, 200), (1, 200), (3, 500), (4, 500), (2, 200), (5, 200), (6, 200), (7, 200)];
    let states = states(&program, INPUT, &answers);
    flip_each_bit(&program, &[states[4].clone(), states[8].clone()]);
}

#[test]
fn a_flipped_bit_in_branches_for_items_is_refused_or_harmless() {
    let program = program(EACH);
    let states = states(&program, EACH_INPUT, &[(0, 200), (1, 500)]);
    flip_each_bit(&program, &states);
}

#[test]
fn a_flipped_bit_beside_a_child_is_refused_or_harmless() {
    let program = link(parent()).unwrap();
    let states = states(&program, r#"{"p0": 3}"#, &[]);
    flip_each_bit(&program, &states);
}

/// A change of one part of a plan.
fn change(plan: &mut Plan, which: &prop::sample::Index, kind: u8, to: u16) {
    let functions: Vec<usize> = (0..plan.functions.len())
        .filter(|index| {
            let forks = |op: &Op| op.forks().is_some() || matches!(op, Op::Spawn { .. });
            plan.functions[*index].code.iter().any(forks)
        })
        .collect();
    let function = &mut plan.functions[functions[which.index(functions.len())]];
    let modes = [GroupMode::All, GroupMode::Settled, GroupMode::Shielded, GroupMode::First, GroupMode::Some];
    let (reg, list, group) = (Reg(to), ListId(u32::from(to % 12)), GroupId(u32::from(to % 4)));
    let at =
        function.code.iter().position(|op| op.forks().is_some() || matches!(op, Op::Spawn { .. })).unwrap();
    let at = if kind.is_multiple_of(2) { at } else { which.index(function.code.len()) };
    let count = function.groups.len();
    match kind {
        0..=3 if count > 0 => {
            let Group { mode, branches } = &mut function.groups[which.index(count)];
            match (kind, branches.first_mut()) {
                (0, _) => *mode = modes[usize::from(to) % 5],
                (1, Some(branch)) => branch.function = FunctionId(u32::from(to % 12)),
                (2, Some(branch)) => branch.field = (to % 4).checked_sub(1),
                (3, Some(branch)) => branch.captures = list,
                _ => {}
            }
        }
        4 if count > 0 => drop(function.groups[which.index(count)].branches.pop()),
        5 if count > 0 => {
            let branches = &mut function.groups[which.index(count)].branches;
            branches.extend(branches.first().cloned());
        }
        6 | 7 => function.code[at] = Op::Fork { dst: reg, group },
        8 | 9 => function.code[at] = Op::ForkSome { dst: reg, group, count: Reg(to / 7 % 9) },
        10 | 11 => {
            function.code[at] =
                Op::ForkEach { dst: reg, group, items: Reg(to / 7 % 9), count: Reg(to / 63 % 9) };
        }
        _ => {
            let step = StepId(u32::from(to % 3));
            function.code[at] = Op::Spawn { dst: reg, step, input: Reg(to / 7 % 9), captures: list };
        }
    }
    function.live = live_tables(function);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, ..ProptestConfig::default() })]

    /// Any changes of groups, branches and their instructions: refused, or a plan whose executions do no harm.
    #[test]
    fn a_changed_plan_is_refused_or_harmless(
        base in 0..3_usize,
        changes in prop::collection::vec((any::<prop::sample::Index>(), 0..14_u8, 0..20_u16), 1..4),
    ) {
        let (mut plan, input) = match base {
            0 => (assemble(SAGAS), INPUT),
            1 => (assemble(EACH), EACH_INPUT),
            _ => (parent(), r#"{"p0": 3}"#),
        };
        for (which, kind, to) in &changes {
            change(&mut plan, which, *kind, *to);
        }
        if let Ok(program) = link(plan)
            && let Ok((mut machine, _)) = Machine::start(program, input.as_bytes(), &[])
        {
            drive(&mut machine);
        }
    }
}
