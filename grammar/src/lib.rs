//! The reference grammar of Flow, and a function that accepts exactly what it describes.
//!
//! In: the text of one file. Out: yes, or the place of the first error. The grammar itself, `flow.pest`, is what the
//! language reference quotes; the compiler's parser is held against it by the tests of this crate. It makes no
//! tree, recovers from nothing, and its messages are poor: that is the parser's work. Nothing that ships uses it.
//! Start reading at `flow.pest`.

use std::num::NonZeroUsize;
use std::sync::Once;

use pest::Parser;
use pest::error::{ErrorVariant, LineColLocation};

/// The text of the grammar.
pub const GRAMMAR: &str = include_str!("../flow.pest");

/// Bytes of a text that the grammar is tried on.
const TEXT_BYTES_MAX: usize = 256 << 10;

/// Rules and repetitions tried in one text: 400 for each byte of the longest. Usual code takes about 30, dense
/// nesting and long chains of operators up to 250.
const CALLS_MAX: NonZeroUsize = NonZeroUsize::MIN.saturating_add(400 * TEXT_BYTES_MAX);

/// Why a text is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GrammarError {
    /// It is not a sentence of the language.
    #[error("{line}:{column}: {expected}")]
    Refused {
        /// The line of the first character that does not fit, from 1.
        line: usize,
        /// Its column in characters, from 1.
        column: usize,
        /// Which rules would have fitted there.
        expected: String,
    },
    /// It could not be decided within the limits.
    #[error("the text is too long or nested too deep to be decided")]
    Undecided,
}

mod rules {
    //! What the grammar becomes.

    /// Accepts texts.
    #[derive(pest_derive::Parser)]
    #[grammar = "flow.pest"]
    pub(crate) struct Flow;
}

/// Whether a text is a file of the language.
///
/// ```
/// assert!(flow_grammar::accepts("error Declined { reason: string }\n").is_ok());
/// assert!(flow_grammar::accepts("error Declined").is_err());
/// ```
///
/// # Errors
/// The place of the first error, or that the text goes past the limits of this crate.
pub fn accepts(text: &str) -> Result<(), GrammarError> {
    static LIMIT: Once = Once::new();
    LIMIT.call_once(|| pest::set_call_limit(Some(CALLS_MAX)));
    if text.len() > TEXT_BYTES_MAX {
        return Err(GrammarError::Undecided);
    }
    match rules::Flow::parse(rules::Rule::file, text) {
        Ok(_) => Ok(()),
        Err(error) => Err(refusal(&error)),
    }
}

fn refusal(error: &pest::error::Error<rules::Rule>) -> GrammarError {
    let (line, column) = match error.line_col {
        LineColLocation::Pos(at) | LineColLocation::Span(at, _) => at,
    };
    match &error.variant {
        ErrorVariant::ParsingError { .. } => {
            GrammarError::Refused { line, column, expected: error.variant.message().into_owned() }
        }
        ErrorVariant::CustomError { .. } => GrammarError::Undecided,
    }
}
