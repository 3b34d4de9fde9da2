//! Executions of executions: the workflows that steps call, and what tells executions of one workflow apart.

use serde::{Deserialize, Serialize};

use crate::{ErrorId, FunctionId, PlanHash, TypeId};

/// A workflow that steps call. Its plan is part of this one by its hash, so that no plan can hold itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Child {
    /// The workflow's name.
    pub workflow: String,
    /// The workflow's version.
    pub version: u32,
    /// Its plan.
    pub plan: PlanHash,
    /// The record type of its input, as this plan has it.
    pub input: TypeId,
    /// The type of its result, as this plan has it.
    pub output: TypeId,
    /// The declared errors that can leave it: the id in its plan, and the id in this one, in the order of the
    /// first.
    pub errors: Vec<(ErrorId, ErrorId)>,
    /// Whether its executions have keys: a call may come upon one that another caller has begun.
    pub keyed: bool,
}

/// The key of a workflow's executions: starting twice with the same key gives the same execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// A pure function from the entry's arguments to the key, a text.
    pub value: FunctionId,
    /// How long it holds, in microseconds from the start of the execution.
    pub for_us: u64,
    /// Whether an execution that has failed gives it free.
    pub again: bool,
}
