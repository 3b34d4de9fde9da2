//! Types as the checker knows them: interned, so that a type is a small number.

use std::cell::RefCell;
use std::sync::Arc;

use flow_hir::{ErrorRef, ExprId, LiteralKind, LocalId, SideTable, TypeDeclId, WorkflowId};
use rustc_hash::FxHashMap;

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
    /// A declared type, by name: see [`Types::resolve`].
    Named(TypeDeclId),
    /// A value of one error: `Declined { … }`.
    ErrorValue(ErrorRef),
    /// An error of an unknown or mixed kind: `cause`, and `e` of a `catch` that names several.
    AnyError,
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
    /// What its values must fulfil at a boundary: the value's local, and the pure condition over it.
    pub constraint: Option<(LocalId, ExprId)>,
}

impl RecordField {
    /// The type that reading the field gives.
    pub fn read(&self, types: &Types) -> Ty {
        if self.optional { types.optional(self.ty) } else { self.ty }
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

/// The interner, and what declared types stand for.
///
/// Interning is behind a shared reference, so that messages and passes can make types while they read others.
#[derive(Debug)]
pub struct Types {
    inner: RefCell<Inner>,
    /// What each declared type stands for, one step deep.
    pub declared: SideTable<TypeDeclId, Ty>,
}

#[derive(Debug)]
struct Inner {
    kinds: Vec<Arc<TyKind>>,
    numbers: FxHashMap<Arc<TyKind>, Ty>,
}

impl Default for Types {
    fn default() -> Self {
        let types = Self {
            inner: RefCell::new(Inner { kinds: Vec::new(), numbers: FxHashMap::default() }),
            declared: SideTable::default(),
        };
        for kind in FIXED {
            types.intern(kind);
        }
        types
    }
}

impl Types {
    /// The type of a kind.
    pub fn intern(&self, kind: TyKind) -> Ty {
        let mut inner = self.inner.borrow_mut();
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
        let inner = self.inner.borrow();
        inner.kinds.get(ty.0 as usize).map_or_else(|| Arc::new(TyKind::Error), Arc::clone)
    }

    /// Follows names until something that is not a name. Declarations that name themselves in a circle have
    /// been reported and stand for [`Ty::ERROR`].
    pub fn resolve(&self, ty: Ty) -> Ty {
        let mut ty = ty;
        while let TyKind::Named(decl) = *self.kind(ty) {
            match self.declared.get(decl) {
                Some(next) => ty = *next,
                None => return Ty::ERROR,
            }
        }
        ty
    }

    /// What a type is, names followed: never [`TyKind::Named`].
    pub fn structure(&self, ty: Ty) -> Arc<TyKind> {
        self.kind(self.resolve(ty))
    }

    /// `T?`; null, optional, dynamic and absorbing types stay as they are.
    pub fn optional(&self, ty: Ty) -> Ty {
        match *self.structure(ty) {
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

    /// `secret T`.
    pub fn secret(&self, ty: Ty) -> Ty {
        match *self.structure(ty) {
            TyKind::Secret(_) | TyKind::Error | TyKind::Never => ty,
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
        let (left, right) = (self.resolve(left), self.resolve(right));
        if left == right {
            return true;
        }
        match (&*self.kind(left), &*self.kind(right)) {
            (TyKind::Optional(left), TyKind::Optional(right))
            | (TyKind::List(left), TyKind::List(right))
            | (TyKind::Map(left), TyKind::Map(right))
            | (TyKind::Secret(left), TyKind::Secret(right)) => self.same(*left, *right),
            (TyKind::Record(left), TyKind::Record(right)) => {
                // The order of fields is for people alone.
                left.len() == right.len()
                    && left.iter().all(|left| {
                        right.iter().any(|right| {
                            left.name == right.name
                                && left.optional == right.optional
                                && self.same(left.ty, right.ty)
                        })
                    })
            }
            (TyKind::Literals(left), TyKind::Literals(right)) => {
                left.open == right.open
                    && left.members.len() == right.members.len()
                    && left.members.iter().all(|member| right.members.contains(member))
            }
            _ => false,
        }
    }
}
