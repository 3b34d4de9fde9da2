//! What runs beside each other: `parallel`, `race`, and a `for` with a branch for each element.

use flow_diagnostics::{Diagnostic, codes};
use flow_source::Span;
use flow_syntax::ast::{self, AstNode};

use super::Lowerer;
use crate::limits;
use crate::{Branch, ExprId, ExprKind, LocalKind};

impl Lowerer {
    pub(super) fn lower_parallel(&mut self, parallel: &ast::ParallelExpr, span: Span) -> ExprId {
        let keyword = self.keyword_span(parallel.syntax());
        if self.is_over(&limits::BRANCHES, parallel.branches().count(), keyword) {
            return self.missing(span);
        }
        let branches = self.lower_branches(parallel.branches(), "parallel", keyword);
        let settled = parallel.is_settled();
        self.push(ExprKind::Parallel { settled, branches, keyword }, span)
    }

    pub(super) fn lower_race(&mut self, race: &ast::RaceExpr, span: Span) -> ExprId {
        let keyword = self.keyword_span(race.syntax());
        if self.is_over(&limits::BRANCHES, race.branches().count(), keyword) {
            return self.missing(span);
        }
        let count = race.count().map(|count| self.lower_expr(&count));
        let branches = self.lower_branches(race.branches(), "race", keyword);
        self.push(ExprKind::Race { count, branches, keyword }, span)
    }

    fn lower_branches(
        &mut self,
        branches: impl Iterator<Item = ast::Branch>,
        word: &str,
        keyword: Span,
    ) -> Vec<Branch> {
        let lowered: Vec<Branch> = branches
            .map(|branch| {
                let at = self.span(&branch);
                let name = self.name(branch.name(), at);
                let body = self.scoped(|lowerer| lowerer.lower_optional_expr(branch.value(), at));
                Branch { name, body }
            })
            .collect();
        if lowered.is_empty() {
            self.report(
                Diagnostic::new(&codes::F0404, keyword, format!("`{word}` without a branch"))
                    .help(format!("name what runs: `{word} {{ a: …, b: … }}`")),
            );
        }
        lowered
    }

    pub(super) fn lower_for_branches(
        &mut self,
        for_expr: &ast::ForExpr,
        width: &ast::ForWidth,
        span: Span,
    ) -> ExprId {
        let keyword = self.keyword_span(width.syntax());
        let race = width.is_race();
        let (mut iterable, pages) = self.lower_iterable(for_expr.iterable(), span);
        if let Some(all) = pages {
            let word = if race { "race" } else { "parallel" };
            self.not_built_at(
                all,
                &format!("`all` in a `for … {word}`"),
                "go over it in order, `for x in api.operation.all() { … }`, or take page by page in a `while` loop",
            );
            iterable = self.missing(span);
        }
        let count = self.lower_optional_expr(width.count(), span);
        self.scoped(|lowerer| {
            let pattern = lowerer.lower_pattern(for_expr.pattern(), span, LocalKind::For);
            let body = lowerer.lower_optional_block(for_expr.body(), span);
            lowerer.push(ExprKind::ForBranches { pattern, iterable, race, count, body, keyword }, span)
        })
    }
}
