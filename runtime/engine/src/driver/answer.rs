//! What an attempt says about its call.

use flow_http::{HttpResponse, NetError, NotSent, Unanswered, next_page, retry::Fault};
use flow_journal::AttemptOutcome;
use flow_plan::{EffectClass, Meaning, Operation, Outcome, Response};
use flow_vm::{CallAnswer, Refusal, UnknownReason};

use crate::AttemptResult;

/// What is not known: why, and in words.
pub(super) type Doubt = (UnknownReason, String);

/// Puts where an answer leads in place of all its links: the machine knows no URLs.
pub(super) fn lead_on(response: &mut HttpResponse, url: &str) {
    let next = next_page(&response.headers, url);
    response.headers.retain(|(name, _)| name != "link");
    response.headers.extend(next.map(|next| ("link".to_owned(), next)));
}

/// Whether it is open, after this attempt, whether the call took effect: why, or nothing.
pub(super) fn doubt(
    operation: &Operation,
    response: &HttpResponse,
    fault: Option<Fault>,
    again: bool,
) -> Option<Doubt> {
    match fault {
        Some(Fault::Unanswered(reason)) => {
            let message = response.cut.as_ref().map_or("", |(_, message)| message.as_str());
            Some((unknown(reason), message.to_owned()))
        }
        Some(Fault::Decode) if operation.class != EffectClass::Safe => {
            Some((UnknownReason::Body, "an answer that does not fit its type".to_owned()))
        }
        _ if operation.outcome(response.status, again) == Outcome::Unknown => {
            let message = format!("status {} leaves open whether it took effect", response.status);
            Some((UnknownReason::Connection, message))
        }
        _ => None,
    }
}

/// What the machine is told after the last attempt.
pub(super) fn conclusion(
    operation: &Operation,
    result: Result<HttpResponse, NetError>,
    fault: Option<Fault>,
    undoes: bool,
    doubt: Option<Doubt>,
) -> CallAnswer {
    match (result, fault) {
        (Ok(response), Some(Fault::Unanswered(reason))) => CallAnswer::Unknown {
            reason: unknown(reason),
            message: response.cut.map_or_else(String::new, |(_, message)| message),
        },
        // A server that is busy or broken says of this attempt alone that it was not done: an earlier one that may
        // have arrived stays unknown.
        (Ok(response), Some(_)) if doubt.is_some() && says_nothing_of_earlier(operation, response.status) => {
            let (reason, earlier) = doubt.unwrap_or((UnknownReason::Connection, String::new()));
            CallAnswer::Unknown {
                reason,
                message: format!("{earlier}; then answered with status {}", response.status),
            }
        }
        (Ok(response), fault) => {
            let meaning = operation.meaning(response.status);
            let success = (200..300).contains(&response.status)
                || matches!(meaning, Meaning::Absent | Meaning::Result(_));
            // A status of `done` after an earlier attempt that may have arrived means that that one did. The
            // machine knows nothing of attempts, so it is told what that one would have been told. The attempt's
            // own record keeps the status as it came.
            let stands_for_earlier = fault.is_none() && !success && !undoes;
            if stands_for_earlier && operation.response == Response::Ignored {
                CallAnswer::Answered { status: 204, headers: Vec::new(), body: Vec::new() }
            } else {
                let mut headers = response.headers;
                headers.retain(|(name, _)| operation.reads_header(name));
                CallAnswer::Answered { status: response.status, headers, body: response.body.to_vec() }
            }
        }
        (Err(NetError::Unanswered { reason, message }), _) => {
            CallAnswer::Unknown { reason: unknown(reason), message }
        }
        (Err(NetError::NotSent { reason, message }), _) => match doubt {
            // The last attempt did not arrive, but an earlier one may have.
            Some((reason, earlier)) => {
                CallAnswer::Unknown { reason, message: format!("{earlier}; then {message}") }
            }
            None => CallAnswer::Refused { reason: refusal(reason), message },
        },
    }
}

/// Whether a status says that the attempt it answers was not done, and nothing of earlier ones: too many requests,
/// a fault of the server.
pub(super) fn says_nothing_of_earlier(operation: &Operation, status: u16) -> bool {
    (status == 429 || status >= 500) && operation.outcome(status, false) == Outcome::NotDone
}

/// What the machine is told of a call that is not gone on with.
pub(super) fn unfinished(doubt: Option<Doubt>) -> CallAnswer {
    match doubt {
        Some((reason, message)) => CallAnswer::Unknown { reason, message },
        None => CallAnswer::NotSent,
    }
}

/// The attempt for people; `good` says that it is what the step needs.
pub(super) fn result(result: &Result<HttpResponse, NetError>, good: bool) -> AttemptResult {
    match result {
        Ok(response) => AttemptResult::Answered { status: response.status, good },
        Err(NetError::NotSent { message, .. }) => AttemptResult::NotSent { message: message.clone() },
        Err(NetError::Unanswered { message, .. }) => AttemptResult::Unanswered { message: message.clone() },
    }
}

/// The attempt as it is written down.
pub(super) fn to_record(result: &AttemptResult) -> AttemptOutcome {
    match result.clone() {
        AttemptResult::Answered { status, good } => AttemptOutcome::Answered { status, good },
        AttemptResult::NotSent { message } => AttemptOutcome::NotSent { message },
        AttemptResult::Unanswered { message } => AttemptOutcome::Unanswered { message },
    }
}

/// The attempt as it was written down.
pub(super) fn from_record(outcome: &AttemptOutcome) -> AttemptResult {
    match outcome.clone() {
        AttemptOutcome::Answered { status, good } => AttemptResult::Answered { status, good },
        AttemptOutcome::NotSent { message } => AttemptResult::NotSent { message },
        AttemptOutcome::Unanswered { message } => AttemptResult::Unanswered { message },
    }
}

pub(super) fn unknown(reason: Unanswered) -> UnknownReason {
    match reason {
        Unanswered::Timeout => UnknownReason::Timeout,
        Unanswered::Connection => UnknownReason::Connection,
        Unanswered::Broken | Unanswered::TooLarge => UnknownReason::Body,
    }
}

fn refusal(reason: NotSent) -> Refusal {
    match reason {
        NotSent::Connection => Refusal::Connection,
        NotSent::Name => Refusal::Name,
        NotSent::Tls => Refusal::Tls,
        NotSent::Timeout => Refusal::Timeout,
        NotSent::Setting | NotSent::Secret => Refusal::Setting,
    }
}
