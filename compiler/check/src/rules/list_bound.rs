//! How long a list can be, as a `where` says that some boundary has checked: `items: [Item] where items.size() <= 500`.

use flow_hir::{BinaryOp, ExprId, ExprKind, LocalId, PatternKind, Statement};

use crate::checker::Checker;
use crate::types::TyKind;

/// The most elements of a list, where its parameter or its field says it. A record that the code has made itself has
/// passed no boundary: what its type says of it may not hold yet.
pub(super) fn most(checker: &Checker<'_>, list: ExprId) -> Option<u64> {
    let program = checker.program;
    match &program.exprs[list].kind {
        ExprKind::Local(local) => {
            let mut params = program.workflows.iter().flat_map(|(_, workflow)| &workflow.params);
            let constraint = params.find(|param| param.local == *local)?.constraint.as_ref()?;
            bound(checker, constraint.condition, constraint.value)
        }
        ExprKind::Field { base, name, optional: false } if came_in(checker, *base) => {
            let record = checker.typed.types.resolve(checker.typed.ty(*base));
            let kind = checker.typed.types.kind(record);
            let TyKind::Record(fields) = &*kind else { return None };
            let field = fields.iter().find(|field| *field.name == *name.text)?;
            let condition = field.constraint.as_ref()?;
            bound(checker, condition.condition, condition.value)
        }
        _ => None,
    }
}

/// Whether a value is as it came in: a parameter, the result of a call, or a part of one.
fn came_in(checker: &Checker<'_>, value: ExprId) -> bool {
    let program = checker.program;
    match &program.exprs[value].kind {
        ExprKind::Field { base, .. } => came_in(checker, *base),
        ExprKind::CallOperation { .. } | ExprKind::CallWorkflow { .. } => true,
        ExprKind::Local(local) => {
            let mut params = program.workflows.iter().flat_map(|(_, workflow)| &workflow.params);
            params.any(|param| param.local == *local) || is_result(checker, *local)
        }
        _ => false,
    }
}

/// Whether a name stands for the result of a call.
fn is_result(checker: &Checker<'_>, local: LocalId) -> bool {
    let program = checker.program;
    let binds = |statement: &Statement| match statement {
        Statement::Let { pattern, value, .. } => {
            matches!(pattern.kind, PatternKind::Bind(bound) if bound == local)
                && matches!(
                    program.exprs[*value].kind,
                    ExprKind::CallOperation { .. } | ExprKind::CallWorkflow { .. }
                )
        }
        _ => false,
    };
    let assigns =
        |statement: &Statement| matches!(statement, Statement::Assign { local: to, .. } if *to == local);
    let statements = || {
        program.exprs.iter().filter_map(|(_, expr)| match &expr.kind {
            ExprKind::Block(block) => Some(&block.statements),
            _ => None,
        })
    };
    statements().flatten().any(binds) && !statements().flatten().any(assigns)
}

/// The most elements for which a condition holds.
fn bound(checker: &Checker<'_>, condition: ExprId, value: LocalId) -> Option<u64> {
    let program = checker.program;
    let ExprKind::Binary { op, left, right, .. } = &program.exprs[condition].kind else { return None };
    let size = |expr: ExprId| match &program.exprs[expr].kind {
        ExprKind::CallMethod { receiver, method, optional: false, .. } => {
            &*method.text == "size"
                && matches!(program.exprs[*receiver].kind, ExprKind::Local(local) if local == value)
        }
        _ => false,
    };
    let number = |expr: ExprId| match program.exprs[expr].kind {
        ExprKind::Int(number) => u64::try_from(number).ok(),
        _ => None,
    };
    match op {
        BinaryOp::And => {
            let (left, right) = (bound(checker, *left, value), bound(checker, *right, value));
            left.into_iter().chain(right).min()
        }
        BinaryOp::LessEqual | BinaryOp::Equal if size(*left) => number(*right),
        BinaryOp::GreaterEqual | BinaryOp::Equal if size(*right) => number(*left),
        BinaryOp::Less if size(*left) => number(*right)?.checked_sub(1),
        BinaryOp::Greater if size(*right) => number(*left)?.checked_sub(1),
        BinaryOp::In if size(*left) => match &program.exprs[*right].kind {
            ExprKind::Binary { op: BinaryOp::Range, right: last, .. } => number(*last),
            _ => None,
        },
        _ => None,
    }
}
