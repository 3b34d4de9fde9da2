//! Names that are the same after a crash: idempotency keys, and the ids of child executions.

use flow_journal::ExecutionId;
use flow_vm::StepPath;
use uuid::Uuid;

/// The idempotency key of a step: a UUID of version 5 (RFC 9562, section 5.5), whose namespace is the execution
/// and whose name is the step's place. So it is the same on every attempt, after a crash and on every machine,
/// and different for every other step; and it has the form that APIs which insist on a UUID take.
pub fn idempotency_key(execution: ExecutionId, path: &StepPath) -> String {
    Uuid::new_v5(&Uuid::from_bytes(execution.0), path.0.as_bytes()).hyphenated().to_string()
}

/// The id of the execution that a step starts: of its parent and the step's place alone, so that whoever goes on
/// with the parent finds the child that was started, and never starts another.
pub fn child_execution(parent: ExecutionId, path: &StepPath) -> ExecutionId {
    let name = format!("child {}", path.0);
    ExecutionId(Uuid::new_v5(&Uuid::from_bytes(parent.0), name.as_bytes()).into_bytes())
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

    #[test]
    fn a_child_is_of_its_parent_and_the_place() {
        let child = |parent: u8, path: &str| {
            child_execution(ExecutionId([parent; 16]), &StepPath(path.to_owned())).to_string()
        };
        // Written down: an id that changed with a new version would start a child twice.
        assert_eq!(child(1, "4"), CHILD);
        assert_ne!(child(1, "4"), child(2, "4"));
        assert_ne!(child(1, "4"), child(1, "4.1"));
        let key = idempotency_key(ExecutionId([1; 16]), &StepPath("4".to_owned()));
        assert_ne!(child(1, "4"), key, "a key is no execution");
    }

    const CHILD: &str = "3b99a671-f16f-5442-92e9-ea7eed703582";
}
