//! The pages of `docs/errors`: one a code, whose examples give the code and whose fixes do not.

mod explain;
mod formats;
mod unshown;
mod width;

use std::collections::BTreeSet;
use std::path::PathBuf;

use flow_diagnostics::codes;
use serde_json::Value;

use crate::support::findings::{check_text, shown};

/// What stands in a page without an example; `unshown` then makes the code in another way.
const WITHOUT_EXAMPLE: &str = "<!-- no example -->";

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/errors")
}

fn page(code: &str) -> String {
    let path = folder().join(format!("{code}.md"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A new folder for the files of a test.
fn scratch(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("flow-errors-{}-{name}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    folder
}

/// The `flow` blocks of a section.
fn block(page: &str, section: &str) -> Option<String> {
    let (_, rest) = page.split_once(&format!("\n## {section}\n"))?;
    let rest = rest.split("\n## ").next()?;
    let (_, rest) = rest.split_once("```flow\n")?;
    Some(rest.split_once("```")?.0.to_owned())
}

#[test]
fn every_code_has_a_page_and_every_page_a_code() {
    let pages: BTreeSet<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let registered: BTreeSet<String> = codes::ALL.iter().map(|code| format!("{}.md", code.id)).collect();
    assert_eq!(pages, registered, "pages (left), codes (right)");
}

#[test]
fn every_page_has_the_title_of_its_code_and_all_sections() {
    for code in codes::ALL {
        let page = page(code.id);
        assert_eq!(page.lines().next().unwrap(), format!("# {}: {}", code.id, code.title));
        let sections: Vec<&str> = page.lines().filter(|line| line.starts_with("## ")).collect();
        assert_eq!(sections, ["## What", "## Why", "## Example", "## Fix"], "{}", code.id);
        for section in ["What", "Why", "Fix"] {
            let (_, text) = page.split_once(&format!("\n## {section}\n")).unwrap();
            assert!(text.trim_start().chars().next().is_some_and(|c| c != '#'), "{}: {section}", code.id);
        }
    }
}

#[test]
fn the_example_of_a_page_gives_its_code_first_and_its_fix_gives_nothing() {
    let scratch = scratch("pages");
    let mut wrong = String::new();
    for code in codes::ALL {
        let page = page(code.id);
        if page.contains(WITHOUT_EXAMPLE) {
            continue;
        }
        let example = block(&page, "Example").unwrap_or_else(|| panic!("{}: no example", code.id));
        let fix = block(&page, "Fix").unwrap_or_else(|| panic!("{}: no fix", code.id));
        // What is declared and has no effect yet says so everywhere: on other pages that is no news.
        let told = |found: Vec<Value>| -> Vec<Value> {
            found.into_iter().filter(|found| code.id == "F1101" || found["code"] != "F1101").collect()
        };
        let found = told(check_text(&scratch.join(code.id).join("example"), &example));
        if found.first().is_none_or(|first| first["code"] != code.id) {
            wrong += &format!("the example of {} gives\n{}", code.id, shown(&found));
        }
        let found = told(check_text(&scratch.join(code.id).join("fix"), &fix));
        if !found.is_empty() {
            wrong += &format!("the fix of {} gives\n{}", code.id, shown(&found));
        }
    }
    let _ = std::fs::remove_dir_all(scratch);
    assert!(wrong.is_empty(), "{wrong}");
}
