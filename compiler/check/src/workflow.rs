//! Workflows and functions: signatures first, then bodies.

use flow_diagnostics::{Diagnostic, codes};
use flow_hir::{ExprId, ExprKind, FunctionId, Param, TypeRef, WorkflowId};
use flow_source::Span;

use crate::checker::Checker;
use crate::infer::{Infer, Place, Reason, Want, holds_secret, plain_field};
use crate::typed::{CheckedFunction, CheckedWorkflow, WorstCase};
use crate::types::{RecordField, Ty, TyKind};

impl Checker<'_> {
    /// Resolves the signatures of workflows, and of functions that declare their result.
    pub(crate) fn check_signatures(&mut self) {
        let program = self.program;
        for (id, workflow) in program.workflows.iter() {
            let params = self.params(&workflow.params);
            let result = workflow.result.as_ref().map_or(Ty::NULL, |result| self.lower_type(result));
            if let Some(declared) = &workflow.result
                && holds_secret(self, result)
            {
                self.report(
                    Diagnostic::new(&codes::F0701, declared.span, "a secret would flow into a result")
                        .help("results are recorded and shown: leave the secret out"),
                );
            }
            let sole = matches!(params.as_slice(), [one] if matches!(
                *self.typed.types.structure(*one),
                TyKind::Record(_)
            ));
            let input = match params.first() {
                Some(param) if sole => *param,
                _ => {
                    let fields = workflow
                        .params
                        .iter()
                        .zip(&params)
                        .map(|(param, ty)| self.input_field(param, *ty))
                        .collect();
                    self.typed.types.record(fields)
                }
            };
            for signal in &workflow.signals {
                let ty = self.lower_type(&program.signals[*signal].ty);
                self.typed.signals.insert(*signal, ty);
            }
            let within_us = workflow.within.and_then(|within| self.duration(within, "a `within`"));
            let checked = CheckedWorkflow {
                params,
                input,
                input_is_param: sole,
                result,
                within_us,
                key: None,
                undo: None,
                errors: Vec::new(),
                worst: WorstCase::default(),
            };
            self.typed.workflows.insert(id, checked);
        }
    }

    /// A parameter as a field of the input.
    fn input_field(&self, param: &Param, ty: Ty) -> RecordField {
        let mut field = plain_field(&param.name.text, ty);
        if param.default.is_some() {
            // Null and absent both give the default.
            field.optional = true;
            field.ty = self.typed.types.without_null(field.ty);
        }
        field.constraint = param.constraint.as_ref().map(|constraint| self.condition(constraint));
        field
    }

    fn params(&mut self, params: &[Param]) -> Vec<Ty> {
        params
            .iter()
            .map(|param| {
                let ty = self.lower_type(&param.ty);
                self.typed.locals.insert(param.local, ty);
                ty
            })
            .collect()
    }

    /// Checks what stands in parameters: constraints and defaults.
    fn check_params(&mut self, params: &[Param]) {
        for param in params {
            self.check_type_constraints(&param.ty);
            self.check_constraint(param.constraint.as_ref(), &param.ty);
            if let Some(default) = param.default {
                let ty = self.typed.local(param.local);
                let reason = Reason { span: param.ty.span, text: "the parameter's type".into() };
                Infer::new(self, Place::Pure("a default")).check(default, ty, Some(&reason));
            }
        }
    }

    /// Checks the bodies of all functions and workflows.
    pub(crate) fn check_bodies(&mut self) {
        for id in self.program.functions.indices() {
            self.check_function(id);
        }
        for id in self.program.workflows.indices() {
            self.check_workflow(id);
        }
    }

    /// Checks a function, once. A function without a declared result is inferred when it is first called.
    pub(crate) fn check_function(&mut self, id: FunctionId) -> Ty {
        if let Some(checked) = self.typed.functions.get(id) {
            return checked.result;
        }
        let program = self.program;
        let function = &program.functions[id];
        let params = self.params(&function.params);
        let declared = function.result.as_ref().map(|result| self.lower_type(result));
        // Calls of itself, which are reported apart, find this.
        let placeholder = CheckedFunction { params: params.clone(), result: declared.unwrap_or(Ty::ERROR) };
        self.typed.functions.insert(id, placeholder);
        self.check_params(&function.params);
        let result = match (declared, &function.result) {
            (Some(declared), Some(written)) => {
                let reason = Reason { span: written.span, text: "the declared result".into() };
                Infer::new(self, Place::Pure("a function")).seeing(&function.params).check(
                    function.body,
                    declared,
                    Some(&reason),
                );
                declared
            }
            _ => Infer::new(self, Place::Pure("a function")).seeing(&function.params).any(function.body),
        };
        self.typed.functions.insert(id, CheckedFunction { params, result });
        result
    }

    fn check_workflow(&mut self, id: WorkflowId) {
        let program = self.program;
        let workflow = &program.workflows[id];
        self.check_params(&workflow.params);
        if let Some(result) = &workflow.result {
            self.check_type_constraints(result);
        }
        for signal in &workflow.signals {
            self.check_type_constraints(&program.signals[*signal].ty);
        }
        let result = self.typed.workflows.get(id).map_or(Ty::ERROR, |checked| checked.result);
        self.check_clauses(id, result);
        let reason = match &workflow.result {
            Some(written) => Reason { span: written.span, text: "the workflow's result".into() },
            None => Reason { span: workflow.name.span, text: "the workflow declares no result".into() },
        };
        let mut infer = Infer::new(self, Place::Flow).seeing(&workflow.params);
        infer.result = Some((result, reason));
        infer.workflow = Some(id);
        let end = infer.expr(workflow.body, Want::Nothing);
        self.close_reports(id);
        if end != Ty::NEVER
            && let Some(written) = &workflow.result
        {
            self.check_end(workflow.body, result, written, workflow.name.span);
        }
    }

    /// The end of a body is reached: that is null, which the result must permit.
    fn check_end(&mut self, body: ExprId, result: Ty, written: &TypeRef, name: Span) {
        let program = self.program;
        // Where something could not be read, nobody knows what it would have returned.
        let mut unread = false;
        program.for_each_inside(body, &mut |expr| {
            unread |= matches!(program.exprs[expr].kind, ExprKind::Missing)
        });
        if unread || self.typed.types.is_nullable(result) || result == Ty::ERROR {
            return;
        }
        let words = self.words(result);
        let mut diagnostic =
            Diagnostic::new(&codes::F0321, name, "not every way through this workflow returns a result")
                .also(written.span, format!("`{words}` is declared"));
        let value = match &program.exprs[body].kind {
            ExprKind::Block(block) => block.value,
            _ => None,
        };
        // A last expression that would fit is probably meant as the result.
        diagnostic = match value.filter(|value| {
            !matches!(program.exprs[*value].kind, ExprKind::If { .. } | ExprKind::Match { .. })
        }) {
            Some(value)
                if matches!(program.exprs[value].kind, ExprKind::While { .. } | ExprKind::For { .. }) =>
            {
                diagnostic.help("a loop may end: write `return …`, or `fail …`, after it")
            }
            Some(value) => {
                let span = program.exprs[value].span;
                diagnostic.primary.span = span;
                diagnostic.also(name, "this workflow").help("the result is given by `return`").edit(
                    "insert `return`",
                    Span::at(span.file, span.start),
                    "return ",
                )
            }
            None => diagnostic.help("end with `return …`, or `fail …`"),
        };
        self.report(diagnostic);
    }
}
