//! What is registered at a place of the code: an abstraction of the machine's undos over all ways there.

use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;

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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

impl Entry {
    /// Whether the execution stops where this would be undone.
    pub(super) fn halts(&self) -> bool {
        self.certain && self.asks == Asks::Must
    }
}

/// What is known of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    Done,
    Unknown,
    /// It was cut off: it may be done, not done or unknown.
    Cut,
}

/// The most entries of a leaf.
const LEAF_MAX: usize = 32;

/// All that is registered: sorted entries in leaves, which states share. A state is one for each instruction, and what
/// stands in it grows with the code before: a copy costs little, and so does a change of few entries.
#[derive(Clone, Debug, Default)]
pub(super) struct State(Vec<Rc<Leaf>>);

type Leaf = BTreeMap<Key, Entry>;

impl PartialEq for State {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0 || self.iter().eq(other.iter())
    }
}

impl Eq for State {}

impl State {
    fn iter(&self) -> impl DoubleEndedIterator<Item = (&Key, &Entry)> {
        self.0.iter().flat_map(|leaf| leaf.iter())
    }

    /// What stands in leaves that two states do not share, as ranges of their leaves.
    fn unshared(&self, other: &State) -> (Range<usize>, Range<usize>) {
        let same = |(one, two): &(&Rc<Leaf>, &Rc<Leaf>)| Rc::ptr_eq(one, two);
        let first = self.0.iter().zip(&other.0).take_while(same).count();
        let least = self.0.len().min(other.0.len());
        let last = self.0.iter().rev().zip(other.0.iter().rev()).take_while(same).count().min(least - first);
        (first..self.0.len() - last, first..other.0.len() - last)
    }

    /// Puts other entries in the place of some leaves.
    fn replace(&mut self, leaves: Range<usize>, entries: Leaf) {
        let mut entries = entries;
        let mut made = Vec::new();
        while entries.len() > LEAF_MAX {
            let middle = entries.len() / 2;
            // Long leaves come of joins and of sagas that are handed over, which are rare.
            let Some(key) = entries.keys().nth(middle.min(LEAF_MAX)).cloned() else { break };
            let rest = entries.split_off(&key);
            made.push(Rc::new(std::mem::replace(&mut entries, rest)));
        }
        if !entries.is_empty() {
            made.push(Rc::new(entries));
        }
        self.0.splice(leaves, made);
    }

    /// The leaf that holds a key, or would.
    fn leaf_of(&self, key: &Key) -> usize {
        let after = |leaf: &Rc<Leaf>| leaf.first_key_value().is_some_and(|(first, _)| first <= key);
        self.0.partition_point(after).saturating_sub(1)
    }

    /// What may be there after one of two ways.
    pub(super) fn join(&mut self, other: &State) {
        let (own, others) = self.unshared(other);
        let leaves = |state: &State, range: Range<usize>| -> Leaf {
            let leaves = state.0.get(range).unwrap_or_default().iter();
            leaves.flat_map(|leaf| leaf.iter()).map(|(key, entry)| (key.clone(), *entry)).collect()
        };
        let (mut entries, theirs) = (leaves(self, own.clone()), leaves(other, others));
        for (key, entry) in &mut entries {
            if !theirs.contains_key(key) {
                entry.certain = false;
            }
        }
        for (key, entry) in theirs {
            match entries.get_mut(&key) {
                Some(own) => {
                    let certain = own.certain && entry.certain;
                    own.mix(&entry);
                    own.certain = certain;
                }
                None => {
                    entries.insert(key, Entry { certain: false, ..entry });
                }
            }
        }
        self.replace(own, entries);
    }

