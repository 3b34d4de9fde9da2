//! Words: those that are reserved are never names of bindings, and all others may be.

use crate::support::command::{flow, run};
use crate::support::folder::folder;

const RESERVED: &str = "absent api as break callback catch commit compensate config continue div else error execution \
     fail false finally fn for if import in it let match null objective parallel poll publish race receive retry return \
     saga schedule secret signal sleep test true try type undo until var while with within workflow";

/// Some of the words that are keywords where they are expected, and names elsewhere.
const OTHERS: &str = "accept advance after again attempts auth backoff base before body call calls cron crash cursor \
     default done early encoded every expect from header headers idempotency jitter key link log mock mode never none \
     offset on once one open over pages path per query raises rate report result run send sequence settled snapshot \
     start status tagged timeout times untagged url version where zone";

/// The lines with a finding, in a file with one workflow for each word that binds it.
fn lines_with_errors(words: &str) -> Vec<usize> {
    let text: String = words
        .split_whitespace()
        .enumerate()
        .map(|(index, word)| {
            format!("workflow w{index} () -> int {{\n  let {word} = {index}\n  return {word}\n}}\n")
        })
        .collect();
    let folder = folder("words", &[("words.flow", &text)]);
    let ran = run(&mut flow(&folder, &["check", "words.flow", "--format", "json"]));
    let found: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let mut lines: Vec<usize> = found["diagnostics"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| usize::try_from(finding["primary"]["start"]["line"].as_u64().unwrap()).unwrap())
        .filter(|line| line % 4 == 2)
        .collect();
    lines.dedup();
    lines
}

#[test]
fn reserved_words_are_never_bound() {
    let words = RESERVED.split_whitespace().count();
    let each: Vec<usize> = (0..words).map(|index| index * 4 + 2).collect();
    assert_eq!(lines_with_errors(RESERVED), each);
}

#[test]
fn all_other_words_may_be() {
    assert_eq!(lines_with_errors(OTHERS), Vec::<usize>::new());
}
