//! The seam to time.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use flow_http::Pending;
use tokio::time::Instant;

/// A reading of both clocks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// The wall clock: microseconds since 1970. It may jump, so nothing is measured with it.
    pub wall_us: i64,
    /// The monotonic clock: microseconds since some moment of this process.
    pub mono_us: u64,
}

impl Now {
    /// The wall clock at a moment of the monotonic one, if neither jumps until then.
    pub(crate) fn wall_at(self, mono_us: u64) -> i64 {
        let ahead = i64::try_from(mono_us.saturating_sub(self.mono_us)).unwrap_or(i64::MAX);
        self.wall_us.saturating_add(ahead)
    }

    /// The monotonic clock at a moment of the wall clock, if neither jumps until then; now where it has passed.
    pub(crate) fn mono_at(self, wall_us: i64) -> u64 {
        let ahead = u64::try_from(wall_us.saturating_sub(self.wall_us)).unwrap_or(0);
        self.mono_us.saturating_add(ahead)
    }

    /// The monotonic clock at a moment that has passed on the wall clock, if neither has jumped; negative where that was
    /// before this process.
    pub(crate) fn since_mono(self, wall_us: i64) -> i64 {
        let mono_us = i64::try_from(self.mono_us).unwrap_or(i64::MAX);
        mono_us.saturating_sub(self.wall_us.saturating_sub(wall_us).max(0))
    }
}

/// Tells the time, and waits for it.
pub trait Clock: Send + Sync {
    /// Both clocks.
    fn now(&self) -> Now;

    /// Waits until the monotonic clock shows a time.
    fn sleep_until(&self, mono_us: u64) -> Pending<'_, ()>;
}

/// The clocks of this machine.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock {
    start: Instant,
}

impl SystemClock {
    /// Clocks whose monotonic one begins now.
    pub fn new() -> Self {
        Self { start: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Now {
        #[expect(clippy::disallowed_methods, reason = "this is the clock")]
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Now {
            wall_us: i64::try_from(since_1970.as_micros()).unwrap_or(i64::MAX),
            mono_us: u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX),
        }
    }

    fn sleep_until(&self, mono_us: u64) -> Pending<'_, ()> {
        // What lies beyond the timer's range is looked at again in a year.
        let deadline = self.start.checked_add(Duration::from_micros(mono_us));
        let far = Duration::from_secs(365 * 24 * 60 * 60);
        Box::pin(async move {
            match deadline {
                Some(deadline) => tokio::time::sleep_until(deadline).await,
                None => tokio::time::sleep(far).await,
            }
        })
    }
}
