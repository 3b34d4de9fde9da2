//! The tests of the whole: one module a layer, in one binary.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub,
    reason = "a test fails by panicking, and its helpers serve it alone"
)]

mod bad_input;
mod callbacks;
mod cascades;
mod cli;
mod conformance;
mod docs;
mod dying;
mod errors;
mod language;
mod mistakes;
mod order;
mod paging;
mod plan;
mod readme;
mod requests;
mod secrets;
mod support;
mod tidy;
mod undo;
