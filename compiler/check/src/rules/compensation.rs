//! Compensation coverage: a step that changes something says how it is undone, or that it is not.

use flow_diagnostics::{Diagnostic, Edit, codes};
use flow_hir::{Branch, ExprId, ExprKind, Method, OperationId, ParamPlace, WorkflowId};
use flow_source::Span;
use rustc_hash::FxHashSet;

use super::{calls, walk};
use crate::checker::Checker;
use crate::mend;
use crate::typed::StepUndo;
use crate::types::Ty;

/// Looks at all workflows.
pub(super) fn check(checker: &mut Checker<'_>) {
    for (_, workflow) in checker.program.workflows.iter() {
        check_coverage(checker, workflow.body);
        check_swallowed(checker, workflow.body);
    }
}

/// Reports steps without an undo that are followed by something that can fail.
fn check_coverage(checker: &mut Checker<'_>, body: ExprId) {
    let mut events: Vec<ExprId> = Vec::new();
    let mut looped: Vec<ExprId> = Vec::new();
    walk(checker, body, &mut |expr| match checker.program.exprs[expr].kind {
        ExprKind::CallOperation { .. }
        | ExprKind::CallWorkflow { detached: false, .. }
        | ExprKind::Fail { .. } => events.push(expr),
        // In a loop a step is followed by itself.
        ExprKind::For { body, .. } | ExprKind::While { body, .. } | ExprKind::ForBranches { body, .. } => {
            looped.extend(calls(checker, body));
        }
        _ => {}
    });
    let looped: FxHashSet<ExprId> = looped.into_iter().collect();
    for (index, event) in events.iter().enumerate() {
        let Some((name, callee, help)) = without_undo(checker, *event) else { continue };
        let followed = events.get(index + 1).copied().or_else(|| looped.contains(event).then_some(*event));
        let rival = rival(checker, body, *event);
        let other = || rival.or_else(|| sibling(checker, body, *event));
        let Some(next) = followed.or_else(other) else { continue };
        let next = rival.unwrap_or(next);
        let edits = match checker.program.exprs[*event].kind {
            ExprKind::CallOperation { operation, .. } => undo_edits(checker, operation),
            _ => Vec::new(),
        };
        let next_span = match checker.program.exprs[next].kind {
            ExprKind::CallOperation { callee, .. } | ExprKind::CallWorkflow { callee, .. } => callee,
            _ => checker.span(next),
        };
        let then = match rival {
            Some(rival) if rival != *event => "this may win the race",
            Some(_) => "other elements may win the race",
            None if next == *event => "the loop may fail the next time",
            None => "this can fail",
        };
        checker.report(
            Diagnostic::new(
                &codes::F0601,
                callee,
                format!("`{name}` changes something, and nothing would undo it"),
            )
            .also(next_span, then)
            .help(help)
            .mend(edits),
        );
    }
}

/// What may win the race that a step stands in, so that the step is to be undone: another branch, or the step itself
/// for another element.
fn rival(checker: &Checker<'_>, body: ExprId, step: ExprId) -> Option<ExprId> {
    let mut found = None;
    walk(checker, body, &mut |expr| match &checker.program.exprs[expr].kind {
        ExprKind::Race { branches, .. } => {
            let is_own = |branch: &&Branch| calls(checker, branch.body).contains(&step);
            let Some(own) = branches.iter().find(is_own) else { return };
            let other = branches.iter().find(|branch| branch.body != own.body);
            found = found.or(other.map(|branch| branch.body));
        }
        ExprKind::ForBranches { race: true, body, .. } if calls(checker, *body).contains(&step) => {
            found = found.or(Some(step));
        }
        _ => {}
    });
    found
}

