//! Bracketed lists of elements, with whatever separates them.

use chumsky::error::EmptyErr;

use super::rule::{Ahead, Input, Rule, by_hand, finish, position, report, skip_until, take};
use super::{Event, Problem};
use crate::SyntaxKind;

/// What separates the elements of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Separator {
    /// A comma: arguments, parameters, fields.
    Comma,
    /// A comma or a line end: properties, entries, branches.
    CommaOrNewline,
    /// A comma; none is due after an arm that is a block, and at the end of a line after one that begins like a
    /// statement with one.
    Arm,
}

/// A bracketed list.
pub(super) struct List<'t> {
    /// The opening bracket.
    pub(super) open: SyntaxKind,
    /// The closing bracket.
    pub(super) close: SyntaxKind,
    /// One element. It takes at least one token.
    pub(super) element: Rule<'t>,
    /// What an element is, for messages: `a field`.
    pub(super) what: &'static str,
    /// What stands between two elements, for messages: `fields`.
    pub(super) between: &'static str,
    /// What separates them.
    pub(super) separator: Separator,
}

impl<'t> List<'t> {
    /// The rule. It fails only where the opening bracket is missing.
    pub(super) fn rule(self) -> Rule<'t> {
        by_hand(move |input| {
            if !take(input, self.open) {
                return Err(EmptyErr::default());
            }
            loop {
                let ahead = Ahead::of(input);
                if ahead.is_at_end() || take(input, self.close) {
                    return Ok(());
                }
                let start = position(input);
                if ahead.nth(0) != SyntaxKind::Newline {
                    self.element(input);
                    self.separator(input);
                } else {
                    input.skip();
                }
                if position(input) == start {
                    // Only a closer of another kind can stand here, and brackets are balanced: this is for safety.
                    input.skip();
                    finish(input, SyntaxKind::Error, start);
                }
            }
        })
    }

    fn element(&self, input: &mut super::rule::Input<'t, '_>) {
        let before = input.save();
        if input.parse(&self.element).is_ok() {
            return;
        }
        input.rewind(before);
        report(input, Problem::Expected(self.what));
        self.skip(input);
    }

    fn separator(&self, input: &mut super::rule::Input<'t, '_>) {
        let ahead = Ahead::of(input);
        let body = (self.separator == Separator::Arm).then(|| last_body(input)).flatten();
        let after_block = body.is_some_and(|(kind, _)| kind == SyntaxKind::Block);
        let after_control = after_block || body.is_some_and(|(_, first)| is_control(first));
        match ahead.nth(0) {
            SyntaxKind::Comma => input.skip(),
            next if next == self.close || ahead.is_at_end() => {}
            SyntaxKind::Newline => {
                if self.separator != Separator::CommaOrNewline && !after_control {
                    report(input, Problem::MissingComma(self.between));
                }
                input.skip();
            }
            _ if after_block => {}
            _ => self.missing(input),
        }
    }

    /// An element is followed by neither a separator nor the end: either the separator is missing, or what
    /// follows belongs to nothing.
    fn missing(&self, input: &mut super::rule::Input<'t, '_>) {
        let ahead = Ahead::of(input);
        let starts_element = ahead.nth(0).is_word()
            && matches!(ahead.nth(1), SyntaxKind::Colon | SyntaxKind::QuestionColon | SyntaxKind::FatArrow);
        if starts_element {
            report(input, Problem::MissingComma(self.between));
            return;
        }
        report(input, Problem::ExpectedEnd(self.expected_end()));
        self.skip(input);
        let ahead = Ahead::of(input);
        if ahead.nth(0) == SyntaxKind::Comma || (ahead.nth(0) == SyntaxKind::Newline && !ahead.is_at_end()) {
            input.skip();
        }
    }

    /// Skips what belongs to no element, up to a separator. Where elements have names, the comma of something
    /// else is no separator.
    fn skip(&self, input: &mut super::rule::Input<'t, '_>) {
        let named = self.separator == Separator::CommaOrNewline;
        skip_until(input, None, |ahead| match ahead.nth(0) {
            SyntaxKind::Newline => true,
            SyntaxKind::Comma => !named || (ahead.nth(1).is_word() && ahead.nth(2) == SyntaxKind::Colon),
            _ => false,
        });
    }

    fn expected_end(&self) -> &'static str {
        match (self.separator, self.close) {
            (Separator::CommaOrNewline, _) => "a comma, a new line or `}`",
            (_, SyntaxKind::RightParen) => "`,` or `)`",
            (_, SyntaxKind::RightBracket) => "`,` or `]`",
            _ => "`,` or `}`",
        }
    }
}

/// The body of the arm that has just ended: its kind, and its first token.
fn last_body(input: &mut Input<'_, '_>) -> Option<(SyntaxKind, SyntaxKind)> {
    // Children come before parents: the last node is the arm, and the one before it the body where it ends with it.
    let mut nodes = input.state().0.iter().rev().filter_map(|event| match event {
        Event::Node { kind, start, end } => Some((*kind, *start, *end)),
        Event::Problem { .. } => None,
    });
    let (_, _, arm_end) = nodes.next()?;
    let (kind, start, _) = nodes.next().filter(|(_, _, end)| *end == arm_end)?;
    let first = input.full_slice().get(start as usize).copied()?;
    Some((kind, first))
}

/// Whether an expression that begins with it mostly ends with the `}` of a block.
fn is_control(first: SyntaxKind) -> bool {
    matches!(
        first,
        SyntaxKind::IfKeyword
            | SyntaxKind::MatchKeyword
            | SyntaxKind::ForKeyword
            | SyntaxKind::WhileKeyword
            | SyntaxKind::ParallelKeyword
            | SyntaxKind::RaceKeyword
            | SyntaxKind::SagaKeyword
            | SyntaxKind::TryKeyword
            | SyntaxKind::WithinKeyword
    )
}
