//! Tests of the machine, on plans written by hand.
//!
//! [`assembler`] reads plans from text; [`transcript`] runs an execution by a transcript and holds what it does
//! against it, straight and again through encode, drop and decode at every step.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking, in their helpers too"
)]

mod assembler;
mod assembly;
mod catches;
mod forks;
mod tokens;
mod transcript;

mod branches;
mod deadlines;
mod errors;
mod finally;
mod held;
mod hostile;
mod limits;
mod outside;
mod pure;
mod races;
mod sagas;
mod state;
mod steps;
mod verifier;
mod wire;
