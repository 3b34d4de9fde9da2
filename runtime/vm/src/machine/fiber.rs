//! What a fiber is made of: its role, its scopes, and how it stands.

use std::collections::BTreeSet;

use flow_plan::{FunctionId, SignalId, StepId, TypeId};
use serde::{Deserialize, Serialize};

use crate::effect::{Again, CallAnswer, EffectId, StepPath, Undone};
use crate::interpret::Thread;
use crate::program::Slots;

/// The number of a fiber, in the order of their beginnings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct FiberId(pub(super) u64);

/// The number of a group of branches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct GroupId(pub(super) u64);

/// What a fiber is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Role {
    /// The workflow.
    Root,
    /// A branch of a group.
    Branch(GroupId, u32),
    /// A branch that has lost a race. What it did is undone, beside all that goes on.
    Loser,
    /// An undo, run for a fiber that an error unwinds. It is shielded from what interrupts others.
    Undo(FiberId),
    /// A call that says whether the step of a fiber was done, whose outcome is unknown. It is shielded likewise.
    Confirm(FiberId),
}

/// A scope of a fiber's root frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Scope {
    /// A saga, by number.
    Saga(u64),
    /// A deadline, by its timer.
    Deadline {
        /// The timer.
        timer: EffectId,
        /// Whether it has fired.
        passed: bool,
    },
    /// A loop, with its counter.
    Loop(u64),
}

/// How a fiber stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Progress {
    /// It can run.
    Ready,
    /// It waits for an effect, not a call.
    Waiting(EffectId),
    /// It waits for a call.
    Calling(EffectId, Captured),
    /// It waits for what says whether its call was done.
    Confirming(Box<Confirming>),
    /// It waits for a signal, or for the answer of a callback.
    Receiving(Receiving),
    /// It waits for its branches.
    Forked(GroupId),
    /// An error is on its way out, and waits for undos.
    Unwinding(Unwinding),
    /// The workflow has given its result, as JSON, and waits for those that have lost a race.
    Returned(Vec<u8>),
}

/// What a call keeps of the registers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Captured {
    /// The slots over which its undo will be registered.
    pub(super) undo: Vec<u64>,
    /// Its arguments, where its outcome can be confirmed.
    pub(super) args: Vec<u64>,
    /// How often that has been done.
    pub(super) confirmed: u32,
}

/// A call whose outcome is unknown, while it is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Confirming {
    /// Who asks.
    pub(super) by: FiberId,
    /// The call, which has ended.
    pub(super) effect: EffectId,
    /// What it has kept.
    pub(super) captured: Captured,
    /// What is known of it.
    pub(super) answer: CallAnswer,
    /// How it goes on if it was not done.
    pub(super) again: Option<Again>,
}

/// A wait for what comes from outside. For what, its instruction says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Receiving {
    /// Its number among all such waits: the least has waited longest.
    pub(super) number: u64,
    /// What the filter captures, or the number of the callback.
    pub(super) slots: Vec<u64>,
}

/// An error on its way out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Unwinding {
    /// The error.
    pub(super) error: u64,
    /// The handler that catches it, by index; none where it leaves the fiber.
    pub(super) handler: Option<u32>,
    /// The undo that runs: its fiber, and what it undoes.
    pub(super) running: Option<(FiberId, Undone)>,
    /// Whether it stays where it is: an operator must settle a step, or an undo that has failed.
    pub(super) stuck: bool,
    /// The step that may be done and is not undone.
    pub(super) left: Option<Undone>,
}

/// A fiber.
#[derive(Clone, Debug)]
pub(super) struct Fiber {
    pub(super) role: Role,
    /// What the paths of its steps begin with.
    pub(super) prefix: String,
    /// The saga around it.
    pub(super) saga: u64,
    /// Whether it undoes something, itself or as a branch of an undo.
    pub(super) undoes: bool,
    pub(super) scopes: Vec<Scope>,
    pub(super) thread: Thread,
    pub(super) progress: Progress,
    /// What was undone on the way of the error that is on its way out.
    pub(super) undone: Vec<Undone>,
    /// Whether an undo has failed on that way.
    pub(super) unsettled: bool,
}

impl Fiber {
    pub(super) fn new(role: Role, prefix: String, saga: u64, undoes: bool, thread: Thread) -> Self {
        Self {
            role,
            prefix,
            saga,
            undoes,
            scopes: Vec::new(),
            thread,
            progress: Progress::Ready,
            undone: Vec::new(),
            unsettled: false,
        }
    }

