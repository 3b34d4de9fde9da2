//! Taking secrets out of what leaves the engine: events, reports, and the texts of records.
//!
//! What a program computes with is never masked, and neither is what it is given again after a crash: that is not
//! text for people. Each kind is taken apart in full, so that a new one cannot be forgotten.

use flow_http::{Redactor, Secret};
use flow_journal::{AttemptEnded, AttemptOutcome, Ended, Held, Logged, Record, Reported};
use flow_vm::{Attention, Failure, Raised, Unsettled};
use serde::de::IgnoredAny;

use crate::{AttemptReport, AttemptResult, Event, EventKind, Outcome, Report, StepReport};

/// An event as others may see it.
pub(crate) fn event(event: &mut Event, redactor: &Redactor) {
    let Event { execution: _, at_us: _, kind } = event;
    match kind {
        EventKind::AttemptStarted { call: _, number: _, method: _, url } => text(url, redactor),
        EventKind::AttemptEnded { call: _, number: _, result, took_us: _, retry: _ } => {
            attempt(result, redactor);
        }
        EventKind::ChildEnded { workflow: _, execution: _, outcome, good: _ } => text(outcome, redactor),
        EventKind::Reported { json: value } => json(value, redactor),
        EventKind::Logged { text: line } => text(line, redactor),
        EventKind::Held { reason } => text(reason, redactor),
        // Names that stand in the source, numbers and moments.
        EventKind::Deprecated { call: _, deprecation: _ }
        | EventKind::Delayed { call: _, why: _, wait_us: _ }
        | EventKind::ChildStarted { workflow: _, execution: _, detached: _, undoes: _ }
        | EventKind::ChildJoined { workflow: _, execution: _ }
        | EventKind::Sleeping { until_us: _ }
        | EventKind::Receiving { signals: _, callback: _, until_us: _ }
        | EventKind::Received { signal: _ }
        | EventKind::Recovered => {}
    }
}

/// A record as it is written down: what is text for people is masked. What the machine is given again is not.
pub(crate) fn record(record: &mut Record, redactor: &Redactor) {
    match record {
        Record::AttemptEnded(ended) => {
            let AttemptEnded { outcome, excerpt, .. } = ended;
            match outcome {
                AttemptOutcome::Answered { status: _, good: _ } => {}
                AttemptOutcome::NotSent { message } | AttemptOutcome::Unanswered { message } => {
                    text(message, redactor);
                }
            }
            bytes(excerpt, redactor);
        }
        Record::Logged(Logged { effect: _, text: line, at_us: _ }) => text(line, redactor),
        Record::Reported(Reported { effect: _, json: value, at_us: _ }) => json(value, redactor),
        Record::Held(Held { needs_attention: _, reason, at_us: _ }) => text(reason, redactor),
        Record::Ended(Ended { status: _, outcome: _, at_us: _ })
        | Record::Started(_)
        | Record::Intent(_)
        | Record::AttemptStarted(_)
        | Record::Completed(_)
        | Record::TimerSet(_)
        | Record::Cancelled { at_us: _ }
        | Record::Snapshot(_)
        | Record::Proceeded { slices: _, at_us: _ }
        | Record::Signalled(_)
        | Record::CalledBack(_)
        | Record::Joined(_)
        | Record::Sealed(_) => {}
    }
}

/// A report as others may see it, with those of its children.
pub(crate) fn report(report: &mut Report, redactor: &Redactor) {
    let Report { execution: _, outcome: reached, steps: made, children } = report;
    outcome(reached, redactor);
    steps(made, redactor);
    for child in children {
        self::report(child, redactor);
    }
}

/// The calls of a report.
pub(crate) fn steps(steps: &mut [StepReport], redactor: &Redactor) {
    for step in steps {
        let StepReport { step: _, path: _, name: _, undoes: _, attempts, child: _ } = step;
        for made in attempts {
            let AttemptReport { number: _, at_us: _, took_us: _, result, retry_after_us: _, excerpt } = made;
            if let Some(result) = result {
                attempt(result, redactor);
            }
            bytes(excerpt, redactor);
        }
    }
}

/// What an execution has come to.
pub(crate) fn outcome(outcome: &mut Outcome, redactor: &Redactor) {
    match outcome {
        Outcome::Succeeded(result) => json(result, redactor),
        Outcome::Failed(Failure { error, undone: _ }) => raised(error, redactor),
        Outcome::NeedsAttention(Attention { error, result, undone: _, steps }) => {
            error.iter_mut().for_each(|error| raised(error, redactor));
            result.iter_mut().for_each(|result| json(result, redactor));
            for Unsettled { step: _, path: _, undo_error } in steps {
                undo_error.iter_mut().for_each(|error| raised(error, redactor));
            }
        }
        Outcome::Paused { reason } => text(reason, redactor),
    }
}

