//! Connections: accepted, served with keep-alive over HTTP/1.1, and ended as told.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinSet,
};

use crate::{
    api::Api,
    limits::{ACCEPT_PAUSE, CONNECTIONS_MAX, HEAD_BYTES_MAX, HEAD_TIMEOUT, HEADERS_MAX},
    service,
};

/// Accepts connections until it is dropped, which ends them too. The first API is the listener's own.
pub(crate) async fn listen(listener: TcpListener, apis: Arc<[Arc<Api>]>) {
    let permits = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let Ok(permit) = Arc::clone(&permits).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                let apis = Arc::clone(&apis);
                connections.spawn(async move {
                    converse(stream, apis).await;
                    drop(permit);
                });
            }
            Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
        }
    }
}

async fn converse(stream: TcpStream, apis: Arc<[Arc<Api>]>) {
    let reset = Arc::new(AtomicBool::new(false));
    // Answers are small: waiting for more to send only costs time. A socket that is gone shows at once.
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| service::serve(Arc::clone(&apis), request, Arc::clone(&reset)));
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_headers(HEADERS_MAX)
        .max_header_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service);
    // What goes wrong on a connection is the client's to see; the next one is served all the same.
    let _ = (&mut connection).await;
    if reset.load(Ordering::Acquire) {
        // Closing with a linger of zero sends a reset in place of an end.
        let _ = connection.into_parts().io.into_inner().set_zero_linger();
    }
}
