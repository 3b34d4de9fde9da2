//! Objectives: shares, percentiles and windows that can be held.

use std::str::FromStr as _;

use flow_diagnostics::{Diagnostic, codes};
use flow_hir::{ExprId, Objective, Spanned, Success, WorkflowId};
use flow_source::Span;
use rust_decimal::Decimal;
use rustc_hash::FxHashMap;

use crate::checker::Checker;
use crate::typed::CheckedObjective;

impl Checker<'_> {
    /// Checks all objectives.
    pub(crate) fn check_objectives(&mut self) {
        let program = self.program;
        let mut first_of: FxHashMap<WorkflowId, Span> = FxHashMap::default();
        for objective in &program.objectives {
            let name = &objective.name;
            let first = objective.workflows.first().and_then(|of| first_of.insert(*of, name.span));
            if let Some(first) = first {
                self.report(
                    Diagnostic::new(
                        &codes::F0209,
                        name.span,
                        format!("workflow `{}` has two objectives", name.text),
                    )
                    .also(first, "the first one")
                    .help("put all of it into one: `objective name { success: 99.5% over 30d, p95: 2s }`"),
                );
            }
            let checked = self.check_objective(objective);
            self.typed.objectives.push(checked);
        }
        self.not_in_effect(
            "objective",
            program.objectives.iter().map(|objective| objective.head),
            "nothing is measured",
        );
    }

    fn check_objective(&mut self, objective: &Objective) -> CheckedObjective {
        if objective.success.is_none() && objective.latencies.is_empty() && !objective.misread {
            self.report(
                Diagnostic::new(
                    &codes::F0406,
                    objective.head,
                    format!("nothing is asked of `{}`", objective.name.text),
                )
                .help("add `success: 99.5% over 30d`, or how long executions take: `p95: 2s`"),
            );
        }
        let success = objective.success.as_ref().and_then(|success| self.check_success(success));
        let mut latencies = Vec::new();
        for (percentile, limit) in &objective.latencies {
            let what = format!("`p{}`", percentile.value);
            let limit_us = self.duration(*limit, &what);
            latencies.extend(limit_us.map(|limit_us| (*percentile, *limit, limit_us)));
        }
        self.check_order(&mut latencies);
        CheckedObjective {
            success,
            latencies: latencies
                .into_iter()
                .map(|(percentile, _, limit)| (percentile.value, limit))
                .collect(),
        }
    }

    fn check_success(&mut self, success: &Success) -> Option<(String, u64)> {
        let window = self.duration(success.window, "a time that is counted over");
        let percent = Decimal::from_str(&success.percent.value).ok();
        let in_range =
            percent.is_some_and(|percent| percent > Decimal::ZERO && percent <= Decimal::ONE_HUNDRED);
        if !in_range {
            let message = format!("{}% is no share that can be asked for", success.percent.value);
            self.report(
                Diagnostic::new(&codes::F0407, success.percent.span, message)
                    .help("write more than 0% and at most 100%, such as `99.5%`"),
            );
            return None;
        }
        Some((success.percent.value.to_string(), window?))
    }

    /// More executions take no less time.
    fn check_order(&mut self, latencies: &mut [(Spanned<u8>, ExprId, u64)]) {
        latencies.sort_by_key(|(percentile, ..)| percentile.value);
        for pair in latencies.windows(2) {
            let [(few, few_at, short), (many, many_at, long)] = pair else { continue };
            if short > long {
                let message =
                    format!("`p{}` is longer than `p{}`: it would always hold", few.value, many.value);
                self.report(
                    Diagnostic::new(&codes::F0407, self.span(*few_at), message)
                        .also(self.span(*many_at), "this is asked of more executions")
                        .help("the more executions, the longer the time"),
                );
            }
        }
    }
}
