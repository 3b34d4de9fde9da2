//! What the verifier refuses: one case for each of its rules.

use flow_plan::{
    Callee, ChildId, Constant, FORMAT, FunctionId, InputForm, Op, PathPart, Plan, Reg, Target, Type, TypeId,
    Undo, verify,
};

use crate::assembler::assemble;

/// A plan in which everything stands once.
const BASE: &str = r#"
    type Made = { id: string, n?: int? }
    error Bad = { why: string }
    config limit: int = 5
    operation make POST idempotent (path id: string, body n: int where small) -> Made raises 402 Bad
    operation find GET safe (path id: string) -> Made? absent 404
    operation drop DELETE idempotent (path id: string) -> ignored
    step make make undo unmake result cause
    step find find undo none
    step drop drop undo none
    pure small(it: int) -> bool {
        let ten: int, yes: bool
        const ten 10
        lt.int yes it ten
        return yes
    }
    flow unmake(id: string, it: Made, cause: error) -> null {
        let none: null
        call none drop (id) ()
        return none
    }
    flow branch(id: string) -> Made? {
        let out: Made?
        call out find (id) ()
        return out
    }
    flow main(p0: string, p1: int) -> string {
        let made: Made, id: string, caught: error, time: duration, some: bool, list: [int], map: <decimal?>
        let n: int?, both: { a: Made? }, wide: decimal?, d: decimal, none: null, fields: { why: string }, j: json
        const time 5
        enter_deadline time
        try top..end catch Bad as caught at handler scopes 1
       top:
        config p1 limit
        call made make (p0, p1) (p0)
        field n made n
       end:
        is_null some n
        jump_if some handled
        enter_loop
       again:
        fork both { a: branch(p0) }
        next_loop
        jump_if some again
        leave
        list list [int] (p1)
        push list p1
        item p1 list p1
        map map <decimal?> (p0, wide_)
        map_get wide map p0 <decimal?>
        unwrap.wide d wide
        some.wide wide d
        to_json j d decimal
        from_json d j decimal
        call_fn some small (p1)
        library id string.trim (p0)
        sleep time
       handled:
        leave
        return p0
       handler:
        error_fields fields caught Bad
        fail Bad fields
    }
"#;

fn base() -> String {
    BASE.replace("map map <decimal?> (p0, wide_)", "null wide\n map map <decimal?> (p0, wide)")
}

fn refused(plan: &Plan, name: &str, expected: &str) {
    let found = verify(plan).map_or_else(|error| error.to_string(), |()| "accepted".to_owned());
    assert!(found.contains(expected), "{name}\n  expected {expected}\n  found    {found}");
    assert!(flow_vm::Program::load(plan.clone()).is_err());
}

#[test]
fn the_base_is_accepted() {
    verify(&assemble(&base())).unwrap();
}

