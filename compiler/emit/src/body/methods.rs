//! Methods of the standard library: lambdas become loops in place, the rest library functions.

use flow_check::{Method, MethodCall, ParamValue, Ty};
use flow_hir::{ExprId, ExprKind};
use flow_plan::op::Builtin;
use flow_plan::{Constant, Op, Type};

use crate::builder::Value;
use crate::context::Context;

impl Context<'_> {
    pub(super) fn call_method(&mut self, id: ExprId, receiver: ExprId, optional: bool) -> Value {
        let value = self.expr(receiver);
        // Which method it is, is not known where the receiver never has a value.
        let Some(call) = self.typed.methods.get(id).cloned() else { return self.null() };
        let result = self.typed.narrowed.get(id).copied().unwrap_or(self.typed.ty(id));
        if optional && matches!(self.plan.types.get(value.ty), Type::Optional(_)) {
            let out = self.register_of(result);
            return self.unless_null(value, out, |context, present| context.method(id, &call, present));
        }
        self.method(id, &call, value)
    }

    fn method(&mut self, id: ExprId, call: &MethodCall, receiver: Value) -> Value {
        let out = call.result;
        match call.method {
            Method::ListSize => {
                let size = self.register_as(Type::Int);
                self.current.emit(Op::Len { dst: size.reg, list: receiver.reg });
                size
            }
            Method::ListMap => self.map(call, receiver, out),
            Method::ListFilter => self.filter(call, receiver, out),
            Method::ListFlatMap => self.flat_map(call, receiver, out),
            Method::ListFold => self.fold(call, receiver, out),
            Method::ListAny => self.any(call, receiver, true),
            Method::ListAll => self.any(call, receiver, false),
            Method::ListFind => self.find(call, receiver, out),
            Method::ListFirst => self.end_of(receiver, out, true),
            Method::ListLast => self.end_of(receiver, out, false),
            Method::ListSum => self.sum(receiver, out),
            Method::ListMin => self.extreme(receiver, out, true),
            Method::ListMax => self.extreme(receiver, out, false),
            Method::ListDistinct => self.distinct(call, receiver, out),
            Method::ListContains | Method::MapContains => {
                let value = self.argument(call, 0);
                self.contains(receiver, value, call.receiver)
            }
            Method::ListSortBy => self.sort_by(call, receiver, out),
            Method::ListGroupBy => self.group_by(call, receiver, out),
            Method::ListZip => self.zip(call, receiver, out),
            Method::MapValues => self.map_items(receiver, out, false),
            Method::MapEntries => self.map_items(receiver, out, true),
            Method::DateBefore => {
                let other = self.argument(call, 0);
                self.compare(receiver, other, true)
            }
            Method::DateAfter => {
                let other = self.argument(call, 0);
                self.compare(other, receiver, true)
            }
            Method::ToString => self.text_of(receiver),
            Method::ToJson => {
                let json = self.json_of(receiver, receiver.ty);
                let text = self.ty(out);
                self.library(Builtin::JsonText, text, &[json])
            }
            Method::TimestampPlus | Method::TimestampMinus => self.shifted(call, receiver),
            Method::TimestampBefore => {
                let other = self.argument(call, 0);
                self.compare(receiver, other, true)
            }
            Method::TimestampAfter => {
                let other = self.argument(call, 0);
                self.compare(other, receiver, true)
            }
            other => match builtin(other) {
                Some(builtin) => self.builtin_method(builtin, call, receiver, out),
                None => {
                    let name = other.signature().name;
                    self.absent_feature(id, &format!("the method `{name}`"), "use `for`, or another method")
                }
            },
        }
    }

    pub(super) fn argument(&mut self, call: &MethodCall, index: usize) -> Value {
        match call.arguments.get(index) {
            Some(ParamValue::Given(expr) | ParamValue::Default(expr)) => self.expr(*expr),
            _ => self.load_int(0),
        }
    }

    fn builtin_method(&mut self, builtin: Builtin, call: &MethodCall, receiver: Value, result: Ty) -> Value {
        let mut args = vec![receiver];
        let (shapes, _) = builtin.signature();
        for index in 0..shapes.len().saturating_sub(1) {
            args.push(self.argument(call, index));
        }
        let ty = self.ty(result);
        self.library(builtin, ty, &args)
    }

    /// The body of a lambda in place, its parameters bound to values.
    pub(super) fn apply(&mut self, call: &MethodCall, argument: usize, values: &[Value]) -> Value {
        let Some(ParamValue::Given(expr)) = call.arguments.get(argument) else { return self.null() };
        let ExprKind::Lambda { params, body } = &self.program.exprs[*expr].kind else { return self.null() };
        for (param, value) in params.iter().zip(values) {
            self.bind_local(*param, *value);
        }
        self.expr(*body)
    }

    fn map(&mut self, call: &MethodCall, receiver: Value, result: Ty) -> Value {
        let ty = self.ty(result);
        let out = self.empty_list(ty);
        let walk = self.begin_walk(receiver);
        let made = self.apply(call, 0, &[walk.item]);
        self.push(out, made);
        self.end_walk(walk);
        out
    }

    fn filter(&mut self, call: &MethodCall, receiver: Value, result: Ty) -> Value {
        let ty = self.ty(result);
        let out = self.empty_list(ty);
        let walk = self.begin_walk(receiver);
        let holds = self.apply(call, 0, &[walk.item]);
        let next = self.current.label();
        self.current.jump_if_not(holds.reg, next);
        self.push(out, walk.item);
        self.current.bind(next);
        self.end_walk(walk);
        out
    }

    fn flat_map(&mut self, call: &MethodCall, receiver: Value, result: Ty) -> Value {
        let ty = self.ty(result);
        let out = self.empty_list(ty);
        let walk = self.begin_walk(receiver);
        let made = self.apply(call, 0, &[walk.item]);
        let inner = self.begin_walk(made);
        self.push(out, inner.item);
        self.end_walk(inner);
        self.end_walk(walk);
        out
    }

    fn fold(&mut self, call: &MethodCall, receiver: Value, result: Ty) -> Value {
        let out = self.register_of(result);
        let initial = self.argument(call, 0);
        self.some(out, initial);
        let walk = self.begin_walk(receiver);
        let made = self.apply(call, 1, &[out, walk.item]);
        self.some(out, made);
        self.end_walk(walk);
        out
    }

    /// Whether the lambda gives `wanted` for an element; for `all` the answer is turned round.
    fn any(&mut self, call: &MethodCall, receiver: Value, wanted: bool) -> Value {
        let out = self.load_bool(!wanted);
        let found = self.load_bool(wanted);
        let walk = self.begin_walk(receiver);
        let holds = self.apply(call, 0, &[walk.item]);
        let next = self.current.label();
        if wanted {
            self.current.jump_if_not(holds.reg, next);
        } else {
            self.current.jump_if(holds.reg, next);
        }
        self.assign(out, found);
        self.current.jump(walk.exit());
        self.current.bind(next);
        self.end_walk(walk);
        out
    }

    fn find(&mut self, call: &MethodCall, receiver: Value, result: Ty) -> Value {
        let out = self.register_of(result);
        self.set_null(out);
        let walk = self.begin_walk(receiver);
        let holds = self.apply(call, 0, &[walk.item]);
        let next = self.current.label();
        self.current.jump_if_not(holds.reg, next);
        self.some(out, walk.item);
        self.current.jump(walk.exit());
        self.current.bind(next);
        self.end_walk(walk);
        out
    }

    fn end_of(&mut self, receiver: Value, result: Ty, first: bool) -> Value {
        let out = self.register_of(result);
        self.set_null(out);
        let done = self.current.label();
        let length = self.register_as(Type::Int);
        self.current.emit(Op::Len { dst: length.reg, list: receiver.reg });
        let zero = self.load_int(0);
        let holds = self.compare(zero, length, true);
        self.current.jump_if_not(holds.reg, done);
        let index = if first {
            zero
        } else {
            let one = self.load_int(1);
            let index = self.register_as(Type::Int);
            self.current.emit(Op::SubInt { dst: index.reg, a: length.reg, b: one.reg });
            index
        };
        if let Type::List(inner) = *self.plan.types.get(receiver.ty) {
            let item = self.register(inner);
            let slots = self.plan.types.width(inner);
            self.current.emit(Op::Item { dst: item.reg, list: receiver.reg, index: index.reg, slots });
            self.some(out, item);
        }
        self.current.bind(done);
        out
    }

    fn sum(&mut self, receiver: Value, result: Ty) -> Value {
        let ty = self.ty(result);
        let zero = match self.plan.types.get(ty) {
            Type::Decimal => Constant::Wide(crate::constant::decimal_slots(rust_decimal::Decimal::ZERO)),
            _ => Constant::Slot(0),
        };
        let out = self.load(ty, zero);
        let walk = self.begin_walk(receiver);
        self.add_to(out, walk.item);
        self.end_walk(walk);
        out
    }

    fn extreme(&mut self, receiver: Value, result: Ty, least: bool) -> Value {
        let out = self.register_of(result);
        self.set_null(out);
        let walk = self.begin_walk(receiver);
        let (take, next) = (self.current.label(), self.current.label());
        let absent = self.is_null(out);
        self.current.jump_if(absent.reg, take);
        let best = self.unwrap(out);
        let better =
            if least { self.compare(walk.item, best, true) } else { self.compare(best, walk.item, true) };
        self.current.jump_if_not(better.reg, next);
        self.current.bind(take);
        self.some(out, walk.item);
        self.current.bind(next);
        self.end_walk(walk);
        out
    }

    fn distinct(&mut self, call: &MethodCall, receiver: Value, result: Ty) -> Value {
        let ty = self.ty(result);
        let out = self.empty_list(ty);
        let walk = self.begin_walk(receiver);
        let known = self.contains(out, walk.item, call.receiver);
        let next = self.current.label();
        self.current.jump_if(known.reg, next);
        self.push(out, walk.item);
        self.current.bind(next);
        self.end_walk(walk);
        out
    }

    fn shifted(&mut self, call: &MethodCall, receiver: Value) -> Value {
        let by = self.argument(call, 0);
        let out = self.register(receiver.ty);
        let (dst, a, b) = (out.reg, receiver.reg, by.reg);
        self.current.emit(if call.method == Method::TimestampPlus {
            Op::AddInt { dst, a, b }
        } else {
            Op::SubInt { dst, a, b }
        });
        out
    }
}

