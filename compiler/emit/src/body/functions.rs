//! Functions within a plan: pure functions, conditions, branches, undos.

use std::sync::Arc;

use flow_check::{Condition, Ty};
use flow_diagnostics::{Diagnostic, codes};
use flow_hir::{ExprId, LocalId, OperationId};
use flow_plan::{FunctionId, ListId, Op, Purity, Reg, Type, TypeId};

use super::calls::{PAGE_BODY, StepResult};
use crate::builder::{FunctionBuilder, Value};
use crate::context::{Context, DueCondition};

impl Context<'_> {
    /// Begins a function inside the present one.
    pub(crate) fn enter(&mut self, purity: Purity, result: TypeId) {
        let builder = FunctionBuilder::new(purity, result);
        self.outer.push(std::mem::replace(&mut self.current, builder));
    }

    /// Completes the present function, and gives the registers of the enclosing one that it captures.
    pub(crate) fn leave(&mut self, id: FunctionId) -> Vec<Reg> {
        self.leave_capturing(id).into_iter().map(|local| self.local(local).reg).collect()
    }

    /// Completes the present function, and gives the names of the enclosing one that it captures.
    pub(crate) fn leave_capturing(&mut self, id: FunctionId) -> Vec<LocalId> {
        let Some(outer) = self.outer.pop() else { return Vec::new() };
        let inner = std::mem::replace(&mut self.current, outer);
        let captured: Vec<LocalId> = inner.captures.iter().map(|(local, _)| *local).collect();
        if let Some(excess) = inner.excess() {
            // Nothing more is done with it: what follows takes time that grows with its square.
            self.too_large(id, &excess);
            return captured;
        }
        let (function, debug) = inner.finish();
        self.put_function(id, function, debug);
        captured
    }

    fn too_large(&mut self, id: FunctionId, excess: &str) {
        let name = self.debug.functions.get(id.index()).map_or_else(String::new, |names| names.name.clone());
        let message = format!("`{name}` is too large: it {excess}");
        let help = "move parts of it into functions, branches or workflows of their own";
        self.diagnostics.push(Diagnostic::new(&codes::F0004, self.head, message).help(help));
    }

    /// Adds a parameter that is not captured.
    pub(crate) fn param(&mut self, local: LocalId, ty: TypeId) -> Value {
        let value = self.register(ty);
        self.current.params.push(value.reg);
        self.bind_local(local, value);
        value
    }

    /// The condition of a `where`, as a function from a value of the type to bool. Where the value may be null
    /// and the condition is about the value itself, null fulfils it.
    pub(crate) fn constraint(&mut self, condition: &Condition, ty: TypeId) -> FunctionId {
        let name = format!("where {}", self.program.locals[condition.value].name.text);
        self.condition(name, std::slice::from_ref(condition), ty)
    }

    /// The conditions on the whole of a type as one function.
    pub(crate) fn conditions(&mut self, ty: Ty, conditions: &[Condition], plain: TypeId) -> FunctionId {
        let name = format!("where {}", flow_check::type_words(self.program, &self.typed.types, ty));
        self.condition(name, conditions, plain)
    }

    fn condition(&mut self, name: String, conditions: &[Condition], ty: TypeId) -> FunctionId {
        let function = self.reserve_function(name);
        let due = DueCondition { function, conditions: conditions.to_vec(), ty };
        if self.makes_recursive_type() {
            self.unfinished.conditions.push(due);
        } else {
            self.make_condition(due);
        }
        function
    }

    /// Makes the function of conditions over a type that is complete.
    pub(crate) fn make_condition(&mut self, due: DueCondition) {
        let DueCondition { function, conditions, ty } = due;
        let truth = self.intern(Type::Bool);
        self.enter(Purity::Pure, truth);
        let value = self.register(ty);
        self.current.params.push(value.reg);
        for (index, condition) in conditions.iter().enumerate() {
            let outer = std::mem::replace(&mut self.arguments, Arc::clone(&condition.arguments));
            let holds = self.holds(condition, value);
            self.arguments = outer;
            if index + 1 == conditions.len() {
                self.current.emit(Op::Return { src: holds.reg });
            } else {
                let next = self.current.label();
                self.current.jump_if(holds.reg, next);
                self.current.emit(Op::Return { src: holds.reg });
                self.current.bind(next);
            }
        }
        self.leave(function);
    }

    /// Whether one condition holds; of null it does, where it is about what is not null.
    fn holds(&mut self, condition: &Condition, value: Value) -> Value {
        let about = self.ty(self.typed.local(condition.value));
        let nullable = matches!(self.plan.types.get(value.ty), Type::Optional(_));
        let about_nullable = matches!(self.plan.types.get(about), Type::Optional(_));
        if !nullable || about_nullable {
            let value = self.opened(value, about);
            self.bind_local(condition.value, value);
            return self.expr(condition.condition);
        }
        let out = self.is_null(value);
        let done = self.current.label();
        self.current.jump_if(out.reg, done);
        let inner = self.unwrap(value);
        let inner = self.opened(inner, about);
        self.bind_local(condition.value, inner);
        let holds = self.expr(condition.condition);
        self.assign(out, holds);
        self.current.bind(done);
        out
    }

    /// What a condition on a secret sees: the value as it is.
    fn opened(&self, value: Value, plain: TypeId) -> Value {
        match self.plan.types.get(value.ty) {
            Type::Secret(_) => Value { ty: plain, ..value },
            _ => value,
        }
    }

    /// A pure `fn` of the program, made at first use.
    pub(crate) fn pure_function(&mut self, id: flow_hir::FunctionId) -> FunctionId {
        if let Some(known) = self.functions.get(&id) {
            return *known;
        }
        let declared = &self.program.functions[id];
        let made = self.reserve_function(declared.name.text.to_string());
        self.functions.insert(id, made);
        let checked = self.typed.functions.get(id);
        let result = checked.map_or(Ty::ERROR, |checked| checked.result);
        let result = self.ty(result);
        self.enter(Purity::Pure, result);
        for param in &declared.params {
            let ty = self.ty(self.typed.local(param.local));
            self.param(param.local, ty);
        }
        let value = self.expr(declared.body);
        self.current.emit(Op::Return { src: value.reg });
        self.leave(made);
        made
    }

    /// What settles an unknown outcome of an operation: a flow function over its arguments. It gives the result of a
    /// call that was done, and null where it was not; of one without a result, whether it was done.
    pub(crate) fn confirm_function(
        &mut self,
        operation: OperationId,
        response: Option<TypeId>,
        params: &[TypeId],
    ) -> Option<FunctionId> {
        let declared = &self.program.operations[operation];
        let call = declared.confirm.as_ref()?.call;
        let api = &self.program.apis[declared.api].name.text;
        let id = self.reserve_function(format!("confirm of {api}.{}", declared.name.text));
        let result = match response {
            None => self.intern(Type::Bool),
            Some(ty) if matches!(self.plan.types.get(ty), Type::Optional(_) | Type::Json) => ty,
            Some(ty) => self.intern(Type::Optional(ty)),
        };
        self.enter(Purity::Flow, result);
        for (param, ty) in declared.params.iter().zip(params) {
            self.param(param.local, *ty);
        }
        let was_undo = std::mem::replace(&mut self.in_undo, true);
        let mut value = self.expr(call);
        self.in_undo = was_undo;
        if response.is_none() {
            let absent = self.is_null(value);
            value = self.register_as(Type::Bool);
            self.current.emit(Op::Not { dst: value.reg, src: absent.reg });
        }
        self.current.emit(Op::Return { src: value.reg });
        self.leave(id);
        Some(id)
    }

    /// Undo code: a flow function over what it captures, then the step's result and the cause where they are used.
    pub(crate) fn undo_function(
        &mut self,
        name: String,
        result: Option<(LocalId, StepResult)>,
        cause: Option<LocalId>,
        body: ExprId,
    ) -> (FunctionId, ListId) {
        let id = self.reserve_function(name);
        let null = self.intern(Type::Null);
        self.enter(Purity::Flow, null);
        if let Some((local, result)) = result {
            let value = self.param(local, result.ty);
            if result.is_page {
                let body = self.field(value, PAGE_BODY);
                self.bind_local(local, body);
            }
        }
        if let Some(local) = cause {
            let error = self.intern(Type::Error);
            self.param(local, error);
        }
        let was_undo = std::mem::replace(&mut self.in_undo, true);
        self.expr(body);
        self.in_undo = was_undo;
        let value = self.null();
        self.current.emit(Op::Return { src: value.reg });
        let captures = self.leave(id);
        (id, self.current.list(captures))
    }
}
