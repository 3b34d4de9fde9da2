//! Sleeps and deadlines.
//!
//! In this process they are kept on the monotonic clock, so that a wall clock that jumps neither fires nor delays
//! them; only a `sleep until` means the wall clock, and is looked at again when it is due. They are written down
//! as moments of the wall clock, because another process has another monotonic one.

use flow_journal::{Record, TimerSet};
use flow_vm::{CompletionResult, EffectId};

use super::Driver;
use crate::{Action, Context, Now, TimerId};

/// A timer that is set.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timer {
    /// When it is due, on the monotonic clock.
    pub(super) due_us: u64,
    /// The moment that is meant, for a `sleep until`.
    pub(super) wall_us: Option<i64>,
}

impl Timer {
    /// The timer as it is written down.
    pub(super) fn record(&self, effect: EffectId, now: Now) -> TimerSet {
        let due_us = self.wall_us.unwrap_or_else(|| now.wall_at(self.due_us));
        TimerSet { effect: effect.0, due_us, at_us: now.wall_us }
    }

    /// A timer that was written down, in a process of a later time. A wall clock that was set back makes it late
    /// by no more than it was set for.
    pub(super) fn recovered(record: &TimerSet, wall_us: Option<i64>, now: Now) -> Self {
        let span = record.due_us.saturating_sub(record.at_us).max(0);
        let remaining = record.due_us.saturating_sub(now.wall_us).clamp(0, span);
        let due_us = now.mono_us.saturating_add(u64::try_from(remaining).unwrap_or(0));
        Self { due_us, wall_us }
    }
}

impl Driver {
    pub(super) fn set_timer(&mut self, effect: EffectId, timer: Timer, context: &Context<'_>) {
        self.record(Record::TimerSet(timer.record(effect, context.now)));
        self.arm(effect, timer);
    }

    pub(super) fn arm(&mut self, effect: EffectId, timer: Timer) {
        self.timers.insert(effect, timer);
        self.actions.push(Action::SetTimer { timer: TimerId::Effect(effect), at_us: timer.due_us });
    }

    pub(super) fn timer_due(&mut self, effect: EffectId, context: &Context<'_>) {
        let Some(timer) = self.timers.get(&effect).copied() else { return };
        let early = match timer.wall_us {
            Some(moment) => context.now.wall_us < moment,
            None => context.now.mono_us < timer.due_us,
        };
        if early {
            let due_us = timer.wall_us.map_or(timer.due_us, |moment| context.now.mono_at(moment));
            self.arm(effect, Timer { due_us, ..timer });
            return;
        }
        self.timers.remove(&effect);
        self.complete(effect, CompletionResult::Fired, context);
    }
}
