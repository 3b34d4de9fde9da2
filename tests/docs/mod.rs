//! The language reference says what is true: every `flow` block of `docs/` and the README is checked, its tests are run,
//! and the page of the methods holds every row of the compiler's table.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use flow_check::{METHODS, Receiver, Scheme, Signature};
use flow_diagnostics::codes;
use serde_json::Value;

use crate::support::command::{Ran, flow, run};
use crate::support::findings::split;
use crate::tidy::root;

/// A `flow` block of a page.
#[derive(Debug)]
pub struct Block {
    /// The page, and the line on which the block begins: `docs/language/types.md:12`.
    pub place: String,
    /// What stands between the fences.
    pub text: String,
}

/// How a block says which findings it gives: `// gives: F0501, F0602`. Others give no error.
const GIVES: &str = "// gives: ";

impl Block {
    /// The codes that it says that it gives.
    pub fn expected(&self) -> Option<Vec<&str>> {
        let first = self.text.lines().next()?;
        Some(first.strip_prefix(GIVES)?.split(',').map(str::trim).collect())
    }

    fn has_test(&self) -> bool {
        self.text.lines().any(|line| line.starts_with("test \""))
    }

    /// The README shows part of an example, and a file that its own test runs; both are held elsewhere.
    fn is_held_elsewhere(&self) -> bool {
        let names_a_file =
            self.text.lines().next().is_some_and(|line| line.starts_with("// ") && line.ends_with(".flow"));
        names_a_file || self.place == format!("README.md:{}", readme_opening())
    }
}

/// The line of the README's first block: the workflow of `examples/order`, without its declarations.
fn readme_opening() -> usize {
    let text = std::fs::read_to_string(root().join("README.md")).unwrap();
    text.lines().position(|line| line == "```flow").unwrap() + 2
}

