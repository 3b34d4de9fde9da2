//! One attempt of a call: what is written down before it goes out, and what its end means.

use std::{sync::Arc, time::Duration};

use flow_http::{
    Attempt, Deprecation, Exchange, NetError, NotSent, Redactor, Timings,
    retry::{self, Decision, Failed, Fault, GiveUp},
    retry_after_us,
};
use flow_journal::{AttemptEnded, AttemptStarted, Record};
use flow_plan::{EffectClass, Exhausted, Response, RetryOn};
use flow_vm::{Again, EffectId, UnknownReason};

use super::{
    Driver, answer,
    call::{Call, Phase, Tables, lock},
    intent,
};
use crate::{
    Action, AttemptId, AttemptReport, AttemptResult, Context, EventKind, Retry, Sending, random::unit,
};

/// Of the body of an attempt that is not the last, so much is written down: 4 KiB.
const EXCERPT_MAX: usize = 4 << 10;

/// What follows an attempt.
#[derive(Clone, Copy)]
enum Next {
    Conclude,
    Again(Retry),
    /// It is open whether it took effect: what goes on if it did not.
    IfNotDone(Again),
    Deadline,
    Operator(GiveUp),
}

/// How long an attempt may take.
enum TimeLeft {
    /// So many microseconds, and the deadline that sets the limit.
    For(u64, Option<EffectId>),
    /// A deadline is due, and the machine is about to be told, or to be cancelled by who set it.
    Nothing,
    /// The time for all attempts is over.
    Spent,
    /// A deadline has passed.
    Never,
}

/// Whether an operator is asked when the policy is exhausted.
fn pauses(tables: Tables<'_>) -> bool {
    tables.policy.is_some_and(|policy| policy.exhausted == Exhausted::Pause)
}

/// What came of an attempt, for people.
fn in_words(result: &AttemptResult) -> String {
    match result {
        AttemptResult::Answered { status, .. } => format!("answered with status {status}"),
        AttemptResult::NotSent { message } => format!("not sent: {message}"),
        AttemptResult::Unanswered { message } => format!("no answer: {message}"),
    }
}

