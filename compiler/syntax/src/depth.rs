//! Counts how deep constructs stand inside each other, before the parser recurses into them.
//!
//! Brackets count, and so does whatever takes a whole expression after it without a bracket: `!`, `-`, `fail`,
//! `return`, the heads of `if` and its like, type arguments. `else if` and chains of operators do not; chains
//! have a limit of their own, because the tree of `a + b + c` leans to the left.

use flow_diagnostics::{Diagnostic, codes};
use flow_source::Span;

use crate::SyntaxKind;
use crate::brackets::{closer, is_closer};
use crate::limits::{DEPTH_MAX, OPERATORS_MAX};
use crate::stream::ADJACENT_LESS;

/// The limit that a token goes past.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limit {
    /// The bracket stands too deep.
    Bracket,
    /// The prefix stands too deep.
    Prefix,
    /// The expression has too many operators.
    Operators,
}

impl Limit {
    pub(crate) fn diagnostic(self, span: Span) -> Diagnostic {
        match self {
            Self::Bracket | Self::Prefix => Diagnostic::new(
                &codes::F0104,
                span,
                format!("nested more than {DEPTH_MAX} deep"),
            )
            .label("what stands here is not read")
            .help("give inner parts a name with `let`, or move them into a `fn` or a workflow of their own"),
            Self::Operators => {
                let message = format!("an expression of more than {OPERATORS_MAX} operators");
                Diagnostic::new(&codes::F0004, span, message)
                    .help("give parts of it a name with `let`, or use a list")
            }
        }
    }
}

/// What is counted between two separators of one bracket.
#[derive(Clone, Copy, Default)]
struct Level {
    /// Depth of the bracket itself.
    base: u32,
    /// Operators around the bracket.
    base_operators: u32,
    /// Heads whose block is still to come.
    heads: u32,
    /// Other prefixes that take an expression each.
    prefixes: u32,
    /// Unary operators directly before this token.
    unary: u32,
    /// Type arguments that are open.
    angles: u32,
    operators: u32,
}

/// The counter.
#[derive(Default)]
pub(crate) struct Depth {
    outer: Vec<Level>,
    level: Level,
}

impl Depth {
    /// A separator: what follows does not stand inside what came before.
    pub(crate) fn start_segment(&mut self) {
        let Level { base, base_operators, .. } = self.level;
        self.level = Level { base, base_operators, ..Level::default() };
    }

    /// Counts a token; `last` is the one before it. On an error nothing is counted.
    pub(crate) fn enter(&mut self, kind: SyntaxKind, last: SyntaxKind) -> Result<(), Limit> {
        if is_closer(kind) {
            self.level = self.outer.pop().unwrap_or_default();
            return Ok(());
        }
        if last == SyntaxKind::RightBrace && starts_operand(kind) {
            self.start_segment();
        }
        let before = self.level;
        self.count(kind, last);
        let level = &mut self.level;
        let depth = level.base + level.heads + level.prefixes + level.unary + level.angles;
        let operators = level.base_operators + level.operators;
        let limit = if closer(kind).is_some() && depth + 1 > DEPTH_MAX {
            Some(Limit::Bracket)
        } else if depth > DEPTH_MAX {
            Some(Limit::Prefix)
        } else if operators > OPERATORS_MAX {
            Some(Limit::Operators)
        } else {
            None
        };
        if let Some(limit) = limit {
            self.level = before;
            return Err(limit);
        }
        if closer(kind).is_some() {
            self.outer.push(*level);
            self.level = Level { base: depth + 1, base_operators: operators, ..Level::default() };
        }
        Ok(())
    }

    fn count(&mut self, kind: SyntaxKind, last: SyntaxKind) {
        let after_operand = ends_operand(last);
        let level = &mut self.level;
        let unary = kind == SyntaxKind::Bang || (kind == SyntaxKind::Minus && !after_operand);
        level.unary = if unary { level.unary + 1 } else { 0 };
        match kind {
            SyntaxKind::Comma => {
                let angles = level.angles;
                self.start_segment();
                self.level.angles = angles;
            }
            SyntaxKind::ElseKeyword | SyntaxKind::CatchKeyword | SyntaxKind::FinallyKeyword => {
                level.operators = 0;
            }
            SyntaxKind::LeftBrace => level.heads = level.heads.saturating_sub(1),
            SyntaxKind::IfKeyword
            | SyntaxKind::MatchKeyword
            | SyntaxKind::WhileKeyword
            | SyntaxKind::ForKeyword
            | SyntaxKind::RaceKeyword
            | SyntaxKind::ParallelKeyword
            | SyntaxKind::WithinKeyword
            | SyntaxKind::PollKeyword
            | SyntaxKind::TryKeyword
            | SyntaxKind::SagaKeyword => level.heads += 1,
            SyntaxKind::FailKeyword
            | SyntaxKind::ReturnKeyword
            | SyntaxKind::SleepKeyword
            | SyntaxKind::ReceiveKeyword
            | SyntaxKind::StartKeyword
            | SyntaxKind::AfterKeyword
            | SyntaxKind::SecretKeyword
            | SyntaxKind::FatArrow => level.prefixes += 1,
            ADJACENT_LESS => level.angles += 1,
            SyntaxKind::Greater => level.angles = level.angles.saturating_sub(1),
            SyntaxKind::AmpersandAmpersand | SyntaxKind::BarBar => level.angles = 0,
            SyntaxKind::Equal => (level.angles, level.operators) = (0, 0),
            _ => {}
        }
        let is_postfix = matches!(kind, SyntaxKind::LeftParen | SyntaxKind::LeftBracket) && after_operand;
        let is_operator = matches!(
            kind,
            SyntaxKind::Dot
                | SyntaxKind::QuestionDot
                | SyntaxKind::Question
                | SyntaxKind::AsKeyword
                | SyntaxKind::WithKeyword
                | SyntaxKind::EncodedKeyword
        );
        if is_postfix
            || is_operator
            || crate::ast::BinaryOperator::of(kind).is_some()
            || kind == ADJACENT_LESS
        {
            self.level.operators += 1;
        }
    }
}

fn ends_operand(kind: SyntaxKind) -> bool {
    is_closer(kind)
        || kind == SyntaxKind::Ident
        || kind == SyntaxKind::VersionWord
        || kind.is_contextual()
        || matches!(
            kind,
            SyntaxKind::StringWhole
                | SyntaxKind::Int
                | SyntaxKind::Decimal
                | SyntaxKind::ItKeyword
                | SyntaxKind::Greater
        )
}

/// Whether no expression goes on with it after a `}`.
fn starts_operand(kind: SyntaxKind) -> bool {
    let goes_on = matches!(
        kind,
        SyntaxKind::AsKeyword
            | SyntaxKind::CompensateKeyword
            | SyntaxKind::CatchKeyword
            | SyntaxKind::FinallyKeyword
            | SyntaxKind::ElseKeyword
            | SyntaxKind::WithKeyword
            | SyntaxKind::UntilKeyword
            | SyntaxKind::InKeyword
            | SyntaxKind::DivKeyword
            | SyntaxKind::BecauseKeyword
    );
    kind.is_word() && !goes_on
}
