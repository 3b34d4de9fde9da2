//! Flow facts: which places are known not to be null after a test, an early exit or a `match`.

use std::sync::Arc;

use flow_hir::{BinaryOp, ExprId, ExprKind, LocalId, Program, UnaryOp};
use rustc_hash::FxHashSet;

/// A name and a path of fields from it: `order.note`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Spot {
    /// The name.
    pub(crate) local: LocalId,
    /// The fields.
    pub(crate) path: Vec<Arc<str>>,
}

impl Spot {
    /// The spot that an expression reads, if it reads one.
    pub(crate) fn of(program: &Program, expr: ExprId) -> Option<Self> {
        match &program.exprs[expr].kind {
            ExprKind::Local(local) => Some(Self { local: *local, path: Vec::new() }),
            ExprKind::Field { base, name, .. } => {
                let mut spot = Self::of(program, *base)?;
                spot.path.push(Arc::clone(&name.text));
                Some(spot)
            }
            _ => None,
        }
    }
}

/// The spots that are known not to be null.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts(FxHashSet<Spot>);

impl Facts {
    /// Whether a spot is known not to be null.
    pub(crate) fn holds(&self, spot: &Spot) -> bool {
        self.0.contains(spot)
    }

    /// Learns spots.
    pub(crate) fn learn(&mut self, spots: impl IntoIterator<Item = Spot>) {
        self.0.extend(spots);
    }

    /// Forgets what was known of a variable, because it is assigned.
    pub(crate) fn forget(&mut self, local: LocalId) {
        self.0.retain(|spot| spot.local != local);
    }

    /// What both know: the facts after two ways have met.
    pub(crate) fn meet(&self, other: &Self) -> Self {
        Self(self.0.intersection(&other.0).cloned().collect())
    }
}

/// The spots that are not null when a condition has the given outcome.
pub(crate) fn learned(program: &Program, condition: ExprId, outcome: bool) -> Vec<Spot> {
    match &program.exprs[condition].kind {
        ExprKind::Unary { op: UnaryOp::Not, operand } => learned(program, *operand, !outcome),
        ExprKind::Binary { op: BinaryOp::And, left, right, .. } if outcome => {
            both(learned(program, *left, true), learned(program, *right, true))
        }
        ExprKind::Binary { op: BinaryOp::Or, left, right, .. } if !outcome => {
            both(learned(program, *left, false), learned(program, *right, false))
        }
        ExprKind::Binary { op, left, right, .. } => {
            let unequal = match op {
                BinaryOp::NotEqual => outcome,
                BinaryOp::Equal => !outcome,
                _ => return Vec::new(),
            };
            let tested = if is_null(program, *right) {
                *left
            } else if is_null(program, *left) {
                *right
            } else {
                return Vec::new();
            };
            if unequal { not_null(program, tested) } else { Vec::new() }
        }
        ExprKind::Block(block) if block.statements.is_empty() => {
            block.value.map_or_else(Vec::new, |value| learned(program, value, outcome))
        }
        _ => Vec::new(),
    }
}

/// The spots that are not null when an expression's value is not: with `a?.b` also `a`.
pub(crate) fn not_null(program: &Program, expr: ExprId) -> Vec<Spot> {
    let mut spots: Vec<Spot> = Spot::of(program, expr).into_iter().collect();
    if let ExprKind::Field { base, optional: true, .. } = &program.exprs[expr].kind {
        spots.extend(not_null(program, *base));
    }
    spots
}

fn is_null(program: &Program, expr: ExprId) -> bool {
    matches!(program.exprs[expr].kind, ExprKind::Null)
}

fn both(mut left: Vec<Spot>, right: Vec<Spot>) -> Vec<Spot> {
    left.extend(right);
    left
}
