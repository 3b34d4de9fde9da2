//! The disassembly: each function with its registers, its instructions and the source lines they come from.

use std::fmt::{Result, Write};

use super::words::type_row;
use crate::op::Operand;
use crate::{
    Branch, Constant, ConstantId, Debug, Function, FunctionId, ListId, Plan, Purity, Reg, Target, Type,
};

/// Every function of the plan.
pub(super) fn functions(out: &mut String, plan: &Plan, debug: &Debug) -> Result {
    for (index, function) in plan.functions.iter().enumerate() {
        let id = FunctionId(u32::try_from(index).unwrap_or(u32::MAX));
        writeln!(out)?;
        self::function(out, plan, debug, id, function)?;
    }
    Ok(())
}

fn function(out: &mut String, plan: &Plan, debug: &Debug, id: FunctionId, function: &Function) -> Result {
    let names = debug.functions.get(id.index());
    let name = names.map_or_else(String::new, |names| format!(" {}", names.name));
    let kind = if function.purity == Purity::Pure { "fn" } else { "flow" };
    let params: Vec<String> = function.params.iter().map(|reg| register(*reg)).collect();
    writeln!(out, "{kind} {id}{name} ({}) -> {}", params.join(", "), function.result)?;
    for entry in &function.registers {
        let local = names.and_then(|names| names.locals.iter().find(|(slot, _)| *slot == entry.slot.0));
        let local = local.map_or_else(String::new, |(_, name)| format!("  {name}"));
        writeln!(out, "  {}: {}{local}", register(entry.slot), type_row(plan, entry.ty))?;
    }
    let mut line = None;
    for (index, op) in function.code.iter().enumerate() {
        let at = Target(u32::try_from(index).unwrap_or(u32::MAX));
        let place = debug.place(id, at);
        if place.is_some() && place != line {
            writeln!(out, "  ; {}", place.as_deref().unwrap_or_default())?;
            line = place;
        }
        let mut operands = Vec::new();
        op.operands(|name, value| operands.push(operand(plan, function, name, value)));
        write!(out, "  {index:>4}  {:<12} {}", op.mnemonic(), operands.join(", "))?;
        if let Some(live) = function.live.iter().find(|live| live.at == at) {
            let live: Vec<String> = live.registers.iter().map(|reg| register(*reg)).collect();
            write!(
                out,
                "  ; alive: {}",
                if live.is_empty() { "nothing".to_owned() } else { live.join(" ") }
            )?;
        }
        writeln!(out)?;
    }
    for handler in &function.handlers {
        writeln!(
            out,
            "  catch {:?} in {}..{} at {} with {}",
            handler.catches,
            handler.start.0,
            handler.end.0,
            handler.target.0,
            register(handler.error)
        )?;
    }
    Ok(())
}

fn register(reg: Reg) -> String {
    format!("r{}", reg.0)
}

fn operand(plan: &Plan, function: &Function, name: &str, operand: Operand) -> String {
    match operand {
        Operand::Write(reg, _) | Operand::Read(reg, _) => register(reg),
        Operand::List(id) => registers(function, id),
        Operand::Target(target) => format!("-> {}", target.0),
        Operand::Constant(id) => constant(plan, id),
        Operand::Type(id) => id.to_string(),
        Operand::Function(id) => id.to_string(),
        Operand::Step(id) => format!("{id} {}", plan.step_name(id)),
        Operand::Group(id) => {
            let Some(group) = function.groups.get(id.index()) else { return id.to_string() };
            let branches = group.branches.iter().map(|branch| self::branch(function, branch));
            let branches = branches.collect::<Vec<_>>().join(", ");
            match group.mode {
                crate::GroupMode::Shielded => format!("shielded {branches}"),
                _ => branches,
            }
        }
        Operand::Error(id) => plan.error(id).map_or_else(|| id.to_string(), |error| error.name.clone()),
        Operand::Config(id) => {
            plan.config_entry(id).map_or_else(|| id.to_string(), |entry| format!("config.{}", entry.name))
        }
        Operand::Signal(id) => {
            plan.signal(id).map_or_else(|| id.to_string(), |signal| format!("signal {}", signal.name))
        }
        Operand::Number(number) => format!("{name} {number}"),
        Operand::Builtin(builtin) => builtin.name().to_owned(),
    }
}

fn registers(function: &Function, id: ListId) -> String {
    let list = function.lists.get(id.index()).map_or(&[][..], Vec::as_slice);
    format!("({})", list.iter().map(|reg| register(*reg)).collect::<Vec<_>>().join(" "))
}

fn branch(function: &Function, branch: &Branch) -> String {
    format!("{}{}", branch.function, registers(function, branch.captures))
}

fn constant(plan: &Plan, id: ConstantId) -> String {
    let Some((ty, constant)) = plan.constant(id) else { return id.to_string() };
    match (plan.types.get(*ty), constant) {
        (_, Constant::Text(text)) => format!("{text:?}"),
        (_, Constant::Bytes(bytes)) => format!("{} bytes", bytes.len()),
        (Type::Bool, Constant::Slot(slot)) => (*slot != 0).to_string(),
        (Type::Float, Constant::Slot(slot)) => f64::from_bits(*slot).to_string(),
        (Type::Duration, Constant::Slot(slot)) => super::words::duration(*slot),
        (_, Constant::Slot(slot)) => slot.cast_signed().to_string(),
        (Type::Decimal, Constant::Wide([low, high])) => decimal(*low, *high),
        (_, Constant::Wide([high, low])) => format!("{high:016x}{low:016x}"),
    }
}

fn decimal(low: u64, high: u64) -> String {
    let mut bytes = [0; 16];
    let (first, second) = bytes.split_at_mut(8);
    first.copy_from_slice(&low.to_le_bytes());
    second.copy_from_slice(&high.to_le_bytes());
    rust_decimal::Decimal::deserialize(bytes).to_string()
}
