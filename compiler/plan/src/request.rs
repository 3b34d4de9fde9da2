//! What an operation's requests have beside their parameters.

use serde::{Deserialize, Serialize};

use crate::{Auth, FunctionId};

/// The most levels of [`Setting::Joined`](crate::Setting::Joined) inside each other.
pub(crate) const JOINED_DEPTH_MAX: usize = 8;

/// What an operation's requests have beside their parameters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestForm {
    /// How they are authenticated, in place of the API's way.
    pub auth: Option<Auth>,
    /// Names and values of the query that are the same in every call.
    pub query: Vec<(String, String)>,
    /// The media type that is asked for, where it is not the response's own.
    pub accept: Option<String>,
    /// The media type of the body, where it is not plain JSON.
    pub content: Option<String>,
    /// Texts that a call computes from its arguments: pure functions that take all arguments.
    pub computed: Vec<FunctionId>,
    /// The idempotency key, by its place among the computed texts; without one it is made of the execution and
    /// the step.
    pub key: Option<u16>,
    /// The limit on connecting, in microseconds, in place of the API's.
    pub connect_timeout_us: Option<u64>,
    /// How the pages of the answers follow each other: for people, and for mocks.
    pub pages: Option<Pages>,
}

/// How the pages of an operation follow each other. Parameters stand by their indices, ways by the names of fields on
/// the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Pages {
    /// An answer has what the next request is to send.
    Cursor {
        /// The parameter that takes it.
        param: u16,
        /// The way to it in the body.
        from: Vec<String>,
        /// The way to the items in the body.
        items: Vec<String>,
    },
    /// A request says how many items came before.
    Offset {
        /// The parameter that takes how many items a page has.
        limit: u16,
        /// The parameter that takes how many came before.
        param: u16,
        /// The way to the items in the body.
        items: Vec<String>,
    },
    /// The answer's header `Link` leads on.
    Link,
}
