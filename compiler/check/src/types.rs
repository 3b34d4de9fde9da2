//! Types as the checker knows them: interned, so that a type is a small number.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use flow_hir::{Encoding, ErrorRef, ExprId, LiteralKind, LocalId, SideTable, TypeDeclId, WorkflowId};
use rustc_hash::{FxHashMap, FxHashSet};

/// An interned type. Equal numbers are equal types; a named type and what it stands for are different
/// numbers that [`Types::same`] holds equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ty(u32);

impl Ty {
    /// A mistake that has been reported: fits everything, and nothing more is said about it.
    pub const ERROR: Self = Self(0);
    /// The type of what never gives a value: `fail`, `return`. Fits everything.
    pub const NEVER: Self = Self(1);
    /// Null alone.
    pub const NULL: Self = Self(2);
    /// Truth.
    pub const BOOL: Self = Self(3);
    /// Whole numbers of 64 bits.
    pub const INT: Self = Self(4);
    /// Exact decimals.
    pub const DECIMAL: Self = Self(5);
    /// IEEE doubles.
    pub const FLOAT: Self = Self(6);
    /// Text.
    pub const STRING: Self = Self(7);
    /// Bytes.
    pub const BYTES: Self = Self(8);
    /// Lengths of time.
    pub const DURATION: Self = Self(9);
    /// Moments.
    pub const TIMESTAMP: Self = Self(10);
    /// Days.
    pub const DATE: Self = Self(11);
    /// UUIDs.
    pub const UUID: Self = Self(12);
    /// URLs.
    pub const URL: Self = Self(13);
    /// Dynamic values.
    pub const JSON: Self = Self(14);
    /// `1..10`.
    pub const RANGE: Self = Self(15);
    /// What an execution under test did.
    pub const TRACE: Self = Self(16);
}

/// The kinds that have a fixed [`Ty`], in the order of their numbers.
const FIXED: [TyKind; 17] = [
    TyKind::Error,
    TyKind::Never,
    TyKind::Null,
    TyKind::Bool,
    TyKind::Int,
    TyKind::Decimal,
    TyKind::Float,
    TyKind::String,
    TyKind::Bytes,
    TyKind::Duration,
    TyKind::Timestamp,
    TyKind::Date,
    TyKind::Uuid,
    TyKind::Url,
    TyKind::Json,
    TyKind::Range,
    TyKind::Trace,
];

/// What a type is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TyKind {
    /// See [`Ty::ERROR`].
    Error,
    /// See [`Ty::NEVER`].
    Never,
    /// Null alone.
    Null,
    /// Truth.
    Bool,
    /// Whole numbers of 64 bits.
    Int,
    /// Exact decimals.
    Decimal,
    /// IEEE doubles.
    Float,
    /// Text.
    String,
    /// Bytes.
    Bytes,
    /// Lengths of time.
    Duration,
    /// Moments.
    Timestamp,
    /// Days.
    Date,
    /// UUIDs.
    Uuid,
    /// URLs.
    Url,
    /// Dynamic values.
    Json,
    /// `1..10`: ints, both ends included.
    Range,
    /// What an execution under test did; only for `snapshot`.
    Trace,
    /// A value or null. Never an optional of an optional.
    Optional(Ty),
    /// A list.
    List(Ty),
    /// A map from text.
    Map(Ty),
    /// A record; fields in the order of declaration.
    Record(Arc<[RecordField]>),
    /// A union of literals.
    Literals(Arc<Literals>),
    /// `secret T`.
    Secret(Ty),
    /// A union of records.
    Union(Arc<Union>),
    /// A declared type, by name, with its type arguments: see [`Types::resolve`].
    Named(TypeDeclId, Arc<[Ty]>),
    /// A type that is written otherwise on the wire: see [`Types::resolve`].
    Encoded(Ty, Encoding),
    /// A type parameter of the declaration that is looked at, by position, with its name.
    Parameter(usize, Arc<str>),
    /// A value of one error: `Declined { … }`.
    ErrorValue(ErrorRef),
    /// An error of an unknown or mixed kind: `cause`, and `e` of a `catch` that names several.
    AnyError,
    /// A callback that is answered with a value of the type.
    Callback(Ty),
    /// An execution under test.
    Run(WorkflowId),
    /// A lambda, which is no value: only arguments of methods have this type.
    Lambda {
        /// Types of its parameters.
        params: Arc<[Ty]>,
        /// Type of its value.
        result: Ty,
    },
}

