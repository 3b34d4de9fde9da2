//! Documents: what is to be printed, and where lines may break.
//!
//! The algebra of Wadler and Oppen: a group stands on one line if it fits, otherwise all of its own lines break.
//! Comments are part of it, because a comment ends its line whatever stands around.

/// A piece of layout.
#[derive(Clone, Debug)]
pub(crate) enum Doc<'t> {
    /// Nothing.
    Nil,
    /// Text without line ends.
    Text(&'t str),
    /// A text of the program that may hold line ends of its own: printed as it is.
    Lines(&'t str),
    /// A part of the source that is kept as it stands; the groups around it break.
    Kept(&'t str),
    /// A blank; nothing where a line ends.
    Space,
    /// A line end where the group breaks, else the text.
    Line {
        /// What stands there when the group does not break.
        flat: &'static str,
        /// Whether the line end leaves a line empty.
        blank: bool,
    },
    /// A line end; the groups around it break.
    Hard {
        /// Whether it leaves a line empty.
        blank: bool,
    },
    /// Comments, with a line end after the last; the groups around them break.
    Comments {
        /// The comments in order.
        comments: Vec<Comment<'t>>,
        /// Whether an empty line follows.
        blank_after: bool,
    },
    /// One text where the group breaks, another where it does not.
    IfBroken {
        /// In a broken group.
        broken: &'static str,
        /// In a group on one line.
        flat: &'static str,
    },
    /// One after the other.
    Concat(Vec<Doc<'t>>),
    /// One step further in.
    Indent(Box<Doc<'t>>),
    /// On one line if it fits.
    Group {
        /// What stands in it.
        body: Box<Doc<'t>>,
        /// Whether it breaks whatever the width.
        breaks: bool,
    },
    /// Contents and separators in turn; each separator breaks only where what follows does not fit.
    Fill(Vec<Doc<'t>>),
}

/// A comment and how it stands to the code before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Comment<'t> {
    /// The comment from its slashes on, without blanks at its end.
    pub(crate) text: &'t str,
    /// Where it stood, if on the line of what it follows.
    pub(crate) trailing: Option<Trailing>,
    /// Whether an empty line is before it.
    pub(crate) blank_before: bool,
}

/// The place of a comment that follows code on its line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Trailing {
    /// Blanks between the code and the comment.
    pub(crate) gap: usize,
    /// Columns from the first character of the line to the comment.
    pub(crate) offset: usize,
}

impl<'t> Doc<'t> {
    /// A blank, or a line end where the group breaks.
    pub(crate) const LINE: Self = Doc::Line { flat: " ", blank: false };
    /// Nothing, or a line end where the group breaks.
    pub(crate) const SOFT: Self = Doc::Line { flat: "", blank: false };

    /// On one line if it fits.
    pub(crate) fn group(body: Self) -> Self {
        let breaks = body.breaks();
        Doc::Group { body: Box::new(body), breaks }
    }

    /// One step further in.
    pub(crate) fn indent(body: Self) -> Self {
        Doc::Indent(Box::new(body))
    }

    /// Whether it cannot stand on one line.
    pub(crate) fn breaks(&self) -> bool {
        match self {
            Doc::Hard { .. } | Doc::Comments { .. } | Doc::Kept(_) => true,
            Doc::Concat(docs) | Doc::Fill(docs) => docs.iter().any(Doc::breaks),
            Doc::Indent(body) => body.breaks(),
            Doc::Group { breaks, .. } => *breaks,
            _ => false,
        }
    }
}
