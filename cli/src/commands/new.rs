//! `flow new`: a project that is green at once.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;

use crate::exit::{Exit, usage};
use crate::output::Output;

const MAIN: &str = include_str!("new/main.flow");
const PROJECT: &str = include_str!("new/flow.toml");
const IGNORE: &str =
    "# Snapshots that wait for review.\n*.snap.new\n# Secrets stay out of the repository.\n.env\n";

/// Makes a project with one workflow that runs without input, and a test of it.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  flow new shop && cd shop && flow test && flow run main.flow")]
pub(crate) struct New {
    /// The folder to make; its last part is the project's name.
    name: PathBuf,
}

impl New {
    /// Makes the project.
    ///
    /// # Errors
    /// Where the folder holds something already, or cannot be made.
    pub(crate) fn run(&self, output: &Output) -> anyhow::Result<Exit> {
        let folder = &self.name;
        let Some(name) = folder.file_name().and_then(|name| name.to_str()) else {
            usage!("`{}` is no name for a project: use letters, digits, `-` and `_`", folder.display());
        };
        if !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_') {
            usage!("`{name}` is no name for a project: use letters, digits, `-` and `_`");
        }
        if folder.is_file() || is_filled(folder) {
            bail!("{} exists already and is not empty: choose another name", folder.display());
        }
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        for (file, text) in [
            ("flow.toml", PROJECT.replace("name = \"NAME\"", &format!("name = \"{name}\""))),
            ("main.flow", MAIN.to_owned()),
            (".gitignore", IGNORE.to_owned()),
        ] {
            let path = folder.join(file);
            fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        }
        output.say(&format!(
            "Made {}: main.flow (a workflow and its test), flow.toml, .gitignore\n\nNext:\n  cd {}\n  flow test\n  flow run main.flow\n",
            folder.display(),
            folder.display()
        ));
        Ok(Exit::Ok)
    }
}

fn is_filled(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some())
}
