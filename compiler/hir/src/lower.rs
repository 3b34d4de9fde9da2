//! Lowering: trees to the program, file by file, in the order in which names were collected.

mod apis;
mod branches;
mod calls;
mod control;
mod executions;
mod expressions;
mod operations;
mod pages;
mod patterns;
mod property;
mod publishing;
mod requests;
mod resolve;
mod responses;
mod retries;
mod statements;
mod tests;
mod timing;
mod types;
mod unions;
mod unread;
mod waiting;

use std::cell::Cell;
use std::sync::Arc;

use flow_diagnostics::{Change, Diagnostic, Edit, codes};
use flow_source::{FileId, Span};
use flow_syntax::ast::{self, AstNode};
use flow_syntax::{SyntaxKind, SyntaxNode};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::files::{Files, LoadedFile, load};
use crate::limits::{self, Limit};
use crate::scope::{Names, collect, version};
use crate::{
    ApiId, ConfigEntry, ErrorDecl, Expr, ExprId, ExprKind, Findings, Function, Local, LocalId, LocalKind,
    Name, Param, Program, SignalId, TypeDecl, TypeRef, TypeRefKind, Workflow,
};

/// Lowers an entry file and all that it imports. Tests are those of the entry alone.
pub fn lower(files: &mut dyn Files, entry: FileId) -> (Program, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let loaded = load(files, entry, &mut diagnostics);
    let names = collect(&loaded, &mut diagnostics);
    let mut findings = Findings::default();
    diagnostics.into_iter().for_each(|diagnostic| findings.push(diagnostic));
    let mut lowerer = Lowerer {
        names,
        file: entry,
        program: Program::default(),
        findings,
        scopes: Vec::new(),
        depth: 0,
        api: None,
        type_params: Vec::new(),
        hiding: Vec::new(),
        last_start: Cell::new(None),
        signals: None,
    };
    for file in &loaded {
        lowerer.lower_file(file, file.file == entry);
    }
    lowerer.report_hidden();
    (lowerer.program, lowerer.findings.finish())
}

/// The state of lowering.
pub(crate) struct Lowerer {
    names: Names,
    /// The file that is being lowered.
    file: FileId,
    program: Program,
    findings: Findings,
    /// Bound names, innermost scope last.
    scopes: Vec<FxHashMap<Arc<str>, LocalId>>,
    /// How deep the expression is that is being lowered.
    depth: u32,
    /// The API whose operation names its siblings, while `undo` and `confirm` are lowered.
    api: Option<ApiId>,
    /// The type parameters of the declaration that is being lowered.
    type_params: Vec<Name>,
    /// Names that hide others, with what is to be said once it is known where they are used.
    hiding: Vec<(LocalId, Diagnostic)>,
    /// The node that was placed last: its file, its first byte, and the first byte that is no blank.
    last_start: Cell<Option<(FileId, u32, u32)>>,
    /// The signals of the workflow that is lowered; none outside of one.
    signals: Option<FxHashMap<Arc<str>, SignalId>>,
}

impl Lowerer {
    fn lower_file(&mut self, loaded: &LoadedFile, entry: bool) {
        self.file = loaded.file;
        self.program.files.push(loaded.file);
        for item in loaded.tree.items() {
            match item {
                ast::Item::Import(_) => {}
                ast::Item::ConfigDecl(decl) => self.lower_config(&decl),
                ast::Item::ErrorDecl(decl) => self.lower_error(&decl),
                ast::Item::RetryDecl(decl) => self.lower_retry(&decl),
                ast::Item::TypeDecl(decl) => self.lower_type_decl(&decl),
                ast::Item::ApiDecl(decl) => self.lower_api(&decl),
                ast::Item::WorkflowDecl(decl) => self.lower_workflow(&decl),
                ast::Item::FnDecl(decl) => self.lower_function(&decl),
                ast::Item::TestDecl(decl) if entry => self.lower_test(&decl),
                ast::Item::TestDecl(_) => {}
                ast::Item::ImportApi(decl) => self.not_built(
                    decl.syntax(),
                    "importing an OpenAPI document",
                    "declare the operations in an `api` of your own",
                ),
                ast::Item::PublishDecl(decl) => self.lower_publish(&decl),
                ast::Item::ScheduleDecl(decl) => self.lower_schedule(&decl),
                ast::Item::ObjectiveDecl(decl) => self.lower_objective(&decl),
            }
        }
    }

    /// Notes a finding.
    fn report(&mut self, diagnostic: Diagnostic) {
        self.findings.push(diagnostic);
    }

