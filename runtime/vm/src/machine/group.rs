//! Branches: forking, and what a group comes to when its branches have ended. What is special to a race stands
//! in `race`.

use std::collections::BTreeSet;

use flow_plan::{FunctionId, Group as Forked, GroupMode, Op, Reg, Type, TypeId};

use super::Machine;
use super::fiber::{Feed, Fiber, FiberId, Group, GroupId, Progress, Role};
use crate::effect::Undone;
use crate::error_object::{self, Kind};
use crate::fault::Fault;
use crate::heap::NULL;
use crate::interpret::{Budget, Env, Thread};
use crate::limits::{FIBERS_MAX, WIDTH_MAX};
use crate::program::{Program, Slots};
use crate::wire::{Conditions, Wire};

impl Machine {
    /// Begins the branches of a group.
    pub(super) fn fork(&mut self, id: FiberId, op: Op) -> Result<(), Fault> {
        let program = self.program.clone();
        let parent = self.fiber(id)?;
        let function = program.function(parent.function())?;
        let (_, forked) = op.forks().ok_or(Fault::Damaged)?;
        let forked = function.groups.get(forked.index()).ok_or(Fault::Damaged)?;
        let (mut feed, mut due, mut branches) = (None, 1, Vec::new());
        match op {
            Op::ForkEach { items, count, .. } => {
                let count = self.read(id, count)?.cast_signed();
                let width = if forked.mode.is_race() { i64::from(WIDTH_MAX) } else { count };
                let width = u32::try_from(width).ok().filter(|width| (1..=WIDTH_MAX).contains(width));
                let width = width.ok_or(Fault::Range("not 1 to 1,000 at a time".into()))?;
                if forked.mode.is_race() {
                    due = due_of(count)?;
                }
                let branch = forked.branches.first().ok_or(Fault::Damaged)?;
                let (items, captures) = (self.read(id, items)?, self.gather(id, branch.captures)?);
                feed = Some(Feed { items, captures, width, begun: 0 });
            }
            _ => {
                if let Op::ForkSome { count, .. } = op {
                    due = due_of(self.read(id, count)?.cast_signed())?;
                }
                if self.core.fibers.len().saturating_add(forked.branches.len()) > FIBERS_MAX {
                    return Err(Fault::limit("more than 10,000 branches run"));
                }
                for branch in &forked.branches {
                    let args = self.gather(id, branch.captures)?;
                    branches.push(Thread::new(&program, branch.function, &args)?);
                }
            }
        }
        let number = GroupId(self.core.next_group);
        self.core.next_group = self.core.next_group.wrapping_add(1);
        self.fiber_mut(id)?.progress = Progress::Forked(number);
        self.clear_dead(id)?;
        let made = Group {
            parent: id,
            running: BTreeSet::new(),
            blocked: BTreeSet::new(),
            succeeded: 0,
            results: Vec::new(),
            failures: Vec::new(),
            undone: Vec::new(),
            unsettled: false,
            due,
            feed,
        };
        self.core.groups.insert(number, made);
        for (index, thread) in (0..).zip(branches) {
            self.begin(number, index, thread)?;
        }
        self.settle_group(number)
    }

    /// Begins one branch.
    fn begin(&mut self, number: GroupId, index: u32, thread: Thread) -> Result<(), Fault> {
        let parent = self.fiber(self.group(number)?.parent)?;
        let (mut saga, undoes) = (parent.innermost_saga(), parent.undoes);
        let prefix = format!("{}/{index}/", parent.path(&parent.at().to_string()).0);
        if self.forked(number)?.0.mode.is_race() {
            saga = self.core.next_saga;
            self.core.next_saga = saga.wrapping_add(1);
        }
        let fiber = self.spawn(Fiber::new(Role::Branch(number, index), prefix, saga, undoes, thread));
        self.group_mut(number)?.running.insert(fiber);
        Ok(())
    }

