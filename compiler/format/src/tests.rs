//! The tests of this crate: one binary, one module an idea.

mod broken;
mod corpus;
mod suite;
mod support;
