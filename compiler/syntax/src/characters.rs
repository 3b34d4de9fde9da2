//! Which characters may stand in a source text, and how large it may be.

use flow_diagnostics::{Diagnostic, codes};
use flow_source::{FileId, Span};

use crate::limits::{ERRORS_MAX, FILE_BYTES_MAX, LINE_BYTES_MAX};

/// The mark that may stand at the start of a file.
pub(crate) const BYTE_ORDER_MARK: char = '\u{FEFF}';

/// Why a character may not stand in source, if it may not.
///
/// Controls that reorder what a reader sees can make code look like something else (Trojan Source,
/// CVE-2021-42574), and characters without width make two names look the same.
pub(crate) fn objection(character: char) -> Option<&'static str> {
    match character {
        '\t' | '\n' => None,
        '\r' => Some("a carriage return without a line feed"),
        '\0'..='\u{1F}' | '\u{7F}'..='\u{9F}' => Some("a control character"),
        '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => {
            Some("a character that changes the direction of text")
        }
        '\u{AD}' | '\u{180E}' | '\u{200B}'..='\u{200D}' | '\u{2060}'..='\u{2064}' | BYTE_ORDER_MARK => {
            Some("a character without width")
        }
        '\u{2028}' | '\u{2029}' => Some("a line end that is not a line feed"),
        '\u{E0000}'..='\u{E007F}' => Some("an invisible tag character"),
        _ => None,
    }
}

/// The character as an escape that a terminal shows as it is.
fn escaped(character: char) -> String {
    format!("\\u{{{:04X}}}", u32::from(character))
}

/// Checks the size of a text. Where this gives a diagnostic, the text is not read further.
pub(crate) fn check_size(file: FileId, text: &str) -> Option<Diagnostic> {
    (text.len() > FILE_BYTES_MAX).then(|| {
        let message = format!("the file has {} bytes, and the limit is {FILE_BYTES_MAX} bytes", text.len());
        Diagnostic::new(&codes::F0004, Span::at(file, 0), message)
            .help("split it into several files that import each other")
    })
}

/// Checks each character and each line of a text.
pub(crate) fn check(file: FileId, text: &str, diagnostics: &mut Vec<Diagnostic>) {
    let mut line_start = 0;
    let mut reported_line = false;
    for (offset, character) in text.char_indices() {
        if character == '\n' {
            line_start = offset + 1;
            reported_line = false;
        } else if offset - line_start > LINE_BYTES_MAX && !reported_line {
            reported_line = true;
            let message = format!("the line is longer than the limit of {LINE_BYTES_MAX} bytes");
            diagnostics.push(Diagnostic::new(&codes::F0004, place(file, line_start, 0), message));
        }
        let Some(reason) = objection(character) else { continue };
        if diagnostics.len() > 2 * ERRORS_MAX {
            // More than these are never shown.
            return;
        }
        let at_start = offset == 0 && character == BYTE_ORDER_MARK;
        let line_end = character == '\r' && text.as_bytes().get(offset + 1) == Some(&b'\n');
        if at_start || line_end {
            continue;
        }
        let shown = escaped(character);
        let span = place(file, offset, character.len_utf8());
        diagnostics.push(
            Diagnostic::new(
                &codes::F0003,
                span,
                format!("`{shown}` at byte {offset} is not permitted in source"),
            )
            .label(reason)
            .help(format!("remove it; in a string, write the escape `{shown}`"))
            .edit("remove the character", span, ""),
        );
    }
}

fn place(file: FileId, offset: usize, len: usize) -> Span {
    let clamp = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    Span::new(file, clamp(offset), clamp(offset + len))
}
