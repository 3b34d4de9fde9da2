//! Names of files: what each declares and imports, and what a name means there.

use std::collections::BTreeMap;
use std::sync::Arc;

use flow_diagnostics::{Change, Diagnostic, Edit, codes, nearest};
use flow_source::{FileId, Span};
use flow_syntax::ast::{self, AstNode};
use rustc_hash::FxHashMap;

use crate::files::LoadedFile;
use crate::index::Index;
use crate::{ApiId, ConfigId, ErrorDeclId, FunctionId, OperationId, RetryId, TypeDeclId, WorkflowId};

/// A declaration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Symbol {
    Type(TypeDeclId),
    Error(ErrorDeclId),
    Retry(RetryId),
    /// With its version.
    Api(ApiId, u32),
    /// With its version.
    Workflow(WorkflowId, u32),
    Function(FunctionId),
}

impl Symbol {
    /// What it is, with its article.
    pub(crate) fn what(self) -> &'static str {
        match self {
            Self::Type(_) => "a type",
            Self::Error(_) => "an error",
            Self::Retry(_) => "a retry policy",
            Self::Api(..) => "an api",
            Self::Workflow(..) => "a workflow",
            Self::Function(_) => "a function",
        }
    }

    /// Whether both may stand beside each other under one name: versions of one thing.
    fn is_other_version_of(self, other: Self) -> bool {
        match (self, other) {
            (Self::Api(_, left), Self::Api(_, right))
            | (Self::Workflow(_, left), Self::Workflow(_, right)) => left != right,
            _ => false,
        }
    }
}

/// A declaration under its name in one file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) symbol: Symbol,
    /// Where the name is declared.
    pub(crate) span: Span,
    /// Whether it came by an import.
    imported: bool,
}

/// What names mean in one file.
#[derive(Debug, Default)]
pub(crate) struct FileScope {
    names: FxHashMap<Arc<str>, Vec<Entry>>,
    /// Names in the order of declaration, for suggestions that do not depend on hashing.
    order: Vec<Arc<str>>,
    /// The unions in scope that have a case of a name.
    cases: BTreeMap<Arc<str>, Vec<TypeDeclId>>,
}

impl FileScope {
    /// The unions in scope that have a case of that name.
    pub(crate) fn unions(&self, case: &str) -> &[TypeDeclId] {
        self.cases.get(case).map_or(&[], Vec::as_slice)
    }

    /// The names of all cases of unions in scope.
    pub(crate) fn cases(&self) -> impl Iterator<Item = &str> {
        self.cases.keys().map(|name| &**name)
    }

    fn gather_cases(&mut self, cases: &[Vec<Arc<str>>]) {
        for name in &self.order {
            for entry in self.names.get(name).into_iter().flatten() {
                let Symbol::Type(decl) = entry.symbol else { continue };
                for case in cases.get(decl.to_usize()).into_iter().flatten() {
                    let unions = self.cases.entry(Arc::clone(case)).or_default();
                    if !unions.contains(&decl) {
                        unions.push(decl);
                    }
                }
            }
        }
    }

    /// All declarations of a name.
    pub(crate) fn get(&self, name: &str) -> &[Entry] {
        self.names.get(name).map_or(&[], Vec::as_slice)
    }

    /// Names whose declarations fulfil a condition, in the order of declaration.
    pub(crate) fn names(&self, wanted: impl Fn(Symbol) -> bool) -> impl Iterator<Item = &str> {
        self.order
            .iter()
            .filter(move |name| self.get(name).iter().any(|entry| wanted(entry.symbol)))
            .map(|name| &**name)
    }

    fn declare(&mut self, name: &str, entry: Entry, diagnostics: &mut Vec<Diagnostic>) {
        if let Some(first) =
            self.get(name).iter().find(|first| !entry.symbol.is_other_version_of(first.symbol))
        {
            let place = if first.imported { "imported here" } else { "first declared here" };
            if first.symbol != entry.symbol {
                diagnostics.push(
                    Diagnostic::new(&codes::F0209, entry.span, format!("`{name}` is declared twice"))
                        .also(first.span, place)
                        .help("give one of them another name")
                        .mend((!entry.imported).then(|| {
                            let change = Change::replace(entry.span, format!("{name}2"));
                            Edit::guess(format!("rename this one to `{name}2`"), vec![change])
                        })),
                );
            }
            return;
        }
        let name: Arc<str> = Arc::from(name);
        let entries = self.names.entry(Arc::clone(&name)).or_default();
        if entries.is_empty() {
            self.order.push(name);
        }
        entries.push(entry);
    }
}

