//! What is declared around workflows: `publish`, `schedule` and `objective`.

use std::sync::Arc;

use flow_source::Span;

use crate::{ApiRate, ErrorRef, ExprId, Method, Name, Spanned, VersionTravel, WorkflowId};

/// `publish name@v1 at post "/orders" { … }`.
#[derive(Clone, Debug)]
pub struct Publication {
    /// The workflow's name, as it is written here.
    pub name: Name,
    /// The versions that are published, each with its place; none where that was a mistake.
    pub workflows: Vec<(WorkflowId, Span)>,
    /// The method.
    pub method: Spanned<Method>,
    /// The path, segment by segment, without the `/` before each.
    pub path: Vec<RouteSegment>,
    /// The path as written.
    pub path_text: Spanned<Arc<str>>,
    /// How a request is answered; at once where nothing is said.
    pub mode: Option<Spanned<PublishMode>>,
    /// Who may send requests.
    pub auth: Option<Spanned<PublishAuth>>,
    /// Requests in a time.
    pub rate: Option<ClientRate>,
    /// Requests in a longer time.
    pub quota: Option<ClientRate>,
    /// How the version travels.
    pub version_travel: Option<Spanned<VersionTravel>>,
    /// Statuses of errors.
    pub errors: Vec<ErrorStatus>,
    /// The value of `errors`, where it stands.
    pub errors_span: Option<Span>,
    /// Whether `errors` has an entry that was not understood, which has been reported.
    pub errors_misread: bool,
    /// Where a further property would stand: after the last one, or after `{`. None where there is no block.
    pub end: Option<Span>,
    /// Whether a property was not understood: what seems to lack may be it.
    pub misread: bool,
    /// From `publish` to the end of the path.
    pub head: Span,
}

/// A segment of a route's path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteSegment {
    /// The text before the parameter, or all of it.
    pub before: String,
    /// The parameter, with the text after it.
    pub param: Option<(RouteParam, String)>,
}

/// A parameter in a route's path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteParam {
    /// Its name.
    pub name: Arc<str>,
    /// Where it stands.
    pub span: Span,
}

/// How a request that starts an execution is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PublishMode {
    /// With 202, as soon as the execution is recorded.
    Async,
    /// With the result, where it is there within this duration; with 202 otherwise.
    Sync(ExprId),
}

/// Who may send requests to what is published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublishAuth {
    /// Who has a JSON Web Token with these scopes, separated by blanks.
    Jwt(Spanned<Arc<str>>),
    /// Who has a key.
    Key,
    /// Everybody.
    Open,
}

/// `100 per 1m per client`.
#[derive(Clone, Debug)]
pub struct ClientRate {
    /// How many in how long.
    pub rate: ApiRate,
    /// Whether each client has as many; all together otherwise.
    pub per_client: bool,
}

/// `Declined: 402`.
#[derive(Clone, Copy, Debug)]
pub struct ErrorStatus {
    /// The error.
    pub error: Spanned<ErrorRef>,
    /// The status.
    pub status: Spanned<u16>,
}

/// `schedule name cron "0 2 * * *" zone "Europe/Berlin" { call }`.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// Its name.
    pub name: Name,
    /// When, as written.
    pub cron: FixedText,
    /// The time zone; UTC where none stands.
    pub zone: Option<FixedText>,
    /// What is started: an [`ExprKind::Block`](crate::ExprKind::Block).
    pub body: ExprId,
    /// From `schedule` to the body.
    pub head: Span,
}

/// A text that means something by itself, and whose characters have places.
#[derive(Clone, Debug)]
pub struct FixedText {
    /// The text.
    pub text: Arc<str>,
    /// Where it is written, with its quotes.
    pub span: Span,
    /// The place of its first character, where each byte of the text is one of the source.
    pub start: Option<u32>,
}

impl FixedText {
    /// The place of some of its bytes; all of it where they have no place of their own.
    pub fn part(&self, range: std::ops::Range<usize>) -> Span {
        let (Some(first), Ok(start), Ok(end)) =
            (self.start, u32::try_from(range.start), u32::try_from(range.end))
        else {
            return self.span;
        };
        Span::new(self.span.file, first.saturating_add(start), first.saturating_add(end))
    }
}

/// `objective name { success: 99.5% over 30d, p95: 2s }`.
#[derive(Clone, Debug)]
pub struct Objective {
    /// The workflow's name, of all of its versions.
    pub name: Name,
    /// The versions of the workflow that there are.
    pub workflows: Vec<WorkflowId>,
    /// How many executions end well.
    pub success: Option<Success>,
    /// How long that many of a hundred executions take at most: the percentile, and a duration.
    pub latencies: Vec<(Spanned<u8>, ExprId)>,
    /// Whether a property was not understood: what seems to lack may be it.
    pub misread: bool,
    /// From `objective` to the braces.
    pub head: Span,
}

/// `99.5% over 30d`.
#[derive(Clone, Debug)]
pub struct Success {
    /// The number before `%`, digit by digit.
    pub percent: Spanned<Arc<str>>,
    /// The time that executions are counted over, a duration.
    pub window: ExprId,
}
