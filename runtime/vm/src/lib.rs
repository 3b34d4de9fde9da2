//! The virtual machine: an execution's whole state as plain data, and the rules by which it goes on.
//!
//! In: a verified plan, an input, and one [`Completion`] at a time. Out: [`Effect`]s for somebody else to
//! perform, and a [`Status`]. The same completions in the same order always give the same effects: durability,
//! tests and debugging rest on this one property. The machine does no I/O, reads no clock, draws no random
//! number, and knows no thread. Start reading at [`Machine`], then [`Effect`].
//!
//! Inside, from the outside in: the machine (fibers, scopes, sagas, the state's encoding), the interpreter of
//! pure instructions, the heap, JSON on the wire. Attempts, retries, keys and what must be written down before
//! what is left to the engine; how a request is made and sent, to the client of APIs.

mod machine;
mod program;

mod effect;
mod error;

mod decimal;
mod equal;
mod error_object;
mod fault;
mod outcome;

mod interpret;
mod library;
mod limits;

mod collector;
mod dynamic;
mod heap;
mod json;
mod wire;

pub use effect::{
    Again, Attention, CallAnswer, CallEffect, ChildAnswer, ChildError, Completion, Effect, EffectId,
    EffectKind, Failure, Raised, Refusal, Request, Result as CompletionResult, SpawnEffect, Status, Step,
    StepPath, Undone, UnknownReason, Unsettled,
};
pub use error::{DecodeError, InputError, ResumeError, SignalRefusal, StateError};
pub use machine::{Awaited, Identity, Machine};
pub use program::{Program, decimal_slots};

/// The octets that a text in base64 stands for, as `bytes` are written in JSON.
pub fn octets(text: &str) -> Option<Vec<u8>> {
    wire::scalar::read_bytes(text)
}
