//! Functions: registers, instructions, and the tables that the instructions refer to.

use serde::{Deserialize, Serialize};

use crate::{ErrorId, FunctionId, ListId, Op, Reg, Target, TypeId};

/// Whether a function may wait and act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Purity {
    /// Computes a value from its arguments, and is called by `call_fn` or by the runtime.
    Pure,
    /// The root of a fiber: a workflow, a branch, or an undo.
    Flow,
}

/// One function.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Function {
    /// Whether it may wait.
    pub purity: Purity,
    /// The registers that receive the arguments, in order.
    pub params: Vec<Reg>,
    /// The type of what it returns.
    pub result: TypeId,
    /// Every register, in the order of its slots, without gaps. A register has one type for its whole life.
    pub registers: Vec<Register>,
    /// The instructions; the last one never falls through.
    pub code: Vec<Op>,
    /// Lists of registers, for instructions that read many.
    pub lists: Vec<Vec<Reg>>,
    /// Groups of branches, for `fork`.
    pub groups: Vec<Group>,
    /// Handlers of errors, innermost first.
    pub handlers: Vec<Handler>,
    /// What is alive while the function waits, one entry for each instruction at which it can, by place.
    pub live: Vec<Live>,
}

/// A register: a type, and its first slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Register {
    /// The first slot.
    pub slot: Reg,
    /// The type, which gives the width.
    pub ty: TypeId,
}

/// The registers that are needed after a wait, apart from the one that the awaited result goes to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Live {
    /// The instruction that waits.
    pub at: Target,
    /// The registers, in ascending order.
    pub registers: Vec<Reg>,
}

/// How the branches of a group end together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum GroupMode {
    /// All must succeed; the result is a record of their results, or the list of those of the items.
    All,
    /// All end, well or not; the result is a record with `Ok` or `Err` for each.
    Settled,
    /// The first that succeeds ends the others; the result is tagged by its branch.
    First,
    /// The first ones that succeed, as many as are due, end the others; the result is the list of their results.
    Some,
    /// The code of a `finally`: nothing that interrupts the fiber around reaches its branches, or the fiber while
    /// it waits for them.
    Shielded,
}

impl GroupMode {
    /// Whether some successes end the others, which are then undone.
    pub fn is_race(self) -> bool {
        matches!(self, Self::First | Self::Some)
    }
}

/// Branches that run beside each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// How they end together.
    pub mode: GroupMode,
    /// The branches, in source order.
    pub branches: Vec<Branch>,
}

/// One branch of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Branch {
    /// The field of the result record that takes its result, or the case of the result that holds it, by index;
    /// none where its result is not used, or where it has none.
    pub field: Option<u16>,
    /// Its code: a flow function over the captured registers.
    pub function: FunctionId,
    /// The registers that it sees, as they are at the fork.
    pub captures: ListId,
}

/// A `catch` or `finally` over a range of instructions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handler {
    /// The first guarded instruction.
    pub start: Target,
    /// The instruction after the last guarded one.
    pub end: Target,
    /// Where the handler begins.
    pub target: Target,
    /// The register that receives the error.
    pub error: Reg,
    /// How many scopes are open where the `try` stands; inner ones are closed first, sagas by their undos.
    pub scopes: u16,
    /// What it catches.
    pub catches: Catch,
}

/// What a handler catches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Catch {
    /// Every error that can be caught.
    Any,
    /// Whatever leaves the `try`, `cancelled` and outer deadlines too: a `finally`, which raises it again.
    Finally,
    /// One declared error.
    Error(ErrorId),
    /// Any other status of an HTTP answer, in the range.
    Http(u16, u16),
    /// The request surely never reached the server.
    Refused,
    /// No answer after sending.
    Unknown,
    /// Timeouts: those of `refused` and `unknown`.
    Timeout,
    /// Connection failures: those of `refused` and `unknown`.
    Connection,
    /// An answer that does not fit its type.
    Decode,
    /// A deadline that was set inside the `try`.
    Deadline,
    /// A failed computation.
    Arithmetic,
    /// An index out of bounds.
    Range,
    /// A failed conversion.
    Cast,
    /// A limit of the execution.
    Limit,
    /// Too few branches of a race could still succeed.
    Quorum,
}
