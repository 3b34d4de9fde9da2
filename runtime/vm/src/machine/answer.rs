//! What the answer of a call means: its outcome, its result or error, and the undo that it registers.

use flow_plan::{ErrorId, FunctionId, Meaning, Op, Operation, Outcome, StepId, Target, Undo};

use super::Machine;
use super::fiber::{FiberId, Progress, UndoAction, UndoEntry};
use crate::dynamic;
use crate::effect::{Again, CallAnswer, StepPath};
use crate::error::DecodeError;
use crate::error_object::{self, Kind, NewError};
use crate::fault::Fault;
use crate::heap::NULL;
use crate::interpret::{Budget, Env};
use crate::program::Slots;
use crate::wire::body::Answer;
use crate::wire::{Misfit, Wire};

/// The longest message of the engine's that an error keeps, in bytes.
const MESSAGE_BYTES_MAX: usize = 4096;

/// A call that is answered.
#[derive(Clone)]
pub(super) struct Called {
    pub(super) step: StepId,
    pub(super) path: StepPath,
    at: (FunctionId, Target),
    pub(super) undoes: bool,
    /// Whether anything reads the result.
    result_read: bool,
}

/// What an answer means.
pub(super) struct Judgement {
    pub(super) outcome: Outcome,
    pub(super) result: Result<Slots, NewError>,
}

impl Called {
    pub(super) fn error(&self, kind: Kind, message: impl Into<String>) -> NewError {
        let step = Some((self.step, self.path.clone()));
        NewError { step, ..NewError::new(kind, message, self.at) }
    }
}

impl Machine {
    /// A call has ended.
    pub(super) fn answered(
        &mut self,
        id: FiberId,
        answer: CallAnswer,
        again: Option<Again>,
    ) -> Result<(), Fault> {
        let called = self.called(id)?;
        let judged = self.judged(&called, &answer)?;
        match self.program.operation(called.step)?.confirm {
            Some(function) if judged.outcome == Outcome::Unknown && !self.is_held(id) => {
                self.begin_confirm(id, function, answer, again)
            }
            _ => self.conclude(id, &called, judged),
        }
    }

    /// What an answer means.
    pub(super) fn judged(&mut self, called: &Called, answer: &CallAnswer) -> Result<Judgement, Fault> {
        let program = self.program.clone();
        let operation = program.operation(called.step)?;
        match self.with_room(|machine| machine.judge(called, operation, answer)) {
            Ok(judged) => Ok(judged),
            Err(fault) => unheld(called, operation, fault),
        }
    }

    /// Goes on after a call of an operation or a workflow.
    pub(super) fn conclude(&mut self, id: FiberId, called: &Called, judged: Judgement) -> Result<(), Fault> {
        self.settle_undo(id, called, &judged)?;
        let interruption = self.interruption(id)?;
        if self.is_held(id) && interruption.is_none() {
            return Ok(());
        }
        self.make_ready(id)?;
        match (judged.result, interruption) {
            (Ok(_), Some(interruption)) => self.interrupt(id, interruption, None),
            (Err(error), Some(interruption)) => {
                let cause = self.new_error(error);
                self.interrupt(id, interruption, Some(cause))
            }
            (Err(error), None) => {
                let error = self.new_error(error);
                self.raise(id, error)
            }
            (Ok(slots), None) => {
                self.write_result(id, &slots)?;
                self.step_over(id)
            }
        }
    }

    pub(super) fn called(&self, id: FiberId) -> Result<Called, Fault> {
        let fiber = self.fiber(id)?;
        let at = (fiber.function(), Target(fiber.at()));
        let op = self.program.function(at.0)?.code.get(at.1.0 as usize);
        let Some(Op::Call { step, .. } | Op::Spawn { step, .. }) = op else { return Err(Fault::Damaged) };
        Ok(Called {
            step: *step,
            path: fiber.path(&step.0.to_string()),
            at,
            undoes: fiber.undoes,
            result_read: self.program.info(at.0)?.results_read.contains(&at.1.0),
        })
    }

