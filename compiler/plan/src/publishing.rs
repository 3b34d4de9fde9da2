//! What is declared around a workflow: where it is published, when it starts by itself, how well it should do. It is no part of what an execution does, and so
//! outside the hash: another route is no other plan.

use serde::{Deserialize, Serialize};

use crate::Method;

/// The declarations that name a workflow.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Publishing {
    /// The routes that start it.
    pub routes: Vec<Route>,
    /// The schedules that start it.
    pub schedules: Vec<Schedule>,
    /// How well it should do.
    pub objective: Option<Objective>,
}

/// A schedule that starts executions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// Its name.
    pub name: String,
    /// When, as five fields of cron.
    pub cron: String,
    /// The time zone.
    pub zone: String,
}

/// How well executions should do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Objective {
    /// How many of a hundred end well, digit by digit, and the time in microseconds that they are counted over.
    pub success: Option<(String, u64)>,
    /// Percentiles, and how long that many take at most, in microseconds.
    pub latencies: Vec<(u8, u64)>,
}

/// A route that starts executions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path, with its parameters in braces.
    pub path: String,
    /// How a request names the version, where it does.
    pub version: Option<VersionPlace>,
    /// Where each parameter of the workflow stands.
    pub params: Vec<(String, ParamPlace)>,
    /// How long a client waits for the result, in microseconds; `None` does not wait.
    pub sync_us: Option<u64>,
    /// Who may send requests.
    pub auth: Access,
    /// Requests in a time.
    pub rate: Option<ClientRate>,
    /// Requests in a longer time.
    pub quota: Option<ClientRate>,
    /// The statuses of errors, by name; of others it is 500.
    pub errors: Vec<(String, u16)>,
}

/// Where a request names the version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum VersionPlace {
    /// The first segment of the path.
    Path,
    /// A header of this name.
    Header(String),
    /// A query parameter of this name.
    Query(String),
    /// The media type.
    MediaType,
}

/// Where a parameter of a workflow stands in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ParamPlace {
    /// In the path.
    Path,
    /// In the query.
    Query,
    /// It is the body.
    Body,
}

/// Who may send requests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Access {
    /// Who has a token with these scopes.
    Jwt {
        /// The scopes, separated by blanks.
        scope: String,
    },
    /// Who has a key.
    Key,
    /// Everybody.
    Open,
}

/// Requests in a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientRate {
    /// How many.
    pub count: u64,
    /// In how many microseconds.
    pub per_us: u64,
    /// Whether each client has as many; all together otherwise.
    pub per_client: bool,
}
