//! JSON text (RFC 8259): a reader that hands out one token at a time, and a writer. No tree between them.

mod reader;
mod writer;

pub(crate) use reader::{Kind, Reader, Syntax};
pub(crate) use writer::{write_comma, write_text};
