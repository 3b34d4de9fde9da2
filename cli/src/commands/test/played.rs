//! A mock's value as the answer that a server would give: text as text, octets as octets, all else as JSON.

use flow_http::HttpResponse;
use flow_plan::{BodyForm, Operation, Plan, Response};
use serde_json::Value;

/// The answer of a status whose body is a JSON text of what the operation declares for it.
pub(super) fn with_status(plan: &Plan, operation: &Operation, status: u16, json: Vec<u8>) -> HttpResponse {
    let form = plan.body_of(operation, status).map_or(BodyForm::Json, |body| plan.types.body_form(body));
    let text = || match serde_json::from_slice(&json) {
        Ok(Value::String(text)) => Some(text),
        _ => None,
    };
    let (body, media_type) = match form {
        BodyForm::Text => (text().map(String::into_bytes), "text/plain; charset=utf-8"),
        BodyForm::Octets => (text().and_then(|text| flow_vm::octets(&text)), "application/octet-stream"),
        BodyForm::Json => (None, "application/json"),
    };
    HttpResponse::new(status, body.unwrap_or(json)).with_header("content-type", media_type)
}

/// The answer whose result is a JSON text of the operation's type: a body, or a whole response.
pub(super) fn value(plan: &Plan, operation: &Operation, json: Vec<u8>) -> HttpResponse {
    let Response::Whole(_) = operation.response else { return with_status(plan, operation, 200, json) };
    let Ok(Value::Object(whole)) = serde_json::from_slice(&json) else {
        return with_status(plan, operation, 200, json);
    };
    let status = whole.get("status").and_then(Value::as_u64).and_then(|status| u16::try_from(status).ok());
    let body = whole.get("body").map_or_else(Vec::new, |body| body.to_string().into_bytes());
    let mut response = with_status(plan, operation, status.unwrap_or(200), body);
    for (name, value) in whole.get("headers").and_then(Value::as_object).into_iter().flatten() {
        let name = name.to_ascii_lowercase();
        response.headers.retain(|(known, _)| *known != name);
        response = response.with_header(&name, value.as_str().unwrap_or_default());
    }
    response
}
