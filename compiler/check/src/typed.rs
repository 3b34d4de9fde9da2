//! What checking gives: tables beside the program, for `flow-emit` and for editors.

use std::sync::Arc;

use flow_hir::{
    ApiId, ConfigId, ErrorDeclId, ErrorRef, Exhausted, ExprId, FunctionId, Jitter, LocalId, OperationId,
    RetryId, SideTable, SignalId, StatusPattern, TestId, WorkflowId,
};

use crate::coercion::Coercion;
use crate::methods::Method;
use crate::types::{Ty, Types};

/// Everything that is known about a program that was checked.
#[derive(Debug, Default)]
pub struct Typed {
    /// The interner.
    pub types: Types,
    /// The type of each expression, before its coercion. A block and an `if` have the type of their value;
    /// a record literal has the type of the record that it builds.
    pub exprs: SideTable<ExprId, Ty>,
    /// The conversion of an expression's value for the place where it stands. No entry: none.
    pub coercions: SideTable<ExprId, Coerced>,
    /// Places (locals and fields of locals) that are declared `T?` and known not to be null here: the declared
    /// type. The type in [`exprs`](Self::exprs) is `T`.
    pub narrowed: SideTable<ExprId, Ty>,
    /// The method of each [`ExprKind::CallMethod`](flow_hir::ExprKind::CallMethod).
    pub methods: SideTable<ExprId, MethodCall>,
    /// The type of each bound name.
    pub locals: SideTable<LocalId, Ty>,
    /// Calls of operations.
    pub calls: SideTable<ExprId, CheckedCall>,
    /// Calls of workflows and functions: one value for each parameter.
    pub arguments: SideTable<ExprId, Vec<ParamValue>>,
    /// Calls of workflows: what undoes the child, `compensate` taken into account.
    pub children: SideTable<ExprId, StepUndo>,
    /// Errors that each call of an operation or workflow can fail with.
    pub call_errors: SideTable<ExprId, Vec<ErrorRef>>,
    /// Branches that no error leaves.
    pub unfailing: SideTable<ExprId, ()>,
    /// Configuration entries.
    pub config: SideTable<ConfigId, CheckedConfig>,
    /// The record of each error's fields.
    pub errors: SideTable<ErrorDeclId, Ty>,
    /// Retry policies as numbers.
    pub retries: SideTable<RetryId, CheckedRetry>,
    /// APIs.
    pub apis: SideTable<ApiId, CheckedApi>,
    /// Operations.
    pub operations: SideTable<OperationId, CheckedOperation>,
    /// Pure functions.
    pub functions: SideTable<FunctionId, CheckedFunction>,
    /// Workflows.
    pub workflows: SideTable<WorkflowId, CheckedWorkflow>,
    /// What is sent with each signal.
    pub signals: SideTable<SignalId, Ty>,
    /// The record of a workflow's reports, where it has any: all of its fields may be absent.
    pub reports: SideTable<WorkflowId, Ty>,
    /// Tests: for each step that names arguments of an operation or starts a workflow, the value for each
    /// parameter (of operations: `None` for a parameter that is not named, which matches anything).
    pub tests: SideTable<TestId, Vec<Option<Vec<ParamValue>>>>,
    /// Publications, in their order in the program.
    pub publications: Vec<CheckedPublication>,
    /// Schedules, in their order in the program.
    pub schedules: Vec<CheckedSchedule>,
    /// Objectives, in their order in the program.
    pub objectives: Vec<CheckedObjective>,
    /// What tests send to callbacks: by what is sent, the `callback<T>()` that it answers.
    pub answers: SideTable<ExprId, ExprId>,
}

/// A conversion and what it leads to.
#[derive(Clone, Debug)]
pub struct Coerced {
    /// The type afterwards.
    pub to: Ty,
    /// How.
    pub how: Coercion,
}

impl Typed {
    /// The type of an expression before its coercion.
    pub fn ty(&self, expr: ExprId) -> Ty {
        self.exprs.get(expr).copied().unwrap_or(Ty::ERROR)
    }

