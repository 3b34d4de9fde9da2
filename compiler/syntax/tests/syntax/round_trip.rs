//! Byte for byte: the tree gives its text back, whatever is wrong with it.

use crate::support::{assert_lossless, corpus, order, parsed};

#[test]
fn every_file_of_the_corpus() {
    for folder in ["tests/suite/valid", "tests/suite/broken", "../../examples/order"] {
        for (_, text) in corpus(folder) {
            assert_lossless(&text, &parsed(&text));
        }
    }
}

#[test]
fn half_typed_file_at_every_prefix() {
    let text = order();
    for end in (0..=text.len()).filter(|end| text.is_char_boundary(*end)) {
        let prefix = &text[..end];
        assert_lossless(prefix, &parsed(prefix));
    }
}

#[test]
fn every_line_of_the_corpus_left_out() {
    for (_, text) in corpus("tests/suite/valid") {
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        for left_out in 0..lines.len() {
            let rest: String =
                lines.iter().enumerate().filter(|(at, _)| *at != left_out).map(|(_, line)| *line).collect();
            assert_lossless(&rest, &parsed(&rest));
        }
    }
}

#[test]
fn every_token_of_the_order_example_left_out_costs_few_messages() {
    let text = order();
    let whole = parsed(&text);
    let mut worst = Vec::new();
    for token in flow_syntax::tokens(&whole.root).filter(|token| !token.kind().is_trivia()) {
        let range: std::ops::Range<usize> = token.text_range().into();
        let mut broken = text.clone();
        broken.replace_range(range.clone(), "");
        let parse = parsed(&broken);
        assert_lossless(&broken, &parse);
        let count = parse.diagnostics.len();
        if count > 2 {
            worst.push(format!("{count} without `{}` at {range:?}", token.text()));
        }
    }
    // Quotes left out are the exception: the text between them is no code.
    assert!(worst.len() <= 12, "{}", worst.join("\n"));
}
