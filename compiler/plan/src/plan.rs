//! The plan and its tables.

use serde::{Deserialize, Serialize};

use crate::{
    Api, ApiId, Boundary, Child, ChildId, ConfigId, ConstantId, EffectClass, ErrorId, Function, FunctionId,
    Key, Meaning, Operation, OperationId, Policy, PolicyId, Response, SignalId, StepId, Type, TypeId, Types,
};

/// The version of the plan format. A runtime refuses plans of a newer one.
pub const FORMAT: u32 = 14;

/// A compiled workflow: all that its executions need, and nothing that only people read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The format's version, [`FORMAT`] for this crate.
    pub format: u32,
    /// The workflow's name.
    pub workflow: String,
    /// The workflow's version.
    pub version: u32,
    /// The types.
    pub types: Types,
    /// What holds of types at the boundaries, in the order of the types.
    pub boundaries: Vec<(TypeId, Boundary)>,
    /// The constants, with their types.
    pub constants: Vec<(TypeId, Constant)>,
    /// The functions.
    pub functions: Vec<Function>,
    /// The function of the workflow itself.
    pub entry: FunctionId,
    /// The record type of the input on the wire.
    pub input: TypeId,
    /// How the input becomes the entry's arguments.
    pub input_form: InputForm,
    /// The type of the result.
    pub output: TypeId,
    /// The configuration that the workflow and its APIs read.
    pub config: Vec<Config>,
    /// The declared errors.
    pub errors: Vec<ErrorType>,
    /// The signals that it receives.
    pub signals: Vec<Signal>,
    /// The record type of its reports, all of whose fields may be absent.
    pub report: Option<TypeId>,
    /// The APIs.
    pub apis: Vec<Api>,
    /// Their operations, as far as steps use them.
    pub operations: Vec<Operation>,
    /// The retry policies.
    pub policies: Vec<Policy>,
    /// The workflows that steps call.
    pub children: Vec<Child>,
    /// The steps, in source order.
    pub steps: Vec<Step>,
    /// What makes two starts one execution.
    pub key: Option<Key>,
    /// A pure function from the entry's arguments to a text: executions with the same one queue up.
    pub one_per: Option<FunctionId>,
    /// The longest time and the most calls, as the compiler found them.
    pub worst: WorstCase,
    /// The names of the errors that can leave the workflow, in order.
    pub escapes: Vec<String>,
}

/// How an input becomes arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum InputForm {
    /// The input is the sole parameter, a record.
    Sole,
    /// The input is an object with a member for each parameter: the fields of the input type, by name. The
    /// entry's parameters stand in the order of the fields.
    ByName,
}

/// A constant.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Constant {
    /// One slot as it is: bool, int, float, duration, timestamp, date.
    Slot(u64),
    /// Two slots: decimal, uuid.
    Wide([u64; 2]),
    /// Text: string, url, a string literal.
    Text(String),
    /// Octets.
    Bytes(Vec<u8>),
}

/// A configuration entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Config {
    /// The name.
    pub name: String,
    /// The type; for a secret, what it guards.
    pub ty: TypeId,
    /// The default as JSON text; a secret has none.
    pub default: Option<String>,
    /// The pure function that says whether a value will do, where there is a condition.
    pub check: Option<FunctionId>,
    /// Whether it is a secret: read at each attempt, and recorded by name alone.
    pub secret: bool,
    /// Whether workflow code reads it, so that it is pinned at the start of an execution.
    pub pinned: bool,
    /// What of the execution it stands for; then nobody else gives it a value.
    pub fact: Option<Fact>,
}

/// What an execution can read of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fact {
    /// Its id, a text.
    Id,
    /// The key that it was started with, a text; the id where there was none.
    Key,
    /// When it was started, a moment.
    Started,
}

/// A signal that a workflow receives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signal {
    /// The name.
    pub name: String,
    /// The record that is sent with it.
    pub ty: TypeId,
    /// Whether one that nobody waits for is dropped; otherwise it is kept.
    pub drops_early: bool,
}

/// A declared error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorType {
    /// The name.
    pub name: String,
    /// The record of its fields.
    pub fields: TypeId,
}

/// A step: one place in the source that calls an operation or a workflow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// What it calls.
    pub callee: Callee,
    /// What undoes it.
    pub undo: Undo,
}

/// What a step calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Callee {
    /// An operation.
    Operation {
        /// Which.
        operation: OperationId,
        /// The limit on one attempt, in microseconds.
        timeout_us: u64,
        /// The retry policy.
        retry: Option<PolicyId>,
    },
    /// A workflow, as a child execution.
    Child {
        /// Which.
        child: ChildId,
        /// Whether it is only started: it goes its own way, and the result is its id.
        detached: bool,
    },
}

/// What undoes a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Undo {
    /// Nothing is declared.
    Undeclared,
    /// There is nothing to undo, by declaration (`none`, `natural`, a safe operation).
    Nothing,
    /// It cannot be undone, by declaration.
    Irreversible,
    /// A flow function. Its parameters: the call's captures in order, then the result if it is used, then the
    /// error that caused the undoing if that is used.
    Function {
        /// The code.
        function: FunctionId,
        /// Whether it takes the step's result.
        uses_result: bool,
        /// Whether it takes the cause.
        uses_cause: bool,
    },
}

