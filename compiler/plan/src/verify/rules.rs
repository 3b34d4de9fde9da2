//! The rule of each instruction: how the types of its operands go together.
//!
//! Kinds and ids are checked before; here a register exists, and an id leads somewhere.

use super::functions::Body;
use super::{Checked, ensure};
use crate::op::{Builtin, Shape};
use crate::{ErrorId, FunctionId, ListId, Op, Purity, Reg, Response, StepId, Type, TypeId, Undo};

pub(super) fn check(body: &Body<'_>, op: &Op) -> Checked {
    let checker = body.checker;
    let plan = checker.plan;
    match *op {
        Op::Const { dst, constant } => {
            let ty = plan
                .constant(constant)
                .map(|(ty, _)| *ty)
                .ok_or_else(|| format!("there is no {constant}"))?;
            body.same(dst, ty)
        }
        Op::Move { dst, src, slots } => {
            body.pair(dst, src)?;
            body.slots(slots, dst)
        }
        Op::Null { dst, slots } => {
            body.slots(slots, dst)?;
            body.nullable(dst)
        }
        Op::SomeHandle { dst, src } => body.optional(dst, src, false),
        Op::SomeWide { dst, src, slots } => {
            body.slots(slots, src)?;
            body.optional(dst, src, true)
        }
        Op::IsNull { src, .. } => body.nullable(src),
        Op::UnwrapHandle { dst, src } => body.optional(src, dst, false),
        Op::UnwrapWide { dst, src, slots } => {
            body.slots(slots, dst)?;
            body.optional(src, dst, true)
        }
        Op::Config { dst, entry } => {
            let entry = plan.config_entry(entry).ok_or_else(|| format!("there is no {entry}"))?;
            ensure(entry.pinned, || format!("`{}` is not pinned", entry.name))?;
            if !entry.secret {
                return body.same(dst, entry.ty);
            }
            let secret = body.ty(dst)?;
            ensure(matches!(plan.types.get(secret), Type::Secret(inner) if *inner == entry.ty), || {
                format!("`{}` is a secret, and r{} is none", entry.name, dst.0)
            })
        }
        Op::AddInt { dst, a, b } | Op::SubInt { dst, a, b } => {
            body.pair(dst, a)?;
            // A moment and a length of time give a moment.
            let type_of = |reg| body.ty(reg).map(|id| plan.types.get(id));
            match (type_of(a)?, type_of(b)?) {
                (Type::Timestamp, Type::Duration) => Ok(()),
                _ => body.pair(dst, b),
            }
        }
        Op::NegInt { dst, src } => body.pair(dst, src),
        Op::EqInt { a, b, .. } | Op::LtInt { a, b, .. } | Op::LeInt { a, b, .. } => body.pair(a, b),
        Op::Eq { a, b, of, .. } => {
            body.same(a, of)?;
            body.same(b, of)
        }
        Op::CallFunction { dst, function, args } => {
            let callee = body.callee(function, Purity::Pure)?;
            body.arguments(function, body.list(args)?, &[])?;
            body.same(dst, callee.result)
        }
        Op::Return { src } => body.same(src, body.function.result),
        Op::Record { dst, of, fields } => body.record(dst, of, fields),
        Op::Field { dst, record, offset, slots } => body.field(dst, record, offset, slots),
        Op::Case { dst, of, case, fields } => {
            body.same(dst, of)?;
            body.same(fields, body.case(of, case)?)
        }
        Op::IsCase { src, case, .. } => body.case(body.ty(src)?, case).map(|_| ()),
        Op::CaseFields { dst, src, case } => body.same(dst, body.case(body.ty(src)?, case)?),
        Op::List { dst, of, items } => {
            body.same(dst, of)?;
            let item = body.item(of)?;
            body.list(items)?.iter().try_for_each(|reg| body.same(*reg, item))
        }
        Op::Push { list, item, slots } => {
            body.slots(slots, item)?;
            body.same(item, body.item(body.ty(list)?)?)
        }
        Op::Item { dst, list, slots, .. } => {
            body.slots(slots, dst)?;
            body.same(dst, body.item(body.ty(list)?)?)
        }
        Op::Map { dst, of, entries } => body.map(dst, of, entries),
        Op::MapGet { dst, map, of, .. } => {
            body.same(map, of)?;
            let Type::Map(value) = checker.open(of) else { return Err(format!("{of} is no map")) };
            let (got, value) = (body.ty(dst)?, *value);
            // What has null of its own is given as it is.
            let fits = match plan.types.get(value) {
                Type::Json | Type::Null => checker.alike(got, value),
                _ => {
                    let value = checker.inner(value).unwrap_or(value);
                    checker.inner(got).is_some_and(|got| checker.alike(got, value))
                }
            };
            ensure(fits, || "the value is of another type".to_owned())
        }
        Op::Concat { parts, .. } => {
            body.list(parts)?.iter().try_for_each(|reg| body.shape(*reg, Shape::Text, None))
        }
        Op::ToText { src, of, .. } | Op::ToJson { src, of, .. } => body.same(src, of),
        Op::FromJson { dst, of, .. } => body.same(dst, of),
        Op::Library { dst, builtin, args } => body.library(dst, builtin, args),
        Op::Call { dst, step, args, captures } => body.call(dst, step, args, captures),
        Op::Spawn { dst, step, input, captures } => body.spawn(dst, step, input, captures),
        Op::Fork { dst, group } => super::forks::fork(body, dst, group),
        Op::ForkSome { dst, group, .. } => super::forks::fork_some(body, dst, group),
        Op::ForkEach { dst, group, items, .. } => super::forks::fork_each(body, dst, group, items),
        Op::Fail { error, fields }
        | Op::FailBecause { error, fields, .. }
        | Op::MakeError { error, fields, .. } => body.error(fields, error),
        Op::ErrorStep { dst, .. } => {
            let inner = checker.inner(body.ty(dst)?);
            let is_text = inner.is_some_and(|inner| matches!(checker.open(inner), Type::String));
            ensure(is_text, || "a step's name is a text, or null".to_owned())
        }
        Op::ErrorFields { dst, error, .. } => body.error(dst, error),
        Op::ErrorAlso { dst, of, .. } => {
            body.same(dst, of)?;
            let item = body.item(of)?;
            ensure(matches!(body.checker.open(item), Type::Error), || format!("{of} is no list of errors"))
        }
        Op::Receive { dst, signal } => body.same(dst, body.signal(signal)?),
        Op::ReceiveIf { dst, signal, filter, captures } => {
            let sent = body.signal(signal)?;
            body.same(dst, sent)?;
            let callee = body.callee(filter, Purity::Pure)?;
            ensure(matches!(checker.open(callee.result), Type::Bool), || {
                format!("{filter} is no condition")
            })?;
            body.arguments(filter, body.list(captures)?, &[Extra::Result(sent)])
        }
        Op::NewCallback { dst, .. } => body.callback(dst),
        Op::ReceiveCallback { callback, .. } => body.callback(callback),
        Op::Report { record } => match plan.report {
            Some(report) => body.same(record, report),
            None => Err("the plan declares no reports".to_owned()),
        },
        Op::Today { dst, .. } => {
            let ty = body.ty(dst)?;
            ensure(matches!(checker.open(ty), Type::Date), || format!("{ty} is no date"))
        }
        Op::RegisterUndo { function, captures } => {
            body.callee(function, Purity::Flow)?;
            let captures = body.list(captures)?;
            body.arguments(function, captures, &[])
                .or_else(|_| body.arguments(function, captures, &[Extra::Cause]))
        }
        // Their kinds say all.
        Op::MulInt { .. }
        | Op::DivInt { .. }
        | Op::RemInt { .. }
        | Op::AddDecimal { .. }
        | Op::SubDecimal { .. }
        | Op::MulDecimal { .. }
        | Op::DivDecimal { .. }
        | Op::RemDecimal { .. }
        | Op::NegDecimal { .. }
        | Op::AddFloat { .. }
        | Op::SubFloat { .. }
        | Op::MulFloat { .. }
        | Op::DivFloat { .. }
        | Op::NegFloat { .. }
        | Op::IntToDecimal { .. }
        | Op::IntToFloat { .. }
        | Op::EqDecimal { .. }
        | Op::LtDecimal { .. }
        | Op::LeDecimal { .. }
        | Op::EqFloat { .. }
        | Op::LtFloat { .. }
        | Op::LeFloat { .. }
        | Op::EqText { .. }
        | Op::LtText { .. }
        | Op::LeText { .. }
        | Op::Not { .. }
        | Op::Jump { .. }
        | Op::JumpIf { .. }
        | Op::JumpIfNot { .. }
        | Op::Len { .. }
        | Op::JsonMember { .. }
        | Op::JsonItem { .. }
        | Op::Sleep { .. }
        | Op::SleepUntil { .. }
        | Op::Now { .. }
        | Op::NewUuid { .. }
        | Op::Random { .. }
        | Op::Log { .. }
        | Op::PageAgain { .. }
        | Op::Rethrow { .. }
        | Op::ErrorAttach { .. }
        | Op::ErrorBecause { .. }
        | Op::ErrorStatus { .. }
        | Op::ErrorBody { .. }
        | Op::ErrorIs { .. }
        | Op::ErrorName { .. }
        | Op::ErrorMessage { .. }
        | Op::EnterSaga {}
        | Op::EnterDeadline { .. }
        | Op::EnterLoop {}
        | Op::NextLoop {}
        | Op::Leave {}
        | Op::Commit {}
        | Op::Unreachable {} => Ok(()),
    }
}

