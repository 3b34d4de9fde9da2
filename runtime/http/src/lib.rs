//! The API client: how one HTTP call is made well, and when it is made again.
//!
//! In: the tables of a plan, the values that a step computed, this process's settings. Out: a [`Draft`] that can
//! be written down before it is sent, the complete [`HttpRequest`] of each attempt, an [`Exchange`] that says for
//! sure whether a request that failed can have reached the server, and the [`retry::decide`]d next move.
//!
//! All decisions are pure functions: time and random numbers are passed in. Only [`ReqwestNet`] touches the
//! network; everything else sees the [`Net`] seam.
//!
//! Left to others: the order of writing down and sending, timers, what a failed call means for a workflow (the
//! engine and the machine). Start reading at [`Draft`], then [`retry`], then [`Net`].

mod address;
mod backoff;
mod budget;
mod classify;
mod client;
mod departure;
mod deprecation;
mod draft;
mod encode;
mod fill;
mod gate;
mod limits;
mod link;
mod message;
mod net;
mod next_page;
mod rate;
mod redact;
mod resolve;
pub mod retry;
mod retry_after;
mod secret;
mod settings;
mod splice;

pub use address::is_private;
pub use backoff::{WAIT_MAX_US, backoff_us};
pub use budget::RetryBudget;
pub use client::{BODY_MAX, NetOptions, ReqwestNet, SetupError};
pub use deprecation::Deprecation;
pub use draft::{Draft, Field, Parts};
pub use fill::Attempt;
pub use gate::Ticket;
pub use limits::Limits;
pub use message::{Exchange, HeaderLine, HttpRequest, HttpResponse, NetError, NotSent, Timings, Unanswered};
pub use net::{Net, Pending};
pub use next_page::next_page;
pub use rate::RateLimit;
pub use redact::Redactor;
pub use retry_after::retry_after_us;
pub use secret::{Secret, SecretSource};
pub use settings::{Settings, Value};
