//! The way of a text through the phases of this crate.

use flow_diagnostics::{Diagnostic, codes};
use flow_source::{FileId, Span};

use crate::limits::ERRORS_MAX;
use crate::validate::Validator;
use crate::{SyntaxNode, ast, brackets, builder, characters, grammar, lexer, messages, stream};

/// A parsed file.
#[derive(Clone, Debug)]
pub struct Parse {
    /// The file that it is about.
    pub file: FileId,
    /// The tree: the texts of its tokens, joined, are the file's text.
    pub root: SyntaxNode,
    /// What is wrong, in the order in which people read it.
    pub diagnostics: Vec<Diagnostic>,
}

impl Parse {
    /// The typed view of the tree.
    pub fn tree(&self) -> ast::File {
        ast::File::of(&self.root)
    }

    /// Whether anything is wrong.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }
}

/// Parses a text. There is always a tree, whatever is wrong.
///
/// ```
/// let parse = flow_syntax::parse(flow_source::FileId(0), "error Declined { reason: string }\n");
/// assert!(parse.diagnostics.is_empty());
/// assert_eq!(parse.root.to_string(), "error Declined { reason: string }\n");
/// assert_eq!(parse.tree().items().count(), 1);
/// ```
pub fn parse(file: FileId, text: &str) -> Parse {
    if let Some(diagnostic) = characters::check_size(file, text) {
        return Parse { file, root: builder::unread(file, text), diagnostics: vec![diagnostic] };
    }
    let mut diagnostics = Vec::new();
    characters::check(file, text, &mut diagnostics);
    let mut tokens = lexer::lex(file, text, &mut diagnostics);
    let mut inserted = brackets::balance(file, text, &mut tokens, &mut diagnostics);
    let mut noted = Vec::new();
    let mut stream = stream::stream(file, text, &tokens, &inserted, &mut noted);
    let mut events = grammar::parse(&stream.kinds);
    // Where a closer is missing, layout finds the line, and the grammar the place on it.
    if brackets::move_closers(file, &tokens, &stream, &events, &mut inserted, &mut diagnostics) {
        noted.clear();
        stream = stream::stream(file, text, &tokens, &inserted, &mut noted);
        events = grammar::parse(&stream.kinds);
    }
    diagnostics.append(&mut noted);
    messages::report(file, text, &tokens, &stream, &events, &mut diagnostics);
    let validator = Validator::new(file, text, &tokens, &stream, &mut diagnostics);
    let root = builder::build(text, &tokens, &stream, &events, validator);
    flow_diagnostics::sort(&mut diagnostics);
    cut(file, &mut diagnostics);
    Parse { file, root, diagnostics }
}

/// Leaves out what nobody would read.
fn cut(file: FileId, diagnostics: &mut Vec<Diagnostic>) {
    if diagnostics.len() <= ERRORS_MAX {
        return;
    }
    let more = diagnostics.len() - ERRORS_MAX;
    diagnostics.truncate(ERRORS_MAX);
    let end = diagnostics.last().map_or(Span::at(file, 0), |last| last.primary.span);
    let message = format!("{more} more syntax errors follow");
    diagnostics.push(Diagnostic::new(&codes::F0106, Span::at(file, end.end), message));
}

/// How many tokens a text has, trivia included: the lexer alone, for those who measure it.
pub fn token_count(text: &str) -> usize {
    if text.len() > crate::FILE_BYTES_MAX { 0 } else { lexer::lex(FileId(0), text, &mut Vec::new()).len() }
}
