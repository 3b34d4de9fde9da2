//! The phases in order: parse, lower, check, emit, verify.

use std::collections::BTreeMap;

use flow_diagnostics::{Diagnostic, codes};
use flow_hir::{ErrorDeclId, TestId, WorkflowId};
use flow_plan::{Debug, Plan};
use flow_source::{FileId, Sources, Span};

use crate::consequences::{Unread, leave_out_followers};
use crate::files::Loaded;
use crate::parses::Parses;
use crate::threads;
use crate::world::World;
use flow_emit::TestCase;

/// What compiling a program gave.
#[derive(Debug, Default)]
pub struct Compilation {
    /// The texts, the entry first.
    pub sources: Sources,
    /// Everything there is to say, in the order in which people read it.
    pub diagnostics: Vec<Diagnostic>,
    /// All `config` entries that the program declares, used or not.
    pub config: Vec<DeclaredConfig>,
    /// The workflows of the program; none where there are errors.
    pub workflows: Vec<CompiledWorkflow>,
    /// The tests of the entry; none where there are errors.
    pub tests: Vec<TestCase>,
}

/// An entry of `config`.
#[derive(Clone, Debug)]
pub struct DeclaredConfig {
    /// The name.
    pub name: String,
    /// Where its condition stands.
    pub condition: Option<Span>,
    /// Where its default stands.
    pub default: Option<Span>,
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

/// A part of a compilation, for those who watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Files are read and parsed.
    Parse,
    /// Names are resolved.
    Lower,
    /// Types, effects and rules are checked.
    Check,
    /// Plans are made and verified.
    Emit,
}

/// A compiler that remembers the trees of files: of a program that is compiled again, only changed files are parsed.
#[derive(Debug, Default)]
pub struct Compiler {
    parses: Parses,
}

impl Compiler {
    /// Compiles a program: an entry file and all that it imports.
    pub fn compile(&mut self, world: &dyn World, entry: &str) -> Compilation {
        self.watched(world, entry, &mut |_| {})
    }

    /// Compiles a program, and says when each phase begins.
    pub fn watched(&mut self, world: &dyn World, entry: &str, begins: &mut dyn FnMut(Phase)) -> Compilation {
        begins(Phase::Parse);
        self.parses.read_ahead(world, entry);
        begins(Phase::Lower);
        let mut loaded = Loaded::new(world, &mut self.parses);
        let file = loaded.entry(entry);
        let (program, lowering) = flow_hir::lower(&mut loaded, file);
        let Loaded { sources, mut diagnostics, .. } = loaded;
        // What is nested too deeply is not read: nobody knows what is meant around it.
        let unread: Vec<FileId> = diagnostics
            .iter()
            .filter(|diagnostic| diagnostic.code == codes::F0104.id)
            .map(|diagnostic| diagnostic.primary.span.file)
            .collect();
        leave_out_followers(&sources, &mut diagnostics);
        let broken = Unread::new(&sources, &diagnostics);
        let is_read = |diagnostic: &Diagnostic| {
            !unread.contains(&diagnostic.primary.span.file) && !broken.leads_to(diagnostic)
        };
        diagnostics.extend(lowering.into_iter().filter(is_read));
        begins(Phase::Check);
        let (typed, findings) = flow_check::check(&program);
        diagnostics.extend(findings.into_iter().filter(is_read));
        let config = program.config.iter().map(|(_, entry)| DeclaredConfig {
            name: entry.name.text.to_string(),
            condition: entry.constraint.as_ref().map(|constraint| constraint.span),
            default: entry.default.map(|default| program.exprs[default].span),
        });
        let config = config.collect();
        let (workflows, tests) = (Vec::new(), Vec::new());
        let mut compilation = Compilation { sources, diagnostics, config, workflows, tests };
        begins(Phase::Emit);
        if compilation.is_ok() {
            emit(&mut compilation, &program, &typed);
        }
        flow_diagnostics::sort(&mut compilation.diagnostics);
        flow_diagnostics::lay_out(&mut compilation.diagnostics, &compilation.sources);
        compilation
    }

    /// How many files were parsed so far.
    pub fn parsed_count(&self) -> usize {
        self.parses.count()
    }
}