    /// The type of an expression as the place where it stands sees it.
    pub fn value_ty(&self, expr: ExprId) -> Ty {
        self.coercions.get(expr).map_or_else(|| self.ty(expr), |coerced| coerced.to)
    }

    /// The type of a bound name.
    pub fn local(&self, local: LocalId) -> Ty {
        self.locals.get(local).copied().unwrap_or(Ty::ERROR)
    }
}

/// Where the value for a parameter comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParamValue {
    /// An argument.
    Given(ExprId),
    /// The parameter's default.
    Default(ExprId),
    /// Nothing: the parameter is null and is left out.
    Null,
    /// Nothing is said (mocks and expectations): matches anything.
    Any,
}

/// A call of a method.
#[derive(Clone, Debug)]
pub struct MethodCall {
    /// Which method.
    pub method: Method,
    /// The type of the receiver that the method works on, null and names taken off.
    pub receiver: Ty,
    /// What the method itself gives: after `?.` the whole is null besides.
    pub result: Ty,
    /// The value for each parameter of the method.
    pub arguments: Vec<ParamValue>,
}

/// A step.
#[derive(Clone, Debug)]
pub struct CheckedCall {
    /// The value for each parameter of the operation.
    pub arguments: Vec<ParamValue>,
    /// The longest time of one attempt, in microseconds: the call's, the operation's, the API's or the default.
    pub timeout_us: u64,
    /// The policy that applies to this call.
    pub retry: Option<RetryId>,
    /// What undoes this step.
    pub undo: StepUndo,
}

/// What undoes a step, `compensate` taken into account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepUndo {
    /// Nothing, as the effect class or the author says.
    None,
    /// The operation's or the workflow's own undo.
    Operation,
    /// `compensate`: the expression, and whether it uses `result`.
    Compensate {
        /// What is run; see [`CompensationKind::Run`](flow_hir::CompensationKind::Run).
        body: ExprId,
        /// Whether it uses the step's result: then it cannot run while the outcome is unknown.
        uses_result: bool,
        /// Whether it uses the error that caused the undo.
        uses_cause: bool,
    },
    /// It changes something, and nothing says how it would be undone.
    Missing,
    /// Declared irreversible.
    Irreversible,
}

/// A configuration entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckedConfig {
    /// Its type; of a secret one the type of the value.
    pub ty: Ty,
    /// Whether it is secret.
    pub secret: bool,
}

/// A retry policy; all times in microseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedRetry {
    /// How often it is tried, the first time included; `None` is without bound.
    pub attempts: Option<u32>,
    /// The waits.
    pub backoff: CheckedBackoff,
    /// How waits are spread.
    pub jitter: Jitter,
    /// Statuses that are tried again.
    pub statuses: Vec<StatusPattern>,
    /// Whether timeouts are tried again.
    pub on_timeout: bool,
    /// Whether connection failures are tried again.
    pub on_connection: bool,
    /// Whether answers that cannot be decoded are tried again.
    pub on_decode: bool,
    /// Declared errors that are tried again.
    pub on_errors: Vec<ErrorDeclId>,
    /// The longest time of all attempts together.
    pub within_us: Option<u64>,
    /// What happens when the attempts are used up.
    pub exhausted: Exhausted,
    /// Whether `Retry-After` is obeyed.
    pub respect_retry_after: bool,
}

/// The waits of a policy, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckedBackoff {
    /// No wait.
    None,
    /// Always the same.
    Fixed {
        /// The wait.
        delay_us: u64,
    },
    /// Growing by the same amount.
    Linear {
        /// The first wait.
        initial_us: u64,
        /// What is added.
        step_us: u64,
        /// The longest wait.
        max_us: Option<u64>,
    },
    /// Growing by a factor.
    Exponential {
        /// The first wait.
        initial_us: u64,
        /// The factor in thousandths.
        factor_milli: u32,
        /// The longest wait.
        max_us: Option<u64>,
    },
}

