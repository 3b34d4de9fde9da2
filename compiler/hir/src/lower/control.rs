//! Control: conditions, matches, loops, branches, catches.

use flow_diagnostics::{Diagnostic, codes};
use flow_source::Span;
use flow_syntax::ast::{self, AstNode};

use super::Lowerer;
use crate::limits;
use crate::{Catch, CatchSelector, ExprId, ExprKind, LocalKind, MatchArm};

impl Lowerer {
    /// `if … else if … else`: flat in the tree, nested here.
    pub(super) fn lower_if(&mut self, if_expr: &ast::IfExpr, span: Span) -> ExprId {
        let branches: Vec<ast::IfBranch> = if_expr.branches().collect();
        // Each `else if` is a level of nesting for whoever walks the program.
        let levels = branches.len().saturating_add(self.depth as usize);
        if self.is_over(&limits::ALTERNATIVES, levels, span) {
            return self.missing(span);
        }
        let lowered: Vec<(ExprId, ExprId, Span)> = branches
            .iter()
            .map(|branch| {
                let at = self.span(branch);
                let condition = self.lower_optional_expr(branch.condition(), at);
                let then = self.lower_optional_block(branch.block(), at);
                (condition, then, at)
            })
            .collect();
        let mut otherwise = if_expr.else_block().map(|block| self.lower_block(&block));
        for (index, (condition, then, at)) in lowered.into_iter().enumerate().rev() {
            let whole = if index == 0 { span } else { Span::new(span.file, at.start, span.end) };
            otherwise = Some(self.push(ExprKind::If { condition, then, otherwise }, whole));
        }
        otherwise.unwrap_or_else(|| self.missing(span))
    }

    pub(super) fn lower_match(&mut self, match_expr: &ast::MatchExpr, span: Span) -> ExprId {
        let keyword = self.keyword_span(match_expr.syntax());
        let value = self.lower_optional_expr(match_expr.scrutinee(), span);
        if self.is_over(&limits::ARMS, match_expr.arms().count(), keyword) {
            return self.missing(span);
        }
        let arms = match_expr
            .arms()
            .map(|arm| {
                let at = self.span(&arm);
                self.scoped(|lowerer| {
                    let pattern = lowerer.lower_pattern(arm.pattern(), at, LocalKind::Let);
                    let guard = arm
                        .guard()
                        .and_then(|guard| guard.condition())
                        .map(|condition| lowerer.lower_expr(&condition));
                    let body = lowerer.lower_optional_expr(arm.body(), at);
                    MatchArm { pattern, guard, body, span: at }
                })
            })
            .collect();
        self.push(ExprKind::Match { value, arms, keyword }, span)
    }

    pub(super) fn lower_for(&mut self, for_expr: &ast::ForExpr, span: Span) -> ExprId {
        let keyword = self.keyword_span(for_expr.syntax());
        if let Some(width) = for_expr.width() {
            return self.lower_for_branches(for_expr, &width, span);
        }
        let (iterable, pages) = self.lower_iterable(for_expr.iterable(), span);
        self.scoped(|lowerer| {
            let pattern = lowerer.lower_pattern(for_expr.pattern(), span, LocalKind::For);
            let body = lowerer.lower_optional_block(for_expr.body(), span);
            lowerer.push(ExprKind::For { pattern, iterable, pages, body, keyword }, span)
        })
    }

    pub(super) fn lower_try(&mut self, try_expr: &ast::TryExpr, span: Span) -> ExprId {
        let keyword = self.keyword_span(try_expr.syntax());
        let body = self.lower_optional_block(try_expr.body(), span);
        let mut catches: Vec<Catch> = Vec::new();
        for clause in try_expr.catches() {
            let at = self.span(&clause);
            let head_end = clause.body().map_or(at.end, |body| self.span(&body).start);
            let head = Span::new(at.file, at.start, head_end);
            let selectors = clause
                .patterns()
                .map(|pattern| {
                    let at = self.span(&pattern);
                    self.lower_selector(&pattern).unwrap_or(CatchSelector::Missing(at))
                })
                .collect();
            let catch = self.scoped(|lowerer| {
                let binding = clause.binding().map(|name| {
                    let name = lowerer.name(Some(name), at);
                    lowerer.bind(name, LocalKind::Catch)
                });
                let body = lowerer.lower_optional_block(clause.body(), at);
                Catch { selectors, binding, body, head }
            });
            catches.push(catch);
        }
        let finally = try_expr.finally().map(|finally| self.lower_optional_block(finally.body(), span));
        self.push(ExprKind::Try { body, catches, finally, keyword }, span)
    }

    fn lower_selector(&mut self, pattern: &ast::CatchPattern) -> Option<CatchSelector> {
        let span = self.span(pattern);
        let name = pattern.name()?;
        let name_span = self.span(&name);
        if let Some(token) = pattern.status() {
            let at = flow_syntax::token_span(self.file, &token);
            if name.text() != "http" {
                self.report(
                    Diagnostic::new(&codes::F0404, at, "a status stands after `http` alone")
                        .help("write `catch http 404`"),
                );
                return None;
            }
            let status = self.status(&ast::LiteralValue::of_token(&token)?, at)?;
            return Some(CatchSelector::Http(status, span));
        }
        Some(CatchSelector::Error(self.find_error(name.text(), name_span)?, span))
    }
}
