//! The type table: what values are, how they lie in 64-bit slots, and how they are named on the wire.
//!
//! # Layout
//!
//! A value of a type takes [`Types::width`] consecutive slots, in a frame and inside records and lists alike.
//!
//! | type | slots |
//! |---|---|
//! | bool, presence | 0 or 1 |
//! | int, duration (µs), timestamp (µs since 1970, UTC), date (days since 1970) | two's complement |
//! | float | IEEE bits |
//! | decimal | two slots: the 16 bytes of `rust_decimal`'s serialised form, little endian |
//! | uuid | two slots: high half, low half |
//! | null | one slot, 0 |
//! | string, bytes, url, literals, list, map, record, tagged, json, error | a handle into the heap; never 0, but for json, whose null is 0 |
//! | `T?` of a handle type other than json | the handle, or 0 for null |
//! | any other `T?` | one slot 0 (null) or 1, then the slots of `T` |
//! | secret | as what it guards |
//!
//! A record on the heap is the slots of its fields, in the order of the table. A tagged value on the heap is two
//! words: the index of its case in the order of the table, and the handle of the case's record; for a tag that
//! an open union does not know, [`UNKNOWN_CASE`] and the handle of the whole value as json.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use crate::{FunctionId, TypeId};

/// One type. Types refer to each other by id; a record may contain itself behind a list, map or optional.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Type {
    /// The type of `null` alone, and of what has no value.
    Null,
    /// `true` or `false`.
    Bool,
    /// 64-bit signed integer.
    Int,
    /// IEEE double.
    Float,
    /// Exact decimal of 28 significant digits.
    Decimal,
    /// Unicode text.
    String,
    /// Octets; base64 on the wire.
    Bytes,
    /// A length of time in microseconds; ISO 8601 on the wire.
    Duration,
    /// A moment in microseconds since 1970, UTC; RFC 3339 on the wire.
    Timestamp,
    /// A day; `YYYY-MM-DD` on the wire.
    Date,
    /// A UUID.
    Uuid,
    /// An absolute URL.
    Url,
    /// Any JSON value, known only at run time.
    Json,
    /// A caught error.
    Error,
    /// The type, or null.
    Optional(TypeId),
    /// A list.
    List(TypeId),
    /// A map from strings, in insertion order.
    Map(TypeId),
    /// A record. Fields lie in the order of the table, which is by name.
    Record(Vec<Field>),
    /// A union of literals; in slots it is its base type.
    Literals(Literals),
    /// A union of records.
    Tagged {
        /// The name of the member that carries the tag on the wire; without one, the case is told by its required
        /// fields.
        tag: Option<String>,
        /// The cases, in the order of declaration.
        cases: Vec<Case>,
        /// Whether unknown tags are kept.
        open: bool,
    },
    /// A secret of the type.
    Secret(TypeId),
    /// Whether another field of the record is there: bool, of a field that is not on the wire. See [`Field::presence`].
    Presence,
}

/// A field of a record.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Field {
    /// The name in source.
    pub name: String,
    /// The member's name on the wire.
    pub wire: String,
    /// What is read from it: for a field that may be absent, an optional type.
    pub ty: TypeId,
    /// Whether the member may be absent on the wire; it is then left out when it is null, but where the record
    /// has its [presence](Self::presence): then it is left out when that is false.
    pub optional: bool,
    /// A pure function from the field's value to bool, which holds at every boundary (`where`).
    pub check: Option<FunctionId>,
}

impl Field {
    /// The field that says whether the one of a name is there, where null is written and absent is not. Its own name
    /// is no identifier, and it has none on the wire.
    pub fn presence(name: &str, ty: TypeId) -> Self {
        Self { name: format!("{name}{PRESENCE}"), wire: String::new(), ty, optional: true, check: None }
    }

    /// The name of the field whose presence this one is, if it is one.
    pub fn is_presence_of(&self) -> Option<&str> {
        self.name.strip_suffix(PRESENCE)
    }
}

/// Ends the name of a field that says whether another one is there.
const PRESENCE: &str = "?";

