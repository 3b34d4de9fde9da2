//! Text to tokens, trivia included. Nothing is left out: the tokens' texts, joined, are the text.
//!
//! `logos` finds the borders of words, numbers and marks. Strings are read by hand, because what stands in
//! their braces is code: a stack remembers the strings that are open.

mod lexeme;

use flow_diagnostics::{Diagnostic, codes};
use flow_source::{FileId, Span};
use lexeme::{Lexeme, is_number_start, is_version, mark, number_kind};
use logos::Logos as _;

use crate::literal::{self, StringStyle};
use crate::{SyntaxKind, characters};

/// A token and its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    /// What it is in the tree.
    pub(crate) kind: SyntaxKind,
    /// What it is to the parser: mostly the same, but a slip such as `&` for `&&` is read as what was meant.
    /// Trivia and what the parser is not to see are [`SyntaxKind::Whitespace`].
    pub(crate) meant: SyntaxKind,
    /// Offset of the first byte.
    pub(crate) start: u32,
    /// Offset after the last byte.
    pub(crate) end: u32,
}

impl Token {
    /// The bytes as a range.
    pub(crate) fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }

    /// Whether the parser sees it.
    pub(crate) fn is_seen(self) -> bool {
        !self.meant.is_trivia()
    }
}

/// A string whose interpolation the lexer is in.
struct OpenString {
    style: StringStyle,
    /// Braces that opened inside the interpolation and are not closed yet.
    braces: u32,
    /// Offset of the brace that opened it.
    brace_at: u32,
}

/// How a run of string text ends.
enum TextEnd {
    Quote,
    Brace,
    Missing,
}

/// Splits a text into tokens.
pub(crate) fn lex(file: FileId, text: &str, diagnostics: &mut Vec<Diagnostic>) -> Vec<Token> {
    let mut lexer =
        Lexer { file, text, inner: Lexeme::lexer(text), tokens: Vec::new(), open: Vec::new(), diagnostics };
    lexer.tokens.reserve(text.len() / 4);
    lexer.run();
    lexer.tokens
}

struct Lexer<'t, 'd> {
    file: FileId,
    text: &'t str,
    inner: logos::Lexer<'t, Lexeme>,
    tokens: Vec<Token>,
    open: Vec<OpenString>,
    diagnostics: &'d mut Vec<Diagnostic>,
}

impl Lexer<'_, '_> {
    fn run(&mut self) {
        if self.text.starts_with(characters::BYTE_ORDER_MARK) {
            self.inner.bump(characters::BYTE_ORDER_MARK.len_utf8());
            self.push(SyntaxKind::Whitespace, 0);
        }
        while let Some(lexeme) = self.inner.next() {
            let start = self.inner.span().start;
            match lexeme {
                Ok(lexeme) => self.lexeme(lexeme, start),
                Err(()) => self.unknown(start),
            }
        }
        if let Some(open) = self.open.first().filter(|open| open.style == StringStyle::Block) {
            self.report_brace(open.brace_at);
        }
    }

    /// Adds the token from `start` to where the lexer stands.
    fn push(&mut self, kind: SyntaxKind, start: usize) {
        let meant = match kind {
            SyntaxKind::Newline => SyntaxKind::Newline,
            SyntaxKind::ErrorToken => SyntaxKind::Whitespace,
            kind if kind.is_trivia() => SyntaxKind::Whitespace,
            kind => kind,
        };
        self.push_as(kind, meant, start);
    }

    fn push_as(&mut self, kind: SyntaxKind, meant: SyntaxKind, start: usize) {
        // Texts are smaller than 4 GiB: larger ones are refused before they come here.
        self.tokens.push(Token { kind, meant, start: start as u32, end: self.inner.span().end as u32 });
    }

