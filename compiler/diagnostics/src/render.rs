//! Renderers: one diagnostic value, several media that say the same.

mod json;
mod terminal;

pub use json::json;
pub use terminal::Terminal;
