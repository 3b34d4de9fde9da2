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
    Search { types, reveal: false, open: Vec::new() }.find(from, to)
}

/// Finds the conversion for a place where a secret may go although a plain type is declared.
pub(crate) fn coerce_revealing(types: &Types, from: Ty, to: Ty) -> Option<Coercion> {
    Search { types, reveal: true, open: Vec::new() }.find(from, to)
}

/// The search for a conversion.
struct Search<'t> {
    types: &'t Types,
    reveal: bool,
    /// The pairs of types that are being looked at, and whether one inside led back to them: both types are taken to lie
    /// alike there, and then they must.
    open: Vec<(Ty, Ty, bool)>,
}

impl Search<'_> {
    fn find(&mut self, from: Ty, to: Ty) -> Option<Coercion> {
        let types = self.types;
        if types.same(from, to) {
            return Some(Coercion::Same);
        }
        let (from, to) = (types.resolve(from), types.resolve(to));
        if let Some((.., led_back)) = self.open.iter_mut().find(|open| (open.0, open.1) == (from, to)) {
            *led_back = true;
            return Some(Coercion::Same);
        }
        self.open.push((from, to, false));
        let found = flow_hir::deeper(|| self.form(from, to));
        let led_back = self.open.pop().is_some_and(|(.., led_back)| led_back);
        match found {
            // A conversion that needs itself would have no end; where nothing is to be done at any depth, there is none.
            Some(how) if led_back && !how.is_same() => {
                lie_alike(types, from, to, &mut Vec::new()).then_some(Coercion::Same)
            }
            found => found,
        }
    }

    fn form(&mut self, from: Ty, to: Ty) -> Option<Coercion> {
        let (types, reveal) = (self.types, self.reveal);
        let (from_kind, to_kind) = (types.kind(from), types.kind(to));
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
                self.find(*from, *to).map(|how| boxed(how, Coercion::InSecret))
            }
            (_, TyKind::Secret(to)) => self.find(from, *to).map(|how| Coercion::ToSecret(Box::new(how))),
            (TyKind::Secret(from), _) if reveal => {
                self.find(*from, to).map(|how| Coercion::Reveal(Box::new(how)))
            }
            (TyKind::Null, TyKind::Optional(_)) => Some(Coercion::NullToOptional),
            (TyKind::Optional(from), TyKind::Optional(to)) => {
                self.find(*from, *to).map(|how| boxed(how, Coercion::InOptional))
            }
            (_, TyKind::Optional(to)) => self.find(from, *to).map(|how| Coercion::ToOptional(Box::new(how))),
            (_, TyKind::Json) if reveal => is_value(types, from).then_some(Coercion::ToJson),
            (_, TyKind::Json) => is_data(types, from).then_some(Coercion::ToJson),
            (TyKind::List(from), TyKind::List(to)) => {
                self.find(*from, *to).map(|how| boxed(how, Coercion::InList))
            }
            (TyKind::Map(from), TyKind::Map(to)) => {
                self.find(*from, *to).map(|how| boxed(how, Coercion::InMap))
            }
            (TyKind::Record(from), TyKind::Record(to)) => {
                let mut fields = Vec::with_capacity(to.len());
                for target in to.iter() {
                    let found = from.iter().position(|field| field.name == target.name);
                    fields.push(
                        match found.and_then(|position| from.get(position).map(|field| (position, field))) {
                            Some((position, field)) => {
                                let how = self.find(field.read(types), target.read(types))?;
                                FieldCoercion::From { position, how }
                            }
                            None if target.may_be_left_out(types) => FieldCoercion::Absent,
                            None => return None,
                        },
                    );
                }
                let keeps =
                    |field: Option<&RecordField>| field.is_some_and(|field| field.keeps_absence(types));
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
}

/// Whether values of two types that are made of themselves have the same representation: a secret has that of what it
/// guards, and a URL or a literal that of its base type.
fn lie_alike(types: &Types, from: Ty, to: Ty, open: &mut Vec<(Ty, Ty)>) -> bool {
    let opened = |ty: Ty| match *types.structure(ty) {
        TyKind::Secret(inner) => types.resolve(inner),
        TyKind::Url => Ty::STRING,
        TyKind::Literals(ref literals) => literals.base,
        _ => types.resolve(ty),
    };
    let pair = (opened(from), opened(to));
    if pair.0 == pair.1 || open.contains(&pair) {
        return true;
    }
    open.push(pair);
    let mut alike = |from: Ty, to: Ty| flow_hir::deeper(|| lie_alike(types, from, to, open));
    match (&*types.kind(pair.0), &*types.kind(pair.1)) {
        (TyKind::Optional(from), TyKind::Optional(to))
        | (TyKind::List(from), TyKind::List(to))
        | (TyKind::Map(from), TyKind::Map(to)) => alike(*from, *to),
        (TyKind::Record(from), TyKind::Record(to)) => {
            from.len() == to.len()
                && from.iter().all(|from| {
                    to.iter().any(|to| {
                        from.name == to.name
                            && from.keeps_absence(types) == to.keeps_absence(types)
                            && alike(from.read(types), to.read(types))
                    })
                })
        }
        _ => types.same(pair.0, pair.1),
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