    fn lexeme(&mut self, lexeme: Lexeme, start: usize) {
        match lexeme {
            Lexeme::Blank => self.push(SyntaxKind::Whitespace, start),
            Lexeme::LineEnd => self.line_end(start),
            Lexeme::Comment => {
                let slice = self.inner.slice();
                let is_doc = slice.starts_with("///") && !slice.starts_with("////");
                self.push(if is_doc { SyntaxKind::DocComment } else { SyntaxKind::Comment }, start);
            }
            Lexeme::BlockComment => self.block_comment(start),
            Lexeme::Word => self.word(start),
            Lexeme::Number => self.number(start),
            Lexeme::Quote => {
                let style = StringStyle::of(self.inner.slice());
                self.string_text(SyntaxKind::StringStart, SyntaxKind::StringWhole, style, start);
            }
            Lexeme::Apostrophe => self.apostrophe(start),
            Lexeme::At => self.at(start),
            Lexeme::Mark => self.push(mark(self.inner.slice()), start),
            Lexeme::LeftBrace => {
                if let Some(open) = self.open.last_mut() {
                    open.braces += 1;
                }
                self.push(SyntaxKind::LeftBrace, start);
            }
            Lexeme::RightBrace => match self.open.last_mut() {
                Some(open) if open.braces == 0 => {
                    let style = open.style;
                    self.open.pop();
                    self.string_text(SyntaxKind::StringMiddle, SyntaxKind::StringEnd, style, start);
                }
                Some(open) => {
                    open.braces -= 1;
                    self.push(SyntaxKind::RightBrace, start);
                }
                None => self.push(SyntaxKind::RightBrace, start),
            },
            Lexeme::Semicolon => {
                let span = self.span(start);
                self.diagnostics.push(
                    Diagnostic::new(
                        &codes::F0101,
                        span,
                        "there are no semicolons: a newline ends a statement",
                    )
                    .edit("remove the semicolon", span, ""),
                );
                self.push_as(SyntaxKind::Semicolon, SyntaxKind::Newline, start);
            }
            Lexeme::Ampersand => self.slip(start, SyntaxKind::AmpersandAmpersand, "&&"),
            Lexeme::TripleEqual => {
                let equal = self.inner.slice().starts_with('=');
                let (meant, text) =
                    if equal { (SyntaxKind::EqualEqual, "==") } else { (SyntaxKind::BangEqual, "!=") };
                self.slip(start, meant, text);
            }
        }
    }

    /// A mark of other languages that is read as the one that was meant.
    fn slip(&mut self, start: usize, meant: SyntaxKind, text: &str) {
        let span = self.span(start);
        let found = self.inner.slice();
        self.diagnostics.push(
            Diagnostic::new(&codes::F0101, span, format!("`{found}` is no operator"))
                .help(format!("write `{text}`"))
                .edit(format!("replace it by `{text}`"), span, text),
        );
        self.push_as(SyntaxKind::ErrorToken, meant, start);
    }

    /// A line end. No interpolation goes on over it, so that a forgotten `}` costs one line.
    fn line_end(&mut self, start: usize) {
        let Some(open) = self.open.first() else {
            self.push(SyntaxKind::Newline, start);
            return;
        };
        let (style, brace_at) = (open.style, open.brace_at);
        self.open.clear();
        if style == StringStyle::Block {
            self.report_brace(brace_at);
            self.string_text(SyntaxKind::StringMiddle, SyntaxKind::StringEnd, style, start);
        } else {
            // Which brace is to blame is found when brackets are matched.
            self.push(SyntaxKind::Newline, start);
        }
    }

    fn report_brace(&mut self, at: u32) {
        let span = Span::new(self.file, at, at + 1);
        self.diagnostics.push(unclosed_brace(span));
    }

    /// Reads string text from where the lexer stands, to its quotes or to the next brace. `start` is where the
    /// token began; `going_on` is its kind if a brace follows, `complete` if the string ends.
    fn string_text(&mut self, going_on: SyntaxKind, complete: SyntaxKind, style: StringStyle, start: usize) {
        let from = self.inner.span().end;
        let (len, end) = self.scan_text(from, style);
        self.inner.bump(len);
        match end {
            TextEnd::Brace => {
                let brace_at = self.inner.span().end as u32 - 1;
                self.open.push(OpenString { style, braces: 0, brace_at });
                self.push(going_on, start);
            }
            TextEnd::Quote => self.push(complete, start),
            TextEnd::Missing => {
                if self.open.is_empty() {
                    self.report_unclosed(style, complete, start);
                    self.push(complete, start);
                } else {
                    // Inside an interpolation the string around it is what lacks its end: see `line_end`.
                    self.push_as(complete, SyntaxKind::ErrorToken, start);
                }
            }
        }
    }

    fn report_unclosed(&mut self, style: StringStyle, complete: SyntaxKind, start: usize) {
        let quotes = style.quotes();
        let end = self.inner.span().end;
        let span = if complete == SyntaxKind::StringWhole && style == StringStyle::Block {
            self.span_between(start, start + quotes.len())
        } else {
            self.span_between(start, end)
        };
        let missing = Span::at(self.file, end as u32);
        let mut diagnostic = Diagnostic::new(&codes::F0102, span, "a text without its closing quotes")
            .help(format!("add `{quotes}` where the text ends"));
        if style != StringStyle::Block {
            diagnostic = diagnostic.edit(format!("add `{quotes}`"), missing, quotes);
        }
        self.diagnostics.push(diagnostic);
    }