/// Compiles a program once: an entry file and all that it imports.
pub fn compile(world: &dyn World, entry: &str) -> Compilation {
    Compiler::default().compile(world, entry)
}

/// A plan to make, in the order in which they are shown.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Job {
    Workflow(WorkflowId),
    Test(TestId),
}

/// A plan that was made.
enum Made {
    /// With the errors that it knows, as its plan numbers them.
    Workflow(CompiledWorkflow, Vec<ErrorDeclId>),
    Test(TestCase),
}

fn emit(compilation: &mut Compilation, program: &flow_hir::Program, typed: &flow_check::Typed) {
    let sources = &compilation.sources;
    let mut known = flow_emit::Made::default();
    let mut all = Vec::new();
    let mut tests: Vec<Job> = program.tests.indices().map(Job::Test).collect();
    for level in callees_first(program) {
        // Each plan depends on the checked program, and on the plans of the workflows that it calls: those are made.
        let jobs = level.into_iter().map(Job::Workflow).chain(std::mem::take(&mut tests)).collect();
        let made = threads::map(jobs, |job| (job, make(job, program, typed, sources, &known)));
        for (_, made) in &made {
            if let Ok(Made::Workflow(workflow, errors)) = made {
                known.add(workflow.id, &workflow.plan, errors);
            }
        }
        all.extend(made);
    }
    // As they stand in the program, not as they were compiled.
    all.sort_by_key(|(job, _)| *job);
    for (_, made) in all {
        match made {
            Ok(Made::Workflow(workflow, _)) => compilation.workflows.push(workflow),
            Ok(Made::Test(test)) => compilation.tests.push(test),
            Err(found) => compilation.diagnostics.extend(found),
        }
    }
    if !compilation.is_ok() {
        compilation.workflows.clear();
        compilation.tests.clear();
    }
}

fn make(
    job: Job,
    program: &flow_hir::Program,
    typed: &flow_check::Typed,
    sources: &Sources,
    known: &flow_emit::Made,
) -> Result<Made, Vec<Diagnostic>> {
    match job {
        Job::Workflow(id) => {
            let workflow = &program.workflows[id];
            let emitted = flow_emit::workflow(program, typed, sources, known, id)?;
            verified(&emitted.plan, workflow.head)?;
            let name = workflow.name.text.to_string();
            let head = workflow.head;
            let compiled = CompiledWorkflow { id, name, head, plan: emitted.plan, debug: emitted.debug };
            Ok(Made::Workflow(compiled, emitted.errors))
        }
        Job::Test(id) => {
            let test = flow_emit::test(program, typed, sources, id)?;
            verified(&test.plan, test.span)?;
            Ok(Made::Test(test))
        }
    }
}

/// The workflows of a program in levels: each calls only workflows of the levels before its own. No workflow comes to
/// call itself: that was checked.
fn callees_first(program: &flow_hir::Program) -> Vec<Vec<WorkflowId>> {
    let mut levels: BTreeMap<WorkflowId, usize> = BTreeMap::new();
    for root in program.workflows.indices() {
        let mut open = vec![(root, false)];
        while let Some((id, is_known)) = open.pop() {
            if levels.contains_key(&id) {
                continue;
            }
            let called = flow_emit::called_by(program, id);
            if is_known {
                let below = called.iter().filter_map(|id| levels.get(id)).max();
                levels.insert(id, below.map_or(0, |level| level + 1));
            } else {
                open.push((id, true));
                open.extend(called.into_iter().map(|id| (id, false)));
            }
        }
    }
    let highest = levels.values().copied().max().unwrap_or(0);
    let at = |level| levels.iter().filter(move |(_, of)| **of == level).map(|(id, _)| *id).collect();
    // The first level is there in any case: the tests are made with it.
    (0..=highest).map(at).collect()
}

/// A plan of this compiler that its own verifier refuses is a fault of the compiler. It never runs.
fn verified(plan: &Plan, span: Span) -> Result<(), Vec<Diagnostic>> {
    flow_plan::verify(plan).map_err(|error| {
        vec![
            Diagnostic::new(&codes::F0006, span, "the compiler made a plan that its verifier refuses")
                .note(error.to_string())
                .help("this is a fault of the compiler, not of the program: please report it with this file"),
        ]
    })
}
