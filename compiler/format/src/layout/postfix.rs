//! What follows an operand: fields, calls, indexes, casts, options. A chain of several calls that does not fit takes a
//! line for each.

use flow_syntax::{SyntaxKind as Kind, SyntaxNode};

use super::{Layout, glue};
use crate::document::Doc;
use crate::parts::{Part, parts};

/// One step of a chain: the parts after the operand.
struct Step<'t> {
    node: &'t SyntaxNode,
    parts: Vec<Part<'t>>,
}

/// Calls in a chain from which on each may take a line.
const CALLS_MIN: usize = 2;

impl<'t> Layout<'t> {
    /// A chain of postfix operators.
    pub(super) fn postfix(&self, node: &'t SyntaxNode) -> Doc<'t> {
        let mut steps = Vec::new();
        let mut operand = Part::Node(node);
        while let Part::Node(inner) = operand {
            if !is_postfix(inner.kind()) {
                break;
            }
            let mut rest = parts(inner);
            if rest.len() < 2 {
                return self.row(node);
            }
            operand = rest.remove(0);
            steps.push(Step { node: inner, parts: rest });
        }
        steps.reverse();
        let calls = steps.iter().filter(|step| step.node.kind() == Kind::CallExpr).count();
        let has_comments = steps.iter().any(|step| {
            step.node.kind() == Kind::FieldExpr
                && step.parts.first().is_some_and(|part| self.has_comments_before(*part))
        });
        let by_line = calls >= CALLS_MIN || has_comments;
        let mut head = vec![self.part(operand)];
        let mut links = Vec::new();
        let mut before = operand;
        for (index, step) in steps.iter().enumerate() {
            let starts_link =
                by_line && step.node.kind() == Kind::FieldExpr && (is_called(&steps, index) || has_comments);
            let in_links = starts_link || !links.is_empty();
            let docs = self.step(before, step, starts_link);
            if in_links {
                links.extend(docs)
            } else {
                head.extend(docs)
            }
            before = step.parts.last().copied().unwrap_or(before);
        }
        head.push(Doc::indent(Doc::Concat(links)));
        Doc::group(Doc::Concat(head))
    }

    /// The parts of one step, the gap before them included.
    fn step(&self, before: Part<'t>, step: &Step<'t>, on_own_line: bool) -> Vec<Doc<'t>> {
        let Some(start) = step.parts.first().copied() else { return Vec::new() };
        let is_spaced = matches!(step.node.kind(), Kind::CastExpr | Kind::WithExpr) || glue(before, start);
        let separator = match (on_own_line, is_spaced) {
            (true, true) => Doc::LINE,
            (true, false) => Doc::SOFT,
            (false, true) => Doc::Space,
            (false, false) => Doc::Nil,
        };
        let mut docs = vec![self.gap(start, separator)];
        docs.extend(self.row_of(step.node, &step.parts));
        docs
    }
}

fn is_postfix(kind: Kind) -> bool {
    matches!(kind, Kind::FieldExpr | Kind::IndexExpr | Kind::CallExpr | Kind::CastExpr | Kind::WithExpr)
}

/// Whether the field of a step is called, directly or as part of a longer name: `items` in `.items.map(…)` is not.
fn is_called(steps: &[Step<'_>], index: usize) -> bool {
    steps.get(index + 1).is_some_and(|next| next.node.kind() == Kind::CallExpr)
}
