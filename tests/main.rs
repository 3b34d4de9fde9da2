//! The test suite: one module a layer.
