//! `value as T`.

use flow_check::{Ty, TyKind};
use flow_hir::ExprId;
use flow_plan::op::Builtin;
use flow_plan::{Op, Type, TypeId};
use flow_source::Span;

use crate::builder::Value;
use crate::context::Context;

impl Context<'_> {
    pub(super) fn cast(&mut self, id: ExprId, value: ExprId, span: Span) -> Value {
        let from = self.value_ty(value);
        let source = self.expr(value);
        self.at(span);
        let target = self.value_of(id);
        if matches!(*self.typed.types.structure(from), TyKind::Json) {
            return self.read_as(source, target);
        }
        if flow_check::coerce(&self.typed.types, from, target).is_some() {
            let ty = self.ty(target);
            if self.has_conditions(target) {
                // Only a condition can refuse it: it is written in the form in which it is read.
                let json = self.json_of(source, ty);
                return self.read_as(json, target);
            }
            let out = self.register(ty);
            self.assign(out, source);
            return out;
        }
        if self.inside(target) == Ty::INT
            && matches!(*self.typed.types.structure(self.inside(from)), TyKind::Decimal | TyKind::Float)
        {
            return self.whole_number(source, target);
        }
        let json = self.json_of(source, source.ty);
        self.read_as(json, target)
    }

    fn value_of(&self, id: ExprId) -> Ty {
        self.typed.types.substitute(self.typed.ty(id), &self.arguments)
    }

    pub(super) fn json_of(&mut self, value: Value, of: TypeId) -> Value {
        let json = self.register_as(Type::Json);
        self.current.emit(Op::ToJson { dst: json.reg, src: value.reg, of });
        json
    }

    fn read_as(&mut self, json: Value, target: Ty) -> Value {
        let out = self.register_of(target);
        self.current.emit(Op::FromJson { dst: out.reg, src: json.reg, of: out.ty });
        out
    }

    /// A decimal or a float as the int of the same value: `12.00` is 12.
    fn whole_number(&mut self, number: Value, target: Ty) -> Value {
        let out = self.register_of(target);
        let whole = |context: &mut Self, number: Value| {
            let mut decimal = number;
            if *context.plan.types.get(number.ty) != Type::Decimal {
                let json = context.json_of(number, number.ty);
                decimal = context.read_as(json, Ty::DECIMAL);
            }
            let int = context.intern(Type::Int);
            context.library(Builtin::DecimalToInt, int, &[decimal])
        };
        let optional =
            |context: &Self, value: Value| matches!(context.plan.types.get(value.ty), Type::Optional(_));
        if optional(self, number) && optional(self, out) {
            return self.unless_null(number, out, whole);
        }
        let present = self.unwrap(number);
        let int = whole(self, present);
        self.some(out, int);
        out
    }
}
