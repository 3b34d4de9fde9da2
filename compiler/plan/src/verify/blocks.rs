//! The basic blocks of a function: runs of instructions that control enters at the first and leaves at the last,
//! but for failures. In a block the same handlers apply, and the same scopes are open before each instruction.

use std::ops::Range;

use super::flow::Edges;
use crate::{Function, Handler, Op};

/// A function, cut where control can come in, where it can part, where handlers begin and end to apply, and around
/// instructions that open, count and close scopes.
pub(super) struct Blocks<'f> {
    pub(super) function: &'f Function,
    /// Where each block begins, and the end of the code.
    bounds: Vec<usize>,
    /// The handlers that apply in each block, by their place in the function's table.
    handlers: Vec<Vec<u32>>,
}

impl<'f> Blocks<'f> {
    pub(super) fn new(function: &'f Function) -> Self {
        let count = function.code.len();
        let mut begins = vec![false; count];
        let mut mark = |at: usize| {
            if let Some(begins) = begins.get_mut(at) {
                *begins = true;
            }
        };
        mark(0);
        for (at, op) in function.code.iter().enumerate() {
            let edges = Edges::new(op, at);
            if let Some(target) = edges.target {
                mark(target);
            }
            if edges.target.is_some() || edges.next.is_none() {
                mark(at + 1);
            }
            if matches!(
                op,
                Op::EnterSaga {}
                    | Op::EnterDeadline { .. }
                    | Op::EnterLoop {}
                    | Op::NextLoop {}
                    | Op::Leave {}
            ) {
                mark(at);
                mark(at + 1);
            }
        }
        for handler in &function.handlers {
            [handler.start, handler.end, handler.target].iter().for_each(|to| mark(to.0 as usize));
        }
        let mut bounds: Vec<usize> = (0..count).filter(|at| begins.get(*at) == Some(&true)).collect();
        bounds.push(count);
        let mut blocks = Self { function, handlers: vec![Vec::new(); bounds.len() - 1], bounds };
        for (index, handler) in (0_u32..).zip(&function.handlers) {
            let covered = blocks.at(handler.start.0 as usize)..blocks.at(handler.end.0 as usize);
            blocks.handlers.get_mut(covered).into_iter().flatten().for_each(|block| block.push(index));
        }
        blocks
    }

    pub(super) fn len(&self) -> usize {
        self.handlers.len()
    }

    /// The block that begins at an instruction; where none does, the one that begins next.
    pub(super) fn at(&self, instruction: usize) -> usize {
        self.bounds.partition_point(|begin| *begin < instruction).min(self.len())
    }

    /// The instructions of a block.
    pub(super) fn range(&self, block: usize) -> Range<usize> {
        let bound = |index: usize| self.bounds.get(index).copied().unwrap_or(0);
        bound(block)..bound(block + 1)
    }

    /// The instructions of a block, in order.
    pub(super) fn ops(&self, block: usize) -> impl DoubleEndedIterator<Item = (usize, &'f Op)> + use<'f> {
        let range = self.range(block);
        let ops = self.function.code.get(range.clone()).unwrap_or_default();
        ops.iter().enumerate().map(move |(index, op)| (range.start + index, op))
    }

    /// The blocks that may come after the last instruction of a block, where that does not fail.
    pub(super) fn nexts(&self, block: usize) -> impl Iterator<Item = usize> + use<'_> {
        let nexts = self.ops(block).next_back().map(|(at, op)| Edges::new(op, at).iter());
        nexts.into_iter().flatten().filter(|next| *next < self.function.code.len()).map(|next| self.at(next))
    }

    /// The handlers that apply in a block, and the block in which each begins.
    pub(super) fn handlers(&self, block: usize) -> impl Iterator<Item = (usize, &'f Handler)> + use<'_, 'f> {
        let handlers = self.handlers.get(block).into_iter().flatten();
        let handlers = handlers.filter_map(|index| self.function.handlers.get(*index as usize));
        handlers
            .filter(|handler| (handler.target.0 as usize) < self.function.code.len())
            .map(|handler| (self.at(handler.target.0 as usize), handler))
    }
}
