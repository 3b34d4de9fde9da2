//! Reading: names, configuration, fields, elements.

use flow_diagnostics::{Change, Diagnostic, Edit, codes};
use flow_hir::{BinaryOp, ConfigId, ErrorRef, ExprId, ExprKind, LocalId, Name};

use flow_source::Span;

use super::facts::Spot;
use super::{Infer, Place, Want};
use crate::display;
use crate::types::{Ty, TyKind};

/// What can be read of the running execution.
const EXECUTION_FIELDS: [(&str, Ty); 3] =
    [("id", Ty::STRING), ("key", Ty::STRING), ("started", Ty::TIMESTAMP)];

impl Infer<'_, '_> {
    /// A bound name.
    pub(super) fn local(&mut self, expr: ExprId, local: LocalId) -> Ty {
        let ty = self.checker.typed.local(local);
        self.narrowed(expr, ty)
    }

    /// The type of a place without null, where it is known not to be null.
    fn narrowed(&mut self, expr: ExprId, ty: Ty) -> Ty {
        let types = &self.checker.typed.types;
        let TyKind::Optional(inner) = *types.structure(ty) else { return ty };
        match Spot::of(self.checker.program, expr) {
            Some(spot) if self.facts.holds(&spot) => {
                self.checker.typed.narrowed.insert(expr, ty);
                inner
            }
            _ => ty,
        }
    }

    /// `config.name`: secret where the entry is.
    pub(super) fn config(&mut self, entry: ConfigId) -> Ty {
        let Some(checked) = self.checker.typed.config.get(entry).copied() else { return Ty::ERROR };
        if checked.secret { self.checker.typed.types.secret(checked.ty) } else { checked.ty }
    }

    /// `execution.id`.
    pub(super) fn execution(&mut self, field: &Name) -> Ty {
        // There is none yet when the arguments that it is started with are made.
        if self.place == Place::Start {
            self.effect(field.span, "`execution`");
        }
        if let Some((_, ty)) = EXECUTION_FIELDS.iter().find(|(name, _)| *name == &*field.text) {
            return *ty;
        }
        let names = EXECUTION_FIELDS.map(|(name, _)| name);
        let mut diagnostic =
            Diagnostic::new(&codes::F0302, field.span, format!("`execution` has no field `{}`", field.text));
        diagnostic = match self.checker.nearest(&field.text, names) {
            Some(near) => diagnostic.did_you_mean(field.span, near),
            None => diagnostic.help(format!("it has {}", display::names(names))),
        };
        self.checker.report(diagnostic);
        Ty::ERROR
    }

    /// `base.name` or `base?.name`.
    pub(super) fn field(
        &mut self,
        expr: ExprId,
        base: ExprId,
        name: &Name,
        optional: bool,
        want: Want<'_>,
    ) -> Ty {
        let base_ty = self.any(base);
        let types = &self.checker.typed.types;
        let nullable = matches!(*types.structure(base_ty), TyKind::Optional(_));
        let inner = types.without_null(base_ty);
        if nullable && !optional {
            self.may_be_null(base, base_ty, name, want);
            return Ty::ERROR;
        }
        let found = self.member(base, inner, name, optional);
        if optional && nullable && found != Ty::ERROR {
            let ty = self.checker.typed.types.optional(found);
            return self.narrowed(expr, ty);
        }
        self.narrowed(expr, found)
    }

    /// Says that a value may be null where a field or method of it is used.
    pub(super) fn may_be_null(&mut self, base: ExprId, ty: Ty, name: &Name, want: Want<'_>) {
        let takes_null = want.hint().is_none_or(|wanted| self.checker.typed.types.is_nullable(wanted));
        let words = self.checker.words(ty);
        let base_span = self.checker.span(base);
        let diagnostic = Diagnostic::new(
            &codes::F0313,
            base_span,
            format!("this may be null, so `.{}` cannot be read from it", name.text),
        )
        .label(format!("`{words}`"))
        .help("use `?.`, which gives null for null, or test it first: `if x != null { … }`")
        .mend(
            name.span
                .start
                .checked_sub(1)
                .filter(|_| takes_null)
                .map(|dot| Edit::guess("use `?.`", vec![Change::insert(name.span.file, dot, "?")])),
        )
        .mend(self.checker.give_for_null(base, ty, true));
        self.checker.report(diagnostic);
    }

