//! Errors as objects of the heap, so that they are collected and encoded like other values.
//!
//! | word | |
//! |---|---|
//! | 0 | the kind |
//! | 1 | the declared error, or `NONE` |
//! | 2 | the message, a text |
//! | 3 | the record of a declared error's fields, or null |
//! | 4 | the status of an HTTP answer, or `NONE` |
//! | 5 | the reason of `refused` and `unknown`, from 1; or 0 |
//! | 6 | the step whose call raised it, or `NONE` |
//! | 7 | the step's path, a text, or null |
//! | 8, 9 | the function and the instruction that raised it |
//! | 10 | the timer of the deadline that passed, or `NONE` |
//! | 11 | the error because of which it was raised, or null |
//! | 12 | the list of the errors beside it, of sibling branches and of `finally`s, or null |
//! | 13 | the body of an HTTP answer, a dynamic value |

use flow_plan::{Catch, ErrorId, FunctionId, StepId, Target, Type};

use crate::fault::Fault;
use crate::heap::{Heap, NULL};
use crate::interpret::{Budget, Env};
use crate::wire::{Conditions, Wire};
use crate::{Raised, Refusal, StepPath, UnknownReason};

/// Words of an error object.
pub(crate) const WORDS: usize = 14;

/// No id, no status.
pub(crate) const NONE: u64 = u64::MAX;

/// How many errors behind each other are shown.
const CHAIN_MAX: u32 = 16;

/// How many errors are shown behind one, its causes and siblings and theirs together.
const SHOWN_MAX: u32 = 1000;

/// What an error is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Declared,
    Http,
    Refused,
    Unknown,
    Decode,
    Deadline,
    Cancelled,
    Arithmetic,
    Range,
    Cast,
    Limit,
    Quorum,
}

/// The kinds with their names, in the order of their numbers.
const KINDS: [(Kind, &str); 12] = [
    (Kind::Declared, "error"),
    (Kind::Http, "http"),
    (Kind::Refused, "refused"),
    (Kind::Unknown, "unknown"),
    (Kind::Decode, "decode"),
    (Kind::Deadline, "deadline"),
    (Kind::Cancelled, "cancelled"),
    (Kind::Arithmetic, "arithmetic"),
    (Kind::Range, "range"),
    (Kind::Cast, "cast"),
    (Kind::Limit, "limit"),
    (Kind::Quorum, "quorum"),
];

/// An error about to be made.
#[derive(Clone, Debug)]
pub(crate) struct NewError {
    pub(crate) kind: Kind,
    pub(crate) declared: Option<ErrorId>,
    pub(crate) message: String,
    pub(crate) fields: u64,
    pub(crate) status: Option<u16>,
    pub(crate) reason: u64,
    pub(crate) step: Option<(StepId, StepPath)>,
    pub(crate) at: (FunctionId, Target),
    pub(crate) deadline: u64,
    pub(crate) because: u64,
    pub(crate) body: u64,
}

impl NewError {
    pub(crate) fn new(kind: Kind, message: impl Into<String>, at: (FunctionId, Target)) -> Self {
        Self {
            kind,
            declared: None,
            message: message.into(),
            fields: NULL,
            status: None,
            reason: 0,
            step: None,
            at,
            deadline: NONE,
            because: NULL,
            body: NULL,
        }
    }

    /// Makes the object.
    pub(crate) fn allocate(self, heap: &mut Heap) -> Result<u64, Fault> {
        let message = heap.new_text(&self.message)?;
        let (step, path) = match &self.step {
            Some((step, path)) => (u64::from(step.0), heap.new_text(&path.0)?),
            None => (NONE, NULL),
        };
        let kind = KINDS.iter().position(|(kind, _)| *kind == self.kind).unwrap_or(0);
        heap.object(&[
            kind as u64,
            self.declared.map_or(NONE, |id| u64::from(id.0)),
            message,
            self.fields,
            self.status.map_or(NONE, u64::from),
            self.reason,
            step,
            path,
            u64::from(self.at.0.0),
            u64::from(self.at.1.0),
            self.deadline,
            self.because,
            NULL,
            self.body,
        ])
    }
}

