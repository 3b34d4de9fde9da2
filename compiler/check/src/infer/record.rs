//! Record literals: shaped by the wanted record, or by their own fields.

use std::sync::Arc;

use flow_diagnostics::{Change, Diagnostic, Edit, codes};
use flow_hir::{ExprId, Name, RecordItem};
use flow_source::Span;
use rustc_hash::{FxHashMap, FxHashSet};

use super::{Infer, Reason, Want};
use crate::display;
use crate::types::{RecordField, Ty, TyKind};

/// Of how many missing fields it is said where they are declared.
const DECLARED_MAX: usize = 6;

/// Fields of a record type, to be found by their names.
struct ByName<'t> {
    fields: &'t [RecordField],
    /// Made where many are looked for.
    index: Option<FxHashMap<&'t str, &'t RecordField>>,
}

impl<'t> ByName<'t> {
    /// Fields of which so many are looked for.
    fn of(fields: &'t [RecordField], searches: usize) -> Self {
        /// Up to so many searches, looking is faster than an index.
        const FEW: usize = 16;
        let index = || fields.iter().map(|field| (&*field.name, field)).collect();
        Self { fields, index: (searches > FEW).then(index) }
    }

    fn find(&self, name: &str) -> Option<&'t RecordField> {
        match &self.index {
            Some(index) => index.get(name).copied(),
            None => self.fields.iter().find(|field| *field.name == *name),
        }
    }
}

impl Infer<'_, '_> {
    /// A record literal.
    pub(super) fn record(&mut self, items: &[RecordItem], span: Span, want: Want<'_>) -> Ty {
        self.report_repeated(items);
        let spreads = items.iter().any(|item| matches!(item, RecordItem::Spread(_)));
        // Where another type is wanted, or an unknown one, nothing is said about what the fields leave open.
        let inner = if let Want::Type(..) = want { Want::Type(Ty::ERROR, None) } else { Want::Any };
        let Some((ty, kind)) = self.hint_kind(want) else { return self.free_record(items, None, inner) };
        match &*kind {
            TyKind::Record(fields) if !spreads => {
                self.record_of(items, span, ty, fields, want);
                ty
            }
            TyKind::Record(fields) => self.free_record(items, Some(fields), Want::Any),
            TyKind::Map(value) if items.is_empty() => self.checker.typed.types.map(*value),
            TyKind::Map(_) => {
                self.free_record(items, None, inner);
                self.checker.report(
                    Diagnostic::new(&codes::F0301, span, "expected a map, found a record")
                        .help("the keys of a map are texts: `{ \"key\": value }`"),
                );
                Ty::ERROR
            }
            TyKind::Json => self.json_record(items),
            _ => self.free_record(items, None, inner),
        }
    }

    /// A literal for a known record type: each field is checked against it.
    fn record_of(
        &mut self,
        items: &[RecordItem],
        span: Span,
        ty: Ty,
        fields: &Arc<[RecordField]>,
        want: Want<'_>,
    ) {
        let by_name = ByName::of(fields, items.len());
        for item in items {
            let RecordItem::Field { name, value } = item else { continue };
            match by_name.find(&name.text) {
                Some(field) => {
                    let expected = field.read(&self.checker.typed.types);
                    let text = format!("`{}` is declared as `{}`", name.text, self.checker.words(expected));
                    // The field's own place is the best explanation, where it is known.
                    let reason =
                        self.checker.field_span(ty, &name.text).map(|span| Reason { span, text }).or_else(
                            || match want {
                                Want::Type(_, reason) => reason.cloned(),
                                _ => None,
                            },
                        );
                    self.leave_out(*value, field);
                    self.check(*value, expected, reason.as_ref());
                }
                None => {
                    self.any(*value);
                    self.unknown_field(name, ty, fields);
                }
            }
        }
        let names = items.iter().filter_map(|item| match item {
            RecordItem::Field { name, .. } => Some(&*name.text),
            RecordItem::Spread(_) => None,
        });
        let given: FxHashSet<&str> = names.collect();
        let types = &self.checker.typed.types;
        let missing: Vec<&RecordField> = fields
            .iter()
            .filter(|field| !field.may_be_left_out(types) && !given.contains(&*field.name))
            .collect();
        if missing.is_empty() {
            return;
        }
        let names = display::names(missing.iter().map(|field| &*field.name));
        let words = self.checker.words(ty);
        let plural = if missing.len() == 1 { "field" } else { "fields" };
        let mut diagnostic =
            Diagnostic::new(&codes::F0303, span, format!("missing {plural} {names} of `{words}`"));
        for field in missing.iter().take(DECLARED_MAX) {
            if let Some(span) = self.checker.field_span(ty, &field.name) {
                diagnostic = diagnostic.also(span, format!("`{}` is declared here", field.name));
            }
        }
        if let Want::Type(_, Some(reason)) = want
            && diagnostic.secondary.is_empty()
        {
            diagnostic = diagnostic.also(reason.span, reason.text.clone());
        }
        let edit = if self.checker.is_full() { None } else { self.add_fields(items, span, &missing) };
        self.checker.report(diagnostic.mend(edit));
    }

