//! The shell on tokio: performs what drivers ask for, against a real network, store and clock.

mod child;
mod join;
mod queue;
mod task;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use flow_http::{Limits, Net, Redactor, Ticket};
use flow_journal::{ExecutionId, PlanId, Sealer, Start, Store, StoreError};
use flow_vm::{EffectId, InputError, Program, SignalRefusal};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
};

use self::{
    join::Awaited,
    queue::{Queues, Waiting},
    task::Task,
};
use crate::{
    Action, Address, Beginning, Clock, Driver, Event, Given, Random, RecoverError, Report, SettingError,
    SystemClock, SystemRandom, mask, random::uuid_v7, resolve,
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
    /// Seals records with secrets in them. Whoever goes on with an execution needs the same key.
    pub sealer: Arc<Sealer>,
    /// Where callbacks are answered: their URLs begin with it. Somebody must listen there, and hand over what comes
    /// to [`Engine::answer`].
    pub callbacks: Arc<str>,
}

impl Parts {
    /// This machine's clock and randomness, with a store, the key of what is sealed in it, and a network.
    pub fn new(store: Arc<dyn Store>, sealer: Arc<Sealer>, net: Arc<dyn Net>) -> Self {
        Self {
            sealer,
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
    /// The executions that others have started, and that nobody has taken yet.
    started: Arc<Mutex<Vec<Handle>>>,
    queues: Queues,
    running: Running,
    awaited: Awaited,
}

/// The executions that run, and where commands for them go.
type Running = Arc<Mutex<BTreeMap<ExecutionId, mpsc::Sender<Command>>>>;

/// The table of what runs. No code that holds it can panic half-way.
fn locked(running: &Running) -> MutexGuard<'_, BTreeMap<ExecutionId, mpsc::Sender<Command>>> {
    running.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes an execution off the list of those that run, when it does no longer.
struct Listed(Running, ExecutionId);

impl Drop for Listed {
    fn drop(&mut self) {
        locked(&self.0).remove(&self.1);
    }
}

/// What is told to an execution's task.
#[derive(Debug)]
enum Command {
    Cancel,
    Admit(EffectId),
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
    #[error("{}", crate::key::taken(*.0))]
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
    redactor: Redactor,
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

    /// Waits for its end. Secrets are masked in what is told of it.
    ///
    /// # Errors
    /// Where it stopped before.
    pub async fn report(self) -> Result<Report, EngineError> {
        match self.task.await {
            Ok(result) => result.map(|mut report| {
                mask::report(&mut report, &self.redactor);
                report
            }),
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
        Self {
            parts,
            limits: Arc::default(),
            started: Arc::default(),
            queues: Queues::default(),
            running: Arc::default(),
            awaited: Awaited::default(),
        }
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

    /// Lists an execution among those that run here, until what this gives is dropped. The list holds a sender: who
    /// is listed waits for commands for as long as it runs.
    fn list(&self, execution: ExecutionId, commands: mpsc::Sender<Command>) -> Listed {
        locked(&self.running).insert(execution, commands);
        Listed(Arc::clone(&self.running), execution)
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
        let pinned = resolved.of(&program).pinned;
        let identity = program.identity(&input, &pinned)?;
        // What the workflow says of itself comes before what a caller says of it.
        let key = identity.key.or(key);
        let at_us = self.parts.clock.now().wall_us;
        let claim = crate::key::claim(&program, &input, key.as_ref(), at_us);
        for below in program.descendants() {
            self.keep_plan(&below).await?;
        }
        self.keep_plan(&program).await?;
        let mut task = Task::new(self, &program, Arc::new(resolved), watcher);
        let execution = ExecutionId(uuid_v7(self.parts.clock.now().wall_us, task.random.as_mut()));
        let beginning = Beginning { input, pinned, key, ..Beginning::default() };
        if let Some(value) = identity.one_per {
            let queue = self.queues.of(&plan.workflow, &value);
            return self.start_queued(task, program, execution, &beginning, claim, queue).await;
        }
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
        let history = crate::driver::opened(execution, &history, &self.parts.sealer)
            .map_err(RecoverError::from)?
            .into_owned();
        let mut task = Task::new(self, &program, Arc::new(resolved), watcher);
        task.position = history.position;
        if let Some(queue) = self.queue_of(&program, &history)? {
            let place = queue.enter().await;
            let waiting = Waiting { task, program, execution, history, deadline_us: None, place };
            return Ok(waiting.spawn());
        }
        let (driver, actions) = task.decide(|context| {
            match Driver::recover(Arc::clone(&program), execution, &history, context) {
                Err(RecoverError::Ended(mut ended)) => {
                    let (outcome, steps) = &mut *ended;
                    mask::outcome(outcome, context.settings.redactor());
                    mask::steps(steps, context.settings.redactor());
                    Err(RecoverError::Ended(ended))
                }
                recovered => recovered,
            }
        })?;
        Ok(task.spawn(driver, actions))
    }

    /// The executions that others have started with `start` since this was last asked for. They go on whether they
    /// are taken or not; who ends the process before they have ended cuts them off.
    pub fn take_started(&self) -> Vec<Handle> {
        std::mem::take(&mut *self.started.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Tells calls that wait until fewer are under way that they may go on. One whose execution is gone makes way for
    /// the next.
    fn admit(&self, mut tickets: Vec<Ticket>) {
        // Where the runtime is gone, so are they.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        while let Some(ticket) = tickets.pop() {
            let execution = ExecutionId(ticket.execution);
            if let Some(commands) = locked(&self.running).get(&execution).cloned() {
                let command = Command::Admit(EffectId(ticket.effect));
                // It takes its commands in one after another; nobody waits for that here.
                runtime.spawn(async move { commands.send(command).await });
            } else {
                let mut limits = self.limits.lock().unwrap_or_else(PoisonError::into_inner);
                tickets.extend(limits.leave(ticket));
            }
        }
    }

    async fn keep_plan(&self, program: &Program) -> Result<(), StoreError> {
        self.parts.store.put_plan(PlanId(program.hash().0), program.plan().encode()).await
    }
}
