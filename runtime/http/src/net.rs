//! The seam to the network.

use std::{future::Future, pin::Pin};

use crate::{Exchange, HttpRequest};

/// A future that is not finished yet.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What sends requests. One call is one attempt: it follows no redirect, repeats nothing, and says for sure
/// whether a request that failed can have reached the server.
pub trait Net: Send + Sync {
    /// Sends one request and reads its answer.
    fn send(&self, request: HttpRequest) -> Pending<'_, Exchange>;
}
