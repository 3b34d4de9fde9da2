//! A copying collector, led by types.
//!
//! It copies what the roots reach into a new arena, children before parents: then every handle in an object
//! is less than the object's own, so that no value can contain itself. The order follows from the roots alone,
//! which makes the new arena the canonical form of the heap; the state's encoding is built on that.

use std::collections::BTreeMap;

use flow_plan::{ErrorId, Literal, Type, TypeId};

use crate::dynamic;
use crate::error_object;
use crate::fault::Fault;
use crate::heap::{Heap, NULL};
use crate::json::Reader;
use crate::program::Program;
use crate::wire::UNKNOWN_CASE;

/// What an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Of {
    /// A value of a type that lies on the heap: a record, list, map or tagged value.
    Type(TypeId),
    Text,
    Bytes,
    Json,
    Error,
    /// A list of errors.
    Errors,
}

/// Not yet reached.
const UNSEEN: u32 = 0;

/// Reached, and not yet copied.
const OPEN: u32 = u32::MAX;

/// Work that is left.
enum Task {
    /// Look at an object.
    Visit(u64, Of),
    /// Copy an object whose children are copied.
    Copy(u64, Of),
}

/// The collector.
pub(crate) struct Collector<'a> {
    program: &'a Program,
    from: &'a Heap,
    words: Vec<u64>,
    /// Where objects have gone, by their old handles.
    moved: Vec<u32>,
    tasks: Vec<Task>,
    /// What objects were reached as, where the heap is not trusted.
    reached: Option<BTreeMap<u64, Of>>,
}

impl<'a> Collector<'a> {
    /// A collector of a heap; one that is not trusted is checked as it is read.
    pub(crate) fn new(program: &'a Program, from: &'a Heap, checked: bool) -> Self {
        Self {
            program,
            from,
            words: program.image().to_vec(),
            moved: vec![UNSEEN; from.all().len()],
            tasks: Vec::new(),
            reached: checked.then(BTreeMap::new),
        }
    }

    /// The new arena.
    pub(crate) fn into_words(self) -> Vec<u64> {
        self.words
    }

    /// Relocates a value in its slots.
    pub(crate) fn value(&mut self, ty: TypeId, slots: &mut [u64]) -> Result<(), Fault> {
        if let Some((index, of)) = handle_in(self.program, ty, slots)
            && let Some(slot) = slots.get_mut(index)
        {
            self.handle(slot, of)?;
        }
        Ok(())
    }

    /// Relocates a handle.
    pub(crate) fn handle(&mut self, handle: &mut u64, of: Of) -> Result<(), Fault> {
        if *handle != NULL {
            self.tasks.push(Task::Visit(*handle, of));
            self.work()?;
            *handle = self.new_place(*handle)?;
        }
        Ok(())
    }

    fn work(&mut self) -> Result<(), Fault> {
        while let Some(task) = self.tasks.pop() {
            match task {
                Task::Visit(handle, of) => self.visit(handle, of)?,
                Task::Copy(handle, of) => self.copy(handle, of)?,
            }
        }
        Ok(())
    }

    fn place(handle: u64) -> usize {
        usize::try_from(handle).unwrap_or(usize::MAX)
    }

    fn is_constant(&self, handle: u64) -> bool {
        Self::place(handle) < self.program.image().len()
    }

    fn visit(&mut self, handle: u64, of: Of) -> Result<(), Fault> {
        if self.reached.is_some() {
            self.check(handle, of)?;
        }
        if self.is_constant(handle) {
            return Ok(());
        }
        let moved = self.moved.get_mut(Self::place(handle)).ok_or(Fault::Damaged)?;
        if *moved != UNSEEN {
            return Ok(());
        }
        *moved = OPEN;
        self.tasks.push(Task::Copy(handle, of));
        let first = self.tasks.len();
        let tasks = &mut self.tasks;
        layout(self.program, self.from, handle, of, |_, child, of| tasks.push(Task::Visit(child, of)))?;
        // The first child is to be copied first.
        if let Some(children) = self.tasks.get_mut(first..) {
            children.reverse();
        }
        Ok(())
    }

