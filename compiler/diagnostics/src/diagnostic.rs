//! The diagnostic value: facts first, and the edits that would mend what it is about.

use flow_source::{FileId, Span};

use crate::Code;

/// How grave a diagnostic is. Errors stop a compilation; warnings and notes do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The program is not accepted.
    Error,
    /// Accepted, but probably not what was meant.
    Warning,
    /// Worth knowing.
    Note,
}

/// A place, and what is to be said about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What, as a phrase in lower case without a full stop; may be empty on a primary label.
    pub text: String,
}

/// One replacement of text. An empty span inserts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The bytes that are replaced.
    pub span: Span,
    /// What stands there afterwards.
    pub text: String,
    /// Whether the lines that the text begins go as far in as the line that it is put into, which the phases do not
    /// know: [`crate::lay_out`] sees to it.
    pub hangs: bool,
}

impl Change {
    /// Puts a text in the place of another.
    pub fn replace(span: Span, text: impl Into<String>) -> Self {
        Self { span, text: text.into(), hangs: false }
    }

    /// Puts a text before the byte at an offset.
    pub fn insert(file: FileId, at: u32, text: impl Into<String>) -> Self {
        Self::replace(Span::at(file, at), text)
    }

    /// Puts lines before the byte at an offset, each as far in as the line there, and as it says itself.
    pub fn insert_lines(file: FileId, at: u32, text: impl Into<String>) -> Self {
        Self { hangs: true, ..Self::insert(file, at, text) }
    }

    /// Takes a text away.
    pub fn remove(span: Span) -> Self {
        Self::replace(span, "")
    }
}

/// A change that would mend the matter, offered to an editor or a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// What the edit does, as an instruction: ``rename to `status` ``.
    pub title: String,
    /// The replacements; they do not overlap.
    pub changes: Vec<Change>,
    /// Whether it is but a guess at what was meant, for people to confirm.
    pub guess: bool,
}

impl Edit {
    /// An edit that says what is certainly meant.
    pub fn new(title: impl Into<String>, changes: Vec<Change>) -> Self {
        Self { title: title.into(), changes, guess: false }
    }

    /// An edit that is but likely.
    pub fn guess(title: impl Into<String>, changes: Vec<Change>) -> Self {
        Self { title: title.into(), changes, guess: true }
    }
}

impl IntoIterator for Edit {
    type Item = Self;
    type IntoIter = std::iter::Once<Self>;

    fn into_iter(self) -> Self::IntoIter {
        std::iter::once(self)
    }
}

/// One finding: what was found, where, why, and how to mend it.
///
/// A runtime failure is one too; its `code` is then the name of the error, as in `error[Declined]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// A registered code's id, or the name of a runtime error.
    pub code: String,
    /// How grave it is.
    pub severity: Severity,
    /// One phrase in lower case without a full stop; the user's own words in backticks.
    pub message: String,
    /// The place that it is about.
    pub primary: Label,
    /// Other places that explain it.
    pub secondary: Vec<Label>,
    /// Further facts, a sentence or phrase each.
    pub notes: Vec<String>,
    /// How to mend it, in one sentence or phrase.
    pub help: Option<String>,
    /// Edits that would mend it, the likeliest first.
    pub edits: Vec<Edit>,
}

impl Diagnostic {
    /// A finding under a registered code.
    pub fn new(code: &'static Code, span: Span, message: impl Into<String>) -> Self {
        Self::of(code.id.to_owned(), code.severity, span, message.into())
    }

    /// A failure at run time: `name` is the error's name.
    pub fn failure(name: impl Into<String>, span: Span, message: impl Into<String>) -> Self {
        Self::of(name.into(), Severity::Error, span, message.into())
    }

    fn of(code: String, severity: Severity, span: Span, message: String) -> Self {
        let primary = Label { span, text: String::new() };
        Self {
            code,
            severity,
            message,
            primary,
            secondary: Vec::new(),
            notes: Vec::new(),
            help: None,
            edits: Vec::new(),
        }
    }

    /// The same finding in a file of another id: every place moves. For findings of one file alone.
    #[must_use]
    pub fn in_file(mut self, file: FileId) -> Self {
        self.primary.span.file = file;
        self.secondary.iter_mut().for_each(|label| label.span.file = file);
        let changes = self.edits.iter_mut().flat_map(|edit| &mut edit.changes);
        changes.for_each(|change| change.span.file = file);
        self
    }

    /// Says something at the primary place itself.
    #[must_use]
    pub fn label(mut self, text: impl Into<String>) -> Self {
        self.primary.text = text.into();
        self
    }

    /// Adds a place that explains.
    #[must_use]
    pub fn also(mut self, span: Span, text: impl Into<String>) -> Self {
        self.secondary.push(Label { span, text: text.into() });
        self
    }

    /// Adds a fact.
    #[must_use]
    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(text.into());
        self
    }

    /// Says how to mend it.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    /// Offers an edit of one replacement.
    #[must_use]
    pub fn edit(self, title: impl Into<String>, span: Span, text: impl Into<String>) -> Self {
        self.mend(Edit::new(title, vec![Change::replace(span, text)]))
    }

    /// Offers an edit, or several, or none.
    #[must_use]
    pub fn mend(mut self, edits: impl IntoIterator<Item = Edit>) -> Self {
        self.edits.extend(edits);
        self
    }

    /// Suggests the name that was probably meant, and the edit that puts it there.
    #[must_use]
    pub fn did_you_mean(self, span: Span, near: &str) -> Self {
        let change = Change::replace(span, near);
        self.help(format!("did you mean `{near}`?"))
            .mend(Edit::guess(format!("change to `{near}`"), vec![change]))
    }

    /// Whether it stops a compilation.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// Puts diagnostics in the order in which people read them: by file, by place, errors first; and drops
/// exact repeats.
pub fn sort(diagnostics: &mut Vec<Diagnostic>) {
    diagnostics.sort_by(|a, b| {
        (a.primary.span, a.severity, &a.code, &a.message).cmp(&(
            b.primary.span,
            b.severity,
            &b.code,
            &b.message,
        ))
    });
    diagnostics.dedup();
}
