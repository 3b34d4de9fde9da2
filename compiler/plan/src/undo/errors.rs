//! The errors that can come of an instruction, and which of them a handler takes.

use std::collections::BTreeSet;

use crate::{Callee, Catch, EffectClass, ErrorId, Handler, Op, Outcome, Plan, StepId};

/// One kind of error, as far as handlers tell them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Declared(ErrorId),
    Status(u16),
    RefusedTimeout,
    RefusedConnection,
    RefusedOther,
    UnknownTimeout,
    UnknownConnection,
    UnknownOther,
    Decode,
    Arithmetic,
    Range,
    Cast,
    Limit,
    Quorum,
    /// A deadline that this function has set: its scope, by index.
    Deadline(usize),
    /// A deadline that was set further in.
    InnerDeadline,
    /// A deadline of a function around: how many functions further out, and its scope there.
    OuterDeadline(usize, usize),
    /// The execution is cancelled.
    Cancelled,
    /// A race is lost, whose branch is so many functions further out.
    Lost(usize),
}

impl Kind {
    /// Whether it comes from outside of the code that it interrupts.
    pub(super) fn interrupts(self) -> bool {
        matches!(self, Kind::Cancelled | Kind::OuterDeadline(..) | Kind::Lost(_))
    }

    /// The same error in the function around.
    fn outside(self) -> Self {
        match self {
            Kind::Deadline(_) => Kind::InnerDeadline,
            Kind::OuterDeadline(1, scope) => Kind::Deadline(scope),
            Kind::OuterDeadline(levels, scope) => Kind::OuterDeadline(levels.saturating_sub(1), scope),
            Kind::Lost(levels) => Kind::Lost(levels.saturating_sub(1)),
            other => other,
        }
    }

    fn is_caught(self, handler: &Handler) -> bool {
        let inside = |scope: usize| scope >= usize::from(handler.scopes);
        match (&handler.catches, self) {
            (Catch::Finally, _) => true,
            (_, Kind::Cancelled | Kind::OuterDeadline(..) | Kind::Lost(_)) => false,
            (Catch::Any | Catch::Deadline, Kind::Deadline(scope)) => inside(scope),
            (Catch::Any, _) | (Catch::Deadline, Kind::InnerDeadline) => true,
            (Catch::Error(declared), Kind::Declared(error)) => *declared == error,
            (Catch::Http(from, to), Kind::Status(status)) => (*from..=*to).contains(&status),
            (Catch::Refused, Kind::RefusedTimeout | Kind::RefusedConnection | Kind::RefusedOther)
            | (Catch::Unknown, Kind::UnknownTimeout | Kind::UnknownConnection | Kind::UnknownOther)
            | (Catch::Timeout, Kind::RefusedTimeout | Kind::UnknownTimeout)
            | (Catch::Connection, Kind::RefusedConnection | Kind::UnknownConnection)
            | (Catch::Decode, Kind::Decode)
            | (Catch::Arithmetic, Kind::Arithmetic)
            | (Catch::Range, Kind::Range)
            | (Catch::Cast, Kind::Cast)
            | (Catch::Limit, Kind::Limit)
            | (Catch::Quorum, Kind::Quorum) => true,
            _ => false,
        }
    }
}

const REFUSED: [Kind; 3] = [Kind::RefusedTimeout, Kind::RefusedConnection, Kind::RefusedOther];
const UNKNOWN: [Kind; 3] = [Kind::UnknownTimeout, Kind::UnknownConnection, Kind::UnknownOther];
const COMPUTED: [Kind; 4] = [Kind::Arithmetic, Kind::Range, Kind::Cast, Kind::Limit];

/// Some kinds of errors.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Errors(BTreeSet<Kind>);

