//! Readable text of a plan.
use crate::{Debug, Plan};
/// Readable text.
pub fn text(_plan: &Plan, _debug: &Debug) -> String {
    String::new()
}
