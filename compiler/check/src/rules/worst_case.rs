//! Worst case: the longest time and the most requests that timeouts, policies and loops allow.
//!
//! Waits for a rate limit are not counted: they depend on other executions.

use flow_diagnostics::{Change, Diagnostic, Edit, codes};
use flow_hir::{
    BinaryOp, Branch, Exhausted, ExprId, ExprKind, ListItem, OperationId, RetryId, Statement, WorkflowId,
};
use rustc_hash::{FxHashMap, FxHashSet};

use super::{calls, list_bound, steps};
use crate::checker::Checker;
use crate::typed::{CheckedBackoff, CheckedRetry, OperationUndo, StepUndo, WorstCase};

/// The longest wait that a server can ask for where a policy sets no `max`: 24 hours.
const ASKED_US_MAX: u64 = 24 * 3600 * 1_000_000;

/// The most elements that a `for … race` sees to at one time.
const WIDTH_MAX: u64 = 1_000;

/// What something takes. `None` is unbounded.
#[derive(Clone, Copy, Debug)]
struct Cost {
    time_us: Option<u64>,
    calls: Option<u64>,
    undo_us: Option<u64>,
    /// The longest time of the `finally`s that run after a deadline has passed.
    after_us: Option<u64>,
    /// The least time that a way to a result takes.
    least_us: u64,
}

impl Cost {
    const NOTHING: Self =
        Self { time_us: Some(0), calls: Some(0), undo_us: Some(0), after_us: Some(0), least_us: 0 };

    fn then(self, next: Self) -> Self {
        Self {
            time_us: add(self.time_us, next.time_us),
            calls: add(self.calls, next.calls),
            undo_us: add(self.undo_us, next.undo_us),
            after_us: greater(self.after_us, next.after_us),
            least_us: self.least_us.saturating_add(next.least_us),
        }
    }

    /// One of the two.
    fn or(self, other: Self) -> Self {
        Self {
            time_us: greater(self.time_us, other.time_us),
            calls: greater(self.calls, other.calls),
            undo_us: greater(self.undo_us, other.undo_us),
            after_us: greater(self.after_us, other.after_us),
            least_us: self.least_us.min(other.least_us),
        }
    }

    /// Both beside each other; undos run singly.
    fn beside(self, other: Self) -> Self {
        Self {
            time_us: greater(self.time_us, other.time_us),
            calls: add(self.calls, other.calls),
            undo_us: add(self.undo_us, other.undo_us),
            after_us: greater(self.after_us, other.after_us),
            least_us: self.least_us.max(other.least_us),
        }
    }

    fn times(self, count: Option<u64>) -> Self {
        Self {
            time_us: multiply(self.time_us, count),
            calls: multiply(self.calls, count),
            undo_us: multiply(self.undo_us, count),
            after_us: self.after_us,
            least_us: 0,
        }
    }
}

fn add(left: Option<u64>, right: Option<u64>) -> Option<u64> {
    left?.checked_add(right?)
}

fn greater(left: Option<u64>, right: Option<u64>) -> Option<u64> {
    Some(left?.max(right?))
}

/// Nothing any number of times is nothing.
fn multiply(left: Option<u64>, count: Option<u64>) -> Option<u64> {
    match (left, count) {
        (Some(0), _) => Some(0),
        (left, count) => left?.checked_mul(count?),
    }
}

/// Finds the figures of all workflows, and reports deadlines that are certain to be exceeded.
pub(super) fn check(checker: &mut Checker<'_>) {
    let mut finder = Finder { checker, done: FxHashMap::default() };
    for workflow in finder.checker.program.workflows.indices() {
        finder.workflow(workflow);
    }
}

struct Finder<'c, 'a> {
    checker: &'c mut Checker<'a>,
    done: FxHashMap<WorkflowId, Cost>,
}

