//! Unions of records: their declaration, values of their cases, and patterns over them.

use std::sync::Arc;

use flow_diagnostics::{Diagnostic, codes, nearest};
use flow_source::Span;
use flow_syntax::ast;
use rustc_hash::FxHashMap;

use super::Lowerer;
use crate::limits;
use crate::scope::{Symbol, case_name};
use crate::{
    Case, ExprId, ExprKind, Field, LiteralKind, LocalKind, Name, PatternKind, RecordPattern, TypeDeclId,
    TypeRef, TypeRefKind,
};

impl Lowerer {
    /// `A { … } | B tagged "kind"`, `A | B untagged`.
    pub(super) fn lower_cases(&mut self, union: &ast::UnionType, span: Span) -> TypeRefKind {
        let tag = match union.tag() {
            Some(tag) => match tag.plain_text() {
                Some(text) => Some((Arc::<str>::from(text), self.span(&tag))),
                None => {
                    let at = self.span(&tag);
                    self.wrong(&codes::F0404, at, "the name of a tag has no interpolation".into());
                    return TypeRefKind::Missing;
                }
            },
            None => None,
        };
        if tag.is_none() && union.is_open() {
            self.report(
                Diagnostic::new(&codes::F0324, span, "an untagged union is never open")
                    .help("leave out `| ...`: without a tag nothing says what an unknown value is"),
            );
        }
        let mut cases: Vec<Case> = Vec::new();
        let mut names: FxHashMap<Arc<str>, Span> = FxHashMap::default();
        let mut wires: FxHashMap<LiteralKind, Span> = FxHashMap::default();
        for member in union.members() {
            let Some(case) = self.lower_case(&member, tag.is_some()) else { continue };
            if let Some(first) = names.insert(Arc::clone(&case.name.text), case.name.span) {
                self.report(
                    Diagnostic::new(
                        &codes::F0210,
                        case.name.span,
                        format!("two cases are named `{}`", case.name.text),
                    )
                    .also(first, "the first one"),
                );
                continue;
            }
            if let Some((tag, at)) = &tag {
                let wire = case.wire.clone().unwrap_or(LiteralKind::String(Arc::clone(&case.name.text)));
                if let Some(first) = wires.get(&wire) {
                    self.report(
                        Diagnostic::new(&codes::F0210, case.span, "two cases have the same tag on the wire")
                            .also(*first, "the first one")
                            .help("give one of them another: `Name as \"tag\"`"),
                    );
                    continue;
                }
                wires.insert(wire, case.span);
                self.tag_beside_fields(tag, *at, &case);
            }
            cases.push(case);
        }
        if self.is_over(&limits::CASES, cases.len(), span) {
            return TypeRefKind::Missing;
        }
        if cases.is_empty() {
            return TypeRefKind::Missing;
        }
        let open = union.is_open() && tag.is_some();
        TypeRefKind::Tagged { cases, tag: tag.map(|(text, _)| text), open }
    }

    /// A field that stands in the tag's place on the wire.
    fn tag_beside_fields(&mut self, tag: &Arc<str>, at: Span, case: &Case) {
        let TypeRefKind::Record(fields) = &case.record.kind else { return };
        let in_its_place = |field: &&Field| field.wire.as_ref().unwrap_or(&field.name.text) == tag;
        if let Some(field) = fields.iter().find(in_its_place) {
            let diagnostic = Diagnostic::new(
                &codes::F0210,
                field.name.span,
                format!("`{tag}` on the wire is the tag, and cannot be a field too"),
            )
            .also(at, "the tag")
            .help("leave the field out: the case says what the tag is");
            self.report(diagnostic);
        }
    }

    fn lower_case(&mut self, member: &ast::UnionMember, tagged: bool) -> Option<Case> {
        match member {
            ast::UnionMember::Variant(variant) => {
                let span = self.span(variant);
                let name = self.name(variant.name(), span);
                let wire = variant.wire_tag().and_then(|wire| self.wire_tag(&wire));
                if wire.is_some() && !tagged {
                    self.report(
                        Diagnostic::new(&codes::F0324, span, "a case of an untagged union has no tag")
                            .help("leave out `as …`, or write `tagged \"kind\"`"),
                    );
                }
                let fields = variant.record().map_or_else(Vec::new, |record| self.lower_fields(&record));
                let record = TypeRef { kind: TypeRefKind::Record(fields), span };
                Some(Case { name, wire, record, span })
            }
            ast::UnionMember::NamedType(named) if tagged => {
                let span = self.span(named);
                let text = case_name(member).filter(|_| named.arguments().next().is_none());
                let Some(text) = text else {
                    self.not_a_case(span);
                    return None;
                };
                let record = TypeRef { kind: TypeRefKind::Record(Vec::new()), span };
                Some(Case { name: Name { text, span }, wire: None, record, span })
            }
            ast::UnionMember::NamedType(named) => {
                let span = self.span(named);
                let Some(text) = case_name(member) else {
                    self.not_a_case(span);
                    return None;
                };
                let record = self.lower_type(Some(ast::TypeExpr::NamedType(named.clone())), span);
                Some(Case { name: Name { text, span }, wire: None, record, span })
            }
            other => {
                let at = self.keyword_span(ast::AstNode::syntax(other));
                self.not_a_case(at);
                None
            }
        }
    }

    fn not_a_case(&mut self, span: Span) {
        self.report(
            Diagnostic::new(&codes::F0324, span, "a case of a union of records has a name")
                .help("write `Name { field: T }`, or declare it: `type Name { … }`"),
        );
    }

