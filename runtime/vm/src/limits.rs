//! The limits of one execution. Crossing one is error `limit`, which a workflow can catch like any other.

/// Instructions in one slice; then the machine yields with `Status::Running`.
pub(crate) const SLICE_FUEL: u64 = 1_000_000;

/// Instructions of one evaluation of pure code.
pub(crate) const PURE_FUEL: u64 = 1_000_000_000;

/// Words of the heap: 64 MB.
pub(crate) const HEAP_WORDS_MAX: usize = (64 << 20) / 8;

/// Words beyond the limit that are kept for saying that it was reached.
pub(crate) const HEAP_WORDS_RESERVE: usize = 64 << 10;

/// Growth since the last collection, in words, before a waiting machine collects again: 1 MB.
pub(crate) const COLLECT_GROWTH_WORDS: usize = (1 << 20) / 8;

/// Bytes of one text: 8 MB.
pub(crate) const TEXT_BYTES_MAX: usize = 8 << 20;

/// Bytes of a text that is matched against a regular expression: 1 MB.
pub(crate) const MATCHED_BYTES_MAX: usize = 1 << 20;

/// Bytes of a regular expression, and of what it is made into.
pub(crate) const PATTERN_BYTES_MAX: usize = 4 << 10;
pub(crate) const PATTERN_SIZE_MAX: usize = 1 << 20;

/// Regular expressions that a program keeps made.
pub(crate) const PATTERNS_KEPT_MAX: usize = 256;

/// Calls of pure functions inside each other.
pub(crate) const CALL_DEPTH_MAX: usize = 64;

/// Boundary checks inside each other: a check that converts a value whose type has checks.
pub(crate) const CHECK_DEPTH_MAX: u32 = 8;

/// JSON arrays and objects inside each other.
pub(crate) const JSON_DEPTH_MAX: u32 = 128;

/// Values inside each other, where two are compared.
pub(crate) const COMPARE_DEPTH_MAX: u32 = 256;

/// Undos registered at one time.
pub(crate) const UNDOS_MAX: usize = 10_000;

/// Signals that nobody has received yet, at one time.
pub(crate) const EARLY_SIGNALS_MAX: usize = 1_000;

/// Callbacks of one execution.
pub(crate) const CALLBACKS_MAX: usize = 10_000;

/// Bytes of a callback's URL.
pub(crate) const CALLBACK_URL_BYTES_MAX: usize = 8 << 10;

/// Fibers alive at one time.
pub(crate) const FIBERS_MAX: usize = 10_000;

/// Items of a list that are seen to at one time.
pub(crate) const WIDTH_MAX: u32 = 1_000;

/// Bytes of a text that an error message quotes.
pub(crate) const QUOTE_BYTES_MAX: usize = 60;
