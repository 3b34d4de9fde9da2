//! The `flow` command: the composition root, and the only `main`.
//!
//! Results go to stdout, everything else to stderr. Each command has a file of its own under `commands`; exit
//! codes are in `exit`. Start reading at [`Cli`].

mod commands;
mod defaults;
mod exit;
mod output;
mod program;
mod settings;
mod world;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::exit::Exit;
use crate::output::{Color, Output};

/// Flow: a typed language for orchestrating APIs, and its durable runtime.
#[derive(Debug, Parser)]
#[command(
    name = "flow",
    version,
    arg_required_else_help = true,
    infer_long_args = false,
    max_term_width = 80,
    after_help = "Example:\n  flow new shop && cd shop && flow test && flow run main.flow\n\n\
                  Exit codes: 0 ok, 1 what was asked for failed, 2 usage, 3 source does not\n\
                  compile, 4 could not do it, 129, 130 and 143 by a signal."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,

    /// When to use colours
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    color: Color,

    /// Say less: -q only errors, -qq nothing but the result
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    quiet: u8,

    /// Say more
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
}

#[derive(Debug, Subcommand)]
enum Command {
    New(commands::new::New),
    Check(commands::check::Check),
    Fmt(commands::fmt::Fmt),
    Explain(commands::explain::Explain),
    Plan(commands::plan::Plan),
    Run(commands::run::Run),
    Test(commands::test::Test),
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let asked = !error.use_stderr();
            // A closed terminal leaves nobody to tell.
            let _ = error.print();
            return if asked { Exit::Ok } else { Exit::Usage }.into();
        }
    };
    let output = Output::new(cli.color, cli.quiet, cli.verbose);
    let done = match &cli.command {
        Command::New(new) => new.run(&output),
        Command::Check(check) => check.run(&output),
        Command::Fmt(fmt) => fmt.run(&output),
        Command::Explain(explain) => explain.run(&output),
        Command::Plan(plan) => plan.run(&output),
        Command::Run(run) => run.run(&output),
        Command::Test(test) => test.run(&output),
    };
    match done {
        Ok(exit) => exit.into(),
        Err(error) => {
            output.error(&format!("{error:#}"));
            if error.is::<exit::Usage>() { Exit::Usage } else { Exit::Unable }.into()
        }
    }
}
