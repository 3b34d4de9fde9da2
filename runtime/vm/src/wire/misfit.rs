//! Why a JSON text is not a value of its type, with the way to the place.

use crate::DecodeError;
use crate::fault::Fault;
use crate::json::Syntax;

/// One step of the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Segment {
    Member(String),
    Item(usize),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Reason {
    Syntax(String),
    Type(String),
    Fault(Fault),
}

/// A misfit. The way is gathered from the inside out, so reading well costs nothing for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Misfit(Box<(Vec<Segment>, Reason)>);

impl Misfit {
    /// A value of another type than is due.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(Box::new((Vec::new(), Reason::Type(message.into()))))
    }

    /// What is no text of the due form at all.
    pub(crate) fn syntax(message: impl Into<String>) -> Self {
        Self(Box::new((Vec::new(), Reason::Syntax(message.into()))))
    }

    /// The same, one step further in.
    pub(crate) fn within(mut self, segment: Segment) -> Self {
        self.0.0.push(segment);
        self
    }

    /// What it is for somebody who reads an answer or an input. A full heap is not a matter of the text.
    pub(crate) fn into_error(self) -> Result<DecodeError, Fault> {
        let (segments, reason) = *self.0;
        let (message, syntax) = match reason {
            Reason::Syntax(message) => (message, true),
            Reason::Type(message) => (message, false),
            Reason::Fault(fault) => return Err(fault),
        };
        let mut path = "$".to_owned();
        for segment in segments.iter().rev() {
            match segment {
                Segment::Item(index) => path.push_str(&format!("[{index}]")),
                Segment::Member(name) if is_plain(name) => path.push_str(&format!(".{name}")),
                Segment::Member(name) => path.push_str(&format!("[{name:?}]")),
            }
        }
        Ok(DecodeError { path, message, syntax })
    }

    /// What it is in a conversion: a misfit is error `cast`.
    pub(crate) fn into_cast(self) -> Fault {
        self.into_error().map_or_else(|fault| fault, |error| Fault::cast(error.to_string()))
    }
}

fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

impl From<Syntax> for Misfit {
    fn from(Syntax(message): Syntax) -> Self {
        Self::syntax(message)
    }
}

impl From<Fault> for Misfit {
    fn from(fault: Fault) -> Self {
        Self(Box::new((Vec::new(), Reason::Fault(fault))))
    }
}
