//! What is known before each instruction, along every way to it: which registers are assigned, which hold a
//! list that nobody else holds, and which scopes are open.

use super::flow::{Edges, handler_edges};
use super::functions::Body;
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
#[derive(Clone, PartialEq, Eq)]
struct Known {
    assigned: RegisterSet,
    /// Registers whose list no other register and no object holds.
    owned: RegisterSet,
    scopes: Vec<Scope>,
}

type Failure = (usize, String);

pub(super) fn check(body: &Body<'_>) -> Result<(), Failure> {
    let known = solve(body.function)?;
    for (at, (op, before)) in body.function.code.iter().zip(&known).enumerate() {
        let Some(before) = before else { continue };
        let mut missing = None;
        reads(body.function, op, |reg| {
            if !before.assigned.contains(reg) {
                missing = Some(reg);
            }
        });
        if let Some(reg) = missing {
            return Err((at, format!("slot {} is read, and not assigned on every way here", reg.0)));
        }
        if let Op::Push { list, .. } = op
            && !before.owned.contains(*list)
        {
            return Err((at, format!("the list of slot {} may be held elsewhere", list.0)));
        }
    }
    Ok(())
}

/// The scopes before each instruction; none where control can't come.
pub(super) fn scopes(function: &Function) -> Result<Vec<Option<Vec<Scope>>>, Failure> {
    Ok(solve(function)?.into_iter().map(|known| known.map(|known| known.scopes)).collect())
}

fn solve(function: &Function) -> Result<Vec<Option<Known>>, Failure> {
    let slots = function.registers.last().map_or(0, |register| register.slot.index() + 1);
    let mut start =
        Known { assigned: RegisterSet::new(slots), owned: RegisterSet::new(slots), scopes: Vec::new() };
    function.params.iter().for_each(|param| start.assigned.insert(*param));
    let mut known: Vec<Option<Known>> = vec![None; function.code.len()];
    let mut work = vec![0];
    if let Some(first) = known.first_mut() {
        *first = Some(start);
    }
    while let Some(at) = work.pop() {
        let (Some(op), Some(Some(before))) = (function.code.get(at), known.get(at)) else { continue };
        let before = before.clone();
        for handler in &function.handlers {
            let range = handler.start.0 as usize..handler.end.0 as usize;
            if range.contains(&at) && handler_edges(function, at).next().is_some() {
                let caught = caught(function, op, &before, handler).map_err(|reason| (at, reason))?;
                merge(&mut known, &mut work, handler.target.0 as usize, caught)?;
            }
        }
        let after = step(function, op, before).map_err(|reason| (at, reason))?;
        let mut nexts = Vec::new();
        Edges::new(function, at).for_each(|next| nexts.push(next));
        for next in nexts {
            merge(&mut known, &mut work, next, after.clone())?;
        }
    }
    Ok(known)
}

fn merge(known: &mut [Option<Known>], work: &mut Vec<usize>, at: usize, new: Known) -> Result<(), Failure> {
    let Some(there) = known.get_mut(at) else { return Ok(()) };
    let Some(before) = there else {
        *there = Some(new);
        work.push(at);
        return Ok(());
    };
    if before.scopes != new.scopes {
        return Err((at, "other scopes are open on another way here".to_owned()));
    }
    let mut met = before.clone();
    met.assigned.meet(&new.assigned);
    met.owned.meet(&new.owned);
    if met != *before {
        *before = met;
        work.push(at);
    }
    Ok(())
}

/// What is known where a handler begins.
fn caught(function: &Function, op: &Op, before: &Known, handler: &Handler) -> Result<Known, String> {
    let mut known = step_reads(function, op, before.clone());
    let kept = usize::from(handler.scopes);
    if kept > known.scopes.len() {
        return Err("a handler keeps more scopes than are open".to_owned());
    }
    known.scopes.truncate(kept);
    known.assigned.insert(handler.error);
    known.owned.remove(handler.error);
    Ok(known)
}

/// What an instruction reads may be held elsewhere afterwards.
fn step_reads(function: &Function, op: &Op, mut known: Known) -> Known {
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
    known
}

fn step(function: &Function, op: &Op, before: Known) -> Result<Known, String> {
    let mut known = step_reads(function, op, before);
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
        _ => Ok(known),
    }
}
