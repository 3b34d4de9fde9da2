//! What is published: parameters of workflows in requests, who may send them, statuses of errors, routes. Schedules
//! and objectives below it.

mod cron;
mod objective;
mod route;
mod schedule;

use std::sync::Arc;

use flow_diagnostics::{Change, Diagnostic, Edit, codes};
use flow_hir::{
    ClientRate, ErrorRef, ExprId, ExprKind, Method, OperationId, Publication, PublishMode, RouteParam,
    WorkflowId,
};
use flow_source::Span;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::api::Travel;
use crate::checker::Checker;
use crate::display;
use crate::infer::holds_secret;
use crate::typed::{CheckedPublication, CheckedRoute, EffectClass, OperationUndo, RoutePlace, StepUndo};
use crate::types::{Ty, TyKind};

/// What workflows that were looked at change.
#[derive(Default)]
struct Changes {
    /// The first call of each that changes something, or whose undo does, where there is one.
    bodies: FxHashMap<WorkflowId, Option<ExprId>>,
    /// Whether the undo in the head of each changes something.
    undos: FxHashMap<WorkflowId, bool>,
}

impl Checker<'_> {
    /// Checks what is published. The errors that escape each workflow are known.
    pub(crate) fn check_publications(&mut self) {
        let program = self.program;
        let mut changes = Changes::default();
        for publication in &program.publications {
            self.check_method(publication, &mut changes);
            self.check_publication(publication);
        }
        self.check_routes();
        self.not_in_effect(
            "publish",
            program.publications.iter().map(|publication| publication.head),
            "start executions with `flow run`",
        );
    }

    /// Says once in each file that a kind of declaration has no effect yet.
    pub(crate) fn not_in_effect(&mut self, what: &str, heads: impl Iterator<Item = Span>, instead: &str) {
        let mut files = FxHashSet::default();
        for head in heads {
            if files.insert(head.file) {
                self.report(
                    Diagnostic::new(
                        &codes::F1101,
                        head,
                        format!("`{what}` is checked, and has no effect yet"),
                    )
                    .help(format!("this version has no server: {instead}")),
                );
            }
        }
    }

    fn check_publication(&mut self, publication: &Publication) {
        let routes = publication.workflows.iter();
        let routes = routes.map(|(id, at)| self.check_route(publication, *id, *at)).collect();
        if publication.auth.is_none() && !publication.misread {
            self.missing_auth(publication);
        }
        if publication.workflows.len() > 1 && publication.version_travel.is_none() && !publication.misread {
            self.report(
                Diagnostic::new(
                    &codes::F0406,
                    publication.name.span,
                    "several versions are published, and nothing says how a request names one",
                )
                .help("add `version: path`, `version: header(\"Api-Version\")`, `version: query(\"version\")` or `version: media_type`")
                .mend([
                    add(publication, "put it first in the path", "version: path"),
                    add(publication, "put it into a header", "version: header(\"Api-Version\")"),
                ]),
            );
        }
        let sync_us = publication.mode.and_then(|mode| match mode.value {
            PublishMode::Sync(limit) => self.duration(limit, "a wait"),
            PublishMode::Async => None,
        });
        let rate = publication.rate.as_ref().and_then(|rate| self.client_rate(rate));
        let quota = publication.quota.as_ref().and_then(|quota| self.client_rate(quota));
        self.check_error_statuses(publication);
        self.typed.publications.push(CheckedPublication { routes, sync_us, rate, quota });
    }

    fn client_rate(&mut self, rate: &ClientRate) -> Option<(u64, u64)> {
        self.rate(&rate.rate)
    }

    /// Nothing is opened to everybody because a word is missing.
    fn missing_auth(&mut self, publication: &Publication) {
        self.report(
            Diagnostic::new(
                &codes::F0406,
                publication.head,
                format!("nothing says who may start `{}`", publication.name.text),
            )
            .help(
                "add `auth: jwt { scope: \"…\" }` for tokens with a scope, `auth: key` for keys, or `auth: none` where everybody may",
            )
            .mend([
                add(publication, "ask for a key", "auth: key"),
                add(publication, "let everybody in", "auth: none"),
            ]),
        );
    }

    /// What a method promises holds for the workflow.
    fn check_method(&mut self, publication: &Publication, changes: &mut Changes) {
        let method = publication.method;
        let word = method.value.word();
        match method.value {
            Method::Head | Method::Options => {
                self.report(
                    Diagnostic::new(
                        &codes::F1103,
                        method.span,
                        format!("nothing is published at `{word}`"),
                    )
                    .help("a server answers it by itself: publish at `get`, `post`, `put`, `patch` or `delete`"),
                );
            }
            Method::Get => {
                for (workflow, _) in &publication.workflows {
                    let Some(change) = self.first_change(*workflow, changes) else { continue };
                    let why = if self.acts(change, changes) {
                        "this changes something"
                    } else {
                        "what undoes this changes something"
                    };
                    self.report(
                        Diagnostic::new(
                            &codes::F1103,
                            method.span,
                            format!("`{}` changes something, and a `get` may not", publication.name.text),
                        )
                        .also(self.span(change), why)
                        .help("a `get` is sent ahead and again by browsers and proxies: publish it at `post`")
                        .mend([Edit::guess("write `post`", vec![Change::replace(method.span, "post")])]),
                    );
                    return;
                }
            }
            Method::Post | Method::Put | Method::Patch | Method::Delete => {}
        }
    }

    /// The first call of a workflow that changes something, or whose undo does.
    fn first_change(&self, id: WorkflowId, known: &mut Changes) -> Option<ExprId> {
        if let Some(known) = known.bodies.get(&id) {
            return *known;
        }
        // A circle, which has been reported, comes back to this.
        known.bodies.insert(id, None);
        let change = self.change_inside(self.program.workflows[id].body, known);
        known.bodies.insert(id, change);
        change
    }

    fn change_inside(&self, body: ExprId, known: &mut Changes) -> Option<ExprId> {
        let mut calls = Vec::new();
        self.program.for_each_inside(body, &mut |expr| match self.program.exprs[expr].kind {
            ExprKind::CallOperation { .. } | ExprKind::CallWorkflow { .. } => calls.push(expr),
            _ => {}
        });
        calls.into_iter().find(|call| self.acts(*call, known) || self.undo_acts(*call, known))
    }

    /// Whether a call changes something.
    fn acts(&self, call: ExprId, known: &mut Changes) -> bool {
        match self.program.exprs[call].kind {
            ExprKind::CallOperation { operation, .. } => self.is_change(operation),
            ExprKind::CallWorkflow { workflow, .. } => {
                flow_hir::deeper(|| self.first_change(workflow, known)).is_some()
            }
            _ => false,
        }
    }

    /// Whether what the callee declares as its undo changes something. That of the call itself stands inside it.
    fn undo_acts(&self, call: ExprId, known: &mut Changes) -> bool {
        match self.program.exprs[call].kind {
            ExprKind::CallOperation { operation, .. } => {
                let own = self.typed.calls.get(call).is_some_and(|call| call.undo == StepUndo::Operation);
                let undo = self.typed.operations.get(operation).map(|checked| &checked.undo);
                match undo {
                    Some(OperationUndo::Call { operation, .. }) => own && self.is_change(*operation),
                    _ => false,
                }
            }
            ExprKind::CallWorkflow { workflow, .. } => {
                let own = self.typed.children.get(call).is_some_and(|undo| *undo == StepUndo::Operation);
                own && self.head_undo_acts(workflow, known)
            }
            _ => false,
        }
    }

    fn head_undo_acts(&self, id: WorkflowId, known: &mut Changes) -> bool {
        if let Some(known) = known.undos.get(&id) {
            return *known;
        }
        known.undos.insert(id, false);
        let undo = self.program.workflows[id].undo.as_ref();
        let acts =
            undo.is_some_and(|undo| flow_hir::deeper(|| self.change_inside(undo.call, known)).is_some());
        known.undos.insert(id, acts);
        acts
    }

    fn is_change(&self, operation: OperationId) -> bool {
        let effect = self.typed.operations.get(operation).map(|checked| checked.effect);
        effect.is_some_and(|effect| effect != EffectClass::Safe)
    }

    /// Where the parameters of a workflow stand in a request.
    fn check_route(&mut self, publication: &Publication, id: WorkflowId, at: Span) -> CheckedRoute {
        let program = self.program;
        let workflow = &program.workflows[id];
        let types: Vec<Ty> = workflow.params.iter().map(|param| self.typed.local(param.local)).collect();
        let mut places: Vec<Option<RoutePlace>> = vec![None; types.len()];
        let params = publication.path.iter().filter_map(|segment| segment.param.as_ref());
        for (param, _) in params {
            let found = workflow.params.iter().position(|known| known.name.text == param.name);
            let Some(index) = found else {
                self.no_such_parameter(param, id);
                continue;
            };
            if let Some(place) = places.get_mut(index) {
                *place = Some(RoutePlace::Path);
            }
            if let (Some(declared), Some(ty)) = (workflow.params.get(index), types.get(index)) {
                self.check_travel(RoutePlace::Path, *ty, declared, param.span);
            }
        }
        let loose: Vec<usize> =
            (0..types.len()).filter(|index| places.get(*index).is_some_and(Option::is_none)).collect();
        for index in &loose {
            let (Some(declared), Some(ty)) = (workflow.params.get(*index), types.get(*index)) else {
                continue;
            };
            let is_body = loose.len() == 1 && !self.travels(Travel::Query, self.revealed(*ty)).0;
            if let Some(place) = places.get_mut(*index) {
                *place = Some(if is_body { RoutePlace::Body } else { RoutePlace::Query });
            }
            if is_body {
                self.check_body(publication, declared, at);
            } else {
                self.check_travel(RoutePlace::Query, *ty, declared, at);
            }
        }
        let names = workflow.params.iter().map(|param| Arc::clone(&param.name.text));
        let places = names.zip(places.into_iter().flatten()).collect();
        CheckedRoute { workflow: id, params: places }
    }

    /// What a secret guards, or the type itself.
    fn revealed(&self, ty: Ty) -> Ty {
        let types = &self.typed.types;
        match *types.structure(types.without_null(ty)) {
            TyKind::Secret(inner) => inner,
            _ => ty,
        }
    }

    fn no_such_parameter(&mut self, param: &RouteParam, id: WorkflowId) {
        let workflow = &self.program.workflows[id];
        let message = format!(
            "`{}` stands in the path, and `{}` has no such parameter",
            param.name, workflow.name.text
        );
        let diagnostic =
            Diagnostic::new(&codes::F0401, param.span, message).also(workflow.head, "its parameters");
        let near = self.nearest(&param.name, workflow.params.iter().map(|known| &*known.name.text));
        let diagnostic = match near {
            Some(near) => diagnostic.did_you_mean(param.span, near),
            None => diagnostic.help(format!("declare it there: `({}: string)`", param.name)),
        };
        self.report(diagnostic);
    }

    /// What may travel in a path or a query.
    fn check_travel(&mut self, place: RoutePlace, ty: Ty, param: &flow_hir::Param, at: Span) {
        if self.is_unknown(ty) {
            return;
        }
        let name = &param.name.text;
        if holds_secret(self, ty) {
            self.report(
                Diagnostic::new(&codes::F0701, at, format!("the secret `{name}` would stand in a URL"))
                    .also(param.span, "declared here")
                    .help("URLs are logged by servers and proxies: take it as a field of a record, which is the body"),
            );
            return;
        }
        let travel = if place == RoutePlace::Path { Travel::Path } else { Travel::Query };
        let (fits, what) = self.travels(travel, ty);
        if !fits {
            let words = self.words(ty);
            self.report(
                Diagnostic::new(&codes::F0411, at, format!("`{name}` cannot be `{words}`: {what}"))
                    .also(param.span, "declared here")
                    .help("take all that does not stand in the path as one record: that is the body"),
            );
        }
    }

    /// A body stands in requests that may have one.
    fn check_body(&mut self, publication: &Publication, param: &flow_hir::Param, at: Span) {
        let method = publication.method;
        if !matches!(method.value, Method::Get | Method::Delete) {
            return;
        }
        let (word, name) = (method.value.word(), &param.name.text);
        self.report(
            Diagnostic::new(&codes::F0402, at, format!("`{name}` is a body, and a `{word}` has none"))
                .also(param.span, "declared here")
                .also(method.span, "the method")
                .help("take its fields as parameters: they come in the query; or publish it at `post`"),
        );
    }

    /// Statuses stand for errors that can come, and every declared error that can come has one, or is mentioned.
    fn check_error_statuses(&mut self, publication: &Publication) {
        let mut escaping: Vec<ErrorRef> = Vec::new();
        for (id, _) in &publication.workflows {
            let errors = self.typed.workflows.get(*id).map_or(&[][..], |checked| &checked.errors);
            for error in errors {
                if !escaping.contains(&error.error) {
                    escaping.push(error.error);
                }
            }
        }
        // Where no workflow was found nobody knows what may come.
        if publication.workflows.is_empty() {
            return;
        }
        let name = &publication.name.text;
        for mapped in &publication.errors {
            if escaping.contains(&mapped.error.value) {
                continue;
            }
            let error = self.error_name(mapped.error.value);
            let names: Vec<String> = escaping.iter().map(|error| self.error_name(*error)).collect();
            let help = match names.as_slice() {
                [] => "nothing fails there: leave it out".to_owned(),
                _ => format!("it fails with {}", display::names(names.iter().map(String::as_str))),
            };
            let message = format!("`{name}` never fails with `{error}`");
            self.report(Diagnostic::new(&codes::F0902, mapped.error.span, message).help(help));
        }
        let is_mapped =
            |error: &ErrorRef| publication.errors.iter().any(|mapped| mapped.error.value == *error);
        let unmapped: Vec<ErrorRef> = escaping
            .into_iter()
            .filter(|error| matches!(error, ErrorRef::Declared(_)) && !is_mapped(error))
            .collect();
        // An error or a status that was misread may be what is missing.
        if !publication.errors_misread {
            self.unmapped(publication, &unmapped);
        }
    }

    fn unmapped(&mut self, publication: &Publication, unmapped: &[ErrorRef]) {
        let Some(first) = unmapped.first() else { return };
        let mut names: Vec<String> = unmapped.iter().map(|error| self.error_name(*error)).collect();
        names.sort();
        let listed = display::names(names.iter().map(String::as_str));
        let entries: Vec<String> = names.iter().map(|name| format!("{name}: 422")).collect();
        let entries = entries.join(", ");
        let edit = match (publication.errors_span, publication.errors.last()) {
            (None, _) => Some(add(publication, "answer with 422", &format!("errors: {{ {entries} }}"))),
            (Some(_), Some(last)) => {
                let after = last.status.span;
                let change = Change::insert(after.file, after.end, format!(", {entries}"));
                Some(Edit::guess("answer with 422", vec![change]))
            }
            (Some(_), None) => None,
        };
        let (what, is) = if names.len() == 1 { ("it", "has") } else { ("them", "have") };
        let mut diagnostic = Diagnostic::new(
            &codes::F1104,
            publication.errors_span.unwrap_or(publication.head),
            format!("{listed} can end `{}`, and {is} no status", publication.name.text),
        )
        .help(format!(
            "clients get 500 for {what}, without detail: add `errors: {{ {entries} }}`, or catch {what}"
        ));
        if let ErrorRef::Declared(error) = first {
            diagnostic = diagnostic.also(self.program.errors[*error].name.span, "declared here");
        }
        self.report(diagnostic.mend(edit));
    }
}

/// An edit that adds a property to a publication.
fn add(publication: &Publication, title: &str, property: &str) -> Edit {
    let head = publication.head;
    let change = match publication.end {
        Some(end) => Change::insert_lines(end.file, end.end, format!("\n{property}")),
        None => Change::insert_lines(head.file, head.end, format!(" {{\n  {property}\n}}")),
    };
    Edit::guess(title, vec![change])
}
