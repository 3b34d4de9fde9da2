//! The four formats of `flow check` tell of the same findings, and SARIF is what its schema says.

use serde_json::Value;

use super::scratch;
use crate::support::command::{flow, run};
use crate::tidy::root;

/// Code, severity, first line of the message, file and line: what every format says.
type Finding = (String, String, String, String, u64);

/// What `flow check` writes about the planted mistakes, which have findings of many kinds.
fn checked(format: &str) -> String {
    let ran = run(&mut flow(&root(), &["check", "--format", format, "tests/mistakes"]));
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    ran.stdout
}

fn string(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

fn first_line(value: &Value) -> String {
    string(value).lines().next().unwrap().to_owned()
}

fn of_json(text: &str) -> Vec<Finding> {
    let document: Value = serde_json::from_str(text).unwrap();
    let finding = |entry: &Value| {
        let place = &entry["primary"];
        let line = place["start"]["line"].as_u64().unwrap();
        let (code, severity) = (string(&entry["code"]), string(&entry["severity"]));
        (code, severity, string(&entry["message"]), string(&place["file"]), line)
    };
    document["diagnostics"].as_array().unwrap().iter().map(finding).collect()
}

fn of_sarif(text: &str) -> Vec<Finding> {
    let log: Value = serde_json::from_str(text).unwrap();
    let run = &log["runs"][0];
    let finding = |result: &Value| {
        let place = &result["locations"][0]["physicalLocation"];
        let rule = &run["tool"]["driver"]["rules"][result["ruleIndex"].as_u64().unwrap() as usize];
        assert_eq!(rule["id"], result["ruleId"]);
        assert!(string(&rule["help"]["text"]).starts_with(&format!("# {}: ", string(&rule["id"]))));
        let line = place["region"]["startLine"].as_u64().unwrap();
        let (code, severity) = (string(&result["ruleId"]), string(&result["level"]));
        let message = first_line(&result["message"]["text"]);
        (code, severity, message, string(&place["artifactLocation"]["uri"]), line)
    };
    run["results"].as_array().unwrap().iter().map(finding).collect()
}

fn of_github(text: &str) -> Vec<Finding> {
    let finding = |line: &str| {
        let (command, rest) = line.strip_prefix("::").unwrap().split_once(' ').unwrap();
        let (properties, message) = rest.split_once("::").unwrap();
        let property = |name: &str| {
            let found = properties.split(',').find_map(|property| property.strip_prefix(name));
            found.unwrap().to_owned()
        };
        let severity = if command == "notice" { "note" } else { command };
        let message = message.split("%0A").next().unwrap().replace("%25", "%");
        let line = property("line=").parse().unwrap();
        (property("title="), severity.to_owned(), message, property("file="), line)
    };
    text.lines().map(finding).collect()
}

fn of_text(text: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let head = line.split_once("]: ").and_then(|(head, message)| Some((head.split_once('[')?, message)));
        let Some(((severity, code), message)) = head else { continue };
        if !["error", "warning", "note"].contains(&severity) {
            continue;
        }
        // A long message goes on in the lines below it.
        let mut message = message.to_owned();
        let mut place = lines.next().unwrap();
        while !place.contains("╭─[ ") {
            message += &format!(" {}", place.trim_start());
            place = lines.next().unwrap();
        }
        let place = place.split_once("╭─[ ").unwrap().1.strip_suffix(" ]").unwrap();
        let mut parts = place.rsplitn(3, ':');
        let (_column, line, file) = (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap());
        let line = line.parse().unwrap();
        found.push((code.to_owned(), severity.to_owned(), message, file.to_owned(), line));
    }
    found
}

#[test]
fn all_formats_tell_of_the_same_findings() {
    let expected = of_json(&checked("json"));
    assert!(expected.len() >= 60, "{} findings", expected.len());
    assert_eq!(of_text(&checked("text")), expected, "text (left), JSON (right)");
    assert_eq!(of_sarif(&checked("sarif")), expected, "SARIF (left), JSON (right)");
    assert_eq!(of_github(&checked("github")), expected, "GitHub (left), JSON (right)");
}

#[test]
fn sarif_is_what_its_schema_says() {
    let schema = root().join("tests/errors/sarif/sarif-2.1.0-rtm.5.json");
    let mut schema: Value = serde_json::from_str(&std::fs::read_to_string(schema).unwrap()).unwrap();
    // A slip in the schema: `]?` without `[` is a regular expression only for lenient engines. We write no language.
    for owner in ["run", "toolComponent"] {
        schema["definitions"][owner]["properties"]["language"]["pattern"] =
            "^[a-zA-Z]{2}(-[a-zA-Z]{2})?$".into();
    }
    let validator = jsonschema::draft4::new(&schema).unwrap();
    let mut log: Value = serde_json::from_str(&checked("sarif")).unwrap();
    let errors: Vec<String> =
        validator.iter_errors(&log).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]["startLine"] = 0.into();
    assert!(!validator.is_valid(&log), "a line 0 is refused, so the schema is in force");
}

#[test]
fn sarif_counts_columns_in_utf16_and_carries_edits() {
    let scratch = scratch("sarif");
    std::fs::create_dir_all(&scratch).unwrap();
    let text = "fn twice(n: int) -> int = n * 2\nfn both(n: int) -> string = \"𝕏ä {twcie(n)}\"\n";
    std::fs::write(scratch.join("a b.flow"), text).unwrap();
    let ran = run(&mut flow(&scratch, &["check", "--format", "sarif", "a b.flow"]));
    let _ = std::fs::remove_dir_all(scratch);
    let log: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(log["runs"][0]["columnKind"], "utf16CodeUnits");
    let results = log["runs"][0]["results"].as_array().unwrap();
    let result = results.iter().find(|result| result["ruleId"] == "F0201").unwrap();
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "a%20b.flow");
    // `𝕏` has two code units: the name begins at the 35th, which is character 34.
    let region = serde_json::json!({ "startLine": 2, "startColumn": 35, "endLine": 2, "endColumn": 40 });
    assert_eq!(place["region"], region);
    let change = &result["fixes"][0]["artifactChanges"][0];
    assert_eq!(change["artifactLocation"]["uri"], "a%20b.flow");
    assert_eq!(change["replacements"][0]["deletedRegion"], region);
    assert_eq!(change["replacements"][0]["insertedContent"]["text"], "twice");
}
