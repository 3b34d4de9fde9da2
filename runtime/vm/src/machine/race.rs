//! Races: what becomes of the branches that lose, and of those that win.
//!
//! Each branch of a race is a saga of its own. A branch that wins hands its undos to the saga around the race,
//! as every saga does that ends well. One that fails, or loses, undoes its own: a loser stops at its next step, a
//! call under way is awaited, and its undos run beside all that goes on meanwhile. The execution ends after them. Where an
//! operator must settle what a branch has done, the race goes on while others can win it, the workflow goes on to its end where
//! one does, and is held there.

use flow_plan::{Target, TypeId};

use super::fiber::{FiberId, Group, GroupId, Progress, Role};
use super::interrupt::Interruption;
use super::{Machine, ROOT_SAGA};
use crate::effect::{Status, Undone};
use crate::error_object::{Kind, NewError};
use crate::fault::Fault;
use crate::program::Program;

impl Machine {
    /// The saga that a fiber itself is, whose undos run where an error leaves it: the workflow, and each branch of
    /// a race.
    pub(super) fn own_saga(&self, id: FiberId) -> Result<Option<u64>, Fault> {
        let fiber = self.fiber(id)?;
        Ok(match fiber.role {
            Role::Root => Some(ROOT_SAGA),
            Role::Loser => Some(fiber.saga),
            Role::Branch(group, _) => self.forked(group)?.0.mode.is_race().then_some(fiber.saga),
            Role::Undo(_) | Role::Confirm(_) => None,
        })
    }

    /// A branch has ended well: where it is a saga of its own, the one around takes its undos.
    pub(super) fn hand_over(&mut self, id: FiberId) -> Result<(), Fault> {
        let Role::Branch(group, _) = self.fiber(id)?.role else { return Ok(()) };
        let Some(own) = self.own_saga(id)? else { return Ok(()) };
        let around = self.fiber(self.group(group)?.parent)?.innermost_saga();
        for entry in self.core.undos.iter_mut().filter(|entry| entry.saga == own) {
            entry.saga = around;
        }
        Ok(())
    }

    /// The value of the branch that won.
    pub(super) fn tagged_result(&mut self, program: &Program, id: GroupId, ty: TypeId) -> Result<u64, Fault> {
        let (index, slots) = self.group(id)?.results.first().cloned().ok_or(Fault::Damaged)?;
        let branch = self.forked(id)?.0.branches.get(index as usize).ok_or(Fault::Damaged)?;
        let case = branch.field.ok_or(Fault::Damaged)?;
        self.tagged(program, ty, case, &slots)
    }

    /// The error of a race that can't have as many successes as are due.
    pub(super) fn quorum(&mut self, parent: FiberId, group: &Group) -> Result<u64, Fault> {
        let fiber = self.fiber(parent)?;
        let at = (fiber.function(), Target(fiber.at()));
        let message = format!("{} of {} succeeded, and no more can", group.succeeded, group.due);
        Ok(self.new_error(NewError::new(Kind::Quorum, message, at)))
    }

    /// A loser has come to its end after all: what it did is undone.
    pub(super) fn lose(&mut self, id: FiberId) -> Result<(), Fault> {
        self.interrupt(id, Interruption::Cancelled, None)
    }

    /// A loser has undone what it did.
    pub(super) fn loser_ended(&mut self, undone: Vec<Undone>) -> Result<(), Fault> {
        self.core.undone.extend(undone);
        if self.awaits_losers() || self.core.halted || !self.core.failed.is_empty() {
            return Ok(());
        }
        let id = self.root()?;
        match &mut self.fiber_mut(id)?.progress {
            Progress::Returned(output) => {
                let output = std::mem::take(output);
                self.end(Status::Done(output));
                Ok(())
            }
            // It waits for nothing else: it has undone what it had to.
            Progress::Unwinding(unwinding) if unwinding.running.is_none() => self.unwind(id),
            _ => Ok(()),
        }
    }

    /// Whether branches that have lost are not yet done.
    pub(super) fn awaits_losers(&self) -> bool {
        self.core.fibers.values().any(|fiber| fiber.role == Role::Loser)
    }

    /// Whether a fiber is, or stands in, a branch that has lost a race.
    pub(super) fn has_lost(&self, id: FiberId) -> Result<bool, Fault> {
        let outermost = self.around(id)?.last().copied().unwrap_or(id);
        Ok(self.fiber(outermost)?.role == Role::Loser)
    }

    /// The workflow has given its result.
    pub(super) fn returned(&mut self, id: FiberId, output: Vec<u8>) -> Result<(), Fault> {
        if !self.awaits_losers() && self.core.failed.is_empty() {
            self.end(Status::Done(output));
            return Ok(());
        }
        let fiber = self.fiber_mut(id)?;
        // No register is needed any more.
        fiber.thread.stack.fill(0);
        fiber.progress = Progress::Returned(output);
        Ok(())
    }
}
