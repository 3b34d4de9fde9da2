//! A loaded program: a verified plan with what the machine looks up often.

use std::collections::BTreeSet;
use std::sync::Arc;

use flow_plan::{
    ChildId, Constant, Function, FunctionId, Op, Operation, OperationId, Plan, PlanHash, SignalId, StepId,
    Type, TypeId, VerifyError,
};

use crate::error::DecodeError;
use crate::error_object;
use crate::fault::Fault;
use crate::heap::{Heap, NULL};
use crate::interpret::{self, Budget, Env};
use crate::library::Patterns;
use crate::wire::body::Answer;
use crate::wire::{Conditions, Misfit, Wire};
use crate::{Raised, decimal};

/// The slots of one value, padded with zeros. No value takes more than three.
pub(crate) type Slots = [u64; 3];

/// How a type lies.
#[derive(Debug, Default)]
pub(crate) struct Layout {
    /// Slots of a value.
    pub(crate) width: usize,
    /// Where a record's fields begin, in slots.
    pub(crate) offsets: Vec<usize>,
    /// For each field, where the record keeps whether it is there, if it does.
    pub(crate) presences: Vec<Option<usize>>,
    /// Slots of a record's body.
    pub(crate) record_width: usize,
    /// Whether a value holds a secret, however deep.
    pub(crate) holds_secret: bool,
}

/// What the interpreter looks up of a function.
#[derive(Debug, Default)]
pub(crate) struct FunctionInfo {
    /// Slots of a frame.
    pub(crate) slots: usize,
    /// The type of the register that begins at a slot.
    pub(crate) types_at: Vec<TypeId>,
    /// The width of the register that begins at a slot; 0 inside a register.
    pub(crate) widths: Vec<usize>,
    /// The width of the result.
    pub(crate) result_width: usize,
    /// The calls whose result is read, by place.
    pub(crate) results_read: Vec<u32>,
}

/// A verified plan, ready to run. It is shared by all its executions.
#[derive(Debug)]
pub struct Program {
    plan: Plan,
    hash: PlanHash,
    image: Vec<u64>,
    constants: Vec<(Slots, usize)>,
    layouts: Vec<Layout>,
    /// The layout class of each type.
    classes: Vec<u32>,
    functions: Vec<FunctionInfo>,
    patterns: Patterns,
    /// The programs of the workflows that it calls, by id.
    children: Vec<Arc<Program>>,
}

impl Program {
    /// Verifies and loads a plan that calls no other workflow.
    ///
    /// # Errors
    /// Where the plan may not run.
    pub fn load(plan: Plan) -> Result<Self, VerifyError> {
        Self::link(plan, &[])
    }

    /// Verifies and loads a plan; the programs of the workflows that it calls are among those that are given.
    ///
    /// # Errors
    /// Where the plan may not run, or the program of a workflow that it calls is not given.
    pub fn link(plan: Plan, programs: &[Arc<Program>]) -> Result<Self, VerifyError> {
        flow_plan::verify(&plan)?;
        let children = children(&plan, programs)?;
        let hash = plan.hash();
        let layouts = (0..plan.types.0.len()).map(|index| layout(&plan, index)).collect();
        let functions = plan.functions.iter().map(|function| function_info(&plan, function)).collect();
        let (image, constants) = load_constants(&plan.constants);
        let classes = flow_plan::layout_classes(&plan.types);
        Ok(Self {
            plan,
            hash,
            image,
            constants,
            layouts,
            classes,
            functions,
            patterns: Patterns::default(),
            children,
        })
    }

    /// The plan.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The plan's identity.
    pub fn hash(&self) -> PlanHash {
        self.hash
    }

    /// The program of a workflow that it calls.
    pub fn child(&self, id: ChildId) -> Option<&Arc<Program>> {
        self.children.get(id.index())
    }

    /// Whatever comes to run below it: the programs of the workflows that it calls, of those that they call, and so
    /// on, each once, callees before callers.
    pub fn descendants(&self) -> Vec<Arc<Program>> {
        let mut seen = BTreeSet::new();
        let mut order = Vec::new();
        let mut open: Vec<(Arc<Program>, bool)> = Vec::new();
        let begin = |children: &[Arc<Program>], open: &mut Vec<_>| {
            open.extend(children.iter().rev().map(|child| (Arc::clone(child), false)));
        };
        begin(&self.children, &mut open);
        while let Some((program, called)) = open.pop() {
            if called {
                order.push(program);
            } else if seen.insert(program.hash) {
                open.push((Arc::clone(&program), true));
                begin(&program.children, &mut open);
            }
        }
        order
    }

    /// The words that every heap begins with.
    pub(crate) fn image(&self) -> &[u64] {
        &self.image
    }

    /// The regular expressions of the program.
    pub(crate) fn patterns(&self) -> &Patterns {
        &self.patterns
    }

    /// Whether a handle is that of a constant, a text or octets.
    pub(crate) fn is_constant_object(&self, handle: u64, text: bool) -> bool {
        self.plan.constants.iter().zip(&self.constants).any(|((_, constant), (slots, _))| match constant {
            Constant::Text(_) => text && slots[0] == handle,
            Constant::Bytes(_) => !text && slots[0] == handle,
            Constant::Slot(_) | Constant::Wide(_) => false,
        })
    }

