//! A workflow made by hand, with one call of each kind:
//!
//! ```text
//! workflow order (order: Order) within 10m {
//!   let { stock, quote } = parallel { stock: shop.reserve(order.id), quote: shop.quote(order.id) }
//!   log order.id
//!   sleep 5s
//!   let paid = shop.charge("{quote.id}")      // keyed, 402 raises Declined, undone by refund(result.id)
//!   shop.tag("{uuid()}")                      // PUT
//!   shop.notify(order.id)                     // an unsafe POST
//!   return paid
//! }
//! ```

use flow_plan::{
    Api, ApiId, Auth, Backoff, Balance, Branch, Callee, Config, ConfigId, Constant, ConstantId, EffectClass,
    ErrorId, ErrorType, Exhausted, FORMAT, Field, Function, FunctionId, Group, GroupId, GroupMode,
    Idempotency, InputForm, ListId, Method, Op, Operation, OperationId, PathPart, Place, Plan, Policy,
    PolicyId, Purity, Rate, Reg, Register, Response, RetryOn, Setting, Step, StepId, Target, Type, TypeId,
    Types, Undo, WorstCase,
};

pub(crate) const SECOND: u64 = 1_000_000;

const NULL: TypeId = TypeId(0);
const TEXT: TypeId = TypeId(1);
/// `{ id: string }`, which is also the input.
const ID: TypeId = TypeId(2);
const DURATION: TypeId = TypeId(3);
/// `{ quote: { id }, stock: { id } }`
const BOTH: TypeId = TypeId(4);
const REASON: TypeId = TypeId(5);
const UUID: TypeId = TypeId(6);
/// The list of what won.
const WON: TypeId = TypeId(7);
const INT: TypeId = TypeId(8);
const ERROR: TypeId = TypeId(9);

pub(crate) const QUOTE: StepId = StepId(0);
pub(crate) const RESERVE: StepId = StepId(1);
pub(crate) const RELEASE: StepId = StepId(2);
pub(crate) const CHARGE: StepId = StepId(3);
pub(crate) const REFUND: StepId = StepId(4);
pub(crate) const TAG: StepId = StepId(5);
pub(crate) const NOTIFY: StepId = StepId(6);
/// The steps of what is confirmed.
pub(crate) const ENTER: StepId = StepId(7);
pub(crate) const SEEN: StepId = StepId(8);
/// The step of a parent that calls its child.
pub(crate) const CHILD: StepId = StepId(7);
/// The calls of the two branches of siblings.
pub(crate) const SIBLINGS: [StepId; 2] = [StepId(7), StepId(8)];

/// What a test varies.
#[derive(Clone, Debug)]
pub(crate) struct Shop {
    pub(crate) base: Vec<String>,
    pub(crate) within_us: u64,
    pub(crate) timeout_us: u64,
    pub(crate) rate: Option<Rate>,
    pub(crate) concurrency: Option<u32>,
    pub(crate) policy: Policy,
}

impl Default for Shop {
    fn default() -> Self {
        Self {
            base: vec!["http://127.0.0.1:9".into()],
            within_us: 600 * SECOND,
            timeout_us: 2 * SECOND,
            rate: None,
            concurrency: None,
            policy: Policy {
                name: "transient".into(),
                attempts: Some(4),
                backoff: Backoff::Exponential {
                    initial_us: SECOND,
                    factor_milli: 2000,
                    max_us: Some(10 * SECOND),
                    jitter: true,
                },
                on: vec![RetryOn::Status(500, 504), RetryOn::Timeout, RetryOn::Connection],
                within_us: None,
                exhausted: Exhausted::Fail,
                respect_retry_after: true,
            },
        }
    }
}

