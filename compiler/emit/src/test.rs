//! Tests as data: what a test does line by line, with its values as pure functions of a plan of its own.
//!
//! The workflows under test have plans of their own, made as for a run: a test never changes a plan's hash.

use flow_check::{ParamValue, Typed};
use flow_diagnostics::Diagnostic;
use flow_hir::{
    ErrorRef, Expectation, ExprId, ExprKind, LocalId, Mock, MockAnswer, Name, OperationId, Pattern, Program,
    Test, TestId, TestStepKind, WorkflowId,
};
use flow_plan::{FunctionId, Op, Plan, Purity, Type};
use flow_source::{Sources, Span};

use crate::builder::Value as Register;
use crate::context::Context;

/// A test.
#[derive(Clone, Debug)]
pub struct TestCase {
    /// The test's name.
    pub name: String,
    /// The whole test.
    pub span: Span,
    /// Whether it is run once more for everything that can fail.
    pub every_failure: bool,
    /// The plan that holds the functions of its values; its workflow does nothing.
    pub plan: Plan,
    /// What it does, in order.
    pub actions: Vec<Action>,
}

/// A line of a test.
#[derive(Clone, Debug)]
pub struct Action {
    /// The line.
    pub span: Span,
    /// What it does.
    pub kind: ActionKind,
}

/// A pure value: a function of the test's plan over names that earlier lines bound.
#[derive(Clone, Debug)]
pub struct Value {
    /// The function.
    pub function: FunctionId,
    /// What its parameters are bound to, in order: a `let`'s value, or the result of an execution.
    pub captures: Vec<LocalId>,
}

/// An operation, by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestOperation {
    /// The API.
    pub api: String,
    /// The API's version.
    pub version: u32,
    /// The operation.
    pub operation: String,
}

/// The arguments that a call must have: one entry for each parameter, `None` for any value.
pub type Arguments = Option<Vec<Option<Value>>>;

/// What a mock answers.
#[derive(Clone, Debug)]
pub enum Answer {
    /// Success without a body.
    Empty,
    /// Success with the value.
    Value(Value),
    /// The error of that name; the value holds the fields of a declared one.
    Fail(String, Option<Value>),
    /// A raw answer.
    Status(u16, Option<Value>),
    /// The answer after so many microseconds.
    After(u64, Box<Answer>),
    /// One after another; the last one stays.
    Sequence(Vec<Answer>),
}

/// How many calls are expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallCount {
    /// Exactly this many.
    Exactly(u64),
    /// The first one before the first call of the other.
    Before(TestOperation),
}

/// What a line of a test does.
#[derive(Clone, Debug)]
pub enum ActionKind {
    /// Answers calls of an operation from here on.
    Mock {
        /// The operation.
        operation: TestOperation,
        /// The calls that it answers.
        arguments: Arguments,
        /// What it answers.
        answer: Answer,
    },
    /// Starts an execution, and goes on when it has ended or waits.
    Start {
        /// The execution's name.
        run: LocalId,
        /// The workflow.
        workflow: WorkflowId,
        /// The input.
        input: Value,
    },
    /// Sends a signal.
    Send {
        /// The execution.
        run: LocalId,
        /// The signal's name.
        signal: String,
        /// What is sent.
        value: Value,
    },
    /// Answers a callback.
    Answer {
        /// The execution.
        run: LocalId,
        /// The name of the callback's `let`.
        name: String,
        /// The place of the instructions that make it, in the debug data of the workflow's plan.
        made_at: Span,
        /// The answer.
        value: Value,
    },
    /// Lets time pass.
    Advance {
        /// For how long, in microseconds.
        micros: u64,
    },
    /// Kills the process, and lets every execution go on from what was durable.
    Crash,
    /// Binds a value, or the parts of one.
    Let {
        /// Each name with its value. A pattern that binds no name has a value all the same, which may fail.
        names: Vec<(Option<LocalId>, Value)>,
    },
    /// Expects a condition to hold.
    Holds {
        /// The condition.
        condition: Value,
        /// The two sides of a comparison, to be shown where it does not hold.
        sides: Option<(Value, Value)>,
    },
    /// Expects an execution to have failed with an error.
    Fails {
        /// The execution.
        run: LocalId,
        /// The error's name.
        error: String,
    },
    /// Expects an execution to have settled: all done, or all undone.
    Settled {
        /// The execution.
        run: LocalId,
    },
    /// Expects calls.
    Calls {
        /// The operation.
        operation: TestOperation,
        /// The calls that count.
        arguments: Arguments,
        /// How many.
        count: CallCount,
    },
    /// Compares what an execution did with what is kept.
    SnapshotTrace {
        /// The execution.
        run: LocalId,
    },
    /// Compares the readable form of a workflow's plan with what is kept.
    SnapshotPlan {
        /// The workflow.
        workflow: WorkflowId,
    },
    /// Compares a value with what is kept.
    SnapshotValue(Value),
}

