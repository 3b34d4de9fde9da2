//! The plan's tables: constants, errors, configuration, APIs, operations, policies, steps, the entry.

use super::types::known;
use super::{Checked, Checker, ensure, requests};
use crate::{
    Callee, Child, Constant, ErrorId, Fact, Function, FunctionId, InputForm, Literal, Operation, PathPart,
    Place, Plan, Purity, Reg, Response, RetryOn, Statuses, Step, Type, TypeId, Undo,
};

/// Bytes of a constant text: 8 MB, the limit of every text at run time.
const TEXT_BYTES_MAX: usize = 8 << 20;

pub(super) fn check(checker: &Checker<'_>) -> Checked {
    let plan = checker.plan;
    for (index, (ty, constant)) in plan.constants.iter().enumerate() {
        check_constant(checker, *ty, constant).map_err(|reason| format!("constant k{index}: {reason}"))?;
    }
    for error in &plan.errors {
        known(&plan.types, error.fields)?;
        ensure(matches!(plan.types.get(error.fields), Type::Record(_)), || {
            format!("the fields of error `{}` are no record", error.name)
        })?;
    }
    for entry in &plan.config {
        known(&plan.types, entry.ty)?;
        if let Some(check) = entry.check {
            ensure(entry.fact.is_none(), || format!("`{}` is not checked by code", entry.name))?;
            check_condition(checker, check, entry.ty)?;
        }
    }
    check_facts(plan)?;
    check_received(plan)?;
    check_conditions(checker)?;
    check_apis(plan)?;
    for (index, operation) in plan.operations.iter().enumerate() {
        check_operation(checker, operation).map_err(|reason| format!("operation o{index}: {reason}"))?;
    }
    for policy in &plan.policies {
        for on in &policy.on {
            if let RetryOn::Error(error) = on {
                check_error(plan, *error)?;
            }
        }
    }
    for (index, child) in plan.children.iter().enumerate() {
        check_child(plan, child).map_err(|reason| format!("child w{index}: {reason}"))?;
    }
    for (index, step) in plan.steps.iter().enumerate() {
        check_step(checker, step).map_err(|reason| format!("step s{index}: {reason}"))?;
    }
    check_entry(checker)
}

/// What stands for a fact of the execution is of the fact's type, and pinned.
fn check_facts(plan: &Plan) -> Checked {
    for entry in &plan.config {
        let fits = match (entry.fact, plan.types.get(entry.ty)) {
            (None, _)
            | (Some(Fact::Id | Fact::Key), Type::String)
            | (Some(Fact::Started), Type::Timestamp) => true,
            (Some(_), _) => false,
        };
        ensure(fits, || format!("`{}` is of another type than what it stands for", entry.name))?;
        let given = entry.fact.is_some() && (entry.secret || !entry.pinned || entry.default.is_some());
        ensure(!given, || format!("`{}` has a value beside the one that it stands for", entry.name))?;
    }
    Ok(())
}

/// Signals and reports are records; a signal's name is its own.
fn check_received(plan: &Plan) -> Checked {
    let mut names = std::collections::BTreeSet::new();
    for signal in &plan.signals {
        known(&plan.types, signal.ty)?;
        ensure(matches!(plan.types.get(signal.ty), Type::Record(_)), || {
            format!("what is sent with signal `{}` is no record", signal.name)
        })?;
        ensure(names.insert(signal.name.as_str()), || format!("two signals are named `{}`", signal.name))?;
    }
    if let Some(report) = plan.report {
        known(&plan.types, report)?;
        ensure(matches!(plan.types.get(report), Type::Record(_)), || "a report is no record".to_owned())?;
    }
    Ok(())
}

