//! The façade of the compiler: from an entry file to plans, tests and diagnostics.
//!
//! In: a [`World`] that hands out files, and the path of the entry. Out: a [`Compilation`]. This crate knows the
//! order of the phases, and is kept unaware of the runtime, of editors and of the terminal. Start reading at
//! [`compile`].

mod compilation;
mod consequences;
mod files;
mod parses;
mod threads;
mod world;

pub use compilation::{Compilation, CompiledWorkflow, Compiler, DeclaredConfig, Phase, compile};
pub use flow_emit::{Action, ActionKind, Answer, Arguments, CallCount, TestCase, TestOperation, Value};
pub use flow_hir::{LocalId, WorkflowId};
pub use flow_source::Sources;
pub use world::{FILE_BYTES_MAX, MemoryWorld, ReadError, World};
