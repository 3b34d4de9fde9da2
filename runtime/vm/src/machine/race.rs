//! Races: what becomes of the branches that lose, and of those that win.
//!
//! Each branch of a race is a saga of its own. A branch that wins hands its undos to the saga around the race,
//! as every saga does that ends well. One that fails, or loses, undoes its own: a loser stops at its next step, a
//! call under way is awaited, and its undos run beside all that goes on meanwhile. The execution ends after them. Where an
//! operator must settle what a loser has done, the workflow still goes on to its end, and is held there.

use flow_plan::{Target, TypeId};

use super::fiber::{Fiber, FiberId, Group, GroupId, Progress, Role, Wait};
use super::interrupt::Interruption;
use super::{Machine, ROOT_SAGA};
use crate::effect::{Attention, EffectId, Status, Undone};
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
        if self.awaits_losers() || self.core.halted.is_some() {
            return Ok(());
        }
        let root = self.core.fibers.iter_mut().find(|(_, fiber)| fiber.role == Role::Root);
        let Some((id, root)) = root else { return Err(Fault::Damaged) };
        match &mut root.progress {
            Progress::Returned(output) => {
                let output = std::mem::take(output);
                self.end(Status::Done(output));
                Ok(())
            }
            // It waits for nothing else: it has undone what it had to.
            Progress::Unwinding(unwinding) if unwinding.running.is_none() => {
                let id = *id;
                self.unwind(id)
            }
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

    /// An operator must settle what a loser has done: the workflow goes on all the same, and is held at its end.
    pub(super) fn stick(&mut self, id: FiberId, left: Option<Undone>) -> Result<(), Fault> {
        let Progress::Unwinding(unwinding) = &mut self.fiber_mut(id)?.progress else {
            return Err(Fault::Damaged);
        };
        unwinding.stuck = true;
        unwinding.left = left;
        Ok(())
    }

    /// Holds an execution that has come to its end, as soon as only losers that are stuck are left.
    pub(super) fn settle_losers(&mut self) {
        if self.core.ended.is_some() || self.core.halted.is_some() || self.next_fiber().is_some() {
            return;
        }
        let stuck =
            |fiber: &Fiber| matches!(&fiber.progress, Progress::Unwinding(unwinding) if unwinding.stuck);
        let under_way = self.core.waits.values().any(|wait| !matches!(wait, Wait::Deadline(_)));
        if under_way || !self.core.fibers.values().any(stuck) {
            return;
        }
        let root = self.core.fibers.iter().find(|(_, fiber)| fiber.role == Role::Root);
        let Some((id, root)) = root else { return };
        let (id, error, result) = match &root.progress {
            Progress::Returned(output) => (*id, None, Some(output.clone())),
            Progress::Unwinding(unwinding) if unwinding.handler.is_none() && unwinding.running.is_none() => {
                (*id, Some(unwinding.error), None)
            }
            _ => return,
        };
        let error = error.map(|error| self.outward(error));
        let undone = std::mem::take(&mut self.core.undone);
        let mut attention = Attention { error, result, undone, steps: Vec::new() };
        let deadlines: Vec<EffectId> = self.core.waits.keys().copied().collect();
        deadlines.into_iter().for_each(|effect| self.drop_timer(effect));
        let others = self.core.fibers.keys().copied().filter(|other| *other != id);
        let ids: Vec<FiberId> = std::iter::once(id).chain(others).collect();
        for id in ids {
            if let Err(fault) = self.gather_unsettled(id, &mut attention) {
                return self.break_off(fault);
            }
        }
        // Fibers and undos stay: what an operator settles goes on from them.
        self.core.ended = Some(Status::NeedsAttention(attention));
    }

    /// The workflow has given its result.
    pub(super) fn returned(&mut self, id: FiberId, output: Vec<u8>) -> Result<(), Fault> {
        if !self.awaits_losers() {
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
