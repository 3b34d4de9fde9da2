//! The phases in order: parse, lower, check, emit, verify.

use flow_diagnostics::{Diagnostic, codes};
use flow_hir::WorkflowId;
use flow_plan::{Debug, Plan};
use flow_source::{FileId, Sources, Span};

use crate::files::Loaded;
use crate::world::World;
use flow_emit::TestCase;

/// What compiling a program gave.
#[derive(Debug, Default)]
pub struct Compilation {
    /// The texts, the entry first.
    pub sources: Sources,
    /// Everything there is to say, in the order in which people read it.
    pub diagnostics: Vec<Diagnostic>,
    /// The workflows of the program; none where there are errors.
    pub workflows: Vec<CompiledWorkflow>,
    /// The tests of the entry; none where there are errors.
    pub tests: Vec<TestCase>,
}

/// A workflow and its plan.
#[derive(Clone, Debug)]
pub struct CompiledWorkflow {
    /// By which tests name it.
    pub id: WorkflowId,
    /// The name.
    pub name: String,
    /// The head of its declaration.
    pub head: Span,
    /// The verified plan.
    pub plan: Plan,
    /// Places and names for people.
    pub debug: Debug,
}

impl Compilation {
    /// Whether there are no errors.
    pub fn is_ok(&self) -> bool {
        !self.diagnostics.iter().any(Diagnostic::is_error)
    }
}

/// Compiles a program: an entry file and all that it imports.
pub fn compile(world: &dyn World, entry: &str) -> Compilation {
    let mut loaded = Loaded::new(world);
    let file = loaded.entry(entry);
    let (program, lowering) = flow_hir::lower(&mut loaded, file);
    let Loaded { sources, mut diagnostics, .. } = loaded;
    // What is nested too deeply is not read: nobody knows what is meant around it.
    let unread: Vec<FileId> = diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.code == codes::F0104.id)
        .map(|diagnostic| diagnostic.primary.span.file)
        .collect();
    let is_read = |diagnostic: &Diagnostic| !unread.contains(&diagnostic.primary.span.file);
    diagnostics.extend(lowering.into_iter().filter(is_read));
    let (typed, findings) = flow_check::check(&program);
    diagnostics.extend(findings.into_iter().filter(is_read));
    let mut compilation = Compilation { sources, diagnostics, workflows: Vec::new(), tests: Vec::new() };
    if compilation.is_ok() {
        emit(&mut compilation, &program, &typed);
    }
    flow_diagnostics::sort(&mut compilation.diagnostics);
    flow_diagnostics::lay_out(&mut compilation.diagnostics, &compilation.sources);
    compilation
}

fn emit(compilation: &mut Compilation, program: &flow_hir::Program, typed: &flow_check::Typed) {
    let mut diagnostics = Vec::new();
    for (id, workflow) in program.workflows.iter() {
        match flow_emit::workflow(program, typed, &compilation.sources, id) {
            Ok(emitted) => {
                diagnostics.extend(refused(&emitted.plan, workflow.head));
                compilation.workflows.push(CompiledWorkflow {
                    id,
                    name: workflow.name.text.to_string(),
                    head: workflow.head,
                    plan: emitted.plan,
                    debug: emitted.debug,
                });
            }
            Err(found) => diagnostics.extend(found),
        }
    }
    for (id, _) in program.tests.iter() {
        match flow_emit::test(program, typed, &compilation.sources, id) {
            Ok(test) => {
                diagnostics.extend(refused(&test.plan, test.span));
                compilation.tests.push(test);
            }
            Err(found) => diagnostics.extend(found),
        }
    }
    compilation.diagnostics.extend(diagnostics);
    if !compilation.is_ok() {
        compilation.workflows.clear();
        compilation.tests.clear();
    }
}

/// A plan of this compiler that its own verifier refuses is a fault of the compiler. It never runs.
fn refused(plan: &Plan, span: Span) -> Option<Diagnostic> {
    let error = flow_plan::verify(plan).err()?;
    Some(
        Diagnostic::new(&codes::F0006, span, "the compiler made a plan that its verifier refuses")
            .note(error.to_string())
            .help("this is a fault of the compiler, not of the program: please report it with this file"),
    )
}
