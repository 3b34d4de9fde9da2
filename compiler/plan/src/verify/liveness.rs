//! Which registers are needed later: backward liveness over one function.

use super::blocks::Blocks;
use super::flow::may_raise;
use super::set::RegisterSet;
use crate::op::Operand;
use crate::{Function, Live, Op, Reg, Target};

/// The registers that an instruction reads, by slot.
pub(super) fn reads(function: &Function, op: &Op, mut each: impl FnMut(Reg)) {
    op.operands(|_, operand| match operand {
        Operand::Read(reg, _) => each(reg),
        Operand::List(list) => {
            function.lists.get(list.0 as usize).into_iter().flatten().copied().for_each(&mut each);
        }
        Operand::Group(group) => {
            let branches =
                function.groups.get(group.0 as usize).into_iter().flat_map(|group| &group.branches);
            for branch in branches {
                function
                    .lists
                    .get(branch.captures.0 as usize)
                    .into_iter()
                    .flatten()
                    .copied()
                    .for_each(&mut each);
            }
        }
        _ => {}
    });
}

/// The register that an instruction writes.
pub(super) fn written(op: &Op) -> Option<Reg> {
    let mut found = None;
    op.operands(|_, operand| {
        if let Operand::Write(reg, _) = operand {
            found = Some(reg);
        }
    });
    found
}

/// The registers needed where each block begins.
struct Liveness<'b, 'f> {
    blocks: &'b Blocks<'f>,
    before: Vec<RegisterSet>,
    slots: usize,
}

impl<'b, 'f> Liveness<'b, 'f> {
    fn new(blocks: &'b Blocks<'f>) -> Self {
        let slots = blocks
            .function
            .registers
            .iter()
            .map(|register| usize::from(register.slot.0) + 1)
            .max()
            .unwrap_or(0);
        let mut live = Self { before: vec![RegisterSet::new(slots); blocks.len()], blocks, slots };
        let mut now = RegisterSet::default();
        let mut changed = true;
        while changed {
            changed = false;
            for block in (0..live.blocks.len()).rev() {
                live.walk(block, &mut now, |_, _, _| {});
                if let Some(before) = live.before.get_mut(block)
                    && *before != now
                {
                    before.set(&now);
                    changed = true;
                }
            }
        }
        live
    }

    /// Tells, from the last instruction of a block to its first, which registers are needed after the instruction
    /// where it does not fail. What is needed where the block begins is in `now` at the end.
    fn walk(&self, block: usize, now: &mut RegisterSet, mut each: impl FnMut(usize, &'f Op, &RegisterSet)) {
        now.reset(self.slots);
        for next in self.blocks.nexts(block) {
            self.before.get(next).into_iter().for_each(|there| now.join(there));
        }
        for (at, op) in self.blocks.ops(block).rev() {
            each(at, op, now);
            self.across(block, op, now);
            reads(self.blocks.function, op, |reg| now.insert(reg));
        }
    }

    /// From the registers needed after an instruction, those that must outlive it: what comes after needs them, or a
    /// handler does.
    fn across(&self, block: usize, op: &Op, needed: &mut RegisterSet) {
        if let Some(reg) = written(op) {
            needed.remove(reg);
        }
        if !may_raise(op) {
            return;
        }
        for (target, handler) in self.blocks.handlers(block) {
            let Some(there) = self.before.get(target) else { continue };
            let held = needed.contains(handler.error);
            needed.join(there);
            if !held {
                needed.remove(handler.error);
            }
        }
    }
}

/// The instructions whose written register is read later, where they do not fail.
pub fn results_read(function: &Function, wanted: impl Fn(&Op) -> bool) -> Vec<Target> {
    if !function.code.iter().any(&wanted) {
        return Vec::new();
    }
    let blocks = Blocks::new(function);
    let live = Liveness::new(&blocks);
    let mut now = RegisterSet::default();
    let mut found = Vec::new();
    for block in 0..live.blocks.len() {
        live.walk(block, &mut now, |at, op, after| {
            if wanted(op) && written(op).is_some_and(|reg| after.contains(reg)) {
                found.push(target(at));
            }
        });
    }
    found.sort_unstable();
    found
}

/// What is alive at each wait of a function: exactly the registers that are needed after it.
pub fn live_tables(function: &Function) -> Vec<Live> {
    let mut tables = Vec::new();
    needed_across_waits(&Blocks::new(function), |at, needed| {
        let registers = function.registers.iter().map(|register| register.slot);
        tables.push(Live {
            at: target(at),
            registers: registers.filter(|register| needed.contains(*register)).collect(),
        });
    });
    tables.sort_unstable_by_key(|table| table.at);
    tables
}

/// Tells of each instruction that can wait which registers must outlive it, in no order.
pub(super) fn needed_across_waits(blocks: &Blocks<'_>, mut each: impl FnMut(usize, &RegisterSet)) {
    if !blocks.function.code.iter().any(Op::waits) {
        return;
    }
    let live = Liveness::new(blocks);
    let (mut now, mut needed) = (RegisterSet::default(), RegisterSet::default());
    for block in 0..live.blocks.len() {
        live.walk(block, &mut now, |at, op, after| {
            if op.waits() {
                needed.set(after);
                live.across(block, op, &mut needed);
                each(at, &needed);
            }
        });
    }
}

fn target(at: usize) -> Target {
    Target(u32::try_from(at).unwrap_or(u32::MAX))
}
