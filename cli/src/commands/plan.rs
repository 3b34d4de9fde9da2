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
    after_help = "Example:\n  flow plan examples/order/order.flow\n  flow plan shop.flow --workflow checkout --format json\n  flow plan examples/order/order.flow --undo"
)]
pub(crate) struct Plan {
    /// The file
    file: PathBuf,

    /// The workflow; needed where the file declares several
    #[arg(long, value_name = "NAME")]
    workflow: Option<String>,

    /// Instead: for each step, what is undone when it fails, is unknown or is cut off, and what stays
    #[arg(long)]
    undo: bool,

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

#[derive(Serialize)]
struct UndoDocument {
    format_version: u32,
    hash: String,
    undo: Vec<flow_plan::UndoRow>,
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
            Format::Text if self.undo => flow_plan::undo_text(&workflow.plan, &workflow.debug),
            Format::Json if self.undo => {
                let document = UndoDocument {
                    format_version: FORMAT_VERSION,
                    hash: workflow.plan.hash().to_string(),
                    undo: flow_plan::undo_table(&workflow.plan, &workflow.debug),
                };
                format!("{}\n", serde_json::to_string_pretty(&document)?)
            }
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