/// An argument that the runtime adds to the captures of an undo.
#[derive(Clone, Copy)]
pub(super) enum Extra {
    Result(TypeId),
    Cause,
}

impl Body<'_> {
    pub(super) fn list(&self, list: ListId) -> Checked<&[Reg]> {
        self.function.lists.get(list.index()).map(Vec::as_slice).ok_or_else(|| format!("there is no {list}"))
    }

    /// A register of a type.
    fn same(&self, reg: Reg, ty: TypeId) -> Checked {
        let found = self.ty(reg)?;
        ensure(self.checker.alike(found, ty), || format!("slot {} is of {found}, and {ty} is due", reg.0))
    }

    /// Two registers of one type.
    fn pair(&self, a: Reg, b: Reg) -> Checked {
        self.same(a, self.ty(b)?)
    }

    /// The number of slots that an instruction names.
    fn slots(&self, slots: u16, reg: Reg) -> Checked {
        let due = self.checker.width(self.ty(reg)?);
        ensure(slots == due, || format!("{slots} slots, and slot {} has {due}", reg.0))
    }

    fn nullable(&self, reg: Reg) -> Checked {
        let ty = self.ty(reg)?;
        ensure(matches!(self.checker.open(ty), Type::Optional(_) | Type::Json | Type::Null), || {
            format!("{ty} has no null")
        })
    }

    /// A register that is the optional of another, with a slot for its presence or without.
    fn optional(&self, optional: Reg, bare: Reg, wide: bool) -> Checked {
        let ty = self.ty(optional)?;
        let inner = self.checker.inner(ty).ok_or_else(|| format!("{ty} is not optional"))?;
        ensure(self.checker.plan.types.is_handle(inner) != wide, || {
            format!("{ty} has {} slot for its presence", if wide { "no" } else { "a" })
        })?;
        self.same(bare, inner)
    }

    pub(super) fn callee(&self, id: FunctionId, purity: Purity) -> Checked<&crate::Function> {
        let function = self.checker.plan.function(id).ok_or_else(|| format!("there is no {id}"))?;
        ensure(function.purity == purity, || format!("{id} is not {purity:?}"))?;
        Ok(function)
    }

    /// The arguments of a function: registers, then what the runtime adds.
    pub(super) fn arguments(&self, id: FunctionId, given: &[Reg], extra: &[Extra]) -> Checked {
        let function = self.checker.plan.function(id).ok_or_else(|| format!("there is no {id}"))?;
        let mut types = Vec::new();
        for param in &function.params {
            let register = function.registers.iter().find(|register| register.slot == *param);
            types.push(
                register.map(|register| register.ty).ok_or_else(|| format!("{id} has no such parameter"))?,
            );
        }
        ensure(types.len() == given.len() + extra.len(), || {
            format!("{id} takes {} arguments, and {} are given", types.len(), given.len() + extra.len())
        })?;
        let (of_given, of_extra) = types.split_at_checked(given.len()).ok_or("no arguments")?;
        for (ty, reg) in of_given.iter().zip(given) {
            self.same(*reg, *ty)?;
        }
        for (ty, extra) in of_extra.iter().zip(extra) {
            let fits = match extra {
                Extra::Result(result) => self.checker.alike(*ty, *result),
                Extra::Cause => matches!(self.checker.open(*ty), Type::Error),
            };
            ensure(fits, || format!("{id} takes {ty}, and the runtime gives another type"))?;
        }
        Ok(())
    }

    fn record(&self, dst: Reg, of: TypeId, fields: ListId) -> Checked {
        self.same(dst, of)?;
        let Type::Record(declared) = self.checker.open(of) else { return Err(format!("{of} is no record")) };
        let given = self.list(fields)?;
        ensure(given.len() == declared.len(), || {
            format!("{} fields, and {of} has {}", given.len(), declared.len())
        })?;
        declared.iter().zip(given).try_for_each(|(field, reg)| self.same(*reg, field.ty))
    }

    fn field(&self, dst: Reg, record: Reg, offset: u16, slots: u16) -> Checked {
        let of = self.ty(record)?;
        let Type::Record(fields) = self.checker.open(of) else { return Err(format!("{of} is no record")) };
        let mut start = 0_u32;
        for field in fields {
            if start == u32::from(offset) {
                self.same(dst, field.ty)?;
                return self.slots(slots, dst);
            }
            start += u32::from(self.checker.width(field.ty));
        }
        Err(format!("no field of {of} begins at {offset}"))
    }

    /// The record of a case of a union.
    fn case(&self, of: TypeId, case: u16) -> Checked<TypeId> {
        let Type::Tagged { cases, .. } = self.checker.open(of) else {
            return Err(format!("{of} is no union"));
        };
        let case = cases.get(usize::from(case)).ok_or_else(|| format!("{of} has no case {case}"))?;
        Ok(case.fields)
    }

    /// What is sent with a signal.
    fn signal(&self, id: crate::SignalId) -> Checked<TypeId> {
        self.checker.plan.signal(id).map(|signal| signal.ty).ok_or_else(|| format!("there is no {id}"))
    }

    /// A register of a callback: a record of its number and its URL.
    fn callback(&self, reg: Reg) -> Checked {
        let ty = self.ty(reg)?;
        let fits = match self.checker.open(ty) {
            Type::Record(fields) => matches!(
                fields.as_slice(),
                [number, url] if matches!(self.checker.open(url.ty), Type::Url | Type::String)
                    && matches!(self.checker.open(number.ty), Type::Int)
            ),
            _ => false,
        };
        ensure(fits, || format!("{ty} is no callback"))
    }

    /// The type of the items of a list type.
    pub(super) fn item(&self, of: TypeId) -> Checked<TypeId> {
        match self.checker.open(of) {
            Type::List(item) => Ok(*item),
            _ => Err(format!("{of} is no list")),
        }
    }

    fn map(&self, dst: Reg, of: TypeId, entries: ListId) -> Checked {
        self.same(dst, of)?;
        let Type::Map(value) = self.checker.open(of) else { return Err(format!("{of} is no map")) };
        let entries = self.list(entries)?;
        ensure(entries.len() % 2 == 0, || "a key without a value".to_owned())?;
        for pair in entries.chunks_exact(2) {
            if let [key, at] = pair {
                self.shape(*key, Shape::Text, None)?;
                self.same(*at, *value)?;
            }
        }
        Ok(())
    }

    /// A register of a library function's shape.
    fn shape(&self, reg: Reg, shape: Shape, first: Option<TypeId>) -> Checked {
        let ty = self.ty(reg)?;
        // Of literals, those of texts are handles.
        let is_text = |ty: TypeId| match self.checker.open(ty) {
            Type::String | Type::Url => true,
            Type::Literals(_) => self.checker.plan.types.is_handle(ty),
            _ => false,
        };
        let open = self.checker.open(ty);
        let fits = match shape {
            Shape::Bool => matches!(open, Type::Bool),
            Shape::Int => matches!(open, Type::Int),
            Shape::Float => matches!(open, Type::Float),
            Shape::Decimal => matches!(open, Type::Decimal),
            Shape::Duration => matches!(open, Type::Duration),
            Shape::Text => is_text(ty),
            Shape::Octets => is_text(ty) || matches!(open, Type::Bytes),
            Shape::Bytes => matches!(open, Type::Bytes),
            Shape::Json => matches!(open, Type::Json),
            Shape::TextList => matches!(open, Type::List(item) if is_text(*item)),
            Shape::List => matches!(open, Type::List(_)),
            Shape::Map => matches!(open, Type::Map(_)),
            Shape::OrderedList => matches!(open, Type::List(item) if self.is_ordered(*item)),
            Shape::IntList => {
                matches!(open, Type::List(item) if matches!(self.checker.open(*item), Type::Int))
            }
            Shape::MapOfItems => match (open, first.map(|first| self.checker.open(first))) {
                (Type::Map(value), Some(Type::List(item))) => self.checker.alike(*value, *item),
                _ => false,
            },
            Shape::MapOfSame => {
                matches!(open, Type::Map(list) if first.is_some_and(|first| self.checker.alike(*list, first)))
            }
            Shape::OptionalInt => {
                matches!(open, Type::Optional(inner) if matches!(self.checker.open(*inner), Type::Int))
            }
            Shape::OptionalDecimal => {
                matches!(open, Type::Optional(inner) if matches!(self.checker.open(*inner), Type::Decimal))
            }
            Shape::Same => first.is_some_and(|first| self.checker.alike(ty, first)),
        };
        ensure(fits, || format!("{ty} is not of shape {shape:?}"))
    }

    /// Whether values of a type have an order.
    fn is_ordered(&self, ty: TypeId) -> bool {
        matches!(
            self.checker.open(ty),
            Type::Int
                | Type::Decimal
                | Type::Float
                | Type::String
                | Type::Url
                | Type::Duration
                | Type::Timestamp
                | Type::Date
                | Type::Literals(_)
        )
    }

    fn library(&self, dst: Reg, builtin: Builtin, args: ListId) -> Checked {
        let (shapes, result) = builtin.signature();
        let args = self.list(args)?;
        ensure(args.len() == shapes.len(), || {
            format!("`{}` takes {} arguments, and {} are given", builtin.name(), shapes.len(), args.len())
        })?;
        let first = args.first().map(|reg| self.ty(*reg)).transpose()?;
        for (reg, shape) in args.iter().zip(shapes) {
            self.shape(*reg, *shape, first)?;
        }
        self.shape(dst, result, first)
    }

    fn call(&self, dst: Reg, id: StepId, args: ListId, captures: ListId) -> Checked {
        let plan = self.checker.plan;
        let (step, operation) =
            plan.step(id).zip(plan.step_operation(id)).ok_or_else(|| format!("{id} calls no operation"))?;
        let args = self.list(args)?;
        ensure(args.len() == operation.params.len(), || {
            format!("{id} takes {} arguments, and {} are given", operation.params.len(), args.len())
        })?;
        for (reg, param) in args.iter().zip(&operation.params) {
            self.same(*reg, param.ty)?;
        }
        let ty = self.ty(dst)?;
        match operation.response {
            Response::Ignored => ensure(matches!(self.checker.open(ty), Type::Null), || {
                format!("the response is ignored, and {ty} is not null")
            })?,
            Response::Body(response)
            | Response::Whole(response)
            | Response::ByStatus(response)
            | Response::Page(response) => {
                self.same(dst, response)?;
            }
        }
        self.captures(step.undo, ty, captures)
    }

    fn spawn(&self, dst: Reg, id: StepId, input: Reg, captures: ListId) -> Checked {
        let plan = self.checker.plan;
        let (step, (_, child, detached)) =
            plan.step(id).zip(plan.step_child(id)).ok_or_else(|| format!("{id} calls no workflow"))?;
        self.same(input, child.input)?;
        let ty = self.ty(dst)?;
        if detached {
            ensure(matches!(self.checker.open(ty), Type::String), || "an id is a text".to_owned())?;
            let undone = matches!(step.undo, Undo::Function { .. });
            ensure(!undone, || "what is only started is not undone".to_owned())?;
        } else {
            self.same(dst, child.output)?;
        }
        self.captures(step.undo, ty, captures)
    }

    /// The captures of a step's undo, and what the runtime adds to them.
    fn captures(&self, undo: Undo, ty: TypeId, captures: ListId) -> Checked {
        let captures = self.list(captures)?;
        match undo {
            Undo::Function { function, uses_result, uses_cause } => {
                self.callee(function, Purity::Flow)?;
                let result = uses_result.then_some(Extra::Result(ty));
                let extra: Vec<Extra> =
                    result.into_iter().chain(uses_cause.then_some(Extra::Cause)).collect();
                self.arguments(function, captures, &extra)
            }
            _ => ensure(captures.is_empty(), || "captures for an undo that there is not".to_owned()),
        }
    }

    fn error(&self, fields: Reg, id: ErrorId) -> Checked {
        let error = self.checker.plan.error(id).ok_or_else(|| format!("there is no {id}"))?;
        self.same(fields, error.fields)
    }
}
