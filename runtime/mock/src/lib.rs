//! Mocks: the declared APIs of plans, played by real HTTP servers on this machine.
//!
//! In: loaded plans, and what the operations are told to do. Out: base URLs to take the place of the declared
//! ones, one readable line for each request, and counts of what was seen. Answers are typed sample data: stable
//! by seed, fit for the declared conditions, and echoing what the request said. A repeated idempotency key gives
//! the first answer again and has no second effect, as with a real service; statuses, dropped and reset
//! connections, timeouts and delays come when told ([`Failure`]).
//!
//! Left to others: TLS, HTTP/2, authentication (no credential is asked for or looked at), and what a call means
//! for a workflow. Values are checked by the machine's own codec. Start reading at [`Mock`], then `reply`.

mod calls;
mod error;
mod failure;
mod mock;
mod name;
mod options;
mod pages;

mod answer;
mod api;
mod candidates;
mod effect;
mod given;
mod json;
mod limits;
mod listener;
mod memory;
mod moment;
mod problem;
mod reply;
mod route;
mod sample;
mod service;
mod sources;
mod words;

pub use calls::{Calls, OperationCalls};
pub use error::{ParseError, StartError};
pub use failure::{Failure, FailureKind, FailureStep};
pub use mock::{BaseUrl, Mock};
pub use name::OperationName;
pub use options::{Answer, Log, Options};
pub use sample::sample;