    /// A field of a value that is not null, after `?.` where that stands.
    fn member(&mut self, base: ExprId, ty: Ty, name: &Name, optional: bool) -> Ty {
        let kind = self.checker.typed.types.structure(ty);
        match &*kind {
            TyKind::Error | TyKind::Never => Ty::ERROR,
            TyKind::Record(fields) => match fields.iter().find(|field| field.name == name.text) {
                Some(field) => field.read(&self.checker.typed.types),
                None => {
                    self.unknown_field(name, ty, fields);
                    Ty::ERROR
                }
            },
            TyKind::ErrorValue(error) => self.error_field(*error, name),
            TyKind::AnyError => self.common_error_field(name, &[]),
            TyKind::Callback(_) => match &*name.text {
                "url" => self.checker.typed.types.secret(Ty::URL),
                _ => {
                    self.no_field(name, ty, &["url"]);
                    Ty::ERROR
                }
            },
            TyKind::Run(workflow) => {
                let result =
                    self.checker.typed.workflows.get(*workflow).map_or(Ty::ERROR, |checked| checked.result);
                match &*name.text {
                    "trace" => Ty::TRACE,
                    "result" => result,
                    _ => {
                        self.no_field(name, ty, &["result", "trace"]);
                        Ty::ERROR
                    }
                }
            }
            TyKind::Json => {
                let text = &name.text;
                self.checker.report(
                    Diagnostic::new(
                        &codes::F0302,
                        name.span,
                        format!("`json` has no fields, so `.{text}` cannot be read"),
                    )
                    .help(format!("index it: `[\"{text}\"]`, or say what it is: `value as T`"))
                    .mend(name.span.start.checked_sub(if optional { 2 } else { 1 }).map(
                        |dot| {
                            let place = Span::new(name.span.file, dot, name.span.end);
                            Edit::new("index it", vec![Change::replace(place, format!("[\"{text}\"]"))])
                        },
                    )),
                );
                Ty::ERROR
            }
            TyKind::Secret(_) => {
                let span = self.checker.span(base);
                self.checker.report(
                    Diagnostic::new(&codes::F0701, span, "a secret cannot be taken apart").help(
                        "it is secret as a whole: declare the fields secret that are, and not the record",
                    ),
                );
                Ty::ERROR
            }
            _ => {
                self.no_field(name, ty, &[]);
                Ty::ERROR
            }
        }
    }

    fn no_field(&mut self, name: &Name, ty: Ty, known: &[&str]) {
        let words = self.checker.words(ty);
        let mut diagnostic =
            Diagnostic::new(&codes::F0302, name.span, format!("`{words}` has no field `{}`", name.text));
        if let Some(near) = self.checker.nearest(&name.text, known.iter().copied()) {
            diagnostic = diagnostic.did_you_mean(name.span, near);
        } else if !known.is_empty() {
            diagnostic = diagnostic.help(format!("it has {}", display::names(known.iter().copied())));
        } else if self.has_method(ty, &name.text) {
            diagnostic = diagnostic.help(format!("`{0}` is a method: `.{0}()`", name.text)).edit(
                "call it",
                Span::at(name.span.file, name.span.end),
                "()",
            );
        }
        self.checker.report(diagnostic);
    }

    /// A field of one error: its own, those of `http`, and those that all have.
    fn error_field(&mut self, error: ErrorRef, name: &Name) -> Ty {
        let own = self.checker.error_record(error);
        if let Some((_, field)) = self.checker.typed.types.field(own, &name.text) {
            return field.read(&self.checker.typed.types);
        }
        let own_names: Vec<String> = self
            .checker
            .typed
            .types
            .fields(own)
            .iter()
            .flat_map(|fields| fields.iter().map(|field| field.name.to_string()))
            .collect();
        let own_names: Vec<&str> = own_names.iter().map(String::as_str).collect();
        self.common_error_field(name, &own_names)
    }

