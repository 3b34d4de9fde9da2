//! APIs, operations and retry policies, as the runtime needs them: numbers resolved, names only for people.

use serde::{Deserialize, Serialize};

use crate::{ApiId, ConfigId, ErrorId, FunctionId, RequestForm, TypeId};

/// A value that the process supplies at each attempt, or that stands in the source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Setting {
    /// A text from the source.
    Text(String),
    /// A configuration entry, read live.
    Config(ConfigId),
    /// Texts one after another.
    Joined(Vec<Setting>),
    /// A text that the call computes, by its place among the operation's.
    Computed(u16),
}

/// How an API's base URLs are chosen among.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Balance {
    /// Each in turn.
    RoundRobin,
}

/// Where a key travels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeyPlace {
    /// In the header of that name.
    Header(String),
    /// In the query parameter of that name.
    Query(String),
}

/// How requests are authenticated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Auth {
    /// `Authorization: Bearer …` (RFC 6750).
    Bearer(Setting),
    /// `Authorization: Basic …` (RFC 7617).
    Basic {
        /// The user.
        user: Setting,
        /// The password.
        password: Setting,
    },
    /// A key of the API's own.
    Key {
        /// Where it travels.
        place: KeyPlace,
        /// The key.
        key: Setting,
    },
}

/// A client-side limit on requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rate {
    /// How many requests.
    pub requests: u32,
    /// In how many microseconds.
    pub per_us: u64,
}

/// An API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Api {
    /// The name in source.
    pub name: String,
    /// The version.
    pub version: u32,
    /// The base URLs; an entry of list type stands for all its items.
    pub base: Vec<Setting>,
    /// How one is chosen.
    pub balance: Balance,
    /// How requests are authenticated.
    pub auth: Option<Auth>,
    /// The limit on connecting, in microseconds.
    pub connect_timeout_us: Option<u64>,
    /// The client-side rate limit.
    pub rate: Option<Rate>,
    /// How many calls are under way at once.
    pub concurrency: Option<u32>,
    /// Headers sent with every request.
    pub headers: Vec<(String, Setting)>,
}

/// An HTTP method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names are the methods")]
pub enum Method {
    Get,
    Head,
    Options,
    Put,
    Delete,
    Post,
    Patch,
}

impl Method {
    /// The method's token (RFC 9110, section 9).
    pub fn as_str(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Head => "HEAD",
            Method::Options => "OPTIONS",
            Method::Put => "PUT",
            Method::Delete => "DELETE",
            Method::Post => "POST",
            Method::Patch => "PATCH",
        }
    }
}

/// What sending a request twice may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum EffectClass {
    /// Changes nothing.
    Safe,
    /// Twice is as once.
    Idempotent,
    /// Sent at most once.
    Unsafe,
}

/// What makes a repeated request harmless.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Idempotency {
    /// Its nature; it needs no key and there is nothing to undo.
    Natural,
    /// A key in the header of that name, the same on every attempt.
    Header(String),
    /// A key in a field of the body, by the names on the wire.
    Field(Vec<String>),
}

/// A piece of a path template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PathPart {
    /// Text as it stands.
    Text(String),
    /// A parameter, by index; it is percent-encoded as one segment.
    Param(u16),
    /// A parameter, by index, that is the whole URL: an absolute link to where the API is. It stands alone.
    Link(u16),
}

/// Where a parameter travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Place {
    /// In the path.
    Path,
    /// In the query; a list repeats it, null leaves it out.
    Query,
    /// In a header; null leaves it out.
    Header,
    /// As the body.
    Body,
    /// Nowhere by itself: what the operation computes uses it.
    Unsent,
    /// As the whole URL, in place of path and query; null leaves both as they are. The operation's answer has given it.
    Next,
}

/// A parameter of an operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Param {
    /// The name in source.
    pub name: String,
    /// The name on the wire.
    pub wire: String,
    /// Where it travels.
    pub place: Place,
    /// Its type.
    pub ty: TypeId,
    /// A pure function from the value to bool that must hold before it is sent (`where`).
    pub check: Option<FunctionId>,
}

/// What becomes of an answer. Where statuses count as absent, the type is optional.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Response {
    /// Its body is ignored; the result is null.
    Ignored,
    /// The result is the body, of the type: see [`Types::body_form`](crate::Types::body_form).
    Body(TypeId),
    /// The result is a record of `body`, `headers` and `status`.
    Whole(TypeId),
    /// The result is a union tagged by status, whose cases are records of one field, `body`. The statuses stand in
    /// [`Operation::statuses`] too.
    ByStatus(TypeId),
    /// The result is a record of `body`, and of `next`: where the answer's header `Link` leads by `rel="next"`
    /// (RFC 8288), or null.
    Page(TypeId),
}