impl Finder<'_, '_> {
    fn workflow(&mut self, id: WorkflowId) -> Cost {
        if let Some(done) = self.done.get(&id) {
            return *done;
        }
        // A circle of calls has been reported; what is in it costs nothing here.
        self.done.insert(id, Cost::NOTHING);
        let workflow = &self.checker.program.workflows[id];
        let mut cost = self.cost(workflow.body);
        let within_us = self.checker.typed.workflows.get(id).and_then(|checked| checked.within_us);
        if let (Some(within_us), Some(within)) = (within_us, workflow.within) {
            cost = self.bounded(cost, within_us, within);
            self.check_policies(workflow.body, within_us, within);
        }
        self.done.insert(id, cost);
        let worst = WorstCase { time_us: cost.time_us, undo_us: cost.undo_us, calls: cost.calls };
        if let Some(checked) = self.checker.typed.workflows.get_mut(id) {
            checked.worst = worst;
        }
        cost
    }

    /// A deadline bounds the time; one that cannot be kept is an error.
    fn bounded(&mut self, cost: Cost, within_us: u64, within: ExprId) -> Cost {
        if cost.least_us > within_us {
            let span = self.checker.span(within);
            self.checker.report(
                Diagnostic::new(
                    &codes::F0802,
                    span,
                    format!(
                        "this is certain to take more than {}: it sleeps for {}",
                        duration_words(within_us),
                        duration_words(cost.least_us)
                    ),
                )
                .help("allow more time, or sleep less")
                .mend(self.allow(within, cost)),
            );
        }
        // It cuts off no `finally`.
        let bound_us = add(Some(within_us), cost.after_us);
        let time_us = match (cost.time_us, bound_us) {
            (Some(time_us), Some(bound_us)) => Some(time_us.min(bound_us)),
            (time_us, bound_us) => time_us.or(bound_us),
        };
        Cost { time_us, least_us: cost.least_us.min(within_us), ..cost }
    }

    /// The edit that gives a deadline enough time: for the worst case where that is bounded.
    fn allow(&self, within: ExprId, cost: Cost) -> Option<Edit> {
        let program = self.checker.program;
        let ExprKind::Duration(_) = program.exprs[within].kind else { return None };
        let enough = crate::mend::round_up(cost.time_us.unwrap_or(cost.least_us).max(cost.least_us));
        let change = Change::replace(program.exprs[within].span, enough.clone());
        Some(Edit::guess(format!("allow {enough}"), vec![change]))
    }

    /// A policy whose waits are longer than the workflow may take never makes its last attempts there.
    fn check_policies(&mut self, body: ExprId, within_us: u64, within: ExprId) {
        let mut seen: Vec<RetryId> = Vec::new();
        for step in steps(self.checker, body) {
            let Some(retry) = self.checker.typed.calls.get(step).and_then(|call| call.retry) else {
                continue;
            };
            let Some(policy) = self.checker.typed.retries.get(retry) else { continue };
            let Some(attempts) = policy.attempts else { continue };
            let waits_us = own_waits_us(policy, attempts);
            let needed_us = if policy.jitter == flow_hir::Jitter::Full { waits_us / 2 } else { waits_us };
            if needed_us < within_us || seen.contains(&retry) {
                continue;
            }
            seen.push(retry);
            let name = &self.checker.program.retries[retry].name;
            let mut diagnostic = Diagnostic::new(
                &codes::F0801,
                self.checker.span(within),
                format!(
                    "policy `{}` does not fit into {}: its waits alone take {}",
                    name.text,
                    duration_words(within_us),
                    duration_words(needed_us)
                ),
            )
            .also(self.checker.span(step), "used here")
            .also(name.span, "declared here")
            .help("allow more time, or a policy with fewer attempts");
            // The deadline may be meant to cut it: that is a doubt, not a mistake.
            diagnostic.severity = flow_diagnostics::Severity::Warning;
            self.checker.report(diagnostic);
        }
    }

    fn cost(&mut self, expr: ExprId) -> Cost {
        flow_hir::deeper(|| self.cost_of(expr))
    }

