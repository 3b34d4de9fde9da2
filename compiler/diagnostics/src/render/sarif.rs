//! The SARIF renderer: findings for code scanning, in the form of OASIS SARIF 2.1.0.
//!
//! Only the part of the format that findings of a compiler need, as structs of our own. Lines and columns count
//! from 1, columns in UTF-16 code units, which the run says in `columnKind`.

use std::collections::BTreeMap;

use flow_source::{Sources, Span};
use serde::Serialize;

use crate::{Diagnostic, Edit, Label, Severity, codes};

const VERSION: &str = "2.1.0";
const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

#[derive(Serialize)]
struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'a> {
    tool: Tool<'a>,
    column_kind: &'static str,
    results: Vec<Finding<'a>>,
}

#[derive(Serialize)]
struct Tool<'a> {
    driver: Driver<'a>,
}

#[derive(Serialize)]
struct Driver<'a> {
    name: &'static str,
    version: &'a str,
    rules: Vec<Rule<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule<'a> {
    id: &'a str,
    short_description: Message,
    help: Message,
    default_configuration: Configuration,
}

#[derive(Serialize)]
struct Configuration {
    level: &'static str,
}

#[derive(Serialize)]
struct Message {
    text: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Finding<'a> {
    rule_id: &'a str,
    rule_index: usize,
    level: &'static str,
    message: Message,
    locations: [Location; 1],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<Location>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fixes: Vec<Fix<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<usize>,
    physical_location: PhysicalLocation,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Message>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: Artifact,
    region: Region,
}

#[derive(Clone, Serialize, PartialEq, Eq, PartialOrd, Ord)]
struct Artifact {
    uri: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: u32,
    start_column: u32,
    end_line: u32,
    end_column: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Fix<'a> {
    description: Message,
    artifact_changes: Vec<ArtifactChange<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ArtifactChange<'a> {
    artifact_location: Artifact,
    replacements: Vec<Replacement<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Replacement<'a> {
    deleted_region: Region,
    inserted_content: Inserted<'a>,
}

#[derive(Serialize)]
struct Inserted<'a> {
    text: &'a str,
}

/// All diagnostics, each with the sources that it is about, as one SARIF log. `version` is the tool's own, and
/// `page` gives the long form of a code, which becomes the help of its rule.
pub fn sarif<'a>(
    diagnostics: impl IntoIterator<Item = (&'a Diagnostic, &'a Sources)>,
    version: &str,
    page: impl Fn(&str) -> Option<&'static str>,
) -> String {
    let diagnostics: Vec<_> = diagnostics.into_iter().collect();
    let mut used: Vec<&str> = diagnostics.iter().map(|(diagnostic, _)| diagnostic.code.as_str()).collect();
    used.sort_unstable();
    used.dedup();
    let results = diagnostics
        .iter()
        .map(|(diagnostic, sources)| {
            let index = used.binary_search(&diagnostic.code.as_str()).unwrap_or(0);
            finding(diagnostic, index, sources)
        })
        .collect();
    let rules = used.iter().map(|id| rule(id, page(id))).collect();
    let tool = Tool { driver: Driver { name: "flow", version, rules } };
    let run = Run { tool, column_kind: "utf16CodeUnits", results };
    let log = Log { schema: SCHEMA, version: VERSION, runs: [run] };
    // The log is plain data with string keys, for which serialisation cannot fail.
    serde_json::to_string_pretty(&log).unwrap_or_default()
}

fn rule<'a>(id: &'a str, page: Option<&str>) -> Rule<'a> {
    let code = codes::find(id);
    let title = code.map_or(id, |code| code.title).to_owned();
    let help = page.map_or_else(|| title.clone(), str::to_owned);
    Rule {
        id,
        short_description: Message { text: title },
        help: Message { text: help },
        default_configuration: Configuration { level: level(code.map_or(Severity::Error, |c| c.severity)) },
    }
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

fn finding<'a>(diagnostic: &'a Diagnostic, rule_index: usize, sources: &Sources) -> Finding<'a> {
    let secondary = diagnostic.secondary.iter().enumerate();
    Finding {
        rule_id: &diagnostic.code,
        rule_index,
        level: level(diagnostic.severity),
        message: Message { text: super::whole_text(diagnostic) },
        locations: [location(None, &diagnostic.primary, sources)],
        related_locations: secondary.map(|(at, label)| location(Some(at + 1), label, sources)).collect(),
        fixes: diagnostic.edits.iter().map(|edit| fix(edit, sources)).collect(),
    }
}

fn location(id: Option<usize>, label: &Label, sources: &Sources) -> Location {
    Location {
        id,
        physical_location: PhysicalLocation {
            artifact_location: artifact(label.span, sources),
            region: region(label.span, sources),
        },
        message: (!label.text.is_empty()).then(|| Message { text: label.text.clone() }),
    }
}

fn fix<'a>(edit: &'a Edit, sources: &Sources) -> Fix<'a> {
    let mut files: BTreeMap<Artifact, Vec<Replacement<'a>>> = BTreeMap::new();
    for change in &edit.changes {
        let replacement = Replacement {
            deleted_region: region(change.span, sources),
            inserted_content: Inserted { text: &change.text },
        };
        files.entry(artifact(change.span, sources)).or_default().push(replacement);
    }
    let changes = files
        .into_iter()
        .map(|(artifact_location, replacements)| ArtifactChange { artifact_location, replacements });
    Fix { description: Message { text: edit.title.clone() }, artifact_changes: changes.collect() }
}

fn region(span: Span, sources: &Sources) -> Region {
    let point = |byte: u32| {
        let (line, column) = sources.get(span.file).map_or((0, 0), |file| file.utf16_position(byte));
        (line + 1, column + 1)
    };
    let ((start_line, start_column), (end_line, end_column)) = (point(span.start), point(span.end));
    Region { start_line, start_column, end_line, end_column }
}

/// A file's name as a relative URI reference (RFC 3986): what could be read as something else is encoded.
fn artifact(span: Span, sources: &Sources) -> Artifact {
    let mut uri = String::new();
    for byte in sources.shown_name(span.file).replace('\\', "/").bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    Artifact { uri }
}
