//! Interruptions: cancelling, deadlines that have passed, and branches whose sibling has failed.
//!
//! An interruption is a fact about what stands around a fiber, not a message to it: it is looked up where the
//! fiber would wait, once when something changes while it waits, and between two slices of one that computes.

use std::collections::BTreeSet;

use flow_plan::{GroupMode, Op, Target, may_raise};

use super::Machine;
use super::fiber::{FiberId, Progress, Role, Scope, Wait};
use crate::effect::{EffectId, EffectKind};
use crate::error_object::{self, Kind, NONE, NewError};
use crate::fault::Fault;
use crate::heap::NULL;

/// Why a fiber may not go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Interruption {
    /// The execution is cancelled, a sibling has failed, or the race is lost.
    Cancelled,
    /// A deadline has passed: its timer.
    Deadline(EffectId),
}

impl Machine {
    /// A fiber and those that forked it, from the inside out, up to the workflow, an undo, a confirmation or a `finally`.
    pub(super) fn around(&self, id: FiberId) -> Result<Vec<FiberId>, Fault> {
        let mut all = vec![id];
        let mut present = id;
        while let Role::Branch(group, _) = self.fiber(present)?.role {
            present = self.core.groups.get(&group).ok_or(Fault::Damaged)?.parent;
            if self.shields(present)? {
                break;
            }
            // Only in a changed state can a fiber stand around itself.
            if all.len() > self.core.fibers.len() {
                return Err(Fault::Damaged);
            }
            all.push(present);
        }
        Ok(all)
    }

    /// Whether a fiber is about to run the code of a `finally`, or waits for it.
    pub(super) fn shields(&self, id: FiberId) -> Result<bool, Fault> {
        let fiber = self.fiber(id)?;
        let function = self.program.function(fiber.function())?;
        let Some(Op::Fork { group, .. }) = function.code.get(fiber.at() as usize) else { return Ok(false) };
        Ok(function.groups.get(group.index()).is_some_and(|group| group.mode == GroupMode::Shielded))
    }

    /// What interrupts a fiber: of several, what stands farthest out.
    pub(super) fn interruption(&self, id: FiberId) -> Result<Option<Interruption>, Fault> {
        for around in self.around(id)?.into_iter().rev() {
            let fiber = self.fiber(around)?;
            let stopped = match fiber.role {
                Role::Root => self.core.cancelled,
                Role::Branch(group, _) => self.is_stopped(group)?,
                Role::Loser => true,
                Role::Undo(_) | Role::Confirm(_) => false,
            };
            if stopped {
                return Ok(Some(Interruption::Cancelled));
            }
            let passed = fiber.scopes.iter().find_map(|scope| match scope {
                Scope::Deadline { timer, passed: true } => Some(Interruption::Deadline(*timer)),
                _ => None,
            });
            if passed.is_some() {
                return Ok(passed);
            }
        }
        Ok(None)
    }

    /// Raises an interruption at a fiber's present instruction, because of an error where there is one.
    pub(super) fn interrupt(
        &mut self,
        id: FiberId,
        interruption: Interruption,
        because: Option<u64>,
    ) -> Result<(), Fault> {
        let fiber = self.fiber(id)?;
        let at = (fiber.function(), Target(fiber.at()));
        let (kind, message, deadline) = match interruption {
            Interruption::Cancelled => (Kind::Cancelled, "cancelled", NONE),
            Interruption::Deadline(timer) => (Kind::Deadline, "a deadline has passed", timer.0),
        };
        let op = self.program.function(at.0)?.code.get(at.1.0 as usize);
        let step = match op {
            Some(Op::Call { step, .. } | Op::Spawn { step, .. }) => {
                Some((*step, fiber.path(&step.0.to_string())))
            }
            _ => None,
        };
        let because = because.unwrap_or(NULL);
        let error = self.new_error(NewError { step, deadline, because, ..NewError::new(kind, message, at) });
        self.raise(id, error)
    }

    /// Whether an error is the one that an interruption raises.
    pub(super) fn says(&self, interruption: Interruption, error: u64) -> bool {
        match (interruption, error_object::kind(&self.heap, error)) {
            (Interruption::Cancelled, Ok(Kind::Cancelled)) => true,
            (Interruption::Deadline(timer), Ok(Kind::Deadline)) => {
                error_object::deadline(&self.heap, error) == Ok(timer.0)
            }
            _ => false,
        }
    }

    /// Fibers and their branches, and theirs, in the order of their beginnings.
    pub(super) fn with_branches(&self, fibers: &[FiberId]) -> BTreeSet<FiberId> {
        let (mut all, mut work) = (BTreeSet::new(), fibers.to_vec());
        while let Some(id) = work.pop() {
            let Some(fiber) = self.core.fibers.get(&id) else { continue };
            if all.insert(id)
                && let Progress::Forked(group) = fiber.progress
                && let Some(group) = self.core.groups.get(&group)
            {
                work.extend(&group.running);
            }
        }
        all
    }

    /// Interrupts a fiber that was computing when its slice was used up, if it may not go on. It stands at an
    /// instruction that can raise, unless it was about to begin or to go on after something; then it is looked at
    /// again after the next slice.
    pub(super) fn interrupt_if_computing(&mut self, id: FiberId) -> Result<(), Fault> {
        let fiber = self.fiber(id)?;
        let op = self.program.function(fiber.function())?.code.get(fiber.at() as usize);
        if !op.is_some_and(may_raise) || self.shields(id)? {
            return Ok(());
        }
        match self.interruption(id)? {
            Some(interruption) => self.interrupt(id, interruption, None),
            None => Ok(()),
        }
    }

    /// Interrupts those of some fibers and their branches that wait and may not go on: timers are dropped, calls
    /// under way are awaited.
    pub(super) fn interrupt_waiting(&mut self, fibers: &[FiberId]) {
        for id in self.with_branches(fibers) {
            if let Err(fault) = self.interrupt_if_waiting(id) {
                return self.break_off(fault);
            }
        }
    }

    fn interrupt_if_waiting(&mut self, id: FiberId) -> Result<(), Fault> {
        // An earlier one's end may have ended this one.
        let Some(fiber) = self.core.fibers.get(&id) else { return Ok(()) };
        if matches!(fiber.progress, Progress::Receiving(_)) {
            // Nothing is taken that has not come: a signal that comes now is another's.
            return match self.interruption(id)? {
                Some(interruption) => self.interrupt(id, interruption, None),
                None => Ok(()),
            };
        }
        let effect = match fiber.progress {
            Progress::Waiting(effect) | Progress::Calling(effect, _) => effect,
            _ => return Ok(()),
        };
        let op = self.program.function(fiber.function())?.code.get(fiber.at() as usize).copied();
        let Some(interruption) = self.interruption(id)? else { return Ok(()) };
        match (op, self.core.waits.get_mut(&effect)) {
            (Some(Op::Call { .. } | Op::Spawn { .. }), Some(Wait::Call(_, cancelled @ false))) => {
                *cancelled = true;
                self.ask(EffectKind::Cancel { effect });
            }
            (Some(Op::Sleep { .. } | Op::SleepUntil { .. }), Some(_)) => {
                self.drop_timer(effect);
                self.interrupt(id, interruption, None)?;
            }
            // A clock reading or a number comes at once; the interruption is raised then.
            _ => {}
        }
        Ok(())
    }
}
