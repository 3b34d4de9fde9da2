//! Saying what a failure of the client means.

use std::{error::Error, io};

use crate::{NetError, NotSent, Unanswered, client::authority, resolve::LookupError};

/// What a failed request means. Whether it has left is known from elsewhere; the error says why.
pub(crate) fn failure(error: &reqwest::Error, has_left: bool, url: &str) -> NetError {
    let host = authority(url);
    if has_left {
        if is_too_large(error) {
            let message = format!("the headers of the answer of {host} are larger than is read");
            return NetError::unanswered(Unanswered::TooLarge, message);
        }
        let message = format!("the connection to {host} broke before an answer: {}", text(error));
        return NetError::unanswered(Unanswered::Connection, message);
    }
    if let Some(lookup) = find::<LookupError>(error) {
        let reason = match lookup {
            LookupError::Private(_) => NotSent::Setting,
            LookupError::Failed { .. } | LookupError::Empty(_) => NotSent::Name,
        };
        return NetError::not_sent(reason, lookup.to_string());
    }
    if let Some(tls) = find::<rustls::Error>(error) {
        return NetError::not_sent(NotSent::Tls, format!("TLS with {host} failed: {tls}"));
    }
    if error.is_builder() {
        return NetError::setting(format!("the request could not be made: {}", text(error)));
    }
    let reason = match find::<io::Error>(error).map(io::Error::kind) {
        Some(io::ErrorKind::TimedOut) => NotSent::Timeout,
        _ => NotSent::Connection,
    };
    NetError::not_sent(reason, format!("no connection to {host}: {}", text(error)))
}

/// Whether the head of an answer had more or longer headers than the client takes. The predicate for it exists
/// only in servers, so its text must do; a test against a real answer holds it.
fn is_too_large(error: &reqwest::Error) -> bool {
    find::<hyper::Error>(error)
        .is_some_and(|error| error.is_parse() && error.to_string().contains("too large"))
}

/// The innermost cause, which says most; without the URL, whose query may carry a key.
pub(crate) fn text(error: &reqwest::Error) -> String {
    let mut last: &dyn Error = error;
    while let Some(source) = last.source() {
        last = source;
    }
    let mut text = last.to_string();
    if let Some(url) = error.url() {
        text = text.replace(url.as_str(), "the URL");
    }
    text
}

/// The outermost cause of a type. Errors of I/O carry others inside that their `source` skips.
fn find<E: Error + 'static>(error: &reqwest::Error) -> Option<&E> {
    let mut current: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = current {
        if let Some(found) = error.downcast_ref::<E>() {
            return Some(found);
        }
        current = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    None
}
