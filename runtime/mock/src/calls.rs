//! What a mock has seen.

use std::collections::BTreeMap;

/// What a mock has seen so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calls {
    /// By operation: `payments.charge`, with the version where several are played. Operations without requests
    /// are listed too.
    pub operations: BTreeMap<String, OperationCalls>,
    /// Requests that were for no operation.
    pub unmatched: u64,
}

impl Calls {
    /// What one operation has seen; nothing for one that is not played.
    pub fn of(&self, operation: &str) -> OperationCalls {
        self.operations.get(operation).cloned().unwrap_or_default()
    }
}

/// What one operation has seen so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OperationCalls {
    /// Requests, those that were told to fail or did not fit included.
    pub requests: u64,
    /// Requests that took effect. A safe operation has none, a repeated key or a repeated idempotent request
    /// has no further one; one whose answer was dropped has.
    pub effects: u64,
    /// The idempotency keys, each once, in the order of their first requests; the oldest are forgotten.
    pub keys: Vec<String>,
}
