//! Blocks and statements.

use super::node::{ast_enum, ast_nodes, child, children, nth_child};
use super::{
    AdvanceStatement, AstNode, CrashStatement, ExpectCalls, ExpectFails, ExpectSettled, ExpectStatement,
    Expr, MockStatement, Name, Pattern, SendStatement, SignalDecl, SnapshotStatement, TypeExpr,
};

ast_nodes! {
    /// `{ statements }`
    Block,
    /// `let pattern: T = value`
    LetStatement,
    /// `var name: T = value`
    VarStatement,
    /// `name = value`
    AssignStatement,
    /// An expression as a statement.
    ExprStatement,
    /// `compensate …` after a call.
    CompensateClause,
    /// `undo { … }`
    UndoStatement,
    /// `commit`
    CommitStatement,
}

ast_enum! {
    /// A statement.
    Statement {
        LetStatement,
        VarStatement,
        AssignStatement,
        ExprStatement,
        UndoStatement,
        CommitStatement,
        SignalDecl,
        MockStatement,
        AdvanceStatement,
        SendStatement,
        CrashStatement,
        ExpectStatement,
        ExpectSettled,
        ExpectFails,
        ExpectCalls,
        SnapshotStatement,
    }
}

impl Block {
    /// The statements, in order.
    pub fn statements(&self) -> impl Iterator<Item = Statement> {
        children(&self.0)
    }

    /// The expression whose value is the block's: the last statement, where that is an expression.
    pub fn value(&self) -> Option<Expr> {
        match self.statements().last()? {
            Statement::ExprStatement(statement) => statement.expr(),
            _ => None,
        }
    }
}

impl LetStatement {
    /// What is bound.
    pub fn pattern(&self) -> Option<Pattern> {
        child(&self.0)
    }

    /// The type after `:`.
    pub fn ty(&self) -> Option<TypeExpr> {
        child(&self.0)
    }

    /// The value.
    pub fn value(&self) -> Option<Expr> {
        child(&self.0)
    }

    /// `compensate …`
    pub fn compensate(&self) -> Option<CompensateClause> {
        child(&self.0)
    }
}

impl VarStatement {
    /// The name.
    pub fn name(&self) -> Option<Name> {
        child(&self.0)
    }

    /// The type after `:`.
    pub fn ty(&self) -> Option<TypeExpr> {
        child(&self.0)
    }

    /// The value.
    pub fn value(&self) -> Option<Expr> {
        child(&self.0)
    }

    /// `compensate …`
    pub fn compensate(&self) -> Option<CompensateClause> {
        child(&self.0)
    }
}

impl AssignStatement {
    /// What is assigned to.
    pub fn target(&self) -> Option<Expr> {
        child(&self.0)
    }

    /// The value.
    pub fn value(&self) -> Option<Expr> {
        nth_child(&self.0, 1)
    }

    /// `compensate …`
    pub fn compensate(&self) -> Option<CompensateClause> {
        child(&self.0)
    }
}

impl ExprStatement {
    /// The expression.
    pub fn expr(&self) -> Option<Expr> {
        child(&self.0)
    }

    /// `compensate …`
    pub fn compensate(&self) -> Option<CompensateClause> {
        child(&self.0)
    }
}

impl CompensateClause {
    /// The expression or [`Block`] that undoes the step.
    pub fn body(&self) -> Option<Expr> {
        child(&self.0)
    }

    /// Whether it says `none`: there is nothing to undo here.
    pub fn is_none(&self) -> bool {
        matches!(self.body(), Some(Expr::NameExpr(name)) if name.text() == "none")
    }
}

impl UndoStatement {
    /// What is registered.
    pub fn body(&self) -> Option<Block> {
        child(self.syntax())
    }
}
