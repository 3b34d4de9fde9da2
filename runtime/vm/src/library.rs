//! The library functions.
#![expect(clippy::indexing_slicing, reason = "the verifier has checked every register of every instruction")]

mod collections;
mod octets;
mod text;

use flow_plan::op::Builtin;
use flow_plan::{ListId, Reg, Type};

use crate::decimal;
use crate::dynamic;
use crate::fault::Fault;
use crate::heap::Heap;
use crate::interpret::{Context, decimal_at};
use crate::limits::TEXT_BYTES_MAX;
use crate::program::Slots;
use crate::wire::padded;

pub(crate) use text::Patterns;

/// Joins texts.
pub(crate) fn concat(context: &mut Context<'_>, slots: &[u64], parts: ListId) -> Result<u64, Fault> {
    let handles: Vec<u64> = context.list(parts).iter().map(|part| slots[part.index()]).collect();
    join(context.heap, &handles, "")
}

/// Joins texts with another between them. The length is known before anything is copied.
fn join(heap: &mut Heap, texts: &[u64], between: &str) -> Result<u64, Fault> {
    let mut length = between.len().saturating_mul(texts.len().saturating_sub(1));
    for text in texts {
        length = length.saturating_add(heap.bytes(*text)?.len());
    }
    check_length(length)?;
    let mut out = String::with_capacity(length);
    for (index, text) in texts.iter().enumerate() {
        if index > 0 {
            out.push_str(between);
        }
        out.push_str(heap.text(*text)?);
    }
    heap.new_text(&out)
}

fn check_length(length: usize) -> Result<(), Fault> {
    if length > TEXT_BYTES_MAX { Err(Fault::limit("a text has more than 8 MB")) } else { Ok(()) }
}

