//! Bodies: expressions, statements and the names they bind. Everything with a value is an expression.

use std::sync::Arc;

use flow_source::Span;

use crate::{
    BuiltinError, ConfigId, ErrorRef, ExprId, FunctionId, LocalId, Name, OperationId, Pattern, RetryRef,
    SignalId, StatusPattern, TypeRef, WorkflowId,
};

/// An expression.
#[derive(Clone, Debug)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// The whole of it.
    pub span: Span,
}

/// The forms of expressions.
#[derive(Clone, Debug)]
pub enum ExprKind {
    /// A mistake that has been reported: nothing more is said about it.
    Missing,
    /// `null`.
    Null,
    /// `absent`: the field whose value it is, is left out.
    Absent,
    /// `true`, `false`.
    Bool(bool),
    /// `42`, and sizes in bytes.
    Int(i64),
    /// `12.50`: digits with one point, without underscores.
    Decimal(Arc<str>),
    /// `1.5e3`.
    Float(f64),
    /// A duration, in microseconds.
    Duration(i64),
    /// `@2026-01-31T09:00:00Z`: the text after `@`.
    Timestamp(Arc<str>),
    /// `@2026-01-31`: the text after `@`.
    Date(Arc<str>),
    /// A text without interpolation, escapes resolved.
    String(Arc<str>),
    /// A text with interpolation.
    Template(Vec<TemplatePart>),
    /// `[a, ...b]`.
    List(Vec<ListItem>),
    /// `{ a: 1, b, ...c }`.
    Record(Vec<RecordItem>),
    /// `{ "a": 1 }`.
    Map(Vec<MapEntry>),
    /// `Declined { reason: "…" }`: a value of an error.
    Error {
        /// Which error.
        error: ErrorRef,
        /// Where its name stands.
        name: Span,
        /// Its fields, an [`ExprKind::Record`].
        fields: ExprId,
    },
    /// `Created { id }`, `Event.Created { id }`: a value of a union of records.
    Case {
        /// The case's name.
        name: Name,
        /// The union that is named, or all in scope that have such a case; at least one.
        unions: Vec<crate::TypeDeclId>,
        /// Its fields, an [`ExprKind::Record`].
        fields: ExprId,
    },
    /// A bound name.
    Local(LocalId),
    /// `config.name`.
    Config(ConfigId),
    /// `base.name` or `base?.name`.
    Field {
        /// The record.
        base: ExprId,
        /// The field.
        name: Name,
        /// Whether it is `?.`: null gives null.
        optional: bool,
    },
    /// `base[index]`.
    Index {
        /// The list, map or dynamic value.
        base: ExprId,
        /// Which element.
        index: ExprId,
    },
    /// `!x`, `-x`.
    Unary {
        /// The operator.
        op: UnaryOp,
        /// Its operand.
        operand: ExprId,
    },
    /// `a + b`, `a && b`, `a ?? b` …
    Binary {
        /// The operator.
        op: BinaryOp,
        /// Where it stands.
        op_span: Span,
        /// What stands before it.
        left: ExprId,
        /// What stands after it; `&&`, `||` and `??` evaluate it only when needed.
        right: ExprId,
    },
    /// `value as Type`: checked at run time.
    As {
        /// The value.
        value: ExprId,
        /// The type.
        ty: TypeRef,
    },
    /// `if c { } else { }`.
    If {
        /// The condition.
        condition: ExprId,
        /// A block.
        then: ExprId,
        /// A block or another `if`; without it the value is null.
        otherwise: Option<ExprId>,
    },
    /// `match v { … }`.
    Match {
        /// What is looked at.
        value: ExprId,
        /// The arms, first match wins.
        arms: Vec<MatchArm>,
        /// The keyword, for messages about missing cases.
        keyword: Span,
    },
    /// `{ statements }`.
    Block(Block),
    /// `parallel { a: x, b: y }`: a record of the branches' values. `parallel settled { … }`: of what came of each.
    Parallel {
        /// Whether a failure is a branch's outcome, and stops no other.
        settled: bool,
        /// The branches.
        branches: Vec<Branch>,
        /// The keyword.
        keyword: Span,
    },
    /// `race { a: x, b: y }`: the value of the first that succeeds, tagged by its branch. `race 2 { … }`: the list of
    /// the first values.
    Race {
        /// How many must succeed, where it is a list.
        count: Option<ExprId>,
        /// The branches.
        branches: Vec<Branch>,
        /// The keyword.
        keyword: Span,
    },
    /// `for pattern in iterable parallel 8 { }`, `for pattern in iterable race 2 { }`: a branch for each element.
    ForBranches {
        /// What each element is bound to.
        pattern: Pattern,
        /// A list, or a range.
        iterable: ExprId,
        /// Whether the first that succeed end the others.
        race: bool,
        /// How many at a time, or how many must succeed.
        count: ExprId,
        /// A block.
        body: ExprId,
        /// `parallel` or `race`.
        keyword: Span,
    },
    /// `api.operation(args) with { … } compensate …`: a step.
    CallOperation {
        /// The operation.
        operation: OperationId,
        /// `api.operation`.
        callee: Span,
        /// The arguments as written; `flow-check` puts them to parameters.
        arguments: Vec<Argument>,
        /// `with { … }`.
        options: Option<CallOptions>,
        /// `compensate …`.
        compensation: Option<Compensation>,
    },
    /// `other_workflow(args)`: a child execution.
    CallWorkflow {
        /// The workflow.
        workflow: WorkflowId,
        /// Its name.
        callee: Span,
        /// The arguments as written.
        arguments: Vec<Argument>,
        /// `compensate …`.
        compensation: Option<Compensation>,
        /// Whether it is `start other_workflow(args)`: it is not waited for, and the value is its id.
        detached: bool,
    },
    /// `total(items)`: a pure function.
    CallFunction {
        /// The function.
        function: FunctionId,
        /// Its name.
        callee: Span,
        /// The arguments as written.
        arguments: Vec<Argument>,
    },
    /// `receiver.method(args)` or `receiver?.method(args)`: a pure method of a type.
    CallMethod {
        /// The value that it is called on.
        receiver: ExprId,
        /// The method's name; which method it is depends on the receiver's type.
        method: Name,
        /// Whether it is `?.`: null gives null.
        optional: bool,
        /// The arguments; lambdas stand here alone.
        arguments: Vec<Argument>,
    },
    /// `now()`, `today()`, `uuid()`, `random()`.
    Recorded {
        /// Which of them.
        what: Recorded,
        /// `today("Europe/Berlin")`.
        arguments: Vec<Argument>,
    },
    /// `execution.id` and its neighbours: the field's name is checked later.
    Execution {
        /// The field.
        field: Name,
    },
    /// `x => x.price`.
    Lambda {
        /// Its parameters.
        params: Vec<LocalId>,
        /// Its value.
        body: ExprId,
    },
    /// `fail error because cause`.
    Fail {
        /// The error.
        error: ExprId,
        /// What caused it.
        because: Option<ExprId>,
    },
    /// `return value`.
    Return {
        /// The result; null where none stands.
        value: Option<ExprId>,
    },
    /// `break`.
    Break,
    /// `continue`.
    Continue,
    /// `for pattern in iterable { }`.
    For {
        /// What each element is bound to.
        pattern: Pattern,
        /// A list, or a range; with `pages` an [`ExprKind::CallOperation`], made anew for each page.
        iterable: ExprId,
        /// Where `all` stands, if it goes over the pages of an operation: `for x in api.operation.all() { }`.
        pages: Option<Span>,
        /// A block.
        body: ExprId,
        /// The keyword.
        keyword: Span,
    },
    /// `while condition { }`.
    While {
        /// The condition.
        condition: ExprId,
        /// A block.
        body: ExprId,
        /// The keyword.
        keyword: Span,
    },
    /// `saga { }`.
    Saga {
        /// A block.
        body: ExprId,
        /// The keyword.
        keyword: Span,
    },
    /// `commit`.
    Commit,
    /// `undo { }` as a statement: registers an undo that belongs to no step.
    Undo {
        /// `cause`.
        cause: LocalId,
        /// A block.
        body: ExprId,
        /// The keyword.
        keyword: Span,
    },
    /// `try { } catch … { } finally { }`.
    Try {
        /// A block.
        body: ExprId,
        /// The catches, first match wins.
        catches: Vec<Catch>,
        /// A block.
        finally: Option<ExprId>,
        /// The keyword.
        keyword: Span,
    },
    /// `within duration { }`.
    Within {
        /// The duration.
        duration: ExprId,
        /// A block.
        body: ExprId,
        /// The keyword.
        keyword: Span,
    },
    /// `sleep duration`.
    Sleep {
        /// The duration, or the moment where `until` is set.
        duration: ExprId,
        /// Whether it is `sleep until`.
        until: bool,
    },
    /// `receive approve if cond within 24h`.
    Receive {
        /// What is waited for.
        source: ReceiveSource,
        /// Where its name stands.
        name: Span,
        /// `it`: what was sent, in the condition.
        it: LocalId,
        /// `if cond`: only what fulfils it is taken.
        guard: Option<ExprId>,
        /// `within 24h`.
        within: Option<ExprId>,
    },
    /// `callback<T>()`.
    Callback {
        /// The type of the answer.
        ty: TypeRef,
    },
    /// `poll every 2s within 5m { expr } until cond`.
    Poll {
        /// The time between an answer and the next question.
        every: ExprId,
        /// The longest time.
        within: Option<ExprId>,
        /// A block: what is asked.
        body: ExprId,
        /// `it`: the block's value, in the condition.
        it: LocalId,
        /// When it ends.
        until: ExprId,
        /// The keyword.
        keyword: Span,
    },
    /// `log "text"`.
    Log {
        /// The text.
        message: ExprId,
    },
    /// `report { … }`.
    Report {
        /// A record.
        value: ExprId,
    },
}

