//! Where the callbacks of a run are answered: `POST /callbacks/EXECUTION/TOKEN` on an address of this machine.
//!
//! The first valid answer is kept (200), repeats get 200 too, one that does not fit 422 with the reason, an unknown
//! or expired one 404. The token is all that a caller needs to know, so it is never written anywhere.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use bytes::Bytes;
use flow_engine::{Engine, SignalError};
use flow_journal::ExecutionId;
use flow_plan::{Op, Plan};
use flow_vm::SignalRefusal;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Bytes of an answer.
const BODY_BYTES_MAX: usize = 8 << 20;
/// The time in which a head, and a body, must arrive.
const ARRIVAL_MAX: Duration = Duration::from_secs(30);
/// Connections at one time; further ones wait.
const CONNECTIONS_MAX: usize = 256;
/// The wait after an accept that failed, for instance for want of descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Whether code of a plan makes callbacks.
pub(super) fn makes_callbacks(plan: &Plan) -> bool {
    plan.functions.iter().any(|function| function.code.iter().any(|op| matches!(op, Op::NewCallback { .. })))
}

/// An address that is bound: nobody listens yet, but callers wait already.
pub(super) struct Bound {
    listener: TcpListener,
    address: SocketAddr,
}

impl Bound {
    /// Binds an address; port 0 takes a free one.
    ///
    /// # Errors
    /// Where the address cannot be had.
    pub(super) async fn bind(address: SocketAddr) -> anyhow::Result<Self> {
        let refused = || format!("cannot listen for callbacks on {address}");
        let listener = TcpListener::bind(address).await.with_context(refused)?;
        let address = listener.local_addr().with_context(refused)?;
        Ok(Self { listener, address })
    }

    /// What the URLs of callbacks begin with.
    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Answers until it is dropped.
    pub(super) async fn serve(self, engine: Engine) {
        let permits = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        let mut connections = JoinSet::new();
        loop {
            while connections.try_join_next().is_some() {}
            let Ok(permit) = Arc::clone(&permits).acquire_owned().await else { return };
            let Ok((stream, _)) = self.listener.accept().await else {
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            };
            let engine = engine.clone();
            connections.spawn(async move {
                let answer = service_fn(|request| {
                    let engine = engine.clone();
                    async move { Ok::<_, Infallible>(answer(&engine, request).await) }
                });
                // What goes wrong on a connection is the caller's to see.
                let _ = http1::Builder::new()
                    .timer(TokioTimer::new())
                    .header_read_timeout(ARRIVAL_MAX)
                    .serve_connection(TokioIo::new(stream), answer)
                    .await;
                drop(permit);
            });
        }
    }
}

async fn answer(engine: &Engine, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let target = request.uri().path().strip_prefix("/callbacks/").and_then(|rest| rest.split_once('/'));
    let target = target.and_then(|(execution, token)| Some((execution.parse::<ExecutionId>().ok()?, token)));
    let Some((execution, token)) = target.map(|(execution, token)| (execution, token.to_owned())) else {
        return said(StatusCode::NOT_FOUND, "there is no such callback");
    };
    if request.method() != Method::POST {
        let mut response = said(StatusCode::METHOD_NOT_ALLOWED, "a callback is answered by POST");
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
        return response;
    }
    let body = Limited::new(request.into_body(), BODY_BYTES_MAX).collect();
    let json = match tokio::time::timeout(ARRIVAL_MAX, body).await {
        Ok(Ok(body)) => body.to_bytes().to_vec(),
        Ok(Err(_)) => return said(StatusCode::PAYLOAD_TOO_LARGE, "an answer has at most 8 MiB"),
        Err(_) => return said(StatusCode::REQUEST_TIMEOUT, "the answer did not arrive in time"),
    };
    match engine.answer(execution, token, json).await {
        Ok(()) | Err(SignalError::Refused(SignalRefusal::Repeated)) => said(StatusCode::OK, ""),
        Err(SignalError::Refused(SignalRefusal::Misfit(reason))) => {
            said(StatusCode::UNPROCESSABLE_ENTITY, &format!("the answer does not fit: {reason}"))
        }
        Err(_) => said(StatusCode::NOT_FOUND, "there is no such callback, or it has expired"),
    }
}

fn said(status: StatusCode, text: &str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::copy_from_slice(text.as_bytes())));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}
