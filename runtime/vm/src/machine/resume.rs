//! What a completion does.

use flow_plan::Op;

use super::Machine;
use super::fiber::{FiberId, Progress, Scope, Wait};
use crate::effect::{Completion, EffectId, Result as Outcome, Step};
use crate::error::ResumeError;
use crate::fault::Fault;

impl Machine {
    /// Goes on with what came of an effect.
    ///
    /// # Errors
    /// Where nobody waits for the effect, or it was asked for something else; the machine is then unchanged.
    pub fn resume(&mut self, completion: Completion) -> Result<Step, ResumeError> {
        let Completion { effect, result } = completion;
        let wait = *self.core.waits.get(&effect).ok_or(ResumeError::NotAwaited(effect))?;
        if !self.is_answer(wait, &result) {
            return Err(ResumeError::WrongKind(effect));
        }
        self.core.waits.remove(&effect);
        if let Err(fault) = self.complete(wait, effect, result) {
            self.break_off(fault);
        }
        Ok(self.run())
    }

    /// Whether a result is of the kind that is waited for.
    fn is_answer(&self, wait: Wait, result: &Outcome) -> bool {
        let op = |id: FiberId| {
            let fiber = self.core.fibers.get(&id)?;
            self.program.function(fiber.function()).ok()?.code.get(fiber.at() as usize).copied()
        };
        match wait {
            Wait::Deadline(_) => matches!(result, Outcome::Fired),
            Wait::Call(id, _) => match (op(id), result) {
                (Some(Op::Call { .. }), Outcome::Call(_) | Outcome::Repeatable(..)) => true,
                (Some(Op::Spawn { step, .. }), Outcome::Child(answer)) => self.is_answer_of(step, answer),
                _ => false,
            },
            Wait::Fiber(id) => matches!(
                (op(id), result),
                (Some(Op::Sleep { .. } | Op::SleepUntil { .. }), Outcome::Fired)
                    | (Some(Op::Now { .. }), Outcome::Now(_))
                    | (Some(Op::NewUuid { .. }), Outcome::Uuid(_))
                    | (Some(Op::Random { .. }), Outcome::Random(_))
                    | (Some(Op::Today { .. }), Outcome::Today(_))
                    | (Some(Op::NewCallback { .. }), Outcome::Callback { .. })
            ),
        }
    }

    fn complete(&mut self, wait: Wait, effect: EffectId, result: Outcome) -> Result<(), Fault> {
        match (wait, result) {
            (Wait::Deadline(id), Outcome::Fired) => {
                for scope in &mut self.fiber_mut(id)?.scopes {
                    if let Scope::Deadline { timer, passed } = scope
                        && *timer == effect
                    {
                        *passed = true;
                    }
                }
                self.interrupt_waiting(&[id]);
                Ok(())
            }
            (Wait::Call(id, _), Outcome::Call(answer)) => self.answered(id, answer, None),
            (Wait::Call(id, _), Outcome::Repeatable(answer, again)) => self.answered(id, answer, Some(again)),
            (Wait::Call(id, _), Outcome::Child(answer)) => self.child_ended(id, answer),
            (Wait::Fiber(id), Outcome::Fired) => self.awaited(id, None),
            (Wait::Fiber(id), Outcome::Now(micros)) => self.awaited(id, Some([micros.cast_unsigned(), 0])),
            (Wait::Fiber(id), Outcome::Today(Some(days))) => {
                self.awaited(id, Some([i64::from(days).cast_unsigned(), 0]))
            }
            (Wait::Fiber(id), Outcome::Today(None)) => self.awaited_in_vain(id, "there is no such time zone"),
            (Wait::Fiber(id), Outcome::Callback { url, digest }) => {
                self.called_back(id, effect, &url, digest)
            }
            (Wait::Fiber(id), Outcome::Uuid(bytes)) => {
                let word = |half: &[u8]| half.iter().fold(0_u64, |word, byte| word << 8 | u64::from(*byte));
                let (high, low) = bytes.split_at(8);
                self.awaited(id, Some([word(high), word(low)]))
            }
            (Wait::Fiber(id), Outcome::Random(bits)) => {
                let drawn = f64::from_bits(bits);
                // What is no number in 0..1 would be one nowhere else in the language.
                let drawn = if (0.0..1.0).contains(&drawn) { drawn } else { 0.0 };
                self.awaited(id, Some([drawn.to_bits(), 0]))
            }
            _ => Err(Fault::Damaged),
        }
    }

    /// A fiber does not get what it waited for.
    fn awaited_in_vain(&mut self, id: FiberId, why: &'static str) -> Result<(), Fault> {
        if !matches!(self.fiber(id)?.progress, Progress::Waiting(_)) {
            return Err(Fault::Damaged);
        }
        if self.is_held(id) {
            return Ok(());
        }
        self.make_ready(id)?;
        match self.interruption(id)? {
            Some(interruption) => self.interrupt(id, interruption, None),
            None => self.raise_fault(id, Fault::Range(why.into())),
        }
    }

    /// A fiber has what it waited for, which was no call.
    pub(super) fn awaited(&mut self, id: FiberId, value: Option<[u64; 2]>) -> Result<(), Fault> {
        if !matches!(self.fiber(id)?.progress, Progress::Waiting(_)) {
            return Err(Fault::Damaged);
        }
        if self.is_held(id) {
            return Ok(());
        }
        self.make_ready(id)?;
        if let Some(interruption) = self.interruption(id)? {
            return self.interrupt(id, interruption, None);
        }
        if let Some(value) = value {
            self.write_result(id, &value)?;
        }
        self.step_over(id)
    }
}
