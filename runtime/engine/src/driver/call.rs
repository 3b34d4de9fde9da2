//! One call: how it begins, what it waits for, how it ends. Its attempts stand in `attempt`.

use std::sync::{Arc, MutexGuard, PoisonError};

use flow_http::{Draft, Limits, Parts, Ticket, retry::GiveUp};
use flow_plan::{Api, Callee, EffectClass, Operation, OperationId, Policy};
use flow_vm::{Again, CallAnswer, CallEffect, CompletionResult, EffectId, Refusal};

use super::{
    Driver, STEPS_REPORTED_MAX,
    answer::{self, Doubt},
};
use crate::{Action, CallName, Context, Delay, EventKind, Now, StepReport, TimerId, idempotency_key};

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
    /// What the last attempt has come to, where another one was to follow: the call's error if there is no time for it.
    pub(super) last: Option<CallAnswer>,
    /// Where the last attempt went, if its answer may lead on from there. It may have a key in it.
    pub(super) url: String,
    /// Where it stands among the reports, if it is reported.
    pub(super) report: Option<usize>,
}

/// What a call waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// A moment, and then the permission to send.
    Wait { due_us: u64 },
    /// That fewer calls are under way.
    Line,
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

    /// How it goes on after so many microseconds, if it was not done.
    pub(super) fn again(&self, after_us: u64, exhausted: bool, now: Now) -> Again {
        let back = |us: u64| i64::try_from(us).unwrap_or(i64::MAX);
        Again {
            attempts: self.attempts,
            first_us: self.first_us.map(|_| now.wall_us.saturating_sub(back(self.elapsed_us(now.mono_us)))),
            due_us: now.wall_us.saturating_add(back(after_us)),
            exhausted,
        }
    }

    /// When it goes on by itself.
    pub(super) fn due_us(&self) -> Option<u64> {
        match self.phase {
            Phase::Wait { due_us } | Phase::Slot { due_us } => Some(due_us),
            Phase::Line | Phase::Answer { .. } | Phase::Deadline | Phase::Operator => None,
        }
    }
}

/// The entries of the plan that a call is about.
#[derive(Clone, Copy)]
pub(super) struct Tables<'a> {
    /// The limit on one attempt.
    pub(super) timeout_us: u64,
    pub(super) operation_id: OperationId,
    pub(super) operation: &'a Operation,
    pub(super) api: &'a Api,
    pub(super) policy: Option<&'a Policy>,
}

