//! Blocks and statements.

use std::sync::Arc;

use flow_diagnostics::{Diagnostic, codes};
use flow_source::Span;
use flow_syntax::ast::{self, AstNode};

use super::Lowerer;
use crate::limits;
use crate::{Block, ExprId, ExprKind, LocalKind, Name, Pattern, PatternKind, Statement};

impl Lowerer {
    /// A block, with a scope of its own.
    pub(super) fn lower_block(&mut self, block: &ast::Block) -> ExprId {
        let span = self.span(block);
        if self.is_over(&limits::STATEMENTS, block.statements().count(), span) {
            return self.missing(span);
        }
        let lowered = self.scoped(|lowerer| {
            let mut statements = Vec::new();
            let mut value = None;
            let mut all = block.statements().peekable();
            while let Some(statement) = all.next() {
                let is_last = all.peek().is_none();
                match statement {
                    ast::Statement::ExprStatement(statement) if is_last => {
                        value = Some(lowerer.lower_expr_statement(&statement));
                    }
                    other => statements.extend(lowerer.lower_statement(&other)),
                }
            }
            Block { statements, value, span }
        });
        self.push(ExprKind::Block(lowered), span)
    }

    /// A block that may be missing because the parser has reported a mistake.
    pub(super) fn lower_optional_block(&mut self, block: Option<ast::Block>, owner: Span) -> ExprId {
        match block {
            Some(block) => self.lower_block(&block),
            None => self.missing(owner),
        }
    }

    fn lower_expr_statement(&mut self, statement: &ast::ExprStatement) -> ExprId {
        let span = self.span(statement);
        let expr = self.lower_optional_expr(statement.expr(), span);
        self.lower_compensate(expr, statement.compensate());
        expr
    }

    fn lower_statement(&mut self, statement: &ast::Statement) -> Option<Statement> {
        let span = self.span(statement);
        match statement {
            ast::Statement::LetStatement(statement) => {
                let ty = statement.ty().map(|ty| self.lower_type(Some(ty), span));
                let value = self.lower_optional_expr(statement.value(), span);
                self.lower_compensate(value, statement.compensate());
                // The name is bound after its value: `let x = x` means an outer `x`.
                let pattern = self.lower_pattern(statement.pattern(), span, LocalKind::Let);
                Some(Statement::Let { pattern, ty, value, span })
            }
            ast::Statement::VarStatement(statement) => {
                let ty = statement.ty().map(|ty| self.lower_type(Some(ty), span));
                let value = self.lower_optional_expr(statement.value(), span);
                self.lower_compensate(value, statement.compensate());
                let name = self.name(statement.name(), span);
                let at = name.span;
                let local = self.bind(name, LocalKind::Var);
                let pattern = Pattern { kind: PatternKind::Bind(local), span: at };
                Some(Statement::Let { pattern, ty, value, span })
            }
            ast::Statement::AssignStatement(statement) => self.lower_assign(statement, span),
            ast::Statement::ExprStatement(statement) => {
                Some(Statement::Expr(self.lower_expr_statement(statement)))
            }
            ast::Statement::CommitStatement(_) => Some(Statement::Expr(self.push(ExprKind::Commit, span))),
            ast::Statement::UndoStatement(statement) => {
                let keyword = self.keyword_span(statement.syntax());
                let kind = self.scoped(|lowerer| {
                    let name = Name { text: Arc::from("cause"), span: keyword };
                    let cause = lowerer.bind(name, LocalKind::Cause);
                    let body = lowerer.lower_optional_block(statement.body(), span);
                    ExprKind::Undo { cause, body, keyword }
                });
                Some(Statement::Expr(self.push(kind, span)))
            }
            ast::Statement::SignalDecl(decl) => {
                self.check_signal_place(decl);
                None
            }
            ast::Statement::MockStatement(_)
            | ast::Statement::AdvanceStatement(_)
            | ast::Statement::SendStatement(_)
            | ast::Statement::CrashStatement(_)
            | ast::Statement::ExpectStatement(_)
            | ast::Statement::ExpectSettled(_)
            | ast::Statement::ExpectFails(_)
            | ast::Statement::ExpectCalls(_)
            | ast::Statement::SnapshotStatement(_) => {
                let at = self.keyword_span(statement.syntax());
                self.report(Diagnostic::new(&codes::F0904, at, "this stands at the top of a `test` alone"));
                None
            }
        }
    }

    fn lower_assign(&mut self, statement: &ast::AssignStatement, span: Span) -> Option<Statement> {
        let value = self.lower_optional_expr(statement.value(), span);
        self.lower_compensate(value, statement.compensate());
        let target = statement.target()?;
        let target_span = self.span(&target);
        if let ast::Expr::NameExpr(name) = &target
            && let Some(local) = self.find_local(name.text())
        {
            return Some(Statement::Assign { local, target: target_span, value, span });
        }
        match &target {
            ast::Expr::NameExpr(name) => {
                let text = name.text().to_owned();
                let known: Vec<String> = self.local_names().into_iter().map(str::to_owned).collect();
                let otherwise = format!("declare it: `var {text} = …`");
                self.unknown(&codes::F0201, "variable", &text, target_span, known, &otherwise);
            }
            _ => self.report(
                Diagnostic::new(
                    &codes::F0314,
                    target_span,
                    "only variables are assigned: values never change",
                )
                .help("make a new record: `order = { ...order, total }`"),
            ),
        }
        // The value is kept, so that mistakes in it are found.
        Some(Statement::Expr(value))
    }
}
