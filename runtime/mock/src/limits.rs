//! The limits of a mock: whoever talks to it, it stays small and alive.

use std::time::Duration;

/// Bytes of a request's body.
pub(crate) const BODY_BYTES_MAX: usize = 8 << 20;

/// Bytes of a request's line and headers.
pub(crate) const HEAD_BYTES_MAX: usize = 64 << 10;

/// Headers of a request.
pub(crate) const HEADERS_MAX: usize = 128;

/// The time in which a head must arrive. It also ends idle connections, so it is longer than clients keep them.
pub(crate) const HEAD_TIMEOUT: Duration = Duration::from_secs(120);

/// The time in which a body must arrive.
pub(crate) const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// Connections to one API at one time; further ones wait.
pub(crate) const CONNECTIONS_MAX: usize = 1_024;

/// The wait after an accept that failed, for instance for want of descriptors.
pub(crate) const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How long a request that is told to time out is held.
pub(crate) const HOLD_MAX: Duration = Duration::from_secs(600);

/// The longest delay that can be told.
pub(crate) const DELAY_MAX: Duration = Duration::from_secs(3_600);

/// Bytes of an idempotency key.
pub(crate) const KEY_BYTES_MAX: usize = 1_024;

/// Keys, identical requests and things that are remembered, each of one operation or API; the oldest go first.
pub(crate) const REMEMBERED_MAX: usize = 10_000;

/// Bytes of one member that is remembered of a thing.
pub(crate) const MEMBER_BYTES_MAX: usize = 4 << 10;

/// Values inside each other in a sample.
pub(crate) const SAMPLE_DEPTH_MAX: u32 = 6;

/// Values in one sample; past it, lists are empty and optional values null.
pub(crate) const SAMPLE_VALUES_MAX: u32 = 5_000;

/// Values that are tried for one condition.
pub(crate) const CANDIDATES_MAX: usize = 256;

/// Items of a list, and scalars of a text, that is made long enough for a condition.
pub(crate) const CANDIDATE_SIZE_MAX: i64 = 1_000;

/// Samples that are tried for one answer.
pub(crate) const SAMPLES_MAX: u64 = 16;

/// Characters of a path that a log line shows.
pub(crate) const LOG_PATH_MAX: usize = 200;