/// Learns a secret that came with data, as JSON: its texts and numbers.
pub(crate) fn learn(json: &str, redactor: &Redactor) {
    let Ok(value) = serde_json::from_str(json) else { return };
    let mut next = vec![value];
    while let Some(value) = next.pop() {
        match value {
            serde_json::Value::String(text) => {
                // The token of a callback is what is secret in its URL.
                if let Some((_, rest)) = text.split_once("/callbacks/")
                    && let Some((_, token)) = rest.split_once('/')
                {
                    redactor.learn("", &Secret::new(token));
                }
                redactor.learn("", &Secret::new(text));
            }
            serde_json::Value::Number(number) => redactor.learn("", &Secret::new(number.to_string())),
            serde_json::Value::Array(items) => next.extend(items),
            serde_json::Value::Object(members) => next.extend(members.into_iter().map(|(_, value)| value)),
            serde_json::Value::Null | serde_json::Value::Bool(_) => {}
        }
    }
}

/// So much of a message is kept by the machine, in bytes.
const MESSAGE_MAX: usize = 4 << 10;

/// So many bytes of a text may be one secret of 64 KiB, with each octet as an escape.
pub(crate) const ECHO_MAX: usize = 6 * (64 << 10);

/// Cuts a message that is longer than the machine keeps, masked before: the beginning of a secret is not recognised.
pub(crate) fn cut(message: &mut String, redactor: &Redactor) {
    if message.len() <= MESSAGE_MAX {
        return;
    }
    let ahead = message.floor_char_boundary(MESSAGE_MAX + ECHO_MAX);
    message.truncate(ahead);
    text(message, redactor);
    let end = message.floor_char_boundary(MESSAGE_MAX);
    message.truncate(end);
}

fn raised(error: &mut Raised, redactor: &Redactor) {
    let Raised { name: _, declared: _, message, fields, status: _, reason: _, step: _, at: _, also, because } =
        error;
    text(message, redactor);
    fields.iter_mut().for_each(|fields| json(fields, redactor));
    also.iter_mut().for_each(|error| raised(error, redactor));
    because.iter_mut().for_each(|error| raised(error, redactor));
}

fn attempt(result: &mut AttemptResult, redactor: &Redactor) {
    match result {
        AttemptResult::Answered { status: _, good: _ } => {}
        AttemptResult::NotSent { message } | AttemptResult::Unanswered { message } => text(message, redactor),
    }
}

fn text(text: &mut String, redactor: &Redactor) {
    *text = redactor.text(text);
}

fn bytes(bytes: &mut Vec<u8>, redactor: &Redactor) {
    if let std::borrow::Cow::Owned(masked) = redactor.bytes(bytes) {
        *bytes = masked;
    }
}

/// JSON stays JSON: where a secret stood in it other than as a text, all of it becomes one.
fn json(json: &mut Vec<u8>, redactor: &Redactor) {
    bytes(json, redactor);
    if serde_json::from_slice::<IgnoredAny>(json).is_err() && !json.is_empty() {
        let text = serde_json::Value::from(String::from_utf8_lossy(json).as_ref());
        *json = text.to_string().into_bytes();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_message_is_masked_before_it_is_cut() {
        let redactor = Redactor::new([("token", &Secret::new("0123456789abcdef"))]);
        for before in MESSAGE_MAX - 20..MESSAGE_MAX + 4 {
            let mut message = format!("{}0123456789abcdef and more", "ä".repeat(before / 2));
            cut(&mut message, &redactor);
            assert!(message.len() <= MESSAGE_MAX && !message.contains("0123"), "{before}: {message}");
        }
        let mut short = "0123456789abcdef".to_owned();
        cut(&mut short, &redactor);
        assert_eq!(short, "0123456789abcdef");
    }

    #[test]
    fn json_stays_json_when_a_number_is_masked() {
        let redactor = Redactor::new([("pin", &Secret::new("12345678"))]);
        let mut value = br#"{"a":"12345678","b":1}"#.to_vec();
        json(&mut value, &redactor);
        assert_eq!(value, br#"{"a":"[secret pin]","b":1}"#);
        let mut value = br#"{"a":12345678}"#.to_vec();
        json(&mut value, &redactor);
        assert_eq!(String::from_utf8(value).unwrap(), r#""{\"a\":[secret pin]}""#);
    }
}
