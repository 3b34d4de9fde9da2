//! What goes wrong inside the machine, before it is an error of the language.

use std::borrow::Cow;

/// Why an instruction has no result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The heap is full. The machine collects and tries the instruction once more before it is error `limit`.
    Full,
    /// An invariant of the machine's state does not hold. The verifier and the machine keep them all, so only
    /// the bytes of a changed state can bring this about.
    Damaged,
    /// Error `arithmetic`.
    Arithmetic(Cow<'static, str>),
    /// Error `range`.
    Range(Cow<'static, str>),
    /// Error `cast`.
    Cast(Cow<'static, str>),
    /// Error `limit`.
    Limit(Cow<'static, str>),
    /// An error object of the heap is raised.
    Raised(u64),
}

impl Fault {
    pub(crate) fn arithmetic(message: &'static str) -> Self {
        Fault::Arithmetic(Cow::Borrowed(message))
    }

    pub(crate) fn cast(message: impl Into<Cow<'static, str>>) -> Self {
        Fault::Cast(message.into())
    }

    pub(crate) fn limit(message: &'static str) -> Self {
        Fault::Limit(Cow::Borrowed(message))
    }
}
