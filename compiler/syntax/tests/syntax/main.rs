//! The tests of this crate: one binary, one module an idea.

mod corpus;
mod hostile;
mod order;
mod properties;
mod round_trip;
mod support;
mod timing;
mod typed;
