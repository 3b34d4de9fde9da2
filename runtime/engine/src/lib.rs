//! The engine: drives executions. It knows what is written down before what is done.
//!
//! In: a loaded [`Program`](flow_vm::Program), an input, the process's settings. Out: requests, timers, records,
//! events as they happen, and a [`Report`] at the end.
//!
//! All decisions are in [`Driver`]: it performs nothing, and answers each [`Input`] with the [`Action`]s to perform,
//! in order. Two shells perform them: [`Engine`] on tokio with a real network and store, and [`Simulation`] on
//! virtual time with a network that is a function, for `flow test` and for tests of the engine itself, crashes
//! included. Outside the seams ([`Clock`], [`Random`], [`flow_http::Net`], [`flow_journal::Store`]) everything is a
//! deterministic function of its inputs.
//!
//! Left to others: what a call or an error means (the machine), how a request is made well (`flow-http`), how records
//! are kept (`flow-journal`). Start reading at [`Driver`], then [`Action`].

mod action;
mod clock;
mod driver;
mod engine;
mod event;
mod key;
mod mask;
mod outcome;
mod random;
mod settings;
mod simulation;
mod zone;

pub use action::{
    Action, Address, AttemptId, ChildNews, Context, Delivery, Input, MadeCallback, Sending, Spawning, TimerId,
};
pub use clock::{Clock, Now, SystemClock};
pub use driver::{Beginning, Driver, RecoverError};
pub use engine::{
    Begun, Canceller, Engine, EngineError, Handle, Parts, RecoverFailure, SignalError, StartError, Watcher,
};
pub use event::{CallName, Delay, Event, EventKind, Retry};
pub use key::{child_execution, idempotency_key};
pub use outcome::{AttemptReport, AttemptResult, Outcome, Report, StepReport};
pub use random::{Random, SeededRandom, SystemRandom};
pub use settings::{Configured, Given, Resolved, SettingError, resolve};
pub use simulation::{Answer, Common, CrashPoint, Dying, NotStarted, Run, Simulation, Standing, run_virtual};
