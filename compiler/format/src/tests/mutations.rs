//! Whatever a text has become, formatting ends, loses nothing, and is done after one time.

use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::support::{assert_laid_out, comments, corpus, formatted, parsed};
use crate::faithful;

/// Mutated texts in a run of the gate. `FLOW_FORMAT_CASES` asks for more.
const CASES: u32 = 1_500;

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

#[derive(Clone, Debug)]
enum Mutation {
    /// Takes bytes out.
    Remove { at: usize, len: usize },
    /// Puts a piece in.
    Insert { at: usize, piece: usize },
    /// Repeats bytes elsewhere.
    Copy { from: usize, len: usize, to: usize },
    /// Takes all blanks at a place out, or puts a line end in their place.
    Blank { at: usize, line_end: bool },
}

fn mutation() -> impl Strategy<Value = Mutation> {
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

fn mutated(text: &str, mutations: &[Mutation]) -> String {
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

/// A text for each index, none so long that a run would take minutes.
static TEXTS: LazyLock<Vec<(String, String)>> =
    LazyLock::new(|| corpus().into_iter().filter(|(_, text)| text.len() < 4_000).collect());

fn assert_holds(name: &str, text: &str) {
    let parse = parsed(text);
    if !parse.has_errors() {
        assert_laid_out(name, text);
        return;
    }
    let once = formatted(text);
    let after = parsed(&once);
    assert!(once == text || faithful::is_faithful(&parse, &once), "{name}:\n{text}\n--- became\n{once}");
    assert_eq!(comments(&parse), comments(&after), "{name}: comments");
    let again = formatted(&once);
    assert!(
        once == again,
        "{name}: formatted twice\n--- source\n{text}\n--- once\n{once}\n--- twice\n{again}"
    );
}

#[test]
fn mutated_texts_lose_nothing() {
    let asked = std::env::var_os("FLOW_FORMAT_CASES").and_then(|cases| cases.to_str()?.parse().ok());
    let cases = asked.unwrap_or(CASES);
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 200, ..Config::default() };
    let input = (any::<usize>(), proptest::collection::vec(mutation(), 1..4));
    let run = |(index, mutations): (usize, Vec<Mutation>)| {
        let (name, text) = &TEXTS[index % TEXTS.len()];
        assert_holds(name, &mutated(text, &mutations));
        Ok(())
    };
    TestRunner::new(config).run(&input, run).unwrap();
}
