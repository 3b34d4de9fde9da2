//! `one per`: executions of a workflow with the same value go one after another, in the order in which they began.
//!
//! One that waits for its turn has begun: its beginning is durable, and it can be cancelled. Its time runs from its
//! turn on.

use std::{
    collections::HashMap,
    future::{Future, poll_fn},
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::Poll,
};

use flow_journal::{Claim, ExecutionId, History, Record, Start};
use flow_vm::Program;
use tokio::sync::{Mutex as Turn, OwnedMutexGuard, mpsc};

use super::{
    Begun, COMMANDS_MAX, Command, Engine, EngineError, Handle, RecoverFailure, StartError, task::Task,
};
use crate::{Action, Beginning, Driver, EventKind, RecoverError, Report};

/// The queues of an engine, by workflow and value.
#[derive(Clone, Debug, Default)]
pub(super) struct Queues(Arc<Mutex<Waiting>>);

/// Whose turn it is, by workflow and value.
type Waiting = HashMap<(String, String), Arc<Turn<()>>>;

/// The turn, when it comes.
type Coming = Pin<Box<dyn Future<Output = OwnedMutexGuard<()>> + Send>>;

impl Queues {
    /// The queue of a value.
    pub(super) fn of(&self, workflow: &str, value: &str) -> Queue {
        let mut queues = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A queue that nobody stands in is forgotten.
        queues.retain(|_, turn| Arc::strong_count(turn) > 1);
        let key = (workflow.to_owned(), value.to_owned());
        Queue(Arc::clone(queues.entry(key).or_default()))
    }
}

/// A queue.
pub(super) struct Queue(Arc<Turn<()>>);

/// A place in a queue.
pub(super) enum Place {
    /// Its turn has come.
    First(OwnedMutexGuard<()>),
    /// Others are before it.
    Behind(Coming),
}

impl Queue {
    /// Takes the next place.
    pub(super) async fn enter(self) -> Place {
        let mut turn: Coming = Box::pin(self.0.lock_owned());
        // The place is taken by asking for it once, here, and not when a task comes to it.
        match poll_fn(|context| Poll::Ready(turn.as_mut().poll(context))).await {
            Poll::Ready(guard) => Place::First(guard),
            Poll::Pending => Place::Behind(turn),
        }
    }
}

impl Engine {
    /// Starts an execution that goes on when its turn has come.
    pub(super) async fn start_queued(
        &self,
        mut task: Task,
        program: Arc<Program>,
        execution: ExecutionId,
        beginning: &Beginning,
        claim: Option<Claim>,
        queue: Queue,
    ) -> Result<Begun, StartError> {
        let started =
            task.decide(|context| Driver::start(Arc::clone(&program), execution, beginning, context));
        // What it would do now it does in its turn; that it has begun is durable now.
        let (_, actions) = started?;
        let records = actions.into_iter().find_map(|action| match action {
            Action::Commit(records) => Some(records),
            _ => None,
        });
        let records: Vec<Record> = records.into_iter().flatten().take(1).collect();
        match self.parts.store.start(execution, claim, records.clone()).await? {
            Start::Started => {}
            Start::Existing { execution, same_input: true } => return Ok(Begun::Existing(execution)),
            Start::Existing { execution, .. } => return Err(StartError::KeyTaken(execution)),
        }
        task.position = records.len() as u64;
        let history = History { position: task.position, records };
        Ok(Begun::Started(task.spawn_queued(program, execution, history, queue.enter().await)))
    }

    /// The queue that an execution stands in, where its workflow has one.
    pub(super) fn queue_of(
        &self,
        program: &Program,
        history: &History,
    ) -> Result<Option<Queue>, RecoverFailure> {
        let Some(Record::Started(started)) = history.records.first() else { return Ok(None) };
        if program.plan().one_per.is_none() || matches!(history.records.last(), Some(Record::Ended(_))) {
            return Ok(None);
        }
        let pinned = crate::driver::pinned(program.plan(), started)?;
        let identity = program.identity(&started.input, &pinned).map_err(RecoverError::from)?;
        Ok(identity.one_per.map(|value| self.queues.of(&started.workflow, &value)))
    }
}

impl Task {
    /// Goes on from a history when its turn has come, and gives the turn on at its end, or where it is held.
    pub(super) fn spawn_queued(
        mut self,
        program: Arc<Program>,
        execution: ExecutionId,
        mut history: History,
        place: Place,
    ) -> Handle {
        let (sender, mut commands) = mpsc::channel(COMMANDS_MAX);
        let listed = self.list(execution, sender.clone());
        let redactor = self.redactor().clone();
        let run = async move {
            let _listed = listed;
            let is_new = history.records.len() == 1;
            // What it is told while it waits, and takes in when its turn has come.
            let mut told = Vec::new();
            let _turn = match place {
                Place::First(turn) => Some(turn),
                Place::Behind(mut turn) => loop {
                    tokio::select! {
                        turn = &mut turn => break Some(turn),
                        Some(command) = commands.recv() => match command {
                            Command::Cancel => {
                                // It has not acted, and has nothing to undo: it does not wait for its turn.
                                let cancelled = Record::Cancelled { at_us: self.now().wall_us };
                                self.commit(execution, vec![cancelled.clone()]).await?;
                                history.records.push(cancelled);
                                break None;
                            }
                            other => told.push(other),
                        },
                    }
                },
            };
            let driven =
                self.decide(|context| Driver::recover(Arc::clone(&program), execution, &history, context));
            let (mut driver, mut actions) =
                driven.map_err(|error| EngineError::Died(execution, error.to_string()))?;
            if is_new {
                actions.retain(
                    |action| !matches!(action, Action::Show(event) if event.kind == EventKind::Recovered),
                );
            }
            for command in told {
                let input = self.take(command);
                actions.extend(self.decide(|context| driver.handle(input, context)));
            }
            self.run(driver, actions, commands).await
        };
        let task: tokio::task::JoinHandle<Result<Report, EngineError>> = tokio::spawn(run);
        Handle { execution, commands: sender, task, redactor }
    }
}