    fn copy(&mut self, handle: u64, of: Of) -> Result<(), Fault> {
        let start = self.words.len();
        let mut children = Vec::new();
        let size =
            layout(self.program, self.from, handle, of, |offset, child, _| children.push((offset, child)))?;
        // A heap that is not trusted could have objects that lie across each other, without end.
        if start + size > self.from.all().len() + self.program.image().len() {
            return Err(Fault::Damaged);
        }
        self.words.extend_from_slice(self.from.words(handle, size)?);
        for (offset, child) in children {
            let place = self.new_place(child)?;
            *self.words.get_mut(start + offset).ok_or(Fault::Damaged)? = place;
        }
        let place = u32::try_from(start).ok().filter(|place| *place != OPEN).ok_or(Fault::Damaged)?;
        *self.moved.get_mut(Self::place(handle)).ok_or(Fault::Damaged)? = place;
        Ok(())
    }

    fn new_place(&self, handle: u64) -> Result<u64, Fault> {
        if self.is_constant(handle) {
            return Ok(handle);
        }
        match self.moved.get(Self::place(handle)).copied() {
            // A value that contains itself is no value.
            Some(UNSEEN | OPEN) | None => Err(Fault::Damaged),
            Some(place) => Ok(u64::from(place)),
        }
    }

    /// Sees to it that an object of a heap that is not trusted is what it is reached as.
    fn check(&mut self, handle: u64, of: Of) -> Result<(), Fault> {
        let Some(reached) = &mut self.reached else { return Ok(()) };
        if let Some(before) = reached.get(&handle) {
            let alike = match (*before, of) {
                (Of::Type(before), Of::Type(of)) => self.program.is_alike(before, of),
                (before, of) => before == of,
            };
            return if alike { Ok(()) } else { Err(Fault::Damaged) };
        }
        reached.insert(handle, of);
        if self.is_constant(handle) && !self.program.is_constant_object(handle, of == Of::Text) {
            return Err(Fault::Damaged);
        }
        match of {
            Of::Text => self.from.text(handle).map(|_| ()),
            Of::Bytes => self.from.bytes(handle).map(|_| ()),
            Of::Json => match dynamic::node(self.from, handle)? {
                dynamic::Node::Number(text) => is_number(text),
                dynamic::Node::Object { entries, order } => check_order(self.from, entries, order, 2),
                _ => Ok(()),
            },
            Of::Type(ty) => match self.program.plan().types.get(ty) {
                Type::Map(value) => {
                    let width = self.program.width(*value);
                    let entries = self.from.entries(handle, width)?;
                    check_order(self.from, entries, self.from.key_order(handle, width)?, width + 1)
                }
                _ => Ok(()),
            },
            Of::Error => error_object::kind(self.from, handle).map(|_| ()),
            Of::Errors => Ok(()),
        }
    }
}

fn is_number(text: &str) -> Result<(), Fault> {
    let whole = Reader::new(text.as_bytes(), false).and_then(|mut reader| {
        reader.number()?;
        reader.end()
    });
    whole.map_err(|_| Fault::Damaged)
}

/// Sees to it that an order names each entry once, in the order of the keys, which differ.
fn check_order(heap: &Heap, entries: &[u64], order: &[u64], stride: usize) -> Result<(), Fault> {
    let mut before: Option<&[u8]> = None;
    for index in order {
        let start = usize::try_from(*index).ok().and_then(|index| index.checked_mul(stride));
        let key = start.and_then(|start| entries.get(start)).ok_or(Fault::Damaged)?;
        let key = heap.bytes(*key)?;
        if before.is_some_and(|before| before >= key) {
            return Err(Fault::Damaged);
        }
        before = Some(key);
    }
    if entries.len() == order.len() * stride { Ok(()) } else { Err(Fault::Damaged) }
}

/// The slot of a value that holds a handle which is not null, and what it leads to.
fn handle_in(program: &Program, ty: TypeId, slots: &[u64]) -> Option<(usize, Of)> {
    let types = &program.plan().types;
    let first = slots.first().copied()?;
    let of = match types.get(ty) {
        Type::Optional(_) if first == NULL => return None,
        Type::Optional(inner) if types.is_handle(*inner) => return handle_in(program, *inner, slots),
        Type::Optional(inner) => {
            let (index, of) = handle_in(program, *inner, slots.get(1..)?)?;
            return Some((index + 1, of));
        }
        Type::Secret(inner) => return handle_in(program, *inner, slots),
        Type::String | Type::Url => Of::Text,
        Type::Literals(literals) if matches!(literals.values.first(), Some(Literal::String(_)) | None) => {
            Of::Text
        }
        Type::Bytes => Of::Bytes,
        Type::Json => Of::Json,
        Type::Error => Of::Error,
        Type::List(_) | Type::Map(_) | Type::Record(_) | Type::Tagged { .. } => Of::Type(ty),
        _ => return None,
    };
    (first != NULL).then_some((0, of))
}