    /// What every error has.
    fn common_error_field(&mut self, name: &Name, own: &[&str]) -> Ty {
        match &*name.text {
            "name" | "message" => Ty::STRING,
            "step" => self.checker.typed.types.optional(Ty::STRING),
            "also" => {
                let any = self.checker.typed.types.intern(TyKind::AnyError);
                self.checker.typed.types.intern(TyKind::List(any))
            }
            "status" | "body" => {
                let span = name.span;
                let message = format!("only errors `http` have `{}`", name.text);
                let help = "catch them apart: `catch http as e { … }`";
                self.checker.report(Diagnostic::new(&codes::F0302, span, message).help(help));
                Ty::ERROR
            }
            _ => {
                let known: Vec<&str> =
                    own.iter().copied().chain(["name", "message", "step", "also"]).collect();
                let ty = self.checker.typed.types.intern(TyKind::AnyError);
                self.no_field(name, ty, &known);
                Ty::ERROR
            }
        }
    }

    /// `base[index]`.
    pub(super) fn index(&mut self, base: ExprId, index: ExprId) -> Ty {
        let base_ty = self.any(base);
        let kind = self.checker.typed.types.structure(base_ty);
        match &*kind {
            TyKind::List(element) => {
                if self.is_part_of_list(base, index) {
                    return base_ty;
                }
                self.check(index, Ty::INT, None);
                *element
            }
            TyKind::Map(value) => {
                self.check(index, Ty::STRING, None);
                self.checker.typed.types.optional(*value)
            }
            TyKind::Json => {
                let ty = self.any(index);
                let types = &self.checker.typed.types;
                let text = crate::coercion::coerce(types, ty, Ty::STRING).is_some();
                if !text && crate::coercion::coerce(types, ty, Ty::INT).is_none() {
                    self.mismatch(index, ty, Ty::STRING, None);
                }
                Ty::JSON
            }
            TyKind::Error | TyKind::Never => {
                self.any(index);
                Ty::ERROR
            }
            _ => {
                self.any(index);
                let words = self.checker.words(base_ty);
                let span = self.checker.span(base);
                let mut diagnostic = Diagnostic::new(
                    &codes::F0312,
                    span,
                    format!("`{words}` has no elements: only lists, maps and json are indexed"),
                );
                match &*kind {
                    TyKind::Optional(_) => {
                        diagnostic =
                            diagnostic.help("test it for null first, or give a value: `(x ?? [])[0]`");
                    }
                    TyKind::Secret(_) => diagnostic = diagnostic.help(self.uses_of_secret(base_ty)),
                    TyKind::String => {
                        diagnostic = diagnostic
                            .help("a list of its characters is `text.split(\"\")`; a part of it is found by `split`");
                    }
                    _ => {}
                }
                self.checker.report(diagnostic);
                Ty::ERROR
            }
        }
    }

    /// `xs[1..3]`, which is said to be a part of the list: what it is written as here.
    fn is_part_of_list(&mut self, base: ExprId, index: ExprId) -> bool {
        let program = self.checker.program;
        let ExprKind::Binary { op: BinaryOp::Range, left, right, .. } = program.exprs[index].kind else {
            return false;
        };
        self.check(left, Ty::INT, None);
        self.check(right, Ty::INT, None);
        self.checker.typed.exprs.insert(index, Ty::ERROR);
        if matches!(program.exprs[right].kind, ExprKind::Missing) {
            // What is missing is said already.
            return true;
        }
        let span = self.checker.span(index);
        let mut diagnostic = Diagnostic::new(&codes::F0328, span, "a list is not indexed by a range").help(
            "`xs.skip(n)` leaves out the first elements, and `.take(n)` keeps so many: `xs.skip(1).take(3)`",
        );
        if let (ExprKind::Int(first), ExprKind::Int(last)) =
            (&program.exprs[left].kind, &program.exprs[right].kind)
            && let Some(count) = last.checked_sub(*first).and_then(|count| count.checked_add(1))
            && *first >= 0
            && count >= 0
        {
            // A range has both its ends.
            let end = program.whole_span(base).end;
            let brackets = Span::new(span.file, end, span.end + 1);
            let part = format!(".skip({first}).take({count})");
            diagnostic =
                diagnostic.mend([Edit::guess("take this part", vec![Change::replace(brackets, part)])]);
        }
        self.checker.report(diagnostic);
        true
    }
}
