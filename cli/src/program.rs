//! A program from a file: compiled, with a workflow chosen.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use flow_diagnostics::nearest;
use flow_driver::{Compilation, CompiledWorkflow, Compiler};
use flow_plan::{Plan, PlanHash};
use flow_vm::Program as Loaded;

use crate::exit::usage;
use crate::output::Output;
use crate::world::Project;

/// A compiled program and the project that it is in.
#[derive(Debug)]
pub(crate) struct Program {
    /// What compiling gave.
    pub compilation: Compilation,
    /// The project's root.
    pub root: PathBuf,
}

impl Program {
    /// Compiles a file and shows what the compiler has to say; `None` where it does not compile.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub(crate) fn compile(file: &Path, output: &Output) -> anyhow::Result<Option<Self>> {
        let program = Self::load(file, &mut Compiler::default())?;
        output.diagnostics(&program.compilation.diagnostics, &program.compilation.sources);
        Ok(program.compilation.is_ok().then_some(program))
    }

    /// Compiles a file in silence, with a compiler that may know some of its imports already.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub(crate) fn load(file: &Path, compiler: &mut Compiler) -> anyhow::Result<Self> {
        let (project, entry) = Project::of(file).map_err(anyhow::Error::msg)?;
        let mut compilation = compiler.compile(&project, &entry);
        crate::defaults::check(&mut compilation);
        Ok(Self { compilation, root: project.root().to_owned() })
    }

    /// A workflow ready to run, with all that it calls. `edit` changes each plan before: then they are other plans.
    ///
    /// # Errors
    /// Where a plan may not run.
    pub(crate) fn link(
        compilation: &Compilation,
        workflow: &CompiledWorkflow,
        edit: &dyn Fn(&mut Plan),
    ) -> anyhow::Result<Arc<Loaded>> {
        let hashed = compilation.workflows.iter().map(|workflow| (workflow.plan.hash(), &workflow.plan));
        let plans: BTreeMap<PlanHash, &Plan> = hashed.collect();
        let root = workflow.plan.hash();
        let mut made: BTreeMap<PlanHash, Arc<Loaded>> = BTreeMap::new();
        // Callees first; plans hold each other by hash, so that none can come to hold itself.
        let mut open = vec![(root, false)];
        while let Some((hash, linked)) = open.pop() {
            if made.contains_key(&hash) {
                continue;
            }
            let plan = plans.get(&hash).context("a plan is missing")?;
            if !linked {
                open.push((hash, true));
                open.extend(plan.children.iter().map(|child| (child.plan, false)));
                continue;
            }
            let mut plan = (*plan).clone();
            let mut children = Vec::with_capacity(plan.children.len());
            for child in &mut plan.children {
                let program = made.get(&child.plan).context("a plan is missing")?;
                child.plan = program.hash();
                children.push(Arc::clone(program));
            }
            edit(&mut plan);
            made.insert(hash, Arc::new(Loaded::link(plan, &children)?));
        }
        made.remove(&root).context("a plan is missing")
    }

    /// The workflow of a name, or the only one. `name@v2` where there are several versions.
    ///
    /// # Errors
    /// Where there is none, or several to choose from.
    pub(crate) fn workflow(&self, name: Option<&str>) -> anyhow::Result<&CompiledWorkflow> {
        let workflows = &self.compilation.workflows;
        let named: Vec<String> = workflows.iter().map(|workflow| full_name(workflow, workflows)).collect();
        let names = || named.iter().map(String::as_str);
        let listed = || names().collect::<Vec<_>>().join(", ");
        match (name, workflows.as_slice()) {
            (_, []) => {
                usage!("there is no workflow in this file: declare one with `workflow name () {{ … }}`")
            }
            (None, [only]) => Ok(only),
            (None, _) => usage!("there are several workflows: name one of {}", listed()),
            (Some(name), _) => match workflows.iter().zip(&named).find(|(_, known)| *known == name) {
                Some((workflow, _)) => Ok(workflow),
                None => match nearest(name, names()) {
                    Some(near) => usage!("there is no workflow `{name}`: did you mean `{near}`?"),
                    None => usage!("there is no workflow `{name}`: there is {}", listed()),
                },
            },
        }
    }
}

/// The name of a workflow; with the version where there are several of it.
fn full_name(workflow: &CompiledWorkflow, all: &[CompiledWorkflow]) -> String {
    if all.iter().filter(|other| other.name == workflow.name).count() > 1 {
        format!("{}@v{}", workflow.name, workflow.plan.version)
    } else {
        workflow.name.clone()
    }
}

/// The step that was undone, for people.
pub(crate) fn undone_name(undone: &flow_vm::Undone, plan: &flow_plan::Plan) -> String {
    undone.step.map_or_else(|| "an `undo` block".to_owned(), |step| plan.step_name(step))
}

/// A step in a sentence: its name as code, or that it is an `undo` block.
pub(crate) fn step_words(step: flow_plan::StepId, plan: &flow_plan::Plan) -> String {
    let name = plan.step_name(step);
    if step == flow_plan::StepId::UNDO_BLOCK { name } else { format!("`{name}`") }
}

/// The `.flow` files that paths name: files as they are, folders with all that is in them.
///
/// # Errors
/// Where a path does not exist, or a folder holds no `.flow` file.
pub(crate) fn files(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let here = [PathBuf::from(".")];
    let paths = if paths.is_empty() { &here[..] } else { paths };
    let mut found = Vec::new();
    for path in paths {
        if path.is_dir() {
            let before = found.len();
            walk(path, &mut found, 0)?;
            if found.len() == before {
                bail!("there is no .flow file in {}", path.display());
            }
        } else {
            found.push(path.clone());
        }
    }
    Ok(found)
}

/// How deep folders are followed.
const DEPTH_MAX: usize = 32;

fn walk(folder: &Path, found: &mut Vec<PathBuf>, depth: usize) -> anyhow::Result<()> {
    let read = |error| anyhow::anyhow!("cannot read {}: {}", folder.display(), crate::world::words(&error));
    let mut entries: Vec<_> = std::fs::read_dir(folder).map_err(read)?.flatten().collect();
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name();
        let Ok(kind) = entry.file_type() else { continue };
        let hidden = name.to_string_lossy().starts_with('.');
        if kind.is_dir() && !hidden && name != "target" && name != "node_modules" && depth < DEPTH_MAX {
            walk(&entry.path(), found, depth + 1)?;
        } else if kind.is_file() && entry.path().extension().is_some_and(|extension| extension == "flow") {
            let path = entry.path();
            found.push(path.strip_prefix("./").map(Path::to_owned).unwrap_or(path));
        }
    }
    Ok(())
}
