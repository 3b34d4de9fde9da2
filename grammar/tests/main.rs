//! What the grammar accepts, what it refuses, and that the compiler's parser agrees.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, and its helpers serve it alone"
)]

#[path = "suite/corpus.rs"]
mod corpus;
#[path = "suite/differential.rs"]
mod differential;
#[path = "suite/generate.rs"]
mod generate;
#[path = "suite/generated.rs"]
mod generated;
#[path = "suite/limits.rs"]
mod limits;
#[path = "suite/mutate.rs"]
mod mutate;
#[path = "suite/random.rs"]
mod random;
#[path = "suite/rules.rs"]
mod rules;
#[path = "suite/words.rs"]
mod words;
