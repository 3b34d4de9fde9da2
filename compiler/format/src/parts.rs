//! Nodes and tokens without the blanks, line ends and comments around them.

use flow_syntax::{SyntaxElement, SyntaxKind, SyntaxNode, SyntaxToken};

/// A child of a node that is no trivia.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Part<'t> {
    /// A node.
    Node(&'t SyntaxNode),
    /// A token.
    Token(&'t SyntaxToken),
}

impl<'t> Part<'t> {
    /// What it is.
    pub(crate) fn kind(self) -> SyntaxKind {
        match self {
            Part::Node(node) => node.kind(),
            Part::Token(token) => token.kind(),
        }
    }

    /// The node, if it is one.
    pub(crate) fn into_node(self) -> Option<&'t SyntaxNode> {
        match self {
            Part::Node(node) => Some(node),
            Part::Token(_) => None,
        }
    }
}

/// The children of a node, trivia left out.
pub(crate) fn parts(node: &SyntaxNode) -> Vec<Part<'_>> {
    let seen = node.children_with_tokens().filter(|element| !element.kind().is_trivia());
    seen.filter_map(|element: SyntaxElement<'_>| {
        element.into_token().map(Part::Token).or(element.into_node().map(Part::Node))
    })
    .collect()
}

/// The first token that is no trivia.
pub(crate) fn first(part: Part<'_>) -> Option<&SyntaxToken> {
    let node = match part {
        Part::Token(token) => return Some(token),
        Part::Node(node) => node,
    };
    let mut token = node.first_token();
    while let Some(trivia) = token.filter(|token| token.kind().is_trivia()) {
        token = trivia.next_token();
    }
    token.filter(|token| node.text_range().contains_range(token.text_range()))
}

/// The last token; nodes do not end with trivia.
pub(crate) fn last(part: Part<'_>) -> Option<&SyntaxToken> {
    match part {
        Part::Token(token) => Some(token),
        Part::Node(node) => {
            let mut token = node.last_token();
            while let Some(trivia) = token.filter(|token| token.kind().is_trivia()) {
                token = trivia.prev_token();
            }
            token
        }
    }
}
