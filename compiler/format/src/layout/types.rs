//! Types: alternatives with `|` between, and maps.

use flow_syntax::{SyntaxKind as Kind, SyntaxNode};

use super::{Layout, Rest};
use crate::document::Doc;
use crate::parts::{Part, parts};

impl<'t> Layout<'t> {
    /// Members with `|` between: on one line, or each on its own behind its `|`.
    pub(super) fn alternatives(&self, node: &'t SyntaxNode, rest: Rest) -> Doc<'t> {
        let mut docs = Vec::new();
        let mut head = Vec::new();
        for (index, part) in parts(node).into_iter().enumerate() {
            if index == 0 {
                head.push(self.part(part));
                continue;
            }
            docs.push(self.gap(part, if part.kind() == Kind::Bar { Doc::LINE } else { Doc::Space }));
            docs.push(self.part(part));
        }
        let docs = Doc::Concat(docs);
        head.push(if rest == Rest::Aligned { docs } else { Doc::indent(docs) });
        Doc::Concat(head)
    }

    /// `{string: T}`
    pub(super) fn map_type(
        &self,
        node: &'t SyntaxNode,
        open: Part<'t>,
        inner: &[Part<'t>],
        close: Part<'t>,
    ) -> Doc<'t> {
        let start = inner.first().map_or(Doc::Nil, |part| self.gap(*part, Doc::Nil));
        let mut docs = vec![start];
        docs.extend(self.row_of(node, inner));
        docs.push(self.comments_before_close(close));
        Doc::Concat(vec![self.part(open), Doc::indent(Doc::Concat(docs)), self.part(close)])
    }
}