    /// Adds to what is there.
    pub(super) fn add(&mut self, saga: usize, site: Site, entry: Entry) {
        let key = Key { saga, site, stays: entry.stays.is_some() };
        let at = self.leaf_of(&key);
        let Some(leaf) = self.0.get_mut(at) else {
            self.0.push(Rc::new(Leaf::from([(key, entry)])));
            return;
        };
        let leaf = Rc::make_mut(leaf);
        match leaf.get_mut(&key) {
            Some(own) => {
                let certain = own.certain || entry.certain;
                own.mix(&entry);
                own.certain = certain;
            }
            None => {
                leaf.insert(key, entry);
            }
        }
        if leaf.len() > LEAF_MAX {
            let entries = std::mem::take(leaf);
            self.replace(at..at + 1, entries);
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
        for (key, entry) in branch.iter().filter(|(key, _)| key.saga == 0) {
            let mut entry = *entry;
            change(&mut entry);
            self.add(saga, [prefix, key.site.as_slice()].concat(), entry);
        }
    }

    /// Takes the entries out that are so.
    fn take(&mut self, is_taken: impl Fn(&Key) -> bool) -> Vec<(Key, Entry)> {
        let mut taken = Vec::new();
        self.0.retain_mut(|leaf| {
            if leaf.keys().any(&is_taken) {
                Rc::make_mut(leaf).retain(|key, entry| {
                    let takes = is_taken(key);
                    if takes {
                        taken.push((key.clone(), *entry));
                    }
                    !takes
                });
            }
            !leaf.is_empty()
        });
        taken
    }

    /// A saga has ended well: the one around takes its undos.
    pub(super) fn hand_over(&mut self, saga: usize, around: usize) {
        for (key, entry) in self.take(|key| key.saga == saga) {
            self.add(around, key.site, entry);
        }
    }

    /// `commit`: what was registered stays.
    pub(super) fn commit(&mut self) {
        for (key, entry) in self.take(|_| true) {
            let stays = entry.stays.unwrap_or(Stays::Committed);
            // An `undo` statement that is dropped leaves nothing.
            if entry.step.is_some() {
                self.add(key.saga, key.site, Entry { stays: Some(stays), asks: Asks::No, ..entry });
            }
        }
    }

    /// A round of a loop has ended: what was registered in it may be there several times, and need not be.
    pub(super) fn next_round(&mut self, begins_at: u32) {
        let changes =
            |key: &Key, entry: &Entry| !entry.each && key.site.first().is_some_and(|at| *at > begins_at);
        for leaf in &mut self.0 {
            if leaf.iter().any(|(key, entry)| changes(key, entry)) {
                for (key, entry) in Rc::make_mut(leaf) {
                    entry.each |= changes(key, entry);
                }
            }
        }
    }

    /// Takes the undos of the sagas that are closed where so many scopes are kept, in the order in which they run;
    /// where all are, those of the function's own too.
    pub(super) fn take_undos(&mut self, kept: usize, own: bool) -> Vec<Entry> {
        let closed = |key: &Key| !key.stays && (key.saga > kept || (own && key.saga == 0));
        let mut taken = Vec::new();
        self.0.retain_mut(|leaf| {
            let before = taken.len();
            taken.extend(leaf.iter().filter(|(key, _)| closed(key)).map(|(_, entry)| *entry));
            let (count, all) = (taken.len() - before, leaf.len());
            if count > 0 && count < all {
                Rc::make_mut(leaf).retain(|key, _| !closed(key));
            }
            count < all
        });
        // Keys lie in the order of sagas and sites.
        taken.reverse();
        taken
    }

    /// The undos of the sagas inside, in the order in which they would run.
    pub(super) fn inner_undos(&self) -> impl Iterator<Item = &Entry> {
        self.iter().rev().filter(|(key, _)| !key.stays && key.saga > 0).map(|(_, entry)| entry)
    }

    /// All undos, in the order in which they would run.
    pub(super) fn undos(&self) -> impl Iterator<Item = &Entry> {
        self.iter().rev().filter(|(key, _)| !key.stays).map(|(_, entry)| entry)
    }

    /// What stays whatever is undone, in the order of the code.
    pub(super) fn staying(&self) -> impl Iterator<Item = &Entry> {
        self.iter().filter(|(key, _)| key.stays).map(|(_, entry)| entry)
    }

    /// Adds all that another one holds, with nothing certain. What it shares with the one that was added last is passed
    /// over.
    pub(super) fn collect(&mut self, other: &State, last: &mut State) {
        let (_, new) = last.unshared(other);
        for leaf in other.0.get(new).unwrap_or_default() {
            for (key, entry) in leaf.iter() {
                self.add(key.saga, key.site.clone(), Entry { certain: false, ..*entry });
            }
        }
        *last = other.clone();
    }
}

impl Entry {
    /// Takes what another one says of the same place; what is certain is left to the caller.
    fn mix(&mut self, other: &Entry) {
        self.each |= other.each;
        self.branched |= other.branched;
        if self.asks != other.asks {
            self.asks = Asks::May;
        }
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
    let Some(operation) = plan.step_operation(step) else {
        // What another caller has begun is done, and not undone from here.
        let keyed = plan.step_child(step).is_some_and(|(_, child, _)| child.keyed);
        return (!keyed, Asks::No);
    };
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