impl Driver {
    /// The entries of the plan that a call is about.
    pub(super) fn tables<'a>(program: &'a flow_vm::Program, call: &CallEffect) -> Option<Tables<'a>> {
        let plan = program.plan();
        let Callee::Operation { operation: operation_id, timeout_us, retry } = plan.step(call.step)?.callee
        else {
            return None;
        };
        let operation = plan.operation(operation_id)?;
        let api = plan.api(operation.api)?;
        let policy = retry.and_then(|id| plan.policy(id));
        Some(Tables { timeout_us, operation_id, operation, api, policy })
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
        let key = self.key(&call);
        let parts = Parts {
            path: &call.request.path,
            query: &call.request.query,
            headers: &call.request.headers,
            body: call.request.body.as_deref(),
            next: call.request.next.as_deref(),
            computed: &call.request.computed,
        };
        let draft = match Draft::new(self.program.plan(), tables.operation_id, parts, &key) {
            Ok(draft) => draft,
            Err(error) => return self.refuse(effect, error.to_string(), context),
        };
        let again = call.resumes;
        let mut call = Call {
            effect,
            call: Arc::new(call),
            draft,
            recorded: false,
            attempts: again.map_or(0, |again| again.attempts),
            first_us: again.and_then(|again| again.first_us).map(|at_us| context.now.since_mono(at_us)),
            // What an earlier attempt has done may be seen late.
            arrived: again.is_some(),
            doubt: None,
            cancelled: false,
            phase: Phase::Deadline,
            last: again.map(|_| not_done()),
            url: String::new(),
            report,
        };
        match again {
            Some(again) if again.exhausted => self.hold(call, GiveUp::Attempts),
            Some(again) if again.due_us > context.now.wall_us => {
                let due_us = context.now.mono_at(again.due_us);
                call.phase = Phase::Wait { due_us };
                self.wait(call, due_us);
            }
            _ => self.ask(call, context),
        }
    }

    /// The idempotency key of a call: the author's own, or that of the step's place.
    pub(super) fn key(&self, call: &CallEffect) -> String {
        let own = Self::tables(&self.program, call).and_then(|tables| tables.operation.form.key);
        match own {
            Some(own) => call.request.computed.get(usize::from(own)).cloned().unwrap_or_default(),
            None => idempotency_key(self.execution, &call.path),
        }
    }

    fn refuse(&mut self, effect: EffectId, message: String, context: &Context<'_>) {
        let answer = CallAnswer::Refused { reason: Refusal::Setting, message };
        self.complete(effect, CompletionResult::Call(answer), context);
    }

    /// Names a call in the report; nothing beyond the most that are named. One that goes on has its place.
    pub(super) fn report_call(&mut self, call: &CallEffect) -> Option<usize> {
        if call.resumes.is_some() {
            return reported(&self.reports, call);
        }
        if self.reports.len() >= STEPS_REPORTED_MAX {
            return None;
        }
        self.reports.push(StepReport {
            step: call.step,
            path: call.path.clone(),
            name: self.plan().step_name(call.step),
            undoes: call.undoes,
            attempts: Vec::new(),
            child: None,
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

    /// Asks for the permission to send: of the retry budget, then of those that are under way, then of the rates.
    pub(super) fn ask(&mut self, mut call: Call, context: &mut Context<'_>) {
        let Some(tables) = Self::tables(&self.program, &call.call) else { return };
        let now_us = context.now.mono_us;
        let mut limits = lock(context);
        if call.attempts == 0 {
            limits.request(tables.api, now_us);
        } else if let Err(wait_us) = limits.retry(tables.api, now_us) {
            drop(limits);
            let within_us = tables.policy.and_then(|policy| policy.within_us);
            if within_us.is_some_and(|within_us| call.elapsed_us(now_us).saturating_add(wait_us) >= within_us)
            {
                return self.give_up(call, context);
            }
            self.show_delay(&call, Delay::RetryBudget, wait_us, context);
            call.phase = Phase::Wait { due_us: now_us.saturating_add(wait_us) };
            return self.wait(call, now_us.saturating_add(wait_us));
        }
        drop(limits);
        self.line_up(call, context);
    }

    /// Takes its place among the calls that are under way, or waits in line.
    fn line_up(&mut self, mut call: Call, context: &mut Context<'_>) {
        let Some(tables) = Self::tables(&self.program, &call.call) else { return };
        if tables.api.concurrency.is_none() && tables.operation.concurrency.is_none() {
            return self.keep_rate(call, context);
        }
        // Who asks again is behind those who wait.
        self.give_place(call.effect, context);
        let ticket = self.ticket(call.effect);
        let Some(tables) = Self::tables(&self.program, &call.call) else { return };
        let enters = lock(context).enter(tables.api, tables.operation, ticket);
        self.places.insert(call.effect);
        if enters {
            return self.keep_rate(call, context);
        }
        self.show_delay(&call, Delay::Concurrency, 0, context);
        call.phase = Phase::Line;
        self.keep(call);
    }

    /// A place among the calls that are under way has become free for a call.
    pub(super) fn place_given(&mut self, effect: EffectId, context: &mut Context<'_>) {
        match self.calls.remove(&effect) {
            Some(call) if call.phase == Phase::Line => self.keep_rate(call, context),
            Some(call) => self.keep(call),
            None => {}
        }
    }

    /// Gives back the places of calls that are not under way, and do not wait to be.
    pub(super) fn give_places(&mut self, context: &Context<'_>) {
        let has_place = |effect: &EffectId| {
            let phase = self.calls.get(effect).map(|call| call.phase);
            !self.ended && matches!(phase, Some(Phase::Line | Phase::Slot { .. } | Phase::Answer { .. }))
        };
        let left: Vec<EffectId> = self.places.iter().copied().filter(|effect| !has_place(effect)).collect();
        for effect in left {
            self.give_place(effect, context);
        }
    }

    fn give_place(&mut self, effect: EffectId, context: &Context<'_>) {
        if self.places.remove(&effect) {
            let given = lock(context).leave(self.ticket(effect));
            if !given.is_empty() {
                // Nothing follows an end.
                self.actions.insert(0, Action::Admit(given));
            }
        }
    }

    fn ticket(&self, effect: EffectId) -> Ticket {
        Ticket { execution: self.execution.0, effect: effect.0 }
    }

    /// Whether a call waits for others to end, of this execution or of another one.
    pub fn waits_in_line(&self) -> bool {
        self.calls.values().any(|call| call.phase == Phase::Line)
    }

    /// Whether a call is not sent any more, because the deadline around this execution has passed: whoever set it is
    /// about to cancel the execution.
    pub fn waits_to_be_cut_off(&self) -> bool {
        self.deadline_us.is_some() && self.calls.values().any(|call| call.phase == Phase::Deadline)
    }

    /// Takes the next slot of the rates, and sends when it is due.
    fn keep_rate(&mut self, mut call: Call, context: &mut Context<'_>) {
        let Some(tables) = Self::tables(&self.program, &call.call) else { return };
        let now_us = context.now.mono_us;
        let at_us = lock(context).rate(tables.api, tables.operation, now_us);
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

    /// Ends a call with what is known of it.
    pub(super) fn conclude(&mut self, call: Call, answer: CallAnswer, context: &Context<'_>) {
        self.give(call, CompletionResult::Call(answer), context);
    }

    /// Ends a call of which it is open whether it took effect, and which may go on if it did not.
    pub(super) fn ask_whether_done(
        &mut self,
        call: Call,
        answer: CallAnswer,
        again: Again,
        context: &Context<'_>,
    ) {
        self.give(call, CompletionResult::Repeatable(answer, again), context);
    }

    fn give(&mut self, call: Call, result: CompletionResult, context: &Context<'_>) {
        let class = Self::tables(&self.program, &call.call).map(|tables| tables.operation.class);
        self.must_commit |= class == Some(EffectClass::Unsafe);
        self.complete(call.effect, result, context);
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

    /// Ends a call that is not gone on with.
    pub(super) fn drop_call(&mut self, mut call: Call, context: &Context<'_>) {
        if call.due_us().is_some() {
            self.actions.push(Action::ClearTimer(TimerId::Attempt(call.effect)));
        }
        let answer = answer::unfinished(call.doubt.take());
        self.conclude(call, answer, context);
    }

    /// Ends a call whose time for attempts is over: with the error of the last one.
    pub(super) fn give_up(&mut self, mut call: Call, context: &Context<'_>) {
        match call.last.take() {
            Some(answer) => self.conclude(call, answer, context),
            None => self.drop_call(call, context),
        }
    }

    pub(super) fn name(&self, call: &Call) -> CallName {
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

/// What is known of a call that goes on.
fn not_done() -> CallAnswer {
    let message =
        "it was confirmed that it was not done, and there is no time for another attempt".to_owned();
    CallAnswer::Refused { reason: Refusal::Timeout, message }
}

/// Where a call stands among the reports.
pub(super) fn reported(reports: &[StepReport], call: &CallEffect) -> Option<usize> {
    reports.iter().rposition(|report| report.step == call.step && report.path == call.path)
}

pub(super) fn lock<'a>(context: &Context<'a>) -> MutexGuard<'a, Limits> {
    // Nothing panics while it holds the lock.
    context.limits.lock().unwrap_or_else(PoisonError::into_inner)
}
