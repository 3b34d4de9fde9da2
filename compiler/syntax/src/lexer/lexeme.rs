//! The borders of words, numbers and marks, and what these are.

use logos::Logos;

use crate::SyntaxKind;

/// What `logos` tells apart.
#[derive(Logos, Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lexeme {
    #[regex(r"[ \t]+")]
    Blank,
    #[regex(r"\r?\n")]
    LineEnd,
    #[regex(r"//[^\r\n]*", allow_greedy = true)]
    Comment,
    #[token("/*")]
    BlockComment,
    #[regex(r"[A-Za-z_][A-Za-z0-9_]*")]
    Word,
    #[regex(r"[0-9][0-9A-Za-z_]*(\.[0-9][0-9A-Za-z_]*)?")]
    Number,
    #[token("\"")]
    #[token("\"\"\"")]
    #[token("r\"")]
    Quote,
    #[token("'")]
    Apostrophe,
    #[token("@")]
    At,
    #[token("(")]
    #[token(")")]
    #[token("[")]
    #[token("]")]
    #[token(",")]
    #[token(":")]
    #[token("?:")]
    #[token(".")]
    #[token("..")]
    #[token("...")]
    #[token("?")]
    #[token("?.")]
    #[token("??")]
    #[token("=")]
    #[token("==")]
    #[token("!")]
    #[token("!=")]
    #[token("<")]
    #[token("<=")]
    #[token(">")]
    #[token(">=")]
    #[token("+")]
    #[token("-")]
    #[token("*")]
    #[token("/")]
    #[token("%")]
    #[token("&&")]
    #[token("|")]
    #[token("||")]
    #[token("->")]
    #[token("=>")]
    Mark,
    #[token("{")]
    LeftBrace,
    #[token("}")]
    RightBrace,
    #[token(";")]
    Semicolon,
    #[token("&")]
    Ampersand,
    #[token("===")]
    #[token("!==")]
    TripleEqual,
}

/// The kind of a mark.
pub(super) fn mark(text: &str) -> SyntaxKind {
    match text {
        "(" => SyntaxKind::LeftParen,
        ")" => SyntaxKind::RightParen,
        "[" => SyntaxKind::LeftBracket,
        "]" => SyntaxKind::RightBracket,
        "," => SyntaxKind::Comma,
        ":" => SyntaxKind::Colon,
        "?:" => SyntaxKind::QuestionColon,
        "." => SyntaxKind::Dot,
        ".." => SyntaxKind::DotDot,
        "..." => SyntaxKind::DotDotDot,
        "?" => SyntaxKind::Question,
        "?." => SyntaxKind::QuestionDot,
        "??" => SyntaxKind::QuestionQuestion,
        "=" => SyntaxKind::Equal,
        "==" => SyntaxKind::EqualEqual,
        "!" => SyntaxKind::Bang,
        "!=" => SyntaxKind::BangEqual,
        "<" => SyntaxKind::Less,
        "<=" => SyntaxKind::LessEqual,
        ">" => SyntaxKind::Greater,
        ">=" => SyntaxKind::GreaterEqual,
        "+" => SyntaxKind::Plus,
        "-" => SyntaxKind::Minus,
        "*" => SyntaxKind::Star,
        "/" => SyntaxKind::Slash,
        "%" => SyntaxKind::Percent,
        "&&" => SyntaxKind::AmpersandAmpersand,
        "|" => SyntaxKind::Bar,
        "||" => SyntaxKind::BarBar,
        "->" => SyntaxKind::Arrow,
        "=>" => SyntaxKind::FatArrow,
        _ => SyntaxKind::ErrorToken,
    }
}

/// How many bytes a date, or a date and a time, takes. A sign goes on with it only as part of a zone, so that
/// `@2026-01-31+1d` is a sum.
pub(super) fn date_len(bytes: &[u8]) -> usize {
    let digits = |from: usize| {
        bytes.get(from..).unwrap_or(&[]).iter().take_while(|byte| byte.is_ascii_digit()).count()
    };
    let mut len = digits(0);
    for _ in 0..2 {
        if bytes.get(len) == Some(&b'-') && digits(len + 1) == 2 {
            len += 3;
        }
    }
    if bytes.get(len) != Some(&b'T') {
        return len;
    }
    len += 1 + digits(len + 1);
    while matches!(bytes.get(len), Some(b':' | b'.')) && digits(len + 1) > 0 {
        len += 1 + digits(len + 1);
    }
    if bytes.get(len) == Some(&b'Z') {
        return len + 1;
    }
    if matches!(bytes.get(len), Some(b'+' | b'-')) && digits(len + 1) > 0 {
        len += 1 + digits(len + 1);
        if bytes.get(len) == Some(&b':') {
            len += 1 + digits(len + 1);
        }
    }
    len
}

/// Whether a word is `v` and a number from 1.
pub(super) fn is_version(word: &str) -> bool {
    word.strip_prefix('v').is_some_and(|digits| {
        !digits.is_empty() && !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// Whether everything but the last byte is digits, underscores and at most one point.
pub(super) fn is_number_start(text: &str) -> bool {
    let body = text.get(..text.len().saturating_sub(1)).unwrap_or("");
    body.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'_' | b'.'))
}

/// The kind of a token that begins with a digit. `ErrorToken` where it resembles nothing.
pub(super) fn number_kind(text: &str) -> SyntaxKind {
    let body_len = text.find(|c: char| !c.is_ascii_digit() && !matches!(c, '_' | '.')).unwrap_or(text.len());
    let (body, suffix) = text.split_at(body_len);
    if suffix.is_empty() {
        return if body.contains('.') { SyntaxKind::Decimal } else { SyntaxKind::Int };
    }
    let after_e = suffix.strip_prefix(['e', 'E']).map(|digits| digits.trim_start_matches(['+', '-']));
    if after_e.is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())) {
        return SyntaxKind::Float;
    }
    if suffix == "xx" {
        return SyntaxKind::StatusClass;
    }
    let letters = suffix.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(suffix.len());
    match suffix.get(..letters).unwrap_or("") {
        "ms" | "s" | "m" | "h" | "d" | "us" | "ns" | "w" | "y" | "min" | "sec" | "hr" => SyntaxKind::Duration,
        unit if unit.eq_ignore_ascii_case("b")
            || (matches!(unit.len(), 2 | 3) && unit.ends_with(['b', 'B'])) =>
        {
            SyntaxKind::Size
        }
        _ => SyntaxKind::ErrorToken,
    }
}
