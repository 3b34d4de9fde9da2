//! `schedule` and `objective`: when workflows start by themselves, and how well they should do.

use std::sync::Arc;

use flow_diagnostics::{Change, Diagnostic, Edit, codes};
use flow_source::Span;
use flow_syntax::SyntaxKind;
use flow_syntax::ast::{self, AstNode};

use super::Lowerer;
use super::property::Property;
use crate::scope::Symbol;
use crate::{FixedText, Name, Objective, Schedule, Spanned, Success, WorkflowId};

/// The properties of an objective.
const OBJECTIVES: [&str; 4] = ["success", "p50", "p95", "p99"];

impl Lowerer {
    pub(super) fn lower_schedule(&mut self, decl: &ast::ScheduleDecl) {
        let span = self.span(decl);
        let name = self.name(decl.name(), span);
        // What is missing has been reported.
        let (Some(cron), Some(body)) = (decl.cron(), decl.body()) else { return };
        let head_end = self.span(&body).start;
        let schedule = Schedule {
            name,
            cron: self.fixed_text(&cron),
            zone: decl.zone().map(|zone| self.fixed_text(&zone)),
            body: self.apart(|lowerer| lowerer.lower_block(&body)),
            head: Span::new(span.file, span.start, head_end),
        };
        self.program.schedules.push(schedule);
    }

    /// A text, and the place of its first character where each of them stands for itself.
    fn fixed_text(&self, literal: &ast::StringLiteral) -> FixedText {
        let span = self.span(literal);
        let text = literal.plain_text().unwrap_or_default();
        let tokens = flow_syntax::tokens(literal.syntax());
        let whole = tokens.into_iter().find(|token| token.kind() == SyntaxKind::StringWhole);
        let quoted = whole.map(|token| token.text()).unwrap_or_default();
        let start = ["\"", "r\""].into_iter().find(|open| quoted == format!("{open}{text}\""));
        let start = start.and_then(|open| u32::try_from(open.len()).ok());
        FixedText {
            text: Arc::from(text),
            span,
            start: start.map(|length| span.start.saturating_add(length)),
        }
    }

    pub(super) fn lower_objective(&mut self, decl: &ast::ObjectiveDecl) {
        let span = self.span(decl);
        let name = match decl.workflow() {
            Some(name) => self.named(&name),
            None => Name { text: Arc::from(""), span },
        };
        let head_end = decl.block().map_or(span.end, |block| self.span(&block).start);
        let mut objective = Objective {
            workflows: self.lower_all_versions(&name),
            name,
            success: None,
            latencies: Vec::new(),
            misread: false,
            head: Span::new(span.file, span.start, head_end),
        };
        for property in self.properties(decl.properties()) {
            let percentile = match property.name.as_str() {
                "success" => {
                    objective.success = self.lower_success(&property);
                    objective.misread |= objective.success.is_none();
                    continue;
                }
                "p50" => 50,
                "p95" => 95,
                "p99" => 99,
                _ => {
                    objective.misread = true;
                    self.unknown_property(&property, "`objective`", &OBJECTIVES, &[]);
                    continue;
                }
            };
            let percentile = Spanned { value: percentile, span: property.name_span };
            let limit = self.apart(|lowerer| lowerer.lower_expr(&property.value));
            objective.latencies.push((percentile, limit));
        }
        self.program.objectives.push(objective);
    }

    /// All versions of a workflow.
    fn lower_all_versions(&mut self, name: &Name) -> Vec<WorkflowId> {
        let versions = self.declared(&name.text).iter().filter_map(|entry| match entry.symbol {
            Symbol::Workflow(workflow, _) => Some(workflow),
            _ => None,
        });
        let versions: Vec<WorkflowId> = versions.collect();
        if versions.is_empty() && !name.text.is_empty() {
            // It says that there is none.
            self.find_workflow(&name.text, name.span, None);
        }
        versions
    }

    /// `99.5% over 30d`.
    fn lower_success(&mut self, property: &Property) -> Option<Success> {
        let span = property.span;
        let expected = "a share and a time, such as `99.5% over 30d`";
        let ast::Expr::SpanExpr(share) = &property.value else {
            if let ast::Expr::PercentLiteral(_) = &property.value {
                let change = Change::insert(span.file, span.end, " over 30d");
                self.report(
                    Diagnostic::new(&codes::F0404, span, "`success` does not say over which time")
                        .help("write `99.5% over 30d`: the executions that end in that time are counted")
                        .mend([Edit::guess("count over 30 days", vec![change])]),
                );
            } else {
                self.wrong_value(span, "success", expected);
            }
            return None;
        };
        let Some(ast::Expr::PercentLiteral(percent)) = share.value() else {
            self.wrong_value(span, "success", expected);
            return None;
        };
        if !share.is_over() {
            self.wrong_value(span, "success", expected);
            return None;
        }
        let digits = match percent.number()?.value()? {
            ast::LiteralValue::Int(number) => number.to_string(),
            ast::LiteralValue::Decimal(digits) => digits,
            _ => return None,
        };
        let window = share.duration()?;
        Some(Success {
            percent: Spanned { value: Arc::from(digits), span: self.span(&percent) },
            window: self.apart(|lowerer| lowerer.lower_expr(&window)),
        })
    }
}
