//! Texts that people nearly wrote: pieces taken out, put in, repeated.

use proptest::prelude::*;

/// Pieces that are put in.
const PIECES: &[&str] = &[
    " ",
    "\n",
    "\n\n",
    "\t",
    ",",
    ":",
    ".",
    "=",
    "=>",
    "->",
    "|",
    "?",
    "?.",
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "\"",
    "-",
    "!",
    "..",
    "...",
    "// note\n",
    " // behind\n",
    "/// about\n",
    "if a { b }",
    "{ a, }",
    "{ a }",
    "let x = 1\n",
    ";",
    "in ",
    "as ",
    "with ",
    "match a { b => c }",
    "0",
    "a",
    "\"\"\"\n  text\n  \"\"\"",
    "1s",
    "a@v1",
    "T?",
    "<",
    ">",
];

/// A change of a text; a place is counted modulo its length.
#[derive(Clone, Debug)]
pub(crate) enum Mutation {
    /// Takes bytes out.
    Remove { at: usize, len: usize },
    /// Puts a piece in.
    Insert { at: usize, piece: usize },
    /// Repeats bytes elsewhere.
    Copy { from: usize, len: usize, to: usize },
    /// Takes all blanks at a place out, or puts a line end in their place.
    Blank { at: usize, line_end: bool },
}

/// Any change.
pub(crate) fn mutation() -> impl Strategy<Value = Mutation> {
    prop_oneof![
        (any::<usize>(), 1..12usize).prop_map(|(at, len)| Mutation::Remove { at, len }),
        (any::<usize>(), 0..PIECES.len()).prop_map(|(at, piece)| Mutation::Insert { at, piece }),
        (any::<usize>(), 1..40usize, any::<usize>()).prop_map(|(from, len, to)| Mutation::Copy {
            from,
            len,
            to
        }),
        (any::<usize>(), any::<bool>()).prop_map(|(at, line_end)| Mutation::Blank { at, line_end }),
    ]
}

/// The text after the changes.
pub(crate) fn mutated(text: &str, mutations: &[Mutation]) -> String {
    let mut text = text.to_owned();
    for mutation in mutations {
        let place = |at: usize| {
            let mut at = at % (text.len() + 1);
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            at
        };
        match mutation {
            Mutation::Remove { at, len } => {
                let start = place(*at);
                let end = place((start + len).min(text.len()));
                text.replace_range(start..end.max(start), "");
            }
            Mutation::Insert { at, piece } => text.insert_str(place(*at), PIECES[*piece]),
            Mutation::Copy { from, len, to } => {
                let start = place(*from);
                let end = place((start + len).min(text.len())).max(start);
                let copy = text[start..end].to_owned();
                text.insert_str(place(*to), &copy);
            }
            Mutation::Blank { at, line_end } => {
                let start = place(*at);
                if let Some(blank) = text[start..].find([' ', '\n']) {
                    let with = if *line_end { "\n" } else { "" };
                    text.replace_range(start + blank..start + blank + 1, with);
                }
            }
        }
    }
    text
}
