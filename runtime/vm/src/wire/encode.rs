//! Slots to JSON text, and to the text that interpolation, paths and headers want.

use std::borrow::Cow;

use flow_plan::{Field, Literal, Type, TypeId, UNKNOWN_CASE};

use super::form::write_form;
use super::{Wire, padded, scalar};
use crate::fault::Fault;
use crate::json::{write_comma, write_text};
use crate::limits::{JSON_DEPTH_MAX, TEXT_BYTES_MAX};
use crate::program::Slots;
use crate::{decimal, dynamic};

/// Whether conditions are checked on the way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Conditions {
    Checked,
    Taken,
}

impl Wire<'_> {
    /// A value as JSON.
    pub(crate) fn encode(
        &mut self,
        ty: TypeId,
        slots: &[u64],
        conditions: Conditions,
    ) -> Result<Vec<u8>, Fault> {
        let mut out = Vec::new();
        self.write(&mut out, ty, slots, conditions, 0)?;
        self.heap.spend(out.len() / 8);
        Ok(out)
    }

    fn write(
        &mut self,
        out: &mut Vec<u8>,
        ty: TypeId,
        slots: &[u64],
        conditions: Conditions,
        depth: u32,
    ) -> Result<(), Fault> {
        let program = self.env.program;
        let first = slots.first().copied().ok_or(Fault::Damaged)?;
        let container = |depth: u32| {
            let deep = depth >= JSON_DEPTH_MAX;
            if deep { Err(Fault::limit("a value is nested too deeply for JSON")) } else { Ok(depth + 1) }
        };
        if let Some(boundary) = program.plan().boundary(ty) {
            if conditions == Conditions::Checked && !self.holds_for_type(ty, slots)? {
                return Err(Fault::cast("a value breaks the condition of its type"));
            }
            if let Some(form) = boundary.form {
                let (text, quoted) = write_form(form, slots)?;
                if quoted {
                    write_text(out, &text);
                } else {
                    out.extend_from_slice(text.as_bytes());
                }
                return Ok(());
            }
        }
        match program.plan().types.get(ty) {
            Type::Optional(_) if first == 0 => out.extend_from_slice(b"null"),
            Type::Optional(inner) => {
                let wide = !program.plan().types.is_handle(*inner);
                let rest = if wide { slots.get(1..).unwrap_or_default() } else { slots };
                return self.write(out, *inner, rest, conditions, depth);
            }
            Type::Secret(inner) => return self.write(out, *inner, slots, conditions, depth),
            Type::Json => dynamic::write(self.heap, first, out, depth)?,
            Type::List(item) => {
                let depth = container(depth)?;
                let width = program.width(*item);
                out.push(b'[');
                let mut comma = true;
                for index in 0..self.heap.len(first)? {
                    let slots = padded(self.heap.item(first, index, width)?.ok_or(Fault::Damaged)?);
                    write_comma(out, &mut comma);
                    self.write(out, *item, slots.get(..width).unwrap_or(&slots), conditions, depth)?;
                }
                out.push(b']');
            }
            Type::Map(value) => {
                let depth = container(depth)?;
                let width = program.width(*value);
                out.push(b'{');
                let mut comma = true;
                for index in 0..self.heap.len(first)? {
                    let entry = self.heap.item(first, index, width + 1)?.ok_or(Fault::Damaged)?;
                    let (key, value_slots) = entry.split_first().ok_or(Fault::Damaged)?;
                    let slots = padded(value_slots);
                    write_comma(out, &mut comma);
                    write_text(out, self.heap.text(*key)?);
                    out.push(b':');
                    self.write(out, *value, slots.get(..width).unwrap_or(&slots), conditions, depth)?;
                }
                out.push(b'}');
            }
            Type::Record(fields) => {
                let depth = container(depth)?;
                out.push(b'{');
                let mut comma = true;
                self.members(out, &mut comma, (ty, fields, first), conditions, depth)?;
                out.push(b'}');
            }
            Type::Tagged { tag, cases, .. } => {
                let depth = container(depth)?;
                let (index, handle) = (self.heap.word(first, 0)?, self.heap.word(first, 1)?);
                if index == UNKNOWN_CASE {
                    return dynamic::write(self.heap, handle, out, depth - 1);
                }
                let case =
                    usize::try_from(index).ok().and_then(|index| cases.get(index)).ok_or(Fault::Damaged)?;
                let Type::Record(fields) = program.plan().types.get(case.fields) else {
                    return Err(Fault::Damaged);
                };
                out.push(b'{');
                let mut comma = true;
                if let Some(tag) = tag {
                    write_comma(out, &mut comma);
                    write_text(out, tag);
                    out.push(b':');
                    match &case.wire {
                        Literal::String(text) => write_text(out, text),
                        Literal::Int(value) => out.extend_from_slice(value.to_string().as_bytes()),
                        Literal::Bool(value) => out.extend_from_slice(value.to_string().as_bytes()),
                    }
                }
                self.members(out, &mut comma, (case.fields, fields, handle), conditions, depth)?;
                out.push(b'}');
            }
            other => {
                let text = self.scalar(other, slots)?;
                if is_quoted(other) {
                    write_text(out, &text);
                } else {
                    out.extend_from_slice(text.as_bytes());
                }
            }
        }
        Ok(())
    }

    fn members(
        &mut self,
        out: &mut Vec<u8>,
        comma: &mut bool,
        (ty, fields, handle): (TypeId, &[Field], u64),
        conditions: Conditions,
        depth: u32,
    ) -> Result<(), Fault> {
        let program = self.env.program;
        let layout = program.layout(ty);
        for ((field, offset), presence) in fields.iter().zip(&layout.offsets).zip(&layout.presences) {
            let width = program.width(field.ty);
            let at = handle.checked_add(*offset as u64).ok_or(Fault::Damaged)?;
            let slots: Slots = padded(self.heap.words(at, width)?);
            let slots = slots.get(..width).unwrap_or(&slots);
            if field.optional && slots.first() == Some(&0) {
                // Null is written where the record says that the member is there.
                let Some(presence) = presence else { continue };
                if self.heap.word(handle, *presence)? == 0 {
                    continue;
                }
            }
            if field.is_presence_of().is_some() {
                continue;
            }
            if let Some(check) = field.check
                && conditions == Conditions::Checked
                && !self.holds(check, field.ty, slots)?
            {
                return Err(Fault::cast(format!("the value breaks the condition of `{}`", field.name)));
            }
            write_comma(out, comma);
            write_text(out, &field.wire);
            out.push(b':');
            self.write(out, field.ty, slots, conditions, depth)?;
        }
        Ok(())
    }

    /// The text of a value that is neither composed, nor dynamic, nor optional.
    fn scalar<'s>(&'s self, ty: &Type, slots: &[u64]) -> Result<Cow<'s, str>, Fault> {
        let (first, second) = match slots {
            [first, second, ..] => (*first, *second),
            [first] => (*first, 0),
            [] => return Err(Fault::Damaged),
        };
        let signed = first.cast_signed();
        let year = || Fault::cast("a moment outside the years 0 to 9999 can't be written");
        let text = match ty {
            Type::Null => "null".to_owned(),
            Type::Bool => (first != 0).to_string(),
            Type::Int => signed.to_string(),
            Type::Float => scalar::write_float(f64::from_bits(first))
                .ok_or_else(|| Fault::cast("a float that is no finite number can't be written"))?,
            Type::Decimal => decimal::from_slots(first, second).to_string(),
            Type::String | Type::Url => return self.heap.text(first).map(Cow::Borrowed),
            Type::Literals(literals) => match literals.values.first() {
                Some(Literal::Int(_)) => signed.to_string(),
                Some(Literal::Bool(_)) => (first != 0).to_string(),
                Some(Literal::String(_)) | None => return self.heap.text(first).map(Cow::Borrowed),
            },
            Type::Bytes => scalar::write_bytes(self.heap.bytes(first)?),
            Type::Duration => scalar::write_duration(signed),
            Type::Timestamp => scalar::write_timestamp(signed).ok_or_else(year)?,
            Type::Date => scalar::write_date(signed).ok_or_else(year)?,
            Type::Uuid => scalar::write_uuid(first, second),
            Type::Error => return Err(Fault::cast("an error can't be written")),
            _ => return Err(Fault::Damaged),
        };
        Ok(Cow::Owned(text))
    }

    /// A value as interpolation writes it: a scalar's text without quotes, everything else as JSON.
    pub(crate) fn text(&mut self, ty: TypeId, slots: &[u64]) -> Result<String, Fault> {
        let program = self.env.program;
        let types = &program.plan().types;
        let text = match types.get(ty) {
            Type::Secret(inner) => return self.text(*inner, slots),
            Type::Optional(_) if slots.first() == Some(&0) => "null".to_owned(),
            Type::Optional(inner) => {
                let wide = !types.is_handle(*inner);
                let rest = if wide { slots.get(1..).unwrap_or_default() } else { slots };
                return self.text(*inner, rest);
            }
            Type::Json => match dynamic::node(self.heap, slots.first().copied().unwrap_or(0))? {
                dynamic::Node::Text(text) => text.to_owned(),
                _ => self.json_text(ty, slots)?,
            },
            Type::List(_) | Type::Map(_) | Type::Record(_) | Type::Tagged { .. } => {
                self.json_text(ty, slots)?
            }
            other => self.scalar(other, slots)?.into_owned(),
        };
        if text.len() > TEXT_BYTES_MAX {
            return Err(Fault::limit("a text has more than 8 MB"));
        }
        Ok(text)
    }

    fn json_text(&mut self, ty: TypeId, slots: &[u64]) -> Result<String, Fault> {
        let json = self.encode(ty, slots, Conditions::Taken)?;
        String::from_utf8(json).map_err(|_| Fault::Damaged)
    }
}

/// Whether a scalar stands in quotes in JSON.
fn is_quoted(ty: &Type) -> bool {
    match ty {
        Type::Null | Type::Bool | Type::Int | Type::Float | Type::Decimal => false,
        Type::Literals(literals) => {
            matches!(literals.values.first(), Some(Literal::String(_)) | None)
        }
        _ => true,
    }
}
