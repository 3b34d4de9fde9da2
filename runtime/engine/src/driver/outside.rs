//! What comes from outside: signals, and the answers of callbacks.
//!
//! Whoever sends something is told that it was taken only when that is durable: then no crash loses it.

use flow_journal::{CalledBack, Record, Signalled};
use flow_plan::{FunctionId, Target};
use flow_vm::{CompletionResult, EffectId, SignalRefusal};

use super::{Driver, Given};
use crate::{Action, Address, Context, Delivery, EventKind, Input, MadeCallback};

/// Nothing is taken in any more; whoever sends something is told so.
pub(super) fn refuse_at_the_end(input: Input) -> Vec<Action> {
    match input {
        Input::Deliver(Delivery { number, .. }) => {
            vec![Action::Reply { number, result: Err(SignalRefusal::Ended) }]
        }
        _ => Vec::new(),
    }
}

impl Driver {
    /// Whether something from outside is waited for, be it beside other things.
    pub fn awaits_from_outside(&self) -> bool {
        !self.machine.awaited_from_outside().is_empty()
    }

    /// The signals that are waited for, longest waiting first.
    pub fn awaited_signals(&self) -> Vec<String> {
        let mut signals: Vec<String> = Vec::new();
        for signal in self.machine.awaited_from_outside().into_iter().filter_map(|awaited| awaited.signal) {
            if !signals.contains(&signal) {
                signals.push(signal);
            }
        }
        signals
    }

    /// Whether a call is under way, or waits to be tried again.
    pub fn calls_are_open(&self) -> bool {
        !self.calls.is_empty()
    }

    pub(super) fn deliver_from_outside(&mut self, delivery: Delivery, context: &mut Context<'_>) {
        let Delivery { number, to, json } = delivery;
        let result = match to {
            Address::Signal(name) => self.take_signal(name, json, context),
            Address::Callback(token) => self.take_answer(&token, json, context),
        };
        self.actions.push(Action::Reply { number, result });
    }

    fn take_signal(
        &mut self,
        name: String,
        json: Vec<u8>,
        context: &mut Context<'_>,
    ) -> Result<(), SignalRefusal> {
        self.machine.check_signal(&name, &json)?;
        let on_their_way = self.ready.iter().filter(|given| matches!(given, Given::Signal { .. })).count();
        let drops_early = self.plan().signals.iter().any(|signal| signal.name == name && signal.drops_early);
        let awaited = self.machine.awaited_from_outside();
        let is_awaited = awaited.iter().any(|awaited| awaited.signal.as_ref() == Some(&name));
        if !drops_early && !is_awaited && !self.machine.has_room_for_signals(on_their_way) {
            return Err(SignalRefusal::Full);
        }
        let at_us = context.now.wall_us;
        self.record(Record::Signalled(Signalled { name: name.clone(), json: json.clone(), at_us }));
        self.show(EventKind::Received { signal: Some(name.clone()) }, context);
        self.taken(Given::Signal { name, json });
        Ok(())
    }

    fn take_answer(
        &mut self,
        token: &str,
        json: Vec<u8>,
        context: &mut Context<'_>,
    ) -> Result<(), SignalRefusal> {
        let number = self.machine.callback(&digest(token)).ok_or(SignalRefusal::NoCallback)?;
        self.machine.check_answer(number, &json)?;
        if self.ready.iter().any(|given| matches!(given, Given::Answer { number: of, .. } if *of == number)) {
            return Err(SignalRefusal::Repeated);
        }
        let at_us = context.now.wall_us;
        self.record(Record::CalledBack(CalledBack { number, json: json.clone(), at_us }));
        self.show(EventKind::Received { signal: None }, context);
        self.taken(Given::Answer { number, json });
        Ok(())
    }

    fn taken(&mut self, given: Given) {
        self.must_commit = true;
        self.since_snapshot += 1;
        self.ready.push_back(given);
    }

    /// Makes the URL of a callback: where answers go, the execution, and a token of 128 random bits.
    pub(super) fn make_callback(
        &mut self,
        effect: EffectId,
        at: (FunctionId, Target),
        context: &mut Context<'_>,
    ) {
        let token = format!("{:016x}{:016x}", context.random.bits(), context.random.bits());
        if let Some(made) = &mut context.made {
            made.push(MadeCallback { execution: self.execution, at, token: token.clone() });
        }
        let base = context.callbacks.trim_end_matches('/');
        let url = format!("{base}/callbacks/{}/{token}", self.execution);
        let digest = digest(&token);
        self.complete(effect, CompletionResult::Callback { url, digest }, context);
    }

    /// Says what is waited for from outside, where anything is, and until when.
    pub(super) fn say_what_it_waits_for(&mut self, context: &Context<'_>) -> bool {
        let awaited = self.machine.awaited_from_outside();
        if awaited.is_empty() {
            self.said_to_wait = None;
            return false;
        }
        let deadlines = awaited.iter().flat_map(|awaited| &awaited.deadlines);
        let due_us = deadlines.filter_map(|timer| self.timers.get(timer)).map(|timer| timer.due_us).min();
        let signals = self.awaited_signals();
        let callback = awaited.iter().any(|awaited| awaited.signal.is_none());
        let until_us = due_us.map(|due_us| context.now.wall_at(due_us));
        let said = EventKind::Receiving { signals, callback, until_us };
        if self.said_to_wait.as_ref() != Some(&said) {
            self.said_to_wait = Some(said.clone());
            self.show(said, context);
        }
        true
    }
}

/// What is kept of a token: who reads the state cannot answer in another's name, and looking for it takes the same
/// time for every guess.
fn digest(token: &str) -> [u8; 32] {
    *blake3::hash(token.as_bytes()).as_bytes()
}
