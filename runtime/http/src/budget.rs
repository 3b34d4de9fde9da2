//! The retry budget of an API: retries may be a share of its requests, so that a server in trouble does not get
//! several times its load. A retry that finds the budget empty waits; it is never dropped.

use std::collections::VecDeque;

/// Over how long requests are counted: 10 s, in microseconds.
const WINDOW_US: u64 = 10_000_000;
/// Retries may be one in so many requests of the window.
const REQUESTS_PER_RETRY: u64 = 5;
/// So many retries in a window are always allowed: 10 a second.
const RETRIES_MIN: u64 = 100;
/// The length of one count: a tenth of a second.
const BUCKET_US: u64 = 100_000;
/// How long a retry waits before it asks again.
const AGAIN_US: u64 = BUCKET_US;

/// The requests and retries of the last ten seconds, on a monotonic clock.
#[derive(Clone, Debug, Default)]
pub struct RetryBudget {
    /// The start of each count, its requests, its retries; oldest first.
    buckets: VecDeque<(u64, u64, u64)>,
}

impl RetryBudget {
    /// Counts a first attempt.
    pub fn request(&mut self, now_us: u64) {
        self.bucket(now_us).1 += 1;
    }

    /// Takes one retry; where the budget is empty, takes none and says how long to wait before asking again.
    ///
    /// # Errors
    /// The wait in microseconds.
    pub fn retry(&mut self, now_us: u64) -> Result<(), u64> {
        let _ = self.bucket(now_us);
        let requests: u64 = self.buckets.iter().map(|(_, requests, _)| requests).sum();
        let retries: u64 = self.buckets.iter().map(|(_, _, retries)| retries).sum();
        if retries >= RETRIES_MIN.max(requests / REQUESTS_PER_RETRY) {
            return Err(AGAIN_US);
        }
        self.bucket(now_us).2 += 1;
        Ok(())
    }

    fn bucket(&mut self, now_us: u64) -> &mut (u64, u64, u64) {
        while self.buckets.front().is_some_and(|(start, ..)| start.saturating_add(WINDOW_US) <= now_us) {
            self.buckets.pop_front();
        }
        let start = now_us - now_us % BUCKET_US;
        // A clock that stands or steps back adds to the latest count.
        if self.buckets.back().is_none_or(|(last, ..)| *last < start) {
            self.buckets.push_back((start, 0, 0));
        }
        let last = self.buckets.len() - 1;
        // INVARIANT: a count was pushed just now where there was none.
        #[expect(clippy::indexing_slicing, reason = "the queue is not empty here")]
        &mut self.buckets[last]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_retries_a_second_are_always_allowed() {
        let mut budget = RetryBudget::default();
        assert_eq!((0..150).filter(|_| budget.retry(0).is_ok()).count(), 100);
        assert_eq!(budget.retry(9_999_999), Err(AGAIN_US));
        assert_eq!(budget.retry(10_000_000), Ok(()));
    }

    #[test]
    fn beyond_that_retries_are_a_fifth_of_the_requests() {
        let mut budget = RetryBudget::default();
        for n in 0..1000 {
            budget.request(n * 1_000);
        }
        assert_eq!((0..500).filter(|_| budget.retry(1_000_000).is_ok()).count(), 200);
    }
}
