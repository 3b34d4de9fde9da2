//! How an error travels: to its handler, or out of the fiber, undoing the sagas that it leaves.

use flow_plan::{Catch, Handler};

use super::fiber::{Fiber, FiberId, Progress, Role, Scope, UndoAction, UndoEntry, Unwinding};
use super::{Machine, ROOT_SAGA};
use crate::effect::{EffectId, EffectKind, Failure, Raised, Status, Undone};
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
        let unwinding = Unwinding { error, handler, running: None, stuck: false, left: None };
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

    /// Lets an error travel on, until it is caught, has left, or an undo must run first. In an execution that is held it
    /// still undoes what it leaves, and is taken by nothing.
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
                Some(_) if self.is_held(id) => Ok(()),
                Some(handler) => self.enter_handler(id, &handler),
                None => self.leave_fiber(id),
            };
        }
    }

    fn enter_handler(&mut self, id: FiberId, handler: &Handler) -> Result<(), Fault> {
        let caught = handler.catches != Catch::Finally;
        if caught && self.fiber(id)?.unsettled && !self.has_lost(id)? {
            return self.stick(id, None);
        }
        let fiber = self.fiber_mut(id)?;
        let Progress::Unwinding(unwinding) = &fiber.progress else { return Err(Fault::Damaged) };
        let error = unwinding.error;
        *fiber.thread.stack.get_mut(handler.error.index()).ok_or(Fault::Damaged)? = error;
        fiber.go_to(handler.target.0);
        // What a `finally` sees goes on afterwards.
        if caught {
            fiber.undone.clear();
            fiber.unsettled = false;
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
        if role == Role::Root && (self.awaits_losers() || !self.core.failed.is_empty()) {
            return Ok(());
        }
        if let Role::Branch(group, _) = role
            && self.fiber(id)?.unsettled
            && self.would_settle(group)?
        {
            return self.stick(id, None);
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
                let left = (fiber.undone, fiber.unsettled);
                self.branch_failed(id, (group, index), unwinding.error, left)
            }
            Role::Loser => self.loser_ended(fiber.undone),
            Role::Undo(of) => self.undo_ended(of, Some(unwinding.error)),
            Role::Confirm(of) => self.confirmed(of, None),
        }
    }

    /// Begins the newest undo of a saga that an error leaves. False where none is left.
    fn undo_next(&mut self, id: FiberId, saga: u64) -> Result<bool, Fault> {
        let newest = self.core.undos.iter().rposition(|entry| entry.saga == saga);
        let Some(newest) = newest else { return Ok(false) };
        let entry = self.core.undos.remove(newest);
        let UndoEntry { step, path, action, .. } = entry;
        match action {
            UndoAction::Ask => self.stick(id, Some(Undone { step, path }))?,
            UndoAction::Run { function, mut args, uses_cause } => {
                let fiber = self.fiber_mut(id)?;
                let Progress::Unwinding(unwinding) = &mut fiber.progress else { return Err(Fault::Damaged) };
                if uses_cause {
                    args.push(unwinding.error);
                }
                let child = step.and_then(|step| self.program.plan().step_child(step));
                if child.is_some_and(|(_, child, _)| child.keyed) {
                    self.ask(EffectKind::Undo { path: path.clone() });
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

    /// An undo has ended, well or with an error. The others run in either case; an error whose way out left one that
    /// failed is taken by nothing but a `finally`.
    pub(super) fn undo_ended(&mut self, of: FiberId, error: Option<u64>) -> Result<(), Fault> {
        let fiber = self.fiber_mut(of)?;
        let Progress::Unwinding(unwinding) = &mut fiber.progress else { return Err(Fault::Damaged) };
        let (_, undone) = unwinding.running.take().ok_or(Fault::Damaged)?;
        match error {
            None => fiber.undone.push(undone),
            Some(error) => {
                fiber.unsettled = true;
                self.core.failed.push((undone, error));
            }
        }
        self.unwind(of)
    }

    /// An error as it leaves the machine.
    pub(super) fn outward(&mut self, error: u64) -> Raised {
        let env = Env { program: &self.program, config: &self.core.config };
        error_object::raised(env, &mut self.heap, error)
    }
}
