//! Types as written.

use std::sync::Arc;

use flow_diagnostics::{Diagnostic, codes, nearest};
use flow_source::Span;
use flow_syntax::ast::{self, AstNode};
use rustc_hash::FxHashMap;

use super::Lowerer;
use super::unread::has_unread;
use crate::limits;
use crate::scope::Symbol;
use crate::{
    BuiltinType, Constraint, Encoding, Field, Literal, LiteralKind, LocalKind, Name, TypeRef, TypeRefKind,
};

/// The named types of the language.
const BUILTINS: [(&str, BuiltinType); 12] = [
    ("bool", BuiltinType::Bool),
    ("int", BuiltinType::Int),
    ("decimal", BuiltinType::Decimal),
    ("float", BuiltinType::Float),
    ("string", BuiltinType::String),
    ("bytes", BuiltinType::Bytes),
    ("duration", BuiltinType::Duration),
    ("timestamp", BuiltinType::Timestamp),
    ("date", BuiltinType::Date),
    ("uuid", BuiltinType::Uuid),
    ("url", BuiltinType::Url),
    ("json", BuiltinType::Json),
];

/// Usual names of other languages, and ours.
const FOREIGN: [(&str, &str); 12] = [
    ("str", "string"),
    ("text", "string"),
    ("String", "string"),
    ("integer", "int"),
    ("number", "decimal"),
    ("double", "float"),
    ("boolean", "bool"),
    ("Bool", "bool"),
    ("datetime", "timestamp"),
    ("time", "timestamp"),
    ("any", "json"),
    ("object", "json"),
];

impl Lowerer {
    /// A type, or a missing one at the place of what it belongs to.
    pub(super) fn lower_type(&mut self, ty: Option<ast::TypeExpr>, owner: Span) -> TypeRef {
        let Some(ty) = ty else { return TypeRef { kind: TypeRefKind::Missing, span: owner } };
        let span = self.span(&ty);
        let kind = self.lower_type_kind(&ty, span);
        TypeRef { kind, span }
    }

    fn lower_type_kind(&mut self, ty: &ast::TypeExpr, span: Span) -> TypeRefKind {
        match ty {
            ast::TypeExpr::NamedType(named) => self.lower_named_type(named, span),
            ast::TypeExpr::OptionalType(optional) => {
                TypeRefKind::Optional(Box::new(self.lower_type(optional.inner(), span)))
            }
            ast::TypeExpr::ListType(list) => {
                TypeRefKind::List(Box::new(self.lower_type(list.element(), span)))
            }
            ast::TypeExpr::MapType(map) => TypeRefKind::Map(Box::new(self.lower_type(map.value(), span))),
            ast::TypeExpr::RecordType(record) => {
                let fields = self.lower_fields(record);
                if has_unread(record.syntax()) { TypeRefKind::Missing } else { TypeRefKind::Record(fields) }
            }
            ast::TypeExpr::UnionType(union) if union.tag().is_some() || union.is_untagged() => {
                self.lower_cases(union, span)
            }
            ast::TypeExpr::UnionType(union) => self.lower_union(union),
            ast::TypeExpr::LiteralType(literal) => match self.lower_literal_type(literal) {
                Some(literal) => TypeRefKind::Literals { members: vec![literal], open: false },
                None => TypeRefKind::Missing,
            },
            ast::TypeExpr::ParenType(paren) => self.lower_type(paren.inner(), span).kind,
            ast::TypeExpr::SecretType(secret) => {
                TypeRefKind::Secret(Box::new(self.lower_type(secret.inner(), span)))
            }
            ast::TypeExpr::StatusType(status) => {
                let at = self.span(status);
                self.stray_response("a response by status", at)
            }
            ast::TypeExpr::EncodedType(encoded) => {
                let inner = self.lower_type(encoded.inner(), span);
                let Some(word) = encoded.encoding() else { return TypeRefKind::Missing };
                let Some(encoding) = Encoding::ALL.into_iter().find(|known| known.name() == word.text())
                else {
                    let at = self.span(&word);
                    let known = Encoding::ALL.iter().map(|known| known.name().to_owned()).collect();
                    self.unknown(&codes::F0327, "encoding", word.text(), at, known, "");
                    return TypeRefKind::Missing;
                };
                TypeRefKind::Encoded(Box::new(inner), encoding)
            }
        }
    }

