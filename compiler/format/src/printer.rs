//! Documents to text: decides which groups stand on one line.
//!
//! Blanks and line ends are held back until text follows, so that no line ends with blanks and a trailing comment
//! still finds the line that it belongs to.

use crate::document::{Comment, Doc};

/// Columns of one step of indentation.
const STEP: usize = 2;

/// Blanks between code and a comment behind it, at least.
const COMMENT_GAP: usize = 2;

/// Prints a document for lines of a width.
pub(crate) fn print(doc: &Doc<'_>, columns: usize) -> String {
    let mut printer = Printer { columns, ..Printer::default() };
    printer.run(doc);
    // A text without its quotes may hold the end of the file.
    if !printer.out.is_empty() && !printer.out.ends_with('\n') {
        printer.out.push('\n');
    }
    printer.out
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Flat,
    Broken,
}

/// What is still to be printed.
#[derive(Clone, Copy)]
enum Task<'d, 't> {
    Doc(usize, Mode, &'d Doc<'t>),
    /// Contents and separators, from a content on.
    Fill(usize, &'d [Doc<'t>]),
    /// Contents and separators, from a separator on.
    Separator(usize, &'d [Doc<'t>]),
}

/// A line end that is due before the next text.
#[derive(Clone, Copy)]
struct Due {
    blank: bool,
    indent: usize,
}

#[derive(Default)]
struct Printer {
    columns: usize,
    out: String,
    column: usize,
    /// Indentation of the line that is being written.
    line_indent: usize,
    due: Option<Due>,
    space_due: bool,
}

impl Printer {
    fn run<'d, 't>(&mut self, doc: &'d Doc<'t>) {
        let mut tasks = vec![Task::Doc(0, Mode::Broken, doc)];
        while let Some(task) = tasks.pop() {
            match task {
                Task::Doc(indent, mode, doc) => self.doc(indent, mode, doc, &mut tasks),
                Task::Fill(indent, docs) => Self::fill(indent, docs, &mut tasks),
                Task::Separator(indent, docs) => self.separator(indent, docs, &mut tasks),
            }
        }
    }

    fn doc<'d, 't>(&mut self, indent: usize, mode: Mode, doc: &'d Doc<'t>, tasks: &mut Vec<Task<'d, 't>>) {
        match doc {
            Doc::Nil => {}
            Doc::Text(text) => self.text(text),
            Doc::Lines(text) | Doc::Kept(text) => self.lines(text),
            Doc::Space => self.space_due = true,
            Doc::IfBroken { broken, flat } => self.text(if mode == Mode::Broken { broken } else { flat }),
            Doc::Line { blank, .. } if mode == Mode::Broken => self.end_line(indent, *blank),
            Doc::Line { flat, .. } => self.space_due |= !flat.is_empty(),
            Doc::Hard { blank } => self.end_line(indent, *blank),
            Doc::Comments { comments, blank_after } => {
                for comment in comments {
                    self.comment(indent, comment);
                }
                self.end_line(indent, *blank_after);
            }
            Doc::Concat(docs) => tasks.extend(docs.iter().rev().map(|doc| Task::Doc(indent, mode, doc))),
            Doc::Indent(body) => tasks.push(Task::Doc(indent + STEP, mode, body)),
            Doc::Group { body, breaks } => {
                let is_flat = mode == Mode::Flat || (!breaks && self.fits(body, tasks));
                let mode = if is_flat { Mode::Flat } else { Mode::Broken };
                tasks.push(Task::Doc(indent, mode, body));
            }
            Doc::Fill(docs) if mode == Mode::Flat => {
                tasks.extend(docs.iter().rev().map(|doc| Task::Doc(indent, Mode::Flat, doc)));
            }
            Doc::Fill(docs) => tasks.push(Task::Fill(indent, docs)),
        }
    }

