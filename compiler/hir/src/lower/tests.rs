//! Test blocks.

use std::sync::Arc;

use flow_diagnostics::{Diagnostic, codes};
use flow_source::Span;
use flow_syntax::ast::{self, AstNode};

use super::Lowerer;
use crate::scope::Symbol;
use crate::{
    Argument, CallCount, Expectation, ExprKind, LocalId, LocalKind, Mock, MockAnswer, OperationId, Spanned,
    Test, TestStep, TestStepKind,
};

impl Lowerer {
    pub(super) fn lower_test(&mut self, decl: &ast::TestDecl) {
        let span = self.span(decl);
        let title = decl.title();
        let name_span = title.as_ref().map_or(span, |title| self.span(title));
        let name: Arc<str> = match title.as_ref().map(ast::StringLiteral::plain_text) {
            Some(Some(text)) => Arc::from(text),
            Some(None) => {
                self.wrong(&codes::F0404, name_span, "the name of a test is a plain text".into());
                Arc::from("")
            }
            None => Arc::from(""),
        };
        let same = self.program.tests.iter().find(|(_, test)| test.name.value == name);
        if let Some(first) = same.map(|(_, test)| test.name.span) {
            self.report(
                Diagnostic::new(&codes::F0209, name_span, format!("two tests are named {name:?}"))
                    .also(first, "the first one"),
            );
        }
        let steps = self.apart(|lowerer| {
            let statements: Vec<ast::Statement> =
                decl.body().map_or_else(Vec::new, |body| body.statements().collect());
            statements.iter().filter_map(|statement| lowerer.lower_step(statement)).collect()
        });
        let every_failure = decl.is_every_failure();
        let name = Spanned { value: name, span: name_span };
        self.program.tests.push(Test { name, every_failure, steps, span });
    }

    fn lower_step(&mut self, statement: &ast::Statement) -> Option<TestStep> {
        let span = self.span(statement);
        let kind = match statement {
            ast::Statement::MockStatement(mock) => TestStepKind::Mock(self.lower_mock(mock, span)?),
            ast::Statement::LetStatement(statement) => self.lower_test_let(statement, span)?,
            ast::Statement::ExpectStatement(expect) => {
                let condition = self.lower_optional_expr(expect.condition(), span);
                TestStepKind::Expect(Expectation::Holds(condition))
            }
            ast::Statement::ExpectSettled(expect) => {
                TestStepKind::Expect(Expectation::Settled { run: self.lower_run(expect.run())? })
            }
            ast::Statement::ExpectFails(expect) => {
                let run = self.lower_run(expect.run())?;
                let error = expect.error()?;
                let at = self.span(&error);
                let error = Spanned { value: self.find_error(error.text(), at)?, span: at };
                TestStepKind::Expect(Expectation::Fails { run, error })
            }
            ast::Statement::ExpectCalls(expect) => self.lower_expect_calls(expect)?,
            ast::Statement::SnapshotStatement(snapshot) => {
                if snapshot.is_plan() {
                    let Some(ast::Expr::NameExpr(name)) = snapshot.value() else { return None };
                    let at = self.span(&name);
                    let version = self.wanted_version(name.version());
                    TestStepKind::SnapshotPlan { workflow: self.find_workflow(name.text(), at, version)? }
                } else {
                    TestStepKind::Snapshot { value: self.lower_optional_expr(snapshot.value(), span) }
                }
            }
            ast::Statement::AdvanceStatement(advance) => {
                TestStepKind::Advance { duration: self.lower_optional_expr(advance.duration(), span) }
            }
            ast::Statement::CrashStatement(_) => TestStepKind::Crash,
            ast::Statement::SendStatement(send) => self.lower_send(send, span)?,
            ast::Statement::ExprStatement(statement) => {
                let called = match statement.expr() {
                    Some(ast::Expr::CallExpr(call)) => call.callee().as_ref().and_then(Self::word),
                    _ => None,
                };
                let diagnostic = Diagnostic::new(&codes::F0904, span, "a value alone does nothing in a test");
                let diagnostic = match called {
                    Some(name) => diagnostic.help(format!("start it: `let run = {name}(…)`")),
                    None => diagnostic.help("write `expect …`, `mock …`, `let …` or `snapshot …`"),
                };
                self.report(diagnostic);
                return None;
            }
            _ => {
                let at = self.keyword_span(statement.syntax());
                self.report(
                    Diagnostic::new(&codes::F0904, at, "this cannot stand in a test").help(
                        "a test has `mock`, `let`, `send`, `advance`, `crash`, `expect` and `snapshot`",
                    ),
                );
                return None;
            }
        };
        Some(TestStep { kind, span })
    }