    fn cost_of(&mut self, expr: ExprId) -> Cost {
        let program = self.checker.program;
        match &program.exprs[expr].kind {
            ExprKind::CallOperation { operation, arguments, .. } => {
                let mut cost = Cost::NOTHING;
                for argument in arguments {
                    cost = cost.then(self.cost(argument.value));
                }
                cost.then(self.step(expr, *operation))
            }
            ExprKind::Undo { body, .. } => Cost { undo_us: self.cost(*body).time_us, ..Cost::NOTHING },
            ExprKind::CallWorkflow { workflow, arguments, detached, .. } => {
                let mut cost = Cost::NOTHING;
                for argument in arguments {
                    cost = cost.then(self.cost(argument.value));
                }
                if *detached { cost } else { cost.then(self.child(expr, *workflow)) }
            }
            ExprKind::Block(block) => {
                let mut cost = Cost::NOTHING;
                let mut may_return = false;
                let parts = block.statements.iter().map(|statement| match statement {
                    Statement::Let { value, .. } | Statement::Assign { value, .. } => *value,
                    Statement::Expr(expr) => *expr,
                });
                for part in parts.chain(block.value) {
                    let mut next = self.cost(part);
                    if may_return {
                        next.least_us = 0;
                    }
                    cost = cost.then(next);
                    may_return |= self.may_leave(part);
                }
                cost
            }
            ExprKind::If { condition, then, otherwise } => {
                let condition = self.cost(*condition);
                let then = self.cost(*then);
                let otherwise = otherwise.map_or(Cost::NOTHING, |otherwise| self.cost(otherwise));
                condition.then(then.or(otherwise))
            }
            ExprKind::Match { value, arms, .. } => {
                let value = self.cost(*value);
                let arms = arms.iter().map(|arm| self.cost(arm.body)).reduce(Cost::or);
                value.then(arms.unwrap_or(Cost::NOTHING))
            }
            ExprKind::Parallel { branches, .. } => branches
                .iter()
                .map(|branch| self.cost(branch.body))
                .reduce(Cost::beside)
                .unwrap_or(Cost::NOTHING),
            ExprKind::Race { count, branches, .. } => {
                let before = count.map_or(Cost::NOTHING, |count| self.cost(count));
                before.then(self.race(*count, branches))
            }
            ExprKind::ForBranches { iterable, race, count, body, .. } => {
                let before = self.cost(*iterable).then(self.cost(*count));
                let width = if *race { Some(WIDTH_MAX) } else { self.written(*count) };
                let elements = self.count(*iterable);
                let body = self.cost(*body);
                let rounds = elements.zip(width).map(|(elements, width)| elements.div_ceil(width.max(1)));
                // Where the width is not known, the elements may run one after another.
                let time_us = multiply(body.time_us, rounds.or(elements));
                before.then(Cost { time_us, ..body.times(elements) })
            }
            // Nobody but the server knows how many pages there are.
            ExprKind::For { iterable, pages: Some(_), body, .. } => {
                let once = self.cost(*iterable).then(self.cost(*body));
                Cost { time_us: None, ..once.times(None) }
            }
            ExprKind::For { iterable, body, .. } => {
                let iterable_cost = self.cost(*iterable);
                let count = self.count(*iterable);
                let body = self.cost(*body);
                iterable_cost.then(body.times(count))
            }
            ExprKind::While { condition, body, .. } => {
                let once = self.cost(*condition).then(self.cost(*body));
                let mut cost = once.times(None);
                // Even an empty loop may go on for ever.
                cost.time_us = None;
                cost
            }
            ExprKind::Within { duration, body, .. } => {
                let cost = self.cost(*body);
                match program.exprs[*duration].kind {
                    ExprKind::Duration(micros) => {
                        self.bounded(cost, u64::try_from(micros).unwrap_or(0), *duration)
                    }
                    _ => cost,
                }
            }
            ExprKind::Sleep { duration, until } => match program.exprs[*duration].kind {
                ExprKind::Duration(micros) if !until => {
                    let micros = u64::try_from(micros).unwrap_or(0);
                    Cost { time_us: Some(micros), least_us: micros, ..Cost::NOTHING }
                }
                _ => Cost { time_us: None, ..Cost::NOTHING },
            },
            ExprKind::Receive { within, .. } => {
                let waits = Cost { time_us: None, ..Cost::NOTHING };
                self.within_clause(waits, *within)
            }
            ExprKind::Poll { every, within, body, until, .. } => {
                let once = self.cost(*body).then(self.cost(*until));
                let literal = |expr: ExprId| match program.exprs[expr].kind {
                    ExprKind::Duration(micros) => u64::try_from(micros).ok().filter(|micros| *micros > 0),
                    _ => None,
                };
                // It is asked at once, and then every so often.
                let count = within.and_then(literal).zip(literal(*every));
                let count = count.map(|(within, every)| (within / every).saturating_add(1));
                let mut cost = once.times(count);
                cost.time_us = None;
                self.within_clause(cost, *within)
            }
            ExprKind::Try { body, catches, finally, .. } => {
                let body = self.cost(*body);
                let caught = catches.iter().map(|catch| self.cost(catch.body)).reduce(Cost::or);
                let mut cost = body.then(caught.unwrap_or(Cost::NOTHING));
                // A body that fails early takes no time.
                cost.least_us = if catches.is_empty() { body.least_us } else { 0 };
                // No deadline around cuts off a `finally`.
                let after = finally.map_or(Cost::NOTHING, |finally| self.cost(finally));
                let after_us = add(cost.after_us, after.time_us);
                Cost { after_us, ..cost.then(Cost { least_us: 0, ..after }) }
            }
            _ => {
                let mut children = Vec::new();
                program.for_each_child(expr, |child| children.push(child));
                children.into_iter().fold(Cost::NOTHING, |cost, child| cost.then(self.cost(child)))
            }
        }
    }

