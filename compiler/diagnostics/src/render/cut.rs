//! Excerpts of lines that are wider than there is room: for each place where it is, and what stands around it.

use std::fmt::Write as _;

use flow_source::{SourceFile, Sources, Span};

use super::terminal::{NOTE, printable, shown, wrapped};
use crate::{Diagnostic, Label};

/// A line of more bytes is not shown as a whole, however wide the terminal is.
const LINE_SHOWN_MAX: usize = 1_000;

/// Columns that the frame of a line takes beside its number: blanks, the frame itself, the marks of the cut.
const FRAME: usize = 6;

/// Columns that are shown of a line at least.
const ROOM_MIN: usize = 20;

/// Columns that are shown of a line at most, where nobody says how many there are.
const ROOM: usize = 90;

/// Whether a diagnostic is about a line that is wider than so many columns, its frame included.
pub(super) fn is_needed(diagnostic: &Diagnostic, sources: &Sources, columns: Option<usize>) -> bool {
    labels(diagnostic).any(|label| {
        let Some(file) = sources.get(label.span.file) else { return false };
        let ends = [label.span.start, label.span.end];
        let frame = FRAME + digits(file, label.span.end);
        ends.into_iter().any(|at| is_wide(file, at, columns.map(|columns| columns.saturating_sub(frame))))
    })
}

fn labels(diagnostic: &Diagnostic) -> impl Iterator<Item = &Label> {
    std::iter::once(&diagnostic.primary).chain(&diagnostic.secondary)
}

/// The columns of the number of a line.
fn digits(file: &SourceFile, at: u32) -> usize {
    file.line_column(at).0.to_string().len()
}

/// Whether the line at an offset has more characters than there is room for.
fn is_wide(file: &SourceFile, at: u32, room: Option<usize>) -> bool {
    let text = file.text().as_bytes();
    let (before, after) = text.split_at((file.clamp(at) as usize).min(text.len()));
    // Only what begins a character counts.
    let count = |bytes: &mut dyn Iterator<Item = &u8>| {
        let line = bytes.take(LINE_SHOWN_MAX).take_while(|byte| **byte != b'\n');
        let mut chars = (0, 0);
        line.for_each(|byte| chars = (chars.0 + 1, chars.1 + usize::from(byte & 0xC0 != 0x80)));
        chars
    };
    let (start, end) = (count(&mut before.iter().rev()), count(&mut after.iter()));
    start.0 + end.0 >= LINE_SHOWN_MAX || room.is_some_and(|room| start.1 + end.1 > room)
}

