//! The rule of the instructions that run branches: what the branches take and give, and what comes of it.

use super::functions::Body;
use super::rules::Extra;
use super::{Checked, ensure};
use crate::{Branch, Group, GroupId, GroupMode, Op, Purity, Reg, Type, TypeId};

/// `fork`: a record of results or outcomes, or the result of the first that succeeds.
pub(super) fn fork(body: &Body<'_>, dst: Reg, id: GroupId) -> Checked {
    let group = group(body, id)?;
    for branch in &group.branches {
        body.arguments(branch.function, body.list(branch.captures)?, &[])?;
    }
    match group.mode {
        GroupMode::All | GroupMode::Settled => record(body, group, dst),
        GroupMode::Shielded => {
            let alone =
                group.branches.len() == 1 && group.branches.iter().all(|branch| branch.field.is_none());
            ensure(alone, || "a shielded group has one branch, whose result is not used".to_owned())?;
            for branch in &group.branches {
                body.callee(branch.function, Purity::Flow)?;
            }
            record(body, group, dst)
        }
        GroupMode::First => first(body, group, dst),
        GroupMode::Some => Err("the branches of a `fork` race without a number of successes".to_owned()),
    }
}

/// `fork_some`: a list of results.
pub(super) fn fork_some(body: &Body<'_>, dst: Reg, id: GroupId) -> Checked {
    let group = group(body, id)?;
    ensure(group.mode == GroupMode::Some, || "the mode of the group is another".to_owned())?;
    let item = body.item(body.ty(dst)?)?;
    for branch in &group.branches {
        body.arguments(branch.function, body.list(branch.captures)?, &[])?;
        gives(body, branch, item)?;
    }
    Ok(())
}

/// `fork_each`: one branch over the items of a list. Null takes the place of results that nobody reads.
pub(super) fn fork_each(body: &Body<'_>, dst: Reg, id: GroupId, items: Reg) -> Checked {
    let group = group(body, id)?;
    ensure(matches!(group.mode, GroupMode::All | GroupMode::Some), || {
        "the mode of the group is another".to_owned()
    })?;
    let [branch] = group.branches.as_slice() else { return Err("not one branch for the items".to_owned()) };
    let item = body.item(body.ty(items)?)?;
    body.arguments(branch.function, body.list(branch.captures)?, &[Extra::Result(item)])?;
    let ty = body.ty(dst)?;
    match body.checker.open(ty) {
        Type::Null => Ok(()),
        Type::List(item) => gives(body, branch, *item),
        _ => Err(format!("{ty} is no list of results")),
    }
}

fn group<'a>(body: &'a Body<'_>, id: GroupId) -> Checked<&'a Group> {
    let group = body.function.groups.get(id.index()).ok_or_else(|| format!("there is no {id}"))?;
    for branch in &group.branches {
        body.callee(branch.function, Purity::Flow)?;
    }
    Ok(group)
}

/// Whether a branch gives a value of the type.
fn gives(body: &Body<'_>, branch: &Branch, ty: TypeId) -> Checked {
    let result = body.callee(branch.function, Purity::Flow)?.result;
    ensure(body.checker.alike(ty, result), || format!("{} does not give {ty}", branch.function))
}

/// A record that holds the results of its branches, or `Ok` or `Err` for each.
fn record(body: &Body<'_>, group: &Group, dst: Reg) -> Checked {
    let ty = body.ty(dst)?;
    let fields = match body.checker.open(ty) {
        Type::Record(fields) => fields.as_slice(),
        Type::Null => &[],
        _ => return Err(format!("{ty} is no record of results")),
    };
    let mut covered = vec![false; fields.len()];
    for branch in &group.branches {
        let Some(index) = branch.field.map(usize::from) else { continue };
        match (fields.get(index), covered.get_mut(index)) {
            (Some(field), Some(covered @ false)) => {
                *covered = true;
                match group.mode {
                    GroupMode::Settled => outcome(body, branch, field.ty)?,
                    _ => gives(body, branch, field.ty)
                        .map_err(|reason| format!("{reason}, field `{}`", field.name))?,
                }
            }
            _ => return Err(format!("field {index} of the results is given twice, or is none")),
        }
    }
    ensure(covered.iter().all(|covered| *covered), || "a field of the results is not given".to_owned())
}

/// The two cases of what came of a branch: its value, or its error.
fn outcome(body: &Body<'_>, branch: &Branch, ty: TypeId) -> Checked {
    gives(body, branch, held(body, ty, 0)?)?;
    let error = held(body, ty, 1)?;
    ensure(matches!(body.checker.open(error), Type::Error), || format!("{error} is no error"))?;
    ensure(held(body, ty, 2).is_err(), || format!("{ty} has more than two cases"))
}

/// A case for each branch that can succeed.
fn first(body: &Body<'_>, group: &Group, dst: Reg) -> Checked {
    ensure(!group.branches.is_empty(), || "a race of no branches".to_owned())?;
    let ty = body.ty(dst)?;
    for branch in &group.branches {
        match branch.field {
            Some(case) => gives(body, branch, held(body, ty, usize::from(case))?)?,
            None => {
                let code = &body.callee(branch.function, Purity::Flow)?.code;
                ensure(!code.iter().any(|op| matches!(op, Op::Return { .. })), || {
                    format!("{} may succeed, and has no case", branch.function)
                })?;
            }
        }
    }
    Ok(())
}

/// The type of the one value that a case of a union holds.
fn held(body: &Body<'_>, ty: TypeId, case: usize) -> Checked<TypeId> {
    let Type::Tagged { cases, .. } = body.checker.open(ty) else { return Err(format!("{ty} is no union")) };
    let case = cases.get(case).ok_or_else(|| format!("{ty} has no case {case}"))?;
    match body.checker.open(case.fields) {
        Type::Record(fields) => match fields.as_slice() {
            [field] => Ok(field.ty),
            _ => Err(format!("case `{}` of {ty} does not hold one value", case.name)),
        },
        _ => Err(format!("case `{}` of {ty} is no record", case.name)),
    }
}
