//! One call, from its first attempt to its end.

use std::{
    sync::{Arc, MutexGuard, PoisonError},
    time::Duration,
};

use flow_http::{
    Attempt, Draft, Exchange, Limits, NetError, Parts, Timings,
    retry::{self, Decision, Failed, Fault, GiveUp},
    retry_after_us,
};
use flow_journal::{AttemptEnded, AttemptStarted, Record};
use flow_plan::{Api, EffectClass, Operation, OperationId, Policy, RetryOn, Step};
use flow_vm::{CallAnswer, CallEffect, CompletionResult, EffectId, Refusal};

use super::{
    Driver, STEPS_REPORTED_MAX,
    answer::{self, Doubt},
    intent,
};
use crate::{
    Action, AttemptId, AttemptReport, CallName, Context, Delay, EventKind, Retry, Sending, StepReport,
    TimerId, idempotency_key, random::unit,
};

/// Of the body of an attempt that is not the last, so much is written down: 4 KiB.
const EXCERPT_MAX: usize = 4 << 10;

/// A call that is not finished.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) effect: EffectId,
    pub(super) call: Arc<CallEffect>,
    pub(super) draft: Draft,
    /// Whether the draft is written down.
    pub(super) recorded: bool,
    /// The attempts that have begun.
    pub(super) attempts: u32,
    /// When the first one began, on the monotonic clock; before its beginning, for one of an earlier process.
    pub(super) first_us: Option<i64>,
    /// Whether one of them may have reached the server.
    pub(super) arrived: bool,
    /// Why it is open whether it took effect, where it is.
    pub(super) doubt: Option<Doubt>,
    /// Whether the machine no longer waits for more attempts.
    pub(super) cancelled: bool,
    pub(super) phase: Phase,
    /// Where it stands among the reports, if it is reported.
    pub(super) report: Option<usize>,
}

/// What a call waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// A moment, and then the permission to send.
    Wait { due_us: u64 },
    /// The moment at which it may be sent; its place in the queue is taken.
    Slot { due_us: u64 },
    /// The answer. Where a deadline is nearer than the step's own limit, it is that which cuts the attempt off.
    Answer { since_us: u64, deadline: Option<EffectId> },
    /// The deadline that has cut it off, or will before another attempt is due: the machine is told of that first.
    Deadline,
    /// An operator.
    Operator,
}

impl Call {
    pub(super) fn is_under_way(&self) -> bool {
        matches!(self.phase, Phase::Answer { .. })
    }

    /// The time since the first attempt began.
    pub(super) fn elapsed_us(&self, now_us: u64) -> u64 {
        let now_us = i64::try_from(now_us).unwrap_or(i64::MAX);
        u64::try_from(self.first_us.map_or(0, |first_us| now_us.saturating_sub(first_us))).unwrap_or(0)
    }

    /// When it goes on by itself.
    pub(super) fn due_us(&self) -> Option<u64> {
        match self.phase {
            Phase::Wait { due_us } | Phase::Slot { due_us } => Some(due_us),
            Phase::Answer { .. } | Phase::Deadline | Phase::Operator => None,
        }
    }
}

/// The entries of the plan that a call is about.
#[derive(Clone, Copy)]
struct Tables<'a> {
    step: &'a Step,
    operation_id: OperationId,
    operation: &'a Operation,
    api: &'a Api,
    policy: Option<&'a Policy>,
}

