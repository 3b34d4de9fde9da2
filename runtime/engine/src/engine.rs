//! The shell on tokio: performs what drivers ask for, against a real network, store and clock.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use flow_http::{Exchange, Limits, Net, NetError, Timings, Unanswered};
use flow_journal::{Claim, ExecutionId, PlanId, Record, Start, Store, StoreError};
use flow_vm::{InputError, Program, SignalRefusal};
use tokio::{
    sync::{mpsc, oneshot},
    task::{JoinHandle, JoinSet},
};

use crate::{
    Action, Address, AttemptId, Beginning, Clock, Context, Delivery, Driver, Event, Given, Input, Outcome,
    Random, RecoverError, Report, Resolved, SettingError, SystemClock, SystemRandom, TimerId,
    random::uuid_v7, resolve,
};

/// So many commands for one execution may wait: more than anybody sends on purpose.
const COMMANDS_MAX: usize = 16;

/// Is told what happens in an execution, while it happens. It is called on the execution's own task, and should
/// return soon.
pub type Watcher = Arc<dyn Fn(&Event) + Send + Sync>;

/// What an engine stands on.
#[derive(Clone)]
pub struct Parts {
    /// Keeps histories.
    pub store: Arc<dyn Store>,
    /// Sends requests.
    pub net: Arc<dyn Net>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Makes a source of random numbers for each execution.
    pub random: Arc<dyn Fn() -> Box<dyn Random> + Send + Sync>,
    /// Where callbacks are answered: their URLs begin with it. Somebody must listen there, and hand over what comes
    /// to [`Engine::answer`].
    pub callbacks: Arc<str>,
}

impl Parts {
    /// This machine's clock and randomness, with a store and a network.
    pub fn new(store: Arc<dyn Store>, net: Arc<dyn Net>) -> Self {
        Self {
            store,
            net,
            clock: Arc::new(SystemClock::new()),
            random: Arc::new(|| Box::new(SystemRandom)),
            callbacks: Arc::from("http://callbacks.invalid"),
        }
    }
}

/// Runs executions. Those of one engine share its limits. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    parts: Parts,
    limits: Arc<Mutex<Limits>>,
    running: Running,
}

/// The executions that run, and where commands for them go.
type Running = Arc<Mutex<BTreeMap<ExecutionId, mpsc::Sender<Command>>>>;

/// The table of what runs. No code that holds it can panic half-way.
fn locked(running: &Running) -> MutexGuard<'_, BTreeMap<ExecutionId, mpsc::Sender<Command>>> {
    running.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is told to an execution's task.
#[derive(Debug)]
enum Command {
    Cancel,
    Deliver { to: Address, json: Vec<u8>, reply: oneshot::Sender<Result<(), SignalRefusal>> },
}

/// Why something that was sent to an execution was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignalError {
    /// The execution does not run here.
    #[error("execution {0} does not run")]
    NotRunning(ExecutionId),
    /// The execution refuses it.
    #[error(transparent)]
    Refused(#[from] SignalRefusal),
}

