//! The lossless tree: our names for its types, and the places of nodes without the blanks around them.

use cstree::syntax::{ResolvedElementRef, ResolvedNode, ResolvedToken};
use flow_source::{FileId, Span};

use crate::SyntaxKind;

/// A node of the tree. Cloning is cheap; a clone keeps the whole tree alive.
pub type SyntaxNode = ResolvedNode<SyntaxKind>;
/// A token of the tree.
pub type SyntaxToken = ResolvedToken<SyntaxKind>;
/// A node or a token.
pub type SyntaxElement<'a> = ResolvedElementRef<'a, SyntaxKind>;

/// The place of a node without the blanks and comments at its ends; of a node without any token, the place
/// where it stands.
pub fn span(file: FileId, node: &SyntaxNode) -> Span {
    span_from(file, node, start(node))
}

/// Where a node starts, the blanks and comments at its start left away. It walks down to the first token: nodes that
/// begin at the same byte begin with the same one, so that who looks at all of them need not walk for each.
pub fn start(node: &SyntaxNode) -> u32 {
    let first = tokens(node).find(|token| !token.kind().is_trivia());
    first.map_or(node.text_range().start(), |token| token.text_range().start()).into()
}

/// The place of a node whose [`start`] is known.
pub fn span_from(file: FileId, node: &SyntaxNode, start: u32) -> Span {
    let mut last = node.last_token();
    while let Some(token) = last
        && token.kind().is_trivia()
        && u32::from(token.text_range().start()) > start
    {
        last = token.prev_token();
    }
    let end = last.map_or(start, |token| token.text_range().end().into());
    Span::new(file, start, end)
}

/// The place of a token.
pub fn token_span(file: FileId, token: &SyntaxToken) -> Span {
    let range = token.text_range();
    Span::new(file, range.start().into(), range.end().into())
}

/// All tokens under a node, in order.
pub fn tokens(node: &SyntaxNode) -> impl Iterator<Item = &SyntaxToken> {
    node.descendants_with_tokens().filter_map(|element| element.into_token())
}
