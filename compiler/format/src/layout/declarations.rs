//! The file: its declarations, one after the other.
//!
//! Declarations themselves are rows: their words with blanks between, their braces as lists, and a signature.

use flow_syntax::{SyntaxKind as Kind, SyntaxNode};

use super::Layout;
use super::lists::without_first_blank;
use crate::document::Doc;
use crate::kept::{self, Scope, Unit};
use crate::parts::{Part, parts as parts_of};

impl<'t> Layout<'t> {
    /// The document of a whole file.
    pub(crate) fn file(&self, root: &'t SyntaxNode) -> Doc<'t> {
        let units = kept::units(&parts_of(root), &self.kept, self.text);
        let units = if self.scope == Scope::Region { kept::region(units) } else { units };
        let mut docs = self.units(&units);
        let end = &self.gaps.end;
        if !end.comments.is_empty() {
            let comments = Doc::Comments { comments: end.comments.clone(), blank_after: false };
            docs.push(if units.is_empty() { without_first_blank(comments) } else { comments });
        }
        Doc::Concat(docs)
    }

    /// `(parameters) -> T`, and how many parts it takes. Where it does not fit, the parameters break before the type.
    pub(super) fn signature(&self, node: &'t SyntaxNode, parts: &[Part<'t>]) -> Option<(Doc<'t>, usize)> {
        let Part::Node(parameters) = parts.first().copied()? else { return None };
        if parameters.kind() != Kind::ParameterList {
            return None;
        }
        let has_type = parts.get(1).is_some_and(|part| part.kind() == Kind::Arrow) && parts.len() > 2;
        let taken = if has_type { 3 } else { 1 };
        let list = self.row_of(parameters, &parts_of(parameters)).into_iter().map(|list| match list {
            Doc::Group { body, .. } => *body,
            list => list,
        });
        let mut docs: Vec<Doc<'t>> = list.collect();
        for pair in parts.get(..taken).unwrap_or_default().windows(2) {
            if let [left, right] = pair {
                docs.push(self.between(node, *left, *right));
                docs.push(self.part(*right));
            }
        }
        Some((Doc::group(Doc::Concat(docs)), taken))
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