/// What a `receive` waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReceiveSource {
    /// A signal of the workflow.
    Signal(SignalId),
    /// A callback: an expression that names it.
    Callback(ExprId),
    /// A mistake that has been reported.
    Missing,
}

/// A piece of a text with interpolation.
#[derive(Clone, Debug)]
pub enum TemplatePart {
    /// Fixed text, escapes resolved.
    Text(Arc<str>),
    /// `{expr}`.
    Expr(ExprId),
}

/// An element of a list literal.
#[derive(Clone, Copy, Debug)]
pub enum ListItem {
    /// One element.
    Item(ExprId),
    /// `...list`.
    Spread(ExprId),
}

/// An entry of a record literal.
#[derive(Clone, Debug)]
pub enum RecordItem {
    /// `name: value`, or `name` alone.
    Field {
        /// The field.
        name: Name,
        /// Its value; for the short form a reference to the name.
        value: ExprId,
    },
    /// `...record`: later entries replace.
    Spread(ExprId),
}

/// An entry of a map literal.
#[derive(Clone, Copy, Debug)]
pub struct MapEntry {
    /// The key, a text.
    pub key: ExprId,
    /// The value.
    pub value: ExprId,
}

/// An argument of a call.
#[derive(Clone, Debug)]
pub struct Argument {
    /// The parameter's name, where it is given.
    pub name: Option<Name>,
    /// The value.
    pub value: ExprId,
}

