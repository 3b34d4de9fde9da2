//! Retry bounds: a policy whose waits alone are longer than its own `within` never makes its last attempts.

use flow_diagnostics::{Change, Diagnostic, Edit, codes};
use flow_hir::{Jitter, RetryId};

use super::worst_case::{duration_words, own_waits_us};
use crate::checker::Checker;

/// Reports each policy that does not fit its own time.
pub(super) fn check(checker: &mut Checker<'_>) {
    let program = checker.program;
    for (id, policy) in program.retries.iter() {
        let Some(checked) = checker.typed.retries.get(id) else { continue };
        let (Some(attempts), Some(within_us), Some(within)) =
            (checked.attempts, checked.within_us, policy.within)
        else {
            continue;
        };
        let waits_us = own_waits_us(checked, attempts);
        // With full jitter a wait is half as long on the average.
        let (needed_us, how) = match checked.jitter {
            Jitter::None => (waits_us, "the waits alone take"),
            Jitter::Full => (waits_us / 2, "the waits alone take, on the average,"),
        };
        if needed_us < within_us {
            continue;
        }
        let message = format!(
            "{attempts} attempts do not fit into {}: {how} {}",
            duration_words(within_us),
            duration_words(needed_us)
        );
        let mut diagnostic = Diagnostic::new(&codes::F0801, checker.span(within), message)
            .help("allow more time, fewer attempts, or shorter waits");
        // Time for the attempts themselves comes on top; how long they take depends on the API.
        let longest_us = longest_timeout_us(checker, id);
        let enough = crate::mend::round_up(needed_us + longest_us.saturating_mul(u64::from(attempts)));
        let change = Change::replace(checker.span(within), enough.clone());
        diagnostic = diagnostic.mend(Edit::guess(format!("allow {enough}"), vec![change]));
        let fewer = (1..attempts).rev().find(|fewer| {
            let waits_us = own_waits_us(checked, *fewer);
            waits_us < within_us
        });
        if let (Some(fewer), Some(written)) = (fewer, policy.attempts) {
            let change = Change::replace(written.span, fewer.to_string());
            diagnostic = diagnostic.mend(Edit::guess(format!("try {fewer} times"), vec![change]));
        }
        if let Some(attempts) = policy.attempts {
            diagnostic = diagnostic.also(attempts.span, "the attempts");
        }
        if let Some(backoff) = &policy.backoff {
            diagnostic = diagnostic.also(backoff.span, "the waits");
        }
        checker.report(diagnostic);
    }
}

/// The longest timeout of the operations that a policy is set for.
fn longest_timeout_us(checker: &Checker<'_>, policy: RetryId) -> u64 {
    let operations = checker.typed.operations.iter().map(|(_, operation)| operation);
    let under = operations.filter(|operation| operation.retry == Some(policy));
    under.map(|operation| operation.timeout_us).max().unwrap_or(0)
}
