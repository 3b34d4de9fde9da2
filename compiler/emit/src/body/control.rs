//! Control: blocks, branches of the code, loops, scopes, errors.

use flow_check::{Ty, TyKind};
use flow_hir::{
    BinaryOp, Block, BuiltinError, Catch, CatchSelector, ErrorRef, ExprId, ExprKind, MatchArm, Name, Pattern,
    Statement, StatusPattern,
};
use flow_plan::{Op, Type, TypeId};
use flow_source::Span;

use crate::builder::{Label, Scope, Value};
use crate::context::Context;

/// A walk over a list, between its beginning and its end.
pub(crate) struct Walk {
    /// The item at hand.
    pub(crate) item: Value,
    index: Value,
    top: Label,
    end: Label,
    next: Label,
}

impl Walk {
    /// The index of the item at hand.
    pub(crate) fn index(&self) -> Value {
        self.index
    }

    /// Where the walk ends early.
    pub(crate) fn exit(&self) -> Label {
        self.end
    }
}

impl Context<'_> {
    pub(super) fn block(&mut self, block: &Block) -> Value {
        for statement in &block.statements {
            self.statement(statement);
        }
        match block.value {
            Some(value) => self.expr(value),
            None => self.null(),
        }
    }

    fn statement(&mut self, statement: &Statement) {
        match statement {
            Statement::Let { pattern, value, .. } => {
                let made = self.expr(*value);
                self.bind_pattern(pattern, made);
            }
            Statement::Assign { local, value, .. } => {
                let made = self.expr(*value);
                let target = self.local(*local);
                self.some(target, made);
            }
            Statement::Expr(expr) => {
                self.expr(*expr);
            }
        }
    }

    pub(super) fn if_else(
        &mut self,
        id: ExprId,
        condition: ExprId,
        then: ExprId,
        otherwise: Option<ExprId>,
    ) -> Value {
        let out = self.register_of(self.typed.ty(id));
        let (no, done) = (self.current.label(), self.current.label());
        let holds = self.expr(condition);
        self.current.jump_if_not(holds.reg, no);
        let value = self.expr(then);
        self.some(out, value);
        self.current.jump(done);
        self.current.bind(no);
        match otherwise {
            Some(otherwise) => {
                let value = self.expr(otherwise);
                self.some(out, value);
            }
            None => self.set_null(out),
        }
        self.current.bind(done);
        out
    }

    pub(super) fn match_arms(&mut self, id: ExprId, value: ExprId, arms: &[MatchArm]) -> Value {
        let out = self.register_of(self.typed.ty(id));
        let looked_at = self.expr(value);
        let done = self.current.label();
        for (index, arm) in arms.iter().enumerate() {
            let next = self.current.label();
            // The checker has seen that the arms cover every value: the last one need not be tested.
            let last = index + 1 == arms.len() && arm.guard.is_none();
            self.at(arm.span);
            self.test_pattern(&arm.pattern, looked_at, if last { None } else { Some(next) });
            if let Some(guard) = arm.guard {
                let holds = self.expr(guard);
                self.current.jump_if_not(holds.reg, next);
            }
            let made = self.expr(arm.body);
            self.some(out, made);
            self.current.jump(done);
            self.current.bind(next);
        }
        self.current.bind(done);
        out
    }

    pub(super) fn for_loop(&mut self, pattern: &Pattern, iterable: ExprId, body: ExprId) -> Value {
        if let ExprKind::Binary { op: BinaryOp::Range, left, right, .. } = self.program.exprs[iterable].kind {
            let (low, high) = (self.expr(left), self.expr(right));
            let index = self.register_as(Type::Int);
            self.assign(index, low);
            let (top, next, exit) = self.open_loop();
            self.current.bind(top);
            let within = self.compare(index, high, false);
            self.current.jump_if_not(within.reg, exit);
            let copy = self.register(index.ty);
            self.assign(copy, index);
            self.bind_pattern(pattern, copy);
            self.expr(body);
            self.current.bind(next);
            // The last index is not stepped over, so that a range up to the greatest int ends.
            let more = self.compare(index, high, true);
            self.current.jump_if_not(more.reg, exit);
            let one = self.load_int(1);
            self.add_to(index, one);
            self.next_loop();
            self.current.jump(top);
            return self.close_loop(exit);
        }
        let list = self.expr(iterable);
        let (top, next, exit) = self.open_loop();
        let walk = self.walk_with(list, top, next, exit);
        self.bind_pattern(pattern, walk.item);
        self.expr(body);
        self.current.bind(next);
        self.next_loop();
        let one = self.load_int(1);
        self.add_to(walk.index, one);
        self.current.jump(top);
        self.close_loop(exit)
    }

    pub(super) fn while_loop(&mut self, condition: ExprId, body: ExprId) -> Value {
        let (top, next, exit) = self.open_loop();
        self.current.bind(top);
        let holds = self.expr(condition);
        self.current.jump_if_not(holds.reg, exit);
        self.expr(body);
        self.current.bind(next);
        self.next_loop();
        self.current.jump(top);
        self.close_loop(exit)
    }

    /// Opens a loop's scope; in pure code there is none, since nothing there needs the counter.
    pub(super) fn open_loop(&mut self) -> (Label, Label, Label) {
        let exit = self.current.label();
        let (top, next, _) = self.open_loop_to(exit);
        (top, next, exit)
    }

    /// Opens a loop's scope, out of which a `break` goes to a label; the last one is where it ends of itself.
    pub(super) fn open_loop_to(&mut self, exit: Label) -> (Label, Label, Label) {
        let (top, next, ended) = (self.current.label(), self.current.label(), self.current.label());
        if self.is_flow() {
            self.current.emit(Op::EnterLoop {});
        }
        self.current.scopes.push(Scope::Loop { exit, next });
        (top, next, ended)
    }

    pub(super) fn next_loop(&mut self) {
        if self.is_flow() {
            self.current.emit(Op::NextLoop {});
        }
    }

    pub(super) fn close_loop(&mut self, exit: Label) -> Value {
        self.current.bind(exit);
        self.leave_scope();
        self.null()
    }

    pub(super) fn leave_scope(&mut self) {
        self.current.scopes.pop();
        if self.is_flow() {
            self.current.emit(Op::Leave {});
        }
    }

    /// Begins a walk over a list in pure fashion: `item` is each element in turn.
    pub(crate) fn begin_walk(&mut self, list: Value) -> Walk {
        let (top, next, end) = (self.current.label(), self.current.label(), self.current.label());
        self.walk_with(list, top, next, end)
    }

    pub(super) fn walk_with(&mut self, list: Value, top: Label, next: Label, end: Label) -> Walk {
        let index = self.load_int(0);
        let length = self.register_as(Type::Int);
        self.current.emit(Op::Len { dst: length.reg, list: list.reg });
        self.current.bind(top);
        let within = self.compare(index, length, true);
        self.current.jump_if_not(within.reg, end);
        let ty = match self.plan.types.get(self.plan.types.open_secret(list.ty)) {
            Type::List(inner) => *inner,
            _ => TypeId(0),
        };
        let item = self.register(ty);
        let slots = self.plan.types.width(ty);
        self.current.emit(Op::Item { dst: item.reg, list: list.reg, index: index.reg, slots });
        Walk { item, index, top, end, next }
    }

    /// Ends a walk.
    pub(crate) fn end_walk(&mut self, walk: Walk) {
        self.current.bind(walk.next);
        let one = self.load_int(1);
        self.add_to(walk.index, one);
        self.current.jump(walk.top);
        self.current.bind(walk.end);
    }

    /// A new empty list.
    pub(crate) fn empty_list(&mut self, ty: TypeId) -> Value {
        let items = self.current.list(Vec::new());
        let out = self.register(ty);
        self.current.emit(Op::List { dst: out.reg, of: ty, items });
        out
    }

    /// Appends to a list that only its register holds.
    pub(crate) fn push(&mut self, list: Value, item: Value) {
        let slots = self.plan.types.width(item.ty);
        self.current.emit(Op::Push { list: list.reg, item: item.reg, slots });
    }

    pub(super) fn saga(&mut self, body: ExprId) -> Value {
        self.current.emit(Op::EnterSaga {});
        self.current.scopes.push(Scope::Saga);
        let value = self.expr(body);
        self.leave_scope();
        value
    }

    pub(super) fn within(&mut self, duration: ExprId, body: ExprId) -> Value {
        let duration = self.expr(duration);
        self.current.emit(Op::EnterDeadline { duration: duration.reg });
        self.current.scopes.push(Scope::Deadline);
        let value = self.expr(body);
        self.leave_scope();
        value
    }

    pub(super) fn sleep(&mut self, duration: ExprId, until: bool, span: Span) -> Value {
        let value = self.expr(duration);
        self.at(span);
        self.current.emit(if until {
            Op::SleepUntil { moment: value.reg }
        } else {
            Op::Sleep { duration: value.reg }
        });
        self.null()
    }

    pub(super) fn log(&mut self, message: ExprId) -> Value {
        let value = self.expr(message);
        let text = self.text_of(value);
        self.current.emit(Op::Log { text: text.reg });
        self.null()
    }

    pub(super) fn return_value(&mut self, value: Option<ExprId>) -> Value {
        let made = match value {
            Some(value) => self.expr(value),
            None => self.null(),
        };
        self.return_from(made);
        made
    }

    /// Closes every scope and returns.
    pub(crate) fn return_from(&mut self, value: Value) {
        let is_flow = self.is_flow();
        let left = if is_flow { self.leave_all() } else { Vec::new() };
        let result = self.current.result;
        let out = if self.plan.types.same_layout(value.ty, result) {
            value
        } else {
            let out = self.register(result);
            self.some(out, value);
            out
        };
        self.current.emit(Op::Return { src: out.reg });
        self.has_left(&left);
    }

    pub(super) fn fail(&mut self, error: ExprId, because: Option<ExprId>, span: Span) -> Value {
        match &self.program.exprs[error].kind {
            ExprKind::Error { error: ErrorRef::Declared(declared), fields, .. } => {
                let fields = self.expr(*fields);
                let cause = because.map(|because| self.expr(because));
                self.at(span);
                let error = self.error_type(*declared);
                self.current.emit(match cause {
                    Some(cause) => Op::FailBecause { error, fields: fields.reg, because: cause.reg },
                    None => Op::Fail { error, fields: fields.reg },
                });
            }
            _ => {
                let mut value = self.expr(error);
                if let Some(because) = because {
                    let cause = self.expr(because);
                    let whole = self.register_as(Type::Error);
                    let (src, because) = (value.reg, cause.reg);
                    self.current.emit(Op::ErrorBecause { dst: whole.reg, src, because });
                    value = whole;
                }
                self.at(span);
                self.current.emit(Op::Rethrow { error: value.reg });
            }
        }
        self.never()
    }

    /// A register for what is never computed.
    pub(super) fn never(&mut self) -> Value {
        self.register_as(Type::Null)
    }

    pub(super) fn selectors(&mut self, catch: &Catch) -> Vec<flow_plan::Catch> {
        if catch.selectors.is_empty() {
            return vec![flow_plan::Catch::Any];
        }
        let mut caught = Vec::new();
        for selector in &catch.selectors {
            caught.push(match selector {
                // A name that was not found, or that nothing catches, has been reported: there is no plan.
                CatchSelector::Missing(_) => continue,
                CatchSelector::Http(StatusPattern::Exact(status), _) => {
                    flow_plan::Catch::Http(*status, *status)
                }
                CatchSelector::Http(StatusPattern::Class(class), _) => {
                    let low = u16::from(*class) * 100;
                    flow_plan::Catch::Http(low, low + 99)
                }
                CatchSelector::Error(ErrorRef::Declared(declared), _) => {
                    flow_plan::Catch::Error(self.error_type(*declared))
                }
                CatchSelector::Error(ErrorRef::Builtin(builtin), _) => match builtin {
                    BuiltinError::Http => flow_plan::Catch::Http(100, 999),
                    BuiltinError::Refused => flow_plan::Catch::Refused,
                    BuiltinError::Unknown => flow_plan::Catch::Unknown,
                    BuiltinError::Decode => flow_plan::Catch::Decode,
                    BuiltinError::Deadline => flow_plan::Catch::Deadline,
                    BuiltinError::Timeout => flow_plan::Catch::Timeout,
                    BuiltinError::Connection => flow_plan::Catch::Connection,
                    BuiltinError::Arithmetic => flow_plan::Catch::Arithmetic,
                    BuiltinError::Range => flow_plan::Catch::Range,
                    BuiltinError::Cast => flow_plan::Catch::Cast,
                    BuiltinError::Quorum => flow_plan::Catch::Quorum,
                    BuiltinError::Limit => flow_plan::Catch::Limit,
                    BuiltinError::Cancelled => continue,
                },
            });
        }
        caught
    }

    /// `e.name`, and `e?.name` of one that may be null; of an error whose kind is known, its fields too.
    pub(super) fn field_of_error(
        &mut self,
        id: ExprId,
        base: ExprId,
        error: Option<ErrorRef>,
        name: &Name,
        optional: bool,
    ) -> Value {
        let value = self.expr(base);
        if !optional || !matches!(self.plan.types.get(value.ty), Type::Optional(_)) {
            return self.error_field(id, value, error, name);
        }
        let out = self.register_of(self.typed.narrowed.get(id).copied().unwrap_or(self.typed.ty(id)));
        self.unless_null(value, out, |context, present| context.error_field(id, present, error, name))
    }

    /// A field of an error.
    fn error_field(&mut self, id: ExprId, value: Value, error: Option<ErrorRef>, name: &Name) -> Value {
        let Some(ErrorRef::Declared(declared)) = error else { return self.error_own_field(id, value, name) };
        let fields = self.typed.errors.get(declared).copied().unwrap_or(Ty::ERROR);
        if self.typed.types.field(fields, &name.text).is_none() {
            return self.error_own_field(id, value, name);
        }
        let record = self.register_of(fields);
        let error = self.error_type(declared);
        self.current.emit(Op::ErrorFields { dst: record.reg, src: value.reg, error });
        self.field(record, &name.text)
    }

    /// A value of an error that is not raised.
    pub(super) fn error_value(&mut self, error: ErrorRef, fields: ExprId) -> Value {
        // The language raises its own; the checker has refused one that a program makes.
        let ErrorRef::Declared(declared) = error else { return self.null() };
        let fields = self.expr(fields);
        let error = self.error_type(declared);
        let out = self.register_as(Type::Error);
        self.current.emit(Op::MakeError { dst: out.reg, error, fields: fields.reg });
        out
    }

    /// `e.name`, `e.message` and `e.step`, which every error has.
    fn error_own_field(&mut self, id: ExprId, value: Value, name: &Name) -> Value {
        if &*name.text == "step" {
            let text = self.intern(Type::String);
            let out = self.register_as(Type::Optional(text));
            self.current.emit(Op::ErrorStep { dst: out.reg, src: value.reg });
            return out;
        }
        let error = self.intern(Type::Error);
        let ty = match &*name.text {
            "status" => Type::Int,
            "body" => Type::Json,
            "also" => Type::List(error),
            _ => Type::String,
        };
        let out = self.register_as(ty);
        let (dst, src) = (out.reg, value.reg);
        match &*name.text {
            "name" => self.current.emit(Op::ErrorName { dst, src }),
            "message" => self.current.emit(Op::ErrorMessage { dst, src }),
            "status" => self.current.emit(Op::ErrorStatus { dst, src }),
            "body" => self.current.emit(Op::ErrorBody { dst, src }),
            "also" => self.current.emit(Op::ErrorAlso { dst, src, of: out.ty }),
            // The checker knows no others.
            _ => return self.absent_feature(id, &format!("`.{}` of an error", name.text), "use `.message`"),
        }
        out
    }

    /// Whether the type of an expression is an execution under test.
    pub(crate) fn is_run(&self, expr: ExprId) -> bool {
        matches!(*self.typed.types.structure(self.typed.ty(expr)), TyKind::Run(_))
    }
}
