//! Whether to try again, and when: a pure function of the policy and of what happened.

use flow_plan::{EffectClass, ErrorId, Exhausted, Operation, Outcome, Policy, RetryOn};

use crate::{
    HttpResponse, NetError, NotSent, Unanswered,
    backoff::{backoff_max_us, backoff_us},
};

/// What was wrong with an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// An answer whose status is no success, with the declared error that it raises.
    Status(u16, Option<ErrorId>),
    /// A success whose body does not fit its type.
    Decode,
    /// It was not sent.
    NotSent(NotSent),
    /// It may have been sent, and there is no answer.
    Unanswered(Unanswered),
}

/// What is known when an attempt has failed.
#[derive(Clone, Copy, Debug)]
pub struct Failed {
    /// What was wrong with it.
    pub fault: Fault,
    /// The attempts so far, this one included.
    pub attempts: u32,
    /// The time since the first attempt began, in microseconds.
    pub elapsed_us: u64,
    /// What the server asks for, in microseconds from now.
    pub retry_after_us: Option<u64>,
}

/// What to do after a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Try again after so many microseconds.
    Again {
        /// The wait.
        after_us: u64,
        /// Whether the server asked for it.
        asked: bool,
    },
    /// The call has failed.
    GiveUp(GiveUp),
    /// Hold the execution until an operator lets it go on.
    Pause(GiveUp),
}

/// Why there is no further attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GiveUp {
    /// No policy, or the policy does not retry this.
    NotRetried,
    /// An unsafe request that may have reached the server is sent once.
    SentOnce,
    /// All attempts are used.
    Attempts,
    /// The next one would begin after the limit on all of them.
    Within,
}

/// What is wrong with an answer or a failure; nothing where the attempt succeeded. `again` says that the call
/// undoes something or that an earlier attempt may have reached the server; `fits` that the body of a success
/// has its type.
pub fn fault(
    operation: &Operation,
    result: &Result<HttpResponse, NetError>,
    again: bool,
    fits: impl FnOnce(&HttpResponse) -> bool,
) -> Option<Fault> {
    match result {
        Err(NetError::NotSent { reason, .. }) => Some(Fault::NotSent(*reason)),
        Err(NetError::Unanswered { reason, .. }) => Some(Fault::Unanswered(*reason)),
        Ok(response) if operation.outcome(response.status, again) == Outcome::Done => {
            let has_body = operation.gives_result(response.status);
            match &response.cut {
                // A success whose body is needed and is not whole says nothing that could be gone on with.
                Some((reason, _)) if has_body => Some(Fault::Unanswered(*reason)),
                _ if has_body && !fits(response) => Some(Fault::Decode),
                _ => None,
            }
        }
        Ok(response) => Some(Fault::Status(response.status, operation.raised(response.status))),
    }
}

/// What to do after a failed attempt; `random` is in 0..1.
pub fn decide(policy: Option<&Policy>, class: EffectClass, failed: Failed, random: f64) -> Decision {
    let Some(policy) = policy else { return Decision::GiveUp(GiveUp::NotRetried) };
    if !policy.on.iter().any(|on| matches(*on, failed.fault)) {
        return Decision::GiveUp(GiveUp::NotRetried);
    }
    // Whatever a policy says: the compiler refuses such policies, and this is what holds if one comes through.
    if class == EffectClass::Unsafe && !matches!(failed.fault, Fault::NotSent(_)) {
        return Decision::GiveUp(GiveUp::SentOnce);
    }
    let exhausted = |why| match policy.exhausted {
        Exhausted::Fail => Decision::GiveUp(why),
        Exhausted::Pause => Decision::Pause(why),
    };
    if policy.attempts.is_some_and(|attempts| failed.attempts >= attempts) {
        return exhausted(GiveUp::Attempts);
    }
    let own = backoff_us(&policy.backoff, failed.attempts, random);
    let asked = failed
        .retry_after_us
        .filter(|_| policy.respect_retry_after)
        .map_or(0, |asked| asked.min(backoff_max_us(&policy.backoff)));
    let after_us = own.max(asked);
    if policy.within_us.is_some_and(|within| failed.elapsed_us.saturating_add(after_us) >= within) {
        return exhausted(GiveUp::Within);
    }
    Decision::Again { after_us, asked: asked > own }
}

