//! APIs and their operations.

use std::sync::Arc;

use flow_source::Span;

use crate::{
    ApiId, Constraint, ErrorRef, ExprId, LocalId, Name, OperationId, RetryRef, Spanned, StatusPattern,
    TypeRef,
};

/// One version of an `api`.
#[derive(Clone, Debug)]
pub struct Api {
    /// The API's name.
    pub name: Name,
    /// Its version; 1 where none stands.
    pub version: u32,
    /// Its documentation.
    pub docs: Option<String>,
    /// One URL, or a list of them.
    pub base: Option<ExprId>,
    /// How requests are authenticated.
    pub auth: Option<Auth>,
    /// The longest time of one attempt, a duration.
    pub timeout: Option<ExprId>,
    /// The policy of operations that have none of their own.
    pub retry: Option<RetryRef>,
    /// How many requests in how much time.
    pub rate: Option<ApiRate>,
    /// How many calls are under way at once.
    pub concurrency: Option<Spanned<u64>>,
    /// Fixed or computed headers: name and value.
    pub headers: Vec<(Name, ExprId)>,
    /// How the version travels.
    pub version_travel: Option<Spanned<VersionTravel>>,
    /// The longest time until the request goes out, a duration.
    pub connect_timeout: Option<ExprId>,
    /// The media type that is asked for.
    pub accept: Option<Spanned<Arc<str>>>,
    /// The media type of bodies.
    pub content: Option<Spanned<Arc<str>>>,
    /// Why and for what it should no longer be used.
    pub deprecated: Option<Spanned<Arc<str>>>,
    /// The day from which it is no longer there.
    pub sunset: Option<Spanned<Arc<str>>>,
    /// Its operations, in the order of the text.
    pub operations: Vec<OperationId>,
    /// `api name vN`.
    pub head: Span,
    /// The whole declaration.
    pub span: Span,
}

/// How the version of an API is told to the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VersionTravel {
    /// As the first segment of the path, `v2`.
    Path,
    /// In a header of this name.
    Header(Arc<str>),
    /// In a query parameter of this name.
    Query(Arc<str>),
    /// In the media type.
    MediaType,
}

/// `auth: …`. The expressions may be secret.
#[derive(Clone, Debug)]
pub enum Auth {
    /// `bearer(token)`.
    Bearer {
        /// The token.
        token: ExprId,
        /// The whole property value.
        span: Span,
    },
    /// `basic(user, password)`.
    Basic {
        /// The user.
        user: ExprId,
        /// The password.
        password: ExprId,
        /// The whole property value.
        span: Span,
    },
    /// `key(header("X"), value)`.
    KeyHeader {
        /// The header's name.
        name: Name,
        /// The key.
        value: ExprId,
        /// The whole property value.
        span: Span,
    },
    /// `key(query("k"), value)`.
    KeyQuery {
        /// The query parameter's name.
        name: Name,
        /// The key.
        value: ExprId,
        /// The whole property value.
        span: Span,
    },
}

/// `50 per 1s`.
#[derive(Clone, Debug)]
pub struct ApiRate {
    /// How many requests.
    pub count: Spanned<u64>,
    /// In this time, in microseconds.
    pub per_us: Spanned<i64>,
}

/// HTTP methods.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// GET.
    Get,
    /// HEAD.
    Head,
    /// OPTIONS.
    Options,
    /// POST.
    Post,
    /// PUT.
    Put,
    /// PATCH.
    Patch,
    /// DELETE.
    Delete,
}

impl Method {
    /// As it stands in source: `get`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Head => "head",
            Self::Options => "options",
            Self::Post => "post",
            Self::Put => "put",
            Self::Patch => "patch",
            Self::Delete => "delete",
        }
    }
}

/// An operation of an API.
#[derive(Clone, Debug)]
pub struct Operation {
    /// The API that it belongs to.
    pub api: ApiId,
    /// The operation's name.
    pub name: Name,
    /// Its documentation.
    pub docs: Option<String>,
    /// Its HTTP method.
    pub method: Spanned<Method>,
    /// The path template, cut at its parameters.
    pub path: Vec<PathPart>,
    /// The path template as written, without quotes.
    pub path_text: Spanned<Arc<str>>,
    /// Its parameters, in the order of the text.
    pub params: Vec<OperationParam>,
    /// The type of a successful answer's body; without one the body is ignored.
    pub response: Option<TypeRef>,
    /// What of an answer the response's type is of.
    pub response_form: ResponseForm,
    /// Authentication in place of the API's.
    pub auth: Option<Auth>,
    /// The longest time of one attempt, a duration.
    pub timeout: Option<ExprId>,
    /// The retry policy in place of the API's.
    pub retry: Option<RetryRef>,
    /// A rate of its own.
    pub rate: Option<ApiRate>,
    /// How many of its calls are under way at once.
    pub concurrency: Option<Spanned<u64>>,
    /// How repeated requests are kept from taking effect twice.
    pub idempotency: Option<Spanned<Idempotency>>,
    /// Statuses that are declared errors.
    pub raises: Vec<Raise>,
    /// What undoes it.
    pub undo: Option<UndoClause>,
    /// Statuses that count as success when it undoes or is re-sent.
    pub done: Option<StatusList>,
    /// The safe call that settles an unknown outcome.
    pub confirm: Option<UndoCall>,
    /// More statuses that leave the outcome unknown.
    pub unknown_on: Option<StatusList>,
    /// Statuses that make the result null.
    pub absent: Option<StatusList>,
    /// How the pages of its answers follow each other.
    pub paginate: Option<Spanned<Paginate>>,
    /// Fixed or computed headers; the values see the parameters.
    pub headers: Vec<(Name, ExprId)>,
    /// The longest time until the request goes out, a duration.
    pub connect_timeout: Option<ExprId>,
    /// The media type that is asked for.
    pub accept: Option<Spanned<Arc<str>>>,
    /// The media type of bodies.
    pub content: Option<Spanned<Arc<str>>>,
    /// Why and for what it should no longer be used.
    pub deprecated: Option<Spanned<Arc<str>>>,
    /// The day from which it is no longer there.
    pub sunset: Option<Spanned<Arc<str>>>,
    /// Everything before the property block.
    pub head: Span,
    /// The whole declaration.
    pub span: Span,
}

