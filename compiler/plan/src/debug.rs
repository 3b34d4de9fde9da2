//! The debug section: what only people read. It is outside the hash.

use serde::{Deserialize, Serialize};

use crate::{FunctionId, Publishing, Target};

/// Names and places for a plan's functions, by function id.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Debug {
    /// The source files' display names.
    pub files: Vec<String>,
    /// One entry for each function of the plan.
    pub functions: Vec<FunctionDebug>,
    /// What is declared around the workflow.
    pub publishing: Publishing,
}

/// The debug data of one function.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FunctionDebug {
    /// What people call it: `process_order`, `process_order/stock`, `undo of inventory.reserve`.
    pub name: String,
    /// Where instructions come from: each entry holds from its instruction to the next entry's.
    pub places: Vec<(u32, Location)>,
    /// The names of registers, by slot.
    pub locals: Vec<(u16, String)>,
}

/// A place in a source file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Location {
    /// The file, as an index into [`Debug::files`].
    pub file: u32,
    /// The first byte.
    pub start: u32,
    /// The byte after the last.
    pub end: u32,
    /// The line, from 1.
    pub line: u32,
}

impl Debug {
    /// The place of an instruction.
    pub fn location(&self, function: FunctionId, at: Target) -> Option<Location> {
        let places = &self.functions.get(function.index())?.places;
        let after = places.partition_point(|(start, _)| *start <= at.0);
        after.checked_sub(1).and_then(|index| places.get(index)).map(|(_, location)| *location)
    }

    /// `file:line` of an instruction, where it is known.
    pub fn place(&self, function: FunctionId, at: Target) -> Option<String> {
        let location = self.location(function, at)?;
        Some(format!("{}:{}", self.files.get(location.file as usize)?, location.line))
    }
}