/// What an operation does to the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EffectClass {
    /// Changes nothing.
    Safe,
    /// Twice is once.
    Idempotent,
    /// Anything else: sent at most once.
    Unsafe,
}

/// An API.
#[derive(Clone, Debug)]
pub struct CheckedApi {
    /// Whether `base` is a list of URLs.
    pub base_is_list: bool,
    /// The longest time of one attempt, in microseconds.
    pub timeout_us: u64,
    /// Requests, and the time in microseconds that they are counted over.
    pub rate: Option<(u64, u64)>,
    /// How many calls are under way at once.
    pub concurrency: Option<u32>,
    /// The longest time until the request goes out, in microseconds.
    pub connect_timeout_us: Option<u64>,
}

/// An operation.
#[derive(Clone, Debug)]
pub struct CheckedOperation {
    /// The type of each parameter.
    pub params: Vec<Ty>,
    /// The type of a call's result: the body's, optional where `absent` stands, null without one.
    pub result: Ty,
    /// The type that the body is decoded into; `None` ignores it.
    pub body: Option<Ty>,
    /// What it does to the world.
    pub effect: EffectClass,
    /// The longest time of one attempt, in microseconds.
    pub timeout_us: u64,
    /// The longest time until the request goes out, in microseconds.
    pub connect_timeout_us: Option<u64>,
    /// The way to the field of the body that carries the idempotency key, by the names on the wire.
    pub key_path: Vec<String>,
    /// The policy that applies where a call has none of its own.
    pub retry: Option<RetryId>,
    /// A rate of its own: requests, and the time in microseconds that they are counted over.
    pub rate: Option<(u64, u64)>,
    /// How many calls are under way at once.
    pub concurrency: Option<u32>,
    /// Statuses that are declared errors.
    pub raises: Vec<(StatusPattern, ErrorDeclId)>,
    /// What undoes it.
    pub undo: OperationUndo,
    /// Statuses that count as success when it undoes or is re-sent; the default applied.
    pub done: Vec<StatusPattern>,
    /// Statuses that make the result null.
    pub absent: Vec<StatusPattern>,
    /// Statuses that leave the outcome unknown, the language's own (408, 502, 504) not included.
    pub unknown_on: Vec<StatusPattern>,
    /// The call that settles an unknown outcome; its arguments are in [`Typed::calls`].
    pub confirm: Option<ExprId>,
    /// How its pages follow each other, where it says so rightly.
    pub pages: Option<CheckedPages>,
    /// Errors that a call can fail with, in a fixed order.
    pub errors: Vec<ErrorRef>,
}

/// How the pages of an operation follow each other.
#[derive(Clone, Debug)]
pub struct CheckedPages {
    /// The fields that lead from the result to the list; each may be null, and a page without the list has no items.
    pub items: Vec<PageField>,
    /// The type of an item.
    pub element: Ty,
    /// What leads from one page to the next.
    pub next: NextPage,
}

/// A field on the way to a part of a page.
#[derive(Clone, Debug)]
pub struct PageField {
    /// Its name.
    pub name: String,
    /// Its name on the wire.
    pub wire: String,
}

/// What leads from one page to the next. Parameters are named by their positions.
#[derive(Clone, Debug)]
pub enum NextPage {
    /// A value of the answer, which a parameter takes. The walk ends where it is null, or an empty text.
    Cursor {
        /// The parameter.
        param: usize,
        /// The fields that lead from the result to the value; each may be null.
        from: Vec<PageField>,
    },
    /// How many items came before. The walk ends with a page that has none.
    Offset {
        /// The parameter that takes how many items a page has.
        limit: usize,
        /// The parameter that takes how many came before.
        param: usize,
    },
    /// The link of the answer.
    Link,
}

/// What undoes an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OperationUndo {
    /// Nothing to undo: it is safe, natural, or says so.
    None,
    /// It changes something, and nothing says how it would be undone.
    Missing,
    /// Declared irreversible.
    Irreversible,
    /// A call; its arguments are in [`Typed::calls`].
    Call {
        /// An [`ExprKind::CallOperation`](flow_hir::ExprKind::CallOperation).
        call: ExprId,
        /// The operation that is called.
        operation: OperationId,
        /// Whether it uses the step's result: then it cannot run while the outcome is unknown.
        uses_result: bool,
        /// Whether it uses the error that caused the undo.
        uses_cause: bool,
    },
}

