//! Steps in loops: each round must be counted, or two calls would have one path, and with it one key.
//!
//! A way round leaves open the scopes that are open at its outermost place. Where it holds a call or a fork, a
//! `next_loop` must stand on it at just that depth: the counters of inner loops begin again.

use super::flow::{Edges, may_raise};
use crate::{Function, Op};

/// The instruction that is done again without being counted, by how many scopes are open before each instruction.
pub(super) fn check(function: &Function, depths: &[Option<usize>]) -> Result<(), (usize, String)> {
    if !goes_back(function) {
        return Ok(());
    }
    let deepest = depths.iter().flatten().copied().max().unwrap_or(0);
    for depth in 0..=deepest {
        let inside = |at: usize| {
            let there = depths.get(at).copied().flatten();
            let counts = there == Some(depth) && matches!(function.code.get(at), Some(Op::NextLoop {}));
            there.is_some_and(|there| there >= depth) && !counts
        };
        for round in rounds(function, inside) {
            let outermost = round.iter().any(|at| depths.get(*at).copied().flatten() == Some(depth));
            let acts = |at: &&usize| {
                matches!(
                    function.code.get(**at),
                    Some(Op::Call { .. } | Op::Spawn { .. } | Op::RegisterUndo { .. })
                ) || function.code.get(**at).is_some_and(|op| op.forks().is_some())
            };
            if let (true, Some(at)) = (outermost, round.iter().find(acts)) {
                return Err((*at, "it is done again without a loop that counts".to_owned()));
            }
        }
    }
    Ok(())
}

/// Whether a way leads to an earlier instruction, without which nothing is done again.
fn goes_back(function: &Function) -> bool {
    let jumps = |(at, op): (usize, &Op)| Edges::new(op, at).target.is_some_and(|target| target <= at);
    function.code.iter().enumerate().any(jumps)
        || function.handlers.iter().any(|handler| handler.target < handler.end)
}

fn successors(function: &Function, at: usize) -> Vec<usize> {
    let Some(op) = function.code.get(at) else { return Vec::new() };
    let covers = |start: u32, end: u32| (start as usize..end as usize).contains(&at);
    let handlers = function.handlers.iter().filter(|_| may_raise(op));
    let handlers = handlers.filter(|handler| covers(handler.start.0, handler.end.0));
    handlers.map(|handler| handler.target.0 as usize).chain(Edges::new(op, at).iter()).collect()
}

/// The strongly connected components with a way round, among some instructions (Tarjan, without recursion).
fn rounds(function: &Function, inside: impl Fn(usize) -> bool) -> Vec<Vec<usize>> {
    const UNSEEN: u32 = u32::MAX;
    let count = function.code.len();
    let (mut numbers, mut least, mut is_open) = (vec![UNSEEN; count], vec![0_u32; count], vec![false; count]);
    let (mut open, mut found, mut next_number) = (Vec::new(), Vec::new(), 0_u32);
    let get = |of: &[u32], at: usize| of.get(at).copied().unwrap_or(UNSEEN);
    let set = |of: &mut [u32], at: usize, value: u32| {
        if let Some(slot) = of.get_mut(at) {
            *slot = value;
        }
    };
    for root in (0..count).filter(|at| inside(*at)) {
        if get(&numbers, root) != UNSEEN {
            continue;
        }
        let mut path: Vec<(usize, Option<Vec<usize>>)> = vec![(root, None)];
        while let Some((at, rest)) = path.last_mut() {
            let at = *at;
            let rest = match rest {
                Some(rest) => rest,
                None => {
                    set(&mut numbers, at, next_number);
                    set(&mut least, at, next_number);
                    next_number += 1;
                    open.push(at);
                    if let Some(flag) = is_open.get_mut(at) {
                        *flag = true;
                    }
                    rest.insert(successors(function, at).into_iter().filter(|next| inside(*next)).collect())
                }
            };
            if let Some(next) = rest.pop() {
                if get(&numbers, next) == UNSEEN {
                    path.push((next, None));
                } else if is_open.get(next).copied().unwrap_or(false) {
                    let reached = get(&least, at).min(get(&numbers, next));
                    set(&mut least, at, reached);
                }
                continue;
            }
            path.pop();
            if let Some((before, _)) = path.last() {
                let reached = get(&least, *before).min(get(&least, at));
                set(&mut least, *before, reached);
            }
            if get(&least, at) == get(&numbers, at) {
                let start = open.iter().rposition(|open| *open == at).unwrap_or(0);
                let component = open.split_off(start);
                for member in &component {
                    if let Some(flag) = is_open.get_mut(*member) {
                        *flag = false;
                    }
                }
                if component.len() > 1 || successors(function, at).contains(&at) {
                    found.push(component);
                }
            }
        }
    }
    found
}
