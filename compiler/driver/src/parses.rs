//! Trees that outlive a compilation: a file is parsed again only when its text changed.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use flow_source::FileId;
use flow_syntax::{Parse, ast};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::threads;
use crate::world::{World, resolve};

/// The most files that are read before their importers are looked at. What is beyond it is read one by one, by the
/// phase that knows the limits of a program.
const READ_AHEAD_MAX: usize = 1_000;

/// The most files whose trees are kept, beyond those of the program that was compiled last.
const KEPT_MAX: usize = 2_000;

/// A text and its tree.
#[derive(Debug)]
pub(crate) struct Parsed {
    pub(crate) text: Arc<str>,
    /// Its spans are of no particular file: see [`flow_diagnostics::Diagnostic::in_file`].
    pub(crate) parse: Parse,
}

impl Parsed {
    fn new(text: String) -> Self {
        let parse = flow_syntax::parse(FileId(0), &text);
        Self { text: text.into(), parse }
    }

    /// The paths that it imports, seen from its own.
    fn imports(&self, path: &str) -> Vec<String> {
        let items = self.parse.tree();
        let imports = items.items().filter_map(|item| match item {
            ast::Item::Import(import) => import.path()?.plain_text(),
            _ => None,
        });
        imports.filter_map(|import| resolve(path, &import)).filter(|path| path.ends_with(".flow")).collect()
    }
}

/// The trees of a compiler, by path.
#[derive(Debug, Default)]
pub(crate) struct Parses {
    /// The last text of each path, with its tree.
    kept: FxHashMap<String, Arc<Parsed>>,
    /// The files whose present text is known in this compilation.
    fresh: FxHashMap<String, Arc<Parsed>>,
    /// Files that were parsed since this value was made.
    count: usize,
}

impl Parses {
    /// Files that were parsed so far; those whose text had not changed are not among them.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// Reads and parses an entry and what it imports, as far as it can be read: each generation of imports at once.
    /// What cannot be read is left to the phase that says so.
    pub(crate) fn read_ahead(&mut self, world: &dyn World, entry: &str) {
        self.fresh.clear();
        let mut seen = FxHashSet::from_iter([entry.to_owned()]);
        let mut due = vec![entry.to_owned()];
        while !due.is_empty() {
            let texts: Vec<(String, String)> = std::mem::take(&mut due)
                .into_iter()
                .filter_map(|path| Some((path.clone(), String::from_utf8(world.read(&path).ok()?).ok()?)))
                .collect();
            for (path, parsed) in self.parse_all(texts) {
                for import in parsed.imports(&path) {
                    if seen.len() < READ_AHEAD_MAX && seen.insert(import.clone()) {
                        due.push(import);
                    }
                }
                self.fresh.insert(path, parsed);
            }
        }
        if self.kept.len() > KEPT_MAX {
            // What this program does not read is let go.
            self.kept.clear();
        }
        self.kept.extend(self.fresh.iter().map(|(path, parsed)| (path.clone(), Arc::clone(parsed))));
    }

    /// The tree of a file that was read ahead.
    pub(crate) fn take(&mut self, path: &str) -> Option<Arc<Parsed>> {
        self.fresh.remove(path)
    }

    /// The tree of a text.
    pub(crate) fn parse(&mut self, path: &str, text: String) -> Arc<Parsed> {
        let parsed = self.known(path, &text).unwrap_or_else(|| {
            self.count += 1;
            Arc::new(Parsed::new(text))
        });
        self.kept.insert(path.to_owned(), Arc::clone(&parsed));
        parsed
    }

    fn known(&self, path: &str, text: &str) -> Option<Arc<Parsed>> {
        self.kept.get(path).filter(|kept| *kept.text == *text).cloned()
    }

    /// Parses several files, those that are new on all cores.
    fn parse_all(&mut self, texts: Vec<(String, String)>) -> Vec<(String, Arc<Parsed>)> {
        let parsed = AtomicUsize::new(0);
        let files = threads::map(texts, |(path, text)| {
            let tree = self.known(&path, &text).unwrap_or_else(|| {
                parsed.fetch_add(1, Ordering::Relaxed);
                Arc::new(Parsed::new(text))
            });
            (path, tree)
        });
        self.count += parsed.into_inner();
        files
    }
}
