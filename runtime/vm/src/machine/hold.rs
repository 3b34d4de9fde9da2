//! Holding an execution for an operator: what can go on no further, and when that stops all of it.
//!
//! A fiber is stuck where an operator must settle something before its error may go on: at a step whose outcome is
//! unknown and that can't be undone without knowing it, and before an error is taken whose way out left an undo that
//! has failed. A group is blocked where branches that are stuck keep it from its end: of a race that is so only where
//! too few others are left. Where the workflow itself is blocked, the execution is held: what undoes goes on, errors that are on
//! their way undo what they leave, calls under way are awaited, and nothing new begins.

use super::Machine;
use super::fiber::{Fiber, FiberId, GroupId, Progress, Role, Wait};
use crate::effect::{Attention, EffectId, EffectKind, Status, Undone, Unsettled};
use crate::fault::Fault;

impl Machine {
    /// A fiber goes no further: an operator must settle a step, or an undo that has failed.
    pub(super) fn stick(&mut self, id: FiberId, left: Option<Undone>) -> Result<(), Fault> {
        let Progress::Unwinding(unwinding) = &mut self.fiber_mut(id)?.progress else {
            return Err(Fault::Damaged);
        };
        unwinding.stuck = true;
        unwinding.left = left;
        self.block(id)
    }

    /// A fiber is stuck or waits for a group that is blocked: so are those around it that can't do without it.
    fn block(&mut self, id: FiberId) -> Result<(), Fault> {
        let mut present = id;
        loop {
            match self.fiber(present)?.role {
                Role::Root => return self.halt(),
                Role::Branch(group, _) => {
                    if !self.group_mut(group)?.blocked.insert(present) || !self.is_blocked(group)? {
                        return Ok(());
                    }
                    present = self.group(group)?.parent;
                }
                // What becomes of a loser is seen at the end; undo code registers nothing.
                Role::Loser | Role::Undo(_) | Role::Confirm(_) => return Ok(()),
            }
        }
    }

    /// Whether branches that are stuck keep a group from its end.
    fn is_blocked(&self, id: GroupId) -> Result<bool, Fault> {
        let group = self.group(id)?;
        if group.blocked.is_empty() || !self.forked(id)?.0.mode.is_race() {
            return Ok(!group.blocked.is_empty());
        }
        Ok(self.may_succeed(id)?.saturating_sub(group.blocked.len()) < group.due as usize)
    }

    /// Sees whether a group is blocked, now that one more of its branches has failed.
    pub(super) fn block_if_hopeless(&mut self, id: GroupId) -> Result<(), Fault> {
        if self.is_blocked(id)? { self.block(self.group(id)?.parent) } else { Ok(()) }
    }

    /// Lets errors in branches that have lost a race go on which waited before a `catch`: what else the branches have done
    /// is undone too.
    pub(super) fn release_losers(&mut self, losers: &[FiberId]) -> Result<(), Fault> {
        for id in self.with_branches(losers) {
            let Some(fiber) = self.core.fibers.get_mut(&id) else { continue };
            if let Progress::Unwinding(unwinding) = &mut fiber.progress
                && unwinding.stuck
                && unwinding.left.is_none()
            {
                unwinding.stuck = false;
                self.unwind(id)?;
            }
        }
        Ok(())
    }

    /// Holds the execution.
    fn halt(&mut self) -> Result<(), Fault> {
        if self.core.halted {
            return Ok(());
        }
        self.core.halted = true;
        let waits: Vec<_> = self.core.waits.iter().map(|(effect, wait)| (*effect, *wait)).collect();
        for (effect, wait) in waits {
            let (Wait::Fiber(fiber) | Wait::Call(fiber, _) | Wait::Deadline(fiber)) = wait;
            if !self.is_held(fiber) {
                continue;
            }
            if let Wait::Call(fiber, false) = wait {
                self.core.waits.insert(effect, Wait::Call(fiber, true));
                self.ask(EffectKind::Cancel { effect });
            } else if self.is_timer(wait) {
                // A clock reading or a number comes at once, and is awaited.
                self.drop_timer(effect);
            }
        }
        Ok(())
    }

    fn is_timer(&self, wait: Wait) -> bool {
        match wait {
            Wait::Deadline(_) => true,
            Wait::Call(..) => false,
            Wait::Fiber(id) => self.core.fibers.get(&id).is_some_and(|fiber| {
                let op = self.program.function(fiber.function()).ok();
                let op = op.and_then(|function| function.code.get(fiber.at() as usize));
                matches!(op, Some(flow_plan::Op::Sleep { .. } | flow_plan::Op::SleepUntil { .. }))
            }),
        }
    }

