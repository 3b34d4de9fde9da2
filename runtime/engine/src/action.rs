//! What a driver is told, and what it asks for.

use std::sync::{Arc, Mutex};

use flow_http::{Exchange, HttpRequest, Limits, Settings, Ticket};
use flow_journal::{ExecutionId, Parent, Record, Sealer};
use flow_plan::{FunctionId, OperationId, Target};
use flow_vm::{CallEffect, EffectId, Program, SignalRefusal};

use crate::{Event, Now, Outcome, Random, Report};

/// What is told to a driver. It does nothing by itself.
#[derive(Clone, Debug)]
pub enum Input {
    /// Go on after [`Action::Yield`].
    Proceed,
    /// An attempt has ended.
    Answered {
        /// Which.
        attempt: AttemptId,
        /// How.
        exchange: Exchange,
    },
    /// A call that waits until fewer are under way may go on.
    Admitted(EffectId),
    /// A timer is due.
    Fired(TimerId),
    /// Something is known of a child execution.
    Child {
        /// The step's effect.
        effect: EffectId,
        /// What.
        news: ChildNews,
    },
    /// Cancel the execution: it ends with error `cancelled` after its undos.
    Cancel,
    /// Take in what comes from outside, and answer with [`Action::Reply`].
    Deliver(Delivery),
}

/// What comes from outside.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The number by which the reply names it.
    pub number: u64,
    /// For whom it is.
    pub to: Address,
    /// A value, as JSON.
    pub json: Vec<u8>,
}

/// For whom it is that something comes from outside.
#[derive(Clone, Debug)]
pub enum Address {
    /// The signal of that name.
    Signal(String),
    /// The callback with that token: the secret part of its URL.
    Callback(String),
}

/// What a driver asks for. The actions of one answer are performed in order; in particular nothing after a
/// [`Action::Commit`] is performed before its records are durable.
#[derive(Clone, Debug)]
pub enum Action {
    /// Make these records durable.
    Commit(Vec<Record>),
    /// Send a request, and tell what came of it.
    Send(Box<Sending>),
    /// Start a child execution, or go on with it where it was started before, and tell what becomes of it.
    Spawn(Box<Spawning>),
    /// Tell a child execution to cancel. One that was not started is not started any more; one that another caller has
    /// begun is waited for no longer.
    CancelChild(EffectId),
    /// Give the key free that an execution has, if it has one: what it did is being undone. Durable like a commit.
    Release(ExecutionId),
    /// Tell calls that wait until fewer are under way, of this execution or of others, that they may go on.
    Admit(Vec<Ticket>),
    /// Tell when the monotonic clock shows this time.
    SetTimer {
        /// The timer; one that is set already is moved.
        timer: TimerId,
        /// The time, in microseconds.
        at_us: u64,
    },
    /// Forget a timer.
    ClearTimer(TimerId),
    /// Show this to whoever watches.
    Show(Event),
    /// Tell whoever sent something whether it was taken. If it was, that is durable.
    Reply {
        /// The number of the delivery.
        number: u64,
        /// Whether it was taken.
        result: Result<(), SignalRefusal>,
    },
    /// It is busy: let others run, then tell what has become due meanwhile, or to proceed where nothing has. It
    /// stands in each answer while the driver is busy, also in that to a timer or a command.
    Yield,
    /// The execution has ended, or is held. Nothing follows.
    End(Box<Outcome>),
}

/// One attempt, ready to be sent.
#[derive(Clone, Debug)]
pub struct Sending {
    /// The execution.
    pub execution: ExecutionId,
    /// The attempt.
    pub attempt: AttemptId,
    /// The call that it belongs to.
    pub call: Arc<CallEffect>,
    /// The operation that is called.
    pub operation: OperationId,
    /// The program whose tables say what that is.
    pub program: Arc<Program>,
    /// The request.
    pub request: HttpRequest,
}

/// A child execution, ready to be started.
#[derive(Clone, Debug)]
pub struct Spawning {
    /// The step's effect.
    pub effect: EffectId,
    /// Its id: the same whenever the same step starts it.
    pub execution: ExecutionId,
    /// Its program.
    pub program: Arc<Program>,
    /// Its input, as JSON.
    pub input: Vec<u8>,
    /// Who starts it, and whether it is waited for.
    pub parent: Parent,
    /// The deadline around it, on the wall clock: its attempts take no longer.
    pub deadline_us: Option<i64>,
    /// The execution that is waited for in its place, where one with its key had begun: [`ChildNews::Joined`].
    pub joined: Option<ExecutionId>,
    /// Whether it is cancelled: one that was not started is not started any more.
    pub cancelled: bool,
}

/// What is known of a child execution.
#[derive(Clone, Debug)]
pub enum ChildNews {
    /// It was only started, and goes its own way.
    Started,
    /// It was not started: another caller has begun one with the same key and the same input. Once that is written
    /// down, it is asked to be waited for.
    Joined {
        /// That one.
        execution: ExecutionId,
    },
    /// It has ended, or is held.
    Ended(Box<Report>),
    /// It was not started, and will not be.
    Never {
        /// The name of the error that its parent is given.
        error: &'static str,
        /// In words.
        message: String,
    },
    /// It cannot go on before somebody has mended a cause.
    Held {
        /// The cause.
        reason: String,
    },
}

/// One attempt of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttemptId {
    /// The call.
    pub effect: EffectId,
    /// The number of the attempt, from 1.
    pub number: u32,
}

/// A timer of a driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TimerId {
    /// A sleep or a deadline of the workflow. These come first where several are due at once: a deadline that is
    /// due together with the attempt that it limits is the cause, not the consequence.
    Effect(EffectId),
    /// The wait before an attempt of a call.
    Attempt(EffectId),
}

/// What a driver may look at while it decides.
pub struct Context<'a> {
    /// Both clocks.
    pub now: Now,
    /// Chance.
    pub random: &'a mut dyn Random,
    /// The limits that all executions of the process share.
    pub limits: &'a Mutex<Limits>,
    /// The process's present values of the plan's configuration.
    pub settings: &'a Settings,
    /// What seals records with secrets in them, and opens them.
    pub sealer: &'a Sealer,
    /// Where callbacks are answered: their URLs begin with it.
    pub callbacks: &'a str,
    /// Where the callbacks that are made are noted, for who answers them itself.
    pub made: Option<&'a mut Vec<MadeCallback>>,
}

/// A callback that an execution has made.
#[derive(Clone, Debug)]
pub struct MadeCallback {
    /// The execution.
    pub execution: ExecutionId,
    /// The instruction that made it.
    pub at: (FunctionId, Target),
    /// The secret part of its URL.
    pub token: String,
}
