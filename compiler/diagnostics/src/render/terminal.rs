//! The terminal renderer, by ariadne.

use ariadne::{CharSet, Color, Config, IndexType, Label as AriadneLabel, Report, ReportKind, Source};
use flow_source::{FileId, Sources, Span};

use super::cut;
use crate::{Diagnostic, Label, Severity};

/// Writes diagnostics for a terminal. It splits each text into lines once.
pub struct Terminal<'a> {
    texts: Texts<'a>,
    color: bool,
    width: usize,
    /// Where lines of the source are cut.
    cut_at: Option<usize>,
}

/// Columns where nobody says how many there are.
const WIDTH: usize = 80;

/// Columns that are always used, and that lines of prose never exceed.
const WIDTHS: std::ops::RangeInclusive<usize> = 36..=100;

/// Columns that the frame takes: beside the number of the line, before and after the text of a label, before a note.
const FRAME: usize = 4;
const ARROW: usize = 8;
pub(super) const NOTE: usize = 8;

/// Fewer columns than this are few: in more, a label is best where it belongs, though its line may go on below.
const NARROW: usize = 60;

/// The shortest text of a label that is moved to a note of its own where it has no room.
const MOVED_MIN: usize = 8;

/// Colours of the library that cannot be read on a light ground, or hardly on a dark one, and ours for them.
const PALE: [(&str, &str); 3] = [
    ("\u{1b}[38;5;249m", "\u{1b}[39m"),
    ("\u{1b}[38;5;115m", "\u{1b}[36m"),
    ("\u{1b}[38;5;240m", "\u{1b}[38;5;246m"),
];

impl<'a> Terminal<'a> {
    /// A renderer; with ANSI colours where `color` is set.
    pub fn new(sources: &'a Sources, color: bool) -> Self {
        Self { texts: Texts::new(sources), color, width: WIDTH, cut_at: None }
    }

    /// For so many columns.
    #[must_use]
    pub fn columns(mut self, columns: usize) -> Self {
        self.width = columns.clamp(*WIDTHS.start(), *WIDTHS.end());
        self
    }

    /// Cuts lines of the source that are wider than so many columns, around what they are shown for; none are cut
    /// otherwise, unless they are longer than anybody would read.
    #[must_use]
    pub fn cut_at(mut self, columns: Option<usize>) -> Self {
        self.cut_at = columns.map(|columns| columns.max(*WIDTHS.start()));
        self
    }

    /// The text of one diagnostic, ending with a newline.
    pub fn render(&mut self, diagnostic: &Diagnostic) -> String {
        render(diagnostic, &mut self.texts, self.color, self.width, self.cut_at)
    }
}

fn render(
    diagnostic: &Diagnostic,
    texts: &mut Texts<'_>,
    color: bool,
    width: usize,
    columns: Option<usize>,
) -> String {
    let sources = texts.sources;
    let (accent, ansi) = match diagnostic.severity {
        Severity::Error => (Color::Red, "\u{1b}[1;31m"),
        Severity::Warning => (Color::Yellow, "\u{1b}[1;33m"),
        Severity::Note => (Color::Cyan, "\u{1b}[1;36m"),
    };
    let kind = format!("{}[{}]:", severity_word(diagnostic.severity), diagnostic.code);
    let header = wrapped(&format!("{kind} {}", printable(&diagnostic.message)), width, "    ");
    let header = match header.strip_prefix(&kind) {
        Some(message) if color => format!("{ansi}{kind}\u{1b}[0m{message}\n"),
        _ => format!("{header}\n"),
    };
    let all = std::iter::once(&diagnostic.primary).chain(&diagnostic.secondary);
    let last_line =
        all.filter_map(|label| Some(sources.get(label.span.file)?.position(label.span.end).line)).max();
    let frame = FRAME + last_line.map_or(1, |line| line.to_string().len());
    let prose = width.saturating_sub(frame + NOTE);
    let mut moved: Vec<String> = Vec::new();

    if cut::is_needed(diagnostic, sources, columns) {
        return header + &cut::excerpts(diagnostic, sources, columns, prose);
    }
    let config =
        Config::default().with_index_type(IndexType::Byte).with_char_set(CharSet::Unicode).with_color(color);
    let mut report =
        Report::build(ReportKind::Error, Place::of(diagnostic.primary.span, sources)).with_config(config);
    for (order, (label, color)) in (0..).zip(in_reading_order(diagnostic, accent)) {
        // The library underlines only what has a text.
        let text = if label.text.is_empty() { "here" } else { &label.text };
        let column = sources.get(label.span.file).map_or(1, |file| file.position(label.span.end).column);
        let length = text.chars().count();
        let has_room = frame + column as usize + ARROW + length <= width;
        let place_of_note;
        let text = if has_room || width >= NARROW || length < MOVED_MIN {
            text
        } else {
            moved.push(text.to_owned());
            place_of_note = format!("({})", moved.len());
            &place_of_note
        };
        let place = AriadneLabel::new(Place::of(label.span, sources)).with_order(order).with_color(color);
        report.add_label(place.with_message(printable(text)));
    }
    for (number, text) in (1..).zip(&moved) {
        report.add_note(wrapped(&printable(&format!("({number}) {text}")), prose, ""));
    }
    for note in &diagnostic.notes {
        report.add_note(wrapped(&printable(note), prose, ""));
    }
    if let Some(help) = &diagnostic.help {
        report.add_help(wrapped(&printable(help), prose, ""));
    }
    let mut out = Vec::new();
    // Writing to a `Vec` cannot fail; a source that is missing leaves the message without its excerpt.
    let _ = report.finish().write(texts, &mut out);
    // The library's own header has its colours even where there are to be none: ours takes its place.
    let text = String::from_utf8_lossy(&out);
    let excerpt = text.split_once('\n').map_or("", |(_, excerpt)| excerpt);
    let excerpt =
        PALE.iter().fold(excerpt.to_owned(), |excerpt, (theirs, ours)| excerpt.replace(theirs, ours));
    let mut shown = header;
    for line in excerpt.lines() {
        shown.push_str(line.trim_end());
        shown.push('\n');
    }
    shown
}

