//! How an error travels: to its handler, or out of the fiber, undoing the sagas that it leaves.

use flow_plan::{Catch, Handler};

use super::fiber::{Fiber, FiberId, Progress, Role, Scope, UndoAction, UndoEntry, Unwinding, Wait};
use super::{Machine, ROOT_SAGA};
use crate::effect::{Attention, EffectId, EffectKind, Failure, Raised, Status, Undone, Unsettled};
use crate::error_object::{self, Kind};
use crate::fault::Fault;
use crate::interpret::{Env, Thread};

impl Machine {
    /// Raises an error at a fiber's present instruction.
    pub(super) fn raise(&mut self, id: FiberId, error: u64) -> Result<(), Fault> {
        let handler = self.find_handler(id, error)?;
        let slots = self.program.info(self.fiber(id)?.function())?.slots;
        let fiber = self.fiber_mut(id)?;
        fiber.thread.frames.truncate(1);
        fiber.thread.stack.truncate(slots);
        if handler.is_none() {
            // No register is needed any more.
            fiber.thread.stack.fill(0);
        }
        let unwinding =
            Unwinding { error, handler, running: None, failed: Vec::new(), stuck: false, left: None };
        let before = std::mem::replace(&mut fiber.progress, Progress::Unwinding(unwinding));
        if before == Progress::Ready {
            self.unready(id);
        }
        self.unwind(id)
    }

    /// The innermost handler that catches an error at a fiber's present instruction.
    fn find_handler(&self, id: FiberId, error: u64) -> Result<Option<u32>, Fault> {
        let fiber = self.fiber(id)?;
        let at = fiber.at();
        for (index, handler) in self.program.function(fiber.function())?.handlers.iter().enumerate() {
            if (handler.start.0..handler.end.0).contains(&at) && self.catches(id, handler, error)? {
                return Ok(u32::try_from(index).ok());
            }
        }
        Ok(None)
    }

    fn catches(&self, id: FiberId, handler: &Handler, error: u64) -> Result<bool, Fault> {
        // An error that could not even be made is caught by nobody.
        let Ok(kind) = error_object::kind(&self.heap, error) else { return Ok(false) };
        if handler.catches == Catch::Finally {
            return Ok(true);
        }
        if kind == Kind::Cancelled || !error_object::is_caught(&self.heap, error, &handler.catches)? {
            return Ok(false);
        }
        Ok(kind != Kind::Deadline
            || !self.is_outer(id, handler, EffectId(error_object::deadline(&self.heap, error)?))?)
    }

