//! Control flow: branches, loops, concurrency, errors, waiting.

use super::node::{ast_nodes, child, children, has_token, token};
use super::{Block, Expr, Name, NameRef, Pattern, RecordExpr, TypeExpr, WithinClause};
use crate::{SyntaxKind, SyntaxNode, SyntaxToken};

ast_nodes! {
    /// `if c { } else if d { } else { }`, flat, however many branches.
    IfExpr,
    /// `if c { }` or `else if d { }`
    IfBranch,
    /// `else { }`
    ElseBranch,
    /// `match v { arms }`
    MatchExpr,
    /// `pattern if guard => value`
    MatchArm,
    /// `if cond` after a pattern or a `receive`.
    Guard,
    /// `for x in xs parallel 8 { }`
    ForExpr,
    /// `parallel 8`, `race 2` in the head of a `for`.
    ForWidth,
    /// `while c { }`
    WhileExpr,
    /// `break`
    BreakExpr,
    /// `continue`
    ContinueExpr,
    /// `parallel settled { branches }`
    ParallelExpr,
    /// `race 2 { branches }`
    RaceExpr,
    /// `name: value` in a `parallel` or `race`.
    Branch,
    /// `saga { }`
    SagaExpr,
    /// `try { } catch … { } finally { }`
    TryExpr,
    /// `catch A | B as e { }`
    CatchClause,
    /// `Declined`, `http 4xx`, `timeout`
    CatchPattern,
    /// `finally { }`
    FinallyClause,
    /// `fail E { … } because e`
    FailExpr,
    /// `because e`
    BecauseClause,
    /// `return value`
    ReturnExpr,
    /// `within 30s { }`
    WithinExpr,
    /// `sleep 5m`, `sleep until t`
    SleepExpr,
    /// `poll every 2s within 5m { } until cond`
    PollExpr,
    /// `until cond`
    UntilClause,
    /// `receive approve if cond within 24h`
    ReceiveExpr,
    /// `callback<T>()`
    CallbackExpr,
    /// `start other(…)`
    StartExpr,
    /// `report { … }`
    ReportExpr,
    /// `log "…"`
    LogExpr,
}

/// The first child expression that is not a block: the head of an `if`, `for`, `while`, `match`, `within`.
fn head(node: &SyntaxNode) -> Option<Expr> {
    children::<Expr>(node).find(|expr| !matches!(expr, Expr::Block(_)))
}

impl IfExpr {
    /// The branches with a condition, in order.
    pub fn branches(&self) -> impl Iterator<Item = IfBranch> {
        children(&self.0)
    }

    /// The block after the last `else`.
    pub fn else_block(&self) -> Option<Block> {
        child(&child::<ElseBranch>(&self.0)?.0)
    }
}

impl IfBranch {
    /// The condition.
    pub fn condition(&self) -> Option<Expr> {
        head(&self.0)
    }

    /// The block.
    pub fn block(&self) -> Option<Block> {
        child(&self.0)
    }
}

impl ElseBranch {
    /// The block.
    pub fn block(&self) -> Option<Block> {
        child(&self.0)
    }
}

impl MatchExpr {
    /// The value that is matched.
    pub fn scrutinee(&self) -> Option<Expr> {
        head(&self.0)
    }

    /// The arms, in order.
    pub fn arms(&self) -> impl Iterator<Item = MatchArm> {
        children(&self.0)
    }
}

impl MatchArm {
    /// The pattern.
    pub fn pattern(&self) -> Option<Pattern> {
        child(&self.0)
    }

    /// The guard.
    pub fn guard(&self) -> Option<Guard> {
        child(&self.0)
    }

    /// The value.
    pub fn body(&self) -> Option<Expr> {
        child(&self.0)
    }
}

impl Guard {
    /// The condition.
    pub fn condition(&self) -> Option<Expr> {
        child(&self.0)
    }
}

impl ForExpr {
    /// What is bound each time.
    pub fn pattern(&self) -> Option<Pattern> {
        child(&self.0)
    }

    /// What is walked.
    pub fn iterable(&self) -> Option<Expr> {
        head(&self.0)
    }

    /// `parallel 8`, `race 2`
    pub fn width(&self) -> Option<ForWidth> {
        child(&self.0)
    }

    /// The block.
    pub fn body(&self) -> Option<Block> {
        child(&self.0)
    }
}

impl ForWidth {
    /// Whether it is `race`, not `parallel`.
    pub fn is_race(&self) -> bool {
        has_token(&self.0, SyntaxKind::RaceKeyword)
    }

    /// How many at a time, or how many successes.
    pub fn count(&self) -> Option<Expr> {
        child(&self.0)
    }
}

impl WhileExpr {
    /// The condition.
    pub fn condition(&self) -> Option<Expr> {
        head(&self.0)
    }

    /// The block.
    pub fn body(&self) -> Option<Block> {
        child(&self.0)
    }
}

impl ParallelExpr {
    /// Whether it is `parallel settled`.
    pub fn is_settled(&self) -> bool {
        has_token(&self.0, SyntaxKind::SettledKeyword)
    }