impl Shop {
    /// The whole workflow.
    pub(crate) fn order(&self) -> Plan {
        let mut main = Code::new(ID, &[ID]);
        let order = Reg(0);
        let id = main.reg(TEXT);
        main.op(Op::Field { dst: id, record: order, offset: 0, slots: 1 });
        let within = main.reg(DURATION);
        main.op(Op::Const { dst: within, constant: ConstantId(0) });
        main.op(Op::EnterDeadline { duration: within });
        let captures = main.list(&[id]);
        main.function.groups.push(Group {
            mode: GroupMode::All,
            branches: vec![
                Branch { field: Some(1), function: FunctionId(1), captures },
                Branch { field: Some(0), function: FunctionId(2), captures },
            ],
        });
        let both = main.reg(BOTH);
        main.op(Op::Fork { dst: both, group: GroupId(0) });
        main.op(Op::Log { text: id });
        let pause = main.reg(DURATION);
        main.op(Op::Const { dst: pause, constant: ConstantId(1) });
        main.op(Op::Sleep { duration: pause });
        let paid = main.reg(ID);
        // What is sent depends on what was read, and on chance: neither may be read twice.
        let quote = main.reg(ID);
        main.op(Op::Field { dst: quote, record: both, offset: 0, slots: 1 });
        let quoted = main.reg(TEXT);
        main.op(Op::Field { dst: quoted, record: quote, offset: 0, slots: 1 });
        main.call(paid, CHARGE, &[quoted]);
        let nothing = main.reg(NULL);
        let chance = main.reg(UUID);
        main.op(Op::NewUuid { dst: chance });
        let label = main.reg(TEXT);
        main.op(Op::ToText { dst: label, src: chance, of: UUID });
        main.call(nothing, TAG, &[label]);
        main.call(nothing, NOTIFY, &[id]);
        main.op(Op::Leave {});
        main.op(Op::Return { src: paid });
        self.plan(main)
    }

    /// A race of the reservation and the quote, whose winner is the result.
    pub(crate) fn race(&self) -> Plan {
        let mut main = Code::new(ID, &[ID]);
        let id = main.reg(TEXT);
        main.op(Op::Field { dst: id, record: Reg(0), offset: 0, slots: 1 });
        let captures = main.list(&[id]);
        main.function.groups.push(Group {
            mode: GroupMode::Some,
            branches: vec![
                Branch { field: None, function: FunctionId(1), captures },
                Branch { field: None, function: FunctionId(2), captures },
            ],
        });
        let (due, won, first) = (main.reg(INT), main.reg(WON), main.reg(ID));
        main.op(Op::Const { dst: due, constant: ConstantId(2) });
        main.op(Op::ForkSome { dst: won, group: GroupId(0), count: due });
        let index = main.reg(INT);
        main.op(Op::Const { dst: index, constant: ConstantId(3) });
        main.op(Op::Item { dst: first, list: won, index, slots: 1 });
        main.op(Op::Return { src: first });
        self.plan(main)
    }

    /// Reserves, and computes for ever, while a second branch asks for a quote.
    pub(crate) fn endless(&self) -> Plan {
        let mut main = Code::new(ID, &[ID]);
        let id = main.reg(TEXT);
        main.op(Op::Field { dst: id, record: Reg(0), offset: 0, slots: 1 });
        let within = main.reg(DURATION);
        main.op(Op::Const { dst: within, constant: ConstantId(0) });
        main.op(Op::EnterDeadline { duration: within });
        let reserved = main.reg(ID);
        // A step stands at one place, so this is a step of its own.
        main.call(reserved, StepId(7), &[id]);
        let captures = main.list(&[id]);
        main.function.groups.push(Group {
            mode: GroupMode::All,
            branches: vec![
                Branch { field: Some(0), function: FunctionId(2), captures },
                Branch { field: Some(1), function: FunctionId(5), captures },
            ],
        });
        let both = main.reg(BOTH);
        main.op(Op::Fork { dst: both, group: GroupId(0) });
        main.op(Op::Leave {});
        main.op(Op::Return { src: reserved });
        let mut plan = self.plan(main);
        let copy = plan.step(RESERVE).unwrap().clone();
        plan.steps.push(copy);
        let mut endless = Code::new(ID, &[TEXT]);
        endless.op(Op::Log { text: Reg(0) });
        endless.op(Op::Jump { to: Target(1) });
        plan.functions.push(endless.finish(Purity::Flow));
        plan
    }