/// The library function of a method that takes no lambda.
fn builtin(method: Method) -> Option<Builtin> {
    Some(match method {
        Method::ListTake => Builtin::ListTake,
        Method::ListSkip => Builtin::ListSkip,
        Method::ListJoin => Builtin::TextJoin,
        Method::MapSize => Builtin::MapSize,
        Method::MapKeys => Builtin::MapKeys,
        Method::StringSize => Builtin::TextSize,
        Method::StringContains => Builtin::TextContains,
        Method::StringStartsWith => Builtin::TextStartsWith,
        Method::StringEndsWith => Builtin::TextEndsWith,
        Method::StringUpper => Builtin::TextUpper,
        Method::StringLower => Builtin::TextLower,
        Method::StringTrim => Builtin::TextTrim,
        Method::StringSplit => Builtin::TextSplit,
        Method::StringReplace => Builtin::TextReplace,
        Method::IntAbs => Builtin::IntAbs,
        Method::DecimalAbs => Builtin::DecimalAbs,
        Method::DecimalRound => Builtin::DecimalRound,
        Method::DecimalFloor => Builtin::DecimalFloor,
        Method::DecimalCeil => Builtin::DecimalCeil,
        Method::FloatAbs => Builtin::FloatAbs,
        Method::FloatRound => Builtin::FloatRound,
        Method::FloatFloor => Builtin::FloatFloor,
        Method::FloatCeil => Builtin::FloatCeil,
        Method::DecimalFormat => Builtin::DecimalFormat,
        Method::StringParseInt => Builtin::TextParseInt,
        Method::StringParseDecimal => Builtin::TextParseDecimal,
        Method::StringMatches => Builtin::TextMatches,
        Method::MapMerge => Builtin::MapMerge,
        Method::OctetsBase64 => Builtin::OctetsBase64,
        Method::OctetsHex => Builtin::OctetsHex,
        Method::OctetsSha256 => Builtin::OctetsSha256,
        Method::OctetsHmac => Builtin::OctetsHmac,
        _ => return None,
    })
}