    /// Branches of which the first ones that succeed end the others. What the others still do afterwards, they do
    /// beside what follows: it counts among the calls and the undo time.
    fn race(&mut self, count: Option<ExprId>, branches: &[Branch]) -> Cost {
        let costs: Vec<Cost> = branches.iter().map(|branch| self.cost(branch.body)).collect();
        let due = match count {
            None => Some(1),
            Some(count) => self.written(count),
        };
        let mut total = costs.iter().copied().reduce(Cost::beside).unwrap_or(Cost::NOTHING);
        let nth = |mut times: Vec<u64>, due: Option<u64>| {
            times.sort_unstable();
            usize::try_from(due?.checked_sub(1)?).ok().and_then(|index| times.get(index).copied())
        };
        // As many as are due are sure to succeed by then.
        let sure = branches
            .iter()
            .zip(&costs)
            .filter(|(branch, _)| self.checker.typed.unfailing.get(branch.body).is_some());
        let by_then = nth(sure.filter_map(|(_, cost)| cost.time_us).collect(), due);
        // The attempts of losers that are under way then are awaited, and a `finally` runs to its end.
        let ends = by_then.and_then(|by_then| add(Some(by_then), self.losers_end(branches)));
        total.time_us = match (total.time_us, ends) {
            (Some(time_us), Some(ends)) => Some(time_us.min(ends)),
            (time_us, ends) => time_us.or(ends),
        };
        total.least_us = nth(costs.iter().map(|cost| cost.least_us).collect(), due).unwrap_or(0);
        total
    }

    /// The longest time that branches which are told to stop still take; their undos are counted apart.
    fn losers_end(&mut self, branches: &[Branch]) -> Option<u64> {
        let mut longest = Some(0);
        for branch in branches {
            let mut seen = FxHashSet::default();
            let mut time_us = Some(self.longest_attempt(branch.body, &mut seen));
            let mut finals = Vec::new();
            self.checker.program.for_each_inside(branch.body, &mut |expr| {
                if let ExprKind::Try { finally: Some(finally), .. } = self.checker.program.exprs[expr].kind {
                    finals.push(finally);
                }
            });
            for finally in finals {
                time_us = add(time_us, self.cost(finally).time_us);
            }
            longest = greater(longest, time_us);
        }
        longest
    }

    /// The longest time of one attempt of a step in a body, and in the children that it calls.
    fn longest_attempt(&self, body: ExprId, seen: &mut FxHashSet<WorkflowId>) -> u64 {
        let mut longest = 0;
        for call in calls(self.checker, body) {
            longest = longest.max(match self.checker.program.exprs[call].kind {
                ExprKind::CallWorkflow { workflow, .. } if seen.insert(workflow) => {
                    self.longest_attempt(self.checker.program.workflows[workflow].body, seen)
                }
                _ => self.checker.typed.calls.get(call).map_or(0, |call| call.timeout_us),
            });
        }
        longest
    }

    /// A number that is written there.
    fn written(&self, expr: ExprId) -> Option<u64> {
        match self.checker.program.exprs[expr].kind {
            ExprKind::Int(number) => u64::try_from(number).ok(),
            _ => None,
        }
    }

