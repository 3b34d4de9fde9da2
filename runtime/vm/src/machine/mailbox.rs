//! What comes from outside: signals, and the answers of callbacks.
//!
//! A signal goes to the fiber that has waited for it longest and whose filter lets it pass; where there is none, it
//! is kept, and the first `receive` that it suits takes it. What a fiber was given it has received: an
//! interruption takes a wait away, never a signal.

use flow_plan::{Op, Reg, SignalId, Target, TypeId};

use super::Machine;
use super::fiber::{Callback, Early, FiberId, Progress, Receiving, Scope};
use crate::effect::{EffectId, EffectKind, Step};
use crate::error::{DecodeError, SignalRefusal};
use crate::fault::Fault;
use crate::interpret::{self, Budget, Env};
use crate::limits::{CALLBACK_URL_BYTES_MAX, CALLBACKS_MAX, EARLY_SIGNALS_MAX};
use crate::program::Slots;
use crate::wire::{Conditions, Misfit, Wire, padded};

/// Fibers whose filters have failed on a signal, with why.
type Failed = Vec<(FiberId, Fault)>;

/// A wait for something that comes from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Awaited {
    /// The signal; none where the answer of a callback is awaited.
    pub signal: Option<String>,
    /// The timers of the deadlines around it.
    pub deadlines: Vec<EffectId>,
}

impl Machine {
    /// Sends a signal: its name, and the record that goes with it as JSON.
    ///
    /// # Errors
    /// Where it is not taken; the machine is then unchanged.
    pub fn signal(&mut self, name: &str, json: &[u8]) -> Result<Step, SignalRefusal> {
        let id = self.program.signal_named(name);
        let id = id.ok_or_else(|| SignalRefusal::Unknown(name.to_owned()))?;
        if self.core.ended.is_some() {
            return Err(SignalRefusal::Ended);
        }
        let program = self.program.clone();
        let signal = program.plan().signal(id).ok_or_else(|| SignalRefusal::Unknown(name.to_owned()))?;
        let [value, ..] = self.decode_received(signal.ty, json)?;
        // What is in the mailbox survives a collection.
        self.core.mailbox.push_back(Early { signal: id, value });
        match self.hand_in(id, signal.drops_early) {
            Ok(true) => Ok(self.run()),
            Ok(false) => Err(SignalRefusal::Full),
            Err(fault) => {
                self.break_off(fault);
                Ok(self.run())
            }
        }
    }

    /// Hands the newest signal of the mailbox to the fiber that takes it. False, where nobody does and the mailbox
    /// is full; then nothing has changed.
    fn hand_in(&mut self, signal: SignalId, drops_early: bool) -> Result<bool, Fault> {
        let (receiver, failed) = self.receiver(signal)?;
        if receiver.is_none() && !drops_early && self.early_signals() > EARLY_SIGNALS_MAX {
            self.core.mailbox.pop_back();
            return Ok(false);
        }
        if (receiver.is_some() || drops_early)
            && let Some(early) = self.core.mailbox.pop_back()
            && let Some(receiver) = receiver
        {
            self.received(receiver, &[early.value, 0, 0])?;
        }
        // The errors of filters come last: what they end has no claim on the signal any more.
        for (id, fault) in failed {
            if self.core.fibers.get(&id).is_some_and(|fiber| matches!(fiber.progress, Progress::Receiving(_)))
            {
                self.make_ready(id)?;
                self.raise_fault(id, fault)?;
            }
        }
        Ok(true)
    }

    /// How many signals wait to be received.
    pub fn early_signals(&self) -> usize {
        self.core.mailbox.len()
    }

    /// Whether so many signals that are on their way, and one more, would all be kept.
    pub fn has_room_for_signals(&self, on_their_way: usize) -> bool {
        self.early_signals().saturating_add(on_their_way) < EARLY_SIGNALS_MAX
    }