/// The error of a fault; an error that is raised as it is stays what it is.
pub(crate) fn from_fault(heap: &mut Heap, fault: Fault, at: (FunctionId, Target)) -> Result<u64, Fault> {
    let (kind, message) = match fault {
        Fault::Raised(error) => return Ok(error),
        Fault::Arithmetic(message) => (Kind::Arithmetic, message),
        Fault::Range(message) => (Kind::Range, message),
        Fault::Cast(message) => (Kind::Cast, message),
        Fault::Limit(message) => (Kind::Limit, message),
        Fault::Full => (Kind::Limit, "the values of the execution take more than 64 MB".into()),
        Fault::Damaged => (Kind::Limit, "the state of the execution is damaged".into()),
    };
    NewError::new(kind, message, at).allocate(heap)
}

/// Raises a declared error. Its message is its field of that name, or `reason`, where it has one.
pub(crate) fn declared(
    env: Env<'_>,
    heap: &mut Heap,
    id: ErrorId,
    (fields, because): (u64, u64),
    at: (FunctionId, Target),
) -> Result<u64, Fault> {
    let message = declared_message(env, heap, id, fields)?;
    let new = NewError { declared: Some(id), fields, because, ..NewError::new(Kind::Declared, message, at) };
    new.allocate(heap)
}

/// What a declared error says in one phrase.
pub(crate) fn declared_message(env: Env<'_>, heap: &Heap, id: ErrorId, fields: u64) -> Result<String, Fault> {
    let plan = env.program.plan();
    let error = plan.error(id).ok_or(Fault::Damaged)?;
    if let Type::Record(of) = plan.types.get(error.fields) {
        for name in ["message", "reason"] {
            let Some(index) = of.iter().position(|field| field.name == name) else { continue };
            let is_text = of.get(index).is_some_and(|field| matches!(plan.types.get(field.ty), Type::String));
            let offset = env.program.layout(error.fields).offsets.get(index).copied().unwrap_or(0);
            if is_text {
                return Ok(heap.text(heap.word(fields, offset)?)?.to_owned());
            }
        }
    }
    Ok(error.name.clone())
}

/// The word of the cause, and of the errors beside it.
const REASON: usize = 5;
const BECAUSE: usize = 11;
const ALSO: usize = 12;

/// The same error with more errors beside it.
pub(crate) fn with_siblings(heap: &mut Heap, error: u64, siblings: &[u64]) -> Result<u64, Fault> {
    let known = heap.word(error, ALSO)?;
    let mut all = if known == NULL { Vec::new() } else { heap.items(known, 1)?.to_vec() };
    all.extend_from_slice(siblings);
    let list = heap.new_list(&all, 1)?;
    changed(heap, error, ALSO, list)
}

/// The same error with the error of a `finally` that it has left. That it was stopped says nothing.
pub(crate) fn attached(heap: &mut Heap, error: u64, also: u64) -> Result<u64, Fault> {
    if kind(heap, also)? == Kind::Cancelled { Ok(error) } else { with_siblings(heap, error, &[also]) }
}

/// The same error with a cause.
pub(crate) fn because(heap: &mut Heap, error: u64, cause: u64) -> Result<u64, Fault> {
    changed(heap, error, BECAUSE, cause)
}

/// The error that an error came of, or null.
pub(crate) fn cause(heap: &Heap, error: u64) -> Result<u64, Fault> {
    heap.words(error, WORDS)?.get(BECAUSE).copied().ok_or(Fault::Damaged)
}

/// Whether a `refused` says only that its call was not sent, since the machine did not want it any more.
pub(crate) fn was_not_sent(heap: &Heap, error: u64) -> Result<bool, Fault> {
    heap.words(error, WORDS)?.get(REASON).map(|reason| *reason == 0).ok_or(Fault::Damaged)
}

/// The same error with one word changed.
fn changed(heap: &mut Heap, error: u64, at: usize, value: u64) -> Result<u64, Fault> {
    let mut words = [0; WORDS];
    words.copy_from_slice(heap.words(error, WORDS)?);
    if let Some(word) = words.get_mut(at) {
        *word = value;
    }
    heap.object(&words)
}

