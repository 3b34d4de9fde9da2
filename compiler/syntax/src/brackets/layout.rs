//! Finds out by indentation where brackets are missing or too many.
//!
//! People mostly indent what they mean, also where a bracket is wrong. So a closer at the start of a line belongs
//! to the line above that is indented as much, a declaration at the left edge ends all that is open, and
//! parentheses end with the first line that does not go on.

use flow_diagnostics::{Diagnostic, codes};
use flow_source::{FileId, Span};

use super::lines::Lines;
use super::{Inserted, closer, is_closer, is_method, starts_declaration};
use crate::lexer::{self, Token};
use crate::limits::DEPTH_MAX;
use crate::{SyntaxKind, newlines};

/// How far down the stack a closer looks for its opener: enough for any text that is not hostile, and a bound
/// on the work for one that is.
const LOOK_BACK_MAX: usize = 4 * DEPTH_MAX as usize;

/// The brackets to put in, and the closers to hide.
pub(super) fn mend(
    file: FileId,
    text: &str,
    tokens: &[Token],
    diagnostics: &mut Vec<Diagnostic>,
) -> (Vec<Inserted>, Vec<usize>) {
    let mut matcher = Matcher {
        file,
        text,
        tokens,
        lines: Lines::of(tokens, text),
        diagnostics,
        open: Vec::new(),
        strings: 0,
        inserted: Vec::new(),
        hidden: Vec::new(),
        closed_by: vec![0; tokens.len()],
    };
    matcher.run();
    (matcher.inserted, matcher.hidden)
}

/// A bracket that waits for its closer.
#[derive(Clone, Copy)]
struct Open {
    kind: SyntaxKind,
    index: usize,
    /// Number of its line.
    line: usize,
    /// Indentation of its line.
    indentation: u32,
    /// Whether it is the last token of its line.
    ends_line: bool,
    /// Whether its closer may have gone into a text without its end, which has been reported.
    is_excused: bool,
}

struct Matcher<'t, 'd> {
    file: FileId,
    text: &'t str,
    tokens: &'t [Token],
    lines: Lines,
    diagnostics: &'d mut Vec<Diagnostic>,
    open: Vec<Open>,
    /// How many of the open ones are strings.
    strings: usize,
    inserted: Vec<Inserted>,
    hidden: Vec<usize>,
    /// For each opener whose pair is done, the index of its closer, or where that was put in.
    closed_by: Vec<usize>,
}

impl Matcher<'_, '_> {
    fn run(&mut self) {
        let mut number = 0;
        while let Some(line) = self.lines.get(number).copied() {
            self.at_line_start(line.first, line.indentation);
            for index in line.first..=line.last {
                let Some(token) = self.tokens.get(index).copied().filter(|token| token.is_seen()) else {
                    continue;
                };
                if closer(token.meant).is_some() {
                    self.strings += usize::from(token.meant == SyntaxKind::StringStart);
                    self.open.push(Open {
                        kind: token.meant,
                        index,
                        line: number,
                        indentation: line.indentation,
                        ends_line: index == line.last,
                        is_excused: false,
                    });
                } else if is_closer(token.meant) {
                    self.close(index, token.meant, number);
                }
            }
            let last = self.tokens.get(line.last);
            let ends_in_text = last.is_some_and(|last| {
                last.kind == SyntaxKind::StringWhole
                    && lexer::is_unclosed(self.text.get(last.range()).unwrap_or(""))
            });
            if self.end_strings(line.last + 1) || ends_in_text {
                for open in self.open.iter_mut().rev().take_while(|open| open.line == number) {
                    open.is_excused = true;
                }
            }
            let depth = self.open.len();
            if let Some(line) = self.lines.0.get_mut(number) {
                line.depth = depth;
            }
            number += 1;
        }
        self.close_above(0, self.tokens.len());
    }

    /// Strings other than block text end with their line. The outermost is to blame. Says whether there was one.
    fn end_strings(&mut self, index: usize) -> bool {
        if self.strings == 0 {
            return false;
        }
        let is_plain = |open: &Open| {
            let token = self.tokens.get(open.index);
            open.kind == SyntaxKind::StringStart
                && token
                    .is_some_and(|token| !self.text.get(token.range()).unwrap_or("").starts_with("\"\"\""))
        };
        let Some(from) = self.open.iter().position(is_plain) else { return false };
        while self.open.len() > from {
            let Some(open) = self.pop(index) else { break };
            if let Some(kind) = closer(open.kind) {
                self.inserted.push(Inserted { before: index, kind });
            }
            if self.open.len() == from {
                self.report_string(open);
            }
        }
        true
    }