    /// How long string text is, with its closing quotes or opening brace. Reports escapes that are none.
    fn scan_text(&mut self, from: usize, style: StringStyle) -> (usize, TextEnd) {
        let rest = self.text.get(from..).unwrap_or("");
        let quotes = style.quotes();
        let mut at = 0;
        while let Some(tail) = rest.get(at..) {
            let Some(stop) = tail.find(['"', '\\', '{', '\n', '\r']) else {
                return (rest.len(), TextEnd::Missing);
            };
            at += stop;
            let tail = tail.get(stop..).unwrap_or("");
            match tail.as_bytes().first() {
                Some(b'"') if tail.starts_with(quotes) => return (at + quotes.len(), TextEnd::Quote),
                Some(b'{') if style != StringStyle::Raw => return (at + 1, TextEnd::Brace),
                Some(b'\n' | b'\r') if style != StringStyle::Block => return (at, TextEnd::Missing),
                Some(b'\\') if style != StringStyle::Raw => at += self.scan_escape(tail, from + at),
                _ => at += 1,
            }
        }
        (rest.len(), TextEnd::Missing)
    }

    fn scan_escape(&mut self, tail: &str, offset: usize) -> usize {
        match literal::escape(tail) {
            Ok((_, len)) => len,
            // The line end after a lone `\` is not part of the string.
            Err((len, _)) if tail.get(1..).is_some_and(|rest| rest.starts_with(['\n', '\r'])) => {
                self.report_escape(offset, 1, "nothing follows the `\\`");
                len.min(1)
            }
            Err((len, problem)) => {
                self.report_escape(offset, len, &problem);
                len
            }
        }
    }

    fn report_escape(&mut self, offset: usize, len: usize, problem: &str) {
        let span = self.span_between(offset, offset + len);
        self.diagnostics.push(
            Diagnostic::new(&codes::F0103, span, problem)
                .help("escapes are `\\n`, `\\t`, `\\r`, `\\\"`, `\\\\`, `\\{`, `\\}` and `\\u{1F600}`; `r\"…\"` has none"),
        );
    }

    fn word(&mut self, start: usize) {
        if self.goes_on_as_word() {
            self.foreign_word(start);
        } else {
            let word = self.inner.slice();
            let kind = match word {
                "_" => SyntaxKind::Underscore,
                _ if is_version(word) => SyntaxKind::VersionWord,
                _ => SyntaxKind::of_word(word),
            };
            self.push(kind, start);
        }
    }

    /// Whether a letter that names cannot have follows directly.
    fn goes_on_as_word(&self) -> bool {
        self.inner.remainder().chars().next().is_some_and(|c| !c.is_ascii() && c.is_alphanumeric())
    }

    /// A name with letters that names cannot have: read as a name, and reported once.
    fn foreign_word(&mut self, start: usize) {
        let rest = self.inner.remainder();
        let len = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        self.inner.bump(len);
        let (span, word) = (self.span(start), self.text.get(start..self.inner.span().end).unwrap_or(""));
        self.diagnostics.push(
            Diagnostic::new(&codes::F0003, span, format!("`{word}` has letters that a name cannot have"))
                .help("names consist of the letters a to z and A to Z, digits and `_`"),
        );
        self.push(SyntaxKind::Ident, start);
    }

    fn number(&mut self, start: usize) {
        let rest = self.inner.remainder();
        let exponent = |text: &str| text.ends_with(['e', 'E']) && is_number_start(text);
        if exponent(self.inner.slice()) && rest.starts_with(['+', '-']) {
            let len = rest.bytes().skip(1).take_while(u8::is_ascii_digit).count();
            if len > 0 {
                self.inner.bump(1 + len);
            }
        }
        let text = self.text.get(start..self.inner.span().end).unwrap_or("");
        let kind = number_kind(text);
        let problem = match kind {
            SyntaxKind::ErrorToken => Some(format!("`{text}` is neither a number nor a name")),
            kind => literal::read(kind, text).err(),
        };
        if let Some(problem) = problem {
            let mut diagnostic = Diagnostic::new(&codes::F0103, self.span(start), problem);
            if kind == SyntaxKind::Duration {
                diagnostic = diagnostic.help("durations are written `250ms`, `2s`, `5m`, `1h30m`, `7d`");
            }
            self.diagnostics.push(diagnostic);
        }
        match kind {
            SyntaxKind::ErrorToken => self.push_as(SyntaxKind::ErrorToken, SyntaxKind::ErrorToken, start),
            kind => self.push(kind, start),
        }
    }

