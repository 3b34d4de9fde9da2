//! The task of one execution: performs its driver's actions in order, and tells it what has happened.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use flow_http::{Exchange, Limits, NetError, Redactor, Timings, Unanswered};
use flow_journal::{ExecutionId, Record, StoreError};
use flow_vm::{EffectId, Program, SignalRefusal};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
};

use super::{COMMANDS_MAX, Command, Engine, EngineError, Handle, Listed, Watcher};
use crate::{
    Action, AttemptId, ChildNews, Context, Delivery, Driver, Input, Outcome, Random, Report, Resolved,
    Spawning, TimerId,
};

/// One execution's task.
pub(super) struct Task {
    engine: Engine,
    limits: Arc<Mutex<Limits>>,
    settings: flow_http::Settings,
    /// The configuration of its plan and of those below it.
    resolved: Arc<Resolved>,
    pub(super) random: Box<dyn Random>,
    watcher: Watcher,
    /// How many records the store has of it.
    pub(super) position: u64,
    timers: BTreeMap<TimerId, u64>,
    sends: JoinSet<(AttemptId, Exchange)>,
    under_way: BTreeMap<tokio::task::Id, AttemptId>,
    /// The children that are waited for, and how they are told to cancel.
    children: JoinSet<(EffectId, Result<ChildNews, EngineError>)>,
    child_commands: BTreeMap<EffectId, mpsc::Sender<Command>>,
    /// Who waits to be told whether something was taken, by number.
    replies: BTreeMap<u64, oneshot::Sender<Result<(), SignalRefusal>>>,
    delivered: u64,
}

/// The places that an execution's calls have among those under way.
struct Places(Engine, ExecutionId);

impl Drop for Places {
    fn drop(&mut self) {
        let mut limits = self.0.limits.lock().unwrap_or_else(PoisonError::into_inner);
        let given = limits.leave_all(self.1.0);
        drop(limits);
        self.0.admit(given);
    }
}

/// What performing actions came to.
enum Performed {
    Waiting,
    Yielded,
    Ended(Box<Outcome>),
}

impl Task {
    pub(super) fn new(engine: &Engine, program: &Program, resolved: Arc<Resolved>, watcher: Watcher) -> Self {
        Self {
            random: (engine.parts.random)(),
            engine: engine.clone(),
            limits: Arc::clone(&engine.limits),
            settings: resolved.of(program).settings,
            resolved,
            watcher,
            position: 0,
            timers: BTreeMap::new(),
            sends: JoinSet::new(),
            under_way: BTreeMap::new(),
            children: JoinSet::new(),
            child_commands: BTreeMap::new(),
            replies: BTreeMap::new(),
            delivered: 0,
        }
    }

    pub(super) fn list(&self, execution: ExecutionId, commands: mpsc::Sender<Command>) -> Listed {
        self.engine.list(execution, commands)
    }

    /// What masks the secrets of its plan and of those below it.
    pub(super) fn redactor(&self) -> &Redactor {
        self.settings.redactor()
    }

    pub(super) fn now(&self) -> crate::Now {
        self.engine.parts.clock.now()
    }

