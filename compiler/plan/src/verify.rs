//! The verifier: a plan that passes can't make the machine misbehave.

mod flow;
mod liveness;
mod set;

pub use liveness::{live_tables, reads_after};

use crate::Plan;

/// Why a plan may not run.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct VerifyError(pub String);
/// Checks that a plan may run.
///
/// # Errors
/// The first thing that is wrong.
pub fn verify(_plan: &Plan) -> Result<(), VerifyError> {
    Ok(())
}
