//! Values for a program's `config`: from flags, the environment, an env file, and `flow.toml`, in this order.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use flow_diagnostics::nearest;
use flow_driver::DeclaredConfig;
use flow_engine::Given;
use flow_http::{Secret, SecretSource};
use flow_plan::Config;
use flow_vm::Program;

use crate::exit::usage;
use crate::world::PROJECT_FILE;

/// What prefixes the environment variables that hold config values: `FLOW_SET_ORDERS_URL`.
const PREFIX: &str = "FLOW_SET_";

/// What the project file may say.
const SETTINGS: [&str; 3] = ["name", "allow_private", "config"];

/// The origin of values of the flag.
const FLAG: &str = "--set";

/// The longest secret that is read from a file: 64 KiB.
const SECRET_BYTES_MAX: u64 = 64 << 10;

/// Values as they were given, by the name of the config entry in lower case, with where each came from.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    values: BTreeMap<String, Entry>,
    /// Whether names may resolve to private addresses: `allow_private` of `flow.toml`.
    pub(crate) allow_private: bool,
}

#[derive(Clone, Debug)]
struct Entry {
    value: Raw,
    origin: String,
    /// Whether it stands in the project file.
    is_of_project: bool,
    /// The file in which it may change while a program runs.
    file: Option<File>,
}

/// A file that holds values, of a kind that can be read again.
#[derive(Clone, Debug)]
enum File {
    /// Of `--env-file`.
    Env(PathBuf),
    /// `flow.toml`.
    Project(PathBuf),
    /// That holds one secret.
    Secret(PathBuf),
}

impl File {
    /// The present value of a name; none where the file has it no more.
    fn read(&self, name: &str) -> anyhow::Result<Option<String>> {
        let mut found = Sources::default();
        match self {
            File::Secret(path) => return secret_file(path).map(Some),
            File::Env(path) => found.env_file(path)?,
            File::Project(path) => found.project_file(path)?,
        }
        Ok(found.values.remove(name).map(|entry| match entry.value {
            Raw::Text(text) | Raw::Json(serde_json::Value::String(text)) => text,
            Raw::Json(json) => json.to_string(),
        }))
    }
}

/// Whether a file can be read more than once: not a pipe, as `<(…)` of a shell is.
fn can_be_read_again(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|data| data.is_file())
}

#[derive(Clone, Debug)]
enum Raw {
    /// Text of a flag, a variable or an env file.
    Text(String),
    /// JSON, of `flow.toml`.
    Json(serde_json::Value),
}

impl Sources {
    /// Gathers the values: `sets` are `name=value` of flags.
    ///
    /// # Errors
    /// Where a flag, a file or a table is malformed.
    pub(crate) fn gather(sets: &[String], env_file: Option<&Path>, root: &Path) -> anyhow::Result<Self> {
        let mut given = Self::default();
        given.project_file(&root.join(PROJECT_FILE))?;
        if let Some(path) = env_file {
            given.env_file(path)?;
        }
        for (name, value) in std::env::vars_os() {
            let shown = name.to_string_lossy();
            if !shown.starts_with(PREFIX) {
                continue;
            }
            let (Some(name), Some(value)) = (name.to_str(), value.to_str()) else {
                bail!("{shown} in the environment is not UTF-8: set it to a text in UTF-8");
            };
            given.variable(name, value.to_owned(), "the environment", None)?;
        }
        for set in sets {
            let Some((name, value)) = set.split_once('=') else {
                usage!("a `--set` has no `=`: write `--set name=value`");
            };
            if !is_name(name) {
                let fault = name.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(0);
                usage!(
                    "`{name}` in `--set {set}` is no config name: a name has letters, digits and `_`, which fails at its character {}",
                    fault + 1
                );
            }
            given.put(name, Raw::Text(value.to_owned()), FLAG.to_owned(), None);
        }
        Ok(given)
    }

    fn put(&mut self, name: &str, value: Raw, origin: String, file: Option<File>) {
        let entry = Entry { value, origin, is_of_project: false, file };
        self.values.insert(name.to_ascii_lowercase(), entry);
    }

    fn env_file(&mut self, path: &Path) -> anyhow::Result<()> {
        let again = can_be_read_again(path);
        let text =
            std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        for (name, value) in env_lines(&text, path)? {
            let file = again.then(|| File::Env(path.to_owned()));
            self.variable(&name, value, &format!("{}", path.display()), file)?;
        }
        Ok(())
    }

    fn variable(
        &mut self,
        name: &str,
        value: String,
        origin: &str,
        file: Option<File>,
    ) -> anyhow::Result<()> {
        let Some(entry) = name.strip_prefix(PREFIX) else { return Ok(()) };
        match entry.strip_suffix("_FILE") {
            Some(entry) if !entry.is_empty() => {
                let path = PathBuf::from(&value);
                let again = can_be_read_again(&path);
                let text = secret_file(&path).with_context(|| format!("{name} in {origin}"))?;
                // An env file may name another one later.
                let file = again.then(|| file.unwrap_or(File::Secret(path)));
                self.put(entry, Raw::Text(text), format!("{value}, named by {name}"), file);
            }
            _ => self.put(entry, Raw::Text(value), format!("{name} in {origin}"), file),
        }
        Ok(())
    }

