//! The engine with the real machine: scenarios, a simulation from seeds with crashes everywhere, and the shell on
//! tokio against a real server.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic: that is how it fails"
)]

mod children;
mod computing;
mod confirm;
mod finally;
mod identity;
mod keyed;
mod late;
mod races;
mod scenarios;
mod secrets;
mod shop;
mod simulation;
mod tokio_shell;
mod world;
