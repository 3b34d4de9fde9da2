//! What an answer says that is none of the declared ones: `application/problem+json` (RFC 9457).

use hyper::StatusCode;

use crate::json;

/// The media type.
pub(crate) const MEDIA_TYPE: &str = "application/problem+json";

/// The body for a status. The detail says what was wrong in one phrase.
pub(crate) fn body(status: u16, detail: &str) -> String {
    let title = StatusCode::from_u16(status)
        .ok()
        .and_then(|code| code.canonical_reason())
        .unwrap_or("Unknown Status");
    json::object([
        ("type", json::quoted("about:blank")),
        ("title", json::quoted(title)),
        ("status", status.to_string()),
        ("detail", json::quoted(detail)),
    ])
}