/// The errors beside it, as a new list.
pub(crate) fn also(heap: &mut Heap, error: u64) -> Result<u64, Fault> {
    let known = heap.word(error, ALSO)?;
    let all = if known == NULL { Vec::new() } else { heap.items(known, 1)?.to_vec() };
    heap.new_list(&all, 1)
}

/// The body of the HTTP answer that raised it.
pub(crate) fn body(heap: &Heap, error: u64) -> Result<u64, Fault> {
    heap.word(error, 13)
}

/// The status of the HTTP answer that raised it.
pub(crate) fn status(heap: &Heap, error: u64) -> Result<Option<u16>, Fault> {
    Ok(u16::try_from(heap.word(error, 4)?).ok())
}

/// What an error is.
pub(crate) fn kind(heap: &Heap, error: u64) -> Result<Kind, Fault> {
    let index = usize::try_from(heap.word(error, 0)?).map_err(|_| Fault::Damaged)?;
    KINDS.get(index).map(|(kind, _)| *kind).ok_or(Fault::Damaged)
}

/// The declared error that it is.
pub(crate) fn declared_id(heap: &Heap, error: u64) -> Result<Option<ErrorId>, Fault> {
    Ok(u32::try_from(heap.word(error, 1)?).ok().map(ErrorId))
}

/// The message.
pub(crate) fn message(heap: &Heap, error: u64) -> Result<u64, Fault> {
    heap.word(error, 2)
}

/// The step whose call raised it.
pub(crate) fn step(heap: &Heap, error: u64) -> Result<Option<StepId>, Fault> {
    Ok(u32::try_from(heap.word(error, 6)?).ok().map(StepId))
}

/// The record of a declared error's fields.
pub(crate) fn fields(heap: &Heap, error: u64) -> Result<u64, Fault> {
    heap.word(error, 3)
}

/// The timer of the deadline that passed.
pub(crate) fn deadline(heap: &Heap, error: u64) -> Result<u64, Fault> {
    heap.word(error, 10)
}

/// The name: a declared error's own, or its kind's.
pub(crate) fn name(env: Env<'_>, heap: &Heap, error: u64) -> Result<String, Fault> {
    if let Some(declared) = declared_id(heap, error)?.and_then(|id| env.program.plan().error(id)) {
        return Ok(declared.name.clone());
    }
    let kind = kind(heap, error)?;
    Ok(KINDS.iter().find(|(other, _)| *other == kind).map_or("error", |(_, name)| name).to_owned())
}

/// The kind of a name that is not a declared error's.
pub(crate) fn kind_named(name: &str) -> Option<Kind> {
    KINDS.iter().find(|(kind, known)| *known == name && *kind != Kind::Declared).map(|(kind, _)| *kind)
}

/// The number of a reason of `refused`.
pub(crate) fn refusal(reason: Refusal) -> u64 {
    match reason {
        Refusal::Connection => 1,
        Refusal::Name => 2,
        Refusal::Tls => 3,
        Refusal::Timeout => 4,
        Refusal::Setting => 5,
    }
}

/// The number of a reason of `unknown`.
pub(crate) fn unknown(reason: UnknownReason) -> u64 {
    match reason {
        UnknownReason::Timeout => 1,
        UnknownReason::Connection => 2,
        UnknownReason::Body => 3,
        UnknownReason::CutOff => 4,
        UnknownReason::Lost => 5,
    }
}

