//! What stands in the head of a workflow, and `start`: how executions begin, and what undoes a child.

use std::sync::Arc;

use flow_diagnostics::{Diagnostic, codes};
use flow_source::Span;
use flow_syntax::ast;

use super::Lowerer;
use crate::{ExprId, ExprKind, KeyClause, LocalKind, Name, UndoCall};

/// The clauses of a workflow's head.
#[derive(Default)]
pub(super) struct Clauses {
    pub(super) within: Option<ExprId>,
    pub(super) key: Option<KeyClause>,
    pub(super) one_per: Option<ExprId>,
    pub(super) undo: Option<UndoCall>,
}

impl Lowerer {
    /// The clauses of a head whose parameters are bound.
    pub(super) fn lower_clauses(&mut self, decl: &ast::WorkflowDecl) -> Clauses {
        let mut clauses = Clauses::default();
        for clause in decl.clauses() {
            // Of a clause that stands twice, the first holds.
            let stands = match &clause {
                ast::WorkflowClause::WithinClause(_) => clauses.within.is_some(),
                ast::WorkflowClause::KeyClause(_) => clauses.key.is_some(),
                ast::WorkflowClause::OnePerClause(_) => clauses.one_per.is_some(),
                ast::WorkflowClause::UndoClause(_) => clauses.undo.is_some(),
            };
            if stands {
                continue;
            }
            match clause {
                ast::WorkflowClause::WithinClause(clause) => {
                    // A deadline is a constant: it does not see the parameters.
                    let duration = clause.duration();
                    clauses.within =
                        duration.map(|duration| self.apart(|lowerer| lowerer.lower_expr(&duration)));
                }
                ast::WorkflowClause::KeyClause(clause) => {
                    let span = self.span(&clause);
                    clauses.key = self.lower_key(&clause, span);
                }
                ast::WorkflowClause::OnePerClause(clause) => {
                    clauses.one_per = clause.value().map(|value| self.lower_expr(&value));
                }
                ast::WorkflowClause::UndoClause(clause) => {
                    clauses.undo = clause.call().and_then(|call| self.lower_workflow_undo(&call));
                }
            }
        }
        clauses
    }

    /// `key order.id for 7d again: failed`.
    fn lower_key(&mut self, clause: &ast::KeyClause, span: Span) -> Option<KeyClause> {
        let value = self.lower_expr(&clause.key()?);
        let duration = clause.duration()?;
        let duration = self.apart(|lowerer| lowerer.lower_expr(&duration));
        let mut again = false;
        if let Some(property) = clause.again() {
            let at = self.span(&property);
            let failed = property.value().and_then(|value| Self::word(&value));
            again = failed.as_deref() == Some("failed");
            if !again {
                self.wrong(&codes::F0404, at, "`again` takes `failed`".into());
            }
        }
        Some(KeyClause { value, duration, again, span })
    }

    /// `undo: cancel_trip(result.id)`: a call of an operation or a workflow.
    fn lower_workflow_undo(&mut self, call: &ast::Expr) -> Option<UndoCall> {
        let span = self.span(call);
        if let Some(word) = Self::word(call) {
            let help = match word.as_str() {
                "none" | "irreversible" => {
                    "leave it out: a call of the workflow says so itself, `compensate none`"
                }
                _ => "name a call: `undo: api.operation(result.id)`",
            };
            let message = "expected a call of an operation or a workflow";
            self.report(Diagnostic::new(&codes::F0404, span, message).help(help));
            return None;
        }
        Some(self.scoped(|lowerer| {
            let at = |text: &str| Name { text: Arc::from(text), span };
            let result = lowerer.bind(at("result"), LocalKind::Result);
            let cause = lowerer.bind(at("cause"), LocalKind::Cause);
            let call = lowerer.lower_expr(call);
            UndoCall { result: Some(result), cause: Some(cause), call, span }
        }))
    }

    /// `start other_workflow(arguments)`.
    pub(super) fn lower_start(&mut self, start: &ast::StartExpr, span: Span) -> ExprId {
        let call = self.lower_optional_expr(start.call(), span);
        match &mut self.program.exprs[call].kind {
            ExprKind::CallWorkflow { detached, .. } => {
                *detached = true;
                self.program.exprs[call].span = span;
            }
            ExprKind::Missing => {}
            _ => {
                let at = self.program.exprs[call].span;
                self.report(
                    Diagnostic::new(&codes::F0215, at, "`start` takes a call of a workflow")
                        .help("leave out `start`, or call a workflow: `start name(…)`"),
                );
                return self.missing(span);
            }
        }
        call
    }
}
