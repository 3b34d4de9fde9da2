//! What stands between two tokens: comments and empty lines, found once for the whole file.
//!
//! A gap belongs to the token after it. Commas are no tokens here: the formatter sets them itself, so that the gap
//! before and the gap after a comma are one.

use std::collections::HashMap;

use flow_syntax::{SyntaxKind, SyntaxNode, SyntaxToken, tokens};

use crate::document::{Comment, Trailing};
use crate::printer::{indentation, width};

/// What stands before a token.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gap<'t> {
    /// The comments, in order.
    pub(crate) comments: Vec<Comment<'t>>,
    /// Whether an empty line stands between the last of them, or the token before, and the token.
    pub(crate) blank: bool,
}

/// The gaps of a file that hold something, by the offset of the token after them.
#[derive(Debug, Default)]
pub(crate) struct Gaps<'t> {
    gaps: HashMap<u32, Gap<'t>>,
    /// What stands after the last token.
    pub(crate) end: Gap<'t>,
}

impl<'t> Gaps<'t> {
    /// Finds the gaps of a file.
    pub(crate) fn of(text: &'t str, root: &SyntaxNode) -> Self {
        let mut gaps = Self::default();
        let mut gap = Gap::default();
        let mut line_ends = 0;
        for token in tokens(root) {
            match token.kind() {
                SyntaxKind::Newline => line_ends += 1,
                SyntaxKind::Whitespace => {}
                SyntaxKind::Comment | SyntaxKind::DocComment => {
                    gap.comments.push(comment(text, token, line_ends));
                    line_ends = 0;
                }
                SyntaxKind::Comma => {
                    // An empty line before a comma does not outlive it.
                    line_ends = 0;
                }
                _ => {
                    gap.blank = line_ends > 1;
                    if gap.blank || !gap.comments.is_empty() {
                        gaps.gaps.insert(token.text_range().start().into(), std::mem::take(&mut gap));
                    }
                    line_ends = 0;
                }
            }
        }
        gaps.end = gap;
        gaps
    }

    /// The gap before a token, if it holds anything.
    pub(crate) fn before(&self, token: &SyntaxToken) -> Option<&Gap<'t>> {
        self.gaps.get(&u32::from(token.text_range().start()))
    }

    /// Whether comments stand before a token.
    pub(crate) fn has_comments(&self, token: &SyntaxToken) -> bool {
        self.before(token).is_some_and(|gap| !gap.comments.is_empty())
    }
}

fn comment<'t>(text: &'t str, token: &SyntaxToken, line_ends: usize) -> Comment<'t> {
    let range = token.text_range();
    let (start, end) = (usize::from(range.start()), usize::from(range.end()));
    let before = text.get(..start).unwrap_or("");
    let line = before.rsplit('\n').next().unwrap_or("");
    // Documentation stands above what it is about. Where it is about nothing it stays: moved, it might be.
    let parent = token.parent();
    let documents = token.kind() == SyntaxKind::DocComment
        && parent.kind() != SyntaxKind::Root
        && parent.text_range().start() == range.start();
    let is_trailing = line_ends == 0 && start > 0 && !documents;
    let gap = line.len() - line.trim_end_matches([' ', '\t']).len();
    let trailing = Trailing { gap, offset: width(line) - indentation(line) };
    Comment {
        text: text.get(start..end).unwrap_or("").trim_end(),
        trailing: is_trailing.then_some(trailing),
        blank_before: line_ends > 1,
    }
}
