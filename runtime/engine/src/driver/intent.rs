//! Requests as they are written down, and back.

use bytes::Bytes;
use flow_http::{Draft, Field};
use flow_journal::{HeaderValue, Intent};
use flow_plan::{ConfigId, EffectClass, Method, Plan};
use flow_vm::{CallEffect, EffectId, StepPath};

/// A draft as it is written down.
pub(super) fn to_record(
    plan: &Plan,
    effect: EffectId,
    path: &StepPath,
    class: EffectClass,
    key: &str,
    draft: &Draft,
    at_us: i64,
) -> Intent {
    let headers = draft.headers.iter().map(|(name, field)| (name.clone(), value(plan, field)));
    Intent {
        effect: effect.0,
        path: path.0.clone(),
        repeatable: class != EffectClass::Unsafe,
        method: draft.method.as_str().to_owned(),
        target: draft.target.clone(),
        headers: headers.collect(),
        body: draft.body.as_ref().map(|body| body.to_vec()),
        key: key.to_owned(),
        at_us,
    }
}

/// The draft that was written down: what is sent again is this, byte for byte, and not what a newer program would
/// make of the same values. Nothing, where the plan does not have what it refers to.
pub(super) fn from_record(plan: &Plan, method: Method, intent: &Intent, call: &CallEffect) -> Option<Draft> {
    let headers = intent.headers.iter().map(|(name, value)| Some((name.clone(), field(plan, value)?)));
    if intent.method != method.as_str() {
        return None;
    }
    Some(Draft {
        method,
        target: intent.target.clone(),
        headers: headers.collect::<Option<_>>()?,
        body: intent.body.clone().map(Bytes::from),
        computed: call.request.computed.clone(),
    })
}

fn value(plan: &Plan, field: &Field) -> HeaderValue {
    match field {
        Field::Text(text) => HeaderValue::Text(text.clone()),
        Field::Config(id) => {
            let name = plan.config_entry(*id).map_or_else(|| id.to_string(), |entry| entry.name.clone());
            HeaderValue::Config(name)
        }
        Field::Joined(parts) => HeaderValue::Joined(parts.iter().map(|part| value(plan, part)).collect()),
    }
}

fn field(plan: &Plan, value: &HeaderValue) -> Option<Field> {
    Some(match value {
        HeaderValue::Text(text) => Field::Text(text.clone()),
        HeaderValue::Config(entry) => {
            let index = plan.config.iter().position(|config| config.name == *entry)?;
            Field::Config(ConfigId(u32::try_from(index).ok()?))
        }
        HeaderValue::Joined(parts) => {
            Field::Joined(parts.iter().map(|part| field(plan, part)).collect::<Option<_>>()?)
        }
    })
}
