//! Pivots: after a step that cannot be undone, a failure undoes what was done before it. Where that is to stand too,
//! the workflow says `commit`.

use flow_diagnostics::{Diagnostic, codes};
use flow_hir::{ExprId, ExprKind};
use flow_source::Span;
use rustc_hash::FxHashSet;

use super::compensation::is_undone;
use crate::checker::Checker;
use crate::typed::StepUndo;
use crate::types::Ty;

/// Looks at all workflows.
pub(super) fn check(checker: &mut Checker<'_>) {
    for (_, workflow) in checker.program.workflows.iter() {
        let mut walk =
            Walk { checker, found: Vec::new(), seen: FxHashSet::default(), is_caught: false, in_loop: false };
        walk.expr(workflow.body, &mut Passed::default());
        for found in walk.found {
            report(checker, &found);
        }
    }
}

/// So many steps of ways that come together are remembered; of more, some are not told.
const PENDING_MAX: usize = 16;

/// What lies behind a point of a workflow, since the last `commit`.
#[derive(Clone, Default)]
struct Passed {
    /// A step or a statement with an undo.
    undone: Option<ExprId>,
    /// Steps that cannot be undone, and what is undone before each.
    irreversible: Vec<(ExprId, ExprId)>,
}

impl Passed {
    /// What lies behind a point that another way leads to as well.
    fn join(&mut self, other: Self) {
        self.undone = self.undone.or(other.undone);
        for step in other.irreversible {
            self.pass(step);
        }
    }

    fn pass(&mut self, step: (ExprId, ExprId)) {
        if self.irreversible.len() < PENDING_MAX && !self.irreversible.contains(&step) {
            self.irreversible.push(step);
        }
    }
}

/// A step that stays although what comes before it is undone.
struct Found {
    step: ExprId,
    undone: ExprId,
    next: ExprId,
}

struct Walk<'a, 'p> {
    checker: &'a Checker<'p>,
    found: Vec<Found>,
    seen: FxHashSet<ExprId>,
    /// Whether what fails here does not leave the workflow.
    is_caught: bool,
    /// Whether what stands here is looked at a second time, as what a loop around it comes to again.
    in_loop: bool,
}

impl Walk<'_, '_> {
    fn expr(&mut self, expr: ExprId, passed: &mut Passed) {
        flow_hir::deeper(|| self.kind(expr, passed));
    }

    fn kind(&mut self, expr: ExprId, passed: &mut Passed) {
        let program = self.checker.program;
        match &program.exprs[expr].kind {
            ExprKind::Undo { .. } => passed.undone = Some(expr),
            ExprKind::Commit => *passed = Passed::default(),
            ExprKind::If { condition, then, otherwise } => {
                self.expr(*condition, passed);
                self.ways([Some(*then), *otherwise], passed);
            }
            ExprKind::Match { value, arms, .. } => {
                self.expr(*value, passed);
                let ways: Vec<Option<ExprId>> = arms.iter().map(|arm| Some(arm.body)).collect();
                self.ways(ways, passed);
            }
            ExprKind::Race { branches, .. } => {
                self.ways(branches.iter().map(|branch| Some(branch.body)), passed);
            }
            ExprKind::Try { body, catches, finally, .. } => {
                let was_caught = self.is_caught;
                self.is_caught |= catches.iter().any(|catch| {
                    catch.selectors.is_empty() && self.checker.typed.ty(catch.body) != Ty::NEVER
                });
                self.expr(*body, passed);
                self.is_caught = was_caught;
                let ways = catches.iter().map(|catch| Some(catch.body));
                self.ways(std::iter::once(None).chain(ways), passed);
                if let Some(finally) = finally {
                    self.expr(*finally, passed);
                }
            }
            // What comes first comes again.
            ExprKind::For { .. } | ExprKind::While { .. } if !self.in_loop => {
                self.in_loop = true;
                self.children(expr, passed);
                self.children(expr, passed);
                self.in_loop = false;
            }
            ExprKind::CallOperation { arguments, .. } | ExprKind::CallWorkflow { arguments, .. } => {
                for argument in arguments {
                    self.expr(argument.value, passed);
                }
                self.step(expr, passed);
            }
            ExprKind::Fail { .. } => {
                self.children(expr, passed);
                self.fails(expr, passed);
            }
            _ => self.children(expr, passed),
        }
    }

    fn children(&mut self, expr: ExprId, passed: &mut Passed) {
        let mut children = Vec::new();
        self.checker.program.for_each_child(expr, |child| children.push(child));
        for child in children {
            self.expr(child, passed);
        }
    }

    /// Ways of which one is gone; none is the way past all of them.
    fn ways(&mut self, ways: impl IntoIterator<Item = Option<ExprId>>, passed: &mut Passed) {
        let before = std::mem::take(passed);
        for way in ways {
            let mut own = before.clone();
            if let Some(way) = way {
                self.expr(way, &mut own);
                if self.checker.typed.ty(way) == Ty::NEVER {
                    continue;
                }
            }
            passed.join(own);
        }
    }

    fn step(&mut self, expr: ExprId, passed: &mut Passed) {
        self.fails(expr, passed);
        if is_irreversible(self.checker, expr) {
            if let Some(undone) = passed.undone {
                passed.pass((expr, undone));
            }
        } else if is_undone(self.checker, expr) {
            passed.undone = Some(expr);
        }
    }

    fn fails(&mut self, next: ExprId, passed: &mut Passed) {
        if self.is_caught {
            return;
        }
        for (step, undone) in passed.irreversible.drain(..) {
            if self.seen.insert(step) {
                self.found.push(Found { step, undone, next });
            }
        }
    }
}

/// Whether a step is declared to be irreversible.
fn is_irreversible(checker: &Checker<'_>, step: ExprId) -> bool {
    checker.typed.calls.get(step).is_some_and(|call| call.undo == StepUndo::Irreversible)
}

fn report(checker: &mut Checker<'_>, found: &Found) {
    let place = |expr: ExprId| -> Span {
        match checker.program.exprs[expr].kind {
            ExprKind::CallOperation { callee, .. } | ExprKind::CallWorkflow { callee, .. } => callee,
            ExprKind::Undo { keyword, .. } => keyword,
            _ => checker.span(expr),
        }
    };
    let ExprKind::CallOperation { operation, callee, .. } = checker.program.exprs[found.step].kind else {
        return;
    };
    let name = checker.operation_name(operation);
    let (undone, next) = (place(found.undone), place(found.next));
    let mut diagnostic = Diagnostic::new(
        &codes::F0614,
        callee,
        format!("`{name}` cannot be undone, and what is done before it is, when a later step fails"),
    )
    .also(undone, "this is undone");
    if next != callee {
        diagnostic = diagnostic.also(next, "when this fails");
    }
    checker.report(diagnostic.help("write `commit` after it, if what is done before it is to stand as well"));
}
