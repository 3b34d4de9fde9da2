//! What a fiber does at an effect or a scope.

use flow_plan::op::Operand;
use flow_plan::{FunctionId, ListId, Op, Reg, StepId, Target, Type, Undo};

use super::Machine;
use super::fiber::{Captured, FiberId, Progress, Role, Scope, UndoAction, UndoEntry, Wait};
use crate::effect::{CallEffect, EffectId, EffectKind, Request};
use crate::error_object::{Kind, NewError};
use crate::fault::Fault;
use crate::limits::UNDOS_MAX;

impl Machine {
    /// Carries out an instruction that is for the machine.
    pub(super) fn perform(&mut self, id: FiberId, op: Op) -> Result<(), Fault> {
        if op.waits()
            && !self.shields(id)?
            && let Some(interrupt) = self.interruption(id)?
        {
            return self.interrupt(id, interrupt, None);
        }
        match op {
            Op::Call { step, args, captures, .. } => return self.call(id, step, args, captures),
            Op::Spawn { step, input, captures, .. } => return self.spawn_child(id, step, input, captures),
            Op::Sleep { duration } => {
                if let Ok(micros @ 1..) = u64::try_from(self.read(id, duration)?.cast_signed()) {
                    return self.wait(id, EffectKind::Timer { micros });
                }
            }
            Op::SleepUntil { moment } => {
                let timestamp = self.read(id, moment)?.cast_signed();
                return self.wait(id, EffectKind::TimerAt { timestamp });
            }
            Op::Now { .. } => return self.wait(id, EffectKind::Now),
            Op::NewUuid { .. } => return self.wait(id, EffectKind::Uuid),
            Op::Random { .. } => return self.wait(id, EffectKind::Random),
            Op::Today { zone, .. } => {
                let zone = self.heap.text(self.read(id, zone)?)?.to_owned();
                return self.wait(id, EffectKind::Today { zone });
            }
            Op::Receive { .. } | Op::ReceiveIf { .. } | Op::ReceiveCallback { .. } => {
                return self.receive(id, op);
            }
            Op::NewCallback { of, .. } => return self.new_callback(id, of),
            Op::Report { record } => self.report(id, record)?,
            Op::Log { text } => {
                let text = self.heap.text(self.read(id, text)?)?.to_owned();
                self.ask(EffectKind::Log { text });
            }
            Op::Fork { .. } | Op::ForkSome { .. } | Op::ForkEach { .. } => return self.fork(id, op),
            Op::EnterSaga {} => {
                let saga = self.core.next_saga;
                self.core.next_saga = saga.wrapping_add(1);
                self.fiber_mut(id)?.scopes.push(Scope::Saga(saga));
            }
            Op::EnterDeadline { duration } => {
                let micros = u64::try_from(self.read(id, duration)?.cast_signed()).unwrap_or(0);
                let timer = self.ask(EffectKind::Timer { micros });
                self.core.waits.insert(timer, Wait::Deadline(id));
                self.fiber_mut(id)?.scopes.push(Scope::Deadline { timer, passed: false });
            }
            Op::EnterLoop {} => self.fiber_mut(id)?.scopes.push(Scope::Loop(0)),
            Op::NextLoop {} => match self.fiber_mut(id)?.scopes.last_mut() {
                Some(Scope::Loop(counter)) => *counter = counter.wrapping_add(1),
                _ => return Err(Fault::Damaged),
            },
            Op::PageAgain { step } => return self.page_again(id, step),
            Op::Leave {} => self.leave_scope(id)?,
            Op::Commit {} => self.commit(id)?,
            Op::RegisterUndo { function, captures } => self.register_statement(id, function, captures)?,
            _ => return Err(Fault::Damaged),
        }
        self.step_over(id)
    }

    /// A page leads to itself: going on would never end.
    fn page_again(&mut self, id: FiberId, step: StepId) -> Result<(), Fault> {
        let fiber = self.fiber(id)?;
        let (at, path) = ((fiber.function(), Target(fiber.at())), fiber.path(&step.0.to_string()));
        let new = NewError::new(Kind::Decode, "the page names itself as the next one", at);
        let error = self.new_error(NewError { step: Some((step, path)), ..new });
        self.raise(id, error)
    }

    /// Goes on to the next instruction.
    pub(super) fn step_over(&mut self, id: FiberId) -> Result<(), Fault> {
        let fiber = self.fiber_mut(id)?;
        let next = fiber.at().checked_add(1).ok_or(Fault::Damaged)?;
        fiber.go_to(next);
        Ok(())
    }

