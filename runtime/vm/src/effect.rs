//! What goes out of the machine and what comes back: effects, completions, and the state between them.

use flow_plan::{ChildId, ErrorId, FunctionId, StepId, Target};
use serde::{Deserialize, Serialize};

/// The number of an effect. The machine counts them from 0 in a deterministic order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EffectId(pub u64);

/// What the machine asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effect {
    /// Its number, which the completion must name.
    pub id: EffectId,
    /// What is asked for.
    pub kind: EffectKind,
}

/// What can be asked for. Each but `Report`, `Log`, `Undo` and `Cancel` is answered by one completion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum EffectKind {
    /// Call an operation, under the step's policy.
    Call(CallEffect),
    /// Start a workflow as an execution, once for each path, and complete with what came of it, or at once where it
    /// is only started.
    Spawn(SpawnEffect),
    /// Complete with `Fired` after so many microseconds: a `sleep`, or a deadline.
    Timer {
        /// The time to pass, never negative.
        micros: u64,
    },
    /// Complete with `Fired` at a moment, in microseconds since 1970.
    TimerAt {
        /// The moment.
        timestamp: i64,
    },
    /// Complete with the time.
    Now,
    /// Complete with a UUID of version 7.
    Uuid,
    /// Complete with a random number in 0..1.
    Random,
    /// Complete with the day that it is in a time zone.
    Today {
        /// The zone's name, such as `Europe/Berlin`.
        zone: String,
    },
    /// Complete with a URL at which the callback is answered, once.
    Callback {
        /// The callback's number in this execution, from 0.
        number: u64,
        /// The instruction that makes it.
        at: (FunctionId, Target),
    },
    /// Show how far the execution has come.
    Report {
        /// A record, as JSON.
        json: Vec<u8>,
    },
    /// Write a line of the execution's log.
    Log {
        /// The line.
        text: String,
    },
    /// What a step has done is about to be undone: a child execution that has succeeded. Its result is nobody's any more.
    Undo {
        /// The step's place in this execution.
        path: StepPath,
    },
    /// The effect is no longer waited for: a timer is dropped without completion; a call between two attempts,
    /// or not yet sent, completes at once with what is known of it; one under way is awaited to the end of its
    /// present attempt; a child execution is cancelled, and awaited to its end.
    Cancel {
        /// The effect.
        effect: EffectId,
    },
}

/// A call of an operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallEffect {
    /// The step.
    pub step: StepId,
    /// The step's place in this execution, from which its idempotency key is made.
    pub path: StepPath,
    /// What is sent.
    pub request: Request,
    /// The timers whose firing ends the call: the deadlines around it. Their remaining time caps each attempt.
    pub deadlines: Vec<EffectId>,
    /// Whether the call undoes something: its `done` statuses then count as success.
    pub undoes: bool,
    /// Whether nothing around the execution cuts it off: it stands in an undo, a confirmation or a `finally`.
    pub shielded: bool,
    /// Where it goes on after it was confirmed that it was not done.
    pub resumes: Option<Again>,
}

/// Where a call goes on that was not done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Again {
    /// The attempts that have begun.
    pub attempts: u32,
    /// When the first one began, on the wall clock.
    pub first_us: Option<i64>,
    /// When the next one is due, on the wall clock.
    pub due_us: i64,
    /// Whether the policy is used up, and says that an operator is asked.
    pub exhausted: bool,
}

/// A child execution, or one that is only started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpawnEffect {
    /// The step.
    pub step: StepId,
    /// The workflow.
    pub child: ChildId,
    /// The step's place in this execution, from which the id of the new one is made.
    pub path: StepPath,
    /// The input, as JSON.
    pub input: Vec<u8>,
    /// The timers whose firing ends it: the deadlines around it. Their remaining time caps its attempts.
    pub deadlines: Vec<EffectId>,
    /// Whether it is only started.
    pub detached: bool,
    /// Whether the call undoes something.
    pub undoes: bool,
}

/// The step's place in the plan, with the counters of the loops and the branches around it: `4`, `4.2`,
/// `7/0/4`. It is the same whenever the same execution comes to the same call, and different for every other call.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct StepPath(pub String);

impl StepPath {
    /// The path of the step whose outcome is confirmed here, where one is.
    pub fn confirms(&self) -> Option<&str> {
        self.0.rsplit_once("/confirm").map(|(step, _)| step)
    }
}

/// The parts of a request that the machine makes; the rest stands in the table of the step's operation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// A text for each path parameter, in the order in which the template names them; not yet encoded.
    pub path: Vec<String>,
    /// Names and values of the query, not yet encoded.
    pub query: Vec<(String, String)>,
    /// Names and values of headers.
    pub headers: Vec<(String, String)>,
    /// The JSON body.
    pub body: Option<Vec<u8>>,
    /// The whole URL in place of path and query, where an earlier answer gave one.
    pub next: Option<String>,
    /// The texts that the operation computes from the arguments, in the order of its table.
    pub computed: Vec<String>,
}

/// The outcome of one effect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Completion {
    /// The effect.
    pub effect: EffectId,
    /// What came of it.
    pub result: Result,
}

/// What came of an effect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Result {
    /// Of a call, after all its attempts.
    Call(CallAnswer),
    /// Of a call whose outcome is unknown, and which may go on if it is confirmed that it was not done.
    Repeatable(CallAnswer, Again),
    /// Of a child execution at its end, or of one that is only started.
    Child(ChildAnswer),
    /// Of a timer.
    Fired,
    /// Microseconds since 1970.
    Now(i64),
    /// A UUID.
    Uuid([u8; 16]),
    /// The bits of a double in 0..1.
    Random(u64),
    /// Days since 1970; nothing where there is no such time zone.
    Today(Option<i32>),
    /// Of a callback.
    Callback {
        /// Its URL.
        url: String,
        /// A digest of the secret part of the URL, by which it is found again.
        digest: [u8; 32],
    },
}

