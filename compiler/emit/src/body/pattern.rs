//! Patterns: of `let`, which always fit, and of `match`, which are tested.

use flow_hir::{Literal, LiteralKind, Pattern, PatternKind, RecordPattern};
use flow_plan::op::Builtin;
use flow_plan::{Op, Type, TypeId};

use super::expression::presence_name;
use crate::builder::{Label, Value};
use crate::constant;
use crate::context::Context;

impl Context<'_> {
    /// Binds the names of a pattern that always fits; a list of another length is error `range`.
    pub(crate) fn bind_pattern(&mut self, pattern: &Pattern, value: Value) {
        self.test_pattern(pattern, value, None);
    }

    /// Tests a value against a pattern and binds its names; goes to the label where it does not fit.
    pub(crate) fn test_pattern(&mut self, pattern: &Pattern, value: Value, misfit: Option<Label>) {
        if !self.current.is_reachable() {
            // The value never comes, so that nothing is known of its form; code that is dropped reads the names.
            pattern.for_each_local(&mut |local| {
                let value = self.register_of(self.typed.local(local));
                self.bind_local(local, value);
            });
            return;
        }
        match &pattern.kind {
            PatternKind::Missing | PatternKind::Wildcard => {}
            PatternKind::Bind(local) => self.bind_value(*local, value),
            PatternKind::Literal(literal) => {
                if let Some(misfit) = misfit {
                    let fits = self.fits(literal, value, misfit);
                    self.current.jump_if_not(fits.reg, misfit);
                }
            }
            PatternKind::Record(fields) => {
                let record = self.present(value, misfit);
                self.test_fields(fields, record, misfit);
            }
            PatternKind::List { items, rest } => self.test_list(items, *rest, value, misfit),
            PatternKind::Or(patterns) => {
                let fits = self.current.label();
                for (index, pattern) in patterns.iter().enumerate() {
                    if index + 1 == patterns.len() {
                        self.test_pattern(pattern, value, misfit);
                    } else {
                        let next = self.current.label();
                        self.test_pattern(pattern, value, Some(next));
                        self.current.jump(fits);
                        self.current.bind(next);
                    }
                }
                self.current.bind(fits);
            }
            PatternKind::Case { name, fields, binding, .. } => {
                let value = self.present(value, misfit);
                let Some((case, record)) = self.case_of(value.ty, &name.text) else { return };
                if let Some(misfit) = misfit {
                    let fits = self.register_as(Type::Bool);
                    self.current.emit(Op::IsCase { dst: fits.reg, src: value.reg, case });
                    self.current.jump_if_not(fits.reg, misfit);
                }
                if binding.is_none() && fields.is_empty() {
                    return;
                }
                let held = self.held.contains(&self.plan.types.open_secret(value.ty));
                let mut parts = self.register(record);
                self.current.emit(Op::CaseFields { dst: parts.reg, src: value.reg, case });
                if held {
                    parts = self.held_value(parts);
                }
                if let Some(local) = binding {
                    self.bind_value(*local, parts);
                }
                self.test_fields(fields, parts, misfit);
            }
        }
    }

    /// Tests fields of a record, and binds all others to a record of their own.
    fn test_fields(&mut self, pattern: &RecordPattern, record: Value, misfit: Option<Label>) {
        for field in &pattern.fields {
            let part = self.field(record, &field.field.text);
            self.test_pattern(&field.pattern, part, misfit);
        }
        let Some(local) = pattern.rest else { return };
        let ty = self.typed.local(local);
        let mut parts = Vec::new();
        for field in self.typed.types.fields(ty).iter().flat_map(|fields| fields.iter()) {
            let value = self.field(record, &field.name);
            parts.push((field.name.to_string(), value));
            if field.keeps_absence(&self.typed.types) {
                parts.push((presence_name(&field.name), self.presence_in(record, field, value)));
            }
        }
        let ty = self.ty(ty);
        let rest = self.record_of(ty, parts);
        self.bind_value(local, rest);
    }

    /// The one value of a record.
    fn held_value(&mut self, record: Value) -> Value {
        let ty = match self.plan.types.get(record.ty) {
            Type::Record(fields) => fields.first().map(|field| field.ty),
            _ => None,
        };
        let Some(ty) = ty else { return record };
        let out = self.register(ty);
        let slots = self.plan.types.width(ty);
        self.current.emit(Op::Field { dst: out.reg, record: record.reg, offset: 0, slots });
        out
    }

    /// A case of a union, and the record of its fields.
    pub(crate) fn case_of(&self, ty: TypeId, name: &str) -> Option<(u16, TypeId)> {
        let Type::Tagged { cases, .. } = self.plan.types.get(self.plan.types.open_secret(ty)) else {
            return None;
        };
        let (index, case) = cases.iter().enumerate().find(|(_, case)| case.name == name)?;
        Some((u16::try_from(index).ok()?, case.fields))
    }

    /// A name gets a register of its own where its type says more than the value's: a narrowed one.
    fn bind_value(&mut self, local: flow_hir::LocalId, value: Value) {
        let ty = self.ty(self.typed.local(local));
        let fits = self.plan.types.same_layout(ty, value.ty);
        let mutable = self.program.locals[local].mutable();
        if fits && !mutable {
            return self.bind_local(local, value);
        }
        let own = self.register(ty);
        if matches!(self.plan.types.get(value.ty), Type::Optional(_)) && !fits {
            let present = self.unwrap(value);
            self.assign(own, present);
        } else {
            self.some(own, value);
        }
        self.bind_local(local, own);
    }

    /// The value without null; null goes to the label.
    fn present(&mut self, value: Value, misfit: Option<Label>) -> Value {
        if !matches!(self.plan.types.get(value.ty), Type::Optional(_)) {
            return value;
        }
        if let Some(misfit) = misfit {
            let absent = self.is_null(value);
            self.current.jump_if(absent.reg, misfit);
        }
        self.unwrap(value)
    }

    fn fits(&mut self, literal: &Literal, value: Value, misfit: Label) -> Value {
        if literal.kind == LiteralKind::Null {
            return match self.plan.types.get(value.ty) {
                Type::Optional(_) | Type::Json => self.is_null(value),
                Type::Null => self.load_bool(true),
                _ => self.load_bool(false),
            };
        }
        let value = self.present(value, Some(misfit));
        // A status of a response by status.
        if let LiteralKind::Int(status) = literal.kind
            && let Some((case, _)) = self.case_of(value.ty, &status.to_string())
        {
            let fits = self.register_as(Type::Bool);
            self.current.emit(Op::IsCase { dst: fits.reg, src: value.reg, case });
            return fits;
        }
        let wanted = match self.plan.types.get(value.ty) {
            Type::Literals(_) => value.ty,
            _ => self.literal_type(&literal.kind, value.ty),
        };
        let constant = match (&literal.kind, self.plan.types.get(wanted)) {
            (LiteralKind::Int(number), Type::Decimal) => {
                constant::of_literal(&LiteralKind::Decimal(number.to_string().into()))
            }
            (kind, _) => constant::of_literal(kind),
        };
        match constant {
            Some(constant) => {
                let literal = self.load(wanted, constant);
                self.equal_values(value, literal)
            }
            None => self.load_bool(false),
        }
    }

    fn literal_type(&mut self, kind: &LiteralKind, value: TypeId) -> TypeId {
        match (kind, self.plan.types.get(value)) {
            (LiteralKind::Int(_), Type::Decimal) => value,
            (LiteralKind::Bool(_), _) => self.intern(Type::Bool),
            (LiteralKind::Int(_), _) => self.intern(Type::Int),
            (LiteralKind::Decimal(_), _) => self.intern(Type::Decimal),
            (LiteralKind::String(_) | LiteralKind::Null, _) => self.intern(Type::String),
        }
    }

    fn test_list(
        &mut self,
        items: &[Pattern],
        rest: Option<Option<flow_hir::LocalId>>,
        value: Value,
        misfit: Option<Label>,
    ) {
        let list = self.present(value, misfit);
        let Type::List(inner) = *self.plan.types.get(list.ty) else { return };
        let count = i64::try_from(items.len()).unwrap_or(i64::MAX);
        let length = self.register_as(Type::Int);
        self.current.emit(Op::Len { dst: length.reg, list: list.reg });
        let wanted = self.load_int(count);
        if let Some(misfit) = misfit {
            let fits = if rest.is_some() {
                self.compare(wanted, length, false)
            } else {
                self.equal_values(length, wanted)
            };
            self.current.jump_if_not(fits.reg, misfit);
        } else if rest.is_none() {
            // A list that is too long fails as one that is too short does: by an index out of range.
            let fits = self.current.label();
            let equal = self.equal_values(length, wanted);
            self.current.jump_if(equal.reg, fits);
            let beyond = self.register(inner);
            let slots = self.plan.types.width(inner);
            self.current.emit(Op::Item { dst: beyond.reg, list: list.reg, index: length.reg, slots });
            self.current.bind(fits);
        }
        for (index, pattern) in items.iter().enumerate() {
            let index = self.load_int(i64::try_from(index).unwrap_or(i64::MAX));
            let item = self.register(inner);
            let slots = self.plan.types.width(inner);
            self.current.emit(Op::Item { dst: item.reg, list: list.reg, index: index.reg, slots });
            self.test_pattern(pattern, item, misfit);
        }
        if let Some(Some(local)) = rest {
            let skipped = self.library(Builtin::ListSkip, list.ty, &[list, wanted]);
            self.bind_value(local, skipped);
        }
    }
}
