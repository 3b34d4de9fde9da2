//! Tests: mocks, executions and expectations.

use std::sync::Arc;

use flow_source::Span;

use crate::{
    Argument, ErrorRef, ExprId, LocalId, Name, OperationId, Pattern, Program, Spanned, TypeRef, WorkflowId,
};

/// `test "name" { … }`.
#[derive(Clone, Debug)]
pub struct Test {
    /// The test's name.
    pub name: Spanned<Arc<str>>,
    /// Whether it is run once more for everything that can fail.
    pub every_failure: bool,
    /// What it does, in order.
    pub steps: Vec<TestStep>,
    /// The whole test.
    pub span: Span,
}

/// A line of a test.
#[derive(Clone, Debug)]
pub struct TestStep {
    /// What it does.
    pub kind: TestStepKind,
    /// The whole line.
    pub span: Span,
}

/// What a line of a test does.
#[derive(Clone, Debug)]
pub enum TestStepKind {
    /// `mock api.op …`.
    Mock(Mock),
    /// `let run = workflow(args)`: starts an execution and goes on when it has ended or waits.
    Start {
        /// The name of the execution.
        run: LocalId,
        /// The workflow.
        workflow: WorkflowId,
        /// The workflow's name where it is called.
        callee: Span,
        /// The arguments as written.
        arguments: Vec<Argument>,
    },
    /// `let x = expr`: a pure value.
    Let {
        /// The name, or a pattern that takes the value apart.
        pattern: Pattern,
        /// The declared type.
        ty: Option<TypeRef>,
        /// The value.
        value: ExprId,
    },
    /// `expect …`.
    Expect(Expectation),
    /// `snapshot expr`.
    Snapshot {
        /// What is kept and compared.
        value: ExprId,
    },
    /// `snapshot plan NAME`.
    SnapshotPlan {
        /// The workflow whose plan is kept and compared.
        workflow: WorkflowId,
    },
    /// `send run.approve({ … })`.
    Send {
        /// The execution.
        run: LocalId,
        /// The signal, or the `let` of the workflow that names a callback.
        target: Name,
        /// What is sent, a record.
        value: ExprId,
    },
    /// `advance 10m`.
    Advance {
        /// The duration.
        duration: ExprId,
    },
    /// `crash`.
    Crash,
}

/// `mock api.op(args?) => answer`.
#[derive(Clone, Debug)]
pub struct Mock {
    /// The operation.
    pub operation: OperationId,
    /// `api.op`.
    pub callee: Span,
    /// The calls that it answers: those with these arguments, or all.
    pub arguments: Option<Vec<Argument>>,
    /// What it answers.
    pub answer: MockAnswer,
}

/// What a mock answers.
#[derive(Clone, Debug)]
pub enum MockAnswer {
    /// Success without a body.
    Empty,
    /// Success with this value.
    Value(ExprId),
    /// A failure; the expression is an [`ExprKind::Error`](crate::ExprKind::Error).
    Fail(ExprId),
    /// A raw answer.
    Status {
        /// The status.
        status: Spanned<u16>,
        /// Its body.
        body: Option<ExprId>,
    },
    /// An answer after a while.
    After {
        /// The duration.
        duration: ExprId,
        /// The answer then.
        answer: Box<MockAnswer>,
    },
    /// One after another; the last one stays.
    Sequence(Vec<MockAnswer>),
}

/// What is expected.
#[derive(Clone, Debug)]
pub enum Expectation {
    /// `expect expr`: true.
    Holds(ExprId),
    /// `expect run fails E`.
    Fails {
        /// The execution.
        run: LocalId,
        /// The error.
        error: Spanned<ErrorRef>,
    },
    /// `expect run settled`: all done, or all undone or committed.
    Settled {
        /// The execution.
        run: LocalId,
    },
    /// `expect calls api.op(args?) count`.
    Calls {
        /// The operation.
        operation: OperationId,
        /// `api.op`.
        callee: Span,
        /// The calls that count: those with these arguments, or all.
        arguments: Option<Vec<Argument>>,
        /// How many.
        count: CallCount,
    },
}

/// How many calls are expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallCount {
    /// Exactly this many; `once` is 1 and `never` is 0.
    Exactly(u64),
    /// Before the first call of another operation.
    Before(OperationId),
}

impl Program {
    /// The patterns of tests' `let`s.
    pub fn test_patterns(&self) -> impl Iterator<Item = &Pattern> {
        let steps = self.tests.iter().flat_map(|(_, test)| &test.steps);
        steps.filter_map(|step| match &step.kind {
            TestStepKind::Let { pattern, .. } => Some(pattern),
            _ => None,
        })
    }
}
