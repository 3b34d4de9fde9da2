//! Problems of the grammar to diagnostics.

use std::collections::BTreeSet;

use flow_diagnostics::{Change, Diagnostic, Edit, codes};
use flow_source::{FileId, Span};

use crate::grammar::{Event, Problem};
use crate::lexer::{self, Token};
use crate::stream::Stream;
use crate::{SyntaxKind, brackets};

/// Bytes of a token that are shown in a message.
const SHOWN_MAX: usize = 24;

/// Makes the diagnostics. A problem that is no further than the one before is its consequence, and left out.
pub(crate) fn report(
    file: FileId,
    text: &str,
    tokens: &[Token],
    stream: &Stream,
    events: &[Event],
    diagnostics: &mut Vec<Diagnostic>,
) {
    let writer = Writer { file, text, tokens, stream };
    let mut last: Option<u32> = None;
    // Uses of a name that may not be one: said where it is bound.
    let mut said = BTreeSet::new();
    for event in events {
        let Event::Problem { problem, at } = event else { continue };
        if let Problem::Reserved(_) = problem {
            said.extend(writer.uses(*at as usize).skip(1));
        }
        if said.contains(&(*at as usize)) || last.is_some_and(|last| *at <= last) {
            continue;
        }
        last = Some(*at);
        if !writer.is_consequence(*problem, *at as usize) {
            diagnostics.push(writer.diagnostic(*problem, *at as usize));
        }
    }
}

struct Writer<'t> {
    file: FileId,
    text: &'t str,
    tokens: &'t [Token],
    stream: &'t Stream,
}

