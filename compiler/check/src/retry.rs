//! Retry policies as plain numbers.

use flow_diagnostics::{Change, Diagnostic, Edit, codes};
use flow_hir::{
    Attempts, Backoff, BuiltinError, ErrorRef, Exhausted, ExprId, ExprKind, Jitter, RetryId, RetryOn,
    RetryPolicy, RetryRef,
};
use flow_source::Span;

use crate::checker::Checker;
use crate::typed::{CheckedBackoff, CheckedRetry};
use crate::types::Ty;

/// The most attempts that a policy may count; more are `unlimited`, with a bound in time.
const ATTEMPTS_MAX: u32 = 1_000;

/// The factor of exponential backoff where none stands, in thousandths.
const FACTOR_MILLI_DEFAULT: u32 = 2_000;

/// The least and greatest factor, in thousandths.
const FACTOR_MILLI: std::ops::RangeInclusive<u32> = 1_000..=100_000;

/// The first wait where none stands, in microseconds: one second.
const INITIAL_US_DEFAULT: u64 = 1_000_000;

/// The policy that a `retry:` names.
pub(crate) fn policy(reference: RetryRef) -> Option<RetryId> {
    match reference {
        RetryRef::Policy(policy, _) => Some(policy),
        RetryRef::None(_) => None,
    }
}

