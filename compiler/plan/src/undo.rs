//! What is undone when a step fails, is unknown or is cut off: found from the code, without running it.
//!
//! `flow` finds what is registered before each instruction, over all ways there; `travel` lets an error go from a
//! step to where it is caught, or out of the workflow, as the machine would, and notes what is undone on the way.
//! What a plan says here and what its executions do is held together by a test.

mod errors;
mod flow;
mod rows;
mod state;
mod text;
mod travel;

use serde::Serialize;

use crate::{Debug, Plan, StepId};

/// One step, or one `fail`, and what comes of its failures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UndoRow {
    /// The step; none for a `fail`.
    pub step: Option<StepId>,
    /// `file:line`.
    pub place: Option<String>,
    /// What it calls; `fail` and the name of its error for a `fail`.
    pub operation: String,
    /// What says whether it is done where its outcome is unknown, by what that calls.
    pub confirmed_by: Option<String>,
    /// The cases, in the order of [`When`].
    pub cases: Vec<UndoCase>,
}

/// What has happened to a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// A `fail` raises its error.
    Raises,
    /// It has failed, and surely had no effect.
    Fails,
    /// Nobody knows whether it had an effect, also after a confirmation.
    Unknown,
    /// A deadline has passed or the execution is cancelled while it is under way: it may be done, not done or unknown.
    CutOff,
}

/// What comes of one kind of failure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UndoCase {
    /// What has happened to the step.
    pub when: When,
    /// Which errors it is about, or what cuts it off; all others where it is empty.
    pub errors: Vec<String>,
    /// Whether this holds only where no other branch of the race around succeeds.
    pub race_lost: bool,
    /// What is undone before that, in the order in which it is: the newest.
    pub undone: Vec<Undoing>,
    /// How many more are undone after these, which are older.
    pub more_undone: usize,
    /// How it ends.
    pub end: End,
    /// Where the execution stops: what is not undone yet, newest first.
    pub waiting: Vec<Undoing>,
    /// How many more are not undone yet.
    pub more_waiting: usize,
    /// Where the error leaves the workflow: what is done and not undone, in the order of the code.
    pub stays: Vec<Staying>,
    /// How many more stay.
    pub more_stays: usize,
}

impl UndoCase {
    /// Whether the same comes of two cases.
    fn comes_to_the_same(&self, other: &Self) -> bool {
        let own =
            (self.race_lost, &self.undone, self.more_undone, &self.end, &self.waiting, self.more_waiting);
        let others = (
            other.race_lost,
            &other.undone,
            other.more_undone,
            &other.end,
            &other.waiting,
            other.more_waiting,
        );
        own == others && (&self.stays, self.more_stays) == (&other.stays, other.more_stays)
    }
}

/// Where an error gets to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum End {
    /// It leaves the workflow, whose execution fails.
    Leaves,
    /// A `catch` takes it.
    Caught {
        /// `file:line` of the `catch`.
        place: Option<String>,
    },
    /// `parallel settled` takes it.
    Settled {
        /// `file:line` of it.
        place: Option<String>,
    },
    /// The other branches of a race go on.
    RaceGoesOn {
        /// `file:line` of the race.
        place: Option<String>,
    },
    /// The other branches of a race go on; whoever wins, the execution stops at its end until an operator settles a step.
    RaceGoesOnHeld {
        /// `file:line` of the race.
        place: Option<String>,
        /// What the step calls.
        operation: String,
        /// Why nobody else can.
        why: Attention,
    },
    /// Another branch has won the race.
    RaceLost {
        /// `file:line` of the race.
        place: Option<String>,
    },
    /// It happened in a `finally`: the error that was on its way goes on.
    GoesOnBeside,
    /// The execution stops until an operator settles a step.
    NeedsAttention {
        /// What the step calls.
        operation: String,
        /// Why nobody else can.
        why: Attention,
    },
}

/// Why an unknown step waits for an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Attention {
    /// Its undo uses the result, which nobody has.
    UndoUsesResult,
    /// It is not safe to repeat, and no undo is declared.
    NoUndo,
}

/// An undo that runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Undoing {
    /// The step; none for an `undo` statement.
    pub step: Option<StepId>,
    /// `file:line` of the step or the statement.
    pub place: Option<String>,
    /// What the step calls; `undo` for a statement.
    pub operation: String,
    /// What undoes it, by what that calls; none where only an operator can.
    pub by: Option<String>,
    /// Whether it may not have been done.
    pub if_done: bool,
    /// Whether it may have been done several times.
    pub each: bool,
    /// Whether one of several branches has done it: among those, what was done last is undone first.
    pub branched: bool,
    /// Whether its outcome may be unknown, and the execution stops there where it is.
    pub stops_if_unknown: bool,
}

/// A step that is not undone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Staying {
    /// The step.
    pub step: StepId,
    /// `file:line`.
    pub place: Option<String>,
    /// What it calls.
    pub operation: String,
    /// Why.
    pub why: Stays,
    /// Whether it may not have been done.
    pub if_done: bool,
}

/// Why a step stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stays {
    /// `undo: irreversible`.
    Irreversible,
    /// No undo is declared.
    Undeclared,
    /// `commit` has dropped its undo.
    Committed,
    /// It is a workflow that was only started.
    Started,
}

/// What is undone, for each step and each `fail` of a verified plan, in the order of the source. Steps of undo code have no row: when
/// one fails for good, the other undos run, and the execution then stops for an operator.
pub fn undo_table(plan: &Plan, debug: &Debug) -> Vec<UndoRow> {
    rows::rows(plan, debug)
}

/// The table of [`undo_table`] for people, in 80 columns.
pub fn undo_text(plan: &Plan, debug: &Debug) -> String {
    text::text(plan, &undo_table(plan, debug))
}
