//! Deprecated operations and APIs, where they are used.

use flow_diagnostics::{Change, Diagnostic, Edit, codes};
use flow_hir::{ExprKind, OperationId};
use flow_source::Span;

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
        let edit = instead(checker, operation, callee, &why.value);
        checker.report(
            Diagnostic::new(&codes::F1005, callee, message).also(why.span, "declared here").mend(edit),
        );
    }
}

/// The edit that calls the operation which the words name, where it takes the same parameters.
fn instead(checker: &Checker<'_>, operation: OperationId, callee: Span, why: &str) -> Option<Edit> {
    let program = checker.program;
    let old = &program.operations[operation];
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let named = why.split(|c| !is_word(c)).find_map(|word| {
        let siblings = program.apis[old.api].operations.iter().filter(|sibling| **sibling != operation);
        siblings.map(|sibling| &program.operations[*sibling]).find(|sibling| &*sibling.name.text == word)
    })?;
    let names = |operation: &flow_hir::Operation| -> Vec<_> {
        operation.params.iter().map(|param| param.name.text.clone()).collect()
    };
    if names(named) != names(old) {
        return None;
    }
    let length = u32::try_from(old.name.text.len()).ok()?;
    let place = Span::new(callee.file, callee.end.checked_sub(length)?, callee.end);
    let title = format!("call `{}`", named.name.text);
    Some(Edit::guess(title, vec![Change::replace(place, named.name.text.to_string())]))
}
