//! The meaning of a Flow program: types, effects, errors that escape, and the rules that make it safe to run.
//!
//! In: a [`flow_hir::Program`] whose names are resolved. Out: [`Typed`], tables beside the program, and every
//! finding at once. This crate knows types, effects and rules; it reads no files and knows nothing of
//! bytecode, which `flow-emit` makes from the program and these tables. Start reading at [`check`] and
//! [`Typed`]; each rule beyond types has a file of its own under `rules`.

mod api;
mod checker;
mod coercion;
mod constant;
mod declared;
mod display;
mod escape;
mod execution;
mod infer;
mod mend;
mod methods;
mod pages;
mod publishing;
mod recursion;
mod recursive_types;
mod requests;
mod retry;
mod rules;
mod statuses;
mod tests;
mod typed;
mod types;
mod undo;
mod union;
mod workflow;

use flow_diagnostics::Diagnostic;
use flow_hir::Program;

pub use coercion::{Coercion, FieldCoercion, coerce};
pub use methods::{METHODS, Method, Receiver, Scheme, Signature};
pub use typed::{
    CheckedApi, CheckedBackoff, CheckedCall, CheckedConfig, CheckedFunction, CheckedKey, CheckedObjective,
    CheckedOperation, CheckedPages, CheckedPublication, CheckedRetry, CheckedRoute, CheckedSchedule,
    CheckedWorkflow, Coerced, EffectClass, EscapingError, MethodCall, NextPage, OperationUndo, PageField,
    ParamValue, RoutePlace, StepUndo, Typed, WorkflowUndo, WorstCase,
};
pub use types::{Case, Condition, Literals, RecordField, Ty, TyKind, Types, Union};

/// Checks a program. The tables are complete where there are no errors, and as complete as can be otherwise.
pub fn check(program: &Program) -> (Typed, Vec<Diagnostic>) {
    let mut checker = checker::Checker::new(program);
    checker.declare();
    checker.check_retries();
    checker.check_apis();
    checker.check_signatures();
    checker.check_declared();
    checker.check_operation_calls();
    checker.check_bodies();
    checker.check_tests();
    checker.check_recursion();
    checker.find_escapes();
    checker.check_expected_errors();
    checker.check_publications();
    checker.check_schedules();
    checker.check_objectives();
    rules::apply(&mut checker);
    (checker.typed, checker.findings.finish())
}

/// A type in the user's words: `Order`, `{ id: string, total: decimal }`.
pub fn type_words(program: &Program, types: &Types, ty: Ty) -> String {
    display::words(program, types, ty)
}
