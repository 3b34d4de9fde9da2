//! Operands in general: ids that exist, registers of the kind that the table of instructions asks for.

use super::functions::Body;
use super::{Checked, ensure};
use crate::op::{Kind, Operand};
use crate::{Literal, Op, Purity, Type};

pub(super) fn check(body: &Body<'_>, op: &Op) -> Checked {
    let mut answer = Ok(());
    op.operands(|name, operand| {
        if answer.is_ok() {
            answer = check_operand(body, operand).map_err(|reason| format!("`{name}`: {reason}"));
        }
    });
    answer
}

fn check_operand(body: &Body<'_>, operand: Operand) -> Checked {
    let plan = body.checker.plan;
    let known = |known: bool, what: &dyn std::fmt::Display| ensure(known, || format!("there is no {what}"));
    match operand {
        Operand::Write(reg, kind) | Operand::Read(reg, kind) => {
            let ty = body.ty(reg)?;
            ensure(fits(body.checker.open(ty), kind), || format!("{ty} is not of kind {kind:?}"))
        }
        Operand::List(list) => known(body.function.lists.get(list.index()).is_some(), &list),
        Operand::Target(to) => ensure((to.0 as usize) < body.function.code.len(), || {
            format!("instruction {} is outside of the code", to.0)
        }),
        Operand::Constant(id) => known(plan.constant(id).is_some(), &id),
        Operand::Type(id) => super::types::known(&plan.types, id),
        Operand::Function(id) => known(plan.function(id).is_some(), &id),
        Operand::Step(id) => known(plan.step(id).is_some(), &id),
        Operand::Group(id) => {
            let group = body.function.groups.get(id.index());
            known(group.is_some(), &id)?;
            for branch in group.into_iter().flat_map(|group| &group.branches) {
                let function = plan.function(branch.function);
                known(function.is_some(), &branch.function)?;
                ensure(function.is_some_and(|function| function.purity == Purity::Flow), || {
                    format!("{} is pure, and no branch", branch.function)
                })?;
                known(body.function.lists.get(branch.captures.index()).is_some(), &branch.captures)?;
            }
            Ok(())
        }
        Operand::Error(id) => known(plan.error(id).is_some(), &id),
        Operand::Config(id) => known(plan.config_entry(id).is_some(), &id),
        Operand::Signal(id) => known(plan.signal(id).is_some(), &id),
        Operand::Number(_) | Operand::Builtin(_) => Ok(()),
    }
}

/// Whether a type, without a secret's guard, is of a kind.
fn fits(ty: &Type, kind: Kind) -> bool {
    let literal = match ty {
        Type::Literals(literals) => literals.values.first(),
        _ => None,
    };
    let whole = matches!(ty, Type::Int) || matches!(literal, Some(Literal::Int(_)));
    let truth = matches!(ty, Type::Bool) || matches!(literal, Some(Literal::Bool(_)));
    match kind {
        Kind::Any => true,
        Kind::Bool => truth,
        Kind::Whole => whole || matches!(ty, Type::Duration | Type::Timestamp),
        Kind::Order => whole || truth || matches!(ty, Type::Duration | Type::Timestamp | Type::Date),
        Kind::Int => whole,
        Kind::Float => matches!(ty, Type::Float),
        Kind::Decimal => matches!(ty, Type::Decimal),
        Kind::Text => matches!(ty, Type::String | Type::Url) || matches!(literal, Some(Literal::String(_))),
        Kind::Optional => matches!(ty, Type::Optional(_)),
        Kind::Record => matches!(ty, Type::Record(_)),
        Kind::Tagged => matches!(ty, Type::Tagged { .. }),
        Kind::List => matches!(ty, Type::List(_)),
        Kind::Map => matches!(ty, Type::Map(_)),
        Kind::Json => matches!(ty, Type::Json),
        Kind::Error => matches!(ty, Type::Error),
        Kind::Duration => matches!(ty, Type::Duration),
        Kind::Timestamp => matches!(ty, Type::Timestamp),
        Kind::Uuid => matches!(ty, Type::Uuid),
    }
}
