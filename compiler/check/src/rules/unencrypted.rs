//! Unencrypted connections: `http://` to anything but this machine.

use flow_diagnostics::{Diagnostic, codes};
use flow_hir::ExprKind;
use flow_source::Span;

use crate::checker::Checker;
use crate::types::Ty;

/// Looks at every literal that is a URL.
pub(super) fn check(checker: &mut Checker<'_>) {
    for (expr, found) in checker.program.exprs.iter() {
        let ExprKind::String(text) = &found.kind else { continue };
        if checker.typed.ty(expr) != Ty::URL {
            continue;
        }
        let Some(rest) = text.strip_prefix("http://") else { continue };
        let authority = rest.split(['/', '?', '#']).next().unwrap_or("");
        if is_local(authority) {
            continue;
        }
        let span = checker.span(expr);
        // The scheme stands after the quote.
        let scheme = Span::new(span.file, span.start + 1, span.start + 5);
        checker.report(
            Diagnostic::new(&codes::F1006, span, "what is sent there can be read and changed on the way")
                .help("use `https://`")
                .edit("use `https`", scheme, "https"),
        );
    }
}

/// Whether a host is this machine.
fn is_local(authority: &str) -> bool {
    if authority.starts_with('[') {
        return authority.starts_with("[::1]");
    }
    let host = authority.split(':').next().unwrap_or("");
    host == "localhost"
        || host.ends_with(".localhost")
        || (host.starts_with("127.") && host.split('.').all(|part| part.parse::<u8>().is_ok()))
}
