//! Blocks and statements.

use flow_diagnostics::{Diagnostic, codes};
use flow_hir::{Block, ExprId, ExprKind, LocalId, LocalKind, Pattern, Statement, TypeRef};
use flow_source::Span;

use super::{Infer, Reason, Want, facts};
use crate::types::{Ty, TyKind};

impl Infer<'_, '_> {
    /// A block: its value is its last expression. What a statement has shown holds for those after it.
    pub(super) fn block(&mut self, block: &Block, want: Want<'_>) -> Ty {
        let mut ends: Option<Span> = None;
        let mut unreachable = false;
        for statement in &block.statements {
            if let Some(end) = ends
                && !unreachable
            {
                unreachable = true;
                let from = statement_span(self.checker.program, statement);
                let last = match block.value {
                    Some(value) => self.checker.program.whole_span(value),
                    None => block
                        .statements
                        .last()
                        .map_or(from, |last| statement_span(self.checker.program, last)),
                };
                self.unreachable(from, end, from.to(last));
            }
            if let Some(end) = self.statement(statement) {
                ends = ends.or(Some(end));
            }
        }
        let Some(value) = block.value else {
            return if ends.is_some() { Ty::NEVER } else { Ty::NULL };
        };
        if let Some(end) = ends {
            if !unreachable {
                let span = self.checker.program.whole_span(value);
                self.unreachable(span, end, span);
            }
            self.expr(value, Want::Nothing);
            return Ty::NEVER;
        }
        match want {
            Want::Nothing => {
                let ty = self.expr(value, Want::Nothing);
                self.learn_from_exit(value);
                if ty == Ty::NEVER { Ty::NEVER } else { Ty::NULL }
            }
            Want::Any => self.any(value),
            Want::Type(expected, reason) => {
                let found = self.expr(value, want);
                self.fit(value, found, expected, reason);
                if found == Ty::NEVER { Ty::NEVER } else { expected }
            }
        }
    }

    fn unreachable(&mut self, span: Span, after: Span, all: Span) {
        self.checker.report(
            Diagnostic::new(&codes::F1004, span, "this is never reached")
                .also(after, "the code before always leaves here")
                .edit("leave out what is never reached", all, ""),
        );
    }

    /// One statement. Gives its place if nothing after it is reached.
    fn statement(&mut self, statement: &Statement) -> Option<Span> {
        match statement {
            Statement::Let { pattern, ty, value, .. } => {
                self.let_value(pattern, ty.as_ref(), *value);
                (self.checker.typed.ty(*value) == Ty::NEVER).then(|| self.checker.span(*value))
            }
            Statement::Assign { local, target, value, .. } => {
                self.assign(*local, *target, *value);
                None
            }
            Statement::Expr(expr) => {
                let ty = self.expr(*expr, Want::Nothing);
                self.learn_from_exit(*expr);
                (ty == Ty::NEVER).then(|| self.checker.span(*expr))
            }
        }
    }

    /// `let` and `var`.
    pub(super) fn let_value(&mut self, pattern: &Pattern, annotation: Option<&TypeRef>, value: ExprId) {
        let ty = match annotation {
            Some(annotation) => {
                let expected = self.type_of(annotation);
                let reason = Reason { span: annotation.span, text: "declared as this".into() };
                self.check(value, expected, Some(&reason));
                expected
            }
            None => self.any(value),
        };
        // A variable that begins as null could never be anything else.
        if ty == Ty::NULL
            && annotation.is_none()
            && let Some(local) = Self::plain_name(pattern)
            && self.checker.program.locals[local].kind == LocalKind::Var
        {
            let name = &self.checker.program.locals[local].name;
            self.checker.report(
                Diagnostic::new(
                    &codes::F0309,
                    name.span,
                    format!("the type of `{}` is not known", name.text),
                )
                .help(format!("say what it may hold: `var {}: T? = null`", name.text)),
            );
            self.pattern(pattern, Ty::ERROR);
            return;
        }
        // A value that never comes would give its name no type.
        let bound = if ty == Ty::NEVER { Ty::ERROR } else { ty };
        self.let_pattern(pattern, bound);
        // `let x: T? = value` with a value that is not null: `x` is not null until it is assigned.
        if annotation.is_some()
            && let Some(local) = Self::plain_name(pattern)
        {
            let types = &self.checker.typed.types;
            let found = self.checker.typed.ty(value);
            if matches!(*types.structure(ty), TyKind::Optional(_))
                && !types.is_nullable(found)
                && found != Ty::ERROR
                && found != Ty::NEVER
            {
                self.facts.learn([facts::Spot { local, path: Vec::new() }]);
            }
        }
    }

    /// `name = value`.
    fn assign(&mut self, local: LocalId, target: Span, value: ExprId) {
        let declared = &self.checker.program.locals[local];
        let ty = self.checker.typed.local(local);
        if !declared.mutable() {
            let mut diagnostic = Diagnostic::new(
                &codes::F0314,
                target,
                format!("`{}` cannot be assigned", declared.name.text),
            )
            .also(declared.name.span, "bound here, once and for all");
            if declared.kind == LocalKind::Let {
                diagnostic = diagnostic
                    .help("declare it with `var` instead of `let`")
                    .mend(self.checker.declare_variable(local));
            }
            self.checker.report(diagnostic);
        } else if let Some(branch) = self.branches.last()
            && self.declared_in.get(&local).copied().unwrap_or(0) < self.branches.len()
        {
            let diagnostic = Diagnostic::new(
                &codes::F0608,
                target,
                format!("`{}` cannot be assigned in {branch}", declared.name.text),
            )
            .also(declared.name.span, "it was declared outside of the branch")
            .help("branches run beside each other: give the value as the branch's value");
            self.checker.report(diagnostic);
        }
        let text = format!("`{}` is `{}`", declared.name.text, self.checker.words(ty));
        let reason = Reason { span: declared.name.span, text };
        self.check(value, ty, Some(&reason));
        self.facts.forget(local);
        let types = &self.checker.typed.types;
        let found = self.checker.typed.ty(value);
        if matches!(*types.structure(ty), TyKind::Optional(_)) && !types.is_nullable(found) {
            self.facts.learn([facts::Spot { local, path: Vec::new() }]);
        }
    }

    /// After `if x == null { return … }`, `x` is not null.
    fn learn_from_exit(&mut self, expr: ExprId) {
        let program = self.checker.program;
        let ExprKind::If { condition, then, otherwise } = &program.exprs[expr].kind else { return };
        if self.checker.typed.ty(*then) == Ty::NEVER {
            self.facts.learn(facts::learned(program, *condition, false));
            // In `if a { return } else if b { return }`, both are false afterwards.
            if let Some(otherwise) = otherwise {
                self.learn_from_exit(*otherwise);
            }
        } else if let Some(otherwise) = otherwise
            && self.checker.typed.ty(*otherwise) == Ty::NEVER
        {
            self.facts.learn(facts::learned(program, *condition, true));
        }
    }
}

/// The place of a statement.
fn statement_span(program: &flow_hir::Program, statement: &Statement) -> Span {
    match statement {
        Statement::Let { span, .. } | Statement::Assign { span, .. } => *span,
        Statement::Expr(expr) => program.exprs[*expr].span,
    }
}
