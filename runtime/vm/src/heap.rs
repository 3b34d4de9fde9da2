//! The heap of one execution: one arena of words.
//!
//! A handle is the index of an object's first word; 0 is null. The words begin with the program's constants,
//! which are the same in every execution. Objects are never changed once they are shared, so sharing is free;
//! the one exception is `push`, and the verifier sees to it that only one register holds its list.
//!
//! | object | words |
//! |---|---|
//! | record | its slots; one word where it has none |
//! | text, bytes | length in bytes; the bytes, packed |
//! | list | length, and capacity in the high half; the items, inline |
//! | map | length; key and value slots by turns; the entries' indices in the order of their keys |
//! | tagged | the case's index; the handle of its record (for an unknown case, of the json value) |
//! | json | see [`dynamic`](crate::dynamic) |
//! | error | see [`error_object`](crate::error_object) |

use std::cmp::Ordering;

use crate::fault::Fault;
use crate::limits::{HEAP_WORDS_MAX, HEAP_WORDS_RESERVE, TEXT_BYTES_MAX};

/// The handle of no object.
pub(crate) const NULL: u64 = 0;

const HALF: u32 = 32;

/// One arena.
#[derive(Clone, Debug)]
pub(crate) struct Heap {
    words: Vec<u64>,
    /// How many words may be used.
    words_max: usize,
    /// Words moved or compared since it was last asked: what instructions cost beyond one unit of fuel.
    work: u64,
    /// The secrets that were read since somebody last asked, as JSON. They are no part of the state.
    secrets: Vec<String>,
}

/// So many secrets are kept for whoever asks, and none that is longer than so many bytes.
const SECRETS_MAX: usize = 1_000;
const SECRET_BYTES_MAX: usize = 64 << 10;

impl Heap {
    /// A heap over an image of constants.
    pub(crate) fn new(image: &[u64]) -> Self {
        Self { words: image.to_vec(), words_max: image.len() + HEAP_WORDS_MAX, work: 0, secrets: Vec::new() }
    }

    /// A heap over words that were checked.
    pub(crate) fn from_words(words: Vec<u64>, image_words: usize) -> Self {
        Self { words, words_max: image_words + HEAP_WORDS_MAX, work: 0, secrets: Vec::new() }
    }

    /// Notes a secret that was read, as JSON: whoever shows something is to mask it.
    pub(crate) fn note_secret(&mut self, json: &str) {
        if self.secrets.len() < SECRETS_MAX && json.len() <= SECRET_BYTES_MAX {
            self.secrets.push(json.to_owned());
        }
    }

    /// The secrets that were noted since the last call.
    pub(crate) fn take_secrets(&mut self) -> Vec<String> {
        std::mem::take(&mut self.secrets)
    }

    /// All words.
    pub(crate) fn all(&self) -> &[u64] {
        &self.words
    }

    /// Lets a little more be used, for saying that the limit was reached.
    pub(crate) fn open_reserve(&mut self, image_words: usize) {
        self.words_max = image_words + HEAP_WORDS_MAX + HEAP_WORDS_RESERVE;
    }

    /// Ends what `open_reserve` began.
    pub(crate) fn close_reserve(&mut self, image_words: usize) {
        self.words_max = image_words + HEAP_WORDS_MAX;
    }

    /// The work since the last call.
    pub(crate) fn take_work(&mut self) -> u64 {
        std::mem::take(&mut self.work)
    }

    /// Whether so many more words would be too many.
    pub(crate) fn has_room(&self, words: usize) -> bool {
        self.words.len().saturating_add(words) <= self.words_max
    }

    /// Words of an object.
    pub(crate) fn words(&self, handle: u64, count: usize) -> Result<&[u64], Fault> {
        let start = usize::try_from(handle).map_err(|_| Fault::Damaged)?;
        let end = start.checked_add(count).ok_or(Fault::Damaged)?;
        if start == 0 {
            return Err(Fault::Damaged);
        }
        self.words.get(start..end).ok_or(Fault::Damaged)
    }

    /// One word.
    pub(crate) fn word(&self, handle: u64, offset: usize) -> Result<u64, Fault> {
        let at = usize::try_from(handle).ok().filter(|at| *at != 0).and_then(|at| at.checked_add(offset));
        at.and_then(|at| self.words.get(at)).copied().ok_or(Fault::Damaged)
    }

    fn words_mut(&mut self, handle: u64, offset: usize, count: usize) -> Result<&mut [u64], Fault> {
        let start = usize::try_from(handle).ok().filter(|at| *at != 0).and_then(|at| at.checked_add(offset));
        let end = start.and_then(|start| start.checked_add(count));
        let (Some(start), Some(end)) = (start, end) else { return Err(Fault::Damaged) };
        self.words.get_mut(start..end).ok_or(Fault::Damaged)
    }

