//! Test blocks and their statements.

use super::declarations::is_every_failure;
use super::node::{ast_enum, ast_nodes, child, children, nth_child, token};
use super::{AstNode, Block, Expr, NameRef, StringLiteral};
use crate::{SyntaxKind, SyntaxToken};

ast_nodes! {
    /// `test "…" every failure { … }`
    TestDecl,
    /// `mock api.op(…) => answer`
    MockStatement,
    /// `status 503 { … }`
    StatusAnswer,
    /// `after 3s value`
    AfterAnswer,
    /// `sequence [ … ]`
    SequenceAnswer,
    /// `advance 10m`
    AdvanceStatement,
    /// `send run.approve({ … })`
    SendStatement,
    /// `crash`
    CrashStatement,
    /// `expect cond`
    ExpectStatement,
    /// `expect run settled`
    ExpectSettled,
    /// `expect run fails E`
    ExpectFails,
    /// `expect calls api.op(…) once`
    ExpectCalls,
    /// `snapshot value`, `snapshot plan name`
    SnapshotStatement,
}

/// What a mock answers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum MockAnswer {
    /// A value, or `fail E { … }`.
    Expr(Expr),
    /// `status 503 { … }`
    Status(StatusAnswer),
    /// `after 3s answer`
    After(AfterAnswer),
    /// `sequence [ … ]`
    Sequence(SequenceAnswer),
}

impl AstNode for MockAnswer {
    fn can_cast(kind: SyntaxKind) -> bool {
        use SyntaxKind as Kind;
        matches!(kind, Kind::StatusAnswer | Kind::AfterAnswer | Kind::SequenceAnswer) || Expr::can_cast(kind)
    }

    fn cast(node: &crate::SyntaxNode) -> Option<Self> {
        match node.kind() {
            SyntaxKind::StatusAnswer => StatusAnswer::cast(node).map(Self::Status),
            SyntaxKind::AfterAnswer => AfterAnswer::cast(node).map(Self::After),
            SyntaxKind::SequenceAnswer => SequenceAnswer::cast(node).map(Self::Sequence),
            _ => Expr::cast(node).map(Self::Expr),
        }
    }

    fn syntax(&self) -> &crate::SyntaxNode {
        match self {
            Self::Expr(node) => node.syntax(),
            Self::Status(node) => node.syntax(),
            Self::After(node) => node.syntax(),
            Self::Sequence(node) => node.syntax(),
        }
    }
}

ast_enum! {
    /// What stands after `expect`.
    Expectation { ExpectStatement, ExpectSettled, ExpectFails, ExpectCalls, }
}

/// How often, or when, a call is expected.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CallCount {
    /// `once`
    Once,
    /// `never`
    Never,
    /// `n times`
    Times(Expr),
    /// `before other.op`
    Before(Expr),
}

impl TestDecl {
    /// What it says.
    pub fn title(&self) -> Option<StringLiteral> {
        child(&self.0)
    }

    /// Whether it runs once for each failure, unknown outcome and crash.
    pub fn is_every_failure(&self) -> bool {
        is_every_failure(&self.0)
    }

    /// The body.
    pub fn body(&self) -> Option<Block> {
        child(&self.0)
    }
}

impl MockStatement {
    /// The operation, with arguments where it holds for these alone: a field or call expression.
    pub fn operation(&self) -> Option<Expr> {
        child(&self.0)
    }

    /// What stands after `=>`; without it the answer is empty.
    pub fn answer(&self) -> Option<MockAnswer> {
        nth_child(&self.0, 1)
    }
}

impl StatusAnswer {
    /// The status.
    pub fn status(&self) -> Option<SyntaxToken> {
        token(&self.0, |kind| kind == SyntaxKind::Int)
    }

    /// The body.
    pub fn body(&self) -> Option<Expr> {
        child(&self.0)
    }
}

impl AfterAnswer {
    /// How long it takes.
    pub fn delay(&self) -> Option<Expr> {
        child(&self.0)
    }

    /// What comes then.
    pub fn answer(&self) -> Option<MockAnswer> {
        nth_child(&self.0, 1)
    }
}

impl SequenceAnswer {
    /// The answers, one a call.
    pub fn answers(&self) -> impl Iterator<Item = MockAnswer> {
        children(&self.0)
    }
}

impl AdvanceStatement {
    /// By how long.
    pub fn duration(&self) -> Option<Expr> {
        child(&self.0)
    }
}

impl SendStatement {
    /// `run.approve({ … })`
    pub fn call(&self) -> Option<Expr> {
        child(&self.0)
    }
}

impl ExpectStatement {
    /// The condition.
    pub fn condition(&self) -> Option<Expr> {
        child(&self.0)
    }
}

impl ExpectSettled {
    /// The execution.
    pub fn run(&self) -> Option<Expr> {
        child(&self.0)
    }
}

impl ExpectFails {
    /// The execution.
    pub fn run(&self) -> Option<Expr> {
        child(&self.0)
    }

    /// The error, or the parts of a dotted name.
    pub fn path(&self) -> impl Iterator<Item = NameRef> {
        children(&self.0)
    }

    /// The error.
    pub fn error(&self) -> Option<NameRef> {
        self.path().last()
    }
}

impl ExpectCalls {
    /// The operation, with arguments where these are expected.
    pub fn operation(&self) -> Option<Expr> {
        child(&self.0)
    }

    /// How often, or when.
    pub fn count(&self) -> Option<CallCount> {
        use SyntaxKind as Kind;
        let word = token(&self.0, |kind| {
            matches!(kind, Kind::OnceKeyword | Kind::NeverKeyword | Kind::TimesKeyword | Kind::BeforeKeyword)
        })?;
        match word.kind() {
            Kind::OnceKeyword => Some(CallCount::Once),
            Kind::NeverKeyword => Some(CallCount::Never),
            Kind::TimesKeyword => nth_child(&self.0, 1).map(CallCount::Times),
            _ => nth_child(&self.0, 1).map(CallCount::Before),
        }
    }
}

impl SnapshotStatement {
    /// The value, or the workflow where [`Self::is_plan`].
    pub fn value(&self) -> Option<Expr> {
        child(&self.0)
    }

    /// Whether it is `snapshot plan NAME`.
    pub fn is_plan(&self) -> bool {
        token(&self.0, |kind| kind == SyntaxKind::PlanKeyword).is_some()
    }
}
