//! The file: its declarations, one after the other.
//!
//! Declarations themselves are rows: their words with blanks between, their braces as lists.

use flow_syntax::SyntaxNode;

use super::Layout;
use super::lists::without_first_blank;
use crate::document::Doc;
use crate::kept::{self, Unit};
use crate::parts::{Part, parts};

impl<'t> Layout<'t> {
    /// The document of a whole file.
    pub(crate) fn file(&self, root: &'t SyntaxNode) -> Doc<'t> {
        let units = kept::units(&parts(root), &self.kept, self.text);
        let mut docs = self.units(&units);
        let end = &self.gaps.end;
        if !end.comments.is_empty() {
            let comments = Doc::Comments { comments: end.comments.clone(), blank_after: false };
            docs.push(if units.is_empty() { without_first_blank(comments) } else { comments });
        }
        Doc::Concat(docs)
    }

    /// Units one a line, with the empty lines that stand between them.
    pub(super) fn units(&self, units: &[Unit<'t>]) -> Vec<Doc<'t>> {
        let mut docs = Vec::with_capacity(2 * units.len());
        for (index, unit) in units.iter().enumerate() {
            let start = match unit {
                Unit::Laid(node) => Part::Node(node),
                Unit::Kept { first, .. } => Part::Token(first),
            };
            let blank = index > 0 && self.is_after_blank(start);
            let gap = self.gap(start, Doc::Hard { blank });
            docs.push(if index == 0 { without_first_blank(gap) } else { gap });
            docs.push(self.unit(unit));
        }
        docs
    }
}