/// Prefix operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnaryOp {
    /// `!`.
    Not,
    /// `-`.
    Negate,
}

/// Infix operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BinaryOp {
    /// `||`.
    Or,
    /// `&&`.
    And,
    /// `==`.
    Equal,
    /// `!=`.
    NotEqual,
    /// `<`.
    Less,
    /// `<=`.
    LessEqual,
    /// `>`.
    Greater,
    /// `>=`.
    GreaterEqual,
    /// `in`.
    In,
    /// `??`.
    Coalesce,
    /// `..`.
    Range,
    /// `+`.
    Add,
    /// `-`.
    Subtract,
    /// `*`.
    Multiply,
    /// `/`.
    Divide,
    /// `%`.
    Remainder,
    /// `div`.
    WholeDivide,
}

impl BinaryOp {
    /// How it is written.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Or => "||",
            Self::And => "&&",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessEqual => "<=",
            Self::Greater => ">",
            Self::GreaterEqual => ">=",
            Self::In => "in",
            Self::Coalesce => "??",
            Self::Range => "..",
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
            Self::WholeDivide => "div",
        }
    }
}

/// Values that are recorded when they are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Recorded {
    /// `now()`.
    Now,
    /// `today(zone?)`.
    Today,
    /// `uuid()`.
    Uuid,
    /// `random()`.
    Random,
}

/// An arm of a `match`.
#[derive(Clone, Debug)]
pub struct MatchArm {
    /// The pattern.
    pub pattern: Pattern,
    /// `if …`.
    pub guard: Option<ExprId>,
    /// The value.
    pub body: ExprId,
    /// The whole arm.
    pub span: Span,
}