    fn lower_named_type(&mut self, named: &ast::NamedType, span: Span) -> TypeRefKind {
        if named.path().count() > 1 {
            self.not_built_at(span, "a type of an imported API", "declare the type here");
            return TypeRefKind::Missing;
        }
        let Some(name) = named.name() else { return TypeRefKind::Missing };
        let text = name.text();
        if let Some(position) = self.type_params.iter().position(|param| *param.text == *text) {
            self.no_arguments(named, text);
            return TypeRefKind::Parameter(position);
        }
        if let Some((_, builtin)) = BUILTINS.iter().find(|(builtin, _)| *builtin == text) {
            self.no_arguments(named, text);
            return TypeRefKind::Builtin(*builtin);
        }
        match text {
            "null" => return TypeRefKind::Builtin(BuiltinType::Null),
            "stream" => {
                self.not_built_at(span, "`stream`", "use `bytes` or `string`");
                return TypeRefKind::Missing;
            }
            "response" => return self.stray_response("`response<T>`", span),
            _ => {}
        }
        let found = self.names.files.get(&self.file).and_then(|scope| scope.get(text).first()).copied();
        match found.map(|entry| entry.symbol) {
            Some(Symbol::Type(decl)) => {
                let arguments = named.arguments().map(|argument| self.lower_type(Some(argument), span));
                TypeRefKind::Named(decl, arguments.collect())
            }
            Some(other) => {
                self.report(
                    Diagnostic::new(&codes::F0202, span, format!("`{text}` is {}, not a type", other.what()))
                        .also(found.map_or(span, |entry| entry.span), "declared here"),
                );
                TypeRefKind::Missing
            }
            None => {
                self.unknown_type(text, span);
                TypeRefKind::Missing
            }
        }
    }

    /// Says that a type takes no arguments, where it has some.
    fn no_arguments(&mut self, named: &ast::NamedType, text: &str) {
        if let Some(argument) = named.arguments().next() {
            let at = self.span(&argument);
            self.report(
                Diagnostic::new(&codes::F0325, at, format!("`{text}` takes no type arguments"))
                    .help(format!("write `{text}`")),
            );
        }
    }

    fn unknown_type(&mut self, text: &str, span: Span) {
        let diagnostic = Diagnostic::new(&codes::F0202, span, format!("there is no type `{text}`"));
        let scope = self.names.files.get(&self.file);
        let declared =
            scope.into_iter().flat_map(|scope| scope.names(|symbol| matches!(symbol, Symbol::Type(_))));
        let known = declared.chain(BUILTINS.iter().map(|(name, _)| *name));
        let foreign = FOREIGN.iter().find(|(name, _)| *name == text).map(|(_, ours)| *ours);
        let diagnostic = match foreign.or_else(|| nearest(text, known)) {
            Some(near) => diagnostic.did_you_mean(span, near),
            None => diagnostic.help(format!("declare it: `type {text} {{ … }}`")),
        };
        self.report(diagnostic);
    }

    /// A union of literals.
    fn lower_union(&mut self, union: &ast::UnionType) -> TypeRefKind {
        let mut members = Vec::new();
        for member in union.members() {
            match member {
                ast::UnionMember::LiteralType(literal) => members.extend(self.lower_literal_type(&literal)),
                other => {
                    let at = self.keyword_span(other.syntax());
                    let named_null = matches!(&other, ast::UnionMember::NamedType(named)
                        if named.name().is_some_and(|name| name.text() == "null"));
                    if named_null {
                        self.report(
                            Diagnostic::new(&codes::F0202, at, "null in a union is written with `?`")
                                .help("write `(…)?`"),
                        );
                    } else {
                        self.report(
                            Diagnostic::new(&codes::F0324, at, "nothing says how the members are told apart")
                                .help(
                                    "write `tagged \"kind\"` after the last case, naming the member that \
                                     says which it is, or `untagged`",
                                ),
                        );
                    }
                    return TypeRefKind::Missing;
                }
            }
        }
        if members.is_empty() {
            return TypeRefKind::Missing;
        }
        let span = self.span(union);
        if self.is_over(&limits::CASES, members.len(), span) {
            return TypeRefKind::Missing;
        }
        TypeRefKind::Literals { members, open: union.is_open() }
    }

