//! One HTTP request and its answer.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::{
    HeaderMap, Request, Response, StatusCode,
    body::{Body, Incoming},
    header::{CONNECTION, CONTENT_TYPE, HeaderValue, LINK},
};
use percent_encoding::percent_decode_str;

use crate::{
    api::Api,
    limits::{BODY_BYTES_MAX, BODY_TIMEOUT, HOLD_MAX, KEY_BYTES_MAX, LOG_PATH_MAX},
    reply::{self, Ending, Received, Reply, Verdict},
};

/// The connection ends without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the connection ends without an answer")]
pub(crate) struct Cut;

/// Answers one request, for the first of the APIs that has an operation for it. `reset` tells the connection how
/// to end.
pub(crate) async fn serve(
    apis: Arc<[Arc<Api>]>,
    request: Request<Incoming>,
    reset: Arc<AtomicBool>,
) -> Result<Response<Full<Bytes>>, Cut> {
    let (method, path) = (request.method().as_str(), request.uri().path());
    let Some(api) = apis.iter().find(|api| api.route(method, path).is_some()).or(apis.first()) else {
        return Err(Cut);
    };
    let line = Line::new(api, &request);
    let (verdict, line) = judge(api, request, line).await?;
    let note = verdict.note.as_deref();
    match verdict.ending {
        Ending::Reply(reply, delay) => {
            let wait = api.options.latency.unwrap_or_default() + delay.unwrap_or_default();
            if !wait.is_zero() {
                tokio::time::sleep(wait).await;
            }
            line.write(api, &reply.status.to_string(), note);
            Ok(response(&reply))
        }
        Ending::Drop => {
            line.write(api, "no answer", note);
            Err(Cut)
        }
        Ending::Reset => {
            line.write(api, "no answer", note);
            reset.store(true, Ordering::Release);
            Err(Cut)
        }
        Ending::Hold => {
            line.write(api, "no answer", note);
            tokio::time::sleep(HOLD_MAX).await;
            Err(Cut)
        }
    }
}

/// Reads the request and decides.
async fn judge(api: &Api, request: Request<Incoming>, mut line: Line) -> Result<(Verdict, Line), Cut> {
    let (head, body) = request.into_parts();
    let Some((place, played, path)) = api.route(head.method.as_str(), head.uri.path()) else {
        api.memory().unmatched += 1;
        let detail = format!("the API `{}` has no operation for {} and this path", api.name, head.method);
        return Ok((Verdict::problem(404, &detail, "no such operation"), line));
    };
    let key = match key(&head.headers, played.key_header()) {
        Ok(key) => key,
        Err(detail) => return Ok((Verdict::problem(400, detail, detail), line)),
    };
    line.key = key.clone();
    let query: Vec<_> =
        url::form_urlencoded::parse(head.uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
    let body = match read(body, BODY_TIMEOUT).await {
        Ok(body) => body,
        Err(Unread::TooLarge) => {
            let detail = format!("a body has at most {BODY_BYTES_MAX} bytes");
            return Ok((Verdict::problem(413, &detail, "the body is too large"), line));
        }
        Err(Unread::Broken) => {
            line.write(api, "no answer", Some("the request broke off"));
            return Err(Cut);
        }
    };
    let key = match played.key_field() {
        Some(field) => match text_at(&body, field) {
            Some(key) if key.len() > KEY_BYTES_MAX || key.is_empty() => {
                let detail = "the idempotency key is empty or too long";
                return Ok((Verdict::problem(400, detail, detail), line));
            }
            key => key,
        },
        None => key,
    };
    line.key = key.clone();
    let target = percent_decode_str(head.uri.path()).decode_utf8_lossy().into_owned();
    let fingerprint = reply::fingerprint(&target, &query, &body);
    Ok((reply::decide(api, played, &Received { place, target, path, query, key, body, fingerprint }), line))
}

/// The idempotency key, where the operation takes one.
fn key(headers: &HeaderMap, name: Option<&str>) -> Result<Option<String>, &'static str> {
    let Some(value) = name.and_then(|name| headers.get(name)) else { return Ok(None) };
    match value.to_str() {
        Ok(key) if !key.is_empty() && key.len() <= KEY_BYTES_MAX => Ok(Some(key.to_owned())),
        _ => Err("the idempotency key is empty, too long, or no ASCII text"),
    }
}

/// The text at a place in a JSON body.
fn text_at(body: &[u8], path: &[String]) -> Option<String> {
    let mut value: &serde_json::Value = &serde_json::from_slice(body).ok()?;
    for name in path {
        value = value.get(name)?;
    }
    value.as_str().map(str::to_owned)
}

enum Unread {
    TooLarge,
    Broken,
}

async fn read(body: Incoming, within: Duration) -> Result<Bytes, Unread> {
    if body.size_hint().lower() > BODY_BYTES_MAX as u64 {
        return Err(Unread::TooLarge);
    }
    match tokio::time::timeout(within, Limited::new(body, BODY_BYTES_MAX).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Unread::TooLarge),
        Ok(Err(_)) | Err(_) => Err(Unread::Broken),
    }
}

fn response(reply: &Reply) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::copy_from_slice(reply.body.as_bytes())));
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if !reply.media_type.is_empty() {
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(reply.media_type));
    }
    if let Some(Ok(link)) = reply.link.as_deref().map(HeaderValue::from_str) {
        response.headers_mut().insert(LINK, link);
    }
    if reply.status == 413 {
        // The rest of the body is not read, so nothing can follow it.
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// What a log line says of a request: no headers but the shortened key, no query, no body.
struct Line {
    start: String,
    key: Option<String>,
}

impl Line {
    fn new(api: &Api, request: &Request<Incoming>) -> Self {
        let path = request.uri().path();
        let mut shown: String = path.chars().take(LOG_PATH_MAX).collect();
        if shown.len() < path.len() {
            shown.push('…');
        }
        Self { start: format!("{} {} {shown}", request.method(), api.name), key: None }
    }

    fn write(&self, api: &Api, outcome: &str, note: Option<&str>) {
        let Some(log) = &api.options.log else { return };
        let key = match &self.key {
            Some(key) => format!(" key {}", shortened(key)),
            None => String::new(),
        };
        let note = note.map(|note| format!(" ({note})")).unwrap_or_default();
        log(&format!("{}{key} -> {outcome}{note}", self.start));
    }
}

/// The first characters of a key: enough to see that two are the same.
fn shortened(key: &str) -> String {
    const SHOWN: usize = 8;
    let mut short: String = key.chars().take(SHOWN).collect();
    if short.len() < key.len() {
        short.push('…');
    }
    short
}
