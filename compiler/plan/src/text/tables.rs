//! The tables of a plan in words: the step graph first, then what steps refer to.

use std::fmt::{Result, Write};

use super::words::{duration, setting, type_row};
use crate::{
    Auth, Backoff, Branch, Callee, EffectClass, Exhausted, FunctionId, GroupMode, Idempotency, KeyPlace, Op,
    Operation, Pages, PathPart, Plan, Policy, Response, RetryOn, StepId, Undo,
};

/// How deep branches are followed; the compiler nests less deeply than this.
const DEPTH_MAX: usize = 64;

/// The step graph: steps in the order of the code, branches indented.
pub(super) fn steps(out: &mut String, plan: &Plan) -> Result {
    writeln!(out, "\nsteps")?;
    if plan.steps.is_empty() {
        return writeln!(out, "  none: the workflow calls nothing");
    }
    follow(out, plan, plan.entry, 1)
}

fn follow(out: &mut String, plan: &Plan, function: FunctionId, depth: usize) -> Result {
    let Some(code) = plan.function(function) else { return Ok(()) };
    let indent = "  ".repeat(depth);
    // A `finally` stands at every way out: it is shown once.
    let mut shielded: Vec<FunctionId> = Vec::new();
    for op in &code.code {
        match op {
            Op::Call { step, .. } => self::step(out, plan, *step, depth)?,
            Op::Spawn { step, .. } => child(out, plan, *step, depth)?,
            Op::Sleep { .. } | Op::SleepUntil { .. } => writeln!(out, "{indent}sleep")?,
            Op::Receive { signal, .. } | Op::ReceiveIf { signal, .. } => {
                let name = plan.signal(*signal).map_or("?", |signal| &signal.name);
                writeln!(out, "{indent}receive {name}")?;
            }
            Op::ReceiveCallback { .. } => writeln!(out, "{indent}receive an answer")?,
            Op::Fork { group, .. } | Op::ForkSome { group, .. } | Op::ForkEach { group, .. }
                if depth < DEPTH_MAX =>
            {
                let Some(group) = code.groups.get(group.index()) else { continue };
                if group.mode == GroupMode::Shielded {
                    let known = |branch: &Branch| shielded.contains(&branch.function);
                    if group.branches.iter().all(known) {
                        continue;
                    }
                    shielded.extend(group.branches.iter().map(|branch| branch.function));
                }
                writeln!(out, "{indent}{}", super::words::fork(op, group.mode))?;
                for branch in &group.branches {
                    follow(out, plan, branch.function, depth + 1)?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn step(out: &mut String, plan: &Plan, id: StepId, depth: usize) -> Result {
    let (Some(step), Some(operation)) = (plan.step(id), plan.step_operation(id)) else { return Ok(()) };
    let Callee::Operation { timeout_us, retry, .. } = step.callee else { return Ok(()) };
    let indent = "  ".repeat(depth);
    let name = plan.step_name(id);
    writeln!(out, "{indent}{id} {name}  {} {}", operation.method.as_str(), path(operation))?;
    write!(out, "{indent}   {}; timeout {}", class(plan, operation), duration(timeout_us))?;
    if let Some(policy) = retry.and_then(|policy| plan.policy(policy)) {
        write!(out, "; retry {}", policy.name)?;
    }
    if step.undo != Undo::Undeclared || operation.class != EffectClass::Safe {
        undo(out, plan, step.undo)?;
    }
    if let Some(function) = operation.confirm {
        write!(out, "; confirm {}", called_words(plan, function))?;
    }
    for (status, error) in &operation.raises {
        let name = plan.error(*error).map_or("?", |error| &error.name);
        write!(out, "; {status} raises {name}")?;
    }
    writeln!(out)
}

/// A step that calls a workflow: the child's plan by its hash.
fn child(out: &mut String, plan: &Plan, id: StepId, depth: usize) -> Result {
    let (Some(step), Some((child, called, detached))) = (plan.step(id), plan.step_child(id)) else {
        return Ok(());
    };
    let indent = "  ".repeat(depth);
    let start = if detached { "start " } else { "" };
    writeln!(out, "{indent}{id} {start}{}  workflow v{}", plan.child_name(child), called.version)?;
    write!(out, "{indent}   plan {}", called.plan)?;
    if detached {
        write!(out, "; not waited for")?;
    } else {
        undo(out, plan, step.undo)?;
    }
    writeln!(out)
}

fn undo(out: &mut String, plan: &Plan, undo: Undo) -> Result {
    match undo {
        Undo::Undeclared => write!(out, "; no undo"),
        Undo::Nothing => write!(out, "; nothing to undo"),
        Undo::Irreversible => write!(out, "; cannot be undone"),
        Undo::Function { function, uses_result, .. } => {
            write!(out, "; undo {}", called_words(plan, function))?;
            if uses_result { write!(out, " (needs the result)") } else { Ok(()) }
        }
    }
}

/// What an undo or a confirmation calls, by name.
fn called_words(plan: &Plan, function: FunctionId) -> String {
    let calls: Vec<String> = plan
        .function(function)
        .into_iter()
        .flat_map(|function| &function.code)
        .filter_map(|op| {
            if let Op::Call { step, .. } | Op::Spawn { step, .. } = op {
                Some(plan.step_name(*step))
            } else {
                None
            }
        })
        .collect();
    if calls.is_empty() { function.to_string() } else { calls.join(", ") }
}

fn path(operation: &Operation) -> String {
    operation
        .path
        .iter()
        .map(|part| match part {
            PathPart::Text(text) => text.clone(),
            PathPart::Param(index) => {
                let name = operation.params.get(usize::from(*index)).map_or("?", |param| &param.name);
                format!("{{{name}}}")
            }
            PathPart::Link(index) => {
                let name = operation.params.get(usize::from(*index)).map_or("?", |param| &param.name);
                format!("{{+{name}}}")
            }
        })
        .collect()
}

fn class(plan: &Plan, operation: &Operation) -> String {
    match (operation.class, &operation.idempotency) {
        (EffectClass::Safe, _) => "safe".to_owned(),
        (EffectClass::Unsafe, _) => match operation.confirm {
            None => "unsafe: sent at most once".to_owned(),
            Some(function) => {
                let confirms = called_words(plan, function);
                format!("unsafe: sent again only after {confirms} says that it was not done")
            }
        },
        (EffectClass::Idempotent, Some(Idempotency::Natural)) => "idempotent by nature".to_owned(),
        (EffectClass::Idempotent, Some(Idempotency::Header(name))) => format!("idempotent by {name}"),
        (EffectClass::Idempotent, Some(Idempotency::Field(path))) => {
            format!("idempotent by field {}", path.join("."))
        }
        (EffectClass::Idempotent, None) => "idempotent".to_owned(),
    }
}

/// The retry policies.
pub(super) fn policies(out: &mut String, plan: &Plan) -> Result {
    if !plan.policies.is_empty() {
        writeln!(out, "\nretry policies")?;
    }
    for policy in &plan.policies {
        let attempts =
            policy.attempts.map_or_else(|| "unlimited".to_owned(), |attempts| attempts.to_string());
        write!(out, "  {}: {attempts} attempts; {}; on ", policy.name, backoff(policy))?;
        let on: Vec<String> = policy.on.iter().map(|on| retry_on(plan, on)).collect();
        write!(out, "{}", on.join(", "))?;
        if let Some(within) = policy.within_us {
            write!(out, "; within {}", duration(within))?;
        }
        if policy.exhausted == Exhausted::Pause {
            write!(out, "; then pause")?;
        }
        if !policy.respect_retry_after {
            write!(out, "; Retry-After ignored")?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn backoff(policy: &Policy) -> String {
    let up_to = |max: &Option<u64>| max.map_or_else(String::new, |max| format!(" up to {}", duration(max)));
    let spread = |jitter: bool| if jitter { ", full jitter" } else { "" };
    match &policy.backoff {
        Backoff::None => "no wait".to_owned(),
        Backoff::Fixed { delay_us } => format!("{} apart", duration(*delay_us)),
        Backoff::Exponential { initial_us, factor_milli, max_us, jitter } => format!(
            "exponential from {}, factor {}{}{}",
            duration(*initial_us),
            f64::from(*factor_milli) / 1000.0,
            up_to(max_us),
            spread(*jitter)
        ),
        Backoff::Linear { initial_us, step_us, max_us, jitter } => format!(
            "linear from {}, plus {}{}{}",
            duration(*initial_us),
            duration(*step_us),
            up_to(max_us),
            spread(*jitter)
        ),
    }
}

fn retry_on(plan: &Plan, on: &RetryOn) -> String {
    match on {
        RetryOn::Status(low, high) if low == high => low.to_string(),
        RetryOn::Status(low, high) => format!("{low}-{high}"),
        RetryOn::Timeout => "timeout".to_owned(),
        RetryOn::Connection => "connection".to_owned(),
        RetryOn::Decode => "decode".to_owned(),
        RetryOn::Error(id) => plan.error(*id).map_or_else(|| id.to_string(), |error| error.name.clone()),
    }
}

/// The APIs and the answers of their operations.
pub(super) fn apis(out: &mut String, plan: &Plan) -> Result {
    if !plan.apis.is_empty() {
        writeln!(out, "\napis")?;
    }
    for (index, api) in plan.apis.iter().enumerate() {
        let base: Vec<String> = api.base.iter().map(|base| setting(plan, base)).collect();
        write!(out, "  {} v{}  base {}", api.name, api.version, base.join(", "))?;
        if let Some(auth) = &api.auth {
            write!(out, "; {}", auth_words(plan, auth))?;
        }
        for (name, value) in &api.headers {
            write!(out, "; {name}: {}", setting(plan, value))?;
        }
        if let Some(rate) = api.rate {
            write!(out, "; at most {} per {}", rate.requests, duration(rate.per_us))?;
        }
        if let Some(most) = api.concurrency {
            write!(out, "; at most {most} at once")?;
        }
        writeln!(out)?;
        for operation in plan.operations.iter().filter(|operation| operation.api.index() == index) {
            let params: Vec<String> = operation
                .params
                .iter()
                .map(|param| format!("{}: {}", param.name, type_row(plan, param.ty)))
                .collect();
            let answer = match operation.response {
                Response::Ignored => String::new(),
                Response::Body(ty) | Response::ByStatus(ty) => format!(" -> {}", type_row(plan, ty)),
                Response::Page(ty) => format!(" -> page {}", type_row(plan, ty)),
                Response::Whole(ty) => format!(" -> response {}", type_row(plan, ty)),
            };
            let most =
                operation.concurrency.map_or_else(String::new, |most| format!("; at most {most} at once"));
            let form = form(plan, operation);
            writeln!(out, "    {}({}){answer}{form}{most}", operation.name, params.join(", "))?;
        }
    }
    Ok(())
}

/// What an operation's requests have beside their parameters.
fn form(plan: &Plan, operation: &Operation) -> String {
    let (mut words, form) = (Vec::new(), &operation.form);
    if let Some(auth) = &form.auth {
        words.push(auth_words(plan, auth));
    }
    words.extend(operation.headers.iter().map(|(name, value)| format!("{name}: {}", setting(plan, value))));
    words.extend(form.query.iter().map(|(name, value)| format!("?{name}={value}")));
    words.extend(form.accept.iter().map(|media| format!("accept {media}")));
    words.extend(form.content.iter().map(|media| format!("content {media}")));
    words.extend(form.key.iter().map(|key| format!("key computed {key}")));
    words.extend(form.connect_timeout_us.iter().map(|limit| format!("connect within {}", duration(*limit))));
    words.extend(form.pages.iter().map(|pages| pages_words(operation, pages)));
    for (index, function) in form.computed.iter().enumerate() {
        words.push(format!("computed {index} = {function}"));
    }
    words.into_iter().map(|word| format!("; {word}")).collect()
}

fn pages_words(operation: &Operation, pages: &Pages) -> String {
    let name = |index: u16| operation.params.get(usize::from(index)).map_or("?", |param| &param.name);
    match pages {
        Pages::Cursor { param, from, .. } => format!("pages by {} from {}", name(*param), from.join(".")),
        Pages::Offset { param, .. } => format!("pages by {}", name(*param)),
        Pages::Link => "pages by link".to_owned(),
    }
}

fn auth_words(plan: &Plan, auth: &Auth) -> String {
    match auth {
        Auth::Bearer(token) => format!("auth bearer {}", setting(plan, token)),
        Auth::Basic { user, .. } => format!("auth basic {}", setting(plan, user)),
        Auth::Key { place: KeyPlace::Header(name), .. } => format!("auth header {name}"),
        Auth::Key { place: KeyPlace::Query(name), .. } => format!("auth query {name}"),
    }
}

/// The configuration entries.
pub(super) fn config(out: &mut String, plan: &Plan) -> Result {
    if plan.config.iter().any(|entry| entry.fact.is_none()) {
        writeln!(out, "\nconfig")?;
    }
    for entry in plan.config.iter().filter(|entry| entry.fact.is_none()) {
        let secret = if entry.secret { "secret " } else { "" };
        write!(out, "  {}: {secret}{}", entry.name, type_row(plan, entry.ty))?;
        if let Some(default) = &entry.default {
            write!(out, " = {default}")?;
        }
        if let Some(check) = entry.check {
            write!(out, " where {check}")?;
        }
        writeln!(out, "{}", if entry.pinned { "  (pinned at the start)" } else { "" })?;
    }
    Ok(())
}

/// The declared errors.
pub(super) fn errors(out: &mut String, plan: &Plan) -> Result {
    if !plan.errors.is_empty() {
        writeln!(out, "\nerrors")?;
    }
    for error in &plan.errors {
        writeln!(out, "  {} {}", error.name, type_row(plan, error.fields))?;
    }
    Ok(())
}

/// The signals that are received, and what is reported.
pub(super) fn signals(out: &mut String, plan: &Plan) -> Result {
    if !plan.signals.is_empty() {
        writeln!(out, "\nsignals")?;
    }
    for signal in &plan.signals {
        let early = if signal.drops_early { "  (early ones are dropped)" } else { "" };
        writeln!(out, "  {} {}{early}", signal.name, type_row(plan, signal.ty))?;
    }
    if let Some(report) = plan.report {
        writeln!(out, "\nreports  {}", type_row(plan, report))?;
    }
    Ok(())
}

/// The type table.
pub(super) fn types(out: &mut String, plan: &Plan) -> Result {
    writeln!(out, "\ntypes")?;
    for index in 0..plan.types.0.len() {
        let id = crate::TypeId(u32::try_from(index).unwrap_or(u32::MAX));
        writeln!(out, "  {id} = {}", type_row(plan, id))?;
    }
    Ok(())
}
