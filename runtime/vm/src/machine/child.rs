//! Child executions: what they are started with, and what their end means.

use flow_plan::{ListId, Outcome, Reg, StepId};

use super::Machine;
use super::answer::{Called, Judgement};
use super::fiber::{Captured, FiberId};
use crate::effect::{ChildAnswer, ChildError, EffectKind, SpawnEffect};
use crate::error_object::{self, Kind, NewError};
use crate::fault::Fault;
use crate::interpret::{Budget, Env};
use crate::wire::{Conditions, Wire};

impl Machine {
    /// Asks for a child execution. A condition of its input that does not hold is `cast`, and nothing is started.
    pub(super) fn spawn_child(
        &mut self,
        id: FiberId,
        step: StepId,
        input: Reg,
        captures: ListId,
    ) -> Result<(), Fault> {
        self.check_room_for_undo(id, step)?;
        let program = self.program.clone();
        let (child, called, detached) = program.plan().step_child(step).ok_or(Fault::Damaged)?;
        let record = [*self.fiber(id)?.thread.stack.get(input.index()).ok_or(Fault::Damaged)?];
        let mut budget = Budget::default();
        let env = Env { program: &program, config: &self.core.config };
        let mut wire = Wire::new(env, &mut self.heap, &mut budget);
        let input = wire.encode(called.input, &record, Conditions::Checked)?;
        let undo = self.captured(id, step, captures)?;
        let undoes = self.fiber(id)?.undoes;
        let path = self.fiber(id)?.path(&step.0.to_string());
        // What is only started outlives the deadlines around its start.
        let deadlines = if detached { Vec::new() } else { self.deadlines_around(id)? };
        let spawn = SpawnEffect { step, child, path, input, deadlines, detached, undoes };
        self.wait_for_call(id, EffectKind::Spawn(spawn), Captured { undo, ..Captured::default() })
    }

    /// Whether an answer is one that a step can have.
    pub(super) fn is_answer_of(&self, step: StepId, answer: &ChildAnswer) -> bool {
        let child = self.program.plan().step_child(step);
        child.is_some_and(|(_, _, detached)| match answer {
            ChildAnswer::Started(_) => detached,
            ChildAnswer::Done(_) | ChildAnswer::Joined(_) => !detached,
            ChildAnswer::Failed(_) => true,
        })
    }

    /// A child has ended, or what is only started has begun.
    pub(super) fn child_ended(&mut self, id: FiberId, answer: ChildAnswer) -> Result<(), Fault> {
        let called = self.called(id)?;
        let judged = match self.with_room(|machine| machine.judge_child(&called, &answer)) {
            Ok(judged) => judged,
            Err(Fault::Damaged) => return Err(Fault::Damaged),
            Err(_) => {
                let message = "the result of the child does not fit into the memory of the execution";
                Judgement { outcome: Outcome::NotDone, result: Err(called.error(Kind::Limit, message)) }
            }
        };
        self.conclude(id, &called, judged)
    }

    /// What an end means. A child that has failed has undone itself: nothing of it is left to undo.
    fn judge_child(&mut self, called: &Called, answer: &ChildAnswer) -> Result<Judgement, Fault> {
        let program = self.program.clone();
        let (_, child, _) = program.plan().step_child(called.step).ok_or(Fault::Damaged)?;
        Ok(match answer {
            ChildAnswer::Started(id) => {
                Judgement { outcome: Outcome::Done, result: Ok([self.heap.new_text(id)?, 0, 0]) }
            }
            ChildAnswer::Done(json) | ChildAnswer::Joined(json) => {
                match self.reading(|wire| wire.decode(child.output, json))? {
                    // What another caller has begun is not for this one to undo.
                    Ok(slots) => {
                        let own = matches!(answer, ChildAnswer::Done(_));
                        let outcome = if own { Outcome::Done } else { Outcome::NotDone };
                        Judgement { outcome, result: Ok(slots) }
                    }
                    // The plan that was verified gives what its parent takes: only a changed history comes here.
                    Err(error) => {
                        let error = called.error(Kind::Decode, error.to_string());
                        Judgement { outcome: Outcome::NotDone, result: Err(error) }
                    }
                }
            }
            ChildAnswer::Failed(error) => {
                let result = Err(self.child_error(called, child, error)?);
                Judgement { outcome: Outcome::NotDone, result }
            }
        })
    }

    /// The error of a child as one of this execution.
    fn child_error(
        &mut self,
        called: &Called,
        child: &flow_plan::Child,
        error: &ChildError,
    ) -> Result<NewError, Fault> {
        let own = error.declared.and_then(|theirs| {
            let known = child.errors.iter().find(|(known, _)| *known == theirs);
            known.map(|(_, own)| *own)
        });
        if let (Some(own), Some(json)) = (own, &error.fields) {
            let program = self.program.clone();
            let declared = program.plan().error(own).ok_or(Fault::Damaged)?;
            return Ok(match self.reading(|wire| wire.decode(declared.fields, json))? {
                Ok([fields, ..]) => NewError {
                    declared: Some(own),
                    fields,
                    status: error.status,
                    ..called.error(Kind::Declared, error.message.as_str())
                },
                Err(misfit) => called.error(Kind::Decode, misfit.to_string()),
            });
        }
        // An error that this plan does not know can be caught by no name, but says what it is.
        let (kind, message) = match error_object::kind_named(&error.name) {
            Some(kind) => (kind, error.message.clone()),
            None => (Kind::Limit, format!("{}: {}", error.name, error.message)),
        };
        let new = called.error(kind, message);
        Ok(NewError { status: error.status, reason: u64::from(error.reason), ..new })
    }
}
