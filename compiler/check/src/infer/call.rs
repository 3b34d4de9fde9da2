//! Calls of operations, workflows and functions: arguments to parameters, options, compensation.

use flow_diagnostics::{Change, Diagnostic, Edit, codes};
use flow_hir::{
    Argument, CallOptions, Compensation, ExprId, FunctionId, OperationId, ParamPlace, WorkflowId,
};
use flow_source::Span;

use super::{Infer, Reason};
use crate::display;
use crate::typed::{CheckedCall, EffectClass, OperationUndo, ParamValue, StepUndo};
use crate::types::Ty;

/// A parameter, as far as calls are concerned.
pub(crate) struct Parameter<'a> {
    /// Its name.
    pub(crate) name: &'a str,
    /// Its type.
    pub(crate) ty: Ty,
    /// Its place in the declaration.
    pub(crate) span: Span,
    /// The value where no argument is given.
    pub(crate) default: Option<ExprId>,
    /// Whether a secret may go where the plain type is declared.
    pub(crate) reveals: bool,
    /// Whether the declaration uses it for more than the request.
    pub(crate) used_elsewhere: bool,
}

impl Infer<'_, '_> {
    /// Puts arguments to parameters: positional first, then named. What is missing is the default or null;
    /// with `partial`, a parameter that is not given matches anything.
    pub(crate) fn arguments(
        &mut self,
        callee: Span,
        name: &str,
        parameters: &[Parameter<'_>],
        arguments: &[Argument],
        partial: bool,
    ) -> Vec<ParamValue> {
        let absent = if partial { ParamValue::Any } else { ParamValue::Null };
        let mut values = vec![absent; parameters.len()];
        let mut given: Vec<Option<Span>> = vec![None; parameters.len()];
        for (index, argument) in arguments.iter().enumerate() {
            let span = self.checker.span(argument.value);
            let position = match &argument.name {
                Some(name) => parameters.iter().position(|parameter| parameter.name == &*name.text),
                None => (index < parameters.len()).then_some(index),
            };
            let Some((position, parameter)) =
                position.and_then(|position| Some((position, parameters.get(position)?)))
            else {
                let before = index.checked_sub(1).and_then(|before| arguments.get(before));
                let before = before.map(|before| before.value);
                self.no_such_parameter(callee, name, parameters, (before, argument), span);
                self.any(argument.value);
                continue;
            };
            if let Some(first) = given.get_mut(position).and_then(|slot| slot.replace(span)) {
                self.checker.report(
                    Diagnostic::new(
                        &codes::F0210,
                        span,
                        format!("argument `{}` is given twice", parameter.name),
                    )
                    .also(first, "first given here"),
                );
            }
            if let Some(slot) = values.get_mut(position) {
                *slot = ParamValue::Given(argument.value);
            }
            let words = self.checker.words(parameter.ty);
            let also =
                if parameter.used_elsewhere { ", and `undo`, `confirm` or the key uses it" } else { "" };
            let text = format!("parameter `{}` is declared as `{words}`{also}", parameter.name);
            let reason = Reason { span: parameter.span, text };
            if parameter.reveals {
                self.check_revealing(argument.value, parameter.ty, Some(&reason));
            } else {
                self.check(argument.value, parameter.ty, Some(&reason));
            }
        }
        if partial {
            return values;
        }
        let mut missing: Vec<&Parameter<'_>> = Vec::new();
        for ((value, given), parameter) in values.iter_mut().zip(&given).zip(parameters) {
            if given.is_some() {
                continue;
            }
            if let Some(default) = parameter.default {
                *value = ParamValue::Default(default);
            } else if !self.checker.typed.types.is_nullable(parameter.ty) && parameter.ty != Ty::ERROR {
                missing.push(parameter);
            }
        }
        if !missing.is_empty() {
            let plural = if missing.len() == 1 { "argument" } else { "arguments" };
            let names = display::names(missing.iter().map(|parameter| parameter.name));
            let mut diagnostic = Diagnostic::new(
                &codes::F0305,
                callee,
                format!("`{name}` is called without {plural} {names}"),
            );
            diagnostic = diagnostic.mend(self.give_arguments(callee, parameters, arguments, &missing));
            for parameter in missing {
                diagnostic = diagnostic.also(
                    parameter.span,
                    format!("`{}: {}`", parameter.name, self.checker.words(parameter.ty)),
                );
            }
            self.checker.report(diagnostic);
        }
        values
    }

    /// The edit that gives missing arguments the values of their names that can be used here.
    fn give_arguments(
        &self,
        callee: Span,
        parameters: &[Parameter<'_>],
        arguments: &[Argument],
        missing: &[&Parameter<'_>],
    ) -> Option<Edit> {
        if !missing.iter().all(|parameter| self.sees(parameter.name, parameter.ty)) {
            return None;
        }
        // By position as far as the order holds, by name otherwise.
        let mut ordered = arguments.iter().all(|argument| argument.name.is_none());
        let mut next = arguments.len();
        let texts: Vec<String> = missing
            .iter()
            .map(|parameter| {
                ordered &= parameters.get(next).is_some_and(|expected| expected.name == parameter.name);
                next += 1;
                if ordered { parameter.name.to_owned() } else { format!("{0}: {0}", parameter.name) }
            })
            .collect();
        let texts = texts.join(", ");
        let change = match arguments.last() {
            Some(last) => super::mend::put_after(self.checker.program, last.value, &format!(", {texts}")),
            None => Change::insert(callee.file, callee.end + 1, texts),
        };
        Some(Edit::guess("give what has its name", vec![change]))
    }

    fn no_such_parameter(
        &mut self,
        callee: Span,
        name: &str,
        parameters: &[Parameter<'_>],
        (before, argument): (Option<ExprId>, &Argument),
        span: Span,
    ) {
        let diagnostic = match &argument.name {
            Some(given) => {
                let mut diagnostic = Diagnostic::new(
                    &codes::F0306,
                    given.span,
                    format!("`{name}` has no parameter `{}`", given.text),
                );
                match self.checker.nearest(&given.text, parameters.iter().map(|parameter| parameter.name)) {
                    Some(near) => {
                        diagnostic = diagnostic.did_you_mean(given.span, near);
                    }
                    None if parameters.is_empty() => {}
                    None => {
                        diagnostic = diagnostic.help(format!(
                            "it has {}",
                            display::names(parameters.iter().map(|parameter| parameter.name))
                        ));
                    }
                }
                diagnostic
            }
            None => {
                let count = match parameters.len() {
                    0 => "no argument".to_owned(),
                    1 => "one argument".to_owned(),
                    many => format!("{many} arguments"),
                };
                let before =
                    before.map_or(callee.end + 1, |before| self.checker.program.whole_span(before).end);
                let end = self.checker.program.whole_span(argument.value).end;
                let gap = Span::new(callee.file, before.min(end), end);
                let edit = self.checker.only_computes(argument.value);
                let edit = edit.then(|| Edit::guess("leave it out", vec![Change::remove(gap)]));
                Diagnostic::new(&codes::F0305, span, format!("`{name}` takes {count}"))
                    .also(callee, "called here")
                    .mend(edit)
            }
        };
        self.checker.report(diagnostic);
    }

    /// `api.operation(…)`: a step.
    pub(super) fn call_operation(
        &mut self,
        expr: ExprId,
        operation: OperationId,
        callee: Span,
        arguments: &[Argument],
        options: Option<&CallOptions>,
        compensation: Option<&Compensation>,
    ) -> Ty {
        let name = self.checker.operation_name(operation);
        self.effect(callee, &format!("the call `{name}`"));
        let values = self.operation_arguments(operation, callee, arguments, false);
        let Some(checked) = self.checker.typed.operations.get(operation).cloned() else { return Ty::ERROR };
        let mut timeout_us = checked.timeout_us;
        let mut retry = checked.retry;
        if let Some(options) = options {
            if let Some(timeout) = options.timeout
                && let Some(constant) = self.checker.duration(timeout, "the timeout of a call")
            {
                timeout_us = constant;
            }
            if let Some(policy) = options.retry {
                retry = crate::retry::policy(policy);
            }
        }
        let undo = match compensation {
            None => match &checked.undo {
                OperationUndo::None => StepUndo::None,
                OperationUndo::Missing => StepUndo::Missing,
                OperationUndo::Irreversible => StepUndo::Irreversible,
                OperationUndo::Call { .. } => StepUndo::Operation,
            },
            Some(compensation) => self.compensation(compensation, checked.result, checked.effect),
        };
        self.checker.typed.call_errors.insert(expr, checked.errors);
        self.checker.typed.calls.insert(expr, CheckedCall { arguments: values, timeout_us, retry, undo });
        checked.result
    }

    /// The values for the parameters of an operation.
    pub(crate) fn operation_arguments(
        &mut self,
        operation: OperationId,
        callee: Span,
        arguments: &[Argument],
        partial: bool,
    ) -> Vec<ParamValue> {
        let program = self.checker.program;
        let name = self.checker.operation_name(operation);
        let types = self.checker.typed.operations.get(operation).map(|checked| checked.params.clone());
        let types = types.unwrap_or_default();
        let used = program.used_beside_the_request(operation);
        let parameters: Vec<Parameter<'_>> = program.operations[operation]
            .params
            .iter()
            .enumerate()
            .map(|(index, param)| Parameter {
                name: &param.name.text,
                ty: types.get(index).copied().unwrap_or(Ty::ERROR),
                span: param.span,
                default: param.default,
                reveals: matches!(param.place, ParamPlace::Body | ParamPlace::Header(_) | ParamPlace::Unsent)
                    && !used.contains(&param.local),
                used_elsewhere: used.contains(&param.local),
            })
            .collect();
        self.arguments(callee, &name, &parameters, arguments, partial)
    }

    /// `other_workflow(…)`: a child execution. `start other_workflow(…)`: an execution of its own, whose id is the
    /// value.
    pub(super) fn call_workflow(
        &mut self,
        expr: ExprId,
        workflow: WorkflowId,
        callee: Span,
        arguments: &[Argument],
        compensation: Option<&Compensation>,
        detached: bool,
    ) -> Ty {
        let declared = &self.checker.program.workflows[workflow];
        self.effect(callee, &format!("the call `{}`", declared.name.text));
        let values = self.workflow_arguments(workflow, callee, arguments);
        self.checker.typed.arguments.insert(expr, values);
        let result = self.checker.typed.workflows.get(workflow).map_or(Ty::ERROR, |checked| checked.result);
        let undo = match compensation {
            _ if detached => StepUndo::None,
            // A child may change something, and is started once.
            Some(compensation) => self.compensation(compensation, result, EffectClass::Idempotent),
            None if declared.undo.is_some() => StepUndo::Operation,
            None => StepUndo::Missing,
        };
        self.checker.typed.children.insert(expr, undo);
        if detached { Ty::STRING } else { result }
    }

    /// The values for the parameters of a workflow.
    pub(crate) fn workflow_arguments(
        &mut self,
        workflow: WorkflowId,
        callee: Span,
        arguments: &[Argument],
    ) -> Vec<ParamValue> {
        let program = self.checker.program;
        let types = self.checker.typed.workflows.get(workflow).map(|checked| checked.params.clone());
        let declared = &program.workflows[workflow];
        let parameters = params(&declared.params, &types.unwrap_or_default());
        self.arguments(callee, &declared.name.text, &parameters, arguments, false)
    }

    /// `total(items)`: a pure function.
    pub(super) fn call_function(
        &mut self,
        expr: ExprId,
        function: FunctionId,
        callee: Span,
        arguments: &[Argument],
    ) -> Ty {
        let program = self.checker.program;
        // A function without a declared result is inferred here.
        self.checker.check_function(function);
        let types = self.checker.typed.functions.get(function).map(|checked| checked.params.clone());
        let declared = &program.functions[function];
        let parameters = params(&declared.params, &types.unwrap_or_default());
        let values = self.arguments(callee, &declared.name.text, &parameters, arguments, false);
        self.checker.typed.arguments.insert(expr, values);
        self.checker.typed.functions.get(function).map_or(Ty::ERROR, |checked| checked.result)
    }
}

/// The parameters of a workflow or function.
fn params<'a>(params: &'a [flow_hir::Param], types: &[Ty]) -> Vec<Parameter<'a>> {
    params
        .iter()
        .enumerate()
        .map(|(index, param)| Parameter {
            name: &param.name.text,
            ty: types.get(index).copied().unwrap_or(Ty::ERROR),
            span: param.span,
            default: param.default,
            reveals: false,
            used_elsewhere: false,
        })
        .collect()
}
