//! What the grammar accepts, what it refuses, and that the compiler's parser agrees.

#[path = "suite/corpus.rs"]
mod corpus;