/// A union of literals.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Literals {
    /// The permitted values, all of one base type.
    pub values: Vec<Literal>,
    /// Whether other values of the base type are kept too.
    pub open: bool,
}

/// A literal of a union, or a tag on the wire.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Literal {
    /// A string.
    String(String),
    /// An int.
    Int(i64),
    /// A bool.
    Bool(bool),
}

/// One case of a tagged union.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Case {
    /// The name in source.
    pub name: String,
    /// The tag on the wire, where the union has one.
    pub wire: Literal,
    /// The record of its fields.
    pub fields: TypeId,
}

/// The case index of a tagged value whose tag is not known.
pub const UNKNOWN_CASE: u64 = u64::MAX;

/// What holds of a type's values at the boundaries (input, requests, answers, signals, `as`), beside its form.
/// Two types of one form that differ in it have two entries in the table of types, and lie in slots alike.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Boundary {
    /// How the value is written, where it is not the type's own way.
    pub form: Option<WireForm>,
    /// A pure function from the value to bool, which holds for all that passes (`where` on a type).
    pub check: Option<FunctionId>,
}

/// A form on the wire that is not a type's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum WireForm {
    /// A decimal in a text.
    Text,
    /// A duration as a number of seconds.
    Seconds,
    /// A duration as a number of milliseconds.
    Millis,
}

/// How the body of an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyForm {
    /// As text.
    Text,
    /// As octets.
    Octets,
    /// As JSON.
    Json,
}

/// The type table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Types(pub Vec<Type>);

impl Types {
    /// The type of an id, or null for an id that a verified plan does not hold.
    pub fn get(&self, id: TypeId) -> &Type {
        self.0.get(id.index()).unwrap_or(&Type::Null)
    }

    /// What a secret guards; other types as they are.
    pub fn open_secret(&self, id: TypeId) -> TypeId {
        match self.get(id) {
            Type::Secret(inner) => *inner,
            _ => id,
        }
    }

    /// Whether a value of the type holds a secret, however deep.
    pub fn holds_secret(&self, id: TypeId) -> bool {
        let (mut seen, mut next) = (vec![false; self.0.len()], vec![id]);
        while let Some(id) = next.pop() {
            match seen.get_mut(id.index()) {
                Some(seen) if !*seen => *seen = true,
                _ => continue,
            }
            match self.get(id) {
                Type::Secret(_) => return true,
                Type::Optional(inner) | Type::List(inner) | Type::Map(inner) => next.push(*inner),
                Type::Record(fields) => next.extend(fields.iter().map(|field| field.ty)),
                Type::Tagged { cases, .. } => next.extend(cases.iter().map(|case| case.fields)),
                _ => {}
            }
        }
        false
    }

    /// Whether any type is a secret: values of executions are to be sealed then.
    pub fn have_secrets(&self) -> bool {
        self.0.iter().any(|ty| matches!(ty, Type::Secret(_)))
    }

    /// How a body of the type is written: a string is the text itself, bytes are the octets, all else is JSON.
    pub fn body_form(&self, id: TypeId) -> BodyForm {
        let plain = match self.get(self.open_secret(id)) {
            Type::Optional(inner) => self.open_secret(*inner),
            _ => self.open_secret(id),
        };
        match self.get(plain) {
            Type::String => BodyForm::Text,
            Type::Bytes => BodyForm::Octets,
            _ => BodyForm::Json,
        }
    }

    /// Whether null is a value of the type.
    pub fn is_nullable(&self, id: TypeId) -> bool {
        matches!(self.get(self.open_secret(id)), Type::Optional(_) | Type::Json | Type::Null)
    }

