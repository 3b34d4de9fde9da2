//! `flow check`: what the compiler has to say, and nothing else.

use std::collections::HashSet;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use flow_diagnostics::{Severity, render};
use flow_driver::Compiler;

use crate::exit::Exit;
use crate::output::Output;
use crate::program::{self, Program};

/// Checks files: syntax, names, types, retry safety, compensation, time.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  flow check examples/order/order.flow\n  flow check --format json > diagnostics.json"
)]
pub(crate) struct Check {
    /// Files, or folders with all `.flow` files in them; the current folder if none is named
    paths: Vec<PathBuf>,

    /// How findings are written
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON document.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// Workflow commands, which GitHub shows beside the lines.
    Github,
}

impl Check {
    /// Checks, and shows the findings on stdout.
    ///
    /// # Errors
    /// Where a file cannot be read.
    pub(crate) fn run(&self, output: &Output) -> anyhow::Result<Exit> {
        let files = program::files(&self.paths)?;
        let mut compiler = Compiler::default();
        let programs = files
            .iter()
            .map(|file| Program::load(file, &mut compiler))
            .collect::<anyhow::Result<Vec<_>>>()?;
        // A file that several import is reported once.
        let mut seen = HashSet::new();
        let mut findings = Vec::new();
        let mut text = String::new();
        for program in &programs {
            let sources = &program.compilation.sources;
            let mut terminal = crate::output::terminal(sources, output.stdout_color());
            for diagnostic in &program.compilation.diagnostics {
                let span = diagnostic.primary.span;
                let place = (sources.place(span), span.start, span.end, program.root.clone());
                if seen.insert((place, diagnostic.code.clone(), diagnostic.message.clone())) {
                    findings.push((diagnostic, sources));
                    if self.format == Format::Text && (diagnostic.is_error() || !output.is_quiet()) {
                        text.push_str(&terminal.render(diagnostic));
                    }
                }
            }
        }
        let all = || findings.iter().copied();
        match self.format {
            Format::Text => {}
            Format::Json => text = format!("{}\n", render::json(all())),
            Format::Sarif => {
                let version = env!("CARGO_PKG_VERSION");
                text = format!("{}\n", render::sarif(all(), version, super::explain::page));
            }
            Format::Github => text = render::github(all()),
        }
        output.result(&text)?;
        let count =
            |severity| findings.iter().filter(|(diagnostic, _)| diagnostic.severity == severity).count();
        let errors = count(Severity::Error);
        let mut parts = vec![number(errors, "error"), number(count(Severity::Warning), "warning")];
        if count(Severity::Note) > 0 {
            parts.push(number(count(Severity::Note), "note"));
        }
        output.say(&format!("{} checked: {}\n", number(files.len(), "file"), parts.join(", ")));
        let first = findings.iter().find(|(diagnostic, _)| diagnostic.is_error());
        if let Some((diagnostic, _)) = first.filter(|_| self.format == Format::Text) {
            output.say(&format!("for more: flow explain {}\n", diagnostic.code));
        }
        Ok(if errors == 0 { Exit::Ok } else { Exit::Source })
    }
}

fn number(count: usize, one: &str) -> String {
    format!("{count} {one}{}", if count == 1 { "" } else { "s" })
}