    /// Reads an answer. The only effect on the machine is room taken in its heap.
    fn judge(
        &mut self,
        called: &Called,
        operation: &Operation,
        answer: &CallAnswer,
    ) -> Result<Judgement, Fault> {
        let (outcome, error) = match answer {
            CallAnswer::Answered { status, headers, body } => {
                return self.judge_answer(called, operation, Answer { status: *status, headers, body });
            }
            CallAnswer::Refused { reason, message } => {
                let error = called.error(Kind::Refused, shortened(message));
                (Outcome::NotDone, NewError { reason: error_object::refusal(*reason), ..error })
            }
            CallAnswer::Unknown { reason, message } => {
                let error = called.error(Kind::Unknown, shortened(message));
                (unknown_outcome(operation), NewError { reason: error_object::unknown(*reason), ..error })
            }
            // The engine says this of calls that were cancelled or came too late, which are interrupted here.
            CallAnswer::NotSent => (Outcome::NotDone, called.error(Kind::Refused, "was not sent")),
        };
        Ok(Judgement { outcome, result: Err(error) })
    }

    fn judge_answer(
        &mut self,
        called: &Called,
        operation: &Operation,
        answer: Answer<'_>,
    ) -> Result<Judgement, Fault> {
        let status = answer.status;
        let outcome = operation.outcome(status, called.undoes);
        if operation.meaning(status) == Meaning::Absent {
            return Ok(Judgement { outcome, result: Ok([0; 3]) });
        }
        if outcome == Outcome::Done {
            let success = (200..300).contains(&status);
            return Ok(match self.reading(|wire| wire.response(operation, answer))? {
                Ok(slots) => Judgement { outcome, result: Ok(slots) },
                // A status of `done` says that there was nothing left to undo; its body is another one's.
                Err(_) if !success && !called.result_read => Judgement { outcome, result: Ok([0; 3]) },
                Err(error) => {
                    let outcome = if success { unknown_outcome(operation) } else { outcome };
                    let new = called.error(Kind::Decode, error.to_string());
                    Judgement { outcome, result: Err(NewError { status: Some(status), ..new }) }
                }
            });
        }
        if operation.gives_result(status) {
            let result = self.reading(|wire| wire.response(operation, answer))?;
            let misfit = |error: DecodeError| {
                let new = called.error(Kind::Decode, error.to_string());
                NewError { status: Some(status), ..new }
            };
            return Ok(Judgement { outcome, result: result.map_err(misfit) });
        }
        if let Some(raised) = operation.raised(status) {
            let error = self.read_raised(called, raised, answer)?;
            return Ok(Judgement { outcome, result: Err(error) });
        }
        let body = self.read_any(answer.body)?;
        let error = called.error(Kind::Http, format!("answered with status {status}"));
        Ok(Judgement { outcome, result: Err(NewError { status: Some(status), body, ..error }) })
    }

