//! How long to wait before the next attempt.

use flow_plan::Backoff;

/// The longest wait between two attempts, whatever a policy or a server says: 24 hours, in microseconds.
pub const WAIT_MAX_US: u64 = 24 * 60 * 60 * 1_000_000;

/// The wait after so many attempts, in microseconds; `random` is in 0..1.
pub fn backoff_us(backoff: &Backoff, attempts: u32, random: f64) -> u64 {
    let waits_before = attempts.saturating_sub(1);
    let (bound, jitter) = match backoff {
        Backoff::None => (0, false),
        Backoff::Fixed { delay_us } => (*delay_us, false),
        Backoff::Linear { initial_us, step_us, max_us, jitter } => {
            let grown = initial_us.saturating_add(step_us.saturating_mul(u64::from(waits_before)));
            (grown.min(max_us.unwrap_or(WAIT_MAX_US)), *jitter)
        }
        Backoff::Exponential { initial_us, factor_milli, max_us, jitter } => {
            let max = max_us.unwrap_or(WAIT_MAX_US);
            (exponential(*initial_us, *factor_milli, waits_before, max), *jitter)
        }
    };
    let bound = bound.min(WAIT_MAX_US);
    if jitter { scale(bound, random) } else { bound }
}

/// The longest single wait that a backoff names, which also bounds what a server may ask for.
pub(crate) fn backoff_max_us(backoff: &Backoff) -> u64 {
    match backoff {
        Backoff::Linear { max_us: Some(max), .. } | Backoff::Exponential { max_us: Some(max), .. } => {
            (*max).min(WAIT_MAX_US)
        }
        _ => WAIT_MAX_US,
    }
}

/// `initial × factor^times`, at most `max`. Whole-number steps, so that every machine gives the same.
fn exponential(initial_us: u64, factor_milli: u32, times: u32, max_us: u64) -> u64 {
    let mut wait = u128::from(initial_us);
    for _ in 0..times {
        let next = wait * u128::from(factor_milli) / 1000;
        // A factor of at most 1 never reaches the bound, and one that stands still stays there.
        if next == wait || wait >= u128::from(max_us) {
            break;
        }
        wait = next;
    }
    u64::try_from(wait).unwrap_or(u64::MAX).min(max_us)
}

/// A share of a bound.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "the bound is a day in microseconds, far below 2^53, and the product lies within it"
)]
fn scale(bound_us: u64, random: f64) -> u64 {
    (bound_us as f64 * random.clamp(0.0, 1.0)) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: u64 = 1_000_000;

    fn exponential(jitter: bool) -> Backoff {
        Backoff::Exponential { initial_us: S, factor_milli: 2000, max_us: Some(10 * S), jitter }
    }

    #[test]
    fn waits_grow_as_the_policy_says() {
        let linear = Backoff::Linear { initial_us: S, step_us: 2 * S, max_us: Some(6 * S), jitter: false };
        let shrinking =
            Backoff::Exponential { initial_us: 8 * S, factor_milli: 500, max_us: None, jitter: false };
        let endless = Backoff::Exponential { initial_us: S, factor_milli: 3000, max_us: None, jitter: false };
        for (backoff, expected) in [
            (Backoff::None, [0, 0, 0, 0, 0]),
            (Backoff::Fixed { delay_us: 3 * S }, [3 * S; 5]),
            (linear, [S, 3 * S, 5 * S, 6 * S, 6 * S]),
            (exponential(false), [S, 2 * S, 4 * S, 8 * S, 10 * S]),
            (shrinking, [8 * S, 4 * S, 2 * S, S, S / 2]),
            (endless.clone(), [S, 3 * S, 9 * S, 27 * S, 81 * S]),
        ] {
            let waits: Vec<u64> = (1..=5).map(|attempts| backoff_us(&backoff, attempts, 0.5)).collect();
            assert_eq!(waits, expected, "{backoff:?}");
        }
        assert_eq!(backoff_us(&endless, u32::MAX, 0.5), WAIT_MAX_US);
    }

    #[test]
    fn full_jitter_draws_from_zero_to_the_bound() {
        assert_eq!(backoff_us(&exponential(true), 3, 0.0), 0);
        assert_eq!(backoff_us(&exponential(true), 3, 0.25), S);
        assert_eq!(backoff_us(&exponential(true), 3, 0.999_999_9), 4 * S - 1);
        assert_eq!(backoff_us(&exponential(true), 3, f64::NAN), 0);
    }
}