/// Changes of the text, and the reason.
#[test]
fn code_that_is_refused() {
    let cases = [
        // Kinds, and the rule of each instruction.
        ("jump_if some handled", "jump_if p1 handled", "`condition`: t", "of kind Bool"),
        ("lt.int yes it ten", "lt.int yes it yes", "slot 0 is of", "is due"),
        ("const time 5", "const time 5\n move id p1", "slot", "is due"),
        ("const time 5", "const time 5\n null p1", "has no null", ""),
        ("const time 5", "const time 5\n is_null some p1", "has no null", ""),
        ("const time 5", "const time 5\n some n p1", "has a slot for its presence", ""),
        ("unwrap.wide d wide", "unwrap d wide", "has a slot for its presence", ""),
        ("unwrap.wide d wide", "unwrap.wide p1 wide", "is due", ""),
        ("some.wide wide d", "some.wide wide p1", "is due", ""),
        ("const time 5", "const time 5\n config id limit", "is due", ""),
        ("const time 5", "const time 5\n add.int time time p1", "is due", ""),
        ("const time 5", "const time 5\n eq.int some time p1", "is due", ""),
        ("const time 5", "const time 5\n eq some p1 p1 string", "is due", ""),
        ("call_fn some small (p1)", "call_fn some small (p0)", "is due", ""),
        ("call_fn some small (p1)", "call_fn some small ()", "takes 1 arguments, and 0 are given", ""),
        ("call_fn some small (p1)", "call_fn p1 small (p1)", "is due", ""),
        ("call_fn some small (p1)", "call_fn made branch (p0)", "f2 is not Pure", ""),
        ("return yes", "return it", "is due", ""),
        ("const time 5", "const time 5\n record fields { why: string } ()", "0 fields, and", ""),
        ("const time 5", "const time 5\n record fields { why: string } (p1)", "is due", ""),
        ("const time 5", "const time 5\n record fields [int] (p1)", "is due", ""),
        ("list list [int] (p1)", "list list [int] (p0)", "is due", ""),
        ("push list p1", "push list p0", "is due", ""),
        ("item p1 list p1", "item p0 list p1", "is due", ""),
        ("(p0, wide)", "(p0)", "a key without a value", ""),
        ("(p0, wide)", "(p1, wide)", "not of shape Text", ""),
        ("(p0, wide)", "(p0, p0)", "is due", ""),
        ("map_get wide map p0 <decimal?>", "map_get n map p0 <decimal?>", "the value is of another type", ""),
        ("const time 5", "const time 5\n concat id (p1)", "not of shape Text", ""),
        ("to_json j d decimal", "to_json j d int", "is due", ""),
        ("from_json d j decimal", "from_json d j int", "is due", ""),
        ("library id string.trim (p0)", "library id string.trim (p1)", "not of shape Text", ""),
        ("library id string.trim (p0)", "library id string.trim ()", "takes 1 arguments", ""),
        ("library id string.trim (p0)", "library p1 string.trim (p0)", "not of shape Text", ""),
        ("(p0, p1) (p0)", "(p1, p1) (p0)", "is due", ""),
        ("(p0, p1) (p0)", "(p0) (p0)", "s0 takes 2 arguments, and 1 are given", ""),
        ("(p0, p1) (p0)", "(p0, p1) ()", "f1 takes 3 arguments, and 2 are given", ""),
        ("(p0, p1) (p0)", "(p0, p1) (p1)", "is due", ""),
        ("call none drop (id) ()", "call none drop (id) (id)", "captures for an undo that there is not", ""),
        ("call none drop (id) ()", "call id drop (id) ()", "the response is ignored", ""),
        ("{ a: branch(p0) }", "{ a: branch(p1) }", "is due", ""),
        ("{ a: branch(p0) }", "{ }", "a field of the results is not given", ""),
        ("{ a: branch(p0) }", "{ a: branch(p0), a: branch(p0) }", "is given twice", ""),
        ("{ a: branch(p0) }", "{ a: small(p1) }", "pure, and no branch", ""),
        ("error_fields fields caught Bad", "error_fields both caught Bad", "is due", ""),
        ("fail Bad fields", "fail Bad both", "is due", ""),
        ("const time 5", "const time 5\n undo small (p1)", "f0 is not Flow", ""),
        ("const time 5", "const time 5\n undo branch (p1)", "f2 takes 1 arguments, and 2 are given", ""),
        // Purity.
        ("const ten 10", "const ten 10\n enter_loop", "an effect in a pure function", ""),
        // Ways through the code.
        ("return yes", "not yes yes", "the code runs out", ""),
        ("null wide", "", "is read, and not assigned on every way here", ""),
        ("is_null some n", "is_null some wide", "is read, and not assigned on every way here", ""),
        ("fail Bad fields", "fail_because Bad fields caught", "accepted", ""),
        ("enter_deadline time", "", "a handler keeps more scopes than are open", ""),
        (
            "jump_if some again",
            "enter_saga\n jump_if some again\n leave",
            "other scopes are open on another way here",
            "",
        ),
        ("return p0", "leave\n return p0", "no scope is open", ""),
        ("enter_loop", "enter_saga", "the innermost scope is no loop", ""),
        ("next_loop\n", "\n", "it is done again without a loop that counts", ""),
        (
            "call_fn some small (p1)",
            "call_fn some small (p1)\n jump top",
            "other scopes are open",
            "accepted|again",
        ),
        ("push list p1", "move list list\n push list p1", "may be held elsewhere", ""),
        ("push list p1", "to_json j list [int]\n push list p1", "may be held elsewhere", ""),
        (
            "call out find (id) ()",
            "call out find (id) ()\n call out find (id) ()",
            "is called at a second place",
            "",
        ),
        // Functions that come to run themselves.
        ("const ten 10", "const ten 10\n call_fn yes small (it)", "it comes to run itself", ""),
        (
            "let out: Made?\n",
            "let out: Made?, all: { a: Made? }\n fork all { a: branch(id) }\n",
            "it comes to run itself",
            "",
        ),
    ];
    for (from, to, expected, other) in cases {
        let text = base();
        assert!(text.contains(from), "{from}");
        let plan = assemble(&text.replacen(from, to, 1));
        let found = verify(&plan).map_or_else(|error| error.to_string(), |()| "accepted".to_owned());
        let fits = found.contains(expected)
            || !other.is_empty() && other.split('|').any(|other| found.contains(other));
        assert!(fits, "{from} => {to}\n  expected {expected}\n  found    {found}");
    }
}