    /// Writes slots of an object that is being made.
    pub(crate) fn write(&mut self, handle: u64, offset: usize, slots: &[u64]) -> Result<(), Fault> {
        self.words_mut(handle, offset, slots.len())?.copy_from_slice(slots);
        Ok(())
    }

    /// A new object of zeros.
    pub(crate) fn allocate(&mut self, count: usize) -> Result<u64, Fault> {
        if !self.has_room(count) {
            return Err(Fault::Full);
        }
        let handle = self.words.len() as u64;
        self.words.resize(self.words.len() + count, 0);
        self.work = self.work.saturating_add(count as u64);
        Ok(handle)
    }

    /// A new object of these words.
    pub(crate) fn object(&mut self, words: &[u64]) -> Result<u64, Fault> {
        if !self.has_room(words.len()) {
            return Err(Fault::Full);
        }
        let handle = self.words.len() as u64;
        self.words.extend_from_slice(words);
        self.work = self.work.saturating_add(words.len() as u64);
        Ok(handle)
    }

    /// A new record of a width.
    pub(crate) fn record(&mut self, width: usize) -> Result<u64, Fault> {
        self.allocate(width.max(1))
    }

    /// A new object of a header word and packed bytes.
    pub(crate) fn packed(&mut self, header: u64, bytes: &[u8]) -> Result<u64, Fault> {
        if bytes.len() > TEXT_BYTES_MAX {
            return Err(Fault::limit("a text has more than 8 MB"));
        }
        let handle = self.allocate(1 + bytes.len().div_ceil(8))?;
        let words = self.words_mut(handle, 0, 1 + bytes.len().div_ceil(8))?;
        let (first, rest) = words.split_first_mut().ok_or(Fault::Damaged)?;
        *first = header;
        let room: &mut [u8] = bytemuck::cast_slice_mut(rest);
        room.get_mut(..bytes.len()).ok_or(Fault::Damaged)?.copy_from_slice(bytes);
        Ok(handle)
    }

    /// The packed bytes of an object, after its header.
    pub(crate) fn unpack(&self, handle: u64, len: u64) -> Result<&[u8], Fault> {
        let len = usize::try_from(len).ok().filter(|len| *len <= TEXT_BYTES_MAX).ok_or(Fault::Damaged)?;
        let words = self.words(handle, 1 + len.div_ceil(8))?;
        let bytes: &[u8] = bytemuck::cast_slice(words.get(1..).unwrap_or_default());
        bytes.get(..len).ok_or(Fault::Damaged)
    }

    /// New octets.
    pub(crate) fn new_bytes(&mut self, bytes: &[u8]) -> Result<u64, Fault> {
        self.packed(bytes.len() as u64, bytes)
    }

    /// Octets.
    pub(crate) fn bytes(&self, handle: u64) -> Result<&[u8], Fault> {
        self.unpack(handle, self.word(handle, 0)?)
    }

    /// A new text.
    pub(crate) fn new_text(&mut self, text: &str) -> Result<u64, Fault> {
        self.new_bytes(text.as_bytes())
    }

    /// A text.
    pub(crate) fn text(&self, handle: u64) -> Result<&str, Fault> {
        std::str::from_utf8(self.bytes(handle)?).map_err(|_| Fault::Damaged)
    }

    /// The length of a list, a map, or nothing else.
    pub(crate) fn len(&self, handle: u64) -> Result<usize, Fault> {
        Ok((self.word(handle, 0)? & u64::from(u32::MAX)) as usize)
    }

    /// How many items a list has room for.
    pub(crate) fn capacity(&self, handle: u64) -> Result<usize, Fault> {
        Ok((self.word(handle, 0)? >> HALF) as usize)
    }

    /// The items of a list, of a width each.
    pub(crate) fn items(&self, handle: u64, width: usize) -> Result<&[u64], Fault> {
        let count = self.len(handle)?.checked_mul(width).ok_or(Fault::Damaged)?;
        let all = self.words(handle, count.checked_add(1).ok_or(Fault::Damaged)?)?;
        Ok(all.get(1..).unwrap_or_default())
    }

    /// The slots of one item of a list; none where there is no such item.
    pub(crate) fn item(&self, handle: u64, index: usize, width: usize) -> Result<Option<&[u64]>, Fault> {
        if index >= self.len(handle)? {
            return Ok(None);
        }
        let offset =
            index.checked_mul(width).and_then(|offset| offset.checked_add(1)).ok_or(Fault::Damaged)?;
        let at = handle.checked_add(offset as u64).ok_or(Fault::Damaged)?;
        self.words(at, width).map(Some)
    }

    /// A new list of items of a width.
    pub(crate) fn new_list(&mut self, items: &[u64], width: usize) -> Result<u64, Fault> {
        let count = items.len() / width.max(1);
        let header = list_header(count, count)?;
        let handle = self.allocate(1 + items.len())?;
        self.write(handle, 0, &[header])?;
        self.write(handle, 1, items)?;
        Ok(handle)
    }

