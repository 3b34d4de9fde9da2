//! What runs beside each other: each branch is a function of its own over what it sees.

use flow_hir::{BinaryOp, Branch, ExprId, ExprKind, Pattern};
use flow_plan::{FunctionId, Group, GroupMode, ListId, Op, Purity, Type, TypeId};

use crate::builder::Value;
use crate::context::Context;

impl Context<'_> {
    pub(super) fn parallel(&mut self, id: ExprId, settled: bool, branches: &[Branch]) -> Value {
        let ty = self.ty(self.typed.ty(id));
        let fields = match self.plan.types.get(ty) {
            Type::Record(fields) => fields.clone(),
            _ => Vec::new(),
        };
        let mut made = Vec::with_capacity(branches.len());
        for branch in branches {
            let place = fields.iter().position(|field| field.name == *branch.name.text);
            let field = place.and_then(|place| fields.get(place)).map(|field| field.ty);
            let result = if settled { field.and_then(|field| self.held_by(field, "Ok")) } else { field };
            let place = place.and_then(|place| u16::try_from(place).ok());
            made.push(self.branch(branch, place, result));
        }
        let mode = if settled { GroupMode::Settled } else { GroupMode::All };
        self.fork(id, ty, Group { mode, branches: made })
    }

    pub(super) fn race(&mut self, id: ExprId, count: Option<ExprId>, branches: &[Branch]) -> Value {
        let ty = self.ty(self.typed.ty(id));
        let Some(count) = count else {
            let mut made = Vec::with_capacity(branches.len());
            for branch in branches {
                let place = self.case_of(ty, &branch.name.text).map(|(case, _)| case);
                let result = self.held_by(ty, &branch.name.text);
                made.push(self.branch(branch, place, result));
            }
            return self.fork(id, ty, Group { mode: GroupMode::First, branches: made });
        };
        let count = self.expr(count);
        let ty = self.list_of_successes(ty);
        let item = match self.plan.types.get(ty) {
            Type::List(item) => Some(*item),
            _ => None,
        };
        let made = branches.iter().map(|branch| self.branch(branch, None, item)).collect();
        let out = self.register(ty);
        let group = self.current.group(Group { mode: GroupMode::Some, branches: made });
        self.at(self.program.exprs[id].span);
        self.current.emit(Op::ForkSome { dst: out.reg, group, count: count.reg });
        out
    }

    pub(super) fn for_branches(
        &mut self,
        id: ExprId,
        pattern: &Pattern,
        iterable: ExprId,
        (race, count): (bool, ExprId),
        body: ExprId,
    ) -> Value {
        let ty = self.ty(self.typed.ty(id));
        let ty = if race { self.list_of_successes(ty) } else { ty };
        let items = self.list_of(iterable);
        let count = self.expr(count);
        let of_list = |context: &Self, list: TypeId| match context.plan.types.get(list) {
            Type::List(item) => Some(*item),
            _ => None,
        };
        let element = of_list(self, self.plan.types.open_secret(items.ty));
        let element = element.unwrap_or_else(|| self.intern(Type::Null));
        let result = of_list(self, ty);
        let (function, captures) = self.branch_function("for", result, |context| {
            let item = context.register(element);
            context.current.params.push(item.reg);
            context.bind_pattern(pattern, item);
            context.expr(body)
        });
        let mode = if race { GroupMode::Some } else { GroupMode::All };
        let branches = vec![flow_plan::Branch { field: None, function, captures }];
        let out = self.register(ty);
        let group = self.current.group(Group { mode, branches });
        self.at(self.program.exprs[id].span);
        self.current.emit(Op::ForkEach { dst: out.reg, group, items: items.reg, count: count.reg });
        out
    }

    /// The type of what a race gives that is due a number of successes; where no branch can succeed, a list of nulls.
    fn list_of_successes(&mut self, ty: TypeId) -> TypeId {
        match self.plan.types.get(ty) {
            Type::Null => self.intern(Type::List(ty)),
            _ => ty,
        }
    }

    fn fork(&mut self, id: ExprId, ty: TypeId, group: Group) -> Value {
        let out = self.register(ty);
        let group = self.current.group(group);
        self.at(self.program.exprs[id].span);
        self.current.emit(Op::Fork { dst: out.reg, group });
        out
    }

    /// The code of a named branch. Without a type of its result, nobody reads that.
    fn branch(&mut self, branch: &Branch, field: Option<u16>, result: Option<TypeId>) -> flow_plan::Branch {
        let (function, captures) = self.branch_function(&branch.name.text, result, |context| {
            context.at(branch.name.span);
            context.expr(branch.body)
        });
        flow_plan::Branch { field, function, captures }
    }

    fn branch_function(
        &mut self,
        name: &str,
        result: Option<TypeId>,
        body: impl FnOnce(&mut Self) -> Value,
    ) -> (FunctionId, ListId) {
        let function = self.reserve_function(format!("{}/{name}", self.plan.workflow));
        let null = self.intern(Type::Null);
        self.enter(Purity::Flow, result.unwrap_or(null));
        let mut value = body(self);
        if result.is_none_or(|result| result == null) {
            value = self.null();
        }
        self.return_from(value);
        let captures = self.leave(function);
        (function, self.current.list(captures))
    }

    /// The type of the value that a case holds.
    fn held_by(&self, union: TypeId, case: &str) -> Option<TypeId> {
        let (_, fields) = self.case_of(union, case)?;
        match self.plan.types.get(fields) {
            Type::Record(fields) => fields.first().map(|field| field.ty),
            _ => None,
        }
    }

    /// What a `for` goes over, as a list: a range becomes one.
    fn list_of(&mut self, iterable: ExprId) -> Value {
        let ExprKind::Binary { op: BinaryOp::Range, left, right, .. } = self.program.exprs[iterable].kind
        else {
            return self.expr(iterable);
        };
        let (low, high) = (self.expr(left), self.expr(right));
        let int = self.intern(Type::Int);
        let ty = self.intern(Type::List(int));
        let list = self.empty_list(ty);
        let index = self.register(int);
        self.assign(index, low);
        let (top, done) = (self.current.label(), self.current.label());
        self.current.bind(top);
        let within = self.compare(index, high, false);
        self.current.jump_if_not(within.reg, done);
        self.push(list, index);
        // The last index is not stepped over, so that a range up to the greatest int ends.
        let more = self.compare(index, high, true);
        self.current.jump_if_not(more.reg, done);
        let one = self.load_int(1);
        self.add_to(index, one);
        self.current.jump(top);
        self.current.bind(done);
        list
    }
}
