//! The roots of the heap, in a fixed order, and collection.

use flow_plan::{FunctionId, Op, Undo};

use super::fiber::{Captured, Progress, UndoAction};
use super::{Core, Machine};
use crate::collector::{Collector, Of};
use crate::fault::Fault;
use crate::heap::Heap;
use crate::program::Program;

impl Machine {
    /// Copies what is reachable into a new heap.
    pub(super) fn collect(&mut self) -> Result<(), Fault> {
        let mut collector = Collector::new(&self.program, &self.heap, false);
        relocate(&self.program, &mut self.core, &mut collector)?;
        let words = collector.into_words();
        let secrets = self.heap.take_secrets();
        self.heap = Heap::from_words(words, self.program.image().len());
        secrets.iter().for_each(|secret| self.heap.note_secret(secret));
        self.collected = self.heap.all().len();
        Ok(())
    }
}

/// Relocates every root, in a fixed order.
pub(super) fn relocate(
    program: &Program,
    core: &mut Core,
    collector: &mut Collector<'_>,
) -> Result<(), Fault> {
    for (entry, value) in program.plan().config.iter().zip(&mut core.config) {
        if let Some(slots) = value {
            collector.value(entry.ty, slots)?;
        }
    }
    for fiber in core.fibers.values_mut() {
        for frame in &fiber.thread.frames {
            let slots = fiber.thread.stack.get_mut(frame.base..).ok_or(Fault::Damaged)?;
            registers(program, frame.function, slots, collector)?;
        }
        let function = program.function(fiber.function())?;
        let op = function.code.get(fiber.at() as usize);
        match &mut fiber.progress {
            Progress::Calling(_, captured) => kept(program, op, captured, collector)?,
            Progress::Confirming(confirming) => kept(program, op, &mut confirming.captured, collector)?,
            Progress::Unwinding(unwinding) => collector.handle(&mut unwinding.error, Of::Error)?,
            Progress::Receiving(receiving) => match op {
                Some(Op::ReceiveIf { filter, .. }) => {
                    arguments(program, *filter, &mut receiving.slots, collector)?;
                }
                Some(Op::Receive { .. }) if receiving.slots.is_empty() => {}
                Some(Op::ReceiveCallback { .. }) if receiving.slots.len() == 1 => {}
                _ => return Err(Fault::Damaged),
            },
            Progress::Ready | Progress::Waiting(_) | Progress::Forked(_) | Progress::Returned(_) => {}
        }
    }
    for group in core.groups.values_mut() {
        let parent = core.fibers.get(&group.parent).ok_or(Fault::Damaged)?;
        let function = program.function(parent.function())?;
        let op = function.code.get(parent.at() as usize).ok_or(Fault::Damaged)?;
        let (_, number) = op.forks().ok_or(Fault::Damaged)?;
        let forked = function.groups.get(number.index()).ok_or(Fault::Damaged)?;
        for (index, slots) in &mut group.results {
            let branch = if group.feed.is_some() { 0 } else { *index as usize };
            let branch = forked.branches.get(branch).ok_or(Fault::Damaged)?;
            collector.value(program.function(branch.function)?.result, slots)?;
        }
        for (_, error) in &mut group.failures {
            collector.handle(error, Of::Error)?;
        }
        if let Some(feed) = &mut group.feed {
            let Op::ForkEach { items, .. } = op else { return Err(Fault::Damaged) };
            let types = &program.info(parent.function())?.types_at;
            let ty = *types.get(items.index()).ok_or(Fault::Damaged)?;
            collector.value(ty, std::slice::from_mut(&mut feed.items))?;
            let branch = forked.branches.first().ok_or(Fault::Damaged)?;
            arguments(program, branch.function, &mut feed.captures, collector)?;
        }
    }
    for entry in &mut core.undos {
        if let UndoAction::Run { function, args, .. } = &mut entry.action {
            arguments(program, *function, args, collector)?;
        }
    }
    for (_, error) in &mut core.failed {
        collector.handle(error, Of::Error)?;
    }
    for early in &mut core.mailbox {
        let signal = program.plan().signal(early.signal).ok_or(Fault::Damaged)?;
        collector.value(signal.ty, std::slice::from_mut(&mut early.value))?;
    }
    for callback in &mut core.callbacks {
        if let Some(slots) = &mut callback.answer {
            collector.value(callback.ty, slots)?;
        }
    }
    Ok(())
}

/// What a call keeps of the registers.
fn kept(
    program: &Program,
    op: Option<&Op>,
    captured: &mut Captured,
    collector: &mut Collector<'_>,
) -> Result<(), Fault> {
    let Some(Op::Call { step, .. } | Op::Spawn { step, .. }) = op else { return Err(Fault::Damaged) };
    let plan = program.plan();
    let undo = match plan.step(*step).map(|step| step.undo) {
        Some(Undo::Function { function, .. }) => Some(function),
        _ => None,
    };
    let confirm = plan.step_operation(*step).and_then(|operation| operation.confirm);
    for (function, slots) in [(undo, &mut captured.undo), (confirm, &mut captured.args)] {
        match function {
            Some(function) => arguments(program, function, slots, collector)?,
            None if slots.is_empty() => {}
            None => return Err(Fault::Damaged),
        }
    }
    Ok(())
}

fn registers(
    program: &Program,
    function: FunctionId,
    slots: &mut [u64],
    collector: &mut Collector<'_>,
) -> Result<(), Fault> {
    for register in &program.function(function)?.registers {
        let start = register.slot.index();
        let value = slots.get_mut(start..start + program.width(register.ty)).ok_or(Fault::Damaged)?;
        collector.value(register.ty, value)?;
    }
    Ok(())
}

/// Arguments of a function, the first ones, as many as there are.
fn arguments(
    program: &Program,
    function: FunctionId,
    slots: &mut [u64],
    collector: &mut Collector<'_>,
) -> Result<(), Fault> {
    let (code, info) = (program.function(function)?, program.info(function)?);
    let mut rest = slots;
    for param in &code.params {
        if rest.is_empty() {
            return Ok(());
        }
        let ty = *info.types_at.get(param.index()).ok_or(Fault::Damaged)?;
        let (value, after) = rest.split_at_mut_checked(program.width(ty)).ok_or(Fault::Damaged)?;
        collector.value(ty, value)?;
        rest = after;
    }
    if rest.is_empty() { Ok(()) } else { Err(Fault::Damaged) }
}
