//! Waiting for an execution that another caller has begun: until it has ended or is held, whoever runs it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use flow_journal::{ExecutionId, Record};
use tokio::sync::{Notify, mpsc};

use super::{Command, Engine, EngineError, locked};
use crate::{ChildNews, Report};

/// The executions whose end somebody waits for.
#[derive(Clone, Debug, Default)]
pub(super) struct Awaited(Arc<Mutex<HashMap<ExecutionId, Arc<Notify>>>>);

impl Awaited {
    fn table(&self) -> MutexGuard<'_, HashMap<ExecutionId, Arc<Notify>>> {
        // Nothing panics while it holds the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn of(&self, execution: ExecutionId) -> Arc<Notify> {
        let mut table = self.table();
        // What nobody waits for any more is forgotten.
        table.retain(|_, notify| Arc::strong_count(notify) > 1);
        Arc::clone(table.entry(execution).or_default())
    }

    /// Tells whoever waits that an execution has ended or is held.
    pub(super) fn tell(&self, execution: ExecutionId) {
        if let Some(notify) = self.table().get(&execution) {
            notify.notify_waiters();
        }
    }
}

impl Engine {
    /// What becomes of an execution that another caller has begun. A cancel ends the wait, and not the execution.
    pub(super) async fn joined(
        &self,
        execution: ExecutionId,
        mut commands: mpsc::Receiver<Command>,
    ) -> Result<ChildNews, EngineError> {
        let awaited = self.awaited.of(execution);
        loop {
            let told = awaited.notified();
            tokio::pin!(told);
            // From here on no end is missed.
            told.as_mut().enable();
            if let Some(news) = self.end_of(execution).await? {
                return Ok(news);
            }
            tokio::select! {
                () = &mut told => {}
                command = commands.recv() => match command {
                    Some(Command::Cancel) => return Ok(cancelled()),
                    // Signals go to the execution itself, which lists itself.
                    Some(Command::Deliver { .. } | Command::Admit(_)) => {}
                    None => told.await,
                },
            }
        }
    }

    /// How an execution has ended, or where it is held; nothing while it goes on.
    async fn end_of(&self, execution: ExecutionId) -> Result<Option<ChildNews>, EngineError> {
        let held = |reason: String| Some(ChildNews::Held { reason });
        let Some(history) = self.parts.store.load(execution).await? else {
            return Ok(held("is not there any more".to_owned()));
        };
        Ok(match history.records.last() {
            Some(Record::Held(record)) if !locked(&self.running).contains_key(&execution) => {
                held(format!("is held: {}", record.reason))
            }
            Some(Record::Ended(_) | Record::Sealed(_)) => {
                let history = match crate::driver::opened(execution, &history, &self.parts.sealer) {
                    Ok(history) => history,
                    Err(error) => return Ok(held(error.to_string())),
                };
                match crate::driver::ending(&history) {
                    Ok(None) => None,
                    Ok(Some((outcome, steps))) => {
                        let report = Report { execution, outcome, steps, children: Vec::new() };
                        Some(ChildNews::Ended(Box::new(report)))
                    }
                    Err(error) => held(error.to_string()),
                }
            }
            _ => None,
        })
    }
}

/// What is said of a child that was cancelled before it was started, or waited for.
pub(super) fn cancelled() -> ChildNews {
    ChildNews::Never { error: "cancelled", message: "cancelled".to_owned() }
}
