//! The lossless tree: our names for its types, and the places of nodes without the blanks around them.

use cstree::Syntax;
use cstree::green::{GreenNode, GreenToken};
use cstree::syntax::{ResolvedElementRef, ResolvedNode, ResolvedToken};
use cstree::util::NodeOrToken;
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
    let range = node.text_range();
    let start = u32::from(range.start()) + blanks(node.green(), |node| node.children());
    if start == u32::from(range.end()) { range.start().into() } else { start }
}

/// The place of a node whose [`start`] is known.
pub fn span_from(file: FileId, node: &SyntaxNode, start: u32) -> Span {
    let end = u32::from(node.text_range().end()) - blanks(node.green(), |node| node.children().rev());
    Span::new(file, start, end.max(start))
}

/// How many bytes of blanks and comments a node begins with, or ends with: what comes first in the order of its
/// children that is given. The green tree is asked, for which nothing is made.
fn blanks<'t, I>(node: &'t GreenNode, children: impl Fn(&'t GreenNode) -> I) -> u32
where
    I: Iterator<Item = NodeOrToken<&'t GreenNode, &'t GreenToken>>,
{
    let (mut node, mut count) = (node, 0);
    'down: loop {
        for child in children(node) {
            match child {
                NodeOrToken::Token(token) if SyntaxKind::from_raw(token.kind()).is_trivia() => {
                    count += u32::from(token.text_len());
                }
                NodeOrToken::Node(empty) if empty.text_len() == 0.into() => {}
                NodeOrToken::Token(_) => return count,
                NodeOrToken::Node(first) => {
                    node = first;
                    continue 'down;
                }
            }
        }
        return count;
    }
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