/// The operations of an API by name.
#[derive(Debug, Default)]
pub(crate) struct ApiScope {
    pub(crate) name: String,
    pub(crate) operations: FxHashMap<Arc<str>, OperationId>,
    pub(crate) order: Vec<Arc<str>>,
}

/// All names of a program.
#[derive(Debug, Default)]
pub(crate) struct Names {
    pub(crate) files: FxHashMap<FileId, FileScope>,
    pub(crate) apis: Vec<ApiScope>,
    pub(crate) config: FxHashMap<Arc<str>, ConfigId>,
    pub(crate) config_order: Vec<Arc<str>>,
    /// The names of the cases of each declared type; none where it is no union of records.
    pub(crate) cases: Vec<Vec<Arc<str>>>,
}

/// Counts of declarations so far: the next ids. Lowering pushes in the same order.
#[derive(Default)]
struct Counts {
    types: usize,
    errors: usize,
    retries: usize,
    apis: usize,
    operations: usize,
    workflows: usize,
    functions: usize,
    config: usize,
}

fn next<I: Index>(count: &mut usize) -> I {
    let id = I::from_usize(*count);
    *count += 1;
    id
}

/// Collects the names of all files, then resolves their imports.
pub(crate) fn collect(loaded: &[LoadedFile], diagnostics: &mut Vec<Diagnostic>) -> Names {
    let mut names = Names::default();
    let mut counts = Counts::default();
    let mut config_spans: FxHashMap<Arc<str>, Span> = FxHashMap::default();
    for file in loaded {
        let scope = declared(file, &mut names, &mut counts, &mut config_spans, diagnostics);
        names.files.insert(file.file, scope);
    }
    for file in loaded {
        import(file, &mut names, diagnostics);
    }
    let Names { files, cases, .. } = &mut names;
    files.values_mut().for_each(|scope| scope.gather_cases(cases));
    names
}

/// The version that a declaration names, 1 where none stands.
pub(crate) fn version(version: Option<ast::Version>) -> u32 {
    version.and_then(|version| version.number()).unwrap_or(1)
}

fn declared(
    loaded: &LoadedFile,
    names: &mut Names,
    counts: &mut Counts,
    config_spans: &mut FxHashMap<Arc<str>, Span>,
    diagnostics: &mut Vec<Diagnostic>,
) -> FileScope {
    let file = loaded.file;
    let mut scope = FileScope::default();
    for item in loaded.tree.items() {
        let (symbol, name) = match &item {
            ast::Item::TypeDecl(decl) => {
                names.cases.push(cases(decl));
                (Symbol::Type(next(&mut counts.types)), decl.name())
            }
            ast::Item::ErrorDecl(decl) => (Symbol::Error(next(&mut counts.errors)), decl.name()),
            ast::Item::RetryDecl(decl) => (Symbol::Retry(next(&mut counts.retries)), decl.name()),
            ast::Item::ApiDecl(decl) => {
                names.apis.push(operations(file, decl, counts, diagnostics));
                (Symbol::Api(next(&mut counts.apis), version(decl.version())), decl.name())
            }
            ast::Item::WorkflowDecl(decl) => {
                (Symbol::Workflow(next(&mut counts.workflows), version(decl.version())), decl.name())
            }
            ast::Item::FnDecl(decl) => (Symbol::Function(next(&mut counts.functions)), decl.name()),
            ast::Item::ConfigDecl(decl) => {
                config(file, decl, names, counts, config_spans, diagnostics);
                continue;
            }
            _ => continue,
        };
        if let Some(name) = name
            && !name.text().is_empty()
        {
            let entry = Entry { symbol, span: name.span(file), imported: false };
            scope.declare(name.text(), entry, diagnostics);
        }
    }
    scope
}

