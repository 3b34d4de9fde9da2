//! From the checker's types to the plan's type table.

use std::sync::Arc;

use flow_check::{Condition, RecordField, Ty, TyKind, Union};
use flow_hir::{Encoding, LiteralKind};
use flow_plan::{Boundary, Case, Field, Literal, Literals, Type, TypeId, WireForm};

use crate::context::Context;

impl Context<'_> {
    /// The plan's type for a checker's type. Equal types get one entry; the table is in the order of first use.
    pub(crate) fn ty(&mut self, ty: Ty) -> TypeId {
        let ty = self.typed.types.substitute(ty, &self.arguments);
        if let Some(known) = self.type_ids.get(&ty) {
            return *known;
        }
        let (form, conditions) = self.beside_the_form(ty);
        if form.is_none() && conditions.is_empty() {
            let plain = self.plain_type(ty);
            self.type_ids.insert(ty, plain);
            return plain;
        }
        if let Some(id) = self.reached_again(ty) {
            return id;
        }
        self.being_made.push(ty);
        let plain = self.plain_type(ty);
        self.being_made.pop();
        // A type that differs at the boundaries has an entry of its own, which no other type finds.
        let id = self.type_ids.get(&ty).copied().unwrap_or_else(|| self.reserve());
        self.put(id, self.plan.types.get(plain).clone());
        self.type_ids.insert(ty, id);
        self.finish_types();
        let check = (!conditions.is_empty()).then(|| self.conditions(ty, &conditions, plain));
        let at = self.plan.boundaries.partition_point(|(other, _)| *other < id);
        self.plan.boundaries.insert(at, (id, Boundary { form, check }));
        if !self.being_made.is_empty() {
            // What it is a form of may itself be under way.
            self.unfinished.copies.push((id, plain));
        }
        id
    }

    /// The entry of a type that is being made already, which leads back to itself: it is taken before it is made.
    fn reached_again(&mut self, ty: Ty) -> Option<TypeId> {
        self.being_made.contains(&ty).then(|| {
            let id = self.reserve();
            self.type_ids.insert(ty, id);
            id
        })
    }

    /// Whether a type that leads back to itself is being made: code can be made of it only when it is complete.
    pub(crate) fn makes_recursive_type(&mut self) -> bool {
        let types = &self.typed.types;
        let known = &mut self.recursive;
        self.being_made.iter().any(|ty| *known.entry(*ty).or_insert_with(|| types.is_recursive(*ty)))
    }

    /// Completes what had to wait for the types that were being made.
    fn finish_types(&mut self) {
        if !self.being_made.is_empty() {
            return;
        }
        for (id, of) in std::mem::take(&mut self.unfinished.copies) {
            self.put(id, self.plan.types.get(of).clone());
        }
        for condition in std::mem::take(&mut self.unfinished.conditions) {
            self.make_condition(condition);
        }
    }

    /// What the names of a type say beside what it stands for: its form on the wire, and its conditions.
    fn beside_the_form(&self, ty: Ty) -> (Option<WireForm>, Vec<Condition>) {
        let types = &self.typed.types;
        let (mut ty, mut form, mut conditions) = (ty, None, Vec::new());
        loop {
            match &*types.kind(ty) {
                TyKind::Named(decl, arguments) => {
                    if let Some((value, condition)) = types.conditions.get(*decl).copied() {
                        conditions.push(Condition { value, condition, arguments: Arc::clone(arguments) });
                    }
                    ty = types.stands_for(*decl, arguments);
                }
                TyKind::Encoded(inner, encoding) => {
                    form = form.or(Some(match encoding {
                        Encoding::String => WireForm::Text,
                        Encoding::Seconds => WireForm::Seconds,
                        Encoding::Millis => WireForm::Millis,
                    }));
                    ty = *inner;
                }
                _ => return (form, conditions),
            }
        }
    }

    /// Whether a value of the form of a type may break a condition in it.
    pub(crate) fn has_conditions(&self, ty: Ty) -> bool {
        let types = &self.typed.types;
        types.any_inside(ty, |kind| match kind {
            TyKind::Named(decl, _) => types.conditions.get(*decl).is_some(),
            TyKind::Record(fields) => fields.iter().any(|field| field.constraint.is_some()),
            _ => false,
        })
    }

    /// The entry of what a type stands for.
    fn plain_type(&mut self, ty: Ty) -> TypeId {
        let ty = self.typed.types.resolve(ty);
        if let Some(known) = self.type_ids.get(&ty) {
            return *known;
        }
        if let Some(id) = self.reached_again(ty) {
            return id;
        }
        self.being_made.push(ty);
        let id = self.make_type(ty);
        self.being_made.pop();
        self.finish_types();
        id
    }

    fn make_type(&mut self, ty: Ty) -> TypeId {
        let made = match &*self.typed.types.structure(ty) {
            TyKind::Bool => Type::Bool,
            TyKind::Int => Type::Int,
            TyKind::Decimal => Type::Decimal,
            TyKind::Float => Type::Float,
            TyKind::String => Type::String,
            TyKind::Bytes => Type::Bytes,
            TyKind::Duration => Type::Duration,
            TyKind::Timestamp => Type::Timestamp,
            TyKind::Date => Type::Date,
            TyKind::Uuid => Type::Uuid,
            TyKind::Url => Type::Url,
            TyKind::Json => Type::Json,
            TyKind::ErrorValue(_) | TyKind::AnyError => Type::Error,
            TyKind::Literals(literals) => Type::Literals(Literals {
                values: literals.members.iter().filter_map(literal).collect(),
                open: literals.open,
            }),
            TyKind::Record(fields) => return self.record(ty, fields),
            TyKind::Union(union) if union.held => return self.held_union(ty, union),
            TyKind::Union(union) => self.union(union),
            TyKind::Optional(inner) => return self.around(ty, *inner, Type::Optional),
            TyKind::List(inner) => return self.around(ty, *inner, Type::List),
            TyKind::Map(inner) => return self.around(ty, *inner, Type::Map),
            TyKind::Secret(inner) => return self.around(ty, *inner, Type::Secret),
            // Its URL, and the number by which the machine knows it.
            TyKind::Callback(_) => {
                let url = self.intern(Type::Url);
                let (url, number) = (self.intern(Type::Secret(url)), self.intern(Type::Int));
                Type::Record(vec![plain_field("number", number), plain_field("url", url)])
            }
            // What gives no value, and what only tests or literals hold, takes the slot of null.
            TyKind::Error
            | TyKind::Never
            | TyKind::Null
            | TyKind::Range
            | TyKind::Trace
            | TyKind::Named(..)
            | TyKind::Encoded(..)
            | TyKind::Parameter(..)
            | TyKind::Run(_)
            | TyKind::Lambda { .. } => Type::Null,
        };
        self.entry(ty, made)
    }

    /// The entry of what a type was made to: the one that it took before, or that of an equal type.
    fn entry(&mut self, ty: Ty, made: Type) -> TypeId {
        if let Some(taken) = self.type_ids.get(&ty).copied() {
            self.put(taken, made);
            return taken;
        }
        let id = self.intern(made);
        self.type_ids.insert(ty, id);
        id
    }

    /// The entry of a type, added where there is none.
    pub(crate) fn intern(&mut self, ty: Type) -> TypeId {
        if let Some(known) = self.interned.get(&ty) {
            return *known;
        }
        let id = self.reserve();
        self.interned.insert(ty.clone(), id);
        self.put(id, ty);
        id
    }

    fn reserve(&mut self) -> TypeId {
        let id = TypeId(u32::try_from(self.plan.types.0.len()).unwrap_or(u32::MAX));
        self.plan.types.0.push(Type::Null);
        id
    }

    fn put(&mut self, id: TypeId, ty: Type) {
        if let Some(slot) = self.plan.types.0.get_mut(id.index()) {
            *slot = ty;
        }
    }

    fn around(&mut self, ty: Ty, inner: Ty, wrap: fn(TypeId) -> Type) -> TypeId {
        let inner = self.ty(inner);
        self.entry(ty, wrap(inner))
    }

    /// Records take their entry before their fields, since a field may lead back to the record.
    fn record(&mut self, ty: Ty, fields: &[RecordField]) -> TypeId {
        let id = self.reserve();
        self.type_ids.insert(ty, id);
        let fields = self.fields(fields);
        let made = Type::Record(fields);
        if let Some(known) = self.interned.get(&made).copied() {
            // The same record under another name: the reserved entry is the last one unless fields were new.
            if id.index() + 1 == self.plan.types.0.len() {
                self.plan.types.0.pop();
            } else {
                self.put(id, made);
                return id;
            }
            self.type_ids.insert(ty, known);
            return known;
        }
        self.interned.insert(made.clone(), id);
        self.put(id, made);
        id
    }

    /// A union whose cases hold one value each has an entry of its own: patterns name the value, where those over a
    /// declared union of the same form name its fields.
    fn held_union(&mut self, ty: Ty, union: &Union) -> TypeId {
        let id = self.reserve();
        self.type_ids.insert(ty, id);
        self.held.insert(id);
        let cases = union.cases.iter().map(|case| {
            let name =
                if *self.typed.types.structure(case.record) == TyKind::AnyError { "error" } else { "value" };
            let held = self.ty(case.record);
            let field = Field {
                name: name.to_owned(),
                wire: name.to_owned(),
                ty: held,
                optional: false,
                check: None,
            };
            let fields = self.intern(Type::Record(vec![field]));
            let name = case.name.to_string();
            Case { wire: Literal::String(name.clone()), name, fields }
        });
        let cases = cases.collect();
        self.put(id, Type::Tagged { tag: union.tag.as_ref().map(ToString::to_string), cases, open: false });
        id
    }

    fn union(&mut self, union: &Union) -> Type {
        let cases = union
            .cases
            .iter()
            .map(|case| Case {
                name: case.name.to_string(),
                wire: case
                    .wire
                    .as_ref()
                    .and_then(literal)
                    .unwrap_or_else(|| Literal::String(case.name.to_string())),
                fields: self.ty(case.record),
            })
            .collect();
        Type::Tagged { tag: union.tag.as_ref().map(ToString::to_string), cases, open: union.open }
    }

    /// The fields of a record in the order of the plan, which is by name.
    fn fields(&mut self, fields: &[RecordField]) -> Vec<Field> {
        let mut made: Vec<Field> = Vec::with_capacity(fields.len());
        for field in fields {
            let ty = field.read(&self.typed.types);
            let ty = self.ty(ty);
            let check = field.constraint.as_ref().map(|condition| self.constraint(condition, ty));
            made.push(Field {
                name: field.name.to_string(),
                wire: field.wire.as_ref().unwrap_or(&field.name).to_string(),
                ty,
                optional: field.optional,
                check,
            });
            if field.keeps_absence(&self.typed.types) {
                let presence = self.intern(Type::Presence);
                made.push(Field::presence(&field.name, presence));
            }
        }
        made.sort_by(|a, b| a.name.cmp(&b.name));
        made
    }
}

fn literal(kind: &LiteralKind) -> Option<Literal> {
    match kind {
        LiteralKind::String(text) => Some(Literal::String(text.to_string())),
        LiteralKind::Int(number) => Some(Literal::Int(*number)),
        LiteralKind::Bool(truth) => Some(Literal::Bool(*truth)),
        LiteralKind::Null | LiteralKind::Decimal(_) => None,
    }
}

/// A field that is always there, under its own name on the wire.
pub(crate) fn plain_field(name: &str, ty: TypeId) -> Field {
    Field { name: name.to_owned(), wire: name.to_owned(), ty, optional: false, check: None }
}
