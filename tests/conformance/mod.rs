//! Expressions of the public suites of CEL and FEEL, translated and run: see the README beside.

mod parse;
mod write;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use parse::Dialect;
use serde_json::Value;

use crate::support::command::{flow, run};

/// How many cases stand in one file, so that a mistake in one does not hide many.
const BATCH: usize = 40;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/conformance")
}

/// A case in Flow.
#[derive(Clone)]
struct Case {
    id: String,
    /// Statements before, and the expression.
    lets: String,
    expr: String,
    /// The value that is due; none where an error is.
    expected: Option<String>,
}

impl Case {
    fn test(&self) -> String {
        let expected = self.expected.as_ref().unwrap_or(&self.expr);
        let name = self.id.replace(['"', '\\', '{'], "");
        format!(
            "test \"{name}\" {{\n{}  let it_is = {}\n  expect it_is == {expected}\n}}\n",
            self.lets, self.expr
        )
    }
}

/// The case of a line, where it is covered.
fn case(line: &str, dialect: Dialect) -> Option<Case> {
    let json: Value = serde_json::from_str(line).ok()?;
    let text = |name: &str| json.get(name).and_then(Value::as_str).unwrap_or_default();
    let mut source = text("expr").to_owned();
    let (mut lets, mut known) = (String::new(), Vec::new());
    let (id, expected) = match dialect {
        Dialect::Cel => {
            if json.get("bindings").is_some() {
                return None;
            }
            let id = format!("{}/{}/{}", text("suite"), text("section"), text("name"));
            let error = json.get("evalError").is_some();
            (id, if error { None } else { Some(cel_value(json.get("value")?)?) })
        }
        Dialect::Feel => {
            // What a decision's declared type makes of its value is no matter of expressions.
            if text("group").contains("coercion") {
                return None;
            }
            for (name, value) in json.get("inputs")?.as_object()? {
                let written = feel_value(value)?;
                let own = name.replace(|c: char| !c.is_ascii_alphanumeric(), "_");
                source = source.replace(name.as_str(), &own);
                writeln!(lets, "  let {own} = {written}").ok()?;
                known.push(own);
            }
            let error = json.get("error").and_then(Value::as_bool) == Some(true);
            (text("id").to_owned(), if error { None } else { Some(feel_value(json.get("expected")?)?) })
        }
    };
    let parsed = parse::parse(&source, dialect)?;
    Some(Case { id, lets, expr: write::flow(&parsed, dialect, &known)?, expected })
}

fn cel_value(value: &Value) -> Option<String> {
    let (kind, value) = value.as_object()?.iter().next()?;
    Some(match kind.as_str() {
        "boolValue" => value.as_bool()?.to_string(),
        "int64Value" => value.as_str()?.to_owned(),
        "doubleValue" => value.as_f64().filter(|double| double.abs() < 1e15)?.to_string(),
        "stringValue" => write::text(value.as_str()?),
        "nullValue" => "null".to_owned(),
        "listValue" => {
            let items = value.get("values").and_then(Value::as_array)?;
            let items: Option<Vec<String>> = items.iter().map(cel_value).collect();
            format!("[{}]", items?.join(", "))
        }
        _ => return None,
    })
}

fn feel_value(value: &Value) -> Option<String> {
    let kind = value.get("type")?.as_str()?;
    let value = value.get("value")?;
    Some(match kind {
        "decimal" | "boolean" => value.as_str()?.to_owned(),
        "string" => write::text(value.as_str()?),
        "list" => {
            let items: Option<Vec<String>> = value.as_array()?.iter().map(feel_value).collect();
            format!("[{}]", items?.join(", "))
        }
        _ => return None,
    })
}

/// Runs cases in a file of their own, and gives those that fail or do not compile.
fn failing(cases: &[Case], folder: &Path) -> Vec<String> {
    let file = folder.join("cases.flow");
    let text: Vec<String> = cases.iter().map(Case::test).collect();
    std::fs::write(&file, text.join("\n")).unwrap();
    let ran = run(&mut flow(folder, &["test", "cases.flow"]));
    match cases {
        _ if ran.code == 0 => Vec::new(),
        [one] => vec![one.id.clone()],
        // Where one does not compile, none runs: each half is looked at alone.
        many => {
            let (left, right) = many.split_at(many.len() / 2);
            [failing(left, folder), failing(right, folder)].concat()
        }
    }
}

/// Why cases are deliberately different, by their ids.
fn different() -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(folder().join("different.tsv")).unwrap();
    text.lines()
        .filter_map(|line| line.split_once('\t'))
        .map(|(id, why)| (id.to_owned(), why.to_owned()))
        .collect()
}

fn check(name: &str, dialect: Dialect) {
    let text = std::fs::read_to_string(folder().join(name)).unwrap();
    let cases: Vec<Case> = text.lines().filter_map(|line| case(line, dialect)).collect();
    assert_eq!(cases.len(), text.lines().count(), "{name} holds what is covered, and nothing else");
    let directory = std::env::temp_dir().join(format!("flow-conformance-{}-{name}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let (errors, values): (Vec<Case>, Vec<Case>) =
        cases.into_iter().partition(|case| case.expected.is_none());
    let mut failed: Vec<String> = values.chunks(BATCH).flat_map(|batch| failing(batch, &directory)).collect();
    // An error is due: at compile time, or when it runs.
    for case in &errors {
        if failing(std::slice::from_ref(case), &directory).is_empty() {
            failed.push(case.id.clone());
        }
    }
    std::fs::remove_dir_all(&directory).unwrap();
    let known = different();
    let ids: Vec<&String> = values.iter().chain(&errors).map(|case| &case.id).collect();
    let apart = ids.iter().filter(|id| known.contains_key(**id)).count();
    let unexpected: Vec<&String> = failed.iter().filter(|id| !known.contains_key(*id)).collect();
    let stale: Vec<&&String> =
        ids.iter().filter(|id| known.contains_key(**id) && !failed.contains(id)).collect();
    let covered = ids.len() - apart;
    let counts = format!("{covered} covered ({} of them errors), {apart} different", errors.len());
    assert!(unexpected.is_empty(), "{name}: {counts}; these do not pass: {unexpected:#?}");
    assert!(stale.is_empty(), "{name}: {counts}; these are as there after all: {stale:#?}");
    let readme = std::fs::read_to_string(folder().join("README.md")).unwrap();
    assert!(readme.contains(&counts), "the README says other counts of {name}: {counts}");
}

#[test]
fn cel() {
    check("cel.jsonl", Dialect::Cel);
}

#[test]
fn feel() {
    check("feel.jsonl", Dialect::Feel);
}

/// Takes what is covered out of the whole suites: `FLOW_SUITES=folder cargo test -- --ignored conformance`.
#[test]
#[ignore = "needs the suites"]
fn take_the_covered_cases() {
    let Some(suites) = std::env::var_os("FLOW_SUITES").map(PathBuf::from) else { return };
    for (from, to, dialect) in [
        ("cel/cel-core.jsonl", "cel.jsonl", Dialect::Cel),
        ("feel-tck/feel-cases.jsonl", "feel.jsonl", Dialect::Feel),
    ] {
        let text = std::fs::read_to_string(suites.join(from)).unwrap();
        let covered: Vec<&str> = text.lines().filter(|line| case(line, dialect).is_some()).collect();
        std::fs::write(folder().join(to), covered.join("\n") + "\n").unwrap();
    }
}
