//! Child executions, and those that are only started: begun once, or gone on with where they were begun before.

use std::{future::Future, pin::Pin, sync::Arc};

use flow_journal::{Start, StoreError};
use tokio::sync::mpsc;

use super::{Command, Engine, EngineError, Handle, Watcher, task::Task};
use crate::{
    Action, Beginning, ChildNews, Driver, Input, Outcome, RecoverError, Report, Resolved, Spawning,
    StepReport,
};

/// What is told of a child in the end. Boxed: children have children.
type Ending = Pin<Box<dyn Future<Output = Result<ChildNews, EngineError>> + Send>>;

/// How a child begins.
enum Opening {
    /// It runs.
    Runs(Box<(Task, Driver, Vec<Action>)>),
    /// It does not, or no longer.
    Known(ChildNews),
}

impl Engine {
    /// Begins a child, or goes on with it, and gives what becomes of it. What is only started goes on by itself.
    pub(super) fn child(
        self,
        spawning: Spawning,
        resolved: Arc<Resolved>,
        watcher: Watcher,
        commands: mpsc::Receiver<Command>,
    ) -> Ending {
        Box::pin(async move {
            let (detached, cancelled) = (spawning.parent.detached, spawning.cancelled);
            let (task, mut driver, mut actions) = match self.open_child(spawning, resolved, watcher).await? {
                Opening::Runs(opened) => *opened,
                Opening::Known(_) if detached => return Ok(ChildNews::Started),
                Opening::Known(news) => return Ok(news),
            };
            if detached {
                let handle = task.spawn(driver, actions);
                self.keep_started(handle);
                return Ok(ChildNews::Started);
            }
            let mut task = task;
            if cancelled {
                actions.extend(task.decide(|context| driver.handle(Input::Cancel, context)));
            }
            let report = task.run(driver, actions, commands).await?;
            Ok(ChildNews::Ended(Box::new(report)))
        })
    }

    fn keep_started(&self, handle: Handle) {
        self.started.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(handle);
    }

    async fn open_child(
        &self,
        spawning: Spawning,
        resolved: Arc<Resolved>,
        watcher: Watcher,
    ) -> Result<Opening, EngineError> {
        let Spawning { execution, program, input, parent, deadline_us, cancelled, .. } = spawning;
        let mut task = Task::new(self, &program, Arc::clone(&resolved), watcher);
        if let Some(history) = self.parts.store.load(execution).await? {
            task.position = history.position;
            let recovered = task.decide(|context| {
                Driver::recover_child(Arc::clone(&program), execution, &history, deadline_us, context)
            });
            return Ok(match recovered {
                Ok((driver, actions)) => Opening::Runs(Box::new((task, driver, actions))),
                Err(RecoverError::Ended(ended)) => {
                    let (outcome, steps): (Outcome, Vec<StepReport>) = *ended;
                    let report = Report { execution, outcome, steps, children: Vec::new() };
                    Opening::Known(ChildNews::Ended(Box::new(report)))
                }
                Err(error) => Opening::Known(ChildNews::Held { reason: error.to_string() }),
            });
        }
        if cancelled {
            let message = "cancelled".to_owned();
            return Ok(Opening::Known(ChildNews::Never { error: "cancelled", message }));
        }
        let pinned = resolved.of(&program).pinned;
        let beginning = Beginning { input, pinned, key: None, parent: Some(parent), deadline_us };
        let begun =
            task.decide(|context| Driver::start(Arc::clone(&program), execution, &beginning, context));
        let (driver, mut actions) = match begun {
            Ok(begun) => begun,
            Err(error) => {
                let message = error.to_string();
                return Ok(Opening::Known(ChildNews::Never { error: "cast", message }));
            }
        };
        // The commit of the beginning stands first. Only then is it started; somebody who was faster has it.
        if let Some(Action::Commit(records)) = actions.first_mut() {
            let records = std::mem::take(records);
            task.position = records.len() as u64;
            match self.parts.store.start(execution, None, records).await? {
                Start::Started => {}
                Start::Existing { .. } => return Err(StoreError::Exists(execution).into()),
            }
        }
        Ok(Opening::Runs(Box::new((task, driver, actions))))
    }
}
