//! `flow test`: runs `test` blocks, without a network and on virtual time.

mod calls;
mod case;
mod mocks;
mod played;
mod snapshot;
mod trace;
mod variation;

use std::path::PathBuf;

use clap::Args;
use flow_diagnostics::Diagnostic;

use crate::exit::{Exit, usage};
use crate::output::{Output, Style};
use crate::program::{self, Program};
use variation::Variation;

/// Runs the tests of files. Calls go to the tests' own mocks; waits pass at once.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  flow test\n  flow test examples/order/order.flow --filter declined")]
pub(crate) struct Test {
    /// Files, or folders with all `.flow` files in them; the current folder if none is named
    paths: Vec<PathBuf>,

    /// Only tests whose name contains this text
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,

    /// Of tests of every failure, only this variation: the number that it failed with
    #[arg(long, value_name = "NUMBER")]
    variation: Option<usize>,

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
    variations: usize,
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
        let Counts { passed, failed, skipped, broken, variations } = counts;
        let mut summary = format!("{passed} passed, {failed} failed");
        if skipped > 0 {
            summary.push_str(&format!(", {skipped} skipped"));
        }
        if variations > 0 {
            summary.push_str(&format!("; {} of every failure", counted(variations, "variation")));
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
        let names = program.compilation.tests.iter().map(|test| test.name.as_str());
        let mut snapshots = snapshot::Snapshots::new(file, names, self.update);
        for test in &program.compilation.tests {
            if self.filter.as_ref().is_some_and(|filter| !test.name.contains(filter.as_str())) {
                counts.skipped += 1;
                continue;
            }
            let bench = case::Bench::new(test, &program.compilation)?;
            let case::AsWritten { mut found, variations, calls } = case::run(&bench, &mut snapshots)?;
            let place = sources.place(test.span);
            let mut name = test.name.clone();
            if test.every_failure && found.is_empty() {
                let varied = self.vary(file, &bench, &test.name, &variations, calls)?;
                name.push_str(&format!(" ({})", varied.words));
                counts.variations += varied.ran;
                found = varied.found;
            } else if let (true, Some(last)) = (test.every_failure, found.last_mut()) {
                last.notes.push("it fails as it is written: its variations were not run".to_owned());
            }
            if found.is_empty() {
                counts.passed += 1;
                if output.is_quiet() {
                    continue;
                }
                let word = paint(output, Style::Good, "ok");
                output.result(&format!("{word}      {place}  {name}\n"))?;
                continue;
            }
            counts.failed += 1;
            let word = paint(output, Style::Bad, "FAILED");
            output.result(&format!("{word}  {place}  {name}\n"))?;
            for diagnostic in &found {
                output.result(&shown(diagnostic, program, output))?;
            }
        }
        Ok(())
    }
}

/// What the variations of a test came to.
struct Varied {
    /// How many were run.
    ran: usize,
    /// The same, in words.
    words: String,
    found: Vec<Diagnostic>,
}

impl Test {
    /// Runs the variations of a test of every failure. Those that fail at the same place in the same way are told
    /// together, each once.
    fn vary(
        &self,
        file: &std::path::Path,
        bench: &case::Bench<'_>,
        name: &str,
        all: &[Variation],
        calls: usize,
    ) -> anyhow::Result<Varied> {
        let (mut ran, mut failed) = (0, 0);
        let mut groups: Vec<(Diagnostic, Vec<Failing<'_>>)> = Vec::new();
        for number in variation::chosen(all.len(), calls, self.variation) {
            let Some(variation) = number.checked_sub(1).and_then(|index| all.get(index)) else {
                usage!("there is no variation {number} of test {name:?}: it has {}", all.len());
            };
            ran += 1;
            let found = case::vary(bench, variation)?;
            failed += usize::from(!found.is_empty());
            for diagnostic in found {
                let same = |known: &Diagnostic| {
                    way(&known.message).0 == way(&diagnostic.message).0
                        && known.primary.span == diagnostic.primary.span
                };
                let outcome = way(&diagnostic.message).1.to_owned();
                let failing = Failing { number, words: &variation.words, outcome };
                match groups.iter_mut().find(|(known, _)| same(known)) {
                    Some((_, others)) => others.push(failing),
                    None => groups.push((diagnostic, vec![failing])),
                }
            }
        }
        let mut words = counted(ran, "variation");
        if ran < all.len() {
            words.push_str(&format!(" of {}", all.len()));
            if self.variation.is_none() {
                words.push_str(", spread evenly");
            }
        }
        if failed > 0 {
            words.push_str(&format!(", {failed} failed"));
        }
        let repeat = |number| repeat(file, name, number);
        let found = groups.into_iter().map(|(diagnostic, failing)| told(diagnostic, &failing, &repeat));
        Ok(Varied { ran, words, found: found.collect() })
    }
}

/// How many variations with the same finding are named.
const SHOWN_MAX: usize = 20;

/// A variation that fails.
struct Failing<'a> {
    number: usize,
    /// What it is, as what follows "when".
    words: &'a str,
    /// How the execution came to end, where that is part of what is wrong.
    outcome: String,
}

/// What is wrong, and after it how the execution came to end, where a message says both.
fn way(message: &str) -> (&str, &str) {
    let parts = [": it ", ", but it "].into_iter().find_map(|between| message.split_once(between));
    parts.unwrap_or((message, ""))
}

/// A finding with the variations that fail with it.
fn told(mut diagnostic: Diagnostic, failing: &[Failing<'_>], repeat: &dyn Fn(usize) -> String) -> Diagnostic {
    let [Failing { number, words, outcome }, others @ ..] = failing else { return diagnostic };
    diagnostic.message = format!("when {words}: {}", diagnostic.message);
    if !others.is_empty() {
        let shown = others.iter().take(SHOWN_MAX).map(|other| {
            let differs =
                if other.outcome == *outcome { String::new() } else { format!(": it {}", other.outcome) };
            format!("{}: when {}{differs}", other.number, other.words)
        });
        let mut lines: Vec<String> = shown.collect();
        if others.len() > SHOWN_MAX {
            lines.push(format!("and {} more", others.len() - SHOWN_MAX));
        }
        diagnostic.notes.push(format!("the same in these variations:\n{}", lines.join("\n")));
    }
    diagnostic.notes.push(format!("this is variation {number}; repeat it: {}", repeat(*number)));
    diagnostic
}

fn repeat(file: &std::path::Path, name: &str, number: usize) -> String {
    let quoted = name.replace('\'', "'\\''");
    format!("flow test {} --filter '{quoted}' --variation {number}", file.display())
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn paint(output: &Output, style: Style, text: &str) -> String {
    if output.stdout_color() { style.around(text) } else { text.to_owned() }
}

fn shown(diagnostic: &Diagnostic, program: &Program, output: &Output) -> String {
    crate::output::terminal(&program.compilation.sources, output.stdout_color()).render(diagnostic)
}