    /// The innermost saga.
    pub(super) fn innermost_saga(&self) -> u64 {
        let own = self.scopes.iter().rev().find_map(|scope| match scope {
            Scope::Saga(saga) => Some(*saga),
            _ => None,
        });
        own.unwrap_or(self.saga)
    }

    /// The path of a place in the fiber: what it begins with, the place, and the counters of the loops around.
    pub(super) fn path(&self, place: &str) -> StepPath {
        let mut path = format!("{}{place}", self.prefix);
        for scope in &self.scopes {
            if let Scope::Loop(counter) = scope {
                path.push_str(&format!(".{counter}"));
            }
        }
        StepPath(path)
    }

    /// The instruction of the root frame.
    pub(super) fn at(&self) -> u32 {
        self.thread.frames.first().map_or(0, |frame| frame.at)
    }

    /// The function of the root frame.
    pub(super) fn function(&self) -> FunctionId {
        self.thread.frames.first().map_or(FunctionId(u32::MAX), |frame| frame.function)
    }

    /// Goes on to the next instruction of the root frame, or to another.
    pub(super) fn go_to(&mut self, at: u32) {
        if let Some(frame) = self.thread.frames.first_mut() {
            frame.at = at;
        }
    }
}

/// A group of branches that run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Group {
    /// The fiber that forked.
    pub(super) parent: FiberId,
    /// The branches that run.
    pub(super) running: BTreeSet<FiberId>,
    /// Those of them that are stuck, or wait for branches that are.
    pub(super) blocked: BTreeSet<FiberId>,
    /// How many branches have ended well.
    pub(super) succeeded: u32,
    /// The slots of the results that are to be kept, in the order in which they came, by branch.
    pub(super) results: Vec<(u32, Vec<u64>)>,
    /// The errors of branches that have failed, in order, by branch.
    pub(super) failures: Vec<(u32, u64)>,
    /// What they have undone.
    pub(super) undone: Vec<Undone>,
    /// Whether an undo has failed on the way of their errors.
    pub(super) unsettled: bool,
    /// How many of a race must succeed.
    pub(super) due: u32,
    /// The items that the branches are about.
    pub(super) feed: Option<Feed>,
}

/// The items of a list, a branch for each, which begin in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Feed {
    /// The list.
    pub(super) items: u64,
    /// The slots that each branch sees beside its item.
    pub(super) captures: Vec<u64>,
    /// How many run at one time.
    pub(super) width: u32,
    /// How many have begun.
    pub(super) begun: u32,
}

/// Who waits for an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Wait {
    /// A fiber, for a timer or a value.
    Fiber(FiberId),
    /// A fiber, for a call; and whether the call has been cancelled.
    Call(FiberId, bool),
    /// A deadline of a fiber.
    Deadline(FiberId),
}

impl Wait {
    /// Whether it was asked that the effect be cancelled.
    pub(super) fn is_cancelled(self) -> bool {
        matches!(self, Wait::Call(_, true))
    }
}

/// A signal that nobody has received yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Early {
    /// Which signal.
    pub(super) signal: SignalId,
    /// The record that was sent.
    pub(super) value: u64,
}

/// A callback.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Callback {
    /// The type of its answer.
    pub(super) ty: TypeId,
    /// The effect that gives it its URL.
    pub(super) effect: EffectId,
    /// The digest of the secret part of its URL, once it has one.
    pub(super) digest: Option<[u8; 32]>,
    /// The first valid answer, which is kept.
    pub(super) answer: Option<Slots>,
}

/// A registered undo.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct UndoEntry {
    /// The saga that it belongs to.
    pub(super) saga: u64,
    /// The step; none for an `undo` statement.
    pub(super) step: Option<StepId>,
    /// The step's place.
    pub(super) path: StepPath,
    /// What to do.
    pub(super) action: UndoAction,
}

/// What an undo does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum UndoAction {
    /// Runs a flow function over captured slots.
    Run {
        /// The code.
        function: FunctionId,
        /// The arguments, without the cause.
        args: Vec<u64>,
        /// Whether the error that causes the undoing follows them.
        uses_cause: bool,
    },
    /// The outcome is unknown and can't be undone without an operator.
    Ask,
}