/// A field of a record.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RecordField {
    /// The field's name.
    pub name: Arc<str>,
    /// Its name on the wire, where it is another.
    pub wire: Option<Arc<str>>,
    /// Its declared type. Reading an [`optional`](Self::optional) field gives `T?`: see [`RecordField::read`].
    pub ty: Ty,
    /// Whether it may be absent (`a?: T`).
    pub optional: bool,
    /// What its values must fulfil at a boundary.
    pub constraint: Option<Condition>,
}

/// A `where`: a pure condition over a value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Condition {
    /// The value's name.
    pub value: LocalId,
    /// What must be true of it.
    pub condition: ExprId,
    /// What stands for the type parameters of the declaration that it is written in.
    pub arguments: Arc<[Ty]>,
}

impl TyKind {
    /// Whether interpolation is the usual way from it to a text: numbers, times, and what else is no text itself.
    pub(crate) fn is_written_into_text(&self) -> bool {
        matches!(
            self,
            Self::Int
                | Self::Decimal
                | Self::Float
                | Self::Bool
                | Self::Duration
                | Self::Timestamp
                | Self::Date
                | Self::Uuid
        )
    }
}

impl RecordField {
    /// The type that reading the field gives.
    pub fn read(&self, types: &Types) -> Ty {
        if self.optional { types.optional(self.ty) } else { self.ty }
    }

    /// Whether it tells absent from null (`a?: T?`): null is written then, and only what is absent is left out.
    pub fn keeps_absence(&self, types: &Types) -> bool {
        self.optional && matches!(*types.structure(self.ty), TyKind::Optional(_))
    }

    /// Whether a record literal may leave it out: it is absent then, or null.
    pub fn may_be_left_out(&self, types: &Types) -> bool {
        self.optional || matches!(*types.structure(self.ty), TyKind::Optional(_) | TyKind::Null)
    }
}

/// `"card" | "bank" | ...`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Literals {
    /// The base type: bool, int, decimal or string.
    pub base: Ty,
    /// The values.
    pub members: Vec<LiteralKind>,
    /// Whether unknown values of the base type are kept.
    pub open: bool,
}

/// `Created { id: string } | Removed { … } tagged "kind"`, `Card | Bank untagged`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Union {
    /// The member that carries the tag on the wire; `None` for an untagged union.
    pub tag: Option<Arc<str>>,
    /// The cases, in the order of declaration.
    pub cases: Vec<Case>,
    /// Whether unknown tags are kept.
    pub open: bool,
    /// Whether each case holds one value instead of fields, as what comes of a `race` does: a pattern then names the
    /// value itself.
    pub held: bool,
}

impl Union {
    /// Whether it is a response by status: its cases are named by numbers, which no declared case is.
    pub fn is_by_status(&self) -> bool {
        self.cases.first().is_some_and(|case| case.name.starts_with(|first: char| first.is_ascii_digit()))
    }

    /// A case by its name, with its position.
    pub fn case(&self, name: &str) -> Option<(usize, &Case)> {
        self.cases.iter().enumerate().find(|(_, case)| &*case.name == name)
    }
}

/// A case of a union of records.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Case {
    /// The case's name.
    pub name: Arc<str>,
    /// The tag on the wire, where it is not the name.
    pub wire: Option<LiteralKind>,
    /// The record of its fields; where the union is of values, the value's type.
    pub record: Ty,
}

/// The interner, and what declared types stand for.
///
/// Interning is behind a shared reference, so that messages and passes can make types while they read others, and
/// behind a lock, so that plans can be made on several threads. The number of a type means nothing but identity.
#[derive(Debug)]
pub struct Types {
    inner: RwLock<Inner>,
    /// What each declared type stands for, one step deep, in terms of its type parameters.
    pub declared: SideTable<TypeDeclId, Ty>,
    /// The condition on the whole of a declared type.
    pub conditions: SideTable<TypeDeclId, (LocalId, ExprId)>,
}

