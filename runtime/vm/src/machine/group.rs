//! Branches: forking, and what a group comes to when all its branches have ended.

use flow_plan::Op;

use super::Machine;
use super::fiber::{Fiber, FiberId, Group, GroupId, Progress, Role};
use crate::effect::{Status, Undone};
use crate::error_object::{self, Kind};
use crate::fault::Fault;
use crate::heap::NULL;
use crate::interpret::{Budget, Env, Thread};
use crate::limits::FIBERS_MAX;
use crate::program::Slots;
use crate::wire::{Conditions, Wire};

impl Machine {
    /// Begins the branches of a group.
    pub(super) fn fork(&mut self, id: FiberId, group: flow_plan::GroupId) -> Result<(), Fault> {
        let program = self.program.clone();
        let parent = self.fiber(id)?;
        let function = program.function(parent.function())?;
        let branches = &function.groups.get(group.index()).ok_or(Fault::Damaged)?.branches;
        if self.core.fibers.len().saturating_add(branches.len()) > FIBERS_MAX {
            return Err(Fault::limit("more than 10,000 branches run"));
        }
        let (saga, undoes) = (parent.innermost_saga(), parent.undoes);
        let place = parent.path(&parent.at().to_string()).0;
        let number = GroupId(self.core.next_group);
        let mut fibers = Vec::new();
        for (index, branch) in branches.iter().enumerate() {
            let args = self.gather(id, branch.captures)?;
            let thread = Thread::new(&program, branch.function, &args)?;
            let role = Role::Branch(number, u32::try_from(index).map_err(|_| Fault::Damaged)?);
            fibers.push(Fiber::new(role, format!("{place}/{index}/"), saga, undoes, thread));
        }
        self.core.next_group = self.core.next_group.wrapping_add(1);
        let pending = u32::try_from(fibers.len()).map_err(|_| Fault::Damaged)?;
        let results = vec![None; fibers.len()];
        self.fiber_mut(id)?.progress = Progress::Forked(number);
        self.clear_dead(id)?;
        let branches = fibers.into_iter().map(|fiber| self.spawn(fiber)).collect();
        let made = Group { parent: id, branches, results, pending, failures: Vec::new(), undone: Vec::new() };
        self.core.groups.insert(number, made);
        if pending == 0 {
            return self.join(number);
        }
        Ok(())
    }

    /// A fiber has returned.
    pub(super) fn finish(&mut self, id: FiberId, slots: Slots) -> Result<(), Fault> {
        let role = self.fiber(id)?.role;
        let output = match role {
            // The result is written first: where it can't be, the workflow fails with all its scopes open.
            Role::Root => Some(self.write_output(&slots)?),
            _ => None,
        };
        while !self.fiber(id)?.scopes.is_empty() {
            self.leave_scope(id)?;
        }
        match role {
            Role::Root => {
                self.end(Status::Done(output.unwrap_or_default()));
                Ok(())
            }
            Role::Branch(group, index) => {
                let width = self.program.info(self.fiber(id)?.function())?.result_width;
                self.core.fibers.remove(&id);
                let entry = self.core.groups.get_mut(&group).ok_or(Fault::Damaged)?;
                let result = entry.results.get_mut(index as usize).ok_or(Fault::Damaged)?;
                *result = Some(slots.get(..width).unwrap_or(&slots).to_vec());
                self.branch_ended(group)
            }
            Role::Undo(of) => {
                self.core.fibers.remove(&id);
                self.undo_ended(of, None)
            }
        }
    }

    fn write_output(&mut self, slots: &Slots) -> Result<Vec<u8>, Fault> {
        let mut budget = Budget::default();
        let env = Env { program: &self.program, config: &self.core.config };
        let output = self.program.plan().output;
        Wire::new(env, &mut self.heap, &mut budget).encode(output, slots, Conditions::Taken)
    }

