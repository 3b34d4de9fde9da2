//! The typed view of the tree: a struct for each node kind, an enum for each category.
//!
//! Accessors return `Option` or iterators, because any part of a broken file may be missing; where something
//! is missing, a diagnostic of the parser says so. Start at [`File`].

mod apis;
mod control;
mod declarations;
mod docs;
mod expressions;
mod literals;
mod names;
mod node;
mod patterns;
mod statements;
mod tests;
mod types;

pub use apis::*;
pub use control::*;
pub use declarations::*;
pub use docs::docs;
pub use expressions::*;
pub use literals::*;
pub use names::*;
pub use node::AstNode;
pub use patterns::*;
pub use statements::*;
pub use tests::*;
pub use types::*;