    fn project_file(&mut self, path: &Path) -> anyhow::Result<()> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(error) if error.kind() == std::io::ErrorKind::InvalidData => {
                bail!("{} is not UTF-8: save it as UTF-8", path.display())
            }
            Err(error) => bail!("cannot read {}: {}", path.display(), crate::world::words(&error)),
        };
        // The line itself is not quoted: a secret may stand in it.
        let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
            let at = error
                .span()
                .and_then(|span| text.get(..span.start))
                .map_or(0, |before| before.matches('\n').count());
            anyhow::anyhow!("{}:{}: this is not valid TOML: {}", path.display(), at + 1, error.message())
        })?;
        if let Some(unknown) = table.keys().find(|key| !SETTINGS.contains(&key.as_str())) {
            let place = path.display();
            match nearest(unknown, SETTINGS) {
                Some(near) => bail!("{place} has no setting `{unknown}`: did you mean `{near}`?"),
                None => bail!("{place} has no setting `{unknown}`: it has {}", SETTINGS.join(", ")),
            }
        }
        self.allow_private = match table.get("allow_private") {
            None => false,
            Some(toml::Value::Boolean(allowed)) => *allowed,
            Some(_) => bail!("`allow_private` in {} must be true or false", path.display()),
        };
        let again = can_be_read_again(path);
        let Some(config) = table.get("config") else { return Ok(()) };
        let Some(config) = config.as_table() else {
            bail!("`config` in {} must be a table: write `[config]`", path.display());
        };
        for (name, value) in config {
            let value = match value {
                // As a flag's: it stands for itself where a text is due.
                toml::Value::String(text) => Raw::Text(text.clone()),
                other if holds_float(other) => bail!(
                    "`{name}` in {} is a number with a fraction, which TOML rounds: write it in quotes",
                    path.display()
                ),
                toml::Value::Datetime(moment) => Raw::Text(moment.to_string()),
                other => Raw::Json(
                    serde_json::to_value(other).with_context(|| format!("`{name}` in {}", path.display()))?,
                ),
            };
            let file = again.then(|| File::Project(path.to_owned()));
            let entry = Entry { value, origin: path.display().to_string(), is_of_project: true, file };
            self.values.insert(name.to_ascii_lowercase(), entry);
        }
        Ok(())
    }

    /// The values for a program and those that come to run below it, by the names of their entries.
    pub(crate) fn for_program(&self, program: &Program) -> Given {
        let mut given = Given::new();
        for config in entries(program) {
            if let Some(source) = config.secret.then(|| self.live(&config.name)).flatten() {
                given.secret(&config.name, source);
                continue;
            }
            match self.values.get(&config.name.to_ascii_lowercase()).map(|entry| &entry.value) {
                Some(Raw::Text(text)) => given.text(&config.name, text),
                Some(Raw::Json(serde_json::Value::String(text))) if config.secret => {
                    given.text(&config.name, text)
                }
                Some(Raw::Json(json)) => given.json(&config.name, json.to_string()),
                None => {}
            }
        }
        given
    }

    /// A secret that stands in a file, which is read again for each attempt: it may have changed.
    fn live(&self, name: &str) -> Option<SecretSource> {
        let name = name.to_ascii_lowercase();
        let entry = self.values.get(&name)?;
        let (file, origin) = (entry.file.clone()?, entry.origin.clone());
        Some(SecretSource::new(move || match file.read(&name) {
            Ok(Some(text)) => Ok(Secret::new(text)),
            Ok(None) => Err(format!("is missing: it stood in {origin}")),
            Err(error) => Err(format!("cannot be read: {error:#}")),
        }))
    }

    /// Where a value came from, for messages.
    pub(crate) fn origin(&self, name: &str) -> Option<&str> {
        self.values.get(&name.to_ascii_lowercase()).map(|entry| entry.origin.as_str())
    }

    /// Refuses a name that the program does not declare: one of `--set` always, one of the project file where it looks
    /// like a slip, since other programs of the project have their values there too.
    ///
    /// # Errors
    /// The name, with the nearest declared one.
    pub(crate) fn refuse_unknown(&self, declared: &[DeclaredConfig]) -> anyhow::Result<()> {
        let known = || declared.iter().map(|entry| entry.name.as_str());
        for (name, entry) in &self.values {
            if known().any(|known| known.eq_ignore_ascii_case(name)) {
                continue;
            }
            let near = nearest(name, known());
            if entry.origin != FLAG {
                // A name beside its neighbour is another program's.
                if let (Some(near), true) = (near, entry.is_of_project)
                    && !self.values.contains_key(&near.to_ascii_lowercase())
                {
                    bail!(
                        "this program has no config `{name}` (from {}): did you mean `{near}`?",
                        entry.origin
                    );
                }
                continue;
            }
            match near {
                Some(near) => usage!("this program has no config `{name}`: did you mean `{near}`?"),
                None if declared.is_empty() => {
                    usage!("this program has no config, so `--set {name}` does nothing")
                }
                None => usage!(
                    "this program has no config `{name}`: it has {}",
                    known().collect::<Vec<_>>().join(", ")
                ),
            }
        }
        Ok(())
    }

    /// The names of the project file that neither the program nor, as far as its text says, any other program of the
    /// project declares.
    pub(crate) fn unclaimed(&self, declared: &[DeclaredConfig], root: &Path) -> Vec<&str> {
        let is_declared = |name: &str| declared.iter().any(|entry| entry.name.eq_ignore_ascii_case(name));
        let of_project = self.values.iter().filter(|(name, entry)| entry.is_of_project && !is_declared(name));
        let mut left: Vec<&str> = of_project.map(|(name, _)| name.as_str()).collect();
        if left.is_empty() {
            return left;
        }
        for file in crate::program::files(&[root.to_owned()]).unwrap_or_default() {
            // What cannot be read may declare all of them.
            let Ok(text) = std::fs::read_to_string(&file) else { return Vec::new() };
            let text = text.to_ascii_lowercase();
            left.retain(|name| !may_declare(&text, name));
        }
        left
    }
}