impl Driver {
    /// Sends an attempt, after everything that it rests on.
    pub(super) fn send(&mut self, mut call: Call, context: &mut Context<'_>) {
        let program = Arc::clone(&self.program);
        let Some(tables) = Self::tables(&program, &call.call) else { return };
        let now = context.now;
        let (limit_us, deadline) = match self.time_left(&call, tables, now.mono_us) {
            TimeLeft::For(limit_us, deadline) => (limit_us, deadline),
            TimeLeft::Nothing => {
                call.phase = Phase::Deadline;
                return self.keep(call);
            }
            TimeLeft::Spent if pauses(tables) => return self.hold(call, GiveUp::Within),
            TimeLeft::Spent => return self.give_up(call, context),
            TimeLeft::Never => return self.drop_call(call, context),
        };
        let attempt =
            Attempt { turn: lock(context).turn(tables.api), timeout: Duration::from_micros(limit_us) };
        let filled = call.draft.fill(program.plan(), tables.operation_id, context.settings, attempt);
        if let Err(NetError::NotSent { reason: NotSent::Secret, message }) = &filled {
            // Nothing has been tried: it goes on when the secret is there again.
            self.paused = Some(message.clone());
            call.phase = Phase::Operator;
            return self.keep(call);
        }
        call.attempts += 1;
        call.first_us.get_or_insert(i64::try_from(now.mono_us).unwrap_or(i64::MAX));
        self.report_attempt(&call, now.wall_us);
        let request = match filled {
            Ok(request) => request,
            Err(error) => {
                let exchange = Exchange { result: Err(error), timings: Timings::default() };
                call.phase = Phase::Answer { since_us: now.mono_us, deadline };
                return self.ended(call, exchange, context);
            }
        };
        if let Response::Page(_) = tables.operation.response {
            call.url.clone_from(&request.url);
        }
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
            execution: self.execution,
            attempt: AttemptId { effect: call.effect, number: call.attempts },
            call: Arc::clone(&call.call),
            operation: tables.operation_id,
            program: Arc::clone(&program),
            request,
        })));
        self.keep(call);
    }

    /// Writes down what must be known before an attempt goes out.
    fn record_attempt(&mut self, call: &mut Call, tables: Tables<'_>, origin: String, at_us: i64) {
        let class = tables.operation.class;
        if class != EffectClass::Safe && !call.recorded {
            let key = self.key(&call.call);
            let (effect, path) = (call.effect, &call.call.path);
            let intent = intent::to_record(self.plan(), effect, path, class, &key, &call.draft, at_us);
            self.record(Record::Intent(intent));
            call.recorded = true;
            self.must_commit = true;
        }
        self.record(Record::AttemptStarted(AttemptStarted {
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
        let mut limit_us = tables.timeout_us;
        if let Some(within_us) = tables.policy.and_then(|policy| policy.within_us) {
            let left_us = within_us.saturating_sub(call.elapsed_us(now_us));
            if left_us == 0 {
                return TimeLeft::Spent;
            }
            limit_us = limit_us.min(left_us);
        }
        // A child takes no longer than its parent has time; what is shielded in it is not cut off.
        if let Some(deadline_us) = self.deadline_us.filter(|_| !call.call.shielded) {
            let left_us = deadline_us.saturating_sub(now_us);
            if left_us == 0 {
                return TimeLeft::Nothing;
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
        if let (Response::Page(_), Ok(response)) = (tables.operation.response, &mut exchange.result) {
            answer::lead_on(response, &call.url);
        }
        let again = call.call.undoes || call.arrived;
        let checks = tables.policy.is_some_and(|policy| policy.on.contains(&RetryOn::Decode));
        let fault = retry::fault(tables.operation, &exchange.result, again, |response| {
            !checks
                || program
                    .check_response(tables.operation_id, response.status, &response.headers, &response.body)
                    .is_ok()
        });
        match &exchange.result {
            Err(NetError::NotSent { .. }) => {}
            Err(NetError::Unanswered { reason, message }) => {
                call.arrived = true;
                call.doubt = Some((answer::unknown(*reason), message.clone()));
            }
            Ok(response) => {
                call.arrived = true;
                let busy = answer::says_nothing_of_earlier(tables.operation, response.status);
                if !(busy && fault.is_some()) {
                    call.doubt = answer::doubt(tables.operation, response, fault, again);
                }
            }
        }
        self.note_deprecation(&call, tables, &exchange, context);
        let next = self.next(&call, tables, fault, &exchange, context);
        self.record_end(&call, &exchange, fault, next, context);
        match next {
            Next::Conclude => {
                let undoes = call.call.undoes;
                let doubt = call.doubt.clone();
                let answer = answer::conclusion(tables.operation, exchange.result, fault, undoes, doubt);
                self.conclude(call, answer, context);
            }
            Next::IfNotDone(again) => {
                let undoes = call.call.undoes;
                let doubt = call.doubt.clone();
                let answer = answer::conclusion(tables.operation, exchange.result, fault, undoes, doubt);
                self.ask_whether_done(call, answer, again, context);
            }
            Next::Again(retry) => {
                let (undoes, doubt) = (call.call.undoes, call.doubt.clone());
                call.last = Some(answer::conclusion(tables.operation, exchange.result, fault, undoes, doubt));
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
                    *reason = UnknownReason::CutOff;
                }
                call.phase = Phase::Deadline;
                self.keep(call);
            }
            Next::Operator(why) => self.hold(call, why),
        }
        // What is known of an unsafe call is durable before anything else goes out.
        self.must_commit |= tables.operation.class == EffectClass::Unsafe;
    }

    /// Says once of each operation that its server calls it deprecated.
    fn note_deprecation(
        &mut self,
        call: &Call,
        tables: Tables<'_>,
        exchange: &Exchange,
        context: &Context<'_>,
    ) {
        let Ok(response) = &exchange.result else { return };
        let Some(deprecation) = Deprecation::of(&response.headers) else { return };
        if self.deprecated.insert(tables.operation_id) {
            self.show(EventKind::Deprecated { call: self.name(call), deprecation }, context);
        }
    }

    /// Leaves a call to an operator: its policy is exhausted, and says so.
    pub(super) fn hold(&mut self, mut call: Call, why: GiveUp) {
        let policy = Self::tables(&self.program, &call.call).and_then(|tables| tables.policy);
        let policy = policy.map_or_else(String::new, |policy| format!(" `{}`", policy.name));
        let name = self.plan().step_name(call.call.step);
        let last = self.last_attempt(&call).and_then(|attempt| attempt.result.as_ref());
        let last = last.map_or_else(String::new, |last| format!(" ({})", in_words(last)));
        let how = match (why, call.attempts) {
            (GiveUp::Within, _) => "for as long as it is tried".to_owned(),
            (_, 1) => "in its one attempt".to_owned(),
            (_, attempts) => format!("in all its {attempts} attempts"),
        };
        self.paused = Some(format!("`{name}` has failed {how}{last}, and policy{policy} says `pause`"));
        call.phase = Phase::Operator;
        self.keep(call);
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
            Fault::Unanswered(flow_http::Unanswered::Timeout) | Fault::NotSent(NotSent::Timeout)
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
        // What is open is confirmed before it is sent again, and so it is not sent twice.
        let confirmed = tables.operation.class == EffectClass::Unsafe && tables.operation.confirm.is_some();
        let class = if confirmed { EffectClass::Idempotent } else { tables.operation.class };
        let asks = confirmed && call.doubt.is_some();
        match retry::decide(tables.policy, class, failed, unit(context.random)) {
            Decision::Again { after_us, .. } if asks => {
                Next::IfNotDone(call.again(after_us, false, context.now))
            }
            Decision::Pause(_) if asks => Next::IfNotDone(call.again(0, true, context.now)),
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
            Ok(response) if fault.is_some() && self.declares_secrets(call, response.status) => {
                b"(not shown: what is declared for it holds a secret)".to_vec()
            }
            // What a confirmation says is shown too: whether it is null.
            Ok(response)
                if fault.is_some()
                    || !matches!(next, Next::Conclude)
                    || call.call.path.confirms().is_some() =>
            {
                excerpt(&response.body, context.settings.redactor())
            }
            _ => Vec::new(),
        };
        self.record(Record::AttemptEnded(AttemptEnded {
            effect: call.effect.0,
            attempt: call.attempts,
            outcome: answer::to_record(&result),
            excerpt: excerpt.clone(),
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
            report.excerpt = excerpt;
        }
        let event =
            EventKind::AttemptEnded { call: self.name(call), number: call.attempts, result, took_us, retry };
        self.show(event, context);
    }

    /// Whether the body that is declared for a status holds a secret. One that does not fit cannot be taken apart.
    fn declares_secrets(&self, call: &Call, status: u16) -> bool {
        let plan = self.plan();
        let body = plan.step_operation(call.call.step).and_then(|operation| plan.body_of(operation, status));
        body.is_some_and(|body| plan.types.holds_secret(body))
    }

    fn report_attempt(&mut self, call: &Call, at_us: i64) {
        let attempt = AttemptReport {
            number: call.attempts,
            at_us,
            took_us: None,
            result: None,
            retry_after_us: None,
            excerpt: Vec::new(),
        };
        if let Some(report) = call.report.and_then(|index| self.reports.get_mut(index)) {
            report.attempts.push(attempt);
        }
    }

    fn last_attempt(&mut self, call: &Call) -> Option<&mut AttemptReport> {
        self.reports.get_mut(call.report?)?.attempts.last_mut()
    }
}

/// The beginning of a body, masked before it is cut: the beginning of a secret is not recognised.
fn excerpt(body: &[u8], redactor: &Redactor) -> Vec<u8> {
    let ahead = body.get(..body.len().min(EXCERPT_MAX + crate::mask::ECHO_MAX)).unwrap_or_default();
    let mut masked = redactor.bytes(ahead).into_owned();
    masked.truncate(EXCERPT_MAX);
    masked
}

/// Scheme, host and port.
fn origin(url: &str) -> String {
    url.splitn(4, '/').take(3).collect::<Vec<_>>().join("/")
}

/// The URL with the query of the draft alone: authentication may have added a key.
fn shown_url(url: &str, draft: &flow_http::Draft) -> String {
    let path = url.split('?').next().unwrap_or_default();
    match draft.target.split_once('?') {
        Some((_, query)) => format!("{path}?{query}"),
        None => path.to_owned(),
    }
}