    /// Appends to a list, in place where it has room; the list's handle.
    pub(crate) fn push(&mut self, handle: u64, item: &[u64]) -> Result<u64, Fault> {
        let (len, capacity, width) = (self.len(handle)?, self.capacity(handle)?, item.len());
        let offset = len.checked_mul(width).and_then(|offset| offset.checked_add(1)).ok_or(Fault::Damaged)?;
        if len < capacity {
            // The whole room is looked at first, so that a list of a changed state can't write beyond itself.
            self.words_mut(handle, offset, width)?.copy_from_slice(item);
            self.write(handle, 0, &[list_header(len + 1, capacity)?])?;
            return Ok(handle);
        }
        let capacity = capacity.saturating_mul(2).max(4);
        let room = capacity.checked_mul(width).and_then(|room| room.checked_add(1)).ok_or(Fault::Damaged)?;
        let header = list_header(len + 1, capacity)?;
        self.words(handle, offset)?;
        let new = self.allocate(room)?;
        let start = usize::try_from(handle).map_err(|_| Fault::Damaged)?;
        let target = usize::try_from(new).map_err(|_| Fault::Damaged)?;
        self.words.copy_within(start..start + offset, target);
        self.write(new, 0, &[header])?;
        self.write(new, offset, item)?;
        Ok(new)
    }

    /// The entries of a map: key and value slots by turns.
    pub(crate) fn entries(&self, handle: u64, value_width: usize) -> Result<&[u64], Fault> {
        self.items(handle, value_width + 1)
    }

    /// The indices of a map's entries, in the order of their keys.
    pub(crate) fn key_order(&self, handle: u64, value_width: usize) -> Result<&[u64], Fault> {
        let len = self.len(handle)?;
        let start = len.checked_mul(value_width + 1).and_then(|n| n.checked_add(1)).ok_or(Fault::Damaged)?;
        let at = handle.checked_add(start as u64).ok_or(Fault::Damaged)?;
        if len == 0 { Ok(&[]) } else { self.words(at, len) }
    }

    /// Sorts entries by their keys. Among equal keys the earlier entry comes first.
    pub(crate) fn sort_keys(&mut self, entries: &[u64], value_width: usize) -> Result<Vec<u64>, Fault> {
        let stride = value_width + 1;
        let mut keys = Vec::with_capacity(entries.len() / stride);
        for (index, entry) in entries.chunks_exact(stride).enumerate() {
            keys.push((self.bytes(entry.first().copied().unwrap_or(NULL))?, index as u64));
        }
        keys.sort();
        let order: Vec<u64> = keys.into_iter().map(|(_, index)| index).collect();
        self.work = self.work.saturating_add(entries.len() as u64 * 4);
        Ok(order)
    }

    /// A new map of entries whose order of keys is known. The keys differ.
    pub(crate) fn new_map(&mut self, entries: &[u64], order: &[u64]) -> Result<u64, Fault> {
        let header = list_header(order.len(), order.len())?;
        let handle = self.allocate(1 + entries.len() + order.len())?;
        self.write(handle, 0, &[header])?;
        self.write(handle, 1, entries)?;
        self.write(handle, 1 + entries.len(), order)?;
        Ok(handle)
    }

    /// The value of a key.
    pub(crate) fn map_get(
        &self,
        handle: u64,
        key: &[u8],
        value_width: usize,
    ) -> Result<Option<&[u64]>, Fault> {
        let order = self.key_order(handle, value_width)?;
        let (mut low, mut high) = (0, order.len());
        while low < high {
            let middle = low + (high - low) / 2;
            let index = order.get(middle).copied().ok_or(Fault::Damaged)?;
            let index = usize::try_from(index).map_err(|_| Fault::Damaged)?;
            let entry = self.item(handle, index, value_width + 1)?.ok_or(Fault::Damaged)?;
            let (found, value) = entry.split_first().ok_or(Fault::Damaged)?;
            match self.bytes(*found)?.cmp(key) {
                Ordering::Less => low = middle + 1,
                Ordering::Greater => high = middle,
                Ordering::Equal => return Ok(Some(value)),
            }
        }
        Ok(None)
    }

    /// Adds to the work.
    pub(crate) fn spend(&mut self, work: usize) {
        self.work = self.work.saturating_add(work as u64);
    }
}

/// The header of a list or map.
fn list_header(len: usize, capacity: usize) -> Result<u64, Fault> {
    let too_long = || Fault::limit("a list has more than 2³² items");
    let (len, capacity) =
        (u32::try_from(len).map_err(|_| too_long())?, u32::try_from(capacity).map_err(|_| too_long())?);
    Ok(u64::from(len) | u64::from(capacity) << HALF)
}