impl Errors {
    pub(super) fn one(kind: Kind) -> Self {
        Self(BTreeSet::from([kind]))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn contains(&self, kind: Kind) -> bool {
        self.0.contains(&kind)
    }

    /// Whether all of them come from outside of the code that they interrupt.
    pub(super) fn interrupts(&self) -> bool {
        self.0.iter().all(|kind| kind.interrupts())
    }

    /// Whether all say that a race is lost.
    pub(super) fn is_lost(&self) -> bool {
        self.0.iter().all(|kind| matches!(kind, Kind::Lost(_)))
    }

    /// Takes those out that a handler catches.
    pub(super) fn take(&mut self, handler: &Handler) -> Self {
        let (caught, left) = self.0.iter().copied().partition(|kind| kind.is_caught(handler));
        self.0 = left;
        Self(caught)
    }

    /// Those that interrupt, and the others.
    pub(super) fn split(self) -> (Self, Self) {
        let (interrupt, others) = self.0.into_iter().partition(|kind| kind.interrupts());
        (Self(interrupt), Self(others))
    }

    /// The same in the function around.
    pub(super) fn outside(self) -> Self {
        Self(self.0.into_iter().map(Kind::outside).collect())
    }

    /// All that a call can end with where it has surely had no effect.
    pub(super) fn failing(plan: &Plan, step: StepId) -> Self {
        let mut all = BTreeSet::from([Kind::Cast, Kind::Limit]);
        all.extend(REFUSED);
        if let Some((_, child, _)) = plan.step_child(step) {
            all.extend(child.errors.iter().map(|(_, own)| Kind::Declared(*own)));
            all.extend(Self::any(plan).0.into_iter().filter(|kind| !matches!(kind, Kind::Declared(_))));
            return Self(all);
        }
        let Some(operation) = plan.step_operation(step) else { return Self(all) };
        all.extend(statuses(plan, step, Outcome::NotDone));
        if operation.confirm.is_some() {
            // What confirms it says that it was not done.
            all.extend(statuses(plan, step, Outcome::Unknown));
            all.insert(Kind::Decode);
        }
        if operation.class == EffectClass::Safe {
            all.extend(UNKNOWN);
            all.insert(Kind::Decode);
        } else if !operation.raises.is_empty() || !operation.statuses.is_empty() {
            // A body that does not fit the error of its status.
            all.insert(Kind::Decode);
        }
        Self(all)
    }

    /// All that a call can end with where nobody knows whether it has had an effect; none where that is always known.
    pub(super) fn unknown(plan: &Plan, step: StepId) -> Self {
        let known = plan.step_operation(step).is_none_or(|operation| operation.class == EffectClass::Safe);
        if known {
            return Self::default();
        }
        let mut all = BTreeSet::from([Kind::Decode, Kind::Limit]);
        all.extend(UNKNOWN);
        all.extend(statuses(plan, step, Outcome::Unknown));
        Self(all)
    }

    /// All but interruptions.
    pub(super) fn any(plan: &Plan) -> Self {
        let mut all = BTreeSet::from([Kind::Decode, Kind::Quorum, Kind::InnerDeadline]);
        all.extend((0..).map(|id| Kind::Declared(ErrorId(id))).take(plan.errors.len()));
        all.extend((300..600).map(Kind::Status));
        all.extend(REFUSED);
        all.extend(UNKNOWN);
        all.extend(COMPUTED);
        Self(all)
    }

    /// What an instruction that calls nothing and has no branches can raise of itself.
    pub(super) fn computing(plan: &Plan, op: &Op) -> Self {
        match op {
            Op::Fail { error, .. } | Op::FailBecause { error, .. } => Self::one(Kind::Declared(*error)),
            Op::Rethrow { .. } => Self::any(plan),
            Op::PageAgain { .. } => Self::one(Kind::Decode),
            _ => Self(BTreeSet::from(COMPUTED)),
        }
    }

    pub(super) fn with(mut self, kinds: impl IntoIterator<Item = Kind>) -> Self {
        self.0.extend(kinds);
        self
    }
}

/// The errors of the statuses that leave a call with an outcome.
fn statuses(plan: &Plan, step: StepId, outcome: Outcome) -> Vec<Kind> {
    let Some(operation) = plan.step_operation(step) else { return Vec::new() };
    (300..600)
        .filter(|status| operation.outcome(*status, false) == outcome && !operation.gives_result(*status))
        .map(|status| operation.raised(status).map_or(Kind::Status(status), Kind::Declared))
        .collect()
}

/// Whether a step is only started.
pub(super) fn is_detached(plan: &Plan, step: StepId) -> bool {
    matches!(plan.step(step).map(|step| step.callee), Some(Callee::Child { detached: true, .. }))
}