    /// A line that begins like a declaration, at the left edge, ends all that is open; one that begins like a
    /// statement or an operation ends parentheses and square brackets.
    fn at_line_start(&mut self, index: usize, indentation: u32) {
        if indentation == 0 && self.begins_declaration(index) {
            self.close_above(0, index);
        } else if self.begins_statement(index) {
            let keep = self
                .open
                .iter()
                .rposition(|open| !matches!(open.kind, SyntaxKind::LeftParen | SyntaxKind::LeftBracket))
                .map_or(0, |last| last + 1);
            self.close_above(keep, index);
        }
    }

    /// The kinds of the next tokens that the parser sees, up to the end of the line.
    fn kinds_after(&self, index: usize) -> [SyntaxKind; 2] {
        let mut kinds = [SyntaxKind::Newline; 2];
        let rest = self.tokens.get(index + 1..).unwrap_or(&[]);
        let on_line = rest.iter().take_while(|token| token.kind != SyntaxKind::Newline);
        for (slot, token) in kinds.iter_mut().zip(on_line.filter(|token| token.is_seen())) {
            *slot = token.meant;
        }
        kinds
    }

    fn begins_declaration(&self, index: usize) -> bool {
        let Some(token) = self.tokens.get(index) else { return false };
        let [next, _] = self.kinds_after(index);
        match token.meant {
            SyntaxKind::ImportKeyword => matches!(next, SyntaxKind::LeftBrace | SyntaxKind::ApiKeyword),
            SyntaxKind::ConfigKeyword => next == SyntaxKind::LeftBrace,
            SyntaxKind::TestKeyword => next == SyntaxKind::StringWhole,
            kind => starts_declaration(kind) && next.is_word(),
        }
    }

    fn begins_statement(&self, index: usize) -> bool {
        let Some(token) = self.tokens.get(index) else { return false };
        let [next, second] = self.kinds_after(index);
        match token.meant {
            SyntaxKind::LetKeyword | SyntaxKind::VarKeyword => {
                next.is_word() || matches!(next, SyntaxKind::LeftBrace | SyntaxKind::LeftBracket)
            }
            SyntaxKind::ReturnKeyword => {
                !matches!(next, SyntaxKind::Colon | SyntaxKind::QuestionColon | SyntaxKind::Comma)
            }
            kind if is_method(kind) => {
                next.is_word() && matches!(second, SyntaxKind::StringWhole | SyntaxKind::StringStart)
            }
            _ => false,
        }
    }

    fn close(&mut self, index: usize, kind: SyntaxKind, line: usize) {
        if let Some(position) = self.partner(index, kind, line) {
            self.close_above(position + 1, index);
            self.pop(index);
        } else if !self.mend_opener(index, kind, line) {
            self.hidden.push(index);
            let span = self.span(index);
            let found = self.text.get(span.range()).unwrap_or("");
            self.diagnostics.push(
                Diagnostic::new(&codes::F0101, span, format!("a `{found}` that closes nothing"))
                    .help("remove it, or add what it is to close"),
            );
        }
    }

    /// Puts in the `{` that a `}` at the start of a line closes: at the end of the line above that is indented as
    /// much, if that line could be a head. Says whether it did.
    fn mend_opener(&mut self, index: usize, kind: SyntaxKind, line: usize) -> bool {
        let Some(here) = self.lines.get(line).copied() else { return false };
        if kind != SyntaxKind::RightBrace || here.first != index {
            return false;
        }
        let Some(head) = self.lines.dedent_before(line, here.indentation).copied() else { return false };
        let is_block = self.lines.get(line - 1).is_some_and(|body| body.indentation > here.indentation);
        let is_head = self
            .tokens
            .get(head.last)
            .is_some_and(|last| !is_closer(last.meant) || last.meant == SyntaxKind::RightParen);
        if head.indentation != here.indentation || head.depth != self.open.len() || !is_block || !is_head {
            return false;
        }
        self.inserted.push(Inserted { before: head.last + 1, kind: SyntaxKind::LeftBrace });
        let end = Span::at(self.file, self.span(head.last).end);
        self.diagnostics.push(
            Diagnostic::new(&codes::F0101, end, "expected `{` at the end of this line")
                .also(self.span(index), "this `}` closes it")
                .edit("add ` {`", end, " {"),
        );
        true
    }