    /// Whether something has more parts than it may have; then it says so.
    fn is_over(&mut self, limit: &Limit, count: usize, span: Span) -> bool {
        let found = limit.refuses(count, span);
        let is_over = found.is_some();
        found.into_iter().for_each(|found| self.report(found));
        is_over
    }

    /// The place of a node.
    fn span(&self, node: &impl AstNode) -> Span {
        let node = node.syntax();
        let range = node.text_range();
        if range.is_empty() {
            return flow_syntax::span(self.file, node);
        }
        // The operators of a chain lean to the left: each of its nodes begins where the whole does.
        let raw = u32::from(range.start());
        let start = match self.last_start.get() {
            Some((file, known, start)) if (file, known) == (self.file, raw) => start,
            _ => flow_syntax::start(node),
        };
        self.last_start.set(Some((self.file, raw, start)));
        flow_syntax::span_from(self.file, node, start)
    }

    /// The place of a node's first word or mark: the keyword of a construct.
    fn keyword_span(&self, node: &SyntaxNode) -> Span {
        flow_syntax::tokens(node).find(|token| !token.kind().is_trivia()).map_or_else(
            || flow_syntax::span(self.file, node),
            |token| flow_syntax::token_span(self.file, token),
        )
    }

    /// Says that a construct parses but is not built yet, at its keyword, and what to do instead.
    fn not_built(&mut self, node: &SyntaxNode, what: &str, instead: &str) {
        let span = self.keyword_span(node);
        self.not_built_at(span, what, instead);
    }

    fn not_built_at(&mut self, span: Span, what: &str, instead: &str) {
        self.report(
            Diagnostic::new(&codes::F0001, span, format!("{what} is not built yet")).help(instead.to_owned()),
        );
    }

    /// A declared name.
    fn name(&self, name: Option<ast::Name>, otherwise: Span) -> Name {
        match name {
            Some(name) => Name { text: Arc::from(name.text()), span: self.span(&name) },
            None => Name { text: Arc::from(""), span: otherwise },
        }
    }

    /// Adds an expression.
    fn push(&mut self, kind: ExprKind, span: Span) -> ExprId {
        self.program.exprs.push(Expr { kind, span })
    }

    /// A missing expression: what is missing has been reported.
    fn missing(&mut self, span: Span) -> ExprId {
        self.push(ExprKind::Missing, span)
    }

    /// Lowers something in a scope of its own.
    fn scoped<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> T {
        self.scopes.push(FxHashMap::default());
        let value = work(self);
        self.scopes.pop();
        value
    }

    /// Lowers something that sees no bound names from outside.
    fn apart<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> T {
        let outer = std::mem::take(&mut self.scopes);
        let value = self.scoped(work);
        self.scopes = outer;
        value
    }

    /// The local of a name, innermost first.
    fn find_local(&self, name: &str) -> Option<LocalId> {
        self.scopes.iter().rev().find_map(|scope| scope.get(name).copied())
    }

    /// Binds a name, and warns when it hides another.
    fn bind(&mut self, name: Name, kind: LocalKind) -> LocalId {
        let hides = match kind {
            LocalKind::Where | LocalKind::Result | LocalKind::Cause => None,
            _ => self.hides(&name, kind),
        };
        let text = Arc::clone(&name.text);
        let local = self.program.locals.push(Local { name, kind });
        self.hiding.extend(hides.map(|hides| (local, hides)));
        if let Some(scope) = self.scopes.last_mut()
            && !text.is_empty()
        {
            scope.insert(text, local);
        }
        local
    }

    /// What is to be said of a name that hides another.
    fn hides(&self, name: &Name, kind: LocalKind) -> Option<Diagnostic> {
        if let Some(hidden) = self.find_local(&name.text) {
            let hidden = &self.program.locals[hidden];
            // Two parameters of one name are a mistake, not a matter of style.
            return Some(if kind == LocalKind::Param && hidden.kind == LocalKind::Param {
                Diagnostic::new(&codes::F0210, name.span, format!("two parameters are named `{}`", name.text))
                    .also(hidden.name.span, "the first one")
            } else {
                Diagnostic::new(
                    &codes::F1003,
                    name.span,
                    format!("`{}` hides a name of the same spelling", name.text),
                )
                .also(hidden.name.span, "bound here")
                .help("give it another name")
            });
        }
        let scope = self.names.files.get(&self.file)?;
        let entry = scope.get(&name.text).first()?;
        Some(
            Diagnostic::new(
                &codes::F1003,
                name.span,
                format!("`{}` hides {} of that name", name.text, entry.symbol.what()),
            )
            .also(entry.span, "declared here")
            .help("give it another name"),
        )
    }

