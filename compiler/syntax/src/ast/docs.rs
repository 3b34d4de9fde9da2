//! Documentation comments.

use crate::{SyntaxKind, SyntaxNode};

/// The text of the `///` lines attached to a declaration, field or operation: one line each, without the
/// slashes and one blank after them. `None` where there are none.
pub fn docs(node: &SyntaxNode) -> Option<String> {
    let mut lines = Vec::new();
    for element in node.children_with_tokens() {
        let Some(token) = element.into_token() else { break };
        match token.kind() {
            SyntaxKind::DocComment => {
                let text = token.text().trim_start_matches('/').trim_end();
                lines.push(text.strip_prefix(' ').unwrap_or(text));
            }
            kind if kind.is_trivia() => {}
            _ => break,
        }
    }
    (!lines.is_empty()).then(|| lines.join("\n"))
}
