//! How large a program may be: every limit that a well-formed text can go past, with what to do then.
//!
//! A plan has limits of its own, which its verifier holds; these are never above them. `docs/language/limits.md` is the
//! table for readers.

use flow_diagnostics::{Diagnostic, codes};
use flow_source::Span;

/// A limit on how many parts one thing has.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// The thing: `a record`.
    pub of: &'static str,
    /// The most parts.
    pub max: usize,
    /// The parts: `fields`.
    pub parts: &'static str,
    /// What to do instead.
    pub instead: &'static str,
}

const fn limit(of: &'static str, max: usize, parts: &'static str, instead: &'static str) -> Limit {
    Limit { of, max, parts, instead }
}

/// Files of a program.
pub const FILES: Limit = limit("a program", 1_000, "files", "put what belongs together into one file");
/// Files that import each other in a row.
pub const IMPORT_CHAIN: Limit =
    limit("a chain", 64, "imports", "import the file that declares the name, not one that imports it");
/// Fields of a record type, an error, a case.
pub const FIELDS: Limit =
    limit("a record", 4_096, "fields", "hold parts of it in records of their own, or in a map");
/// Members of a union of literals, cases of a union of records.
pub const CASES: Limit = limit("a union", 4_096, "cases", "use `string`, or split it into several types");
/// Parameters of a workflow, a function, an operation.
pub const PARAMETERS: Limit = limit("a declaration", 1_000, "parameters", "take one record");
/// Entries of a record or map literal, elements of a list literal, parts of a text.
pub const ELEMENTS: Limit = limit("a literal", 4_096, "elements", "take it as input, or join smaller ones");
/// Arms of a `match`.
pub const ARMS: Limit = limit("a `match`", 1_000, "arms", "look the value up in a map, or split the `match`");
/// Branches of a `parallel` or `race`.
pub const BRANCHES: Limit =
    limit("a branching", 1_000, "branches", "put what they have in common into `for … parallel`");
/// Statements of one block.
pub const STATEMENTS: Limit = limit(
    "a block",
    10_000,
    "statements",
    "move parts into functions, or take the steps from a list with `for`",
);
/// Alternatives of an `if`. Each `else if` is a level of nesting to whoever walks the program.
pub const ALTERNATIVES: Limit = limit("an `if`", 1_000, "alternatives", "use `match`");
/// Declared types inside of each other.
pub const TYPE_DEPTH: Limit =
    limit("a type", 64, "declared types inside of each other", "hold the inner part as `json`");

/// All of them, in the order of the table.
pub const LIMITS: [&Limit; 11] = [
    &FILES,
    &IMPORT_CHAIN,
    &STATEMENTS,
    &PARAMETERS,
    &FIELDS,
    &CASES,
    &TYPE_DEPTH,
    &ELEMENTS,
    &ARMS,
    &ALTERNATIVES,
    &BRANCHES,
];

impl Limit {
    /// What is said of something that goes past the limit.
    pub fn diagnostic(&self, span: Span) -> Diagnostic {
        let Self { of, max, parts, instead } = self;
        Diagnostic::new(&codes::F0004, span, format!("{of} of more than {max} {parts}")).help(*instead)
    }

    /// The finding, where there are too many parts.
    pub fn refuses(&self, count: usize, span: Span) -> Option<Diagnostic> {
        (count > self.max).then(|| self.diagnostic(span))
    }
}
