//! What other languages write: said once, with how it is written here, and read as what was meant.

use flow_diagnostics::{Change, Diagnostic, Edit, codes, nearest};
use flow_source::Span;

use super::{Builder, Seen};
use crate::brackets::{closer, is_closer, is_method, starts_declaration};
use crate::{SyntaxKind, spelling};

/// How many tokens are looked at before a mark: as many as a condition or the target of an assignment has.
const LOOK_BACK_MAX: usize = 64;

/// How something is read.
pub(super) enum Foreign {
    /// Not at all.
    Nothing,
    /// As a token, or as two of which the first covers the text.
    Read {
        /// The first of two.
        before: Option<SyntaxKind>,
        /// The token.
        kind: SyntaxKind,
        /// How many tokens of the text it covers.
        taken: usize,
    },
}

impl Foreign {
    fn one(kind: SyntaxKind) -> Option<Self> {
        Some(Self::Read { before: None, kind, taken: 1 })
    }
}

impl Builder<'_, '_> {
    /// Reads what other languages write where it can be nothing else.
    pub(super) fn foreign(&mut self, index: usize, seen: Seen) -> Option<Foreign> {
        match seen.kind {
            SyntaxKind::Ident => self.foreign_word(index),
            SyntaxKind::LetKeyword
                if self.word(index + 1) == Some("mut") && self.kind(index + 2).is_word() =>
            {
                let span = self.span(index).to(self.span(index + 1));
                self.say(span, "`mut` is no keyword: a variable is declared by `var`", "write `var`", "var");
                Some(Foreign::Read { before: None, kind: SyntaxKind::VarKeyword, taken: 2 })
            }
            SyntaxKind::LogKeyword
                if matches!(self.last(), SyntaxKind::Newline | SyntaxKind::LeftBrace)
                    && self.kind(index + 1) == SyntaxKind::Ident
                    && self.in_code() =>
            {
                self.logged_value(index)
            }
            SyntaxKind::Equal if self.in_condition() => {
                let span = self.span(index);
                self.say(span, "`=` does not compare, `==` does", "write `==`", "==");
                Foreign::one(SyntaxKind::EqualEqual)
            }
            SyntaxKind::Plus
            | SyntaxKind::Minus
            | SyntaxKind::Star
            | SyntaxKind::Slash
            | SyntaxKind::Percent => self.changed_in_place(index, seen.kind),
            _ => None,
        }
    }

    fn foreign_word(&mut self, index: usize) -> Option<Foreign> {
        let word = self.word(index)?;
        let (last, next) = (self.last(), self.kind(index + 1));
        // What follows a brace in a text may be words of the text.
        let in_text = self.groups.last().is_some_and(|group| group.kind == SyntaxKind::StringStart);
        if in_text || matches!(last, SyntaxKind::Dot | SyntaxKind::QuestionDot) {
            return None;
        }
        let is_path = is_method(last) && matches!(next, SyntaxKind::StringWhole | SyntaxKind::StringStart);
        let joins = ends_operand(last) && starts_operand(next) && !is_path;
        let begins = !ends_operand(last) && starts_operand(next);
        let span = self.span(index);
        if let Some(meant) = self.misspelt_inside(index, word) {
            self.diagnostics.push(spelling::diagnostic(span, word, meant));
            return Foreign::one(SyntaxKind::of_word(meant));
        }
        match word {
            "and" if joins => self.operator(span, word, SyntaxKind::AmpersandAmpersand, "&&"),
            "or" if joins => self.operator(span, word, SyntaxKind::BarBar, "||"),
            "mod" if joins => self.operator(span, word, SyntaxKind::Percent, "%"),
            "is" if joins && self.word(index + 1) == Some("not") && starts_operand(self.kind(index + 2)) => {
                let both = span.to(self.span(index + 1));
                self.say(both, "`is not` is written `!=`", "write `!=`", "!=");
                Some(Foreign::Read { before: None, kind: SyntaxKind::BangEqual, taken: 2 })
            }
            "is" if joins => self.operator(span, word, SyntaxKind::EqualEqual, "=="),
            "of" if joins && self.stream.kinds.iter().rev().nth(1) == Some(&SyntaxKind::ForKeyword) => {
                self.operator(span, word, SyntaxKind::InKeyword, "in")
            }
            "not" if begins && !starts_declaration(last) => {
                let gap = Span::new(self.file, span.start, self.span(index + 1).start);
                self.say(gap, "`not` is written `!`", "write `!`", "!");
                Foreign::one(SyntaxKind::Bang)
            }
            "await" if begins && next.is_word() => {
                self.leave_out(index, "there is no `await`: a call waits by itself")
            }
            "new" if begins && next.is_word() && self.kind(index + 2) == SyntaxKind::LeftBrace => {
                self.leave_out(index, "there is no `new`: a value is made by its name and its fields")
            }
            "async" | "export" | "public" | "pub"
                if self.groups.is_empty() && last == SyntaxKind::Newline && starts_declaration(next) =>
            {
                let message = match word {
                    "async" => "there is no `async`: what a workflow waits for is its own matter",
                    _ => "a declaration is seen outside of its file, if its name does not begin with `_`",
                };
                self.leave_out(index, message)
            }
            _ if self.is_else_if(index) => {
                self.say(span, &format!("`{word}` is written `else if`"), "write `else if`", "else if");
                let before = Some(SyntaxKind::ElseKeyword);
                Some(Foreign::Read { before, kind: SyntaxKind::IfKeyword, taken: 1 })
            }
            _ => None,
        }
    }

