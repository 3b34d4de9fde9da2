//! Files as the phases need them: read through the world, checked to be text, parsed once each.

use std::sync::Arc;

use flow_diagnostics::{Diagnostic, codes};
use flow_hir::{Files, ImportProblem};
use flow_source::{FileId, Sources, Span};
use flow_syntax::ast;
use rustc_hash::FxHashMap;

use crate::parses::{Parsed, Parses};
use crate::world::{ReadError, World, resolve};

/// The files of one compilation.
pub(crate) struct Loaded<'a> {
    world: &'a dyn World,
    parses: &'a mut Parses,
    pub(crate) sources: Sources,
    pub(crate) diagnostics: Vec<Diagnostic>,
    trees: FxHashMap<FileId, Arc<Parsed>>,
    by_path: FxHashMap<String, FileId>,
}

impl<'a> Loaded<'a> {
    pub(crate) fn new(world: &'a dyn World, parses: &'a mut Parses) -> Self {
        let mut sources = Sources::default();
        sources.set_prefix(world.prefix());
        Self {
            world,
            parses,
            sources,
            diagnostics: Vec::new(),
            trees: FxHashMap::default(),
            by_path: FxHashMap::default(),
        }
    }

    /// Reads and parses the entry. A file that cannot be read becomes an empty one with a diagnostic.
    pub(crate) fn entry(&mut self, path: &str) -> FileId {
        match self.load(path) {
            Ok(file) => file,
            Err(error) => {
                let file = self.sources.add(path, "");
                let message = format!("`{path}` cannot be read: {error}");
                self.diagnostics.push(Diagnostic::new(&codes::F0005, Span::at(file, 0), message));
                file
            }
        }
    }

    fn load(&mut self, path: &str) -> Result<FileId, ReadError> {
        if let Some(known) = self.by_path.get(path) {
            return Ok(*known);
        }
        let file = match self.parses.take(path) {
            Some(parsed) => self.add(path, parsed),
            None => match String::from_utf8(self.world.read(path)?) {
                Ok(text) => {
                    let parsed = self.parses.parse(path, text);
                    self.add(path, parsed)
                }
                Err(error) => self.not_text(path, error.as_bytes()),
            },
        };
        self.by_path.insert(path.to_owned(), file);
        Ok(file)
    }

    /// Gives a parsed file its id in this compilation.
    fn add(&mut self, path: &str, parsed: Arc<Parsed>) -> FileId {
        let file = self.sources.add(path, Arc::clone(&parsed.text));
        self.diagnostics.extend(parsed.parse.diagnostics.iter().map(|found| found.clone().in_file(file)));
        self.trees.insert(file, parsed);
        file
    }

    /// A file that is not UTF-8 has no tree; its text is shown with replacement characters after the fault.
    fn not_text(&mut self, path: &str, bytes: &[u8]) -> FileId {
        let valid = match std::str::from_utf8(bytes) {
            Ok(_) => bytes.len(),
            Err(error) => error.valid_up_to(),
        };
        let file = self.sources.add(path, String::from_utf8_lossy(bytes).into_owned());
        let offset = u32::try_from(valid).unwrap_or(u32::MAX);
        let message = match bytes {
            [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => "the file is saved as UTF-16".to_owned(),
            _ => format!("the file is not UTF-8: byte {valid} does not begin a character"),
        };
        self.diagnostics
            .push(Diagnostic::new(&codes::F0002, Span::at(file, offset), message).help("save it as UTF-8"));
        file
    }
}

impl Files for Loaded<'_> {
    fn resolve(&mut self, from: FileId, path: &str) -> Result<FileId, ImportProblem> {
        let from = self.sources.get(from).map_or("", |file| file.name()).to_owned();
        if !path.starts_with("./") && !path.starts_with("../") && !path.starts_with('/') {
            return Err(ImportProblem::NotImportable(format!("write it relative to this file, `./{path}`")));
        }
        let resolved = resolve(&from, path).ok_or(ImportProblem::OutsideProject)?;
        if !resolved.ends_with(".flow") {
            return Err(ImportProblem::NotImportable("only `.flow` files are imported".to_owned()));
        }
        self.load(&resolved).map_err(|error| match error {
            ReadError::NotFound => ImportProblem::NotFound,
            ReadError::Outside => ImportProblem::OutsideProject,
            other => ImportProblem::Unreadable(other.to_string()),
        })
    }

    fn beside(&self, from: FileId, path: &str) -> Vec<String> {
        let from = self.sources.get(from).map_or("", |file| file.name());
        let (folder, _) = path.rsplit_once('/').unwrap_or((".", path));
        // A file of the folder, of whatever name, says which folder that is.
        let Some(inside) = resolve(from, path) else { return Vec::new() };
        let (real, _) = inside.rsplit_once('/').unwrap_or(("", &inside));
        let names = self.world.list(real).into_iter().filter(|name| name.ends_with(".flow"));
        names.map(|name| format!("{folder}/{name}")).collect()
    }

    fn tree(&self, file: FileId) -> Option<ast::File> {
        use ast::AstNode as _;
        self.trees.get(&file).and_then(|parsed| ast::File::cast(&parsed.parse.root))
    }
}
