//! Pages of operations: `paginate` against the parameters and the result, and the loops that walk them.

use flow_diagnostics::{Diagnostic, codes};
use flow_hir::{ExprId, ExprKind, Name, Operation, Paginate, ResponseForm};
use flow_source::Span;

use crate::api::is_natural;
use crate::checker::Checker;
use crate::display;
use crate::infer::Infer;
use crate::typed::{CheckedPages, EffectClass, NextPage, PageField};
use crate::types::{Ty, TyKind};

impl Checker<'_> {
    /// Checks `paginate`. What is wrong is reported at the name that is.
    pub(crate) fn check_pages(
        &mut self,
        operation: &Operation,
        params: &[Ty],
        result: Ty,
        effect: EffectClass,
    ) -> Option<CheckedPages> {
        let paginate = operation.paginate.as_ref()?;
        if effect != EffectClass::Safe && !is_natural(operation) {
            let message = "`paginate` of an operation that changes something: each page is a call of its own";
            self.report(
                Diagnostic::new(&codes::F0412, paginate.span, message)
                    .help("add `idempotency: natural` if it only reads"),
            );
            return None;
        }
        let items = match &paginate.value {
            Paginate::Cursor { items, .. } | Paginate::Offset { items, .. } | Paginate::Link { items } => {
                items
            }
        };
        let element = self.page_items(paginate.span, result, items.as_deref());
        let next = match &paginate.value {
            Paginate::Cursor { from, to, .. } => self.cursor(operation, params, result, from, to),
            Paginate::Offset { limit, offset, .. } => {
                let limit = self.count_param(operation, params, limit);
                let param = self.count_param(operation, params, offset);
                limit.zip(param).map(|(limit, param)| NextPage::Offset { limit, param })
            }
            Paginate::Link { .. } if element.is_none() => None,
            Paginate::Link { .. } => self.page_link(operation, paginate.span),
        };
        let items = self.page_fields(result, items.as_deref().unwrap_or_default());
        Some(CheckedPages { items, element: element?, next: next? })
    }

    /// The type of what stands on a page.
    fn page_items(&mut self, paginate: Span, result: Ty, items: Option<&[Name]>) -> Option<Ty> {
        let span = items.and_then(<[Name]>::last).map_or(paginate, |name| name.span);
        let ty = self.field_at(paginate, result, items.unwrap_or_default())?;
        let plain = self.typed.types.without_null(ty);
        match &*self.typed.types.structure(plain) {
            TyKind::List(element) => Some(*element),
            TyKind::Error => None,
            _ => {
                let words = self.words(ty);
                let (message, help) = match items {
                    Some(_) => (format!("the items of a page are a list, found `{words}`"), "name the list"),
                    None => (
                        format!("the result is no list but `{words}`: say where on a page its items are"),
                        "add `items: …`, the way from the result to the list",
                    ),
                };
                self.report(Diagnostic::new(&codes::F0412, span, message).help(help));
                None
            }
        }
    }

    /// The type at the end of a way through fields. Each record on it may be null.
    fn field_at(&mut self, owner: Span, from: Ty, path: &[Name]) -> Option<Ty> {
        let mut ty = from;
        for name in path {
            let plain = self.typed.types.without_null(ty);
            if plain == Ty::ERROR {
                return None;
            }
            let Some(fields) = self.typed.types.fields(plain) else {
                let words = self.words(ty);
                let message = format!("`{words}` has no field `{}`: it is no record", name.text);
                self.report(
                    Diagnostic::new(&codes::F0302, name.span, message)
                        .also(owner, "looked for in the result"),
                );
                return None;
            };
            let Some(field) = fields.iter().find(|field| *field.name == *name.text) else {
                let words = self.words(plain);
                let message = format!("`{words}` has no field `{}`", name.text);
                let known: Vec<&str> = fields.iter().map(|field| &*field.name).collect();
                let diagnostic = Diagnostic::new(&codes::F0302, name.span, message);
                self.report(match self.nearest(&name.text, known.iter().copied()) {
                    Some(near) => diagnostic.did_you_mean(name.span, near),
                    None => diagnostic.help(format!("it has {}", display::names(known))),
                });
                return None;
            };
            ty = field.read(&self.typed.types);
        }
        Some(ty)
    }

    fn cursor(
        &mut self,
        operation: &Operation,
        params: &[Ty],
        result: Ty,
        from: &[Name],
        to: &Name,
    ) -> Option<NextPage> {
        let param = self.param_named(operation, to);
        let span = from.first().zip(from.last()).map_or(to.span, |(first, last)| first.span.to(last.span));
        let found = self.field_at(span, result, from);
        let (param, found) = (param?, found?);
        let taken = *params.get(param)?;
        let may_be_null = self.typed.types.is_nullable(found) || self.is_nullable_on_the_way(result, from);
        let types = &self.typed.types;
        let (given, due) = (types.without_null(found), types.without_null(taken));
        if given == Ty::ERROR || due == Ty::ERROR {
            return None;
        }
        if !types.same(given, due) {
            let (found, taken) = (self.words(found), self.words(taken));
            let message = format!("the next cursor is `{found}`, and `{}` takes `{taken}`", to.text);
            let declared = operation.params.get(param).map_or(to.span, |param| param.span);
            self.report(
                Diagnostic::new(&codes::F0412, span, message)
                    .also(declared, "declared here")
                    .help("declare both with one type, such as `string?`"),
            );
            return None;
        }
        if !may_be_null && !matches!(&*types.structure(given), TyKind::String) {
            let words = self.words(found);
            let message =
                format!("the next cursor is `{words}`, which is never null: the pages would not end");
            self.report(
                Diagnostic::new(&codes::F0412, span, message)
                    .help(format!("declare it `{words}?`, if the last page has none")),
            );
            return None;
        }
        Some(NextPage::Cursor { param, from: self.page_fields(result, from) })
    }

    /// The fields of a way that was looked at.
    fn page_fields(&self, from: Ty, path: &[Name]) -> Vec<PageField> {
        let types = &self.typed.types;
        let mut ty = from;
        let mut fields = Vec::with_capacity(path.len());
        for name in path {
            let Some((_, field)) = types.field(types.without_null(ty), &name.text) else { break };
            let wire = field.wire.as_deref().unwrap_or(&field.name).to_owned();
            fields.push(PageField { name: name.text.to_string(), wire });
            ty = field.read(types);
        }
        fields
    }

    /// Whether a record on the way to a field may be null.
    fn is_nullable_on_the_way(&self, from: Ty, path: &[Name]) -> bool {
        let types = &self.typed.types;
        let mut ty = from;
        path.iter().any(|name| {
            let nullable = types.is_nullable(ty);
            if let Some((_, field)) = types.field(types.without_null(ty), &name.text) {
                ty = field.read(types);
            }
            nullable
        })
    }

    /// A parameter that takes a number.
    fn count_param(&mut self, operation: &Operation, params: &[Ty], name: &Name) -> Option<usize> {
        let param = self.param_named(operation, name)?;
        let ty = *params.get(param)?;
        match &*self.typed.types.structure(self.typed.types.without_null(ty)) {
            TyKind::Int => Some(param),
            TyKind::Error => None,
            _ => {
                let words = self.words(ty);
                let message = format!("`{}` takes `{words}`, and a count of items is an `int`", name.text);
                let declared = operation.params.get(param).map_or(name.span, |param| param.span);
                self.report(
                    Diagnostic::new(&codes::F0412, name.span, message)
                        .also(declared, "declared here")
                        .help("declare it `int`, or `int?`"),
                );
                None
            }
        }
    }

    fn param_named(&mut self, operation: &Operation, name: &Name) -> Option<usize> {
        let found = operation.params.iter().position(|param| param.name.text == name.text);
        if found.is_none() {
            let message = format!("`{}` has no parameter `{}`", operation.name.text, name.text);
            let known: Vec<&str> = operation.params.iter().map(|param| &*param.name.text).collect();
            let diagnostic = Diagnostic::new(&codes::F0306, name.span, message);
            self.report(match self.nearest(&name.text, known.iter().copied()) {
                Some(near) => diagnostic.did_you_mean(name.span, near),
                None if known.is_empty() => diagnostic.help("declare it"),
                None => diagnostic.help(format!("it has {}", display::names(known))),
            });
        }
        found
    }

    /// The link stands in the answer's head: the result must be its body.
    fn page_link(&mut self, operation: &Operation, span: Span) -> Option<NextPage> {
        if operation.response_form != ResponseForm::Body || operation.absent.is_some() {
            let message = "`paginate: link` goes with a result that is the body of a 2xx answer";
            self.report(
                Diagnostic::new(&codes::F0412, span, message)
                    .help("declare the type of the body alone, and leave `absent` out"),
            );
            return None;
        }
        Some(NextPage::Link)
    }
}

impl Infer<'_, '_> {
    /// What a loop over the pages of an operation goes over.
    pub(crate) fn element_of_pages(&mut self, call: ExprId, all: Span) -> Ty {
        self.any(call);
        let program = self.checker.program;
        let ExprKind::CallOperation { operation, .. } = &program.exprs[call].kind else { return Ty::ERROR };
        if let Some(pages) =
            self.checker.typed.operations.get(*operation).and_then(|checked| checked.pages.as_ref())
        {
            return pages.element;
        }
        let declared = &program.operations[*operation];
        // A `paginate` that does not fit has been reported.
        if declared.paginate.is_none() {
            let name = self.checker.operation_name(*operation);
            let message = format!("`{name}` does not say how its pages follow each other");
            self.checker.report(
                Diagnostic::new(&codes::F0412, all, message)
                    .also(declared.head, "declared here")
                    .help("add `paginate: cursor { from: …, to: …, items: … }`, `offset { limit, offset }` or `link`"),
            );
        }
        Ty::ERROR
    }
}
