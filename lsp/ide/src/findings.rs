//! Diagnostics with places as editors count them.

use flow_diagnostics::{Diagnostic, Severity};
use flow_driver::Compilation;
use flow_source::{Sources, Span};

/// A range of a file, by zero-based lines and UTF-16 columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file's path in the project.
    pub file: String,
    /// Line and column of the first character.
    pub start: (u32, u32),
    /// Line and column after the last.
    pub end: (u32, u32),
}

/// What the compiler has to say about a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The code.
    pub code: String,
    /// How grave it is.
    pub severity: Severity,
    /// The message, with notes and help on lines of their own.
    pub message: String,
    /// Where.
    pub place: Place,
    /// Other places that explain it, each with what is to be said there.
    pub related: Vec<(Place, String)>,
    /// Edits that would mend it.
    pub fixes: Vec<Quickfix>,
}

/// An edit that an editor can offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quickfix {
    /// What it does.
    pub title: String,
    /// The replacements.
    pub replacements: Vec<Replacement>,
}

/// One replacement of text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replacement {
    /// What is replaced.
    pub place: Place,
    /// What stands there afterwards.
    pub text: String,
}

pub(crate) fn of_file(compilation: &Compilation, file: &str) -> Vec<Finding> {
    let sources = &compilation.sources;
    let found = compilation.diagnostics.iter().map(|diagnostic| finding(diagnostic, sources));
    found.filter(|finding| finding.place.file == file).collect()
}

fn finding(diagnostic: &Diagnostic, sources: &Sources) -> Finding {
    let mut message = diagnostic.message.clone();
    for note in &diagnostic.notes {
        message.push_str(&format!("\nnote: {note}"));
    }
    if let Some(help) = &diagnostic.help {
        message.push_str(&format!("\nhelp: {help}"));
    }
    let fixes = diagnostic.edits.iter().map(|edit| Quickfix {
        title: edit.title.clone(),
        replacements: edit
            .changes
            .iter()
            .map(|change| Replacement { place: place(change.span, sources), text: change.text.clone() })
            .collect(),
    });
    Finding {
        code: diagnostic.code.clone(),
        severity: diagnostic.severity,
        message,
        place: place(diagnostic.primary.span, sources),
        related: diagnostic
            .secondary
            .iter()
            .map(|label| (place(label.span, sources), label.text.clone()))
            .collect(),
        fixes: fixes.collect(),
    }
}

fn place(span: Span, sources: &Sources) -> Place {
    match sources.get(span.file) {
        Some(file) => Place {
            file: file.name().to_owned(),
            start: file.utf16_position(span.start),
            end: file.utf16_position(span.end),
        },
        None => Place { file: String::new(), start: (0, 0), end: (0, 0) },
    }
}

#[cfg(test)]
mod tests {
    use flow_driver::MemoryWorld;

    use crate::Analysis;

    #[test]
    fn places_count_utf16_units_from_zero() {
        let text = "fn f(a: int) -> string = \"\u{1F600} {b}\"\n";
        let world = MemoryWorld::default().with("main.flow", text);
        let findings = Analysis::of(&world, "main.flow").findings("main.flow");
        let unknown = findings.iter().find(|finding| finding.message.contains("`b`")).unwrap();
        // The emoji is one character, two UTF-16 units and four bytes.
        assert_eq!((unknown.place.start, unknown.place.end), ((0, 30), (0, 31)));
    }
}
