//! The grammar and the compiler's parser give the same verdict.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::corpus::cases;
use crate::generate::sentences;
use crate::mutate::{mutate, shrink};
use crate::random::Random;

/// Sentences made in the default run. `FLOW_GRAMMAR_SENTENCES` and `FLOW_GRAMMAR_SEED` ask for more and for others.
const SENTENCES: usize = 2_000;
const MUTATIONS_OF_EACH: usize = 2;
/// Disagreements that are made small and shown.
const SHOWN_MAX: usize = 40;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    Accepted,
    Refused,
}

fn of_grammar(text: &str) -> Verdict {
    match flow_grammar::accepts(text) {
        Ok(()) => Verdict::Accepted,
        Err(flow_grammar::GrammarError::Refused { .. }) => Verdict::Refused,
        Err(error) => panic!("{error}:\n{text}"),
    }
}

fn of_parser(text: &str) -> Verdict {
    let parse = flow_syntax::parse(flow_source::FileId(0), text);
    if parse.has_errors() { Verdict::Refused } else { Verdict::Accepted }
}

/// What the grammar says where the parser says something else.
fn disagreement(text: &str) -> Option<Verdict> {
    if has_large_exponent(text) {
        // How large a number may be is not told by the grammar.
        return None;
    }
    let (grammar, parser) = (of_grammar(text), of_parser(text));
    (grammar != parser).then_some(grammar)
}

fn has_large_exponent(text: &str) -> bool {
    let digits =
        |rest: &str| rest.trim_start_matches(['+', '-']).chars().take_while(char::is_ascii_digit).count();
    text.split(['e', 'E']).skip(1).any(|rest| digits(rest) > 2)
}

fn from_environment(name: &str, otherwise: usize) -> usize {
    std::env::var(name).map_or(otherwise, |value| value.parse().unwrap())
}

fn made_sentences() -> Vec<String> {
    let seed = from_environment("FLOW_GRAMMAR_SEED", 0);
    sentences(seed as u64, from_environment("FLOW_GRAMMAR_SENTENCES", SENTENCES))
}

fn report(texts: impl IntoIterator<Item = String>) {
    let mut found: BTreeMap<String, Verdict> = BTreeMap::new();
    let mut count = 0;
    for text in texts {
        let Some(verdict) = disagreement(&text) else { continue };
        count += 1;
        if found.len() < SHOWN_MAX {
            found.insert(shrink(&text, |text| disagreement(text) == Some(verdict)), verdict);
        }
    }
    let mut shown = String::new();
    for (text, grammar) in &found {
        let _ = writeln!(shown, "---- the grammar says: {grammar:?}\n{text:?}");
    }
    assert!(count == 0, "{count} disagreements:\n{shown}");
}

#[test]
fn on_the_corpus() {
    report(cases("accept").into_iter().chain(cases("refuse")).map(|case| case.text));
}

#[test]
fn on_sentences_of_the_grammar() {
    report(made_sentences());
}

#[test]
fn on_sentences_with_one_token_changed() {
    let mut random = Random::new(from_environment("FLOW_GRAMMAR_SEED", 1) as u64);
    let corpus = cases("accept").into_iter().map(|case| case.text);
    let texts: Vec<String> = corpus.chain(made_sentences()).collect();
    report(
        texts
            .iter()
            .flat_map(|text| (0..MUTATIONS_OF_EACH).map(|_| mutate(text, &mut random)).collect::<Vec<_>>()),
    );
}
