//! Deprecated operations and APIs, where they are used.

use flow_diagnostics::{Diagnostic, codes};
use flow_hir::ExprKind;

use crate::checker::Checker;

/// Looks at every call.
pub(super) fn check(checker: &mut Checker<'_>) {
    let program = checker.program;
    for (_, found) in program.exprs.iter() {
        let ExprKind::CallOperation { operation, callee, .. } = found.kind else { continue };
        let declared = &program.operations[operation];
        let api = &program.apis[declared.api];
        let version = || format!("{} v{}", api.name.text, api.version);
        let name = || checker.operation_name(operation);
        let (what, why, ends) = match (&declared.deprecated, &declared.sunset, &api.deprecated, &api.sunset) {
            (Some(why), ..) => (name(), why, false),
            (None, Some(day), ..) => (name(), day, true),
            (None, None, Some(why), _) => (version(), why, false),
            (None, None, None, Some(day)) => (version(), day, true),
            (None, None, None, None) => continue,
        };
        let message = if ends {
            format!("`{what}` ends on {}", why.value)
        } else {
            format!("`{what}` is deprecated: {}", why.value)
        };
        checker.report(Diagnostic::new(&codes::F1005, callee, message).also(why.span, "declared here"));
    }
}