/// What came of a child execution. One that is held has not ended: there is no answer yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ChildAnswer {
    /// It was only started: its id.
    Started(String),
    /// It has ended well, with the result as JSON.
    Done(Vec<u8>),
    /// It has ended with an error, and has undone what was to be undone.
    Failed(ChildError),
    /// It has ended well, with the result as JSON; another caller had begun it, and only that one undoes it.
    Joined(Vec<u8>),
}

/// The error that left a child execution, by what its parent can make of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChildError {
    /// Its name.
    pub name: String,
    /// The declared error, by its id in the child's plan.
    pub declared: Option<ErrorId>,
    /// What happened, in one phrase.
    pub message: String,
    /// The fields of a declared error, as JSON.
    pub fields: Option<Vec<u8>>,
    /// The status of an HTTP answer.
    pub status: Option<u16>,
    /// As of [`Raised::reason`].
    pub reason: u8,
}

impl From<&Raised> for ChildError {
    fn from(error: &Raised) -> Self {
        Self {
            name: error.name.clone(),
            declared: error.declared,
            message: error.message.clone(),
            fields: error.fields.clone(),
            status: error.status,
            reason: error.reason,
        }
    }
}

/// What is known of a call in the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CallAnswer {
    /// The last attempt was answered.
    Answered {
        /// The status.
        status: u16,
        /// The headers that the operation looks at, names in lower case.
        headers: Vec<(String, String)>,
        /// The body.
        body: Vec<u8>,
    },
    /// It surely never reached the server, in any attempt.
    Refused {
        /// Why.
        reason: Refusal,
        /// In words.
        message: String,
    },
    /// It may have reached the server, and there is no answer.
    Unknown {
        /// Why.
        reason: UnknownReason,
        /// In words.
        message: String,
    },
    /// It was cancelled, or its deadline passed, before any attempt was sent or after a definite failure.
    NotSent,
}

/// Why a request never reached the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Refusal {
    /// No connection: refused, unreachable, reset while connecting.
    Connection,
    /// The name was not resolved.
    Name,
    /// TLS failed.
    Tls,
    /// Connecting took too long.
    Timeout,
    /// The request could not be made: a setting is missing or malformed.
    Setting,
}

/// Why nothing is known of a request that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum UnknownReason {
    /// No answer in time.
    Timeout,
    /// The connection broke.
    Connection,
    /// The answer was larger than is read, or broke off.
    Body,
    /// The deadline around it cut it off, or it was cancelled under way.
    CutOff,
    /// The process died while it was under way, and it is not sent again.
    Lost,
}

/// What a start or a resumption gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The effects to perform, in order.
    pub effects: Vec<Effect>,
    /// Where the execution stands.
    pub status: Status,
}

/// Where an execution stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    /// Its fuel for this slice is used up: call `proceed`.
    Running,
    /// It waits for completions.
    Waiting,
    /// It has ended well, with the result as JSON.
    Done(Vec<u8>),
    /// It has ended with an error, and what was to be undone is undone.
    Failed(Failure),
    /// It is held until an operator settles a step.
    NeedsAttention(Attention),
}

/// How an execution failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The error that left the workflow.
    pub error: Raised,
    /// What was undone, in order.
    pub undone: Vec<Undone>,
}

/// Why an execution is held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attention {
    /// The error that was on its way out: none where the workflow has its result, and a branch that lost a race is to be
    /// settled.
    pub error: Option<Raised>,
    /// The workflow's result as JSON, where it has one.
    pub result: Option<Vec<u8>>,
    /// What was undone before, in order.
    pub undone: Vec<Undone>,
    /// The steps whose outcome is unknown, or whose undo failed.
    pub steps: Vec<Unsettled>,
}

impl Attention {
    /// Why it is held, as the end of a sentence.
    pub fn reason(&self) -> String {
        match &self.error {
            Some(error) => format!("after `{}`: {}", error.name, error.message),
            None => "with its result: what a branch that lost a race has done is not undone".to_owned(),
        }
    }
}

/// A step that an operator must settle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unsettled {
    /// The step.
    pub step: StepId,
    /// Its place in the execution.
    pub path: StepPath,
    /// The error of its undo, where that is what failed; otherwise its own outcome is unknown.
    pub undo_error: Option<Raised>,
}

/// A step that was undone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undone {
    /// The step; none for an `undo` statement.
    pub step: Option<StepId>,
    /// Its place in the execution.
    pub path: StepPath,
}

/// An error as it leaves the machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Raised {
    /// Its name: a declared error's, or one of `http`, `refused`, `unknown`, `decode`, `deadline`,
    /// `cancelled`, `arithmetic`, `range`, `cast`, `limit`, `quorum`.
    pub name: String,
    /// The declared error.
    pub declared: Option<ErrorId>,
    /// What happened, in one phrase.
    pub message: String,
    /// The fields of a declared error, as JSON.
    pub fields: Option<Vec<u8>>,
    /// The status of an HTTP answer.
    pub status: Option<u16>,
    /// Why a call was refused or is unknown, by the machine's own number; 0 for other errors.
    pub reason: u8,
    /// The step whose call raised it.
    pub step: Option<(StepId, StepPath)>,
    /// The instruction that raised it.
    pub at: (FunctionId, Target),
    /// The errors of sibling branches.
    pub also: Vec<Raised>,
    /// The error that it was raised because of.
    pub because: Option<Box<Raised>>,
}
