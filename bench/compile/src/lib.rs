//! How long the compiler takes, and that nobody can make it take long.
//!
//! In: nothing; texts are generated from a seed. Out: tables on stdout, by the program of this crate, and tests that
//! hold the compiler to its limits without looking at a clock. Start reading at [`project::generate`] for usual
//! source and at [`hostile::CASES`] for the other kind.

pub mod hostile;
pub mod project;
mod random;
