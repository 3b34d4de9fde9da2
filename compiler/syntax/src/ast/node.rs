//! What all typed nodes have in common, and how they are declared.

use flow_source::{FileId, Span};

use crate::{SyntaxKind, SyntaxNode, SyntaxToken, span};

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

/// The first child that is an `N`.
pub(super) fn child<N: AstNode>(node: &SyntaxNode) -> Option<N> {
    node.children().find_map(N::cast)
}

/// The child that is the `N` after `skipped` others.
pub(super) fn nth_child<N: AstNode>(node: &SyntaxNode, skipped: usize) -> Option<N> {
    node.children().filter_map(N::cast).nth(skipped)
}

/// All children that are an `N`.
pub(super) fn children<N: AstNode>(node: &SyntaxNode) -> impl Iterator<Item = N> {
    node.children().filter_map(N::cast)
}

/// The first token directly under the node that a condition holds for.
pub(super) fn token(node: &SyntaxNode, wanted: impl Fn(SyntaxKind) -> bool) -> Option<SyntaxToken> {
    node.children_with_tokens()
        .filter_map(|element| element.into_token())
        .find(|token| wanted(token.kind()))
        .cloned()
}

/// Whether a token of this kind stands directly under the node.
pub(super) fn has_token(node: &SyntaxNode, kind: SyntaxKind) -> bool {
    node.children_with_tokens().any(|element| element.as_token().is_some_and(|token| token.kind() == kind))
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
