//! What a request is answered with. Everything is decided at once and in one place, under the API's lock: waits
//! come after it, so that two requests with one key never both take effect.

use std::{
    cell::Cell,
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use flow_plan::{EffectClass, ErrorId, Method, OperationId, Place, Response, Type};

use crate::{
    api::{Api, Played},
    failure::FailureKind,
    json,
    limits::{MEMBER_BYTES_MAX, SAMPLES_MAX},
    memory::{Keyed, Memory},
    problem,
    route::PathParams,
    sample::{self, Sampler},
    sources::Sources,
    words::{self, Draw},
};

/// A request whose operation is known and whose body is read.
#[derive(Debug)]
pub(crate) struct Received {
    /// The operation, by its place in the API.
    pub(crate) place: usize,
    pub(crate) path: PathParams,
    /// Names and values of the query, decoded.
    pub(crate) query: Vec<(String, String)>,
    pub(crate) key: Option<String>,
    pub(crate) body: Bytes,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) media_type: &'static str,
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
        Self { status, media_type: problem::MEDIA_TYPE, body: problem::body(status, detail) }
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
    let request = fingerprint(received);
    if let Some(key) = &received.key {
        match seen.keys.get(key) {
            Some(keyed) if keyed.request != request => {
                let detail = "the idempotency key was used before, with another request";
                return Verdict::problem(422, detail, "the key was used with another request");
            }
            Some(_) => {}
            None => seen.keys.insert(key.clone(), Keyed { request, answer: None }),
        }
    }
    match seen.script.next() {
        FailureKind::Ok => effect(api, played, &mut memory, received, request, 200, None),
        FailureKind::Delay(delay) => {
            let mut verdict = effect(api, played, &mut memory, received, request, 200, None);
            if let Ending::Reply(_, wait) = &mut verdict.ending {
                *wait = Some(delay);
            }
            verdict
        }
        FailureKind::Status(status) if (200..300).contains(&status) => {
            effect(api, played, &mut memory, received, request, status, Some("told to"))
        }
        FailureKind::Status(status) => told(api, played, received, status),
        FailureKind::Drop => {
            effect(api, played, &mut memory, received, request, 200, None);
            Verdict { ending: Ending::Drop, note: Some("told to drop the connection".into()) }
        }
        FailureKind::Timeout => {
            effect(api, played, &mut memory, received, request, 200, None);
            Verdict { ending: Ending::Hold, note: Some("told to let it time out".into()) }
        }
        FailureKind::Reset => {
            Verdict { ending: Ending::Reset, note: Some("told to reset the connection".into()) }
        }
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

/// What a request asks for, so that a repeated one is known. The process keeps it, and nobody else sees it.
fn fingerprint(received: &Received) -> u64 {
    let mut hasher = DefaultHasher::new();
    (&received.path, &received.query, &received.body).hash(&mut hasher);
    hasher.finish()
}

/// Answers well: from what is remembered, or anew.
fn effect(
    api: &Api,
    played: &Played,
    memory: &mut Memory,
    received: &Received,
    request: u64,
    status: u16,
    note: Option<&str>,
) -> Verdict {
    let operation = &played.operation;
    let note = note.map(str::to_owned);
    if operation.class == EffectClass::Safe && names_gone(memory, received) {
        let status = operation.absent.first().copied().unwrap_or(404);
        return Verdict::problem(status, "it was deleted", "it was deleted");
    }
    let mut sources = request_sources(played, received);
    for (_, id) in &received.path {
        if let Some(thing) = memory.things.get(id) {
            sources.add_remembered(thing);
        }
    }
    let Some(seen) = memory.operations.get_mut(received.place) else {
        return Verdict::problem(404, "no such operation", "no such operation");
    };
    let keyed = received.key.as_ref().and_then(|key| seen.keys.get_mut(key));
    if let Some(answer) = keyed.as_ref().and_then(|keyed| keyed.answer.clone()) {
        return Verdict { ending: Ending::Reply(answer, None), note: Some("same key, same answer".into()) };
    }
    let known = match operation.class {
        EffectClass::Idempotent if received.key.is_none() => seen.identical.get(&request).copied(),
        _ => None,
    };
    let number = match (operation.class, known) {
        (EffectClass::Safe, _) => 1,
        (_, Some(number)) => number,
        (_, None) => {
            seen.effects += 1;
            seen.last_number += 1;
            if operation.class == EffectClass::Idempotent && received.key.is_none() {
                seen.identical.insert(request, seen.last_number);
            }
            seen.last_number
        }
    };
    let made = answer(api, played, number, &sources);
    let note = note.or(made.misfit);
    let reply = Arc::new(Reply { status: made.reply.status_or(status), ..made.reply });
    if let Some(keyed) = received.key.as_ref().and_then(|key| seen.keys.get_mut(key)) {
        keyed.answer = Some(Arc::clone(&reply));
    }
    remember(memory, played, received, &reply);
    Verdict { ending: Ending::Reply(reply, None), note }
}

impl Reply {
    /// No content stays no content, whichever success is told.
    fn status_or(&self, told: u16) -> u16 {
        if self.status == 200 { told } else { self.status }
    }
}

/// Whether a path parameter names a thing that was deleted.
fn names_gone(memory: &Memory, received: &Received) -> bool {
    received.path.iter().any(|(_, id)| memory.gone.contains(id))
}

/// Remembers what a request made, or that it deleted something.
fn remember(memory: &mut Memory, played: &Played, received: &Received, reply: &Reply) {
    let operation = &played.operation;
    if operation.class == EffectClass::Safe {
        return;
    }
    if operation.method == Method::Delete {
        for (_, id) in &received.path {
            memory.delete(id);
        }
        return;
    }
    let Some(answer) = json::members(reply.body.as_bytes()) else { return };
    let id = answer
        .iter()
        .find(|(name, _)| *name == "id")
        .or_else(|| answer.iter().find(|(name, _)| words::is_id(name)));
    let Some(id) = id.map(|(_, id)| json::plain(id)) else { return };
    let mut members = json::members(&received.body).unwrap_or_default();
    members.extend(answer);
    members.retain(|name, value| value.get().len() <= MEMBER_BYTES_MAX && !words::is_sensitive(name));
    memory.keep(id, members);
}

/// What a request says.
fn request_sources(played: &Played, received: &Received) -> Sources {
    let mut sources = Sources::default();
    if let Some(param) = played.body_param() {
        sources.add_body(&param.wire, &received.body);
    }
    let params = &played.operation.params;
    let path = received
        .path
        .iter()
        .filter_map(|(index, text)| Some((params.get(usize::from(*index))?.wire.as_str(), text.as_str())));
    let query = received
        .query
        .iter()
        .filter(|(name, _)| params.iter().any(|param| param.place == Place::Query && param.wire == *name))
        .map(|(name, text)| (name.as_str(), text.as_str()));
    sources.add_texts(query.chain(path));
    sources
}

/// Answers a request as told: with the fields of a declared error, or a problem.
fn told(api: &Api, played: &Played, received: &Received, status: u16) -> Verdict {
    let raised = played.operation.raised(status);
    let reply = match raised.and_then(|error| error_body(api, played, received, status, error)) {
        Some(body) => Reply { status, media_type: "application/json", body },
        None => Reply::problem(status, "the mock was told to answer so"),
    };
    Verdict::reply(reply, Some("told to".to_owned()))
}

fn error_body(
    api: &Api,
    played: &Played,
    received: &Received,
    status: u16,
    error: ErrorId,
) -> Option<String> {
    let declared = played.program().plan().error(error)?;
    let mut sources = request_sources(played, received);
    sources.add_first_item(&received.body);
    let explanation = format!("{} by the mock", words::phrase(&declared.name));
    let mut last = None;
    for variant in 0..SAMPLES_MAX {
        let body = sampler(api, played, 1, &sources, Some(explanation.clone()))
            .whole(declared.fields, draw(api, played).of(&declared.name).nth(variant));
        if played.program().check_response(played.id, status, body.as_bytes()).is_ok() {
            return Some(body);
        }
        last.get_or_insert(body);
    }
    last
}

/// An answer, and what is wrong with it if no better one was found.
struct Made {
    reply: Reply,
    misfit: Option<String>,
}

/// Makes the answer of an operation.
fn answer(api: &Api, played: &Played, number: u64, sources: &Sources) -> Made {
    let good = |media_type, body| Made { reply: Reply { status: 200, media_type, body }, misfit: None };
    let ty = match played.operation.response {
        Response::Json(ty) => ty,
        Response::Ignored => {
            return Made { reply: Reply { status: 204, media_type: "", body: String::new() }, misfit: None };
        }
        Response::Text => {
            let body = match &played.answer {
                Some(json) => serde_json::from_str(json).unwrap_or_else(|_| json.clone()),
                None => format!("a sample text of {}", played.label),
            };
            return good("text/plain; charset=utf-8", body);
        }
    };
    let empty = Sources::default();
    let mut first = None;
    for variant in 0..SAMPLES_MAX {
        // What the request says may break a condition that spans several fields: later samples do without it.
        let sources = if variant < SAMPLES_MAX / 2 { sources } else { &empty };
        let draw = if variant == 0 { draw(api, played) } else { draw(api, played).nth(variant) };
        let body =
            overlaid(sampler(api, played, number, sources, None).whole(ty, draw), played.answer.as_deref());
        match check(played, played.id, &body) {
            Ok(()) => return good("application/json", body),
            Err(error) => {
                first.get_or_insert((body, error));
            }
        }
    }
    let (body, error) = first.unwrap_or_default();
    Made { misfit: Some(format!("no sample fits: {error}")), ..good("application/json", body) }
}

fn check(played: &Played, id: OperationId, body: &str) -> Result<(), String> {
    played.program().check_response(id, 200, body.as_bytes()).map_err(|error| error.to_string())
}

/// Whether a given answer fits its operation.
pub(crate) fn try_answer(api: &Api, played: &Played) -> Result<(), String> {
    match answer(api, played, 1, &Sources::default()).misfit {
        Some(misfit) => Err(misfit),
        None => Ok(()),
    }
}

/// A sample with an answer of one's own over it.
fn overlaid(sample: String, over: Option<&str>) -> String {
    let Some(over) = over else { return sample };
    match (json::members(sample.as_bytes()), json::members(over.as_bytes())) {
        (Some(mut members), Some(own)) => {
            members.extend(own);
            json::object(members.iter().map(|(name, value)| (name, value.get())))
        }
        _ => over.to_owned(),
    }
}

fn sampler<'a>(
    api: &'a Api,
    played: &'a Played,
    number: u64,
    sources: &'a Sources,
    explanation: Option<String>,
) -> Sampler<'a> {
    Sampler {
        program: played.program(),
        base: &api.base,
        operation: &played.operation.name,
        number,
        sources,
        explanation,
        values: Cell::new(0),
    }
}

fn draw(api: &Api, played: &Played) -> Draw {
    Draw::new(api.options.seed).of(&api.name).of(&played.operation.name)
}
