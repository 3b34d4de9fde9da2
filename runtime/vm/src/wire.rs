//! Values on the wire: JSON text to slots and back, driven by the plan's types.
//!
//! Neither way makes a tree in between. Conditions (`where`) are checked on the way in, and on the way out of a
//! request; they are pure functions, which the interpreter runs on the same heap.

pub(crate) mod body;
mod decode;
mod encode;
mod form;
mod misfit;
pub(crate) mod scalar;

use flow_plan::{FunctionId, TypeId};

use crate::fault::Fault;
use crate::heap::Heap;
use crate::interpret::{self, Budget, Env};
use crate::program::Slots;

pub(crate) use encode::Conditions;
pub(crate) use flow_plan::UNKNOWN_CASE;
pub(crate) use misfit::Misfit;

/// What reads and writes values of one execution.
pub(crate) struct Wire<'a> {
    pub(crate) env: Env<'a>,
    pub(crate) heap: &'a mut Heap,
    pub(crate) budget: &'a mut Budget,
    /// Unknown members are refused, and NUL in texts: what comes in from the outside is held to its type.
    pub(crate) strict: bool,
    /// Items of lists and maps that are being read.
    scratch: Vec<u64>,
    /// How many secrets are around the value: it is noted as a part of the outermost.
    secrets: u32,
    /// How many values that hold a secret are around the value: a secret may stand in a wrong place of such a one, so
    /// that nothing in it is quoted in messages.
    guarded: u32,
}

impl<'a> Wire<'a> {
    /// For answers and conversions: unknown members are passed over.
    pub(crate) fn new(env: Env<'a>, heap: &'a mut Heap, budget: &'a mut Budget) -> Self {
        Self { env, heap, budget, strict: false, scratch: Vec::new(), secrets: 0, guarded: 0 }
    }

    /// For a value that is a secret as a whole: none of it is quoted.
    pub(crate) fn of_a_secret(mut self) -> Self {
        self.secrets += 1;
        self.guarded += 1;
        self
    }

    /// Whether the condition on a whole type, where it has one, holds for a value.
    pub(crate) fn holds_for_type(&mut self, ty: TypeId, slots: &[u64]) -> Result<bool, Fault> {
        let check = self.env.program.plan().boundary(ty).and_then(|boundary| boundary.check);
        check.map_or(Ok(true), |check| self.holds(check, ty, slots))
    }

    /// Whether a condition holds for a value. One over the bare type holds for null.
    pub(crate) fn holds(&mut self, check: FunctionId, ty: TypeId, slots: &[u64]) -> Result<bool, Fault> {
        let types = &self.env.program.plan().types;
        let function = self.env.program.function(check)?;
        let takes = function.params.first().and_then(|reg| {
            let register = function.registers.iter().find(|register| register.slot == *reg)?;
            Some(register.ty)
        });
        let takes = takes.ok_or(Fault::Damaged)?;
        let mut args: Slots = [0; 3];
        let bare = types.is_optional(ty) && !types.is_optional(takes);
        let given = if bare && types.is_wide_optional(types.open_secret(ty)) {
            slots.get(1..).unwrap_or_default()
        } else {
            slots
        };
        if bare && slots.first() == Some(&0) {
            return Ok(true);
        }
        for (to, from) in args.iter_mut().zip(given) {
            *to = *from;
        }
        let result = interpret::call(self.env, self.heap, self.budget, check, &args)?;
        Ok(result.first().copied() == Some(1))
    }
}

/// Questions about types that the codec asks.
trait TypeQuestions {
    fn is_optional(&self, ty: TypeId) -> bool;
}

impl TypeQuestions for flow_plan::Types {
    fn is_optional(&self, ty: TypeId) -> bool {
        matches!(self.get(self.open_secret(ty)), flow_plan::Type::Optional(_))
    }
}

/// The text of a value in a form of its own, without quotes.
pub(crate) fn form_text(form: flow_plan::WireForm, slots: &[u64]) -> Result<String, Fault> {
    form::write_form(form, slots).map(|(text, _)| text)
}

/// The slots of a value, padded.
pub(crate) fn padded(slots: &[u64]) -> Slots {
    let mut out: Slots = [0; 3];
    for (to, from) in out.iter_mut().zip(slots) {
        *to = *from;
    }
    out
}