    /// The position in the stack of what a closer closes.
    fn partner(&self, index: usize, kind: SyntaxKind, line: usize) -> Option<usize> {
        let fits = |open: &Open| closer(open.kind) == Some(kind);
        let mut floor = self.open.len().saturating_sub(LOOK_BACK_MAX);
        if kind != SyntaxKind::StringEnd && self.strings > 0 {
            // Nothing inside an interpolation reaches out of it.
            let above = self.open.get(floor..).unwrap_or(&[]);
            let string = above.iter().rposition(|open| open.kind == SyntaxKind::StringStart);
            floor += string.map_or(0, |at| at + 1);
        }
        let reachable = self.open.get(floor..).unwrap_or(&[]);
        let innermost = reachable.iter().rposition(fits)?;
        let found = reachable.get(innermost)?;
        let is_top = innermost + 1 == reachable.len();
        let here = self.lines.get(line)?;
        if here.first == index {
            let level = reachable.iter().rposition(|open| fits(open) && open.indentation == here.indentation);
            if let Some(level) = level {
                return Some(floor + level);
            }
            if is_top {
                let deeper = found.indentation < here.indentation;
                return (!deeper || kind != SyntaxKind::RightBrace).then_some(floor + innermost);
            }
        } else if kind == SyntaxKind::RightBrace && found.ends_line && found.line != line {
            // A block closes at the start of a line. If one does further down, this brace is not its end.
            let end = self.lines.dedent_after(line, found.indentation);
            let closes = end.filter(|end| end.indentation == found.indentation);
            let closes = closes.and_then(|end| self.tokens.get(end.first));
            if closes.is_some_and(|token| token.meant == SyntaxKind::RightBrace) {
                return None;
            }
        }
        if is_top || kind == SyntaxKind::RightBrace || kind == SyntaxKind::StringEnd {
            return Some(floor + innermost);
        }
        // A `)` or `]` closes over an open brace only if both stand on its line.
        let between = reachable.get(innermost + 1..).unwrap_or(&[]);
        let crosses = between.iter().any(|open| open.kind == SyntaxKind::LeftBrace && open.line != line);
        (found.line == line || !crosses).then_some(floor + innermost)
    }

    /// Reports and closes everything in the stack from a position on, because of the token at `index`.
    ///
    /// Of more than [`DEPTH_MAX`] only the outermost is reported: the depth of the others is an error anyway.
    fn close_above(&mut self, position: usize, index: usize) {
        let mut lowest = 0;
        let deep = self.open.len() > position + DEPTH_MAX as usize;
        while let Some(open) = self.open.get(position..).and_then(|above| above.last().copied()) {
            let latest = self.after_last_seen(index).max(open.index + 1);
            let before = if deep { latest } else { self.place(open, latest).max(lowest) };
            lowest = before;
            self.pop(before);
            if let Some(next) = self.doubled(open, before) {
                self.hidden.push(open.index);
                self.report_doubled(open, next);
                continue;
            }
            if let Some(kind) = closer(open.kind) {
                self.inserted.push(Inserted { before, kind });
            }
            if !deep || self.open.len() == position {
                self.report(open, before);
            }
        }
    }

    /// The opener of the same kind that directly follows one without a closer, where that would have to close directly
    /// after it: one of the two is too many.
    fn doubled(&self, open: Open, before: usize) -> Option<usize> {
        let rest = self.tokens.get(open.index + 1..)?;
        let next = open.index + 1 + rest.iter().position(|token| token.is_seen())?;
        let follows = self.tokens.get(next).is_some_and(|token| token.meant == open.kind);
        let end = self.closed_by.get(next).copied().filter(|end| *end > next)?;
        let is_closed = self.tokens.get(end).is_some_and(|token| Some(token.meant) == closer(open.kind));
        let is_bracket = matches!(open.kind, SyntaxKind::LeftBrace | SyntaxKind::LeftParen);
        (is_bracket && follows && is_closed && before == end + 1).then_some(next)
    }

    fn report_doubled(&mut self, open: Open, next: usize) {
        let (span, after) = (self.span(open.index), self.span(next));
        let opener = self.text.get(span.range()).unwrap_or("");
        self.diagnostics.push(
            Diagnostic::new(&codes::F0102, span, format!("`{opener}` is not closed"))
                .help(format!("remove it: another `{opener}` follows, which is closed"))
                .edit("remove it", Span::new(self.file, span.start, after.start), ""),
        );
    }

