//! Child executions: how one is started, what becomes of it, and what a parent does whose child is held.
//!
//! A child's id is made of its parent's and the step's place. Whoever goes on with the parent asks for the same
//! execution again, and finds the one that was started: there are never two children of one step.
//!
//! Where another caller has begun an execution with the key of the child, there is no child: that one is *joined*. It is
//! waited for, and neither cancelled nor undone from here.

use std::sync::Arc;

use flow_journal::{ExecutionId, Joined, Parent, Record};
use flow_plan::ErrorId;
use flow_vm::{ChildAnswer, ChildError, CompletionResult, EffectId, SpawnEffect};

use super::{Driver, STEPS_REPORTED_MAX};
use crate::{
    Action, ChildNews, Context, EventKind, Outcome, Report, Spawning, StepReport, key::child_execution,
};

/// A child execution that has not ended.
#[derive(Clone, Debug)]
pub(super) struct Child {
    pub(super) spawn: SpawnEffect,
    pub(super) execution: ExecutionId,
    /// Whether another caller has begun it.
    pub(super) joined: bool,
    /// Whether it was told to cancel.
    pub(super) cancelled: bool,
    /// Why it is held, where it is.
    pub(super) held: Option<String>,
    /// Where it stands among the reports.
    pub(super) report: Option<usize>,
}

impl Driver {
    /// Starts a child, or goes on with it.
    pub(super) fn begin_child(
        &mut self,
        effect: EffectId,
        spawn: SpawnEffect,
        report: Option<usize>,
        cancelled: bool,
        context: &Context<'_>,
    ) {
        let execution = child_execution(self.execution, &spawn.path);
        self.show(
            EventKind::ChildStarted {
                workflow: self.plan().child_name(spawn.child),
                execution,
                detached: spawn.detached,
                undoes: spawn.undoes,
            },
            context,
        );
        self.ask_for_child(
            effect,
            Child { spawn, execution, joined: false, cancelled, held: None, report },
            context,
        );
    }

    /// Takes part in an execution that another caller has begun, as it is written down.
    pub(super) fn join(&mut self, effect: EffectId, child: Child, context: &Context<'_>) {
        let (workflow, execution) = (self.plan().child_name(child.spawn.child), child.execution);
        self.show(EventKind::ChildJoined { workflow, execution }, context);
        let answer = match () {
            () if child.spawn.detached => ChildAnswer::Started(execution.to_string()),
            () if child.cancelled => failure("cancelled", "cancelled".to_owned()),
            () => return self.ask_for_child(effect, child, context),
        };
        self.complete(effect, CompletionResult::Child(answer), context);
    }

    /// Asks the shell for a child, or for what is joined in its place.
    fn ask_for_child(&mut self, effect: EffectId, child: Child, context: &Context<'_>) {
        let spawn = &child.spawn;
        let Some(program) = self.program.child(spawn.child).map(Arc::clone) else {
            let error = failure("limit", format!("there is no program of {}", spawn.child));
            return self.complete(effect, CompletionResult::Child(error), context);
        };
        // What its input depends on must not be lost: it could not be asked for again with the same one.
        self.must_commit = true;
        self.actions.push(Action::Spawn(Box::new(Spawning {
            effect,
            execution: child_execution(self.execution, &spawn.path),
            program,
            input: spawn.input.clone(),
            parent: Parent {
                execution: self.execution,
                path: spawn.path.0.clone(),
                detached: spawn.detached,
            },
            deadline_us: self.deadline_of(spawn).map(|due_us| context.now.wall_at(due_us)),
            joined: child.joined.then_some(child.execution),
            cancelled: child.cancelled,
        })));
        self.children.insert(effect, child);
    }

    /// The nearest deadline around a child, on the monotonic clock. What undoes is not cut off.
    fn deadline_of(&self, spawn: &SpawnEffect) -> Option<u64> {
        let own = spawn.deadlines.iter().filter_map(|id| self.timers.get(id)).map(|timer| timer.due_us).min();
        let around = self.deadline_us.filter(|_| !spawn.undoes && !spawn.detached);
        own.into_iter().chain(around).min()
    }

    /// Names a child in the report.
    pub(super) fn report_child(&mut self, spawn: &SpawnEffect) -> Option<usize> {
        if self.reports.len() >= STEPS_REPORTED_MAX {
            return None;
        }
        self.reports.push(StepReport {
            step: spawn.step,
            path: spawn.path.clone(),
            name: self.plan().step_name(spawn.step),
            undoes: spawn.undoes,
            attempts: Vec::new(),
            child: Some(child_execution(self.execution, &spawn.path)),
        });
        Some(self.reports.len() - 1)
    }

    /// Another caller has begun what a step calls: from now on, that one is meant.
    fn join_instead(&mut self, effect: EffectId, execution: ExecutionId, context: &Context<'_>) {
        let Some(child) = self.children.remove(&effect) else { return };
        self.record(Record::Joined(Joined { effect: effect.0, execution, at_us: context.now.wall_us }));
        self.must_commit = true;
        if let Some(report) = child.report.and_then(|index| self.reports.get_mut(index)) {
            report.child = Some(execution);
        }
        self.join(effect, Child { execution, joined: true, ..child }, context);
    }

