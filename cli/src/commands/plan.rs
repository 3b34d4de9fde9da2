//! `flow plan`: the compiled plan of a workflow.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::exit::Exit;
use crate::output::Output;
use crate::program::Program;

/// The version of the JSON form.
const FORMAT_VERSION: u32 = 1;

/// Shows the plan that a workflow compiles to: steps, policies, worst case, code.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  flow plan examples/order/order.flow\n  flow plan shop.flow --workflow checkout --format json"
)]
pub(crate) struct Plan {
    /// The file
    file: PathBuf,

    /// The workflow; needed where the file declares several
    #[arg(long, value_name = "NAME")]
    workflow: Option<String>,

    /// How the plan is written
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people: stable, so that it can be kept and compared.
    #[default]
    Text,
    /// The tables as JSON.
    Json,
}

#[derive(Serialize)]
struct Document<'a> {
    format_version: u32,
    hash: String,
    plan: &'a flow_plan::Plan,
    debug: &'a flow_plan::Debug,
}

impl Plan {
    /// Compiles, and shows the plan.
    ///
    /// # Errors
    /// Where the file cannot be read, or the workflow is not in it.
    pub(crate) fn run(&self, output: &Output) -> anyhow::Result<Exit> {
        let Some(program) = Program::compile(&self.file, output)? else { return Ok(Exit::Source) };
        let workflow = program.workflow(self.workflow.as_deref())?;
        let text = match self.format {
            Format::Text => flow_plan::text(&workflow.plan, &workflow.debug),
            Format::Json => {
                let document = Document {
                    format_version: FORMAT_VERSION,
                    hash: workflow.plan.hash().to_string(),
                    plan: &workflow.plan,
                    debug: &workflow.debug,
                };
                format!("{}\n", serde_json::to_string_pretty(&document)?)
            }
        };
        output.result(&text)?;
        Ok(Exit::Ok)
    }
}
