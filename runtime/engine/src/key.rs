//! Idempotency keys.

use flow_journal::ExecutionId;
use flow_vm::StepPath;
use uuid::Uuid;

/// The idempotency key of a step: a UUID of version 5 (RFC 9562, section 5.5), whose namespace is the execution
/// and whose name is the step's place. So it is the same on every attempt, after a crash and on every machine,
/// and different for every other step; and it has the form that APIs which insist on a UUID take.
pub fn idempotency_key(execution: ExecutionId, path: &StepPath) -> String {
    Uuid::new_v5(&Uuid::from_bytes(execution.0), path.0.as_bytes()).hyphenated().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_of_the_execution_and_the_place() {
        let key = |execution: u8, path: &str| {
            idempotency_key(ExecutionId([execution; 16]), &StepPath(path.to_owned()))
        };
        // Written down: a key that changed with a new version would charge a card twice.
        assert_eq!(key(1, "7/0/4"), "fcc2c122-3207-5fdd-b98a-0e5577aac9e4");
        assert_ne!(key(1, "7/0/4"), key(2, "7/0/4"));
        assert_ne!(key(1, "7/0/4"), key(1, "7/0/4.1"));
    }
}
