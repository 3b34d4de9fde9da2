//! What happens during a run, a line for each change, on stderr.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use flow_engine::{AttemptResult, CallName, Delay, Event, EventKind, Watcher};
use flow_http::Deprecation;
use flow_vm::Program;

use crate::output::{Output, Style};

/// A watcher that writes lines.
pub(crate) fn watcher(output: &Output, program: &Program) -> Watcher {
    let output = output.clone();
    let below = program.descendants();
    let plans = below.iter().map(|program| program.plan()).chain([program.plan()]);
    let width = plans.flat_map(|plan| {
        let ids = (0..).zip(&plan.operations).map(|(id, _)| flow_plan::OperationId(id));
        ids.map(|id| plan.operation_name(id).len())
    });
    let width = width.max().unwrap_or(0) + "undo ".len();
    // A child may call what its parent calls: a run says it once.
    let said = Mutex::new(BTreeSet::new());
    Arc::new(move |event| {
        if let EventKind::Deprecated { call, .. } = &event.kind
            && !said.lock().unwrap_or_else(PoisonError::into_inner).insert(call.name.clone())
        {
            return;
        }
        if let Some(line) = line(event, width, &output) {
            output.say(&format!("{line}\n"));
        }
    })
}

fn line(event: &Event, width: usize, output: &Output) -> Option<String> {
    match &event.kind {
        EventKind::AttemptStarted { call, number, method, url } => output.is_verbose().then(|| {
            output.paint(Style::Dim, &format!("{:width$}  attempt {number}: {method} {url}", name(call)))
        }),
        EventKind::AttemptEnded { call, result, took_us, retry, .. } => {
            let mut line = format!("{:width$}  {}  {}", name(call), outcome(result, output), span(*took_us));
            if let Some(retry) = retry {
                let asked = if retry.asked { ", as the server asked" } else { "" };
                let text = format!("again in {}{asked}", span(retry.after_us));
                line.push_str(&format!("  {}", output.paint(Style::Warn, &text)));
            }
            Some(line)
        }
        EventKind::Deprecated { call, deprecation } => {
            let text = format!("{:width$}  {}, says its server", call.name, deprecated(deprecation));
            Some(output.paint(Style::Warn, &text))
        }
        EventKind::Delayed { call, why, wait_us } => {
            let why = match why {
                Delay::Rate => "its rate",
                Delay::RetryBudget => "its retry budget",
                Delay::Concurrency => {
                    return Some(format!("{:width$}  waits until fewer calls are under way", name(call)));
                }
            };
            Some(format!("{:width$}  waits {} for {why}", name(call), span(*wait_us)))
        }
        EventKind::ChildStarted { workflow, execution, detached, undoes } => {
            let undo = if *undoes { "undo " } else { "" };
            let how = if *detached { ", which goes its own way" } else { "" };
            Some(format!("{undo}{workflow}: called as execution {execution}{how}"))
        }
        EventKind::ChildJoined { workflow, execution } => {
            Some(format!("{workflow}: execution {execution} has its key, and is waited for in its place"))
        }
        EventKind::ChildEnded { workflow, execution, outcome, good } => {
            let style = if *good { Style::Good } else { Style::Bad };
            let outcome = output.paint(style, &printable(outcome));
            Some(format!("{workflow}: execution {execution} {outcome}"))
        }
        EventKind::Sleeping { until_us } => {
            let left = u64::try_from(until_us.saturating_sub(event.at_us)).unwrap_or(0);
            Some(output.paint(Style::Dim, &format!("sleeping for {}", span(left))))
        }
        EventKind::Receiving { signals, callback, until_us } => {
            let mut what: Vec<String> = signals.iter().map(|signal| format!("`{signal}`")).collect();
            if *callback {
                what.push("the answer of a callback".to_owned());
            }
            let until = until_us.map_or_else(
                || ", without a limit".to_owned(),
                |until_us| {
                    let left = u64::try_from(until_us.saturating_sub(event.at_us)).unwrap_or(0);
                    format!(", for {} at most", span(left))
                },
            );
            Some(output.paint(Style::Dim, &format!("waiting for {}{until}", what.join(" or "))))
        }
        EventKind::Received { signal: Some(signal) } => Some(format!("received `{}`", printable(signal))),
        EventKind::Received { signal: None } => Some("received the answer of a callback".to_owned()),
        EventKind::Reported { json } => {
            Some(format!("report: {}", printable(&String::from_utf8_lossy(json))))
        }
        EventKind::Logged { text } => Some(format!("log: {}", printable(text))),
        EventKind::Recovered => Some("goes on from what was kept".to_owned()),
        EventKind::Held { reason } => {
            Some(output.paint(Style::Warn, &format!("held: {}", printable(reason))))
        }
    }
}

/// What a server says of the end of an operation.
pub(crate) fn deprecated(deprecation: &Deprecation) -> String {
    let since = match (&deprecation.since, deprecation.deprecated) {
        (Some(since), _) => Some(format!("deprecated since {since}")),
        (None, true) => Some("deprecated".to_owned()),
        (None, false) => None,
    };
    let sunset = deprecation.sunset.as_ref().map(|sunset| format!("gone from {sunset}"));
    since.into_iter().chain(sunset).collect::<Vec<_>>().join(", ")
}

fn name(call: &CallName) -> String {
    match () {
        () if call.path.confirms().is_some() => format!("confirm {}", call.name),
        () if call.undoes => format!("undo {}", call.name),
        () => call.name.clone(),
    }
}

fn outcome(result: &AttemptResult, output: &Output) -> String {
    match result {
        AttemptResult::Answered { status, good: true } => output.paint(Style::Good, &status.to_string()),
        AttemptResult::Answered { status, good: false } => output.paint(Style::Bad, &status.to_string()),
        AttemptResult::NotSent { message } => {
            output.paint(Style::Bad, &format!("not sent: {}", printable(message)))
        }
        AttemptResult::Unanswered { message } => {
            output.paint(Style::Bad, &format!("no answer: {}", printable(message)))
        }
    }
}

/// A length of time for people.
pub(crate) fn span(us: u64) -> String {
    match us {
        0..1_000 => "<1 ms".to_owned(),
        1_000..1_000_000 => format!("{} ms", us / 1_000),
        1_000_000..60_000_000 => format!("{:.1} s", us as f64 / 1e6),
        60_000_000..3_600_000_000 => format!("{} min {} s", us / 60_000_000, us / 1_000_000 % 60),
        3_600_000_000..86_400_000_000 => format!("{} h {} min", us / 3_600_000_000, us / 60_000_000 % 60),
        _ => format!("{} d {} h", us / 86_400_000_000, us / 3_600_000_000 % 24),
    }
}

/// Text of others on one line, with nothing in it that acts on a terminal.
pub(crate) fn printable(text: &str) -> String {
    let shown = |c: char| {
        let hidden = c.is_control()
            || matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}');
        if hidden { c.escape_default().collect::<String>() } else { c.to_string() }
    };
    text.chars().map(shown).collect()
}
