//! What all typed nodes have in common, and how they are declared.

use cstree::Syntax;
use flow_source::{FileId, Span};

use crate::{SyntaxElement, SyntaxKind, SyntaxNode, SyntaxToken, span};

/// A typed wrapper over a node of the tree.
pub trait AstNode: Sized {
    /// Whether a node of this kind can be wrapped.
    fn can_cast(kind: SyntaxKind) -> bool;

    /// The wrapper, if the node is of the right kind.
    fn cast(node: &SyntaxNode) -> Option<Self>;

    /// The node itself.
    fn syntax(&self) -> &SyntaxNode;

    /// The place of the node, without blanks and comments at its ends.
    fn span(&self, file: FileId) -> Span {
        span(file, self.syntax())
    }
}

/// The nodes and tokens directly under a node whose kind a condition holds for. Those alone are made: the kinds are
/// read from the green tree.
fn elements(
    node: &SyntaxNode,
    wanted: impl Fn(SyntaxKind, bool) -> bool,
) -> impl Iterator<Item = SyntaxElement<'_>> {
    let mut offset = node.text_range().start();
    node.green().children().enumerate().filter_map(move |(index, element)| {
        let start = offset;
        offset += element.text_len();
        if !wanted(SyntaxKind::from_raw(element.kind()), element.as_node().is_some()) {
            return None;
        }
        match index.checked_sub(1) {
            Some(before) => node.next_child_or_token_after(before, start),
            None => node.first_child_or_token(),
        }
    })
}

/// The first child that is an `N`.
pub(super) fn child<N: AstNode>(node: &SyntaxNode) -> Option<N> {
    children(node).next()
}

/// The child that is the `N` after `skipped` others.
pub(super) fn nth_child<N: AstNode>(node: &SyntaxNode, skipped: usize) -> Option<N> {
    children(node).nth(skipped)
}

/// All children that are an `N`.
pub(super) fn children<N: AstNode>(node: &SyntaxNode) -> impl Iterator<Item = N> {
    elements(node, |kind, is_node| is_node && N::can_cast(kind))
        .filter_map(|element| element.into_node().and_then(N::cast))
}

/// The first token directly under the node that a condition holds for.
pub(super) fn token(node: &SyntaxNode, wanted: impl Fn(SyntaxKind) -> bool) -> Option<SyntaxToken> {
    elements(node, |kind, is_node| !is_node && wanted(kind)).find_map(SyntaxElement::into_token).cloned()
}

/// The kinds of the tokens directly under a node.
pub(super) fn token_kinds(node: &SyntaxNode) -> impl Iterator<Item = SyntaxKind> {
    node.green()
        .children()
        .filter_map(|element| element.into_token())
        .map(|token| SyntaxKind::from_raw(token.kind()))
}

/// Whether a token of this kind stands directly under the node.
pub(super) fn has_token(node: &SyntaxNode, kind: SyntaxKind) -> bool {
    token_kinds(node).any(|token| token == kind)
}

/// The text of the first word directly under a node; none where there is none.
pub(super) fn word(node: &SyntaxNode) -> &str {
    let mut tokens = node.green().children().filter_map(|element| element.into_token());
    let word = tokens.find_map(|token| {
        let kind = SyntaxKind::from_raw(token.kind());
        kind.is_word().then(|| kind.fixed_text().or_else(|| token.text(&**node.resolver())))
    });
    word.flatten().unwrap_or("")
}

/// Declares a wrapper for each kind.
macro_rules! ast_nodes {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Debug, PartialEq, Eq, Hash)]
            pub struct $name($crate::SyntaxNode);

            impl $crate::ast::AstNode for $name {
                fn can_cast(kind: $crate::SyntaxKind) -> bool {
                    kind == $crate::SyntaxKind::$name
                }

                fn cast(node: &$crate::SyntaxNode) -> Option<Self> {
                    (node.kind() == $crate::SyntaxKind::$name).then(|| Self(node.clone()))
                }

                fn syntax(&self) -> &$crate::SyntaxNode {
                    &self.0
                }
            }
        )*
    };
}

/// Declares a category: an enum with one variant for each wrapper, all of the same name.
macro_rules! ast_enum {
    ($(#[$doc:meta])* $name:ident { $($variant:ident,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[expect(missing_docs, reason = "each variant holds the node of its name, documented there")]
        pub enum $name { $($variant($variant),)* }

        impl $crate::ast::AstNode for $name {
            fn can_cast(kind: $crate::SyntaxKind) -> bool {
                $(<$variant as $crate::ast::AstNode>::can_cast(kind))||*
            }

            fn cast(node: &$crate::SyntaxNode) -> Option<Self> {
                match node.kind() {
                    $($crate::SyntaxKind::$variant =>
                        <$variant as $crate::ast::AstNode>::cast(node).map(Self::$variant),)*
                    _ => None,
                }
            }

            fn syntax(&self) -> &$crate::SyntaxNode {
                match self { $(Self::$variant(node) => node.syntax(),)* }
            }
        }
    };
}

pub(super) use {ast_enum, ast_nodes};
