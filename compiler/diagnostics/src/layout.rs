//! How the text of an edit is laid out where it is put: phases know what is to stand there, not how far in.

use flow_source::{SourceFile, Sources, Span};

use crate::{Change, Diagnostic};

/// Fits the edits of diagnostics into their texts: a line that an edit begins goes as far in as the line that the
/// edit is put into, and a removal that would leave a line blank takes the line with it.
pub fn lay_out(diagnostics: &mut [Diagnostic], sources: &Sources) {
    let edits = diagnostics.iter_mut().flat_map(|diagnostic| &mut diagnostic.edits);
    for change in edits.flat_map(|edit| &mut edit.changes) {
        if let Some(file) = sources.get(change.span.file) {
            fit(change, file);
        }
    }
}

fn fit(change: &mut Change, file: &SourceFile) {
    let (hangs, removes) = (std::mem::take(&mut change.hangs), change.text.is_empty());
    let has_lines = hangs && change.text.contains('\n');
    if !removes && !has_lines {
        return;
    }
    let text = file.text();
    let (start, end) = (change.span.start as usize, change.span.end as usize);
    let (Some(before), Some(after)) = (text.get(..start), text.get(end..)) else { return };
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let line = text.get(line_start..).unwrap_or("");
    let indentation = line.len() - line.trim_start_matches([' ', '\t']).len();
    let indentation = line.get(..indentation).unwrap_or("");
    if hangs {
        change.text = change.text.replace('\n', &format!("\n{indentation}"));
    }
    let starts_line = before.get(line_start..).is_some_and(|blank| blank.trim().is_empty());
    let rest = after.find('\n').map_or(after.len(), |at| at + 1);
    let ends_line = after.get(..rest).is_some_and(|blank| blank.trim().is_empty());
    if removes && start < end && starts_line && ends_line {
        change.span = Span::new(change.span.file, line_start as u32, (end + rest) as u32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Edit, codes};

    fn applied(text: &str, change: impl FnOnce(&str) -> (usize, usize, &'static str)) -> String {
        let mut sources = Sources::default();
        let file = sources.add("main.flow", text);
        let (start, end, put) = change(text);
        let span = Span::new(file, start as u32, end as u32);
        let edit = Edit::new("mend", vec![Change { hangs: true, ..Change::replace(span, put) }]);
        let mut found = vec![Diagnostic::new(&codes::F0101, span, "wrong").mend(edit)];
        lay_out(&mut found, &sources);
        let change = &found[0].edits[0].changes[0];
        let mut text = text.to_owned();
        text.replace_range(change.span.start as usize..change.span.end as usize, &change.text);
        text
    }

    #[test]
    fn what_is_put_in_is_as_far_in_as_its_line() {
        let text = applied("a {\n  get b\n}\n", |text| {
            let end = text.find("\n}").unwrap();
            (end, end, " {\n  c\n}")
        });
        assert_eq!(text, "a {\n  get b {\n    c\n  }\n}\n");
    }

    #[test]
    fn a_line_of_which_all_is_taken_goes() {
        let whole = applied("a\n  b c\nd\n", |text| (text.find('b').unwrap(), text.find("\nd").unwrap(), ""));
        assert_eq!(whole, "a\nd\n");
        let part = applied("a\n  b c\nd\n", |text| (text.find('b').unwrap(), text.find('c').unwrap(), ""));
        assert_eq!(part, "a\n  c\nd\n");
    }
}