    /// Prints the first content of a fill; its separator is decided about after it.
    fn fill<'d, 't>(indent: usize, docs: &'d [Doc<'t>], tasks: &mut Vec<Task<'d, 't>>) {
        if let Some((content, rest)) = docs.split_first() {
            tasks.push(Task::Separator(indent, rest));
            tasks.push(Task::Doc(indent, Mode::Broken, content));
        }
    }

    /// Prints the first separator of a fill: a line end only where the content after it does not fit.
    fn separator<'d, 't>(&self, indent: usize, docs: &'d [Doc<'t>], tasks: &mut Vec<Task<'d, 't>>) {
        if let Some((separator, rest)) = docs.split_first() {
            tasks.push(Task::Fill(indent, rest));
            let fits = !separator.breaks() && self.fits(separator, tasks);
            tasks.push(Task::Doc(indent, if fits { Mode::Flat } else { Mode::Broken }, separator));
        }
    }

    /// Whether a document fits on the rest of the line, up to where the line may end in what follows it.
    fn fits<'d, 't>(&self, doc: &'d Doc<'t>, rest: &[Task<'d, 't>]) -> bool {
        let start = self.due.map_or(self.column + usize::from(self.space_due), |due| due.indent);
        let Some(mut left) = self.columns.checked_sub(start) else { return false };
        let mut rest = rest.iter().rev();
        let mut tasks: Vec<(Mode, &Doc<'t>)> = vec![(Mode::Flat, doc)];
        loop {
            let Some((mode, doc)) = tasks.pop() else {
                match rest.next() {
                    Some(Task::Doc(_, mode, doc)) => tasks.push((*mode, doc)),
                    Some(Task::Fill(_, docs) | Task::Separator(_, docs)) => {
                        // After a content comes a line end.
                        tasks.extend(docs.iter().take(2).rev().map(|doc| (Mode::Broken, doc)));
                    }
                    None => return true,
                }
                continue;
            };
            let width = match doc {
                Doc::Nil => 0,
                Doc::Text(text) => width(text),
                Doc::Space => 1,
                Doc::IfBroken { broken, flat } => width(if mode == Mode::Broken { broken } else { flat }),
                Doc::Line { flat, .. } if mode == Mode::Flat => flat.len(),
                Doc::Line { .. } | Doc::Hard { .. } | Doc::Comments { .. } => return true,
                Doc::Lines(text) | Doc::Kept(text) => match text.split_once('\n') {
                    Some((first, _)) => return width(first) <= left,
                    None => width(text),
                },
                Doc::Concat(docs) | Doc::Fill(docs) => {
                    tasks.extend(docs.iter().rev().map(|doc| (mode, doc)));
                    0
                }
                Doc::Indent(body) => {
                    tasks.push((mode, body));
                    0
                }
                Doc::Group { body, breaks } => {
                    tasks.push((if *breaks { Mode::Broken } else { mode }, body));
                    0
                }
            };
            match left.checked_sub(width) {
                Some(less) => left = less,
                None => return false,
            }
        }
    }

    fn end_line(&mut self, indent: usize, blank: bool) {
        let blank = blank || self.due.is_some_and(|due| due.blank);
        self.due = Some(Due { blank, indent });
        self.space_due = false;
    }

    /// Writes the line ends or the blank that are due.
    fn settle(&mut self) {
        if let Some(due) = self.due.take() {
            if !self.out.is_empty() {
                self.out.push_str(if due.blank { "\n\n" } else { "\n" });
            }
            self.blanks(due.indent);
            self.column = due.indent;
            self.line_indent = due.indent;
        } else if self.space_due {
            self.blanks(1);
            self.column += 1;
        }
        self.space_due = false;
    }

    fn blanks(&mut self, count: usize) {
        self.out.extend(std::iter::repeat_n(' ', count));
    }

    fn text(&mut self, text: &str) {
        if !text.is_empty() {
            self.settle();
            self.out.push_str(text);
            self.column += width(text);
        }
    }

    fn lines(&mut self, text: &str) {
        self.settle();
        let mut lines = text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line));
        if let Some(first) = lines.next() {
            self.out.push_str(first);
            self.column += width(first);
        }
        for line in lines {
            self.out.push('\n');
            self.out.push_str(line);
            self.column = width(line);
            self.line_indent = indentation(line);
        }
    }

    fn comment(&mut self, indent: usize, comment: &Comment<'_>) {
        match comment.trailing {
            Some(trailing) if self.due.is_none() && !self.out.is_empty() => {
                // Two blanks or fewer are no alignment that the author chose.
                let aligned = (trailing.gap > COMMENT_GAP).then_some(trailing.offset + self.line_indent);
                let column = aligned.unwrap_or(0).max(self.column + COMMENT_GAP);
                self.space_due = false;
                self.blanks(column - self.column);
                self.column = column;
            }
            _ => {
                self.end_line(indent, comment.blank_before);
                self.settle();
            }
        }
        self.out.push_str(comment.text);
        self.column += width(comment.text);
        self.end_line(indent, false);
    }
}

/// Columns that a text takes.
pub(crate) fn width(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.chars().count() }
}

/// Blanks that a line starts with.
pub(crate) fn indentation(line: &str) -> usize {
    line.len() - line.trim_start_matches([' ', '\t']).len()
}