    /// Begins the branches of the next items, as many as may run.
    fn refill(&mut self, number: GroupId) -> Result<(), Fault> {
        let program = self.program.clone();
        loop {
            let group = self.group(number)?;
            let Some(feed) = &group.feed else { return Ok(()) };
            let (running, index, width) = (group.running.len(), feed.begun, feed.width as usize);
            let full = running >= width || (running > 0 && self.core.fibers.len() >= FIBERS_MAX);
            if full || index as usize >= self.heap.len(feed.items)? {
                return Ok(());
            }
            let (function, ty) = self.item_of(number)?;
            let item = self.heap.item(feed.items, index as usize, program.width(ty))?;
            let args = [feed.captures.as_slice(), item.ok_or(Fault::Damaged)?].concat();
            let thread = Thread::new(&program, function, &args)?;
            self.begin(number, index, thread)?;
            if let Some(feed) = &mut self.group_mut(number)?.feed {
                feed.begun += 1;
            }
        }
    }

    pub(super) fn group(&self, id: GroupId) -> Result<&Group, Fault> {
        self.core.groups.get(&id).ok_or(Fault::Damaged)
    }

    pub(super) fn group_mut(&mut self, id: GroupId) -> Result<&mut Group, Fault> {
        self.core.groups.get_mut(&id).ok_or(Fault::Damaged)
    }

    /// What the plan says of a group, and the register of what comes of it.
    pub(super) fn forked(&self, id: GroupId) -> Result<(&Forked, Reg), Fault> {
        let parent = self.fiber(self.group(id)?.parent)?;
        let function = self.program.function(parent.function())?;
        let op = function.code.get(parent.at() as usize).ok_or(Fault::Damaged)?;
        let (dst, number) = op.forks().ok_or(Fault::Damaged)?;
        Ok((function.groups.get(number.index()).ok_or(Fault::Damaged)?, dst))
    }

    /// The type of what comes of a group.
    pub(super) fn type_of_group(&self, id: GroupId) -> Result<TypeId, Fault> {
        let (_, dst) = self.forked(id)?;
        let info = self.program.info(self.fiber(self.group(id)?.parent)?.function())?;
        let ty = *info.types_at.get(dst.index()).ok_or(Fault::Damaged)?;
        Ok(self.program.plan().types.open_secret(ty))
    }

    /// The code for each item, and the type of the items.
    fn item_of(&self, id: GroupId) -> Result<(FunctionId, TypeId), Fault> {
        let parent = self.fiber(self.group(id)?.parent)?;
        let function = self.program.function(parent.function())?;
        let Some(Op::ForkEach { items, .. }) = function.code.get(parent.at() as usize) else {
            return Err(Fault::Damaged);
        };
        let list =
            *self.program.info(parent.function())?.types_at.get(items.index()).ok_or(Fault::Damaged)?;
        let types = &self.program.plan().types;
        let Type::List(item) = types.get(types.open_secret(list)) else { return Err(Fault::Damaged) };
        let branch = self.forked(id)?.0.branches.first().ok_or(Fault::Damaged)?;
        Ok((branch.function, *item))
    }

    /// Whether the branches of a group go no further, since one has failed.
    pub(super) fn is_stopped(&self, id: GroupId) -> Result<bool, Fault> {
        Ok(!self.group(id)?.failures.is_empty() && self.forked(id)?.0.mode == GroupMode::All)
    }

    /// A fiber has returned.
    pub(super) fn finish(&mut self, id: FiberId, slots: Slots) -> Result<(), Fault> {
        let role = self.fiber(id)?.role;
        let output = match role {
            // The result is written first: where it can't be, the workflow fails with all its scopes open.
            Role::Root => Some(self.write_output(&slots)?),
            // It comes too late.
            Role::Loser => return self.lose(id),
            _ => None,
        };
        while !self.fiber(id)?.scopes.is_empty() {
            self.leave_scope(id)?;
        }
        match role {
            Role::Root => self.returned(id, output.unwrap_or_default()),
            Role::Branch(group, index) => {
                self.hand_over(id)?;
                let width = self.program.info(self.fiber(id)?.function())?.result_width;
                let kept = !matches!(self.program.plan().types.get(self.type_of_group(group)?), Type::Null);
                self.core.fibers.remove(&id);
                let entry = self.group_mut(group)?;
                entry.running.remove(&id);
                entry.blocked.remove(&id);
                entry.succeeded = entry.succeeded.saturating_add(1);
                if kept {
                    entry.results.push((index, slots.get(..width).unwrap_or(&slots).to_vec()));
                }
                self.settle_group(group)
            }
            Role::Undo(of) => {
                self.core.fibers.remove(&id);
                self.undo_ended(of, None)
            }
            Role::Confirm(of) => {
                self.core.fibers.remove(&id);
                self.confirmed(of, Some(slots))
            }
            Role::Loser => Err(Fault::Damaged),
        }
    }

