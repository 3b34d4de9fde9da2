//! Holds a formatted text against its source: the same tokens, comments and mistakes.

use flow_syntax::{Parse, SyntaxKind, tokens};

/// Whether a text says what the source says.
pub(crate) fn is_faithful(source: &Parse, formatted: &str) -> bool {
    let after = flow_syntax::parse(source.file, formatted);
    let mistakes = |parse: &Parse| {
        let mut mistakes: Vec<_> =
            parse.diagnostics.iter().map(|found| (found.code.clone(), found.message.clone())).collect();
        mistakes.sort();
        mistakes
    };
    mistakes(source) == mistakes(&after) && says(source) == says(&after)
}

/// The tokens and comments of a text, without what the formatter may change: blanks, line ends, commas.
pub(crate) fn says(parse: &Parse) -> Vec<(SyntaxKind, String)> {
    let meant = tokens(&parse.root).filter(|token| {
        !matches!(token.kind(), SyntaxKind::Whitespace | SyntaxKind::Newline | SyntaxKind::Comma)
    });
    meant.map(|token| (token.kind(), token.text().trim_end().replace("\r\n", "\n"))).collect()
}
