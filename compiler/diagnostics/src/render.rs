//! Renderers: one diagnostic value, several media that say the same.

mod cut;
mod github;
mod json;
mod sarif;
mod terminal;

pub use github::github;
pub use json::json;
pub use sarif::sarif;
pub use terminal::Terminal;

use terminal::printable;

use crate::Diagnostic;

/// The message, its notes and its help, for media that have one text for all.
fn whole_text(diagnostic: &Diagnostic) -> String {
    let mut text = diagnostic.message.clone();
    for note in &diagnostic.notes {
        text.push_str("\nNote: ");
        text.push_str(note);
    }
    if let Some(help) = &diagnostic.help {
        text.push_str("\nHelp: ");
        text.push_str(help);
    }
    text
}
