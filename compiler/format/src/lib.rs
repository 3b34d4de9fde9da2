//! The formatter: one way to write a thing, and this crate writes it that way.
//!
//! In: the text of one file. Out: [`Formatted`], the same tokens and comments laid out. The outcome depends on the
//! tokens, the comments and the empty lines of the text, and on nothing else: there are no options. What is broken is
//! kept as it stands, the rest is laid out. The crate knows the syntax tree; it knows neither names nor types, and
//! leaves files to others.
//!
//! Start reading at [`format`], then `layout.rs` (trees to documents), `document.rs` and `printer.rs` (documents to
//! text).

mod document;
mod faithful;
mod gaps;
mod kept;
mod layout;
mod parts;
mod printer;

pub use faithful::says_the_same;

use flow_diagnostics::Diagnostic;
use flow_source::FileId;
use flow_syntax::{ERRORS_MAX, FILE_BYTES_MAX, Parse};

use crate::gaps::Gaps;
use crate::kept::{Kept, Scope};
use crate::layout::Layout;

/// Columns that a line has at most, where it can be broken.
pub const COLUMNS: usize = 100;

/// A text laid out.
#[derive(Clone, Debug)]
pub struct Formatted {
    /// The text: lines end with a line feed, the last one too.
    pub text: String,
    /// What is wrong with the syntax; the statements that it is about are kept as they stand.
    pub diagnostics: Vec<Diagnostic>,
}

/// Lays a text out.
///
/// ```
/// let formatted = flow_format::format(flow_source::FileId(0), "error   Declined{reason :string}");
/// assert_eq!(formatted.text, "error Declined { reason: string }\n");
/// assert!(formatted.diagnostics.is_empty());
/// ```
pub fn format(file: FileId, text: &str) -> Formatted {
    let parse = flow_syntax::parse(file, text);
    let text = format_parsed(&parse, text);
    Formatted { text, diagnostics: parse.diagnostics }
}

/// Lays out a text that is parsed already.
pub fn format_parsed(parse: &Parse, text: &str) -> String {
    // Of what is not read, or not read to its end, the places of mistakes are not known.
    if text.len() > FILE_BYTES_MAX || parse.diagnostics.len() > ERRORS_MAX {
        return text.to_owned();
    }
    let mut laid_out = once(parse, text);
    if !parse.has_errors() {
        return laid_out;
    }
    // The layout is what tells where a missing bracket belongs: with a better one more may be understood.
    for _ in 0..ROUNDS_MAX {
        let next = once(&flow_syntax::parse(parse.file, &laid_out), &laid_out);
        if next == laid_out {
            return laid_out;
        }
        laid_out = next;
    }
    text.to_owned()
}

/// How often a broken text is laid out until nothing changes any more.
const ROUNDS_MAX: usize = 4;

/// Lays out a text one time. What came of it is held against the source before anybody sees it: a broken tree is a
/// guess.
fn once(parse: &Parse, text: &str) -> String {
    let scopes: &[Scope] =
        if parse.has_errors() { &[Scope::Unit, Scope::Declaration] } else { &[Scope::Unit] };
    let mut attempts = scopes.iter().map(|scope| attempt(parse, text, *scope, COLUMNS));
    attempts.find(|laid_out| says_the_same(parse, laid_out)).unwrap_or_else(|| text.to_owned())
}

/// One way to lay a text out, not yet held against the source.
fn attempt(parse: &Parse, text: &str, scope: Scope, columns: usize) -> String {
    let layout = Layout { text, gaps: Gaps::of(text, &parse.root), kept: Kept::of(parse, scope), scope };
    printer::print(&layout.file(&parse.root), columns)
}

#[cfg(test)]
mod tests;
