//! Expressions: literals, names, records, lists, fields; everything else is sent on to its file.

use std::sync::Arc;

use flow_check::{Coercion, RecordField, Ty, TyKind};
use flow_hir::{Argument, ExprId, ExprKind, ListItem, MapEntry, Name, RecordItem, Recorded, TemplatePart};
use flow_plan::op::Builtin;
use flow_plan::{Field, Op, Purity, Type, TypeId};
use flow_source::Span;

use crate::builder::Value;
use crate::context::Context;

impl Context<'_> {
    /// The value of an expression, converted for the place where it stands.
    pub(crate) fn expr(&mut self, id: ExprId) -> Value {
        if let Some(value) = self.converted_literal(id) {
            return value;
        }
        let value = self.plain(id);
        if self.typed.ty(id) == Ty::NEVER {
            // Most of what never has a value ends in a jump; a race of which no branch can succeed does not.
            self.current.emit(Op::Unreachable {});
        }
        let value = if self.typed.narrowed.contains(id) { self.unwrap(value) } else { value };
        self.coerced(id, value)
    }

    fn plain(&mut self, id: ExprId) -> Value {
        let span = self.program.exprs[id].span;
        self.at(span);
        let program = self.program;
        match &program.exprs[id].kind {
            ExprKind::Missing | ExprKind::Null => self.null(),
            ExprKind::Absent => self.absent(),
            ExprKind::Bool(_)
            | ExprKind::Int(_)
            | ExprKind::Decimal(_)
            | ExprKind::Float(_)
            | ExprKind::Duration(_)
            | ExprKind::Timestamp(_)
            | ExprKind::Date(_)
            | ExprKind::String(_) => self.literal_value(id, span),
            ExprKind::Template(parts) => self.template(parts),
            ExprKind::List(items) => self.list_literal(id, items),
            ExprKind::Record(items) => self.record_literal(id, items),
            ExprKind::Map(entries) => self.map_literal(id, entries),
            ExprKind::Local(local) => self.read_local(*local),
            ExprKind::Config(entry) => self.read_config(*entry, id),
            ExprKind::Field { base, name, optional } => self.read_field(id, *base, name, *optional),
            ExprKind::Index { base, index } => self.index(id, *base, *index),
            ExprKind::Unary { op, operand } => self.unary(id, *op, *operand),
            ExprKind::Binary { op, left, right, .. } => self.binary(id, *op, *left, *right),
            ExprKind::As { value, .. } => self.cast(id, *value, span),
            ExprKind::If { condition, then, otherwise } => self.if_else(id, *condition, *then, *otherwise),
            ExprKind::Match { value, arms, .. } => self.match_arms(id, *value, arms),
            ExprKind::Block(block) => self.block(block),
            ExprKind::Parallel { settled, branches, .. } => self.parallel(id, *settled, branches),
            ExprKind::Race { count, branches, .. } => self.race(id, *count, branches),
            ExprKind::ForBranches { pattern, iterable, race, count, body, .. } => {
                self.for_branches(id, pattern, *iterable, (*race, *count), *body)
            }
            ExprKind::CallOperation { operation, compensation, .. } => {
                self.call_operation(id, *operation, compensation.as_ref())
            }
            ExprKind::CallFunction { function, .. } => self.call_function(id, *function),
            ExprKind::CallMethod { receiver, optional, .. } => self.call_method(id, *receiver, *optional),
            ExprKind::Recorded { what, arguments } => self.recorded(*what, arguments, span),
            ExprKind::Fail { error, because } => self.fail(*error, *because, span),
            ExprKind::Return { value } => self.return_value(*value),
            ExprKind::Break => self.leave_loop(true),
            ExprKind::Continue => self.leave_loop(false),
            ExprKind::For { pattern, iterable, pages: Some(_), body, .. } => {
                self.for_pages(pattern, *iterable, *body)
            }
            ExprKind::For { pattern, iterable, body, .. } => self.for_loop(pattern, *iterable, *body),
            ExprKind::While { condition, body, .. } => self.while_loop(*condition, *body),
            ExprKind::Saga { body, .. } => self.saga(*body),
            ExprKind::Commit => {
                self.current.emit(Op::Commit {});
                self.null()
            }
            ExprKind::Undo { cause, body, .. } => self.undo_statement(*cause, *body, span),
            ExprKind::Try { body, catches, finally, .. } => self.try_catch(id, *body, catches, *finally),
            ExprKind::Within { duration, body, .. } => self.within(*duration, *body),
            ExprKind::Sleep { duration, until } => self.sleep(*duration, *until, span),
            ExprKind::Log { message } => self.log(*message),
            ExprKind::Error { error, fields, .. } => self.error_value(*error, *fields),
            ExprKind::Case { name, fields, .. } => self.case_value(id, name, *fields),
            ExprKind::CallWorkflow { workflow, compensation, detached, .. } => {
                self.call_workflow(id, *workflow, compensation.as_ref(), *detached)
            }
            ExprKind::Execution { field } => self.execution(&field.text),
            ExprKind::Report { value } => self.report(*value, span),
            ExprKind::Receive { source, it, guard, within, .. } => {
                self.receive(id, *source, *it, *guard, *within)
            }
            ExprKind::Callback { ty } => self.callback(id, ty),
            ExprKind::Poll { every, within, body, it, until, .. } => {
                self.poll(*every, *within, *body, *it, *until)
            }
            // A lambda is made where the method that takes it is made; elsewhere the checker has refused it.
            ExprKind::Lambda { .. } => self.null(),
        }
    }

    /// A literal number that stands where another kind of number is due is a constant of that kind.
    fn converted_literal(&mut self, id: ExprId) -> Option<Value> {
        let coerced = self.typed.coercions.get(id)?;
        if !matches!(coerced.how, Coercion::IntToDecimal | Coercion::IntToFloat) {
            return None;
        }
        let constant = self.literal(id, coerced.to)?;
        let ty = self.ty(coerced.to);
        Some(self.load(ty, constant))
    }

    /// Reports what is not built, and gives a register of the right type so that the rest can be looked at.
    pub(crate) fn absent_feature(&mut self, id: ExprId, what: &str, help: &str) -> Value {
        self.not_built(self.program.exprs[id].span, what, help);
        self.register_of(self.typed.ty(id))
    }

    fn literal_value(&mut self, id: ExprId, span: Span) -> Value {
        let ty = self.typed.ty(id);
        match self.literal(id, ty) {
            Some(constant) => {
                let ty = self.ty(ty);
                self.load(ty, constant)
            }
            None => {
                self.not_built(span, "a literal of this type", "write it in another form");
                self.register_of(ty)
            }
        }
    }

    fn template(&mut self, parts: &[TemplatePart]) -> Value {
        let mut registers = Vec::with_capacity(parts.len());
        for part in parts {
            let value = match part {
                TemplatePart::Text(text) => self.load_text(text),
                TemplatePart::Expr(expr) => {
                    let value = self.expr(*expr);
                    self.text_of(value)
                }
            };
            registers.push(value.reg);
        }
        let parts = self.current.list(registers);
        let out = self.register_as(Type::String);
        self.current.emit(Op::Concat { dst: out.reg, parts });
        out
    }

    /// A value as interpolation writes it.
    pub(crate) fn text_of(&mut self, value: Value) -> Value {
        if *self.plan.types.get(value.ty) == Type::String {
            return value;
        }
        let out = self.register_as(Type::String);
        self.current.emit(Op::ToText { dst: out.reg, src: value.reg, of: value.ty });
        out
    }

    fn list_literal(&mut self, id: ExprId, items: &[ListItem]) -> Value {
        let ty = self.ty(self.typed.ty(id));
        let spreads = items.iter().any(|item| matches!(item, ListItem::Spread(_)));
        if !spreads {
            let values: Vec<_> = items.iter().map(|item| self.expr(item_expr(item)).reg).collect();
            let items = self.current.list(values);
            let out = self.register(ty);
            self.current.emit(Op::List { dst: out.reg, of: ty, items });
            return out;
        }
        if self.typed.ty(id) == Ty::NEVER {
            // Of what is spread there is never a value: nothing tells what the list holds.
            for item in items {
                self.expr(item_expr(item));
            }
            return self.never();
        }
        // Only the list's own register holds it while it grows.
        let whole = self.empty_list(ty);
        for item in items {
            let value = self.expr(item_expr(item));
            match item {
                ListItem::Item(_) => self.push(whole, value),
                ListItem::Spread(_) => {
                    let walk = self.begin_walk(value);
                    self.push(whole, walk.item);
                    self.end_walk(walk);
                }
            }
        }
        whole
    }

    fn record_literal(&mut self, id: ExprId, items: &[RecordItem]) -> Value {
        let checked = self.typed.types.substitute(self.typed.ty(id), &self.arguments);
        if items.is_empty() && matches!(*self.typed.types.structure(checked), TyKind::Map(_)) {
            return self.map_literal(id, &[]);
        }
        let fields = self.typed.types.fields(checked).unwrap_or_default();
        let keeps = |context: &Self, name: &str| {
            fields.iter().any(|field| *field.name == *name && field.keeps_absence(&context.typed.types))
        };
        // Of each field its value, and whether it is there, where the record keeps that.
        let mut given: Vec<(&str, Value, Option<Value>)> = Vec::new();
        let sources: Vec<_> = items
            .iter()
            .map(|item| match item {
                RecordItem::Spread(expr) => self.typed.types.fields(self.value_ty(*expr)).unwrap_or_default(),
                RecordItem::Field { .. } => Arc::default(),
            })
            .collect();
        for (item, source) in items.iter().zip(&sources) {
            match item {
                RecordItem::Field { name, value } => {
                    let present = keeps(self, &name.text).then(|| self.load_bool(true));
                    let before = std::mem::replace(&mut self.presence, present);
                    let value = self.expr(*value);
                    self.presence = before;
                    put(&mut given, (&name.text, value, present));
                }
                RecordItem::Spread(expr) => {
                    let record = self.expr(*expr);
                    for field in source.iter() {
                        let value = self.field(record, &field.name);
                        let present =
                            keeps(self, &field.name).then(|| self.presence_in(record, field, value));
                        put(&mut given, (&field.name, value, present));
                    }
                }
            }
        }
        let mut parts: Vec<(String, Value)> = Vec::new();
        for field in fields.iter() {
            let known = given.iter().find(|(name, ..)| *name == &*field.name);
            // What an optional field of the type has no entry for is absent.
            let (value, present) = known.map_or((None, None), |(_, value, present)| (Some(*value), *present));
            let value = value.unwrap_or_else(|| {
                let value = self.register_of(field.read(&self.typed.types));
                self.set_null(value);
                value
            });
            parts.push((field.name.to_string(), value));
            if keeps(self, &field.name) {
                let present = present.unwrap_or_else(|| self.load_bool(false));
                parts.push((presence_name(&field.name), present));
            }
        }
        let ty = self.ty(checked);
        self.record_of(ty, parts)
    }

    /// `absent`: null for whoever reads it, and the record keeps that the field is not there.
    fn absent(&mut self) -> Value {
        if let Some(present) = self.presence {
            let absent = self.load_bool(false);
            self.assign(present, absent);
        }
        self.null()
    }

    /// Whether a field of a record is there, whose value is read already.
    pub(super) fn presence_in(&mut self, record: Value, field: &RecordField, value: Value) -> Value {
        if field.keeps_absence(&self.typed.types) {
            return self.field(record, &presence_name(&field.name));
        }
        if !field.optional {
            return self.load_bool(true);
        }
        let absent = self.is_null(value);
        self.not(absent)
    }

    /// `Created { id }`.
    fn case_value(&mut self, id: ExprId, name: &Name, fields: ExprId) -> Value {
        let ty = self.ty(self.typed.ty(id));
        let parts = self.expr(fields);
        let out = self.register(ty);
        if let Some((case, _)) = self.case_of(ty, &name.text) {
            self.current.emit(Op::Case { dst: out.reg, of: ty, case, fields: parts.reg });
        }
        out
    }

    fn map_literal(&mut self, id: ExprId, entries: &[MapEntry]) -> Value {
        let ty = self.ty(self.typed.ty(id));
        let mut registers = Vec::with_capacity(entries.len() * 2);
        for entry in entries {
            registers.push(self.expr(entry.key).reg);
            registers.push(self.expr(entry.value).reg);
        }
        let entries = self.current.list(registers);
        let out = self.register(ty);
        self.current.emit(Op::Map { dst: out.reg, of: ty, entries });
        out
    }

    fn read_local(&mut self, local: flow_hir::LocalId) -> Value {
        let value = self.local(local);
        if !self.program.locals[local].mutable() {
            return value;
        }
        // A variable may be assigned before the value is used.
        let copy = self.register(value.ty);
        self.assign(copy, value);
        copy
    }

    fn read_config(&mut self, entry: flow_hir::ConfigId, id: ExprId) -> Value {
        let entry = self.config_entry(entry);
        if let Some(config) = self.plan.config.get_mut(entry.index()) {
            config.pinned = true;
        }
        let out = self.register_of(self.typed.ty(id));
        self.current.emit(Op::Config { dst: out.reg, entry });
        out
    }

    fn read_field(&mut self, id: ExprId, base: ExprId, name: &Name, optional: bool) -> Value {
        let base_ty = self.value_ty(base);
        match &*self.typed.types.structure(self.inside(base_ty)) {
            TyKind::ErrorValue(error) => {
                return self.field_of_error(id, base, Some(*error), name, optional);
            }
            TyKind::AnyError => return self.field_of_error(id, base, None, name, optional),
            _ => {}
        }
        if let Some(value) = self.run_field(id, base, name) {
            return value;
        }
        let record = self.expr(base);
        if !optional || !self.typed.types.is_nullable(base_ty) {
            return self.field(record, &name.text);
        }
        let out = self.register_of(self.typed.narrowed.get(id).copied().unwrap_or(self.typed.ty(id)));
        self.unless_null(record, out, |context, present| context.field(present, &name.text))
    }

    /// What a function makes of a value that is not null; null where it is null.
    pub(crate) fn unless_null(
        &mut self,
        value: Value,
        out: Value,
        make: impl FnOnce(&mut Self, Value) -> Value,
    ) -> Value {
        let (null, done) = (self.current.label(), self.current.label());
        let absent = self.is_null(value);
        self.current.jump_if(absent.reg, null);
        let present = self.unwrap(value);
        let made = make(self, present);
        self.some(out, made);
        self.current.jump(done);
        self.current.bind(null);
        self.set_null(out);
        self.current.bind(done);
        out
    }

    fn index(&mut self, id: ExprId, base: ExprId, index: ExprId) -> Value {
        let container = self.expr(base);
        let key = self.expr(index);
        self.at(self.program.exprs[id].span);
        match *self.typed.types.structure(self.value_ty(base)) {
            TyKind::List(_) => {
                let out = self.register_of(self.typed.ty(id));
                let slots = self.plan.types.width(out.ty);
                self.current.emit(Op::Item { dst: out.reg, list: container.reg, index: key.reg, slots });
                out
            }
            TyKind::Map(inner) => {
                let optional = self.typed.types.optional(inner);
                let out = self.register_of(optional);
                let of = container.ty;
                self.current.emit(Op::MapGet { dst: out.reg, map: container.reg, key: key.reg, of });
                out
            }
            _ => {
                let out = self.register_as(Type::Json);
                let (dst, src) = (out.reg, container.reg);
                if self.typed.types.same(self.value_ty(index), Ty::INT) {
                    self.current.emit(Op::JsonItem { dst, src, index: key.reg });
                } else {
                    self.current.emit(Op::JsonMember { dst, src, key: key.reg });
                }
                out
            }
        }
    }

    fn recorded(&mut self, what: Recorded, arguments: &[Argument], span: Span) -> Value {
        match what {
            Recorded::Now => {
                let out = self.register_as(Type::Timestamp);
                self.current.emit(Op::Now { dst: out.reg });
                out
            }
            Recorded::Uuid => {
                let out = self.register_as(Type::Uuid);
                self.current.emit(Op::NewUuid { dst: out.reg });
                out
            }
            Recorded::Random => {
                let out = self.register_as(Type::Float);
                self.current.emit(Op::Random { dst: out.reg });
                out
            }
            Recorded::Today => {
                let zone = match arguments.first() {
                    Some(zone) => self.expr(zone.value),
                    None => self.load_text("UTC"),
                };
                self.at(span);
                let out = self.register_as(Type::Date);
                self.current.emit(Op::Today { dst: out.reg, zone: zone.reg });
                out
            }
        }
    }

    /// The result of a library function.
    pub(crate) fn library(&mut self, builtin: Builtin, ty: TypeId, args: &[Value]) -> Value {
        let args = self.current.list(args.iter().map(|value| value.reg).collect());
        let out = self.register(ty);
        self.current.emit(Op::Library { dst: out.reg, builtin, args });
        out
    }

    /// Whether the present function may wait.
    pub(crate) fn is_flow(&self) -> bool {
        self.current.purity == Purity::Flow
    }
}

/// Gives a record's field its value, in place of the one that it had.
fn put<'n>(given: &mut Vec<(&'n str, Value, Option<Value>)>, field: (&'n str, Value, Option<Value>)) {
    match given.iter_mut().find(|(known, ..)| *known == field.0) {
        Some(known) => *known = field,
        None => given.push(field),
    }
}

/// The name of the field that says whether another one is there.
pub(super) fn presence_name(name: &str) -> String {
    Field::presence(name, TypeId(0)).name
}

fn item_expr(item: &ListItem) -> ExprId {
    match item {
        ListItem::Item(expr) | ListItem::Spread(expr) => *expr,
    }
}