/// A pure function.
#[derive(Clone, Debug)]
pub struct CheckedFunction {
    /// The type of each parameter.
    pub params: Vec<Ty>,
    /// The type of its value.
    pub result: Ty,
}

/// A workflow.
#[derive(Clone, Debug)]
pub struct CheckedWorkflow {
    /// The type of each parameter.
    pub params: Vec<Ty>,
    /// The type of its input: that of a sole record parameter, otherwise a record by parameter name.
    pub input: Ty,
    /// Whether the input is a sole record parameter itself.
    pub input_is_param: bool,
    /// The type of its result; null where none is declared.
    pub result: Ty,
    /// Its deadline in microseconds.
    pub within_us: Option<u64>,
    /// One execution for each key.
    pub key: Option<CheckedKey>,
    /// What undoes it where it was a child.
    pub undo: Option<WorkflowUndo>,
    /// Errors that can leave it, with the place that each comes from first.
    pub errors: Vec<EscapingError>,
    /// The longest time and the most calls.
    pub worst: WorstCase,
}

/// The key of a workflow's executions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckedKey {
    /// What it is made of.
    pub value: ExprId,
    /// How long it holds, in microseconds.
    pub for_us: u64,
    /// Whether an execution that failed gives it free.
    pub again: bool,
}

/// `undo: CALL` in the head of a workflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkflowUndo {
    /// The call; its arguments are in [`Typed::calls`] or [`Typed::arguments`].
    pub call: ExprId,
    /// Whether it uses the child's result.
    pub uses_result: bool,
    /// Whether it uses the error that caused the undo.
    pub uses_cause: bool,
}

/// An error that can leave a workflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EscapingError {
    /// Which.
    pub error: ErrorRef,
    /// The first expression that it comes from.
    pub origin: ExprId,
}

/// Figures of a workflow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WorstCase {
    /// The longest time without undos, in microseconds; `None` is unbounded.
    pub time_us: Option<u64>,
    /// The longest time of the undos, in microseconds; `None` is unbounded.
    pub undo_us: Option<u64>,
    /// The most requests without undos, retries included; `None` is unbounded.
    pub calls: Option<u64>,
}

/// What is published.
#[derive(Clone, Debug)]
pub struct CheckedPublication {
    /// One for each version.
    pub routes: Vec<CheckedRoute>,
    /// How long a client waits for the result, in microseconds; `None` does not wait.
    pub sync_us: Option<u64>,
    /// Requests, and the time in microseconds that they are counted over.
    pub rate: Option<(u64, u64)>,
    /// The same over a longer time.
    pub quota: Option<(u64, u64)>,
}

/// A published version of a workflow.
#[derive(Clone, Debug)]
pub struct CheckedRoute {
    /// The workflow.
    pub workflow: WorkflowId,
    /// Its parameters, and where each stands in a request.
    pub params: Vec<(Arc<str>, RoutePlace)>,
}

/// Where a parameter of a workflow stands in the request that starts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoutePlace {
    /// A segment of the path, or a part of one.
    Path,
    /// A parameter of the query, by its name.
    Query,
    /// The whole body.
    Body,
}

/// A schedule.
#[derive(Clone, Copy, Debug)]
pub struct CheckedSchedule {
    /// The workflow that it starts.
    pub workflow: Option<WorkflowId>,
}

/// What is asked of a workflow.
#[derive(Clone, Debug)]
pub struct CheckedObjective {
    /// How many of a hundred executions end well, digit by digit, and the time in microseconds that they are counted
    /// over.
    pub success: Option<(String, u64)>,
    /// Percentiles, and how long that many executions take at most, in microseconds.
    pub latencies: Vec<(u8, u64)>,
}