/// Statements in a row.
#[derive(Clone, Debug)]
pub struct Block {
    /// The statements before the value.
    pub statements: Vec<Statement>,
    /// The last expression: the block's value; null where there is none.
    pub value: Option<ExprId>,
    /// With its braces.
    pub span: Span,
}

/// A statement.
#[derive(Clone, Debug)]
pub enum Statement {
    /// `let pattern: type = value`, and `var name = value` (then the local is mutable).
    Let {
        /// What is bound.
        pattern: Pattern,
        /// The declared type.
        ty: Option<TypeRef>,
        /// The value.
        value: ExprId,
        /// The whole statement.
        span: Span,
    },
    /// `name = value`.
    Assign {
        /// The variable.
        local: LocalId,
        /// Where its name stands.
        target: Span,
        /// The new value.
        value: ExprId,
        /// The whole statement.
        span: Span,
    },
    /// An expression for its effect.
    Expr(ExprId),
}

/// A branch of `parallel` or `race`.
#[derive(Clone, Debug)]
pub struct Branch {
    /// The branch's name: a field of the result.
    pub name: Name,
    /// Its value.
    pub body: ExprId,
}

/// `with { timeout: …, retry: … }`.
#[derive(Clone, Debug)]
pub struct CallOptions {
    /// The longest time of one attempt, a duration.
    pub timeout: Option<ExprId>,
    /// The retry policy of this call.
    pub retry: Option<RetryRef>,
    /// The whole clause.
    pub span: Span,
}

/// `compensate …` after a call of an operation or a workflow.
#[derive(Clone, Debug)]
pub struct Compensation {
    /// What is to be done.
    pub kind: CompensationKind,
    /// The whole clause.
    pub span: Span,
}

impl Compensation {
    /// Whether it runs something.
    pub fn runs(&self) -> bool {
        matches!(self.kind, CompensationKind::Run { .. })
    }
}

/// What replaces the undo that an operation or a workflow declares.
#[derive(Clone, Debug)]
pub enum CompensationKind {
    /// `none`: nothing to undo here.
    None,
    /// An expression or block that sees the step's result and the error that caused the undo.
    Run {
        /// `result`.
        result: LocalId,
        /// `cause`.
        cause: LocalId,
        /// What is run.
        body: ExprId,
    },
}

/// `catch A | B as e { }`.
#[derive(Clone, Debug)]
pub struct Catch {
    /// What is caught; empty catches everything that can be caught.
    pub selectors: Vec<CatchSelector>,
    /// `as e`.
    pub binding: Option<LocalId>,
    /// A block.
    pub body: ExprId,
    /// `catch A | B as e`.
    pub head: Span,
}

/// One of the errors that a `catch` names.
#[derive(Clone, Copy, Debug)]
pub enum CatchSelector {
    /// An error.
    Error(ErrorRef, Span),
    /// `http 404`, `http 4xx`.
    Http(StatusPattern, Span),
    /// A mistake that has been reported.
    Missing(Span),
}

impl CatchSelector {
    /// The error that it is about, where that is known.
    pub fn error(self) -> Option<ErrorRef> {
        match self {
            Self::Error(error, _) => Some(error),
            Self::Http(..) => Some(ErrorRef::Builtin(BuiltinError::Http)),
            Self::Missing(_) => None,
        }
    }

    /// Where it stands.
    pub fn span(self) -> Span {
        match self {
            Self::Error(_, span) | Self::Http(_, span) | Self::Missing(span) => span,
        }
    }
}

/// A name bound in a body.
#[derive(Clone, Debug)]
pub struct Local {
    /// The name.
    pub name: Name,
    /// How it came to be.
    pub kind: LocalKind,
}

impl Local {
    /// Whether it may be assigned.
    pub fn mutable(&self) -> bool {
        self.kind == LocalKind::Var
    }
}

/// How a name came to be bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LocalKind {
    /// A parameter of a workflow, function or operation.
    Param,
    /// `let`, and patterns of `match`.
    Let,
    /// `var`.
    Var,
    /// The variable of a `for`.
    For,
    /// A lambda's parameter.
    Lambda,
    /// `catch … as e`.
    Catch,
    /// `result` in an undo.
    Result,
    /// `cause` in an undo.
    Cause,
    /// The value that a `where` is about.
    Where,
    /// An execution under test: `let run = workflow(…)`.
    Run,
}
