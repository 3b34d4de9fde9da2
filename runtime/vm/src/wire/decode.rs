//! JSON text to slots.

use std::borrow::Cow;
use std::collections::BTreeSet;

use flow_plan::{Case, Field, Literal, Literals, Type, TypeId, UNKNOWN_CASE};

use super::misfit::{Misfit, Segment};
use super::{TypeQuestions, Wire, padded, scalar};
use crate::fault::Fault;
use crate::heap::NULL;
use crate::json::{Kind, Reader};
use crate::limits::QUOTE_BYTES_MAX;
use crate::program::Slots;
use crate::{decimal, dynamic};

type Decode = Result<Slots, Misfit>;

impl Wire<'_> {
    /// Reads a whole text as a value.
    pub(crate) fn decode(&mut self, ty: TypeId, json: &[u8]) -> Decode {
        let mut reader = Reader::new(json, self.strict)?;
        let slots = self.value(&mut reader, ty)?;
        reader.end()?;
        Ok(slots)
    }

    /// Reads a whole text as a dynamic value.
    pub(crate) fn decode_json(&mut self, json: &[u8]) -> Result<u64, Misfit> {
        let mut reader = Reader::new(json, self.strict)?;
        let handle = self.dynamic(&mut reader)?;
        reader.end()?;
        Ok(handle)
    }

    fn value(&mut self, reader: &mut Reader<'_>, ty: TypeId) -> Decode {
        let program = self.env.program;
        let Some(boundary) = program.plan().boundary(ty) else { return self.plain(reader, ty) };
        let start = reader.position();
        let slots = match boundary.form {
            Some(form) => self.read_form(reader, form)?,
            None => self.plain(reader, ty)?,
        };
        let width = program.width(ty);
        if !self.holds_for_type(ty, slots.get(..width).unwrap_or(&slots))? {
            let shown = self.shown(ty, reader.between(start, reader.position()));
            return Err(Misfit::new(format!("{shown} breaks the condition of its type")));
        }
        Ok(slots)
    }

    /// A value in its type's own form, without a condition on the whole type.
    fn plain(&mut self, reader: &mut Reader<'_>, ty: TypeId) -> Decode {
        let program = self.env.program;
        let kind = reader.kind()?;
        match program.plan().types.get(ty) {
            Type::Null if kind == Kind::Null => {
                reader.null()?;
                Ok([0; 3])
            }
            Type::Bool if kind == Kind::Bool => Ok([u64::from(reader.bool()?), 0, 0]),
            Type::Int if kind == Kind::Number => {
                let text = reader.number()?;
                self.int(text).map(|value| [value.cast_unsigned(), 0, 0])
            }
            Type::Float if kind == Kind::Number => {
                let text = reader.number()?;
                let value = text.parse::<f64>().ok().filter(|value| value.is_finite());
                let value = value.ok_or_else(|| self.misfit_number("float", text, "out of its range"))?;
                Ok([value.to_bits(), 0, 0])
            }
            Type::Decimal if kind == Kind::Number => {
                let text = reader.number()?;
                let value = decimal::parse(text).map_err(|why| self.misfit_number("decimal", text, why))?;
                Ok(padded(&decimal::to_slots(value)))
            }
            Type::Json => self.dynamic(reader).map(|handle| [handle, 0, 0]),
            Type::Optional(_) if kind == Kind::Null => {
                reader.null()?;
                Ok([0; 3])
            }
            Type::Optional(inner) => {
                let [first, second, _] = self.value(reader, *inner)?;
                let wide = !program.plan().types.is_handle(*inner);
                Ok(if wide { [1, first, second] } else { [first, second, 0] })
            }
            Type::Secret(inner) => {
                let start = reader.position();
                self.secrets += 1;
                self.guarded += 1;
                let slots = self.value(reader, *inner);
                self.secrets -= 1;
                self.guarded -= 1;
                if slots.is_ok() && self.secrets == 0 {
                    self.heap.note_secret(reader.between(start, reader.position()).trim());
                }
                slots
            }
            Type::Literals(literals) => self.literal(reader, literals, kind),
            Type::List(item) if kind == Kind::Array => self.list(reader, *item),
            Type::Map(value) if kind == Kind::Object => self.map(reader, *value),
            Type::Record(fields) if kind == Kind::Object => {
                self.guarding(ty, |wire| wire.record(reader, ty, fields, None).map(|handle| [handle, 0, 0]))
            }
            Type::Tagged { tag: Some(tag), cases, open } if kind == Kind::Object => {
                self.guarding(ty, |wire| wire.tagged(reader, tag, cases, *open))
            }
            Type::Tagged { tag: None, cases, .. } if kind == Kind::Object => {
                self.guarding(ty, |wire| wire.untagged(reader, cases))
            }
            text @ (Type::String
            | Type::Bytes
            | Type::Duration
            | Type::Timestamp
            | Type::Date
            | Type::Uuid
            | Type::Url)
                if kind == Kind::Text =>
            {
                let found = reader.text()?;
                self.written_as_text(text, &found)
            }
            _ => self.misfit(reader, ty),
        }
    }

    /// Reads a value of a type; where that holds a secret, nothing of the value is quoted.
    fn guarding<T>(
        &mut self,
        ty: TypeId,
        read: impl FnOnce(&mut Self) -> Result<T, Misfit>,
    ) -> Result<T, Misfit> {
        let guard = u32::from(self.env.program.layout(ty).holds_secret);
        self.guarded += guard;
        let read = read(self);
        self.guarded -= guard;
        read
    }

    /// The value of a type that is a text on the wire.
    fn written_as_text(&mut self, ty: &Type, text: &str) -> Decode {
        let signed = |value: i64| [value.cast_unsigned(), 0, 0];
        let (found, due) = match ty {
            Type::Bytes => match scalar::read_bytes(text) {
                Some(bytes) => return Ok([self.heap.new_bytes(&bytes)?, 0, 0]),
                None => (None, "bytes in base64"),
            },
            Type::Duration => (scalar::read_duration(text).map(signed), "duration"),
            Type::Timestamp => (scalar::read_timestamp(text).map(signed), "timestamp"),
            Type::Date => (scalar::read_date(text).map(signed), "date"),
            Type::Uuid => (scalar::read_uuid(text).map(|words| padded(&words)), "uuid"),
            Type::Url if !scalar::is_url(text) => (None, "absolute url"),
            _ => return Ok([self.heap.new_text(text)?, 0, 0]),
        };
        found.ok_or_else(|| Misfit::new(format!("expected {due}, found {}", self.quoted(text))))
    }

    fn int(&self, text: &str) -> Result<i64, Misfit> {
        let whole = !text.contains(['.', 'e', 'E']);
        let why = if whole { "out of 64 bits" } else { "not a whole number without fraction or exponent" };
        let value = if whole { text.parse::<i64>().ok() } else { None };
        value.ok_or_else(|| self.misfit_number("int", text, why))
    }

    fn literal(&mut self, reader: &mut Reader<'_>, literals: &Literals, kind: Kind) -> Decode {
        let (slots, found, shown) = match (literals.values.first(), kind) {
            (Some(Literal::String(_)) | None, Kind::Text) => {
                let text = reader.text()?;
                let handle = self.heap.new_text(&text)?;
                (handle, Literal::String(text.to_string()), self.quoted(&text))
            }
            (Some(Literal::Int(_)), Kind::Number) => {
                let text = reader.number()?;
                let value = self.int(text)?;
                (value.cast_unsigned(), Literal::Int(value), format!("number {value}"))
            }
            (Some(Literal::Bool(_)), Kind::Bool) => {
                let value = reader.bool()?;
                (u64::from(value), Literal::Bool(value), value.to_string())
            }
            _ => {
                let found = self.found(reader)?;
                return Err(Misfit::new(format!("expected {}, found {found}", choice(&literals.values))));
            }
        };
        if literals.open || literals.values.contains(&found) {
            return Ok([slots, 0, 0]);
        }
        let shown = if self.guarded > 0 { "another value".to_owned() } else { shown };
        Err(Misfit::new(format!("expected {}, found {shown}", choice(&literals.values))))
    }

    /// Keeps slots of an item that is being read, within the limit of the heap.
    fn keep(&mut self, slots: &[u64]) -> Result<(), Misfit> {
        if !self.heap.has_room(self.scratch.len()) {
            return Err(Fault::Full.into());
        }
        self.scratch.extend_from_slice(slots);
        Ok(())
    }

    fn list(&mut self, reader: &mut Reader<'_>, item: TypeId) -> Decode {
        let width = self.env.program.width(item);
        let base = self.scratch.len();
        reader.array()?;
        let (mut first, mut index) = (true, 0);
        while reader.next_item(&mut first)? {
            let slots = self.value(reader, item).map_err(|misfit| misfit.within(Segment::Item(index)))?;
            self.keep(slots.get(..width).unwrap_or(&slots))?;
            index += 1;
        }
        let handle = self.heap.new_list(self.scratch.get(base..).unwrap_or_default(), width)?;
        self.scratch.truncate(base);
        Ok([handle, 0, 0])
    }

    fn map(&mut self, reader: &mut Reader<'_>, value: TypeId) -> Decode {
        let width = self.env.program.width(value);
        let base = self.scratch.len();
        reader.object()?;
        let mut first = true;
        while let Some(key) = reader.next_member(&mut first)? {
            let name = self.heap.new_text(&key)?;
            let slots = self.value(reader, value).map_err(|misfit| misfit.within(self.key(&key)))?;
            self.keep(&[name])?;
            self.keep(slots.get(..width).unwrap_or(&slots))?;
        }
        let entries = self.scratch.split_off(base);
        let order = self.key_order(&entries, width)?;
        Ok([self.heap.new_map(&entries, &order)?, 0, 0])
    }

    /// The order of the keys of entries, which must differ.
    fn key_order(&mut self, entries: &[u64], width: usize) -> Result<Vec<u64>, Misfit> {
        let order = self.heap.sort_keys(entries, width)?;
        let key = |index: u64| {
            let start = usize::try_from(index).ok().and_then(|index| index.checked_mul(width + 1));
            start.and_then(|start| entries.get(start)).copied().ok_or(Fault::Damaged)
        };
        for pair in order.windows(2) {
            let [before, after] = pair else { continue };
            let (before, after) = (self.heap.text(key(*before)?)?, self.heap.text(key(*after)?)?);
            if before == after {
                return Err(Misfit::new("member stands twice").within(self.key(after)));
            }
        }
        Ok(order)
    }

    /// Reads the members of an object into a record. The member of that name is a tag, and passed over.
    fn record(
        &mut self,
        reader: &mut Reader<'_>,
        ty: TypeId,
        fields: &[Field],
        tag: Option<&str>,
    ) -> Result<u64, Misfit> {
        let program = self.env.program;
        let layout = program.layout(ty);
        let handle = self.heap.record(layout.record_width)?;
        let mut seen = vec![false; fields.len()];
        reader.object()?;
        let (mut first, mut guess) = (true, 0);
        while let Some(key) = reader.next_member(&mut first)? {
            if tag.is_some_and(|tag| tag == key) {
                reader.skip()?;
                continue;
            }
            let named = |(_, field): &(usize, &Field)| field.wire == key && field.is_presence_of().is_none();
            let next = fields.iter().enumerate().skip(guess).find(named);
            let Some((index, field)) = next.or_else(|| fields.iter().enumerate().take(guess).find(named))
            else {
                if self.strict {
                    return Err(Misfit::new("unknown member").within(self.key(&key)));
                }
                reader.skip()?;
                continue;
            };
            guess = index + 1;
            let within = |misfit: Misfit| misfit.within(member(&key));
            match seen.get_mut(index) {
                Some(seen) if !*seen => *seen = true,
                _ => return Err(within(Misfit::new("member stands twice"))),
            }
            let start = reader.position();
            let slots = self.value(reader, field.ty).map_err(within)?;
            let width = program.width(field.ty);
            let slots = slots.get(..width).unwrap_or(&slots);
            let offset = layout.offsets.get(index).copied().unwrap_or(0);
            self.heap.write(handle, offset, slots)?;
            if let Some(Some(presence)) = layout.presences.get(index) {
                self.heap.write(handle, *presence, &[1])?;
            }
            if let Some(check) = field.check
                && !self.holds(check, field.ty, slots)?
            {
                let shown = reader.between(start, reader.position());
                return Err(within(self.broken(field, shown)));
            }
        }
        for (field, seen) in fields.iter().zip(seen) {
            if !seen && !field.optional && !program.plan().types.is_optional(field.ty) {
                let due = self.type_words(field.ty);
                return Err(Misfit::new(format!("expected {due}, found nothing")).within(member(&field.wire)));
            }
        }
        Ok(handle)
    }

    fn broken(&self, field: &Field, shown: &str) -> Misfit {
        let shown = self.shown(field.ty, shown);
        Misfit::new(format!("{shown} breaks the condition of `{}`", field.name))
    }

    /// The JSON of a value of the type, where a message may quote it.
    fn shown<'t>(&self, ty: TypeId, json: &'t str) -> &'t str {
        let secret = self.guarded > 0 || self.env.program.layout(ty).holds_secret;
        quotable(json.trim()).filter(|_| !secret).unwrap_or("the value")
    }

    fn tagged(&mut self, reader: &mut Reader<'_>, tag: &str, cases: &[Case], open: bool) -> Decode {
        let found = self.find_tag(&mut reader.clone(), tag)?;
        let case = found.as_ref().and_then(|found| cases.iter().position(|case| case.wire == *found));
        let (index, handle) = match (case.and_then(|index| Some((index, cases.get(index)?))), found) {
            (Some((index, case)), _) => {
                let Type::Record(fields) = self.env.program.plan().types.get(case.fields) else {
                    return Err(Fault::Damaged.into());
                };
                (index as u64, self.record(reader, case.fields, fields, Some(tag))?)
            }
            (None, Some(_)) if open => (UNKNOWN_CASE, self.dynamic(reader)?),
            (None, found) => {
                let tags: Vec<Literal> = cases.iter().map(|case| case.wire.clone()).collect();
                let found = match found {
                    None => "nothing".to_owned(),
                    Some(_) if self.guarded > 0 => "another value".to_owned(),
                    Some(Literal::String(text)) => self.quoted(&text),
                    Some(Literal::Int(value)) => format!("number {value}"),
                    Some(Literal::Bool(value)) => value.to_string(),
                };
                let message = format!("expected {}, found {found}", choice(&tags));
                return Err(Misfit::new(message).within(member(tag)));
            }
        };
        Ok([self.heap.object(&[index, handle])?, 0, 0])
    }

    /// A value of the one case whose required members are all there.
    fn untagged(&mut self, reader: &mut Reader<'_>, cases: &[Case]) -> Decode {
        let names = member_names(&mut reader.clone())?;
        let types = &self.env.program.plan().types;
        let mut fitting = cases.iter().enumerate().filter_map(|(index, case)| {
            let Type::Record(fields) = types.get(case.fields) else { return None };
            let due = |field: &&Field| !field.optional && !types.is_optional(field.ty);
            let all = fields.iter().filter(due).all(|field| names.contains(&field.wire));
            all.then_some((index, case, fields))
        });
        let Some((index, case, fields)) = fitting.next() else {
            let names: Vec<&str> = cases.iter().map(|case| case.name.as_str()).collect();
            let message =
                format!("expected {}, found an object with the required members of none", names.join(" or "));
            return Err(Misfit::new(message));
        };
        if let Some((_, other, _)) = fitting.next() {
            let message =
                format!("expected one case, found the required members of {} and {}", case.name, other.name);
            return Err(Misfit::new(message));
        }
        let handle = self.record(reader, case.fields, fields, None)?;
        Ok([self.heap.object(&[index as u64, handle])?, 0, 0])
    }

    /// The tag of an object, which may stand anywhere in it.
    fn find_tag(&mut self, reader: &mut Reader<'_>, tag: &str) -> Result<Option<Literal>, Misfit> {
        reader.object()?;
        let mut first = true;
        while let Some(key) = reader.next_member(&mut first)? {
            if key != tag {
                reader.skip()?;
                continue;
            }
            return match reader.kind()? {
                Kind::Text => Ok(Some(Literal::String(reader.text()?.into_owned()))),
                Kind::Bool => Ok(Some(Literal::Bool(reader.bool()?))),
                Kind::Number => Ok(reader.number()?.parse().ok().map(Literal::Int)),
                _ => Ok(None),
            };
        }
        Ok(None)
    }

    /// Reads any value.
    pub(crate) fn dynamic(&mut self, reader: &mut Reader<'_>) -> Result<u64, Misfit> {
        match reader.kind()? {
            Kind::Null => {
                reader.null()?;
                Ok(NULL)
            }
            Kind::Bool => {
                let value = reader.bool()?;
                Ok(dynamic::new_bool(self.heap, value)?)
            }
            Kind::Number => {
                let text = reader.number()?;
                if !text.parse::<f64>().is_ok_and(f64::is_finite) {
                    return Err(self.misfit_number("json", text, "out of every number's range"));
                }
                Ok(dynamic::new_number(self.heap, text)?)
            }
            Kind::Text => {
                let text = reader.text()?;
                Ok(dynamic::new_text(self.heap, &text)?)
            }
            Kind::Array => {
                let base = self.scratch.len();
                reader.array()?;
                let (mut first, mut index) = (true, 0);
                while reader.next_item(&mut first)? {
                    let item = self.dynamic(reader).map_err(|misfit| misfit.within(Segment::Item(index)))?;
                    self.keep(&[item])?;
                    index += 1;
                }
                let items = self.scratch.split_off(base);
                Ok(dynamic::new_array(self.heap, &items)?)
            }
            Kind::Object => {
                let base = self.scratch.len();
                reader.object()?;
                let mut first = true;
                while let Some(key) = reader.next_member(&mut first)? {
                    let name = self.heap.new_text(&key)?;
                    let value = self.dynamic(reader).map_err(|misfit| misfit.within(self.key(&key)))?;
                    self.keep(&[name, value])?;
                }
                let entries = self.scratch.split_off(base);
                let order = self.key_order(&entries, 1)?;
                Ok(dynamic::new_object(self.heap, &entries, &order)?)
            }
        }
    }

    fn misfit<T>(&mut self, reader: &mut Reader<'_>, ty: TypeId) -> Result<T, Misfit> {
        // In place of a record with a secret in it, the secret itself may stand there.
        let found = self.guarding(ty, |wire| wire.found(reader))?;
        Err(Misfit::new(format!("expected {}, found {found}", self.type_words(ty))))
    }

    /// The name of a member that its type does not name. Within a secret it is one too.
    fn key(&self, name: &str) -> Segment {
        member(if self.secrets > 0 { "*" } else { name })
    }

    pub(super) fn misfit_number(&self, due: &str, text: &str, why: &str) -> Misfit {
        if self.guarded > 0 {
            return Misfit::new(format!("expected {due}, found a number that is {why}"));
        }
        Misfit::new(format!("expected {due}, found {} ({why})", number_words(text)))
    }

    /// What stands there, in words.
    pub(super) fn found(&self, reader: &mut Reader<'_>) -> Result<String, Misfit> {
        Ok(match reader.kind()? {
            Kind::Null => "null".to_owned(),
            Kind::Array => "an array".to_owned(),
            Kind::Object => "an object".to_owned(),
            Kind::Bool if self.guarded > 0 => "a bool".to_owned(),
            Kind::Number if self.guarded > 0 => "a number".to_owned(),
            Kind::Bool => reader.bool()?.to_string(),
            Kind::Number => number_words(reader.number()?),
            Kind::Text => self.quoted(&reader.text()?),
        })
    }

    pub(super) fn quoted(&self, text: &str) -> String {
        match quotable(text) {
            _ if self.guarded > 0 => "a string".to_owned(),
            Some(text) => format!("string {text:?}"),
            None => format!("a string of {} characters", text.chars().count()),
        }
    }

    /// A type in words.
    pub(super) fn type_words(&self, ty: TypeId) -> Cow<'static, str> {
        let words = match self.env.program.plan().types.get(ty) {
            Type::Null => "null",
            Type::Bool | Type::Presence => "bool",
            Type::Int => "int",
            Type::Float => "float",
            Type::Decimal => "decimal",
            Type::String => "string",
            Type::Bytes => "bytes",
            Type::Duration => "duration",
            Type::Timestamp => "timestamp",
            Type::Date => "date",
            Type::Uuid => "uuid",
            Type::Url => "url",
            Type::Json => "json",
            Type::Error => "an error, which does not travel",
            Type::List(_) => "a list",
            Type::Map(_) => "a map",
            Type::Record(_) | Type::Tagged { .. } => "an object",
            Type::Optional(inner) | Type::Secret(inner) => return self.type_words(*inner),
            Type::Literals(literals) => return Cow::Owned(choice(&literals.values)),
        };
        Cow::Borrowed(words)
    }
}

/// The names of an object's members.
fn member_names(reader: &mut Reader<'_>) -> Result<BTreeSet<String>, Misfit> {
    reader.object()?;
    let (mut first, mut names) = (true, BTreeSet::new());
    while let Some(key) = reader.next_member(&mut first)? {
        names.insert(key.into_owned());
        reader.skip()?;
    }
    Ok(names)
}

fn member(name: &str) -> Segment {
    Segment::Member(name.to_owned())
}

/// `"card" or "bank"`.
fn choice(values: &[Literal]) -> String {
    let words: Vec<String> = values
        .iter()
        .map(|value| match value {
            Literal::String(text) => format!("{text:?}"),
            Literal::Int(value) => value.to_string(),
            Literal::Bool(value) => value.to_string(),
        })
        .collect();
    words.join(" or ")
}

/// A text that is short enough for a message. A longer one is not cut: part of a secret that an API echoes in it would be
/// left, which nothing recognises.
pub(super) fn quotable(text: &str) -> Option<&str> {
    (text.len() <= QUOTE_BYTES_MAX).then_some(text)
}

fn number_words(text: &str) -> String {
    match quotable(text) {
        Some(text) => format!("number {text}"),
        None => format!("a number of {} characters", text.len()),
    }
}
