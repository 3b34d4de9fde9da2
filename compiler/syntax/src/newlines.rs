//! Which line ends end a statement, and which lines go on (language reference, section 2).

use crate::SyntaxKind;

/// Whether a line that ends with it goes on with the next one: a comma, `=`, `=>` or a binary operator.
pub(crate) fn continues_after(kind: SyntaxKind) -> bool {
    matches!(kind, SyntaxKind::Comma | SyntaxKind::Equal | SyntaxKind::FatArrow | SyntaxKind::Minus)
        || is_binary(kind)
}

/// Whether a line that begins with it belongs to the one before.
pub(crate) fn continues_before(kind: SyntaxKind) -> bool {
    matches!(
        kind,
        SyntaxKind::Dot
            | SyntaxKind::QuestionDot
            | SyntaxKind::Arrow
            | SyntaxKind::FatArrow
            | SyntaxKind::AsKeyword
            | SyntaxKind::CompensateKeyword
            | SyntaxKind::CatchKeyword
            | SyntaxKind::FinallyKeyword
            | SyntaxKind::ElseKeyword
            | SyntaxKind::WithKeyword
            | SyntaxKind::UntilKeyword
    ) || is_binary(kind)
}

/// The binary operators other than `-`, and the `|` of unions and patterns.
fn is_binary(kind: SyntaxKind) -> bool {
    matches!(
        kind,
        SyntaxKind::Bar
            | SyntaxKind::BarBar
            | SyntaxKind::AmpersandAmpersand
            | SyntaxKind::EqualEqual
            | SyntaxKind::BangEqual
            | SyntaxKind::Less
            | crate::stream::ADJACENT_LESS
            | SyntaxKind::LessEqual
            | SyntaxKind::Greater
            | SyntaxKind::GreaterEqual
            | SyntaxKind::InKeyword
            | SyntaxKind::QuestionQuestion
            | SyntaxKind::DotDot
            | SyntaxKind::Plus
            | SyntaxKind::Star
            | SyntaxKind::Slash
            | SyntaxKind::Percent
            | SyntaxKind::DivKeyword
    )
}

/// Tokens that are looked at to tell a closing `>` from an operator.
const TYPE_TOKENS_MAX: usize = 256;

/// Whether the `>` at the end of these kinds closes type arguments, so that the line may end with it.
///
/// Comparisons do not chain, so `name < types >` with nothing but types between is no comparison. The search
/// stays on the line.
pub(crate) fn closes_type_arguments(kinds: &[SyntaxKind]) -> bool {
    let Some((SyntaxKind::Greater, before)) = kinds.split_last() else { return false };
    let mut angles = 1;
    let mut brackets = 0;
    for (index, kind) in before.iter().enumerate().rev().take(TYPE_TOKENS_MAX) {
        match *kind {
            SyntaxKind::RightBracket | SyntaxKind::RightBrace | SyntaxKind::RightParen => brackets += 1,
            SyntaxKind::LeftBracket | SyntaxKind::LeftBrace | SyntaxKind::LeftParen => {
                if brackets == 0 {
                    return false;
                }
                brackets -= 1;
            }
            SyntaxKind::Newline if brackets == 0 => return false,
            _ if brackets > 0 => {}
            SyntaxKind::Greater => angles += 1,
            SyntaxKind::Less | crate::stream::ADJACENT_LESS => {
                angles -= 1;
                if angles == 0 {
                    let name = index.checked_sub(1).and_then(|name| before.get(name));
                    return name.is_some_and(|name| name.is_word());
                }
            }
            SyntaxKind::Comma
            | SyntaxKind::Question
            | SyntaxKind::Dot
            | SyntaxKind::Bar
            | SyntaxKind::DotDotDot
            | SyntaxKind::StringWhole
            | SyntaxKind::Int => {}
            kind if kind.is_word() => {}
            _ => return false,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closing_angle_is_told_from_an_operator() {
        use SyntaxKind::{AmpersandAmpersand, Comma, Greater, Ident, Less};
        assert!(closes_type_arguments(&[Ident, Less, Ident, Greater]));
        assert!(closes_type_arguments(&[Ident, Less, Ident, Comma, Ident, Less, Ident, Greater, Greater]));
        assert!(!closes_type_arguments(&[Ident, Greater]));
        assert!(!closes_type_arguments(&[Ident, Less, Ident, AmpersandAmpersand, Ident, Greater]));
    }
}
