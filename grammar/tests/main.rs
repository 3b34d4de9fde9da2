//! What the grammar accepts, what it refuses, and that the compiler's parser agrees.

#[path = "suite/corpus.rs"]
mod corpus;
#[path = "suite/differential.rs"]
mod differential;
#[path = "suite/generate.rs"]
mod generate;
#[path = "suite/known.rs"]
mod known;
#[path = "suite/mutate.rs"]
mod mutate;
#[path = "suite/random.rs"]
mod random;
#[path = "suite/rules.rs"]
mod rules;
#[path = "suite/words.rs"]
mod words;