impl Driver {
    fn tables<'a>(program: &'a flow_vm::Program, call: &CallEffect) -> Option<Tables<'a>> {
        let plan = program.plan();
        let step = plan.step(call.step)?;
        let operation = plan.operation(step.operation)?;
        let api = plan.api(operation.api)?;
        let policy = step.retry.and_then(|id| plan.policy(id));
        Some(Tables { step, operation_id: step.operation, operation, api, policy })
    }

    /// Begins a call that the machine asks for.
    pub(super) fn begin_call(
        &mut self,
        effect: EffectId,
        call: CallEffect,
        report: Option<usize>,
        context: &mut Context<'_>,
    ) {
        let Some(tables) = Self::tables(&self.program, &call) else {
            return self.refuse(effect, format!("the plan has no step {}", call.step), context);
        };
        let key = idempotency_key(self.execution, &call.path);
        let parts = Parts {
            path: &call.request.path,
            query: &call.request.query,
            headers: &call.request.headers,
            body: call.request.body.as_deref(),
        };
        match Draft::new(self.program.plan(), tables.operation_id, parts, &key) {
            Ok(draft) => self.ask(
                Call {
                    effect,
                    call: Arc::new(call),
                    draft,
                    recorded: false,
                    attempts: 0,
                    first_us: None,
                    arrived: false,
                    doubt: None,
                    cancelled: false,
                    phase: Phase::Deadline,
                    report,
                },
                context,
            ),
            Err(error) => self.refuse(effect, error.to_string(), context),
        }
    }

    fn refuse(&mut self, effect: EffectId, message: String, context: &Context<'_>) {
        let answer = CallAnswer::Refused { reason: Refusal::Setting, message };
        self.complete(effect, CompletionResult::Call(answer), context);
    }

    /// Names a call in the report; nothing beyond the most that are named.
    pub(super) fn report_call(&mut self, call: &CallEffect) -> Option<usize> {
        if self.reports.len() >= STEPS_REPORTED_MAX {
            return None;
        }
        self.reports.push(StepReport {
            step: call.step,
            path: call.path.clone(),
            name: self.plan().step_name(call.step),
            undoes: call.undoes,
            attempts: Vec::new(),
        });
        Some(self.reports.len() - 1)
    }

    /// The wait before an attempt is over.
    pub(super) fn attempt_due(&mut self, effect: EffectId, context: &mut Context<'_>) {
        let Some(call) = self.calls.remove(&effect) else { return };
        let due = |due_us| due_us <= context.now.mono_us;
        match call.phase {
            Phase::Wait { due_us } if due(due_us) => self.ask(call, context),
            Phase::Slot { due_us } if due(due_us) => self.send(call, context),
            // It comes early, or too late: nothing waits for it.
            Phase::Wait { due_us } | Phase::Slot { due_us } => self.wait(call, due_us),
            _ => self.keep(call),
        }
    }

    /// Asks for the permission to send: of the retry budget, then of the rates.
    pub(super) fn ask(&mut self, mut call: Call, context: &mut Context<'_>) {
        let Some(tables) = Self::tables(&self.program, &call.call) else { return };
        let now_us = context.now.mono_us;
        let mut limits = lock(context);
        if call.attempts == 0 {
            limits.request(tables.api, now_us);
        } else if let Err(wait_us) = limits.retry(tables.api, now_us) {
            drop(limits);
            self.show_delay(&call, Delay::RetryBudget, wait_us, context);
            call.phase = Phase::Wait { due_us: now_us.saturating_add(wait_us) };
            return self.wait(call, now_us.saturating_add(wait_us));
        }
        let at_us = limits.rate(tables.api, tables.operation, now_us);
        drop(limits);
        if at_us <= now_us {
            return self.send(call, context);
        }
        self.show_delay(&call, Delay::Rate, at_us - now_us, context);
        call.phase = Phase::Slot { due_us: at_us };
        self.wait(call, at_us);
    }

    /// Waits in the phase that the call is in, until a moment.
    pub(super) fn wait(&mut self, call: Call, at_us: u64) {
        self.actions.push(Action::SetTimer { timer: TimerId::Attempt(call.effect), at_us });
        self.keep(call);
    }

    pub(super) fn keep(&mut self, call: Call) {
        self.calls.insert(call.effect, call);
    }

    /// Sends an attempt, after everything that it rests on.
    fn send(&mut self, mut call: Call, context: &mut Context<'_>) {
        let program = Arc::clone(&self.program);
        let Some(tables) = Self::tables(&program, &call.call) else { return };
        let now = context.now;
        let (limit_us, deadline) = match self.time_left(&call, tables, now.mono_us) {
            TimeLeft::For(limit_us, deadline) => (limit_us, deadline),
            TimeLeft::Nothing => {
                call.phase = Phase::Deadline;
                return self.keep(call);
            }
            TimeLeft::Never => return self.drop_call(call, context),
        };
        call.attempts += 1;
        call.first_us.get_or_insert(i64::try_from(now.mono_us).unwrap_or(i64::MAX));
        self.report_attempt(&call, now.wall_us);
        let attempt =
            Attempt { turn: lock(context).turn(tables.api), timeout: Duration::from_micros(limit_us) };
        let filled = call.draft.fill(program.plan(), tables.operation.api, context.settings, attempt);
        let request = match filled {
            Ok(request) => request,
            Err(error) => {
                let exchange = Exchange { result: Err(error), timings: Timings::default() };
                call.phase = Phase::Answer { since_us: now.mono_us, deadline };
                return self.ended(call, exchange, context);
            }
        };
        self.record_attempt(&mut call, tables, origin(&request.url), now.wall_us);
        call.phase = Phase::Answer { since_us: now.mono_us, deadline };
        self.show(
            EventKind::AttemptStarted {
                call: self.name(&call),
                number: call.attempts,
                method: request.method.as_str(),
                url: shown_url(&request.url, &call.draft),
            },
            context,
        );
        self.actions.push(Action::Send(Box::new(Sending {
            attempt: AttemptId { effect: call.effect, number: call.attempts },
            call: Arc::clone(&call.call),
            operation: tables.operation_id,
            request,
        })));
        self.keep(call);
    }

    /// Writes down what must be known before an attempt goes out.
    fn record_attempt(&mut self, call: &mut Call, tables: Tables<'_>, origin: String, at_us: i64) {
        let class = tables.operation.class;
        if class != EffectClass::Safe && !call.recorded {
            let key = idempotency_key(self.execution, &call.call.path);
            let (effect, path) = (call.effect, &call.call.path);
            let intent = intent::to_record(self.plan(), effect, path, class, &key, &call.draft, at_us);
            self.records.push(Record::Intent(intent));
            call.recorded = true;
            self.must_commit = true;
        }
        self.records.push(Record::AttemptStarted(AttemptStarted {
            effect: call.effect.0,
            attempt: call.attempts,
            origin,
            at_us,
        }));
        // Of an unsafe call each attempt must be known: only what surely was not sent is sent again.
        self.must_commit |= class == EffectClass::Unsafe;
    }

    /// How long the next attempt may take.
    fn time_left(&self, call: &Call, tables: Tables<'_>, now_us: u64) -> TimeLeft {
        let mut limit_us = tables.step.timeout_us;
        if let Some(within_us) = tables.policy.and_then(|policy| policy.within_us) {
            let left_us = within_us.saturating_sub(call.elapsed_us(now_us));
            if left_us == 0 {
                return TimeLeft::Never;
            }
            limit_us = limit_us.min(left_us);
        }
        let mut cutting = None;
        for deadline in &call.call.deadlines {
            // A deadline that is no longer set has passed, and the machine was told.
            let Some(timer) = self.timers.get(deadline) else {
                return TimeLeft::Never;
            };
            let left_us = timer.due_us.saturating_sub(now_us);
            if left_us == 0 {
                return TimeLeft::Nothing;
            }
            if left_us <= limit_us {
                limit_us = left_us;
                cutting = Some(*deadline);
            }
        }
        TimeLeft::For(limit_us, cutting)
    }

    /// An attempt has ended.
    pub(super) fn attempt_ended(&mut self, id: AttemptId, exchange: Exchange, context: &mut Context<'_>) {
        match self.calls.remove(&id.effect) {
            Some(call) if call.is_under_way() && call.attempts == id.number => {
                self.ended(call, exchange, context)
            }
            // An answer to an attempt that nobody waits for.
            Some(call) => self.keep(call),
            None => {}
        }
    }

    fn ended(&mut self, mut call: Call, mut exchange: Exchange, context: &mut Context<'_>) {
        let program = Arc::clone(&self.program);
        let Some(tables) = Self::tables(&program, &call.call) else { return };
        answer::redact(&mut exchange, context.settings.redactor());
        let again = call.call.undoes || call.arrived;
        let checks = tables.policy.is_some_and(|policy| policy.on.contains(&RetryOn::Decode));
        let fault = retry::fault(tables.operation, &exchange.result, again, |response| {
            !checks || program.check_response(tables.operation_id, response.status, &response.body).is_ok()
        });
        match &exchange.result {
            Err(NetError::NotSent { .. }) => {}
            Err(NetError::Unanswered { reason, message }) => {
                call.arrived = true;
                call.doubt = Some((answer::unknown(*reason), message.clone()));
            }
            Ok(response) => {
                call.arrived = true;
                call.doubt = answer::doubt(tables.operation, response, fault, again);
            }
        }
        let next = self.next(&call, tables, fault, &exchange, context);
        self.record_end(&call, &exchange, fault, next, context);
        match next {
            Next::Conclude => {
                let undoes = call.call.undoes;
                let doubt = call.doubt.clone();
                let answer = answer::conclusion(tables.operation, exchange.result, fault, undoes, doubt);
                self.conclude(call, answer, context);
            }
            Next::Again(retry) => {
                let at_us = context.now.mono_us.saturating_add(retry.after_us);
                call.phase = Phase::Wait { due_us: at_us };
                if retry.after_us == 0 {
                    self.ask(call, context);
                } else {
                    self.wait(call, at_us);
                }
            }
            Next::Deadline => {
                if let Some((reason, _)) = &mut call.doubt {
                    *reason = flow_vm::UnknownReason::CutOff;
                }
                call.phase = Phase::Deadline;
                self.keep(call);
            }
            Next::Operator(why) => {
                let name = self.plan().step_name(call.call.step);
                self.paused =
                    Some(format!("`{name}` has failed {}, and its policy says `pause`", describe(why)));
                call.phase = Phase::Operator;
                self.keep(call);
            }
        }
        // What is known of an unsafe call is durable before anything else goes out.
        self.must_commit |= tables.operation.class == EffectClass::Unsafe;
    }

    fn next(
        &self,
        call: &Call,
        tables: Tables<'_>,
        fault: Option<Fault>,
        exchange: &Exchange,
        context: &mut Context<'_>,
    ) -> Next {
        let Some(fault) = fault else { return Next::Conclude };
        if call.cancelled {
            return Next::Conclude;
        }
        let Phase::Answer { deadline, .. } = call.phase else { return Next::Conclude };
        let timed_out = matches!(
            fault,
            Fault::Unanswered(flow_http::Unanswered::Timeout) | Fault::NotSent(flow_http::NotSent::Timeout)
        );
        if timed_out && deadline.is_some_and(|deadline| self.timers.contains_key(&deadline)) {
            return Next::Deadline;
        }
        let asked = match &exchange.result {
            Ok(response) => {
                response.header("retry-after").and_then(|value| retry_after_us(value, context.now.wall_us))
            }
            Err(_) => None,
        };
        let failed = Failed {
            fault,
            attempts: call.attempts,
            elapsed_us: call.elapsed_us(context.now.mono_us),
            retry_after_us: asked,
        };
        match retry::decide(tables.policy, tables.operation.class, failed, unit(context.random)) {
            Decision::Again { after_us, asked } => Next::Again(Retry { after_us, asked }),
            Decision::GiveUp(_) => Next::Conclude,
            Decision::Pause(why) => Next::Operator(why),
        }
    }

    fn record_end(
        &mut self,
        call: &Call,
        exchange: &Exchange,
        fault: Option<Fault>,
        next: Next,
        context: &Context<'_>,
    ) {
        let Phase::Answer { since_us, .. } = call.phase else { return };
        let result = answer::result(&exchange.result, fault.is_none());
        let retry = if let Next::Again(retry) = next { Some(retry) } else { None };
        let retry_after_us = retry.map(|retry| retry.after_us);
        let excerpt = match &exchange.result {
            Ok(response) if !matches!(next, Next::Conclude) => {
                response.body.get(..response.body.len().min(EXCERPT_MAX)).unwrap_or_default().to_vec()
            }
            _ => Vec::new(),
        };
        self.records.push(Record::AttemptEnded(AttemptEnded {
            effect: call.effect.0,
            attempt: call.attempts,
            outcome: answer::to_record(&result),
            excerpt,
            connect_us: exchange.timings.connect_us,
            wait_us: exchange.timings.wait_us,
            read_us: exchange.timings.read_us,
            retry_after_us,
            at_us: context.now.wall_us,
        }));
        let took_us = context.now.mono_us.saturating_sub(since_us);
        if let Some(report) = self.last_attempt(call) {
            report.took_us = Some(took_us);
            report.result = Some(result.clone());
            report.retry_after_us = retry_after_us;
        }
        let event =
            EventKind::AttemptEnded { call: self.name(call), number: call.attempts, result, took_us, retry };
        self.show(event, context);
    }

    fn conclude(&mut self, call: Call, answer: CallAnswer, context: &Context<'_>) {
        let class = Self::tables(&self.program, &call.call).map(|tables| tables.operation.class);
        self.must_commit |= class == Some(EffectClass::Unsafe);
        self.complete(call.effect, CompletionResult::Call(answer), context);
    }

    /// The machine no longer waits for more attempts of a call.
    pub(super) fn cancel_call(&mut self, effect: EffectId, context: &mut Context<'_>) {
        let Some(mut call) = self.calls.remove(&effect) else { return };
        call.cancelled = true;
        if call.is_under_way() {
            // What it does is worth knowing: it may have to be undone.
            return self.keep(call);
        }
        self.drop_call(call, context);
    }

    /// Ends a call with what is known of it.
    pub(super) fn drop_call(&mut self, mut call: Call, context: &Context<'_>) {
        if call.due_us().is_some() {
            self.actions.push(Action::ClearTimer(TimerId::Attempt(call.effect)));
        }
        let answer = answer::unfinished(call.doubt.take());
        self.conclude(call, answer, context);
    }

    fn report_attempt(&mut self, call: &Call, at_us: i64) {
        let attempt =
            AttemptReport { number: call.attempts, at_us, took_us: None, result: None, retry_after_us: None };
        if let Some(report) = call.report.and_then(|index| self.reports.get_mut(index)) {
            report.attempts.push(attempt);
        }
    }

    fn last_attempt(&mut self, call: &Call) -> Option<&mut AttemptReport> {
        self.reports.get_mut(call.report?)?.attempts.last_mut()
    }

    fn name(&self, call: &Call) -> CallName {
        CallName {
            step: call.call.step,
            path: call.call.path.clone(),
            name: self.plan().step_name(call.call.step),
            undoes: call.call.undoes,
        }
    }

    fn show_delay(&mut self, call: &Call, why: Delay, wait_us: u64, context: &Context<'_>) {
        self.show(EventKind::Delayed { call: self.name(call), why, wait_us }, context);
    }
}