fn check_constant(checker: &Checker<'_>, ty: TypeId, constant: &Constant) -> Checked {
    known(&checker.plan.types, ty)?;
    let literal = match checker.open(ty) {
        Type::Literals(literals) => literals.values.first(),
        _ => None,
    };
    let fits = match (constant, checker.open(ty)) {
        (Constant::Slot(word), Type::Bool) => *word <= 1,
        (Constant::Slot(word), Type::Float) => f64::from_bits(*word).is_finite(),
        (Constant::Slot(word), Type::Null) => *word == 0,
        (Constant::Slot(_), Type::Int | Type::Duration | Type::Timestamp | Type::Date) => true,
        (Constant::Slot(_), Type::Literals(_)) => matches!(literal, Some(Literal::Int(_))),
        (Constant::Wide([low, _]), Type::Decimal) => low >> 16 & 0xff <= 28 && low & 0x7f00_ffff == 0,
        (Constant::Wide(_), Type::Uuid) => true,
        (Constant::Text(text), Type::String | Type::Url) => text.len() <= TEXT_BYTES_MAX,
        (Constant::Text(text), Type::Literals(_)) => {
            text.len() <= TEXT_BYTES_MAX && matches!(literal, Some(Literal::String(_)))
        }
        (Constant::Bytes(bytes), Type::Bytes) => bytes.len() <= TEXT_BYTES_MAX,
        _ => false,
    };
    let bool_literal = matches!((constant, literal), (Constant::Slot(0 | 1), Some(Literal::Bool(_))));
    ensure(fits || bool_literal, || format!("it is no value of {ty}"))
}

/// A pure function from a value of the type, or of what it is the optional of, to bool.
fn check_condition(checker: &Checker<'_>, id: FunctionId, ty: TypeId) -> Checked {
    let function = checker.plan.function(id).ok_or_else(|| format!("there is no function {id}"))?;
    let takes = match function.params.as_slice() {
        [param] => {
            function.registers.iter().find(|register| register.slot == *param).map(|register| register.ty)
        }
        _ => None,
    };
    let fits = takes.is_some_and(|takes| {
        checker.alike(takes, ty) || checker.inner(ty).is_some_and(|inner| checker.alike(takes, inner))
    });
    ensure(
        function.purity == Purity::Pure && fits && matches!(checker.open(function.result), Type::Bool),
        || format!("{id} is no condition on {ty}"),
    )
}

fn check_conditions(checker: &Checker<'_>) -> Checked {
    for (id, boundary) in &checker.plan.boundaries {
        if let Some(check) = boundary.check {
            check_condition(checker, check, *id)?;
        }
    }
    for ty in &checker.plan.types.0 {
        if let Type::Record(fields) = ty {
            for field in fields {
                if let Some(check) = field.check {
                    check_condition(checker, check, field.ty)?;
                }
            }
        }
    }
    Ok(())
}

fn check_error(plan: &Plan, id: ErrorId) -> Checked {
    ensure(plan.error(id).is_some(), || format!("there is no error {id}"))
}

fn check_apis(plan: &Plan) -> Checked {
    for api in &plan.apis {
        api.base.iter().try_for_each(|setting| requests::check_setting(plan, setting, 0))?;
        api.headers.iter().try_for_each(|(_, setting)| requests::check_setting(plan, setting, 0))?;
        requests::check_auth(plan, api.auth.as_ref(), 0)?;
    }
    Ok(())
}

fn check_operation(checker: &Checker<'_>, operation: &Operation) -> Checked {
    let plan = checker.plan;
    ensure(plan.api(operation.api).is_some(), || format!("there is no API {}", operation.api))?;
    requests::check_form(checker, operation)?;
    for param in &operation.params {
        known(&plan.types, param.ty)?;
        if let Some(check) = param.check {
            check_condition(checker, check, param.ty)?;
        }
    }
    let named = |index: usize| {
        let is_part = |part: &PathPart| matches!(part, PathPart::Param(of) | PathPart::Link(of) if usize::from(*of) == index);
        operation.path.iter().any(is_part)
    };
    for part in &operation.path {
        if let PathPart::Param(index) | PathPart::Link(index) = part {
            let param = operation.params.get(usize::from(*index));
            ensure(param.is_some_and(|param| param.place == Place::Path), || {
                format!("the path names parameter {index}, which is none of the path")
            })?;
        }
    }
    for (index, param) in operation.params.iter().enumerate() {
        ensure(param.place != Place::Path || named(index), || {
            format!("the path does not name `{}`", param.name)
        })?;
    }
    let bodies = operation.params.iter().filter(|param| param.place == Place::Body).count();
    ensure(bodies <= 1, || "more than one body".to_owned())?;
    check_response(checker, operation)?;
    for (status, error) in &operation.raises {
        check_error(plan, *error)?;
        let success = matches!(status, Statuses::One(200..300) | Statuses::Class(2));
        ensure(!success, || format!("{status} is a success, and raises an error"))?;
    }
    operation.confirm.map_or(Ok(()), |function| check_confirm(checker, operation, function))
}

