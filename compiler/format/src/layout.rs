//! Trees to documents: the rules of layout.
//!
//! Most nodes are rows: their parts stand one after the other, with a blank or nothing between (`spacing.rs`).
//! Brackets in a row are lists (`lists.rs`). A row never drops a part, so that no rule can lose a token.
//!
//! A node's document begins at its first token: the gap before that token, with its comments, is laid out by the
//! node around, so that a comment breaks only the groups that it stands in.

mod declarations;
mod expressions;
mod lists;
mod postfix;
mod spacing;
mod statements;
mod types;

use flow_syntax::{SyntaxKind, SyntaxNode, SyntaxToken};

use crate::document::Doc;
use crate::gaps::Gaps;
use crate::kept::{Kept, Scope};
use crate::parts::{Part, first, last, parts};
use spacing::{Gapless, spacing};

/// Stack that a level of nesting is sure to find, and how much is added when it does not.
const STACK_LEFT: usize = 128 * 1024;
const STACK_MORE: usize = 2 * 1024 * 1024;

/// What all rules look at.
pub(crate) struct Layout<'t> {
    pub(crate) text: &'t str,
    pub(crate) gaps: Gaps<'t>,
    pub(crate) kept: Kept,
    pub(crate) scope: Scope,
}

/// How the lines of an expression after its first are indented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rest {
    /// As the first.
    Aligned,
    /// One step further.
    Further,
    /// Two steps further, to stand apart from the block that follows.
    Apart,
}

impl<'t> Layout<'t> {
    /// The document of a node. Its first token's gap is not part of it.
    fn node(&self, node: &'t SyntaxNode) -> Doc<'t> {
        stacker::maybe_grow(STACK_LEFT, STACK_MORE, || self.rule(node))
    }

    fn rule(&self, node: &'t SyntaxNode) -> Doc<'t> {
        use SyntaxKind as Kind;
        match node.kind() {
            Kind::StringLiteral => self.source(node),
            Kind::BinaryExpr => self.binary(node, Rest::Further),
            Kind::FieldExpr | Kind::IndexExpr | Kind::CallExpr | Kind::CastExpr | Kind::WithExpr => {
                self.postfix(node)
            }
            Kind::UnionType | Kind::AlternativePattern => Doc::group(self.alternatives(node, Rest::Further)),
            Kind::Block => self.block(node),
            Kind::LetStatement | Kind::VarStatement | Kind::AssignStatement | Kind::ExprStatement => {
                self.statement(node)
            }
            kind if statements::is_one_unit(kind) => Doc::group(self.row(node)),
            _ => self.row(node),
        }
    }

    fn part(&self, part: Part<'t>) -> Doc<'t> {
        match part {
            Part::Node(node) => self.node(node),
            Part::Token(token) => self.token(token),
        }
    }

    fn token(&self, token: &SyntaxToken) -> Doc<'t> {
        let range = token.text_range();
        Doc::Text(self.slice(range.start().into(), range.end().into()))
    }

    /// The source of a node, as it stands.
    fn source(&self, node: &SyntaxNode) -> Doc<'t> {
        let (first, last) = (first(Part::Node(node)), last(Part::Node(node)));
        let start = first.map_or(0, |token| token.text_range().start().into());
        let end = last.map_or(start, |token| token.text_range().end().into());
        Doc::Lines(self.slice(start, end))
    }

    fn slice(&self, start: usize, end: usize) -> &'t str {
        self.text.get(start..end).unwrap_or("")
    }

    /// The parts of a node one after the other.
    fn row(&self, node: &'t SyntaxNode) -> Doc<'t> {
        let parts = parts(node);
        Doc::Concat(self.row_of(node, &parts))
    }

    fn row_of(&self, node: &'t SyntaxNode, parts: &[Part<'t>]) -> Vec<Doc<'t>> {
        let mut docs = Vec::with_capacity(2 * parts.len());
        let mut index = 0;
        let mut before: Option<Part<'t>> = None;
        while let Some(part) = parts.get(index).copied() {
            let mut taken = 1;
            let starts_value = before
                .is_some_and(|before| matches!(before.kind(), SyntaxKind::Equal | SyntaxKind::FatArrow));
            if starts_value && node.kind() != SyntaxKind::LambdaExpr {
                docs.push(self.assigned(part));
            } else {
                if let Some(before) = before {
                    docs.push(self.between(node, before, part));
                }
                let rest = parts.get(index..).unwrap_or(&[]);
                if let Some(list) = lists::ahead(rest) {
                    taken = list.len();
                    docs.push(self.list(node, list));
                } else if let Some((signature, parts)) = self.signature(node, rest) {
                    taken = parts;
                    docs.push(signature);
                } else {
                    docs.push(self.in_row(node, part));
                }
            }
            before = parts.get(index + taken - 1).copied();
            index += taken;
        }
        docs
    }

    /// A part of a row, which may be laid out otherwise than it would be elsewhere.
    fn in_row(&self, node: &'t SyntaxNode, part: Part<'t>) -> Doc<'t> {
        match part {
            Part::Node(expr) if expr.kind() == SyntaxKind::BinaryExpr => {
                let rest = if expressions::is_head(node.kind()) { Rest::Apart } else { Rest::Further };
                self.binary(expr, rest)
            }
            part => self.part(part),
        }
    }

    /// What stands between two parts of a row.
    fn between(&self, node: &SyntaxNode, left: Part<'t>, right: Part<'t>) -> Doc<'t> {
        if right.kind() == SyntaxKind::Comma {
            return Doc::Nil;
        }
        match spacing(node.kind(), left.kind(), right) {
            Gapless::Blank => self.gap(right, Doc::Space),
            Gapless::Tight if glue(left, right) => self.gap(right, Doc::Space),
            Gapless::Tight => self.gap(right, Doc::Nil),
        }
    }

    /// The gap before a part: its comments, or else a separator.
    fn gap(&self, part: Part<'t>, separator: Doc<'t>) -> Doc<'t> {
        match first(part).and_then(|token| self.gaps.before(token)) {
            Some(gap) if !gap.comments.is_empty() => {
                Doc::Comments { comments: gap.comments.clone(), blank_after: gap.blank }
            }
            _ => separator,
        }
    }

    /// Whether an empty line stands before a part, and no comment.
    fn is_after_blank(&self, part: Part<'t>) -> bool {
        first(part).and_then(|token| self.gaps.before(token)).is_some_and(|gap| gap.blank)
    }

    fn has_comments_before(&self, part: Part<'t>) -> bool {
        first(part).is_some_and(|token| self.gaps.has_comments(token))
    }
}

/// Whether two tokens would be read as another one if nothing stood between: `T?` and `.b`.
fn glue(left: Part<'_>, right: Part<'_>) -> bool {
    let is_question = last(left).is_some_and(|token| token.kind() == SyntaxKind::Question);
    is_question
        && first(right).is_some_and(|token| {
            matches!(
                token.kind(),
                SyntaxKind::Question
                    | SyntaxKind::QuestionDot
                    | SyntaxKind::QuestionColon
                    | SyntaxKind::QuestionQuestion
                    | SyntaxKind::Dot
                    | SyntaxKind::Colon
            )
        })
}