    /// Answers a callback, by its number.
    ///
    /// # Errors
    /// Where the answer is not taken; the machine is then unchanged.
    pub fn answer(&mut self, number: u64, json: &[u8]) -> Result<Step, SignalRefusal> {
        let ty = self.check_callback(number)?;
        let slots = self.decode_received(ty, json)?;
        if let Some(callback) = usize::try_from(number).ok().and_then(|i| self.core.callbacks.get_mut(i)) {
            callback.answer = Some(slots);
        }
        let waiting: Vec<FiberId> = self.receivers(|op, receiving| {
            matches!(op, Op::ReceiveCallback { .. }) && receiving.slots.first() == Some(&number)
        });
        for id in waiting {
            if let Err(fault) = self.received(id, &slots) {
                self.break_off(fault);
            }
        }
        Ok(self.run())
    }

    /// The number of the callback whose URL's secret part has this digest.
    pub fn callback(&self, digest: &[u8; 32]) -> Option<u64> {
        let of = |callback: &Callback| callback.digest.as_ref() == Some(digest);
        self.core.callbacks.iter().position(of).map(|number| number as u64)
    }

    /// Whether an answer of a callback would be taken.
    ///
    /// # Errors
    /// Where it would not.
    pub fn check_answer(&mut self, number: u64, json: &[u8]) -> Result<(), SignalRefusal> {
        let ty = self.check_callback(number)?;
        self.decode_received(ty, json).map(|_| ())
    }

    /// The type of the answer of a callback that is not answered.
    fn check_callback(&self, number: u64) -> Result<TypeId, SignalRefusal> {
        if self.core.ended.is_some() {
            return Err(SignalRefusal::Ended);
        }
        let callback = usize::try_from(number).ok().and_then(|index| self.core.callbacks.get(index));
        match callback.ok_or(SignalRefusal::NoCallback)? {
            Callback { answer: Some(_), .. } => Err(SignalRefusal::Repeated),
            Callback { ty, .. } => Ok(*ty),
        }
    }

    /// Whether a signal would be taken, as far as its name and what goes with it are concerned.
    ///
    /// # Errors
    /// Where it would not.
    pub fn check_signal(&mut self, name: &str, json: &[u8]) -> Result<(), SignalRefusal> {
        if self.core.ended.is_some() {
            return Err(SignalRefusal::Ended);
        }
        let unknown = || SignalRefusal::Unknown(name.to_owned());
        let id = self.program.signal_named(name).ok_or_else(unknown)?;
        let ty = self.program.plan().signal(id).ok_or_else(unknown)?.ty;
        self.decode_received(ty, json).map(|_| ())
    }

    /// What is waited for that comes from outside, longest waiting first.
    pub fn awaited_from_outside(&self) -> Vec<Awaited> {
        let mut found = Vec::new();
        for id in self.receivers(|_, _| true) {
            let Ok(op) = self.present_op(id) else { continue };
            let signal = match op {
                Op::Receive { signal, .. } | Op::ReceiveIf { signal, .. } => {
                    self.program.plan().signal(signal).map(|signal| signal.name.clone())
                }
                _ => None,
            };
            let mut deadlines = Vec::new();
            for around in self.around(id).unwrap_or_default() {
                let scopes = self.core.fibers.get(&around).map_or(&[][..], |fiber| &fiber.scopes);
                deadlines.extend(scopes.iter().filter_map(|scope| match scope {
                    Scope::Deadline { timer, passed: false } => Some(*timer),
                    _ => None,
                }));
            }
            found.push(Awaited { signal, deadlines });
        }
        found
    }

