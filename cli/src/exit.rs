//! Exit codes: what a script can rely on.

use std::process::ExitCode;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All is well.
    Ok = 0,
    /// What was asked for failed: an execution, a test.
    Failed = 1,
    /// The command line is wrong.
    Usage = 2,
    /// The source does not compile.
    Source = 3,
    /// It could not be done: a file, the network, a permission.
    Unable = 4,
    /// Interrupted by Ctrl-C.
    Interrupted = 130,
    /// Ended by SIGTERM.
    Terminated = 143,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
