//! The JSON renderer: everything that the terminal shows, with places in bytes, lines and columns.

use flow_source::{Sources, Span};
use serde::Serialize;

use super::terminal::severity_word;
use crate::{Diagnostic, Edit, Label};

/// The version of this form; it grows when a field changes its meaning or goes away.
const FORMAT_VERSION: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    format_version: u32,
    diagnostics: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Entry<'a> {
    code: &'a str,
    severity: &'static str,
    message: &'a str,
    primary: Place<'a>,
    secondary: Vec<Place<'a>>,
    notes: &'a [String],
    help: Option<&'a str>,
    edits: Vec<Fix<'a>>,
}

#[derive(Serialize)]
struct Place<'a> {
    file: String,
    start: Point,
    end: Point,
    /// What is said there; of a change the text that it puts there, which may be empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
}

#[derive(Serialize)]
struct Point {
    byte: u32,
    line: u32,
    column: u32,
}

#[derive(Serialize)]
struct Fix<'a> {
    title: &'a str,
    changes: Vec<Place<'a>>,
    /// Whether people should confirm it.
    guess: bool,
}

/// All diagnostics, each with the sources that it is about, as one JSON document:
/// `{ format_version, diagnostics: [{ code, severity, message, primary, secondary, notes, help, edits }] }`.
/// Places count bytes from 0, lines and columns (in characters) from 1.
pub fn json<'a>(diagnostics: impl IntoIterator<Item = (&'a Diagnostic, &'a Sources)>) -> String {
    let diagnostics =
        diagnostics.into_iter().map(|(diagnostic, sources)| entry(diagnostic, sources)).collect();
    let document = Document { format_version: FORMAT_VERSION, diagnostics };
    // The document is plain data with string keys, for which serialisation cannot fail.
    serde_json::to_string_pretty(&document).unwrap_or_default()
}

fn entry<'a>(diagnostic: &'a Diagnostic, sources: &'a Sources) -> Entry<'a> {
    let label = |label: &'a Label| {
        place(label.span, Some(label.text.as_str()).filter(|text| !text.is_empty()), sources)
    };
    Entry {
        code: &diagnostic.code,
        severity: severity_word(diagnostic.severity),
        message: &diagnostic.message,
        primary: label(&diagnostic.primary),
        secondary: diagnostic.secondary.iter().map(label).collect(),
        notes: &diagnostic.notes,
        help: diagnostic.help.as_deref(),
        edits: diagnostic.edits.iter().map(|edit| fix(edit, sources)).collect(),
    }
}

fn fix<'a>(edit: &'a Edit, sources: &'a Sources) -> Fix<'a> {
    let changes = edit.changes.iter().map(|change| place(change.span, Some(&change.text), sources)).collect();
    Fix { title: &edit.title, changes, guess: edit.guess }
}

fn place<'a>(span: Span, text: Option<&'a str>, sources: &'a Sources) -> Place<'a> {
    let file = sources.get(span.file);
    let point = |byte: u32| {
        let position = file.map(|file| file.position(byte));
        Point { byte, line: position.map_or(0, |p| p.line), column: position.map_or(0, |p| p.column) }
    };
    Place { file: sources.shown_name(span.file), start: point(span.start), end: point(span.end), text }
}
