//! Requests and answers as plain data, and what can go wrong between them.

use std::{fmt, time::Duration};

use bytes::Bytes;
use flow_plan::Method;

/// One request, ready to be sent: complete with its authentication, so it is never written down.
#[derive(Clone)]
pub struct HttpRequest {
    /// The method.
    pub method: Method,
    /// The absolute URL, encoded.
    pub url: String,
    /// The headers.
    pub headers: Vec<HeaderLine>,
    /// The body.
    pub body: Option<Bytes>,
    /// The limit on the whole attempt: connecting, sending, waiting, reading.
    pub timeout: Duration,
    /// The limit on the time until the request goes out.
    pub connect_timeout: Option<Duration>,
}

/// One header line of a request.
#[derive(Clone)]
pub struct HeaderLine {
    /// The name.
    pub name: String,
    /// The value.
    pub value: String,
    /// Whether the value is or contains a secret.
    pub sensitive: bool,
}

impl HttpRequest {
    /// The value of a header, by its name in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|line| line.name.eq_ignore_ascii_case(name)).map(|line| line.value.as_str())
    }
}

/// The query may carry a key and the headers a token, so neither is shown.
impl fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = self.url.split('?').next().unwrap_or_default();
        let names: Vec<&str> = self.headers.iter().map(|line| line.name.as_str()).collect();
        f.debug_struct("HttpRequest")
            .field("method", &self.method.as_str())
            .field("url", &url)
            .field("headers", &names)
            .field("body_bytes", &self.body.as_ref().map(Bytes::len))
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for HeaderLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.sensitive {
            write!(f, "{}: (hidden)", self.name)
        } else {
            write!(f, "{}: {}", self.name, self.value)
        }
    }
}

/// An answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HttpResponse {
    /// The status.
    pub status: u16,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, as far as it was read.
    pub body: Bytes,
    /// Why the body is not whole, where it is not. The status holds all the same.
    pub cut: Option<(Unanswered, String)>,
}

impl HttpResponse {
    /// An answer of a status and a body.
    pub fn new(status: u16, body: impl Into<Bytes>) -> Self {
        Self { status, headers: Vec::new(), body: body.into(), cut: None }
    }

    /// The same with one more header.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_ascii_lowercase(), value.to_owned()));
        self
    }

    /// The value of a header, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }
}

/// Why there is no answer. The one question that matters for what may be done next is whether the request can
/// have reached the server, so it is the first distinction.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NetError {
    /// Not one byte of the request went out.
    #[error("{message}")]
    NotSent {
        /// Why.
        reason: NotSent,
        /// In words, without secrets.
        message: String,
    },
    /// The request, or a part of it, went out.
    #[error("{message}")]
    Unanswered {
        /// Why there is no answer.
        reason: Unanswered,
        /// In words, without secrets.
        message: String,
    },
}

impl NetError {
    /// A request that surely did not go out.
    pub fn not_sent(reason: NotSent, message: impl Into<String>) -> Self {
        Self::NotSent { reason, message: message.into() }
    }

    /// A request that may have reached the server.
    pub fn unanswered(reason: Unanswered, message: impl Into<String>) -> Self {
        Self::Unanswered { reason, message: message.into() }
    }

    pub(crate) fn setting(message: impl Into<String>) -> Self {
        Self::not_sent(NotSent::Setting, message)
    }
}

/// Why a request was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NotSent {
    /// No connection: refused, unreachable, broken while connecting.
    Connection,
    /// The name was not resolved.
    Name,
    /// TLS failed: a certificate that does not hold, or no TLS at all.
    Tls,
    /// Connecting took too long.
    Timeout,
    /// A secret that it needs cannot be read.
    Secret,
    /// The request could not be made: a setting is missing or malformed, or its address is not permitted.
    Setting,
}

/// Why there is no answer to a request that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unanswered {
    /// It took too long.
    Timeout,
    /// The connection broke before the answer began.
    Connection,
    /// The answer broke off.
    Broken,
    /// The answer is larger than is read.
    TooLarge,
}

/// How long the parts of an attempt took, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timings {
    /// Until the request went out: name, connection, TLS, or the wait for a pooled connection.
    pub connect_us: u64,
    /// From then until the head of the answer.
    pub wait_us: u64,
    /// From then until its end.
    pub read_us: u64,
}

/// One attempt: what came of it, and how long it took.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// What came of it.
    pub result: Result<HttpResponse, NetError>,
    /// How long it took.
    pub timings: Timings,
}
