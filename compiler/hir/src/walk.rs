//! Walking expressions: the children of each form, and what is often asked of a whole body.

use flow_source::Span;
use rustc_hash::FxHashSet;

use crate::{
    Argument, Block, CallOptions, Compensation, CompensationKind, ExprId, ExprKind, Idempotency, ListItem,
    LocalId, OperationId, PatternKind, Program, ReceiveSource, RecordItem, Statement, TemplatePart,
    UndoClause,
};

impl Program {
    /// Hands out the expressions directly inside an expression, in the order of evaluation. What runs apart
    /// (`compensate`, `undo`) is among them; what a declaration brings (undos, defaults) is not.
    pub fn for_each_child(&self, expr: ExprId, mut each: impl FnMut(ExprId)) {
        self.children(expr, &mut each);
    }

    fn children(&self, expr: ExprId, each: &mut dyn FnMut(ExprId)) {
        match &self.exprs[expr].kind {
            ExprKind::Missing
            | ExprKind::Null
            | ExprKind::Absent
            | ExprKind::Bool(_)
            | ExprKind::Int(_)
            | ExprKind::Decimal(_)
            | ExprKind::Float(_)
            | ExprKind::Duration(_)
            | ExprKind::Timestamp(_)
            | ExprKind::Date(_)
            | ExprKind::String(_)
            | ExprKind::Local(_)
            | ExprKind::Config(_)
            | ExprKind::Execution { .. }
            | ExprKind::Callback { .. }
            | ExprKind::Break
            | ExprKind::Continue
            | ExprKind::Commit => {}
            ExprKind::Template(parts) => {
                for part in parts {
                    if let TemplatePart::Expr(part) = part {
                        each(*part);
                    }
                }
            }
            ExprKind::List(items) => {
                for item in items {
                    match item {
                        ListItem::Item(item) | ListItem::Spread(item) => each(*item),
                    }
                }
            }
            ExprKind::Record(items) => {
                for item in items {
                    match item {
                        RecordItem::Field { value, .. } => each(*value),
                        RecordItem::Spread(record) => each(*record),
                    }
                }
            }
            ExprKind::Map(entries) => {
                for entry in entries {
                    each(entry.key);
                    each(entry.value);
                }
            }
            ExprKind::Error { fields, .. } | ExprKind::Case { fields, .. } => each(*fields),
            ExprKind::Field { base, .. } => each(*base),
            ExprKind::Index { base, index } => {
                each(*base);
                each(*index);
            }
            ExprKind::Unary { operand, .. } => each(*operand),
            ExprKind::Binary { left, right, .. } => {
                each(*left);
                each(*right);
            }
            ExprKind::As { value, .. } => each(*value),
            ExprKind::If { condition, then, otherwise } => {
                each(*condition);
                each(*then);
                otherwise.iter().for_each(|otherwise| each(*otherwise));
            }
            ExprKind::Match { value, arms, .. } => {
                each(*value);
                for arm in arms {
                    arm.guard.iter().for_each(|guard| each(*guard));
                    each(arm.body);
                }
            }
            ExprKind::Block(block) => block_children(block, each),
            ExprKind::Parallel { branches, .. } => branches.iter().for_each(|branch| each(branch.body)),
            ExprKind::Race { count, branches, .. } => {
                count.iter().for_each(|count| each(*count));
                branches.iter().for_each(|branch| each(branch.body));
            }
            ExprKind::ForBranches { iterable, count, body, .. } => {
                each(*iterable);
                each(*count);
                each(*body);
            }
            ExprKind::CallOperation { arguments, options, compensation, .. } => {
                call_children(arguments, options.as_ref(), compensation.as_ref(), each);
            }
            ExprKind::CallWorkflow { arguments, compensation, .. } => {
                call_children(arguments, None, compensation.as_ref(), each);
            }
            ExprKind::CallFunction { arguments, .. } | ExprKind::Recorded { arguments, .. } => {
                argument_children(arguments, each)
            }
            ExprKind::CallMethod { receiver, arguments, .. } => {
                each(*receiver);
                argument_children(arguments, each);
            }
            ExprKind::Lambda { body, .. } | ExprKind::Saga { body, .. } | ExprKind::Undo { body, .. } => {
                each(*body)
            }
            ExprKind::Fail { error, because } => {
                each(*error);
                because.iter().for_each(|because| each(*because));
            }
            ExprKind::Return { value } => value.iter().for_each(|value| each(*value)),
            ExprKind::For { iterable, body, .. } => {
                each(*iterable);
                each(*body);
            }
            ExprKind::While { condition, body, .. } => {
                each(*condition);
                each(*body);
            }
            ExprKind::Try { body, catches, finally, .. } => {
                each(*body);
                catches.iter().for_each(|catch| each(catch.body));
                finally.iter().for_each(|finally| each(*finally));
            }
            ExprKind::Within { duration, body, .. } => {
                each(*duration);
                each(*body);
            }
            ExprKind::Sleep { duration, .. } => each(*duration),
            ExprKind::Log { message } => each(*message),
            ExprKind::Report { value } => each(*value),
            ExprKind::Receive { source, guard, within, .. } => {
                if let ReceiveSource::Callback(callback) = source {
                    each(*callback);
                }
                within.iter().for_each(|within| each(*within));
                guard.iter().for_each(|guard| each(*guard));
            }
            ExprKind::Poll { every, within, body, until, .. } => {
                within.iter().for_each(|within| each(*within));
                each(*every);
                each(*body);
                each(*until);
            }
        }
    }

