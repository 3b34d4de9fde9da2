//! The ways from one instruction to the next.

use crate::op::Operand;
use crate::{Function, Op, Reg};

/// The instructions that may come next where an instruction does not fail.
pub(super) struct Edges {
    next: Option<usize>,
    target: Option<usize>,
}

impl Edges {
    pub(super) fn new(function: &Function, at: usize) -> Self {
        let op = function.code.get(at);
        let mut target = None;
        if let Some(op) = op {
            op.operands(|_, operand| {
                if let Operand::Target(to) = operand {
                    target = Some(to.0 as usize);
                }
            });
        }
        Self { next: op.filter(|op| !op.diverges()).map(|_| at + 1), target }
    }

    pub(super) fn for_each(self, each: impl FnMut(usize)) {
        self.next.into_iter().chain(self.target).for_each(each);
    }
}

/// Whether an instruction can fail, or can be interrupted. Jumps can: without them a loop that only computes could
/// not be stopped.
pub fn may_raise(op: &Op) -> bool {
    !matches!(
        op,
        Op::Const { .. }
            | Op::Move { .. }
            | Op::Null { .. }
            | Op::SomeHandle { .. }
            | Op::SomeWide { .. }
            | Op::IsNull { .. }
            | Op::Not { .. }
            | Op::EnterLoop {}
            | Op::NextLoop {}
            | Op::EnterSaga {}
            | Op::Leave {}
            | Op::Commit {}
    )
}

/// The handlers that may follow an instruction: where they begin, and the register of the error.
pub(super) fn handler_edges(function: &Function, at: usize) -> impl Iterator<Item = (usize, Reg)> {
    let raises = function.code.get(at).is_some_and(may_raise);
    function
        .handlers
        .iter()
        .filter(move |handler| raises && (handler.start.0 as usize..handler.end.0 as usize).contains(&at))
        .map(|handler| (handler.target.0 as usize, handler.error))
}
