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

use super::{Begun, COMMANDS_MAX, Command, Engine, EngineError, Handle, StartError, task::Task};
use crate::{Action, Beginning, Driver, EventKind, Input, RecoverError, Report};

/// The queues of an engine, by workflow and value.
#[derive(Clone, Debug, Default)]
pub(super) struct Queues(Arc<Mutex<Turns>>);

/// Whose turn it is, by workflow and value.
type Turns = HashMap<(String, String), Arc<Turn<()>>>;

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
        let place = queue.enter().await;
        let waiting = Waiting { task, program, execution, history, deadline_us: None, place };
        Ok(Begun::Started(waiting.spawn()))
    }

    /// The queue that an execution stands in, where its workflow has one.
    pub(super) fn queue_of(
        &self,
        program: &Program,
        history: &History,
    ) -> Result<Option<Queue>, RecoverError> {
        let Some(Record::Started(started)) = history.records.first() else { return Ok(None) };
        if program.plan().one_per.is_none() || matches!(history.records.last(), Some(Record::Ended(_))) {
            return Ok(None);
        }
        let pinned = crate::driver::pinned(program.plan(), started)?;
        let identity = program.identity(&started.input, &pinned)?;
        Ok(identity.one_per.map(|value| self.queues.of(&started.workflow, &value)))
    }
}

/// An execution that has begun, and stands in a queue.
pub(super) struct Waiting {
    pub(super) task: Task,
    pub(super) program: Arc<Program>,
    pub(super) execution: ExecutionId,
    /// What is known of it.
    pub(super) history: History,
    /// The deadline around it, where it is a child: on the wall clock.
    pub(super) deadline_us: Option<i64>,
    pub(super) place: Place,
}

impl Waiting {
    /// Goes on when its turn has come, on a task of its own.
    pub(super) fn spawn(self) -> Handle {
        let (sender, commands) = mpsc::channel(COMMANDS_MAX);
        let execution = self.execution;
        let listed = self.task.list(execution, sender.clone());
        let redactor = self.task.redactor().clone();
        let task = tokio::spawn(async move {
            let _listed = listed;
            self.run(commands, false).await
        });
        Handle { execution, commands: sender, task, redactor }
    }

    /// Goes on from the history when its turn has come, and gives the turn on at its end, or where it is held.
    pub(super) async fn run(
        self,
        mut commands: mpsc::Receiver<Command>,
        cancelled: bool,
    ) -> Result<Report, EngineError> {
        let Self { mut task, program, execution, mut history, deadline_us, place } = self;
        let has_acted = history.records.len() > 1;
        // What it is told while it waits, and takes in when its turn has come.
        let mut told = Vec::new();
        let turn = match place {
            Place::First(turn) => Some(turn),
            Place::Behind(_) if cancelled && !has_acted => None,
            Place::Behind(mut turn) => loop {
                // A cancel that has come goes before a turn that comes at the same moment: then nothing is sent.
                tokio::select! {
                    biased;
                    Some(command) = commands.recv() => match command {
                        Command::Cancel if !has_acted => break None,
                        other => told.push(other),
                    },
                    turn = &mut turn => break Some(turn),
                }
            },
        };
        if turn.is_none() {
            // It was cancelled. It has not acted, and has nothing to undo: it does not wait for its turn.
            let cancelled = Record::Cancelled { at_us: task.now().wall_us };
            task.commit(execution, vec![cancelled.clone()]).await?;
            history.records.push(cancelled);
            history.position = task.position;
        }
        let driven = task.decide(|context| {
            Driver::recover_child(Arc::clone(&program), execution, &history, deadline_us, context)
        });
        let (mut driver, mut actions) =
            driven.map_err(|error| EngineError::Died(execution, error.to_string()))?;
        if !has_acted {
            actions.retain(
                |action| !matches!(action, Action::Show(event) if event.kind == EventKind::Recovered),
            );
        }
        if cancelled && turn.is_some() {
            actions.extend(task.decide(|context| driver.handle(Input::Cancel, context)));
        }
        for command in told {
            let input = task.take(command);
            actions.extend(task.decide(|context| driver.handle(input, context)));
        }
        let report = task.run(driver, actions, commands).await;
        drop(turn);
        report
    }
}
