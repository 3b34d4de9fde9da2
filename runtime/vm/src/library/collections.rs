//! Library functions that order and group: the keys are computed before, so no code runs in between.
#![expect(clippy::indexing_slicing, reason = "the verifier has checked every register of every instruction")]

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

use flow_plan::{Reg, Type};

use crate::decimal;
use crate::fault::Fault;
use crate::heap::Heap;
use crate::interpret::Context;

/// The indices of a list's items in the order of their values, the least first; equal ones keep their order.
pub(super) fn order(context: &mut Context<'_>, slots: &[u64], list: Reg) -> Result<u64, Fault> {
    let types = &context.env.program.plan().types;
    let Type::List(item) = types.get(types.open_secret(context.info.types_at[list.index()])) else {
        return Err(Fault::Damaged);
    };
    let item = types.open_secret(*item);
    let (kind, width) = (types.get(item), context.env.program.width(item));
    let is_text = types.is_handle(item);
    let heap = &mut *context.heap;
    let items = heap.items(slots[list.index()], width)?.to_vec();
    let mut texts = Vec::new();
    if is_text {
        for handle in &items {
            texts.push(heap.text(*handle)?);
        }
    }
    let at = |index: usize, slot: usize| items.get(index * width + slot).copied().unwrap_or(0);
    let compare = |a: usize, b: usize| -> Ordering {
        match kind {
            _ if is_text => texts.get(a).cmp(&texts.get(b)),
            // No float is not a number.
            Type::Float => {
                f64::from_bits(at(a, 0)).partial_cmp(&f64::from_bits(at(b, 0))).unwrap_or(Ordering::Equal)
            }
            Type::Decimal => {
                decimal::from_slots(at(a, 0), at(a, 1)).cmp(&decimal::from_slots(at(b, 0), at(b, 1)))
            }
            _ => at(a, 0).cast_signed().cmp(&at(b, 0).cast_signed()),
        }
    };
    let count = items.len() / width.max(1);
    let mut indices: Vec<usize> = (0..count).collect();
    indices.sort_by(|a, b| compare(*a, *b));
    // Sorting costs more than one instruction, and texts more than numbers.
    let depth = count.checked_ilog2().unwrap_or(0) as usize + 1;
    let length: usize = texts.iter().map(|text| text.len()).sum();
    heap.spend(count.saturating_mul(depth).saturating_add(length / 8));
    let indices: Vec<u64> = indices.into_iter().map(|index| index as u64).collect();
    heap.new_list(&indices, 1)
}

/// A map from each key to the items that have it.
pub(super) fn group(heap: &mut Heap, width: usize, list: u64, keys: u64) -> Result<u64, Fault> {
    let items = heap.items(list, width)?.to_vec();
    let keys = heap.items(keys, 1)?.to_vec();
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut groups: Vec<(u64, Vec<u64>)> = Vec::new();
    for (item, key) in items.chunks_exact(width.max(1)).zip(keys) {
        let text = heap.text(key)?.to_owned();
        heap.spend(text.len() / 8 + width);
        let place = *places.entry(text).or_insert(groups.len());
        if place == groups.len() {
            groups.push((key, Vec::new()));
        }
        groups.get_mut(place).ok_or(Fault::Damaged)?.1.extend_from_slice(item);
    }
    let mut entries = Vec::with_capacity(groups.len() * 2);
    for (key, items) in groups {
        entries.push(key);
        entries.push(heap.new_list(&items, width)?);
    }
    let order = heap.sort_keys(&entries, 1)?;
    heap.new_map(&entries, &order)
}

/// Both maps together: the first one's order, the second one's values.
pub(super) fn merge(heap: &mut Heap, width: usize, first: u64, second: u64) -> Result<u64, Fault> {
    let stride = width + 1;
    let mut entries = heap.entries(first, width)?.to_vec();
    let more = heap.entries(second, width)?.to_vec();
    let mut places: HashMap<Vec<u8>, usize> = HashMap::new();
    for (index, entry) in entries.chunks_exact(stride).enumerate() {
        places.insert(heap.bytes(entry[0])?.to_vec(), index);
    }
    for entry in more.chunks_exact(stride) {
        match places.get(heap.bytes(entry[0])?) {
            // The key stays where it was first.
            Some(place) => {
                let start = place * stride;
                let value = entries.get_mut(start + 1..start + stride).ok_or(Fault::Damaged)?;
                value.copy_from_slice(&entry[1..]);
            }
            None => entries.extend_from_slice(entry),
        }
    }
    heap.spend(entries.len() * 2);
    let order = heap.sort_keys(&entries, width)?;
    heap.new_map(&entries, &order)
}

/// A map of items under keys. The compiler takes both from one map; of keys that are equal the first one counts.
pub(super) fn map_of(heap: &mut Heap, width: usize, list: u64, keys: u64) -> Result<u64, Fault> {
    let items = heap.items(list, width)?.to_vec();
    let keys = heap.items(keys, 1)?.to_vec();
    let mut seen: HashSet<Vec<u8>> = HashSet::new();
    let mut entries = Vec::with_capacity(items.len() + keys.len());
    for (item, key) in items.chunks_exact(width.max(1)).zip(keys) {
        if seen.insert(heap.bytes(key)?.to_vec()) {
            entries.push(key);
            entries.extend_from_slice(item);
        }
    }
    heap.spend(entries.len() * 2);
    let order = heap.sort_keys(&entries, width)?;
    heap.new_map(&entries, &order)
}
