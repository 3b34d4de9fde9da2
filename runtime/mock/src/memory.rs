//! What an API remembers: what its operations are told, the keys they have seen, and the things that were made.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    hash::Hash,
    sync::Arc,
};

use crate::{failure::Script, json::Members, limits::REMEMBERED_MAX, reply::Reply};

/// The memory of an API.
#[derive(Debug)]
pub(crate) struct Memory {
    /// By the operation's place.
    pub(crate) operations: Vec<OperationMemory>,
    /// Members of the things that requests made, by their paths.
    pub(crate) things: Bounded<String, Members>,
    /// The paths of things that were deleted.
    pub(crate) gone: HashSet<String>,
    /// Requests for no operation.
    pub(crate) unmatched: u64,
}

/// The memory of an operation.
#[derive(Debug, Default)]
pub(crate) struct OperationMemory {
    pub(crate) script: Script,
    pub(crate) requests: u64,
    pub(crate) effects: u64,
    pub(crate) keys: Bounded<String, Keyed>,
    /// The numbers of idempotent requests without a key, by what they ask for.
    pub(crate) identical: Bounded<u64, u64>,
}

/// What is remembered of a key.
#[derive(Debug)]
pub(crate) struct Keyed {
    /// The fingerprint of the first request.
    pub(crate) request: u64,
    /// The first successful answer.
    pub(crate) answer: Option<Arc<Reply>>,
}

impl Memory {
    pub(crate) fn new(operations: usize) -> Self {
        Self {
            operations: (0..operations).map(|_| OperationMemory::default()).collect(),
            things: Bounded::default(),
            gone: HashSet::new(),
            unmatched: 0,
        }
    }

    /// Remembers a thing, over what was known of it.
    pub(crate) fn keep(&mut self, path: String, members: Members) {
        self.gone.remove(&path);
        match self.things.get_mut(&path) {
            Some(known) => known.extend(members),
            None => self.things.insert(path, members),
        }
    }

    /// Forgets a thing, if it is known; it is then known to be gone.
    pub(crate) fn delete(&mut self, path: &str) {
        if self.things.remove(path) && self.gone.len() < REMEMBERED_MAX {
            self.gone.insert(path.to_owned());
        }
    }
}

/// A map that forgets its oldest entries.
#[derive(Debug)]
pub(crate) struct Bounded<K, V> {
    entries: HashMap<K, V>,
    order: VecDeque<K>,
}

impl<K, V> Default for Bounded<K, V> {
    fn default() -> Self {
        Self { entries: HashMap::new(), order: VecDeque::new() }
    }
}

impl<K: Hash + Eq + Clone, V> Bounded<K, V> {
    pub(crate) fn get<Q>(&self, key: &Q) -> Option<&V>
    where
        K: std::borrow::Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.entries.get(key)
    }

    pub(crate) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.entries.get_mut(key)
    }

    pub(crate) fn insert(&mut self, key: K, value: V) {
        if self.entries.insert(key.clone(), value).is_none() {
            self.order.push_back(key);
            if self.order.len() > REMEMBERED_MAX
                && let Some(oldest) = self.order.pop_front()
            {
                self.entries.remove(&oldest);
            }
        }
    }

    pub(crate) fn remove<Q>(&mut self, key: &Q) -> bool
    where
        K: std::borrow::Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let known = self.entries.remove(key).is_some();
        if known {
            self.order.retain(|entry| entry.borrow() != key);
        }
        known
    }

    /// The keys, oldest first.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &K> {
        self.order.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_entries_are_forgotten() {
        let mut map = Bounded::default();
        for n in 0..=REMEMBERED_MAX {
            map.insert(n, n);
        }
        assert_eq!(map.get(&0), None);
        assert_eq!(map.keys().next(), Some(&1));
        assert_eq!(map.keys().count(), REMEMBERED_MAX);
        assert!(map.remove(&1) && !map.remove(&1));
        assert_eq!(map.keys().next(), Some(&2));
    }
}