    /// A branch has failed: its siblings are stopped at their next step.
    pub(super) fn branch_failed(
        &mut self,
        group: GroupId,
        error: u64,
        undone: Vec<Undone>,
    ) -> Result<(), Fault> {
        let entry = self.core.groups.get_mut(&group).ok_or(Fault::Damaged)?;
        entry.failures.push(error);
        entry.undone.extend(undone);
        let stopped = if entry.failures.len() == 1 { entry.branches.clone() } else { Vec::new() };
        self.branch_ended(group)?;
        self.interrupt_waiting(&stopped);
        Ok(())
    }

    fn branch_ended(&mut self, group: GroupId) -> Result<(), Fault> {
        let entry = self.core.groups.get_mut(&group).ok_or(Fault::Damaged)?;
        entry.pending = entry.pending.checked_sub(1).ok_or(Fault::Damaged)?;
        if entry.pending == 0 { self.join(group) } else { Ok(()) }
    }

    /// All branches of a group have ended: its fiber goes on with their results, or with the first error.
    fn join(&mut self, id: GroupId) -> Result<(), Fault> {
        let group = self.core.groups.get(&id).ok_or(Fault::Damaged)?;
        let parent = group.parent;
        if self.fiber(parent)?.progress != Progress::Forked(id) {
            return Err(Fault::Damaged);
        }
        if self.is_held(parent) {
            return Ok(());
        }
        let failed = !group.failures.is_empty();
        let joined = if failed { Ok(NULL) } else { self.with_room(|machine| machine.results(id)) };
        let group = self.core.groups.remove(&id).ok_or(Fault::Damaged)?;
        self.make_ready(parent)?;
        let interruption = self.interruption(parent)?;
        if let Some((first, rest)) = group.failures.split_first() {
            self.fiber_mut(parent)?.undone = group.undone;
            let error = self.with_siblings(*first, rest)?;
            return match interruption {
                Some(interruption) if !self.says(interruption, error) => {
                    self.interrupt(parent, interruption, Some(error))
                }
                _ => self.raise(parent, error),
            };
        }
        if let Some(interruption) = interruption {
            return self.interrupt(parent, interruption, None);
        }
        match joined {
            Ok(handle) => {
                self.write_result(parent, &[handle, 0, 0])?;
                self.step_over(parent)
            }
            Err(fault) => self.raise_fault(parent, fault),
        }
    }

    /// The record of a group's results; null where none is used.
    fn results(&mut self, id: GroupId) -> Result<u64, Fault> {
        let program = self.program.clone();
        let group = self.core.groups.get(&id).ok_or(Fault::Damaged)?;
        let parent = self.fiber(group.parent)?;
        let (function, info) = (program.function(parent.function())?, program.info(parent.function())?);
        let Some(Op::Fork { dst, group: number }) = function.code.get(parent.at() as usize) else {
            return Err(Fault::Damaged);
        };
        let ty = *info.types_at.get(dst.index()).ok_or(Fault::Damaged)?;
        let layout = program.layout(program.plan().types.open_secret(ty));
        let branches = &function.groups.get(number.index()).ok_or(Fault::Damaged)?.branches;
        if branches.iter().all(|branch| branch.field.is_none()) && layout.offsets.is_empty() {
            return Ok(NULL);
        }
        let record = self.heap.record(layout.record_width)?;
        for (branch, result) in branches.iter().zip(&group.results) {
            let Some(field) = branch.field else { continue };
            let offset = layout.offsets.get(usize::from(field)).ok_or(Fault::Damaged)?;
            self.heap.write(record, *offset, result.as_ref().ok_or(Fault::Damaged)?)?;
        }
        Ok(record)
    }

    /// The error that goes on, with those of the siblings that were not merely stopped.
    fn with_siblings(&mut self, first: u64, rest: &[u64]) -> Result<u64, Fault> {
        let own = |error: &&u64| !matches!(error_object::kind(&self.heap, **error), Ok(Kind::Cancelled));
        let siblings: Vec<u64> = rest.iter().filter(own).copied().collect();
        if siblings.is_empty() {
            return Ok(first);
        }
        let image = self.program.image().len();
        self.heap.open_reserve(image);
        let error = error_object::with_siblings(&mut self.heap, first, &siblings);
        self.heap.close_reserve(image);
        Ok(error.unwrap_or(first))
    }
}
