//! Implicit conversions, and the ways in and out of optional types.

use flow_check::{Coercion, FieldCoercion, Ty, TyKind};
use flow_hir::ExprId;
use flow_plan::op::Builtin;
use flow_plan::{Op, Type, TypeId};

use super::expression::presence_name;
use crate::builder::Value;
use crate::context::Context;

impl Context<'_> {
    /// A value of `T?` that is known not to be null, as one of `T`.
    pub(crate) fn unwrap(&mut self, value: Value) -> Value {
        let Type::Optional(inner) = *self.plan.types.get(value.ty) else { return value };
        let out = self.register(inner);
        if self.plan.types.is_handle(inner) {
            self.current.emit(Op::UnwrapHandle { dst: out.reg, src: value.reg });
        } else {
            let slots = self.plan.types.width(inner);
            self.current.emit(Op::UnwrapWide { dst: out.reg, src: value.reg, slots });
        }
        out
    }

    /// A value of `T` in a register of `T?`. What is optional or null already is moved.
    pub(crate) fn some(&mut self, dst: Value, value: Value) {
        let Type::Optional(inner) = *self.plan.types.get(dst.ty) else {
            // Null is a value of `json` too.
            let null = *self.plan.types.get(value.ty) == Type::Null;
            return if null { self.set_null(dst) } else { self.assign(dst, value) };
        };
        match self.plan.types.get(value.ty) {
            Type::Optional(_) => self.assign(dst, value),
            Type::Null => self.set_null(dst),
            _ if self.plan.types.is_handle(inner) => {
                self.current.emit(Op::SomeHandle { dst: dst.reg, src: value.reg });
            }
            _ => {
                let slots = self.plan.types.width(value.ty);
                self.current.emit(Op::SomeWide { dst: dst.reg, src: value.reg, slots });
            }
        }
    }

    /// Whether a value of an optional or dynamic type is null.
    pub(crate) fn is_null(&mut self, value: Value) -> Value {
        let out = self.register_as(Type::Bool);
        self.current.emit(Op::IsNull { dst: out.reg, src: value.reg });
        out
    }

    /// The conversion that the checker noted for an expression.
    pub(crate) fn coerced(&mut self, expr: ExprId, value: Value) -> Value {
        let Some(coerced) = self.typed.coercions.get(expr) else { return value };
        let to = coerced.to;
        let how = coerced.how.clone();
        let from = self.typed.ty(expr);
        self.convert(value, from, to, &how, expr)
    }

    fn convert(&mut self, value: Value, from: Ty, to: Ty, how: &Coercion, expr: ExprId) -> Value {
        match how {
            Coercion::Same => {
                let ty = self.ty(to);
                if *self.plan.types.get(ty) == Type::Null { value } else { Value { ty, ..value } }
            }
            Coercion::UrlToString | Coercion::LiteralToBase => Value { ty: self.ty(to), ..value },
            Coercion::IntToDecimal => {
                let out = self.register_as(Type::Decimal);
                self.current.emit(Op::IntToDecimal { dst: out.reg, src: value.reg });
                out
            }
            Coercion::IntToFloat => {
                let out = self.register_as(Type::Float);
                self.current.emit(Op::IntToFloat { dst: out.reg, src: value.reg });
                out
            }
            Coercion::ToOptional(inner) => {
                let target = self.inside(to);
                let value = self.convert(value, from, target, inner, expr);
                let out = self.register_of(to);
                self.some(out, value);
                out
            }
            Coercion::NullToOptional => {
                let out = self.register_of(to);
                self.set_null(out);
                out
            }
            Coercion::InOptional(inner) => self.convert_optional(value, from, to, inner, expr),
            Coercion::InList(inner) => self.convert_list(value, from, to, inner, expr),
            Coercion::Record(fields) => self.convert_record(value, from, to, fields, expr),
            Coercion::ToJson => {
                let of = self.ty(from);
                let out = self.register_as(Type::Json);
                self.current.emit(Op::ToJson { dst: out.reg, src: value.reg, of });
                out
            }
            Coercion::ToSecret(inner) | Coercion::InSecret(inner) | Coercion::Reveal(inner) => {
                let (from, target) = (self.without_secret(from), self.without_secret(to));
                let value = self.convert(value, from, target, inner, expr);
                Value { ty: self.ty(to), ..value }
            }
            Coercion::InMap(inner) => self.convert_map(value, from, to, inner, expr),
        }
    }

    fn convert_optional(&mut self, value: Value, from: Ty, to: Ty, inner: &Coercion, expr: ExprId) -> Value {
        let (source, target) = (self.inside(from), self.inside(to));
        let out = self.register_of(to);
        let (null, done) = (self.current.label(), self.current.label());
        let absent = self.is_null(value);
        self.current.jump_if(absent.reg, null);
        let present = self.unwrap(value);
        let present = self.convert(present, source, target, inner, expr);
        self.some(out, present);
        self.current.jump(done);
        self.current.bind(null);
        self.set_null(out);
        self.current.bind(done);
        out
    }

    fn convert_list(&mut self, value: Value, from: Ty, to: Ty, inner: &Coercion, expr: ExprId) -> Value {
        let (source, target) = (self.element(from), self.element(to));
        let ty = self.ty(to);
        let out = self.empty_list(ty);
        let walk = self.begin_walk(value);
        let item = Value { ty: self.ty(source), ..walk.item };
        let item = self.convert(item, source, target, inner, expr);
        self.push(out, item);
        self.end_walk(walk);
        out
    }

    fn convert_map(&mut self, value: Value, from: Ty, to: Ty, inner: &Coercion, expr: ExprId) -> Value {
        let (source, target) = (self.element(from), self.element(to));
        let list = self.ty(source);
        let list = self.intern(Type::List(list));
        let (keys, values) = self.map_parts(value, list);
        let made = self.ty(target);
        let made = self.intern(Type::List(made));
        let converted = self.empty_list(made);
        let walk = self.begin_walk(values);
        let item = Value { ty: self.ty(source), ..walk.item };
        let item = self.convert(item, source, target, inner, expr);
        self.push(converted, item);
        self.end_walk(walk);
        let ty = self.ty(to);
        self.library(Builtin::MapOf, ty, &[converted, keys])
    }

    fn convert_record(
        &mut self,
        value: Value,
        from: Ty,
        to: Ty,
        fields: &[FieldCoercion],
        expr: ExprId,
    ) -> Value {
        let (Some(source), Some(target)) = (self.typed.types.fields(from), self.typed.types.fields(to))
        else {
            return value;
        };
        let mut made: Vec<(String, Value)> = Vec::new();
        for (field, target) in fields.iter().zip(target.iter()) {
            let wanted = target.read(&self.typed.types);
            let keeps = target.keeps_absence(&self.typed.types);
            let (part, present) = match field {
                FieldCoercion::From { position, how } => {
                    let Some(source) = source.get(*position) else { continue };
                    let read = source.read(&self.typed.types);
                    let part = self.field(value, &source.name);
                    let present = keeps.then(|| self.presence_in(value, source, part));
                    (self.convert(part, read, wanted, how, expr), present)
                }
                FieldCoercion::Absent => {
                    let part = self.register_of(wanted);
                    self.set_null(part);
                    (part, keeps.then(|| self.load_bool(false)))
                }
            };
            made.push((target.name.to_string(), part));
            made.extend(present.map(|present| (presence_name(&target.name), present)));
        }
        let ty = self.ty(to);
        self.record_of(ty, made)
    }

    /// What a record's field holds.
    pub(crate) fn field(&mut self, record: Value, name: &str) -> Value {
        let Type::Record(fields) = self.plan.types.get(self.plan.types.open_secret(record.ty)) else {
            return record;
        };
        let Some(index) = fields.iter().position(|field| field.name == name) else { return record };
        let ty = fields.get(index).map_or(TypeId(0), |field| field.ty);
        let (offset, slots) = (self.plan.types.field_offset(fields, index), self.plan.types.width(ty));
        let out = self.register(ty);
        self.current.emit(Op::Field { dst: out.reg, record: record.reg, offset, slots });
        out
    }

    /// A record of the type, from values by field name; what is due as `T?` may be given as `T`.
    pub(crate) fn record_of(&mut self, ty: TypeId, mut parts: Vec<(String, Value)>) -> Value {
        let declared = match self.plan.types.get(ty) {
            Type::Record(fields) => fields.clone(),
            _ => Vec::new(),
        };
        // Where nothing was said of a field's presence, null is absent.
        for field in &declared {
            let Some(of) = field.is_presence_of() else { continue };
            let value = parts.iter().find(|(name, _)| name == of).map(|(_, value)| *value);
            if let Some(value) = value
                && !parts.iter().any(|(name, _)| *name == field.name)
            {
                let absent = self.is_null(value);
                parts.push((field.name.clone(), self.not(absent)));
            }
        }
        parts.sort_by(|a, b| a.0.cmp(&b.0));
        let due: Vec<TypeId> = declared.iter().map(|field| field.ty).collect();
        let mut registers = Vec::with_capacity(parts.len());
        for ((_, value), ty) in parts.into_iter().zip(due) {
            let fits = self.plan.types.same_layout(value.ty, ty);
            let value = if fits {
                value
            } else {
                let wrapped = self.register(ty);
                self.some(wrapped, value);
                wrapped
            };
            registers.push(value.reg);
        }
        let fields = self.current.list(registers);
        let out = self.register(ty);
        self.current.emit(Op::Record { dst: out.reg, of: ty, fields });
        out
    }

    /// `T` of `T?`.
    pub(crate) fn inside(&self, ty: Ty) -> Ty {
        self.typed.types.without_null(ty)
    }

    /// `T` of `[T]` or of a map.
    pub(crate) fn element(&self, ty: Ty) -> Ty {
        match *self.typed.types.structure(self.without_secret(ty)) {
            TyKind::List(inner) | TyKind::Map(inner) => inner,
            TyKind::Range => Ty::INT,
            _ => Ty::ERROR,
        }
    }

    fn without_secret(&self, ty: Ty) -> Ty {
        match *self.typed.types.structure(ty) {
            TyKind::Secret(inner) => inner,
            _ => ty,
        }
    }
}
