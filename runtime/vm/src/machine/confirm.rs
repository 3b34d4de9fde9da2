//! Unknown outcomes that the operation can confirm: a safe call says whether the step is done, and nobody learns of
//! the outcome before.
//!
//! A value means done, and is the result; null means not done: where the engine says that the policy allows it, the
//! call then goes on. A confirmation that fails leaves the outcome unknown. It is shielded like an undo: what
//! interrupts the step ends it by itself, and the interruption is raised afterwards.

use flow_plan::{FunctionId, Op, Outcome, StepId, Type};

use super::answer::{Judgement, shortened, unheld};
use super::fiber::{Captured, Confirming, Fiber, FiberId, Progress, Role, Wait};
use super::{Machine, ROOT_SAGA};
use crate::effect::{Again, CallAnswer, CallEffect, EffectKind, Refusal, UnknownReason};
use crate::error_object::{self, Kind};
use crate::fault::Fault;
use crate::interpret::Thread;
use crate::program::Slots;

impl Machine {
    /// Asks whether a step is done whose outcome is unknown.
    pub(super) fn begin_confirm(
        &mut self,
        id: FiberId,
        function: FunctionId,
        answer: CallAnswer,
        again: Option<Again>,
    ) -> Result<(), Fault> {
        let path = self.called(id)?.path;
        let fiber = self.fiber_mut(id)?;
        let undoes = fiber.undoes;
        let Progress::Calling(effect, captured) = std::mem::replace(&mut fiber.progress, Progress::Ready)
        else {
            return Err(Fault::Damaged);
        };
        let prefix = format!("{}/confirm{}/", path.0, captured.confirmed);
        let thread = Thread::new(&self.program, function, &captured.args)?;
        let by = self.spawn(Fiber::new(Role::Confirm(id), prefix, ROOT_SAGA, undoes, thread));
        let confirming = Confirming { by, effect, captured, answer, again };
        self.fiber_mut(id)?.progress = Progress::Confirming(Box::new(confirming));
        Ok(())
    }

    /// A confirmation has ended: with what it says, or with an error.
    pub(super) fn confirmed(&mut self, of: FiberId, said: Option<Slots>) -> Result<(), Fault> {
        let Progress::Confirming(confirming) = &self.fiber(of)?.progress else { return Err(Fault::Damaged) };
        let (effect, answer, again) = (confirming.effect, confirming.answer.clone(), confirming.again);
        let called = self.called(of)?;
        let Some(said) = said else {
            self.back_to_call(of)?;
            let judged = self.judged(&called, &answer)?;
            return self.conclude(of, &called, judged);
        };
        // Nothing is made in the heap until what was said has its place.
        if let Some(result) = self.done(called.step, &said)? {
            self.back_to_call(of)?;
            return self.conclude(of, &called, Judgement { outcome: Outcome::Done, result: Ok(result) });
        }
        let goes_on = !self.is_held(of) && self.interruption(of)?.is_none();
        if let Some(again) = again.filter(|_| goes_on) {
            match self.with_room(|machine| machine.call_again(of, called.step, again)) {
                Err(Fault::Damaged) => return Err(Fault::Damaged),
                Err(fault) => {
                    self.back_to_call(of)?;
                    let operation = self.program.operation(called.step)?;
                    let judged =
                        Judgement { outcome: Outcome::NotDone, ..unheld(&called, operation, fault)? };
                    return self.conclude(of, &called, judged);
                }
                Ok(()) => {
                    self.core.waits.remove(&effect);
                    return Ok(());
                }
            }
        }
        let mut judged = self.judged(&called, &answer)?;
        self.back_to_call(of)?;
        judged.outcome = Outcome::NotDone;
        if let (Err(error), CallAnswer::Unknown { reason, message }) = (&mut judged.result, &answer) {
            error.kind = Kind::Refused;
            error.reason = error_object::refusal(refusal(*reason));
            let by = self.confirms_by(called.step);
            error.message = shortened(&format!("{message}; it was not done, says `{by}`"));
        }
        self.conclude(of, &called, judged)
    }

    /// What a confirmation gives as the step's result; nothing where it was not done.
    fn done(&self, step: StepId, said: &Slots) -> Result<Option<Slots>, Fault> {
        if said[0] == 0 {
            return Ok(None);
        }
        let types = &self.program.plan().types;
        let operation = self.program.operation(step)?;
        let Some(ty) = operation.response.ty() else { return Ok(Some([0; 3])) };
        let given = match operation.confirm {
            Some(function) => self.program.function(function)?.result,
            None => return Err(Fault::Damaged),
        };
        let is_result = matches!(types.get(types.open_secret(ty)), Type::Optional(_) | Type::Json);
        Ok(Some(if !is_result && types.is_wide_optional(given) { [said[1], said[2], 0] } else { *said }))
    }

    /// The name of what confirms the outcome of a step.
    fn confirms_by(&self, step: StepId) -> String {
        let plan = self.program.plan();
        let function = plan.step_operation(step).and_then(|operation| operation.confirm);
        let code = function.and_then(|function| plan.function(function)).map(|function| &function.code);
        let called = code.into_iter().flatten().find_map(|op| match op {
            Op::Call { step, .. } => Some(*step),
            _ => None,
        });
        called.map_or_else(String::new, |step| plan.step_name(step))
    }

    /// A step stands as when its call was answered.
    fn back_to_call(&mut self, id: FiberId) -> Result<(), Fault> {
        let fiber = self.fiber_mut(id)?;
        match std::mem::replace(&mut fiber.progress, Progress::Ready) {
            Progress::Confirming(confirming) => {
                let Confirming { effect, captured, .. } = *confirming;
                fiber.progress = Progress::Calling(effect, captured);
                Ok(())
            }
            _ => Err(Fault::Damaged),
        }
    }

    /// The call goes on, under what is left of its policy.
    fn call_again(&mut self, id: FiberId, step: StepId, again: Again) -> Result<(), Fault> {
        let args = match &self.fiber(id)?.progress {
            Progress::Confirming(confirming) => confirming.captured.args.clone(),
            _ => return Err(Fault::Damaged),
        };
        let request = self.request_of(step, &args)?;
        let call = CallEffect { resumes: Some(again), ..self.call_of(id, step, request)? };
        self.back_to_call(id)?;
        let effect = self.ask(EffectKind::Call(call));
        self.core.waits.insert(effect, Wait::Call(id, false));
        if let Progress::Calling(waits, Captured { confirmed, .. }) = &mut self.fiber_mut(id)?.progress {
            *waits = effect;
            *confirmed = confirmed.saturating_add(1);
        }
        Ok(())
    }
}

/// Why a call that was not done was not answered.
fn refusal(reason: UnknownReason) -> Refusal {
    match reason {
        UnknownReason::Timeout => Refusal::Timeout,
        UnknownReason::Connection | UnknownReason::Body | UnknownReason::CutOff | UnknownReason::Lost => {
            Refusal::Connection
        }
    }
}
