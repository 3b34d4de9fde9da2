//! Credentials in the source: texts that look like keys of well-known services.

use flow_diagnostics::{Diagnostic, codes};
use flow_hir::{ExprKind, TemplatePart};

use crate::checker::Checker;

/// Beginnings of keys that services document, with the least length of such a key.
const PREFIXES: [(&str, usize, &str); 13] = [
    ("sk_live_", 16, "a Stripe key"),
    ("sk_test_", 16, "a Stripe key"),
    ("rk_live_", 16, "a Stripe key"),
    ("ghp_", 20, "a GitHub token"),
    ("gho_", 20, "a GitHub token"),
    ("github_pat_", 20, "a GitHub token"),
    ("glpat-", 16, "a GitLab token"),
    ("xoxb-", 16, "a Slack token"),
    ("xoxp-", 16, "a Slack token"),
    ("AKIA", 20, "an AWS access key"),
    ("AIza", 30, "a Google API key"),
    ("Bearer ", 16, "a bearer token"),
    ("-----BEGIN ", 20, "a private key"),
];

/// Looks at every text of the program.
pub(super) fn check(checker: &mut Checker<'_>) {
    for (expr, found) in checker.program.exprs.iter() {
        let what = match &found.kind {
            ExprKind::String(text) => credential(text),
            ExprKind::Template(parts) => parts.iter().find_map(|part| match part {
                TemplatePart::Text(text) => credential(text),
                TemplatePart::Expr(_) => None,
            }),
            _ => None,
        };
        let Some(what) = what else { continue };
        let span = checker.span(expr);
        checker.report(
            Diagnostic::new(&codes::F0702, span, format!("this looks like {what}"))
                .help("take it out of the source and revoke it; declare `config { token: secret string }`"),
        );
    }
}

fn credential(text: &str) -> Option<&'static str> {
    PREFIXES
        .iter()
        .find(|(prefix, least, _)| text.starts_with(prefix) && text.len() >= *least)
        .map(|(_, _, what)| *what)
        .or_else(|| is_web_token(text).then_some("a JSON web token"))
}

/// Three parts of base64url, the first of which is a JSON object (RFC 7519).
fn is_web_token(text: &str) -> bool {
    let parts: Vec<&str> = text.split('.').collect();
    let encoded = |part: &&str| {
        part.len() >= 8
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    text.starts_with("eyJ") && parts.len() == 3 && parts.iter().all(encoded)
}
