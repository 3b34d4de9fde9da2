//! What requests have beside their parameters: settings, authentication, computed texts, keys.

use super::{Checked, Checker, ensure};
use crate::request::JOINED_DEPTH_MAX;
use crate::{
    Auth, EffectClass, FunctionId, Idempotency, Operation, Pages, PathPart, Place, Plan, Purity, Setting,
    Type,
};

/// A setting where so many texts are computed; an API computes none.
pub(super) fn check_setting(plan: &Plan, setting: &Setting, computed: usize) -> Checked {
    check_at(plan, setting, computed, 0)
}

fn check_at(plan: &Plan, setting: &Setting, computed: usize, depth: usize) -> Checked {
    ensure(depth <= JOINED_DEPTH_MAX, || "texts are joined too deep".to_owned())?;
    match setting {
        Setting::Text(_) => Ok(()),
        Setting::Config(id) => {
            ensure(plan.config_entry(*id).is_some(), || format!("there is no configuration entry {id}"))
        }
        Setting::Joined(parts) => parts.iter().try_for_each(|part| check_at(plan, part, computed, depth + 1)),
        Setting::Computed(index) => {
            ensure(usize::from(*index) < computed, || format!("there is no computed text {index}"))
        }
    }
}

/// How requests are authenticated.
pub(super) fn check_auth(plan: &Plan, auth: Option<&Auth>, computed: usize) -> Checked {
    match auth {
        Some(Auth::Bearer(key) | Auth::Key { key, .. }) => check_setting(plan, key, computed),
        Some(Auth::Basic { user, password }) => {
            check_setting(plan, user, computed)?;
            check_setting(plan, password, computed)
        }
        None => Ok(()),
    }
}

/// The form of an operation's requests.
pub(super) fn check_form(checker: &Checker<'_>, operation: &Operation) -> Checked {
    let (plan, form) = (checker.plan, &operation.form);
    let computed = form.computed.len();
    operation.headers.iter().try_for_each(|(_, setting)| check_setting(plan, setting, computed))?;
    check_auth(plan, form.auth.as_ref(), computed)?;
    form.computed.iter().try_for_each(|id| check_computed(checker, operation, *id))?;
    let keyed = matches!(operation.idempotency, Some(Idempotency::Header(_) | Idempotency::Field(_)));
    if let Some(key) = form.key {
        ensure(keyed && usize::from(key) < computed, || format!("there is no key {key}"))?;
    }
    ensure(!keyed || operation.class != EffectClass::Unsafe, || "it has a key and is unsafe".to_owned())?;
    if let Some(Idempotency::Field(path)) = &operation.idempotency {
        let body = operation.params.iter().any(|param| param.place == Place::Body);
        ensure(body && !path.is_empty(), || "its key has no place in the body".to_owned())?;
    }
    if let Some(Pages::Cursor { param, .. } | Pages::Offset { param, .. }) = &form.pages {
        ensure(usize::from(*param) < operation.params.len(), || format!("pages by parameter {param}"))?;
    }
    let is_link = |part: &PathPart| matches!(part, PathPart::Link(_));
    ensure(operation.path.len() == 1 || !operation.path.iter().any(is_link), || {
        "a link is not the whole path".to_owned()
    })
}

/// A pure function from all arguments to a text.
fn check_computed(checker: &Checker<'_>, operation: &Operation, id: FunctionId) -> Checked {
    let function = checker.plan.function(id).ok_or_else(|| format!("there is no function {id}"))?;
    let takes = function.params.iter().map(|param| {
        function.registers.iter().find(|register| register.slot == *param).map(|register| register.ty)
    });
    let fits = function.params.len() == operation.params.len()
        && takes
            .zip(&operation.params)
            .all(|(takes, param)| takes.is_some_and(|takes| checker.alike(takes, param.ty)));
    let gives_text = matches!(checker.open(function.result), Type::String | Type::Url);
    ensure(function.purity == Purity::Pure && fits && gives_text, || {
        format!("{id} computes no text from the arguments")
    })
}
