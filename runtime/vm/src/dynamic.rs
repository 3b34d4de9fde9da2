//! Dynamic values: what type `json` holds.
//!
//! A node's first word has its tag in the low byte and a length above it. Numbers keep their texts, so that
//! what came in goes out as it was. Null is handle 0.
//!
//! | node | words |
//! |---|---|
//! | bool | tag, with 0 or 1 as length |
//! | number, text | tag and length in bytes; the bytes, packed |
//! | array | tag and length; the handles of the items |
//! | object | tag and length; handles of the key's text and of the value by turns; the order of the keys |

use crate::fault::Fault;
use crate::heap::{Heap, NULL};
use crate::json::{write_comma, write_text};
use crate::limits::{COMPARE_DEPTH_MAX, JSON_DEPTH_MAX};

const BOOL: u64 = 1;
const NUMBER: u64 = 2;
const TEXT: u64 = 3;
const ARRAY: u64 = 4;
const OBJECT: u64 = 5;

const LENGTH_SHIFT: u32 = 8;

/// A node, opened.
pub(crate) enum Node<'a> {
    Null,
    Bool(bool),
    Number(&'a str),
    Text(&'a str),
    Array(&'a [u64]),
    Object {
        /// Keys and values by turns.
        entries: &'a [u64],
        /// The indices of the entries in the order of their keys.
        order: &'a [u64],
    },
}

/// How many words a node takes, and whether they hold handles and how many.
pub(crate) struct Shape {
    pub(crate) words: usize,
    /// Item handles after the first word.
    pub(crate) items: usize,
    /// Pairs of a text's handle and an item's handle after the first word.
    pub(crate) entries: usize,
}

fn split(header: u64) -> Result<(u64, usize), Fault> {
    let len = usize::try_from(header >> LENGTH_SHIFT).map_err(|_| Fault::Damaged)?;
    if len > u32::MAX as usize { Err(Fault::Damaged) } else { Ok((header & 0xff, len)) }
}

fn header(tag: u64, len: usize) -> u64 {
    tag | (len as u64) << LENGTH_SHIFT
}

/// The shape of a node that is not null.
pub(crate) fn shape(heap: &Heap, handle: u64) -> Result<Shape, Fault> {
    let (tag, len) = split(heap.word(handle, 0)?)?;
    match tag {
        BOOL => Ok(Shape { words: 1, items: 0, entries: 0 }),
        NUMBER | TEXT => Ok(Shape { words: 1 + len.div_ceil(8), items: 0, entries: 0 }),
        ARRAY => Ok(Shape { words: 1 + len, items: len, entries: 0 }),
        OBJECT => Ok(Shape { words: 1 + 3 * len, items: 0, entries: len }),
        _ => Err(Fault::Damaged),
    }
}

/// Opens a node.
pub(crate) fn node(heap: &Heap, handle: u64) -> Result<Node<'_>, Fault> {
    if handle == NULL {
        return Ok(Node::Null);
    }
    let (tag, len) = split(heap.word(handle, 0)?)?;
    let packed = || {
        let bytes = heap.unpack(handle, len as u64)?;
        std::str::from_utf8(bytes).map_err(|_| Fault::Damaged)
    };
    match tag {
        BOOL => Ok(Node::Bool(len != 0)),
        NUMBER => packed().map(Node::Number),
        TEXT => packed().map(Node::Text),
        ARRAY => Ok(Node::Array(heap.words(handle, 1 + len)?.get(1..).unwrap_or_default())),
        OBJECT => {
            let words = heap.words(handle, 1 + 3 * len)?.get(1..).unwrap_or_default();
            let (entries, order) = words.split_at_checked(2 * len).ok_or(Fault::Damaged)?;
            Ok(Node::Object { entries, order })
        }
        _ => Err(Fault::Damaged),
    }
}

/// A new bool.
pub(crate) fn new_bool(heap: &mut Heap, value: bool) -> Result<u64, Fault> {
    heap.object(&[header(BOOL, usize::from(value))])
}

/// A new number.
pub(crate) fn new_number(heap: &mut Heap, text: &str) -> Result<u64, Fault> {
    heap.packed(header(NUMBER, text.len()), text.as_bytes())
}

/// A new text.
pub(crate) fn new_text(heap: &mut Heap, text: &str) -> Result<u64, Fault> {
    heap.packed(header(TEXT, text.len()), text.as_bytes())
}

/// A new array.
pub(crate) fn new_array(heap: &mut Heap, items: &[u64]) -> Result<u64, Fault> {
    let handle = heap.allocate(1 + items.len())?;
    heap.write(handle, 0, &[header(ARRAY, items.len())])?;
    heap.write(handle, 1, items)?;
    Ok(handle)
}

/// A new object of entries whose order of keys is known.
pub(crate) fn new_object(heap: &mut Heap, entries: &[u64], order: &[u64]) -> Result<u64, Fault> {
    let handle = heap.allocate(1 + entries.len() + order.len())?;
    heap.write(handle, 0, &[header(OBJECT, order.len())])?;
    heap.write(handle, 1, entries)?;
    heap.write(handle, 1 + entries.len(), order)?;
    Ok(handle)
}

/// The entry at a place of the order of keys.
fn ordered(entries: &[u64], order: &[u64], place: usize) -> Result<(u64, u64), Fault> {
    let index = order.get(place).and_then(|index| usize::try_from(*index).ok()).ok_or(Fault::Damaged)?;
    let start = index.checked_mul(2).ok_or(Fault::Damaged)?;
    match entries.get(start..).unwrap_or_default() {
        [key, value, ..] => Ok((*key, *value)),
        _ => Err(Fault::Damaged),
    }
}

/// The member of an object, or null.
pub(crate) fn member(heap: &Heap, handle: u64, key: &str) -> Result<u64, Fault> {
    let Node::Object { entries, order } = node(heap, handle)? else { return Ok(NULL) };
    let (mut low, mut high) = (0, order.len());
    while low < high {
        let middle = low + (high - low) / 2;
        let (found, value) = ordered(entries, order, middle)?;
        match heap.text(found)?.cmp(key) {
            std::cmp::Ordering::Less => low = middle + 1,
            std::cmp::Ordering::Greater => high = middle,
            std::cmp::Ordering::Equal => return Ok(value),
        }
    }
    Ok(NULL)
}

/// The item of an array, or null.
pub(crate) fn item(heap: &Heap, handle: u64, index: i64) -> Result<u64, Fault> {
    let Node::Array(items) = node(heap, handle)? else { return Ok(NULL) };
    Ok(usize::try_from(index).ok().and_then(|index| items.get(index)).copied().unwrap_or(NULL))
}

/// Writes a node as JSON.
pub(crate) fn write(heap: &Heap, handle: u64, out: &mut Vec<u8>, depth: u32) -> Result<(), Fault> {
    let mut first = true;
    match node(heap, handle)? {
        Node::Null => out.extend_from_slice(b"null"),
        Node::Bool(true) => out.extend_from_slice(b"true"),
        Node::Bool(false) => out.extend_from_slice(b"false"),
        Node::Number(text) => out.extend_from_slice(text.as_bytes()),
        Node::Text(text) => write_text(out, text),
        Node::Array(_) | Node::Object { .. } if depth >= JSON_DEPTH_MAX => {
            return Err(Fault::limit("a value is nested too deeply for JSON"));
        }
        Node::Array(items) => {
            out.push(b'[');
            for item in items {
                write_comma(out, &mut first);
                write(heap, *item, out, depth + 1)?;
            }
            out.push(b']');
        }
        Node::Object { entries, .. } => {
            out.push(b'{');
            for entry in entries.chunks_exact(2) {
                let [key, value] = entry else { return Err(Fault::Damaged) };
                write_comma(out, &mut first);
                write_text(out, heap.text(*key)?);
                out.push(b':');
                write(heap, *value, out, depth + 1)?;
            }
            out.push(b'}');
        }
    }
    Ok(())
}

/// Whether two nodes are equal by value: numbers by what they are, objects without regard to order.
pub(crate) fn equal(heap: &Heap, a: u64, b: u64, depth: u32) -> Result<bool, Fault> {
    if a == b {
        return Ok(true);
    }
    if depth > COMPARE_DEPTH_MAX {
        return Err(Fault::limit("values are nested too deeply to be compared"));
    }
    match (node(heap, a)?, node(heap, b)?) {
        (Node::Null, Node::Null) => Ok(true),
        (Node::Bool(a), Node::Bool(b)) => Ok(a == b),
        (Node::Number(a), Node::Number(b)) => Ok(a == b || normal(a) == normal(b)),
        (Node::Text(a), Node::Text(b)) => Ok(a == b),
        (Node::Array(a), Node::Array(b)) if a.len() == b.len() => {
            for (a, b) in a.iter().zip(b) {
                if !equal(heap, *a, *b, depth + 1)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        (Node::Object { entries: a, order: by_a }, Node::Object { entries: b, order: by_b })
            if by_a.len() == by_b.len() =>
        {
            for place in 0..by_a.len() {
                let (key_a, value_a) = ordered(a, by_a, place)?;
                let (key_b, value_b) = ordered(b, by_b, place)?;
                if heap.bytes(key_a)? != heap.bytes(key_b)? || !equal(heap, value_a, value_b, depth + 1)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        _ => Ok(false),
    }
}

/// A number's sign, its digits without zeros at either end, and the exponent of the last digit.
fn normal(text: &str) -> (bool, String, i64) {
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (number, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((number, exponent)) => (number, exponent.parse::<i64>().unwrap_or(i64::MIN)),
        None => (unsigned, 0),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let all = format!("{whole}{fraction}");
    let digits = all.trim_start_matches('0');
    let shorter = digits.trim_end_matches('0');
    if shorter.is_empty() {
        return (false, String::new(), 0);
    }
    let shift = (digits.len() - shorter.len()) as i64 - fraction.len() as i64;
    (negative, shorter.to_owned(), exponent.saturating_add(shift))
}
