//! Planted mistakes: little programs with one mistake each, written from the language reference by somebody who had
//! not seen what the compiler says of them.
//!
//! `NAME.flow` begins with `// expect: line N: what is wrong`; `NAME.fixed.flow` is what was meant. Measured are the
//! line of the finding, and whether an edit that it offers, applied by a program from the JSON, gives what was meant:
//! the same findings and the same plan as the fixed file. `README.md` has a row for each miss. A mistake without a
//! row must stay without; `FLOW_UPDATE=1` writes the table anew.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::command::{flow, run};
use crate::support::findings::check_file;
use crate::tidy::root;

/// The present counts: they may rise.
const MISTAKES: usize = 145;
const RIGHT_LINE_MIN: usize = 145;
const MEANT_MIN: usize = 129;

/// What was measured of one mistake.
struct Measured {
    name: String,
    line: String,
    edit: String,
    said: String,
}

impl Measured {
    fn is_at_the_right_line(&self) -> bool {
        self.line == "right"
    }

    fn is_mended_as_meant(&self) -> bool {
        self.edit == "meant"
    }
}

fn folder() -> PathBuf {
    root().join("tests/mistakes")
}

fn names() -> Vec<String> {
    let entries = std::fs::read_dir(folder()).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter_map(|name| name.strip_suffix(".flow").map(str::to_owned))
        .filter(|name| !name.ends_with(".fixed"))
        .collect();
    names.sort();
    names
}

/// The finding that a reader takes up first: the first error, else the first warning, else the first note.
fn first(findings: &[Value]) -> Option<&Value> {
    ["error", "warning", "note"]
        .iter()
        .find_map(|severity| findings.iter().find(|finding| finding["severity"] == *severity))
}

/// The text with the replacements of an edit that are in it.
fn applied(text: &str, edit: &Value) -> String {
    let byte = |point: &Value| point["byte"].as_u64().unwrap() as usize;
    let mut changes: Vec<&Value> = edit["changes"].as_array().unwrap().iter().collect();
    changes.sort_by_key(|change| std::cmp::Reverse(byte(&change["start"])));
    let mut text = text.to_owned();
    for change in changes {
        let range = byte(&change["start"])..byte(&change["end"]);
        text.replace_range(range, change["text"].as_str().unwrap());
    }
    text
}

/// Codes of the findings, and the hash of the plan: what a program is to the compiler.
fn meaning(folder: &Path, file: &str) -> (Vec<String>, Option<String>) {
    let codes = check_file(folder, file).iter().map(|finding| finding["code"].to_string()).collect();
    let ran = run(&mut flow(folder, &["plan", "--format", "json", file]));
    let plan: Option<Value> = serde_json::from_str(&ran.stdout).ok();
    (codes, plan.map(|plan| plan["hash"].to_string()))
}

fn measure(name: &str, scratch: &Path) -> Measured {
    let file = format!("{name}.flow");
    let text = std::fs::read_to_string(folder().join(&file)).unwrap();
    let expected = text.strip_prefix("// expect: line ").and_then(|rest| rest.split(':').next()).unwrap();
    let expected: u64 = expected.parse().unwrap();
    let findings = check_file(&folder(), &file);
    let Some(finding) = first(&findings) else {
        let (line, edit, said) = ("nothing found".into(), "none".into(), String::new());
        return Measured { name: name.into(), line, edit, said };
    };
    let (place, at) = (&finding["primary"], finding["primary"]["start"]["line"].as_u64().unwrap());
    let line = match place["file"].as_str().unwrap() {
        shown if shown != file => format!("in `{shown}`"),
        _ if at != expected => format!("{at}, not {expected}"),
        _ => String::from("right"),
    };
    let edits = finding["edits"].as_array().unwrap();
    let meant = meaning(&folder(), &format!("{name}.fixed.flow"));
    let is_meant = |edit: &&Value| {
        std::fs::write(scratch.join(&file), applied(&text, edit)).unwrap();
        let given = meaning(scratch, &file);
        given.1.is_some() && given == meant
    };
    let edit = match edits.iter().find(is_meant) {
        Some(_) => "meant".to_owned(),
        None if meant.1.is_none() => "the fixed file does not compile".to_owned(),
        None if edits.is_empty() => "none".to_owned(),
        None => edits.iter().map(|edit| edit["title"].as_str().unwrap()).collect::<Vec<_>>().join(", or "),
    };
    let said = format!("{}: {}", finding["code"].as_str().unwrap(), finding["message"].as_str().unwrap());
    Measured { name: name.into(), line, edit, said }
}

