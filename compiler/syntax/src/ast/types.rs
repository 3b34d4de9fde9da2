//! Types.

use super::names::is_optional;
use super::node::{ast_enum, ast_nodes, child, children, has_token, nth_child, token};
use super::{AstNode, Expr, Literal, Name, NameRef, StringLiteral, WireName};
use crate::{SyntaxKind, SyntaxToken};

ast_nodes! {
    /// `string`, `Page<Order>`, `petstore.Pet`
    NamedType,
    /// `<T, U>` in a use.
    TypeArguments,
    /// `T?`
    OptionalType,
    /// `[T]`
    ListType,
    /// `{string: T}`
    MapType,
    /// `{ a: T, b?: U }`
    RecordType,
    /// A field of a record type.
    Field,
    /// `{ 201: Customer, 200: Rejected }`
    StatusType,
    /// One status and its type.
    StatusCase,
    /// A union: of literals, of types, or of tagged variants.
    UnionType,
    /// `Created as "created" { … }` in a union.
    Variant,
    /// `"card"`
    LiteralType,
    /// `secret string`
    SecretType,
    /// `decimal encoded string`
    EncodedType,
    /// `( T )`
    ParenType,
    /// `where quantity > 0`
    WhereClause,
}

ast_enum! {
    /// A type.
    TypeExpr {
        NamedType,
        OptionalType,
        ListType,
        MapType,
        RecordType,
        StatusType,
        UnionType,
        LiteralType,
        SecretType,
        EncodedType,
        ParenType,
    }
}

ast_enum! {
    /// A member of a union. In a union with a tag a bare name is a [`NamedType`] here and means a variant
    /// without fields; a [`Variant`] is a member with `as` or with fields.
    UnionMember {
        Variant,
        NamedType,
        OptionalType,
        ListType,
        MapType,
        RecordType,
        StatusType,
        LiteralType,
        SecretType,
        EncodedType,
        ParenType,
    }
}

impl NamedType {
    /// The name, or the parts of a dotted one.
    pub fn path(&self) -> impl Iterator<Item = NameRef> {
        children(&self.0)
    }

    /// The last part of the name.
    pub fn name(&self) -> Option<NameRef> {
        self.path().last()
    }

    /// The type arguments; none where there is no `<`.
    pub fn arguments(&self) -> impl Iterator<Item = TypeExpr> {
        let list: Option<TypeArguments> = child(&self.0);
        list.into_iter().flat_map(|list| list.arguments().collect::<Vec<_>>())
    }
}

impl TypeArguments {
    /// The arguments.
    pub fn arguments(&self) -> impl Iterator<Item = TypeExpr> {
        children(&self.0)
    }
}

impl OptionalType {
    /// The type before `?`.
    pub fn inner(&self) -> Option<TypeExpr> {
        child(&self.0)
    }
}

impl ListType {
    /// The type of the elements.
    pub fn element(&self) -> Option<TypeExpr> {
        child(&self.0)
    }
}

impl MapType {
    /// The type of the values.
    pub fn value(&self) -> Option<TypeExpr> {
        child(&self.0)
    }
}

impl RecordType {
    /// The fields.
    pub fn fields(&self) -> impl Iterator<Item = Field> {
        children(&self.0)
    }
}

impl Field {
    /// The name; any word.
    pub fn name(&self) -> Option<Name> {
        child(&self.0)
    }

    /// `as "order-id"`
    pub fn wire_name(&self) -> Option<WireName> {
        child(&self.0)
    }

    /// Whether it may be absent: `a?: T`.
    pub fn is_optional(&self) -> bool {
        is_optional(self.syntax())
    }

    /// The type.
    pub fn ty(&self) -> Option<TypeExpr> {
        child(&self.0)
    }

    /// The constraint.
    pub fn where_clause(&self) -> Option<WhereClause> {
        child(&self.0)
    }
}

impl StatusType {
    /// The cases.
    pub fn cases(&self) -> impl Iterator<Item = StatusCase> {
        children(&self.0)
    }
}

impl StatusCase {
    /// `201`, or a class such as `2xx`.
    pub fn status(&self) -> Option<SyntaxToken> {
        token(&self.0, |kind| matches!(kind, SyntaxKind::Int | SyntaxKind::StatusClass))
    }

    /// The type of the body.
    pub fn ty(&self) -> Option<TypeExpr> {
        child(&self.0)
    }

    /// Whether it has no body: `202: null`.
    pub fn is_empty(&self) -> bool {
        has_token(&self.0, SyntaxKind::NullKeyword)
    }
}

impl UnionType {
    /// The members, without the `...` of an open union.
    pub fn members(&self) -> impl Iterator<Item = UnionMember> {
        children(&self.0)
    }

    /// Whether it ends with `| ...`: unknown values are kept.
    pub fn is_open(&self) -> bool {
        has_token(&self.0, SyntaxKind::DotDotDot)
    }

    /// Whether `untagged` stands after it.
    pub fn is_untagged(&self) -> bool {
        has_token(&self.0, SyntaxKind::UntaggedKeyword)
    }

    /// The field after `tagged`.
    pub fn tag(&self) -> Option<StringLiteral> {
        child(&self.0)
    }
}

impl Variant {
    /// The name.
    pub fn name(&self) -> Option<Name> {
        child(&self.0)
    }

    /// The tag on the wire: `as "created"`, `as 200`, `as true`.
    pub fn wire_tag(&self) -> Option<WireName> {
        child(&self.0)
    }

    /// The fields.
    pub fn record(&self) -> Option<RecordType> {
        child(&self.0)
    }
}

impl LiteralType {
    /// The literal, where it is a string.
    pub fn string(&self) -> Option<StringLiteral> {
        child(&self.0)
    }

    /// The literal, where it is not a string.
    pub fn literal(&self) -> Option<Literal> {
        child(&self.0)
    }
}

impl SecretType {
    /// The type after `secret`.
    pub fn inner(&self) -> Option<TypeExpr> {
        child(&self.0)
    }
}

impl EncodedType {
    /// The type before `encoded`.
    pub fn inner(&self) -> Option<TypeExpr> {
        nth_child(&self.0, 0)
    }

    /// The encoding: `string`, `seconds`, `millis`.
    pub fn encoding(&self) -> Option<NameRef> {
        child(&self.0)
    }
}

impl ParenType {
    /// The type inside.
    pub fn inner(&self) -> Option<TypeExpr> {
        child(&self.0)
    }
}

impl WhereClause {
    /// The condition.
    pub fn condition(&self) -> Option<Expr> {
        child(&self.0)
    }
}
