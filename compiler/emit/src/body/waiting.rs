//! What waits, and what is shown meanwhile: `receive`, callbacks, `poll`, `report`; and what an execution knows of
//! itself.

use flow_check::Ty;
use flow_hir::{ExprId, ExprKind, LocalId, ReceiveSource, RecordItem, SignalId, TypeRef};
use flow_plan::{Config, ConfigId, Fact, FunctionId, ListId, Op, Purity, Type};
use flow_source::Span;

use crate::builder::{Scope, Value};
use crate::context::Context;

impl Context<'_> {
    /// The plan's entry of a signal.
    pub(crate) fn signal(&mut self, id: SignalId) -> flow_plan::SignalId {
        if let Some(known) = self.signals.get(&id) {
            return *known;
        }
        let declared = &self.program.signals[id];
        let ty = self.typed.signals.get(id).copied().unwrap_or(Ty::ERROR);
        let ty = self.ty(ty);
        let made = flow_plan::SignalId(u32::try_from(self.plan.signals.len()).unwrap_or(u32::MAX));
        let name = declared.name.text.to_string();
        self.plan.signals.push(flow_plan::Signal { name, ty, drops_early: declared.drops_early });
        self.signals.insert(id, made);
        made
    }

    /// `receive approve if cond within 24h`.
    pub(super) fn receive(
        &mut self,
        id: ExprId,
        source: ReceiveSource,
        it: LocalId,
        guard: Option<ExprId>,
        within: Option<ExprId>,
    ) -> Value {
        // The callback is a name: reading it is no effect that the deadline would have to cover.
        let callback = match source {
            ReceiveSource::Callback(callback) => Some(self.expr(callback)),
            _ => None,
        };
        let filter = guard.map(|guard| self.receive_filter(it, guard));
        if let Some(within) = within {
            self.open_deadline(within);
        }
        self.at(self.program.exprs[id].span);
        let out = self.register_of(self.typed.ty(id));
        let dst = out.reg;
        match (source, callback, filter) {
            (ReceiveSource::Signal(signal), _, None) => {
                let signal = self.signal(signal);
                self.current.emit(Op::Receive { dst, signal });
            }
            (ReceiveSource::Signal(signal), _, Some((filter, captures))) => {
                let signal = self.signal(signal);
                self.current.emit(Op::ReceiveIf { dst, signal, filter, captures });
            }
            (_, Some(callback), _) => {
                self.current.emit(Op::ReceiveCallback { dst, callback: callback.reg });
            }
            // A name that was not found has been reported: there is no plan.
            (_, None, _) => {}
        }
        if within.is_some() {
            self.leave_scope();
        }
        out
    }

    /// The condition of a `receive`, as a function over what it captures and the signal.
    fn receive_filter(&mut self, it: LocalId, guard: ExprId) -> (FunctionId, ListId) {
        let function = self.reserve_function("if of a receive".to_owned());
        let truth = self.intern(Type::Bool);
        self.enter(Purity::Pure, truth);
        let ty = self.ty(self.typed.local(it));
        self.param(it, ty);
        let holds = self.expr(guard);
        self.current.emit(Op::Return { src: holds.reg });
        let captures = self.leave(function);
        (function, self.current.list(captures))
    }

    fn open_deadline(&mut self, within: ExprId) {
        let duration = self.expr(within);
        self.current.emit(Op::EnterDeadline { duration: duration.reg });
        self.current.scopes.push(Scope::Deadline);
    }

    /// `callback<T>()`.
    pub(super) fn callback(&mut self, id: ExprId, written: &TypeRef) -> Value {
        let ty = self.typed.ty(id);
        let out = self.register_of(ty);
        let answer = match *self.typed.types.structure(ty) {
            flow_check::TyKind::Callback(answer) => answer,
            _ => Ty::ERROR,
        };
        self.at(written.span);
        let of = self.ty(answer);
        self.current.emit(Op::NewCallback { dst: out.reg, of });
        out
    }

    /// `poll every 2s within 5m { expr } until cond`: a loop that sleeps.
    pub(super) fn poll(
        &mut self,
        every: ExprId,
        within: Option<ExprId>,
        body: ExprId,
        it: LocalId,
        until: ExprId,
    ) -> Value {
        if let Some(within) = within {
            self.open_deadline(within);
        }
        let pause = self.expr(every);
        let (top, next, exit) = self.open_loop();
        self.current.bind(top);
        let value = self.expr(body);
        // The loop makes it anew each time; what comes after has the last one.
        let out = self.register(value.ty);
        self.assign(out, value);
        self.bind_local(it, out);
        let holds = self.expr(until);
        self.current.jump_if(holds.reg, exit);
        self.current.bind(next);
        self.current.emit(Op::Sleep { duration: pause.reg });
        self.next_loop();
        self.current.jump(top);
        self.close_loop(exit);
        if within.is_some() {
            self.leave_scope();
        }
        out
    }

    /// `report { … }`.
    pub(super) fn report(&mut self, value: ExprId, span: Span) -> Value {
        let reports = self.reports.unwrap_or(Ty::ERROR);
        let mut parts: Vec<(String, Value)> = Vec::new();
        let program = self.program;
        if let ExprKind::Record(items) = &program.exprs[value].kind {
            for item in items {
                let RecordItem::Field { name, value } = item else { continue };
                // What is null in every report says nothing, and is left out.
                let made = if self.typed.ty(*value) == Ty::NULL { None } else { Some(self.expr(*value)) };
                if let Some(made) = made {
                    parts.retain(|(known, _)| **known != *name.text);
                    parts.push((name.text.to_string(), made));
                }
            }
        }
        let fields = self.typed.types.fields(reports);
        for field in fields.iter().flat_map(|fields| fields.iter()) {
            if !parts.iter().any(|(name, _)| **name == *field.name) {
                let absent = self.register_of(field.read(&self.typed.types));
                self.set_null(absent);
                parts.push((field.name.to_string(), absent));
            }
        }
        let ty = self.ty(reports);
        self.plan.report = Some(ty);
        self.at(span);
        let record = self.record_of(ty, parts);
        self.current.emit(Op::Report { record: record.reg });
        self.null()
    }

    /// `execution.id` and its neighbours: values that are pinned when the execution starts.
    pub(super) fn execution(&mut self, field: &str) -> Value {
        let (fact, ty) = match field {
            "id" => (Fact::Id, Type::String),
            "key" => (Fact::Key, Type::String),
            _ => (Fact::Started, Type::Timestamp),
        };
        let ty = self.intern(ty);
        let known = self.plan.config.iter().position(|entry| entry.fact == Some(fact));
        let index = known.unwrap_or_else(|| {
            self.plan.config.push(Config {
                name: format!("execution.{field}"),
                ty,
                default: None,
                secret: false,
                pinned: true,
                check: None,
                fact: Some(fact),
            });
            self.plan.config.len() - 1
        });
        let out = self.register(ty);
        let entry = ConfigId(u32::try_from(index).unwrap_or(u32::MAX));
        self.current.emit(Op::Config { dst: out.reg, entry });
        out
    }
}
