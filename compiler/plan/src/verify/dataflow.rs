//! What is known before each instruction, along every way to it: which registers are assigned, which hold a
//! list that nobody else holds, and which scopes are open.

use super::blocks::Blocks;
use super::flow::may_raise;
use super::liveness::{reads, written};
use super::set::RegisterSet;
use crate::{Function, Handler, Op, Reg};

/// Scopes inside each other.
const SCOPES_MAX: usize = 64;

/// What a scope is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    Saga,
    Deadline,
    Loop,
}

/// What is known before an instruction.
#[derive(Clone, Default)]
struct Known {
    assigned: RegisterSet,
    /// Registers whose list no other register and no object holds.
    owned: RegisterSet,
    scopes: Vec<Scope>,
}

impl Known {
    /// Becomes like the other.
    fn set(&mut self, other: &Self) {
        self.assigned.set(&other.assigned);
        self.owned.set(&other.owned);
        self.scopes.clone_from(&other.scopes);
    }
}

type Failure = (usize, String);

/// How many scopes are open where each block begins; none where control can't come.
pub(super) fn check(blocks: &Blocks<'_>) -> Result<Vec<Option<usize>>, Failure> {
    let function = blocks.function;
    let known = solve(blocks)?;
    let mut state = Known::default();
    for (block, known) in known.iter().enumerate() {
        let Some(known) = known else { continue };
        state.set(known);
        for (at, op) in blocks.ops(block) {
            check_op(function, op, &state).map_err(|reason| (at, reason))?;
            read(function, op, &mut state);
            step(op, &mut state).map_err(|reason| (at, reason))?;
        }
    }
    Ok(known.iter().map(|known| Some(known.as_ref()?.scopes.len())).collect())
}

/// What an instruction reads is assigned, and a list that grows is its own.
fn check_op(function: &Function, op: &Op, before: &Known) -> Result<(), String> {
    let mut missing = None;
    reads(function, op, |reg| {
        if !before.assigned.contains(reg) {
            missing = Some(reg);
        }
    });
    if let Some(reg) = missing {
        return Err(format!("slot {} is read, and not assigned on every way here", reg.0));
    }
    match op {
        Op::Push { list, .. } if !before.owned.contains(*list) => {
            Err(format!("the list of slot {} may be held elsewhere", list.0))
        }
        _ => Ok(()),
    }
}

/// What is known where each block begins; nothing where control can't come.
fn solve(blocks: &Blocks<'_>) -> Result<Vec<Option<Known>>, Failure> {
    let function = blocks.function;
    let slots = function.registers.last().map_or(0, |register| register.slot.index() + 1);
    let mut start =
        Known { assigned: RegisterSet::new(slots), owned: RegisterSet::new(slots), scopes: Vec::new() };
    function.params.iter().for_each(|param| start.assigned.insert(*param));
    let mut starts =
        Starts { known: vec![None; blocks.len()], work: Vec::new(), queued: vec![false; blocks.len()] };
    let in_code = |block: usize| move |reason| (blocks.range(block).start, reason);
    starts.merge(0, &start).map_err(in_code(0))?;
    let (mut state, mut caught) = (Known::default(), Known::default());
    while let Some(block) = starts.next(&mut state) {
        for (at, op) in blocks.ops(block) {
            read(function, op, &mut state);
            if may_raise(op) {
                for (target, handler) in blocks.handlers(block) {
                    catch(handler, &state, &mut caught).map_err(|reason| (at, reason))?;
                    starts.merge(target, &caught).map_err(in_code(target))?;
                }
            }
            step(op, &mut state).map_err(|reason| (at, reason))?;
        }
        for next in blocks.nexts(block) {
            starts.merge(next, &state).map_err(in_code(next))?;
        }
    }
    Ok(starts.known)
}

/// What is known where each block begins so far, and the blocks for which that has changed.
struct Starts {
    known: Vec<Option<Known>>,
    work: Vec<usize>,
    queued: Vec<bool>,
}

impl Starts {
    /// The next block to go through, and what is known where it begins.
    fn next(&mut self, state: &mut Known) -> Option<usize> {
        let block = self.work.pop()?;
        *self.queued.get_mut(block)? = false;
        state.set(self.known.get(block)?.as_ref()?);
        Some(block)
    }

    /// Another way comes to a block.
    fn merge(&mut self, block: usize, new: &Known) -> Result<(), String> {
        let (Some(known), Some(queued)) = (self.known.get_mut(block), self.queued.get_mut(block)) else {
            return Ok(());
        };
        let changed = match known {
            None => {
                *known = Some(new.clone());
                true
            }
            Some(before) if before.scopes != new.scopes => {
                return Err("other scopes are open on another way here".to_owned());
            }
            Some(before) => before.assigned.meet(&new.assigned) | before.owned.meet(&new.owned),
        };
        if changed && !*queued {
            *queued = true;
            self.work.push(block);
        }
        Ok(())
    }
}

/// What is known where a handler begins.
fn catch(handler: &Handler, before: &Known, caught: &mut Known) -> Result<(), String> {
    caught.set(before);
    let kept = usize::from(handler.scopes);
    if kept > caught.scopes.len() {
        return Err("a handler keeps more scopes than are open".to_owned());
    }
    caught.scopes.truncate(kept);
    caught.assigned.insert(handler.error);
    caught.owned.remove(handler.error);
    Ok(())
}

/// What an instruction reads may be held elsewhere afterwards.
fn read(function: &Function, op: &Op, known: &mut Known) {
    let keeps: Option<Reg> = match op {
        Op::Push { list, .. } | Op::Len { list, .. } | Op::Item { list, .. } => Some(*list),
        _ => None,
    };
    let mut count = 0;
    reads(function, op, |reg| {
        // A list pushed into itself is read as the item too.
        count += usize::from(keeps == Some(reg));
        if keeps != Some(reg) || count > 1 {
            known.owned.remove(reg);
        }
    });
}

/// What an instruction does to what is known, after what it reads.
fn step(op: &Op, known: &mut Known) -> Result<(), String> {
    if let Some(reg) = written(op) {
        known.assigned.insert(reg);
        known.owned.remove(reg);
        if matches!(op, Op::List { .. }) {
            known.owned.insert(reg);
        }
    }
    let opened = match op {
        Op::EnterSaga {} => Some(Scope::Saga),
        Op::EnterDeadline { .. } => Some(Scope::Deadline),
        Op::EnterLoop {} => Some(Scope::Loop),
        _ => None,
    };
    if let Some(scope) = opened {
        known.scopes.push(scope);
        if known.scopes.len() > SCOPES_MAX {
            return Err(format!("more than {SCOPES_MAX} scopes are open"));
        }
    }
    match op {
        Op::Leave {} if known.scopes.pop().is_none() => Err("no scope is open".to_owned()),
        Op::NextLoop {} if known.scopes.last() != Some(&Scope::Loop) => {
            Err("the innermost scope is no loop".to_owned())
        }
        _ => Ok(()),
    }
}
