//! Which registers are needed later: backward liveness over one function.

use super::flow::{Edges, handler_edges};
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

/// The registers needed before each instruction.
pub(super) fn live_before(function: &Function) -> Vec<RegisterSet> {
    let slots = function.registers.iter().map(|register| usize::from(register.slot.0) + 1).max().unwrap_or(0);
    let mut live = vec![RegisterSet::new(slots); function.code.len()];
    let mut changed = true;
    while changed {
        changed = false;
        for at in (0..function.code.len()).rev() {
            let Some(op) = function.code.get(at) else { continue };
            let mut now = needed_across(function, &live, at, op);
            reads(function, op, |reg| now.insert(reg));
            if let Some(before) = live.get_mut(at)
                && *before != now
            {
                *before = now;
                changed = true;
            }
        }
    }
    live
}

/// The registers needed after an instruction, where it does not fail.
pub(super) fn needed_after(function: &Function, live: &[RegisterSet], at: usize) -> RegisterSet {
    let mut after = live.get(at).map_or_else(|| RegisterSet::new(0), RegisterSet::empty);
    Edges::new(function, at).for_each(|next| {
        if let Some(there) = live.get(next) {
            after.join(there);
        }
    });
    after
}

/// Whether the register that an instruction writes is read later.
pub fn reads_after(function: &Function, at: usize, register: Reg) -> bool {
    needed_after(function, &live_before(function), at).contains(register)
}

/// What is alive at each wait of a function: exactly the registers that are needed after it.
pub fn live_tables(function: &Function) -> Vec<Live> {
    let live = live_before(function);
    let waits = function.code.iter().enumerate().filter(|(_, op)| op.waits());
    let table = |(at, op): (usize, &Op)| {
        let needed = needed_across(function, &live, at, op);
        let registers = function.registers.iter().map(|register| register.slot);
        Live {
            at: Target(u32::try_from(at).unwrap_or(u32::MAX)),
            registers: registers.filter(|register| needed.contains(*register)).collect(),
        }
    };
    waits.map(table).collect()
}

/// The registers that must outlive a wait: what comes after needs them, or a handler does.
pub(super) fn needed_across(function: &Function, live: &[RegisterSet], at: usize, op: &Op) -> RegisterSet {
    let mut needed = needed_after(function, live, at);
    if let Some(reg) = written(op) {
        needed.remove(reg);
    }
    for (target, error) in handler_edges(function, at) {
        if let Some(there) = live.get(target) {
            let mut there = there.clone();
            there.remove(error);
            needed.join(&there);
        }
    }
    needed
}
