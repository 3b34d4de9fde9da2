//! The journal: what is written down of an execution, how it is encoded, and what a store of it must do.
//!
//! In: [`Record`]s. Out: the same records, later, perhaps in another process. [`Store`] is the trait behind which
//! the stores stand; [`MemoryStore`] is the one that needs no disk; [`conformance`] is the suite that every store
//! passes.
//!
//! This crate knows records, versions, sealing and storage. It is kept unaware of the machine (effects are numbers here,
//! states and completions are bytes) and of HTTP. When something is written is for the engine to say.
//! Start reading at [`Record`], then [`Store`].

mod claims;
pub mod codec;
pub mod conformance;
mod ids;
mod memory;
mod record;
mod sample;
mod seal;
mod store;
mod summary;

pub use claims::Claims;
pub use codec::CodecError;
pub use ids::{ExecutionId, NotAnId, PlanId};
pub use memory::MemoryStore;
pub use record::{
    AttemptEnded, AttemptOutcome, AttemptStarted, CalledBack, Completed, EndStatus, Ended, HeaderValue, Held,
    Intent, Joined, Logged, Parent, Record, Reported, Signalled, Snapshot, Started, TimerSet,
};
pub use seal::{SealError, Sealed, Sealer};
pub use store::{Claim, History, Pending, Start, Store, StoreError};
pub use summary::{State, Summary};