    /// Whether a deadline was set outside the `try` of a handler: it is still open there.
    fn is_outer(&self, id: FiberId, handler: &Handler, timer: EffectId) -> Result<bool, Fault> {
        let sets = |scope: &Scope| matches!(scope, Scope::Deadline { timer: own, .. } if *own == timer);
        for around in self.around(id)? {
            let scopes = &self.fiber(around)?.scopes;
            let outside =
                if around == id { usize::from(handler.scopes).min(scopes.len()) } else { scopes.len() };
            if scopes.iter().take(outside).any(sets) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Lets an error travel on, until it is caught, has left, or an undo must run first.
    pub(super) fn unwind(&mut self, id: FiberId) -> Result<(), Fault> {
        loop {
            let fiber = self.fiber(id)?;
            let Progress::Unwinding(unwinding) = &fiber.progress else { return Err(Fault::Damaged) };
            let handler = match unwinding.handler {
                Some(index) => {
                    let function = self.program.function(fiber.function())?;
                    Some(function.handlers.get(index as usize).ok_or(Fault::Damaged)?.clone())
                }
                None => None,
            };
            let kept = handler.as_ref().map_or(0, |handler| usize::from(handler.scopes));
            if fiber.scopes.len() > kept {
                match fiber.scopes.last().copied() {
                    Some(Scope::Saga(saga)) if self.undo_next(id, saga)? => return Ok(()),
                    Some(Scope::Deadline { timer, .. }) => self.drop_timer(timer),
                    _ => {}
                }
                self.fiber_mut(id)?.scopes.pop();
                continue;
            }
            return match handler {
                Some(handler) => self.enter_handler(id, &handler),
                None => self.leave_fiber(id),
            };
        }
    }

    fn enter_handler(&mut self, id: FiberId, handler: &Handler) -> Result<(), Fault> {
        let fiber = self.fiber_mut(id)?;
        let Progress::Unwinding(unwinding) = &fiber.progress else { return Err(Fault::Damaged) };
        let error = unwinding.error;
        *fiber.thread.stack.get_mut(handler.error.index()).ok_or(Fault::Damaged)? = error;
        fiber.go_to(handler.target.0);
        // What a `finally` sees goes on afterwards.
        if handler.catches != Catch::Finally {
            fiber.undone.clear();
        }
        self.make_ready(id)
    }

    /// An error leaves its fiber.
    fn leave_fiber(&mut self, id: FiberId) -> Result<(), Fault> {
        let role = self.fiber(id)?.role;
        if let Some(saga) = self.own_saga(id)?
            && self.undo_next(id, saga)?
        {
            return Ok(());
        }
        if role == Role::Root && self.awaits_losers() {
            return Ok(());
        }
        let fiber = self.core.fibers.remove(&id).ok_or(Fault::Damaged)?;
        let Progress::Unwinding(unwinding) = fiber.progress else { return Err(Fault::Damaged) };
        match role {
            Role::Root => {
                let error = self.outward(unwinding.error);
                let mut undone = std::mem::take(&mut self.core.undone);
                undone.extend(fiber.undone);
                self.end(Status::Failed(Failure { error, undone }));
                Ok(())
            }
            Role::Branch(group, index) => {
                self.branch_failed(id, (group, index), unwinding.error, fiber.undone)
            }
            Role::Loser => self.loser_ended(fiber.undone),
            Role::Undo(of) => self.undo_ended(of, Some(unwinding.error)),
            Role::Confirm(of) => self.confirmed(of, None),
        }
    }

    /// Begins the newest undo of a saga that an error leaves. False where none is left; where some have
    /// failed, the execution then halts.
    fn undo_next(&mut self, id: FiberId, saga: u64) -> Result<bool, Fault> {
        let newest = self.core.undos.iter().rposition(|entry| entry.saga == saga);
        let Some(newest) = newest else { return self.halt_if_failed(id) };
        let entry = self.core.undos.remove(newest);
        let UndoEntry { step, path, action, .. } = entry;
        match action {
            UndoAction::Ask => {
                if self.has_lost(id)? {
                    self.stick(id, Some(Undone { step, path }))?;
                } else {
                    let left = step.map(|step| Unsettled { step, path, undo_error: None });
                    self.halt(id, left)?;
                }
            }
            UndoAction::Run { function, mut args, uses_cause } => {
                let fiber = self.fiber_mut(id)?;
                let Progress::Unwinding(unwinding) = &mut fiber.progress else { return Err(Fault::Damaged) };
                if uses_cause {
                    args.push(unwinding.error);
                }
                let prefix = format!("{}/undo/", path.0);
                let thread = Thread::new(&self.program, function, &args)?;
                let undo = self.spawn(Fiber::new(Role::Undo(id), prefix, ROOT_SAGA, true, thread));
                let fiber = self.fiber_mut(id)?;
                if let Progress::Unwinding(unwinding) = &mut fiber.progress {
                    unwinding.running = Some((undo, Undone { step, path }));
                }
            }
        }
        Ok(true)
    }

    /// An undo has ended, well or with an error. The others run in either case.
    pub(super) fn undo_ended(&mut self, of: FiberId, error: Option<u64>) -> Result<(), Fault> {
        let fiber = self.fiber_mut(of)?;
        let Progress::Unwinding(unwinding) = &mut fiber.progress else { return Err(Fault::Damaged) };
        let (_, undone) = unwinding.running.take().ok_or(Fault::Damaged)?;
        match error {
            None => fiber.undone.push(undone),
            Some(error) => unwinding.failed.push((undone, error)),
        }
        if self.core.halted.is_some() { Ok(()) } else { self.unwind(of) }
    }

    fn halt_if_failed(&mut self, id: FiberId) -> Result<bool, Fault> {
        let Progress::Unwinding(unwinding) = &self.fiber(id)?.progress else { return Err(Fault::Damaged) };
        if unwinding.failed.is_empty() {
            return Ok(false);
        }
        if self.has_lost(id)? {
            self.stick(id, None)?;
        } else {
            self.halt(id, None)?;
        }
        Ok(true)
    }

    /// Holds the execution for an operator. What undoes goes on to its end first, and calls under way are
    /// awaited; nothing else goes on.
    fn halt(&mut self, id: FiberId, left: Option<Unsettled>) -> Result<(), Fault> {
        let Progress::Unwinding(unwinding) = &self.fiber(id)?.progress else { return Err(Fault::Damaged) };
        let error = Some(self.outward(unwinding.error));
        let mut attention = Attention { error, result: None, undone: Vec::new(), steps: Vec::new() };
        self.gather_unsettled(id, &mut attention)?;
        attention.steps.extend(left);
        self.core.halted = Some(attention);
        let waits: Vec<_> = self.core.waits.iter().map(|(effect, wait)| (*effect, *wait)).collect();
        for (effect, wait) in waits {
            let (Wait::Fiber(fiber) | Wait::Call(fiber, _) | Wait::Deadline(fiber)) = wait;
            if !self.is_held(fiber) {
                continue;
            }
            if let Wait::Call(fiber, false) = wait {
                self.core.waits.insert(effect, Wait::Call(fiber, true));
                self.ask(EffectKind::Cancel { effect });
            } else if self.is_timer(wait) {
                // A clock reading or a number comes at once, and is awaited.
                self.drop_timer(effect);
            }
        }
        Ok(())
    }

    /// Takes what a fiber has undone, and what it could not undo.
    pub(super) fn gather_unsettled(&mut self, id: FiberId, attention: &mut Attention) -> Result<(), Fault> {
        let fiber = self.fiber_mut(id)?;
        attention.undone.append(&mut fiber.undone);
        let Progress::Unwinding(unwinding) = &mut fiber.progress else { return Ok(()) };
        if let Some(Undone { step: Some(step), path }) = unwinding.left.take() {
            attention.steps.push(Unsettled { step, path, undo_error: None });
        }
        for (undone, error) in std::mem::take(&mut unwinding.failed) {
            let error = self.outward(error);
            // An `undo` statement is no step; the step that failed in it is named in its stead.
            let step = undone.step.or(error.step.as_ref().map(|(step, _)| *step));
            let step = step.unwrap_or(flow_plan::StepId(u32::MAX));
            attention.steps.push(Unsettled { step, path: undone.path, undo_error: Some(error) });
        }
        Ok(())
    }

    fn is_timer(&self, wait: Wait) -> bool {
        match wait {
            Wait::Deadline(_) => true,
            Wait::Call(..) => false,
            Wait::Fiber(id) => self.core.fibers.get(&id).is_some_and(|fiber| {
                let op = self.program.function(fiber.function()).ok();
                let op = op.and_then(|function| function.code.get(fiber.at() as usize));
                matches!(op, Some(flow_plan::Op::Sleep { .. } | flow_plan::Op::SleepUntil { .. }))
            }),
        }
    }

    /// Ends a halted execution as soon as nothing is under way.
    pub(super) fn settle_halt(&mut self) {
        if !self.core.waits.is_empty() || self.next_fiber().is_some() {
            return;
        }
        let Some(mut attention) = self.core.halted.take() else { return };
        attention.undone.splice(0..0, std::mem::take(&mut self.core.undone));
        let ids: Vec<FiberId> = self.core.fibers.keys().copied().collect();
        for id in ids {
            if let Err(fault) = self.gather_unsettled(id, &mut attention) {
                return self.break_off(fault);
            }
        }
        // Fibers and undos stay: what an operator settles goes on from them.
        self.core.ended = Some(Status::NeedsAttention(attention));
    }

    /// An error as it leaves the machine.
    pub(super) fn outward(&mut self, error: u64) -> Raised {
        let env = Env { program: &self.program, config: &self.core.config };
        error_object::raised(env, &mut self.heap, error)
    }
}