    fn wire_tag(&mut self, wire: &ast::WireName) -> Option<LiteralKind> {
        if let Some(string) = wire.string() {
            let at = self.span(&string);
            let text = string.plain_text();
            if text.is_none() {
                self.wrong(&codes::F0404, at, "a tag has no interpolation".into());
            }
            return text.map(|text| LiteralKind::String(Arc::from(text)));
        }
        let literal = wire.literal()?;
        let at = self.span(&literal);
        match literal.value()? {
            ast::LiteralValue::Int(value) => match i64::try_from(value) {
                Ok(value) => Some(LiteralKind::Int(value)),
                Err(_) => {
                    self.wrong(
                        &codes::F0317,
                        at,
                        format!("`{value}` does not fit an `int`, which has 64 bits"),
                    );
                    None
                }
            },
            ast::LiteralValue::Bool(value) => Some(LiteralKind::Bool(value)),
            _ => {
                self.wrong(&codes::F0404, at, "a tag is a text, an int or a bool".into());
                None
            }
        }
    }

    /// The union that is named before a case: `Event` of `Event.Created`.
    pub(super) fn named_union(&mut self, union: &Name, case: &Name) -> Option<TypeDeclId> {
        let entry = self.declared(&union.text).first().copied();
        let Some(Symbol::Type(decl)) = entry.map(|entry| entry.symbol) else {
            let known: Vec<String> = self
                .declared_names(|symbol| matches!(symbol, Symbol::Type(_)))
                .into_iter()
                .map(str::to_owned)
                .collect();
            self.unknown(&codes::F0202, "type", &union.text, union.span, known, "");
            return None;
        };
        let cases = self.names.cases.get(crate::index::Index::to_usize(decl)).cloned().unwrap_or_default();
        if cases.contains(&case.text) {
            return Some(decl);
        }
        let what = format!("`{}` has no case `{}`", union.text, case.text);
        let mut diagnostic = Diagnostic::new(&codes::F0326, case.span, what);
        if let Some(near) = nearest(&case.text, cases.iter().map(|case| &**case)) {
            diagnostic = diagnostic.did_you_mean(case.span, near);
        } else if cases.is_empty() {
            diagnostic = diagnostic.help(format!("`{}` is no union of records", union.text));
        }
        self.report(diagnostic);
        None
    }

    /// The unions in scope with a case of that name.
    pub(super) fn unions_of(&self, case: &str) -> Vec<TypeDeclId> {
        self.names.files.get(&self.file).map_or_else(Vec::new, |scope| scope.unions(case).to_vec())
    }

    /// The names of all cases in scope.
    pub(super) fn case_names(&self) -> Vec<String> {
        let scope = self.names.files.get(&self.file);
        scope.into_iter().flat_map(|scope| scope.cases().map(str::to_owned)).collect()
    }

    /// `Event.Created { id }`, where `callee` is `Event.Created`.
    pub(super) fn lower_dotted_case(&mut self, callee: &ast::Expr, fields: ExprId, span: Span) -> ExprId {
        let at = self.span(callee);
        let parts = match callee {
            ast::Expr::FieldExpr(field) if !field.is_optional() => match (field.base(), field.field()) {
                (Some(ast::Expr::NameExpr(base)), Some(name)) if base.version().is_none() => {
                    let union = Name { text: Arc::from(base.text()), span: self.span(&base) };
                    Some((union, self.named(&name)))
                }
                _ => None,
            },
            _ => None,
        };
        let Some((union, name)) = parts else {
            self.wrong(&codes::F0404, at, "a value is made with `Name { … }` or `Union.Name { … }`".into());
            return self.missing(span);
        };
        match self.named_union(&union, &name) {
            Some(decl) => self.push(ExprKind::Case { name, unions: vec![decl], fields }, span),
            None => self.missing(span),
        }
    }

    /// A case without its braces where a value is due.
    pub(super) fn case_without_braces(&mut self, written: &str, span: Span) -> ExprId {
        self.report(
            Diagnostic::new(&codes::F0216, span, format!("`{written}` is a case of a union, not a value"))
                .help(format!("make one: `{written} {{ … }}`")),
        );
        self.missing(span)
    }

    /// A pattern that names a case: a bare name at the top of a pattern is one.
    pub(super) fn lower_case_pattern(
        &mut self,
        tag: &ast::TagPattern,
        span: Span,
        kind: LocalKind,
    ) -> PatternKind {
        if tag.status().is_some() {
            return self.lower_status_pattern(tag, span, kind);
        }
        let path: Vec<Name> =
            tag.path().map(|part| Name { text: Arc::from(part.text()), span: self.span(&part) }).collect();
        let (union, name) = match path.as_slice() {
            [name] => (None, name.clone()),
            [union, name] => match self.named_union(union, name) {
                Some(decl) => (Some((decl, union.span)), name.clone()),
                None => return self.bind_only(tag, span, kind),
            },
            _ => {
                self.wrong(&codes::F0404, span, "a pattern names a case: `Name` or `Union.Name`".into());
                return self.bind_only(tag, span, kind);
            }
        };
        let fields = match tag.record() {
            Some(record) => {
                let at = self.span(&record);
                self.lower_record_pattern(&record, at, kind)
            }
            None => RecordPattern::default(),
        };
        let binding = tag.binding().map(|binding| {
            let binding = self.name(Some(binding), span);
            self.bind(binding, kind)
        });
        PatternKind::Case { union, name, fields, binding }
    }

    /// Binds what a pattern with a mistake binds, so that its uses are not reported again.
    pub(super) fn bind_only(&mut self, tag: &ast::TagPattern, span: Span, kind: LocalKind) -> PatternKind {
        if let Some(name) = tag.binding() {
            let name = self.name(Some(name), span);
            self.bind(name, kind);
        }
        if let Some(record) = tag.record() {
            self.lower_record_pattern(&record, span, kind);
        }
        PatternKind::Missing
    }
}
