//! What tests of the binary share: a scripted HTTP server, and the command itself.

pub mod command;
pub mod findings;
pub mod folder;
pub mod server;
