//! The whole program: every declaration of every file, and the arenas of expressions and locals.

use std::sync::Arc;

use flow_source::{FileId, Span};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::index::{Arena, index_type};
use crate::{
    Api, ConfigEntry, ErrorDecl, Expr, Function, Local, Objective, Operation, Publication, RetryPolicy,
    Schedule, Signal, Test, TypeDecl, Workflow,
};

index_type! {
    /// A `type`.
    TypeDeclId;
    /// An `error`.
    ErrorDeclId;
    /// An entry of a `config` section.
    ConfigId;
    /// A `retry` policy.
    RetryId;
    /// One version of an `api`.
    ApiId;
    /// An operation of an API.
    OperationId;
    /// A `workflow`.
    WorkflowId;
    /// A pure `fn`.
    FunctionId;
    /// A `signal` of a workflow.
    SignalId;
    /// A `test`.
    TestId;
    /// An expression, of any body in the program.
    ExprId;
    /// A name bound in a body: a parameter, a `let`, a lambda's parameter, `result` …
    LocalId;
}

/// A name where it stands.
#[derive(Clone, Debug)]
pub struct Name {
    /// The name.
    pub text: Arc<str>,
    /// Where it stands.
    pub span: Span,
}

/// A value with the place where it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where it is written.
    pub span: Span,
}

/// All declarations of an entry file and of what it imports, directly or not.
///
/// Declarations keep the order of their files (the entry first, then imports in the order of first mention)
/// and within a file the order of the text. Expressions of all bodies share one arena, so a table beside it
/// holds facts about any expression.
#[derive(Clone, Debug, Default)]
pub struct Program {
    /// The files, the entry first.
    pub files: Vec<FileId>,
    /// Named types.
    pub types: Arena<TypeDeclId, TypeDecl>,
    /// Declared errors.
    pub errors: Arena<ErrorDeclId, ErrorDecl>,
    /// Configuration entries of all files together.
    pub config: Arena<ConfigId, ConfigEntry>,
    /// Retry policies.
    pub retries: Arena<RetryId, RetryPolicy>,
    /// APIs, one for each version.
    pub apis: Arena<ApiId, Api>,
    /// Operations of all APIs.
    pub operations: Arena<OperationId, Operation>,
    /// Workflows.
    pub workflows: Arena<WorkflowId, Workflow>,
    /// Signals of all workflows.
    pub signals: Arena<SignalId, Signal>,
    /// Pure functions.
    pub functions: Arena<FunctionId, Function>,
    /// Tests.
    pub tests: Arena<TestId, Test>,
    /// What is published.
    pub publications: Vec<Publication>,
    /// What is started by the clock.
    pub schedules: Vec<Schedule>,
    /// How well workflows should do.
    pub objectives: Vec<Objective>,
    /// Expressions.
    pub exprs: Arena<ExprId, Expr>,
    /// Bound names.
    pub locals: Arena<LocalId, Local>,
    /// The places of expressions that stand in parentheses, with these.
    pub parentheses: FxHashMap<ExprId, Span>,
    /// Policies with a property that is not known: what they seem to lack may be it.
    pub misread: FxHashSet<RetryId>,
}

impl Program {
    /// The place of an expression with the parentheses that it stands in.
    pub fn whole_span(&self, expr: ExprId) -> Span {
        self.parentheses.get(&expr).copied().unwrap_or(self.exprs[expr].span)
    }
}