    /// Reserves and sleeps an hour, and tags in a `finally` whatever comes of it.
    pub(crate) fn finally(&self) -> Plan {
        let mut main = Code::new(ID, &[ID]);
        let id = main.reg(TEXT);
        main.op(Op::Field { dst: id, record: Reg(0), offset: 0, slots: 1 });
        let within = main.reg(DURATION);
        main.op(Op::Const { dst: within, constant: ConstantId(0) });
        main.op(Op::EnterDeadline { duration: within });
        let captures = main.list(&[id]);
        main.function.groups.push(Group {
            mode: GroupMode::Shielded,
            branches: vec![Branch { field: None, function: FunctionId(5), captures }],
        });
        let (reserved, nothing, caught) = (main.reg(ID), main.reg(NULL), main.reg(ERROR));
        let start = Target(u32::try_from(main.function.code.len()).unwrap());
        // A step stands at one place, so this is a step of its own.
        main.call(reserved, StepId(7), &[id]);
        let pause = main.reg(DURATION);
        main.op(Op::Const { dst: pause, constant: ConstantId(1) });
        main.op(Op::Sleep { duration: pause });
        let end = Target(u32::try_from(main.function.code.len()).unwrap());
        main.op(Op::Fork { dst: nothing, group: GroupId(0) });
        main.op(Op::Leave {});
        main.op(Op::Return { src: reserved });
        let target = Target(u32::try_from(main.function.code.len()).unwrap());
        main.op(Op::Fork { dst: nothing, group: GroupId(0) });
        main.op(Op::Rethrow { error: caught });
        let catches = flow_plan::Catch::Finally;
        main.function.handlers.push(flow_plan::Handler {
            start,
            end,
            target,
            error: caught,
            scopes: 1,
            catches,
        });
        let mut plan = self.plan(main);
        let copies: Vec<Step> = [RESERVE, TAG].iter().map(|step| plan.step(*step).unwrap().clone()).collect();
        plan.steps.extend(copies);
        let mut clean = Code::new(NULL, &[TEXT]);
        let pause = clean.reg(DURATION);
        clean.op(Op::Const { dst: pause, constant: ConstantId(1) });
        clean.op(Op::Sleep { duration: pause });
        let nothing = clean.reg(NULL);
        clean.call(nothing, StepId(8), &[Reg(0)]);
        clean.op(Op::Return { src: nothing });
        plan.functions.push(clean.finish(Purity::Flow));
        plan
    }

    /// Enters something once, which no key protects, and whose outcome is confirmed.
    pub(crate) fn confirmed(&self) -> Plan {
        let mut main = Code::new(ID, &[ID]);
        let (id, entered) = (main.reg(TEXT), main.reg(ID));
        main.op(Op::Field { dst: id, record: Reg(0), offset: 0, slots: 1 });
        main.call(entered, ENTER, &[id]);
        main.op(Op::Return { src: entered });
        let mut plan = self.plan(main);
        plan.types.0.push(Type::Optional(ID));
        let entry = TypeId(u32::try_from(plan.types.0.len() - 1).unwrap());
        let mut confirm = Code::new(entry, &[TEXT]);
        let seen = confirm.reg(entry);
        confirm.call(seen, SEEN, &[Reg(0)]);
        confirm.op(Op::Return { src: seen });
        plan.functions.push(confirm.finish(Purity::Flow));
        let function = FunctionId(u32::try_from(plan.functions.len() - 1).unwrap());
        let [quote, notify] = [QUOTE, NOTIFY].map(|step| plan.step_operation(step).unwrap().clone());
        plan.operations.push(Operation {
            name: "enter".into(),
            response: Response::Body(ID),
            confirm: Some(function),
            ..notify
        });
        plan.operations.push(Operation {
            name: "seen".into(),
            response: Response::Body(entry),
            absent: vec![flow_plan::Statuses::One(404)],
            ..quote
        });
        let reserve = plan.step(RESERVE).unwrap().undo;
        for (operation, undo) in [(7, reserve), (8, Undo::Nothing)] {
            let callee = Callee::Operation {
                operation: OperationId(operation),
                timeout_us: self.timeout_us,
                retry: Some(PolicyId(0)),
            };
            plan.steps.push(Step { callee, undo });
        }
        plan
    }

