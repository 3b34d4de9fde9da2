//! The commands, one a file.

pub(crate) mod check;
pub(crate) mod explain;
pub(crate) mod fmt;
pub(crate) mod new;
pub(crate) mod plan;
pub(crate) mod run;
pub(crate) mod test;
