//! Arenas addressed by small typed ids, and tables beside them.

use std::marker::PhantomData;

/// A typed index into an [`Arena`]. Made by `index_type!` alone.
pub trait Index: Copy + Eq {
    /// The index of a position.
    fn from_usize(position: usize) -> Self;
    /// The position of an index.
    fn to_usize(self) -> usize;
}

/// Declares index types: four bytes, ordered, hashable.
macro_rules! index_type {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u32);

        impl $crate::index::Index for $name {
            fn from_usize(position: usize) -> Self {
                // The source size limit keeps every arena far below 2^32 entries.
                Self(u32::try_from(position).unwrap_or(u32::MAX))
            }

            fn to_usize(self) -> usize {
                self.0 as usize
            }
        }
    )*};
}
pub(crate) use index_type;

/// A list that only grows and is addressed by its own index type.
#[derive(Clone, Debug)]
pub struct Arena<I, T> {
    items: Vec<T>,
    index: PhantomData<fn() -> I>,
}

impl<I, T> Default for Arena<I, T> {
    fn default() -> Self {
        Self { items: Vec::new(), index: PhantomData }
    }
}

impl<I: Index, T> Arena<I, T> {
    /// Appends, and gives the index.
    pub fn push(&mut self, item: T) -> I {
        let index = I::from_usize(self.items.len());
        self.items.push(item);
        index
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Items with their indices, in the order of adding.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (I, &T)> {
        self.items.iter().enumerate().map(|(position, item)| (I::from_usize(position), item))
    }

    /// All indices, in the order of adding.
    pub fn indices(&self) -> impl DoubleEndedIterator<Item = I> + use<I, T> {
        (0..self.items.len()).map(I::from_usize)
    }
}

// INVARIANT: indices are made by `push` of the same arena alone, and nothing is ever removed.
#[expect(clippy::indexing_slicing, reason = "indices come from `push` and nothing is removed")]
impl<I: Index, T> std::ops::Index<I> for Arena<I, T> {
    type Output = T;

    fn index(&self, index: I) -> &T {
        &self.items[index.to_usize()]
    }
}

#[expect(clippy::indexing_slicing, reason = "indices come from `push` and nothing is removed")]
impl<I: Index, T> std::ops::IndexMut<I> for Arena<I, T> {
    fn index_mut(&mut self, index: I) -> &mut T {
        &mut self.items[index.to_usize()]
    }
}

/// Facts about some of an arena's items; items without a fact give `None`.
#[derive(Clone, Debug)]
pub struct SideTable<I, T> {
    items: Vec<Option<T>>,
    index: PhantomData<fn() -> I>,
}

impl<I, T> Default for SideTable<I, T> {
    fn default() -> Self {
        Self { items: Vec::new(), index: PhantomData }
    }
}

impl<I: Index, T> SideTable<I, T> {
    /// Notes a fact; a second one replaces the first, which is given back.
    pub fn insert(&mut self, index: I, fact: T) -> Option<T> {
        let position = index.to_usize();
        if position >= self.items.len() {
            self.items.resize_with(position + 1, || None);
        }
        self.items.get_mut(position).and_then(|slot| slot.replace(fact))
    }

    /// The fact about an item.
    pub fn get(&self, index: I) -> Option<&T> {
        self.items.get(index.to_usize()).and_then(Option::as_ref)
    }

    /// The fact about an item, to be changed.
    pub fn get_mut(&mut self, index: I) -> Option<&mut T> {
        self.items.get_mut(index.to_usize()).and_then(Option::as_mut)
    }

    /// Whether there is a fact about an item.
    pub fn contains(&self, index: I) -> bool {
        self.get(index).is_some()
    }

    /// All facts, in the order of their items.
    pub fn iter(&self) -> impl Iterator<Item = (I, &T)> {
        self.items
            .iter()
            .enumerate()
            .filter_map(|(position, fact)| fact.as_ref().map(|fact| (I::from_usize(position), fact)))
    }
}
