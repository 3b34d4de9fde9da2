//! Text in, tree out: the lexer, the parser, the lossless tree, and the typed view of it.
//!
//! In: the text of one file. Out: [`Parse`], a tree that gives the text back byte for byte, and what is wrong
//! with it. A broken file gives a tree too, with every part that could be understood. This crate knows the
//! grammar; it leaves names, types and files to others, and keeps the parser library's types to itself.
//! Start reading at [`parse`], then [`ast`].

pub mod ast;
mod parse;

mod brackets;
mod builder;
mod characters;
mod depth;
mod grammar;
mod lexer;
mod limits;
mod literal;
mod messages;
mod newlines;
mod spelling;
mod stream;
mod validate;

mod kind;
mod tree;

pub use kind::SyntaxKind;
pub use limits::{DEPTH_MAX, ERRORS_MAX, FILE_BYTES_MAX, LINE_BYTES_MAX, OPERATORS_MAX};
pub use parse::{Parse, parse, token_count};
pub use tree::{SyntaxElement, SyntaxNode, SyntaxToken, span, span_from, start, token_span, tokens};
