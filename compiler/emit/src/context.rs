//! What is shared while one plan is made: the program, the tables so far, and what was found not to be built.

use std::sync::Arc;

use flow_check::{Condition, Ty, Typed};
use flow_diagnostics::{Diagnostic, codes};
use flow_hir::{
    ApiId, ConfigId, ErrorDeclId, FunctionId, OperationId, Program, RetryId, SignalId, WorkflowId,
};
use flow_plan::{
    Constant, ConstantId, Debug, FORMAT, Function, FunctionDebug, InputForm, Location, Plan, Purity,
    TYPES_MAX, Type, TypeId, Types, WorstCase,
};
use flow_source::{FileId, Sources, Span};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::builder::{FunctionBuilder, Value};
use crate::{Emitted, Made};

/// What waits until the types that are being made are complete.
#[derive(Default)]
pub(crate) struct Unfinished {
    /// Entries that are to be as others.
    pub(crate) copies: Vec<(TypeId, TypeId)>,
    /// Conditions whose functions are to be made.
    pub(crate) conditions: Vec<DueCondition>,
}

/// Conditions over a value of a type, as the function that is to be made of them.
pub(crate) struct DueCondition {
    pub(crate) function: flow_plan::FunctionId,
    pub(crate) conditions: Vec<Condition>,
    pub(crate) ty: TypeId,
}

/// The state of one emission.
pub(crate) struct Context<'a> {
    pub(crate) program: &'a Program,
    pub(crate) typed: &'a Typed,
    pub(crate) sources: &'a Sources,
    /// The workflows that are compiled already.
    pub(crate) made: &'a Made,
    pub(crate) plan: Plan,
    pub(crate) debug: Debug,
    pub(crate) diagnostics: Vec<Diagnostic>,
    pub(crate) type_ids: FxHashMap<Ty, TypeId>,
    /// What stands for the type parameters in the condition that is being made.
    pub(crate) arguments: Arc<[Ty]>,
    pub(crate) interned: FxHashMap<Type, TypeId>,
    /// The types that are being made, the innermost last.
    pub(crate) being_made: Vec<Ty>,
    /// What waits until they are complete.
    pub(crate) unfinished: Unfinished,
    /// Which types lead back to themselves, as far as it was asked.
    pub(crate) recursive: FxHashMap<Ty, bool>,
    /// Unions whose cases hold one value each.
    pub(crate) held: FxHashSet<TypeId>,
    constants: FxHashMap<(TypeId, Constant), ConstantId>,
    files: FxHashMap<FileId, u32>,
    pub(crate) functions: FxHashMap<FunctionId, flow_plan::FunctionId>,
    pub(crate) config: FxHashMap<ConfigId, flow_plan::ConfigId>,
    pub(crate) errors: FxHashMap<ErrorDeclId, flow_plan::ErrorId>,
    pub(crate) apis: FxHashMap<ApiId, flow_plan::ApiId>,
    pub(crate) operations: FxHashMap<OperationId, flow_plan::OperationId>,
    pub(crate) policies: FxHashMap<RetryId, flow_plan::PolicyId>,
    pub(crate) children: FxHashMap<WorkflowId, flow_plan::ChildId>,
    /// The signals of the workflow, as the plan numbers them.
    pub(crate) signals: FxHashMap<SignalId, flow_plan::SignalId>,
    /// The record of the workflow's reports.
    pub(crate) reports: Option<Ty>,
    /// The head of what is compiled, for what is to be said about all of it.
    pub(crate) head: Span,
    /// The function under construction.
    pub(crate) current: FunctionBuilder,
    /// The functions around it, the innermost last: a name that is not bound in one is captured from the one
    /// before it.
    pub(crate) outer: Vec<FunctionBuilder>,
    /// The register that says whether the field whose value is being made is there, where its record keeps that.
    pub(crate) presence: Option<Value>,
    /// Whether undo code is being made: its calls register no undos.
    pub(crate) in_undo: bool,
}

