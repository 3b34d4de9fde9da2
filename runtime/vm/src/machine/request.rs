//! The request of a call, from the arguments.

use flow_plan::{PathPart, Place, StepId, Type, TypeId};

use super::Machine;
use crate::effect::Request;
use crate::fault::Fault;
use crate::interpret::{self, Budget, Env};
use crate::wire::{Conditions, Wire, padded};

impl Machine {
    /// Makes the request of a step. A condition that does not hold is `cast`, and nothing is sent.
    pub(super) fn request_of(&mut self, step: StepId, slots: &[u64]) -> Result<Request, Fault> {
        let program = self.program.clone();
        let operation = program.operation(step)?;
        let mut budget = Budget::default();
        let env = Env { program: &program, config: &self.core.config };
        let mut wire = Wire::new(env, &mut self.heap, &mut budget);
        let mut request = Request::default();
        let mut texts = Vec::new();
        let mut rest = slots;
        for param in &operation.params {
            let (value, after) = rest.split_at_checked(program.width(param.ty)).ok_or(Fault::Damaged)?;
            rest = after;
            if let Some(check) = param.check
                && !wire.holds(check, param.ty, value)?
            {
                return Err(Fault::cast(format!("the argument breaks the condition of `{}`", param.name)));
            }
            let in_text = param.place != Place::Body;
            if in_text && !wire.fits_boundaries(param.ty, value)? {
                return Err(Fault::cast(format!(
                    "the argument breaks the condition of the type of `{}`",
                    param.name
                )));
            }
            let name = || param.wire.clone();
            let mut text = None;
            match param.place {
                Place::Path => text = Some(wire.wire_text(param.ty, value)?),
                Place::Query => {
                    request.query.extend(wire.parts(param.ty, value)?.into_iter().map(|text| (name(), text)));
                }
                Place::Header if is_null(&program, param.ty, value) => {}
                Place::Header => request.headers.push((name(), wire.wire_text(param.ty, value)?)),
                Place::Unsent => {}
                Place::Next if is_null(&program, param.ty, value) => {}
                Place::Next => request.next = Some(wire.wire_text(param.ty, value)?),
                Place::Body if is_null(&program, param.ty, value) => {}
                Place::Body => request.body = Some(wire.encode(param.ty, value, Conditions::Checked)?),
            }
            texts.push(text);
        }
        for part in &operation.path {
            if let PathPart::Param(index) | PathPart::Link(index) = part {
                let text = texts.get(usize::from(*index)).cloned().flatten();
                request.path.push(text.ok_or(Fault::Damaged)?);
            }
        }
        for function in &operation.form.computed {
            let slots = interpret::call(wire.env, wire.heap, wire.budget, *function, slots)?;
            request.computed.push(wire.heap.text(slots[0])?.to_owned());
        }
        Ok(request)
    }
}

/// Whether a value is the null of an optional.
fn is_null(program: &crate::Program, ty: TypeId, value: &[u64]) -> bool {
    let types = &program.plan().types;
    matches!(types.get(types.open_secret(ty)), Type::Optional(_)) && value.first() == Some(&0)
}

impl Wire<'_> {
    /// Whether what holds of an argument's type, and of the types inside, holds for it.
    fn fits_boundaries(&mut self, ty: TypeId, value: &[u64]) -> Result<bool, Fault> {
        if self.env.program.plan().boundaries.is_empty() {
            return Ok(true);
        }
        match self.encode(ty, value, Conditions::Checked) {
            Ok(_) => Ok(true),
            Err(Fault::Cast(_)) => Ok(false),
            Err(fault) => Err(fault),
        }
    }

    /// A value as paths, queries and headers hold it: in its form on the wire, without quotes.
    fn wire_text(&mut self, ty: TypeId, value: &[u64]) -> Result<String, Fault> {
        let types = &self.env.program.plan().types;
        let inner = match types.get(ty) {
            Type::Secret(inner) => return self.wire_text(*inner, value),
            Type::Optional(inner) if !is_null(self.env.program, ty, value) => Some(*inner),
            _ => None,
        };
        match inner {
            Some(inner) if types.is_wide_optional(ty) => {
                self.wire_text(inner, value.get(1..).unwrap_or_default())
            }
            Some(inner) => self.wire_text(inner, value),
            None => match self.env.program.plan().boundary(ty).and_then(|boundary| boundary.form) {
                Some(form) => crate::wire::form_text(form, value),
                None => self.text(ty, value),
            },
        }
    }

    /// The texts of a query parameter: none for null, one for each item of a list.
    fn parts(&mut self, ty: TypeId, value: &[u64]) -> Result<Vec<String>, Fault> {
        let program = self.env.program;
        if is_null(program, ty, value) {
            return Ok(Vec::new());
        }
        let types = &program.plan().types;
        match types.get(ty) {
            Type::Secret(inner) => self.parts(*inner, value),
            Type::Optional(inner) if types.is_wide_optional(ty) => {
                self.parts(*inner, value.get(1..).unwrap_or_default())
            }
            Type::Optional(inner) => self.parts(*inner, value),
            Type::List(item) => {
                let (list, width) = (value.first().copied().ok_or(Fault::Damaged)?, program.width(*item));
                let mut texts = Vec::new();
                for index in 0..self.heap.len(list)? {
                    let slots = padded(self.heap.item(list, index, width)?.ok_or(Fault::Damaged)?);
                    if !is_null(program, *item, &slots) {
                        texts.push(self.wire_text(*item, slots.get(..width).unwrap_or(&slots))?);
                    }
                }
                Ok(texts)
            }
            _ => Ok(vec![self.wire_text(ty, value)?]),
        }
    }
}