/// `[404, 4xx]`.
pub type StatusList = Spanned<Vec<Spanned<StatusPattern>>>;

/// What of an answer the type of a response describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponseForm {
    /// `-> T`: the body.
    Body,
    /// `-> response<T>`: status, headers and body, as a record.
    Whole,
    /// `-> { 201: T, 200: U }`: the body by its status, as a union.
    ByStatus,
}

/// A piece of a path template.
#[derive(Clone, Debug)]
pub enum PathPart {
    /// Fixed text, sent as it stands.
    Text(Arc<str>),
    /// A parameter, by its position in [`Operation::params`]; percent-encoded.
    Param(usize),
    /// A parameter that is the whole URL.
    Link(usize),
}

/// Where a parameter travels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParamPlace {
    /// In the path.
    Path,
    /// In the query, under this name.
    Query(Arc<str>),
    /// In the header of this name.
    Header(Arc<str>),
    /// As the body.
    Body,
    /// Nowhere by itself: a secret that the operation's `auth` or `headers` use.
    Unsent,
}

/// A parameter of an operation.
#[derive(Clone, Debug)]
pub struct OperationParam {
    /// The name that `undo`, `confirm`, computed keys and headers see.
    pub local: LocalId,
    /// Its name.
    pub name: Name,
    /// Its documentation.
    pub docs: Option<String>,
    /// Where it travels.
    pub place: ParamPlace,
    /// Its type.
    pub ty: TypeRef,
    /// The condition that an argument must fulfil.
    pub constraint: Option<Constraint>,
    /// The value where no argument is given.
    pub default: Option<ExprId>,
    /// The whole parameter.
    pub span: Span,
}

/// `idempotency: …`.
#[derive(Clone, Debug)]
pub enum Idempotency {
    /// Twice changes nothing more than once, and there is nothing to undo.
    Natural,
    /// A key in a header.
    Header {
        /// The header's name.
        name: Arc<str>,
        /// The author's own key, a string that sees the parameters; otherwise the runtime makes one.
        key: Option<ExprId>,
    },
    /// A key in a field of the body.
    Field {
        /// The path to the field.
        path: Vec<Name>,
        /// The author's own key.
        key: Option<ExprId>,
    },
}

/// `paginate: …`. Paths lead from the result of a call to a part of it, by the names of fields.
#[derive(Clone, Debug)]
pub enum Paginate {
    /// `cursor { from: next, to: cursor, items: items }`: each answer has what the next request is to send.
    Cursor {
        /// The way to the next cursor.
        from: Vec<Name>,
        /// The parameter that takes it.
        to: Name,
        /// The way to the list; without one the result is the list.
        items: Option<Vec<Name>>,
    },
    /// `offset { limit, offset }`: the next request says how many items came before.
    Offset {
        /// The parameter that takes how many items a page has.
        limit: Name,
        /// The parameter that takes how many came before.
        offset: Name,
        /// The way to the list.
        items: Option<Vec<Name>>,
    },
    /// `link`: the header `Link` of an answer leads to the next page (RFC 8288).
    Link {
        /// The way to the list.
        items: Option<Vec<Name>>,
    },
}

/// `409: OutOfStock` in `raises`.
#[derive(Clone, Debug)]
pub struct Raise {
    /// The status or class.
    pub status: Spanned<StatusPattern>,
    /// The error; its fields are decoded from the body.
    pub error: Spanned<ErrorRef>,
}

/// `undo: …`.
#[derive(Clone, Debug)]
pub enum UndoClause {
    /// A call, typed from `result` and the arguments.
    Call(UndoCall),
    /// `none`: nothing to undo here.
    None(Span),
    /// `irreversible`.
    Irreversible(Span),
}

/// A call that stands in a declaration: it sees `result`, `cause`, and the parameters of the operation or the
/// workflow by their locals.
#[derive(Clone, Debug)]
pub struct UndoCall {
    /// The result of the step; not bound in `confirm`.
    pub result: Option<LocalId>,
    /// The error that caused the undo; not bound in `confirm`.
    pub cause: Option<LocalId>,
    /// An [`ExprKind::CallOperation`](crate::ExprKind::CallOperation); in the head of a workflow also an
    /// [`ExprKind::CallWorkflow`](crate::ExprKind::CallWorkflow).
    pub call: ExprId,
    /// The property's value.
    pub span: Span,
}