/// The words of an object, and its handles with their offsets.
fn layout(
    program: &Program,
    heap: &Heap,
    handle: u64,
    of: Of,
    mut each: impl FnMut(usize, u64, Of),
) -> Result<usize, Fault> {
    let value = |each: &mut dyn FnMut(usize, u64, Of), offset: usize, ty: TypeId, slots: &[u64]| {
        if let Some((index, of)) = handle_in(program, ty, slots)
            && let Some(child) = slots.get(index)
        {
            each(offset + index, *child, of);
        }
    };
    match of {
        Of::Text | Of::Bytes => {
            let bytes = heap.bytes(handle)?.len();
            Ok(1 + bytes.div_ceil(8))
        }
        Of::Json => {
            let shape = dynamic::shape(heap, handle)?;
            let words = heap.words(handle, shape.words)?;
            for offset in 1..=shape.items {
                let child = words.get(offset).copied().ok_or(Fault::Damaged)?;
                if child != NULL {
                    each(offset, child, Of::Json);
                }
            }
            for offset in 1..=2 * shape.entries {
                let child = words.get(offset).copied().ok_or(Fault::Damaged)?;
                if child != NULL {
                    each(offset, child, if offset % 2 == 1 { Of::Text } else { Of::Json });
                }
            }
            Ok(shape.words)
        }
        Of::Errors => {
            let count = heap.len(handle)?;
            for (index, child) in heap.items(handle, 1)?.iter().enumerate() {
                if *child != NULL {
                    each(1 + index, *child, Of::Error);
                }
            }
            Ok(1 + count)
        }
        Of::Error => error_layout(program, heap, handle, each),
        Of::Type(ty) => match program.plan().types.get(ty) {
            Type::List(item) => {
                let width = program.width(*item);
                for (index, slots) in heap.items(handle, width)?.chunks_exact(width).enumerate() {
                    value(&mut each, 1 + index * width, *item, slots);
                }
                let room = heap.capacity(handle)?.max(heap.len(handle)?);
                room.checked_mul(width).and_then(|room| room.checked_add(1)).ok_or(Fault::Damaged)
            }
            Type::Map(of) => {
                let width = program.width(*of);
                for (index, entry) in heap.entries(handle, width)?.chunks_exact(width + 1).enumerate() {
                    let (key, slots) = entry.split_first().ok_or(Fault::Damaged)?;
                    let offset = 1 + index * (width + 1);
                    value(&mut each, offset + 1, *of, slots);
                    each(offset, *key, Of::Text);
                }
                let count = heap.len(handle)?;
                count.checked_mul(width + 2).and_then(|room| room.checked_add(1)).ok_or(Fault::Damaged)
            }
            Type::Record(fields) => {
                let layout = program.layout(ty);
                let words = heap.words(handle, layout.record_width)?;
                for (field, offset) in fields.iter().zip(&layout.offsets) {
                    let slots =
                        words.get(*offset..*offset + program.width(field.ty)).ok_or(Fault::Damaged)?;
                    value(&mut each, *offset, field.ty, slots);
                }
                Ok(layout.record_width.max(1))
            }
            Type::Tagged { cases, .. } => {
                let (case, body) = (heap.word(handle, 0)?, heap.word(handle, 1)?);
                if case == UNKNOWN_CASE {
                    if body != NULL {
                        each(1, body, Of::Json);
                    }
                } else {
                    let case =
                        usize::try_from(case).ok().and_then(|case| cases.get(case)).ok_or(Fault::Damaged)?;
                    each(1, body, Of::Type(case.fields));
                }
                Ok(2)
            }
            _ => Err(Fault::Damaged),
        },
    }
}

fn error_layout(
    program: &Program,
    heap: &Heap,
    handle: u64,
    mut each: impl FnMut(usize, u64, Of),
) -> Result<usize, Fault> {
    let word = |offset: usize| heap.word(handle, offset);
    let mut child = |offset: usize, child: u64, of: Of| {
        if child != NULL {
            each(offset, child, of);
        }
    };
    child(2, word(2)?, Of::Text);
    let fields = word(3)?;
    if fields != NULL {
        let declared = u32::try_from(word(1)?).ok().and_then(|id| program.plan().error(ErrorId(id)));
        child(3, fields, Of::Type(declared.ok_or(Fault::Damaged)?.fields));
    }
    child(7, word(7)?, Of::Text);
    child(11, word(11)?, Of::Error);
    child(12, word(12)?, Of::Errors);
    child(13, word(13)?, Of::Json);
    Ok(error_object::WORDS)
}
