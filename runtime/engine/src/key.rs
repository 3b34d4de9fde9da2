//! Names that are the same after a crash: idempotency keys, the ids of child executions, and the keys that make two
//! starts one execution.

use flow_journal::{Claim, ExecutionId};
use flow_vm::{Program, StepPath};
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

/// What a start claims that has a key: the key, for as long as the workflow says.
pub(crate) fn claim(program: &Program, input: &[u8], key: Option<&String>, at_us: i64) -> Option<Claim> {
    let plan = program.plan();
    let (for_us, again) = plan.key.map_or((None, false), |key| (Some(key.for_us), key.again));
    Some(Claim {
        workflow: plan.workflow.clone(),
        key: key?.clone(),
        input: digest(program, input),
        at_us,
        for_us,
        again,
    })
}

/// A digest of an input: of its value, not of how it is written.
fn digest(program: &Program, input: &[u8]) -> [u8; 32] {
    let normal = program.normal_value(program.plan().input, input);
    *blake3::hash(&without_scale(normal.as_deref().unwrap_or(input))).as_bytes()
}

/// JSON whose numbers have no zeros at the end of a fraction: `5.00` is the same as `5`.
fn without_scale(json: &[u8]) -> Vec<u8> {
    let mut out: Vec<u8> = Vec::with_capacity(json.len());
    let (mut in_text, mut escaped) = (false, false);
    // Where a number began, and whether it has a fraction and nothing after it.
    let (mut number, mut fraction) = (None, false);
    for byte in json.iter().copied().chain([b' ']) {
        if !in_text && matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E') {
            let digits = byte.is_ascii_digit();
            // Letters of `true`, `false` and `null` begin no number.
            number = number.or((digits || byte == b'-').then_some(out.len()));
            fraction = byte == b'.' || fraction && digits;
        } else {
            if number.take().is_some() && fraction {
                let kept = out.iter().rposition(|digit| *digit != b'0').map_or(0, |last| last + 1);
                out.truncate(kept);
                out.pop_if(|last| *last == b'.');
            }
            fraction = false;
            in_text ^= byte == b'"' && !escaped;
            escaped = in_text && byte == b'\\' && !escaped;
        }
        out.push(byte);
    }
    out
}

/// What is said to whoever starts an execution with a key that belongs to another one.
pub(crate) fn taken(execution: ExecutionId) -> String {
    format!("the key belongs to execution {execution}, which was started with another input")
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
    fn numbers_are_the_same_whatever_their_scale() {
        for (one, other) in [
            (r#"{"a":5.00,"b":[1.50,100,0.0]}"#, r#"{"a":5,"b":[1.5,100,0]}"#),
            (r#"{"a":-2.10,"b":true}"#, r#"{"a":-2.1,"b":true}"#),
        ] {
            assert_eq!(without_scale(one.as_bytes()), without_scale(other.as_bytes()));
        }
        for kept in [r#"{"a":"5.00","b\"1.00":1}"#, r#"[10,1.50e30,true,null]"#, r#"["\\",20]"#] {
            assert_eq!(without_scale(kept.as_bytes()), format!("{kept} ").as_bytes());
        }
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
