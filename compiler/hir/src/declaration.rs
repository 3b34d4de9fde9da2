//! Declarations that are small: configuration, errors, workflows and pure functions.

use flow_source::Span;

use crate::{Constraint, ExprId, Field, LocalId, Name, SignalId, TypeRef, UndoCall};

/// `name: type = default` in a `config` section.
#[derive(Clone, Debug)]
pub struct ConfigEntry {
    /// The entry's name.
    pub name: Name,
    /// Its documentation.
    pub docs: Option<String>,
    /// Its type; a [`TypeRefKind::Secret`](crate::TypeRefKind::Secret) is read at each attempt and never recorded.
    pub ty: TypeRef,
    /// The value where none is given.
    pub default: Option<ExprId>,
    /// What a value must fulfil.
    pub constraint: Option<Constraint>,
    /// The whole entry.
    pub span: Span,
}

/// `error Name { fields }`.
#[derive(Clone, Debug)]
pub struct ErrorDecl {
    /// The error's name.
    pub name: Name,
    /// Its documentation.
    pub docs: Option<String>,
    /// What it carries.
    pub fields: Vec<Field>,
    /// The whole declaration.
    pub span: Span,
}

/// A parameter of a workflow or function.
#[derive(Clone, Debug)]
pub struct Param {
    /// The name it binds in the body.
    pub local: LocalId,
    /// Its name.
    pub name: Name,
    /// Its documentation.
    pub docs: Option<String>,
    /// Its type.
    pub ty: TypeRef,
    /// The condition that an input must fulfil.
    pub constraint: Option<crate::Constraint>,
    /// The value where no argument is given.
    pub default: Option<ExprId>,
    /// The whole parameter.
    pub span: Span,
}

/// `workflow name (params) -> Result within … { body }`.
#[derive(Clone, Debug)]
pub struct Workflow {
    /// The workflow's name.
    pub name: Name,
    /// `v2`; 1 where no version stands.
    pub version: u32,
    /// Its documentation.
    pub docs: Option<String>,
    /// Its input.
    pub params: Vec<Param>,
    /// Its result; without one the result is null.
    pub result: Option<TypeRef>,
    /// The deadline of the whole execution, a duration.
    pub within: Option<ExprId>,
    /// `key … for …`: one execution for each key.
    pub key: Option<KeyClause>,
    /// `one per …`: executions with the same value queue up.
    pub one_per: Option<ExprId>,
    /// What undoes it where it was a child: it sees `result`, `cause` and the parameters.
    pub undo: Option<UndoCall>,
    /// The signals that it receives.
    pub signals: Vec<SignalId>,
    /// The body, an [`ExprKind::Block`](crate::ExprKind::Block); its result is given by `return` alone.
    pub body: ExprId,
    /// Head of the declaration, for messages about the workflow as a whole.
    pub head: Span,
    /// The whole declaration.
    pub span: Span,
}

/// `key EXPR for DURATION [again: failed]`.
#[derive(Clone, Debug)]
pub struct KeyClause {
    /// What the key is made of; it sees the parameters.
    pub value: ExprId,
    /// How long it holds, a duration.
    pub duration: ExprId,
    /// Whether an execution that failed gives its key free.
    pub again: bool,
    /// The whole clause.
    pub span: Span,
}

/// `signal name { fields } early: drop` in a workflow.
#[derive(Clone, Debug)]
pub struct Signal {
    /// The signal's name.
    pub name: Name,
    /// Its documentation.
    pub docs: Option<String>,
    /// What is sent with it, a [`TypeRefKind::Record`](crate::TypeRefKind::Record).
    pub ty: TypeRef,
    /// Whether one that nobody waits for is dropped.
    pub drops_early: bool,
    /// The whole declaration.
    pub span: Span,
}

/// `fn name(params) -> Result = expr`: pure.
#[derive(Clone, Debug)]
pub struct Function {
    /// The function's name.
    pub name: Name,
    /// Its documentation.
    pub docs: Option<String>,
    /// Its parameters.
    pub params: Vec<Param>,
    /// The declared type of its value, where one stands.
    pub result: Option<TypeRef>,
    /// Its value.
    pub body: ExprId,
    /// The whole declaration.
    pub span: Span,
}
