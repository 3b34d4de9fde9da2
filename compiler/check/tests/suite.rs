//! The suite of the checker: `.flow` files that say in comments what is found in them.
//!
//! `// error[F0302]: part of the message` stands on the line that it is about, or alone above it; `warning` and
//! `note` likewise. A file passes when exactly these are found. `// file: name.flow` begins another file, which
//! the first one may import.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::disallowed_methods,
    reason = "tests may panic, and read their own data"
)]

use std::collections::BTreeMap;
use std::path::Path;

use flow_diagnostics::{Diagnostic, Severity};
use flow_hir::{Files, ImportProblem};
use flow_source::{FileId, Sources};
use flow_syntax::ast;

/// Files in memory, parsed when they are added.
#[derive(Default)]
struct Memory {
    sources: Sources,
    files: BTreeMap<String, FileId>,
    trees: Vec<ast::File>,
    diagnostics: Vec<Diagnostic>,
}

impl Memory {
    fn add(&mut self, name: &str, text: &str) {
        let id = self.sources.add(name, text);
        let parsed = flow_syntax::parse(id, text);
        self.files.insert(name.to_owned(), id);
        self.trees.push(parsed.tree());
        self.diagnostics.extend(parsed.diagnostics);
    }
}

impl Files for Memory {
    fn resolve(&mut self, _from: FileId, path: &str) -> Result<FileId, ImportProblem> {
        if path.starts_with("../") {
            return Err(ImportProblem::OutsideProject);
        }
        self.files.get(path.trim_start_matches("./")).copied().ok_or(ImportProblem::NotFound)
    }

    fn tree(&self, file: FileId) -> Option<ast::File> {
        self.trees.get(file.0 as usize).cloned()
    }
}

/// What is expected, or was found: file, line, kind with code, message.
type Finding = (String, u32, String, String);

/// Cuts a suite file into its files.
fn files(name: &str, text: &str) -> Vec<(String, String)> {
    let mut files = vec![(name.to_owned(), String::new())];
    for line in text.lines() {
        if let Some(next) = line.strip_prefix("// file: ") {
            files.push((next.trim().to_owned(), String::new()));
            continue;
        }
        let (_, text) = files.last_mut().unwrap();
        text.push_str(line);
        text.push('\n');
    }
    files
}

/// The expectations of a file.
fn expected(name: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut above: Vec<(String, String)> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let number = u32::try_from(index).unwrap() + 1;
        let mut found = Vec::new();
        let mut rest = line;
        let mut code_before = line;
        while let Some(at) = rest.find("// ") {
            let comment = &rest[at + 3..];
            let kind = ["error[", "warning[", "note["].into_iter().find(|kind| comment.starts_with(kind));
            if let Some(kind) = kind {
                if found.is_empty() {
                    code_before = &line[..line.len() - rest.len() + at];
                }
                let (code, message) =
                    comment[kind.len()..].split_once("]: ").expect("`error[F0000]: message`");
                let message = message.split(" // ").next().unwrap();
                found.push((format!("{}{code}]", kind), message.trim().to_owned()));
            }
            rest = comment;
        }
        if !found.is_empty() && code_before.trim().is_empty() {
            above.extend(found);
            continue;
        }
        for (code, message) in above.drain(..).chain(found) {
            findings.push((name.to_owned(), number, code, message));
        }
    }
    findings
}

/// Everything that is found in a program.
fn check(files: &[(String, String)]) -> Vec<Finding> {
    let mut memory = Memory::default();
    for (name, text) in files {
        memory.add(name, text);
    }
    let (program, lowered) = flow_hir::lower(&mut memory, FileId(0));
    let (_, checked) = flow_check::check(&program);
    let mut all: Vec<Diagnostic> = memory.diagnostics.iter().cloned().chain(lowered).chain(checked).collect();
    flow_diagnostics::sort(&mut all);
    all.iter()
        .map(|diagnostic| {
            let file = memory.sources.get(diagnostic.primary.span.file).unwrap();
            let line = file.position(diagnostic.primary.span.start).line;
            let kind = match diagnostic.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
                Severity::Note => "note",
            };
            let code = format!("{kind}[{}]", diagnostic.code);
            (file.name().to_owned(), line, code, diagnostic.message.clone())
        })
        .collect()
}

/// The differences between what is expected and what was found.
fn compare(name: &str, text: &str) -> Vec<String> {
    let files = files(name, text);
    let mut expected: Vec<Finding> =
        files.iter().flat_map(|(name, text)| self::expected(name, text)).collect();
    let found = check(&files);
    let mut problems = Vec::new();
    for (file, line, code, message) in found {
        let matching = expected.iter().position(|(want_file, want_line, want_code, want)| {
            *want_file == file && *want_line == line && *want_code == code && message.contains(want.as_str())
        });
        match matching {
            Some(index) => {
                expected.remove(index);
            }
            None => problems.push(format!("{file}:{line}: unexpected // {code}: {message}")),
        }
    }
    for (file, line, code, message) in expected {
        problems.push(format!("{file}:{line}: not found // {code}: {message}"));
    }
    problems
}

#[test]
fn suite() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite");
    let mut names: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    let mut problems = Vec::new();
    let filter = std::env::var("FLOW_SUITE").unwrap_or_default();
    for path in names {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if !name.contains(&filter) {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        problems.extend(compare(&name, &text));
    }
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}

#[test]
fn the_suite_notices_what_is_missing_and_what_is_too_much() {
    let missing = compare("a.flow", "// error[F0202]: no type `Strng`\ntype A { a: string }\n");
    assert_eq!(missing, ["a.flow:2: not found // error[F0202]: no type `Strng`"]);
    let too_much = compare("a.flow", "type A { a: Strng }\n");
    assert_eq!(too_much, ["a.flow:1: unexpected // error[F0202]: there is no type `Strng`"]);
}

/// Prefixes of a file, and files with one byte less, are checked without a panic, whatever is found.
#[test]
fn half_typed_files_never_stop_the_checker() {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite/order.flow"))
        .unwrap();
    for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)).step_by(7) {
        check(&files("order.flow", &text[..end]));
    }
    for cut in (0..text.len() - 1)
        .filter(|at| text.is_char_boundary(*at) && text.is_char_boundary(at + 1))
        .step_by(13)
    {
        check(&files("order.flow", &format!("{}{}", &text[..cut], &text[cut + 1..])));
    }
}
