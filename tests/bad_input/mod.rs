//! Bad input: for each thing that somebody may hand to the compiler by mistake or by malice, what it must get.
//! Sizes and times are tested where they are measured.

mod large;

use std::path::{Path, PathBuf};

use crate::support::command::{flow, run};
use crate::support::findings::{check_file, shown};

/// A program without a fault, to which rows add one.
const SOUND: &str = "workflow twice (n: int) -> int {\n  return n * 2\n}\n";

/// A row: its name, the file, and the code of its first finding; none where it is accepted.
type Row = (&'static str, Vec<u8>, Option<&'static str>);

fn text(name: &'static str, text: impl Into<String>, code: Option<&'static str>) -> Row {
    (name, text.into().into_bytes(), code)
}

fn api(operations: &str, rest: &str) -> String {
    format!("api stock {{\n  base: \"http://127.0.0.1:1\"\n{operations}\n}}\n\n{rest}\n")
}

fn retry(settings: &str) -> String {
    let operation = "  get find \"/stock\" () -> { free: int } {\n    retry: policy\n  }";
    let policy = format!("retry policy {{\n{settings}\n}}\n");
    api(operation, &format!("{policy}\nworkflow free () -> int {{ return stock.find().free }}"))
}

fn nested(open: &str, close: &str) -> String {
    let depth = 100_000;
    format!("workflow deep () -> int {{\n  return {}1{}\n}}\n", open.repeat(depth), close.repeat(depth))
}

