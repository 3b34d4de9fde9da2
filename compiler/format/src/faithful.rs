//! Holds a formatted text against its source: the same tokens, comments and mistakes.

use flow_syntax::{Parse, SyntaxKind, SyntaxToken};

/// Whether a formatted text says what its source says: the same nodes, tokens, comments and mistakes.
pub fn says_the_same(source: &Parse, formatted: &str) -> bool {
    let after = flow_syntax::parse(source.file, formatted);
    let mistakes = |parse: &Parse| {
        // Messages tell what stands before on the line, which may change.
        let mut mistakes: Vec<_> = parse.diagnostics.iter().map(|found| found.code.clone()).collect();
        mistakes.sort();
        mistakes
    };
    mistakes(source) == mistakes(&after) && says(source) == says(&after)
}

/// The nodes, tokens and comments of a text, without what the formatter may change: blanks, line ends, commas.
pub(crate) fn says(parse: &Parse) -> Vec<(SyntaxKind, String)> {
    let meant = parse.root.descendants_with_tokens().filter(|element| {
        !matches!(element.kind(), SyntaxKind::Whitespace | SyntaxKind::Newline | SyntaxKind::Comma)
    });
    let text = |token: &SyntaxToken| token.text().trim_end().replace("\r\n", "\n");
    meant
        .map(|element| (element.kind(), element.as_token().map_or_else(String::new, |token| text(token))))
        .collect()
}
