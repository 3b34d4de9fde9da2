//! The files of a program: which there are, in which order, and what each import names.

use flow_diagnostics::{Diagnostic, codes, nearest};
use flow_source::{FileId, Span};
use flow_syntax::ast::{self, AstNode};

use crate::limits;

/// Where trees come from. The driver reads and parses; it also reports what the parser found.
pub trait Files {
    /// The file that an import in another file names.
    ///
    /// # Errors
    ///
    /// Why it cannot be imported.
    fn resolve(&mut self, from: FileId, path: &str) -> Result<FileId, ImportProblem>;

    /// The paths by which a file could import what stands in the folder of a path that names no file.
    fn beside(&self, _from: FileId, _path: &str) -> Vec<String> {
        Vec::new()
    }

    /// The tree of a file that was resolved, or of the entry.
    fn tree(&self, file: FileId) -> Option<ast::File>;
}

/// Why a file cannot be imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImportProblem {
    /// There is no such file.
    NotFound,
    /// It lies outside of the project.
    OutsideProject,
    /// It is not a `.flow` file, or the path is not relative.
    NotImportable(String),
    /// It exists, but cannot be read; the reason.
    Unreadable(String),
}

/// A file with what it imports.
pub(crate) struct LoadedFile {
    pub(crate) file: FileId,
    pub(crate) tree: ast::File,
    pub(crate) imports: Vec<LoadedImport>,
}

/// An import whose file was found.
pub(crate) struct LoadedImport {
    pub(crate) file: FileId,
    pub(crate) import: ast::Import,
}

/// Loads the entry and all that it imports: the entry first, then in the order of first mention.
pub(crate) fn load(
    files: &mut dyn Files,
    entry: FileId,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<LoadedFile> {
    let mut loader = Loader { files, loaded: Vec::new(), chain: Vec::new(), diagnostics, full: false };
    loader.load(entry);
    loader.loaded
}

struct Loader<'a> {
    files: &'a mut dyn Files,
    loaded: Vec<LoadedFile>,
    /// The files that are being loaded, each with the import that led on from it.
    chain: Vec<(FileId, Option<(Span, String)>)>,
    diagnostics: &'a mut Vec<Diagnostic>,
    /// Whether there are as many files as may be: further imports are not looked at.
    full: bool,
}

impl Loader<'_> {
    fn load(&mut self, file: FileId) {
        let Some(tree) = self.files.tree(file) else { return };
        let position = self.loaded.len();
        self.loaded.push(LoadedFile { file, tree: tree.clone(), imports: Vec::new() });
        self.chain.push((file, None));
        let mut imports = Vec::new();
        for item in tree.items() {
            let ast::Item::Import(import) = item else { continue };
            let Some(path) = import.path() else { continue };
            let span = path.span(file);
            let Some(text) = path.plain_text() else {
                self.diagnostics.push(
                    Diagnostic::new(&codes::F0214, span, "the path of an import is a plain text")
                        .help("write `from \"./types.flow\"`"),
                );
                continue;
            };
            if let Some(imported) = self.import(file, span, &text) {
                imports.push(LoadedImport { file: imported, import });
            }
        }
        self.chain.pop();
        if let Some(loaded) = self.loaded.get_mut(position) {
            loaded.imports = imports;
        }
    }

    fn import(&mut self, from: FileId, span: Span, path: &str) -> Option<FileId> {
        if self.full {
            return None;
        }
        let file = match self.files.resolve(from, path) {
            Ok(file) => file,
            Err(problem) => {
                let mut diagnostic = explain(&problem, span, path);
                if problem == ImportProblem::NotFound {
                    let beside = self.files.beside(from, path);
                    if let Some(near) = nearest(path, beside.iter().map(String::as_str)) {
                        let near = format!("\"{near}\"");
                        diagnostic = diagnostic.did_you_mean(span, &near);
                    }
                }
                self.diagnostics.push(diagnostic);
                return None;
            }
        };
        if let Some(start) = self.chain.iter().position(|(open, _)| *open == file) {
            self.report_circle(start, span, path);
            return None;
        }
        if self.loaded.iter().any(|loaded| loaded.file == file) {
            return Some(file);
        }
        if self.chain.len() >= limits::IMPORT_CHAIN.max {
            self.diagnostics.push(limits::IMPORT_CHAIN.diagnostic(span));
            return None;
        }
        if self.loaded.len() >= limits::FILES.max {
            self.full = true;
            self.diagnostics.push(limits::FILES.diagnostic(span));
            return None;
        }
        if let Some((_, next)) = self.chain.last_mut() {
            *next = Some((span, path.to_owned()));
        }
        self.load(file);
        Some(file)
    }

    fn report_circle(&mut self, start: usize, span: Span, path: &str) {
        let links: Vec<&(Span, String)> =
            self.chain.iter().skip(start).filter_map(|(_, link)| link.as_ref()).collect();
        let mut chain: Vec<&str> = links.iter().map(|(_, path)| path.as_str()).collect();
        // The last file of the chain has no link yet: this import is it.
        chain.truncate(self.chain.len().saturating_sub(start + 1));
        chain.push(path);
        // The way back may stand in another file: the import that led there is where the circle begins here.
        let entry = links.first().filter(|(link, _)| start == 0 && link.file != span.file);
        let (at, label) = match entry {
            Some((link, _)) => (*link, "the file that this imports leads back here"),
            None => (span, "leads back to a file that imports this one"),
        };
        let mut diagnostic = Diagnostic::new(
            &codes::F0213,
            at,
            format!(
                "imports go in a circle: {}",
                chain.iter().map(|path| format!("`{path}`")).collect::<Vec<_>>().join(" → ")
            ),
        )
        .label(label)
        .help("move what both need into a file of its own");
        for (link, path) in links.into_iter().take(chain.len().saturating_sub(1)) {
            if *link != at {
                diagnostic = diagnostic.also(*link, format!("imports `{path}`"));
            }
        }
        if at != span {
            diagnostic = diagnostic.also(span, format!("imports `{path}`"));
        }
        self.diagnostics.push(diagnostic);
    }
}

fn explain(problem: &ImportProblem, span: Span, path: &str) -> Diagnostic {
    let message = match problem {
        ImportProblem::NotFound => format!("there is no file `{path}`"),
        ImportProblem::OutsideProject => format!("`{path}` lies outside of the project"),
        ImportProblem::NotImportable(why) => format!("`{path}` cannot be imported: {why}"),
        ImportProblem::Unreadable(why) => format!("`{path}` cannot be read: {why}"),
    };
    let diagnostic = Diagnostic::new(&codes::F0214, span, message);
    match problem {
        ImportProblem::NotFound => diagnostic.help("paths are relative to the file that imports"),
        ImportProblem::OutsideProject => {
            diagnostic.help("a program reads only files beside and below its `flow.toml`, or its entry file")
        }
        _ => diagnostic,
    }
}