    /// The edit that adds missing fields: those whose names can be used here by their names, others with values to
    /// fill in.
    fn add_fields(&self, items: &[RecordItem], span: Span, missing: &[&RecordField]) -> Option<Edit> {
        let types = &self.checker.typed.types;
        let mut certain = true;
        let fields: Option<Vec<String>> = missing
            .iter()
            .map(|field| {
                if self.sees(&field.name, field.read(types)) {
                    return Some(field.name.to_string());
                }
                certain = false;
                Some(format!("{}: {}", field.name, self.checker.placeholder(field.read(types))?))
            })
            .collect();
        let fields = fields?.join(", ");
        let change = match items.last() {
            Some(RecordItem::Field { value: last, .. } | RecordItem::Spread(last)) => {
                super::mend::put_after(self.checker.program, *last, &format!(", {fields}"))
            }
            None => Change::insert(span.file, span.start + 1, format!(" {fields}")),
        };
        let title = if certain { "give what has its name" } else { "add it" };
        Some(Edit { title: title.into(), changes: vec![change], guess: !certain })
    }

    /// A field that the type does not have.
    pub(super) fn unknown_field(&mut self, name: &Name, ty: Ty, fields: &[RecordField]) {
        let words = self.checker.words(ty);
        let mut diagnostic =
            Diagnostic::new(&codes::F0302, name.span, format!("`{words}` has no field `{}`", name.text));
        let names = || fields.iter().map(|field| &*field.name);
        match self.checker.nearest(&name.text, names()) {
            Some(near) => {
                diagnostic = diagnostic.did_you_mean(name.span, near);
            }
            None if fields.is_empty() => {}
            None => diagnostic = diagnostic.help(format!("it has {}", display::names(names()))),
        }
        self.checker.report(diagnostic);
    }

    /// A literal that makes its own type; `hints` are types for fields of these names.
    fn free_record(
        &mut self,
        items: &[RecordItem],
        hints: Option<&Arc<[RecordField]>>,
        inner: Want<'_>,
    ) -> Ty {
        let hints = hints.map(|hints| ByName::of(hints, items.len()));
        let mut fields = Fields::default();
        let mut known = true;
        for item in items {
            match item {
                RecordItem::Field { name, value } => {
                    let hint = hints.as_ref().and_then(|hints| hints.find(&name.text));
                    if let Some(field) = hint.or_else(|| fields.get(&name.text)).cloned()
                        && self.leave_out(*value, &field)
                    {
                        // What may be left out stays a field that may be.
                        let expected = field.read(&self.checker.typed.types);
                        self.check(*value, expected, None);
                        fields.set(RecordField { constraint: None, wire: None, ..field });
                        continue;
                    }
                    let ty = match hint {
                        Some(field) => {
                            let expected = field.read(&self.checker.typed.types);
                            self.check(*value, expected, None);
                            self.checker.typed.value_ty(*value)
                        }
                        None => self.expr(*value, inner),
                    };
                    fields.set(plain_field(&name.text, ty));
                }
                RecordItem::Spread(record) => {
                    let ty = self.any(*record);
                    match self.checker.typed.types.fields(ty) {
                        Some(spread) => {
                            // What is absent there is absent here.
                            spread.iter().for_each(|field| fields.set(field.clone()));
                        }
                        None => {
                            known = false;
                            self.not_a_record(*record, ty);
                        }
                    }
                }
            }
        }
        if known { self.checker.typed.types.record(fields.all) } else { Ty::ERROR }
    }

    /// A literal for a dynamic value: everything in it is dynamic.
    fn json_record(&mut self, items: &[RecordItem]) -> Ty {
        let mut fields = Fields::default();
        for item in items {
            match item {
                RecordItem::Field { name, value } => {
                    self.check(*value, Ty::JSON, None);
                    fields.set(plain_field(&name.text, Ty::JSON));
                }
                RecordItem::Spread(record) => {
                    let ty = self.any(*record);
                    match self.checker.typed.types.fields(ty) {
                        Some(spread) => spread.iter().for_each(|field| fields.set(field.clone())),
                        None => self.not_a_record(*record, ty),
                    }
                }
            }
        }
        self.checker.typed.types.record(fields.all)
    }

    fn not_a_record(&mut self, expr: ExprId, ty: Ty) {
        if ty == Ty::ERROR || ty == Ty::NEVER {
            return;
        }
        let words = self.checker.words(ty);
        let span = self.checker.span(expr);
        self.checker.report(Diagnostic::new(
            &codes::F0301,
            span,
            format!("expected a record after `...`, found `{words}`"),
        ));
    }

    fn report_repeated(&mut self, items: &[RecordItem]) {
        let mut seen: FxHashMap<&str, Span> = FxHashMap::default();
        for item in items {
            let RecordItem::Field { name, .. } = item else { continue };
            if let Some(first) = seen.insert(&name.text, name.span) {
                self.checker.report(
                    Diagnostic::new(
                        &codes::F0210,
                        name.span,
                        format!("field `{}` is given twice", name.text),
                    )
                    .also(first, "first given here"),
                );
            }
        }
    }
}

/// A field without anything special.
pub(crate) fn plain_field(name: &Arc<str>, ty: Ty) -> RecordField {
    RecordField { name: Arc::clone(name), wire: None, ty, optional: false, constraint: None }
}

/// The fields of a record that is made, in the order in which they came.
#[derive(Default)]
struct Fields {
    all: Vec<RecordField>,
    places: FxHashMap<Arc<str>, usize>,
}

impl Fields {
    fn get(&self, name: &str) -> Option<&RecordField> {
        self.places.get(name).and_then(|place| self.all.get(*place))
    }

    /// Adds a field, or replaces the one of its name where it stands.
    fn set(&mut self, field: RecordField) {
        let known = self.places.get(&field.name).and_then(|place| self.all.get_mut(*place));
        match known {
            Some(known) => *known = field,
            None => {
                self.places.insert(Arc::clone(&field.name), self.all.len());
                self.all.push(field);
            }
        }
    }
}
