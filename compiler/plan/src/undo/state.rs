//! What is registered at a place of the code: an abstraction of the machine's undos over all ways there.

use std::collections::BTreeMap;

use crate::{EffectClass, FunctionId, Outcome, Plan, Statuses, StepId, Target, Undo};

use super::Stays;
use super::errors::is_detached;

/// Where something was registered: instructions and branches by turns, from the outside in. The order is that of the
/// code, which is that of time but for loops and branches.
pub(super) type Site = Vec<u32>;

/// What tells entries apart: the site; the saga that it belongs to, by the count of scopes with it, 0 for the one
/// that is around the function; whether it stays.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) saga: usize,
    pub(super) site: Site,
    stays: bool,
}

/// Whether an entry stands for a step of which nobody knows whether it is done, and which waits for an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asks {
    No,
    May,
    Must,
}

/// An undo that is registered, or what stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// The step; none for an `undo` statement.
    pub(super) step: Option<StepId>,
    pub(super) at: (FunctionId, Target),
    pub(super) undo: Option<FunctionId>,
    /// Whether it is there on every way.
    pub(super) certain: bool,
    /// Whether it may be there several times.
    pub(super) each: bool,
    /// Whether it was registered in one of several branches: among those, the order is that of time.
    pub(super) branched: bool,
    pub(super) asks: Asks,
    pub(super) stays: Option<Stays>,
}

/// What is known of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    Done,
    Unknown,
    /// It was cut off: it may be done, not done or unknown.
    Cut,
}

/// All that is registered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct State(BTreeMap<Key, Entry>);

impl State {
    /// What may be there after one of two ways.
    pub(super) fn join(&mut self, other: &State) {
        for (key, entry) in &mut self.0 {
            if !other.0.contains_key(key) {
                entry.certain = false;
            }
        }
        for (key, entry) in &other.0 {
            match self.0.get_mut(key) {
                Some(own) => {
                    own.certain &= entry.certain;
                    own.each |= entry.each;
                    own.branched |= entry.branched;
                    if own.asks != entry.asks {
                        own.asks = Asks::May;
                    }
                }
                None => {
                    self.0.insert(key.clone(), Entry { certain: false, ..entry.clone() });
                }
            }
        }
    }

    /// Adds to what is there.
    pub(super) fn add(&mut self, saga: usize, site: Site, entry: Entry) {
        let key = Key { saga, site, stays: entry.stays.is_some() };
        match self.0.get_mut(&key) {
            Some(own) => {
                own.certain |= entry.certain;
                own.each |= entry.each;
                own.branched |= entry.branched;
                if own.asks != entry.asks {
                    own.asks = Asks::May;
                }
            }
            None => {
                self.0.insert(key, entry);
            }
        }
    }

    /// Adds what a branch has registered.
    pub(super) fn add_branch(
        &mut self,
        saga: usize,
        prefix: &[u32],
        branch: &State,
        change: impl Fn(&mut Entry),
    ) {
        for (key, entry) in branch.0.iter().filter(|(key, _)| key.saga == 0) {
            let mut entry = entry.clone();
            change(&mut entry);
            self.add(saga, [prefix, key.site.as_slice()].concat(), entry);
        }
    }