/// Applies a library function to registers.
pub(crate) fn apply(
    context: &mut Context<'_>,
    slots: &[u64],
    builtin: Builtin,
    args: ListId,
) -> Result<Slots, Fault> {
    let args = context.list(args).to_vec();
    let arg = |index: usize| args.get(index).copied().ok_or(Fault::Damaged);
    let word = |index: usize| arg(index).map(|reg| slots[reg.index()]);
    let text_at = |heap: &Heap, index: usize| heap.text(word(index)?).map(str::to_owned);
    for reg in &args {
        spend_text(context, slots, *reg);
    }
    let heap = &mut *context.heap;
    let truth = |value: bool| Ok([u64::from(value), 0, 0]);
    let one = |value: u64| Ok([value, 0, 0]);
    match builtin {
        Builtin::TextSize => one(heap.text(word(0)?)?.chars().count() as u64),
        Builtin::TextUpper => {
            let upper = text_at(heap, 0)?.to_uppercase();
            one(heap.new_text(&upper)?)
        }
        Builtin::TextLower => {
            let lower = text_at(heap, 0)?.to_lowercase();
            one(heap.new_text(&lower)?)
        }
        Builtin::TextTrim => {
            let whole = text_at(heap, 0)?;
            one(heap.new_text(whole.trim())?)
        }
        Builtin::TextContains => truth(heap.text(word(0)?)?.contains(heap.text(word(1)?)?)),
        Builtin::TextStartsWith => truth(heap.text(word(0)?)?.starts_with(heap.text(word(1)?)?)),
        Builtin::TextEndsWith => truth(heap.text(word(0)?)?.ends_with(heap.text(word(1)?)?)),
        Builtin::TextReplace => {
            let (whole, old, new) = (text_at(heap, 0)?, text_at(heap, 1)?, text_at(heap, 2)?);
            let count = whole.matches(old.as_str()).count();
            let kept = whole.len().saturating_sub(count.saturating_mul(old.len()));
            check_length(kept.saturating_add(count.saturating_mul(new.len())))?;
            one(heap.new_text(&whole.replace(old.as_str(), &new))?)
        }
        Builtin::TextSplit => {
            let (whole, separator) = (text_at(heap, 0)?, text_at(heap, 1)?);
            let mut parts = Vec::new();
            if separator.is_empty() {
                for scalar in whole.chars() {
                    parts.push(heap.new_text(scalar.encode_utf8(&mut [0; 4]))?);
                }
            } else {
                for part in whole.split(separator.as_str()) {
                    parts.push(heap.new_text(part)?);
                }
            }
            one(heap.new_list(&parts, 1)?)
        }
        Builtin::TextJoin => {
            let (parts, separator) = (heap.items(word(0)?, 1)?.to_vec(), text_at(heap, 1)?);
            one(join(heap, &parts, &separator)?)
        }
        Builtin::MapSize => one(heap.len(word(0)?)? as u64),
        Builtin::MapKeys => {
            let width = item_width(context, arg(0)?)?;
            let heap = &mut *context.heap;
            let entries = heap.entries(word(0)?, width)?;
            let keys: Vec<u64> =
                entries.chunks_exact(width + 1).filter_map(|entry| entry.first().copied()).collect();
            one(heap.new_list(&keys, 1)?)
        }
        Builtin::ListSkip | Builtin::ListTake => {
            let width = item_width(context, arg(0)?)?;
            let heap = &mut *context.heap;
            let items = heap.items(word(0)?, width)?;
            let count = usize::try_from(word(1)?.cast_signed().max(0)).unwrap_or(usize::MAX);
            let at = count.saturating_mul(width).min(items.len());
            let part = if builtin == Builtin::ListSkip { &items[at..] } else { &items[..at] };
            let part = part.to_vec();
            one(heap.new_list(&part, width)?)
        }
        Builtin::ListConcat => {
            let width = item_width(context, arg(0)?)?;
            let heap = &mut *context.heap;
            let both = [heap.items(word(0)?, width)?, heap.items(word(1)?, width)?].concat();
            one(heap.new_list(&both, width)?)
        }
        Builtin::DecimalRound => {
            let value = decimal::round(decimal_at(slots, arg(0)?), word(1)?.cast_signed())?;
            Ok(padded(&decimal::to_slots(value)))
        }
        Builtin::DecimalFloor => Ok(padded(&decimal::to_slots(decimal_at(slots, arg(0)?).floor()))),
        Builtin::DecimalToInt => {
            let value = decimal_at(slots, arg(0)?);
            let whole = decimal::to_int(value).ok_or_else(|| Fault::cast(format!("{value} is no int")))?;
            one(whole.cast_unsigned())
        }
        Builtin::DecimalCeil => Ok(padded(&decimal::to_slots(decimal_at(slots, arg(0)?).ceil()))),
        Builtin::DecimalAbs => Ok(padded(&decimal::to_slots(decimal_at(slots, arg(0)?).abs()))),
        Builtin::IntAbs => {
            let value = word(0)?.cast_signed().checked_abs();
            let value = value.ok_or_else(|| Fault::arithmetic("an int overflows 64 bits"))?;
            one(value.cast_unsigned())
        }
        Builtin::MapMerge => {
            let width = item_width(context, arg(0)?)?;
            one(collections::merge(context.heap, width, word(0)?, word(1)?)?)
        }
        Builtin::MapOf => {
            let width = item_width(context, arg(0)?)?;
            one(collections::map_of(context.heap, width, word(0)?, word(1)?)?)
        }
        Builtin::ListGroup => {
            let width = item_width(context, arg(0)?)?;
            one(collections::group(context.heap, width, word(0)?, word(1)?)?)
        }
        Builtin::ListOrder => one(collections::order(context, slots, arg(0)?)?),
        Builtin::TextParseInt => Ok(text::parse_int(heap.text(word(0)?)?)),
        Builtin::TextParseDecimal => Ok(text::parse_decimal(heap.text(word(0)?)?)),
        Builtin::TextMatches => {
            let patterns = context.env.program.patterns();
            truth(patterns.matches(heap.text(word(0)?)?, heap.text(word(1)?)?)?)
        }
        Builtin::DecimalFormat => {
            let digits = word(1)?.cast_signed();
            let value = decimal::round(decimal_at(slots, arg(0)?), digits)?;
            let digits = usize::try_from(digits.clamp(0, 28)).unwrap_or(0);
            one(heap.new_text(&format!("{value:.digits$}"))?)
        }
        Builtin::FloatRound => one(f64::from_bits(word(0)?).round_ties_even().to_bits()),
        Builtin::FloatFloor => one(f64::from_bits(word(0)?).floor().to_bits()),
        Builtin::FloatCeil => one(f64::from_bits(word(0)?).ceil().to_bits()),
        Builtin::FloatAbs => one(f64::from_bits(word(0)?).abs().to_bits()),
        Builtin::OctetsBase64 => {
            let bytes = heap.bytes(word(0)?)?;
            check_length(bytes.len().saturating_add(2) / 3 * 4)?;
            let text = octets::base64(bytes);
            one(heap.new_text(&text)?)
        }
        Builtin::OctetsHex => {
            let bytes = heap.bytes(word(0)?)?;
            check_length(bytes.len().saturating_mul(2))?;
            let text = octets::hex(bytes);
            one(heap.new_text(&text)?)
        }
        Builtin::OctetsSha256 => {
            let digest = octets::sha256(heap.bytes(word(0)?)?);
            one(heap.new_bytes(&digest)?)
        }
        Builtin::JsonText => {
            let mut json = Vec::new();
            dynamic::write(heap, word(0)?, &mut json, 0)?;
            check_length(json.len())?;
            heap.spend(json.len() / 8);
            let text = String::from_utf8(json).map_err(|_| Fault::Damaged)?;
            one(heap.new_text(&text)?)
        }
        Builtin::OctetsHmac => {
            let code = octets::hmac(heap.bytes(word(1)?)?, heap.bytes(word(0)?)?)?;
            one(heap.new_bytes(&code)?)
        }
    }
}

/// Reading a long text costs more than one instruction.
fn spend_text(context: &mut Context<'_>, slots: &[u64], reg: Reg) {
    let types = &context.env.program.plan().types;
    let ty = context.info.types_at[reg.index()];
    if matches!(types.get(types.open_secret(ty)), Type::String | Type::Url | Type::Bytes) {
        let length = context.heap.len(slots[reg.index()]).unwrap_or(0);
        context.heap.spend(length / 8);
    }
}

/// The width of the items of a list, or of the values of a map.
fn item_width(context: &Context<'_>, reg: Reg) -> Result<usize, Fault> {
    let types = &context.env.program.plan().types;
    match types.get(types.open_secret(context.info.types_at[reg.index()])) {
        Type::List(item) | Type::Map(item) => Ok(context.env.program.width(*item)),
        _ => Err(Fault::Damaged),
    }
}
