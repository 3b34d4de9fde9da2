//! Bodies: from expressions and statements to instructions.
//!
//! Each function here appends to the function under construction and gives the register of the value. Code
//! after a point that control cannot pass is dropped by the builder.

mod attempt;
mod branches;
pub(crate) mod calls;
mod cast;
mod coerce;
mod collections;
mod control;
mod expression;
mod functions;
mod methods;
mod operators;
mod pages;
mod pattern;
mod waiting;

use flow_check::Ty;
use flow_hir::{ExprId, LocalId};
use flow_plan::{Constant, Op, Type, TypeId};
use flow_source::Span;

use crate::builder::Value;
use crate::context::Context;

impl Context<'_> {
    /// A new register.
    pub(crate) fn register(&mut self, ty: TypeId) -> Value {
        self.current.register(&self.plan.types, ty)
    }

    /// A new register of a checker's type.
    pub(crate) fn register_of(&mut self, ty: Ty) -> Value {
        let ty = self.ty(ty);
        self.register(ty)
    }

    /// A new register of a type that the checker may not have met.
    pub(crate) fn register_as(&mut self, ty: Type) -> Value {
        let ty = self.intern(ty);
        self.register(ty)
    }

    /// A register of null.
    pub(crate) fn null(&mut self) -> Value {
        let value = self.register_as(Type::Null);
        self.set_null(value);
        value
    }

    /// Sets a register of an optional type, or of null, to null.
    pub(crate) fn set_null(&mut self, value: Value) {
        let slots = self.plan.types.width(value.ty);
        self.current.emit(Op::Null { dst: value.reg, slots });
    }

    /// A register of a constant.
    pub(crate) fn load(&mut self, ty: TypeId, constant: Constant) -> Value {
        let constant = self.constant(ty, constant);
        let value = self.register(ty);
        self.current.emit(Op::Const { dst: value.reg, constant });
        value
    }

    /// A register of an int.
    pub(crate) fn load_int(&mut self, number: i64) -> Value {
        let ty = self.intern(Type::Int);
        self.load(ty, Constant::Slot(number.cast_unsigned()))
    }

    /// A register of a truth value.
    pub(crate) fn load_bool(&mut self, truth: bool) -> Value {
        let ty = self.intern(Type::Bool);
        self.load(ty, Constant::Slot(u64::from(truth)))
    }

    /// A register of a text.
    pub(crate) fn load_text(&mut self, text: &str) -> Value {
        let ty = self.intern(Type::String);
        self.load(ty, Constant::Text(text.to_owned()))
    }

    /// Moves a value to where it is due. Where null is due, the value is dropped.
    pub(crate) fn assign(&mut self, dst: Value, src: Value) {
        if *self.plan.types.get(dst.ty) == Type::Null {
            self.set_null(dst);
        } else {
            let slots = self.plan.types.width(dst.ty);
            self.current.emit(Op::Move { dst: dst.reg, src: src.reg, slots });
        }
    }

    /// The register of a name; where it is bound in an enclosing function, it is captured.
    pub(crate) fn local(&mut self, id: LocalId) -> Value {
        self.local_at(self.outer.len(), id)
    }

    fn local_at(&mut self, level: usize, id: LocalId) -> Value {
        let depth = self.outer.len();
        let known = |context: &Self| match context.outer.get(level) {
            Some(builder) => builder.locals.get(&id).copied(),
            None => context.current.locals.get(&id).copied(),
        };
        if let Some(value) = known(self) {
            return value;
        }
        let ty = match level.checked_sub(1) {
            Some(above) => self.local_at(above, id).ty,
            // A name that nothing binds: only a fault of the compiler leads here, and the verifier refuses the plan.
            None => self.ty(self.typed.local(id)),
        };
        let types = &self.plan.types;
        let builder = if level < depth { self.outer.get_mut(level) } else { Some(&mut self.current) };
        let Some(builder) = builder else { return self.null() };
        let value = builder.register(types, ty);
        builder.locals.insert(id, value);
        if level > 0 {
            builder.captures.push((id, value));
        }
        builder.name(value.reg, &self.program.locals[id].name.text);
        value
    }

    /// Binds a name to a register.
    pub(crate) fn bind_local(&mut self, id: LocalId, value: Value) {
        self.current.locals.insert(id, value);
        self.current.name(value.reg, &self.program.locals[id].name.text);
    }

    /// Says where the next instructions come from.
    pub(crate) fn at(&mut self, span: Span) {
        let location = self.location(span);
        self.current.place(location);
    }

    /// The checker's type of an expression, where it stands.
    pub(crate) fn value_ty(&self, expr: ExprId) -> Ty {
        self.typed.types.substitute(self.typed.value_ty(expr), &self.arguments)
    }
}
