//! Functions and workflows may not call themselves, directly or not.

use flow_diagnostics::{Diagnostic, codes};
use flow_hir::{ExprId, ExprKind, FunctionId, WorkflowId};
use flow_source::Span;
use rustc_hash::FxHashSet;

use crate::checker::Checker;
use crate::types::{Ty, TyKind};

/// What calls and is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Callable {
    Function(FunctionId),
    Workflow(WorkflowId),
    /// A `where`, by its condition: a value that is taken as a type with `as` is held to it.
    Condition(ExprId),
}

impl Checker<'_> {
    /// Reports every circle of calls, once.
    pub(crate) fn check_recursion(&mut self) {
        let program = self.program;
        let all = program
            .functions
            .indices()
            .map(Callable::Function)
            .chain(program.workflows.indices().map(Callable::Workflow))
            .chain(self.all_conditions().into_iter().map(Callable::Condition));
        let mut done = FxHashSet::default();
        for callable in all {
            self.visit(callable, &mut Vec::new(), &mut done);
        }
        for workflow in program.workflows.indices() {
            self.check_waits(workflow);
        }
    }

    /// Versions of a workflow share their keys and queues: one that waits for another one below it, where both are told
    /// apart in the same way, may wait for itself.
    fn check_waits(&mut self, id: WorkflowId) {
        let program = self.program;
        let own = &program.workflows[id];
        let (mut seen, mut work) = (FxHashSet::default(), Vec::new());
        let awaited = |id: WorkflowId| {
            let mut calls = Vec::new();
            program.for_each_inside(program.workflows[id].body, &mut |expr| {
                if let ExprKind::CallWorkflow { workflow, callee, detached: false, .. } =
                    &program.exprs[expr].kind
                {
                    calls.push((*workflow, *callee));
                }
            });
            calls
        };
        work.extend(awaited(id).into_iter().rev());
        while let Some((called, span)) = work.pop() {
            if called == id || !seen.insert(called) {
                continue;
            }
            let other = &program.workflows[called];
            let clause = match () {
                () if own.one_per.is_some() && other.one_per.is_some() => "one per",
                () if own.key.is_some() && other.key.is_some() => "key",
                () => "",
            };
            if own.name.text == other.name.text && !clause.is_empty() {
                let name = &own.name.text;
                self.report(
                    Diagnostic::new(&codes::F0319, span, format!("workflow `{name}` may wait for itself"))
                        .also(
                            own.name.span,
                            format!("all versions of `{name}` share what `{clause}` tells apart"),
                        )
                        .help(format!(
                            "leave `{clause}` out of the one that is called, or give it another name"
                        )),
                );
                return;
            }
            work.extend(awaited(called).into_iter().map(|(next, _)| (next, span)).rev());
        }
    }

    fn visit(
        &mut self,
        callable: Callable,
        chain: &mut Vec<(Callable, Span)>,
        done: &mut FxHashSet<Callable>,
    ) {
        if !done.insert(callable) {
            return;
        }
        for (called, span) in self.calls_of(callable) {
            chain.push((callable, span));
            match chain.iter().position(|(open, _)| *open == called) {
                Some(start) => self.report_circle(called, chain.get(start..).unwrap_or(&[])),
                None => self.visit(called, chain, done),
            }
            chain.pop();
        }
    }

    fn report_circle(&mut self, called: Callable, circle: &[(Callable, Span)]) {
        let name = self.callable_name(called);
        let Some((_, last)) = circle.last() else { return };
        let what = match called {
            Callable::Function(_) => "function",
            Callable::Workflow(_) => "workflow",
            Callable::Condition(_) => {
                let message = "a `where` needs itself to be checked";
                let mut diagnostic = Diagnostic::new(&codes::F0319, *last, message);
                if let Callable::Condition(condition) = called {
                    diagnostic = diagnostic.also(self.span(condition), "this condition");
                }
                self.report(
                    diagnostic.help("`as` holds a value to the conditions of its type: take it as another"),
                );
                return;
            }
        };
        let mut diagnostic = Diagnostic::new(&codes::F0319, *last, format!("{what} `{name}` calls itself"));
        if circle.len() > 1 {
            for (caller, span) in circle.iter().take(circle.len() - 1) {
                diagnostic = diagnostic.also(*span, format!("`{}` calls on", self.callable_name(*caller)));
            }
        }
        diagnostic = diagnostic.help(match called {
            Callable::Function(_) => "use a method such as `fold`, which goes over a list",
            Callable::Workflow(_) | Callable::Condition(_) => {
                "a plan holds the plans of the workflows that it calls: use a `while` loop"
            }
        });
        self.report(diagnostic);
    }

    /// The conditions that a value of a type is held to, inside and as a whole.
    fn conditions_of(&self, ty: Ty) -> Vec<ExprId> {
        let types = &self.typed.types;
        let found = std::cell::RefCell::new(Vec::new());
        types.any_inside(ty, |kind| {
            match kind {
                TyKind::Named(decl, _) => {
                    found.borrow_mut().extend(types.conditions.get(*decl).map(|(_, condition)| *condition));
                }
                TyKind::Record(fields) => {
                    let conditions = fields.iter().filter_map(|field| field.constraint.as_ref());
                    found.borrow_mut().extend(conditions.map(|constraint| constraint.condition));
                }
                _ => {}
            }
            false
        });
        found.into_inner()
    }

    /// Every condition of declared types.
    fn all_conditions(&self) -> Vec<ExprId> {
        let types = &self.typed.types;
        let own = self.program.types.indices().filter_map(|decl| types.conditions.get(decl));
        let own = own.map(|(_, condition)| *condition);
        let inside = self.program.types.indices().filter_map(|decl| types.declared.get(decl).copied());
        own.chain(inside.flat_map(|ty| self.conditions_of(ty))).collect()
    }

    fn callable_name(&self, callable: Callable) -> String {
        match callable {
            Callable::Function(function) => self.program.functions[function].name.text.to_string(),
            Callable::Workflow(workflow) => self.program.workflows[workflow].name.text.to_string(),
            Callable::Condition(_) => "where".to_owned(),
        }
    }

    fn calls_of(&self, callable: Callable) -> Vec<(Callable, Span)> {
        let program = self.program;
        let none = Vec::new();
        let (body, params) = match callable {
            Callable::Function(function) => {
                (program.functions[function].body, &program.functions[function].params)
            }
            Callable::Workflow(workflow) => {
                (program.workflows[workflow].body, &program.workflows[workflow].params)
            }
            Callable::Condition(condition) => (condition, &none),
        };
        let mut calls = Vec::new();
        let mut look = |root: ExprId| {
            program.for_each_inside(root, &mut |expr| match &program.exprs[expr].kind {
                ExprKind::CallFunction { function, callee, .. } => {
                    calls.push((Callable::Function(*function), *callee));
                }
                ExprKind::CallWorkflow { workflow, callee, .. } => {
                    calls.push((Callable::Workflow(*workflow), *callee));
                    // Who calls a workflow holds the code that undoes it.
                    if let Some(undo) = &program.workflows[*workflow].undo
                        && let ExprKind::CallWorkflow { workflow: undoes, .. } = program.exprs[undo.call].kind
                    {
                        calls.push((Callable::Workflow(undoes), *callee));
                    }
                }
                ExprKind::As { ty, .. } => {
                    let conditions = self.conditions_of(self.typed.ty(expr)).into_iter();
                    calls.extend(conditions.map(|condition| (Callable::Condition(condition), ty.span)));
                }
                _ => {}
            });
        };
        look(body);
        for param in params {
            param.default.into_iter().for_each(&mut look);
            if let Some(constraint) = &param.constraint {
                look(constraint.condition);
            }
        }
        calls
    }
}
