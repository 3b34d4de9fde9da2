//! Literals and what they mean.
//!
//! Malformed ones are reported by the lexer; here they give `None`, or the text as far as it can be read.

use super::node::{ast_nodes, token};
use super::{AstNode, Expr};
use crate::literal::{self, StringStyle};
use crate::{SyntaxKind, SyntaxNode, SyntaxToken};

ast_nodes! {
    /// A number, duration, size, date, timestamp, `true`, `false`, `null`, `absent`, or `5xx`.
    Literal,
    /// A string, with the expressions inside it.
    StringLiteral,
}

/// What a [`Literal`] means.
#[derive(Clone, Debug, PartialEq)]
pub enum LiteralValue {
    /// A whole number, at most 2⁶³ (which fits an `int` only after `-`).
    Int(u64),
    /// The digits of a decimal, with its point, without underscores.
    Decimal(String),
    /// A float.
    Float(f64),
    /// Microseconds.
    Duration(i64),
    /// Bytes.
    Size(u64),
    /// The first digit of `5xx`.
    StatusClass(u8),
    /// The text after `@`, a valid date.
    Date(String),
    /// The text after `@`, RFC 3339.
    Timestamp(String),
    /// `true`, `false`
    Bool(bool),
    /// `null`
    Null,
    /// `absent`
    Absent,
}

/// A part of a string: text between quotes and braces, or what stands in braces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StringPart {
    /// Text with its escapes decoded.
    Text(String),
    /// An expression to interpolate.
    Expr(Expr),
}

impl Literal {
    /// The token.
    pub fn token(&self) -> Option<SyntaxToken> {
        token(&self.0, |kind| !kind.is_trivia())
    }

    /// What it means; `None` where it is malformed.
    pub fn value(&self) -> Option<LiteralValue> {
        let token = self.token()?;
        literal::value(token.kind(), token.text())
    }
}

impl StringLiteral {
    /// The parts, in order, with common indentation removed from block text. Neighbouring texts are one.
    pub fn parts(&self) -> Vec<StringPart> {
        let style = self.style();
        let mut pieces = Vec::new();
        for element in self.0.children_with_tokens() {
            match element {
                cstree::util::NodeOrToken::Token(token) => {
                    if let Some(body) = literal::string_body(token.kind(), token.text(), style) {
                        pieces.push(Piece::Text(body.to_owned()));
                    }
                }
                cstree::util::NodeOrToken::Node(node) => {
                    if let Some(expr) = Expr::cast(node) {
                        pieces.push(Piece::Expr(expr));
                    }
                }
            }
        }
        if style == StringStyle::Block {
            remove_indentation(&mut pieces);
        }
        let decode = |text: String| if style == StringStyle::Raw { text } else { literal::unescape(&text) };
        let mut parts: Vec<StringPart> = Vec::new();
        for piece in pieces {
            match piece {
                Piece::Text(text) if text.is_empty() => {}
                Piece::Text(text) => match parts.last_mut() {
                    Some(StringPart::Text(before)) => before.push_str(&decode(text)),
                    _ => parts.push(StringPart::Text(decode(text))),
                },
                Piece::Expr(expr) => parts.push(StringPart::Expr(expr)),
            }
        }
        parts
    }

    /// The text, if nothing is interpolated.
    pub fn plain_text(&self) -> Option<String> {
        let mut parts = self.parts().into_iter();
        match (parts.next(), parts.next()) {
            (None, _) => Some(String::new()),
            (Some(StringPart::Text(text)), None) => Some(text),
            _ => None,
        }
    }

    /// Whether anything is interpolated.
    pub fn is_interpolated(&self) -> bool {
        token(&self.0, |kind| kind == SyntaxKind::StringStart).is_some()
    }

    fn style(&self) -> StringStyle {
        let first = token(&self.0, |kind| matches!(kind, SyntaxKind::StringWhole | SyntaxKind::StringStart));
        first.map_or(StringStyle::Plain, |token| StringStyle::of(token.text()))
    }
}

enum Piece {
    Text(String),
    Expr(Expr),
}

/// Removes from block text: the line break after the opening quotes, the blank line before the closing ones,
/// and the indentation that all lines with content share. Line ends become `\n`.
fn remove_indentation(pieces: &mut [Piece]) {
    for piece in pieces.iter_mut() {
        if let Piece::Text(text) = piece {
            *text = text.replace("\r\n", "\n");
        }
    }
    let common = common_indentation(pieces);
    let count = pieces.len();
    for (index, piece) in pieces.iter_mut().enumerate() {
        let Piece::Text(text) = piece else { continue };
        let mut lines = text.split('\n').map(str::to_owned).collect::<Vec<_>>();
        let last_line = lines.len() - 1;
        for (number, line) in lines.iter_mut().enumerate() {
            if number == 0 {
                continue;
            }
            let ends_here = number < last_line || index + 1 == count;
            if ends_here && line.trim().is_empty() {
                line.clear();
            } else {
                *line = line.chars().skip(common).collect();
            }
        }
        if index == 0 && lines.len() > 1 && lines.first().is_some_and(|line| line.trim().is_empty()) {
            lines.remove(0);
        }
        if index + 1 == count && lines.len() > 1 && lines.last().is_some_and(|line| line.trim().is_empty()) {
            lines.pop();
        }
        *text = lines.join("\n");
    }
}

/// The smallest number of blanks at the start of a line with content, the first line apart.
fn common_indentation(pieces: &[Piece]) -> usize {
    let mut smallest: Option<usize> = None;
    for (index, piece) in pieces.iter().enumerate() {
        let Piece::Text(text) = piece else { continue };
        let lines = text.split('\n').collect::<Vec<_>>();
        for (number, line) in lines.iter().enumerate().skip(1) {
            let blanks = line.chars().take_while(|c| matches!(c, ' ' | '\t')).count();
            let goes_on = number + 1 == lines.len() && index + 1 < pieces.len();
            if goes_on || blanks < line.chars().count() {
                smallest = Some(smallest.map_or(blanks, |before| before.min(blanks)));
            }
        }
    }
    smallest.unwrap_or(0)
}

impl StringPart {
    /// The expression, where it is one.
    pub fn expr(&self) -> Option<&Expr> {
        match self {
            Self::Expr(expr) => Some(expr),
            Self::Text(_) => None,
        }
    }
}

impl LiteralValue {
    /// The value of a token, where a literal token stands outside a [`Literal`]: a status in a pattern.
    pub fn of_token(token: &SyntaxToken) -> Option<Self> {
        literal::value(token.kind(), token.text())
    }

    /// The value of a literal node.
    pub fn of_node(node: &SyntaxNode) -> Option<Self> {
        Literal::cast(node)?.value()
    }
}