    /// How many slots a value takes.
    pub(crate) fn width(&self, ty: TypeId) -> usize {
        self.layouts.get(ty.index()).map_or(1, |layout| layout.width)
    }

    /// How a type lies.
    pub(crate) fn layout(&self, ty: TypeId) -> &Layout {
        const NONE: &Layout = &Layout {
            width: 1,
            offsets: Vec::new(),
            presences: Vec::new(),
            record_width: 0,
            holds_secret: false,
        };
        self.layouts.get(ty.index()).unwrap_or(NONE)
    }

    /// Whether values of both types lie in slots alike.
    pub(crate) fn is_alike(&self, left: TypeId, right: TypeId) -> bool {
        self.classes.get(left.index()) == self.classes.get(right.index())
    }

    /// A constant's slots and width.
    pub(crate) fn constant(&self, index: usize) -> Result<(Slots, usize), Fault> {
        self.constants.get(index).copied().ok_or(Fault::Damaged)
    }

    /// A function.
    pub(crate) fn function(&self, id: FunctionId) -> Result<&Function, Fault> {
        self.plan.function(id).ok_or(Fault::Damaged)
    }

    /// What the interpreter looks up of a function.
    pub(crate) fn info(&self, id: FunctionId) -> Result<&FunctionInfo, Fault> {
        self.functions.get(id.index()).ok_or(Fault::Damaged)
    }

    /// The operation of a step.
    pub(crate) fn operation(&self, step: StepId) -> Result<&Operation, Fault> {
        self.plan.step_operation(step).ok_or(Fault::Damaged)
    }

    /// Whether an answer fits what the operation declares for the status: its response where the status gives a
    /// result, the error's fields for a status of `raises`. Answers of other statuses fit always. Names of headers
    /// are in lower case.
    ///
    /// # Errors
    /// Where it does not fit.
    pub fn check_response(
        &self,
        operation: OperationId,
        status: u16,
        headers: &[(String, String)],
        body: &[u8],
    ) -> Result<(), DecodeError> {
        let Some(operation) = self.plan.operation(operation) else { return Ok(()) };
        let raised = operation.raised(status).and_then(|error| self.plan.error(error));
        let answer = Answer { status, headers, body };
        match raised {
            _ if operation.gives_result(status) => {
                self.with_wire(|wire| wire.response(operation, answer)).map(|_| ())
            }
            Some(error) => self.with_wire(|wire| wire.body(error.fields, answer)).map(|_| ()),
            None => Ok(()),
        }
    }

    /// Whether a JSON text is a value of the type. Unknown members are passed over.
    ///
    /// # Errors
    /// Where it is not.
    pub fn check_value(&self, ty: TypeId, json: &[u8]) -> Result<(), DecodeError> {
        self.with_wire(|wire| wire.decode(ty, json)).map(|_| ())
    }

    /// A JSON text read as a value of the type and written again: members in the type's order, unknown ones
    /// left out, defaults of notation gone.
    ///
    /// # Errors
    /// Where it is no such value.
    pub fn normal_value(&self, ty: TypeId, json: &[u8]) -> Result<Vec<u8>, DecodeError> {
        self.with_wire(|wire| {
            let slots = wire.decode(ty, json)?;
            Ok(wire.encode(ty, &slots, Conditions::Taken)?)
        })
    }

    /// The signal of a name.
    pub(crate) fn signal_named(&self, name: &str) -> Option<SignalId> {
        let index = self.plan.signals.iter().position(|signal| signal.name == name)?;
        u32::try_from(index).ok().map(SignalId)
    }

