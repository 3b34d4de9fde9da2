//! What the compiler and the runtime have to say about a source text.
//!
//! In: facts (a code, spans, names, edits) from any phase. Out: text for a terminal, or JSON. A
//! [`Diagnostic`] is data; wording for a medium happens in [`render`] alone. This crate knows codes, labels
//! and edits, and is kept unaware of what a code means to a phase. Start reading at [`Diagnostic`].

pub mod codes;
mod diagnostic;
mod layout;
pub mod render;
mod suggest;

pub use codes::Code;
pub use diagnostic::{Change, Diagnostic, Edit, Label, Severity, sort};
pub use layout::lay_out;
pub use suggest::nearest;
