//! What is alive at each wait: backward data flow over registers.

use flow_plan::op::Operand;
use flow_plan::{Function, Live, Op, Reg, Target};

/// A set of registers, by their place in the register table.
#[derive(Clone, PartialEq, Eq)]
struct Set(Vec<u64>);

impl Set {
    fn new(registers: usize) -> Self {
        Self(vec![0; registers.div_ceil(64)])
    }

    fn insert(&mut self, index: usize) {
        if let Some(word) = self.0.get_mut(index / 64) {
            *word |= 1 << (index % 64);
        }
    }

    fn remove(&mut self, index: usize) {
        if let Some(word) = self.0.get_mut(index / 64) {
            *word &= !(1 << (index % 64));
        }
    }

    fn contains(&self, index: usize) -> bool {
        self.0.get(index / 64).is_some_and(|word| word & (1 << (index % 64)) != 0)
    }

    fn add(&mut self, other: &Self) {
        for (word, other) in self.0.iter_mut().zip(&other.0) {
            *word |= other;
        }
    }
}

/// The live tables of a function, one for each waiting instruction.
pub(crate) fn find(function: &Function) -> Vec<Live> {
    if !function.code.iter().any(Op::waits) {
        return Vec::new();
    }
    let before = fixpoint(function);
    let mut tables = Vec::new();
    for (index, op) in function.code.iter().enumerate().filter(|(_, op)| op.waits()) {
        let after = across(function, index, op, &before);
        let registers = function.registers.iter().enumerate();
        let registers =
            registers.filter(|(register, _)| after.contains(*register)).map(|(_, entry)| entry.slot);
        let at = Target(u32::try_from(index).unwrap_or(u32::MAX));
        tables.push(Live { at, registers: registers.collect() });
    }
    tables
}

/// What is alive before each instruction.
fn fixpoint(function: &Function) -> Vec<Set> {
    let mut before = vec![Set::new(function.registers.len()); function.code.len()];
    let mut changed = true;
    while changed {
        changed = false;
        for (index, op) in function.code.iter().enumerate().rev() {
            let mut live = across(function, index, op, &before);
            reads(function, op, &mut live);
            if let Some(slot) = before.get_mut(index).filter(|slot| **slot != live) {
                *slot = live;
                changed = true;
            }
        }
    }
    before
}

/// What is alive while an instruction is performed, apart from what it reads: what its successors need and it
/// does not write, and what a handler needs, which runs without the write.
fn across(function: &Function, index: usize, op: &Op, before: &[Set]) -> Set {
    let mut live = Set::new(function.registers.len());
    let mut follow = |next: usize| {
        if let Some(set) = before.get(next) {
            live.add(set);
        }
    };
    if !op.diverges() {
        follow(index + 1);
    }
    op.operands(|_, operand| {
        if let Operand::Target(target) = operand {
            follow(target.0 as usize);
        }
    });
    op.operands(|_, operand| {
        if let Operand::Write(reg, _) = operand {
            live.remove(position(function, reg));
        }
    });
    for handler in &function.handlers {
        if (handler.start.0 as usize..handler.end.0 as usize).contains(&index)
            && let Some(mut set) = before.get(handler.target.0 as usize).cloned()
        {
            set.remove(position(function, handler.error));
            live.add(&set);
        }
    }
    live
}

fn reads(function: &Function, op: &Op, live: &mut Set) {
    op.operands(|_, operand| match operand {
        Operand::Read(reg, _) => live.insert(position(function, reg)),
        Operand::List(list) => {
            for reg in function.lists.get(list.index()).into_iter().flatten() {
                live.insert(position(function, *reg));
            }
        }
        Operand::Group(group) => {
            let branches = function.groups.get(group.index()).into_iter().flat_map(|group| &group.branches);
            for branch in branches {
                for reg in function.lists.get(branch.captures.index()).into_iter().flatten() {
                    live.insert(position(function, *reg));
                }
            }
        }
        _ => {}
    });
}

fn position(function: &Function, reg: Reg) -> usize {
    // Registers stand in the order of their slots.
    function.registers.partition_point(|entry| entry.slot < reg)
}
