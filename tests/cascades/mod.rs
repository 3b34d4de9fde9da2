//! One slip gives few errors, and the first of them near to it: variants of every block of the language reference, in
//! which one token is left out, doubled, swapped with the next one or misspelt.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::docs::{Block, blocks};
use crate::support::command::{flow, run};
use crate::support::folder::folder;

/// Every so many-th token of a block is broken. Together with the blocks that is some hundred variants.
const STRIDE: usize = 9;

/// How many errors one slip gives as a rule, and of how many in a hundred slips fewer give more.
const ERRORS_MAX: usize = 3;
const MANY_MAX: usize = 4;

/// Of how many in a hundred slips fewer have their first error further away than two lines: a name that is
/// misspelt where it is declared is missed where it is used.
const FAR_MAX: usize = 6;

/// A broken block.
struct Variant {
    /// What was done to which token.
    slip: String,
    /// The line of the block on which.
    line: usize,
    text: String,
}

/// The tokens of a text with the blanks before them, roughly: words and numbers, texts, comments and marks.
fn tokens(text: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let blank = rest.len() - rest.trim_start().len();
        let token = &rest[blank..];
        let until = |end: &str, from: usize| token[from..].find(end).map_or(token.len(), |at| from + at);
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let length = match token.chars().next() {
            None => 0,
            Some('"') if token.starts_with("\"\"\"") => (until("\"\"\"", 3) + 3).min(token.len()),
            Some('"') => (until("\"", 1) + 1).min(token.len()),
            Some('/') if token.starts_with("//") => until("\n", 0),
            Some(c) if is_word(c) => token.find(|c| !is_word(c)).unwrap_or(token.len()),
            Some(c) => ["->", "=>", "==", "!=", "<=", ">=", "&&", "||", "??", "?.", "?:", "..."]
                .iter()
                .find(|mark| token.starts_with(**mark))
                .map_or(c.len_utf8(), |mark| mark.len()),
        };
        let (taken, left) = rest.split_at(blank + length);
        tokens.push(taken);
        rest = left;
    }
    tokens
}

fn variants(text: &str, first: usize) -> Vec<Variant> {
    let tokens = tokens(text);
    let mut variants = Vec::new();
    for (number, at) in (first % STRIDE..tokens.len().saturating_sub(1)).step_by(STRIDE).enumerate() {
        let (token, next) = (tokens[at], tokens[at + 1]);
        let (blank, bare) = token.split_at(token.len() - token.trim_start().len());
        if bare.starts_with("//") || bare.is_empty() {
            continue;
        }
        let mut changed = tokens.clone();
        let misspelt: String = blank.chars().chain(bare.chars().rev()).collect();
        let slip = match number % 4 {
            0 => {
                changed[at] = blank;
                "left out"
            }
            1 => {
                changed.insert(at, token);
                "twice"
            }
            2 => {
                changed.swap(at, at + 1);
                "swapped with the next one"
            }
            _ if bare.len() > 2 && bare.chars().all(char::is_alphabetic) => {
                changed[at] = &misspelt;
                "misspelt"
            }
            _ => continue,
        };
        let before: String = tokens[..at].concat() + blank;
        let (slip, line) =
            (format!("{bare:?} {slip}, before {:?}", next.trim()), before.lines().count().max(1));
        variants.push(Variant { slip, line, text: changed.concat() });
    }
    variants
}

/// The errors of each file of a folder, as line and text.
fn errors_in(folder: &Path) -> BTreeMap<String, Vec<(usize, String)>> {
    let ran = run(&mut flow(folder, &["check", "--format", "json", "."]));
    assert!(matches!(ran.code, 0 | 3), "{ran:?}");
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    let mut by_file: BTreeMap<String, Vec<(usize, String)>> = BTreeMap::new();
    let found = document["diagnostics"].as_array().unwrap();
    for found in found.iter().filter(|found| found["severity"] == "error") {
        let start = &found["primary"];
        let line = start["start"]["line"].as_u64().unwrap() as usize;
        let (code, message) = (found["code"].as_str().unwrap(), found["message"].as_str().unwrap());
        let file = Path::new(start["file"].as_str().unwrap()).file_name().unwrap();
        let error = (line, format!("  {line}: {code} {message}\n"));
        by_file.entry(file.to_string_lossy().into_owned()).or_default().push(error);
    }
    by_file
}

#[test]
fn a_slip_gives_few_errors_and_the_first_is_near() {
    let folder = folder("cascades", &[("v.flow", "")]);
    let is_sound = |block: &Block| block.expected().is_none() && !block.text.contains("\n// file: ");
    let mut slips = BTreeMap::new();
    let in_reference = blocks().into_iter().filter(|block| block.place.contains("language/"));
    for (number, block) in in_reference.filter(is_sound).enumerate() {
        for variant in variants(&block.text, number) {
            let file = format!("v{:04}.flow", slips.len());
            std::fs::write(folder.join(&file), &variant.text).unwrap();
            slips.insert(file, (block.place.clone(), variant));
        }
    }
    let count = slips.len();
    assert!(count > 400, "{count} variants");
    let found = errors_in(&folder);
    let (mut many, mut far) = (Vec::new(), Vec::new());
    for (file, (place, variant)) in &slips {
        let errors = found.get(file).map_or(&[][..], Vec::as_slice);
        let lines: String = errors.iter().map(|(_, text)| text.as_str()).collect();
        let shown = format!("{place}, line {}: {}\n{lines}", variant.line, variant.slip);
        if errors.len() > ERRORS_MAX {
            many.push(shown.clone());
        }
        if errors.first().is_some_and(|(first, _)| first.abs_diff(variant.line) > 2) {
            far.push(shown);
        }
    }
    let part = |slips: &[String]| slips.len() * 100 / count;
    assert!(part(&many) < MANY_MAX, "{} of {count} give many errors:\n{}", many.len(), many.concat());
    assert!(part(&far) < FAR_MAX, "{} of {count} have none near:\n{}", far.len(), far.concat());
}
