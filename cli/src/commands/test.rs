//! `flow test`: runs `test` blocks, without a network and on virtual time.

mod case;
mod mocks;
mod played;
mod snapshot;
mod trace;

use std::path::PathBuf;

use clap::Args;
use flow_diagnostics::Diagnostic;
use flow_diagnostics::render::Terminal;

use crate::exit::Exit;
use crate::output::{Output, Style};
use crate::program::{self, Program};

/// Runs the tests of files. Calls go to the tests' own mocks; waits pass at once.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  flow test\n  flow test examples/order/order.flow --filter declined")]
pub(crate) struct Test {
    /// Files, or folders with all `.flow` files in them; the current folder if none is named
    paths: Vec<PathBuf>,

    /// Only tests whose name contains this text
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,

    /// Keep what snapshots are now
    #[arg(long)]
    update: bool,
}

#[derive(Default)]
struct Counts {
    passed: usize,
    failed: usize,
    skipped: usize,
    broken: usize,
}

impl Test {
    /// Runs the tests; the results go to stdout.
    ///
    /// # Errors
    /// Where a file cannot be read, or a snapshot cannot be written.
    pub(crate) fn run(&self, output: &Output) -> anyhow::Result<Exit> {
        let mut counts = Counts::default();
        for file in program::files(&self.paths)? {
            match Program::compile(&file, output)? {
                Some(program) => self.run_file(&file, &program, &mut counts, output)?,
                None => counts.broken += 1,
            }
        }
        let Counts { passed, failed, skipped, broken } = counts;
        let mut summary = format!("{passed} passed, {failed} failed");
        if skipped > 0 {
            summary.push_str(&format!(", {skipped} skipped"));
        }
        output.result(&format!("{summary}\n"))?;
        Ok(match (broken, failed, passed) {
            (1.., _, _) => Exit::Source,
            (0, 0, 0) if self.filter.is_some() => {
                output.error("no test has a name that contains this text");
                Exit::Failed
            }
            (0, 0, _) => Exit::Ok,
            _ => Exit::Failed,
        })
    }

    fn run_file(
        &self,
        file: &std::path::Path,
        program: &Program,
        counts: &mut Counts,
        output: &Output,
    ) -> anyhow::Result<()> {
        let sources = &program.compilation.sources;
        let mut snapshots = snapshot::Snapshots::new(file, self.update);
        for test in &program.compilation.tests {
            if self.filter.as_ref().is_some_and(|filter| !test.name.contains(filter.as_str())) {
                counts.skipped += 1;
                continue;
            }
            let found = case::run(test, &program.compilation, &mut snapshots)?;
            let place = sources.place(test.span);
            if found.is_empty() {
                counts.passed += 1;
                if output.is_quiet() {
                    continue;
                }
                let word = paint(output, Style::Good, "ok");
                output.result(&format!("{word}      {place}  {}\n", test.name))?;
                continue;
            }
            counts.failed += 1;
            let word = paint(output, Style::Bad, "FAILED");
            output.result(&format!("{word}  {place}  {}\n", test.name))?;
            for diagnostic in &found {
                output.result(&shown(diagnostic, program, output))?;
            }
        }
        Ok(())
    }
}

fn paint(output: &Output, style: Style, text: &str) -> String {
    if output.stdout_color() { style.around(text) } else { text.to_owned() }
}

fn shown(diagnostic: &Diagnostic, program: &Program, output: &Output) -> String {
    Terminal::new(&program.compilation.sources, output.stdout_color())
        .columns(crate::output::columns())
        .render(diagnostic)
}