/// The names of the cases of a union of records.
fn cases(decl: &ast::TypeDecl) -> Vec<Arc<str>> {
    let Some(ast::TypeExpr::UnionType(union)) = decl.ty() else { return Vec::new() };
    if union.tag().is_none() && !union.is_untagged() {
        return Vec::new();
    }
    union.members().filter_map(|member| case_name(&member)).collect()
}

/// The name of a member of a union, where it has one.
pub(crate) fn case_name(member: &ast::UnionMember) -> Option<Arc<str>> {
    let text = match member {
        ast::UnionMember::Variant(variant) => Arc::from(variant.name()?.text()),
        ast::UnionMember::NamedType(named) if named.path().count() == 1 => Arc::from(named.name()?.text()),
        _ => return None,
    };
    Some(text)
}

fn operations(
    file: FileId,
    decl: &ast::ApiDecl,
    counts: &mut Counts,
    diagnostics: &mut Vec<Diagnostic>,
) -> ApiScope {
    let name = decl.name().map_or_else(String::new, |name| name.text().to_owned());
    let mut scope = ApiScope { name, ..ApiScope::default() };
    let mut spans: FxHashMap<Arc<str>, Span> = FxHashMap::default();
    for operation in decl.operations() {
        let id: OperationId = next(&mut counts.operations);
        let Some(name) = operation.name() else { continue };
        let text: Arc<str> = Arc::from(name.text());
        let span = name.span(file);
        if let Some(first) = spans.get(&text) {
            diagnostics.push(
                Diagnostic::new(&codes::F0209, span, format!("operation `{text}` is declared twice"))
                    .also(*first, "first declared here"),
            );
            continue;
        }
        spans.insert(Arc::clone(&text), span);
        scope.order.push(Arc::clone(&text));
        scope.operations.insert(text, id);
    }
    scope
}

fn config(
    file: FileId,
    decl: &ast::ConfigDecl,
    names: &mut Names,
    counts: &mut Counts,
    spans: &mut FxHashMap<Arc<str>, Span>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    for entry in decl.entries() {
        let id: ConfigId = next(&mut counts.config);
        let Some(name) = entry.name() else { continue };
        let text: Arc<str> = Arc::from(name.text());
        let span = name.span(file);
        if let Some(first) = spans.get(&text) {
            diagnostics.push(
                Diagnostic::new(
                    &codes::F0209,
                    span,
                    format!("configuration entry `{text}` is declared twice"),
                )
                .also(*first, "first declared here")
                .help("entries of all files of a program stand beside each other: use the first one"),
            );
            continue;
        }
        spans.insert(Arc::clone(&text), span);
        names.config_order.push(Arc::clone(&text));
        names.config.insert(text, id);
    }
}

/// Puts imported names into a file's scope.
fn import(loaded: &LoadedFile, names: &mut Names, diagnostics: &mut Vec<Diagnostic>) {
    for import in &loaded.imports {
        for name in import.import.names() {
            let text = name.text();
            if text.is_empty() {
                continue;
            }
            let span = name.span(loaded.file);
            let Some(source) = names.files.get(&import.file) else { continue };
            let entries: Vec<Entry> =
                source.get(text).iter().filter(|entry| !entry.imported).copied().collect();
            let Some(first) = entries.first() else {
                diagnostics.push(not_declared(source, text, span));
                continue;
            };
            if text.starts_with('_') {
                diagnostics.push(
                    Diagnostic::new(&codes::F0212, span, format!("`{text}` is private to its file"))
                        .also(first.span, "a name that starts with `_` is not seen outside"),
                );
                continue;
            }
            if let Some(scope) = names.files.get_mut(&loaded.file) {
                for entry in entries {
                    scope.declare(text, Entry { symbol: entry.symbol, span, imported: true }, diagnostics);
                }
            }
        }
    }
}

fn not_declared(source: &FileScope, name: &str, span: Span) -> Diagnostic {
    let diagnostic = Diagnostic::new(&codes::F0211, span, format!("the file declares no `{name}`"));
    let public = source.order.iter().map(|known| &**known).filter(|known| !known.starts_with('_'));
    match nearest(name, public) {
        Some(near) => diagnostic.did_you_mean(span, near),
        None => diagnostic,
    }
}
