//! Misspelt keywords, where nothing but a keyword can be meant.

use flow_diagnostics::{Diagnostic, codes, nearest};
use flow_source::Span;

use crate::SyntaxKind;

/// Words that other languages begin a declaration with.
const FOREIGN_DECLARATIONS: &[(&str, &str)] = &[
    ("class", "type"),
    ("client", "api"),
    ("def", "fn"),
    ("enum", "type"),
    ("exception", "error"),
    ("flow", "workflow"),
    ("fun", "fn"),
    ("func", "fn"),
    ("function", "fn"),
    ("include", "import"),
    ("interface", "type"),
    ("policy", "retry"),
    ("process", "workflow"),
    ("record", "type"),
    ("service", "api"),
    ("struct", "type"),
    ("use", "import"),
];

/// Words that other languages begin a statement with.
const FOREIGN_STATEMENTS: &[(&str, &str)] = &[
    ("const", "let"),
    ("final", "let"),
    ("foreach", "for"),
    ("raise", "fail"),
    ("switch", "match"),
    ("throw", "fail"),
    ("throws", "fail"),
    ("val", "let"),
    ("wait", "sleep"),
];

/// Our keyword for a word of other languages.
fn ours(foreign: &[(&str, &'static str)], word: &str) -> Option<&'static str> {
    foreign.iter().find(|(theirs, _)| *theirs == word).map(|(_, ours)| *ours)
}

/// Whether a word is a keyword at the start of a statement of a test.
pub(crate) fn is_test_word(kind: SyntaxKind) -> bool {
    matches!(
        kind,
        SyntaxKind::AdvanceKeyword
            | SyntaxKind::CrashKeyword
            | SyntaxKind::ExpectKeyword
            | SyntaxKind::MockKeyword
            | SyntaxKind::SendKeyword
            | SyntaxKind::SnapshotKeyword
    )
}

/// The declaration keyword that was meant by a word at the start of a line outside all braces.
pub(crate) fn declaration(word: &str, kind: SyntaxKind, following: [SyntaxKind; 3]) -> Option<&'static str> {
    if kind.is_reserved() {
        return None;
    }
    let candidates: &[&'static str] = match following {
        [SyntaxKind::LeftBrace, ..] => &["config", "import"],
        [SyntaxKind::StringWhole, ..] => &["test"],
        [name, ..] if name.is_word() => {
            &["workflow", "type", "error", "retry", "api", "fn", "import", "publish", "schedule", "objective"]
        }
        _ => return None,
    };
    let foreign = ours(FOREIGN_DECLARATIONS, word).filter(|ours| candidates.contains(ours));
    foreign.or_else(|| nearest(word, candidates.iter().copied()))
}

/// The keyword or method that was meant by a word at the start of a line in braces. A word that another word
/// follows is never an expression.
pub(crate) fn statement(
    word: &str,
    kind: SyntaxKind,
    following: [SyntaxKind; 3],
    opens_block: impl Fn() -> bool,
) -> Option<&'static str> {
    let [next, second, _] = following;
    let is_operator = matches!(
        next,
        SyntaxKind::InKeyword
            | SyntaxKind::DivKeyword
            | SyntaxKind::AsKeyword
            | SyntaxKind::WithKeyword
            | SyntaxKind::CompensateKeyword
    );
    if is_operator {
        return None;
    }
    if next.is_word() && matches!(second, SyntaxKind::StringWhole | SyntaxKind::StringStart) {
        let is_method = crate::brackets::is_method(kind);
        let methods = ["get", "post", "put", "patch", "delete", "head", "options"];
        return if is_method { None } else { nearest(word, methods) };
    }
    // The pattern of an arm: `Fail f => …`, `For x if … => …`.
    let is_pattern = matches!(second, SyntaxKind::FatArrow | SyntaxKind::IfKeyword | SyntaxKind::Bar);
    if kind != SyntaxKind::Ident || is_pattern {
        return None;
    }
    let is_literal = matches!(
        next,
        SyntaxKind::StringWhole
            | SyntaxKind::StringStart
            | SyntaxKind::Int
            | SyntaxKind::Decimal
            | SyntaxKind::Duration
    );
    if let Some(ours) = ours(FOREIGN_STATEMENTS, word).filter(|_| next.is_word() || is_literal) {
        let binds = matches!(second, SyntaxKind::Equal | SyntaxKind::Colon);
        if binds == (ours == "let") && (!matches!(ours, "for" | "match") || opens_block()) {
            return Some(ours);
        }
    }
    match (next, second) {
        (name, SyntaxKind::Equal | SyntaxKind::Colon) if name.is_word() => nearest(word, ["let", "var"]),
        (SyntaxKind::LeftBrace | SyntaxKind::LeftBracket, _) => None,
        (name, SyntaxKind::InKeyword) if name.is_word() => nearest(word, ["for"]),
        (next, _) if (next.is_word() || is_literal || next == SyntaxKind::Bang) && opens_block() => {
            nearest(word, ["if", "while", "match", "within", "for"])
        }
        (next, SyntaxKind::Comma | SyntaxKind::Colon) if next.is_word() => None,
        (next, _) if next.is_word() || is_literal => {
            nearest(word, ["return", "fail", "sleep", "receive", "signal", "commit"])
        }
        _ => None,
    }
}

/// What is said of a misspelt keyword.
pub(crate) fn diagnostic(span: Span, word: &str, meant: &str) -> Diagnostic {
    Diagnostic::new(&codes::F0105, span, format!("`{word}` is no keyword"))
        .help(format!("did you mean `{meant}`?"))
        .edit(format!("replace it by `{meant}`"), span, meant)
}