    pub(super) fn decide<T>(&mut self, decision: impl FnOnce(&mut Context<'_>) -> T) -> T {
        decision(&mut Context {
            now: self.engine.parts.clock.now(),
            random: self.random.as_mut(),
            limits: &self.limits,
            settings: &self.settings,
            sealer: &self.engine.parts.sealer,
            callbacks: &self.engine.parts.callbacks,
            made: None,
        })
    }

    pub(super) fn spawn(self, driver: Driver, actions: Vec<Action>) -> Handle {
        let (commands, receiver) = mpsc::channel(COMMANDS_MAX);
        let execution = driver.execution();
        let listed = self.engine.list(execution, commands.clone());
        let redactor = self.redactor().clone();
        let task = tokio::spawn(async move {
            let _listed = listed;
            self.run(driver, actions, receiver).await
        });
        Handle { execution, commands, task, redactor }
    }

    pub(super) async fn run(
        self,
        driver: Driver,
        actions: Vec<Action>,
        commands: mpsc::Receiver<Command>,
    ) -> Result<Report, EngineError> {
        // However it ends, its calls make way for others.
        let _places = Places(self.engine.clone(), driver.execution());
        self.run_on(driver, actions, commands).await
    }

    async fn run_on(
        mut self,
        mut driver: Driver,
        mut actions: Vec<Action>,
        mut commands: mpsc::Receiver<Command>,
    ) -> Result<Report, EngineError> {
        loop {
            let input = match self.perform(driver.execution(), actions).await? {
                Performed::Ended(outcome) => {
                    // Only a damaged execution ends before its children: they go on to their ends.
                    self.children.detach_all();
                    self.engine.awaited.tell(driver.execution());
                    return Ok(driver.report(*outcome));
                }
                Performed::Yielded => {
                    tokio::task::yield_now().await;
                    self.wait(&driver, &mut commands, true).await?
                }
                Performed::Waiting => self.wait(&driver, &mut commands, false).await?,
            };
            actions = self.decide(|context| driver.handle(input, context));
        }
    }

    /// Performs actions in order.
    async fn perform(
        &mut self,
        execution: ExecutionId,
        actions: Vec<Action>,
    ) -> Result<Performed, EngineError> {
        let mut performed = Performed::Waiting;
        for action in actions {
            match action {
                Action::Commit(records) => self.commit(execution, records).await?,
                Action::Send(sending) => {
                    let net = Arc::clone(&self.engine.parts.net);
                    let attempt = sending.attempt;
                    let task = self.sends.spawn(async move { (attempt, net.send(sending.request).await) });
                    self.under_way.insert(task.id(), attempt);
                }
                Action::Spawn(spawning) => self.begin_child(*spawning),
                Action::CancelChild(effect) => {
                    if let Some(commands) = self.child_commands.get(&effect) {
                        let _ = commands.send(Command::Cancel).await;
                    }
                }
                Action::Release(child) => self.engine.parts.store.release(child).await?,
                Action::Admit(tickets) => self.engine.admit(tickets),
                Action::SetTimer { timer, at_us } => {
                    self.timers.insert(timer, at_us);
                }
                Action::ClearTimer(timer) => {
                    self.timers.remove(&timer);
                }
                Action::Show(event) => (self.watcher)(&event),
                Action::Reply { number, result } => {
                    if let Some(reply) = self.replies.remove(&number) {
                        // Who does not wait any more is not told.
                        let _ = reply.send(result);
                    }
                }
                Action::Yield => performed = Performed::Yielded,
                Action::End(outcome) => performed = Performed::Ended(outcome),
            }
        }
        Ok(performed)
    }

    /// Starts a child on a task of its own.
    fn begin_child(&mut self, spawning: Spawning) {
        let (effect, execution) = (spawning.effect, spawning.execution);
        let (commands, receiver) = mpsc::channel(COMMANDS_MAX);
        // What is only started lists itself.
        let listed = (!spawning.parent.detached).then(|| {
            self.child_commands.insert(effect, commands.clone());
            self.engine.list(execution, commands)
        });
        let (engine, resolved) = (self.engine.clone(), Arc::clone(&self.resolved));
        let child = engine.child(spawning, resolved, Arc::clone(&self.watcher), receiver);
        self.children.spawn(async move {
            let news = child.await;
            drop(listed);
            (effect, news)
        });
    }

    pub(super) async fn commit(
        &mut self,
        execution: ExecutionId,
        records: Vec<Record>,
    ) -> Result<(), StoreError> {
        if records.is_empty() {
            return Ok(());
        }
        let count = records.len() as u64;
        self.engine.parts.store.append(execution, self.position, records).await?;
        self.position += count;
        Ok(())
    }

    /// Waits for whatever comes first. While the driver is busy only what has happened is taken in; where nothing
    /// has, it proceeds.
    async fn wait(
        &mut self,
        driver: &Driver,
        commands: &mut mpsc::Receiver<Command>,
        busy: bool,
    ) -> Result<Input, EngineError> {
        let execution = driver.execution();
        let next = self.timers.iter().map(|(timer, at_us)| (*at_us, *timer)).min();
        if let Some((at_us, timer)) = next
            && at_us <= self.now().mono_us
        {
            self.timers.remove(&timer);
            return Ok(Input::Fired(timer));
        }
        let under_way = !self.sends.is_empty() || !self.children.is_empty();
        let waits = driver.awaits_from_outside() || driver.waits_in_line() || driver.waits_to_be_cut_off();
        if next.is_none() && !under_way && !busy && !waits {
            return Err(EngineError::Stuck(execution));
        }
        let clock = Arc::clone(&self.engine.parts.clock);
        let at_us = next.map_or(u64::MAX, |(at_us, _)| at_us);
        // Deadlines that are due come before answers: they are the cause, the answer is the consequence.
        tokio::select! {
            biased;
            () = clock.sleep_until(at_us), if next.is_some() => {
                let (_, timer) = next.ok_or(EngineError::Stuck(execution))?;
                self.timers.remove(&timer);
                Ok(Input::Fired(timer))
            }
            Some(ended) = self.sends.join_next_with_id(), if !self.sends.is_empty() => {
                let (task, exchange) = match ended {
                    Ok((task, (_, exchange))) => (task, exchange),
                    // The client died with the request in its hands.
                    Err(error) => (error.id(), Exchange {
                        result: Err(NetError::unanswered(Unanswered::Connection, "the client failed")),
                        timings: Timings::default(),
                    }),
                };
                let attempt = self.under_way.remove(&task).ok_or(EngineError::Stuck(execution))?;
                Ok(Input::Answered { attempt, exchange })
            }
            Some(ended) = self.children.join_next(), if !self.children.is_empty() => {
                let (effect, news) = ended.map_err(|error| EngineError::Died(execution, error.to_string()))?;
                self.child_commands.remove(&effect);
                Ok(Input::Child { effect, news: news? })
            }
            // Somebody holds a sender as long as the execution runs.
            Some(command) = commands.recv() => Ok(self.take(command)),
            () = std::future::ready(()), if busy => Ok(Input::Proceed),
            else => Err(EngineError::Stuck(execution)),
        }
    }

    pub(super) fn take(&mut self, command: Command) -> Input {
        match command {
            Command::Cancel => Input::Cancel,
            Command::Admit(effect) => Input::Admitted(effect),
            Command::Deliver { to, json, reply } => {
                let number = self.delivered;
                self.delivered = number.wrapping_add(1);
                self.replies.insert(number, reply);
                Input::Deliver(Delivery { number, to, json })
            }
        }
    }
}
