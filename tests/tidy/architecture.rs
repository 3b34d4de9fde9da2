//! The table in `docs/architecture.md` is exactly the edges between crates.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use super::root;

type Edges = BTreeMap<String, BTreeSet<String>>;

fn documented() -> Edges {
    let text = std::fs::read_to_string(root().join("docs/architecture.md")).unwrap();
    let rows = text.lines().skip_while(|line| !line.starts_with("| crate ")).skip(2);
    let rows = rows.take_while(|line| line.starts_with('|'));
    rows.map(|row| {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let imports = cells[2].split(',').map(str::trim).filter(|name| *name != "–");
        (cells[1].to_owned(), imports.map(str::to_owned).collect())
    })
    .collect()
}

fn actual() -> Edges {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let mut edges = Edges::new();
    for package in metadata["packages"].as_array().unwrap() {
        let name = package["name"].as_str().unwrap().strip_prefix("flow-").unwrap();
        let normal = package["dependencies"].as_array().unwrap().iter().filter(|edge| edge["kind"].is_null());
        let ours = normal.filter_map(|edge| edge["name"].as_str().unwrap().strip_prefix("flow-"));
        edges.insert(name.to_owned(), ours.map(str::to_owned).collect());
    }
    edges
}

#[test]
fn the_edges_between_crates_are_those_of_the_table() {
    let (documented, actual) = (documented(), actual());
    let names = |edges: &Edges| edges.keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(names(&documented), names(&actual), "crates in docs/architecture.md and in the workspace");
    for (name, edges) in &actual {
        assert_eq!(
            &documented[name], edges,
            "what `{name}` imports: docs/architecture.md (left), Cargo.toml (right)"
        );
    }
}

#[test]
fn every_pure_crate_forbids_the_way_around_its_seams() {
    let pure = ["source", "diagnostics", "syntax", "hir", "check", "plan", "emit", "format", "driver"];
    let pure = pure.map(|name| format!("compiler/{name}"));
    let others = ["runtime/vm", "runtime/http", "runtime/journal", "runtime/engine", "lsp/ide"];
    for folder in pure.iter().map(String::as_str).chain(others) {
        let text = std::fs::read_to_string(root().join(folder).join("clippy.toml")).unwrap();
        assert!(text.contains("disallowed-methods") && text.contains("reason ="), "{folder}/clippy.toml");
    }
}

#[test]
fn json_numbers_keep_their_usual_meaning_in_every_crate() {
    // The feature `arbitrary_precision` of serde_json is unified into the whole tree and changes what other
    // crates read: it must never be switched on.
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "-e", "features", "-i", "serde_json", "--workspace"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(!String::from_utf8_lossy(&output.stdout).contains("arbitrary_precision"));
}
