//! A set of registers, by first slot.

use crate::Reg;

const BITS: usize = 64;

/// The set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RegisterSet(Vec<u64>);

impl RegisterSet {
    /// The empty set for a frame of so many slots.
    pub(super) fn new(slots: usize) -> Self {
        Self(vec![0; slots.div_ceil(BITS)])
    }

    /// The empty set for the same frame.
    pub(super) fn empty(&self) -> Self {
        Self(vec![0; self.0.len()])
    }

    fn place(register: Reg) -> (usize, u64) {
        (register.index() / BITS, 1 << (register.index() % BITS))
    }

    pub(super) fn insert(&mut self, register: Reg) {
        let (word, bit) = Self::place(register);
        if let Some(word) = self.0.get_mut(word) {
            *word |= bit;
        }
    }

    pub(super) fn remove(&mut self, register: Reg) {
        let (word, bit) = Self::place(register);
        if let Some(word) = self.0.get_mut(word) {
            *word &= !bit;
        }
    }

    pub(super) fn contains(&self, register: Reg) -> bool {
        let (word, bit) = Self::place(register);
        self.0.get(word).is_some_and(|word| word & bit != 0)
    }

    /// Adds what is in the other.
    pub(super) fn join(&mut self, other: &Self) {
        for (word, other) in self.0.iter_mut().zip(&other.0) {
            *word |= other;
        }
    }

    /// Keeps what is in the other too.
    pub(super) fn meet(&mut self, other: &Self) {
        for (word, other) in self.0.iter_mut().zip(&other.0) {
            *word &= other;
        }
    }

    /// A register that is in this set and not in the other.
    pub(super) fn first_beyond(&self, other: &Self) -> Option<Reg> {
        self.0.iter().zip(&other.0).enumerate().find_map(|(index, (word, other))| {
            let beyond = word & !other;
            let bit = usize::try_from(beyond.trailing_zeros()).ok().filter(|_| beyond != 0)?;
            u16::try_from(index * BITS + bit).ok().map(Reg)
        })
    }
}
