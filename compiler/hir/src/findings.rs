//! Findings of a phase: as many as somebody would read, and how many there were beyond.

use flow_diagnostics::{Diagnostic, Severity, codes};
use flow_source::Span;

/// The most errors, and the most warnings and notes, that one phase gives.
const ERRORS_MAX: usize = 500;
const REMARKS_MAX: usize = 200;

/// Diagnostics that are collected up to a limit.
#[derive(Debug, Default)]
pub struct Findings {
    errors: Vec<Diagnostic>,
    remarks: Vec<Diagnostic>,
    errors_more: usize,
    remarks_more: usize,
}

impl Findings {
    /// Notes a finding.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        let (list, more, max) = match diagnostic.severity {
            Severity::Error => (&mut self.errors, &mut self.errors_more, ERRORS_MAX),
            Severity::Warning | Severity::Note => (&mut self.remarks, &mut self.remarks_more, REMARKS_MAX),
        };
        if list.len() < max {
            list.push(diagnostic);
        } else {
            *more += 1;
        }
    }

    /// Whether there is an error inside of a place.
    pub fn has_error_in(&self, span: Span) -> bool {
        self.errors.iter().any(|error| {
            let at = error.primary.span;
            at.file == span.file && span.start <= at.start && at.end <= span.end
        })
    }

    /// Whether another error is only counted: what takes long to say need not be found out for it.
    pub fn is_full(&self) -> bool {
        self.errors.len() >= ERRORS_MAX
    }

    /// All of them, with a last one that counts those left out.
    pub fn finish(mut self) -> Vec<Diagnostic> {
        for (list, more, what) in [
            (&mut self.errors, self.errors_more, "errors"),
            (&mut self.remarks, self.remarks_more, "warnings"),
        ] {
            if more > 0
                && let Some(last) = list.last()
            {
                let span = Span::at(last.primary.span.file, last.primary.span.end);
                list.push(Diagnostic::new(&codes::F0217, span, format!("{more} more {what} follow")));
            }
        }
        self.errors.append(&mut self.remarks);
        self.errors
    }
}

#[cfg(test)]
mod tests {
    use flow_source::FileId;

    use super::*;

    #[test]
    fn warnings_never_hide_errors_and_what_is_left_out_is_counted() {
        let span = Span::at(FileId(0), 0);
        let mut findings = Findings::default();
        for index in 0..REMARKS_MAX + 3 {
            findings.push(Diagnostic::new(&codes::F1001, span, format!("`x{index}` is never used")));
        }
        findings.push(Diagnostic::new(&codes::F0201, span, "there is no name `y`"));
        let all = findings.finish();
        assert_eq!(all.iter().filter(|diagnostic| diagnostic.is_error()).count(), 1);
        assert_eq!(all.last().map(|last| last.message.as_str()), Some("3 more warnings follow"));
        assert_eq!(all.len(), REMARKS_MAX + 2);
    }
}
