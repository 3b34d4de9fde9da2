//! Operators, by the types of their operands.

use flow_check::{Ty, TyKind};
use flow_hir::{BinaryOp, ExprId, UnaryOp};
use flow_plan::{Op, Reg, Type};

use crate::builder::Value;
use crate::context::Context;

/// How values of a type are compared and added.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    /// One slot, as a signed number.
    Whole,
    Decimal,
    Float,
    Text,
    /// By value, whatever it is.
    Other,
}

impl Context<'_> {
    pub(super) fn unary(&mut self, id: ExprId, op: UnaryOp, operand: ExprId) -> Value {
        if op == UnaryOp::Negate
            && let Some(constant) = self.literal(id, self.typed.ty(id))
        {
            let ty = self.ty(self.typed.ty(id));
            return self.load(ty, constant);
        }
        let value = self.expr(operand);
        self.at(self.program.exprs[id].span);
        let out = self.register(value.ty);
        let (dst, src) = (out.reg, value.reg);
        self.current.emit(match (op, self.family(value)) {
            (UnaryOp::Not, _) => Op::Not { dst, src },
            (UnaryOp::Negate, Family::Decimal) => Op::NegDecimal { dst, src },
            (UnaryOp::Negate, Family::Float) => Op::NegFloat { dst, src },
            (UnaryOp::Negate, _) => Op::NegInt { dst, src },
        });
        out
    }

    pub(super) fn binary(&mut self, id: ExprId, op: BinaryOp, left: ExprId, right: ExprId) -> Value {
        match op {
            BinaryOp::And => self.short_circuit(left, right, false),
            BinaryOp::Or => self.short_circuit(left, right, true),
            BinaryOp::Coalesce => self.coalesce(id, left, right),
            BinaryOp::In => self.contained(left, right),
            // What goes over a range, or looks into it, takes it apart; elsewhere the checker has refused it.
            BinaryOp::Range => self.null(),
            BinaryOp::Equal => self.equals(left, right),
            BinaryOp::NotEqual => {
                let equal = self.equals(left, right);
                self.not(equal)
            }
            BinaryOp::Less | BinaryOp::LessEqual | BinaryOp::Greater | BinaryOp::GreaterEqual => {
                let (a, b) = (self.expr(left), self.expr(right));
                let swap = matches!(op, BinaryOp::Greater | BinaryOp::GreaterEqual);
                let (a, b) = if swap { (b, a) } else { (a, b) };
                self.compare(a, b, matches!(op, BinaryOp::Less | BinaryOp::Greater))
            }
            BinaryOp::Add
            | BinaryOp::Subtract
            | BinaryOp::Multiply
            | BinaryOp::Divide
            | BinaryOp::Remainder
            | BinaryOp::WholeDivide => {
                let (a, b) = (self.expr(left), self.expr(right));
                self.at(self.program.exprs[id].span);
                self.arithmetic(op, a, b)
            }
        }
    }

    fn family(&self, value: Value) -> Family {
        match self.plan.types.get(self.plan.types.open_secret(value.ty)) {
            Type::Int | Type::Duration | Type::Timestamp | Type::Date | Type::Bool => Family::Whole,
            Type::Decimal => Family::Decimal,
            Type::Float => Family::Float,
            Type::String | Type::Url => Family::Text,
            Type::Literals(_) if self.plan.types.is_handle(value.ty) => Family::Text,
            Type::Literals(_) => Family::Whole,
            _ => Family::Other,
        }
    }

    fn arithmetic(&mut self, op: BinaryOp, left: Value, right: Value) -> Value {
        let (mut left, mut right) = (left, right);
        if op == BinaryOp::Divide && self.family(left) == Family::Whole {
            // Division of ints gives a decimal.
            left = self.int_to_decimal(left);
            right = self.int_to_decimal(right);
        }
        let family = self.family(left);
        let out = self.register(left.ty);
        let (dst, a, b) = (out.reg, left.reg, right.reg);
        self.current.emit(match (op, family) {
            (BinaryOp::Add, Family::Decimal) => Op::AddDecimal { dst, a, b },
            (BinaryOp::Add, Family::Float) => Op::AddFloat { dst, a, b },
            (BinaryOp::Add, _) => Op::AddInt { dst, a, b },
            (BinaryOp::Subtract, Family::Decimal) => Op::SubDecimal { dst, a, b },
            (BinaryOp::Subtract, Family::Float) => Op::SubFloat { dst, a, b },
            (BinaryOp::Subtract, _) => Op::SubInt { dst, a, b },
            (BinaryOp::Multiply, Family::Decimal) => Op::MulDecimal { dst, a, b },
            (BinaryOp::Multiply, Family::Float) => Op::MulFloat { dst, a, b },
            (BinaryOp::Multiply, _) => Op::MulInt { dst, a, b },
            (BinaryOp::Divide, Family::Float) => Op::DivFloat { dst, a, b },
            (BinaryOp::Divide, _) => Op::DivDecimal { dst, a, b },
            (BinaryOp::Remainder, Family::Decimal) => Op::RemDecimal { dst, a, b },
            (BinaryOp::Remainder, _) => Op::RemInt { dst, a, b },
            (_, _) => Op::DivInt { dst, a, b },
        });
        out
    }

    fn int_to_decimal(&mut self, value: Value) -> Value {
        let out = self.register_as(Type::Decimal);
        self.current.emit(Op::IntToDecimal { dst: out.reg, src: value.reg });
        out
    }

    /// `a < b`, or `a <= b`.
    pub(crate) fn compare(&mut self, left: Value, right: Value, strict: bool) -> Value {
        let family = self.family(left);
        let out = self.register_as(Type::Bool);
        let (dst, a, b) = (out.reg, left.reg, right.reg);
        self.current.emit(match (family, strict) {
            (Family::Decimal, true) => Op::LtDecimal { dst, a, b },
            (Family::Decimal, false) => Op::LeDecimal { dst, a, b },
            (Family::Float, true) => Op::LtFloat { dst, a, b },
            (Family::Float, false) => Op::LeFloat { dst, a, b },
            (Family::Text, true) => Op::LtText { dst, a, b },
            (Family::Text, false) => Op::LeText { dst, a, b },
            (_, true) => Op::LtInt { dst, a, b },
            (_, false) => Op::LeInt { dst, a, b },
        });
        out
    }

    fn equals(&mut self, left: ExprId, right: ExprId) -> Value {
        // A comparison with `null` asks whether the other side is null.
        for (null, other) in [(left, right), (right, left)] {
            if matches!(*self.typed.types.structure(self.typed.ty(null)), TyKind::Null) {
                let value = self.expr_before_coercion(other);
                return match self.plan.types.get(value.ty) {
                    Type::Optional(_) | Type::Json => self.is_null(value),
                    Type::Null => self.load_bool(true),
                    _ => self.load_bool(false),
                };
            }
        }
        let (a, b) = (self.expr(left), self.expr(right));
        self.equal_values(a, b)
    }

    /// The value without the conversion noted for its place: `x == null` looks at `x` as it is.
    fn expr_before_coercion(&mut self, id: ExprId) -> Value {
        if let flow_hir::ExprKind::Local(local) = self.program.exprs[id].kind {
            return self.local(local);
        }
        self.expr(id)
    }

    /// Whether two values are equal. One side may be optional where the other is not.
    pub(crate) fn equal_values(&mut self, left: Value, right: Value) -> Value {
        let (left, right) = self.balance(left, right);
        let family = self.family(left);
        let out = self.register_as(Type::Bool);
        let (dst, a, b) = (out.reg, left.reg, right.reg);
        self.current.emit(match family {
            Family::Whole => Op::EqInt { dst, a, b },
            Family::Decimal => Op::EqDecimal { dst, a, b },
            Family::Float => Op::EqFloat { dst, a, b },
            Family::Text => Op::EqText { dst, a, b },
            Family::Other => Op::Eq { dst, a, b, of: left.ty },
        });
        out
    }

    fn balance(&mut self, left: Value, right: Value) -> (Value, Value) {
        let optional =
            |context: &Self, value: Value| matches!(context.plan.types.get(value.ty), Type::Optional(_));
        match (optional(self, left), optional(self, right)) {
            (true, false) => {
                let wrapped = self.register(left.ty);
                self.some(wrapped, right);
                (left, wrapped)
            }
            (false, true) => {
                let wrapped = self.register(right.ty);
                self.some(wrapped, left);
                (wrapped, right)
            }
            _ => (left, right),
        }
    }

    pub(crate) fn not(&mut self, value: Value) -> Value {
        let out = self.register_as(Type::Bool);
        self.current.emit(Op::Not { dst: out.reg, src: value.reg });
        out
    }

    /// `a && b` (`stop` is false), `a || b` (`stop` is true).
    fn short_circuit(&mut self, left: ExprId, right: ExprId, stop: bool) -> Value {
        let out = self.register_as(Type::Bool);
        let done = self.current.label();
        let first = self.expr(left);
        self.assign(out, first);
        if stop {
            self.current.jump_if(out.reg, done)
        } else {
            self.current.jump_if_not(out.reg, done)
        }
        let second = self.expr(right);
        self.assign(out, second);
        self.current.bind(done);
        out
    }

    fn coalesce(&mut self, id: ExprId, left: ExprId, right: ExprId) -> Value {
        let first = self.expr(left);
        let out = self.register_of(self.typed.ty(id));
        if !matches!(self.plan.types.get(first.ty), Type::Optional(_) | Type::Json | Type::Null) {
            self.some(out, first);
            return out;
        }
        let (null, done) = (self.current.label(), self.current.label());
        let absent = self.is_null(first);
        self.current.jump_if(absent.reg, null);
        let result_is_optional = matches!(self.plan.types.get(out.ty), Type::Optional(_));
        let present = if result_is_optional { first } else { self.unwrap(first) };
        self.some(out, present);
        self.current.jump(done);
        self.current.bind(null);
        let second = self.expr(right);
        self.some(out, second);
        self.current.bind(done);
        out
    }

    /// `a in b`, for ranges, lists and maps.
    fn contained(&mut self, left: ExprId, right: ExprId) -> Value {
        if let flow_hir::ExprKind::Binary { op: BinaryOp::Range, left: low, right: high, .. } =
            self.program.exprs[right].kind
        {
            let value = self.expr(left);
            let (low, high) = (self.expr(low), self.expr(high));
            let above = self.compare(low, value, false);
            let below = self.compare(value, high, false);
            // Both sides are cheap and cannot fail, so both are computed.
            let out = self.register_as(Type::Bool);
            let done = self.current.label();
            self.assign(out, above);
            self.current.jump_if_not(out.reg, done);
            self.assign(out, below);
            self.current.bind(done);
            return out;
        }
        let value = self.expr(left);
        let container = self.expr(right);
        self.contains(container, value, self.value_ty(right))
    }

    /// Whether a list holds a value, or a map a key.
    pub(crate) fn contains(&mut self, container: Value, value: Value, ty: Ty) -> Value {
        if let TyKind::Map(inner) = *self.typed.types.structure(ty) {
            // What may be null itself tells nothing of its key.
            if self.typed.types.is_nullable(inner) {
                let keys = self.map_keys(container);
                return self.list_contains(keys, value);
            }
            let optional = self.typed.types.optional(inner);
            let found = self.register_of(optional);
            let of = container.ty;
            self.current.emit(Op::MapGet { dst: found.reg, map: container.reg, key: value.reg, of });
            let absent = self.is_null(found);
            return self.not(absent);
        }
        self.list_contains(container, value)
    }

    fn list_contains(&mut self, container: Value, value: Value) -> Value {
        let out = self.load_bool(false);
        let yes = self.load_bool(true);
        let walk = self.begin_walk(container);
        let equal = self.equal_values(walk.item, value);
        let next = self.current.label();
        self.current.jump_if_not(equal.reg, next);
        self.assign(out, yes);
        self.current.jump(walk.exit());
        self.current.bind(next);
        self.end_walk(walk);
        out
    }

    /// `dst = dst + value`, by the type.
    pub(crate) fn add_to(&mut self, sum: Value, value: Value) {
        let (dst, a, b): (Reg, Reg, Reg) = (sum.reg, sum.reg, value.reg);
        self.current.emit(match self.family(sum) {
            Family::Decimal => Op::AddDecimal { dst, a, b },
            Family::Float => Op::AddFloat { dst, a, b },
            _ => Op::AddInt { dst, a, b },
        });
    }
}
