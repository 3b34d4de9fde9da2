//! Time and output: the only files of this crate that look at a clock or print.

use std::time::{Duration, Instant};

/// Writes a line to stdout.
#[expect(clippy::print_stdout, reason = "the table is what this program is for")]
pub(crate) fn print(line: &str) {
    println!("{line}");
}

/// The present moment.
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// What work gives, and how long it took.
pub(crate) fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = now();
    let value = work();
    (value, start.elapsed())
}

/// The shortest of several runs: what else the machine does makes work longer, never shorter.
pub(crate) fn shortest<T>(runs: usize, mut work: impl FnMut() -> T) -> Duration {
    (0..runs).map(|_| timed(&mut work).1).min().unwrap_or_default()
}

/// Milliseconds with a digit after the point.
pub(crate) fn millis(time: Duration) -> String {
    format!("{:.1}", time.as_secs_f64() * 1_000.0)
}