/// Worst-case figures; `None` is unbounded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorstCase {
    /// The longest time without undos, in microseconds.
    pub time_us: Option<u64>,
    /// The longest time of the undos, in microseconds.
    pub undo_us: Option<u64>,
    /// The most requests without undos, retries included.
    pub calls: Option<u64>,
}

macro_rules! tables {
    ($($method:ident $table:ident $id:ident $item:ty;)*) => {
        impl Plan {
            $(#[doc = concat!("The entry of an id in `", stringify!($table), "`, if the plan holds it.")]
            pub fn $method(&self, id: $id) -> Option<&$item> {
                self.$table.get(id.index())
            })*
        }
    };
}

tables! {
    constant constants ConstantId (TypeId, Constant);
    function functions FunctionId Function;
    config_entry config ConfigId Config;
    error errors ErrorId ErrorType;
    api apis ApiId Api;
    operation operations OperationId Operation;
    policy policies PolicyId Policy;
    child children ChildId Child;
    step steps StepId Step;
    signal signals SignalId Signal;
}

impl Plan {
    /// What holds of a type's values at the boundaries.
    pub fn boundary(&self, id: TypeId) -> Option<&Boundary> {
        let at = self.boundaries.binary_search_by_key(&id, |(ty, _)| *ty).ok()?;
        self.boundaries.get(at).map(|(_, boundary)| boundary)
    }

    /// The type of the body of an answer with the status, where the operation's result is made of it.
    pub fn body_of(&self, operation: &Operation, status: u16) -> Option<TypeId> {
        match operation.response {
            Response::Ignored => None,
            Response::Body(ty) => Some(ty),
            Response::Whole(ty) | Response::Page(ty) => {
                self.types.record_fields(ty)?.first().map(|body| body.ty)
            }
            Response::ByStatus(ty) => {
                let Meaning::Result(Some(case)) = operation.meaning(status) else { return None };
                let Type::Tagged { cases, .. } = self.types.get(self.types.open_secret(ty)) else {
                    return None;
                };
                self.types.record_fields(cases.get(case)?.fields)?.first().map(|body| body.ty)
            }
        }
    }

    /// The operation of a step; none of one that calls a workflow.
    pub fn step_operation(&self, id: StepId) -> Option<&Operation> {
        match self.step(id)?.callee {
            Callee::Operation { operation, .. } => self.operation(operation),
            Callee::Child { .. } => None,
        }
    }

    /// The workflow that a step calls, and whether it is only started; none of one that calls an operation.
    pub fn step_child(&self, id: StepId) -> Option<(ChildId, &Child, bool)> {
        match self.step(id)?.callee {
            Callee::Operation { .. } => None,
            Callee::Child { child, detached } => Some((child, self.child(child)?, detached)),
        }
    }

    /// `api.operation` of a step, or the workflow that it calls, for people; with the version where the plan holds
    /// several of them.
    pub fn step_name(&self, id: StepId) -> String {
        match self.step(id).map(|step| step.callee) {
            None if id == StepId::UNDO_BLOCK => "an `undo` block".to_owned(),
            None => id.to_string(),
            Some(Callee::Operation { operation, .. }) => self.operation_name(operation),
            Some(Callee::Child { child, .. }) => self.child_name(child),
        }
    }

    /// The name of a workflow that steps call; with the version where the plan holds several of it.
    pub fn child_name(&self, id: ChildId) -> String {
        let Some(child) = self.child(id) else { return id.to_string() };
        let versions = self.children.iter().filter(|other| other.workflow == child.workflow).count();
        if versions > 1 { format!("{}@v{}", child.workflow, child.version) } else { child.workflow.clone() }
    }

    /// `api.operation`, for people; with the version where the plan holds several of the API.
    pub fn operation_name(&self, id: OperationId) -> String {
        let Some((operation, api)) = self.operation(id).and_then(|o| Some((o, self.api(o.api)?))) else {
            return id.to_string();
        };
        let versions = self.apis.iter().filter(|other| other.name == api.name).count();
        if versions > 1 {
            format!("{}@v{}.{}", api.name, api.version, operation.name)
        } else {
            format!("{}.{}", api.name, operation.name)
        }
    }

    /// Whether leaving the step with an unknown outcome needs an operator: its undo needs the result, or it is
    /// unsafe and declares none.
    pub fn unknown_needs_attention(&self, id: StepId) -> bool {
        let Some(step) = self.step(id) else { return true };
        // A child says in the end whether it is done: nothing of it is unknown.
        if let Callee::Child { .. } = step.callee {
            return false;
        }
        let Some(operation) = self.step_operation(id) else { return true };
        match step.undo {
            Undo::Function { uses_result, .. } => uses_result,
            Undo::Undeclared => operation.class == EffectClass::Unsafe,
            Undo::Nothing | Undo::Irreversible => false,
        }
    }
}