    /// Only one of its steps, which takes the id; `times` in a row.
    pub(crate) fn only(&self, step: StepId, times: usize) -> Plan {
        let mut main = Code::new(ID, &[ID]);
        let id = main.reg(TEXT);
        main.op(Op::Field { dst: id, record: Reg(0), offset: 0, slots: 1 });
        let result = main.reg(if matches!(step, TAG | NOTIFY | RELEASE) { NULL } else { ID });
        // A step stands at one place, so each call is a step of its own.
        let extra = (0..times).map(|n| StepId(7 + u32::try_from(n).unwrap()));
        extra.clone().for_each(|step| main.call(result, step, &[id]));
        main.op(Op::Return { src: Reg(0) });
        let mut plan = self.plan(main);
        let copy = plan.step(step).unwrap().clone();
        plan.steps.extend(extra.map(|_| copy.clone()));
        plan
    }

    /// A workflow that calls another one, which takes an id and gives one, within its time.
    pub(crate) fn parent_of(&self, child: &Plan, detached: bool) -> Plan {
        let result = if detached { TEXT } else { ID };
        let mut main = Code::new(result, &[ID]);
        let within = main.reg(DURATION);
        main.op(Op::Const { dst: within, constant: ConstantId(0) });
        main.op(Op::EnterDeadline { duration: within });
        let dst = main.reg(result);
        let captures = main.list(&[]);
        main.op(Op::Spawn { dst, step: CHILD, input: Reg(0), captures });
        main.op(Op::Leave {});
        main.op(Op::Return { src: dst });
        let mut plan = self.plan(main);
        plan.workflow = "parent".into();
        plan.output = result;
        plan.children.push(flow_plan::Child {
            workflow: child.workflow.clone(),
            version: child.version,
            plan: child.hash(),
            input: ID,
            output: ID,
            errors: vec![(flow_plan::ErrorId(0), flow_plan::ErrorId(0))],
            keyed: child.key.is_some(),
        });
        let callee = Callee::Child { child: flow_plan::ChildId(0), detached };
        plan.steps.push(Step { callee, undo: Undo::Nothing });
        plan
    }

    /// A workflow whose two branches call the same other one with the same id, and undo what it charged. Then it tags.
    pub(crate) fn siblings(&self, child: &Plan) -> Plan {
        let mut plan = self.parent_of(child, false);
        let mut main = Code::new(ID, &[ID]);
        let within = main.reg(DURATION);
        main.op(Op::Const { dst: within, constant: ConstantId(0) });
        main.op(Op::EnterDeadline { duration: within });
        let captures = main.list(&[Reg(0)]);
        let function = |at| FunctionId(u32::try_from(plan.functions.len() + at).unwrap());
        main.function.groups.push(Group {
            mode: GroupMode::All,
            branches: vec![
                Branch { field: Some(0), function: function(0), captures },
                Branch { field: Some(1), function: function(1), captures },
            ],
        });
        let both = main.reg(BOTH);
        main.op(Op::Fork { dst: both, group: GroupId(0) });
        let paid = main.reg(ID);
        main.op(Op::Field { dst: paid, record: both, offset: 1, slots: 1 });
        let id = main.reg(TEXT);
        main.op(Op::Field { dst: id, record: Reg(0), offset: 0, slots: 1 });
        let nothing = main.reg(NULL);
        main.call(nothing, TAG, &[id]);
        main.op(Op::Leave {});
        main.op(Op::Return { src: paid });
        plan.functions[0] = main.finish(Purity::Flow);
        let refund = plan.step(CHARGE).unwrap().undo;
        let mut step = plan.steps.pop().unwrap();
        step.undo = refund;
        for at in SIBLINGS {
            let mut branch = Code::new(ID, &[ID]);
            let dst = branch.reg(ID);
            let captures = branch.list(&[]);
            branch.op(Op::Spawn { dst, step: at, input: Reg(0), captures });
            branch.op(Op::Return { src: dst });
            plan.functions.push(branch.finish(Purity::Flow));
            plan.steps.push(step.clone());
        }
        plan
    }

