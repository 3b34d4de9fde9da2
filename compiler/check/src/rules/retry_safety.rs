//! Retry safety: an unsafe operation is sent at most once, so no policy may retry it.

use flow_diagnostics::{Change, Diagnostic, Edit, codes};
use flow_hir::{ExprKind, Operation, OperationId, RetryId, RetryRef};
use flow_source::Span;

use crate::checker::Checker;
use crate::mend;
use crate::typed::EffectClass;

/// Reports each unsafe operation that a policy would retry, and each call that adds such a policy.
pub(super) fn check(checker: &mut Checker<'_>) {
    let program = checker.program;
    for (id, operation) in program.operations.iter() {
        let api = &program.apis[operation.api];
        if let Some(RetryRef::Policy(policy, place)) = operation.retry.or(api.retry) {
            check_operation(checker, id, operation, policy, place);
        }
    }
    for (expr, call) in program.exprs.iter() {
        let ExprKind::CallOperation { operation, options: Some(options), .. } = &call.kind else { continue };
        // Calls in code that was not reached by the checker have no entry.
        if let Some(RetryRef::Policy(policy, place)) = options.retry
            && checker.typed.calls.contains(expr)
        {
            check_call(checker, *operation, policy, place);
        }
    }
}

/// Whether a policy would send an operation again although it may have taken effect.
fn repeats(checker: &Checker<'_>, operation: OperationId, policy: RetryId) -> bool {
    let Some(checked) = checker.typed.operations.get(operation) else { return false };
    let Some(policy) = checker.typed.retries.get(policy) else { return false };
    checked.effect == EffectClass::Unsafe && checked.confirm.is_none() && policy.attempts != Some(1)
}

fn explain(checker: &Checker<'_>, id: OperationId, policy: RetryId, span: Span) -> Diagnostic {
    let operation = &checker.program.operations[id];
    let name = checker.operation_name(id);
    let policy = &checker.program.retries[policy];
    Diagnostic::new(
        &codes::F0501,
        span,
        format!("policy `{}` could make `{name}` happen twice", policy.name.text),
    )
    .label("may be sent a second time")
    .also(operation.method.span, "this method is neither safe nor idempotent")
    .note("after a timeout or an error it is not known whether the request took effect; sending it again may repeat it")
    .help(
        "if the server knows idempotency keys, add `idempotency: header(\"Idempotency-Key\")`; if it can be asked what came of a request, add `confirm: …`; otherwise set `retry: none`",
    )
}

fn check_operation(
    checker: &mut Checker<'_>,
    id: OperationId,
    operation: &Operation,
    policy: RetryId,
    place: Span,
) {
    if !repeats(checker, id, policy) {
        return;
    }
    let rather_not = match operation.retry {
        Some(_) => Edit::guess("do not retry", vec![Change::replace(place, "none")]),
        None => Edit { guess: true, ..mend::add_property(operation, "do not retry", "retry: none") },
    };
    let diagnostic = explain(checker, id, policy, operation.name.span)
        .also(place, "the policy is set here")
        .mend(mend::add_key(operation))
        .mend(rather_not);
    checker.report(diagnostic);
}

fn check_call(checker: &mut Checker<'_>, id: OperationId, policy: RetryId, place: Span) {
    if !repeats(checker, id, policy) {
        return;
    }
    let diagnostic = explain(checker, id, policy, place)
        .mend(mend::add_key(&checker.program.operations[id]))
        .mend(Edit::guess("do not retry", vec![Change::replace(place, "none")]));
    checker.report(diagnostic);
}