    /// Reports names that hide others, each with the edit that gives it another name.
    fn report_hidden(&mut self) {
        let hiding = std::mem::take(&mut self.hiding);
        // A parameter's name is the name of an input.
        let free =
            |local: &LocalId| !matches!(self.program.locals[*local].kind, LocalKind::Param | LocalKind::Run);
        let taken: FxHashSet<&str> = self
            .program
            .locals
            .iter()
            .map(|(_, local)| &*local.name.text)
            .chain(self.names.files.values().flat_map(|scope| scope.names(|_| true)))
            .collect();
        let locals = hiding.iter().map(|(local, _)| *local).filter(free);
        let names: FxHashMap<LocalId, Arc<str>> = locals
            .filter_map(|local| {
                let text = &self.program.locals[local].name.text;
                let free = (2..10).map(|number| format!("{text}{number}"));
                let free = free.map(Arc::from).find(|name: &Arc<str>| !taken.contains(&**name));
                Some((local, free?))
            })
            .collect();
        let mut changes = if names.is_empty() { FxHashMap::default() } else { self.program.renamed(&names) };
        for (local, diagnostic) in hiding {
            let edit = names
                .get(&local)
                .zip(changes.remove(&local))
                .map(|(name, changes)| Edit::guess(format!("rename it to `{name}`"), changes));
            self.report(diagnostic.mend(edit));
        }
    }

    fn lower_config(&mut self, decl: &ast::ConfigDecl) {
        for entry in decl.entries() {
            let span = self.span(&entry);
            let name = self.name(entry.name(), span);
            let mut ty = self.lower_type(entry.ty(), span);
            self.refuse_optional_entry(&entry, &mut ty);
            let constraint = self.lower_where(entry.where_clause(), Some(&name));
            let default = entry.default().map(|default| self.apart(|lowerer| lowerer.lower_expr(&default)));
            let docs = ast::docs(entry.syntax());
            self.program.config.push(ConfigEntry { name, docs, ty, default, constraint, span });
        }
    }

    /// `a?: int` in `config`: nothing there is left out of anything.
    fn refuse_optional_entry(&mut self, entry: &ast::ConfigEntry, ty: &mut TypeRef) {
        let mark = flow_syntax::tokens(entry.syntax())
            .take_while(|token| token.kind() != SyntaxKind::Colon)
            .find(|token| token.kind() == SyntaxKind::QuestionColon);
        let Some(mark) = mark.map(|token| flow_syntax::token_span(self.file, token)) else { return };
        let mut changes = vec![Change::replace(mark, ":")];
        if !matches!(ty.kind, TypeRefKind::Optional(_)) {
            changes.push(Change::insert(ty.span.file, ty.span.end, "?"));
            *ty = TypeRef { span: ty.span, kind: TypeRefKind::Optional(Box::new(ty.clone())) };
        }
        self.report(
            Diagnostic::new(&codes::F0404, mark, "an entry of `config` cannot be absent")
                .help("write `T?` for a value that may be null, or give a default")
                .mend(Edit::guess("let it be null", changes)),
        );
    }

    fn lower_error(&mut self, decl: &ast::ErrorDecl) {
        let span = self.span(decl);
        let name = self.name(decl.name(), span);
        let fields = decl.record().map_or_else(Vec::new, |record| self.lower_fields(&record));
        let docs = ast::docs(decl.syntax());
        self.program.errors.push(ErrorDecl { name, docs, fields, span });
    }

    fn lower_type_decl(&mut self, decl: &ast::TypeDecl) {
        let span = self.span(decl);
        let name = self.name(decl.name(), span);
        let mut params: Vec<Name> = Vec::new();
        for param in decl.parameters() {
            let param = self.name(Some(param), span);
            if let Some(first) = params.iter().find(|first| first.text == param.text) {
                let first = first.span;
                self.report(
                    Diagnostic::new(
                        &codes::F0210,
                        param.span,
                        format!("two type parameters are named `{}`", param.text),
                    )
                    .also(first, "the first one"),
                );
            }
            params.push(param);
        }
        self.type_params.clone_from(&params);
        let ty = self.lower_type(decl.ty(), span);
        let constraint = self.lower_where(decl.where_clause(), None);
        self.type_params.clear();
        let docs = ast::docs(decl.syntax());
        self.program.types.push(TypeDecl { name, docs, params, ty, constraint, span });
    }