    /// The keyword that was meant by a word inside a line, where no name can stand.
    fn misspelt_inside(&self, index: usize, word: &str) -> Option<&'static str> {
        let [next, second] = [1, 2].map(|offset| self.kind(index + offset));
        match (self.last(), next, second) {
            (_, SyntaxKind::Int, SyntaxKind::LeftBrace) => nearest(word, ["parallel", "race"]),
            (SyntaxKind::RightBrace, SyntaxKind::LeftBrace, _) if self.in_code() => {
                nearest(word, ["else", "finally", "catch"])
            }
            _ => None,
        }
    }

    /// `elif` after a block, and its like.
    pub(super) fn is_else_if(&self, index: usize) -> bool {
        self.kind(index) == SyntaxKind::Ident
            && self.last() == SyntaxKind::RightBrace
            && starts_operand(self.kind(index + 1))
            && matches!(self.word(index), Some("elif" | "elsif" | "elseif"))
    }

    /// `log x`: what is logged is a text, and values stand in it in braces.
    fn logged_value(&mut self, index: usize) -> Option<Foreign> {
        let rest = self.seen.get(index + 1..).unwrap_or(&[]);
        let is_path = |seen: &&Seen| matches!(seen.kind, SyntaxKind::Ident | SyntaxKind::Dot);
        let count = rest.iter().take_while(is_path).count();
        let ends =
            rest.get(count).is_none_or(|seen| seen.kind == SyntaxKind::Newline || is_closer(seen.kind));
        if !ends {
            return None;
        }
        let value = self.span(index + 1).to(self.span(index + count));
        let shown = self.text.get(value.range()).unwrap_or("…");
        let diagnostic = Diagnostic::new(&codes::F0101, value, "`log` writes a text")
            .help(format!("values stand in it in braces: `log \"{{{shown}}}\"`"))
            .mend(Edit::new(
                "write it into a text",
                vec![
                    Change::insert(self.file, value.start, "\"{"),
                    Change::insert(self.file, value.end, "}\""),
                ],
            ));
        self.diagnostics.push(diagnostic);
        Some(Foreign::Nothing)
    }

    fn operator(&mut self, span: Span, word: &str, kind: SyntaxKind, ours: &str) -> Option<Foreign> {
        self.say(span, &format!("`{word}` is written `{ours}`"), &format!("write `{ours}`"), ours);
        Foreign::one(kind)
    }

    fn leave_out(&mut self, index: usize, message: &str) -> Option<Foreign> {
        let span = self.span(index);
        let gap = Span::new(self.file, span.start, self.span(index + 1).start);
        self.diagnostics.push(
            Diagnostic::new(&codes::F0101, span, message)
                .help("leave it out")
                .mend(Edit::new("leave it out", vec![Change::remove(gap)])),
        );
        Some(Foreign::Nothing)
    }

    fn say(&mut self, span: Span, message: &str, title: &str, ours: &str) {
        self.diagnostics.push(Diagnostic::new(&codes::F0101, span, message).edit(title, span, ours));
    }

    /// Whether a condition is being read: an `if` or `while` stands before, and its `{` not yet.
    fn in_condition(&self) -> bool {
        let mut closed = 0_usize;
        let mut after = SyntaxKind::Equal;
        for kind in self.stream.kinds.iter().rev().take(LOOK_BACK_MAX) {
            match kind {
                SyntaxKind::IfKeyword | SyntaxKind::WhileKeyword if closed == 0 => {
                    return !matches!(after, SyntaxKind::Colon | SyntaxKind::QuestionColon);
                }
                SyntaxKind::RightParen | SyntaxKind::RightBracket => closed += 1,
                SyntaxKind::LeftParen | SyntaxKind::LeftBracket => closed = closed.saturating_sub(1),
                SyntaxKind::Newline
                | SyntaxKind::LeftBrace
                | SyntaxKind::RightBrace
                | SyntaxKind::FatArrow
                | SyntaxKind::Equal => return false,
                _ => {}
            }
            after = *kind;
        }
        false
    }

    /// Whether an operand of this operator starts here. A record may, where `{` does not open the block of a condition.
    fn starts_operand_of(&self, operator: SyntaxKind, index: usize) -> bool {
        let kind = self.kind(index);
        let is_record =
            kind == SyntaxKind::LeftBrace && operator == SyntaxKind::Minus && !self.in_condition();
        is_record || starts_operand(kind)
    }

    /// `x += 1`, `x++`: there is but `x = x + 1`.
    fn changed_in_place(&mut self, index: usize, kind: SyntaxKind) -> Option<Foreign> {
        let (mark, next) = (self.span(index), self.span(index + 1));
        let doubled = matches!(kind, SyntaxKind::Plus | SyntaxKind::Minus)
            && self.kind(index + 1) == kind
            && !self.starts_operand_of(kind, index + 2);
        let assigns = self.kind(index + 1) == SyntaxKind::Equal;
        if mark.end != next.start || !(assigns || doubled) || !self.in_code() {
            return None;
        }
        let target = self.target()?;
        let symbol = self.word(index)?;
        let both = mark.to(next);
        let found = self.text.get(both.range()).unwrap_or("");
        let message = format!("there is no `{found}`: a variable is assigned its new value");
        let mut diagnostic = Diagnostic::new(&codes::F0101, both, message);
        if doubled {
            diagnostic = diagnostic.help(format!("write `{target} = {target} {symbol} 1`")).edit(
                "assign the new value",
                both,
                format!(" = {target} {symbol} 1"),
            );
            self.diagnostics.push(diagnostic);
            return Some(Foreign::Read {
                before: Some(SyntaxKind::Equal),
                kind: SyntaxKind::ErrorToken,
                taken: 2,
            });
        }
        diagnostic = diagnostic.help(format!("write `{target} = {target} {symbol} …`"));
        let mut changes = vec![Change::replace(both, format!("= {target} {symbol}"))];
        if let Some((open, close)) = self.parentheses(index + 2, kind) {
            changes.push(Change::insert(self.file, open, "("));
            changes.push(Change::insert(self.file, close, ")"));
        }
        let rest = self.seen.get(index + 2..).unwrap_or(&[]);
        let ends = rest.iter().find(|seen| seen.kind == SyntaxKind::Newline || closer(seen.kind).is_some());
        if ends.is_none_or(|seen| seen.kind != SyntaxKind::LeftBrace) {
            diagnostic = diagnostic.mend(Edit::new("assign the new value", changes));
        }
        self.diagnostics.push(diagnostic);
        Some(Foreign::Read { before: None, kind: SyntaxKind::Equal, taken: 2 })
    }

    /// The name, with its fields, that the present line consists of so far.
    fn target(&self) -> Option<&str> {
        let back = self.stream.kinds.iter().rev().take(LOOK_BACK_MAX);
        let count = back.take_while(|kind| kind.is_word() || **kind == SyntaxKind::Dot).count();
        let first = self.stream.kinds.len().checked_sub(count).filter(|_| count > 0)?;
        let before = first.checked_sub(1).and_then(|before| self.stream.kinds.get(before));
        if !matches!(before, None | Some(SyntaxKind::Newline | SyntaxKind::LeftBrace)) {
            return None;
        }
        let (from, _) = self.stream.ranges.get(first)?;
        let (_, to) = self.stream.ranges.last()?;
        let start = self.tokens.get(*from as usize)?.start;
        let end = self.tokens.get((*to as usize).checked_sub(1)?)?.end;
        self.text.get(start as usize..end as usize)
    }

    /// Where parentheses belong around a value that becomes the right side of an operator, if it needs them.
    fn parentheses(&self, index: usize, operator: SyntaxKind) -> Option<(u32, u32)> {
        let rest = self.seen.get(index..).unwrap_or(&[]);
        let mut depth = 0_usize;
        let mut last = None;
        let mut needed = false;
        for (offset, seen) in rest.iter().enumerate() {
            depth += usize::from(closer(seen.kind).is_some());
            if is_closer(seen.kind) {
                let Some(outer) = depth.checked_sub(1) else { break };
                depth = outer;
            }
            if depth == 0 && seen.kind == SyntaxKind::Newline {
                break;
            }
            let sums =
                matches!(seen.kind, SyntaxKind::Plus | SyntaxKind::Minus) && operator != SyntaxKind::Plus;
            needed |= depth == 0 && (sums || binds_loosely(seen.kind));
            last = Some(index + offset);
        }
        let last = last.filter(|_| needed)?;
        Some((self.span(index).start, self.span(last).end))
    }
}

