//! One function: its registers and tables, then its code.

use std::collections::BTreeSet;

use super::blocks::Blocks;
use super::liveness::needed_across_waits;
use super::set::RegisterSet;
use super::{Checked, Checker, VerifyError, dataflow, ensure, loops, operands, rules};
use crate::{Catch, Function, FunctionId, Handler, Op, Purity, Reg, Target, Type, TypeId};

/// Instructions of one function.
pub const CODE_MAX: usize = 65_536;

/// Instructions times slots of one function: what analyses of it may take, in bits.
pub const STATES_MAX: usize = 1 << 28;

/// A function whose registers are well formed.
pub(super) struct Body<'a> {
    pub(super) checker: &'a Checker<'a>,
    pub(super) function: &'a Function,
    /// The type of the register that begins at a slot.
    types_at: Vec<Option<TypeId>>,
}

impl<'a> Body<'a> {
    fn new(checker: &'a Checker<'a>, function: &'a Function) -> Self {
        let mut types_at = Vec::new();
        for register in &function.registers {
            types_at.resize(register.slot.index(), None);
            types_at.push(Some(register.ty));
        }
        Self { checker, function, types_at }
    }

    /// The type of a register.
    pub(super) fn ty(&self, reg: Reg) -> Checked<TypeId> {
        self.types_at
            .get(reg.index())
            .copied()
            .flatten()
            .ok_or_else(|| format!("no register begins at slot {}", reg.0))
    }
}

/// Registers without gaps, whose types are known; parameters and result.
pub(super) fn check_shape(checker: &Checker<'_>, function: &Function) -> Checked {
    let types = &checker.plan.types;
    super::types::known(types, function.result)?;
    let mut next = 0_u32;
    for register in &function.registers {
        super::types::known(types, register.ty)?;
        ensure(u32::from(register.slot.0) == next, || {
            format!("the register at slot {} is due at slot {next}", register.slot.0)
        })?;
        next += u32::from(checker.width(register.ty));
        ensure(next <= u32::from(u16::MAX), || "more than 65,535 slots".to_owned())?;
    }
    let states = function.code.len().saturating_mul(next as usize);
    ensure((1..=CODE_MAX).contains(&function.code.len()), || format!("not 1 to {CODE_MAX} instructions"))?;
    ensure(states <= STATES_MAX, || "more instructions and registers than can be checked".to_owned())?;
    let slots: BTreeSet<Reg> = function.registers.iter().map(|register| register.slot).collect();
    let mut params = BTreeSet::new();
    for param in &function.params {
        ensure(slots.contains(param), || format!("no register begins at slot {}", param.0))?;
        ensure(params.insert(*param), || format!("two parameters share slot {}", param.0))?;
    }
    for list in &function.lists {
        for reg in list {
            ensure(slots.contains(reg), || format!("no register begins at slot {}", reg.0))?;
        }
    }
    Ok(())
}

/// Everything about the code.
pub(super) fn check_code(
    checker: &Checker<'_>,
    id: FunctionId,
    function: &Function,
) -> Result<(), VerifyError> {
    let whole = |reason: String| VerifyError { function: Some(id), at: None, reason };
    let at = |index: usize, reason: String| VerifyError {
        function: Some(id),
        at: function
            .code
            .get(index)
            .map(|op| (Target(u32::try_from(index).unwrap_or(u32::MAX)), op.mnemonic())),
        reason,
    };
    let body = Body::new(checker, function);
    for (index, op) in function.code.iter().enumerate() {
        operands::check(&body, op).map_err(|reason| at(index, reason))?;
        rules::check(&body, op).map_err(|reason| at(index, reason))?;
        let allowed = function.purity == Purity::Flow || !op.is_effect();
        ensure(allowed, || "an effect in a pure function".to_owned()).map_err(|reason| at(index, reason))?;
    }
    let last = function.code.len().saturating_sub(1);
    ensure(function.code.last().is_some_and(Op::diverges), || "the code runs out".to_owned())
        .map_err(|reason| at(last, reason))?;
    for handler in &function.handlers {
        check_handler(&body, handler).map_err(whole)?;
    }
    check_live_order(&body).map_err(whole)?;
    let blocks = Blocks::new(function);
    let depths = dataflow::check(&blocks).map_err(|(index, reason)| at(index, reason))?;
    check_live(&blocks).map_err(|(index, reason)| at(index, reason))?;
    if function.purity == Purity::Flow {
        loops::check(&blocks, &depths).map_err(|(index, reason)| at(index, reason))?;
    }
    Ok(())
}

fn check_handler(body: &Body<'_>, handler: &Handler) -> Checked {
    let code = body.function.code.len();
    ensure(body.function.purity == Purity::Flow, || "a handler in a pure function".to_owned())?;
    let within =
        handler.start < handler.end && handler.end.0 as usize <= code && (handler.target.0 as usize) < code;
    ensure(within, || "a handler lies outside of the code".to_owned())?;
    ensure(matches!(body.checker.open(body.ty(handler.error)?), Type::Error), || {
        "a handler receives its error in a register of another type".to_owned()
    })?;
    match handler.catches {
        Catch::Error(error) => {
            ensure(body.checker.plan.error(error).is_some(), || format!("there is no error {error}"))
        }
        _ => Ok(()),
    }
}

/// One live table for each waiting instruction, in order, with registers in order.
fn check_live_order(body: &Body<'_>) -> Checked {
    let waits = body.function.code.iter().enumerate().filter(|(_, op)| op.waits());
    let places: Vec<usize> = waits.map(|(index, _)| index).collect();
    let tables: Vec<usize> = body.function.live.iter().map(|live| live.at.0 as usize).collect();
    ensure(places == tables, || "the live tables are not those of the waiting instructions".to_owned())?;
    for live in &body.function.live {
        let ordered = live.registers.iter().zip(live.registers.iter().skip(1)).all(|(a, b)| a < b);
        ensure(ordered, || format!("the live table at {} is not in order", live.at.0))?;
        live.registers.iter().try_for_each(|reg| body.ty(*reg).map(|_| ()))?;
    }
    Ok(())
}

/// Each live table holds what is needed after its wait.
fn check_live(blocks: &Blocks<'_>) -> Result<(), (usize, String)> {
    let function = blocks.function;
    let mut found: Option<(usize, Reg)> = None;
    let mut missing = RegisterSet::default();
    needed_across_waits(blocks, |at, needed| {
        missing.set(needed);
        if let Ok(table) = function.live.binary_search_by_key(&at, |live| live.at.0 as usize) {
            let listed = function.live.get(table).into_iter().flat_map(|live| &live.registers);
            listed.for_each(|reg| missing.remove(*reg));
        }
        if let Some(reg) = missing.first()
            && found.is_none_or(|(before, _)| at < before)
        {
            found = Some((at, reg));
        }
    });
    found.map_or(Ok(()), |(at, reg)| {
        Err((at, format!("slot {} is needed after the wait, and not in the live table", reg.0)))
    })
}