/// What follows an attempt.
#[derive(Clone, Copy)]
enum Next {
    Conclude,
    Again(Retry),
    Deadline,
    Operator(GiveUp),
}

/// How long an attempt may take.
enum TimeLeft {
    /// So many microseconds, and the deadline that sets the limit.
    For(u64, Option<EffectId>),
    /// A deadline is due, and the machine is about to be told.
    Nothing,
    /// The time for all attempts is over, or a deadline has passed.
    Never,
}

fn describe(why: GiveUp) -> &'static str {
    match why {
        GiveUp::Attempts => "in all its attempts",
        GiveUp::Within => "for as long as it is tried",
        GiveUp::NotRetried | GiveUp::SentOnce => "for good",
    }
}

fn lock<'a>(context: &Context<'a>) -> MutexGuard<'a, Limits> {
    // Nothing panics while it holds the lock.
    context.limits.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Scheme, host and port.
fn origin(url: &str) -> String {
    url.splitn(4, '/').take(3).collect::<Vec<_>>().join("/")
}

/// The URL with the query of the draft alone: authentication may have added a key.
fn shown_url(url: &str, draft: &Draft) -> String {
    let path = url.split('?').next().unwrap_or_default();
    match draft.target.split_once('?') {
        Some((_, query)) => format!("{path}?{query}"),
        None => path.to_owned(),
    }
}
