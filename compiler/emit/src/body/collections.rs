//! Methods that sort, group, pair and go over maps: loops in place, with a library function where one is due.

use flow_check::{MethodCall, ParamValue, Ty};
use flow_hir::ExprKind;
use flow_plan::op::Builtin;
use flow_plan::{Op, Type, TypeId};

use crate::builder::Value;
use crate::context::Context;

impl Context<'_> {
    /// What the lambda of a call gives for each element, as a list.
    fn keys_of(&mut self, call: &MethodCall, receiver: Value) -> Option<Value> {
        let Some(ParamValue::Given(lambda)) = call.arguments.first() else { return None };
        let ExprKind::Lambda { body, .. } = &self.program.exprs[*lambda].kind else { return None };
        let key = self.typed.coercions.get(*body).map_or(self.typed.ty(*body), |coerced| coerced.to);
        let key = self.ty(key);
        let ty = self.intern(Type::List(key));
        let keys = self.empty_list(ty);
        let walk = self.begin_walk(receiver);
        let made = self.apply(call, 0, &[walk.item]);
        self.push(keys, made);
        self.end_walk(walk);
        Some(keys)
    }

    /// The elements in the order of their keys, equal ones in their own.
    pub(super) fn sort_by(&mut self, call: &MethodCall, receiver: Value, result: Ty) -> Value {
        let ty = self.ty(result);
        let Some(keys) = self.keys_of(call, receiver) else { return self.empty_list(ty) };
        let int = self.intern(Type::Int);
        let indices = self.intern(Type::List(int));
        let order = self.library(Builtin::ListOrder, indices, &[keys]);
        let out = self.empty_list(ty);
        let walk = self.begin_walk(order);
        let item = self.item_at(receiver, walk.item);
        self.push(out, item);
        self.end_walk(walk);
        out
    }

    /// The elements by their keys, both in the order in which they come first.
    pub(super) fn group_by(&mut self, call: &MethodCall, receiver: Value, result: Ty) -> Value {
        let ty = self.ty(result);
        match self.keys_of(call, receiver) {
            Some(keys) => self.library(Builtin::ListGroup, ty, &[receiver, keys]),
            None => self.null(),
        }
    }

    /// The elements of both lists in pairs, as far as the shorter one goes.
    pub(super) fn zip(&mut self, call: &MethodCall, receiver: Value, result: Ty) -> Value {
        let ty = self.ty(result);
        let other = self.argument(call, 0);
        let out = self.empty_list(ty);
        let length = self.register_as(Type::Int);
        self.current.emit(Op::Len { dst: length.reg, list: other.reg });
        let walk = self.begin_walk(receiver);
        let within = self.compare(walk.index(), length, true);
        self.current.jump_if_not(within.reg, walk.exit());
        let second = self.item_at(other, walk.index());
        let parts = vec![("first".to_owned(), walk.item), ("second".to_owned(), second)];
        let pair = self.record_of(self.element_type(ty), parts);
        self.push(out, pair);
        self.end_walk(walk);
        out
    }

    /// The values of a map, or its keys with them, in insertion order.
    pub(super) fn map_items(&mut self, receiver: Value, result: Ty, entries: bool) -> Value {
        let ty = self.ty(result);
        if !entries {
            return self.map_parts(receiver, ty).1;
        }
        let Type::Map(held) = *self.plan.types.get(self.plan.types.open_secret(receiver.ty)) else {
            return self.empty_list(ty);
        };
        let list = self.intern(Type::List(held));
        let (keys, values) = self.map_parts(receiver, list);
        let out = self.empty_list(ty);
        let walk = self.begin_walk(keys);
        let value = self.item_at(values, walk.index());
        let parts = vec![("key".to_owned(), walk.item), ("value".to_owned(), value)];
        let made = self.record_of(self.element_type(ty), parts);
        self.push(out, made);
        self.end_walk(walk);
        out
    }

    /// The keys of a map, and its values in a list of the type.
    pub(super) fn map_parts(&mut self, map: Value, list: TypeId) -> (Value, Value) {
        let keys = self.map_keys(map);
        let out = self.empty_list(list);
        let held = self.element_type(list);
        let optional = match self.plan.types.get(held) {
            Type::Optional(_) | Type::Json | Type::Null => held,
            _ => self.intern(Type::Optional(held)),
        };
        let walk = self.begin_walk(keys);
        let found = self.register(optional);
        let (dst, map, key, of) = (found.reg, map.reg, walk.item.reg, map.ty);
        self.current.emit(Op::MapGet { dst, map, key, of });
        let value = if optional == held { found } else { self.unwrap(found) };
        self.push(out, value);
        self.end_walk(walk);
        (keys, out)
    }

    /// The keys of a map.
    pub(super) fn map_keys(&mut self, map: Value) -> Value {
        let string = self.intern(Type::String);
        let texts = self.intern(Type::List(string));
        self.library(Builtin::MapKeys, texts, &[map])
    }

    fn item_at(&mut self, list: Value, index: Value) -> Value {
        let item = self.register(self.element_type(list.ty));
        let slots = self.plan.types.width(item.ty);
        self.current.emit(Op::Item { dst: item.reg, list: list.reg, index: index.reg, slots });
        item
    }

    fn element_type(&self, list: TypeId) -> TypeId {
        match self.plan.types.get(self.plan.types.open_secret(list)) {
            Type::List(inner) => *inner,
            _ => TypeId(0),
        }
    }
}