    /// The fields of a record, behind a secret or an optional too.
    pub fn record_fields(&self, id: TypeId) -> Option<&[Field]> {
        match self.get(self.open_secret(id)) {
            Type::Record(fields) => Some(fields),
            Type::Optional(inner) => match self.get(*inner) {
                Type::Record(fields) => Some(fields),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether the value is a heap handle that is never 0, so that its optional needs no slot of its own.
    pub fn is_handle(&self, id: TypeId) -> bool {
        match self.get(id) {
            Type::String
            | Type::Bytes
            | Type::Url
            | Type::Error
            | Type::List(_)
            | Type::Map(_)
            | Type::Record(_)
            | Type::Tagged { .. } => true,
            Type::Literals(literals) => matches!(literals.values.first(), Some(Literal::String(_)) | None),
            Type::Secret(inner) => *inner != id && self.is_handle(*inner),
            _ => false,
        }
    }

    /// How many slots a value takes.
    pub fn width(&self, id: TypeId) -> u16 {
        match self.get(id) {
            Type::Decimal | Type::Uuid => 2,
            Type::Optional(inner) if self.is_handle(*inner) => 1,
            // INVARIANT: the verifier refuses optionals of optionals and secrets of secrets, so this ends.
            Type::Optional(inner) => match self.get(*inner) {
                Type::Optional(_) => 2,
                _ => 1 + self.width(*inner),
            },
            Type::Secret(inner) => match self.get(*inner) {
                Type::Secret(_) => 1,
                Type::Optional(of) if matches!(self.get(*of), Type::Secret(_)) => 2,
                _ => self.width(*inner),
            },
            _ => 1,
        }
    }

    /// Whether an optional type spends a slot on saying that it is present.
    pub fn is_wide_optional(&self, id: TypeId) -> bool {
        matches!(self.get(id), Type::Optional(inner) if !self.is_handle(*inner))
    }

    /// The offset in slots of a record's field, from the record's first slot.
    pub fn field_offset(&self, fields: &[Field], index: usize) -> u16 {
        fields.iter().take(index).map(|field| self.width(field.ty)).sum()
    }

    /// The number of slots of a record's body.
    pub fn record_width(&self, fields: &[Field]) -> u16 {
        self.field_offset(fields, fields.len())
    }

    /// Whether values of both types lie in slots alike, so that one may be moved to where the other is due.
    /// Names on the wire and conditions at boundaries make no difference; nor does whether a text is a string,
    /// a URL or a literal, nor a secret's guard.
    pub fn same_layout(&self, left: TypeId, right: TypeId) -> bool {
        self.alike(left, right, &mut HashSet::new())
    }

    /// `seen` holds the pairs that are compared already: a recursive type is alike if nothing contradicts it, and one
    /// difference anywhere is enough.
    fn alike(&self, left: TypeId, right: TypeId, seen: &mut HashSet<(TypeId, TypeId)>) -> bool {
        let (left, right) = (self.open_secret(left), self.open_secret(right));
        if left == right || !seen.insert((left, right)) {
            return true;
        }
        match (self.base(left), self.base(right)) {
            (Type::Optional(a), Type::Optional(b))
            | (Type::List(a), Type::List(b))
            | (Type::Map(a), Type::Map(b)) => self.alike(*a, *b, seen),
            (Type::Record(a), Type::Record(b)) => self.fields_alike(a, b, seen),
            (Type::Tagged { cases: a, .. }, Type::Tagged { cases: b, .. }) => {
                a.len() == b.len()
                    && a.iter().zip(b).all(|(a, b)| a.name == b.name && self.alike(a.fields, b.fields, seen))
            }
            (a, b) => a == b,
        }
    }

    fn fields_alike(&self, left: &[Field], right: &[Field], seen: &mut HashSet<(TypeId, TypeId)>) -> bool {
        left.len() == right.len()
            && left.iter().zip(right).all(|(a, b)| a.name == b.name && self.alike(a.ty, b.ty, seen))
    }

    /// The type as slots know it: texts are strings, literals are of their base type.
    fn base(&self, id: TypeId) -> &Type {
        match self.get(id) {
            Type::Url => &Type::String,
            Type::Presence => &Type::Bool,
            Type::Literals(literals) => match literals.values.first() {
                Some(Literal::Int(_)) => &Type::Int,
                Some(Literal::Bool(_)) => &Type::Bool,
                Some(Literal::String(_)) | None => &Type::String,
            },
            other => other,
        }
    }
}
