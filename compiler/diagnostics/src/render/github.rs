//! The renderer for GitHub: one workflow command a finding, which shows it beside the changed lines.
//!
//! The text of a program, and of others, stands in these lines: it is escaped as the runner demands, so that it
//! can neither end its line nor begin a command of its own.

use flow_source::Sources;

use super::{printable, whole_text};
use crate::{Diagnostic, Severity};

/// `::error file=…,line=…,col=…,endLine=…,endColumn=…,title=…::message`, a line for each diagnostic. Lines and
/// columns (in characters) count from 1.
pub fn github<'a>(diagnostics: impl IntoIterator<Item = (&'a Diagnostic, &'a Sources)>) -> String {
    diagnostics.into_iter().map(|(diagnostic, sources)| line(diagnostic, sources)).collect()
}

fn line(diagnostic: &Diagnostic, sources: &Sources) -> String {
    let command = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    let span = diagnostic.primary.span;
    let point = |byte: u32| {
        let position = sources.get(span.file).map(|file| file.position(byte));
        position.map_or((1, 1), |position| (position.line, position.column))
    };
    let ((line, column), (end_line, end_column)) = (point(span.start), point(span.end));
    format!(
        "::{command} file={},line={line},col={column},endLine={end_line},endColumn={end_column},title={}::{}\n",
        property(&sources.shown_name(span.file)),
        property(&diagnostic.code),
        message(&whole_text(diagnostic)),
    )
}

/// Text after the second `::`.
fn message(text: &str) -> String {
    // A carriage return has an escape of its own; every other control character is shown, never sent.
    let parts: Vec<String> = text.split('\r').map(printable).collect();
    parts.join("\r").replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property.
fn property(text: &str) -> String {
    message(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use flow_source::Span;

    use super::*;
    use crate::codes;

    #[test]
    fn texts_of_others_cannot_become_commands() {
        let mut sources = Sources::default();
        let file = sources.add("a,b:c%\n::error::x.flow", "first\nsecond");
        let hostile = "100%\r\n::set-output name=x::y\u{1b}[31m";
        let diagnostic = Diagnostic::new(&codes::F0201, Span::new(file, 6, 12), hostile);
        let text = github([(&diagnostic, &sources)]);
        assert_eq!(
            text,
            "::error file=a%2Cb%3Ac%25%0A%3A%3Aerror%3A%3Ax.flow,line=2,col=1,endLine=2,endColumn=7,title=F0201::\
             100%25%0D%0A::set-output name=x::y\\u{1b}[31m\n"
        );
    }
}
