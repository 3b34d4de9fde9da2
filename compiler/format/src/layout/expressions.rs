//! Operators, and what stands after `=` and `=>`.

use flow_syntax::{SyntaxKind as Kind, SyntaxNode, ast::BinaryOperator};

use super::{Layout, Rest};
use crate::document::Doc;
use crate::parts::{Part, first, parts};

/// Whether a block follows the expressions of a node directly.
pub(super) fn is_head(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::IfBranch
            | Kind::MatchExpr
            | Kind::ForExpr
            | Kind::ForWidth
            | Kind::WhileExpr
            | Kind::WithinExpr
            | Kind::RaceExpr
            | Kind::PollExpr
            | Kind::WithinClause
            | Kind::KeyClause
            | Kind::OnePerClause
    )
}

impl<'t> Layout<'t> {
    /// What stands after `=` or `=>`, the gap included. What cannot break well takes the next line if it must.
    pub(super) fn assigned(&self, value: Part<'t>) -> Doc<'t> {
        let gap = |separator| self.gap(value, separator);
        // A line that begins with `return` is a statement, whatever the line before ends with.
        let is_return = first(value).is_some_and(|token| token.kind() == Kind::ReturnKeyword);
        if is_return && !self.has_comments_before(value) {
            return Doc::Concat(vec![Doc::Space, self.part(value)]);
        }
        match value {
            Part::Node(node) if node.kind() == Kind::BinaryExpr => {
                Doc::group(Doc::indent(Doc::Concat(vec![gap(Doc::LINE), self.binary(node, Rest::Aligned)])))
            }
            Part::Node(node) if matches!(node.kind(), Kind::UnionType | Kind::AlternativePattern) => {
                Doc::group(Doc::indent(Doc::Concat(vec![
                    gap(Doc::LINE),
                    self.alternatives(node, Rest::Aligned),
                ])))
            }
            Part::Node(node) if is_rigid(node) => {
                Doc::group(Doc::indent(Doc::Concat(vec![gap(Doc::LINE), self.node(node)])))
            }
            value if self.has_comments_before(value) => {
                Doc::indent(Doc::Concat(vec![gap(Doc::Nil), self.part(value)]))
            }
            value => Doc::Concat(vec![Doc::Space, self.part(value)]),
        }
    }

    /// A chain of operators of one precedence: on one line, or a line for each operand. Lines end with the operator,
    /// because one that starts with `-` would not go on.
    pub(super) fn binary(&self, node: &'t SyntaxNode, rest: Rest) -> Doc<'t> {
        let mut links = Vec::new();
        let mut left = node;
        let level = level_of(node);
        let first = loop {
            let parts = parts(left);
            let [operand, operator, right] = parts.as_slice() else { return self.row(node) };
            links.push((*operator, *right));
            match operand {
                Part::Node(inner) if inner.kind() == Kind::BinaryExpr && level_of(inner) == level => {
                    left = inner
                }
                operand => break *operand,
            }
        };
        let mut docs = Vec::with_capacity(4 * links.len());
        for (operator, right) in links.into_iter().rev() {
            let (before, after) = match operator.kind() {
                Kind::DotDot => (Doc::Nil, Doc::Nil),
                // `99.5 %` at the end of a line would be a percentage.
                Kind::Percent => (Doc::Space, Doc::Space),
                _ => (Doc::Space, Doc::LINE),
            };
            docs.push(self.gap(operator, before));
            docs.push(self.part(operator));
            docs.push(self.gap(right, after));
            docs.push(self.part(right));
        }
        let docs = Doc::Concat(docs);
        let docs = match rest {
            Rest::Aligned => docs,
            Rest::Further => Doc::indent(docs),
            Rest::Apart => Doc::indent(Doc::indent(docs)),
        };
        Doc::group(Doc::Concat(vec![self.part(first), docs]))
    }
}

/// Whether a value has no place inside where a line could well end.
fn is_rigid(node: &SyntaxNode) -> bool {
    match node.kind() {
        Kind::Literal
        | Kind::NameExpr
        | Kind::PrefixExpr
        | Kind::NamedType
        | Kind::LiteralType
        | Kind::LogExpr => true,
        Kind::StringLiteral => !node.to_string().contains('\n'),
        Kind::FieldExpr => node.children().all(|part| part.kind() == Kind::NameRef || is_rigid(part)),
        _ => false,
    }
}

/// How tightly the operator of a node binds.
fn level_of(node: &SyntaxNode) -> Option<u8> {
    let operator = parts(node).into_iter().find_map(|part| match part {
        Part::Token(token) => BinaryOperator::of(token.kind()),
        Part::Node(_) => None,
    })?;
    Some(match operator {
        BinaryOperator::Or => 1,
        BinaryOperator::And => 2,
        BinaryOperator::Coalesce => 4,
        BinaryOperator::Range => 5,
        BinaryOperator::Add | BinaryOperator::Subtract => 6,
        BinaryOperator::Multiply
        | BinaryOperator::Divide
        | BinaryOperator::Remainder
        | BinaryOperator::WholeDivide => 7,
        _ => 3,
    })
}