/// The excerpts with what else is to say, for so many columns; `prose` wraps texts.
pub(super) fn excerpts(
    diagnostic: &Diagnostic,
    sources: &Sources,
    columns: Option<usize>,
    prose: usize,
) -> String {
    let files = labels(diagnostic).filter_map(|label| Some((sources.get(label.span.file)?, label.span)));
    let margin = files.map(|(file, span)| digits(file, span.start)).max().unwrap_or(1);
    let room = columns.map_or(ROOM, |columns| columns.saturating_sub(FRAME + margin)).max(ROOM_MIN);
    let (mut out, mut edge) = (String::new(), "╭");
    for label in labels(diagnostic) {
        let Some(file) = sources.get(label.span.file) else { continue };
        let (line, column) = file.line_column(label.span.start);
        // Columns of long lines are counted by nobody, and counting them takes as long as the line is.
        let place = if is_wide(file, label.span.start, None) {
            format!("{line}, byte {}", label.span.start)
        } else {
            format!("{line}:{column}")
        };
        let cut = Cut::of(file, label.span, room);
        let _ = write!(
            out,
            " {:margin$} {edge}─[ {}:{place} ]\n {line:margin$} │ {}\n {:margin$} │ {}{}",
            "",
            sources.shown_name(label.span.file),
            cut.text,
            "",
            " ".repeat(cut.before),
            "^".repeat(cut.marked),
        );
        let text = printable(&label.text);
        if text.is_empty() || cut.before + cut.marked + 1 + text.chars().count() <= room {
            let _ = writeln!(out, " {text}");
        } else {
            out.push('\n');
            paragraph(&mut out, margin, "", &text, prose);
        }
        edge = "├";
    }
    for note in &diagnostic.notes {
        paragraph(&mut out, margin, "Note: ", &printable(note), prose);
    }
    if let Some(help) = &diagnostic.help {
        paragraph(&mut out, margin, "Help: ", &printable(help), prose);
    }
    let _ = writeln!(out, "─{}─╯", "─".repeat(margin));
    out.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// Lines of prose beside the frame.
fn paragraph(out: &mut String, margin: usize, head: &str, text: &str, prose: usize) {
    let width = prose.saturating_sub(head.len()).max(ROOM_MIN) + NOTE - head.len().min(NOTE);
    for (index, line) in wrapped(text, width, "").lines().enumerate() {
        let head = if index == 0 { head.to_owned() } else { " ".repeat(head.len()) };
        let _ = writeln!(out, " {:margin$} │ {head}{line}", "");
    }
}

/// What is shown of a line around a place.
struct Cut {
    /// The text, with marks where it is cut.
    text: String,
    /// How many columns stand before the place.
    before: usize,
    /// How many the place takes.
    marked: usize,
}

impl Cut {
    /// The part of the line at the beginning of a place that fits into so many columns: the place in its middle, or from
    /// its beginning on where it does not fit.
    fn of(file: &SourceFile, span: Span, room: usize) -> Self {
        let (before, after) = file.text().split_at(file.clamp(span.start) as usize);
        let is_in_line = |c: &char| *c != '\n' && *c != '\r';
        let mut start: Vec<char> = before.chars().rev().take(room).take_while(is_in_line).collect();
        let rest: Vec<char> = after.chars().take(room + 1).take_while(is_in_line).collect();
        let whole = file.slice(span).chars().take(rest.len()).take_while(is_in_line).count();
        let marked = whole.clamp(1, room);
        // What is left of the room stands before the place and after it, more where the other side needs less.
        let left = room - marked;
        let behind = rest.len().saturating_sub(marked);
        let shown_before = start.len().min((left / 2).max(left.saturating_sub(behind)));
        let shown_after = behind.min(left - shown_before);
        let is_cut_before = shown_before < start.len() || start.len() == room;
        start.truncate(shown_before);
        start.reverse();
        let part = rest.iter().take(marked + shown_after);
        let mut text = String::from(if is_cut_before { "…" } else { " " });
        text.extend(start.iter().chain(part).map(|c| if *c == '\t' { ' ' } else { shown(*c) }));
        if marked + shown_after < rest.len() {
            text.push('…');
        }
        Self { text, before: 1 + shown_before, marked }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str, place: &str, room: usize) -> String {
        let mut sources = Sources::default();
        let file = sources.add("main.flow", text);
        let start = text.find(place).unwrap() as u32;
        let cut =
            Cut::of(sources.get(file).unwrap(), Span::new(file, start, start + place.len() as u32), room);
        format!("{}\n{}{}", cut.text, " ".repeat(cut.before), "^".repeat(cut.marked))
    }

    #[test]
    fn a_place_stands_in_the_middle_and_its_marks_below_it() {
        assert_eq!(cut("abcdefgh", "cd", 20), " abcdefgh\n   ^^");
        assert_eq!(cut("x\nabcdefghijklmnopqrst\ny", "jk", 8), "…ghijklmn…\n    ^^");
        assert_eq!(cut("abcdefghijklmnopqrst", "bc", 8), " abcdefgh…\n  ^^");
        assert_eq!(cut("abcdefghijklmnopqrst", "st", 8), "…mnopqrst\n       ^^");
        assert_eq!(cut("abcdefghijklmnopqrst", "cdefghijklmnop", 8), "…cdefghij…\n ^^^^^^^^");
        assert_eq!(cut("ä\u{1b}öüß", "ö", 20), " ä öüß\n   ^");
    }
}
