//! What holds for every text whatever, sound or broken: [`parser`], [`formatter`], [`checker`].
//!
//! Each function takes a text and panics where its property does not hold. The tests of this crate call them with
//! mutations of every text of the repository, a bounded number of times; the targets in `fuzz/` call them with what a
//! fuzzer makes up. They know the compiler's public functions alone.

use flow_diagnostics::{Diagnostic, codes};
use flow_driver::{MemoryWorld, compile};
use flow_plan::{Plan, verify};
use flow_source::FileId;
use flow_syntax::{Parse, SyntaxKind, tokens};

/// The tree holds the whole text, and every place that a finding names lies in it.
pub fn parser(text: &str) {
    let parse = parsed(text);
    assert_eq!(parse.root.to_string(), text, "the tree is not the text");
    parse.diagnostics.iter().for_each(|diagnostic| assert_lies_in(diagnostic, |_| Some(text)));
}

/// A formatted text says the same, keeps every comment, and is formatted already.
pub fn formatter(text: &str) {
    let parse = parsed(text);
    let once = flow_format::format_parsed(&parse, text);
    let after = parsed(&once);
    assert!(once == text || flow_format::says_the_same(&parse, &once), "it says something else:\n{once}");
    assert_eq!(comments(&parse), comments(&after), "comments differ:\n{once}");
    let twice = flow_format::format_parsed(&after, &once);
    assert!(once == twice, "formatted twice:\n--- once\n{once}\n--- twice\n{twice}");
}

/// The compiler ends with findings in the text or with sound plans, and never with its own error.
pub fn checker(text: &str) {
    let compilation = compile(&MemoryWorld::default().with("main.flow", text), "main.flow");
    for diagnostic in &compilation.diagnostics {
        assert!(diagnostic.code != codes::F0006.id, "the compiler's own error: {diagnostic:?}");
        assert_lies_in(diagnostic, |file| Some(compilation.sources.get(file)?.text()));
    }
    for workflow in &compilation.workflows {
        let decoded = Plan::decode(&workflow.plan.encode());
        let hash = decoded.map(|plan| plan.hash()).ok();
        assert_eq!(hash, Some(workflow.plan.hash()), "the plan of {}", workflow.name);
        assert_eq!(verify(&workflow.plan), Ok(()), "the plan of {}", workflow.name);
    }
}

fn parsed(text: &str) -> Parse {
    flow_syntax::parse(FileId(0), text)
}

fn comments(parse: &Parse) -> Vec<String> {
    let is_comment = |kind| matches!(kind, SyntaxKind::Comment | SyntaxKind::DocComment);
    let comments = tokens(&parse.root).filter(|token| is_comment(token.kind()));
    comments.map(|token| token.text().trim_end().to_owned()).collect()
}

/// Every place that a finding names lies in its file.
fn assert_lies_in<'t>(diagnostic: &Diagnostic, text: impl Fn(FileId) -> Option<&'t str>) {
    let spans = std::iter::once(diagnostic.primary.span)
        .chain(diagnostic.secondary.iter().map(|label| label.span))
        .chain(diagnostic.edits.iter().flat_map(|edit| &edit.changes).map(|change| change.span));
    for span in spans {
        let place = text(span.file).and_then(|text| text.get(span.range()));
        assert!(place.is_some(), "a place outside of the text: {diagnostic:?}");
    }
}