    /// Something is known of a child.
    pub(super) fn child_news(&mut self, effect: EffectId, news: ChildNews, context: &Context<'_>) {
        if let ChildNews::Joined { execution } = news {
            return self.join_instead(effect, execution, context);
        }
        let Some(child) = self.children.get_mut(&effect) else { return };
        let held = match &news {
            ChildNews::Held { reason } => Some(reason.clone()),
            ChildNews::Ended(report) => match &report.outcome {
                Outcome::NeedsAttention(attention) => Some(format!("needs attention {}", attention.reason())),
                Outcome::Paused { reason } => Some(format!("is paused: {reason}")),
                Outcome::Succeeded(_) | Outcome::Failed(_) => None,
            },
            ChildNews::Started | ChildNews::Joined { .. } | ChildNews::Never { .. } => None,
        };
        if held.is_some() {
            child.held.clone_from(&held);
        }
        let never = match &news {
            ChildNews::Never { message, .. } => Some(format!("is not started: {message}")),
            _ => None,
        };
        let (execution, id, joined) = (child.execution, child.spawn.child, child.joined);
        let errors = self.program.child(id).filter(|_| joined).map(|program| &program.plan().errors);
        let is_left = joined && matches!(news, ChildNews::Never { .. });
        let answer = match news {
            ChildNews::Joined { .. } => None,
            ChildNews::Ended(report) if held.is_some() => {
                self.keep_child_report(*report, joined);
                None
            }
            ChildNews::Started => Some(ChildAnswer::Started(execution.to_string())),
            ChildNews::Never { error, message } => Some(failure(error, message)),
            ChildNews::Held { .. } => None,
            ChildNews::Ended(report) => {
                let answer = match &report.outcome {
                    Outcome::Succeeded(json) if joined => Some(ChildAnswer::Joined(json.clone())),
                    Outcome::Succeeded(json) => Some(ChildAnswer::Done(json.clone())),
                    // Nothing of it stands. Only a caller's own cancel goes on as one.
                    Outcome::Failed(ended) if joined && ended.error.name == "cancelled" => {
                        let message = format!("execution {execution}, which has the key, was cancelled");
                        Some(failure("refused", message))
                    }
                    Outcome::Failed(failure) => {
                        let mut error = ChildError::from(&failure.error);
                        if let Some(errors) = errors {
                            // It may run another version of the plan, which numbers its errors in another way.
                            let known = (0..).zip(errors).find(|(_, known)| known.name == error.name);
                            error.declared = error.declared.and(known).map(|(id, _)| ErrorId(id));
                        }
                        Some(ChildAnswer::Failed(error))
                    }
                    Outcome::NeedsAttention(_) | Outcome::Paused { .. } => None,
                };
                self.keep_child_report(*report, joined);
                answer
            }
        };
        let (outcome, good) = match (&answer, held) {
            // What another caller has begun goes on, or has ended in its own way.
            _ if is_left => ("is waited for no longer".to_owned(), false),
            (Some(ChildAnswer::Started(_)), _) => return self.answer_child(effect, answer, context),
            (Some(ChildAnswer::Done(_) | ChildAnswer::Joined(_)), _) => ("succeeded".to_owned(), true),
            (Some(ChildAnswer::Failed(error)), _) => {
                (never.unwrap_or_else(|| format!("failed with `{}`", error.name)), false)
            }
            (None, held) => (held.unwrap_or_default(), false),
        };
        let workflow = self.plan().child_name(id);
        self.show(EventKind::ChildEnded { workflow, execution, outcome, good }, context);
        self.answer_child(effect, answer, context);
    }

    /// What another caller has begun is told of by that one.
    fn keep_child_report(&mut self, report: Report, joined: bool) {
        if !joined && self.child_reports.len() < STEPS_REPORTED_MAX {
            self.child_reports.push(report);
        }
    }

    fn answer_child(&mut self, effect: EffectId, answer: Option<ChildAnswer>, context: &Context<'_>) {
        if let Some(answer) = answer {
            self.children.remove(&effect);
            self.complete(effect, CompletionResult::Child(answer), context);
        }
    }

    /// The machine wants a child to be cancelled. It undoes itself, and is awaited.
    pub(super) fn cancel_child(&mut self, effect: EffectId) {
        if let Some(child) = self.children.get_mut(&effect)
            && !child.cancelled
        {
            child.cancelled = true;
            self.actions.push(Action::CancelChild(effect));
        }
    }

    /// Where all that is waited for is children that are held, so is their parent: it says whom it waits for.
    pub(super) fn rest_on_held_children(&mut self, context: &Context<'_>) {
        let mut reasons = Vec::new();
        for child in self.children.values() {
            let Some(held) = &child.held else { return };
            let name = self.plan().child_name(child.spawn.child);
            let reason = format!("it waits for execution {} of `{name}`, which {held}", child.execution);
            // Several calls may wait for one.
            if !reasons.contains(&reason) {
                reasons.push(reason);
            }
        }
        if reasons.is_empty() || !self.calls.is_empty() {
            return;
        }
        let reason = reasons.join("; ");
        self.show(EventKind::Held { reason: reason.clone() }, context);
        self.end(Outcome::Paused { reason }, context);
    }
}

fn failure(name: &str, message: String) -> ChildAnswer {
    ChildAnswer::Failed(ChildError {
        name: name.to_owned(),
        declared: None,
        message,
        fields: None,
        status: None,
        reason: 0,
    })
}
