//! The lines of a text, as far as indentation and first and last tokens go.

use crate::SyntaxKind;
use crate::characters::BYTE_ORDER_MARK;
use crate::lexer::Token;

/// Lines that are looked at, in either direction, to find one that is indented less: a bound on the work.
const LINES_MAX: usize = 512;

/// A line with at least one token that the parser sees.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    /// Bytes before its first token.
    pub(super) indentation: u32,
    /// Index of its first token.
    pub(super) first: usize,
    /// Index of its last token.
    pub(super) last: usize,
    /// How many brackets are open at its end; known once the line has been read.
    pub(super) depth: usize,
}

/// All lines, in order.
pub(super) struct Lines(pub(super) Vec<Line>);

impl Lines {
    pub(super) fn of(tokens: &[Token], text: &str) -> Self {
        let mut lines: Vec<Line> = Vec::new();
        let mut start = if text.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len_utf8() as u32 } else { 0 };
        let mut is_new = true;
        for (index, token) in tokens.iter().enumerate() {
            if token.kind == SyntaxKind::Newline {
                start = token.end;
                is_new = true;
            } else if token.is_seen() {
                match lines.last_mut() {
                    Some(line) if !is_new => line.last = index,
                    _ => {
                        let indentation = token.start.saturating_sub(start);
                        lines.push(Line { indentation, first: index, last: index, depth: 0 });
                    }
                }
                is_new = false;
            }
        }
        Self(lines)
    }

    pub(super) fn get(&self, line: usize) -> Option<&Line> {
        self.0.get(line)
    }

    /// The next line that is not indented more than `indentation`.
    pub(super) fn dedent_after(&self, line: usize, indentation: u32) -> Option<&Line> {
        let rest = self.0.get(line + 1..).unwrap_or(&[]);
        rest.iter().take(LINES_MAX).find(|line| line.indentation <= indentation)
    }

    /// The last line before that is not indented more than `indentation`.
    pub(super) fn dedent_before(&self, line: usize, indentation: u32) -> Option<&Line> {
        let before = self.0.get(..line).unwrap_or(&[]);
        before.iter().rev().take(LINES_MAX).find(|line| line.indentation <= indentation)
    }
}
