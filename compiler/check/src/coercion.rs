//! Implicit conversions: which there are, and how a value gets from one type to another.

use std::sync::Arc;

use crate::types::{RecordField, Ty, TyKind, Types};

/// How a value of one type becomes a value of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Coercion {
    /// Nothing to do: both types have the same representation.
    Same,
    /// An int becomes a decimal.
    IntToDecimal,
    /// An int becomes a float.
    IntToFloat,
    /// A URL becomes its text.
    UrlToString,
    /// A value of a union of literals becomes one of its base type.
    LiteralToBase,
    /// A value becomes one of `T?`, after the inner conversion.
    ToOptional(Box<Coercion>),
    /// Null stays null, a value is converted.
    InOptional(Box<Coercion>),
    /// Null becomes a value of `T?`.
    NullToOptional,
    /// Each element is converted.
    InList(Box<Coercion>),
    /// Each value is converted.
    InMap(Box<Coercion>),
    /// A record of the target's fields is made; other fields are dropped. One entry for each field of the target
    /// type, in its declared order.
    Record(Arc<[FieldCoercion]>),
    /// Any value becomes a dynamic one, encoded by its type.
    ToJson,
    /// A value becomes secret.
    ToSecret(Box<Coercion>),
    /// A secret's value is converted and stays secret.
    InSecret(Box<Coercion>),
    /// A secret goes where it may: into `auth`, a header or a request body that declares the plain type.
    Reveal(Box<Coercion>),
}

/// How one field of a converted record comes to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldCoercion {
    /// From the field at this position of the source.
    From {
        /// The position in the declared order of the source type.
        position: usize,
        /// How its value is converted, from the type that reading gives to the target field's.
        how: Coercion,
    },
    /// The source has no such field: it is absent, or null.
    Absent,
}

impl Coercion {
    /// Whether nothing is to be done.
    pub fn is_same(&self) -> bool {
        *self == Self::Same
    }
}

/// Finds the conversion from one type to another, if there is one.
pub fn coerce(types: &Types, from: Ty, to: Ty) -> Option<Coercion> {
    find(types, from, to, false)
}

/// Finds the conversion for a place where a secret may go although a plain type is declared.
pub(crate) fn coerce_revealing(types: &Types, from: Ty, to: Ty) -> Option<Coercion> {
    find(types, from, to, true)
}

fn find(types: &Types, from: Ty, to: Ty, reveal: bool) -> Option<Coercion> {
    let coerce = |types: &Types, from: Ty, to: Ty| find(types, from, to, reveal);
    if types.same(from, to) {
        return Some(Coercion::Same);
    }
    let (from_kind, to_kind) = (types.structure(from), types.structure(to));
    match (&*from_kind, &*to_kind) {
        (TyKind::Error | TyKind::Never, _) | (_, TyKind::Error) => Some(Coercion::Same),
        // An error says itself which one it is.
        (TyKind::ErrorValue(_), TyKind::AnyError) => Some(Coercion::Same),
        (TyKind::Int, TyKind::Decimal) => Some(Coercion::IntToDecimal),
        (TyKind::Int, TyKind::Float) => Some(Coercion::IntToFloat),
        (TyKind::Url, TyKind::String) => Some(Coercion::UrlToString),
        (TyKind::Literals(from), TyKind::Literals(to)) => {
            let wider = from.members.iter().all(|member| to.members.contains(member));
            (from.base == to.base && (to.open || (wider && !from.open))).then_some(Coercion::Same)
        }
        (TyKind::Literals(literals), TyKind::String | TyKind::Int | TyKind::Bool | TyKind::Decimal)
            if types.same(literals.base, to) =>
        {
            Some(Coercion::LiteralToBase)
        }
        (TyKind::Secret(from), TyKind::Secret(to)) => {
            coerce(types, *from, *to).map(|how| boxed(how, Coercion::InSecret))
        }
        (_, TyKind::Secret(to)) => coerce(types, from, *to).map(|how| Coercion::ToSecret(Box::new(how))),
        (TyKind::Secret(from), _) if reveal => {
            coerce(types, *from, to).map(|how| Coercion::Reveal(Box::new(how)))
        }
        (TyKind::Null, TyKind::Optional(_)) => Some(Coercion::NullToOptional),
        (TyKind::Optional(from), TyKind::Optional(to)) => {
            coerce(types, *from, *to).map(|how| boxed(how, Coercion::InOptional))
        }
        (_, TyKind::Optional(to)) => coerce(types, from, *to).map(|how| Coercion::ToOptional(Box::new(how))),
        (_, TyKind::Json) if reveal => is_value(types, from).then_some(Coercion::ToJson),
        (_, TyKind::Json) => is_data(types, from).then_some(Coercion::ToJson),
        (TyKind::List(from), TyKind::List(to)) => {
            coerce(types, *from, *to).map(|how| boxed(how, Coercion::InList))
        }
        (TyKind::Map(from), TyKind::Map(to)) => {
            coerce(types, *from, *to).map(|how| boxed(how, Coercion::InMap))
        }
        (TyKind::Record(from), TyKind::Record(to)) => {
            let mut fields = Vec::with_capacity(to.len());
            for target in to.iter() {
                let found = from.iter().position(|field| field.name == target.name);
                fields.push(
                    match found.and_then(|position| from.get(position).map(|field| (position, field))) {
                        Some((position, field)) => {
                            let how = coerce(types, field.read(types), target.read(types))?;
                            FieldCoercion::From { position, how }
                        }
                        None if target.may_be_left_out(types) => FieldCoercion::Absent,
                        None => return None,
                    },
                );
            }
            let keeps = |field: Option<&RecordField>| field.is_some_and(|field| field.keeps_absence(types));
            let unchanged = from.len() == to.len()
                && fields.iter().zip(to.iter()).all(|(field, target)| match field {
                    FieldCoercion::From { position, how: Coercion::Same } => {
                        keeps(from.get(*position)) == keeps(Some(target))
                    }
                    _ => false,
                });
            Some(if unchanged { Coercion::Same } else { Coercion::Record(fields.into()) })
        }
        _ => None,
    }
}

/// Wraps a conversion of what is inside; nothing inside is nothing outside.
fn boxed(how: Coercion, wrap: fn(Box<Coercion>) -> Coercion) -> Coercion {
    if how.is_same() { Coercion::Same } else { wrap(Box::new(how)) }
}

/// Whether a value of the type is data that is not secret: what may become `json`.
pub(crate) fn is_data(types: &Types, ty: Ty) -> bool {
    is_value(types, ty) && !types.any_inside(ty, |kind| matches!(kind, TyKind::Secret(_)))
}

/// Whether a value of the type is data.
fn is_value(types: &Types, ty: Ty) -> bool {
    !types.any_inside(ty, |kind| {
        matches!(
            kind,
            TyKind::Lambda { .. }
                | TyKind::Run(_)
                | TyKind::Callback(_)
                | TyKind::Trace
                | TyKind::Range
                | TyKind::ErrorValue(_)
                | TyKind::AnyError
        )
    })
}
