//! Defaults of the configuration, held against their types and conditions: these are code, which the machine runs.

use flow_diagnostics::{Diagnostic, codes};
use flow_driver::{Compilation, DeclaredConfig};
use flow_plan::Config;
use flow_vm::Program;

/// Reports each default that will not do. Where there is one, nothing runs.
pub(crate) fn check(compilation: &mut Compilation) {
    let mut found: Vec<Diagnostic> = Vec::new();
    for workflow in &compilation.workflows {
        let entries = workflow.plan.config.iter().filter(|entry| entry.default.is_some());
        // Of an entry that several workflows read, once is enough.
        let mut entries = entries
            .filter_map(|entry| Some((entry, declared(compilation, entry)?)))
            .filter(|(_, declared)| !found.iter().any(|known| Some(known.primary.span) == declared.default))
            .peekable();
        if entries.peek().is_none() {
            continue;
        }
        // Plans that may not run are another matter, which running them tells.
        let Ok(program) = crate::program::Program::link(compilation, workflow, &|_| {}) else { continue };
        let faults: Vec<Diagnostic> =
            entries.filter_map(|(entry, declared)| fault(&program, entry, declared)).collect();
        found.extend(faults);
    }
    if found.is_empty() {
        return;
    }
    compilation.diagnostics.extend(found);
    flow_diagnostics::sort(&mut compilation.diagnostics);
    compilation.workflows.clear();
    compilation.tests.clear();
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