    /// `let run = workflow(…)` starts an execution; any other `let` names a value.
    fn lower_test_let(&mut self, statement: &ast::LetStatement, span: Span) -> Option<TestStepKind> {
        if let Some(ast::Expr::CallExpr(call)) = statement.value()
            && let Some(ast::Expr::NameExpr(callee)) = call.callee()
            && self.find_local(callee.text()).is_none()
            && self.declared(callee.text()).iter().any(|entry| matches!(entry.symbol, Symbol::Workflow(..)))
        {
            let callee_span = self.span(&callee);
            let version = self.wanted_version(callee.version());
            let workflow = self.find_workflow(callee.text(), callee_span, version);
            let arguments = self.lower_arguments(&call);
            let name = match statement.pattern()? {
                ast::Pattern::BindingPattern(binding) => self.name(binding.name(), span),
                other => {
                    let at = self.span(&other);
                    self.report(
                        Diagnostic::new(&codes::F0904, at, "an execution is bound to one name")
                            .also(callee_span, "started here")
                            .help("name it, and take its result apart: `let { … } = run.result`"),
                    );
                    self.lower_pattern(Some(other), span, LocalKind::Let);
                    return None;
                }
            };
            let run = self.bind(name, LocalKind::Run);
            return Some(TestStepKind::Start { run, workflow: workflow?, callee: callee_span, arguments });
        }
        let ty = statement.ty().map(|ty| self.lower_type(Some(ty), span));
        let value = self.lower_optional_expr(statement.value(), span);
        let pattern = self.lower_pattern(statement.pattern(), span, LocalKind::Let);
        Some(TestStepKind::Let { pattern, ty, value })
    }

    /// The execution that an expectation is about.
    pub(super) fn lower_run(&mut self, run: Option<ast::Expr>) -> Option<LocalId> {
        let run = run?;
        let span = self.span(&run);
        let lowered = self.lower_expr(&run);
        match self.program.exprs[lowered].kind {
            ExprKind::Local(local) => Some(local),
            ExprKind::Missing => None,
            _ => {
                self.report(
                    Diagnostic::new(&codes::F0903, span, "an execution was expected")
                        .help("start one: `let run = workflow(…)`"),
                );
                None
            }
        }
    }

    /// `api.op` or `api.op(arguments)`.
    fn lower_target(&mut self, target: &ast::Expr) -> Option<(OperationId, Span, Option<Vec<Argument>>)> {
        match target {
            ast::Expr::CallExpr(call) => {
                let found = call.callee().and_then(|callee| self.operation_of(&callee));
                let arguments = self.lower_arguments(call);
                let (operation, callee) = found?;
                Some((operation, callee, Some(arguments)))
            }
            other => {
                let (operation, callee) = self.operation_of(other)?;
                Some((operation, callee, None))
            }
        }
    }

    fn lower_mock(&mut self, mock: &ast::MockStatement, span: Span) -> Option<Mock> {
        let target = self.lower_target(&mock.operation()?);
        let answer = match mock.answer() {
            Some(answer) => self.lower_answer(&answer, span)?,
            None => MockAnswer::Empty,
        };
        let (operation, callee, arguments) = target?;
        Some(Mock { operation, callee, arguments, answer })
    }

    fn lower_answer(&mut self, answer: &ast::MockAnswer, owner: Span) -> Option<MockAnswer> {
        match answer {
            ast::MockAnswer::Expr(ast::Expr::FailExpr(fail)) => {
                if let Some(because) = fail.because() {
                    let at = self.span(&because);
                    self.wrong(&codes::F0404, at, "a mock fails without `because`".into());
                }
                let error = self.lower_mock_error(&fail.error()?)?;
                Some(MockAnswer::Fail(error))
            }
            ast::MockAnswer::Expr(value) => Some(MockAnswer::Value(self.lower_expr(value))),
            ast::MockAnswer::Status(status) => {
                let token = status.status()?;
                let at = flow_syntax::token_span(self.file, &token);
                let literal = ast::LiteralValue::of_token(&token)?;
                let crate::StatusPattern::Exact(code) = self.status(&literal, at)? else { return None };
                let body = status.body().map(|body| self.lower_expr(&body));
                Some(MockAnswer::Status { status: Spanned { value: code, span: at }, body })
            }
            ast::MockAnswer::After(after) => {
                let duration = self.lower_optional_expr(after.delay(), owner);
                let answer = match after.answer() {
                    Some(answer) => self.lower_answer(&answer, owner)?,
                    None => MockAnswer::Empty,
                };
                Some(MockAnswer::After { duration, answer: Box::new(answer) })
            }
            ast::MockAnswer::Sequence(sequence) => Some(MockAnswer::Sequence(
                sequence.answers().filter_map(|answer| self.lower_answer(&answer, owner)).collect(),
            )),
        }
    }

    /// The error of a mock: `Declined { … }`, or an error of the language by its name alone.
    fn lower_mock_error(&mut self, error: &ast::Expr) -> Option<crate::ExprId> {
        let span = self.span(error);
        if let Some(word) = Self::word(error)
            && self.find_local(&word).is_none()
        {
            let error = self.find_error(&word, span)?;
            let fields = self.push(ExprKind::Record(Vec::new()), span);
            return Some(self.push(ExprKind::Error { error, name: span, fields }, span));
        }
        Some(self.lower_expr(error))
    }

    fn lower_expect_calls(&mut self, expect: &ast::ExpectCalls) -> Option<TestStepKind> {
        let target = self.lower_target(&expect.operation()?);
        let count = match expect.count()? {
            ast::CallCount::Once => CallCount::Exactly(1),
            ast::CallCount::Never => CallCount::Exactly(0),
            ast::CallCount::Times(times) => CallCount::Exactly(self.whole(&times, "times")?.value),
            ast::CallCount::Before(other) => CallCount::Before(self.operation_of(&other)?.0),
        };
        let (operation, callee, arguments) = target?;
        Some(TestStepKind::Expect(Expectation::Calls { operation, callee, arguments, count }))
    }
}
