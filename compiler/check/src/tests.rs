//! Test blocks: mocks that fit their operations, executions, expectations.

use flow_diagnostics::{Diagnostic, codes, nearest};
use flow_hir::{
    Argument, BuiltinError, CallCount, ErrorRef, Expectation, ExprId, ExprKind, LocalId, Mock, MockAnswer,
    Name, OperationId, ParamPlace, ResponseForm, Spanned, StatusPattern, Test, TestStep, TestStepKind,
    Workflow,
};
use flow_source::Span;

use crate::checker::Checker;
use crate::display;
use crate::infer::{Infer, Place, Reason};
use crate::typed::{CheckedOperation, ParamValue};
use crate::types::{Ty, TyKind};

/// Where expressions of tests stand, for messages about effects.
const PLACE: Place = Place::Pure("a test");

impl Checker<'_> {
    /// Checks all tests.
    pub(crate) fn check_tests(&mut self) {
        let program = self.program;
        for (id, test) in program.tests.iter() {
            let steps = self.check_test(test);
            self.typed.tests.insert(id, steps);
        }
    }

    fn check_test(&mut self, test: &Test) -> Vec<Option<Vec<ParamValue>>> {
        // One inference for the whole test: names of earlier steps stay bound, since locals are global.
        test.steps.iter().map(|step| self.check_step(step)).collect()
    }

    fn check_step(&mut self, step: &TestStep) -> Option<Vec<ParamValue>> {
        match &step.kind {
            TestStepKind::Mock(mock) => self.check_mock(mock),
            TestStepKind::Start { run, workflow, callee, arguments } => {
                let mut infer = Infer::new(self, PLACE);
                let ty = infer.checker.typed.types.intern(TyKind::Run(*workflow));
                infer.bind(*run, ty);
                Some(infer.workflow_arguments(*workflow, *callee, arguments))
            }
            TestStepKind::Let { pattern, ty, value } => {
                let expected = ty.as_ref().map(|ty| self.lower_type(ty));
                let mut infer = Infer::new(self, PLACE);
                let found = match expected {
                    Some(expected) => {
                        infer.check(*value, expected, None);
                        expected
                    }
                    None => infer.any(*value),
                };
                infer.let_pattern(pattern, found);
                None
            }
            TestStepKind::Expect(expectation) => self.check_expectation(expectation),
            TestStepKind::Snapshot { value } => {
                Infer::new(self, PLACE).any(*value);
                None
            }
            TestStepKind::Send { run, target, value } => {
                self.check_send(*run, target, *value);
                None
            }
            TestStepKind::Advance { duration } => {
                self.duration(*duration, "a time to advance");
                None
            }
            TestStepKind::Crash | TestStepKind::SnapshotPlan { .. } => None,
        }
    }

    fn check_mock(&mut self, mock: &Mock) -> Option<Vec<ParamValue>> {
        let values =
            mock.arguments.as_ref().map(|arguments| self.wanted(mock.operation, mock.callee, arguments));
        self.check_answer(mock.operation, &mock.answer, mock.callee);
        values
    }

    /// The arguments that calls are told apart by: they travel, each under its own name.
    fn wanted(&mut self, operation: OperationId, callee: Span, arguments: &[Argument]) -> Vec<ParamValue> {
        let values = Infer::new(self, PLACE).operation_arguments(operation, callee, arguments, true);
        for (param, value) in self.program.operations[operation].params.iter().zip(&values) {
            let (ParamPlace::Unsent, ParamValue::Given(value)) = (&param.place, value) else { continue };
            let message =
                format!("no call is told by `{}`: only `auth` or `headers` use it", param.name.text);
            self.report(
                Diagnostic::new(&codes::F0901, self.span(*value), message)
                    .also(param.name.span, "it is not sent by itself")
                    .help("leave the argument out here"),
            );
        }
        values
    }

    fn check_answer(&mut self, operation: OperationId, answer: &MockAnswer, callee: Span) {
        let Some(checked) = self.typed.operations.get(operation).cloned() else { return };
        let declared = &self.program.operations[operation];
        match answer {
            MockAnswer::Empty => {
                if let Some(response) = &declared.response
                    && !self.typed.types.is_nullable(checked.result)
                {
                    let words = self.words(checked.result);
                    let name = self.operation_name(operation);
                    self.report(
                        Diagnostic::new(
                            &codes::F0901,
                            callee,
                            format!("the mock of `{name}` gives no value"),
                        )
                        .also(response.span, format!("`{words}` is declared"))
                        .help("add `=> value`"),
                    );
                }
            }
            MockAnswer::Value(value) => match &declared.response {
                Some(response) if declared.response_form == ResponseForm::ByStatus => {
                    Infer::new(self, PLACE).any(*value);
                    let span = self.span(*value);
                    let name = self.operation_name(operation);
                    self.report(
                        Diagnostic::new(&codes::F0901, span, format!("the mock of `{name}` says no status"))
                            .also(response.span, "the response is by status")
                            .help("write `=> status 200 { … }`"),
                    );
                }
                Some(response) => {
                    let reason = Reason { span: response.span, text: "the declared response".into() };
                    Infer::new(self, PLACE).check(*value, checked.result, Some(&reason));
                }
                None => {
                    Infer::new(self, PLACE).any(*value);
                    let name = self.operation_name(operation);
                    let span = self.span(*value);
                    self.report(
                        Diagnostic::new(&codes::F0901, span, format!("`{name}` has no response to give"))
                            .also(declared.head, "declared without `->`")
                            .help("leave out `=> …`"),
                    );
                }
            },
            MockAnswer::Fail(error) => self.check_failure(operation, *error),
            MockAnswer::Status { status, body } => {
                let Some(body) = body else { return };
                let declared_body = self.body_by_status(&checked, status.value);
                match (declared_body, &declared.response) {
                    (Some(ty), Some(response)) => {
                        let reason = Reason { span: response.span, text: "the declared response".into() };
                        Infer::new(self, PLACE).check(*body, ty, Some(&reason));
                    }
                    _ => Infer::new(self, PLACE).check(*body, Ty::JSON, None),
                }
            }
            MockAnswer::After { duration, answer } => {
                self.duration(*duration, "a time to wait");
                self.check_answer(operation, answer, callee);
            }
            MockAnswer::Sequence(answers) => {
                for answer in answers {
                    self.check_answer(operation, answer, callee);
                }
            }
        }
    }

    /// The type of the body that a response by status declares for a status.
    fn body_by_status(&self, operation: &CheckedOperation, status: u16) -> Option<Ty> {
        let types = &self.typed.types;
        let union = types.union(operation.result).filter(|union| union.is_by_status())?;
        let named = |pattern: StatusPattern| union.case(&pattern.to_string());
        let exact = StatusPattern::Exact(status);
        let class = StatusPattern::Class(u8::try_from(status / 100).ok()?);
        // An error that the status itself raises comes before an answer of its class.
        let raised = operation.raises.iter().any(|(pattern, _)| *pattern == exact);
        let (_, case) = named(exact).or_else(|| named(class).filter(|_| !raised))?;
        types.field(case.record, "body").map(|(_, field)| field.ty)
    }

    /// A mock fails with an error that the operation can raise.
    fn check_failure(&mut self, operation: OperationId, error: ExprId) {
        match *self.kind(error) {
            // What the language raises is played here, and made nowhere else.
            ExprKind::Error { error: ErrorRef::Builtin(_), fields, .. } => {
                Infer::new(self, PLACE).any(fields)
            }
            _ => Infer::new(self, PLACE).any(error),
        };
        let ExprKind::Error { error, name, .. } = *self.kind(error) else { return };
        let Some(checked) = self.typed.operations.get(operation).cloned() else { return };
        // A mock may say which part of `unknown` it is.
        let is_unknown = matches!(error, ErrorRef::Builtin(BuiltinError::Timeout | BuiltinError::Connection));
        let played = if is_unknown { ErrorRef::Builtin(BuiltinError::Unknown) } else { error };
        if checked.errors.contains(&played) {
            return;
        }
        let raised: Vec<String> = checked.errors.iter().map(|error| self.error_name(*error)).collect();
        let error = self.error_name(error);
        let operation_name = self.operation_name(operation);
        let declared = &self.program.operations[operation];
        self.report(
            Diagnostic::new(&codes::F0902, name, format!("`{operation_name}` never fails with `{error}`"))
                .also(declared.head, "declared here")
                .help(format!("it fails with {}", display::names(raised.iter().map(String::as_str)))),
        );
    }

    fn check_expectation(&mut self, expectation: &Expectation) -> Option<Vec<ParamValue>> {
        match expectation {
            Expectation::Holds(condition) => {
                Infer::new(self, PLACE).check(*condition, Ty::BOOL, None);
                None
            }
            Expectation::Fails { run, error } => {
                self.must_be_run(*run, error.span);
                self.check_expected_error(*run, *error);
                None
            }
            Expectation::Settled { .. } => None,
            Expectation::Calls { operation, callee, arguments, count } => {
                if let CallCount::Before(_) = count {}
                arguments.as_ref().map(|arguments| self.wanted(*operation, *callee, arguments))
            }
        }
    }

    /// What is sent goes to a signal or a callback of the execution's workflow, and fits it.
    fn check_send(&mut self, run: LocalId, target: &Name, value: ExprId) {
        self.must_be_run(run, target.span);
        let TyKind::Run(workflow) = *self.typed.types.structure(self.typed.local(run)) else {
            Infer::new(self, PLACE).any(value);
            return;
        };
        let program = self.program;
        let workflow = &program.workflows[workflow];
        let mut known: Vec<(&Name, Ty, Option<ExprId>)> = Vec::new();
        for id in &workflow.signals {
            let ty = self.typed.signals.get(*id).copied().unwrap_or(Ty::ERROR);
            known.push((&program.signals[*id].name, ty, None));
        }
        for (local, callback) in program.callbacks_made(workflow.body) {
            let ty = match *self.typed.types.structure(self.typed.local(local)) {
                TyKind::Callback(answer) => answer,
                _ => Ty::ERROR,
            };
            known.push((&program.locals[local].name, ty, Some(callback)));
        }
        let found: Vec<_> = known.iter().filter(|(name, ..)| name.text == target.text).collect();
        match *found.as_slice() {
            [&(name, ty, callback)] => {
                let text = if callback.is_some() {
                    "the callback is made here"
                } else {
                    "the signal is declared here"
                };
                let reason = Reason { span: name.span, text: text.into() };
                Infer::new(self, PLACE).check(value, ty, Some(&reason));
                if let Some(callback) = callback {
                    self.typed.answers.insert(value, callback);
                }
            }
            [] => {
                Infer::new(self, PLACE).any(value);
                let names: Vec<&str> = known.iter().map(|(name, ..)| &*name.text).collect();
                self.unknown_target(workflow, target, &names);
            }
            [&(first, ..), &(second, ..), ..] => {
                Infer::new(self, PLACE).any(value);
                let message =
                    format!("`{}` has more than one `{}` to send to", workflow.name.text, target.text);
                self.report(
                    Diagnostic::new(&codes::F0209, target.span, message)
                        .also(first.span, "one of them")
                        .also(second.span, "another one")
                        .help("give them names of their own in the workflow"),
                );
            }
        }
    }

    fn unknown_target(&mut self, workflow: &Workflow, target: &Name, names: &[&str]) {
        let known = || names.iter().copied();
        let message = format!("`{}` has no signal and no callback `{}`", workflow.name.text, target.text);
        let diagnostic =
            Diagnostic::new(&codes::F0201, target.span, message).also(workflow.name.span, "declared here");
        let diagnostic = match nearest(&target.text, known()) {
            Some(near) => diagnostic.help(format!("did you mean `{near}`?")).edit(
                format!("change to `{near}`"),
                target.span,
                near,
            ),
            None if names.is_empty() => {
                diagnostic.help("declare it there: `signal name { … }`, or `let name = callback<T>()`")
            }
            None => diagnostic.help(format!("it receives {}", display::names(known()))),
        };
        self.report(diagnostic);
    }

    fn must_be_run(&mut self, run: LocalId, span: Span) {
        let ty = self.typed.local(run);
        if matches!(*self.typed.types.structure(ty), TyKind::Run(_) | TyKind::Error) {
            return;
        }
        let name = &self.program.locals[run].name;
        self.report(
            Diagnostic::new(&codes::F0903, span, format!("`{}` is not an execution", name.text))
                .also(name.span, "bound here")
                .help("start one: `let run = workflow(…)`"),
        );
    }

    /// Only errors that can leave the workflow are expected. Checked after escapes are known.
    fn check_expected_error(&mut self, run: LocalId, error: Spanned<ErrorRef>) {
        self.expected_errors.push((run, error));
    }

    /// Compares expected errors with those that escape.
    pub(crate) fn check_expected_errors(&mut self) {
        for (run, error) in std::mem::take(&mut self.expected_errors) {
            let TyKind::Run(workflow) = *self.typed.types.structure(self.typed.local(run)) else { continue };
            let Some(checked) = self.typed.workflows.get(workflow) else { continue };
            if checked.errors.iter().any(|escaping| escaping.error == error.value)
                || matches!(error.value, ErrorRef::Builtin(_))
            {
                continue;
            }
            let names: Vec<String> =
                checked.errors.iter().map(|escaping| self.error_name(escaping.error)).collect();
            let name = self.error_name(error.value);
            let workflow = &self.program.workflows[workflow];
            let help = format!("it fails with {}", display::names(names.iter().map(String::as_str)));
            let mut diagnostic = Diagnostic::new(
                &codes::F0902,
                error.span,
                format!("`{}` never fails with `{name}`", workflow.name.text),
            )
            .also(workflow.name.span, "declared here");
            if !names.is_empty() {
                diagnostic = diagnostic.help(help);
            }
            self.report(diagnostic);
        }
    }
}