impl Checker<'_> {
    /// Checks all policies.
    pub(crate) fn check_retries(&mut self) {
        let program = self.program;
        for (id, policy) in program.retries.iter() {
            let checked = self.check_retry(id, policy);
            self.typed.retries.insert(id, checked);
        }
    }

    fn check_retry(&mut self, id: RetryId, policy: &RetryPolicy) -> CheckedRetry {
        let name = &policy.name;
        let attempts = self.attempts(id, policy);
        let (backoff, jitter) = match &policy.backoff {
            Some(backoff) => self.backoff(&backoff.value),
            None => (CheckedBackoff::None, Jitter::None),
        };
        let within_us = policy.within.and_then(|within| self.duration(within, "a `within`"));
        let exhausted = policy.exhausted.map_or(Exhausted::Fail, |exhausted| exhausted.value);
        let mut checked = CheckedRetry {
            attempts,
            backoff,
            jitter,
            statuses: Vec::new(),
            on_timeout: false,
            on_connection: false,
            on_decode: false,
            on_errors: Vec::new(),
            within_us,
            exhausted,
            respect_retry_after: policy.respect_retry_after.is_none_or(|respect| respect.value),
        };
        match &policy.on {
            Some(on) => {
                for entry in &on.value {
                    self.retry_on(*entry, &mut checked);
                }
            }
            None if self.program.misread.contains(&id) => {}
            None => self.report(
                Diagnostic::new(
                    &codes::F0406,
                    name.span,
                    format!("policy `{}` does not say what is tried again", name.text),
                )
                .help("add `on: [429, 502, 503, 504, timeout, connection]`"),
            ),
        }
        if attempts.is_none()
            && policy.attempts.is_some_and(|attempts| attempts.value == Attempts::Unlimited)
            && within_us.is_none()
            && exhausted == Exhausted::Fail
        {
            let span = policy.attempts.map_or(name.span, |attempts| attempts.span);
            self.report(
                Diagnostic::new(&codes::F0504, span, "attempts without any bound")
                    .help("add `within: 1h`, or `exhausted: pause` so that an operator decides")
                    .mend(
                        [
                            ("within: 1h", "give up after an hour"),
                            ("exhausted: pause", "let an operator decide"),
                        ]
                        .map(|(property, title)| {
                            let after = Change::insert_lines(span.file, span.end, format!("\n{property}"));
                            Edit::guess(title, vec![after])
                        }),
                    ),
            );
        }
        checked
    }

    fn attempts(&mut self, id: RetryId, policy: &RetryPolicy) -> Option<u32> {
        let Some(attempts) = policy.attempts else {
            if self.program.misread.contains(&id) {
                return Some(1);
            }
            let name = &policy.name;
            self.report(
                Diagnostic::new(
                    &codes::F0406,
                    name.span,
                    format!("policy `{}` does not say how often it is tried", name.text),
                )
                .help("add `attempts: 4`, the first try included"),
            );
            return Some(1);
        };
        let Attempts::Count(count) = attempts.value else { return None };
        match u32::try_from(count) {
            Ok(count @ 1..=ATTEMPTS_MAX) => Some(count),
            Ok(0) | Err(_) if count <= 0 => {
                self.report(
                    Diagnostic::new(
                        &codes::F0407,
                        attempts.span,
                        format!("{count} attempts: the first try counts"),
                    )
                    .help("write 1 or more"),
                );
                Some(1)
            }
            _ => {
                self.report(
                    Diagnostic::new(
                        &codes::F0407,
                        attempts.span,
                        format!("{count} attempts are more than the {ATTEMPTS_MAX} that a policy may count"),
                    )
                    .help("write `attempts: unlimited` with `within: …`, which bounds the time"),
                );
                Some(ATTEMPTS_MAX)
            }
        }
    }

    fn backoff(&mut self, backoff: &Backoff) -> (CheckedBackoff, Jitter) {
        match backoff {
            Backoff::None => (CheckedBackoff::None, Jitter::None),
            Backoff::Fixed { delay } => {
                let delay_us = self.duration(*delay, "a backoff").unwrap_or(INITIAL_US_DEFAULT);
                (CheckedBackoff::Fixed { delay_us }, Jitter::None)
            }
            Backoff::Linear { initial, step, max, jitter } => {
                let initial_us = self.wait(*initial);
                let step_us = step.map_or(initial_us, |step| self.wait(Some(step)));
                let max_us = max.and_then(|max| self.longest_wait(max, initial_us));
                let jitter = jitter.map_or(Jitter::Full, |jitter| jitter.value);
                (CheckedBackoff::Linear { initial_us, step_us, max_us }, jitter)
            }
            Backoff::Exponential { initial, factor, max, jitter } => {
                let initial_us = self.wait(*initial);
                let factor_milli = factor.map_or(FACTOR_MILLI_DEFAULT, |factor| self.factor(factor));
                let max_us = max.and_then(|max| self.longest_wait(max, initial_us));
                let jitter = jitter.map_or(Jitter::Full, |jitter| jitter.value);
                (CheckedBackoff::Exponential { initial_us, factor_milli, max_us }, jitter)
            }
        }
    }

    fn wait(&mut self, wait: Option<ExprId>) -> u64 {
        wait.and_then(|wait| self.duration(wait, "a wait")).unwrap_or(INITIAL_US_DEFAULT)
    }

    fn longest_wait(&mut self, max: ExprId, initial_us: u64) -> Option<u64> {
        let max_us = self.duration(max, "a longest wait")?;
        if max_us < initial_us {
            let span = self.span(max);
            self.report(Diagnostic::new(
                &codes::F0407,
                span,
                "the longest wait is shorter than the first one",
            ));
        }
        Some(max_us)
    }

    /// A factor as a number of thousandths.
    fn factor(&mut self, factor: ExprId) -> u32 {
        let span = self.span(factor);
        let (milli, ty) = match self.kind(factor) {
            ExprKind::Int(whole) => (whole.checked_mul(1_000), Ty::INT),
            ExprKind::Decimal(digits) => (decimal_milli(digits), Ty::DECIMAL),
            ExprKind::Missing => return FACTOR_MILLI_DEFAULT,
            _ => (None, Ty::ERROR),
        };
        self.typed.exprs.insert(factor, ty);
        match milli.and_then(|milli| u32::try_from(milli).ok()) {
            Some(milli) if FACTOR_MILLI.contains(&milli) => milli,
            _ => {
                self.report(
                    Diagnostic::new(&codes::F0407, span, "a factor is a number from 1 to 100")
                        .help("write `factor: 2` or `factor: 1.5`"),
                );
                FACTOR_MILLI_DEFAULT
            }
        }
    }

    fn retry_on(&mut self, on: RetryOn, checked: &mut CheckedRetry) {
        match on {
            RetryOn::Status(status, _) => checked.statuses.push(status),
            RetryOn::Error(ErrorRef::Declared(error), _) => checked.on_errors.push(error),
            RetryOn::Error(ErrorRef::Builtin(error), span) => match error {
                BuiltinError::Timeout => checked.on_timeout = true,
                BuiltinError::Connection | BuiltinError::Refused => checked.on_connection = true,
                BuiltinError::Unknown => {
                    checked.on_timeout = true;
                    checked.on_connection = true;
                }
                BuiltinError::Decode => checked.on_decode = true,
                other => self.not_retried(other, span),
            },
        }
    }

    fn not_retried(&mut self, error: BuiltinError, span: Span) {
        self.report(
            Diagnostic::new(
                &codes::F0407,
                span,
                format!("`{}` is not an answer that can be tried again", error.name()),
            )
            .help("name statuses, `timeout`, `connection`, `decode`, or declared errors"),
        );
    }
}

/// `1.5` as 1500; digits beyond the third are refused.
fn decimal_milli(digits: &str) -> Option<i64> {
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if fraction.len() > 3 {
        return None;
    }
    let fraction: i64 = format!("{fraction:0<3}").parse().ok()?;
    whole.parse::<i64>().ok()?.checked_mul(1_000)?.checked_add(fraction)
}
