//! Findings that only follow from a syntax error: what the parser could not read is not known to the phases after it, and
//! mostly not what the rest of its line means.

use flow_diagnostics::{Code, Diagnostic, codes};
use flow_source::{FileId, Sources};
use rustc_hash::FxHashSet;

/// What makes a line of which not all was read.
const BROKEN: [&Code; 3] = [&codes::F0101, &codes::F0102, &codes::F0103];

/// What is said of names that nobody declared, or that nobody uses.
const OF_NAMES: [&Code; 17] = [
    &codes::F0201,
    &codes::F0202,
    &codes::F0203,
    &codes::F0204,
    &codes::F0205,
    &codes::F0206,
    &codes::F0208,
    &codes::F0211,
    &codes::F0302,
    &codes::F0303,
    &codes::F0305,
    &codes::F0306,
    &codes::F0309,
    &codes::F0326,
    &codes::F0401,
    &codes::F1001,
    &codes::F1002,
];

/// The lines of a program that were not read as a whole, and the words that stand on them.
#[derive(Debug)]
pub(crate) struct Unread<'a> {
    sources: &'a Sources,
    lines: FxHashSet<(FileId, u32)>,
    words: FxHashSet<&'a str>,
}

impl<'a> Unread<'a> {
    /// The lines that syntax errors stand on.
    pub(crate) fn new(sources: &'a Sources, syntax: &[Diagnostic]) -> Self {
        let mut unread = Self { sources, lines: FxHashSet::default(), words: FxHashSet::default() };
        for found in syntax.iter().filter(|found| BROKEN.iter().any(|code| found.code == code.id)) {
            for label in std::iter::once(&found.primary).chain(&found.secondary) {
                let Some(file) = sources.get(label.span.file) else { continue };
                let line = file.position(label.span.start).line;
                if unread.lines.insert((label.span.file, line)) {
                    unread.words.extend(words(line_at(file.text(), label.span.start)));
                }
            }
        }
        unread
    }

    /// Whether something that a later phase found may be nothing but the consequence of a syntax error: it stands on the
    /// same line, or it is said of a name that stands on one.
    pub(crate) fn leads_to(&self, found: &Diagnostic) -> bool {
        if self.lines.is_empty() {
            return false;
        }
        let span = found.primary.span;
        let line = self.sources.get(span.file).map(|file| file.position(span.start).line);
        line.is_some_and(|line| self.lines.contains(&(span.file, line)))
            || (OF_NAMES.iter().any(|code| found.code == code.id) && self.names_one(&found.message))
    }

    /// Whether what a message quotes has one of the words in it.
    fn names_one(&self, message: &str) -> bool {
        message.split('`').skip(1).step_by(2).flat_map(words).any(|word| self.words.contains(word))
    }
}

/// Leaves out syntax errors that an earlier one on their line may have led to: those that nothing certain would mend.
pub(crate) fn leave_out_followers(sources: &Sources, syntax: &mut Vec<Diagnostic>) {
    let mut lines: FxHashSet<(FileId, u32)> = FxHashSet::default();
    syntax.retain(|found| {
        let span = found.primary.span;
        let Some(file) = sources.get(span.file) else { return true };
        let is_first = lines.insert((span.file, file.position(span.start).line));
        is_first || found.code != codes::F0101.id || !found.edits.is_empty()
    });
}

/// The line that an offset stands on.
fn line_at(text: &str, offset: u32) -> &str {
    let (before, after) = text.split_at_checked(offset as usize).unwrap_or((text, ""));
    let start = before.rfind('\n').map_or(0, |end| end + 1);
    let end = after.find('\n').map_or(text.len(), |end| before.len() + end);
    text.get(start..end).unwrap_or("")
}

/// The words of a text that can be names.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.split(move |c| !is_part(c))
        .filter(|word| word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_'))
}
