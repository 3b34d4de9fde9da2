//! Lexed tokens to what the parser reads: no trivia, balanced brackets, and line ends only where they end
//! something. Words of tests become keywords in tests alone, and misspelt keywords are read as what was meant.

mod foreign;

use flow_diagnostics::Diagnostic;
use flow_source::{FileId, Span};

use crate::brackets::{Inserted, closer, is_closer, starts_declaration};
use crate::depth::{Depth, Limit};
use crate::lexer::Token;
use crate::{SyntaxKind, newlines, spelling};
use foreign::Foreign;

/// To the parser, a `<` directly after a word: it may open type arguments. In the tree it is a
/// [`SyntaxKind::Less`]; the kind of a node is free to stand for it here.
pub(crate) const ADJACENT_LESS: SyntaxKind = SyntaxKind::TypeArguments;

/// What the parser reads.
#[derive(Debug, Default)]
pub(crate) struct Stream {
    /// The kind of each token. [`SyntaxKind::ErrorToken`] stands for what is reported already.
    pub(crate) kinds: Vec<SyntaxKind>,
    /// The lexed tokens that each covers, as a half-open range; an inserted closer covers none.
    pub(crate) ranges: Vec<(u32, u32)>,
}

/// A token that the parser may see, and the lexed tokens that it covers.
#[derive(Clone, Copy)]
pub(crate) struct Seen {
    pub(crate) kind: SyntaxKind,
    first: u32,
    end: u32,
}

/// Makes the parser's tokens.
pub(crate) fn stream(
    file: FileId,
    text: &str,
    tokens: &[Token],
    inserted: &[Inserted],
    diagnostics: &mut Vec<Diagnostic>,
) -> Stream {
    let seen = merge(tokens, inserted);
    let mut builder = Builder {
        file,
        text,
        tokens,
        seen: &seen,
        diagnostics,
        stream: Stream { kinds: Vec::with_capacity(seen.len()), ranges: Vec::with_capacity(seen.len()) },
        groups: Vec::new(),
        depth: Depth::default(),
        item: SyntaxKind::Newline,
    };
    builder.run();
    builder.stream
}

fn merge(tokens: &[Token], inserted: &[Inserted]) -> Vec<Seen> {
    let mut seen = Vec::with_capacity(tokens.len() / 2 + inserted.len());
    let mut inserted = inserted.iter().peekable();
    let mut before: Option<Token> = None;
    for (index, token) in tokens.iter().enumerate() {
        let at = index as u32;
        while let Some(closer) = inserted.next_if(|closer| closer.before <= index) {
            seen.push(Seen { kind: closer.kind, first: at, end: at });
        }
        if token.meant != SyntaxKind::Whitespace {
            let after_word = before.is_some_and(|before| before.meant.is_word());
            let adjacent = token.meant == SyntaxKind::Less && after_word;
            let kind = if adjacent { ADJACENT_LESS } else { token.meant };
            seen.push(Seen { kind, first: at, end: at + 1 });
        }
        before = Some(*token);
    }
    let end = tokens.len() as u32;
    seen.extend(inserted.map(|closer| Seen { kind: closer.kind, first: end, end }));
    seen
}

/// A bracket that is open.
struct Group {
    kind: SyntaxKind,
    is_test: bool,
}

struct Builder<'t, 'd> {
    file: FileId,
    text: &'t str,
    tokens: &'t [Token],
    seen: &'t [Seen],
    diagnostics: &'d mut Vec<Diagnostic>,
    stream: Stream,
    groups: Vec<Group>,
    depth: Depth,
    /// The keyword of the declaration that we are in.
    item: SyntaxKind,
}

