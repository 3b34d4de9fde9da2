//! The body of an answer: a sample that fits what the operation declares.

use std::cell::Cell;

use flow_plan::{BodyForm, ErrorId, Statuses};

use crate::{
    api::{Api, Played},
    json,
    limits::SAMPLES_MAX,
    reply::Reply,
    sample::Sampler,
    sources::Sources,
    words::{self, Draw},
};

/// An answer, and what is wrong with it if no better one was found.
pub(crate) struct Made {
    pub(crate) reply: Reply,
    pub(crate) misfit: Option<String>,
}

/// Makes the answer to a request that succeeds. The number is that of the thing that it is about.
pub(crate) fn success(api: &Api, played: &Played, number: u64, sources: &Sources) -> Made {
    let plan = played.program().plan();
    let status = success_status(played);
    let good =
        |media_type, body| Made { reply: Reply { status, media_type, link: None, body }, misfit: None };
    let Some(ty) = plan.body_of(&played.operation, status) else {
        return Made {
            reply: Reply { status: 204, media_type: "", link: None, body: String::new() },
            misfit: None,
        };
    };
    let media_type = match plan.types.body_form(ty) {
        BodyForm::Json => "application/json",
        BodyForm::Text => "text/plain; charset=utf-8",
        BodyForm::Octets => "application/octet-stream",
    };
    if plan.types.body_form(ty) != BodyForm::Json {
        let body = match &played.answer {
            Some(json) => serde_json::from_str(json).unwrap_or_else(|_| json.clone()),
            None => format!("a sample text of {}", played.label),
        };
        return good(media_type, body);
    }
    let empty = Sources::default();
    let mut first = None;
    for variant in 0..SAMPLES_MAX {
        // What the request says may break a condition that spans several fields: later samples do without it.
        let sources = if variant < SAMPLES_MAX / 2 { sources } else { &empty };
        let draw = draw(api, played).variant(variant);
        let sample = sampler(api, played, number, sources, None).whole(ty, draw);
        let body = overlaid(sample, played.answer.as_deref());
        match played.program().check_response(played.id, status, &[], body.as_bytes()) {
            Ok(()) => return good(media_type, body),
            Err(error) => {
                first.get_or_insert((body, error.to_string()));
            }
        }
    }
    let (body, error) = first.unwrap_or_default();
    Made { misfit: Some(error), ..good(media_type, body) }
}

/// The status of a request that succeeds.
pub(crate) fn success_status(played: &Played) -> u16 {
    let statuses = &played.operation.statuses;
    let success =
        statuses.iter().find(|statuses| matches!(statuses, Statuses::One(200..300) | Statuses::Class(2)));
    success.or(statuses.first()).map_or(200, |statuses| played.operation.example(*statuses))
}

/// Whether a given answer fits its operation.
///
/// # Errors
/// Why it does not.
pub(crate) fn try_given(api: &Api, played: &Played) -> Result<(), String> {
    success(api, played, 1, &Sources::default()).misfit.map_or(Ok(()), Err)
}

/// The fields of a declared error, as the body of an answer that raises it.
pub(crate) fn error(
    api: &Api,
    played: &Played,
    status: u16,
    error: ErrorId,
    sources: &Sources,
) -> Option<String> {
    let declared = played.program().plan().error(error)?;
    let explanation = format!("{} by the mock", words::phrase(&declared.name));
    let sampler =
        |draw: Draw| sampler(api, played, 1, sources, Some(explanation.clone())).whole(declared.fields, draw);
    let draw = draw(api, played).of(&declared.name);
    let fits =
        |body: &String| played.program().check_response(played.id, status, &[], body.as_bytes()).is_ok();
    (0..SAMPLES_MAX).map(|variant| sampler(draw.variant(variant))).find(fits).or_else(|| Some(sampler(draw)))
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
