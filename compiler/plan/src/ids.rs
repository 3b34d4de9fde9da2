//! Indices into a plan's tables, one type each, so that none is taken for another.

use serde::{Deserialize, Serialize};

macro_rules! ids {
    ($($name:ident $prefix:literal $doc:literal;)*) => {$(
        #[doc = $doc]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(pub u32);

        impl $name {
            /// The id as an index into its table.
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0)
            }
        }
    )*};
}

ids! {
    TypeId "t" "A type in the plan's type table.";
    ConstantId "k" "A constant.";
    FunctionId "f" "A function.";
    ConfigId "c" "A configuration entry.";
    ErrorId "e" "A declared error.";
    ApiId "a" "An API.";
    OperationId "o" "An operation of an API.";
    PolicyId "p" "A retry policy.";
    StepId "s" "A step: one place in the source that calls an operation or a workflow.";
    ChildId "w" "A workflow that steps call.";
    ListId "l" "A list of registers, in the table of one function.";
    SignalId "n" "A signal that the workflow receives.";
    GroupId "g" "A group of branches, in the table of one function.";
}

impl StepId {
    /// Stands for an `undo` statement where a step is due: it is none.
    pub const UNDO_BLOCK: Self = Self(u32::MAX);
}
