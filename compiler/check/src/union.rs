//! Unions of records, generic types and forms on the wire, as types.

use std::sync::Arc;

use flow_diagnostics::{Diagnostic, codes};
use flow_hir::{Encoding, TypeDeclId, TypeRef, TypeRefKind};
use flow_source::Span;

use crate::checker::Checker;
use crate::types::{Case, RecordField, Ty, TyKind, Union};

impl Checker<'_> {
    /// `A { … } | B { … } tagged "kind"`, `A | B untagged`.
    pub(crate) fn union_type(&mut self, cases: &[flow_hir::Case], tag: Option<&Arc<str>>, open: bool) -> Ty {
        let mut made = Vec::with_capacity(cases.len());
        for case in cases {
            let record = self.lower_type(&case.record);
            match *self.typed.types.structure(record) {
                TyKind::Record(_) => {}
                TyKind::Error => return Ty::ERROR,
                _ => {
                    let words = self.words(record);
                    self.report(
                        Diagnostic::new(
                            &codes::F0324,
                            case.span,
                            format!("a case of a union of records is a record, and this is `{words}`"),
                        )
                        .help("put it into a record: `type Name { value: T }`"),
                    );
                    return Ty::ERROR;
                }
            }
            made.push(Case { name: Arc::clone(&case.name.text), wire: case.wire.clone(), record });
        }
        let union = Union { tag: tag.cloned(), cases: made, open, held: false };
        self.typed.types.intern(TyKind::Union(Arc::new(union)))
    }

    /// A declared type with its arguments.
    pub(crate) fn named_type(&mut self, decl: TypeDeclId, arguments: &[TypeRef], span: Span) -> Ty {
        self.declare_type(decl);
        let given: Arc<[Ty]> = arguments.iter().map(|argument| self.lower_type(argument)).collect();
        let declared = &self.program.types[decl];
        let (due, name) = (declared.params.len(), &declared.name);
        if given.len() != due {
            let due_words = match due {
                0 => "no type arguments".to_owned(),
                1 => "1 type argument".to_owned(),
                due => format!("{due} type arguments"),
            };
            let params: Vec<&str> = declared.params.iter().map(|param| &*param.text).collect();
            let mut diagnostic =
                Diagnostic::new(&codes::F0325, span, format!("`{}` takes {due_words}", name.text))
                    .also(name.span, "declared here");
            diagnostic = match due {
                0 => diagnostic.help(format!("write `{}`", name.text)),
                _ => diagnostic.help(format!("write `{}<{}>`", name.text, params.join(", "))),
            };
            self.report(diagnostic);
            return Ty::ERROR;
        }
        match self.typed.types.declared.get(decl) {
            Some(&Ty::ERROR) => Ty::ERROR,
            _ => self.typed.types.intern(TyKind::Named(decl, given)),
        }
    }

    /// `decimal encoded string`.
    pub(crate) fn encoded_type(&mut self, inner: &TypeRef, encoding: Encoding, span: Span) -> Ty {
        let ty = self.lower_type(inner);
        let types = &self.typed.types;
        let fits = match (&*types.structure(ty), encoding) {
            (TyKind::Error, _) => return ty,
            (TyKind::Decimal, Encoding::String) => true,
            (TyKind::Duration, Encoding::Seconds | Encoding::Millis) => true,
            _ => false,
        };
        if fits {
            return self.typed.types.intern(TyKind::Encoded(ty, encoding));
        }
        let words = self.words(ty);
        let due = match encoding {
            Encoding::String => "decimal",
            Encoding::Seconds | Encoding::Millis => "duration",
        };
        self.report(
            Diagnostic::new(
                &codes::F0327,
                span,
                format!("`encoded {}` is for `{due}`, found `{words}`", encoding.name()),
            )
            .help("there are `decimal encoded string`, `duration encoded seconds` and `duration encoded millis`"),
        );
        ty
    }

    /// Looks at every declared union for cases that cannot be told apart, and for tags in the place of a field.
    pub(crate) fn check_unions(&mut self) {
        let program = self.program;
        for (_, decl) in program.types.iter() {
            let TypeRefKind::Tagged { cases, tag: None, .. } = &decl.ty.kind else { continue };
            let mut seen: Vec<(&flow_hir::Case, Vec<Arc<str>>)> = Vec::new();
            for case in cases {
                let record = self.lower_type(&case.record);
                let Some(required) = self.required(record) else { continue };
                // A value of the case with more members would be one of the other case too.
                let other = seen.iter().find_map(|(other, theirs)| {
                    let within =
                        |some: &[Arc<str>], all: &[Arc<str>]| some.iter().all(|one| all.contains(one));
                    if within(theirs, &required) {
                        Some((*other, case))
                    } else if within(&required, theirs) {
                        Some((case, *other))
                    } else {
                        None
                    }
                });
                if let Some((narrow, wide)) = other {
                    let message = format!(
                        "a `{}` has all required fields of a `{}`, so they cannot be told apart",
                        wide.name.text, narrow.name.text
                    );
                    let first = if std::ptr::eq(narrow, case) { wide } else { narrow };
                    self.report(
                        Diagnostic::new(&codes::F0324, case.span, message)
                            .also(first.span, format!("`{}`", first.name.text))
                            .help("give each case a required field of its own, or a tag: `tagged \"kind\"`"),
                    );
                }
                seen.push((case, required));
            }
        }
    }

    /// The members that a value of a record has on the wire in any case.
    fn required(&self, record: Ty) -> Option<Vec<Arc<str>>> {
        let types = &self.typed.types;
        let due = |field: &&RecordField| !field.may_be_left_out(types);
        let fields = types.fields(record)?;
        let wire = |field: &RecordField| Arc::clone(field.wire.as_ref().unwrap_or(&field.name));
        Some(fields.iter().filter(due).map(wire).collect())
    }
}
