//! Names, versions, and names on the wire.

use super::node::{ast_nodes, child, has_token, token_kinds, word};
use super::{Literal, StringLiteral};
use crate::{SyntaxKind, SyntaxNode};

ast_nodes! {
    /// A name where it is declared.
    Name,
    /// A name where it is used.
    NameRef,
    /// `v1` in a declaration, `@v1` in a use.
    Version,
    /// `as "order-id"`: another name, or a tag, on the wire.
    WireName,
}

impl Name {
    /// The name.
    pub fn text(&self) -> &str {
        word(&self.0)
    }

    /// Whether a declaration of this name is private to its file: it starts with `_`.
    pub fn is_private(&self) -> bool {
        self.text().starts_with('_')
    }
}

impl NameRef {
    /// The name.
    pub fn text(&self) -> &str {
        word(&self.0)
    }
}

impl Version {
    /// The number: 2 for `v2`. `None` where it does not fit 32 bits.
    pub fn number(&self) -> Option<u32> {
        word(&self.0).strip_prefix('v')?.parse().ok()
    }
}

impl WireName {
    /// The name as a string.
    pub fn string(&self) -> Option<StringLiteral> {
        child(&self.0)
    }

    /// The tag, where it is not a string: an int or a bool.
    pub fn literal(&self) -> Option<Literal> {
        child(&self.0)
    }

    /// The text of a string name without interpolation.
    pub fn text(&self) -> Option<String> {
        self.string()?.plain_text()
    }
}

/// The word of a token that is a keyword in some places, such as an HTTP method.
pub(super) fn keyword(node: &SyntaxNode, kinds: &[SyntaxKind]) -> Option<SyntaxKind> {
    token_kinds(node).find(|kind| kinds.contains(kind))
}

/// Whether `?:` stands in a field or parameter: the value may be absent.
pub(super) fn is_optional(node: &SyntaxNode) -> bool {
    has_token(node, SyntaxKind::QuestionColon)
}
