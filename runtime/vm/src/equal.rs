//! Equality by value.

use flow_plan::{Literal, Type, TypeId};

use crate::fault::Fault;
use crate::heap::Heap;
use crate::limits::COMPARE_DEPTH_MAX;
use crate::program::Program;
use crate::wire::UNKNOWN_CASE;
use crate::{decimal, dynamic};

/// Whether two values of a type are equal: decimals without regard to scale, maps without regard to order.
pub(crate) fn equal(
    program: &Program,
    heap: &Heap,
    ty: TypeId,
    (a, b): (&[u64], &[u64]),
    depth: u32,
) -> Result<bool, Fault> {
    if depth > COMPARE_DEPTH_MAX {
        return Err(Fault::limit("values are nested too deeply to be compared"));
    }
    let (Some(first_a), Some(first_b)) = (a.first().copied(), b.first().copied()) else {
        return Err(Fault::Damaged);
    };
    let types = &program.plan().types;
    let same = |ty: TypeId, a: &[u64], b: &[u64]| equal(program, heap, ty, (a, b), depth + 1);
    match types.get(ty) {
        Type::Null => Ok(true),
        Type::Optional(_) if first_a == 0 || first_b == 0 => Ok(first_a == first_b),
        Type::Optional(inner) if types.is_handle(*inner) => same(*inner, a, b),
        Type::Optional(inner) => same(*inner, a.get(1..).unwrap_or_default(), b.get(1..).unwrap_or_default()),
        Type::Secret(inner) => same(*inner, a, b),
        Type::Float => Ok(f64::from_bits(first_a) == f64::from_bits(first_b)),
        Type::Decimal => match (a, b) {
            ([a_low, a_high, ..], [b_low, b_high, ..]) => {
                Ok(decimal::from_slots(*a_low, *a_high) == decimal::from_slots(*b_low, *b_high))
            }
            _ => Err(Fault::Damaged),
        },
        Type::Uuid => Ok(a.get(..2) == b.get(..2)),
        Type::Literals(literals)
            if matches!(literals.values.first(), Some(Literal::Int(_) | Literal::Bool(_))) =>
        {
            Ok(first_a == first_b)
        }
        Type::String | Type::Url | Type::Bytes | Type::Literals(_) => {
            Ok(first_a == first_b || heap.bytes(first_a)? == heap.bytes(first_b)?)
        }
        Type::Json => dynamic::equal(heap, first_a, first_b, depth),
        Type::List(_) | Type::Map(_) | Type::Record(_) | Type::Tagged { .. } | Type::Error
            if first_a == first_b =>
        {
            Ok(true)
        }
        Type::List(item) => {
            let width = program.width(*item);
            let (a, b) = (heap.items(first_a, width)?, heap.items(first_b, width)?);
            if a.len() != b.len() {
                return Ok(false);
            }
            all(a.chunks_exact(width).zip(b.chunks_exact(width)), |(a, b)| same(*item, a, b))
        }
        Type::Map(value) => {
            let width = program.width(*value);
            let (order_a, order_b) = (heap.key_order(first_a, width)?, heap.key_order(first_b, width)?);
            if order_a.len() != order_b.len() {
                return Ok(false);
            }
            all(order_a.iter().zip(order_b), |(a, b)| {
                let entry = |map: u64, index: u64| {
                    let index = usize::try_from(index).map_err(|_| Fault::Damaged)?;
                    let entry = heap.item(map, index, width + 1)?;
                    entry.and_then(<[u64]>::split_first).ok_or(Fault::Damaged)
                };
                let ((key_a, value_a), (key_b, value_b)) = (entry(first_a, *a)?, entry(first_b, *b)?);
                Ok(heap.bytes(*key_a)? == heap.bytes(*key_b)? && same(*value, value_a, value_b)?)
            })
        }
        Type::Record(_) => records(program, heap, ty, (first_a, first_b), depth),
        Type::Tagged { cases, .. } => {
            let (case_a, case_b) = (heap.word(first_a, 0)?, heap.word(first_b, 0)?);
            let (body_a, body_b) = (heap.word(first_a, 1)?, heap.word(first_b, 1)?);
            if case_a != case_b {
                return Ok(false);
            }
            if case_a == UNKNOWN_CASE {
                return dynamic::equal(heap, body_a, body_b, depth);
            }
            let case =
                usize::try_from(case_a).ok().and_then(|index| cases.get(index)).ok_or(Fault::Damaged)?;
            records(program, heap, case.fields, (body_a, body_b), depth)
        }
        // Errors are equal to themselves alone, as said above.
        Type::Error => Ok(false),
        Type::Bool | Type::Presence | Type::Int | Type::Duration | Type::Timestamp | Type::Date => {
            Ok(first_a == first_b)
        }
    }
}

fn records(
    program: &Program,
    heap: &Heap,
    ty: TypeId,
    (a, b): (u64, u64),
    depth: u32,
) -> Result<bool, Fault> {
    let Type::Record(fields) = program.plan().types.get(ty) else { return Err(Fault::Damaged) };
    let layout = program.layout(ty);
    let (a, b) = (heap.words(a, layout.record_width)?, heap.words(b, layout.record_width)?);
    all(fields.iter().zip(&layout.offsets), |(field, offset)| {
        let range = *offset..*offset + program.width(field.ty);
        let (a, b) = (a.get(range.clone()).unwrap_or_default(), b.get(range).unwrap_or_default());
        equal(program, heap, field.ty, (a, b), depth + 1)
    })
}

fn all<T>(
    items: impl Iterator<Item = T>,
    mut holds: impl FnMut(T) -> Result<bool, Fault>,
) -> Result<bool, Fault> {
    for item in items {
        if !holds(item)? {
            return Ok(false);
        }
    }
    Ok(true)
}
