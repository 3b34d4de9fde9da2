//! Responses of operations: a body, `response<T>`, and types by status, with the patterns over them.
//!
//! A response by status is a union of records tagged by `status`, each case a record of its `body`: what is said
//! of unions (coverage, layout, the wire) holds for it without further ado.

use std::sync::Arc;

use flow_diagnostics::{Diagnostic, codes};
use flow_source::Span;
use flow_syntax::ast;

use super::Lowerer;
use crate::{
    BuiltinType, Case, Field, FieldPattern, LiteralKind, LocalKind, Name, Pattern, PatternKind,
    RecordPattern, ResponseForm, StatusPattern, TypeRef, TypeRefKind,
};

/// The member that says the status, of a response by status.
const STATUS: &str = "status";

impl Lowerer {
    /// The type after `->` of an operation, and what it stands for.
    pub(super) fn lower_response(&mut self, ty: ast::TypeExpr, owner: Span) -> (TypeRef, ResponseForm) {
        match &ty {
            ast::TypeExpr::StatusType(statuses) => {
                let span = self.span(statuses);
                let kind = self.lower_statuses(statuses);
                (TypeRef { kind, span }, ResponseForm::ByStatus)
            }
            ast::TypeExpr::NamedType(named)
                if named.name().is_some_and(|name| name.text() == "response")
                    && named.path().count() == 1 =>
            {
                let span = self.span(named);
                let kind = self.lower_whole(named, span);
                (TypeRef { kind, span }, ResponseForm::Whole)
            }
            _ => (self.lower_type(Some(ty), owner), ResponseForm::Body),
        }
    }

    /// Says that such a type stands nowhere else.
    pub(super) fn stray_response(&mut self, what: &str, span: Span) -> TypeRefKind {
        self.report(
            Diagnostic::new(&codes::F0404, span, format!("{what} stands only after `->` of an operation"))
                .help("hand on what you need of the answer, under a type of its own"),
        );
        TypeRefKind::Missing
    }

    /// `response<T>`: `{ status: int, headers: {string: string}, body: T }`.
    fn lower_whole(&mut self, named: &ast::NamedType, span: Span) -> TypeRefKind {
        let mut arguments = named.arguments();
        let (Some(body), None) = (arguments.next(), arguments.next()) else {
            self.report(
                Diagnostic::new(&codes::F0325, span, "`response` takes 1 type argument")
                    .help("write `response<T>`, where `T` is the type of the body"),
            );
            return TypeRefKind::Missing;
        };
        let body = self.lower_type(Some(body), span);
        let builtin = |builtin| TypeRef { kind: TypeRefKind::Builtin(builtin), span };
        let headers = TypeRefKind::Map(Box::new(builtin(BuiltinType::String)));
        TypeRefKind::Record(vec![
            field("status", builtin(BuiltinType::Int)),
            field("headers", TypeRef { kind: headers, span }),
            field("body", body),
        ])
    }

    /// `{ 201: Customer, 202: null, 4xx: Rejected }`.
    fn lower_statuses(&mut self, statuses: &ast::StatusType) -> TypeRefKind {
        let mut cases: Vec<Case> = Vec::new();
        for case in statuses.cases() {
            let at = self.span(&case);
            let body = match case.is_empty() {
                true => TypeRef { kind: TypeRefKind::Builtin(BuiltinType::Null), span: at },
                false => self.lower_type(case.ty(), at),
            };
            let Some(literal) = case.status().and_then(|token| ast::LiteralValue::of_token(&token)) else {
                continue;
            };
            let Some(status) = self.status(&literal, at) else { continue };
            let text: Arc<str> = Arc::from(status.to_string());
            if let Some(first) = cases.iter().find(|case| case.name.text == text) {
                let first = first.span;
                self.report(
                    Diagnostic::new(&codes::F0408, at, "this status stands twice")
                        .also(first, "the first one"),
                );
                continue;
            }
            let record = TypeRef { kind: TypeRefKind::Record(vec![field("body", body)]), span: at };
            let wire = Some(match status {
                StatusPattern::Exact(status) => LiteralKind::Int(i64::from(status)),
                StatusPattern::Class(_) => LiteralKind::String(Arc::clone(&text)),
            });
            cases.push(Case { name: Name { text, span: at }, wire, record, span: at });
        }
        if cases.is_empty() {
            return TypeRefKind::Missing;
        }
        TypeRefKind::Tagged { cases, tag: Some(Arc::from(STATUS)), open: false }
    }

    /// `201 new`, `201 { id }`: the case of the status, whose body is bound or taken apart.
    pub(super) fn lower_status_pattern(
        &mut self,
        tag: &ast::TagPattern,
        span: Span,
        kind: LocalKind,
    ) -> PatternKind {
        let literal = tag.status().and_then(|token| ast::LiteralValue::of_token(&token));
        let status = match literal.and_then(|literal| self.status(&literal, span)) {
            Some(status) => status,
            None => return self.bind_only(tag, span, kind),
        };
        let body = match (tag.record(), tag.binding()) {
            (Some(record), _) => {
                let at = self.span(&record);
                let record = self.lower_record_pattern(&record, at, kind);
                Some(Pattern { kind: PatternKind::Record(record), span: at })
            }
            (None, Some(binding)) => {
                let name = self.name(Some(binding), span);
                let at = name.span;
                Some(Pattern { kind: PatternKind::Bind(self.bind(name, kind)), span: at })
            }
            (None, None) => None,
        };
        let fields = body.map(|pattern| FieldPattern {
            field: Name { text: Arc::from("body"), span: pattern.span },
            pattern,
        });
        PatternKind::Case {
            union: None,
            name: Name { text: Arc::from(status.to_string()), span },
            fields: RecordPattern { fields: fields.into_iter().collect(), rest: None },
            binding: None,
        }
    }
}

fn field(name: &str, ty: TypeRef) -> Field {
    let span = ty.span;
    Field {
        name: Name { text: Arc::from(name), span },
        docs: None,
        wire: None,
        optional: false,
        ty,
        constraint: None,
        span,
    }
}
