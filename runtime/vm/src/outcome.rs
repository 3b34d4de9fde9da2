//! How an execution has ended, as it is encoded: errors in a flat list, so that no bytes can nest them deeply.

use flow_plan::{ErrorId, FunctionId, StepId, Target};
use serde::{Deserialize, Serialize};

use crate::effect::{Attention, Failure, Raised, Status, StepPath, Undone, Unsettled};

/// The deepest chain of errors that is read.
const DEPTH_MAX: u32 = 64;

/// The end of an execution.
#[derive(Serialize, Deserialize)]
pub(crate) enum Outcome {
    Done(Vec<u8>),
    Failed { error: Flat, undone: Vec<Undone> },
    NeedsAttention(Held),
}

/// An execution that is held.
#[derive(Serialize, Deserialize)]
pub(crate) struct Held {
    error: Option<Flat>,
    result: Option<Vec<u8>>,
    undone: Vec<Undone>,
    steps: Vec<(StepId, StepPath, Option<Flat>)>,
}

/// An error with those behind it: each stands after those that it refers to.
#[derive(Serialize, Deserialize)]
pub(crate) struct Flat(Vec<Entry>);

#[derive(Serialize, Deserialize)]
struct Entry {
    name: String,
    declared: Option<ErrorId>,
    message: String,
    fields: Option<Vec<u8>>,
    status: Option<u16>,
    reason: u8,
    step: Option<(StepId, StepPath)>,
    at: (FunctionId, Target),
    also: Vec<u32>,
    because: Option<u32>,
}

impl Outcome {
    /// The end that a status says; what has not ended has none to encode, and is held as nothing.
    pub(crate) fn new(status: &Status) -> Self {
        match status {
            Status::Failed(failure) => {
                Outcome::Failed { error: Flat::new(&failure.error), undone: failure.undone.clone() }
            }
            Status::NeedsAttention(attention) => Outcome::NeedsAttention(Held::new(attention)),
            Status::Done(output) => Outcome::Done(output.clone()),
            Status::Running | Status::Waiting => Outcome::Done(Vec::new()),
        }
    }

    /// The status.
    pub(crate) fn into_status(self) -> Result<Status, &'static str> {
        Ok(match self {
            Outcome::Done(output) => Status::Done(output),
            Outcome::Failed { error, undone } => {
                Status::Failed(Failure { error: error.into_raised()?, undone })
            }
            Outcome::NeedsAttention(held) => Status::NeedsAttention(held.into_attention()?),
        })
    }
}

impl Held {
    fn new(attention: &Attention) -> Self {
        let steps = attention.steps.iter().map(|unsettled| {
            (unsettled.step, unsettled.path.clone(), unsettled.undo_error.as_ref().map(Flat::new))
        });
        Self {
            error: attention.error.as_ref().map(Flat::new),
            result: attention.result.clone(),
            undone: attention.undone.clone(),
            steps: steps.collect(),
        }
    }

    fn into_attention(self) -> Result<Attention, &'static str> {
        let mut steps = Vec::new();
        for (step, path, error) in self.steps {
            let undo_error = error.map(Flat::into_raised).transpose()?;
            steps.push(Unsettled { step, path, undo_error });
        }
        let error = self.error.map(Flat::into_raised).transpose()?;
        Ok(Attention { error, result: self.result, undone: self.undone, steps })
    }
}

impl Flat {
    fn new(error: &Raised) -> Self {
        let mut entries = Vec::new();
        flatten(error, &mut entries);
        Self(entries)
    }

    /// Each entry is used once, by one that stands after it; the last one is the error itself.
    fn into_raised(self) -> Result<Raised, &'static str> {
        const MALFORMED: &str = "an error in it is malformed";
        let mut made: Vec<Option<(Raised, u32)>> = Vec::new();
        for entry in self.0 {
            let mut depth = 0;
            let mut take = |index: u32| {
                let (raised, below) = made.get_mut(index as usize).and_then(Option::take).ok_or(MALFORMED)?;
                depth = depth.max(below + 1);
                Ok::<Raised, &'static str>(raised)
            };
            let because = entry.because.map(&mut take).transpose()?.map(Box::new);
            let also = entry.also.into_iter().map(&mut take).collect::<Result<_, _>>()?;
            if depth > DEPTH_MAX {
                return Err(MALFORMED);
            }
            let raised = Raised {
                name: entry.name,
                declared: entry.declared,
                message: entry.message,
                fields: entry.fields,
                status: entry.status,
                reason: entry.reason,
                step: entry.step,
                at: entry.at,
                also,
                because,
            };
            made.push(Some((raised, depth)));
        }
        match made.pop() {
            Some(Some((raised, _))) if made.iter().all(Option::is_none) => Ok(raised),
            _ => Err(MALFORMED),
        }
    }
}

fn flatten(error: &Raised, entries: &mut Vec<Entry>) -> u32 {
    let because = error.because.as_ref().map(|because| flatten(because, entries));
    let also = error.also.iter().map(|sibling| flatten(sibling, entries)).collect();
    entries.push(Entry {
        name: error.name.clone(),
        declared: error.declared,
        message: error.message.clone(),
        fields: error.fields.clone(),
        status: error.status,
        reason: error.reason,
        step: error.step.clone(),
        at: error.at,
        also,
        because,
    });
    u32::try_from(entries.len()).unwrap_or(u32::MAX).saturating_sub(1)
}