/// A condition that converts a value whose type has the condition.
#[test]
fn a_condition_that_runs_itself_is_refused() {
    let text = r#"
        type T = { a: json where holds }
        pure holds(it: json) -> bool {
            let t: T, yes: bool
            from_json t it T
            const yes true
            return yes
        }
        flow main() -> null {
            let none: null
            null none
            return none
        }
    "#;
    refused(&assemble(text), "a condition", "f0: it comes to run itself");
}

/// The instructions of unions, and what is wrong with each.
#[test]
fn cases_that_are_refused() {
    let text = r#"
        type Event = tagged "kind" A { id: string } | B { }
        flow main(p0: string) -> string {
            let event: Event, parts: { id: string }, yes: bool
            record parts { id: string } (p0)
            case event Event 0 parts
            is_case yes event 0
            case_fields parts event 0
            return p0
        }
    "#;
    verify(&assemble(text)).unwrap();
    let cases = [
        ("case event Event 0 parts", "case event Event 1 parts", "is due"),
        ("case event Event 0 parts", "case event Event 2 parts", "has no case 2"),
        ("case event Event 0 parts", "case event { id: string } 0 parts", "is due"),
        ("is_case yes event 0", "is_case yes event 7", "has no case 7"),
        ("is_case yes event 0", "is_case yes parts 0", "of kind Tagged"),
        ("case_fields parts event 0", "case_fields parts event 1", "is due"),
    ];
    for (from, to, expected) in cases {
        assert!(text.contains(from), "{from}");
        refused(&assemble(&text.replacen(from, to, 1)), to, expected);
    }
}

/// Forms on the wire that are not those of a type, and conditions that are none.
#[test]
fn boundaries_that_are_refused() {
    use flow_plan::{Boundary, WireForm};
    let base = assemble(&base());
    let int = base.types.0.iter().position(|ty| *ty == Type::Int).unwrap();
    let int = TypeId(u32::try_from(int).unwrap());
    let form = |form| Boundary { form: Some(form), check: None };
    let check = |check| Boundary { form: None, check: Some(FunctionId(check)) };
    for (boundaries, expected) in [
        (vec![(int, form(WireForm::Text))], "is not one of its type"),
        (vec![(int, form(WireForm::Seconds))], "is not one of its type"),
        (vec![(int, Boundary::default())], "is not one of its type"),
        (vec![(int, check(1))], "is no condition on"),
        (vec![(int, check(99))], "there is no function"),
        (vec![(int, check(0)), (int, check(0))], "not in the order of types"),
        (vec![(TypeId(999), check(0))], "there is no type"),
    ] {
        let plan = Plan { boundaries, ..base.clone() };
        refused(&plan, expected, expected);
    }
    verify(&Plan { boundaries: vec![(int, check(0))], ..base }).unwrap();
}

/// Calls in loops whose counters begin again.
#[test]
fn a_round_that_is_counted_by_an_inner_loop_alone_is_refused() {
    let text = r#"
        operation ping GET safe () -> ignored
        step ping ping undo none
        flow main(p0: bool) -> null {
            let none: null
           top:
            enter_loop
            call none ping () ()
            next_loop
            leave
            jump_if p0 top
            return none
        }
    "#;
    refused(&assemble(text), "an inner loop", "it is done again without a loop that counts");
    let by_error = r#"
        operation ping GET safe () -> ignored
        step ping ping undo none
        flow main(p0: bool) -> null {
            let none: null, caught: error
            try top..end catch any as caught at top
           top:
            call none ping () ()
           end:
            return none
        }
    "#;
    refused(&assemble(by_error), "a handler", "it is done again without a loop that counts");
}

