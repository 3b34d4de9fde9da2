//! Mocks from outside: hand-made plans, real sockets, requests as their octets.
#![allow(
    missing_docs,
    unreachable_pub,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests may panic: that is how they fail"
)]

mod client;
mod plans;

mod answers;
mod conditions;
mod failures;
mod keys;
mod memory;
mod robustness;