    fn write_output(&mut self, slots: &Slots) -> Result<Vec<u8>, Fault> {
        let mut budget = Budget::default();
        let env = Env { program: &self.program, config: &self.core.config };
        let output = self.program.plan().output;
        Wire::new(env, &mut self.heap, &mut budget).encode(output, slots, Conditions::Taken)
    }

    /// A branch has failed: where all must succeed, its siblings are stopped at their next step.
    pub(super) fn branch_failed(
        &mut self,
        id: FiberId,
        (number, index): (GroupId, u32),
        error: u64,
        (undone, unsettled): (Vec<Undone>, bool),
    ) -> Result<(), Fault> {
        let mode = self.forked(number)?.0.mode;
        let group = self.group_mut(number)?;
        group.running.remove(&id);
        group.blocked.remove(&id);
        group.failures.push((index, error));
        group.unsettled |= unsettled;
        let first = group.failures.len() == 1;
        let mut stopped = Vec::new();
        if mode.is_race() {
            // Each branch of a race undoes its own, whatever becomes of the race.
            self.core.undone.extend(undone);
        } else {
            group.undone.extend(undone);
            if first && mode == GroupMode::All {
                stopped.extend(group.running.iter().copied());
            }
        }
        self.settle_group(number)?;
        self.interrupt_waiting(&stopped);
        Ok(())
    }

    /// Sees what a group has come to: begins what may begin, or lets its fiber go on.
    fn settle_group(&mut self, id: GroupId) -> Result<(), Fault> {
        let mode = self.forked(id)?.0.mode;
        let (group, waiting) = (self.group(id)?, self.not_begun(id)?);
        let (succeeded, due) = (group.succeeded as usize, group.due as usize);
        let decided = mode.is_race() && (succeeded >= due || self.may_succeed(id)? < due);
        let begins = !decided && waiting > 0 && !self.is_stopped(id)?;
        if begins && self.interruption(group.parent)?.is_none() {
            self.refill(id)?;
        }
        if decided || self.group(id)?.running.is_empty() { self.join(id) } else { self.block_if_hopeless(id) }
    }

    /// How many branches of a group have not begun.
    fn not_begun(&self, id: GroupId) -> Result<usize, Fault> {
        match &self.group(id)?.feed {
            Some(feed) => Ok(self.heap.len(feed.items)?.saturating_sub(feed.begun as usize)),
            None => Ok(0),
        }
    }

    /// How many branches of a group have succeeded or still may.
    pub(super) fn may_succeed(&self, id: GroupId) -> Result<usize, Fault> {
        let group = self.group(id)?;
        Ok(group.succeeded as usize + group.running.len() + self.not_begun(id)?)
    }

    /// Whether a group takes the error of a branch, as `parallel settled` does.
    pub(super) fn would_settle(&self, id: GroupId) -> Result<bool, Fault> {
        let settles = self.forked(id)?.0.mode == GroupMode::Settled;
        Ok(settles && self.interruption(self.group(id)?.parent)?.is_none())
    }

