//! How findings look in terminals of several widths, as transcripts: text wraps, and nothing is coloured unasked.

use crate::support::command::{flow, run};
use crate::tidy::root;

/// What a check of a planted mistake shows at a width.
fn shown(file: &str, columns: &str) -> String {
    let folder = root().join("tests/mistakes");
    run(flow(&folder, &["check", file]).env("COLUMNS", columns)).seen()
}

fn longest(text: &str) -> usize {
    // The place is one word, however long.
    text.lines().filter(|line| !line.contains("╭─[")).map(|line| line.chars().count()).max().unwrap_or(0)
}

#[test]
fn text_wraps_at_the_width_of_the_terminal() {
    let wide = shown("undo_needs_unknown_result.flow", "80");
    insta::assert_snapshot!("wide", wide);
    assert!(longest(&wide) <= 80, "{wide}");
    let narrow = shown("undo_needs_unknown_result.flow", "40");
    insta::assert_snapshot!("narrow", narrow);
    assert!(longest(&narrow) <= 44, "{narrow}");
}

#[test]
fn a_line_that_is_too_wide_is_cut_around_each_place() {
    insta::assert_snapshot!("cut", shown("post_under_retry.flow", "40"));
}

#[test]
fn colours_are_for_those_who_ask() {
    let folder = root().join("tests/mistakes");
    let plain = run(flow(&folder, &["check", "misspelt_local.flow"]).env("NO_COLOR", "1")).seen();
    assert!(!plain.contains('\u{1b}'), "{plain:?}");
    let asked = run(&mut flow(&folder, &["check", "--color", "always", "misspelt_local.flow"])).seen();
    assert!(asked.contains('\u{1b}'), "{asked:?}");
    // Pale text cannot be read on a light ground: the program's own is in the terminal's own colour.
    assert!(!asked.contains("\u{1b}[38;5;249m") && asked.contains("\u{1b}[39m"), "{asked:?}");
}