fn rows() -> Vec<Row> {
    let utf16: Vec<u8> =
        [0xFF, 0xFE].into_iter().chain(SOUND.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let find = "  get find \"/stock/{sku}\" (sku: string) -> { free: int }";
    let put = "  put hold \"/stock/{sku}\" (sku: string)";
    let release = "  delete release \"/stock/{sku}\" (sku: string)";
    let post = "  post send \"/messages\" (body text: string) -> { id: string } {\n    retry: policy\n  }";
    let policy = "retry policy {\n  attempts: 3\n  backoff: fixed(1s)\n  on: [503, timeout]\n}\n";
    let call = |call: &str| format!("workflow free (sku: string) -> int {{ return {call}.free }}");
    let chain = format!("workflow sum () -> int {{\n  return {}1\n}}\n", "1 + ".repeat(200));
    let ladder = format!(
        "workflow pick (n: int) -> int {{\n  if n == 0 {{ return 0 }}{}\n  return 1\n}}\n",
        " else if n == 1 { return 2 }".repeat(100)
    );
    vec![
        text("an empty file", "", None),
        text("only comments", "// nothing\n", None),
        text("a byte order mark", format!("\u{FEFF}{SOUND}"), None),
        text("carriage returns", SOUND.replace('\n', "\r\n"), None),
        text("no final newline", SOUND.trim_end(), None),
        text("a NUL byte", SOUND.replace("n * 2", "n * 2\0"), Some("F0003")),
        ("invalid UTF-8", b"workflow f () { log \"\xFF\" }\n".to_vec(), Some("F0002")),
        ("a UTF-16 file", utf16, Some("F0002")),
        text("a bidirectional character", SOUND.replace("n * 2", "n * 2 // \u{202E}"), Some("F0003")),
        text("a zero-width character", SOUND.replace("n * 2", "n\u{200B} * 2"), Some("F0003")),
        text("nesting of parentheses", nested("(", ")"), Some("F0104")),
        text("nesting of square brackets", nested("[", "]"), Some("F0104")),
        text("nesting of braces", nested("{a:", "}"), Some("F0104")),
        text("nesting of signs", nested("!", ""), Some("F0104")),
        text("a chain of operators is no nesting", chain, None),
        text("a ladder of else if is no nesting", ladder, None),
        text(
            "a file that imports itself",
            "import { A } from \"./main.flow\"\ntype A = int\n",
            Some("F0213"),
        ),
        text("a missing import", "import { A } from \"./missing.flow\"\n", Some("F0214")),
        text("an import outside of the project", "import { A } from \"../../etc/passwd\"\n", Some("F0214")),
        text("a workflow that calls itself", "workflow f (n: int) -> int { return f(n) }\n", Some("F0319")),
        text("an unknown version", api(find, &call("stock@v9.find(sku)")), Some("F0207")),
        text("a removed operation", api(find, &call("stock.fnd(sku)")), Some("F0206")),
        text("a mismatch of types", api(find, &call("stock.find(7)")), Some("F0301")),
        text(
            "an unknown field",
            api(find, "workflow f () -> int { return stock.find(\"a\").fre }"),
            Some("F0302"),
        ),
        text(
            "an undo for a step without effect",
            api(&format!("{find} {{\n    undo: release(sku)\n  }}\n{release}"), &call("stock.find(sku)")),
            Some("F0603"),
        ),
        text(
            "an undo that is missing",
            api(
                &format!("{put}\n{find}"),
                "workflow f () -> int {\n  stock.hold(\"a\")\n  return stock.find(\"a\").free\n}",
            ),
            Some("F0601"),
        ),
        text("a retry without bound", retry("  attempts: unlimited\n  on: [503]"), Some("F0504")),
        text("a thousand million attempts", retry("  attempts: 1_000_000_000\n  on: [503]"), Some("F0407")),
        text(
            "a negative duration",
            retry("  attempts: 3\n  backoff: fixed(-1s)\n  on: [503]"),
            Some("F0803"),
        ),
        text("a number beyond all floats", SOUND.replace("n * 2", "n * 1e400"), Some("F0103")),
        text(
            "a duration without its last unit",
            SOUND.replace("return", "sleep 1h30\n  return"),
            Some("F0103"),
        ),
        text(
            "a duration of years beyond counting",
            SOUND.replace("return", "sleep 99999999999999999d\n  return"),
            Some("F0103"),
        ),
        text(
            "a POST under retry without a key",
            format!("{policy}\n{}", api(post, "workflow f () -> string { return stock.send(\"a\").id }")),
            Some("F0501"),
        ),
        text(
            "a literal that looks like a credential",
            SOUND.replace("return", "log \"sk_live_4eC39HqLyjWDarjtT1zdp7dc\"\n  return"),
            Some("F0702"),
        ),
        text(
            "an unencrypted connection to another host",
            api(find, &call("stock.find(sku)")).replace("127.0.0.1:1", "example.com"),
            Some("F1006"),
        ),
    ]
}

fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("flow-bad-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn code(findings: &[serde_json::Value]) -> Option<String> {
    let graver = ["error", "warning", "note"];
    let first = graver.iter().find_map(|grade| findings.iter().find(|found| found["severity"] == *grade));
    first.map(|found| found["code"].as_str().unwrap().to_owned())
}

#[test]
fn each_bad_source_gets_its_answer() {
    answers("source", rows());
}

#[test]
fn each_large_source_gets_its_answer() {
    answers("large", large::rows());
}

fn answers(name: &str, rows: Vec<Row>) {
    let folder = folder(name);
    let mut wrong = String::new();
    for (name, bytes, expected) in rows {
        std::fs::write(folder.join("main.flow"), bytes).unwrap();
        let findings = check_file(&folder, "main.flow");
        if code(&findings).as_deref() != expected {
            let first = findings.get(..findings.len().min(5)).unwrap_or_default();
            wrong += &format!("{name}: expected {expected:?}\n{}", shown(first));
        }
    }
    std::fs::remove_dir_all(folder).unwrap();
    assert!(wrong.is_empty(), "\n{wrong}");
}

/// A POST under retry has two ways out, an unknown name one: the edits that are offered.
#[test]
fn what_has_a_fix_offers_it() {
    let folder = folder("fixes");
    let mut wrong = String::new();
    let fixes =
        [("a POST under retry without a key", 2), ("an undo that is missing", 1), ("a removed operation", 1)];
    for (name, least) in fixes {
        let (_, bytes, _) = rows().into_iter().find(|row| row.0 == name).unwrap();
        std::fs::write(folder.join("main.flow"), bytes).unwrap();
        let findings = check_file(&folder, "main.flow");
        let offered = findings.iter().map(|found| found["edits"].as_array().unwrap().len()).max();
        if offered.is_none_or(|offered| offered < least) {
            wrong += &format!("{name}: {offered:?} edits\n{}", shown(&findings));
        }
    }
    std::fs::remove_dir_all(folder).unwrap();
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[cfg(unix)]
#[test]
fn an_import_through_a_link_out_of_the_project_is_refused() {
    let (inside, outside) = (folder("inside"), folder("outside"));
    std::fs::write(outside.join("types.flow"), "type A = int\n").unwrap();
    std::os::unix::fs::symlink(outside.join("types.flow"), inside.join("types.flow")).unwrap();
    std::fs::write(inside.join("main.flow"), "import { A } from \"./types.flow\"\n").unwrap();
    assert_eq!(code(&check_file(&inside, "main.flow")).as_deref(), Some("F0214"));
    std::fs::remove_dir_all(inside).unwrap();
    std::fs::remove_dir_all(outside).unwrap();
}

/// A half-typed file at every prefix: findings, and no crash.
#[test]
fn every_prefix_of_a_file_is_checked() {
    let folder = folder("prefixes");
    let whole = rows().into_iter().find(|row| row.0 == "an undo that is missing").unwrap().1;
    let text = String::from_utf8(whole).unwrap();
    for end in (0..text.len()).step_by(3) {
        std::fs::write(folder.join("main.flow"), &text[..end]).unwrap();
        let ran = run(&mut flow(&folder, &["check", "main.flow"]));
        assert!(matches!(ran.code, 0 | 3), "{}: {ran:?}", &text[..end]);
        assert!(!ran.seen().contains("panicked"), "{}", ran.seen());
    }
    std::fs::remove_dir_all::<&Path>(&folder).unwrap();
}
