//! Steps in loops: each round must be counted, or two calls would have one path, and with it one key.
//!
//! A way round leaves open the scopes that are open at its outermost place. Where it holds a call or a fork, a
//! `next_loop` must stand on it at just that depth: the counters of inner loops begin again.

use super::blocks::Blocks;
use super::flow::may_raise;
use crate::Op;

/// The instruction that is done again without being counted, by how many scopes are open where each block begins.
pub(super) fn check(blocks: &Blocks<'_>, depths: &[Option<usize>]) -> Result<(), (usize, String)> {
    let nexts: Vec<Vec<usize>> = (0..blocks.len()).map(|block| nexts(blocks, block)).collect();
    let goes_back = nexts.iter().enumerate().any(|(block, nexts)| nexts.iter().any(|next| *next <= block));
    if !goes_back {
        return Ok(());
    }
    let depth_of = |block: usize| depths.get(block).copied().flatten();
    for depth in 0..=depths.iter().flatten().copied().max().unwrap_or(0) {
        let inside = |block: usize| {
            let there = depth_of(block);
            let counts = there == Some(depth)
                && blocks.ops(block).next().is_some_and(|(_, op)| matches!(op, Op::NextLoop {}));
            there.is_some_and(|there| there >= depth) && !counts
        };
        for round in rounds(&nexts, inside) {
            if !round.iter().any(|block| depth_of(*block) == Some(depth)) {
                continue;
            }
            let acts = |(_, op): &(usize, &Op)| {
                let calls = matches!(op, Op::Call { .. } | Op::Spawn { .. } | Op::RegisterUndo { .. });
                calls || op.forks().is_some()
            };
            if let Some((at, _)) = round.iter().flat_map(|block| blocks.ops(*block)).find(acts) {
                return Err((at, "it is done again without a loop that counts".to_owned()));
            }
        }
    }
    Ok(())
}

/// The blocks that may come after a block, where something in it fails too.
fn nexts(blocks: &Blocks<'_>, block: usize) -> Vec<usize> {
    let raises = blocks.ops(block).any(|(_, op)| may_raise(op));
    let handlers = blocks.handlers(block).filter(|_| raises).map(|(target, _)| target);
    handlers.chain(blocks.nexts(block)).collect()
}

/// The strongly connected components with a way round, among some blocks (Tarjan, without recursion).
fn rounds(nexts: &[Vec<usize>], inside: impl Fn(usize) -> bool) -> Vec<Vec<usize>> {
    const UNSEEN: u32 = u32::MAX;
    let count = nexts.len();
    let nexts = |block: usize| nexts.get(block).into_iter().flatten().copied();
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
                    rest.insert(nexts(at).filter(|next| inside(*next)).collect())
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
                if component.len() > 1 || nexts(at).any(|next| next == at) {
                    found.push(component);
                }
            }
        }
    }
    found
}
