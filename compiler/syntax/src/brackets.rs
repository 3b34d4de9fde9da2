//! Matches brackets before the parser runs, so that the parser never meets an unbalanced one.
//!
//! A closer that is missing is put in where the layout says that it belongs; a closer without an opener is
//! hidden. Layout is asked only in a file whose brackets do not match as they stand.

use flow_diagnostics::{Diagnostic, codes};
use flow_source::{FileId, Span};

use crate::SyntaxKind;
use crate::lexer::{self, Token};
use crate::limits::DEPTH_MAX;

/// A closer that the text lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Inserted {
    /// Index of the token before which it stands.
    pub(crate) before: usize,
    /// What it closes with.
    pub(crate) kind: SyntaxKind,
}

/// How far down the stack a closer looks for its opener: enough for any text that is not hostile, and a bound
/// on the work for one that is.
const LOOK_BACK_MAX: usize = 4 * DEPTH_MAX as usize;

/// Finds the closers that are missing, in order, and hides those that are too many.
pub(crate) fn balance(
    file: FileId,
    text: &str,
    tokens: &mut [Token],
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Inserted> {
    if is_balanced(tokens) {
        return Vec::new();
    }
    let closed_by = vec![0; tokens.len()];
    let mut matcher = Matcher {
        file,
        text,
        tokens,
        diagnostics,
        open: Vec::new(),
        strings: 0,
        inserted: Vec::new(),
        hidden: Vec::new(),
        closed_by,
    };
    matcher.run();
    let Matcher { mut inserted, hidden, .. } = matcher;
    for index in hidden {
        if let Some(token) = tokens.get_mut(index) {
            token.meant = SyntaxKind::Whitespace;
        }
    }
    // Stable: those before the same token stay in the order of closing, innermost first.
    inserted.sort_by_key(|inserted| inserted.before);
    inserted
}

/// The closer of an opener.
pub(crate) fn closer(opener: SyntaxKind) -> Option<SyntaxKind> {
    match opener {
        SyntaxKind::LeftParen => Some(SyntaxKind::RightParen),
        SyntaxKind::LeftBracket => Some(SyntaxKind::RightBracket),
        SyntaxKind::LeftBrace => Some(SyntaxKind::RightBrace),
        SyntaxKind::StringStart => Some(SyntaxKind::StringEnd),
        _ => None,
    }
}

/// Whether it closes something.
pub(crate) fn is_closer(kind: SyntaxKind) -> bool {
    matches!(
        kind,
        SyntaxKind::RightParen | SyntaxKind::RightBracket | SyntaxKind::RightBrace | SyntaxKind::StringEnd
    )
}

fn is_balanced(tokens: &[Token]) -> bool {
    let mut open = Vec::new();
    let mut strings: u32 = 0;
    for token in tokens {
        if let Some(closer) = closer(token.meant) {
            strings += u32::from(token.meant == SyntaxKind::StringStart);
            open.push(closer);
        } else if is_closer(token.meant) {
            strings -= u32::from(token.meant == SyntaxKind::StringEnd && strings > 0);
            if open.pop() != Some(token.meant) {
                return false;
            }
        } else {
            let stray =
                token.meant == SyntaxKind::StringMiddle && open.last() != Some(&SyntaxKind::StringEnd);
            if stray || (token.meant == SyntaxKind::Newline && strings > 0) {
                return false;
            }
        }
    }
    open.is_empty()
}

/// A bracket that waits for its closer.
#[derive(Clone, Copy)]
struct Open {
    kind: SyntaxKind,
    index: usize,
    /// Blanks before the first token of its line.
    indentation: u32,
    /// Number of its line.
    line: u32,
}

struct Matcher<'t, 'd> {
    file: FileId,
    text: &'t str,
    tokens: &'t [Token],
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
        let (mut line, mut indentation, mut first_on_line, mut line_start) = (0, 0, true, 0);
        for index in 0..self.tokens.len() {
            let Some(token) = self.tokens.get(index).copied() else { break };
            if token.kind == SyntaxKind::Newline {
                self.end_strings(index);
                (line, first_on_line, line_start) = (line + 1, true, token.end);
                continue;
            }
            if !token.is_seen() {
                continue;
            }
            if first_on_line {
                indentation = token.start - line_start;
                self.at_line_start(index, indentation);
            }
            if closer(token.meant).is_some() {
                self.strings += usize::from(token.meant == SyntaxKind::StringStart);
                self.open.push(Open { kind: token.meant, index, indentation, line });
            } else if is_closer(token.meant) {
                self.close(index, token.meant, first_on_line.then_some(indentation), line);
            }
            first_on_line = false;
        }
        self.close_above(0, self.tokens.len());
    }

    /// Strings other than block text end with their line. The outermost is to blame.
    fn end_strings(&mut self, index: usize) {
        if self.strings == 0 {
            return;
        }
        let is_plain = |open: &Open| {
            let token = self.tokens.get(open.index);
            open.kind == SyntaxKind::StringStart
                && token
                    .is_some_and(|token| !self.text.get(token.range()).unwrap_or("").starts_with("\"\"\""))
        };
        let Some(from) = self.open.iter().position(is_plain) else { return };
        while self.open.len() > from {
            let Some(open) = self.pop(index) else { break };
            if let Some(kind) = closer(open.kind) {
                self.inserted.push(Inserted { before: index, kind });
            }
            if self.open.len() == from
                && let Some(token) = self.tokens.get(open.index)
            {
                let brace = Span::new(self.file, token.end.saturating_sub(1), token.end);
                self.diagnostics.push(lexer::unclosed_brace(brace));
            }
        }
    }

    /// A line that begins like a declaration, at the left edge, ends all that is open; one that begins like a
    /// statement or an operation ends parentheses and square brackets.
    fn at_line_start(&mut self, index: usize, indentation: u32) {
        if indentation == 0 && self.starts_declaration(index) {
            self.close_above(0, index);
        } else if self.starts_statement(index) {
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

    fn starts_declaration(&self, index: usize) -> bool {
        let Some(token) = self.tokens.get(index) else { return false };
        let [next, _] = self.kinds_after(index);
        match token.meant {
            SyntaxKind::ImportKeyword => matches!(next, SyntaxKind::LeftBrace | SyntaxKind::ApiKeyword),
            SyntaxKind::ConfigKeyword => next == SyntaxKind::LeftBrace,
            SyntaxKind::TestKeyword => next == SyntaxKind::StringWhole,
            kind => starts_declaration(kind) && next.is_word(),
        }
    }

    fn starts_statement(&self, index: usize) -> bool {
        let Some(token) = self.tokens.get(index) else { return false };
        let [next, second] = self.kinds_after(index);
        match token.meant {
            SyntaxKind::LetKeyword | SyntaxKind::VarKeyword => {
                next.is_word() || matches!(next, SyntaxKind::LeftBrace | SyntaxKind::LeftBracket)
            }
            SyntaxKind::ReturnKeyword => {
                !matches!(next, SyntaxKind::Colon | SyntaxKind::QuestionColon | SyntaxKind::Comma)
            }
            kind if is_method(kind) => next.is_word() && second == SyntaxKind::StringWhole,
            _ => false,
        }
    }

    fn close(&mut self, index: usize, kind: SyntaxKind, indentation: Option<u32>, line: u32) {
        match self.partner(kind, indentation, line) {
            Some(position) => {
                self.close_above(position + 1, index);
                self.pop(index);
            }
            None => {
                self.hidden.push(index);
                let span = self.span(index);
                let found = self.text.get(span.range()).unwrap_or("");
                self.diagnostics.push(
                    Diagnostic::new(&codes::F0101, span, format!("a `{found}` that closes nothing"))
                        .help("remove it, or add what it is to close"),
                );
            }
        }
    }

    /// The position in the stack of what a closer closes.
    fn partner(&self, kind: SyntaxKind, indentation: Option<u32>, line: u32) -> Option<usize> {
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
        let top_fits = innermost + 1 == reachable.len();
        if let Some(indentation) = indentation {
            let level = reachable.iter().rposition(|open| fits(open) && open.indentation == indentation);
            match level {
                Some(level) => return Some(floor + level),
                None if top_fits => {
                    let deeper = reachable.get(innermost).is_some_and(|open| open.indentation < indentation);
                    return (!deeper || kind != SyntaxKind::RightBrace).then_some(floor + innermost);
                }
                None => {}
            }
        }
        if top_fits || kind == SyntaxKind::RightBrace || kind == SyntaxKind::StringEnd {
            return Some(floor + innermost);
        }
        // A `)` or `]` closes over an open brace only if both stand on its line.
        let between = reachable.get(innermost + 1..).unwrap_or(&[]);
        let near = reachable.get(innermost).is_some_and(|open| open.line == line);
        let crosses = between.iter().any(|open| open.kind == SyntaxKind::LeftBrace && open.line != line);
        (near || !crosses).then_some(floor + innermost)
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
            if let Some(kind) = closer(open.kind) {
                self.inserted.push(Inserted { before, kind });
            }
            if !deep || self.open.len() == position {
                self.report(open, before);
            }
        }
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

    fn report(&mut self, open: Open, before: usize) {
        if open.kind == SyntaxKind::StringStart {
            let token = self.span(open.index);
            let brace = Span::new(self.file, token.end.saturating_sub(1), token.end);
            self.diagnostics.push(lexer::unclosed_brace(brace));
            return;
        }
        let span = self.span(open.index);
        let opener = self.text.get(span.range()).unwrap_or("");
        let missing = closer(open.kind).and_then(SyntaxKind::fixed_text).unwrap_or("");
        let end = before.checked_sub(1).map_or(span.end, |last| self.span(last).end);
        self.diagnostics.push(
            Diagnostic::new(&codes::F0102, span, format!("`{opener}` is not closed"))
                .also(
                    Span::at(self.file, end),
                    format!("it seems to end here, where a `{missing}` is missing"),
                )
                .help(format!("add a `{missing}`")),
        );
    }

    /// Before which token an opener's missing closer stands; `latest` is the last place where it can.
    fn place(&self, open: Open, latest: usize) -> usize {
        if open.kind == SyntaxKind::LeftBrace {
            return latest;
        }
        // Parentheses and square brackets end with the first line that does not go on.
        let mut at = open.index + 1;
        while at < latest {
            let Some(token) = self.tokens.get(at) else { break };
            match self.closed_by.get(at) {
                Some(end) if *end > at => {
                    at = *end;
                    if self.tokens.get(at).is_some_and(|token| is_closer(token.meant)) {
                        at += 1;
                    }
                    continue;
                }
                _ => {}
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

/// Whether a line that ends with it surely goes on inside parentheses.
fn leads_on(kind: SyntaxKind) -> bool {
    closer(kind).is_some() || kind == SyntaxKind::Comma || crate::newlines::continues_after(kind)
}

/// Whether a line that begins with it surely belongs to the line before.
fn comes_after(kind: SyntaxKind) -> bool {
    is_closer(kind) || kind == SyntaxKind::Comma || crate::newlines::continues_before(kind)
}

/// Whether a keyword starts a declaration.
pub(crate) fn starts_declaration(kind: SyntaxKind) -> bool {
    matches!(
        kind,
        SyntaxKind::ImportKeyword
            | SyntaxKind::ConfigKeyword
            | SyntaxKind::ErrorKeyword
            | SyntaxKind::RetryKeyword
            | SyntaxKind::TypeKeyword
            | SyntaxKind::ApiKeyword
            | SyntaxKind::WorkflowKeyword
            | SyntaxKind::FnKeyword
            | SyntaxKind::PublishKeyword
            | SyntaxKind::ScheduleKeyword
            | SyntaxKind::ObjectiveKeyword
            | SyntaxKind::TestKeyword
    )
}

/// Whether a word is an HTTP method.
pub(crate) fn is_method(kind: SyntaxKind) -> bool {
    matches!(
        kind,
        SyntaxKind::GetKeyword
            | SyntaxKind::PostKeyword
            | SyntaxKind::PutKeyword
            | SyntaxKind::PatchKeyword
            | SyntaxKind::DeleteKeyword
            | SyntaxKind::HeadKeyword
            | SyntaxKind::OptionsKeyword
    )
}