    /// A group has come to its end: its fiber goes on with what came of it.
    fn join(&mut self, id: GroupId) -> Result<(), Fault> {
        let group = self.group(id)?;
        let parent = group.parent;
        if self.fiber(parent)?.progress != Progress::Forked(id) {
            return Err(Fault::Damaged);
        }
        let mode = self.forked(id)?.0.mode;
        let failed = match mode {
            GroupMode::All | GroupMode::Shielded => !group.failures.is_empty(),
            GroupMode::Settled => false,
            GroupMode::First | GroupMode::Some => group.succeeded < group.due,
        };
        // A `finally` ends as it began: whatever is on its way goes on from there.
        let shielded = mode == GroupMode::Shielded;
        let interruption = if shielded { None } else { self.interruption(parent)? };
        if self.is_held(parent) && !failed && interruption.is_none() {
            return Ok(());
        }
        let joined = if failed { Ok(NULL) } else { self.with_room(|machine| machine.result_of(id, mode)) };
        let group = self.core.groups.remove(&id).ok_or(Fault::Damaged)?;
        // Whoever still runs has lost, and no longer belongs to the group.
        let losers: Vec<FiberId> = group.running.iter().copied().collect();
        for loser in &losers {
            self.fiber_mut(*loser)?.role = Role::Loser;
        }
        self.make_ready(parent)?;
        if failed || mode == GroupMode::Settled {
            self.fiber_mut(parent)?.unsettled |= group.unsettled;
        }
        match (failed, interruption) {
            (true, _) => {
                let error = self.error_of(parent, mode, &group)?;
                let undone = group.undone;
                let known = &mut self.fiber_mut(parent)?.undone;
                if !shielded {
                    known.clear();
                }
                known.extend(undone);
                match interruption {
                    Some(interruption) if !self.says(interruption, error) => {
                        self.interrupt(parent, interruption, Some(error))
                    }
                    _ => self.raise(parent, error),
                }
            }
            (false, Some(interruption)) => self.interrupt(parent, interruption, None),
            (false, None) => match joined {
                Ok(handle) => {
                    self.write_result(parent, &[handle, 0, 0])?;
                    self.step_over(parent)
                }
                Err(fault) => self.raise_fault(parent, fault),
            },
        }?;
        self.interrupt_waiting(&losers);
        self.release_losers(&losers)
    }

    /// The error of a group that has failed, with those of the siblings that were not merely stopped.
    fn error_of(&mut self, parent: FiberId, mode: GroupMode, group: &Group) -> Result<u64, Fault> {
        let mut errors: Vec<u64> = group.failures.iter().map(|(_, error)| *error).collect();
        match mode {
            GroupMode::First => errors.reverse(),
            GroupMode::Some => errors.insert(0, self.quorum(parent, group)?),
            GroupMode::All | GroupMode::Settled | GroupMode::Shielded => {}
        }
        let (first, rest) = errors.split_first().ok_or(Fault::Damaged)?;
        self.with_siblings(*first, rest)
    }

    /// What comes of a group that has not failed: a handle, or null where nobody reads it.
    fn result_of(&mut self, id: GroupId, mode: GroupMode) -> Result<u64, Fault> {
        let program = self.program.clone();
        let ty = self.type_of_group(id)?;
        match (mode, program.plan().types.get(ty)) {
            (_, Type::Null) => Ok(NULL),
            (GroupMode::All | GroupMode::Some, Type::List(item)) => {
                let in_order = mode == GroupMode::All;
                self.list_of_results(id, program.width(*item), in_order)
            }
            (GroupMode::All, Type::Record(_)) => self.record_of_results(&program, id, ty),
            (GroupMode::Settled, Type::Record(_)) => self.record_of_outcomes(&program, id, ty),
            (GroupMode::First, Type::Tagged { .. }) => self.tagged_result(&program, id, ty),
            _ => Err(Fault::Damaged),
        }
    }

    /// The results as a list: in the order of the items, or the first ones as they came.
    fn list_of_results(&mut self, id: GroupId, width: usize, in_order: bool) -> Result<u64, Fault> {
        let group = self.group(id)?;
        let mut results: Vec<&(u32, Vec<u64>)> = group.results.iter().collect();
        if in_order {
            results.sort_by_key(|(index, _)| *index);
        } else {
            results.truncate(group.due as usize);
        }
        let mut slots = Vec::with_capacity(results.len().saturating_mul(width));
        for (_, result) in results {
            if result.len() != width {
                return Err(Fault::Damaged);
            }
            slots.extend_from_slice(result);
        }
        self.heap.new_list(&slots, width)
    }

