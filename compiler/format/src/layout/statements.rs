//! Blocks and statements.

use flow_syntax::{SyntaxKind as Kind, SyntaxNode};

use super::Layout;
use super::lists::holds_block;
use crate::document::Doc;
use crate::kept::{self, Unit};
use crate::parts::{Part, parts};

/// Whether all blocks of a node stand on its one line, or none.
pub(super) fn is_one_unit(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::IfExpr
            | Kind::TryExpr
            | Kind::ForExpr
            | Kind::WhileExpr
            | Kind::SagaExpr
            | Kind::WithinExpr
            | Kind::PollExpr
            | Kind::UndoStatement
            | Kind::ScheduleDecl
            | Kind::MatchArm
            | Kind::Branch
    )
}

impl<'t> Layout<'t> {
    /// A block: a statement a line. One simple statement stands on the line of its head if all of it fits; the node
    /// around is the group that decides.
    pub(super) fn block(&self, block: &'t SyntaxNode) -> Doc<'t> {
        let parts = parts(block);
        let [open, inner @ .., close] = parts.as_slice() else { return Doc::Nil };
        if inner.is_empty() {
            return self.empty(*open, *close, Doc::Space);
        }
        let units = kept::units(inner, &self.kept, self.text);
        let one_line = self.fits_its_head(block, &units, *close);
        let mut docs = self.units(&units);
        let line = if one_line { Doc::LINE } else { Doc::Hard { blank: false } };
        if one_line && let Some(first) = docs.first_mut() {
            *first = line.clone();
        }
        docs.push(self.comments_before_close(*close));
        Doc::Concat(vec![self.part(*open), Doc::indent(Doc::Concat(docs)), line, self.part(*close)])
    }

    /// Whether a block may stand on one line: one statement without blocks of its own.
    fn fits_its_head(&self, block: &SyntaxNode, units: &[Unit<'t>], close: Part<'t>) -> bool {
        let [Unit::Laid(only)] = units else { return false };
        let is_body =
            block.parent().is_some_and(|parent| matches!(parent.kind(), Kind::WorkflowDecl | Kind::TestDecl));
        let only = Part::Node(only);
        !is_body && !holds_block(only) && !self.has_comments_before(only) && !self.has_comments_before(close)
    }

    /// `let x = value compensate …`: the clause takes a line of its own if it must.
    pub(super) fn statement(&self, statement: &'t SyntaxNode) -> Doc<'t> {
        let mut parts = parts(statement);
        let is_clause = |part: &mut Part<'t>| part.kind() == Kind::CompensateClause;
        let clause = parts.pop_if(is_clause).and_then(Part::into_node);
        let mut docs = self.row_of(statement, &parts);
        if let Some(clause) = clause {
            let row = self.row(clause);
            // A block over several lines begins on the line of its call.
            let is_block = row.breaks() && clause.children().any(|child| child.kind() == Kind::Block);
            if is_block && !self.has_comments_before(Part::Node(clause)) {
                docs.extend([Doc::Space, row]);
            } else {
                let gap = self.gap(Part::Node(clause), Doc::LINE);
                docs.push(Doc::group(Doc::indent(Doc::Concat(vec![gap, row]))));
            }
        }
        Doc::Concat(docs)
    }
}
