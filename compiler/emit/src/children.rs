//! Calls of workflows: child executions, with their plans by hash.

use flow_check::StepUndo;
use flow_hir::{Compensation, ErrorDeclId, ExprId, ExprKind, Program, WorkflowId};
use flow_plan::{Callee, Child, ChildId, ErrorId, Op, Plan, PlanHash, Step, StepId, TypeId, Undo};
use rustc_hash::FxHashMap;

use crate::body::calls::{DeclaredUndo, StepResult};
use crate::builder::Value;
use crate::context::Context;

/// The workflows that are compiled already.
#[derive(Clone, Debug, Default)]
pub struct Made(FxHashMap<WorkflowId, (PlanHash, Vec<ErrorDeclId>)>);

impl Made {
    /// Takes in a workflow's plan, and the errors that it knows as it numbers them.
    pub fn add(&mut self, id: WorkflowId, plan: &Plan, errors: &[ErrorDeclId]) {
        self.0.insert(id, (plan.hash(), errors.to_vec()));
    }
}

/// The workflows that a workflow calls, in the order of the text; those that undo them are among them, since who
/// calls a workflow holds the code that undoes it.
pub fn called_by(program: &Program, id: WorkflowId) -> Vec<WorkflowId> {
    let mut called = Vec::new();
    program.for_each_inside(program.workflows[id].body, &mut |expr| {
        let ExprKind::CallWorkflow { workflow, .. } = program.exprs[expr].kind else { return };
        called.push(workflow);
        if let Some(undo) = &program.workflows[workflow].undo {
            program.for_each_inside(undo.call, &mut |expr| {
                if let ExprKind::CallWorkflow { workflow, .. } = program.exprs[expr].kind {
                    called.push(workflow);
                }
            });
        }
    });
    called
}

impl Context<'_> {
    /// `other_workflow(…)`, `start other_workflow(…)`.
    pub(crate) fn call_workflow(
        &mut self,
        id: ExprId,
        workflow: WorkflowId,
        compensation: Option<&Compensation>,
        detached: bool,
    ) -> Value {
        let declared = &self.program.workflows[workflow];
        let Some(checked) = self.typed.workflows.get(workflow) else { return self.null() };
        let (sole, params) = (checked.input_is_param, checked.params.clone());
        let child = self.child(workflow);
        let input = self.plan.child(child).map_or(TypeId(0), |child| child.input);
        let values = self.typed.arguments.get(id).cloned().unwrap_or_default();
        let params: Vec<TypeId> = params.into_iter().map(|ty| self.ty(ty)).collect();
        let args = self.arguments(&values, &params);
        let step = StepId(u32::try_from(self.plan.steps.len()).unwrap_or(u32::MAX));
        let callee = Callee::Child { child, detached };
        self.plan.steps.push(Step { callee, undo: Undo::Nothing });

        let result = self.ty(self.typed.ty(id));
        let undo = self.typed.children.get(id).cloned().unwrap_or(StepUndo::None);
        let own = self.workflow_undo(workflow, &undo, &args);
        let name = format!("undo of {}", declared.name.text);
        let code = self.undo_code(name, &undo, compensation, own, StepResult { ty: result, is_page: false });
        if let Some(entry) = self.plan.steps.get_mut(step.index()) {
            entry.undo = code.undo;
        }
        self.at(self.program.exprs[id].span);
        let input = match args.first() {
            Some(value) if sole => *value,
            _ => {
                let names = declared.params.iter().map(|param| param.name.text.to_string());
                self.record_of(input, names.zip(args).collect())
            }
        };
        let out = self.register(result);
        self.current.emit(Op::Spawn { dst: out.reg, step, input: input.reg, captures: code.captures });
        out
    }

    /// The undo in the head of a workflow. It sees the parameters: they are the arguments of the call.
    fn workflow_undo(
        &mut self,
        workflow: WorkflowId,
        undo: &StepUndo,
        args: &[Value],
    ) -> Option<DeclaredUndo> {
        let checked = self.typed.workflows.get(workflow)?.undo?;
        let declared = &self.program.workflows[workflow];
        let clause = declared.undo.as_ref()?;
        if *undo != StepUndo::Operation {
            return None;
        }
        for (param, value) in declared.params.iter().zip(args) {
            self.current.locals.insert(param.local, *value);
        }
        Some(DeclaredUndo {
            call: checked.call,
            result: clause.result.filter(|_| checked.uses_result),
            cause: clause.cause.filter(|_| checked.uses_cause),
        })
    }

    /// The plan's entry of a workflow that steps call.
    fn child(&mut self, id: WorkflowId) -> ChildId {
        if let Some(known) = self.children.get(&id) {
            return *known;
        }
        // One that could not be compiled is reported there, and then there is no plan here either.
        let (plan, errors) = self.made.0.get(&id).cloned().unwrap_or_else(|| (PlanHash([0; 32]), Vec::new()));
        let declared = &self.program.workflows[id];
        let checked = self.typed.workflows.get(id);
        let (input, output) = checked.map_or((self.plan.input, self.plan.output), |checked| {
            let (input, result) = (checked.input, checked.result);
            (self.ty(input), self.ty(result))
        });
        let escaping: Vec<ErrorDeclId> = self
            .typed
            .workflows
            .get(id)
            .into_iter()
            .flat_map(|checked| &checked.errors)
            .filter_map(|escaping| match escaping.error {
                flow_hir::ErrorRef::Declared(declared) => Some(declared),
                flow_hir::ErrorRef::Builtin(_) => None,
            })
            .collect();
        let errors = (0..).map(ErrorId).zip(errors).filter(|(_, declared)| escaping.contains(declared));
        let errors = errors.map(|(theirs, declared)| (theirs, self.error_type(declared))).collect();
        let made = ChildId(u32::try_from(self.plan.children.len()).unwrap_or(u32::MAX));
        let (workflow, version) = (declared.name.text.to_string(), declared.version);
        let keyed = declared.key.is_some();
        self.plan.children.push(Child { workflow, version, plan, input, output, errors, keyed });
        self.children.insert(id, made);
        made
    }
}