/// A call that changes something, and for which nobody says how it would be undone: its name and place, and what
/// helps.
fn without_undo(checker: &Checker<'_>, call: ExprId) -> Option<(String, Span, &'static str)> {
    match checker.program.exprs[call].kind {
        ExprKind::CallOperation { operation, callee, .. } => {
            let missing = checker.typed.calls.get(call)?.undo == StepUndo::Missing;
            let help = "declare `undo: …` on the operation (`undo: none` where there is nothing to undo), or write `compensate …` after the call";
            missing.then(|| (checker.operation_name(operation), callee, help))
        }
        ExprKind::CallWorkflow { workflow, callee, .. } => {
            let missing = *checker.typed.children.get(call)? == StepUndo::Missing;
            let name = checker.program.workflows[workflow].name.text.to_string();
            let help = "its own undos end with its success: write `undo: …` into its head, or `compensate …` after the call";
            (missing && leaves_something(checker, workflow, &mut FxHashSet::default()))
                .then_some((name, callee, help))
        }
        _ => None,
    }
}

/// Whether a workflow that has succeeded leaves behind what somebody might have to undo: a step that would have
/// been undone, or should have been.
fn leaves_something(checker: &Checker<'_>, workflow: WorkflowId, seen: &mut FxHashSet<WorkflowId>) -> bool {
    if !seen.insert(workflow) {
        return false;
    }
    let stays = |undo: Option<&StepUndo>| {
        matches!(undo, Some(StepUndo::Missing | StepUndo::Operation | StepUndo::Compensate { .. }))
    };
    calls(checker, checker.program.workflows[workflow].body).into_iter().any(|call| {
        match checker.program.exprs[call].kind {
            ExprKind::CallWorkflow { workflow: child, .. } => {
                stays(checker.typed.children.get(call)) && leaves_something(checker, child, seen)
            }
            _ => stays(checker.typed.calls.get(call).map(|call| &call.undo)),
        }
    })
}

/// A step of another branch of a `parallel` that a step stands in: it may fail after it.
fn sibling(checker: &Checker<'_>, body: ExprId, step: ExprId) -> Option<ExprId> {
    let mut found = None;
    walk(checker, body, &mut |expr| {
        let ExprKind::Parallel { settled: false, branches, .. } = &checker.program.exprs[expr].kind else {
            return;
        };
        let own = branches.iter().position(|branch| calls(checker, branch.body).contains(&step));
        let Some(own) = own else { return };
        for (index, branch) in branches.iter().enumerate() {
            if index != own && found.is_none() {
                found = calls(checker, branch.body).first().copied();
            }
        }
    });
    found
}

/// Reports a catch that goes on although a step that has an undo stays done.
fn check_swallowed(checker: &mut Checker<'_>, body: ExprId) {
    let mut tries: Vec<ExprId> = Vec::new();
    walk(checker, body, &mut |expr| {
        if let ExprKind::Try { .. } = checker.program.exprs[expr].kind {
            tries.push(expr);
        }
    });
    for expr in tries {
        let ExprKind::Try { body, catches, .. } = &checker.program.exprs[expr].kind else { continue };
        let Some(step) = step_that_stays(checker, *body) else { continue };
        let Some(catch) = catches.iter().find(|catch| checker.typed.ty(catch.body) != Ty::NEVER) else {
            continue;
        };
        let (name, callee) = match checker.program.exprs[step].kind {
            ExprKind::CallOperation { operation, callee, .. } => (checker.operation_name(operation), callee),
            ExprKind::CallWorkflow { workflow, callee, .. } => {
                (checker.program.workflows[workflow].name.text.to_string(), callee)
            }
            _ => continue,
        };
        checker.report(
            Diagnostic::new(
                &codes::F0609,
                catch.head,
                format!("what this catches leaves `{name}` done: its undo does not run"),
            )
            .also(callee, "done before something else fails")
            .help("put the steps into a saga: `try { saga { … } } catch …`, or fail again after the catch"),
        );
    }
}

/// The first step with an undo in the body of a `try` that something which can fail comes after.
fn step_that_stays(checker: &Checker<'_>, body: ExprId) -> Option<ExprId> {
    let mut found: Option<ExprId> = None;
    let mut stays = None;
    events_outside_sagas(checker, body, &mut |event| {
        if stays.is_none() {
            stays = found;
        }
        if is_undone(checker, event) && found.is_none() {
            found = Some(event);
        }
    });
    stays
}

