//! The commands, one a file.

pub mod check;
pub mod new;
pub mod plan;
pub mod run;
pub mod test;
