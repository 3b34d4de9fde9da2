//! The verifier: a plan that passes can't make the machine misbehave.
//!
//! Tables first, then each function: operands generally by the table of instructions, then the rule of each
//! instruction, then what is known of registers and scopes along every way through the code. Whether a plan
//! does something sensible is not asked.

mod blocks;
mod classes;
mod dataflow;
mod flow;
mod forks;
mod functions;
mod graph;
mod liveness;
mod loops;
mod operands;
mod requests;
mod rules;
mod set;
mod tables;
mod types;

pub use classes::layout_classes;
pub use flow::may_raise;
pub use functions::{CODE_MAX, STATES_MAX};
pub use liveness::{live_tables, results_read};
pub use types::TYPES_MAX;

use std::fmt;

use crate::{FORMAT, FunctionId, Plan, Target, Type, TypeId};

/// Why a plan may not run, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct VerifyError {
    /// The function; none where a table is wrong.
    pub function: Option<FunctionId>,
    /// The instruction, with its name; none where it is not about one.
    pub at: Option<(Target, &'static str)>,
    /// What is wrong.
    pub reason: String,
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.function, self.at) {
            (Some(function), Some((at, name))) => write!(f, "{function} at {} (`{name}`): ", at.0)?,
            (Some(function), None) => write!(f, "{function}: ")?,
            _ => {}
        }
        f.write_str(&self.reason)
    }
}

/// What is wrong, before it is known where.
type Checked<T = ()> = Result<T, String>;

/// Checks that a plan may run.
///
/// # Errors
/// The first thing that is wrong.
pub fn verify(plan: &Plan) -> Result<(), VerifyError> {
    let in_tables = |reason: String| VerifyError { function: None, at: None, reason };
    if plan.format != FORMAT {
        return Err(in_tables(format!("the plan has format {}, and {FORMAT} is due", plan.format)));
    }
    types::check(plan).map_err(in_tables)?;
    types::check_boundaries(plan).map_err(in_tables)?;
    let checker = Checker { plan, classes: layout_classes(&plan.types) };
    for (id, function) in (0..).map(FunctionId).zip(&plan.functions) {
        let whole = |reason: String| VerifyError { function: Some(id), at: None, reason };
        functions::check_shape(&checker, function).map_err(whole)?;
    }
    tables::check(&checker).map_err(in_tables)?;
    graph::check(plan).map_err(|(function, reason)| VerifyError {
        function: Some(function),
        at: None,
        reason,
    })?;
    for (id, function) in (0..).map(FunctionId).zip(&plan.functions) {
        functions::check_code(&checker, id, function)?;
    }
    Ok(())
}

/// A plan whose types are well formed.
struct Checker<'a> {
    plan: &'a Plan,
    /// The layout class of each type.
    classes: Vec<u32>,
}

impl Checker<'_> {
    /// Whether values of both types lie in slots alike.
    fn alike(&self, left: TypeId, right: TypeId) -> bool {
        let class = |id: TypeId| self.classes.get(id.index());
        class(left).is_some() && class(left) == class(right)
    }

    /// The type of an id without a secret's guard.
    fn open(&self, id: TypeId) -> &Type {
        self.plan.types.get(self.plan.types.open_secret(id))
    }

    /// What an optional type is about.
    fn inner(&self, id: TypeId) -> Option<TypeId> {
        match self.open(id) {
            Type::Optional(inner) => Some(*inner),
            _ => None,
        }
    }

    fn width(&self, id: TypeId) -> u16 {
        self.plan.types.width(id)
    }
}

/// `Ok` if it holds, and else the reason.
fn ensure(holds: bool, reason: impl FnOnce() -> String) -> Checked {
    if holds { Ok(()) } else { Err(reason()) }
}
