//! What the tests share.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use flow_source::{FileId, Sources};
use flow_syntax::{Parse, SyntaxElement, SyntaxNode, parse};

/// Parses a text as the only file.
pub(crate) fn parsed(text: &str) -> Parse {
    parse(FileId(0), text)
}

/// Asserts that a tree gives its text back, and that its nodes tile it.
pub(crate) fn assert_lossless(text: &str, parse: &Parse) {
    assert_eq!(parse.root.to_string(), text);
    assert_eq!(usize::from(parse.root.text_range().len()), text.len());
}

/// Each diagnostic as `line: code message`.
pub(crate) fn summary(text: &str, parse: &Parse) -> Vec<String> {
    let mut sources = Sources::default();
    let id = sources.add("test.flow", text);
    let file = sources.get(id).unwrap();
    let line = |diagnostic: &flow_diagnostics::Diagnostic| file.position(diagnostic.primary.span.start).line;
    parse.diagnostics.iter().map(|d| format!("{}: {} {}", line(d), d.code, d.message)).collect()
}

/// The tree without blanks: a line a node, its own tokens in backticks.
pub(crate) fn outline(node: &SyntaxNode) -> String {
    let mut text = String::new();
    write_outline(node, 0, &mut text);
    text
}

fn write_outline(node: &SyntaxNode, depth: usize, text: &mut String) {
    write!(text, "{:indent$}{:?}", "", node.kind(), indent = depth * 2).unwrap();
    let elements: Vec<SyntaxElement<'_>> = node.children_with_tokens().collect();
    let only_tokens = node.children().next().is_none();
    if only_tokens {
        for token in elements.iter().filter_map(|element| element.as_token()) {
            if !token.kind().is_trivia() || token.kind() == flow_syntax::SyntaxKind::DocComment {
                write!(text, " `{}`", token.text().escape_debug()).unwrap();
            }
        }
        text.push('\n');
        return;
    }
    text.push('\n');
    for element in elements {
        match element {
            cstree::util::NodeOrToken::Node(child) => write_outline(child, depth + 1, text),
            cstree::util::NodeOrToken::Token(token) => {
                let kind = token.kind();
                if !kind.is_trivia() || kind == flow_syntax::SyntaxKind::DocComment {
                    let shown = token.text().escape_debug();
                    writeln!(text, "{:indent$}`{shown}`", "", indent = depth * 2 + 2).unwrap();
                }
            }
        }
    }
}

/// The files of a folder of the corpus, by name.
#[expect(clippy::disallowed_methods, reason = "the corpus is files")]
pub(crate) fn corpus(folder: &str) -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let entries = std::fs::read_dir(&root).unwrap_or_else(|error| panic!("{}: {error}", root.display()));
    let mut files: Vec<_> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "flow"))
        .map(|path| (path.clone(), std::fs::read_to_string(path).unwrap()))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "no files in {}", root.display());
    files
}

/// The order example.
pub(crate) fn order() -> String {
    corpus("../../examples/order").into_iter().find(|(path, _)| path.ends_with("order.flow")).unwrap().1
}