/// The misses as a table, with what is said now.
fn table(measured: &[Measured]) -> String {
    let right = measured.iter().filter(|one| one.is_at_the_right_line()).count();
    let meant = measured.iter().filter(|one| one.is_mended_as_meant()).count();
    let mut text = format!(
        "# Planted mistakes\n\n\
         Little programs with one mistake each, written from the language reference before the compiler was asked. Three\n\
         were corrected afterwards: two had a second mistake by accident, and `unlimited_attempts` named the line of `on`,\n\
         where it is the attempts that have no bound. `NAME.flow` says in its first line where the mistake is,\n\
         `NAME.fixed.flow` is what was meant. A line is right when the first error is at it (the first warning or note\n\
         where there is no error); an edit is meant when one of those that this finding offers gives the findings and the\n\
         plan of the fixed file. The last 68 were written later, by somebody who knew the compiler and mended what they\n\
         showed.\n\n\
         Of {} mistakes, {right} are reported at the right line, and {meant} are mended by an edit that is offered. The\n\
         rest, wrong lines first:\n\n\
         | mistake | line | edit | what is said |\n|---|---|---|---|\n",
        measured.len()
    );
    let is_missed = |one: &&Measured| !one.is_at_the_right_line() || !one.is_mended_as_meant();
    let mut missed: Vec<&Measured> = measured.iter().filter(is_missed).collect();
    missed.sort_by_key(|one| one.is_at_the_right_line());
    for one in missed {
        let said = one.said.replace('|', "\\|");
        text.push_str(&format!("| {} | {} | {} | {said} |\n", one.name, one.line, one.edit));
    }
    text
}

/// The rows of the table: the name, whether the line is right, whether the edit is.
fn known() -> BTreeMap<String, (bool, bool)> {
    let text = std::fs::read_to_string(folder().join("README.md")).unwrap();
    let rows = text.lines().skip_while(|line| !line.starts_with("|---"));
    rows.skip(1)
        .map(|row| {
            let cells: Vec<&str> = row.split('|').map(str::trim).collect();
            (cells[1].to_owned(), (cells[2] == "right", cells[3] == "meant"))
        })
        .collect()
}

#[test]
fn mistakes_are_found_where_they_are_and_mended_as_meant() {
    let scratch = std::env::temp_dir().join(format!("flow-mistakes-{}", std::process::id()));
    std::fs::create_dir_all(scratch.join("shared")).unwrap();
    for entry in std::fs::read_dir(folder().join("shared")).unwrap().flatten() {
        std::fs::copy(entry.path(), scratch.join("shared").join(entry.file_name())).unwrap();
    }
    let measured: Vec<Measured> = names().iter().map(|name| measure(name, &scratch)).collect();
    std::fs::remove_dir_all(scratch).unwrap();
    if std::env::var_os("FLOW_UPDATE").is_some() {
        std::fs::write(folder().join("README.md"), table(&measured)).unwrap();
    }

    let known = known();
    let mut worse = String::new();
    for one in &measured {
        let (line, edit) = known.get(&one.name).copied().unwrap_or((true, true));
        if line && !one.is_at_the_right_line() || edit && !one.is_mended_as_meant() {
            worse += &format!("{}: line: {}, edit: {} ({})\n", one.name, one.line, one.edit, one.said);
        }
    }
    assert!(worse.is_empty(), "these were better before:\n{worse}");
    let right = measured.iter().filter(|one| one.is_at_the_right_line()).count();
    let meant = measured.iter().filter(|one| one.is_mended_as_meant()).count();
    assert!(measured.len() >= MISTAKES, "{} mistakes", measured.len());
    assert!(right >= RIGHT_LINE_MIN, "{right} at the right line");
    assert!(meant >= MEANT_MIN, "{meant} mended as meant");
}

/// What depends on the server, or on what a number counts, is nothing that a tool may apply by itself.
#[test]
fn edits_that_change_the_meaning_are_guesses() {
    for name in
        ["milliseconds_without_unit", "days_without_unit", "post_under_retry", "sent_once_without_key"]
    {
        let findings = check_file(&folder(), &format!("{name}.flow"));
        let edits: Vec<&Value> =
            findings.iter().flat_map(|finding| finding["edits"].as_array().unwrap()).collect();
        assert!(!edits.is_empty(), "{name} has no edits");
        assert!(edits.iter().all(|edit| edit["guess"] == true), "{name}: {edits:?}");
    }
}