    /// A plan whose executions are told apart by their id.
    pub(crate) fn told_apart(mut plan: Plan, key: Option<(u64, bool)>, one_per: bool) -> Plan {
        let mut code = Code::new(TEXT, &[ID]);
        let id = code.reg(TEXT);
        code.op(Op::Field { dst: id, record: Reg(0), offset: 0, slots: 1 });
        code.op(Op::Return { src: id });
        plan.functions.push(code.finish(Purity::Pure));
        let value = FunctionId(u32::try_from(plan.functions.len() - 1).unwrap());
        plan.key = key.map(|(for_us, again)| flow_plan::Key { value, for_us, again });
        plan.one_per = one_per.then_some(value);
        plan
    }

    fn plan(&self, main: Code) -> Plan {
        let field =
            |name: &str, ty| Field { name: name.into(), wire: name.into(), ty, optional: false, check: None };
        let undo = |function| Undo::Function {
            function: FunctionId(function),
            uses_result: true,
            uses_cause: false,
        };
        let step = |operation, undo| Step {
            callee: Callee::Operation {
                operation: OperationId(operation),
                timeout_us: self.timeout_us,
                retry: Some(PolicyId(0)),
            },
            undo,
        };
        let param =
            |place| flow_plan::Param { name: "id".into(), wire: "id".into(), place, ty: TEXT, check: None };
        let operation = |name: &str, method, path: &[&str], place, response, class| {
            let mut parts = Vec::new();
            for text in path {
                parts.push(if text.is_empty() { PathPart::Param(0) } else { PathPart::Text((*text).into()) });
            }
            Operation {
                api: ApiId(0),
                name: name.into(),
                method,
                path: parts,
                params: vec![param(place)],
                response,
                class,
                idempotency: None,
                raises: Vec::new(),
                absent: Vec::new(),
                done: if method == Method::Delete {
                    vec![flow_plan::Statuses::One(404), flow_plan::Statuses::One(410)]
                } else {
                    Vec::new()
                },
                unknown_on: Vec::new(),
                confirm: None,
                statuses: Vec::new(),
                rate: None,
                concurrency: None,
                headers: Vec::new(),
                form: flow_plan::RequestForm::default(),
            }
        };
        let (safe, idempotent) = (EffectClass::Safe, EffectClass::Idempotent);
        let keyed = |operation: Operation, raises| Operation {
            idempotency: Some(Idempotency::Header("Idempotency-Key".into())),
            raises,
            ..operation
        };
        let json = Response::Body(ID);
        let text = |text: &String| Setting::Text(text.clone());
        Plan {
            format: FORMAT,
            workflow: "order".into(),
            version: 1,
            boundaries: Vec::new(),
            types: Types(vec![
                Type::Null,
                Type::String,
                Type::Record(vec![field("id", TEXT)]),
                Type::Duration,
                Type::Record(vec![field("quote", ID), field("stock", ID)]),
                Type::Record(vec![field("reason", TEXT)]),
                Type::Uuid,
                Type::List(ID),
                Type::Int,
                Type::Error,
            ]),
            constants: vec![
                (DURATION, Constant::Slot(self.within_us)),
                (DURATION, Constant::Slot(5 * SECOND)),
                (INT, Constant::Slot(1)),
                (INT, Constant::Slot(0)),
            ],
            functions: vec![
                main.finish(Purity::Flow),
                branch(RESERVE),
                branch(QUOTE),
                undoing(RELEASE),
                undoing(REFUND),
            ],
            entry: FunctionId(0),
            input: ID,
            input_form: InputForm::Sole,
            output: ID,
            config: vec![Config {
                name: "token".into(),
                ty: TEXT,
                default: None,
                secret: true,
                pinned: false,
                check: None,
                fact: None,
            }],
            errors: vec![ErrorType { name: "Declined".into(), fields: REASON }],
            apis: vec![Api {
                name: "shop".into(),
                version: 1,
                base: self.base.iter().map(text).collect(),
                balance: Balance::RoundRobin,
                auth: Some(Auth::Bearer(Setting::Config(ConfigId(0)))),
                connect_timeout_us: None,
                rate: self.rate,
                concurrency: self.concurrency,
                headers: Vec::new(),
            }],
            operations: vec![
                operation("quote", Method::Get, &["/quotes/", ""], Place::Path, json, safe),
                keyed(
                    operation("reserve", Method::Post, &["/reservations"], Place::Body, json, idempotent),
                    Vec::new(),
                ),
                operation(
                    "release",
                    Method::Delete,
                    &["/reservations/", ""],
                    Place::Path,
                    Response::Ignored,
                    idempotent,
                ),
                keyed(
                    operation("charge", Method::Post, &["/payments"], Place::Body, json, idempotent),
                    vec![(flow_plan::Statuses::One(402), ErrorId(0))],
                ),
                operation(
                    "refund",
                    Method::Delete,
                    &["/payments/", ""],
                    Place::Path,
                    Response::Ignored,
                    idempotent,
                ),
                operation("tag", Method::Put, &["/tags/", ""], Place::Path, Response::Ignored, idempotent),
                operation(
                    "notify",
                    Method::Post,
                    &["/notes"],
                    Place::Body,
                    Response::Ignored,
                    EffectClass::Unsafe,
                ),
            ],
            policies: vec![self.policy.clone()],
            children: Vec::new(),
            key: None,
            one_per: None,
            steps: vec![
                step(0, Undo::Nothing),
                step(1, undo(3)),
                step(2, Undo::Nothing),
                step(3, undo(4)),
                step(4, Undo::Nothing),
                step(5, Undo::Nothing),
                step(6, Undo::Undeclared),
            ],
            worst: WorstCase::default(),
            escapes: vec!["Declined".into()],
            signals: Vec::new(),
            report: None,
        }
    }
}