    /// The first slot of a register of the root frame.
    pub(super) fn read(&self, id: FiberId, reg: Reg) -> Result<u64, Fault> {
        self.fiber(id)?.thread.stack.get(reg.index()).copied().ok_or(Fault::Damaged)
    }

    /// The slots of registers of the root frame, one after another.
    pub(super) fn gather(&self, id: FiberId, list: ListId) -> Result<Vec<u64>, Fault> {
        let fiber = self.fiber(id)?;
        let (function, info) =
            (self.program.function(fiber.function())?, self.program.info(fiber.function())?);
        let mut slots = Vec::new();
        for reg in function.lists.get(list.index()).ok_or(Fault::Damaged)? {
            let width = info.widths.get(reg.index()).copied().ok_or(Fault::Damaged)?;
            let value = fiber.thread.stack.get(reg.index()..reg.index() + width).ok_or(Fault::Damaged)?;
            slots.extend_from_slice(value);
        }
        Ok(slots)
    }

    /// Writes the register that an instruction of the root frame writes.
    pub(super) fn write_result(&mut self, id: FiberId, slots: &[u64]) -> Result<(), Fault> {
        let fiber = self.core.fibers.get_mut(&id).ok_or(Fault::Damaged)?;
        let (function, info) =
            (self.program.function(fiber.function())?, self.program.info(fiber.function())?);
        let op = function.code.get(fiber.at() as usize).ok_or(Fault::Damaged)?;
        let mut dst = None;
        op.operands(|_, operand| {
            if let Operand::Write(reg, _) = operand {
                dst = Some(reg);
            }
        });
        let dst = dst.ok_or(Fault::Damaged)?.index();
        let width = info.widths.get(dst).copied().ok_or(Fault::Damaged)?;
        let (to, from) = (fiber.thread.stack.get_mut(dst..dst + width), slots.get(..width));
        let (Some(to), Some(from)) = (to, from) else { return Err(Fault::Damaged) };
        to.copy_from_slice(from);
        Ok(())
    }

    /// Waits for an effect that is no call.
    pub(super) fn wait(&mut self, id: FiberId, kind: EffectKind) -> Result<(), Fault> {
        let effect = self.ask(kind);
        self.core.waits.insert(effect, Wait::Fiber(id));
        self.fiber_mut(id)?.progress = Progress::Waiting(effect);
        self.clear_dead(id)
    }

    /// Forgets the registers that are not needed after the wait: what is kept then depends on the state alone.
    pub(super) fn clear_dead(&mut self, id: FiberId) -> Result<(), Fault> {
        let fiber = self.core.fibers.get_mut(&id).ok_or(Fault::Damaged)?;
        let (function, info) =
            (self.program.function(fiber.function())?, self.program.info(fiber.function())?);
        let at = fiber.at();
        let live = function.live.binary_search_by_key(&at, |live| live.at.0).map_err(|_| Fault::Damaged)?;
        let mut live = function.live.get(live).ok_or(Fault::Damaged)?.registers.iter().peekable();
        for register in &function.registers {
            if live.next_if_eq(&&register.slot).is_some() {
                continue;
            }
            let width = info.widths.get(register.slot.index()).copied().ok_or(Fault::Damaged)?;
            let slots = fiber.thread.stack.get_mut(register.slot.index()..register.slot.index() + width);
            slots.ok_or(Fault::Damaged)?.fill(0);
        }
        Ok(())
    }

    fn call(&mut self, id: FiberId, step: StepId, args: ListId, captures: ListId) -> Result<(), Fault> {
        self.check_room_for_undo(id, step)?;
        let mut args = self.gather(id, args)?;
        let request = self.request_of(step, &args)?;
        let undo = self.captured(id, step, captures)?;
        let call = self.call_of(id, step, request)?;
        if self.program.operation(step)?.confirm.is_none() {
            args.clear();
        }
        self.wait_for_call(id, EffectKind::Call(call), Captured { undo, args, confirmed: 0 })
    }

    /// The call of a step at its place.
    pub(super) fn call_of(&self, id: FiberId, step: StepId, request: Request) -> Result<CallEffect, Fault> {
        let fiber = self.fiber(id)?;
        let outermost = self.around(id)?.pop().ok_or(Fault::Damaged)?;
        Ok(CallEffect {
            step,
            path: fiber.path(&step.0.to_string()),
            request,
            deadlines: self.deadlines_around(id)?,
            undoes: fiber.undoes,
            shielded: !matches!(self.fiber(outermost)?.role, Role::Root | Role::Loser),
            resumes: None,
        })
    }

