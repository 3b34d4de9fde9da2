//! Values of unions of records, and patterns over them.

use std::sync::Arc;

use flow_diagnostics::{Diagnostic, codes};
use flow_hir::{ExprId, LocalId, Name, RecordPattern, TypeDeclId};
use flow_source::Span;

use super::{Infer, Reason, Want};
use crate::display;
use crate::types::{Ty, TyKind, Union};

impl Infer<'_, '_> {
    /// `Created { id }`: the wanted union where it has such a case, else the one that is in scope.
    pub(super) fn case_value(
        &mut self,
        name: &Name,
        unions: &[TypeDeclId],
        fields: ExprId,
        want: Want<'_>,
    ) -> Ty {
        let Some((ty, union)) = self.union_of_case(name, unions, want) else {
            self.expr(fields, Want::Type(Ty::ERROR, None));
            return Ty::ERROR;
        };
        let Some((_, case)) = union.case(&name.text) else { return Ty::ERROR };
        let reason = Reason { span: name.span, text: format!("fields of `{}`", name.text) };
        self.check(fields, case.record, Some(&reason));
        ty
    }

    fn union_of_case(
        &mut self,
        name: &Name,
        unions: &[TypeDeclId],
        want: Want<'_>,
    ) -> Option<(Ty, Arc<Union>)> {
        if let Some((ty, kind)) = self.hint_kind(want)
            && let TyKind::Union(union) = &*kind
            && union.case(&name.text).is_some()
            && (unions.len() != 1 || self.is_one_of(ty, unions))
        {
            return Some((ty, Arc::clone(union)));
        }
        let program = self.checker.program;
        let [decl] = unions else {
            let named: Vec<&str> = unions.iter().map(|decl| &*program.types[*decl].name.text).collect();
            let mut diagnostic = Diagnostic::new(
                &codes::F0309,
                name.span,
                format!("`{}` is a case of {}", name.text, display::names(named.iter().copied())),
            );
            for decl in unions {
                let declared = &program.types[*decl].name;
                diagnostic = diagnostic.also(declared.span, format!("`{}`", declared.text));
            }
            if let Some(first) = named.first() {
                diagnostic = diagnostic.help(format!("say which one: `{first}.{}`", name.text));
            }
            self.checker.report(diagnostic);
            return None;
        };
        let declared = &program.types[*decl];
        if !declared.params.is_empty() {
            self.checker.report(
                Diagnostic::new(
                    &codes::F0309,
                    name.span,
                    format!("the type arguments of `{}` are not known here", declared.name.text),
                )
                .help("say the type: `let x: T = …`"),
            );
            return None;
        }
        let ty = self.checker.typed.types.intern(TyKind::Named(*decl, Arc::default()));
        let union = self.checker.typed.types.union(ty)?;
        Some((ty, union))
    }

    /// Whether a type is one of these declarations, perhaps under other names.
    fn is_one_of(&self, ty: Ty, unions: &[TypeDeclId]) -> bool {
        let types = &self.checker.typed.types;
        let mut ty = ty;
        loop {
            match &*types.kind(ty) {
                TyKind::Named(decl, _) if unions.contains(decl) => return true,
                TyKind::Named(decl, arguments) => ty = types.stands_for(*decl, arguments),
                TyKind::Encoded(inner, _) | TyKind::Optional(inner) | TyKind::Secret(inner) => ty = *inner,
                _ => return false,
            }
        }
    }

    /// `Created`, `Created { id }`, `Created e`, `Event.Created`.
    pub(super) fn case_pattern(
        &mut self,
        span: Span,
        named: Option<(TypeDeclId, Span)>,
        name: &Name,
        fields: &RecordPattern,
        binding: Option<LocalId>,
        ty: Ty,
    ) {
        let record = self.record_of_case(span, named, name, ty);
        if let Some(local) = binding {
            self.bind(local, record);
        }
        if fields.is_empty() {
            return;
        }
        if record == Ty::ERROR {
            self.mistaken_fields(fields);
        } else {
            self.record_pattern(span, fields, record);
        }
    }

    fn record_of_case(&mut self, span: Span, named: Option<(TypeDeclId, Span)>, name: &Name, ty: Ty) -> Ty {
        let types = &self.checker.typed.types;
        if matches!(*types.structure(ty), TyKind::Error | TyKind::Never) {
            return Ty::ERROR;
        }
        let Some(union) = types.union(ty) else {
            let words = self.checker.words(ty);
            let message = format!("`{}` names a case of a union, found `{words}`", name.text);
            self.checker.report(Diagnostic::new(&codes::F0301, span, message).help(format!(
                "a name at the top of a pattern is a case; for everything else write `_`, and use the value \
                 instead of `{}`",
                name.text
            )));
            return Ty::ERROR;
        };
        if let Some((decl, at)) = named
            && !self.is_one_of(ty, &[decl])
        {
            let (words, other) = (self.checker.words(ty), &self.checker.program.types[decl].name.text);
            self.checker.report(Diagnostic::new(
                &codes::F0301,
                at,
                format!("this is a case of `{other}`, and the value is `{words}`"),
            ));
            return Ty::ERROR;
        }
        if let Some((_, case)) = union.case(&name.text) {
            return case.record;
        }
        let words = self.checker.words(ty);
        let mut diagnostic =
            Diagnostic::new(&codes::F0326, name.span, format!("`{words}` has no case `{}`", name.text));
        let cases = || union.cases.iter().map(|case| &*case.name);
        diagnostic = match self.checker.nearest(&name.text, cases()) {
            Some(near) => diagnostic.did_you_mean(name.span, near),
            None => diagnostic.help(format!("it has {}", display::names(cases()))),
        };
        self.checker.report(diagnostic);
        Ty::ERROR
    }
}