/// A branch that calls a step with the order's id.
fn branch(step: StepId) -> Function {
    let mut code = Code::new(ID, &[TEXT]);
    let result = code.reg(ID);
    code.call(result, step, &[Reg(0)]);
    code.op(Op::Return { src: result });
    code.finish(Purity::Flow)
}

/// An undo that calls a step with the id of the result.
fn undoing(step: StepId) -> Function {
    let mut code = Code::new(NULL, &[ID]);
    let id = code.reg(TEXT);
    code.op(Op::Field { dst: id, record: Reg(0), offset: 0, slots: 1 });
    let nothing = code.reg(NULL);
    code.call(nothing, step, &[id]);
    code.op(Op::Return { src: nothing });
    code.finish(Purity::Flow)
}

/// One function in the making.
struct Code {
    function: Function,
}

impl Code {
    fn new(result: TypeId, params: &[TypeId]) -> Self {
        let function = Function {
            purity: Purity::Flow,
            params: Vec::new(),
            result,
            registers: Vec::new(),
            code: Vec::new(),
            lists: Vec::new(),
            groups: Vec::new(),
            handlers: Vec::new(),
            live: Vec::new(),
        };
        let mut code = Self { function };
        code.function.params = params.iter().map(|ty| code.reg(*ty)).collect();
        code
    }

    /// A register. All types here take one slot, but for the UUID.
    fn reg(&mut self, ty: TypeId) -> Reg {
        let last = self.function.registers.last();
        let slot = Reg(last.map_or(0, |last| last.slot.0 + if last.ty == UUID { 2 } else { 1 }));
        self.function.registers.push(Register { slot, ty });
        slot
    }

    fn list(&mut self, registers: &[Reg]) -> ListId {
        self.function.lists.push(registers.to_vec());
        ListId(u32::try_from(self.function.lists.len() - 1).unwrap())
    }

    fn op(&mut self, op: Op) {
        self.function.code.push(op);
    }

    fn call(&mut self, dst: Reg, step: StepId, args: &[Reg]) {
        let (args, captures) = (self.list(args), self.list(&[]));
        self.op(Op::Call { dst, step, args, captures });
    }

    fn finish(mut self, purity: Purity) -> Function {
        self.function.purity = purity;
        self.function.live = flow_plan::live_tables(&self.function);
        self.function
    }
}
