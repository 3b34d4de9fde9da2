//! The limits that all executions of a process share: rates and retry budgets of APIs.

use std::collections::HashMap;

use flow_plan::{Api, Operation};

use crate::{RateLimit, RetryBudget};

/// The shared limits, by API and operation. Executions of several plans that name the same API in the same
/// version with the same rate share its limit.
#[derive(Debug, Default)]
pub struct Limits {
    rates: HashMap<String, RateLimit>,
    budgets: HashMap<String, RetryBudget>,
    turns: HashMap<String, u64>,
}

impl Limits {
    /// Takes the slots that a request of the operation needs, and says when it may go out. Microseconds on the
    /// monotonic clock.
    pub fn rate(&mut self, api: &Api, operation: &Operation, now_us: u64) -> u64 {
        let mut at = now_us;
        // The operation first, so that what waits for it takes the API's slot at the time when it goes out.
        let scopes = [
            (operation.rate, format!("{}@{}.{}", api.name, api.version, operation.name)),
            (api.rate, scope(api)),
        ];
        for (rate, scope) in scopes {
            let Some(rate) = rate else { continue };
            let name = format!("{scope} {} {}", rate.requests, rate.per_us);
            at = self.rates.entry(name).or_insert_with(|| RateLimit::new(rate)).take(at);
        }
        at
    }

    /// Counts a first attempt for the retry budget.
    pub fn request(&mut self, api: &Api, now_us: u64) {
        self.budgets.entry(scope(api)).or_default().request(now_us);
    }

    /// Takes a retry from the API's budget.
    ///
    /// # Errors
    /// How long to wait before asking again, where it is empty.
    pub fn retry(&mut self, api: &Api, now_us: u64) -> Result<(), u64> {
        self.budgets.entry(scope(api)).or_default().retry(now_us)
    }

    /// The number of the next attempt to the API, which chooses its base URL.
    pub fn turn(&mut self, api: &Api) -> u64 {
        let turn = self.turns.entry(scope(api)).or_default();
        let current = *turn;
        *turn = turn.wrapping_add(1);
        current
    }
}

fn scope(api: &Api) -> String {
    format!("{}@{}", api.name, api.version)
}