/// Why an execution does not start. Nothing has been sent.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration does not do.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Settings(Vec<SettingError>),
    /// The input does not fit.
    #[error(transparent)]
    Input(#[from] InputError),
    /// The key belongs to an execution that was started with another input.
    #[error("the key belongs to execution {0}, which was started with another input")]
    KeyTaken(ExecutionId),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why an execution does not go on.
#[derive(Debug, thiserror::Error)]
pub enum RecoverFailure {
    /// The store has no such execution.
    #[error("there is no execution {0}")]
    NotFound(ExecutionId),
    /// The configuration does not do: the execution waits until it does.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Settings(Vec<SettingError>),
    /// The history cannot be gone on with.
    #[error(transparent)]
    History(#[from] RecoverError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why an execution stopped before its end. It goes on from its history.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It waits for nothing: a defect of the machine or of the engine.
    #[error("execution {0} waits for nothing")]
    Stuck(ExecutionId),
    /// Its task died: a defect.
    #[error("execution {0} died: {1}")]
    Died(ExecutionId, String),
}

/// What became of a start.
#[derive(Debug)]
pub enum Begun {
    /// It runs.
    Started(Handle),
    /// The key belongs to an execution that was started before, with the same input.
    Existing(ExecutionId),
}

/// An execution that runs. Dropping the handle does not stop it.
#[derive(Debug)]
pub struct Handle {
    execution: ExecutionId,
    commands: mpsc::Sender<Command>,
    task: JoinHandle<Result<Report, EngineError>>,
}

impl Handle {
    /// Its id.
    pub fn execution(&self) -> ExecutionId {
        self.execution
    }

    /// What cancels it while somebody waits for its end.
    pub fn canceller(&self) -> Canceller {
        Canceller(self.commands.clone())
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// Where it stopped before.
    pub async fn report(self) -> Result<Report, EngineError> {
        match self.task.await {
            Ok(result) => result,
            Err(error) => Err(EngineError::Died(self.execution, error.to_string())),
        }
    }
}

/// Cancels an execution.
#[derive(Clone, Debug)]
pub struct Canceller(mpsc::Sender<Command>);

impl Canceller {
    /// Tells the execution to cancel: it ends with error `cancelled` after its undos. Nothing happens where it
    /// has ended.
    pub async fn cancel(&self) {
        let _ = self.0.send(Command::Cancel).await;
    }
}

impl Engine {
    /// An engine with limits of its own.
    pub fn new(parts: Parts) -> Self {
        Self { parts, limits: Arc::default(), running: Arc::default() }
    }

    /// Sends a signal to an execution that runs: its name, and the record that goes with it as JSON. When this
    /// returns, it is durable that the signal was taken.
    ///
    /// # Errors
    /// Where it was not taken.
    pub async fn signal(
        &self,
        execution: ExecutionId,
        name: impl Into<String>,
        json: Vec<u8>,
    ) -> Result<(), SignalError> {
        self.deliver(execution, Address::Signal(name.into()), json).await
    }

    /// Hands over the answer of a callback, by the token: the last part of its URL. When this returns, it is
    /// durable that the answer was taken.
    ///
    /// # Errors
    /// Where it was not taken.
    pub async fn answer(
        &self,
        execution: ExecutionId,
        token: impl Into<String>,
        json: Vec<u8>,
    ) -> Result<(), SignalError> {
        self.deliver(execution, Address::Callback(token.into()), json).await
    }

    async fn deliver(&self, execution: ExecutionId, to: Address, json: Vec<u8>) -> Result<(), SignalError> {
        let commands = locked(&self.running).get(&execution).cloned();
        let commands = commands.ok_or(SignalError::NotRunning(execution))?;
        let (reply, replied) = oneshot::channel();
        let command = Command::Deliver { to, json, reply };
        commands.send(command).await.map_err(|_| SignalError::NotRunning(execution))?;
        match replied.await {
            Ok(result) => result.map_err(SignalError::Refused),
            Err(_) => Err(SignalError::NotRunning(execution)),
        }
    }

    /// Starts an execution. When this returns, it is durable that it has begun.
    ///
    /// # Errors
    /// Where the configuration or the input does not fit, the key is taken, or the store fails.
    pub async fn start(
        &self,
        program: Arc<Program>,
        input: Vec<u8>,
        given: &Given,
        key: Option<String>,
        watcher: Watcher,
    ) -> Result<Begun, StartError> {
        let resolved = resolve(&program, given).map_err(StartError::Settings)?;
        let plan = program.plan();
        let claim = key.clone().map(|key| Claim {
            workflow: plan.workflow.clone(),
            key,
            input: *blake3::hash(&input).as_bytes(),
        });
        let plan_id = PlanId(program.hash().0);
        self.parts.store.put_plan(plan_id, plan.encode()).await?;
        let mut task = Task::new(self, resolved, watcher);
        let execution = ExecutionId(uuid_v7(self.parts.clock.now().wall_us, task.random.as_mut()));
        let beginning = Beginning { input, pinned: std::mem::take(&mut task.pinned), key };
        let (driver, mut actions) =
            task.decide(|context| Driver::start(Arc::clone(&program), execution, &beginning, context))?;
        // The commit of the beginning stands first; the store takes it together with the key.
        if let Some(Action::Commit(records)) = actions.first_mut() {
            let records = std::mem::take(records);
            let count = records.len() as u64;
            match self.parts.store.start(execution, claim, records).await? {
                Start::Started => task.position = count,
                Start::Existing { execution, same_input: true } => return Ok(Begun::Existing(execution)),
                Start::Existing { execution, .. } => return Err(StartError::KeyTaken(execution)),
            }
        }
        Ok(Begun::Started(task.spawn(driver, actions)))
    }

    /// Goes on with an execution whose process died, or that was held.
    ///
    /// # Errors
    /// Where the store does not have it, it has ended, or the configuration does not fit.
    pub async fn recover(
        &self,
        program: Arc<Program>,
        execution: ExecutionId,
        given: &Given,
        watcher: Watcher,
    ) -> Result<Handle, RecoverFailure> {
        let resolved = resolve(&program, given).map_err(RecoverFailure::Settings)?;
        let history = self.parts.store.load(execution).await?;
        let history = history.ok_or(RecoverFailure::NotFound(execution))?;
        let mut task = Task::new(self, resolved, watcher);
        task.position = history.position;
        let (driver, actions) =
            task.decide(|context| Driver::recover(Arc::clone(&program), execution, &history, context))?;
        Ok(task.spawn(driver, actions))
    }
}

/// One execution's task.
struct Task {
    parts: Parts,
    running: Running,
    limits: Arc<Mutex<Limits>>,
    settings: flow_http::Settings,
    pinned: Vec<(flow_plan::ConfigId, Vec<u8>)>,
    random: Box<dyn Random>,
    watcher: Watcher,
    /// How many records the store has of it.
    position: u64,
    timers: BTreeMap<TimerId, u64>,
    sends: JoinSet<(AttemptId, Exchange)>,
    under_way: BTreeMap<tokio::task::Id, AttemptId>,
    /// Who waits to be told whether something was taken, by number.
    replies: BTreeMap<u64, oneshot::Sender<Result<(), SignalRefusal>>>,
    delivered: u64,
}

/// What performing actions came to.
enum Performed {
    Waiting,
    Yielded,
    Ended(Box<Outcome>),
}

impl Task {
    fn new(engine: &Engine, resolved: Resolved, watcher: Watcher) -> Self {
        Self {
            random: (engine.parts.random)(),
            parts: engine.parts.clone(),
            running: Arc::clone(&engine.running),
            replies: BTreeMap::new(),
            delivered: 0,
            limits: Arc::clone(&engine.limits),
            settings: resolved.settings,
            pinned: resolved.pinned,
            watcher,
            position: 0,
            timers: BTreeMap::new(),
            sends: JoinSet::new(),
            under_way: BTreeMap::new(),
        }
    }

    fn decide<T>(&mut self, decision: impl FnOnce(&mut Context<'_>) -> T) -> T {
        decision(&mut Context {
            now: self.parts.clock.now(),
            random: self.random.as_mut(),
            limits: &self.limits,
            settings: &self.settings,
            callbacks: &self.parts.callbacks,
        })
    }

    fn spawn(self, driver: Driver, actions: Vec<Action>) -> Handle {
        let (commands, receiver) = mpsc::channel(COMMANDS_MAX);
        let execution = driver.execution();
        let running = Arc::clone(&self.running);
        locked(&running).insert(execution, commands.clone());
        let task = tokio::spawn(async move {
            let result = self.run(driver, actions, receiver).await;
            locked(&running).remove(&execution);
            result
        });
        Handle { execution, commands, task }
    }

    async fn run(
        mut self,
        mut driver: Driver,
        mut actions: Vec<Action>,
        mut commands: mpsc::Receiver<Command>,
    ) -> Result<Report, EngineError> {
        loop {
            let input = match self.perform(driver.execution(), actions).await? {
                Performed::Ended(outcome) => return Ok(driver.report(*outcome)),
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
                    let net = Arc::clone(&self.parts.net);
                    let attempt = sending.attempt;
                    let task = self.sends.spawn(async move { (attempt, net.send(sending.request).await) });
                    self.under_way.insert(task.id(), attempt);
                }
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

    async fn commit(&mut self, execution: ExecutionId, records: Vec<Record>) -> Result<(), StoreError> {
        if records.is_empty() {
            return Ok(());
        }
        let count = records.len() as u64;
        self.parts.store.append(execution, self.position, records).await?;
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
            && at_us <= self.parts.clock.now().mono_us
        {
            self.timers.remove(&timer);
            return Ok(Input::Fired(timer));
        }
        if next.is_none() && self.sends.is_empty() && !busy && !driver.awaits_from_outside() {
            return Err(EngineError::Stuck(execution));
        }
        let clock = Arc::clone(&self.parts.clock);
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
            // The engine itself holds a sender as long as the execution runs.
            Some(command) = commands.recv() => Ok(self.take(command)),
            () = std::future::ready(()), if busy => Ok(Input::Proceed),
            else => Err(EngineError::Stuck(execution)),
        }
    }

    fn take(&mut self, command: Command) -> Input {
        match command {
            Command::Cancel => Input::Cancel,
            Command::Deliver { to, json, reply } => {
                let number = self.delivered;
                self.delivered = number.wrapping_add(1);
                self.replies.insert(number, reply);
                Input::Deliver(Delivery { number, to, json })
            }
        }
    }
}