    /// Ends an execution that is to be held as soon as nothing is under way: one that is blocked, and one that has come to
    /// its end with something left to settle.
    pub(super) fn settle(&mut self) {
        if self.core.ended.is_some() || self.next_fiber().is_some() {
            return;
        }
        let attention =
            if self.core.halted { self.attention_of_the_blocked() } else { self.attention_at_the_end() };
        let attention = attention.and_then(|found| match found {
            Some((first, mut attention)) => self.take_stock(first, &mut attention).map(|()| Some(attention)),
            None => Ok(None),
        });
        match attention {
            // Fibers and undos stay: what an operator settles goes on from them.
            Ok(Some(attention)) => self.core.ended = Some(Status::NeedsAttention(attention)),
            Ok(None) => {}
            Err(fault) => self.break_off(fault),
        }
    }

    /// Why an execution is held that is blocked: the error that is stuck first.
    fn attention_of_the_blocked(&mut self) -> Result<Option<(FiberId, Attention)>, Fault> {
        if !self.core.waits.is_empty() {
            return Ok(None);
        }
        let mut present = self.root()?;
        // Only in a changed state does this way not end.
        for _ in 0..=self.core.fibers.len() {
            match &self.fiber(present)?.progress {
                Progress::Forked(group) => {
                    present = *self.group(*group)?.blocked.first().ok_or(Fault::Damaged)?;
                }
                Progress::Unwinding(unwinding) if unwinding.stuck => {
                    let error = Some(self.outward(unwinding.error));
                    let attention = Attention { error, result: None, undone: Vec::new(), steps: Vec::new() };
                    return Ok(Some((present, attention)));
                }
                _ => return Err(Fault::Damaged),
            }
        }
        Err(Fault::Damaged)
    }

    /// Why an execution is held whose workflow has come to its end: a loser is stuck, or an undo has failed.
    fn attention_at_the_end(&mut self) -> Result<Option<(FiberId, Attention)>, Fault> {
        let stuck =
            |fiber: &Fiber| matches!(&fiber.progress, Progress::Unwinding(unwinding) if unwinding.stuck);
        let under_way = self.core.waits.values().any(|wait| !matches!(wait, Wait::Deadline(_)));
        if under_way || (self.core.failed.is_empty() && !self.core.fibers.values().any(stuck)) {
            return Ok(None);
        }
        let root = self.root()?;
        let (error, result) = match &self.fiber(root)?.progress {
            Progress::Returned(output) => (None, Some(output.clone())),
            Progress::Unwinding(unwinding) if unwinding.handler.is_none() && unwinding.running.is_none() => {
                (Some(unwinding.error), None)
            }
            _ => return Ok(None),
        };
        let error = error.map(|error| self.outward(error));
        let deadlines: Vec<EffectId> = self.core.waits.keys().copied().collect();
        deadlines.into_iter().for_each(|effect| self.drop_timer(effect));
        Ok(Some((root, Attention { error, result, undone: Vec::new(), steps: Vec::new() })))
    }

    /// Takes what has been undone, and what could not be: of one fiber, then of the others.
    fn take_stock(&mut self, first: FiberId, attention: &mut Attention) -> Result<(), Fault> {
        attention.undone = std::mem::take(&mut self.core.undone);
        for group in self.core.groups.values_mut() {
            attention.undone.append(&mut group.undone);
        }
        let others = self.core.fibers.keys().copied().filter(|other| *other != first);
        let ids: Vec<FiberId> = std::iter::once(first).chain(others).collect();
        for id in ids {
            let fiber = self.fiber_mut(id)?;
            attention.undone.append(&mut fiber.undone);
            if let Progress::Unwinding(unwinding) = &mut fiber.progress
                && let Some(Undone { step: Some(step), path }) = unwinding.left.take()
            {
                attention.steps.push(Unsettled { step, path, undo_error: None });
            }
        }
        for (undone, error) in std::mem::take(&mut self.core.failed) {
            let error = self.outward(error);
            // An `undo` statement is no step; the step that failed in it is named in its stead.
            let step = undone.step.or(error.step.as_ref().map(|(step, _)| *step));
            let step = step.unwrap_or(flow_plan::StepId::UNDO_BLOCK);
            attention.steps.push(Unsettled { step, path: undone.path, undo_error: Some(error) });
        }
        Ok(())
    }

    /// The fiber of the workflow.
    pub(super) fn root(&self) -> Result<FiberId, Fault> {
        let root = self.core.fibers.iter().find(|(_, fiber)| fiber.role == Role::Root);
        root.map(|(id, _)| *id).ok_or(Fault::Damaged)
    }
}
