//! Unused names: what is bound or declared, and never read.

use flow_diagnostics::{Diagnostic, codes};
use flow_hir::{
    Expectation, ExprKind, LocalId, LocalKind, Pattern, PatternKind, ReceiveSource, Statement, TestStepKind,
};
use flow_source::Span;
use rustc_hash::FxHashSet;

use crate::checker::Checker;
use crate::types::Ty;

/// Looks at every name that a body binds, and at private declarations.
pub(super) fn check(checker: &mut Checker<'_>) {
    check_locals(checker);
    check_private(checker);
    check_signals(checker);
}

/// A signal that nobody receives is accepted, and waits for ever.
fn check_signals(checker: &mut Checker<'_>) {
    let program = checker.program;
    let mut received = FxHashSet::default();
    for (_, found) in program.exprs.iter() {
        if let ExprKind::Receive { source: ReceiveSource::Signal(signal), .. } = found.kind {
            received.insert(signal);
        }
    }
    for (id, signal) in program.signals.iter() {
        let name = &signal.name;
        if received.contains(&id) || name.text.is_empty() || name.text.starts_with('_') {
            continue;
        }
        checker.report(
            Diagnostic::new(&codes::F1001, name.span, format!("signal `{}` is never received", name.text))
                .help(format!("wait for it: `receive {}`", name.text)),
        );
    }
}

fn check_locals(checker: &mut Checker<'_>) {
    let program = checker.program;
    let mut used: FxHashSet<LocalId> = FxHashSet::default();
    for (_, found) in program.exprs.iter() {
        if let ExprKind::Local(local) = found.kind {
            used.insert(local);
        }
    }
    // What a test expects of an execution reads it.
    for (_, test) in program.tests.iter() {
        for step in &test.steps {
            if let TestStepKind::Expect(Expectation::Fails { run, .. } | Expectation::Settled { run })
            | TestStepKind::Send { run, .. } = step.kind
            {
                used.insert(run);
            }
        }
    }
    let short = short_fields(checker);
    for (local, bound) in program.locals.iter() {
        let watched =
            matches!(bound.kind, LocalKind::Let | LocalKind::Var | LocalKind::Catch | LocalKind::Run);
        let name = &bound.name;
        if !watched || used.contains(&local) || name.text.is_empty() || name.text.starts_with('_') {
            continue;
        }
        // Where its value is wrong, nothing is known of what it would have been used for.
        if checker.typed.local(local) == Ty::ERROR || has_error(checker, local) {
            continue;
        }
        let start = Span::at(name.span.file, name.span.start);
        let help = match bound.kind {
            LocalKind::Catch => "leave out `as …`",
            LocalKind::Run => "leave out `let … =`, or expect something of it",
            _ => "leave it out, or begin its name with `_`",
        };
        let mut diagnostic =
            Diagnostic::new(&codes::F1001, name.span, format!("`{}` is never used", name.text)).help(help);
        if bound.kind == LocalKind::Catch {
            diagnostic = diagnostic.mend(checker.leave_out_binding(local));
        }
        if let Some((span, _, value)) = checker.binding(local)
            && checker.only_computes(value)
        {
            diagnostic = diagnostic.edit("leave it out", span, "");
        }
        if matches!(bound.kind, LocalKind::Let | LocalKind::Var) && !short.contains(&local) {
            diagnostic = diagnostic.edit(format!("rename to `_{}`", name.text), start, "_");
        }
        checker.report(diagnostic);
    }
}

/// Whether an error was found in the value that a name is bound to.
fn has_error(checker: &mut Checker<'_>, local: LocalId) -> bool {
    checker.binding(local).is_some_and(|(span, ..)| checker.findings.has_error_in(span))
}

/// The names that are bound by `{ name }` in a record pattern, where they cannot be renamed by themselves.
fn short_fields(checker: &Checker<'_>) -> FxHashSet<LocalId> {
    let mut found = FxHashSet::default();
    let program = checker.program;
    let mut look = |pattern: &Pattern| {
        let PatternKind::Record(fields) = &pattern.kind else { return };
        for field in &fields.fields {
            if let PatternKind::Bind(local) = field.pattern.kind
                && field.field.span == field.pattern.span
            {
                found.insert(local);
            }
        }
    };
    for (_, expr) in program.exprs.iter() {
        let ExprKind::Block(block) = &expr.kind else { continue };
        for statement in &block.statements {
            if let Statement::Let { pattern, .. } = statement {
                look(pattern);
            }
        }
    }
    program.test_patterns().for_each(look);
    found
}

/// A declaration that is private to its file can be used nowhere else.
fn check_private(checker: &mut Checker<'_>) {
    let program = checker.program;
    let mut workflows = FxHashSet::default();
    let mut functions = FxHashSet::default();
    for (_, found) in program.exprs.iter() {
        match found.kind {
            ExprKind::CallWorkflow { workflow, .. } => {
                workflows.insert(workflow);
            }
            ExprKind::CallFunction { function, .. } => {
                functions.insert(function);
            }
            _ => {}
        }
    }
    let published = program.publications.iter().flat_map(|publication| &publication.workflows);
    workflows.extend(published.map(|(workflow, _)| *workflow));
    let unused_workflows = program
        .workflows
        .iter()
        .filter(|(id, _)| !workflows.contains(id))
        .map(|(_, workflow)| (&workflow.name, "workflow"));
    let unused_functions = program
        .functions
        .iter()
        .filter(|(id, _)| !functions.contains(id))
        .map(|(_, function)| (&function.name, "function"));
    let unused: Vec<(&flow_hir::Name, &str)> =
        unused_workflows.chain(unused_functions).filter(|(name, _)| name.text.starts_with('_')).collect();
    for (name, what) in unused {
        checker.report(
            Diagnostic::new(&codes::F1002, name.span, format!("{what} `{}` is never used", name.text))
                .label("private to this file"),
        );
    }
}