impl Writer<'_> {
    /// Whether a problem only follows from something that has been reported.
    fn is_consequence(&self, problem: Problem, at: usize) -> bool {
        let is_put_in = self.stream.ranges.get(at).is_some_and(|(first, end)| first == end);
        let is_unread = self.kind(at) == Some(SyntaxKind::ErrorToken);
        let is_semicolon = matches!(problem, Problem::MissingComma(_)) && self.token_text(at) == ";";
        // Only the line end stops a text that lacks its quotes.
        let written = |(_, (first, end)): &(usize, &(u32, u32))| first < end;
        let ranges = self.stream.ranges.iter().enumerate().take(at);
        let before = ranges.rev().find(written).map(|(before, _)| before);
        let text_before = before.filter(|before| self.kind(*before) == Some(SyntaxKind::StringWhole));
        let is_after_text = self.is_at_line_end(at)
            && text_before.is_some_and(|before| lexer::is_unclosed(self.token_text(before)));
        let is_in_unclosed =
            matches!(problem, Problem::ExpectedEnd(_)) && brackets::is_unclosed_around(self.stream, at);
        is_put_in || is_unread || is_semicolon || is_after_text || is_in_unclosed
    }

    fn diagnostic(&self, problem: Problem, at: usize) -> Diagnostic {
        match problem {
            Problem::Expected(what) | Problem::ExpectedEnd(what) => self.expected(what, at),
            Problem::MissingComma(between) => {
                let place = Span::at(self.file, self.end_before(at));
                Diagnostic::new(&codes::F0101, place, format!("expected `,` between {between}")).edit(
                    "add a comma",
                    place,
                    ",",
                )
            }
            Problem::BraceOnNextLine => self.on_next_line(at, "the `{` stands on the line of its head"),
            Problem::ClauseOnNextLine => {
                self.on_next_line(at, "the clauses of a workflow stand on the line of its head")
            }
            Problem::ConstructorInHead => {
                Diagnostic::new(&codes::F0101, self.span(at), "a record in a head needs parentheses")
                    .help("a `{` in a head opens the block; write `(Name { … })`")
            }
            Problem::FunctionBlock => self.function_block(at),
            Problem::Mark(ours) => {
                let (span, found) = (self.span(at), self.token_text(at));
                let message = format!("expected `{ours}`{}, found `{found}`", self.after(at));
                Diagnostic::new(&codes::F0101, span, message).edit(format!("write `{ours}`"), span, ours)
            }
            Problem::CatchInParentheses => {
                let (span, name) = (self.span(at).to(self.span(at + 2)), self.token_text(at + 1));
                Diagnostic::new(&codes::F0101, span, "the error of a `catch` is named by `as`").edit(
                    format!("write `as {name}`"),
                    span,
                    format!("as {name}"),
                )
            }
            Problem::Reserved(what) => {
                let word = self.token_text(at);
                let changes = self.uses(at).map(|at| Change::replace(self.span(at), format!("{word}_")));
                Diagnostic::new(&codes::F0101, self.span(at), format!("expected {what}, found `{word}`"))
                    .label(format!("`{word}` is a reserved word"))
                    .help(format!("choose another name, such as `{word}_`"))
                    .mend(Edit::new(format!("rename to `{word}_`"), changes.collect()))
            }
        }
    }

    /// `fn f(…) -> T { return … }`: the edit makes an expression of a block that is one.
    fn function_block(&self, at: usize) -> Diagnostic {
        let diagnostic = Diagnostic::new(&codes::F0101, self.span(at), "a function is one expression")
            .label("expected `=` and an expression")
            .help("write `= expression`; what needs `let`, loops or several steps is a workflow, or functions of its own");
        let kind = |index: usize| self.kind(index).unwrap_or(SyntaxKind::Newline);
        let mut first = at + 1;
        while first < self.stream.kinds.len() && kind(first) == SyntaxKind::Newline {
            first += 1;
        }
        if kind(first) == SyntaxKind::ReturnKeyword {
            first += 1;
        } else if kind(first).is_reserved() {
            return diagnostic;
        }
        let (mut depth, mut last) = (0_usize, None);
        for (index, kind) in self.stream.kinds.iter().enumerate().skip(first) {
            if brackets::is_closer(*kind) {
                let Some(outer) = depth.checked_sub(1) else {
                    let Some(last) = last else { break };
                    let open = Span::new(self.file, self.span(at).start, self.span(first).start);
                    let close = Span::new(self.file, self.span(last).end, self.span(index).end);
                    let changes = vec![Change::replace(open, "= "), Change::remove(close)];
                    return diagnostic.mend([Edit::new("write it as an expression", changes)]);
                };
                depth = outer;
            }
            depth += usize::from(brackets::closer(*kind).is_some());
            match kind {
                // Another statement follows, or only the end.
                SyntaxKind::Newline if depth == 0 => {}
                _ if depth == 0 && last.is_some_and(|last| last + 1 < index) => break,
                _ => last = Some(index),
            }
        }
        diagnostic
    }

    /// Where a reserved word that was bound as a name at a token stands as that name: there, and up to the end of the
    /// braces or the declaration around.
    fn uses(&self, at: usize) -> impl Iterator<Item = usize> {
        let kind = self.kind(at);
        let mut depth = 0_usize;
        let mut in_parentheses = false;
        let mut end = self.stream.kinds.len();
        for (index, kind) in self.stream.kinds.iter().enumerate().skip(at) {
            if brackets::closer(*kind).is_some() {
                depth += 1;
            } else if brackets::is_closer(*kind) {
                match depth.checked_sub(1) {
                    Some(outer) => depth = outer,
                    None if *kind == SyntaxKind::RightParen => in_parentheses = true,
                    None => end = index,
                }
            }
            if end == index || (depth == 0 && in_parentheses && *kind == SyntaxKind::Newline) {
                end = index;
                break;
            }
        }
        // A word that begins something by itself is not taken for the name.
        let end = if kind.is_some_and(is_never_begun_by) { end } else { at + 1 };
        (at..end).filter(move |index| {
            let before = index.checked_sub(1).and_then(|before| self.kind(before));
            self.kind(*index) == kind
                && (*index == at
                    || (!matches!(before, Some(SyntaxKind::Dot | SyntaxKind::QuestionDot))
                        && !matches!(
                            self.kind(index + 1),
                            Some(SyntaxKind::Colon | SyntaxKind::QuestionColon)
                        )))
        })
    }

    /// What stands after the line end at `at` belongs before it.
    fn on_next_line(&self, at: usize, message: &str) -> Diagnostic {
        let token = self.span(at + 1);
        let gap = Span::new(self.file, self.end_before(at), token.start);
        let is_blank = self.text.get(gap.range()).is_some_and(|gap| gap.trim().is_empty());
        let diagnostic = Diagnostic::new(&codes::F0101, token, message);
        if is_blank { diagnostic.edit("move it up", gap, " ") } else { diagnostic }
    }

    fn expected(&self, what: &str, at: usize) -> Diagnostic {
        let message = format!("expected {what}{}, found {}", self.after(at), self.found(at));
        let diagnostic = Diagnostic::new(&codes::F0101, self.place(at), message);
        match (what, self.kind(at)) {
            ("a declaration", _) => diagnostic.help(
                "a file consists of declarations: `import`, `config`, `error`, `retry`, `type`, `api`, \
                 `workflow`, `fn`, `publish`, `schedule`, `objective`, `test`",
            ),
            (_, Some(SyntaxKind::FatArrow)) => {
                diagnostic.help("lambdas stand only as arguments of methods such as `map`")
            }
            ("the end of the line", Some(SyntaxKind::Question)) => {
                diagnostic.help("there is no `? :`; write `if cond { a } else { b }`")
            }
            ("the end of the line", Some(SyntaxKind::Int | SyntaxKind::Decimal)) => {
                diagnostic.help("one statement stands on a line; operators join values")
            }
            _ => diagnostic,
        }
    }

    fn kind(&self, at: usize) -> Option<SyntaxKind> {
        self.stream.kinds.get(at).copied()
    }

    fn token(&self, at: usize) -> Option<&Token> {
        let (first, _) = self.stream.ranges.get(at)?;
        self.tokens.get(*first as usize)
    }

    fn token_text(&self, at: usize) -> &str {
        self.token(at).and_then(|token| self.text.get(token.range())).unwrap_or("")
    }

    fn span(&self, at: usize) -> Span {
        match self.token(at) {
            Some(token) => Span::new(self.file, token.start, token.end),
            None => Span::at(self.file, self.text.len() as u32),
        }
    }

    /// Where the last token before one ends.
    fn end_before(&self, at: usize) -> u32 {
        let before = self.stream.ranges.get(..at).unwrap_or(&[]);
        let last = before.iter().rev().find(|(first, end)| first < end).map(|(_, end)| *end as usize);
        last.and_then(|end| self.tokens.get(end.checked_sub(1)?)).map_or(0, |token| token.end)
    }

    /// Where something is missing: at the token that stands there instead, or after the last token of a line.
    fn place(&self, at: usize) -> Span {
        if self.is_at_line_end(at) { Span::at(self.file, self.end_before(at)) } else { self.span(at) }
    }

    /// Whether the line ends before a token, and the token before it goes on to it nevertheless.
    fn is_at_line_end(&self, at: usize) -> bool {
        if matches!(self.kind(at), None | Some(SyntaxKind::Newline)) {
            return true;
        }
        let before = at.checked_sub(1).and_then(|before| self.kind(before));
        let gap = self.end_before(at) as usize..self.span(at).start as usize;
        !matches!(before, None | Some(SyntaxKind::Newline))
            && self.text.get(gap).is_some_and(|gap| gap.contains('\n'))
    }

    /// `` after `=` ``, if a short token stands before on the same line.
    fn after(&self, at: usize) -> String {
        let before = at.checked_sub(1).filter(|before| self.kind(*before) != Some(SyntaxKind::Newline));
        let Some(token) = before.and_then(|before| self.token(before)) else { return String::new() };
        let here = self.place(at);
        let gap = self.text.get(token.end as usize..here.start as usize).unwrap_or("\n");
        match self.text.get(token.range()) {
            Some(text) if text.len() <= SHOWN_MAX && !gap.contains('\n') && !text.is_empty() => {
                format!(" after `{text}`")
            }
            _ => String::new(),
        }
    }

    fn found(&self, at: usize) -> String {
        let Some(kind) = self.kind(at) else { return String::from("the end of the file") };
        if self.is_at_line_end(at) {
            return String::from("the end of the line");
        }
        let text = self.token_text(at);
        match kind {
            SyntaxKind::StringMiddle | SyntaxKind::StringEnd => String::from("`}`"),
            SyntaxKind::StringStart => String::from("a text"),
            SyntaxKind::StringWhole if text.len() > SHOWN_MAX => String::from("a text"),
            kind if kind.is_reserved() => format!("the keyword `{text}`"),
            _ if text.len() > SHOWN_MAX => {
                let mut end = SHOWN_MAX;
                while !text.is_char_boundary(end) {
                    end -= 1;
                }
                format!("`{}…`", text.get(..end).unwrap_or(""))
            }
            _ => format!("`{text}`"),
        }
    }
}

/// Whether no statement, expression or clause in braces begins with a reserved word.
fn is_never_begun_by(kind: SyntaxKind) -> bool {
    matches!(
        kind,
        SyntaxKind::ApiKeyword
            | SyntaxKind::ErrorKeyword
            | SyntaxKind::FnKeyword
            | SyntaxKind::ImportKeyword
            | SyntaxKind::ObjectiveKeyword
            | SyntaxKind::PublishKeyword
            | SyntaxKind::RetryKeyword
            | SyntaxKind::ScheduleKeyword
            | SyntaxKind::SecretKeyword
            | SyntaxKind::TestKeyword
            | SyntaxKind::TypeKeyword
            | SyntaxKind::WorkflowKeyword
    )
}
