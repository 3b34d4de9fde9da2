//! What a snapshot keeps of the effects that are under way.

use std::collections::BTreeMap;

use flow_journal::{ExecutionId, Intent, TimerSet};
use flow_vm::{Effect, EffectId, EffectKind};
use serde::{Deserialize, Serialize};

use super::{
    Driver,
    call::{Call, Phase},
    intent,
};
use crate::{Context, StepReport};

/// The driver's part of a snapshot.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Saved {
    pub(super) open: BTreeMap<EffectId, Open>,
    pub(super) reports: Vec<StepReport>,
    /// The secrets that came with data, as JSON: they are masked after a crash too.
    pub(super) secrets: Vec<String>,
}

/// An effect that is not completed, and what the history says of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Open {
    pub(super) effect: Effect,
    /// Its request, if it was written down.
    pub(super) intent: Option<Intent>,
    /// The attempts that were begun.
    pub(super) attempts: u32,
    /// When the first one was.
    pub(super) first_us: Option<i64>,
    /// What was written down last.
    pub(super) last: Last,
    /// When it is due, for a timer.
    pub(super) timer: Option<TimerSet>,
    /// The execution that is waited for, where another caller has begun it.
    pub(super) joined: Option<ExecutionId>,
    /// Whether it was cancelled.
    pub(super) cancelled: bool,
    /// Where it stands among the reports.
    pub(super) report: Option<usize>,
}

/// What was written down last of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Last {
    /// Nothing, or its request alone.
    Nothing,
    /// An attempt was about to go out.
    Sent,
    /// An attempt has ended, and the next is due at a moment of the wall clock.
    Ended {
        /// Whether it surely did not go out.
        not_sent: bool,
        /// When the next is due.
        retry_at_us: Option<i64>,
    },
}

impl Open {
    /// An effect of which the history says nothing yet.
    pub(super) fn new(effect: Effect) -> Self {
        Self {
            effect,
            intent: None,
            attempts: 0,
            first_us: None,
            last: Last::Nothing,
            timer: None,
            joined: None,
            cancelled: false,
            report: None,
        }
    }
}

impl Driver {
    /// The driver's part of a snapshot, encoded.
    pub(super) fn save(&self, context: &Context<'_>) -> Vec<u8> {
        let now = context.now;
        let mut open = BTreeMap::new();
        for (id, timer) in &self.timers {
            let record = timer.record(*id, now);
            let kind = match timer.wall_us {
                Some(timestamp) => EffectKind::TimerAt { timestamp },
                None => EffectKind::Timer { micros: timer.due_us.saturating_sub(now.mono_us) },
            };
            open.insert(*id, Open { timer: Some(record), ..Open::new(Effect { id: *id, kind }) });
        }
        for (id, call) in &self.calls {
            open.insert(*id, self.save_call(call, context));
        }
        for (id, child) in &self.children {
            let kind = EffectKind::Spawn(child.spawn.clone());
            let joined = child.joined.then_some(child.execution);
            let (cancelled, report) = (child.cancelled, child.report);
            open.insert(*id, Open { joined, cancelled, report, ..Open::new(Effect { id: *id, kind }) });
        }
        // Plain data in memory always encodes.
        let (reports, secrets) = (self.reports.clone(), self.secrets.clone());
        postcard::to_stdvec(&Saved { open, reports, secrets }).unwrap_or_default()
    }

    fn save_call(&self, call: &Call, context: &Context<'_>) -> Open {
        let now = context.now;
        let kind = EffectKind::Call((*call.call).clone());
        let class = self.plan().step_operation(call.call.step).map(|operation| operation.class);
        let intent = class.filter(|_| call.recorded).map(|class| {
            let key = self.key(&call.call);
            let path = &call.call.path;
            intent::to_record(self.plan(), call.effect, path, class, &key, &call.draft, now.wall_us)
        });
        let last = match call.phase {
            Phase::Answer { .. } => Last::Sent,
            _ if call.attempts == 0 => Last::Nothing,
            phase => {
                let retry_at_us = match phase {
                    Phase::Wait { due_us } | Phase::Slot { due_us } => Some(now.wall_at(due_us)),
                    _ => None,
                };
                Last::Ended { not_sent: !call.arrived, retry_at_us }
            }
        };
        let elapsed_us = call.first_us.map(|_| call.elapsed_us(now.mono_us));
        Open {
            intent,
            attempts: call.attempts,
            first_us: elapsed_us.map(|us| now.wall_us.saturating_sub(i64::try_from(us).unwrap_or(i64::MAX))),
            last,
            cancelled: call.cancelled,
            report: call.report,
            ..Open::new(Effect { id: call.effect, kind })
        }
    }
}
