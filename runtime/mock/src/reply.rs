//! What a request is answered with. Everything is decided at once and in one place, under the API's lock: waits
//! come after it, so that two requests with one key never both take effect.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use flow_plan::Type;

use crate::{
    answer,
    api::{Api, Played},
    effect,
    failure::FailureKind,
    json,
    memory::Keyed,
    problem,
    route::PathParams,
    sample,
};

/// A request whose operation is known and whose body is read.
#[derive(Debug)]
pub(crate) struct Received {
    /// The operation, by its place in the API.
    pub(crate) place: usize,
    /// The path, decoded.
    pub(crate) target: String,
    pub(crate) path: PathParams,
    /// Names and values of the query, decoded.
    pub(crate) query: Vec<(String, String)>,
    pub(crate) key: Option<String>,
    pub(crate) body: Bytes,
    /// What it asks for, in short, so that a repeated one is known.
    pub(crate) fingerprint: u64,
}

/// What a request asks for, in short. It never leaves the process.
pub(crate) fn fingerprint(target: &str, query: &[(String, String)], body: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    (target, query, body).hash(&mut hasher);
    hasher.finish()
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) media_type: &'static str,
    /// The header `Link`.
    pub(crate) link: Option<String>,
    pub(crate) body: String,
}

/// What happens on the connection.
#[derive(Clone, Debug)]
pub(crate) enum Ending {
    /// The answer is sent, after the time.
    Reply(Arc<Reply>, Option<Duration>),
    /// The connection is closed.
    Drop,
    /// The connection is reset.
    Reset,
    /// Nothing comes.
    Hold,
}

/// What was decided.
#[derive(Clone, Debug)]
pub(crate) struct Verdict {
    pub(crate) ending: Ending,
    /// What a log line says about why.
    pub(crate) note: Option<String>,
}

impl Verdict {
    fn reply(reply: Reply, note: impl Into<Option<String>>) -> Self {
        Self { ending: Ending::Reply(Arc::new(reply), None), note: note.into() }
    }

    /// An answer that says what was wrong.
    pub(crate) fn problem(status: u16, detail: &str, note: &str) -> Self {
        Self::reply(Reply::problem(status, detail), note.to_owned())
    }
}

impl Reply {
    fn problem(status: u16, detail: &str) -> Self {
        Self { status, media_type: problem::MEDIA_TYPE, link: None, body: problem::body(status, detail) }
    }
}

/// Decides what a request is answered with, and remembers it.
pub(crate) fn decide(api: &Api, played: &Played, received: &Received) -> Verdict {
    let mut memory = api.memory();
    let Some(seen) = memory.operations.get_mut(received.place) else {
        return Verdict::problem(404, "no such operation", "no such operation");
    };
    seen.requests += 1;
    if let Err(misfit) = check_body(played, &received.body) {
        let note = match &misfit.at {
            Some(at) => format!("the body does not fit at {at}"),
            None => misfit.detail.clone(),
        };
        return Verdict::problem(422, &misfit.detail, &note);
    }
    if let Some(key) = &received.key {
        match seen.keys.get(key) {
            Some(keyed) if keyed.request != received.fingerprint => {
                let detail = "the idempotency key was used before, with another request";
                return Verdict::problem(422, detail, "the key was used with another request");
            }
            Some(_) => {}
            None => seen.keys.insert(key.clone(), Keyed { request: received.fingerprint, answer: None }),
        }
    }
    let step = seen.script.next();
    let mut take = |told| effect::take(api, played, &mut memory, received, told);
    let told_to = |what: &str, ending| Verdict { ending, note: Some(format!("told to{what}")) };
    match step {
        FailureKind::Ok => take(None),
        FailureKind::Status(status) if (200..300).contains(&status) => take(Some(status)),
        FailureKind::Status(status) => told(api, played, received, status),
        FailureKind::Delay(delay) => match take(None) {
            Verdict { ending: Ending::Reply(reply, _), .. } => {
                told_to(&format!(" wait {delay:?}"), Ending::Reply(reply, Some(delay)))
            }
            other => other,
        },
        FailureKind::Drop => {
            take(None);
            told_to(" drop the connection", Ending::Drop)
        }
        FailureKind::Timeout => {
            take(None);
            told_to(" let it time out", Ending::Hold)
        }
        FailureKind::Reset => told_to(" reset the connection", Ending::Reset),
    }
}

/// Why a body is refused.
struct Misfit {
    /// Where in the body.
    at: Option<String>,
    detail: String,
}

/// Whether the body is what the operation declares. One that declares none ignores what comes.
fn check_body(played: &Played, body: &[u8]) -> Result<(), Misfit> {
    let Some(param) = played.body_param() else { return Ok(()) };
    let program = played.program();
    if body.is_empty() {
        return match program.plan().types.get(param.ty) {
            Type::Optional(_) => Ok(()),
            _ => Err(Misfit { at: None, detail: "the body is missing".into() }),
        };
    }
    if !json::is_json(body) {
        return Err(Misfit { at: None, detail: "the body is no JSON".into() });
    }
    program.check_value(param.ty, body).map_err(|error| Misfit {
        at: Some(error.path.clone()),
        detail: format!("the body does not fit: {error}"),
    })?;
    if param.check.is_some_and(|check| !sample::holds(program, check, body)) {
        let detail = format!("the body breaks the condition of `{}`", param.name);
        return Err(Misfit { at: None, detail });
    }
    Ok(())
}

/// Answers a request as told: with the fields of a declared error, or a problem.
fn told(api: &Api, played: &Played, received: &Received, status: u16) -> Verdict {
    let body = played.operation.raised(status).and_then(|error| {
        let mut sources = effect::request_sources(played, received);
        sources.add_first_item(&received.body);
        answer::error(api, played, status, error, &sources)
    });
    let reply = match body {
        Some(body) => Reply { status, media_type: "application/json", link: None, body },
        None => Reply::problem(status, "the mock was told to answer so"),
    };
    Verdict::reply(reply, "told to".to_owned())
}