#[derive(Debug)]
struct Inner {
    kinds: Vec<Arc<TyKind>>,
    numbers: FxHashMap<Arc<TyKind>, Ty>,
}

impl Default for Types {
    fn default() -> Self {
        let types = Self {
            inner: RwLock::new(Inner { kinds: Vec::new(), numbers: FxHashMap::default() }),
            declared: SideTable::default(),
            conditions: SideTable::default(),
        };
        for kind in FIXED {
            types.intern(kind);
        }
        types
    }
}

impl Types {
    fn read(&self) -> RwLockReadGuard<'_, Inner> {
        // Nothing panics while it holds the lock; if something did, the tables would still be whole.
        self.inner.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The type of a kind.
    pub fn intern(&self, kind: TyKind) -> Ty {
        if let Some(found) = self.read().numbers.get(&kind) {
            return *found;
        }
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        // Another thread may have been here in between.
        if let Some(found) = inner.numbers.get(&kind) {
            return *found;
        }
        let ty = Ty(u32::try_from(inner.kinds.len()).unwrap_or(u32::MAX));
        let kind = Arc::new(kind);
        inner.kinds.push(Arc::clone(&kind));
        inner.numbers.insert(kind, ty);
        ty
    }

    /// What a type is; a named type stays [`TyKind::Named`].
    pub fn kind(&self, ty: Ty) -> Arc<TyKind> {
        let inner = self.read();
        inner.kinds.get(ty.0 as usize).map_or_else(|| Arc::new(TyKind::Error), Arc::clone)
    }

    /// Follows names until something that is not a name, forms on the wire left away. Declarations that name
    /// themselves in a circle have been reported and stand for [`Ty::ERROR`].
    pub fn resolve(&self, ty: Ty) -> Ty {
        let mut ty = ty;
        loop {
            match &*self.kind(ty) {
                TyKind::Named(decl, arguments) => ty = self.stands_for(*decl, arguments),
                TyKind::Encoded(inner, _) => ty = *inner,
                _ => return ty,
            }
        }
    }

    /// The form on the wire that a type has beside its own, null left away.
    pub fn encoding(&self, ty: Ty) -> Option<Encoding> {
        let mut ty = ty;
        loop {
            match &*self.kind(ty) {
                TyKind::Named(decl, arguments) => ty = self.stands_for(*decl, arguments),
                TyKind::Optional(inner) => ty = *inner,
                TyKind::Encoded(_, encoding) => return Some(*encoding),
                _ => return None,
            }
        }
    }

    /// What a declared type stands for, one step deep.
    pub fn stands_for(&self, decl: TypeDeclId, arguments: &[Ty]) -> Ty {
        self.declared.get(decl).map_or(Ty::ERROR, |declared| self.substitute(*declared, arguments))
    }

    /// The type with arguments in place of type parameters.
    pub fn substitute(&self, ty: Ty, arguments: &[Ty]) -> Ty {
        if arguments.is_empty() {
            return ty;
        }
        let inside = |ty: &Ty| self.substitute(*ty, arguments);
        let kind = match &*self.kind(ty) {
            TyKind::Parameter(position, _) => return arguments.get(*position).copied().unwrap_or(Ty::ERROR),
            TyKind::Optional(inner) => {
                let inner = inside(inner);
                return self.optional(inner);
            }
            TyKind::List(inner) => TyKind::List(inside(inner)),
            TyKind::Map(inner) => TyKind::Map(inside(inner)),
            TyKind::Callback(inner) => TyKind::Callback(inside(inner)),
            TyKind::Secret(inner) => {
                let inner = inside(inner);
                return self.secret(inner);
            }
            TyKind::Encoded(inner, encoding) => TyKind::Encoded(inside(inner), *encoding),
            TyKind::Named(decl, given) if !given.is_empty() => {
                TyKind::Named(*decl, given.iter().map(inside).collect())
            }
            TyKind::Record(fields) => TyKind::Record(
                fields
                    .iter()
                    .map(|field| RecordField {
                        ty: inside(&field.ty),
                        constraint: field.constraint.as_ref().map(|constraint| Condition {
                            arguments: constraint.arguments.iter().map(inside).collect(),
                            ..constraint.clone()
                        }),
                        ..field.clone()
                    })
                    .collect(),
            ),
            TyKind::Union(union) => TyKind::Union(Arc::new(Union {
                cases: union
                    .cases
                    .iter()
                    .map(|case| Case { record: inside(&case.record), ..case.clone() })
                    .collect(),
                ..(**union).clone()
            })),
            _ => return ty,
        };
        self.intern(kind)
    }