fn matches(on: RetryOn, fault: Fault) -> bool {
    match (on, fault) {
        (RetryOn::Status(from, to), Fault::Status(status, _)) => (from..=to).contains(&status),
        (RetryOn::Error(error), Fault::Status(_, raised)) => raised == Some(error),
        (RetryOn::Decode, Fault::Decode | Fault::Unanswered(Unanswered::TooLarge))
        | (RetryOn::Timeout, Fault::NotSent(NotSent::Timeout) | Fault::Unanswered(Unanswered::Timeout))
        // A certificate that does not hold and a malformed setting stay so: neither is retried.
        | (RetryOn::Connection, Fault::NotSent(NotSent::Connection | NotSent::Name))
        | (RetryOn::Connection, Fault::Unanswered(Unanswered::Connection | Unanswered::Broken)) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use flow_plan::Backoff;

    use super::*;

    const S: u64 = 1_000_000;

    fn policy() -> Policy {
        Policy {
            name: "transient".into(),
            attempts: Some(4),
            backoff: Backoff::Exponential {
                initial_us: S,
                factor_milli: 2000,
                max_us: Some(10 * S),
                jitter: true,
            },
            on: vec![
                RetryOn::Status(500, 504),
                RetryOn::Status(429, 429),
                RetryOn::Timeout,
                RetryOn::Connection,
            ],
            within_us: None,
            exhausted: Exhausted::Fail,
            respect_retry_after: true,
        }
    }

    fn failed(fault: Fault) -> Failed {
        Failed { fault, attempts: 1, elapsed_us: 0, retry_after_us: None }
    }

    #[test]
    fn what_a_policy_names_is_retried_and_nothing_else() {
        use EffectClass::{Idempotent, Safe, Unsafe};
        let retried = |class, fault| {
            matches!(decide(Some(&policy()), class, failed(fault), 0.5), Decision::Again { .. })
        };
        for (fault, safe, idempotent, not_safe) in [
            (Fault::Status(503, None), true, true, false),
            (Fault::Status(499, None), false, false, false),
            (Fault::Status(505, None), false, false, false),
            (Fault::Status(429, None), true, true, false),
            (Fault::Decode, false, false, false),
            (Fault::NotSent(NotSent::Connection), true, true, true),
            (Fault::NotSent(NotSent::Name), true, true, true),
            (Fault::NotSent(NotSent::Timeout), true, true, true),
            (Fault::NotSent(NotSent::Tls), false, false, false),
            (Fault::NotSent(NotSent::Setting), false, false, false),
            (Fault::Unanswered(Unanswered::Timeout), true, true, false),
            (Fault::Unanswered(Unanswered::Connection), true, true, false),
            (Fault::Unanswered(Unanswered::Broken), true, true, false),
            (Fault::Unanswered(Unanswered::TooLarge), false, false, false),
        ] {
            assert_eq!(
                (retried(Safe, fault), retried(Idempotent, fault), retried(Unsafe, fault)),
                (safe, idempotent, not_safe),
                "{fault:?}"
            );
        }
        assert_eq!(
            decide(None, Safe, failed(Fault::Status(503, None)), 0.5),
            Decision::GiveUp(GiveUp::NotRetried)
        );
    }

    #[test]
    fn declared_errors_and_bodies_can_be_retried() {
        let mut policy = policy();
        policy.on = vec![RetryOn::Error(ErrorId(1)), RetryOn::Decode];
        let retried = |fault| {
            matches!(
                decide(Some(&policy), EffectClass::Safe, failed(fault), 0.0),
                Decision::Again { after_us: 0, asked: false }
            )
        };
        assert!(retried(Fault::Status(409, Some(ErrorId(1)))));
        assert!(!retried(Fault::Status(409, Some(ErrorId(2)))));
        assert!(!retried(Fault::Status(409, None)));
        assert!(retried(Fault::Decode));
        assert!(retried(Fault::Unanswered(Unanswered::TooLarge)));
    }

    #[test]
    fn the_wait_is_the_backoff_or_what_the_server_asks_for() {
        // attempts, elapsed, Retry-After, random -> wait and whether it was asked for, or the end
        let again = |after_us, asked| Decision::Again { after_us, asked };
        let mut limited = policy();
        limited.within_us = Some(60 * S);
        for (attempts, elapsed, retry_after, random, expected) in [
            (1, 0, None, 0.5, again(S / 2, false)),
            (3, 0, None, 0.5, again(2 * S, false)),
            (1, 0, Some(3 * S), 0.5, again(3 * S, true)),
            (3, 0, Some(S), 0.75, again(3 * S, false)),
            (1, 0, Some(u64::MAX), 0.5, again(10 * S, true)),
            (4, 0, Some(S), 0.5, Decision::GiveUp(GiveUp::Attempts)),
            (1, 58 * S, Some(S), 0.0, again(S, true)),
            (1, 59 * S, Some(S), 0.0, Decision::GiveUp(GiveUp::Within)),
            (1, u64::MAX, None, 0.0, Decision::GiveUp(GiveUp::Within)),
        ] {
            let failed = Failed {
                fault: Fault::Status(503, None),
                attempts,
                elapsed_us: elapsed,
                retry_after_us: retry_after,
            };
            let got = decide(Some(&limited), EffectClass::Safe, failed, random);
            assert_eq!(got, expected, "{failed:?}");
        }
        let mut deaf = policy();
        deaf.respect_retry_after = false;
        let asking = Failed { retry_after_us: Some(5 * S), ..failed(Fault::Status(503, None)) };
        assert_eq!(decide(Some(&deaf), EffectClass::Safe, asking, 0.0), again(0, false));
        // Where the policy names no longest wait, a day is.
        let mut fixed = policy();
        fixed.backoff = Backoff::Fixed { delay_us: S };
        let asking = Failed { retry_after_us: Some(u64::MAX), ..asking };
        assert_eq!(
            decide(Some(&fixed), EffectClass::Safe, asking, 0.0),
            again(crate::backoff::WAIT_MAX_US, true)
        );
    }

    #[test]
    fn an_exhausted_policy_may_pause() {
        let mut policy = policy();
        policy.exhausted = Exhausted::Pause;
        let last = Failed { attempts: 4, ..failed(Fault::Status(503, None)) };
        assert_eq!(decide(Some(&policy), EffectClass::Safe, last, 0.5), Decision::Pause(GiveUp::Attempts));
        // What the policy does not name fails at once: there is nothing that an operator could wait for.
        let other = Failed { fault: Fault::Status(404, None), ..last };
        assert_eq!(
            decide(Some(&policy), EffectClass::Safe, other, 0.5),
            Decision::GiveUp(GiveUp::NotRetried)
        );
    }
}