/// What settles an unknown outcome takes the arguments of the call, and gives its result or null.
fn check_confirm(checker: &Checker<'_>, operation: &Operation, id: FunctionId) -> Checked {
    let function = checker.plan.function(id).ok_or_else(|| format!("there is no function {id}"))?;
    ensure(function.purity == Purity::Flow, || format!("{id} is pure, and confirms nothing"))?;
    let takes = param_types(function);
    let fits = takes.len() == operation.params.len()
        && takes
            .iter()
            .zip(&operation.params)
            .all(|(takes, param)| takes.is_some_and(|takes| checker.alike(takes, param.ty)));
    ensure(fits, || format!("{id} does not take the arguments of `{}`", operation.name))?;
    let gives = match operation.response.ty() {
        None => matches!(checker.open(function.result), Type::Bool),
        Some(due) if matches!(checker.open(due), Type::Optional(_) | Type::Json) => {
            checker.alike(function.result, due)
        }
        Some(due) => {
            matches!(checker.open(function.result), Type::Optional(inner) if checker.alike(*inner, due))
        }
    };
    ensure(gives, || format!("{id} does not give the result of `{}`", operation.name))
}

fn check_response(checker: &Checker<'_>, operation: &Operation) -> Checked {
    let types = &checker.plan.types;
    let by_status = matches!(operation.response, Response::ByStatus(_));
    ensure(by_status || operation.statuses.is_empty(), || {
        "statuses are declared, and the response is not by status".to_owned()
    })?;
    let links = operation.params.iter().filter(|param| param.place == Place::Next);
    let texts =
        |ty: TypeId| matches!(types.get(ty), Type::Optional(inner) if *types.get(*inner) == Type::String);
    let pages = usize::from(matches!(operation.response, Response::Page(_)));
    ensure(links.clone().count() == pages && links.clone().all(|param| texts(param.ty)), || {
        "what leads to the next page has no place, or is no text".to_owned()
    })?;
    let Some(ty) = operation.response.ty() else { return Ok(()) };
    known(types, ty)?;
    let nullable = matches!(checker.open(ty), Type::Optional(_) | Type::Json);
    ensure(operation.absent.is_empty() || nullable, || {
        "statuses count as absent, and the response has no null".to_owned()
    })?;
    match operation.response {
        Response::Ignored | Response::Body(_) => Ok(()),
        Response::Whole(ty) => {
            let fields = types.record_fields(ty).unwrap_or_default();
            let fits = match fields {
                [body, headers, status] => {
                    let texts = matches!(types.get(headers.ty), Type::Map(value) if *types.get(*value) == Type::String);
                    (body.name.as_str(), headers.name.as_str(), status.name.as_str())
                        == ("body", "headers", "status")
                        && texts
                        && *types.get(status.ty) == Type::Int
                }
                _ => false,
            };
            ensure(fits, || format!("{ty} is no record of `body`, `headers` and `status`"))
        }
        Response::Page(ty) => {
            let fits = match types.record_fields(ty).unwrap_or_default() {
                [body, next] => {
                    (body.name.as_str(), next.name.as_str()) == ("body", "next") && texts(next.ty)
                }
                _ => false,
            };
            ensure(fits, || format!("{ty} is no record of `body` and `next`"))
        }
        Response::ByStatus(ty) => {
            let Type::Tagged { cases, .. } = types.get(ty) else {
                return Err(format!("{ty} is no union of statuses"));
            };
            let mut statuses = Vec::new();
            for case in cases {
                statuses.push(status_of(&case.wire).ok_or_else(|| format!("`{}` is no status", case.name))?);
                let fits = types
                    .record_fields(case.fields)
                    .is_some_and(|fields| matches!(fields, [body] if body.name == "body"))
                    && matches!(types.get(case.fields), Type::Record(_));
                ensure(fits, || format!("the case `{}` is no record of `body`", case.name))?;
            }
            ensure(statuses == operation.statuses, || "the statuses are not those of the response".to_owned())
        }
    }
}

