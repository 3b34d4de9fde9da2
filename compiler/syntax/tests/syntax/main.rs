//! The tests of this crate: one binary, one module an idea.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "tests fail by panicking")]

mod corpus;
mod hostile;
mod order;
mod properties;
mod round_trip;
mod speed;
mod support;
mod typed;
