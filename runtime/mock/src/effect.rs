//! What a request that succeeds brings about: a number for what it makes, and what is remembered of it.

use std::sync::Arc;

use flow_plan::{EffectClass, Method, Place};

use crate::{
    answer,
    api::{Api, Played},
    json,
    limits::MEMBER_BYTES_MAX,
    memory::{Memory, OperationMemory},
    pages,
    reply::{Ending, Received, Reply, Verdict},
    sources::Sources,
    words,
};

/// How far up the path of an action the thing that it is about is looked for.
const ANCESTORS_MAX: usize = 3;

/// Answers well: from what is remembered, or anew. A success that was told has that status.
pub(crate) fn take(
    api: &Api,
    played: &Played,
    memory: &mut Memory,
    received: &Received,
    told: Option<u16>,
) -> Verdict {
    let operation = &played.operation;
    if operation.class == EffectClass::Safe && memory.gone.contains(&received.target) {
        let status = operation.absent.first().map_or(404, |statuses| operation.example(*statuses));
        return Verdict::problem(status, "it was deleted", "it was deleted");
    }
    let mut sources = request_sources(played, received);
    for thing in things(memory, played, &received.target) {
        sources.add_remembered(thing);
    }
    let Some(seen) = memory.operations.get_mut(received.place) else {
        return Verdict::problem(404, "no such operation", "no such operation");
    };
    let keyed = received.key.as_ref().and_then(|key| seen.keys.get(key));
    if let Some(answer) = keyed.and_then(|keyed| keyed.answer.clone()) {
        return Verdict { ending: Ending::Reply(answer, None), note: Some("same key, same answer".into()) };
    }
    let number = number(played, received, seen);
    let made = answer::success(api, played, number, &sources);
    let note = match made.misfit {
        Some(misfit) => Some(format!("no sample fits: {misfit}")),
        None => told.map(|_| "told to".to_owned()),
    };
    // No content stays no content, whichever success is told.
    let status = told.filter(|_| made.reply.status == 200).unwrap_or(made.reply.status);
    let mut reply = Reply { status, ..made.reply };
    pages::turn(played, received, &mut reply);
    let reply = Arc::new(reply);
    if let Some(keyed) = received.key.as_ref().and_then(|key| seen.keys.get_mut(key)) {
        keyed.answer = Some(Arc::clone(&reply));
    }
    remember(memory, played, received, &reply);
    Verdict { ending: Ending::Reply(reply, None), note }
}

/// The number of what a request makes, which counts as an effect unless it was made before.
fn number(played: &Played, received: &Received, seen: &mut OperationMemory) -> u64 {
    let class = played.operation.class;
    if class == EffectClass::Safe {
        return 1;
    }
    // One that is idempotent by its key alone, and has none, takes effect each time.
    let by_nature = class == EffectClass::Idempotent && played.key_header().is_none();
    if by_nature && let Some(number) = seen.identical.get(&received.fingerprint) {
        return *number;
    }
    seen.effects += 1;
    if by_nature {
        seen.identical.insert(received.fingerprint, seen.effects);
    }
    seen.effects
}

/// What is known of the thing that a request is about: the one at its path or, for an action, above it.
fn things<'a>(
    memory: &'a Memory,
    played: &Played,
    target: &'a str,
) -> impl Iterator<Item = &'a json::Members> {
    let ancestors = if played.operation.class == EffectClass::Safe { 0 } else { ANCESTORS_MAX };
    let above =
        |path: &&'a str| path.rsplit_once('/').map(|(above, _)| above).filter(|path| !path.is_empty());
    std::iter::successors(Some(target), above).take(1 + ancestors).filter_map(|path| memory.things.get(path))
}

/// Remembers what a request made, or that it deleted something.
fn remember(memory: &mut Memory, played: &Played, received: &Received, reply: &Reply) {
    let operation = &played.operation;
    match operation.method {
        Method::Delete => return memory.delete(&received.target),
        _ if operation.class == EffectClass::Safe => return,
        _ => {}
    }
    let answer = json::members(reply.body.as_bytes()).unwrap_or_default();
    let mut members = json::members(&received.body).unwrap_or_default();
    let path = match operation.method {
        Method::Post => {
            let id =
                answer.get("id").or_else(|| answer.iter().find(|(n, _)| words::is_id(n)).map(|(_, id)| id));
            let Some(id) = id else { return };
            format!("{}/{}", received.target, json::plain(id))
        }
        // A PUT or PATCH is to the thing itself.
        _ => received.target.clone(),
    };
    members.extend(answer);
    members.retain(|name, value| value.get().len() <= MEMBER_BYTES_MAX && !words::is_sensitive(name));
    memory.keep(path, members);
}

/// What a request says.
pub(crate) fn request_sources(played: &Played, received: &Received) -> Sources {
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
