//! Instructions from text, by the table of instructions: a mnemonic, then the operands in order.

use flow_plan::op::Builtin;
use flow_plan::{
    ConfigId, ConstantId, ErrorId, FunctionId, GroupId, ListId, Op, Reg, SignalId, StepId, Target, TypeId,
};

/// What the operands of an instruction are looked up in.
pub(crate) trait Operands {
    fn register(&mut self, field: &str) -> Reg;
    fn list(&mut self) -> ListId;
    fn target(&mut self) -> Target;
    fn constant(&mut self) -> ConstantId;
    fn ty(&mut self) -> TypeId;
    fn function(&mut self) -> FunctionId;
    fn step(&mut self) -> StepId;
    fn group(&mut self) -> GroupId;
    fn error(&mut self) -> ErrorId;
    fn config(&mut self) -> ConfigId;
    fn signal(&mut self) -> SignalId;
    fn number(&mut self, mnemonic: &str, field: &str) -> u16;
    fn builtin(&mut self) -> Builtin;
}

macro_rules! operand {
    ($from:ident write $mnemonic:literal $field:ident) => {
        $from.register(stringify!($field))
    };
    ($from:ident read $mnemonic:literal $field:ident) => {
        $from.register(stringify!($field))
    };
    ($from:ident number $mnemonic:literal $field:ident) => {
        $from.number($mnemonic, stringify!($field))
    };
    ($from:ident $role:ident $mnemonic:literal $field:ident) => {
        $from.$role()
    };
}

macro_rules! parse_ops {
    ($($name:ident $mnemonic:literal { $($field:ident : $role:ident $kind:ident),* } $doc:literal;)*) => {
        /// The instruction of a mnemonic.
        #[allow(unused_variables)]
        pub(crate) fn instruction(mnemonic: &str, from: &mut impl Operands) -> Op {
            match mnemonic {
                $($mnemonic => {
                    $(let $field = operand!(from $role $mnemonic $field);)*
                    Op::$name { $($field),* }
                })*
                _ => panic!("no instruction `{mnemonic}`"),
            }
        }
    };
}

flow_plan::for_each_op!(parse_ops);
