//! Keys, and the executions that they belong to: when a key is taken, and when it is free.

use std::collections::HashMap;

use crate::{Claim, EndStatus, ExecutionId, Start};

/// Who has which key, by workflow and key. What it knows is as durable as whoever holds it makes it.
#[derive(Clone, Debug, Default)]
pub struct Claims(HashMap<(String, String), (ExecutionId, Claim)>);

impl Claims {
    /// The execution that a key belongs to, as whoever claims it is told; nothing where the key is free. `ended` says
    /// how an execution has ended, where it has.
    pub fn holder(
        &self,
        claim: &Claim,
        ended: impl FnOnce(ExecutionId) -> Option<EndStatus>,
    ) -> Option<Start> {
        let (existing, held) = self.0.get(&(claim.workflow.clone(), claim.key.clone()))?;
        if ended(*existing).is_some_and(|status| is_free(held, claim, status)) {
            return None;
        }
        Some(Start::Existing { execution: *existing, same_input: held.input == claim.input })
    }

    /// Gives a key to an execution.
    pub fn take(&mut self, execution: ExecutionId, claim: Claim) {
        self.0.insert((claim.workflow.clone(), claim.key.clone()), (execution, claim));
    }

    /// Gives the keys of an execution free.
    pub fn release(&mut self, execution: ExecutionId) {
        self.0.retain(|_, (holder, _)| *holder != execution);
    }

    /// Whether a key belongs to the execution.
    pub fn holds(&self, execution: ExecutionId) -> bool {
        self.0.values().any(|(holder, _)| *holder == execution)
    }

    /// Whether any key belongs to an execution.
    pub fn has_any(&self) -> bool {
        !self.0.is_empty()
    }

    /// Forgets the keys of executions that are not there.
    pub fn retain(&mut self, mut is_there: impl FnMut(ExecutionId) -> bool) {
        self.0.retain(|_, (execution, _)| is_there(*execution));
    }
}

/// Whether a key whose execution has ended so is free for a new claim.
fn is_free(held: &Claim, claim: &Claim, status: EndStatus) -> bool {
    let until = held.for_us.map(|us| held.at_us.saturating_add(i64::try_from(us).unwrap_or(i64::MAX)));
    until.is_some_and(|until| claim.at_us >= until) || claim.again && status != EndStatus::Succeeded
}
