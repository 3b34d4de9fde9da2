//! Matches brackets before the parser runs, so that the parser never meets an unbalanced one.
//!
//! A bracket that is missing is put in where the layout says that it belongs; a closer without an opener is
//! hidden. Layout is asked only in a file whose brackets do not match as they stand.

mod layout;
mod lines;
mod place;

use flow_diagnostics::Diagnostic;
use flow_source::FileId;

use crate::SyntaxKind;
use crate::lexer::Token;
pub(crate) use place::{is_unclosed_around, move_closers};

/// A bracket that the text lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Inserted {
    /// Index of the token before which it stands.
    pub(crate) before: usize,
    /// What it is.
    pub(crate) kind: SyntaxKind,
}

/// Finds the brackets that are missing, in order, and hides the closers that are too many.
pub(crate) fn balance(
    file: FileId,
    text: &str,
    tokens: &mut [Token],
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Inserted> {
    if is_balanced(tokens) {
        return Vec::new();
    }
    let (mut inserted, hidden) = layout::mend(file, text, tokens, diagnostics);
    for index in hidden {
        if let Some(token) = tokens.get_mut(index) {
            token.meant = SyntaxKind::Whitespace;
        }
    }
    // Stable: closers before the same token stay in the order of closing, innermost first; an opener follows.
    inserted.sort_by_key(|inserted| (inserted.before, !is_closer(inserted.kind)));
    inserted
}

/// The closer of an opener.
pub(crate) fn closer(opener: SyntaxKind) -> Option<SyntaxKind> {
    match opener {
        SyntaxKind::LeftParen => Some(SyntaxKind::RightParen),
        SyntaxKind::LeftBracket => Some(SyntaxKind::RightBracket),
        SyntaxKind::LeftBrace => Some(SyntaxKind::RightBrace),
        SyntaxKind::StringStart => Some(SyntaxKind::StringEnd),
        _ => None,
    }
}

/// Whether it closes something.
pub(crate) fn is_closer(kind: SyntaxKind) -> bool {
    matches!(
        kind,
        SyntaxKind::RightParen | SyntaxKind::RightBracket | SyntaxKind::RightBrace | SyntaxKind::StringEnd
    )
}

fn is_balanced(tokens: &[Token]) -> bool {
    let mut open = Vec::new();
    let mut strings: u32 = 0;
    for token in tokens {
        if let Some(closer) = closer(token.meant) {
            strings += u32::from(token.meant == SyntaxKind::StringStart);
            open.push(closer);
        } else if is_closer(token.meant) {
            strings -= u32::from(token.meant == SyntaxKind::StringEnd && strings > 0);
            if open.pop() != Some(token.meant) {
                return false;
            }
        } else {
            let stray =
                token.meant == SyntaxKind::StringMiddle && open.last() != Some(&SyntaxKind::StringEnd);
            if stray || (token.meant == SyntaxKind::Newline && strings > 0) {
                return false;
            }
        }
    }
    open.is_empty()
}

/// Whether a keyword starts a declaration.
pub(crate) fn starts_declaration(kind: SyntaxKind) -> bool {
    matches!(
        kind,
        SyntaxKind::ImportKeyword
            | SyntaxKind::ConfigKeyword
            | SyntaxKind::ErrorKeyword
            | SyntaxKind::RetryKeyword
            | SyntaxKind::TypeKeyword
            | SyntaxKind::ApiKeyword
            | SyntaxKind::WorkflowKeyword
            | SyntaxKind::FnKeyword
            | SyntaxKind::PublishKeyword
            | SyntaxKind::ScheduleKeyword
            | SyntaxKind::ObjectiveKeyword
            | SyntaxKind::TestKeyword
    )
}

/// Whether a word is an HTTP method.
pub(crate) fn is_method(kind: SyntaxKind) -> bool {
    matches!(
        kind,
        SyntaxKind::GetKeyword
            | SyntaxKind::PostKeyword
            | SyntaxKind::PutKeyword
            | SyntaxKind::PatchKeyword
            | SyntaxKind::DeleteKeyword
            | SyntaxKind::HeadKeyword
            | SyntaxKind::OptionsKeyword
    )
}