    /// Whether another undo can be registered, if the step may have one.
    pub(super) fn check_room_for_undo(&self, id: FiberId, step: StepId) -> Result<(), Fault> {
        let undo = self.program.plan().step(step).ok_or(Fault::Damaged)?.undo;
        let registers = !self.fiber(id)?.undoes && !matches!(undo, Undo::Nothing | Undo::Irreversible);
        if registers && self.undos_held() >= UNDOS_MAX {
            return Err(Fault::limit("more than 10,000 undos are registered"));
        }
        Ok(())
    }

    /// How many undos are registered, or have failed and wait for an operator.
    fn undos_held(&self) -> usize {
        self.core.undos.len() + self.core.failed.len()
    }

    /// What a step's undo captures; nothing where it registers none.
    pub(super) fn captured(&self, id: FiberId, step: StepId, captures: ListId) -> Result<Vec<u64>, Fault> {
        match self.program.plan().step(step).ok_or(Fault::Damaged)?.undo {
            Undo::Function { .. } if !self.fiber(id)?.undoes => self.gather(id, captures),
            _ => Ok(Vec::new()),
        }
    }

    /// Waits for a call of an operation or a workflow.
    pub(super) fn wait_for_call(
        &mut self,
        id: FiberId,
        kind: EffectKind,
        captured: Captured,
    ) -> Result<(), Fault> {
        let effect = self.ask(kind);
        self.core.waits.insert(effect, Wait::Call(id, false));
        self.fiber_mut(id)?.progress = Progress::Calling(effect, captured);
        self.clear_dead(id)
    }

    /// The timers of the deadlines around a fiber that have not passed, in the order of their numbers.
    pub(super) fn deadlines_around(&self, id: FiberId) -> Result<Vec<EffectId>, Fault> {
        let mut timers = Vec::new();
        for around in self.around(id)? {
            for scope in &self.fiber(around)?.scopes {
                if let Scope::Deadline { timer, passed: false } = scope {
                    timers.push(*timer);
                }
            }
        }
        timers.sort();
        Ok(timers)
    }

    /// Closes the innermost scope as it ends normally.
    pub(super) fn leave_scope(&mut self, id: FiberId) -> Result<(), Fault> {
        let fiber = self.fiber_mut(id)?;
        let scope = fiber.scopes.pop().ok_or(Fault::Damaged)?;
        let around = fiber.innermost_saga();
        match scope {
            Scope::Saga(saga) => {
                for entry in self.core.undos.iter_mut().filter(|entry| entry.saga == saga) {
                    entry.saga = around;
                }
            }
            Scope::Deadline { timer, .. } => self.drop_timer(timer),
            Scope::Loop(_) => {}
        }
        Ok(())
    }

    /// Drops the undos of the fiber's sagas. Those of others are of branches that have lost a race: what these
    /// did is undone in any case.
    fn commit(&mut self, id: FiberId) -> Result<(), Fault> {
        let fiber = self.fiber(id)?;
        let mut sagas = vec![fiber.saga];
        sagas.extend(fiber.scopes.iter().filter_map(|scope| match scope {
            Scope::Saga(saga) => Some(*saga),
            _ => None,
        }));
        self.core.undos.retain(|entry| !sagas.contains(&entry.saga));
        Ok(())
    }

    /// Drops a timer, unless it has fired.
    pub(super) fn drop_timer(&mut self, effect: EffectId) {
        if self.core.waits.remove(&effect).is_some() {
            self.ask(EffectKind::Cancel { effect });
        }
    }

    fn register_statement(&mut self, id: FiberId, code: FunctionId, captures: ListId) -> Result<(), Fault> {
        if self.undos_held() >= UNDOS_MAX {
            return Err(Fault::limit("more than 10,000 undos are registered"));
        }
        let fiber = self.fiber(id)?;
        if fiber.undoes {
            return Ok(());
        }
        let (saga, path) = (fiber.innermost_saga(), fiber.path(&format!("u{}", fiber.at())));
        let count = self.program.function(fiber.function())?.lists.get(captures.index()).map_or(0, Vec::len);
        let undo = self.program.function(code)?;
        let last =
            undo.params.get(count).and_then(|reg| self.program.info(code).ok()?.types_at.get(reg.index()));
        let uses_cause = last.is_some_and(|ty| matches!(self.program.plan().types.get(*ty), Type::Error));
        let action = UndoAction::Run { function: code, args: self.gather(id, captures)?, uses_cause };
        self.core.undos.push(UndoEntry { saga, step: None, path, action });
        Ok(())
    }
}