/// The configuration entries of a program and of those that come to run below it. One name is one entry: a program's
/// files declare each once.
fn entries(program: &Program) -> Vec<Config> {
    let mut found: Vec<Config> = program.plan().config.clone();
    for below in program.descendants() {
        for entry in &below.plan().config {
            if !found.iter().any(|known| known.name == entry.name) {
                found.push(entry.clone());
            }
        }
    }
    found
}

/// Whether `name:` stands in a text, which is in lower case.
fn may_declare(text: &str, name: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.match_indices(name).any(|(at, _)| {
        let (before, after) = (text.get(..at), text.get(at + name.len()..));
        before.is_some_and(|before| !before.ends_with(is_word))
            && after.is_some_and(|after| after.trim_start().starts_with([':', '?']))
    })
}

fn holds_float(value: &toml::Value) -> bool {
    match value {
        toml::Value::Float(_) => true,
        toml::Value::Array(items) => items.iter().any(holds_float),
        toml::Value::Table(table) => table.values().any(holds_float),
        _ => false,
    }
}

fn secret_file(path: &Path) -> anyhow::Result<String> {
    let length = std::fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?.len();
    if length > SECRET_BYTES_MAX {
        bail!("{} has {length} bytes: a secret has at most {SECRET_BYTES_MAX}", path.display());
    }
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(text
        .strip_suffix('\n')
        .map_or(text.as_str(), |text| text.strip_suffix('\r').unwrap_or(text))
        .to_owned())
}

fn is_name(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The lines of an env file: `NAME=value`, `export NAME="value"`, comments. Nothing in a value is executed.
fn env_lines(text: &str, path: &Path) -> anyhow::Result<Vec<(String, String)>> {
    let mut lines = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let line = line.strip_prefix("export ").unwrap_or(line).trim_start();
        let Some((name, value)) = line.split_once('=') else {
            bail!("{}:{}: expected `NAME=value`", path.display(), index + 1);
        };
        let (name, value) = (name.trim(), value.trim());
        if !is_name(name) {
            bail!("{}:{}: `{name}` is no name of a variable", path.display(), index + 1);
        }
        lines.push((name.to_owned(), unquoted(value)));
    }
    Ok(lines)
}

fn unquoted(value: &str) -> String {
    if let Some(inner) = value.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
        return inner.to_owned();
    }
    let Some(inner) = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return value.split(" #").next().unwrap_or(value).trim_end().to_owned();
    };
    let mut out = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('n') => out.push('\n'),
                Some('t') => out.push('\t'),
                Some(other) => out.push(other),
                None => out.push('\\'),
            },
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_env_file_is_read_and_never_executed() {
        let text = "# note\r\nexport A=1\r\nB=\"two \\\"2\\\"\"\nC='$(cmd)'\nD=$(rm -rf /) # why\n\nE=\n";
        let lines = env_lines(text, Path::new(".env")).unwrap();
        let lines: Vec<(&str, &str)> = lines.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        assert_eq!(lines, [("A", "1"), ("B", "two \"2\""), ("C", "$(cmd)"), ("D", "$(rm -rf /)"), ("E", "")]);
        let error = env_lines("A\n", Path::new(".env")).unwrap_err().to_string();
        assert_eq!(error, ".env:1: expected `NAME=value`");
    }
}
