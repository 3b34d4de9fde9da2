//! The limits that all executions of a process share: rates, calls at once and retry budgets of APIs.

use std::collections::{HashMap, VecDeque};

use flow_plan::{Api, Operation};

use crate::{
    RateLimit, RetryBudget, Ticket,
    gate::{Gates, Way},
};

/// The shared limits, by API and operation. Executions of several plans that name the same API in the same
/// version with the same rate share its limit.
#[derive(Debug, Default)]
pub struct Limits {
    rates: HashMap<String, RateLimit>,
    budgets: HashMap<String, RetryBudget>,
    turns: HashMap<String, u64>,
    gates: Gates,
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

    /// Asks whether a call may be under way. If not it waits in line, until it is named by what another one's
    /// [`leave`](Self::leave) gives.
    pub fn enter(&mut self, api: &Api, operation: &Operation, ticket: Ticket) -> bool {
        // The operation first, so that what waits for it leaves the API to others.
        let scopes = [
            (operation.concurrency, format!("{}.{}", scope(api), operation.name)),
            (api.concurrency, scope(api)),
        ];
        let way = |(most, scope): (Option<u32>, String)| most.map(|most| (format!("{scope} {most}"), most));
        let ways: VecDeque<Way> = scopes.into_iter().filter_map(way).collect();
        ways.is_empty() || self.gates.enter(ticket, ways)
    }

    /// A call is not under way any more, and does not wait to be: the calls that may be now.
    pub fn leave(&mut self, ticket: Ticket) -> Vec<Ticket> {
        self.gates.leave(|left| left == ticket)
    }

    /// No call of an execution is under way any more: the calls of others that may be now.
    pub fn leave_all(&mut self, execution: [u8; 16]) -> Vec<Ticket> {
        self.gates.leave(|left| left.execution == execution)
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
