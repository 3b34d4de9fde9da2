//! `flow explain`: what a code means, with an example and its fix.

mod pages;

pub(crate) use pages::of as page;

use clap::Args;
use flow_diagnostics::{codes, nearest};

use crate::exit::Exit;
use crate::output::Output;

/// Explains a code: what it says, why, an example, and how to mend it.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  flow explain F0501\n  flow explain            lists every code")]
pub(crate) struct Explain {
    /// The code, as it stands in a finding; all codes are listed where none is given
    code: Option<String>,
}

impl Explain {
    /// Prints the page of a code, or the list of all codes.
    ///
    /// # Errors
    /// Where stdout cannot be written.
    pub(crate) fn run(&self, output: &Output) -> anyhow::Result<Exit> {
        let Some(asked) = &self.code else {
            let line = |code: &&codes::Code| format!("{}  {}\n", code.id, code.title);
            output.result(&codes::ALL.iter().map(line).collect::<String>())?;
            return Ok(Exit::Ok);
        };
        let page = codes::find(asked).and_then(|code| pages::of(code.id));
        let Some(page) = page else {
            output.error(&unknown(asked));
            return Ok(Exit::Usage);
        };
        output.result(page)?;
        Ok(Exit::Ok)
    }
}

fn unknown(asked: &str) -> String {
    let upper = asked.to_ascii_uppercase();
    // Of codes that are equally near, one of the same block is likelier: `F05` of `F0510`.
    let ids = || codes::ALL.iter().map(|code| code.id);
    let block = upper.get(..3).unwrap_or(&upper);
    let of_block = ids().filter(|id| id.starts_with(block));
    match nearest(&upper, of_block.chain(ids())) {
        Some(near) => format!("there is no code `{asked}`: did you mean `{near}`?"),
        None => format!("there is no code `{asked}`: `flow explain` lists every code"),
    }
}