    fn lower_literal_type(&mut self, ty: &ast::LiteralType) -> Option<Literal> {
        let span = self.span(ty);
        if let Some(string) = ty.string() {
            return match string.plain_text() {
                Some(text) => Some(Literal { kind: LiteralKind::String(Arc::from(text)), span }),
                None => {
                    self.report(Diagnostic::new(&codes::F0404, span, "a literal type has no interpolation"));
                    None
                }
            };
        }
        let kind = match ty.literal()?.value()? {
            ast::LiteralValue::Int(value) => LiteralKind::Int(self.lower_int(value, span)?),
            ast::LiteralValue::Decimal(digits) => LiteralKind::Decimal(Arc::from(digits)),
            ast::LiteralValue::Bool(value) => LiteralKind::Bool(value),
            _ => {
                self.report(
                    Diagnostic::new(&codes::F0404, span, "this literal is not a type")
                        .help("literal types are texts, numbers, `true` and `false`"),
                );
                return None;
            }
        };
        Some(Literal { kind, span })
    }

    /// The fields of a record type.
    pub(super) fn lower_fields(&mut self, record: &ast::RecordType) -> Vec<Field> {
        let mut seen: FxHashMap<Arc<str>, Span> = FxHashMap::default();
        let mut wires: FxHashMap<Arc<str>, Span> = FxHashMap::default();
        let mut fields: Vec<Field> = Vec::new();
        self.is_over(&limits::FIELDS, record.fields().count(), self.span(record));
        for field in record.fields() {
            let span = self.span(&field);
            let name = self.name(field.name(), span);
            if let Some(first) = seen.insert(Arc::clone(&name.text), name.span) {
                self.report(
                    Diagnostic::new(
                        &codes::F0210,
                        name.span,
                        format!("two fields are named `{}`", name.text),
                    )
                    .also(first, "the first one"),
                );
                continue;
            }
            let ty = self.lower_type(field.ty(), span);
            let constraint = self.lower_where(field.where_clause(), Some(&name));
            let wire: Option<Arc<str>> = field.wire_name().and_then(|wire| wire.text()).map(Arc::from);
            let on_wire = wire.clone().unwrap_or_else(|| Arc::clone(&name.text));
            if let Some(first) = wires.insert(Arc::clone(&on_wire), name.span) {
                self.report(
                    Diagnostic::new(
                        &codes::F0210,
                        name.span,
                        format!("two fields are `{on_wire}` on the wire"),
                    )
                    .also(first, "the first one"),
                );
                continue;
            }
            fields.push(Field {
                docs: ast::docs(field.syntax()),
                wire,
                optional: field.is_optional(),
                name,
                ty,
                constraint,
                span,
            });
        }
        fields
    }

    /// `where condition`: in it the value has the name of its field or parameter.
    pub(super) fn lower_where(
        &mut self,
        clause: Option<ast::WhereClause>,
        name: Option<&Name>,
    ) -> Option<Constraint> {
        let clause = clause?;
        let span = self.span(&clause);
        let value_name = name
            .cloned()
            .unwrap_or_else(|| Name { text: Arc::from("it"), span: self.keyword_span(clause.syntax()) });
        let condition = clause.condition()?;
        Some(self.apart(|lowerer| {
            let value = lowerer.bind(value_name, LocalKind::Where);
            let condition = lowerer.lower_expr(&condition);
            Constraint { value, condition, span }
        }))
    }
}
