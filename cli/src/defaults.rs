//! Defaults of the configuration, held against their types and conditions: these are code, which the machine runs.

use std::collections::BTreeSet;

use flow_diagnostics::{Diagnostic, codes};
use flow_driver::{Compilation, DeclaredConfig};
use flow_plan::{Config, Plan, Type};
use flow_vm::Program;

/// Reports each default that will not do. Where there is one, nothing runs.
pub(crate) fn check(compilation: &mut Compilation) {
    let mut found: Vec<Diagnostic> = Vec::new();
    // An entry that several workflows read is looked at once.
    let mut known: BTreeSet<&str> = BTreeSet::new();
    for workflow in &compilation.workflows {
        let plan = &workflow.plan;
        let entries =
            plan.config.iter().filter(|entry| entry.default.is_some() && is_conditional(plan, entry));
        let entries: Vec<&Config> = entries.filter(|entry| known.insert(&entry.name)).collect();
        if entries.is_empty() {
            continue;
        }
        // Plans that may not run are another matter, which running them tells.
        let Ok(program) = crate::program::Program::link(compilation, workflow, &|_| {}) else { continue };
        found.extend(
            entries.into_iter().filter_map(|entry| fault(&program, entry, declared(compilation, entry)?)),
        );
    }
    if found.is_empty() {
        return;
    }
    compilation.diagnostics.extend(found);
    flow_diagnostics::sort(&mut compilation.diagnostics);
    compilation.workflows.clear();
    compilation.tests.clear();
}

/// Whether a value of an entry may be of its type, and not do all the same.
fn is_conditional(plan: &Plan, entry: &Config) -> bool {
    let mut seen = BTreeSet::new();
    let mut next = vec![entry.ty];
    while let Some(ty) = next.pop() {
        if !seen.insert(ty) {
            continue;
        }
        if plan.boundary(ty).is_some_and(|boundary| boundary.check.is_some()) {
            return true;
        }
        match plan.types.get(ty) {
            Type::Record(fields) if fields.iter().any(|field| field.check.is_some()) => return true,
            Type::Record(fields) => next.extend(fields.iter().map(|field| field.ty)),
            Type::Tagged { cases, .. } => next.extend(cases.iter().map(|case| case.fields)),
            Type::Optional(inner) | Type::List(inner) | Type::Map(inner) | Type::Secret(inner) => {
                next.push(*inner);
            }
            _ => {}
        }
    }
    entry.check.is_some()
}

fn declared<'c>(compilation: &'c Compilation, entry: &Config) -> Option<&'c DeclaredConfig> {
    compilation.config.iter().find(|declared| declared.name == entry.name)
}

fn fault(program: &Program, entry: &Config, declared: &DeclaredConfig) -> Option<Diagnostic> {
    let (default, span) = (entry.default.as_deref()?, declared.default?);
    let name = &entry.name;
    let diagnostic = |message: String| {
        let diagnostic = Diagnostic::new(&codes::F0329, span, message).help(
            "give a default that fulfils it, or leave the default out: then the value comes from outside",
        );
        match declared.condition {
            Some(condition) => diagnostic.also(condition, "the condition"),
            None => diagnostic,
        }
    };
    if let Err(error) = program.check_value(entry.ty, default.as_bytes()) {
        return Some(diagnostic(format!("the default of config `{name}` does not fit: {error}")));
    }
    match program.evaluate(entry.check?, &[default.as_bytes().to_vec()]) {
        Ok(held) if held == b"true" => None,
        Ok(_) => Some(diagnostic(format!("the default of config `{name}` breaks its condition"))),
        Err(raised) => Some(diagnostic(format!(
            "the condition of config `{name}` fails for its default: {}",
            raised.message
        ))),
    }
}