/// The Markdown files in a folder and all folders below it.
fn pages(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            pages(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
}

/// The blocks fenced as `flow` and nothing else. The pages of `docs/errors` have a test of their own.
pub fn blocks() -> Vec<Block> {
    let root = root();
    let mut found = vec![root.join("README.md")];
    pages(&root.join("docs"), &mut found);
    found.retain(|page| !page.starts_with(root.join("docs/errors")));
    found.sort();
    let mut blocks = Vec::new();
    for page in found {
        let name = page.strip_prefix(&root).unwrap().display().to_string();
        let text = std::fs::read_to_string(&page).unwrap();
        let mut open: Option<(bool, Block)> = None;
        for (index, line) in text.lines().enumerate() {
            match &mut open {
                None if line.starts_with("```") => {
                    let place = format!("{name}:{}", index + 2);
                    open = Some((line == "```flow", Block { place, text: String::new() }));
                }
                None => {}
                Some(_) if line == "```" => {
                    if let Some((true, block)) = open.take() {
                        blocks.push(block);
                    }
                }
                Some((_, block)) => {
                    block.text += line;
                    block.text.push('\n');
                }
            }
        }
        assert!(open.is_none(), "{name}: a block is not closed");
    }
    blocks
}

/// The blocks as programs in folders of their own, under one folder, by the name of theirs.
struct Programs {
    folder: PathBuf,
    blocks: BTreeMap<String, Block>,
}

impl Programs {
    fn write(name: &str, blocks: impl Iterator<Item = Block>) -> Self {
        let folder = std::env::temp_dir().join(format!("flow-docs-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        let mut named = BTreeMap::new();
        for (index, block) in blocks.enumerate() {
            let own = format!("block{index:03}");
            std::fs::create_dir_all(folder.join(&own)).unwrap();
            for (file, text) in split(&block.text) {
                std::fs::write(folder.join(&own).join(file), text).unwrap();
            }
            named.insert(own, block);
        }
        Self { folder, blocks: named }
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        run(&mut flow(&self.folder, arguments))
    }

    /// A text with the places of blocks in the stead of their files.
    fn placed(&self, text: &str) -> String {
        self.blocks.iter().fold(text.to_owned(), |text, (own, block)| text.replace(own, &block.place))
    }
}

impl Drop for Programs {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// The findings of `flow check`, by the block that they are about.
fn findings(programs: &Programs) -> BTreeMap<String, Vec<Value>> {
    let ran = programs.run(&["check", "--format", "json", "."]);
    assert!(ran.code == 0 || ran.code == 3, "{ran:?}");
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    let mut by_block: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for finding in document["diagnostics"].as_array().unwrap() {
        let file = finding["primary"]["file"].as_str().unwrap();
        let own = programs.blocks.keys().find(|own| file.contains(own.as_str())).unwrap();
        by_block.entry(own.clone()).or_default().push(finding.clone());
    }
    by_block
}

#[test]
fn the_blocks_of_the_docs_give_what_they_say() {
    let programs = Programs::write("check", blocks().into_iter().filter(|block| !block.is_held_elsewhere()));
    let mut found = findings(&programs);
    let mut wrong = String::new();
    for (own, block) in &programs.blocks {
        let found = found.remove(own).unwrap_or_default();
        let codes: Vec<&str> = found.iter().map(|finding| finding["code"].as_str().unwrap()).collect();
        let fits = match block.expected() {
            Some(expected) => codes == expected,
            None => found.iter().all(|finding| finding["severity"] != "error"),
        };
        if !fits {
            wrong += &format!("{} gives\n{}", block.place, crate::support::findings::shown(&found));
        }
    }
    assert!(wrong.is_empty(), "mend the page where the language has changed:\n{wrong}");
    assert!(programs.blocks.len() >= 40, "only {} blocks were found", programs.blocks.len());
}

#[test]
fn the_tests_in_the_docs_pass() {
    let tested = |block: &Block| !block.is_held_elsewhere() && block.has_test() && block.expected().is_none();
    let programs = Programs::write("test", blocks().into_iter().filter(tested));
    let ran = programs.run(&["test", "."]);
    assert_eq!(ran.code, 0, "{}", programs.placed(&ran.seen()));
    assert!(programs.blocks.len() >= 20, "only {} blocks with tests were found", programs.blocks.len());
}

#[test]
fn the_page_of_the_checks_has_every_code_once() {
    let page = std::fs::read_to_string(root().join("docs/language/checks.md")).unwrap();
    let on_page: Vec<&str> = page.lines().filter(|line| line.starts_with("| [F")).collect();
    let row = |code: &&codes::Code| {
        let severity = format!("{:?}", code.severity).to_lowercase();
        format!("| [{0}](../errors/{0}.md) | {severity} | {1} |", code.id, code.title)
    };
    let rows: Vec<String> = codes::ALL.iter().map(row).collect();
    assert_eq!(on_page, rows, "the page (left), the registry (right)");
}

/// A type as the page writes it.
fn scheme(scheme: &Scheme) -> String {
    match scheme {
        Scheme::Bool => "bool".into(),
        Scheme::Int => "int".into(),
        Scheme::Decimal => "decimal".into(),
        Scheme::Float => "float".into(),
        Scheme::String => "string".into(),
        Scheme::Duration => "duration".into(),
        Scheme::Timestamp => "timestamp".into(),
        Scheme::Same => "Self".into(),
        Scheme::Element => "T".into(),
        Scheme::Given => "U".into(),
        Scheme::OrderKey => "T => key".into(),
        Scheme::Pattern => "string".into(),
        Scheme::Date => "date".into(),
        Scheme::Bytes => "bytes".into(),
        Scheme::Octets => "string or bytes".into(),
        Scheme::Pair => "{ first: T, second: U }".into(),
        Scheme::Entry => "{ key: string, value: T }".into(),
        Scheme::List(inner) => format!("[{}]", self::scheme(inner)),
        Scheme::Optional(inner) => format!("{}?", self::scheme(inner)),
        Scheme::Map(inner) => format!("{{string: {}}}", self::scheme(inner)),
        Scheme::Lambda(params, result) => {
            let given: Vec<String> = params.iter().map(self::scheme).collect();
            let given = if given.len() == 1 { given.concat() } else { format!("({})", given.join(", ")) };
            format!("{given} => {}", self::scheme(result))
        }
    }
}

/// What a method is called on, as the page writes it.
fn receiver(receiver: Receiver) -> &'static str {
    match receiver {
        Receiver::List => "[T]",
        Receiver::ListOfNumbers => "[number]",
        Receiver::ListOfOrdered => "[ordered]",
        Receiver::ListOfStrings => "[string]",
        Receiver::Map => "{string: T}",
        Receiver::String => "string",
        Receiver::Int => "int",
        Receiver::Decimal => "decimal",
        Receiver::Float => "float",
        Receiver::Timestamp => "timestamp",
        Receiver::Date => "date",
        Receiver::Octets => "(string or bytes)",
        Receiver::Scalar => "scalar",
        Receiver::Data => "data",
    }
}

/// The row of the page for a method: its signature and its sentence.
fn row(method: &Signature) -> String {
    let params: Vec<String> = method
        .params
        .iter()
        .map(|(name, ty, optional)| format!("{name}{} {}", if *optional { "?:" } else { ":" }, scheme(ty)))
        .collect();
    let (on, name, params) = (receiver(method.receiver), method.name, params.join(", "));
    format!("| `{on}.{name}({params}) -> {}` | {} |", scheme(&method.result), method.docs)
}

#[test]
fn the_page_of_the_methods_has_every_method_once() {
    let page = std::fs::read_to_string(root().join("docs/language/functions.md")).unwrap();
    let on_page: Vec<&str> =
        page.lines().filter(|line| line.starts_with("| `") && line.contains(") -> ")).collect();
    let rows: Vec<String> = METHODS.iter().map(row).collect();
    let missing: Vec<&String> = rows.iter().filter(|row| !on_page.contains(&row.as_str())).collect();
    let surplus: Vec<&&str> = on_page.iter().filter(|line| !rows.iter().any(|row| row == *line)).collect();
    assert!(
        missing.is_empty() && surplus.is_empty(),
        "rows that the page lacks:\n{missing:#?}\nrows that are no method:\n{surplus:#?}"
    );
    assert_eq!(on_page.len(), rows.len(), "a method stands twice");
    for method in METHODS {
        let used = format!(".{}(", method.name);
        assert!(
            page.split("```flow\n").skip(1).any(|rest| rest.split("```").next().unwrap().contains(&used)),
            "no example uses `{}`",
            method.name
        );
    }
}