    pub(super) fn reading(
        &mut self,
        read: impl FnOnce(&mut Wire<'_>) -> Result<Slots, Misfit>,
    ) -> Result<Result<Slots, DecodeError>, Fault> {
        let program = self.program.clone();
        let mut budget = Budget::default();
        let env = Env { program: &program, config: &self.core.config };
        match read(&mut Wire::new(env, &mut self.heap, &mut budget)) {
            Ok(slots) => Ok(Ok(slots)),
            Err(misfit) => match misfit.into_error() {
                Ok(error) => Ok(Err(error)),
                Err(Fault::Full) => Err(Fault::Full),
                Err(fault) => Ok(Err(DecodeError::fault(fault))),
            },
        }
    }

    /// A body that no type is declared for: what its JSON says, else its text; null where it has none or is no text.
    fn read_any(&mut self, body: &[u8]) -> Result<u64, Fault> {
        let Ok(text) = std::str::from_utf8(body) else { return Ok(NULL) };
        if text.trim().is_empty() {
            return Ok(NULL);
        }
        match self.reading(|wire| wire.decode_json(text.as_bytes()).map(|handle| [handle, 0, 0]))? {
            Ok([handle, ..]) => Ok(handle),
            Err(_) => dynamic::new_text(&mut self.heap, text),
        }
    }

    /// The declared error of a status, or `decode` where the body has not its fields.
    fn read_raised(&mut self, called: &Called, id: ErrorId, answer: Answer<'_>) -> Result<NewError, Fault> {
        let program = self.program.clone();
        let declared = program.plan().error(id).ok_or(Fault::Damaged)?;
        let error = match self.reading(|wire| wire.body(declared.fields, answer))? {
            Ok([fields, ..]) => {
                let env = Env { program: &program, config: &self.core.config };
                let message = error_object::declared_message(env, &self.heap, id, fields)?;
                NewError { declared: Some(id), fields, ..called.error(Kind::Declared, message) }
            }
            Err(error) => called.error(Kind::Decode, error.to_string()),
        };
        Ok(NewError { status: Some(answer.status), ..error })
    }

    /// Registers what undoes a step that is done, or may be.
    fn settle_undo(&mut self, id: FiberId, called: &Called, judged: &Judgement) -> Result<(), Fault> {
        let fiber = self.fiber_mut(id)?;
        let progress = std::mem::replace(&mut fiber.progress, super::Progress::Ready);
        let Progress::Calling(_, captured) = progress else { return Err(Fault::Damaged) };
        let mut args = captured.undo;
        let saga = fiber.innermost_saga();
        if called.undoes || judged.outcome == Outcome::NotDone {
            return Ok(());
        }
        let plan = self.program.plan();
        let step = plan.step(called.step).ok_or(Fault::Damaged)?;
        let unknown = judged.outcome == Outcome::Unknown;
        let action = match step.undo {
            _ if unknown && plan.unknown_needs_attention(called.step) => UndoAction::Ask,
            Undo::Function { function, uses_result, uses_cause } => {
                if uses_result {
                    let param = self.program.function(function)?.params.len();
                    let result = param.checked_sub(1 + usize::from(uses_cause)).ok_or(Fault::Damaged)?;
                    let reg = self.program.function(function)?.params.get(result).ok_or(Fault::Damaged)?;
                    let width = self.program.info(function)?.widths.get(reg.index()).ok_or(Fault::Damaged)?;
                    // A step that is done without a result that can be held is unknown, and was seen to above.
                    let slots = judged.result.as_ref().map_err(|_| Fault::Damaged)?;
                    args.extend_from_slice(slots.get(..*width).ok_or(Fault::Damaged)?);
                }
                UndoAction::Run { function, args, uses_cause }
            }
            Undo::Undeclared | Undo::Nothing | Undo::Irreversible => return Ok(()),
        };
        let path = called.path.clone();
        self.core.undos.push(UndoEntry { saga, step: Some(called.step), path, action });
        Ok(())
    }
}

/// What an answer means that can't be held: as one that can't be read.
pub(super) fn unheld(called: &Called, operation: &Operation, fault: Fault) -> Result<Judgement, Fault> {
    if fault == Fault::Damaged {
        return Err(fault);
    }
    let error = called.error(Kind::Limit, "the answer does not fit into the memory of the execution");
    Ok(Judgement { outcome: unknown_outcome(operation), result: Err(error) })
}

/// The outcome of a call of which nothing certain is known.
fn unknown_outcome(operation: &Operation) -> Outcome {
    match operation.class {
        flow_plan::EffectClass::Safe => Outcome::NotDone,
        _ => Outcome::Unknown,
    }
}

pub(super) fn shortened(message: &str) -> String {
    let end = (0..=MESSAGE_BYTES_MAX.min(message.len())).rev().find(|end| message.is_char_boundary(*end));
    message.get(..end.unwrap_or(0)).unwrap_or_default().to_owned()
}
