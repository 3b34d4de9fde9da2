//! What comes from outside, on virtual time: signals, and time that is let pass while somebody waits for them.

use std::time::Duration;

use flow_journal::ExecutionId;
use flow_plan::{FunctionId, Target};
use flow_vm::SignalRefusal;

use super::{Answer, Run, Simulation};
use crate::{Address, Delivery, Input, MadeCallback, Report, Sending, StepReport};

/// An execution that has not ended, and how far it has come.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The execution.
    pub execution: ExecutionId,
    /// Its workflow.
    pub workflow: String,
    /// The calls that it has made so far.
    pub steps: Vec<StepReport>,
    /// What became of its children that have ended.
    pub children: Vec<Report>,
    /// Whether it waits for something from outside itself, and not only for its children.
    pub awaits: bool,
    /// The signals that it waits for.
    pub signals: Vec<String>,
}

impl<N: FnMut(&Sending) -> Answer> Simulation<N> {
    /// Whether nothing happens until somebody sends something, or lets time pass.
    pub(super) fn stands_still(&mut self) -> bool {
        let awaits = self.lives.values().any(|life| life.driver.awaits_from_outside());
        if !awaits && !self.waits_for_others() || self.lives.values().any(|life| life.driver.calls_are_open())
        {
            return false;
        }
        let next_us = self.next_us();
        match self.let_pass_us {
            Some(until_us) if next_us.is_some_and(|at_us| at_us <= until_us) => false,
            Some(until_us) => {
                self.let_pass_us = None;
                self.pass_until(until_us);
                true
            }
            None => self.holds_time || next_us.is_none(),
        }
    }

    /// Lets time stand still while something from outside is waited for and no call is made: it goes on by
    /// [`signal`](Self::signal) and [`advance`](Self::advance).
    pub fn hold_time(&mut self) {
        self.holds_time = true;
    }

    /// Sends a signal to the execution, and lets it go on.
    ///
    /// # Errors
    /// Where the signal is not taken.
    pub fn signal(&mut self, name: &str, json: &[u8]) -> Result<Run, SignalRefusal> {
        self.deliver(Address::Signal(name.to_owned()), json)
    }

    /// Answers a callback of the execution, by what tells the instructions that make it, and lets it go on. Where
    /// they have made several, the oldest one without an answer is answered.
    ///
    /// # Errors
    /// Where the answer is not taken.
    pub fn answer(
        &mut self,
        makes: impl Fn(FunctionId, Target) -> bool,
        json: &[u8],
    ) -> Result<Run, SignalRefusal> {
        let is_it = |made: &&MadeCallback| made.execution == self.execution && makes(made.at.0, made.at.1);
        let tokens: Vec<String> = self.made.iter().filter(is_it).map(|made| made.token.clone()).collect();
        let mut refusal = SignalRefusal::NoCallback;
        for token in tokens {
            match self.deliver(Address::Callback(token), json) {
                // It was lost in a crash before it was durable, and made anew.
                Err(SignalRefusal::NoCallback) => {}
                Err(SignalRefusal::Repeated) => refusal = SignalRefusal::Repeated,
                delivered => return delivered,
            }
        }
        if self.lives.contains_key(&self.execution) { Err(refusal) } else { Err(SignalRefusal::Ended) }
    }

    fn deliver(&mut self, to: Address, json: &[u8]) -> Result<Run, SignalRefusal> {
        let is_queued = self.waits_for_its_turn();
        if !is_queued && !self.lives.contains_key(&self.execution) {
            return Err(SignalRefusal::Ended);
        }
        let number = self.delivered;
        self.delivered = number.wrapping_add(1);
        let delivery = Delivery { number, to, json: json.to_vec() };
        if is_queued {
            // It is taken in when its turn has come.
            self.shared.tell_queued(self.execution, delivery);
            return Ok(Run::Waiting);
        }
        self.give(self.execution, Input::Deliver(delivery));
        let run = self.run();
        self.replies.remove(&number).unwrap_or(Ok(())).map(|()| run)
    }

    /// Lets time pass for what waits.
    pub fn advance(&mut self, time: Duration) -> Run {
        let us = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.let_pass_us = Some(self.now.mono_us.saturating_add(us));
        let run = self.run();
        self.let_pass_us = None;
        run
    }

    /// The executions that have not ended, the first of them the one that was started, where it has not.
    pub fn standing(&self) -> Vec<Standing> {
        let mut standing: Vec<Standing> = Vec::new();
        for (execution, life) in &self.lives {
            let at = if *execution == self.execution { 0 } else { standing.len() };
            let made = Standing {
                execution: *execution,
                workflow: life.program.plan().workflow.clone(),
                steps: life.driver.steps().to_vec(),
                children: self.children_of(*execution, life.driver.child_reports()),
                awaits: life.driver.awaits_from_outside(),
                signals: life.driver.awaited_signals(),
            };
            standing.insert(at, made);
        }
        standing
    }
}