/// Changes that no text makes, and the reason.
#[test]
fn tables_that_are_refused() {
    type Change = (&'static str, fn(&mut Plan), &'static str);
    let cases: Vec<Change> = vec![
        ("a newer format", |plan| plan.format = FORMAT + 1, "the plan has format"),
        (
            "a type outside the table",
            |plan| plan.types.0.push(Type::List(TypeId(999))),
            "there is no type t999",
        ),
        (
            "an optional of an optional",
            |plan| {
                let last = plan.types.0.len() as u32;
                plan.types.0.push(Type::Optional(TypeId(last + 1)));
                plan.types.0.push(Type::Optional(TypeId(last)));
            },
            "an optional of an optional",
        ),
        (
            "an optional of a secret of an optional",
            |plan| {
                let last = plan.types.0.len() as u32;
                plan.types.0.extend([
                    Type::Int,
                    Type::Optional(TypeId(last)),
                    Type::Secret(TypeId(last + 1)),
                ]);
                plan.types.0.push(Type::Optional(TypeId(last + 2)));
            },
            "an optional of an optional",
        ),
        (
            "a secret of a secret",
            |plan| {
                let last = plan.types.0.len() as u32;
                plan.types.0.push(Type::Secret(TypeId(last)));
            },
            "a secret of a secret",
        ),
        (
            "fields out of order",
            |plan| {
                if let Type::Record(fields) = &mut plan.types.0[0] {
                    fields.reverse();
                }
            },
            "is not in the order of names",
        ),
        (
            "two members of one name",
            |plan| {
                if let Type::Record(fields) = &mut plan.types.0[0] {
                    fields[1].wire = "id".to_owned();
                }
            },
            "two members `id`",
        ),
        (
            "an absent field without null",
            |plan| {
                if let Type::Record(fields) = &mut plan.types.0[0] {
                    fields[0].optional = true;
                }
            },
            "its type has no null",
        ),
        (
            "a condition that is none",
            |plan| {
                if let Type::Record(fields) = &mut plan.types.0[0] {
                    fields[0].check = Some(FunctionId(0));
                }
            },
            "is no condition on",
        ),
        (
            "a constant of another type",
            |plan| plan.constants[0].1 = Constant::Text(String::new()),
            "it is no value of",
        ),
        ("an error without record", |plan| plan.errors[0].fields = TypeId(1), "are no record"),
        ("an operation of no API", |plan| plan.apis.clear(), "there is no API"),
        (
            "a path that names a body",
            |plan| plan.operations[0].path.push(PathPart::Param(1)),
            "which is none of the path",
        ),
        (
            "a path parameter that is not named",
            |plan| plan.operations[0].path.clear(),
            "the path does not name",
        ),
        (
            "a success that raises",
            |plan| plan.operations[0].raises[0].0 = flow_plan::Statuses::One(201),
            "is a success, and raises",
        ),
        (
            "statuses without a null",
            |plan| plan.operations[0].absent.push(flow_plan::Statuses::One(404)),
            "the response has no null",
        ),
        (
            "a whole response that is no record of three",
            |plan| {
                let Some(ty) = plan.operations[0].response.ty() else { return };
                plan.operations[0].response = flow_plan::Response::Whole(ty);
            },
            "is no record of `body`, `headers` and `status`",
        ),
        (
            "a page that takes no link",
            |plan| {
                let Some(ty) = plan.operations[0].response.ty() else { return };
                plan.operations[0].response = flow_plan::Response::Page(ty);
            },
            "what leads to the next page has no place",
        ),
        (
            "a link to a next page that no answer gives",
            |plan| {
                let link = flow_plan::Param {
                    place: flow_plan::Place::Next,
                    ..plan.operations[0].params[0].clone()
                };
                plan.operations[0].params.push(link);
            },
            "what leads to the next page has no place",
        ),
        (
            "pages by a parameter that is not there",
            |plan| {
                let items = Vec::new();
                plan.operations[0].form.pages = Some(flow_plan::Pages::Offset { limit: 0, param: 9, items });
            },
            "pages by parameter 9",
        ),
        (
            "a response by status that is no union",
            |plan| {
                let Some(ty) = plan.operations[0].response.ty() else { return };
                plan.operations[0].response = flow_plan::Response::ByStatus(ty);
            },
            "is no union of statuses",
        ),
        (
            "statuses without a response by status",
            |plan| plan.operations[0].statuses.push(flow_plan::Statuses::One(200)),
            "the response is not by status",
        ),
        (
            "a step of no operation",
            |plan| {
                plan.steps[0].callee =
                    Callee::Operation { operation: flow_plan::OperationId(9), timeout_us: 1, retry: None };
            },
            "there is no operation o9",
        ),
        (
            "a step of no child",
            |plan| plan.steps[0].callee = Callee::Child { child: ChildId(0), detached: false },
            "there is no child w0",
        ),
        (
            "an undo that is pure",
            |plan| {
                plan.steps[0].undo =
                    Undo::Function { function: FunctionId(0), uses_result: false, uses_cause: false };
            },
            "is pure, and undoes nothing",
        ),
        (
            "an undo that does not take the cause",
            |plan| {
                plan.steps[0].undo =
                    Undo::Function { function: FunctionId(2), uses_result: false, uses_cause: true };
            },
            "does not take the cause",
        ),
        ("an entry that is pure", |plan| plan.entry = FunctionId(0), "the entry is pure"),
        (
            "an entry of another result",
            |plan| plan.output = TypeId(0),
            "the entry does not return the output",
        ),
        (
            "an entry of another input",
            |plan| plan.input_form = InputForm::Sole,
            "the entry does not take the input",
        ),
        ("a configuration that is not pinned", |plan| plan.config[0].pinned = false, "`limit` is not pinned"),
        ("a gap between registers", |plan| plan.functions[0].registers[1].slot = Reg(7), "is due at slot"),
        (
            "a register of no type",
            |plan| plan.functions[0].registers[1].ty = TypeId(999),
            "there is no type t999",
        ),
        (
            "a parameter in no register",
            |plan| plan.functions[0].params[0] = Reg(99),
            "no register begins at slot 99",
        ),
        (
            "two parameters in one register",
            |plan| {
                let param = plan.functions[1].params[0];
                plan.functions[1].params[1] = param;
            },
            "two parameters share slot",
        ),
        (
            "a list of no register",
            |plan| plan.functions[1].lists[0][0] = Reg(99),
            "no register begins at slot 99",
        ),
        ("no code", |plan| plan.functions[0].code.clear(), "instructions"),
        (
            "a jump out of the code",
            |plan| plan.functions[0].code[2] = Op::Jump { to: Target(3) },
            "instruction 3 is outside",
        ),
        (
            "an operand in no register",
            |plan| plan.functions[0].code[2] = Op::Return { src: Reg(99) },
            "no register begins at slot 99",
        ),
        (
            "a count of slots",
            |plan| {
                let main = &mut plan.functions[3];
                for op in &mut main.code {
                    if let Op::Field { slots, .. } = op {
                        *slots += 1;
                    }
                }
            },
            "3 slots, and slot",
        ),
        (
            "the offset of no field",
            |plan| {
                for op in &mut plan.functions[3].code {
                    if let Op::Field { offset, .. } = op {
                        *offset += 1;
                    }
                }
            },
            "begins at 2",
        ),
        (
            "a handler in a pure function",
            |plan| {
                let handler = plan.functions[3].handlers[0].clone();
                plan.functions[0].handlers.push(handler);
            },
            "a handler in a pure function",
        ),
        (
            "a handler beyond the code",
            |plan| plan.functions[3].handlers[0].end = Target(9999),
            "lies outside of the code",
        ),
        (
            "a handler around nothing",
            |plan| {
                let handler = &mut plan.functions[3].handlers[0];
                handler.end = handler.start;
            },
            "lies outside of the code",
        ),
        (
            "a handler with an error of another type",
            |plan| plan.functions[3].handlers[0].error = Reg(0),
            "in a register of another type",
        ),
        (
            "a handler of no error",
            |plan| {
                plan.functions[3].handlers[0].catches = flow_plan::Catch::Error(flow_plan::ErrorId(7));
            },
            "there is no error e7",
        ),
        (
            "no live table",
            |plan| {
                plan.functions[3].live.pop();
            },
            "the live tables are not those",
        ),
        (
            "a live table out of order",
            |plan| {
                plan.functions[3].live[0].registers.reverse();
            },
            "is not in order",
        ),
        (
            "a live table that misses one",
            |plan| {
                plan.functions[3].live[0].registers.remove(0);
            },
            "is needed after the wait",
        ),
    ];
    for (name, change, expected) in cases {
        let mut plan = assemble(&base());
        change(&mut plan);
        refused(&plan, name, expected);
    }
}

/// A plan made to be slow: records in records, each twice, which two at a time are alike.
#[test]
fn a_plan_can_not_make_the_verifier_slow() {
    let mut plan = assemble(&base());
    let field = |name: &str, ty: usize| flow_plan::Field {
        name: name.to_owned(),
        wire: name.to_owned(),
        ty: TypeId(ty as u32),
        optional: false,
        check: None,
    };
    for _ in 0..4000 {
        let last = plan.types.0.len();
        let inner = if plan.types.0.len() > 40 { last - 2 } else { 0 };
        plan.types.0.push(Type::Record(vec![field("a", inner), field("b", inner)]));
        plan.types.0.push(Type::List(TypeId(last as u32 - 1)));
    }
    verify(&plan).unwrap();
}