    /// A saga has ended well: the one around takes its undos.
    pub(super) fn hand_over(&mut self, saga: usize, around: usize) {
        let (inner, others): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.0).into_iter().partition(|(key, _)| key.saga == saga);
        self.0.extend(others);
        for (key, entry) in inner {
            self.add(around, key.site, entry);
        }
    }

    /// `commit`: what was registered stays.
    pub(super) fn commit(&mut self) {
        for (key, entry) in std::mem::take(&mut self.0) {
            let stays = entry.stays.unwrap_or(Stays::Committed);
            // An `undo` statement that is dropped leaves nothing.
            if entry.step.is_some() {
                self.add(key.saga, key.site, Entry { stays: Some(stays), asks: Asks::No, ..entry });
            }
        }
    }

    /// A round of a loop has ended: what was registered in it may be there several times, and need not be.
    pub(super) fn next_round(&mut self, begins_at: u32) {
        let inside = |key: &Key| key.site.first().is_some_and(|at| *at > begins_at);
        for (_, entry) in self.0.iter_mut().filter(|(key, _)| inside(key)) {
            entry.each = true;
        }
    }

    /// Takes the undos of the sagas that are closed where so many scopes are kept, in the order in which they run;
    /// where all are, those of the function's own too.
    pub(super) fn take_undos(&mut self, kept: usize, own: bool) -> Vec<Entry> {
        let (closed, left): (Vec<_>, Vec<_>) = std::mem::take(&mut self.0)
            .into_iter()
            .partition(|(key, _)| !key.stays && (key.saga > kept || (own && key.saga == 0)));
        self.0.extend(left);
        // Keys lie in the order of sagas and sites.
        closed.into_iter().rev().map(|(_, entry)| entry).collect()
    }

    /// The undos of the sagas inside, in the order in which they would run.
    pub(super) fn inner_undos(&self) -> impl Iterator<Item = &Entry> {
        self.0.iter().rev().filter(|(key, _)| !key.stays && key.saga > 0).map(|(_, entry)| entry)
    }

    /// All undos, in the order in which they would run.
    pub(super) fn undos(&self) -> impl Iterator<Item = &Entry> {
        self.0.iter().rev().filter(|(key, _)| !key.stays).map(|(_, entry)| entry)
    }

    /// What stays whatever is undone, in the order of the code.
    pub(super) fn staying(&self) -> impl Iterator<Item = &Entry> {
        self.0.iter().filter(|(key, _)| key.stays).map(|(_, entry)| entry)
    }

    /// The same with nothing certain.
    pub(super) fn uncertain(mut self) -> Self {
        self.0.values_mut().for_each(|entry| entry.certain = false);
        self
    }
}

/// What a call leaves.
pub(super) fn of_call(
    plan: &Plan,
    step: StepId,
    at: (FunctionId, Target),
    known: Known,
) -> impl Iterator<Item = Entry> {
    let entry = |undo, asks, stays, certain| Entry {
        step: Some(step),
        at,
        undo,
        certain,
        each: false,
        branched: false,
        asks,
        stays,
    };
    let asks = plan.unknown_needs_attention(step);
    let (certain, open) = match known {
        Known::Done => done_for_certain(plan, step),
        Known::Unknown if asks => (true, Asks::Must),
        Known::Unknown => (true, Asks::No),
        Known::Cut => (false, if asks { Asks::May } else { Asks::No }),
    };
    let undo = plan.step(step).map_or(Undo::Nothing, |step| step.undo);
    let changes = plan.step_operation(step).is_none_or(|operation| operation.class != EffectClass::Safe);
    let (registered, stays) = match undo {
        Undo::Function { function, .. } => (Some(entry(Some(function), open, None, certain)), None),
        Undo::Irreversible => (None, Some(Stays::Irreversible)),
        Undo::Undeclared if is_detached(plan, step) => (None, Some(Stays::Started)),
        Undo::Undeclared if changes => {
            let asked =
                (open != Asks::No).then(|| entry(None, Asks::Must, None, certain && known == Known::Unknown));
            (asked, Some(Stays::Undeclared))
        }
        Undo::Undeclared | Undo::Nothing => (None, is_detached(plan, step).then_some(Stays::Started)),
    };
    let held = known == Known::Unknown && registered.as_ref().is_some_and(|entry| entry.asks == Asks::Must);
    let certain = certain && known == Known::Done;
    let stays = stays.filter(|_| !held).map(|stays| entry(None, Asks::No, Some(stays), certain));
    registered.into_iter().chain(stays)
}

/// Whether a call that has given a result is done for certain, and whether it may be unknown: its result may be that of
/// a status that says so.
fn done_for_certain(plan: &Plan, step: StepId) -> (bool, Asks) {
    let Some(operation) = plan.step_operation(step) else { return (true, Asks::No) };
    let statuses = |statuses: &Statuses| match *statuses {
        Statuses::One(status) => status..=status,
        Statuses::Class(class) => u16::from(class) * 100..=u16::from(class) * 100 + 99,
    };
    let outcomes =
        || operation.statuses.iter().flat_map(statuses).map(|status| operation.outcome(status, false));
    let certain = outcomes().all(|outcome| outcome == Outcome::Done);
    let asks = plan.unknown_needs_attention(step) && outcomes().any(|outcome| outcome == Outcome::Unknown);
    (certain, if asks { Asks::May } else { Asks::No })
}