    /// What is bounded by a `within` clause, where one stands.
    fn within_clause(&mut self, cost: Cost, within: Option<ExprId>) -> Cost {
        match within.map(|within| (within, &self.checker.program.exprs[within].kind)) {
            Some((within, ExprKind::Duration(micros))) => {
                self.bounded(cost, u64::try_from(*micros).unwrap_or(0), within)
            }
            _ => cost,
        }
    }

    /// Whether an expression may end the workflow, or a loop, with success.
    fn may_leave(&self, expr: ExprId) -> bool {
        let mut leaves = false;
        self.checker.program.for_each_inside(expr, &mut |inside| {
            leaves |= matches!(
                self.checker.program.exprs[inside].kind,
                ExprKind::Return { .. } | ExprKind::Break | ExprKind::Continue
            );
        });
        leaves
    }

    /// How many elements a `for` goes over, where that is known.
    fn count(&self, iterable: ExprId) -> Option<u64> {
        let program = self.checker.program;
        match &program.exprs[iterable].kind {
            ExprKind::Local(_) | ExprKind::Field { .. } => list_bound::most(self.checker, iterable),
            ExprKind::List(items) if items.iter().all(|item| matches!(item, ListItem::Item(_))) => {
                u64::try_from(items.len()).ok()
            }
            ExprKind::Binary { op: BinaryOp::Range, left, right, .. } => {
                match (&program.exprs[*left].kind, &program.exprs[*right].kind) {
                    (ExprKind::Int(from), ExprKind::Int(to)) => {
                        let count = to.checked_sub(*from)?.checked_add(1)?;
                        Some(u64::try_from(count).unwrap_or(0))
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// One step with its attempts, and its undo.
    fn step(&mut self, expr: ExprId, operation: OperationId) -> Cost {
        let typed = &self.checker.typed;
        let Some(call) = typed.calls.get(expr) else { return Cost::NOTHING };
        let (mut time_us, mut calls) = self.attempts(call.timeout_us, call.retry);
        if let Some((each_us, requests)) = self.confirmation(operation) {
            // Each attempt may have to be confirmed; `within` limits those before the last one.
            let policy = call.retry.and_then(|retry| typed.retries.get(retry));
            let limited = policy.is_some_and(|policy| policy.within_us.is_some());
            let attempts = policy.map_or(Some(1), |policy| policy.attempts).map(u64::from);
            let times = if limited { Some(1) } else { attempts };
            let product = |a: Option<u64>, b: Option<u64>| Some(a?.saturating_mul(b?));
            time_us = add(time_us, product(times, each_us));
            calls = add(calls, product(attempts, requests));
        }
        let undo_us = match (&call.undo, typed.operations.get(operation).map(|operation| &operation.undo)) {
            (StepUndo::Operation, Some(OperationUndo::Call { operation, .. })) => {
                self.operation_time(*operation)
            }
            (StepUndo::Compensate { body, .. }, _) => {
                let body = *body;
                self.cost(body).time_us
            }
            _ => Some(0),
        };
        Cost { time_us, calls, undo_us, ..Cost::NOTHING }
    }

    /// The longest time and the most requests of what settles an unknown outcome, where something does.
    fn confirmation(&self, operation: OperationId) -> Option<(Option<u64>, Option<u64>)> {
        let confirm = self.checker.typed.operations.get(operation)?.confirm?;
        let ExprKind::CallOperation { operation, .. } = self.checker.program.exprs[confirm].kind else {
            return None;
        };
        let asked = self.checker.typed.operations.get(operation)?;
        Some(self.attempts(asked.timeout_us, asked.retry))
    }

    /// A child with what undoes it: it undoes itself where it fails, and is undone where it has succeeded.
    fn child(&mut self, expr: ExprId, workflow: WorkflowId) -> Cost {
        let mut cost = self.workflow(workflow);
        if self.checker.program.workflows[workflow].key.is_some() {
            // Its result may be there already.
            cost.least_us = 0;
        }
        if self.checker.program.workflows[workflow].one_per.is_some() {
            // It waits for its turn, and nobody knows how many are before it.
            cost.time_us = None;
        }
        let undo = match self.checker.typed.children.get(expr) {
            Some(StepUndo::Compensate { body, .. }) => Some(*body),
            Some(StepUndo::Operation) => {
                self.checker.program.workflows[workflow].undo.as_ref().map(|undo| undo.call)
            }
            _ => None,
        };
        if let Some(undo) = undo {
            cost.undo_us = add(cost.undo_us, self.cost(undo).time_us);
        }
        cost
    }

    fn operation_time(&self, operation: OperationId) -> Option<u64> {
        let operation = self.checker.typed.operations.get(operation)?;
        self.attempts(operation.timeout_us, operation.retry).0
    }

    /// The longest time and the most requests of a call.
    fn attempts(&self, timeout_us: u64, retry: Option<RetryId>) -> (Option<u64>, Option<u64>) {
        let Some(policy) = retry.and_then(|retry| self.checker.typed.retries.get(retry)) else {
            return (Some(timeout_us), Some(1));
        };
        let Some(attempts) = policy.attempts else {
            let time_us = match policy.exhausted {
                Exhausted::Fail => policy.within_us.map(|within_us| within_us.saturating_add(timeout_us)),
                Exhausted::Pause => None,
            };
            return (time_us, None);
        };
        let waits_us = waits_us(policy, attempts);
        let mut time_us = timeout_us.saturating_mul(u64::from(attempts)).saturating_add(waits_us);
        // No attempt begins after `within`; one that began before has its timeout.
        if let Some(within_us) = policy.within_us {
            time_us = time_us.min(within_us.saturating_add(timeout_us));
        }
        match policy.exhausted {
            Exhausted::Fail => (Some(time_us), Some(u64::from(attempts))),
            // An operator may let it go on, any time later.
            Exhausted::Pause => (None, None),
        }
    }
}

/// The waits of a policy as it says itself, jitter at its longest.
pub(super) fn own_waits_us(policy: &CheckedRetry, attempts: u32) -> u64 {
    (1..attempts).fold(0u64, |total, wait| total.saturating_add(own_wait_us(policy, wait)))
}

/// The longest waits: a server can ask for more than the policy says, up to its `max`.
fn waits_us(policy: &CheckedRetry, attempts: u32) -> u64 {
    let asked_us =
        if policy.respect_retry_after && (!policy.statuses.is_empty() || !policy.on_errors.is_empty()) {
            match policy.backoff {
                CheckedBackoff::Linear { max_us: Some(max_us), .. }
                | CheckedBackoff::Exponential { max_us: Some(max_us), .. } => max_us,
                _ => ASKED_US_MAX,
            }
        } else {
            0
        };
    (1..attempts).fold(0u64, |total, wait| total.saturating_add(own_wait_us(policy, wait).max(asked_us)))
}

/// The wait after an attempt, counted from 1.
fn own_wait_us(policy: &CheckedRetry, attempt: u32) -> u64 {
    match policy.backoff {
        CheckedBackoff::None => 0,
        CheckedBackoff::Fixed { delay_us } => delay_us,
        CheckedBackoff::Linear { initial_us, step_us, max_us } => {
            let wait = initial_us.saturating_add(step_us.saturating_mul(u64::from(attempt - 1)));
            wait.min(max_us.unwrap_or(u64::MAX))
        }
        CheckedBackoff::Exponential { initial_us, factor_milli, max_us } => {
            let max_us = max_us.unwrap_or(ASKED_US_MAX);
            let mut wait = u128::from(initial_us);
            for _ in 1..attempt {
                if wait >= u128::from(max_us) {
                    break;
                }
                wait = wait * u128::from(factor_milli) / 1_000;
            }
            u64::try_from(wait).unwrap_or(u64::MAX).min(max_us)
        }
    }
}

/// A duration as it is written: the two largest units.
pub(crate) fn duration_words(micros: u64) -> String {
    const UNITS: [(u64, &str); 5] =
        [(86_400_000_000, "d"), (3_600_000_000, "h"), (60_000_000, "m"), (1_000_000, "s"), (1_000, "ms")];
    let mut left = micros;
    let mut words = String::new();
    let mut parts = 0;
    for (unit, name) in UNITS {
        let count = left / unit;
        if count > 0 && parts < 2 {
            words.push_str(&format!("{count}{name}"));
            parts += 1;
        } else if parts == 1 {
            break;
        }
        left %= unit;
    }
    if words.is_empty() { "0s".into() } else { words }
}
