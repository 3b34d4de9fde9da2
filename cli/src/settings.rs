//! Values for a program's `config`: from flags, the environment, an env file, and `flow.toml`, in this order.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use flow_engine::{Secret, Settings, Value};
use flow_vm::Program;

use crate::world::PROJECT_FILE;

/// What prefixes the environment variables that hold config values: `FLOW_SET_ORDERS_URL`.
const PREFIX: &str = "FLOW_SET_";

/// The longest secret that is read from a file: 64 KiB.
const SECRET_BYTES_MAX: u64 = 64 << 10;

/// Values as they were given, by the name of the config entry, with where each came from.
#[derive(Debug, Default)]
pub struct Given {
    values: BTreeMap<String, Entry>,
}

#[derive(Clone, Debug)]
struct Entry {
    value: Raw,
    origin: String,
}

#[derive(Clone, Debug)]
enum Raw {
    /// Text of a flag, a variable or an env file.
    Text(String),
    /// JSON, of `flow.toml`.
    Json(serde_json::Value),
}

/// A plan's configuration, resolved.
#[derive(Debug)]
pub struct Resolved {
    /// What requests use.
    pub settings: Settings,
    /// The values that are pinned at the start, as JSON.
    pub pinned: Vec<(flow_plan::ConfigId, Vec<u8>)>,
}

impl Given {
    /// Gathers the values: `sets` are `name=value` of flags.
    ///
    /// # Errors
    /// Where a flag, a file or a table is malformed.
    pub fn gather(sets: &[String], env_file: Option<&Path>, root: &Path) -> anyhow::Result<Self> {
        let mut given = Self::default();
        given.project_file(&root.join(PROJECT_FILE))?;
        if let Some(path) = env_file {
            let text =
                std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
            for (name, value) in env_lines(&text, path)? {
                given.variable(&name, value, &format!("{}", path.display()))?;
            }
        }
        for (name, value) in std::env::vars_os() {
            let (Some(name), Some(value)) = (name.to_str(), value.to_str()) else { continue };
            given.variable(name, value.to_owned(), "the environment")?;
        }
        for set in sets {
            let Some((name, value)) = set.split_once('=') else {
                bail!("`--set {set}` has no `=`: write `--set name=value`");
            };
            if !is_name(name) {
                bail!("`{name}` in `--set {set}` is no config name: names are letters, digits and `_`");
            }
            given.put(name, Raw::Text(value.to_owned()), "--set".to_owned());
        }
        Ok(given)
    }

    fn put(&mut self, name: &str, value: Raw, origin: String) {
        self.values.insert(name.to_ascii_lowercase(), Entry { value, origin });
    }

    fn variable(&mut self, name: &str, value: String, origin: &str) -> anyhow::Result<()> {
        let Some(entry) = name.strip_prefix(PREFIX) else { return Ok(()) };
        match entry.strip_suffix("_FILE") {
            Some(entry) if !entry.is_empty() => {
                let text =
                    secret_file(&PathBuf::from(&value)).with_context(|| format!("{name} in {origin}"))?;
                self.put(entry, Raw::Text(text), format!("{value}, named by {name}"));
            }
            _ => self.put(entry, Raw::Text(value), format!("{name} in {origin}")),
        }
        Ok(())
    }

    fn project_file(&mut self, path: &Path) -> anyhow::Result<()> {
        let Ok(text) = std::fs::read_to_string(path) else { return Ok(()) };
        let table: toml::Table =
            text.parse().with_context(|| format!("{} is not valid TOML", path.display()))?;
        let Some(config) = table.get("config") else { return Ok(()) };
        let Some(config) = config.as_table() else {
            bail!("`config` in {} must be a table: write `[config]`", path.display());
        };
        for (name, value) in config {
            let json =
                serde_json::to_value(value).with_context(|| format!("`{name}` in {}", path.display()))?;
            self.put(name, Raw::Json(json), path.display().to_string());
        }
        Ok(())
    }