/// A text on lines of at most so many columns, as far as its words permit; lines after the first begin with `hang`.
pub(super) fn wrapped(text: &str, width: usize, hang: &str) -> String {
    let mut out = String::new();
    let mut column = 0;
    for (index, line) in text.lines().enumerate() {
        if index > 0 {
            out.push('\n');
            out.push_str(hang);
            column = hang.len();
        }
        for (index, word) in line.split(' ').enumerate() {
            let length = word.chars().count();
            if index > 0 && column + 1 + length > width && column > hang.len() {
                out.push('\n');
                out.push_str(hang);
                column = hang.len();
            } else if index > 0 {
                out.push(' ');
                column += 1;
            }
            out.push_str(word);
            column += length;
        }
    }
    out
}

/// The labels from top to bottom, those in the file of the primary one first: one excerpt a file.
fn in_reading_order(diagnostic: &Diagnostic, accent: Color) -> Vec<(&Label, Color)> {
    let secondary = diagnostic.secondary.iter().map(|label| (label, Color::Cyan));
    let mut labels: Vec<(&Label, Color)> =
        std::iter::once((&diagnostic.primary, accent)).chain(secondary).collect();
    let home = diagnostic.primary.span.file;
    labels.sort_by_key(|(label, _)| (label.span.file != home, label.span.file, label.span.end));
    labels
}

pub(super) fn severity_word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

/// Text of others may hold control and bidirectional characters: they are shown escaped, never sent.
pub(super) fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let hidden = c.is_control() && c != '\n'
            || matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}');
        if hidden { out.extend(c.escape_unicode()) } else { out.push(c) }
    }
    out
}

/// A span whose ends are on character boundaries of an existing text: what ariadne needs not to panic.
#[derive(Clone, Copy, Debug)]
struct Place(Span);

impl Place {
    fn of(span: Span, sources: &Sources) -> Self {
        match sources.get(span.file) {
            Some(file) => {
                let start = file.clamp(span.start);
                let end = if span.end <= span.start { start } else { ceil(file, span.end) };
                Self(Span::new(span.file, start, end))
            }
            None => Self(Span::at(span.file, 0)),
        }
    }
}

/// Moves an offset forward to the nearest character boundary.
fn ceil(file: &flow_source::SourceFile, offset: u32) -> u32 {
    (offset..offset.saturating_add(4)).find(|at| file.clamp(*at) == *at).unwrap_or_else(|| file.clamp(offset))
}

impl ariadne::Span for Place {
    type SourceId = FileId;

    fn source(&self) -> &FileId {
        &self.0.file
    }

    fn start(&self) -> usize {
        self.0.start as usize
    }

    fn end(&self) -> usize {
        self.0.end as usize
    }
}

/// Ariadne's view of the sources: split into lines on first use.
struct Texts<'a> {
    sources: &'a Sources,
    split: std::collections::HashMap<FileId, Source<String>>,
}

impl<'a> Texts<'a> {
    fn new(sources: &'a Sources) -> Self {
        Self { sources, split: std::collections::HashMap::new() }
    }
}

impl ariadne::Cache<FileId> for Texts<'_> {
    type Storage = String;

    fn fetch(&mut self, id: &FileId) -> Result<&Source<String>, impl std::fmt::Debug> {
        let text = self.sources.get(*id).map_or("", |file| file.text());
        Ok::<_, std::convert::Infallible>(
            self.split
                .entry(*id)
                .or_insert_with(|| Source::from(text.chars().map(shown).collect::<String>())),
        )
    }

    fn display<'a>(&self, id: &'a FileId) -> Option<impl std::fmt::Display + 'a> {
        Some(self.sources.shown_name(*id))
    }
}

/// Control characters that would act on a terminal are replaced by characters of the same length in bytes,
/// so that offsets stay true.
pub(super) fn shown(c: char) -> char {
    match c {
        '\n' | '\r' | '\t' => c,
        '\u{80}'..='\u{9F}' => '\u{B7}',
        '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => '\u{FFFD}',
        _ if c.is_control() => ' ',
        _ => c,
    }
}
