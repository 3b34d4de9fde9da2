//! A set of registers, by first slot.

use crate::Reg;

const BITS: usize = 64;

/// The set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct RegisterSet(Vec<u64>);

impl RegisterSet {
    /// The empty set for a frame of so many slots.
    pub(super) fn new(slots: usize) -> Self {
        Self(vec![0; slots.div_ceil(BITS)])
    }

    /// Becomes the empty set for a frame of so many slots.
    pub(super) fn reset(&mut self, slots: usize) {
        self.0.clear();
        self.0.resize(slots.div_ceil(BITS), 0);
    }

    /// Becomes like the other.
    pub(super) fn set(&mut self, other: &Self) {
        self.0.clone_from(&other.0);
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

    /// Keeps what is in the other too, and says whether that was less.
    pub(super) fn meet(&mut self, other: &Self) -> bool {
        let mut less = false;
        for (word, other) in self.0.iter_mut().zip(&other.0) {
            less |= *word & !other != 0;
            *word &= other;
        }
        less
    }

    /// The first of the set.
    pub(super) fn first(&self) -> Option<Reg> {
        let (index, word) = self.0.iter().enumerate().find(|(_, word)| **word != 0)?;
        let bit = usize::try_from(word.trailing_zeros()).ok()?;
        u16::try_from(index * BITS + bit).ok().map(Reg)
    }
}