/// Whether a handler's `catch` names the error. Whether a deadline was set inside is for the machine to say.
pub(crate) fn is_caught(heap: &Heap, error: u64, catch: &Catch) -> Result<bool, Fault> {
    let (kind, reason) = (kind(heap, error)?, heap.word(error, 5)?);
    let is_refused =
        |reasons: &[Refusal]| kind == Kind::Refused && reasons.iter().any(|of| refusal(*of) == reason);
    let is_unknown =
        |reasons: &[UnknownReason]| kind == Kind::Unknown && reasons.iter().any(|of| unknown(*of) == reason);
    Ok(match catch {
        Catch::Any => kind != Kind::Cancelled,
        Catch::Finally => true,
        Catch::Error(id) => declared_id(heap, error)? == Some(*id),
        Catch::Http(from, to) => {
            let status = heap.word(error, 4)?;
            kind == Kind::Http && (u64::from(*from)..=u64::from(*to)).contains(&status)
        }
        Catch::Refused => kind == Kind::Refused,
        Catch::Unknown => kind == Kind::Unknown,
        Catch::Timeout => is_refused(&[Refusal::Timeout]) || is_unknown(&[UnknownReason::Timeout]),
        Catch::Connection => {
            is_refused(&[Refusal::Connection, Refusal::Name])
                || is_unknown(&[UnknownReason::Connection, UnknownReason::Body])
        }
        Catch::Decode => kind == Kind::Decode,
        Catch::Deadline => kind == Kind::Deadline,
        Catch::Arithmetic => kind == Kind::Arithmetic,
        Catch::Range => kind == Kind::Range,
        Catch::Cast => kind == Kind::Cast,
        Catch::Quorum => kind == Kind::Quorum,
        Catch::Limit => kind == Kind::Limit,
    })
}

/// An error as it leaves the machine.
pub(crate) fn raised(env: Env<'_>, heap: &mut Heap, error: u64) -> Raised {
    outward(env, heap, error, CHAIN_MAX, &mut { SHOWN_MAX })
        .unwrap_or_else(|_| unsayable((FunctionId(0), Target(0))))
}

/// What is said where nothing can be said for want of room.
pub(crate) fn unsayable(at: (FunctionId, Target)) -> Raised {
    Raised {
        name: "limit".to_owned(),
        declared: None,
        message: "the error can't be shown within the limits of the execution".to_owned(),
        fields: None,
        status: None,
        reason: 0,
        step: None,
        at,
        also: Vec::new(),
        because: None,
    }
}

fn outward(env: Env<'_>, heap: &mut Heap, error: u64, chain: u32, room: &mut u32) -> Result<Raised, Fault> {
    let narrow = |word: u64| u32::try_from(word).ok();
    let declared = declared_id(heap, error)?;
    let record = fields(heap, error)?;
    let of = declared.and_then(|id| env.program.plan().error(id)).filter(|_| record != NULL);
    let fields = match of {
        Some(of) => {
            let mut budget = Budget::default();
            Some(Wire::new(env, heap, &mut budget).encode(of.fields, &[record], Conditions::Taken)?)
        }
        None => None,
    };
    let step = match (narrow(heap.word(error, 6)?), heap.word(error, 7)?) {
        (Some(step), path) if path != NULL => Some((StepId(step), StepPath(heap.text(path)?.to_owned()))),
        _ => None,
    };
    let (because, siblings) = (heap.word(error, 11)?, heap.word(error, 12)?);
    let siblings = if siblings == NULL { Vec::new() } else { heap.items(siblings, 1)?.to_vec() };
    let mut also = Vec::new();
    let mut cause = None;
    let mut shown = |heap: &mut Heap, error: u64| match (chain.checked_sub(1), room.checked_sub(1)) {
        (Some(chain), Some(rest)) => {
            *room = rest;
            outward(env, heap, error, chain, room).map(Some)
        }
        _ => Ok(None),
    };
    if because != NULL {
        cause = shown(heap, because)?.map(Box::new);
    }
    for sibling in siblings {
        also.extend(shown(heap, sibling)?);
    }
    Ok(Raised {
        name: name(env, heap, error)?,
        declared,
        message: heap.text(message(heap, error)?)?.to_owned(),
        fields,
        status: u16::try_from(heap.word(error, 4)?).ok(),
        reason: u8::try_from(heap.word(error, 5)?).map_err(|_| Fault::Damaged)?,
        step,
        at: (
            FunctionId(narrow(heap.word(error, 8)?).ok_or(Fault::Damaged)?),
            Target(narrow(heap.word(error, 9)?).ok_or(Fault::Damaged)?),
        ),
        also,
        because: cause,
    })
}
