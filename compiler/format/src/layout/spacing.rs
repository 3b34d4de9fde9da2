//! Where a blank stands between two parts of a row, and where nothing does.

use flow_syntax::SyntaxKind as Kind;

use crate::parts::{Part, first};

/// What stands between two parts that no line ends between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gapless {
    /// A blank.
    Blank,
    /// Nothing.
    Tight,
}

/// The rule for two neighbours in a node.
pub(super) fn spacing(parent: Kind, left: Kind, right: Part<'_>) -> Gapless {
    if left == Kind::Comma {
        return Gapless::Blank;
    }
    if is_tight_inside(parent) || is_tight_after(parent, left) || is_tight_before(parent, right) {
        Gapless::Tight
    } else {
        Gapless::Blank
    }
}

/// Nodes that have no blanks between their parts, but after commas.
fn is_tight_inside(parent: Kind) -> bool {
    matches!(
        parent,
        Kind::Version
            | Kind::PercentLiteral
            | Kind::PrefixExpr
            | Kind::Spread
            | Kind::RestPattern
            | Kind::OptionalType
            | Kind::CallbackExpr
    )
}

fn is_tight_after(parent: Kind, left: Kind) -> bool {
    match left {
        Kind::Dot | Kind::QuestionDot => true,
        Kind::Less => is_angled(parent),
        _ => false,
    }
}

/// Nodes that stand in `<` and `>`.
fn is_angled(kind: Kind) -> bool {
    matches!(kind, Kind::TypeArguments | Kind::TypeParameters)
}

fn is_tight_before(parent: Kind, right: Part<'_>) -> bool {
    match right.kind() {
        Kind::Comma
        | Kind::Colon
        | Kind::QuestionColon
        | Kind::Dot
        | Kind::QuestionDot
        | Kind::ArgumentList
        | Kind::TypeArguments
        | Kind::TypeParameters => true,
        Kind::Greater => is_angled(parent),
        Kind::ParameterList => parent == Kind::FnDecl,
        // `api orders v1`, but `payments@v1`.
        Kind::Version => first(right).is_some_and(|token| token.kind() == Kind::At),
        _ => false,
    }
}