    fn decode_received(&mut self, ty: TypeId, json: &[u8]) -> Result<Slots, SignalRefusal> {
        let program = self.program.clone();
        let decoded = self.with_room(|machine| {
            let mut budget = Budget::default();
            let env = Env { program: &program, config: &machine.core.config };
            let mut wire = Wire::new(env, &mut machine.heap, &mut budget);
            wire.strict = true;
            // A heap that is full is collected, and then it is tried once more.
            match wire.decode(ty, json).map_err(Misfit::into_error) {
                Ok(slots) => Ok(Ok(slots)),
                Err(Ok(error)) => Ok(Err(error)),
                Err(Err(Fault::Full)) => Err(Fault::Full),
                Err(Err(fault)) => Ok(Err(DecodeError::fault(fault))),
            }
        });
        decoded.unwrap_or_else(|fault| Err(DecodeError::fault(fault))).map_err(SignalRefusal::Misfit)
    }

    /// Fibers that wait for something from outside, longest waiting first.
    fn receivers(&self, wanted: impl Fn(Op, &Receiving) -> bool) -> Vec<FiberId> {
        let mut found: Vec<(u64, FiberId)> = Vec::new();
        for (id, fiber) in &self.core.fibers {
            if let Progress::Receiving(receiving) = &fiber.progress
                && !self.is_held(*id)
                && self.present_op(*id).is_ok_and(|op| wanted(op, receiving))
            {
                found.push((receiving.number, *id));
            }
        }
        found.sort_unstable();
        found.into_iter().map(|(_, id)| id).collect()
    }

    fn present_op(&self, id: FiberId) -> Result<Op, Fault> {
        let fiber = self.fiber(id)?;
        self.program.function(fiber.function())?.code.get(fiber.at() as usize).copied().ok_or(Fault::Damaged)
    }

    /// The fiber that takes the newest signal of the mailbox, and the fibers whose filters have failed on it.
    fn receiver(&mut self, signal: SignalId) -> Result<(Option<FiberId>, Failed), Fault> {
        let waiting = self.receivers(|op, _| {
            matches!(op, Op::Receive { signal: of, .. } | Op::ReceiveIf { signal: of, .. } if of == signal)
        });
        let mut failed = Vec::new();
        for id in waiting {
            let Op::ReceiveIf { filter, .. } = self.present_op(id)? else { return Ok((Some(id), failed)) };
            let Progress::Receiving(receiving) = &self.fiber(id)?.progress else { continue };
            let slots = receiving.slots.clone();
            let value = self.core.mailbox.back().ok_or(Fault::Damaged)?.value;
            match self.passes(filter, &slots, value) {
                Ok(true) => return Ok((Some(id), failed)),
                Ok(false) => {}
                Err(Fault::Damaged) => return Err(Fault::Damaged),
                Err(fault) => failed.push((id, fault)),
            }
        }
        Ok((None, failed))
    }

    /// Whether a filter lets a signal pass.
    fn passes(&mut self, filter: flow_plan::FunctionId, captured: &[u64], value: u64) -> Result<bool, Fault> {
        let mut args = captured.to_vec();
        args.push(value);
        let mut budget = Budget::default();
        let env = Env { program: &self.program, config: &self.core.config };
        let result = interpret::call(env, &mut self.heap, &mut budget, filter, &args)?;
        Ok(result.first() == Some(&1))
    }

    /// A fiber has received what it waited for.
    fn received(&mut self, id: FiberId, slots: &Slots) -> Result<(), Fault> {
        self.make_ready(id)?;
        self.write_result(id, slots)?;
        self.step_over(id)
    }