    fn with_wire<T>(&self, work: impl FnOnce(&mut Wire<'_>) -> Result<T, Misfit>) -> Result<T, DecodeError> {
        let mut heap = Heap::new(&self.image);
        let mut budget = Budget::default();
        let mut wire = Wire::new(Env { program: self, config: &[] }, &mut heap, &mut budget);
        work(&mut wire).map_err(|misfit| misfit.into_error().unwrap_or_else(DecodeError::fault))
    }

    /// Calls a pure function: arguments and result are JSON. Configuration has its defaults.
    ///
    /// # Errors
    /// Where an argument does not fit, or the function fails.
    #[expect(clippy::result_large_err, reason = "an error is shown whole, and evaluating is no hot path")]
    pub fn evaluate(&self, function: FunctionId, args: &[Vec<u8>]) -> Result<Vec<u8>, Raised> {
        let mut heap = Heap::new(&self.image);
        let mut budget = Budget::default();
        let config = self.default_config(&mut heap);
        let env = Env { program: self, config: &config };
        let result = self.evaluate_in(env, &mut heap, &mut budget, function, args);
        result.map_err(|fault| {
            heap.open_reserve(self.image.len());
            let at = (function, flow_plan::Target(0));
            match error_object::from_fault(&mut heap, fault, at) {
                Ok(error) => error_object::raised(env, &mut heap, error),
                Err(_) => error_object::unsayable(at),
            }
        })
    }

    fn evaluate_in(
        &self,
        env: Env<'_>,
        heap: &mut Heap,
        budget: &mut Budget,
        id: FunctionId,
        args: &[Vec<u8>],
    ) -> Result<Vec<u8>, Fault> {
        let missing = || Fault::cast(format!("{id} is no pure function of {} arguments", args.len()));
        let function = self.plan.function(id).filter(|function| function.purity == flow_plan::Purity::Pure);
        let function = function.filter(|function| function.params.len() == args.len()).ok_or_else(missing)?;
        let info = self.info(id)?;
        let mut slots = Vec::new();
        for (param, json) in function.params.iter().zip(args) {
            let ty = *info.types_at.get(param.index()).ok_or(Fault::Damaged)?;
            let value = Wire::new(env, heap, budget).decode(ty, json).map_err(Misfit::into_cast)?;
            slots.extend_from_slice(value.get(..self.width(ty)).unwrap_or(&value));
        }
        let result = interpret::call(env, heap, budget, id, &slots)?;
        Wire::new(env, heap, budget).encode(function.result, &result, Conditions::Taken)
    }

    /// The defaults of the configuration entries that have one that fits.
    fn default_config(&self, heap: &mut Heap) -> Vec<Option<Slots>> {
        let mut budget = Budget::default();
        let mut values = Vec::new();
        for entry in &self.plan.config {
            let env = Env { program: self, config: &[] };
            let default = entry.default.as_ref().filter(|_| !entry.secret);
            values.push(
                default.and_then(|json| {
                    Wire::new(env, heap, &mut budget).decode(entry.ty, json.as_bytes()).ok()
                }),
            );
        }
        values
    }
}

/// The programs of a plan's children, in the order of its table.
fn children(plan: &Plan, programs: &[Arc<Program>]) -> Result<Vec<Arc<Program>>, VerifyError> {
    let refused = |reason: String| VerifyError { function: None, at: None, reason };
    let mut children = Vec::with_capacity(plan.children.len());
    for child in &plan.children {
        let program = programs.iter().find(|program| program.hash == child.plan);
        let program = program.ok_or_else(|| {
            refused(format!("plan {} of workflow `{}` is not there", child.plan, child.workflow))
        })?;
        let strange = child.errors.iter().find(|(theirs, _)| program.plan.error(*theirs).is_none());
        if let Some((theirs, _)) = strange {
            return Err(refused(format!("workflow `{}` has no error {theirs}", child.workflow)));
        }
        children.push(Arc::clone(program));
    }
    Ok(children)
}

fn layout(plan: &Plan, index: usize) -> Layout {
    let id = TypeId(u32::try_from(index).unwrap_or(u32::MAX));
    let mut layout = Layout {
        width: usize::from(plan.types.width(id)),
        holds_secret: plan.types.holds_secret(id),
        ..Layout::default()
    };
    if let Type::Record(fields) = plan.types.get(id) {
        for field in fields {
            layout.offsets.push(layout.record_width);
            layout.record_width += usize::from(plan.types.width(field.ty));
        }
        layout.presences = fields
            .iter()
            .map(|field| {
                let at = fields.iter().position(|of| of.is_presence_of() == Some(&field.name));
                at.and_then(|at| layout.offsets.get(at).copied())
            })
            .collect();
    }
    layout
}

fn function_info(plan: &Plan, function: &Function) -> FunctionInfo {
    let mut info = FunctionInfo {
        result_width: usize::from(plan.types.width(function.result)),
        ..FunctionInfo::default()
    };
    for register in &function.registers {
        let width = usize::from(plan.types.width(register.ty));
        info.types_at.resize(info.slots + width, register.ty);
        info.widths.push(width);
        info.widths.resize(info.slots + width, 0);
        info.slots += width;
    }
    let read = flow_plan::results_read(function, |op| matches!(op, Op::Call { .. }));
    info.results_read = read.into_iter().map(|at| at.0).collect();
    info
}

/// The image that every heap begins with, and the slots of each constant.
fn load_constants(constants: &[(TypeId, Constant)]) -> (Vec<u64>, Vec<(Slots, usize)>) {
    // Word 0 is no object's, so that handle 0 can be null.
    let mut heap = Heap::new(&[0]);
    let slots = constants
        .iter()
        .map(|(_, constant)| match constant {
            Constant::Slot(word) => ([*word, 0, 0], 1),
            Constant::Wide([low, high]) => ([*low, *high, 0], 2),
            // INVARIANT: the verifier holds the texts of constants to the heap's limits.
            Constant::Text(text) => ([heap.new_text(text).unwrap_or(NULL), 0, 0], 1),
            Constant::Bytes(bytes) => ([heap.new_bytes(bytes).unwrap_or(NULL), 0, 0], 1),
        })
        .collect();
    (heap.all().to_vec(), slots)
}

/// A decimal constant's slots, for whoever makes plans.
pub fn decimal_slots(text: &str) -> Option<[u64; 2]> {
    decimal::parse(text).ok().map(decimal::to_slots)
}
