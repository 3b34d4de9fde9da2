//! The meaning of a Flow program: types, effects, errors that escape, and the rules that make it safe to run.
//!
//! In: a [`flow_hir::Program`] whose names are resolved. Out: [`Typed`], tables beside the program, and every
//! finding at once. This crate knows types, effects and rules; it reads no files and knows nothing of
//! bytecode, which `flow-emit` makes from the program and these tables. Start reading at [`Typed`]; each rule
//! beyond types has a file of its own under `rules`.

mod coercion;
mod methods;
mod typed;
mod types;

pub use coercion::{Coercion, FieldCoercion, coerce};
pub use methods::{METHODS, Method, Receiver, Scheme, Signature};
pub use typed::{
    CheckedApi, CheckedBackoff, CheckedCall, CheckedConfig, CheckedFunction, CheckedOperation, CheckedRetry,
    CheckedWorkflow, Coerced, EffectClass, EscapingError, MethodCall, OperationUndo, ParamValue, StepUndo,
    Typed, WorstCase,
};
pub use types::{Literals, RecordField, Ty, TyKind, Types};