pub(crate) fn emit(
    program: &Program,
    typed: &Typed,
    sources: &Sources,
    id: TestId,
) -> Result<TestCase, Vec<Diagnostic>> {
    let test = &program.tests[id];
    // The values of a test call nothing.
    let made = crate::Made::default();
    let mut context = Context::new(program, typed, sources, &made);
    context.head = test.name.span;
    context.plan.workflow = "test".to_owned();
    let null = context.intern(Type::Null);
    context.plan.input = context.intern(Type::Record(Vec::new()));
    context.plan.output = null;
    let entry = context.reserve_function("test".to_owned());
    context.plan.entry = entry;
    context.enter(Purity::Flow, null);
    let actions = context.actions(test, typed.tests.get(id).map_or(&[], Vec::as_slice));
    let value = context.null();
    context.current.emit(Op::Return { src: value.reg });
    context.leave(entry);
    let emitted = context.finish()?;
    Ok(TestCase {
        name: test.name.value.to_string(),
        span: test.span,
        every_failure: test.every_failure,
        plan: emitted.plan,
        actions,
    })
}

impl Context<'_> {
    fn actions(&mut self, test: &Test, arguments: &[Option<Vec<ParamValue>>]) -> Vec<Action> {
        let mut actions = Vec::with_capacity(test.steps.len());
        for (index, step) in test.steps.iter().enumerate() {
            let given = arguments.get(index).and_then(Option::as_deref);
            if let Some(kind) = self.action(&step.kind, step.span, given) {
                actions.push(Action { span: step.span, kind });
            }
        }
        actions
    }

    fn action(
        &mut self,
        kind: &TestStepKind,
        span: Span,
        given: Option<&[ParamValue]>,
    ) -> Option<ActionKind> {
        Some(match kind {
            TestStepKind::Mock(mock) => self.mock(mock, given),
            TestStepKind::Start { run, workflow, .. } => {
                self.start(*run, *workflow, given.unwrap_or_default())
            }
            TestStepKind::Let { pattern, value, .. } => self.let_names(pattern, *value),
            TestStepKind::Expect(expectation) => self.expectation(expectation, given),
            TestStepKind::Snapshot { value } => match self.trace_of(*value) {
                Some(run) => ActionKind::SnapshotTrace { run },
                None => ActionKind::SnapshotValue(self.pure_value(*value)),
            },
            TestStepKind::SnapshotPlan { workflow } => ActionKind::SnapshotPlan { workflow: *workflow },
            TestStepKind::Send { run, target, value: sent } => {
                // What the checker knows as the record that goes with the signal, or as the answer.
                let value = self.pure_value(*sent);
                let (run, name) = (*run, target.text.to_string());
                match self.typed.answers.get(*sent).map(|made| &self.program.exprs[*made].kind) {
                    Some(ExprKind::Callback { ty }) => {
                        ActionKind::Answer { run, name, made_at: ty.span, value }
                    }
                    _ => ActionKind::Send { run, signal: name, value },
                }
            }
            TestStepKind::Advance { duration } => match self.literal(*duration, flow_check::Ty::DURATION) {
                Some(flow_plan::Constant::Slot(micros)) => ActionKind::Advance { micros },
                _ => {
                    self.not_built(span, "a computed duration here", "write it as a literal, such as `10m`");
                    return None;
                }
            },
            TestStepKind::Crash => ActionKind::Crash,
        })
    }

    /// Each name of a pattern is a function of its own, which takes the value apart.
    fn let_names(&mut self, pattern: &Pattern, value: ExprId) -> ActionKind {
        let locals = pattern.locals();
        let parts = locals.iter().map(|local| {
            let ty = self.typed.local(*local);
            let ty = self.ty(ty);
            let part = self.pure(ty, |context| {
                let whole = context.expr(value);
                context.bind_pattern(pattern, whole);
                context.local(*local)
            });
            (Some(*local), part)
        });
        let mut names: Vec<_> = parts.collect();
        if names.is_empty() {
            let null = self.intern(Type::Null);
            let nothing = self.pure(null, |context| {
                let whole = context.expr(value);
                context.bind_pattern(pattern, whole);
                context.null()
            });
            names.push((None, nothing));
        }
        for local in locals {
            let register = self.register_of(self.typed.local(local));
            self.bind_local(local, register);
        }
        ActionKind::Let { names }
    }

    fn mock(&mut self, mock: &Mock, given: Option<&[ParamValue]>) -> ActionKind {
        ActionKind::Mock {
            operation: self.test_operation(mock.operation),
            arguments: self.matched(given.filter(|_| mock.arguments.is_some())),
            answer: self.answer(&mock.answer),
        }
    }

    fn answer(&mut self, answer: &MockAnswer) -> Answer {
        match answer {
            MockAnswer::Empty => Answer::Empty,
            MockAnswer::Value(value) => Answer::Value(self.pure_value(*value)),
            MockAnswer::Fail(error) => match &self.program.exprs[*error].kind {
                ExprKind::Error { error: ErrorRef::Declared(declared), fields, .. } => {
                    let name = self.program.errors[*declared].name.text.to_string();
                    Answer::Fail(name, Some(self.pure_value(*fields)))
                }
                ExprKind::Error { error: ErrorRef::Builtin(builtin), .. } => {
                    Answer::Fail(builtin.name().to_owned(), None)
                }
                _ => Answer::Empty,
            },
            MockAnswer::Status { status, body } => {
                Answer::Status(status.value, body.map(|body| self.pure_value(body)))
            }
            MockAnswer::After { duration, answer } => {
                let micros = match self.literal(*duration, flow_check::Ty::DURATION) {
                    Some(flow_plan::Constant::Slot(micros)) => micros,
                    _ => {
                        let span = self.program.exprs[*duration].span;
                        self.not_built(
                            span,
                            "a computed duration here",
                            "write it as a literal, such as `3s`",
                        );
                        0
                    }
                };
                Answer::After(micros, Box::new(self.answer(answer)))
            }
            MockAnswer::Sequence(answers) => {
                Answer::Sequence(answers.iter().map(|answer| self.answer(answer)).collect())
            }
        }
    }

    fn start(&mut self, run: LocalId, workflow: WorkflowId, given: &[ParamValue]) -> ActionKind {
        let checked = self.typed.workflows.get(workflow);
        let sole = checked.is_some_and(|checked| checked.input_is_param);
        let input = checked.map(|checked| checked.input);
        let result = checked.map(|checked| checked.result);
        let params = self.program.workflows[workflow].params.iter().map(|param| param.name.text.to_string());
        let params: Vec<String> = params.collect();
        let input_ty = input.map(|ty| self.ty(ty)).unwrap_or(self.plan.input);
        let input = self.pure(input_ty, |context| {
            let mut parts = Vec::new();
            for (name, value) in params.into_iter().zip(given) {
                if let ParamValue::Given(expr) | ParamValue::Default(expr) = value {
                    parts.push((name, context.expr(*expr)));
                } else if let Type::Record(fields) = context.plan.types.get(input_ty).clone()
                    && let Some(field) = fields.iter().find(|field| field.name == name)
                {
                    let absent = context.register(field.ty);
                    context.set_null(absent);
                    parts.push((name, absent));
                }
            }
            match (sole, parts.first()) {
                (true, Some((_, value))) => *value,
                _ => context.record_of(input_ty, parts),
            }
        });
        // In values, an execution stands for its result.
        let register = match result {
            Some(result) => self.register_of(result),
            None => self.register_as(Type::Null),
        };
        self.bind_local(run, register);
        ActionKind::Start { run, workflow, input }
    }

    fn expectation(&mut self, expectation: &Expectation, given: Option<&[ParamValue]>) -> ActionKind {
        match expectation {
            Expectation::Holds(condition) => {
                ActionKind::Holds { condition: self.pure_value(*condition), sides: self.sides(*condition) }
            }
            Expectation::Fails { run, error } => {
                let error = match error.value {
                    ErrorRef::Declared(id) => self.program.errors[id].name.text.to_string(),
                    ErrorRef::Builtin(builtin) => builtin.name().to_owned(),
                };
                ActionKind::Fails { run: *run, error }
            }
            Expectation::Settled { run } => ActionKind::Settled { run: *run },
            Expectation::Calls { operation, arguments, count, .. } => ActionKind::Calls {
                operation: self.test_operation(*operation),
                arguments: self.matched(given.filter(|_| arguments.is_some())),
                count: match count {
                    flow_hir::CallCount::Exactly(count) => CallCount::Exactly(*count),
                    flow_hir::CallCount::Before(other) => CallCount::Before(self.test_operation(*other)),
                },
            },
        }
    }

    fn matched(&mut self, given: Option<&[ParamValue]>) -> Arguments {
        let given = given?;
        Some(
            given
                .iter()
                .map(|value| match value {
                    ParamValue::Given(expr) => Some(self.pure_value(*expr)),
                    _ => None,
                })
                .collect(),
        )
    }

    fn test_operation(&self, id: OperationId) -> TestOperation {
        let operation = &self.program.operations[id];
        let api = &self.program.apis[operation.api];
        TestOperation {
            api: api.name.text.to_string(),
            version: api.version,
            operation: operation.name.text.to_string(),
        }
    }

    /// The sides of a comparison.
    fn sides(&mut self, condition: ExprId) -> Option<(Value, Value)> {
        use flow_hir::BinaryOp as Op;
        match self.program.exprs[condition].kind {
            ExprKind::Binary {
                op: Op::Equal | Op::NotEqual | Op::Less | Op::LessEqual | Op::Greater | Op::GreaterEqual,
                left,
                right,
                ..
            } => Some((self.pure_value(left), self.pure_value(right))),
            _ => None,
        }
    }

    /// An expression as a function of the test's plan.
    fn pure_value(&mut self, expr: ExprId) -> Value {
        let ty = self.ty(self.value_ty(expr));
        self.pure(ty, |context| context.expr(expr))
    }

    fn pure(&mut self, ty: flow_plan::TypeId, make: impl FnOnce(&mut Self) -> Register) -> Value {
        let function = self.reserve_function("value".to_owned());
        self.enter(Purity::Pure, ty);
        let value = make(self);
        self.return_from(value);
        let captures = self.leave_capturing(function);
        Value { function, captures }
    }

    /// The execution whose trace an expression is.
    fn trace_of(&self, expr: ExprId) -> Option<LocalId> {
        match &self.program.exprs[expr].kind {
            ExprKind::Field { base, name, .. } if &*name.text == "trace" => self.run_of(*base),
            _ => None,
        }
    }

    fn run_of(&self, expr: ExprId) -> Option<LocalId> {
        match &self.program.exprs[expr].kind {
            ExprKind::Local(local) if self.is_run(expr) => Some(*local),
            _ => None,
        }
    }

    /// `run.result`: the execution's result.
    pub(crate) fn run_field(&mut self, id: ExprId, base: ExprId, name: &Name) -> Option<Register> {
        let run = self.run_of(base)?;
        if &*name.text == "result" {
            return Some(self.local(run));
        }
        let what = format!("`.{}` of an execution in a value", name.text);
        Some(self.absent_feature(id, &what, "use `.result`, or `snapshot run.trace`"))
    }
}