/// Whether a step has an undo.
pub(super) fn is_undone(checker: &Checker<'_>, step: ExprId) -> bool {
    let undo = checker.typed.calls.get(step).map(|call| &call.undo);
    let undo = undo.or_else(|| checker.typed.children.get(step));
    matches!(undo, Some(StepUndo::Operation | StepUndo::Compensate { .. }))
}

/// Steps and failures in order; a nested saga undoes its own.
fn events_outside_sagas(checker: &Checker<'_>, expr: ExprId, each: &mut dyn FnMut(ExprId)) {
    let program = checker.program;
    match &program.exprs[expr].kind {
        ExprKind::Saga { .. } => each(expr),
        ExprKind::Undo { .. } => {}
        // A race that fails undoes its own; the step of a branch that wins stays. Of several that are due some may have
        // won when the others have failed.
        ExprKind::Race { count, .. } => {
            let won = calls(checker, expr).into_iter().find(|step| is_undone(checker, *step));
            if count.is_some() {
                won.into_iter().for_each(&mut *each);
            }
            each(expr);
            won.into_iter().for_each(each);
        }
        ExprKind::ForBranches { race: true, .. } => {
            let won = calls(checker, expr).into_iter().find(|step| is_undone(checker, *step));
            won.into_iter().for_each(&mut *each);
            each(expr);
        }
        ExprKind::CallOperation { arguments, .. } | ExprKind::CallWorkflow { arguments, .. } => {
            for argument in arguments {
                events_outside_sagas(checker, argument.value, each);
            }
            each(expr);
        }
        kind => {
            let mut children = Vec::new();
            program.for_each_child(expr, |child| children.push(child));
            let mut first = None;
            for child in children {
                let mut note = |event| {
                    first.get_or_insert(event);
                    each(event);
                };
                flow_hir::deeper(|| events_outside_sagas(checker, child, &mut note));
            }
            // In a loop, and beside other elements, what comes first comes again.
            let again = matches!(
                kind,
                ExprKind::For { .. }
                    | ExprKind::While { .. }
                    | ExprKind::ForBranches { .. }
                    | ExprKind::Poll { .. }
            );
            first.filter(|_| again).into_iter().for_each(&mut *each);
            if matches!(kind, ExprKind::Fail { .. }) {
                each(expr);
            }
        }
    }
}

/// Edits that say how an operation is undone: by the deletion of what it makes, where the API has one, or not at all.
fn undo_edits(checker: &Checker<'_>, id: OperationId) -> Vec<Edit> {
    let program = checker.program;
    let operation = &program.operations[id];
    if operation.undo.is_some() {
        return Vec::new();
    }
    let path = &*operation.path_text.value;
    let result = checker.typed.operations.get(id).map(|checked| checked.result);
    let deletions =
        program.apis[operation.api].operations.iter().map(|sibling| &program.operations[*sibling]);
    let deletions = deletions.filter(|sibling| sibling.method.value == Method::Delete);
    let mut edits: Vec<Edit> = deletions
        .filter_map(|deletion| {
            // The same resource, or one below it whose name the result tells.
            let below = deletion.path_text.value.strip_prefix(path)?;
            let arguments = deletion.params.iter().map(|param| {
                let own = operation.params.iter().any(|own| own.name.text == param.name.text);
                let told = result.and_then(|result| checker.typed.types.field(result, &param.name.text));
                match param.place {
                    ParamPlace::Path if own => Some(param.name.text.to_string()),
                    ParamPlace::Path if told.is_some() && !below.is_empty() => {
                        Some(format!("result.{}", param.name.text))
                    }
                    _ => None,
                }
            });
            let arguments: Option<Vec<String>> = arguments.collect();
            let call = format!("{}({})", deletion.name.text, arguments?.join(", "));
            let title = format!("undo it by `{call}`");
            Some(Edit { guess: true, ..mend::add_property(operation, &title, &format!("undo: {call}")) })
        })
        .collect();
    edits.push(Edit {
        guess: true,
        ..mend::add_property(operation, "say that there is nothing to undo", "undo: none")
    });
    edits
}
