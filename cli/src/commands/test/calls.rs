//! What is said of the calls of an execution under test: how many there were, which had no mock, where they go round.

use flow_diagnostics::Diagnostic;
use flow_http::Redactor;
use flow_source::Span;

use super::mocks::Called;

/// The most requests of one execution of a test.
pub(super) const REQUESTS_MAX: u64 = 5_000;

/// The longest circle of calls that is looked for, and how many calls are shown where there is none.
const CIRCLE_MAX: usize = 50;
const CALLS_SHOWN: usize = 5;

/// A call without a mock, with what the mocks of its operation are for.
pub(super) fn unmocked(
    called: &Called,
    mocked: &[String],
    span: Span,
    masked: &dyn Fn(&str) -> String,
) -> Diagnostic {
    let answer = if called.has_response() { " => …" } else { "" };
    if mocked.is_empty() {
        let message = format!("`{}` was called, but has no mock", called.name);
        let help = format!("add `mock {}{answer}` before this line", called.name);
        return Diagnostic::failure("test", span, message).help(help);
    }
    let message = format!("`{}` was called with arguments that no mock of it is for", called.name);
    let compared = format!("the call:  {}\nthe mocks: {}", called.words(), mocked.join("\n           "));
    Diagnostic::failure("test", span, message)
        .note(masked(&compared))
        .help(format!("add a mock for them, or `mock {}{answer}` for all others", called.name))
}

/// An execution that does not end after so many requests, with the calls that it goes round in where there is a circle.
pub(super) fn endless(calls: &[Called], requests: u64, redactor: &Redactor, span: Span) -> Diagnostic {
    if requests < REQUESTS_MAX {
        let message = "the execution never ends: it waits for nothing, or goes on for ever";
        return Diagnostic::failure("test", span, message);
    }
    let last: Vec<String> = calls.iter().rev().take(3 * CIRCLE_MAX).map(Called::words).collect();
    let shown = |calls: &[String]| {
        let lines: Vec<&str> = calls.iter().rev().map(String::as_str).collect();
        redactor.text(&lines.join("\n"))
    };
    let message = format!("the execution does not end: it has made {requests} requests");
    let found = Diagnostic::failure("test", span, message);
    match circle(&last).and_then(|length| last.get(..length)) {
        Some(calls) => found.note(format!("it goes round in these calls:\n{}", shown(calls))).help(
            "let a mock answer what ends it: a page that no other follows, or a `sequence` with another end",
        ),
        None => found
            .note(format!("its last calls:\n{}", shown(last.get(..CALLS_SHOWN).unwrap_or(&last))))
            .help("let a mock answer what ends it"),
    }
}

/// The length of the circle that calls, the last one first, go round in: three times at least.
fn circle(calls: &[String]) -> Option<usize> {
    (1..=CIRCLE_MAX.min(calls.len() / 3)).find(|length| {
        let seen = calls.get(..3 * length).unwrap_or_default();
        seen.iter().zip(seen.iter().skip(*length)).all(|(later, earlier)| later == earlier)
    })
}