    /// Takes what has come already, or waits.
    pub(super) fn receive(&mut self, id: FiberId, op: Op) -> Result<(), Fault> {
        let slots = match op {
            Op::Receive { signal, .. } => {
                let found = self.core.mailbox.iter().position(|early| early.signal == signal);
                if let Some(early) = found.and_then(|index| self.core.mailbox.remove(index)) {
                    self.write_result(id, &[early.value, 0, 0])?;
                    return self.step_over(id);
                }
                Vec::new()
            }
            Op::ReceiveIf { signal, filter, captures, .. } => {
                let captured = self.gather(id, captures)?;
                for index in 0..self.core.mailbox.len() {
                    let Some(early) = self.core.mailbox.get(index) else { break };
                    let (of, value) = (early.signal, early.value);
                    if of == signal && self.passes(filter, &captured, value)? {
                        self.core.mailbox.remove(index);
                        self.write_result(id, &[value, 0, 0])?;
                        return self.step_over(id);
                    }
                }
                captured
            }
            Op::ReceiveCallback { dst, callback } => {
                let record = self.read(id, callback)?;
                let number = self.heap.word(record, 0)?;
                let fiber = self.fiber(id)?;
                let info = self.program.info(fiber.function())?;
                let due = *info.types_at.get(dst.index()).ok_or(Fault::Damaged)?;
                let known = usize::try_from(number).ok().and_then(|index| self.core.callbacks.get(index));
                let known = known.filter(|known| self.program.is_alike(known.ty, due));
                match known.ok_or_else(|| Fault::cast("there is no such callback"))?.answer {
                    Some(slots) => {
                        self.write_result(id, &slots)?;
                        return self.step_over(id);
                    }
                    None => vec![number],
                }
            }
            _ => return Err(Fault::Damaged),
        };
        let number = self.core.next_receive;
        self.core.next_receive = number.wrapping_add(1);
        self.fiber_mut(id)?.progress = Progress::Receiving(Receiving { number, slots });
        self.clear_dead(id)
    }

    /// Makes a callback: its number is known here, its URL is asked for.
    pub(super) fn new_callback(&mut self, id: FiberId, of: TypeId) -> Result<(), Fault> {
        if self.core.callbacks.len() >= CALLBACKS_MAX {
            return Err(Fault::limit("more than 10,000 callbacks are made"));
        }
        let number = self.core.callbacks.len() as u64;
        let fiber = self.fiber(id)?;
        let at = (fiber.function(), Target(fiber.at()));
        self.wait(id, EffectKind::Callback { number, at })?;
        let Progress::Waiting(effect) = self.fiber(id)?.progress else { return Err(Fault::Damaged) };
        self.core.callbacks.push(Callback { ty: of, effect, digest: None, answer: None });
        Ok(())
    }

    /// A callback has its URL.
    pub(super) fn called_back(
        &mut self,
        id: FiberId,
        effect: EffectId,
        url: &str,
        digest: [u8; 32],
    ) -> Result<(), Fault> {
        let number = self.core.callbacks.iter().position(|callback| callback.effect == effect);
        let number = number.ok_or(Fault::Damaged)?;
        if let Some(callback) = self.core.callbacks.get_mut(number) {
            callback.digest = Some(digest);
        }
        let number = number as u64;
        if !matches!(self.fiber(id)?.progress, Progress::Waiting(_)) {
            return Err(Fault::Damaged);
        }
        if self.is_held(id) {
            return Ok(());
        }
        // A URL has no character that JSON escapes; another's would be no URL.
        self.heap.note_secret(&format!("\"{url}\""));
        let made = if url.len() > CALLBACK_URL_BYTES_MAX {
            Err(Fault::limit("the URL of the callback is too long"))
        } else {
            self.with_room(|machine| {
                let url = machine.heap.new_text(url)?;
                machine.heap.object(&[number, url])
            })
        };
        match made {
            Ok(record) => self.awaited(id, Some([record, 0])),
            Err(fault) => {
                self.make_ready(id)?;
                self.raise_fault(id, fault)
            }
        }
    }

    /// Shows how far the execution has come.
    pub(super) fn report(&mut self, id: FiberId, record: Reg) -> Result<(), Fault> {
        let value = self.read(id, record)?;
        let ty = self.program.plan().report.ok_or(Fault::Damaged)?;
        let mut budget = Budget::default();
        let env = Env { program: &self.program, config: &self.core.config };
        let slots = padded(&[value]);
        let json = Wire::new(env, &mut self.heap, &mut budget).encode(ty, &slots, Conditions::Taken)?;
        self.ask(EffectKind::Report { json });
        Ok(())
    }
}
