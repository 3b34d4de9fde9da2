//! Editor features as plain data: places, labels, edits.
//!
//! In: a world of files, where an editor's unsaved buffers stand for what is on disk. Out: findings with places as
//! editors count them (lines and UTF-16 columns, from 0). This crate knows what editors ask for; it is kept
//! unaware of protocols, JSON and threads, which are a language server's. Start reading at [`Analysis`].

mod findings;

pub use findings::{Finding, Place, Quickfix, Replacement};

use flow_driver::{Compilation, World};

/// What is known of a program at one moment.
#[derive(Debug)]
pub struct Analysis {
    compilation: Compilation,
}

impl Analysis {
    /// Analyses an entry file and all that it imports. A broken program gives findings, never an error.
    pub fn of(world: &dyn World, entry: &str) -> Self {
        Self { compilation: flow_driver::compile(world, entry) }
    }

    /// Everything the compiler has to say about one file, in the order of the text.
    pub fn findings(&self, file: &str) -> Vec<Finding> {
        findings::of_file(&self.compilation, file)
    }
}