    fn lower_workflow(&mut self, decl: &ast::WorkflowDecl) {
        let span = self.span(decl);
        let name = self.name(decl.name(), span);
        self.refuse_second_clauses(decl);
        let head_end = decl.body().map_or(span.end, |body| self.span(&body).start);
        let head = Span::new(span.file, name.span.start.min(span.start), head_end);
        let workflow = self.apart(|lowerer| {
            let params = lowerer.lower_params(decl.parameters());
            let result = decl.result().map(|result| lowerer.lower_type(Some(result), span));
            let result = result.or_else(|| unread::unread_result(decl.syntax(), span));
            let clauses = lowerer.lower_clauses(decl);
            let signals = lowerer.lower_signals(decl.body());
            let body = match decl.body() {
                Some(body) => lowerer.lower_block(&body),
                None => lowerer.missing(span),
            };
            lowerer.signals = None;
            let executions::Clauses { within, key, one_per, undo } = clauses;
            Workflow {
                name,
                version: version(decl.version()),
                docs: ast::docs(decl.syntax()),
                params,
                result,
                within,
                key,
                one_per,
                undo,
                signals,
                body,
                head,
                span,
            }
        });
        self.program.workflows.push(workflow);
    }

    /// The clauses of a head stand once each.
    fn refuse_second_clauses(&mut self, decl: &ast::WorkflowDecl) {
        let mut seen: Vec<(&str, Span)> = Vec::new();
        let mut before = None;
        for clause in decl.clauses() {
            let name = match clause {
                ast::WorkflowClause::WithinClause(_) => "within",
                ast::WorkflowClause::KeyClause(_) => "key",
                ast::WorkflowClause::OnePerClause(_) => "one per",
                ast::WorkflowClause::UndoClause(_) => "undo",
            };
            let (keyword, whole) = (self.keyword_span(clause.syntax()), self.span(&clause));
            // With the space before it.
            let gone = Span { start: before.unwrap_or(whole.start), ..whole };
            before = Some(whole.end);
            match seen.iter().find(|(known, _)| *known == name) {
                None => seen.push((name, keyword)),
                Some((_, first)) => self.report(
                    Diagnostic::new(&codes::F0408, keyword, format!("`{name}` stands twice"))
                        .also(*first, "first given here")
                        .help("leave one of them out")
                        .mend([Edit::guess("leave out the second", vec![Change::remove(gone)])]),
                ),
            }
        }
    }

    fn lower_function(&mut self, decl: &ast::FnDecl) {
        let span = self.span(decl);
        let name = self.name(decl.name(), span);
        let function = self.apart(|lowerer| {
            let params = lowerer.lower_params(decl.parameters());
            let result = decl.result().map(|result| lowerer.lower_type(Some(result), span));
            let result = result.or_else(|| unread::unread_result(decl.syntax(), span));
            // A block in the place of an expression has been reported.
            let body = decl.body().filter(|body| !matches!(body, ast::Expr::Block(_)));
            let body = lowerer.lower_optional_expr(body, span);
            Function { name, docs: ast::docs(decl.syntax()), params, result, body, span }
        });
        self.program.functions.push(function);
    }

    /// Parameters of a workflow or function, bound in the innermost scope.
    fn lower_params(&mut self, list: Option<ast::ParameterList>) -> Vec<Param> {
        let mut params = Vec::new();
        if let Some(list) = &list {
            self.is_over(&limits::PARAMETERS, list.parameters().count(), self.span(list));
        }
        for param in list.iter().flat_map(ast::ParameterList::parameters) {
            let span = self.span(&param);
            if let Some(place) = param.place() {
                let word = match place {
                    ast::ParameterPlace::Body => "body",
                    ast::ParameterPlace::Header => "header",
                };
                let at = self.keyword_span(param.syntax());
                self.report(
                    Diagnostic::new(&codes::F0404, at, format!("`{word}` is for parameters of operations"))
                        .help("leave it out"),
                );
            }
            let name = self.name(param.name(), span);
            let mut ty = self.lower_type(param.ty(), span);
            if param.is_optional() {
                let at = ty.span;
                ty = TypeRef { kind: TypeRefKind::Optional(Box::new(ty)), span: at };
            }
            // A default sees the parameters before it, never itself.
            let default = param.default().map(|default| self.apart(|lowerer| lowerer.lower_expr(&default)));
            let constraint = self.lower_where(param.where_clause(), Some(&name));
            let docs = ast::docs(param.syntax());
            let local = self.bind(name.clone(), LocalKind::Param);
            params.push(Param { local, name, docs, ty, constraint, default, span });
        }
        params
    }
}
