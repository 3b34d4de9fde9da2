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

/// Everything that is found in a program, in the order of the text.
fn diagnose(files: &[(String, String)]) -> (Memory, Vec<Diagnostic>) {
    let mut memory = Memory::default();
    for (name, text) in files {
        memory.add(name, text);
    }
    let (program, lowered) = flow_hir::lower(&mut memory, FileId(0));
    let (_, checked) = flow_check::check(&program);
    let mut all: Vec<Diagnostic> = memory.diagnostics.iter().cloned().chain(lowered).chain(checked).collect();
    flow_diagnostics::sort(&mut all);
    (memory, all)
}

/// What is found in a program.
fn check(files: &[(String, String)]) -> Vec<Finding> {
    let (memory, all) = diagnose(files);
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

/// Prefixes of a file, and files with one character less, are checked without a panic, whatever is found.
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

/// A race is over by when a branch is sure to succeed; the attempts of the losers may still be under way.
#[test]
fn the_worst_case_of_a_race_counts_how_its_losers_end() {
    let mut memory = Memory::default();
    memory.add(
        "race.flow",
        r#"
retry thrice { attempts: 3, backoff: fixed(10s), on: [503] }
api shop v1 {
  base: "https://example.org"
  retry: thrice
  get look "/look" () -> string { timeout: 20s }
  get peek "/peek" () -> string { timeout: 2s }
}
workflow main () -> bool {
  return match race { look: shop.look(), late: sleep 5s } { look found => true, late => false }
}
workflow quick () -> bool {
  return match race { peek: shop.peek(), late: sleep 1h } { peek found => true, late => false }
}
"#,
    );
    let (program, _) = flow_hir::lower(&mut memory, FileId(0));
    let (typed, found) = flow_check::check(&program);
    assert!(found.iter().all(|diagnostic| diagnostic.severity != Severity::Error), "{found:?}");
    let figures: Vec<Option<u64>> = program
        .workflows
        .iter()
        .filter_map(|(id, _)| typed.workflows.get(id))
        .map(|w| w.worst.time_us)
        .collect();
    // Five seconds, and an attempt of twenty that is cut off by nothing but its own limit.
    assert_eq!(figures, [Some(25_000_000), Some(3_602_000_000)]);
}

/// The figures of the order example, counted by hand from its timeouts and its policy.
#[test]
fn the_order_example_has_its_figures_and_errors() {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite/order.flow"))
        .unwrap();
    let mut memory = Memory::default();
    for (name, text) in files("order.flow", &text) {
        memory.add(&name, &text);
    }
    let (program, _) = flow_hir::lower(&mut memory, FileId(0));
    let (typed, _) = flow_check::check(&program);
    let (id, _) = program.workflows.iter().next().unwrap();
    let workflow = typed.workflows.get(id).unwrap();

    // A policy of four attempts waits three times, up to 10s when a server asks for it. Validation takes
    // 4 × 2s + 30s, the longer branch (payments) 4 × 5s + 30s, the charge as much.
    assert_eq!(workflow.worst.time_us, Some((38 + 50 + 50) * 1_000_000));
    assert_eq!(workflow.worst.calls, Some(4 * 4));
    // `release` and `refund` run one after the other.
    assert_eq!(workflow.worst.undo_us, Some((38 + 50) * 1_000_000));
    assert_eq!(workflow.within_us, Some(300 * 1_000_000));

    let mut errors: Vec<String> = workflow
        .errors
        .iter()
        .map(|escaping| match escaping.error {
            flow_hir::ErrorRef::Declared(error) => program.errors[error].name.text.to_string(),
            flow_hir::ErrorRef::Builtin(error) => error.name().to_owned(),
        })
        .collect();
    errors.sort();
    assert_eq!(
        errors,
        [
            "Declined",
            "Invalid",
            "OutOfStock",
            "arithmetic",
            "cast",
            "deadline",
            "decode",
            "http",
            "refused",
            "unknown"
        ]
    );
}

/// Every expression of a body that is reached has a type, and conversions lead to what is declared.
#[test]
fn conversions_are_noted_on_what_is_converted() {
    let text = "workflow main (n: int) -> decimal? { return n }\n";
    let mut memory = Memory::default();
    memory.add("a.flow", text);
    let (program, _) = flow_hir::lower(&mut memory, FileId(0));
    let (typed, found) = flow_check::check(&program);
    assert!(found.is_empty(), "{found:?}");
    let (expr, _) =
        program.exprs.iter().find(|(_, expr)| matches!(expr.kind, flow_hir::ExprKind::Local(_))).unwrap();
    assert_eq!(typed.ty(expr), flow_check::Ty::INT);
    let how = &typed.coercions.get(expr).unwrap().how;
    let expected = flow_check::Coercion::ToOptional(Box::new(flow_check::Coercion::IntToDecimal));
    assert_eq!(*how, expected);
    assert_eq!(flow_check::type_words(&program, &typed.types, typed.value_ty(expr)), "decimal?");
}

/// An edit mends what it is offered for: the finding goes, and no mistake of syntax comes.
#[test]
fn edits_mend() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite");
    let mut names: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    let mut problems = Vec::new();
    let mut tried = 0;
    for path in names {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let files = files(&name, &std::fs::read_to_string(&path).unwrap());
        let (_, before) = diagnose(&files);
        let count =
            |all: &[Diagnostic], code: &str| all.iter().filter(|found| found.code.starts_with(code)).count();
        for diagnostic in &before {
            for edit in &diagnostic.edits {
                tried += 1;
                let mut changed = files.clone();
                let mut changes = edit.changes.clone();
                changes.sort_by_key(|change| std::cmp::Reverse(change.span.start));
                for change in changes {
                    let (_, text) = &mut changed[change.span.file.0 as usize];
                    text.replace_range(change.span.range(), &change.text);
                }
                let (_, after) = diagnose(&changed);
                let code = diagnostic.code.as_str();
                if count(&after, code) >= count(&before, code) || count(&after, "F01") > count(&before, "F01")
                {
                    problems.push(format!("{name}: {code} {}: edit `{}`", diagnostic.message, edit.title));
                }
            }
        }
    }
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
    assert!(tried > 50, "{tried} edits were tried");
}
