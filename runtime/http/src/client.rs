//! The network itself: reqwest, with everything switched off that would act behind our back.

use std::{sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use flow_plan::Method;
use reqwest::{
    Client, Response,
    header::{CONTENT_LENGTH, HeaderName, HeaderValue},
    redirect,
};
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::{
    Exchange, HttpRequest, HttpResponse, Net, NetError, NotSent, Pending, Timings, Unanswered, classify,
    departure::Departure, resolve::FilteredLookup,
};

/// The largest body of an answer that is read, unless told otherwise: 10 MiB.
pub const BODY_MAX: usize = 10 << 20;
/// The most octets of names and values of an answer's headers: 64 KiB.
const HEADERS_MAX: usize = 64 << 10;
/// How long an unused connection is kept. Servers close theirs after 5 to 75 s; a request that meets the
/// closing is unanswered, so we close first rather than later.
const IDLE_MAX: Duration = Duration::from_secs(30);
/// How often the system probes a silent connection.
const KEEPALIVE: Duration = Duration::from_secs(30);

/// What can be chosen about the network.
#[derive(Clone, Copy, Debug)]
pub struct NetOptions {
    /// Whether names may stand for private addresses.
    pub allow_private: bool,
    /// The largest body of an answer that is read, in octets.
    pub body_max: usize,
}

impl Default for NetOptions {
    fn default() -> Self {
        Self { allow_private: false, body_max: BODY_MAX }
    }
}

/// The network could not be set up: this machine's TLS configuration does not hold.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client could not be set up: {0}")]
pub struct SetupError(String);

/// Sends requests with reqwest. Cheap to clone; clones share the pool of connections.
#[derive(Clone, Debug)]
pub struct ReqwestNet {
    client: Client,
    options: NetOptions,
}

impl ReqwestNet {
    /// A client with a pool of its own.
    ///
    /// # Errors
    /// Where TLS cannot be set up.
    pub fn new(options: NetOptions) -> Result<Self, SetupError> {
        let client = Client::builder()
            .user_agent(concat!("flow/", env!("CARGO_PKG_VERSION")))
            // Attempts are ours to count, to delay and to write down.
            .retry(reqwest::retry::never())
            .redirect(redirect::Policy::none())
            .no_proxy()
            .dns_resolver(Arc::new(FilteredLookup { allow_private: options.allow_private }))
            .tcp_nodelay(true)
            .tcp_keepalive(KEEPALIVE)
            .pool_idle_timeout(IDLE_MAX)
            .http2_keep_alive_interval(KEEPALIVE)
            .http2_keep_alive_while_idle(true)
            .http2_max_header_list_size(HEADERS_MAX as u32)
            .build()
            .map_err(|error| SetupError(classify::text(&error)))?;
        Ok(Self { client, options })
    }

    async fn exchange(&self, request: HttpRequest) -> Exchange {
        let started = Instant::now();
        let departure = Departure::default();
        let mut heads_at = None;
        let result = self.attempt(&request, started, &departure, &mut heads_at).await;
        let ended = Instant::now();
        let left = departure.withdraw().unwrap_or(ended);
        let head = heads_at.unwrap_or(ended).max(left);
        let micros = |from: Instant, to: Instant| {
            u64::try_from(to.saturating_duration_since(from).as_micros()).unwrap_or(u64::MAX)
        };
        let timings = Timings {
            connect_us: micros(started, left),
            wait_us: micros(left, head),
            read_us: micros(head, ended),
        };
        Exchange { result, timings }
    }

    async fn attempt(
        &self,
        request: &HttpRequest,
        started: Instant,
        departure: &Departure,
        head_at: &mut Option<Instant>,
    ) -> Result<HttpResponse, NetError> {
        let deadline = started + request.timeout;
        let prepared = self.prepare(request, departure)?;
        let mut sending = Box::pin(self.client.execute(prepared));
        // A connection that is not there in time is given up, and the request with it, as long as it has not
        // left. The limit on the whole attempt is one on connecting too.
        let connect = request.connect_timeout.unwrap_or(request.timeout).min(request.timeout);
        let answer = tokio::select! {
            biased;
            answer = &mut sending => Some(answer),
            () = sleep_until(started + connect) => None,
        };
        let answer = match answer {
            Some(answer) => answer,
            None if departure.withdraw().is_none() => {
                let message = format!("no connection to {} within {connect:?}", authority(&request.url));
                return Err(NetError::not_sent(NotSent::Timeout, message));
            }
            None => match timeout_at(deadline, &mut sending).await {
                Ok(answer) => answer,
                Err(_) => {
                    let message = format!("no answer within {:?}", request.timeout);
                    return Err(NetError::unanswered(Unanswered::Timeout, message));
                }
            },
        };
        let response = answer
            .map_err(|error| classify::failure(&error, departure.withdraw().is_some(), &request.url))?;
        *head_at = Some(Instant::now());
        self.read(response, deadline, request.timeout).await
    }

    fn prepare(&self, request: &HttpRequest, departure: &Departure) -> Result<reqwest::Request, NetError> {
        let url = reqwest::Url::parse(&request.url)
            .map_err(|error| NetError::setting(format!("the URL is malformed: {error}")))?;
        let method = reqwest::Method::from_bytes(request.method.as_str().as_bytes())
            .map_err(|_| NetError::setting("the method is malformed"))?;
        let mut prepared = reqwest::Request::new(method, url);
        for line in &request.headers {
            let name = HeaderName::from_bytes(line.name.as_bytes())
                .map_err(|_| NetError::setting("the name of a header is malformed"))?;
            let mut value = HeaderValue::from_str(&line.value)
                .map_err(|_| NetError::setting(format!("the value of the header `{name}` is malformed")))?;
            value.set_sensitive(line.sensitive);
            prepared.headers_mut().insert(name, value);
        }
        // A method that gives a body a meaning says that there is none (RFC 9110, section 8.6).
        let expects_body = matches!(request.method, Method::Post | Method::Put | Method::Patch);
        if expects_body && request.body.as_ref().is_none_or(Bytes::is_empty) {
            prepared.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        *prepared.body_mut() = Some(reqwest::Body::wrap(departure.body(request.body.clone())));
        Ok(prepared)
    }

    /// Reads an answer, its body counted while it comes in.
    async fn read(
        &self,
        mut response: Response,
        deadline: Instant,
        timeout: Duration,
    ) -> Result<HttpResponse, NetError> {
        let status = response.status().as_u16();
        let size: usize =
            response.headers().iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
        if size > HEADERS_MAX {
            return Err(NetError::unanswered(
                Unanswered::TooLarge,
                format!("the headers of the answer have {size} bytes; at most {HEADERS_MAX} are read"),
            ));
        }
        let headers = response
            .headers()
            .iter()
            .map(|(name, value)| {
                (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
            })
            .collect();
        let mut body = BytesMut::new();
        let cut = loop {
            match timeout_at(deadline, response.chunk()).await {
                Ok(Ok(Some(chunk))) if body.len() + chunk.len() > self.options.body_max => {
                    let limit = self.options.body_max;
                    let message = format!("the body of the answer has more than {limit} bytes");
                    break Some((Unanswered::TooLarge, message));
                }
                Ok(Ok(Some(chunk))) => body.extend_from_slice(&chunk),
                Ok(Ok(None)) => break None,
                Ok(Err(error)) => {
                    let message = format!("the answer broke off: {}", classify::text(&error));
                    break Some((Unanswered::Broken, message));
                }
                Err(_) => {
                    break Some((Unanswered::Timeout, format!("the answer did not end within {timeout:?}")));
                }
            }
        };
        let body = if cut.is_some() { Bytes::new() } else { body.freeze() };
        Ok(HttpResponse { status, headers, body, cut })
    }
}

impl Net for ReqwestNet {
    fn send(&self, request: HttpRequest) -> Pending<'_, Exchange> {
        Box::pin(self.exchange(request))
    }
}

/// Host and port of a URL, for people.
pub(crate) fn authority(url: &str) -> String {
    reqwest::Url::parse(url)
        .ok()
        .and_then(|url| {
            let host = url.host_str()?.to_owned();
            Some(match url.port_or_known_default() {
                Some(port) => format!("`{host}:{port}`"),
                None => format!("`{host}`"),
            })
        })
        .unwrap_or_else(|| "the host".to_owned())
}
