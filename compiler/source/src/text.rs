//! Texts by [`FileId`], with a line index each.

use std::sync::Arc;

use line_index::{LineIndex, TextSize, WideEncoding};

use crate::{FileId, Span};

/// A place for people: both numbers count from 1, columns count characters (Unicode scalars).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Line, from 1.
    pub line: u32,
    /// Column in Unicode scalars, from 1.
    pub column: u32,
}

/// One text and its line index.
#[derive(Clone, Debug)]
pub struct SourceFile {
    id: FileId,
    name: Arc<str>,
    text: Arc<str>,
    lines: LineIndex,
}

impl SourceFile {
    /// The file's id.
    pub fn id(&self) -> FileId {
        self.id
    }

    /// The name shown to people, as the world gave it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text under a span, or an empty text where the span does not fit.
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.range()).unwrap_or("")
    }

    /// A span over the whole text.
    pub fn span(&self) -> Span {
        Span::new(self.id, 0, self.len())
    }

    fn len(&self) -> u32 {
        u32::try_from(self.text.len()).unwrap_or(u32::MAX)
    }

    /// Moves an offset back to the nearest character boundary inside the text.
    pub fn clamp(&self, offset: u32) -> u32 {
        let mut at = offset.min(self.len()) as usize;
        while !self.text.is_char_boundary(at) {
            at -= 1;
        }
        at as u32
    }

    /// The place of a byte offset; offsets past the end give the end.
    pub fn position(&self, offset: u32) -> Position {
        let found = self.lines.line_col(TextSize::new(self.clamp(offset)));
        let wide = self.lines.to_wide(WideEncoding::Utf32, found);
        Position { line: found.line + 1, column: wide.map_or(found.col, |wide| wide.col) + 1 }
    }

    /// The line of a byte offset from 1, and its column in bytes from 1: what is found without reading the line.
    pub fn line_column(&self, offset: u32) -> (u32, u32) {
        let found = self.lines.line_col(TextSize::new(self.clamp(offset)));
        (found.line + 1, found.col + 1)
    }

    /// The zero-based line and UTF-16 column of a byte offset, as LSP counts them.
    pub fn utf16_position(&self, offset: u32) -> (u32, u32) {
        let found = self.lines.line_col(TextSize::new(self.clamp(offset)));
        let wide = self.lines.to_wide(WideEncoding::Utf16, found);
        (found.line, wide.map_or(found.col, |wide| wide.col))
    }

    /// The byte offset of a zero-based line and UTF-16 column, or `None` past the end.
    pub fn offset_of_utf16(&self, line: u32, column: u32) -> Option<u32> {
        let wide = line_index::WideLineCol { line, col: column };
        let narrow = self.lines.to_utf8(WideEncoding::Utf16, wide)?;
        self.lines.offset(narrow).map(u32::from).filter(|offset| *offset <= self.len())
    }
}

/// All texts of a compilation.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    files: Vec<SourceFile>,
    prefix: String,
}

impl Sources {
    /// Adds a text and gives it an id. Texts of 4 GiB and more are the caller's to refuse.
    pub fn add(&mut self, name: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> FileId {
        let text = text.into();
        let id = FileId(u32::try_from(self.files.len()).unwrap_or(u32::MAX));
        let lines = LineIndex::new(&text);
        self.files.push(SourceFile { id, name: name.into(), text, lines });
        id
    }

    /// The file of an id that this collection handed out.
    pub fn get(&self, id: FileId) -> Option<&SourceFile> {
        self.files.get(id.0 as usize)
    }

    /// All files, in the order of adding.
    pub fn iter(&self) -> impl Iterator<Item = &SourceFile> {
        self.files.iter()
    }

    /// Says what people must put before the files' names to find them, such as `examples/order/`.
    pub fn set_prefix(&mut self, prefix: impl Into<String>) {
        self.prefix = prefix.into();
    }

    /// A file's name as people find it: the prefix and the name.
    pub fn shown_name(&self, id: FileId) -> String {
        self.get(id)
            .map_or_else(|| String::from("<unknown>"), |file| format!("{}{}", self.prefix, file.name()))
    }

    /// The text under a span, or an empty text where there is none.
    pub fn slice(&self, span: Span) -> &str {
        self.get(span.file).map_or("", |file| file.slice(span))
    }

    /// `name:line` of a span's start, for one-line messages.
    pub fn place(&self, span: Span) -> String {
        match self.get(span.file) {
            Some(file) => format!("{}:{}", self.shown_name(span.file), file.position(span.start).line),
            None => self.shown_name(span.file),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_lines_and_characters_from_one() {
        let mut sources = Sources::default();
        let id = sources.add("a.flow", "ä𝕏b\r\nsecond");
        let file = sources.get(id).unwrap();
        assert_eq!(file.position(0), Position { line: 1, column: 1 });
        assert_eq!(file.position(6), Position { line: 1, column: 3 });
        assert_eq!(file.utf16_position(6), (0, 3));
        assert_eq!(file.offset_of_utf16(0, 3), Some(6));
        assert_eq!(file.position(9), Position { line: 2, column: 1 });
        assert_eq!(file.position(4), file.position(2), "an offset inside a character is its start");
        assert_eq!(file.position(999), file.position(15));
    }
}