/// The statuses that the tag of a case stands for: `201`, `"4xx"`.
fn status_of(tag: &Literal) -> Option<Statuses> {
    match tag {
        Literal::Int(status) => u16::try_from(*status).ok().map(Statuses::One),
        Literal::String(text) => match text.strip_suffix("xx")?.parse().ok()? {
            class @ 1..=5 => Some(Statuses::Class(class)),
            _ => None,
        },
        Literal::Bool(_) => None,
    }
}

fn check_child(plan: &Plan, child: &Child) -> Checked {
    known(&plan.types, child.input)?;
    known(&plan.types, child.output)?;
    ensure(matches!(plan.types.get(child.input), Type::Record(_)), || "its input is no record".to_owned())?;
    ensure(child.errors.is_sorted_by(|(one, _), (next, _)| one < next), || {
        "its errors are not in order".to_owned()
    })?;
    child.errors.iter().try_for_each(|(_, error)| check_error(plan, *error))
}

/// What tells executions apart: pure functions over the entry's arguments that give a text.
fn check_identity(checker: &Checker<'_>, entry: &Function) -> Checked {
    let plan = checker.plan;
    let values = plan.key.iter().map(|key| key.value).chain(plan.one_per);
    for id in values {
        let function = plan.function(id).ok_or_else(|| format!("there is no function {id}"))?;
        ensure(function.purity == Purity::Pure, || format!("{id} is not pure"))?;
        ensure(matches!(checker.open(function.result), Type::String), || format!("{id} gives no text"))?;
        let (takes, due) = (param_types(function), param_types(entry));
        let fits = takes.len() == due.len()
            && takes
                .iter()
                .zip(&due)
                .all(|(takes, due)| takes.zip(*due).is_some_and(|(takes, due)| checker.alike(takes, due)));
        ensure(fits, || format!("{id} does not take the input"))?;
    }
    Ok(())
}

/// The types of a function's parameters.
fn param_types(function: &Function) -> Vec<Option<TypeId>> {
    let of = |param: &Reg| function.registers.iter().find(|register| register.slot == *param);
    function.params.iter().map(|param| of(param).map(|register| register.ty)).collect()
}

fn check_step(checker: &Checker<'_>, step: &Step) -> Checked {
    let plan = checker.plan;
    match step.callee {
        Callee::Operation { operation, retry, .. } => {
            ensure(plan.operation(operation).is_some(), || format!("there is no operation {operation}"))?;
            if let Some(policy) = retry {
                ensure(plan.policy(policy).is_some(), || format!("there is no policy {policy}"))?;
            }
        }
        Callee::Child { child, .. } => {
            ensure(plan.child(child).is_some(), || format!("there is no child {child}"))?;
        }
    }
    if let Undo::Function { function, uses_cause, .. } = step.undo {
        let code = plan.function(function).ok_or_else(|| format!("there is no function {function}"))?;
        ensure(code.purity == Purity::Flow, || format!("{function} is pure, and undoes nothing"))?;
        let last = code.params.last().and_then(|param| {
            code.registers.iter().find(|register| register.slot == *param).map(|register| register.ty)
        });
        let is_error = last.is_some_and(|ty| matches!(checker.open(ty), Type::Error));
        ensure(!uses_cause || is_error, || format!("{function} does not take the cause"))?;
    }
    Ok(())
}

fn check_entry(checker: &Checker<'_>) -> Checked {
    let plan = checker.plan;
    known(&plan.types, plan.input)?;
    known(&plan.types, plan.output)?;
    let entry = plan.function(plan.entry).ok_or_else(|| format!("there is no function {}", plan.entry))?;
    ensure(entry.purity == Purity::Flow, || "the entry is pure".to_owned())?;
    ensure(checker.alike(entry.result, plan.output), || "the entry does not return the output".to_owned())?;
    let Type::Record(fields) = plan.types.get(plan.input) else {
        return Err("the input is no record".to_owned());
    };
    let due: Vec<TypeId> = match plan.input_form {
        InputForm::Sole => vec![plan.input],
        InputForm::ByName => fields.iter().map(|field| field.ty).collect(),
    };
    let takes = param_types(entry);
    let fits = takes.len() == due.len()
        && takes
            .into_iter()
            .zip(due)
            .all(|(takes, due)| takes.is_some_and(|takes| checker.alike(takes, due)));
    ensure(fits, || "the entry does not take the input".to_owned())?;
    check_identity(checker, entry)
}
