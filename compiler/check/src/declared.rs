//! Declared types, errors and configuration.

use std::sync::Arc;

use flow_diagnostics::{Diagnostic, codes};
use flow_hir::limits;
use flow_hir::{
    BuiltinError, BuiltinType, Constraint, ErrorRef, ExprKind, Field, Literal, LiteralKind, TypeDeclId,
    TypeRef, TypeRefKind,
};
use flow_source::Span;
use rustc_hash::FxHashSet;

use crate::checker::Checker;
use crate::display;
use crate::infer::{Infer, Place, Reason, plain_field};
use crate::typed::CheckedConfig;
use crate::types::{Condition, Literals, RecordField, Ty, TyKind};

impl Checker<'_> {
    /// Resolves all declared types, errors and configuration types.
    pub(crate) fn declare(&mut self) {
        let program = self.program;
        for decl in program.types.indices() {
            self.declare_type(decl);
        }
        self.check_recursive_types();
        for (id, error) in program.errors.iter() {
            let record = self.record_type(&error.fields);
            self.typed.errors.insert(id, record);
        }
        for (id, entry) in program.config.iter() {
            let ty = self.lower_type(&entry.ty);
            let checked = match *self.typed.types.structure(ty) {
                TyKind::Secret(inner) => CheckedConfig { ty: inner, secret: true },
                _ => CheckedConfig { ty, secret: false },
            };
            self.typed.config.insert(id, checked);
        }
    }

    /// Checks defaults of the configuration and every `where` of types and errors.
    pub(crate) fn check_declared(&mut self) {
        let program = self.program;
        for (id, entry) in program.config.iter() {
            self.check_type_constraints(&entry.ty);
            self.check_constraint(entry.constraint.as_ref(), &entry.ty);
            let Some(default) = entry.default else { continue };
            let Some(checked) = self.typed.config.get(id).copied() else { continue };
            let words = self.words(checked.ty);
            // Nothing, or a list of nothing, holds no secret.
            let is_empty = match self.kind(default) {
                ExprKind::Null => true,
                ExprKind::List(items) => items.is_empty(),
                ExprKind::Map(entries) => entries.is_empty(),
                ExprKind::Record(items) => items.is_empty(),
                _ => false,
            };
            if checked.secret || crate::infer::holds_secret(self, checked.ty) && !is_empty {
                let span = self.span(default);
                self.report(
                    Diagnostic::new(
                        &codes::F0702,
                        span,
                        format!("the secret `{}` has its value in the source", entry.name.text),
                    )
                    .help("leave out the default: a secret is given from outside when the program runs"),
                );
            }
            let reason = Reason { span: entry.ty.span, text: format!("declared as `{words}`") };
            Infer::new(self, Place::Pure("a default")).check(default, checked.ty, Some(&reason));
        }
        for (id, decl) in program.types.iter() {
            self.parameters = self.type_parameters(id);
            self.check_type_constraints(&decl.ty);
            self.check_constraint(decl.constraint.as_ref(), &decl.ty);
            self.parameters = Arc::default();
        }
        self.check_unions();
        for (_, error) in program.errors.iter() {
            for field in &error.fields {
                self.check_type_constraints(&field.ty);
                self.check_constraint(field.constraint.as_ref(), &field.ty);
                let ty = self.lower_type(&field.ty);
                if crate::infer::holds_secret(self, ty) {
                    self.report(
                        Diagnostic::new(
                            &codes::F0701,
                            field.ty.span,
                            format!("a secret would flow into the error `{}`", error.name.text),
                        )
                        .help("errors are recorded and shown: leave the secret out"),
                    );
                }
            }
        }
    }

    /// Checks every `where` inside a type as written.
    pub(crate) fn check_type_constraints(&mut self, ty: &TypeRef) {
        match &ty.kind {
            TypeRefKind::Optional(inner)
            | TypeRefKind::List(inner)
            | TypeRefKind::Map(inner)
            | TypeRefKind::Secret(inner)
            | TypeRefKind::Encoded(inner, _) => self.check_type_constraints(inner),
            TypeRefKind::Named(_, arguments) => {
                arguments.iter().for_each(|argument| self.check_type_constraints(argument));
            }
            TypeRefKind::Tagged { cases, .. } => {
                cases.iter().for_each(|case| self.check_type_constraints(&case.record));
            }
            TypeRefKind::Record(fields) => {
                for field in fields {
                    self.check_type_constraints(&field.ty);
                    self.check_constraint(field.constraint.as_ref(), &field.ty);
                }
            }
            _ => {}
        }
    }

    /// Checks one `where`. Its value is not null: null is not constrained. That of a secret is seen as it is: whether it
    /// fits is all that is told.
    pub(crate) fn check_constraint(&mut self, constraint: Option<&Constraint>, ty: &TypeRef) {
        let Some(constraint) = constraint else { return };
        let value = self.lower_type(ty);
        let value = match *self.typed.types.structure(self.typed.types.without_null(value)) {
            TyKind::Secret(inner) => self.typed.types.without_null(inner),
            _ => self.typed.types.without_null(value),
        };
        let mut infer = Infer::new(self, Place::Pure("a `where`"));
        infer.bind(constraint.value, value);
        let reason = Reason { span: constraint.span, text: "a `where` is true or false".into() };
        infer.check(constraint.condition, Ty::BOOL, Some(&reason));
    }

    /// What a declared type stands for. One that leads back to itself meets what [stands in](Self::stand_in) for it.
    pub(crate) fn declare_type(&mut self, decl: TypeDeclId) {
        if self.typed.types.declared.contains(decl) {
            return;
        }
        let Some(stand_in) = self.stand_in(decl) else {
            let name = &self.program.types[decl].name;
            let message = format!("type `{}` is nothing but itself", name.text);
            self.report(Diagnostic::new(&codes::F0318, name.span, message).help("say what its values are"));
            self.typed.types.declared.insert(decl, Ty::ERROR);
            return;
        };
        self.typed.types.declared.insert(decl, stand_in);
        self.declaring.push(decl);
        let declared = &self.program.types[decl];
        let parameters = self.type_parameters(decl);
        let outer = std::mem::replace(&mut self.parameters, parameters);
        let ty = flow_hir::deeper(|| self.lower_type(&declared.ty));
        self.parameters = outer;
        self.declaring.pop();
        let depth = 1 + self.type_depth(ty);
        self.type_depths.insert(decl, depth);
        if depth > limits::TYPE_DEPTH.max {
            // What uses it begins anew: one finding for each time that the limit is gone past.
            self.report(limits::TYPE_DEPTH.diagnostic(declared.name.span));
            self.type_depths.insert(decl, 0);
            self.typed.types.declared.insert(decl, Ty::ERROR);
            return;
        }
        if let Some(constraint) = &declared.constraint {
            self.typed.types.conditions.insert(decl, (constraint.value, constraint.condition));
        }
        self.typed.types.declared.insert(decl, ty);
    }

    /// How many declared types stand inside of each other in a type.
    fn type_depth(&self, ty: Ty) -> usize {
        let inside = |ty: &Ty| self.type_depth(*ty);
        match &*self.typed.types.kind(ty) {
            TyKind::Named(decl, arguments) => {
                let own = self.type_depths.get(*decl).copied().unwrap_or(0);
                own + arguments.iter().map(inside).max().unwrap_or(0)
            }
            TyKind::Optional(inner)
            | TyKind::List(inner)
            | TyKind::Map(inner)
            | TyKind::Secret(inner)
            | TyKind::Encoded(inner, _) => inside(inner),
            TyKind::Record(fields) => fields.iter().map(|field| inside(&field.ty)).max().unwrap_or(0),
            TyKind::Union(union) => union.cases.iter().map(|case| inside(&case.record)).max().unwrap_or(0),
            _ => 0,
        }
    }

    /// The type parameters of a declaration, as types.
    fn type_parameters(&self, decl: TypeDeclId) -> Arc<[Ty]> {
        let params = self.program.types[decl].params.iter().enumerate();
        let kinds = params.map(|(position, name)| TyKind::Parameter(position, Arc::clone(&name.text)));
        kinds.map(|kind| self.typed.types.intern(kind)).collect()
    }

    /// A `where` as types hold it.
    pub(crate) fn condition(&self, constraint: &Constraint) -> Condition {
        Condition {
            value: constraint.value,
            condition: constraint.condition,
            arguments: Arc::clone(&self.parameters),
        }
    }

    /// The type of a type as written.
    pub(crate) fn lower_type(&mut self, ty: &TypeRef) -> Ty {
        match &ty.kind {
            TypeRefKind::Missing => Ty::ERROR,
            TypeRefKind::Parameter(position) => self.parameters.get(*position).copied().unwrap_or(Ty::ERROR),
            TypeRefKind::Tagged { cases, tag, open } => self.union_type(cases, tag.as_ref(), *open),
            TypeRefKind::Encoded(inner, encoding) => self.encoded_type(inner, *encoding, ty.span),
            TypeRefKind::Builtin(builtin) => match builtin {
                BuiltinType::Bool => Ty::BOOL,
                BuiltinType::Int => Ty::INT,
                BuiltinType::Decimal => Ty::DECIMAL,
                BuiltinType::Float => Ty::FLOAT,
                BuiltinType::String => Ty::STRING,
                BuiltinType::Bytes => Ty::BYTES,
                BuiltinType::Duration => Ty::DURATION,
                BuiltinType::Timestamp => Ty::TIMESTAMP,
                BuiltinType::Date => Ty::DATE,
                BuiltinType::Uuid => Ty::UUID,
                BuiltinType::Url => Ty::URL,
                BuiltinType::Json => Ty::JSON,
                BuiltinType::Null => Ty::NULL,
            },
            TypeRefKind::Named(decl, arguments) => self.named_type(*decl, arguments, ty.span),
            TypeRefKind::Optional(inner) => {
                let inner = self.lower_type(inner);
                self.typed.types.optional(inner)
            }
            TypeRefKind::List(inner) => {
                let inner = self.lower_type(inner);
                self.typed.types.list(inner)
            }
            TypeRefKind::Map(inner) => {
                let inner = self.lower_type(inner);
                self.typed.types.map(inner)
            }
            TypeRefKind::Secret(inner) => {
                let inner = self.lower_type(inner);
                if self.is_unknown_secret(inner, ty.span) {
                    Ty::ERROR
                } else {
                    self.typed.types.secret(inner)
                }
            }
            TypeRefKind::Record(fields) => self.record_type(fields),
            TypeRefKind::Literals { members, open } => self.literals_type(members, *open),
        }
    }

    /// The record of fields as written.
    pub(crate) fn record_type(&mut self, fields: &[Field]) -> Ty {
        let fields = fields
            .iter()
            .map(|field| RecordField {
                name: Arc::clone(&field.name.text),
                wire: field.wire.clone(),
                ty: self.lower_type(&field.ty),
                optional: field.optional,
                constraint: field.constraint.as_ref().map(|constraint| self.condition(constraint)),
            })
            .collect();
        self.typed.types.record(fields)
    }

    fn literals_type(&mut self, members: &[Literal], open: bool) -> Ty {
        let base = |kind: &LiteralKind| match kind {
            LiteralKind::Bool(_) => Ty::BOOL,
            LiteralKind::Int(_) => Ty::INT,
            LiteralKind::Decimal(_) => Ty::DECIMAL,
            LiteralKind::String(_) => Ty::STRING,
            LiteralKind::Null => Ty::NULL,
        };
        let Some(first) = members.first() else { return Ty::ERROR };
        let first_base = base(&first.kind);
        let mut values: Vec<LiteralKind> = Vec::with_capacity(members.len());
        let mut seen: FxHashSet<&LiteralKind> = FxHashSet::default();
        for member in members {
            if base(&member.kind) != first_base {
                let (one, other) = (self.words(first_base), self.words(base(&member.kind)));
                self.report(
                    Diagnostic::new(
                        &codes::F0322,
                        member.span,
                        format!("a union of literals has one base type, not both `{one}` and `{other}`"),
                    )
                    .also(first.span, format!("this is `{one}`")),
                );
                return Ty::ERROR;
            }
            if !seen.insert(&member.kind) {
                self.report(Diagnostic::new(
                    &codes::F0210,
                    member.span,
                    format!("`{}` stands twice in this union", display::literal(&member.kind)),
                ));
                continue;
            }
            values.push(member.kind.clone());
        }
        let literals = Literals { base: first_base, members: values, open };
        self.typed.types.intern(TyKind::Literals(Arc::new(literals)))
    }

    /// The record of an error's fields.
    pub(crate) fn error_record(&self, error: ErrorRef) -> Ty {
        match error {
            ErrorRef::Declared(decl) => self.typed.errors.get(decl).copied().unwrap_or(Ty::ERROR),
            ErrorRef::Builtin(BuiltinError::Http) => self.typed.types.record(vec![
                plain_field(&Arc::from("status"), Ty::INT),
                plain_field(&Arc::from("body"), Ty::JSON),
            ]),
            ErrorRef::Builtin(_) => self.typed.types.record(Vec::new()),
        }
    }

    /// Where a field of a declared type stands.
    pub(crate) fn field_span(&self, ty: Ty, name: &str) -> Option<Span> {
        let mut ty = ty;
        loop {
            match &*self.typed.types.kind(ty) {
                TyKind::Optional(inner) => ty = *inner,
                TyKind::Encoded(inner, _) => ty = *inner,
                TyKind::Named(decl, arguments) => match &self.program.types[*decl].ty.kind {
                    TypeRefKind::Record(fields) => {
                        return fields.iter().find(|field| &*field.name.text == name).map(|field| field.span);
                    }
                    _ => ty = self.typed.types.stands_for(*decl, arguments),
                },
                _ => return None,
            }
        }
    }
}
