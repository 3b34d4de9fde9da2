//! The readable form of a plan: what a reviewer reads, and what snapshots keep.
//!
//! It says everything that is in the plan and takes places and names of locals from the debug section. The
//! form is stable: the same plan gives the same text.

mod code;
mod publishing;
mod tables;
mod words;

use std::fmt::Write;

use crate::{Debug, Plan};

/// The readable form: header, step graph, tables, disassembly.
pub fn text(plan: &Plan, debug: &Debug) -> String {
    let mut out = String::new();
    // Writing to a `String` cannot fail.
    let _ = write_all(&mut out, plan, debug);
    out
}

/// What a change of a workflow changes for those who rely on it: header, step graph, policies, errors and signals. It
/// has neither a hash nor instructions, which change with each version of the compiler.
pub fn summary(plan: &Plan) -> String {
    let mut out = String::new();
    // Writing to a `String` cannot fail.
    let _ = write_summary(&mut out, plan);
    out
}

fn write_summary(out: &mut String, plan: &Plan) -> std::fmt::Result {
    title(out, plan)?;
    header(out, plan)?;
    tables::steps(out, plan)?;
    tables::policies(out, plan)?;
    tables::errors(out, plan)?;
    tables::signals(out, plan)
}

fn title(out: &mut String, plan: &Plan) -> std::fmt::Result {
    writeln!(out, "workflow {} v{}", plan.workflow, plan.version)
}

fn write_all(out: &mut String, plan: &Plan, debug: &Debug) -> std::fmt::Result {
    title(out, plan)?;
    writeln!(out, "  hash        {}", plan.hash())?;
    header(out, plan)?;
    publishing::write(out, &debug.publishing)?;
    tables::steps(out, plan)?;
    tables::policies(out, plan)?;
    tables::apis(out, plan)?;
    tables::config(out, plan)?;
    tables::errors(out, plan)?;
    tables::signals(out, plan)?;
    tables::types(out, plan)?;
    code::functions(out, plan, debug)
}

fn header(out: &mut String, plan: &Plan) -> std::fmt::Result {
    writeln!(out, "  input       {}", words::type_words(plan, plan.input))?;
    writeln!(out, "  output      {}", words::type_words(plan, plan.output))?;
    let worst = &plan.worst;
    let time = worst.time_us.map_or_else(|| "unbounded time".to_owned(), words::duration);
    let calls = match worst.calls {
        Some(1) => "1 call".to_owned(),
        Some(calls) => format!("{calls} calls"),
        None => "unbounded calls".to_owned(),
    };
    let undo = worst.undo_us.map_or_else(|| "unbounded time".to_owned(), words::duration);
    // These depend on other executions.
    let waits = match (
        plan.apis.iter().any(|api| api.rate.is_some()) || plan.operations.iter().any(|op| op.rate.is_some()),
        plan.apis.iter().any(|api| api.concurrency.is_some())
            || plan.operations.iter().any(|op| op.concurrency.is_some()),
    ) {
        (false, false) => "",
        (true, false) => "; waits for a rate not counted",
        (false, true) => "; waits for calls under way not counted",
        (true, true) => "; waits for a rate and for calls under way not counted",
    };
    writeln!(out, "  worst case  {time}, {calls}; then {undo} to undo{waits}")?;
    let escapes = if plan.escapes.is_empty() { "never".to_owned() } else { plan.escapes.join(", ") };
    writeln!(out, "  fails with  {escapes}")?;
    if let Some(key) = plan.key {
        let again = if key.again { "; free again after a failure" } else { "" };
        writeln!(out, "  key         {} for {}{again}", key.value, words::duration(key.for_us))?;
    }
    if let Some(value) = plan.one_per {
        writeln!(out, "  one per     {value}")?;
    }
    Ok(())
}
