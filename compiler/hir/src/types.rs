//! Types as they are written: names resolved, nothing expanded.

use std::sync::Arc;

use flow_source::Span;

use crate::{ExprId, LocalId, Name, TypeDeclId};

/// `type Name = …` or `type Name { … }`.
#[derive(Clone, Debug)]
pub struct TypeDecl {
    /// The type's name.
    pub name: Name,
    /// Its documentation.
    pub docs: Option<String>,
    /// Its type parameters, which the type refers to by position.
    pub params: Vec<Name>,
    /// What it stands for.
    pub ty: TypeRef,
    /// `where` on the whole type; the value is `it`.
    pub constraint: Option<Constraint>,
    /// The whole declaration.
    pub span: Span,
}

/// A condition on values at a boundary: a pure expression of type bool over one value.
#[derive(Clone, Debug)]
pub struct Constraint {
    /// The value, under the name of its field or parameter, or `it`.
    pub value: LocalId,
    /// The condition.
    pub condition: ExprId,
    /// `where …`.
    pub span: Span,
}

/// A type as written.
#[derive(Clone, Debug)]
pub struct TypeRef {
    /// What is written.
    pub kind: TypeRefKind,
    /// Where.
    pub span: Span,
}

/// The forms of types.
#[derive(Clone, Debug)]
pub enum TypeRefKind {
    /// A mistake that has been reported.
    Missing,
    /// `int`, `string` …
    Builtin(BuiltinType),
    /// A declared type, with arguments where it is generic.
    Named(TypeDeclId, Vec<TypeRef>),
    /// A type parameter of the declaration that this stands in, by position.
    Parameter(usize),
    /// `T?`.
    Optional(Box<TypeRef>),
    /// `[T]`.
    List(Box<TypeRef>),
    /// `{string: T}`.
    Map(Box<TypeRef>),
    /// `{ a: T, b?: U }`.
    Record(Vec<Field>),
    /// `"a" | "b" | ...`: literals, all of one base type.
    Literals {
        /// The permitted values; at least one.
        members: Vec<Literal>,
        /// Whether unknown values are kept (`| ...`).
        open: bool,
    },
    /// `A { … } | B { … } tagged "kind"`, `A | B untagged`.
    Tagged {
        /// The cases; at least one.
        cases: Vec<Case>,
        /// The member that carries the tag on the wire; `None` for `untagged`.
        tag: Option<Arc<str>>,
        /// Whether unknown tags are kept.
        open: bool,
    },
    /// `decimal encoded string`, `duration encoded seconds`: another form on the wire.
    Encoded(Box<TypeRef>, Encoding),
    /// `secret T`.
    Secret(Box<TypeRef>),
}

/// The built-in types that have a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BuiltinType {
    /// True or false.
    Bool,
    /// 64 bits, overflow is an error.
    Int,
    /// Exact, 28 significant digits.
    Decimal,
    /// IEEE double.
    Float,
    /// Unicode text.
    String,
    /// Raw bytes.
    Bytes,
    /// A length of time.
    Duration,
    /// A moment.
    Timestamp,
    /// A day.
    Date,
    /// A UUID.
    Uuid,
    /// A URL.
    Url,
    /// A dynamic value.
    Json,
    /// Null alone.
    Null,
}

/// A field of a record type, of an error, or of a tag.
#[derive(Clone, Debug)]
pub struct Field {
    /// The field's name in the language.
    pub name: Name,
    /// Its documentation.
    pub docs: Option<String>,
    /// Its name on the wire, where it is another.
    pub wire: Option<Arc<str>>,
    /// Whether it may be absent (`a?: T`).
    pub optional: bool,
    /// Its type.
    pub ty: TypeRef,
    /// `where …`; the value has the name of the field.
    pub constraint: Option<Constraint>,
    /// The whole field.
    pub span: Span,
}

/// A literal where a type or a pattern is due.
#[derive(Clone, Debug)]
pub struct Literal {
    /// The value.
    pub kind: LiteralKind,
    /// Where it stands.
    pub span: Span,
}

/// The values of literals in types and patterns.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum LiteralKind {
    /// `null`, in patterns.
    Null,
    /// `true`, `false`.
    Bool(bool),
    /// A whole number, its sign applied.
    Int(i64),
    /// Digits of a decimal, with sign, without underscores.
    Decimal(Arc<str>),
    /// Text.
    String(Arc<str>),
}

/// One case of a union of records.
#[derive(Clone, Debug)]
pub struct Case {
    /// The case's name.
    pub name: Name,
    /// The tag on the wire, where it is not the name: a text, an int or a bool.
    pub wire: Option<LiteralKind>,
    /// The record of its fields; in an untagged union also the declared type that the case is.
    pub record: TypeRef,
    /// The whole case.
    pub span: Span,
}

/// A form on the wire that is not the type's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// A decimal in a text.
    String,
    /// A duration as a number of seconds.
    Seconds,
    /// A duration as a number of milliseconds.
    Millis,
}

impl Encoding {
    /// Every encoding.
    pub const ALL: [Self; 3] = [Self::String, Self::Seconds, Self::Millis];

    /// The word after `encoded`.
    pub fn name(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Seconds => "seconds",
            Self::Millis => "millis",
        }
    }
}
