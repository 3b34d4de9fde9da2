//! The tests of the whole: one module a layer, in one binary.

mod order;
mod support;
mod tidy;
