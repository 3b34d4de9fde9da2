//! Deprecated operations and APIs, where they are used.

use std::sync::Arc;

use flow_diagnostics::{Diagnostic, codes};
use flow_hir::{ExprKind, Spanned};

use crate::checker::Checker;

/// Looks at every call.
pub(super) fn check(checker: &mut Checker<'_>) {
    let program = checker.program;
    for (_, found) in program.exprs.iter() {
        let ExprKind::CallOperation { operation, callee, .. } = found.kind else { continue };
        let declared = &program.operations[operation];
        let api = &program.apis[declared.api];
        let (what, why): (String, &Spanned<Arc<str>>) = match (&declared.deprecated, &api.deprecated) {
            (Some(why), _) => (checker.operation_name(operation), why),
            (None, Some(why)) => (format!("{} v{}", api.name.text, api.version), why),
            (None, None) => continue,
        };
        checker.report(
            Diagnostic::new(&codes::F1005, callee, format!("`{what}` is deprecated: {}", why.value))
                .also(why.span, "declared here"),
        );
    }
}
