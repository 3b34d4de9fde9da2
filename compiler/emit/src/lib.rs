//! From a checked program to plans.
//!
//! In: a [`flow_hir::Program`] and the tables of [`flow_check::Typed`], without errors. Out: one [`Plan`] and its
//! [`Debug`] section for a workflow, or a [`TestCase`] for a test. What is checked but not built is reported as
//! `F0001` at its place, and then there is no plan. This crate knows lowering; it is kept unaware of how a
//! plan runs. Start reading at [`workflow`], then `body`.

mod body;
mod builder;
mod children;
mod constant;
mod context;
mod publishing;
mod requests;
mod tables;
mod test;
mod types;

use flow_check::Typed;
use flow_diagnostics::Diagnostic;
use flow_hir::{ErrorDeclId, Program, WorkflowId};
use flow_plan::{Debug, Plan};
use flow_source::Sources;

pub use children::{Made, called_by};
pub use test::{Action, ActionKind, Answer, Arguments, CallCount, TestCase, TestOperation, Value};

/// A workflow's plan.
#[derive(Clone, Debug)]
pub struct Emitted {
    /// The plan.
    pub plan: Plan,
    /// Places and names for people.
    pub debug: Debug,
    /// The declarations of the plan's errors, by their ids in it.
    pub errors: Vec<ErrorDeclId>,
}

/// Compiles a workflow of a program that was checked without errors. The workflows that it calls must be compiled
/// before: see [`called_by`].
///
/// # Errors
/// `F0001` for each construct that is not built.
pub fn workflow(
    program: &Program,
    typed: &Typed,
    sources: &Sources,
    made: &Made,
    id: WorkflowId,
) -> Result<Emitted, Vec<Diagnostic>> {
    let mut context = context::Context::new(program, typed, sources, made);
    tables::workflow(&mut context, id);
    context.finish()
}

/// Compiles a test of a program that was checked without errors.
///
/// # Errors
/// `F0001` for each construct that is not built.
pub fn test(
    program: &Program,
    typed: &Typed,
    sources: &Sources,
    id: flow_hir::TestId,
) -> Result<TestCase, Vec<Diagnostic>> {
    test::emit(program, typed, sources, id)
}