    /// `@v2` keeps its mark apart; `@2026-01-31` is one token.
    fn at(&mut self, start: usize) {
        let rest = self.inner.remainder().as_bytes();
        if !rest.first().is_some_and(u8::is_ascii_digit) {
            self.push(SyntaxKind::At, start);
            return;
        }
        let len = lexeme::date_len(rest);
        self.inner.bump(len);
        let text = self.text.get(start..self.inner.span().end).unwrap_or("");
        let kind = if text.contains('T') { SyntaxKind::Timestamp } else { SyntaxKind::Date };
        if let Err(problem) = literal::read(kind, text) {
            self.diagnostics.push(Diagnostic::new(&codes::F0103, self.span(start), problem));
        }
        self.push(kind, start);
    }

    fn apostrophe(&mut self, start: usize) {
        let rest = self.inner.remainder();
        let line = rest.find(['\n', '\r']).unwrap_or(rest.len());
        let close = rest.get(..line).and_then(|line| line.find('\''));
        let text = close.and_then(|close| rest.get(..close)).unwrap_or("");
        self.inner.bump(close.map_or(0, |close| close + 1));
        let span = self.span(start);
        let mut diagnostic = Diagnostic::new(&codes::F0103, span, "text stands in double quotes");
        if close.is_some() && !text.contains(['"', '\\', '{']) {
            diagnostic = diagnostic.edit("use double quotes", span, format!("\"{text}\""));
        }
        self.diagnostics.push(diagnostic);
        let meant = if close.is_some() { SyntaxKind::ErrorToken } else { SyntaxKind::Whitespace };
        self.push_as(SyntaxKind::ErrorToken, meant, start);
    }

    fn block_comment(&mut self, start: usize) {
        let rest = self.inner.remainder();
        let line = rest.find(['\n', '\r']).unwrap_or(rest.len());
        let len = rest.find("*/").map_or(line, |end| end + 2);
        let opening = self.span(start);
        self.inner.bump(len);
        self.diagnostics.push(
            Diagnostic::new(&codes::F0101, opening, "there are no comments between `/*` and `*/`")
                .help("begin each line of a comment with `//`"),
        );
        self.push(SyntaxKind::Comment, start);
    }

    fn unknown(&mut self, start: usize) {
        let character = self.text.get(start..).and_then(|rest| rest.chars().next()).unwrap_or('?');
        let end = start + character.len_utf8();
        let found_end = self.inner.span().end;
        if found_end < end {
            self.inner.bump(end - found_end);
        }
        if character.is_alphanumeric() {
            self.foreign_word(start);
            return;
        }
        if characters::objection(character).is_none() {
            let span = self.span(start);
            let mut diagnostic =
                Diagnostic::new(&codes::F0101, span, format!("`{character}` has no meaning here"));
            match character {
                '#' => diagnostic = diagnostic.help("comments begin with `//`"),
                '$' | '`' => diagnostic = diagnostic.help("values are put into text as in `\"order {id}\"`"),
                '“' | '”' | '„' | '‘' | '’' => diagnostic = diagnostic.help("text stands in `\"`"),
                _ => {}
            }
            self.diagnostics.push(diagnostic);
        }
        self.push(SyntaxKind::ErrorToken, start);
    }

    fn span(&self, start: usize) -> Span {
        self.span_between(start, self.inner.span().end)
    }

    fn span_between(&self, start: usize, end: usize) -> Span {
        Span::new(self.file, start as u32, end as u32)
    }
}

/// What is said where a brace inside a string is not closed.
pub(crate) fn unclosed_brace(span: Span) -> Diagnostic {
    Diagnostic::new(&codes::F0102, span, "a `{` in a text that is not closed on its line")
        .help("close it with `}`, or write `\\{` for a brace")
}

/// Whether the text of a string token lacks its closing quotes.
pub(crate) fn is_unclosed(text: &str) -> bool {
    let style = StringStyle::of(text);
    let body = text.trim_start_matches('r').get(style.quotes().len()..).unwrap_or("");
    let Some(inner) = body.strip_suffix(style.quotes()) else { return true };
    let backslashes = inner.bytes().rev().take_while(|byte| *byte == b'\\').count();
    style != StringStyle::Raw && backslashes % 2 == 1
}
