//! The trait of the stores.

use std::{future::Future, pin::Pin};

use crate::{CodecError, ExecutionId, PlanId, Record, State, Summary};

/// A future that is not finished yet.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Keeps histories. What a method has returned `Ok` for is durable: it survives the death of the process and of
/// the machine. Whoever holds a store may drop a future at any time; the write then took place or did not, whole.
///
/// [`conformance`](crate::conformance) says the same as tests.
pub trait Store: Send + Sync {
    /// Keeps a plan. Keeping it again changes nothing.
    fn put_plan(&self, id: PlanId, bytes: Vec<u8>) -> Pending<'_, Result<(), StoreError>>;

    /// A plan.
    fn plan(&self, id: PlanId) -> Pending<'_, Result<Option<Vec<u8>>, StoreError>>;

    /// Begins an execution with its first records, and takes its key, in one step. Where the key is taken, nothing
    /// is written.
    fn start(
        &self,
        execution: ExecutionId,
        claim: Option<Claim>,
        records: Vec<Record>,
    ) -> Pending<'_, Result<Start, StoreError>>;

    /// Adds records to an execution that has `position` records so far, all of them or none. Another number of
    /// records means that somebody else has written: the caller has lost the execution and must drop it.
    fn append(
        &self,
        execution: ExecutionId,
        position: u64,
        records: Vec<Record>,
    ) -> Pending<'_, Result<(), StoreError>>;

    /// Gives the key of an execution free, if it has one: whoever claims it next begins anew. What the execution was is
    /// kept.
    fn release(&self, execution: ExecutionId) -> Pending<'_, Result<(), StoreError>>;

    /// The history of an execution.
    fn load(&self, execution: ExecutionId) -> Pending<'_, Result<Option<History>, StoreError>>;

    /// The executions in a state, or all, newest first.
    fn list(&self, state: Option<State>, limit: usize) -> Pending<'_, Result<Vec<Summary>, StoreError>>;
}

/// A key that belongs to one execution of a workflow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The workflow.
    pub workflow: String,
    /// The caller's key.
    pub key: String,
    /// A digest of the input: the same key with another input is an error of the caller's.
    pub input: [u8; 32],
    /// When it is claimed, in microseconds since 1970.
    pub at_us: i64,
    /// How long it holds from then, in microseconds, and in any case until its execution has ended; for ever where
    /// nothing is said.
    pub for_us: Option<u64>,
    /// Whether whoever comes now may have the key of an execution that has ended without success.
    pub again: bool,
}

/// What became of a start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// The execution has begun.
    Started,
    /// The key belongs to an execution that began earlier.
    Existing {
        /// That one.
        execution: ExecutionId,
        /// Whether it was started with the same input.
        same_input: bool,
    },
}

/// A history: the first record, the last snapshot if there is one, and at least everything that is after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    /// How many records the execution has had, those that are left out here included.
    pub position: u64,
    /// The records, oldest first.
    pub records: Vec<Record>,
}

/// Why a store did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The execution is not there.
    #[error("there is no execution {0}")]
    NotFound(ExecutionId),
    /// There is one of that id already.
    #[error("there is an execution {0} already")]
    Exists(ExecutionId),
    /// Somebody else has written.
    #[error(
        "execution {execution} has {actual} records where {expected} were expected: another process has it"
    )]
    Lost {
        /// The execution.
        execution: ExecutionId,
        /// How many the caller knew of.
        expected: u64,
        /// How many there are.
        actual: u64,
    },
    /// The records make no history.
    #[error("the records make no history: {0}")]
    Malformed(&'static str),
    /// A record cannot be read.
    #[error(transparent)]
    Codec(#[from] CodecError),
    /// The storage itself failed. Nothing may be acknowledged any more.
    #[error("the store failed: {0}")]
    Failed(String),
}