    /// Takes the innermost opener off the stack: it is closed before, or by, the token of this index.
    fn pop(&mut self, closed_at: usize) -> Option<Open> {
        let open = self.open.pop()?;
        self.strings -= usize::from(open.kind == SyntaxKind::StringStart);
        if let Some(slot) = self.closed_by.get_mut(open.index) {
            *slot = closed_at;
        }
        Some(open)
    }

    /// The index after the last token before `limit` that the parser sees, line ends apart.
    fn after_last_seen(&self, limit: usize) -> usize {
        let before = self.tokens.get(..limit).unwrap_or(&[]);
        let last = before.iter().rposition(|token| token.is_seen() && token.kind != SyntaxKind::Newline);
        last.map_or(limit, |last| last + 1)
    }

    fn report_string(&mut self, open: Open) {
        let token = self.span(open.index);
        let brace = Span::new(self.file, token.end.saturating_sub(1), token.end);
        self.diagnostics.push(lexer::unclosed_brace(brace));
    }

    fn report(&mut self, open: Open, before: usize) {
        if open.is_excused {
            return;
        }
        if open.kind == SyntaxKind::StringStart {
            self.report_string(open);
            return;
        }
        let span = self.span(open.index);
        let opener = self.text.get(span.range()).unwrap_or("");
        let missing = closer(open.kind).and_then(SyntaxKind::fixed_text).unwrap_or("");
        let end = before.checked_sub(1).map_or(span.end, |last| self.span(last).end);
        let put = if open.kind == SyntaxKind::LeftBrace && open.ends_line {
            let line = self.lines.get(open.line).map_or(0, |line| line.first);
            let start = self.tokens.get(line).map_or(0, |first| first.start as usize);
            let start_of_line =
                self.text.get(..start).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
            format!("\n{}{missing}", self.text.get(start_of_line..start).unwrap_or(""))
        } else {
            missing.to_owned()
        };
        self.diagnostics.push(
            Diagnostic::new(&codes::F0102, span, format!("`{opener}` is not closed"))
                .also(
                    Span::at(self.file, end),
                    format!("it seems to end here, where a `{missing}` is missing"),
                )
                .help(format!("add a `{missing}`"))
                .edit(format!("add a `{missing}`"), Span::at(self.file, end), put),
        );
    }

    /// Before which token an opener's missing closer stands; `latest` is the last place where it can.
    fn place(&self, open: Open, latest: usize) -> usize {
        if open.kind == SyntaxKind::LeftBrace && open.ends_line {
            // A block ends before the first line that is indented as little as its head.
            let end = self.lines.dedent_after(open.line, open.indentation);
            return end.map_or(latest, |end| self.after_last_seen(end.first).clamp(open.index + 1, latest));
        }
        // Anything else ends with the first line that does not go on.
        let mut at = open.index + 1;
        while at < latest {
            let Some(token) = self.tokens.get(at) else { break };
            if let Some(end) = self.closed_by.get(at).filter(|end| **end > at) {
                at = *end;
                if self.tokens.get(at).is_some_and(|token| is_closer(token.meant)) {
                    at += 1;
                }
                continue;
            }
            if token.kind == SyntaxKind::Newline {
                let end = self.after_last_seen(at);
                let last = end.checked_sub(1).and_then(|last| self.tokens.get(last));
                let rest = self.tokens.get(at..latest).unwrap_or(&[]);
                let next = rest.iter().find(|token| token.is_seen() && token.kind != SyntaxKind::Newline);
                let goes_on = last.is_none_or(|last| leads_on(last.meant))
                    || next.is_none_or(|next| comes_after(next.meant));
                if !goes_on {
                    return end;
                }
            }
            at += 1;
        }
        latest
    }

    fn span(&self, index: usize) -> Span {
        let end = self.tokens.last().map_or(0, |token| token.end);
        let (start, end) = self.tokens.get(index).map_or((end, end), |token| (token.start, token.end));
        Span::new(self.file, start, end)
    }
}

/// Whether a line that ends with it surely goes on inside brackets.
fn leads_on(kind: SyntaxKind) -> bool {
    closer(kind).is_some() || kind == SyntaxKind::Comma || newlines::continues_after(kind)
}

/// Whether a line that begins with it surely belongs to the line before.
fn comes_after(kind: SyntaxKind) -> bool {
    let goes_on = is_closer(kind) || kind == SyntaxKind::Comma || newlines::continues_before(kind);
    // The result of a workflow or operation: the parameters before it have ended.
    goes_on && kind != SyntaxKind::Arrow
}
