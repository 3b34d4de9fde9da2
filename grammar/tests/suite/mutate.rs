//! Sentences that are nearly right: one token deleted, doubled, swapped or replaced; and smaller ones that keep what
//! was found.

use crate::random::Random;

/// What a token is replaced by.
const TOKENS: &[&str] = &[
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    "?:",
    ".",
    "..",
    "...",
    "?",
    "?.",
    "??",
    "=",
    "==",
    "!",
    "<",
    ">",
    "-",
    "*",
    "/",
    "%",
    "&&",
    "|",
    "||",
    "->",
    "=>",
    "@",
    "_",
    "\n",
    " ",
    "a",
    "v1",
    "42",
    "1.5",
    "2s",
    "5xx",
    "\"t\"",
    "\"{x}\"",
    "let",
    "if",
    "else",
    "in",
    "within",
    "until",
    "with",
    "as",
    "return",
    "fail",
    "compensate",
    "catch",
    "parallel",
    "undo",
    "for",
    "match",
    "none",
    "start",
    "log",
    "key",
    "mock",
    "expect",
    "type",
    "where",
    "get",
];

/// The tokens of a text, blanks among them. Joined, they are the text.
pub(crate) fn tokens(text: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let len = match first {
            '\n' => 1,
            ' ' | '\t' => run(rest, |c| c == ' ' || c == '\t'),
            'a'..='z' | 'A'..='Z' | '_' | '0'..='9' => run(rest, |c| c.is_ascii_alphanumeric() || c == '_'),
            '/' if rest.starts_with("//") => run(rest, |c| c != '\n'),
            '"' => quoted(rest),
            _ => {
                MARKS.iter().find(|mark| rest.starts_with(**mark)).map_or(first.len_utf8(), |mark| mark.len())
            }
        };
        let (token, after) = rest.split_at(len);
        tokens.push(token);
        rest = after;
    }
    tokens
}

const MARKS: &[&str] = &["...", "..", "?.", "??", "?:", "==", "=>", "!=", "<=", ">=", "->", "&&", "||"];

fn run(text: &str, fits: impl Fn(char) -> bool) -> usize {
    text.find(|c| !fits(c)).unwrap_or(text.len())
}

/// A string without braces; of others the quote alone.
fn quoted(text: &str) -> usize {
    let inner = &text[1..];
    match inner.find(['"', '{', '\\', '\n']) {
        Some(end) if inner[end..].starts_with('"') => end + 2,
        _ => 1,
    }
}

fn is_blank(token: &str) -> bool {
    token.trim().is_empty() || token.starts_with("//")
}

/// A text with one token changed.
pub(crate) fn mutate(text: &str, random: &mut Random) -> String {
    let mut tokens = tokens(text);
    let solid: Vec<usize> = (0..tokens.len()).filter(|at| !is_blank(tokens[*at])).collect();
    if solid.is_empty() {
        return text.to_owned();
    }
    let which = random.below(solid.len());
    let at = solid[which];
    match random.below(7) {
        0 => tokens[at] = "",
        1 => tokens.insert(at, tokens[at]),
        6 => return half_typed(text, random),
        2 => tokens.swap(at, solid[(which + 1) % solid.len()]),
        3 => tokens.insert(at, "\n"),
        4 => match (0..tokens.len()).filter(|at| tokens[*at].contains('\n')).collect::<Vec<_>>().as_slice() {
            [] => tokens[at] = "",
            lines => tokens[*random.pick(lines)] = " ",
        },
        _ => tokens[at] = random.pick::<&str>(TOKENS),
    }
    tokens.concat()
}

/// A text as it stands while it is typed: its beginning.
fn half_typed(text: &str, random: &mut Random) -> String {
    let ends: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
    text[..*random.pick(&ends)].to_owned()
}

/// The smallest text that can be made by leaving tokens out while a property holds.
pub(crate) fn shrink(text: &str, holds: impl Fn(&str) -> bool) -> String {
    let mut text = text.to_owned();
    loop {
        let tokens = tokens(&text);
        let mut size = tokens.len().next_power_of_two();
        let mut smaller = None;
        while size > 0 && smaller.is_none() {
            smaller = (0..tokens.len())
                .step_by(size.div_ceil(2))
                .map(|from| without(&tokens, from, (from + size).min(tokens.len())))
                .find(|candidate| candidate.len() < text.len() && holds(candidate));
            size /= 2;
        }
        match smaller {
            Some(smaller) => text = smaller,
            None => return text,
        }
    }
}

/// The text without some of its tokens. Words that met by that are kept apart.
fn without(tokens: &[&str], from: usize, to: usize) -> String {
    let (before, after) = (tokens[..from].concat(), tokens[to..].concat());
    let is_wordy = |c: char| !c.is_whitespace() && !"()[]{},".contains(c);
    let collide = before.ends_with(is_wordy) && after.starts_with(is_wordy);
    if collide && tokens[from..to] != [" "] { format!("{before} {after}") } else { before + &after }
}

#[test]
fn tokens_give_the_text_back() {
    let text = "let x = \"a {b}\" ?? 1..2 // c\n  d?.e";
    assert_eq!(tokens(text).concat(), text);
}

#[test]
fn shrinking_keeps_what_was_found() {
    assert_eq!(shrink("let x = f(a, b) + 1", |text| text.contains('+')), "+");
}
