//! A client-side rate limit: at most so many requests in any window of its length.
//!
//! Each request takes a slot in advance, so that those that must wait are served in the order in which they
//! came. The last slots are kept in a ring; the next request goes out when the oldest of them has left the window.

use std::collections::VecDeque;

use flow_plan::Rate;

/// The most slots that are kept for one limit. A limit of more requests is kept as the same rate over a
/// shorter window, which is stricter and costs no memory.
const SLOTS_MAX: u32 = 10_000;

/// The slots of one limit. Times are microseconds on a monotonic clock.
#[derive(Clone, Debug)]
pub struct RateLimit {
    requests: u32,
    per_us: u64,
    slots: VecDeque<u64>,
}

impl RateLimit {
    /// A limit of which nothing is used.
    pub fn new(rate: Rate) -> Self {
        let requests = rate.requests.clamp(1, SLOTS_MAX);
        // Rounded up: never more than was declared.
        let per_us = (u128::from(rate.per_us) * u128::from(requests))
            .div_ceil(u128::from(rate.requests.max(1)))
            .try_into()
            .unwrap_or(u64::MAX);
        Self { requests, per_us, slots: VecDeque::new() }
    }

    /// Takes the next slot that is not before `now_us`, and says when it is.
    pub fn take(&mut self, now_us: u64) -> u64 {
        let full = self.slots.len() >= self.requests as usize;
        let oldest = if full { self.slots.pop_front() } else { None };
        let free = oldest.map_or(0, |slot| slot.saturating_add(self.per_us));
        let last = self.slots.back().copied().unwrap_or(0);
        let slot = now_us.max(free).max(last);
        self.slots.push_back(slot);
        slot
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_window_holds_more_than_the_limit() {
        for (requests, per_us, arrivals_us) in
            [(1, 1_000, 0), (5, 1_000, 10), (50, 1_000_000, 1), (3, 7, 3), (7, 100, 50)]
        {
            let mut limit = RateLimit::new(Rate { requests, per_us });
            let slots: Vec<u64> = (0..500).map(|n| limit.take(n * arrivals_us)).collect();
            assert!(slots.is_sorted(), "in the order of arrival");
            assert!(slots.iter().enumerate().all(|(n, slot)| *slot >= n as u64 * arrivals_us));
            for pair in slots.windows(requests as usize + 1) {
                assert!(pair[requests as usize] - pair[0] >= per_us, "{requests} per {per_us}: {pair:?}");
            }
        }
    }

    #[test]
    fn a_burst_within_the_limit_does_not_wait() {
        let mut limit = RateLimit::new(Rate { requests: 50, per_us: 1_000_000 });
        assert!((0..50).all(|_| limit.take(5) == 5));
        assert_eq!(limit.take(5), 1_000_005);
        assert_eq!(limit.take(3_000_000), 3_000_000);
    }

    #[test]
    fn a_large_limit_becomes_a_shorter_window() {
        let limit = RateLimit::new(Rate { requests: 1_000_000, per_us: 86_400_000_000 });
        assert_eq!((limit.requests, limit.per_us), (10_000, 864_000_000));
        let none = RateLimit::new(Rate { requests: 0, per_us: 10 });
        assert_eq!((none.requests, none.per_us), (1, 10));
    }
}