impl Response {
    /// The type of the result, where there is one.
    pub fn ty(self) -> Option<TypeId> {
        match self {
            Response::Ignored => None,
            Response::Body(ty) | Response::Whole(ty) | Response::ByStatus(ty) | Response::Page(ty) => {
                Some(ty)
            }
        }
    }
}

/// Statuses that a declaration names. What is named by itself comes before what is named by its class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Statuses {
    /// One.
    One(u16),
    /// All of a class, by its first digit.
    Class(u8),
}

impl Statuses {
    /// Whether a status is meant.
    pub fn cover(self, status: u16) -> bool {
        match self {
            Self::One(one) => one == status,
            Self::Class(class) => status / 100 == u16::from(class),
        }
    }
}

impl std::fmt::Display for Statuses {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::One(status) => write!(f, "{status}"),
            Self::Class(class) => write!(f, "{class}xx"),
        }
    }
}

/// An operation of an API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    /// The API.
    pub api: ApiId,
    /// The name in source.
    pub name: String,
    /// The method.
    pub method: Method,
    /// The path template.
    pub path: Vec<PathPart>,
    /// The parameters, in the order of the arguments.
    pub params: Vec<Param>,
    /// What becomes of the answer.
    pub response: Response,
    /// The statuses that the response declares, where it is a union of them.
    pub statuses: Vec<Statuses>,
    /// What sending it twice may do.
    pub class: EffectClass,
    /// What makes it idempotent beyond its method.
    pub idempotency: Option<Idempotency>,
    /// Statuses that raise declared errors, whose fields the body gives.
    pub raises: Vec<(Statuses, ErrorId)>,
    /// Statuses that make the result null.
    pub absent: Vec<Statuses>,
    /// Statuses that count as success when it undoes or is sent again.
    pub done: Vec<Statuses>,
    /// Further statuses that leave the outcome unknown.
    pub unknown_on: Vec<Statuses>,
    /// A flow function that settles an unknown outcome. Its parameters are those of the operation; it gives the
    /// result of the call that was done, or null where it was not. Where the answer is ignored, it gives whether it
    /// was done.
    pub confirm: Option<FunctionId>,
    /// A rate limit of its own.
    pub rate: Option<Rate>,
    /// How many of its calls are under way at once.
    pub concurrency: Option<u32>,
    /// Headers sent with it.
    pub headers: Vec<(String, Setting)>,
    /// What its requests have beside.
    pub form: RequestForm,
}

/// What a policy retries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RetryOn {
    /// Answers with a status in the range, both ends included.
    Status(u16, u16),
    /// Attempts that took too long.
    Timeout,
    /// Connections that failed or broke.
    Connection,
    /// Answers that do not fit their type.
    Decode,
    /// A declared error.
    Error(ErrorId),
}

/// How long a policy waits between attempts. Times in microseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Backoff {
    /// Not at all.
    None,
    /// Always as long.
    Fixed {
        /// The wait.
        delay_us: u64,
    },
    /// `initial × factor^(n-1)`, at most `max`; with full jitter, a random time up to that.
    Exponential {
        /// The first wait.
        initial_us: u64,
        /// The factor, in thousandths.
        factor_milli: u32,
        /// The longest wait.
        max_us: Option<u64>,
        /// Whether each wait is drawn from zero to its bound.
        jitter: bool,
    },
    /// `initial + step × (n-1)`, at most `max`.
    Linear {
        /// The first wait.
        initial_us: u64,
        /// What each further wait adds.
        step_us: u64,
        /// The longest wait.
        max_us: Option<u64>,
        /// Whether each wait is drawn from zero to its bound.
        jitter: bool,
    },
}

/// What happens when a policy has no attempt left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Exhausted {
    /// The call fails.
    Fail,
    /// The execution pauses for an operator.
    Pause,
}

/// A retry policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// The name in source.
    pub name: String,
    /// Attempts, the first one included; none is unlimited.
    pub attempts: Option<u32>,
    /// The waits between them.
    pub backoff: Backoff,
    /// What is retried.
    pub on: Vec<RetryOn>,
    /// The limit on all attempts together, in microseconds.
    pub within_us: Option<u64>,
    /// What happens at the end.
    pub exhausted: Exhausted,
    /// Whether `Retry-After` is obeyed (RFC 9110, section 10.2.3).
    pub respect_retry_after: bool,
}
