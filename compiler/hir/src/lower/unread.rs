//! What the parser could not read: of what stands there nothing is known, so that nothing is said of it either.

use flow_source::Span;
use flow_syntax::{SyntaxKind, SyntaxNode};

use crate::{TypeRef, TypeRefKind};

/// Whether tokens stand directly in a node that belong to nothing.
pub(super) fn has_unread(node: &SyntaxNode) -> bool {
    node.children().any(|child| child.kind() == SyntaxKind::Error)
}

/// The result of a declaration that has no type for it: a missing one where it may have been meant to have one, because
/// its `->` stands there, or because not all of its head was read.
pub(super) fn unread_result(decl: &SyntaxNode, span: Span) -> Option<TypeRef> {
    let has_arrow = decl.children_with_tokens().any(|child| {
        child.as_token().is_some_and(|token| matches!(token.kind(), SyntaxKind::Arrow | SyntaxKind::FatArrow))
    });
    let mut lists = decl.children().filter(|child| child.kind() == SyntaxKind::ParameterList);
    let is_unread = has_arrow || has_unread(decl) || lists.any(has_unread);
    is_unread.then_some(TypeRef { kind: TypeRefKind::Missing, span })
}
