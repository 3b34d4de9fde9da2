//! `try`, `catch` and `finally`, and the ways out of them.
//!
//! The code of a `finally` is a function of its own, which runs as a shielded group on every way out: after the body
//! and the catches; before `return`, `break` and `continue` leave; and, by a handler over all of them, when an error
//! does. What stands behind it on a way out is no longer guarded by its `try`.

use flow_hir::{Catch, ExprId};
use flow_plan::{FunctionId, Group, GroupMode, Handler, Op, Purity, Target, Type};

use crate::builder::{Scope, Try, Value};
use crate::context::Context;

impl Context<'_> {
    pub(super) fn try_catch(
        &mut self,
        id: ExprId,
        body: ExprId,
        catches: &[Catch],
        finally: Option<ExprId>,
    ) -> Value {
        let out = self.register_of(self.typed.ty(id));
        let Some(finally) = finally else {
            self.guarded(out, body, catches);
            return out;
        };
        let code = self.finally_code(finally);
        let (start, reached) = (self.current.here(), self.current.is_reachable());
        self.open_try(Some(code.clone()));
        self.guarded(out, body, catches);
        let end = self.current.here();
        let guarded = self.close_try().guarded(start, end);
        let done = self.current.label();
        self.run_finally(&code);
        self.current.jump(done);
        if reached && !guarded.is_empty() {
            self.finally_of_an_error(&code, &guarded);
        }
        self.current.bind(done);
        out
    }

    /// The body, and the catches over it.
    fn guarded(&mut self, out: Value, body: ExprId, catches: &[Catch]) {
        let done = self.current.label();
        let (start, reached) = (self.current.here(), self.current.is_reachable());
        self.open_try(None);
        let value = self.expr(body);
        self.some(out, value);
        let end = self.current.here();
        let guarded = self.close_try().guarded(start, end);
        self.current.jump(done);
        let scopes = self.current.open_scopes();
        for catch in catches.iter().filter(|_| reached && !guarded.is_empty()) {
            let label = self.current.label();
            let error = self.register_as(Type::Error).reg;
            let binding = Value { reg: error, ty: self.intern(Type::Error) };
            for caught in self.selectors(catch) {
                for (start, end) in guarded.iter().copied() {
                    let catches = caught.clone();
                    let handler = Handler { start, end, target: Target(0), error, scopes, catches };
                    self.current.handler(handler, label);
                }
            }
            self.current.bind_reached(label);
            self.at(catch.head);
            if let Some(local) = catch.binding {
                self.bind_local(local, binding);
            }
            let value = self.expr(catch.body);
            self.some(out, value);
            self.current.jump(done);
        }
        self.current.bind(done);
    }

    fn open_try(&mut self, finally: Option<(FunctionId, Vec<flow_hir::LocalId>)>) {
        self.current.scopes.push(Scope::Try(self.current.tries.len()));
        self.current.tries.push(Try { finally, ..Try::default() });
    }

    fn close_try(&mut self) -> Try {
        self.current.scopes.pop();
        self.current.tries.pop().unwrap_or_default()
    }

    /// The code of a `finally`, and the names that it captures.
    fn finally_code(&mut self, body: ExprId) -> (FunctionId, Vec<flow_hir::LocalId>) {
        let function = self.reserve_function(format!("{}/finally", self.plan.workflow));
        let null = self.intern(Type::Null);
        self.enter(Purity::Flow, null);
        self.at(self.program.exprs[body].span);
        self.expr(body);
        let value = self.null();
        self.current.emit(Op::Return { src: value.reg });
        (function, self.leave_capturing(function))
    }

    fn run_finally(&mut self, (function, captured): &(FunctionId, Vec<flow_hir::LocalId>)) {
        let captures = captured.iter().map(|local| self.local(*local).reg).collect();
        let captures = self.current.list(captures);
        let branch = flow_plan::Branch { field: None, function: *function, captures };
        let group = self.current.group(Group { mode: GroupMode::Shielded, branches: vec![branch] });
        let nothing = self.register_as(Type::Null);
        self.current.emit(Op::Fork { dst: nothing.reg, group });
    }

    /// Runs a `finally` for an error, which goes on afterwards; with the error of the `finally` beside it, where that
    /// has one.
    fn finally_of_an_error(
        &mut self,
        code: &(FunctionId, Vec<flow_hir::LocalId>),
        guarded: &[(Target, Target)],
    ) {
        let scopes = self.current.open_scopes();
        let (first, second) = (self.register_as(Type::Error).reg, self.register_as(Type::Error).reg);
        let catches = flow_plan::Catch::Finally;
        let (label, failed) = (self.current.label(), self.current.label());
        for (start, end) in guarded.iter().copied() {
            let catches = catches.clone();
            let handler = Handler { start, end, target: Target(0), error: first, scopes, catches };
            self.current.handler(handler, label);
        }
        self.current.bind_reached(label);
        let start = self.current.here();
        self.run_finally(code);
        let end = self.current.here();
        self.current.emit(Op::Rethrow { error: first });
        let handler = Handler { start, end, target: Target(0), error: second, scopes, catches };
        self.current.handler(handler, failed);
        self.current.bind_reached(failed);
        let both = self.register_as(Type::Error).reg;
        self.current.emit(Op::ErrorAttach { dst: both, src: first, also: second });
        self.current.emit(Op::Rethrow { error: both });
    }

    /// Leaves every scope, on the way out of the function.
    pub(super) fn leave_all(&mut self) -> Vec<usize> {
        self.leave_while(|_| true)
    }

    /// `break` and `continue`.
    pub(super) fn leave_loop(&mut self, breaks: bool) -> Value {
        let left = self.leave_while(|scope| !matches!(scope, Scope::Loop { .. }));
        let around = self.current.scopes.iter().rev().find(|scope| matches!(scope, Scope::Loop { .. }));
        if let Some(Scope::Loop { exit, next }) = around.copied() {
            self.current.jump(if breaks { exit } else { next });
        }
        self.has_left(&left);
        self.null()
    }

    /// Leaves scopes from the inside out, with the `finally`s on the way; the `try`s that were left.
    fn leave_while(&mut self, leaves: impl Fn(Scope) -> bool) -> Vec<usize> {
        let scopes: Vec<Scope> = self.current.scopes.iter().rev().copied().collect();
        let mut left = Vec::new();
        for scope in scopes.into_iter().take_while(|scope| leaves(*scope)) {
            let Scope::Try(index) = scope else {
                self.current.emit(Op::Leave {});
                continue;
            };
            let here = self.current.here();
            let Some(open) = self.current.tries.get_mut(index) else { continue };
            if open.open.is_none() {
                open.open = Some(here);
                left.push(index);
            }
            if let Some(code) = open.finally.clone() {
                self.run_finally(&code);
            }
        }
        left
    }

    /// The way out ends here: what follows is guarded again.
    pub(super) fn has_left(&mut self, left: &[usize]) {
        let here = self.current.here();
        for index in left {
            if let Some(open) = self.current.tries.get_mut(*index)
                && let Some(start) = open.open.take()
            {
                open.holes.push((start, here));
            }
        }
    }
}
