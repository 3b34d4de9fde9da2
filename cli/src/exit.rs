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
    /// Its terminal went away.
    HungUp = 129,
    /// Interrupted by Ctrl-C.
    Interrupted = 130,
    /// Ended by SIGTERM.
    Terminated = 143,
}

/// A mistake on the command line: it ends with [`Exit::Usage`].
#[derive(Debug)]
pub(crate) struct Usage(pub(crate) String);

impl std::fmt::Display for Usage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Usage {}

/// Returns early with a mistake on the command line.
macro_rules! usage {
    ($($words:tt)*) => {
        return Err($crate::exit::Usage(format!($($words)*)).into())
    };
}
pub(crate) use usage;

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Files that the runtime opens before the first connection: its event queue, wake-ups and signals.
const OPEN_FILES_MIN: usize = 12;

/// Says that too few files may be open (`ulimit -n`), before the runtime finds it out in the middle of its start.
///
/// # Errors
/// Where so many files cannot be open at once.
pub(crate) fn require_open_files() -> anyhow::Result<()> {
    let open: Result<Vec<_>, _> = (0..OPEN_FILES_MIN).map(|_| std::fs::File::open("/dev/null")).collect();
    match open {
        Err(error) if error.raw_os_error() == Some(TOO_MANY_OPEN_FILES) => {
            anyhow::bail!("too few files may be open: allow 64 or more, `ulimit -n 64`")
        }
        _ => Ok(()),
    }
}

/// `EMFILE` of Linux and the BSDs.
const TOO_MANY_OPEN_FILES: i32 = 24;