    /// The values for a plan. With `stand_in`, a secret that is not given gets a value that is plainly none: for
    /// mocks. `bases` replaces the entries that hold an API's base URL.
    ///
    /// # Errors
    /// What is missing or does not fit, all of it.
    pub fn resolve(&self, program: &Program, stand_in: bool) -> anyhow::Result<Resolved> {
        let mut entries = Vec::new();
        let mut pinned = Vec::new();
        let mut problems = Vec::new();
        for (index, config) in program.plan().config.iter().enumerate() {
            let id = flow_plan::ConfigId(u32::try_from(index).unwrap_or(u32::MAX));
            let given = self.values.get(&config.name.to_ascii_lowercase());
            if config.secret {
                let value =
                    given.map(secret_text).or_else(|| stand_in.then(|| format!("mock-{}", config.name)));
                match value {
                    Some(text) if text.is_empty() => {
                        problems.push(format!("the secret `{}` is empty", config.name));
                    }
                    Some(text) => entries.push((config.name.clone(), Some(Value::Secret(Secret::new(text))))),
                    None => problems.push(format!(
                        "the secret `{0}` is missing: set {PREFIX}{1} or {PREFIX}{1}_FILE",
                        config.name,
                        config.name.to_ascii_uppercase()
                    )),
                }
                continue;
            }
            let json = match given {
                Some(entry) => match fitting(program, config.ty, &entry.value) {
                    Ok(json) => Some(json),
                    Err(why) => {
                        problems.push(format!("config `{}` from {}: {why}", config.name, entry.origin));
                        continue;
                    }
                },
                None => config.default.clone(),
            };
            let Some(json) = json else {
                problems.push(format!(
                    "config `{0}` has no value: pass `--set {0}=…` or set {PREFIX}{1}",
                    config.name,
                    config.name.to_ascii_uppercase()
                ));
                continue;
            };
            if config.pinned {
                pinned.push((id, json.clone().into_bytes()));
            }
            entries.push((config.name.clone(), live(&json)));
        }
        if !problems.is_empty() {
            bail!("{}", problems.join("\n       "));
        }
        Ok(Resolved { settings: Settings::new(entries), pinned })
    }

    /// The names that were given but that no plan reads.
    pub fn unknown<'a>(&'a self, known: &[&str]) -> Vec<&'a str> {
        let set =
            self.values.iter().filter(|(_, entry)| entry.origin == "--set").map(|(name, _)| name.as_str());
        set.filter(|name| !known.iter().any(|known| known.eq_ignore_ascii_case(name))).collect()
    }
}

fn secret_text(entry: &Entry) -> String {
    match &entry.value {
        Raw::Text(text) | Raw::Json(serde_json::Value::String(text)) => text.clone(),
        Raw::Json(other) => other.to_string(),
    }
}

/// The value as requests use it: a text, or a list of texts; other values are only read by workflow code.
fn live(json: &str) -> Option<Value> {
    match serde_json::from_str(json).ok()? {
        serde_json::Value::String(text) => Some(Value::Text(text)),
        serde_json::Value::Array(items) => {
            let texts = items.into_iter().map(|item| item.as_str().map(str::to_owned));
            Some(Value::List(texts.collect::<Option<_>>()?))
        }
        other => Some(Value::Text(other.to_string())),
    }
}

/// The JSON text of a given value, as the entry's type wants it: a text stands for itself where a text is due.
fn fitting(program: &Program, ty: flow_plan::TypeId, raw: &Raw) -> Result<String, String> {
    let candidates = match raw {
        Raw::Json(json) => vec![json.to_string()],
        Raw::Text(text) => {
            let quoted = serde_json::Value::String(text.clone()).to_string();
            if program.plan().types.is_handle(ty) && program.check_value(ty, quoted.as_bytes()).is_ok() {
                return Ok(quoted);
            }
            vec![text.clone(), quoted]
        }
    };
    let mut problem = String::new();
    for candidate in candidates {
        match program.check_value(ty, candidate.as_bytes()) {
            Ok(()) => return Ok(candidate),
            Err(error) if problem.is_empty() => problem = error.to_string(),
            Err(_) => {}
        }
    }
    Err(problem)
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