    /// Whether a type, or any type that it is made of, is of a kind. Names are looked at, then followed.
    pub fn any_inside(&self, ty: Ty, wanted: impl Fn(&TyKind) -> bool) -> bool {
        self.find_inside(vec![ty], |_, kind| wanted(kind))
    }

    /// Whether a type is made of itself, among others.
    pub fn is_recursive(&self, ty: Ty) -> bool {
        let mut parts = Vec::new();
        self.parts(&self.kind(ty), &mut parts);
        self.find_inside(parts, |part, _| part == ty)
    }

    fn find_inside(&self, mut next: Vec<Ty>, wanted: impl Fn(Ty, &TyKind) -> bool) -> bool {
        let mut seen = FxHashSet::default();
        while let Some(ty) = next.pop() {
            if !seen.insert(ty) {
                continue;
            }
            let kind = self.kind(ty);
            if wanted(ty, &kind) {
                return true;
            }
            self.parts(&kind, &mut next);
        }
        false
    }

    /// What a type is made of.
    fn parts(&self, kind: &TyKind, next: &mut Vec<Ty>) {
        match kind {
            TyKind::Optional(inner)
            | TyKind::List(inner)
            | TyKind::Map(inner)
            | TyKind::Secret(inner)
            | TyKind::Encoded(inner, _) => next.push(*inner),
            TyKind::Named(decl, arguments) => next.push(self.stands_for(*decl, arguments)),
            TyKind::Record(fields) => next.extend(fields.iter().map(|field| field.ty)),
            TyKind::Union(union) => next.extend(union.cases.iter().map(|case| case.record)),
            TyKind::Lambda { result, .. } => next.push(*result),
            _ => {}
        }
    }

    /// What a type is, names followed: never [`TyKind::Named`] or [`TyKind::Encoded`].
    pub fn structure(&self, ty: Ty) -> Arc<TyKind> {
        self.kind(self.resolve(ty))
    }

    /// What a type is, as far as it can be told without making what it is made of: a generic type that contains itself
    /// would be made without end.
    fn outline(&self, ty: Ty) -> Arc<TyKind> {
        let (mut ty, mut arguments): (Ty, Arc<[Ty]>) = (ty, Arc::default());
        loop {
            let kind = self.kind(ty);
            match &*kind {
                TyKind::Named(decl, given) => {
                    arguments = given.iter().map(|given| self.substitute(*given, &arguments)).collect();
                    ty = self.declared.get(*decl).copied().unwrap_or(Ty::ERROR);
                }
                TyKind::Encoded(inner, _) => ty = *inner,
                TyKind::Parameter(position, _) => match arguments.get(*position) {
                    Some(argument) => (ty, arguments) = (*argument, Arc::default()),
                    None => return kind,
                },
                _ => return kind,
            }
        }
    }

    /// `T?`; null, optional, dynamic and absorbing types stay as they are.
    pub fn optional(&self, ty: Ty) -> Ty {
        match *self.outline(ty) {
            TyKind::Optional(_) | TyKind::Null | TyKind::Error | TyKind::Never | TyKind::Json => ty,
            _ => self.intern(TyKind::Optional(ty)),
        }
    }

    /// `[T]`.
    pub fn list(&self, ty: Ty) -> Ty {
        self.intern(TyKind::List(ty))
    }

