//! Source texts and places in them.
//!
//! In: texts with display names. Out: [`FileId`]s, [`Span`]s in bytes, and [`Position`]s for people and
//! editors. This crate knows bytes and lines, and is kept unaware of file systems and of the language.
//! Start reading at [`Sources`].

mod span;
mod text;

pub use span::{FileId, Span};
pub use text::{Position, SourceFile, Sources};