impl<'a> Context<'a> {
    pub(crate) fn new(program: &'a Program, typed: &'a Typed, sources: &'a Sources, made: &'a Made) -> Self {
        let plan = Plan {
            format: FORMAT,
            workflow: String::new(),
            version: 1,
            types: Types::default(),
            boundaries: Vec::new(),
            constants: Vec::new(),
            functions: Vec::new(),
            entry: flow_plan::FunctionId(0),
            input: TypeId(0),
            input_form: InputForm::ByName,
            output: TypeId(0),
            config: Vec::new(),
            errors: Vec::new(),
            signals: Vec::new(),
            report: None,
            apis: Vec::new(),
            operations: Vec::new(),
            policies: Vec::new(),
            children: Vec::new(),
            steps: Vec::new(),
            key: None,
            one_per: None,
            worst: WorstCase::default(),
            escapes: Vec::new(),
        };
        Self {
            program,
            typed,
            sources,
            made,
            plan,
            debug: Debug::default(),
            diagnostics: Vec::new(),
            type_ids: FxHashMap::default(),
            arguments: Arc::default(),
            interned: FxHashMap::default(),
            being_made: Vec::new(),
            unfinished: Unfinished::default(),
            recursive: FxHashMap::default(),
            held: FxHashSet::default(),
            constants: FxHashMap::default(),
            files: FxHashMap::default(),
            functions: FxHashMap::default(),
            config: FxHashMap::default(),
            errors: FxHashMap::default(),
            apis: FxHashMap::default(),
            operations: FxHashMap::default(),
            policies: FxHashMap::default(),
            children: FxHashMap::default(),
            signals: FxHashMap::default(),
            reports: None,
            head: Span::default(),
            current: FunctionBuilder::new(Purity::Pure, TypeId(0)),
            outer: Vec::new(),
            presence: None,
            in_undo: false,
        }
    }

    pub(crate) fn finish(mut self) -> Result<Emitted, Vec<Diagnostic>> {
        if self.plan.types.0.len() > TYPES_MAX {
            let message = format!("`{}` uses more than {TYPES_MAX} types", self.plan.workflow);
            let help = "move parts of it into workflows of their own";
            self.diagnostics.push(Diagnostic::new(&codes::F0004, self.head, message).help(help));
        }
        if self.diagnostics.is_empty() {
            let mut errors: Vec<(ErrorDeclId, flow_plan::ErrorId)> = self.errors.into_iter().collect();
            errors.sort_by_key(|(_, id)| *id);
            let errors = errors.into_iter().map(|(declared, _)| declared).collect();
            Ok(Emitted { plan: self.plan, debug: self.debug, errors })
        } else {
            Err(self.diagnostics)
        }
    }

    /// Reports what is checked but not built.
    pub(crate) fn not_built(&mut self, span: Span, what: &str, help: &str) {
        let message = format!("{what} is not built yet");
        self.diagnostics.push(Diagnostic::new(&codes::F0001, span, message).help(help));
    }

    /// The entry of a constant, added where there is none.
    pub(crate) fn constant(&mut self, ty: TypeId, constant: Constant) -> ConstantId {
        let key = (ty, constant);
        if let Some(known) = self.constants.get(&key) {
            return *known;
        }
        let id = ConstantId(u32::try_from(self.plan.constants.len()).unwrap_or(u32::MAX));
        self.plan.constants.push(key.clone());
        self.constants.insert(key, id);
        id
    }

    /// Takes a place in the function table, to be filled when the function is complete.
    pub(crate) fn reserve_function(&mut self, name: String) -> flow_plan::FunctionId {
        let id = flow_plan::FunctionId(u32::try_from(self.plan.functions.len()).unwrap_or(u32::MAX));
        self.plan.functions.push(Function {
            purity: Purity::Pure,
            params: Vec::new(),
            result: TypeId(0),
            registers: Vec::new(),
            code: Vec::new(),
            lists: Vec::new(),
            groups: Vec::new(),
            handlers: Vec::new(),
            live: Vec::new(),
        });
        self.debug.functions.push(FunctionDebug { name, ..FunctionDebug::default() });
        id
    }

    /// Fills a reserved place.
    pub(crate) fn put_function(
        &mut self,
        id: flow_plan::FunctionId,
        function: Function,
        debug: FunctionDebug,
    ) {
        if let Some(slot) = self.plan.functions.get_mut(id.index()) {
            *slot = function;
        }
        if let Some(slot) = self.debug.functions.get_mut(id.index()) {
            slot.places = debug.places;
            slot.locals = debug.locals;
        }
    }

    /// A place in a source, as the debug section keeps it.
    pub(crate) fn location(&mut self, span: Span) -> Location {
        let file = self.sources.get(span.file);
        let line = file.map_or(0, |file| file.position(span.start).line);
        let known = self.files.get(&span.file).copied();
        let index = known.unwrap_or_else(|| {
            let index = u32::try_from(self.debug.files.len()).unwrap_or(u32::MAX);
            self.debug.files.push(file.map_or_else(String::new, |file| file.name().to_owned()));
            self.files.insert(span.file, index);
            index
        });
        Location { file: index, start: span.start, end: span.end, line }
    }
}