    /// Hands out an expression and everything inside it, outer before inner, in the order of evaluation.
    pub fn for_each_inside(&self, expr: ExprId, each: &mut dyn FnMut(ExprId)) {
        // Operator chains lean to one side, so the way down is kept here and not on the stack.
        let mut next = vec![expr];
        while let Some(expr) = next.pop() {
            each(expr);
            let first = next.len();
            self.children(expr, &mut |child| next.push(child));
            if let Some(children) = next.get_mut(first..) {
                children.reverse();
            }
        }
    }

    /// The names that a body reads.
    pub fn locals_used(&self, body: ExprId) -> FxHashSet<LocalId> {
        let mut used = FxHashSet::default();
        self.for_each_inside(body, &mut |expr| {
            if let ExprKind::Local(local) = self.exprs[expr].kind {
                used.insert(local);
            }
        });
        used
    }

    /// The parameters of an operation that its own key, `undo` and `confirm` use: they go on beside the request.
    pub fn used_beside_the_request(&self, operation: OperationId) -> FxHashSet<LocalId> {
        let declared = &self.operations[operation];
        let key = match declared.idempotency.as_ref().map(|idempotency| &idempotency.value) {
            Some(Idempotency::Header { key, .. } | Idempotency::Field { key, .. }) => *key,
            Some(Idempotency::Natural) | None => None,
        };
        let undo = match &declared.undo {
            Some(UndoClause::Call(undo)) => Some(undo.call),
            Some(UndoClause::None(_) | UndoClause::Irreversible(_)) | None => None,
        };
        let confirm = declared.confirm.as_ref().map(|confirm| confirm.call);
        [key, undo, confirm].into_iter().flatten().flat_map(|body| self.locals_used(body)).collect()
    }

    /// The variables that a body assigns.
    pub fn assigned_in(&self, body: ExprId) -> FxHashSet<LocalId> {
        let mut assigned = FxHashSet::default();
        self.for_each_inside(body, &mut |expr| {
            let ExprKind::Block(block) = &self.exprs[expr].kind else { return };
            for statement in &block.statements {
                if let Statement::Assign { local, .. } = statement {
                    assigned.insert(*local);
                }
            }
        });
        assigned
    }

    /// The callbacks that a body makes and names, each with the `let` that names it: `let cb = callback<T>()`.
    pub fn callbacks_made(&self, body: ExprId) -> Vec<(LocalId, ExprId)> {
        let mut made = Vec::new();
        self.for_each_inside(body, &mut |expr| {
            let ExprKind::Block(block) = &self.exprs[expr].kind else { return };
            for statement in &block.statements {
                if let Statement::Let { pattern, value, .. } = statement
                    && let PatternKind::Bind(local) = pattern.kind
                    && let ExprKind::Callback { .. } = self.exprs[*value].kind
                {
                    made.push((local, *value));
                }
            }
        });
        made
    }

    /// The place of the expression that gives a body its value: the last one of a block, or itself.
    pub fn tail_span(&self, body: ExprId) -> Span {
        match &self.exprs[body].kind {
            ExprKind::Block(Block { value: Some(value), .. }) => self.tail_span(*value),
            _ => self.exprs[body].span,
        }
    }
}

fn block_children(block: &Block, each: &mut dyn FnMut(ExprId)) {
    for statement in &block.statements {
        match statement {
            Statement::Let { value, .. } | Statement::Assign { value, .. } => each(*value),
            Statement::Expr(expr) => each(*expr),
        }
    }
    block.value.iter().for_each(|value| each(*value));
}

fn argument_children(arguments: &[Argument], each: &mut dyn FnMut(ExprId)) {
    arguments.iter().for_each(|argument| each(argument.value));
}

fn call_children(
    arguments: &[Argument],
    options: Option<&CallOptions>,
    compensation: Option<&Compensation>,
    each: &mut dyn FnMut(ExprId),
) {
    argument_children(arguments, each);
    if let Some(timeout) = options.and_then(|options| options.timeout) {
        each(timeout);
    }
    if let Some(CompensationKind::Run { body, .. }) = compensation.map(|compensation| &compensation.kind) {
        each(*body);
    }
}

/// Stack that a level of nesting is sure to find, and how much is added when it does not.
const STACK_LEFT: usize = 128 * 1024;
const STACK_MORE: usize = 2 * 1024 * 1024;

/// Runs one level of a recursion over expressions. Brackets are bounded by the parser, but operator chains and
/// `else if` lean by a level for each, so that the stack may have to grow.
pub fn deeper<T>(level: impl FnOnce() -> T) -> T {
    stacker::maybe_grow(STACK_LEFT, STACK_MORE, level)
}

#[cfg(test)]
mod tests {
    use flow_source::{FileId, Span};

    use super::*;
    use crate::{BinaryOp, Expr};

    #[test]
    fn walks_outer_before_inner_and_left_before_right() {
        let mut program = Program::default();
        let span = Span::at(FileId(0), 0);
        let mut add = |kind| program.exprs.push(Expr { kind, span });
        let one = add(ExprKind::Int(1));
        let two = add(ExprKind::Int(2));
        let sum = add(ExprKind::Binary { op: BinaryOp::Add, op_span: span, left: one, right: two });
        let three = add(ExprKind::Int(3));
        let all = add(ExprKind::Binary { op: BinaryOp::Add, op_span: span, left: sum, right: three });
        let mut seen = Vec::new();
        program.for_each_inside(all, &mut |expr| seen.push(expr));
        assert_eq!(seen, [all, sum, one, two, three]);
    }
}