impl<'t> Builder<'t, '_> {
    fn run(&mut self) {
        let mut index = 0;
        while let Some(seen) = self.seen.get(index).copied() {
            index = if seen.kind == SyntaxKind::Newline {
                self.newline(index, seen)
            } else {
                self.token(index, seen)
            };
        }
        if self.last() == SyntaxKind::Newline {
            self.stream.kinds.pop();
            self.stream.ranges.pop();
        }
    }

    fn push(&mut self, kind: SyntaxKind, first: u32, end: u32) {
        self.stream.kinds.push(kind);
        self.stream.ranges.push((first, end));
    }

    /// The kind of the last token pushed; a line end where there is none.
    fn last(&self) -> SyntaxKind {
        self.stream.kinds.last().copied().unwrap_or(SyntaxKind::Newline)
    }

    /// The kind of the token at an index; a line end past the last.
    fn kind(&self, index: usize) -> SyntaxKind {
        self.seen.get(index).map_or(SyntaxKind::Newline, |seen| seen.kind)
    }

    /// The kind of the first token from an index that is no line end.
    fn kind_after_lines(&self, index: usize) -> SyntaxKind {
        let mut rest = self.seen.iter().skip(index).map(|seen| seen.kind);
        rest.find(|kind| *kind != SyntaxKind::Newline).unwrap_or(SyntaxKind::Newline)
    }

    /// Takes a run of line ends and gives the index of the token after it.
    fn newline(&mut self, index: usize, seen: Seen) -> usize {
        let rest = self.seen.get(index..).unwrap_or(&[]);
        let run = rest.iter().take_while(|next| next.kind == SyntaxKind::Newline).count();
        let next = index + run;
        if next < self.seen.len() && self.ends_something(next) {
            self.push(SyntaxKind::Newline, seen.first, seen.end);
            self.depth.start_segment();
        }
        next
    }

    /// Whether a line end here is one to the parser; `next` is the next token.
    fn ends_something(&self, next: usize) -> bool {
        let in_braces = self.groups.last().is_none_or(|group| group.kind == SyntaxKind::LeftBrace);
        let last = self.last();
        if !in_braces || last == SyntaxKind::Newline || closer(last).is_some() || is_closer(self.kind(next)) {
            return false;
        }
        self.starts_afresh(next) || (!self.goes_on_after(last, next) && !self.goes_on_before(next))
    }

    /// Whether a line surely begins with a statement or a declaration, whatever the line before ends with: then
    /// something is missing there.
    fn starts_afresh(&self, next: usize) -> bool {
        let (kind, second) = (self.kind(next), self.kind(next + 1));
        if matches!(kind, SyntaxKind::LetKeyword | SyntaxKind::VarKeyword) {
            return second.is_word() || matches!(second, SyntaxKind::LeftBrace | SyntaxKind::LeftBracket);
        }
        if kind == SyntaxKind::ReturnKeyword {
            return self.last() == SyntaxKind::Equal;
        }
        self.groups.is_empty()
            && match kind {
                SyntaxKind::ConfigKeyword => second == SyntaxKind::LeftBrace,
                SyntaxKind::TestKeyword => second == SyntaxKind::StringWhole,
                kind => starts_declaration(kind) && second.is_word(),
            }
    }

    fn goes_on_after(&self, last: SyntaxKind, next: usize) -> bool {
        if last.is_word() {
            // `in` and `div` are names where nothing stands before them, and before a colon.
            let before = self.stream.kinds.iter().rev().nth(1);
            let is_name = matches!(
                before,
                Some(
                    SyntaxKind::Dot
                        | SyntaxKind::QuestionDot
                        | SyntaxKind::Colon
                        | SyntaxKind::QuestionColon
                        | SyntaxKind::Comma
                        | SyntaxKind::Newline
                        | SyntaxKind::LeftBrace
                )
            ) || matches!(self.kind(next), SyntaxKind::Colon | SyntaxKind::QuestionColon);
            return newlines::continues_after(last) && !is_name;
        }
        if last == SyntaxKind::Percent && self.ends_with_percentage() {
            return false;
        }
        newlines::continues_after(last)
            && !(last == SyntaxKind::Greater && newlines::closes_type_arguments(&self.stream.kinds))
    }

    /// Whether the `%` before belongs to a number that is the whole value of an objective: `success: 99.5%`.
    fn ends_with_percentage(&self) -> bool {
        if self.item != SyntaxKind::ObjectiveKeyword {
            return false;
        }
        let mut before = self.stream.kinds.iter().rev().skip(1);
        matches!(before.next(), Some(SyntaxKind::Int | SyntaxKind::Decimal))
            && before.next() == Some(&SyntaxKind::Colon)
    }

    fn goes_on_before(&self, next: usize) -> bool {
        let kind = self.kind(next);
        let is_name =
            kind.is_word() && matches!(self.kind(next + 1), SyntaxKind::Colon | SyntaxKind::QuestionColon);
        (newlines::continues_before(kind) && !is_name) || (self.in_code() && self.is_else_if(next))
    }

    /// Takes the token at an index and gives the index of the next one.
    fn token(&mut self, index: usize, seen: Seen) -> usize {
        let (before, kind, taken) = match self.foreign(index, seen) {
            Some(Foreign::Nothing) => return index + 1,
            Some(Foreign::Read { before, kind, taken }) => (before, kind, taken),
            None => (None, self.meaning(index, seen), 1),
        };
        let end = self.seen.get(index + taken - 1).map_or(seen.end, |last| last.end);
        if self.groups.is_empty() && self.last() == SyntaxKind::Newline {
            self.item = kind;
        }
        match self.depth.enter(kind, self.last()) {
            Ok(()) => {}
            Err(limit) => return self.skip(index, limit),
        }
        if closer(kind).is_some() {
            let outer = self.groups.last();
            let is_test = outer.map_or(self.item == SyntaxKind::TestKeyword, |outer| outer.is_test);
            self.groups.push(Group { kind, is_test });
        } else if is_closer(kind) {
            self.groups.pop();
        }
        let mut first = seen.first;
        if let Some(before) = before {
            self.push(before, first, end);
            first = end;
        }
        self.push(kind, first, end);
        index + taken
    }

    /// Replaces what stands too deep by one token that the parser takes for anything.
    fn skip(&mut self, index: usize, limit: Limit) -> usize {
        let mut open = 0_usize;
        let mut at = index;
        while let Some(seen) = self.seen.get(at) {
            if closer(seen.kind).is_some() {
                open += 1;
            } else if is_closer(seen.kind) {
                if open == 0 {
                    break;
                }
                open -= 1;
                if open == 0 && limit == Limit::Bracket {
                    at += 1;
                    break;
                }
            } else if open == 0 && at > index && matches!(seen.kind, SyntaxKind::Comma | SyntaxKind::Newline)
            {
                break;
            }
            at += 1;
        }
        let first = self.seen.get(index).map_or(0, |seen| seen.first);
        let end = at.checked_sub(1).and_then(|last| self.seen.get(last)).map_or(first, |seen| seen.end);
        self.diagnostics.push(limit.diagnostic(self.span(index)));
        self.push(SyntaxKind::ErrorToken, first, end);
        at.max(index + 1)
    }

    /// What a token means where it stands.
    fn meaning(&mut self, index: usize, seen: Seen) -> SyntaxKind {
        let starts_segment = matches!(self.last(), SyntaxKind::Newline | SyntaxKind::LeftBrace);
        if spelling::is_test_word(seen.kind) {
            let in_test = self.groups.last().is_some_and(|group| group.is_test);
            let is_name = match self.kind(index + 1) {
                SyntaxKind::Colon | SyntaxKind::QuestionColon | SyntaxKind::Equal | SyntaxKind::Comma => true,
                _ => self.kind_after_lines(index + 1) == SyntaxKind::Dot,
            };
            let is_keyword = in_test && starts_segment && !is_name;
            return if is_keyword { seen.kind } else { SyntaxKind::Ident };
        }
        let is_free = seen.kind == SyntaxKind::Ident || seen.kind.is_contextual();
        if !starts_segment || !is_free {
            return seen.kind;
        }
        let following = [1, 2, 3].map(|offset| self.kind(index + offset));
        let word = self.word(index);
        let meant = word.and_then(|word| {
            if self.groups.is_empty() {
                spelling::declaration(word, seen.kind, following)
            } else if self.in_code() {
                spelling::statement(word, seen.kind, following, || self.opens_block(index))
            } else {
                None
            }
        });
        let (Some(word), Some(meant)) = (word, meant) else { return seen.kind };
        self.diagnostics.push(spelling::diagnostic(self.span(index), word, meant));
        SyntaxKind::of_word(meant)
    }

    /// Whether the braces that we are in hold statements or operations.
    fn in_code(&self) -> bool {
        self.groups.last().is_some_and(|group| group.kind == SyntaxKind::LeftBrace)
            && (starts_declaration(self.item) && self.item != SyntaxKind::TypeKeyword)
    }

    /// Whether a `{` stands on the line that begins here.
    fn opens_block(&self, index: usize) -> bool {
        let rest = self.seen.get(index..).unwrap_or(&[]);
        let mut line = rest.iter().take_while(|seen| seen.kind != SyntaxKind::Newline);
        line.any(|seen| seen.kind == SyntaxKind::LeftBrace)
    }

    /// The text of the token at an index.
    fn word(&self, index: usize) -> Option<&'t str> {
        let seen = self.seen.get(index)?;
        self.tokens.get(seen.first as usize).and_then(|token| self.text.get(token.range()))
    }

    fn span(&self, index: usize) -> Span {
        let end = self.text.len() as u32;
        let token = self.seen.get(index).and_then(|seen| self.tokens.get(seen.first as usize));
        token.map_or(Span::at(self.file, end), |token| Span::new(self.file, token.start, token.end))
    }
}