/// Whether an operator binds less tightly than those of arithmetic.
fn binds_loosely(kind: SyntaxKind) -> bool {
    matches!(
        kind,
        SyntaxKind::QuestionQuestion
            | SyntaxKind::EqualEqual
            | SyntaxKind::BangEqual
            | SyntaxKind::Less
            | SyntaxKind::LessEqual
            | SyntaxKind::Greater
            | SyntaxKind::GreaterEqual
            | SyntaxKind::AmpersandAmpersand
            | SyntaxKind::BarBar
            | SyntaxKind::IfKeyword
            | SyntaxKind::MatchKeyword
    )
}

fn is_literal(kind: SyntaxKind) -> bool {
    matches!(
        kind,
        SyntaxKind::StringWhole
            | SyntaxKind::Int
            | SyntaxKind::Decimal
            | SyntaxKind::Float
            | SyntaxKind::Duration
            | SyntaxKind::Size
            | SyntaxKind::Date
            | SyntaxKind::Timestamp
            | SyntaxKind::TrueKeyword
            | SyntaxKind::FalseKeyword
            | SyntaxKind::NullKeyword
            | SyntaxKind::ItKeyword
    )
}

/// Whether a value may end with a token.
fn ends_operand(kind: SyntaxKind) -> bool {
    is_literal(kind) || is_closer(kind) || (kind.is_word() && !kind.is_reserved())
}

/// Whether a value may begin with a token.
fn starts_operand(kind: SyntaxKind) -> bool {
    is_literal(kind)
        || (kind.is_word() && !kind.is_reserved())
        || matches!(
            kind,
            SyntaxKind::LeftParen
                | SyntaxKind::LeftBracket
                | SyntaxKind::StringStart
                | SyntaxKind::Bang
                | SyntaxKind::Minus
                | SyntaxKind::ConfigKeyword
                | SyntaxKind::ExecutionKeyword
        )
}