    /// `{string: T}`.
    pub fn map(&self, ty: Ty) -> Ty {
        self.intern(TyKind::Map(ty))
    }

    /// `secret T`. Whether an optional value is there is no secret.
    pub fn secret(&self, ty: Ty) -> Ty {
        match *self.outline(ty) {
            TyKind::Secret(_) | TyKind::Error | TyKind::Never | TyKind::Null => ty,
            TyKind::Optional(_) => self.optional(self.secret(self.without_null(ty))),
            _ => self.intern(TyKind::Secret(ty)),
        }
    }

    /// A record of these fields.
    pub fn record(&self, fields: Vec<RecordField>) -> Ty {
        self.intern(TyKind::Record(fields.into()))
    }

    /// The type without null: `T` of `T?`, or the type itself.
    pub fn without_null(&self, ty: Ty) -> Ty {
        match *self.structure(ty) {
            TyKind::Optional(inner) => inner,
            _ => ty,
        }
    }

    /// Whether null is one of the type's values.
    pub fn is_nullable(&self, ty: Ty) -> bool {
        matches!(*self.structure(ty), TyKind::Optional(_) | TyKind::Null | TyKind::Json)
    }

    /// The fields of a record type, names followed.
    pub fn fields(&self, ty: Ty) -> Option<Arc<[RecordField]>> {
        match &*self.structure(ty) {
            TyKind::Record(fields) => Some(Arc::clone(fields)),
            _ => None,
        }
    }

    /// The position of a field in the declared order of a record type, and the field.
    pub fn field(&self, ty: Ty, name: &str) -> Option<(usize, RecordField)> {
        let fields = self.fields(ty)?;
        let position = fields.iter().position(|field| &*field.name == name)?;
        fields.get(position).map(|field| (position, field.clone()))
    }

    /// Whether two types are the same when names are followed everywhere.
    pub fn same(&self, left: Ty, right: Ty) -> bool {
        self.same_but_for(left, right, &mut FxHashSet::default())
    }

    /// Whether two types are the same, apart from pairs that are looked at already: one difference anywhere is enough,
    /// so none is looked at twice.
    fn same_but_for(&self, left: Ty, right: Ty, seen: &mut FxHashSet<(Ty, Ty)>) -> bool {
        let (left, right) = (self.resolve(left), self.resolve(right));
        if left == right {
            return true;
        }
        if !seen.insert((left, right)) {
            return true;
        }
        let mut same = |left: Ty, right: Ty| self.same_but_for(left, right, seen);
        match (&*self.kind(left), &*self.kind(right)) {
            (TyKind::Optional(left), TyKind::Optional(right))
            | (TyKind::List(left), TyKind::List(right))
            | (TyKind::Map(left), TyKind::Map(right))
            | (TyKind::Callback(left), TyKind::Callback(right))
            | (TyKind::Secret(left), TyKind::Secret(right)) => same(*left, *right),
            (TyKind::Record(left), TyKind::Record(right)) => {
                // The order of fields is for people alone.
                left.len() == right.len()
                    && left.iter().all(|left| {
                        right.iter().any(|right| {
                            left.name == right.name
                                && left.optional == right.optional
                                && same(left.ty, right.ty)
                        })
                    })
            }
            (TyKind::Literals(left), TyKind::Literals(right)) => {
                left.open == right.open
                    && left.members.len() == right.members.len()
                    && left.members.iter().all(|member| right.members.contains(member))
            }
            (TyKind::Union(left), TyKind::Union(right)) => {
                left.tag == right.tag
                    && left.open == right.open
                    && left.held == right.held
                    && left.cases.len() == right.cases.len()
                    && left.cases.iter().zip(&right.cases).all(|(left, right)| {
                        left.name == right.name && left.wire == right.wire && same(left.record, right.record)
                    })
            }
            _ => false,
        }
    }

    /// The union that a type is, names followed and null left away.
    pub fn union(&self, ty: Ty) -> Option<Arc<Union>> {
        match &*self.structure(self.without_null(ty)) {
            TyKind::Union(union) => Some(Arc::clone(union)),
            _ => None,
        }
    }
}
