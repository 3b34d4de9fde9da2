//! The limits on a source text. Each is checked before anything that would grow with it runs.

/// Bytes of one file.
pub const FILE_BYTES_MAX: usize = 8 << 20;

/// Bytes of one line.
pub const LINE_BYTES_MAX: usize = 512 << 10;

/// How deep brackets, prefix operators and constructs may stand inside each other.
pub const DEPTH_MAX: u32 = 64;

/// Operators in one expression. They are not nesting to the reader, but the tree leans by one level for each.
pub const OPERATORS_MAX: u32 = 1_000;

/// Syntax errors shown for one file.
pub const ERRORS_MAX: usize = 200;