    /// The branches, in order.
    pub fn branches(&self) -> impl Iterator<Item = Branch> {
        children(&self.0)
    }
}

impl RaceExpr {
    /// How many successes; the first one alone where no number stands.
    pub fn count(&self) -> Option<Expr> {
        head(&self.0)
    }

    /// The branches, in order.
    pub fn branches(&self) -> impl Iterator<Item = Branch> {
        children(&self.0)
    }
}

impl Branch {
    /// The name.
    pub fn name(&self) -> Option<Name> {
        child(&self.0)
    }

    /// The value.
    pub fn value(&self) -> Option<Expr> {
        child(&self.0)
    }
}

impl SagaExpr {
    /// The block.
    pub fn body(&self) -> Option<Block> {
        child(&self.0)
    }
}

impl TryExpr {
    /// The block that is tried.
    pub fn body(&self) -> Option<Block> {
        child(&self.0)
    }

    /// The catch clauses, in order.
    pub fn catches(&self) -> impl Iterator<Item = CatchClause> {
        children(&self.0)
    }

    /// `finally { }`
    pub fn finally(&self) -> Option<FinallyClause> {
        child(&self.0)
    }
}

impl CatchClause {
    /// What is caught; everything where none stands.
    pub fn patterns(&self) -> impl Iterator<Item = CatchPattern> {
        children(&self.0)
    }

    /// The name after `as`.
    pub fn binding(&self) -> Option<Name> {
        child(&self.0)
    }

    /// The block.
    pub fn body(&self) -> Option<Block> {
        child(&self.0)
    }
}

impl CatchPattern {
    /// The name of the error or class, or the parts of a dotted one.
    pub fn path(&self) -> impl Iterator<Item = NameRef> {
        children(&self.0)
    }

    /// The last part of the name.
    pub fn name(&self) -> Option<NameRef> {
        self.path().last()
    }

    /// The status after `http`: `404`, `4xx`.
    pub fn status(&self) -> Option<SyntaxToken> {
        token(&self.0, |kind| matches!(kind, SyntaxKind::Int | SyntaxKind::StatusClass))
    }
}

impl FinallyClause {
    /// The block.
    pub fn body(&self) -> Option<Block> {
        child(&self.0)
    }
}

impl FailExpr {
    /// The error.
    pub fn error(&self) -> Option<Expr> {
        child(&self.0)
    }

    /// `because e`
    pub fn because(&self) -> Option<Expr> {
        child::<BecauseClause>(&self.0)?.cause()
    }
}

impl BecauseClause {
    /// The error that led to this one.
    pub fn cause(&self) -> Option<Expr> {
        child(&self.0)
    }
}

impl ReturnExpr {
    /// The value.
    pub fn value(&self) -> Option<Expr> {
        child(&self.0)
    }
}

impl WithinExpr {
    /// The duration.
    pub fn duration(&self) -> Option<Expr> {
        head(&self.0)
    }

    /// The block.
    pub fn body(&self) -> Option<Block> {
        child(&self.0)
    }
}

impl SleepExpr {
    /// Whether it is `sleep until`.
    pub fn is_until(&self) -> bool {
        has_token(&self.0, SyntaxKind::UntilKeyword)
    }

    /// The duration, or the time.
    pub fn value(&self) -> Option<Expr> {
        child(&self.0)
    }
}

impl PollExpr {
    /// How often.
    pub fn every(&self) -> Option<Expr> {
        head(&self.0)
    }

    /// `within 5m`
    pub fn within(&self) -> Option<WithinClause> {
        child(&self.0)
    }

    /// The block that is asked.
    pub fn body(&self) -> Option<Block> {
        child(&self.0)
    }

    /// The condition after `until`.
    pub fn until(&self) -> Option<Expr> {
        child::<UntilClause>(&self.0)?.condition()
    }
}

impl UntilClause {
    /// The condition.
    pub fn condition(&self) -> Option<Expr> {
        child(&self.0)
    }
}

impl ReceiveExpr {
    /// The signal or callback.
    pub fn source(&self) -> Option<NameRef> {
        child(&self.0)
    }

    /// `if cond`
    pub fn guard(&self) -> Option<Guard> {
        child(&self.0)
    }

    /// `within 24h`
    pub fn within(&self) -> Option<WithinClause> {
        child(&self.0)
    }
}

impl CallbackExpr {
    /// The type that is waited for.
    pub fn ty(&self) -> Option<TypeExpr> {
        child::<super::TypeArguments>(&self.0)?.arguments().next()
    }
}

impl StartExpr {
    /// The call that is started.
    pub fn call(&self) -> Option<Expr> {
        child(&self.0)
    }
}

impl ReportExpr {
    /// What is reported.
    pub fn record(&self) -> Option<RecordExpr> {
        child(&self.0)
    }
}

impl LogExpr {
    /// What is logged.
    pub fn text(&self) -> Option<Expr> {
        child(&self.0)
    }
}
