//! The ways from one instruction to the next.

use crate::Op;
use crate::op::Operand;

/// The instructions that may come next where an instruction does not fail.
pub(super) struct Edges {
    pub(super) next: Option<usize>,
    pub(super) target: Option<usize>,
}

impl Edges {
    pub(super) fn new(op: &Op, at: usize) -> Self {
        let mut target = None;
        op.operands(|_, operand| {
            if let Operand::Target(to) = operand {
                target = Some(to.0 as usize);
            }
        });
        Self { next: (!op.diverges()).then_some(at + 1), target }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = usize> + use<> {
        self.next.into_iter().chain(self.target)
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