    fn record_of_results(&mut self, program: &Program, id: GroupId, ty: TypeId) -> Result<u64, Fault> {
        let layout = program.layout(ty);
        let record = self.heap.record(layout.record_width)?;
        let group = self.core.groups.get(&id).ok_or(Fault::Damaged)?;
        for (index, result) in &group.results {
            let branch = self.forked(id)?.0.branches.get(*index as usize).ok_or(Fault::Damaged)?;
            let Some(field) = branch.field else { continue };
            let offset = layout.offsets.get(usize::from(field)).ok_or(Fault::Damaged)?;
            self.heap.write(record, *offset, result)?;
        }
        Ok(record)
    }

    /// `Ok` or `Err` for each branch of a group whose branches have all ended.
    fn record_of_outcomes(&mut self, program: &Program, id: GroupId, ty: TypeId) -> Result<u64, Fault> {
        let (layout, types) = (program.layout(ty), &program.plan().types);
        let Type::Record(fields) = types.get(ty) else { return Err(Fault::Damaged) };
        let record = self.heap.record(layout.record_width)?;
        let group = self.group(id)?.clone();
        let results = group.results.into_iter().map(|(index, slots)| (index, 0, slots));
        let failures = group.failures.into_iter().map(|(index, error)| (index, 1, vec![error]));
        for (index, case, slots) in results.chain(failures) {
            let branch = self.forked(id)?.0.branches.get(index as usize).ok_or(Fault::Damaged)?;
            let Some(field) = branch.field.map(usize::from) else { continue };
            let union = fields.get(field).ok_or(Fault::Damaged)?.ty;
            let outcome = self.tagged(program, types.open_secret(union), case, &slots)?;
            let offset = layout.offsets.get(field).ok_or(Fault::Damaged)?;
            self.heap.write(record, *offset, &[outcome])?;
        }
        Ok(record)
    }

    /// A value of a union whose case holds one value.
    pub(super) fn tagged(
        &mut self,
        program: &Program,
        union: TypeId,
        case: u16,
        slots: &[u64],
    ) -> Result<u64, Fault> {
        let Type::Tagged { cases, .. } = program.plan().types.get(union) else { return Err(Fault::Damaged) };
        let fields = cases.get(usize::from(case)).ok_or(Fault::Damaged)?.fields;
        let width = program.layout(program.plan().types.open_secret(fields)).record_width;
        if slots.len() != width {
            return Err(Fault::Damaged);
        }
        let record = self.heap.record(width)?;
        self.heap.write(record, 0, slots)?;
        self.heap.object(&[u64::from(case), record])
    }

    /// What has failed in a branch: of one that was stopped, what failed while it was; nothing where nothing has.
    fn own_failure(&self, error: u64) -> Option<u64> {
        match error_object::kind(&self.heap, error) {
            Ok(Kind::Cancelled) => {
                let cause = error_object::cause(&self.heap, error).ok().filter(|cause| *cause != NULL)?;
                let stopped = match error_object::kind(&self.heap, cause) {
                    Ok(Kind::Cancelled) => true,
                    Ok(Kind::Refused) => error_object::was_not_sent(&self.heap, cause) != Ok(false),
                    _ => false,
                };
                (!stopped).then_some(cause)
            }
            _ => Some(error),
        }
    }

    /// An error with those of siblings, without those that were merely stopped.
    fn with_siblings(&mut self, first: u64, rest: &[u64]) -> Result<u64, Fault> {
        let siblings: Vec<u64> = rest.iter().filter_map(|error| self.own_failure(*error)).collect();
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

/// How many successes are due.
fn due_of(count: i64) -> Result<u32, Fault> {
    let due = u32::try_from(count).ok().filter(|due| *due > 0);
    due.ok_or(Fault::Range("a race is for 1 or more successes".into()))
}
