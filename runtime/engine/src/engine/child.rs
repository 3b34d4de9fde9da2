//! Child executions, and those that are only started: begun once, or gone on with where they were begun before.

use std::{future::Future, pin::Pin, sync::Arc};

use flow_journal::{History, Start, StoreError};
use flow_vm::InputError;
use tokio::sync::mpsc;

use super::{Command, Engine, EngineError, Handle, Watcher, join::cancelled, queue::Waiting, task::Task};
use crate::{
    Action, Beginning, ChildNews, Driver, Input, Outcome, RecoverError, Report, Resolved, Spawning,
    StepReport, key,
};

/// What is told of a child in the end. Boxed: children have children.
type Ending = Pin<Box<dyn Future<Output = Result<ChildNews, EngineError>> + Send>>;

/// How a child begins.
enum Opening {
    /// It runs.
    Runs(Box<(Task, Driver, Vec<Action>)>),
    /// It has begun, and goes on when its turn has come.
    Queued(Box<Waiting>),
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
            if let Some(execution) = spawning.joined {
                return if spawning.cancelled {
                    Ok(cancelled())
                } else {
                    self.joined(execution, commands).await
                };
            }
            let (detached, is_cancelled) = (spawning.parent.detached, spawning.cancelled);
            let report = match self.open_child(spawning, resolved, watcher).await? {
                Opening::Known(news @ (ChildNews::Never { .. } | ChildNews::Joined { .. })) => {
                    return Ok(news);
                }
                Opening::Known(_) if detached => return Ok(ChildNews::Started),
                Opening::Known(news) => return Ok(news),
                Opening::Runs(opened) if detached => {
                    let (task, driver, actions) = *opened;
                    self.keep_started(task.spawn(driver, actions));
                    return Ok(ChildNews::Started);
                }
                Opening::Queued(waiting) if detached => {
                    self.keep_started(waiting.spawn());
                    return Ok(ChildNews::Started);
                }
                Opening::Runs(opened) => {
                    let (mut task, mut driver, mut actions) = *opened;
                    if is_cancelled {
                        actions.extend(task.decide(|context| driver.handle(Input::Cancel, context)));
                    }
                    task.run(driver, actions, commands).await?
                }
                Opening::Queued(waiting) => waiting.run(commands, is_cancelled).await?,
            };
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
        let (execution, program, deadline_us) = (spawning.execution, &spawning.program, spawning.deadline_us);
        let mut task = Task::new(self, program, Arc::clone(&resolved), watcher);
        if let Some(history) = self.parts.store.load(execution).await? {
            return self.open_again(&spawning, task, &history).await;
        }
        if spawning.cancelled {
            return Ok(Opening::Known(cancelled()));
        }
        let never = |error: InputError| {
            let message = error.to_string();
            Ok(Opening::Known(ChildNews::Never { error: "cast", message }))
        };
        let pinned = resolved.of(program).pinned;
        let identity = match program.identity(&spawning.input, &pinned) {
            Ok(identity) => identity,
            Err(error) => return never(error),
        };
        let claim = key::claim(program, &spawning.input, identity.key.as_ref(), task.now().wall_us);
        let parent = Some(spawning.parent.clone());
        let beginning =
            Beginning { input: spawning.input.clone(), pinned, key: identity.key, parent, deadline_us };
        let begun = task.decide(|context| Driver::start(Arc::clone(program), execution, &beginning, context));
        let (driver, mut actions) = match begun {
            Ok(begun) => begun,
            Err(error) => return never(error),
        };
        // The commit of the beginning stands first. Only then is it started; somebody who was faster has it.
        let first = actions.first_mut().and_then(|action| match action {
            Action::Commit(records) => Some(std::mem::take(records)),
            _ => None,
        });
        let mut records = first.unwrap_or_default();
        if identity.one_per.is_some() {
            // What it would do now it does in its turn.
            records.truncate(1);
        }
        task.position = records.len() as u64;
        match self.parts.store.start(execution, claim, records.clone()).await? {
            Start::Started => {}
            Start::Existing { execution, .. } if execution == spawning.execution => {
                return Err(StoreError::Exists(execution).into());
            }
            Start::Existing { execution, same_input: true } => {
                return Ok(Opening::Known(ChildNews::Joined { execution }));
            }
            Start::Existing { execution, .. } => {
                let message = key::taken(execution);
                return Ok(Opening::Known(ChildNews::Never { error: "cast", message }));
            }
        }
        let Some(value) = identity.one_per else {
            return Ok(Opening::Runs(Box::new((task, driver, actions))));
        };
        let history = History { position: task.position, records };
        let place = self.queues.of(&program.plan().workflow, &value).enter().await;
        let program = Arc::clone(program);
        Ok(Opening::Queued(Box::new(Waiting { task, program, execution, history, deadline_us, place })))
    }

    /// Goes on with a child that was begun before.
    async fn open_again(
        &self,
        spawning: &Spawning,
        mut task: Task,
        history: &History,
    ) -> Result<Opening, EngineError> {
        let Spawning { execution, program, deadline_us, .. } = spawning;
        let (execution, deadline_us) = (*execution, *deadline_us);
        let held = |error: RecoverError| Ok(Opening::Known(ChildNews::Held { reason: error.to_string() }));
        let history = match crate::driver::opened(execution, history, &self.parts.sealer) {
            Ok(history) => history,
            Err(error) => return held(error.into()),
        };
        task.position = history.position;
        match self.queue_of(program, &history) {
            Ok(None) => {}
            Ok(Some(queue)) => {
                let (program, history) = (Arc::clone(program), history.into_owned());
                let place = queue.enter().await;
                let waiting = Waiting { task, program, execution, history, deadline_us, place };
                return Ok(Opening::Queued(Box::new(waiting)));
            }
            Err(error) => return held(error),
        }
        let recovered = task.decide(|context| {
            Driver::recover_child(Arc::clone(program), execution, &history, deadline_us, context)
        });
        match recovered {
            Ok((driver, actions)) => Ok(Opening::Runs(Box::new((task, driver, actions)))),
            Err(RecoverError::Ended(ended)) => {
                let (outcome, steps): (Outcome, Vec<StepReport>) = *ended;
                let report = Report { execution, outcome, steps, children: Vec::new() };
                Ok(Opening::Known(ChildNews::Ended(Box::new(report))))
            }
            Err(error) => held(error),
        }
    }
}
