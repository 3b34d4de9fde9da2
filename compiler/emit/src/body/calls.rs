//! Calls: steps with their undo code, and pure functions.

use flow_check::{OperationUndo, ParamValue, StepUndo};
use flow_hir::{Compensation, CompensationKind, ExprId, LocalId, OperationId};
use flow_plan::{Callee, FunctionId, ListId, Op, Response, Step, StepId, TypeId, Undo};

use flow_source::Span;

use crate::builder::Value;
use crate::context::Context;

/// Undo code with the registers that it captures.
pub(crate) struct UndoCode {
    pub(crate) undo: Undo,
    pub(crate) captures: ListId,
}

/// The field of a page that is the answer's body.
pub(super) const PAGE_BODY: &str = "body";

/// What a step gives.
#[derive(Clone, Copy)]
pub(crate) struct StepResult {
    pub(crate) ty: TypeId,
    /// Whether it is a page, of which the source sees the body.
    pub(crate) is_page: bool,
}

/// The undo that the callee declares, its parameters bound to the arguments, with what it uses of what the runtime
/// adds.
pub(crate) struct DeclaredUndo {
    pub(crate) call: ExprId,
    pub(crate) result: Option<LocalId>,
    pub(crate) cause: Option<LocalId>,
}

impl Context<'_> {
    pub(super) fn call_operation(
        &mut self,
        id: ExprId,
        operation: OperationId,
        compensation: Option<&Compensation>,
    ) -> Value {
        let args = self.call_arguments(id, operation);
        let Some((value, _)) = self.step_call(id, operation, compensation, &args) else { return self.null() };
        if self.is_page(operation) { self.field(value, PAGE_BODY) } else { value }
    }

    /// Whether the result of a call is a page with what leads to the next one.
    fn is_page(&mut self, operation: OperationId) -> bool {
        let planned = self.operation(operation);
        self.plan.operation(planned).is_some_and(|made| matches!(made.response, Response::Page(_)))
    }

    /// The arguments of a call of an operation.
    pub(super) fn call_arguments(&mut self, id: ExprId, operation: OperationId) -> Vec<Value> {
        let Some(checked) = self.typed.calls.get(id).cloned() else { return Vec::new() };
        let planned = self.operation(operation);
        let params = self
            .plan
            .operation(planned)
            .map_or_else(Vec::new, |made| made.params.iter().map(|param| param.ty).collect());
        let mut args = self.arguments(&checked.arguments, &params);
        // What leads to the next page is no argument of the source's.
        for ty in params.get(args.len()..).unwrap_or_default() {
            let value = self.register(*ty);
            self.set_null(value);
            args.push(value);
        }
        args
    }

    /// The step of a call, and its result.
    pub(super) fn step_call(
        &mut self,
        id: ExprId,
        operation: OperationId,
        compensation: Option<&Compensation>,
        args: &[Value],
    ) -> Option<(Value, StepId)> {
        let checked = self.typed.calls.get(id)?.clone();
        let planned = self.operation(operation);
        let retry = checked.retry.map(|retry| self.policy(retry));
        let step = StepId(u32::try_from(self.plan.steps.len()).unwrap_or(u32::MAX));
        let undo = Undo::Nothing;
        let callee = Callee::Operation { operation: planned, timeout_us: checked.timeout_us, retry };
        self.plan.steps.push(Step { callee, undo });

        let result = match self.plan.operation(planned).map(|made| made.response) {
            Some(Response::Page(page)) => StepResult { ty: page, is_page: true },
            _ => StepResult { ty: self.ty(self.typed.ty(id)), is_page: false },
        };
        let declared = self.declared_undo(operation, &checked.undo, args);
        let api = self.program.operations[operation].api;
        let name = format!(
            "undo of {}.{}",
            self.program.apis[api].name.text, self.program.operations[operation].name.text
        );
        let code = self.undo_code(name, &checked.undo, compensation, declared, result);
        if let Some(entry) = self.plan.steps.get_mut(step.index()) {
            entry.undo = code.undo;
        }
        self.at(self.program.exprs[id].span);
        let out = self.register(result.ty);
        let args = self.current.list(args.iter().map(|value| value.reg).collect());
        self.current.emit(Op::Call { dst: out.reg, step, args, captures: code.captures });
        Some((out, step))
    }

    /// Values for parameters, computed in the order of the text.
    pub(crate) fn arguments(&mut self, arguments: &[ParamValue], params: &[TypeId]) -> Vec<Value> {
        let mut given: Vec<(usize, ExprId)> = arguments
            .iter()
            .enumerate()
            .filter_map(|(index, argument)| match argument {
                ParamValue::Given(expr) => Some((index, *expr)),
                _ => None,
            })
            .collect();
        given.sort_by_key(|(_, expr)| self.program.exprs[*expr].span);
        let given: Vec<(usize, Value)> =
            given.into_iter().map(|(index, expr)| (index, self.expr(expr))).collect();
        let mut values = Vec::with_capacity(arguments.len());
        for (index, argument) in arguments.iter().enumerate() {
            let known = given.iter().find(|(at, _)| *at == index).map(|(_, value)| *value);
            values.push(match (known, argument) {
                (Some(value), _) => value,
                (None, ParamValue::Default(expr)) => self.expr(*expr),
                (None, _) => {
                    let ty = params.get(index).copied().unwrap_or(TypeId(0));
                    let value = self.register(ty);
                    self.set_null(value);
                    value
                }
            });
        }
        values
    }

    /// The undo that an operation declares. It sees the operation's parameters: they are the arguments of the call.
    fn declared_undo(
        &mut self,
        operation: OperationId,
        undo: &StepUndo,
        args: &[Value],
    ) -> Option<DeclaredUndo> {
        let declared = self.typed.operations.get(operation).map(|checked| checked.undo.clone());
        let Some(OperationUndo::Call { call, uses_result, uses_cause, .. }) = declared else { return None };
        if *undo != StepUndo::Operation {
            return None;
        }
        for (param, value) in self.program.operations[operation].params.iter().zip(args) {
            self.current.locals.insert(param.local, *value);
        }
        let clause = match &self.program.operations[operation].undo {
            Some(flow_hir::UndoClause::Call(clause)) => Some(clause),
            _ => None,
        };
        Some(DeclaredUndo {
            call,
            result: clause.and_then(|clause| clause.result).filter(|_| uses_result),
            cause: clause.and_then(|clause| clause.cause).filter(|_| uses_cause),
        })
    }

    /// What undoes a call.
    pub(crate) fn undo_code(
        &mut self,
        name: String,
        undo: &StepUndo,
        compensation: Option<&Compensation>,
        declared: Option<DeclaredUndo>,
        result: StepResult,
    ) -> UndoCode {
        let nothing =
            |context: &mut Self, undo| UndoCode { undo, captures: context.current.list(Vec::new()) };
        if self.in_undo {
            return nothing(self, Undo::Nothing);
        }
        match undo {
            StepUndo::None => nothing(self, Undo::Nothing),
            StepUndo::Missing => nothing(self, Undo::Undeclared),
            StepUndo::Irreversible => nothing(self, Undo::Irreversible),
            StepUndo::Compensate { body, uses_result, uses_cause } => {
                let (result_local, cause) = match compensation.map(|compensation| &compensation.kind) {
                    Some(CompensationKind::Run { result, cause, .. }) => (Some(*result), Some(*cause)),
                    _ => (None, None),
                };
                self.undo_of(
                    name,
                    *body,
                    result_local.filter(|_| *uses_result),
                    cause.filter(|_| *uses_cause),
                    result,
                )
            }
            StepUndo::Operation => match declared {
                Some(DeclaredUndo { call, result: local, cause }) => {
                    self.undo_of(name, call, local, cause, result)
                }
                None => nothing(self, Undo::Undeclared),
            },
        }
    }

    fn undo_of(
        &mut self,
        name: String,
        body: ExprId,
        result: Option<LocalId>,
        cause: Option<LocalId>,
        result_of: StepResult,
    ) -> UndoCode {
        let with_result = result.map(|local| (local, result_of));
        let (function, captures) = self.undo_function(name, with_result, cause, body);
        let undo = Undo::Function { function, uses_result: result.is_some(), uses_cause: cause.is_some() };
        UndoCode { undo, captures }
    }

    /// `undo { … }` as a statement. The register of the cause stands in the code alone where it is read.
    pub(super) fn undo_statement(&mut self, cause: LocalId, body: ExprId, span: Span) -> Value {
        let cause = self.program.locals_used(body).contains(&cause).then_some(cause);
        let (function, captures) = self.undo_function("undo".to_owned(), None, cause, body);
        self.at(span);
        self.current.emit(Op::RegisterUndo { function, captures });
        self.null()
    }

    pub(super) fn call_function(&mut self, id: ExprId, function: flow_hir::FunctionId) -> Value {
        let function = self.pure_function(function);
        let arguments = self.typed.arguments.get(id).cloned().unwrap_or_default();
        let params = self.param_types(function);
        let args = self.arguments(&arguments, &params);
        self.at(self.program.exprs[id].span);
        let out = self.register_of(self.typed.ty(id));
        let args = self.current.list(args.iter().map(|value| value.reg).collect());
        self.current.emit(Op::CallFunction { dst: out.reg, function, args });
        out
    }

    fn param_types(&self, id: FunctionId) -> Vec<TypeId> {
        let Some(function) = self.plan.function(id) else { return Vec::new() };
        let ty = |reg: &flow_plan::Reg| {
            let register = function.registers.iter().find(|register| register.slot == *reg);
            register.map_or(TypeId(0), |register| register.ty)
        };
        function.params.iter().map(ty).collect()
    }
}
