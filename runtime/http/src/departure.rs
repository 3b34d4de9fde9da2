//! Knowing whether a request has left.
//!
//! Between a request that surely did not go out and one that may have lies the difference between trying again
//! and asking an operator, so it is not guessed from error texts. The body that is given to the client is a
//! marker too: the client asks it whether it is empty at the moment at which it takes the request off its queue
//! to write it (hyper: `proto/h1/dispatch.rs` and `proto/h2/client.rs`), and never before. From then on the
//! request counts as sent. Whoever gives up before withdraws it: from then on the body refuses to be sent.

use std::{
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::Instant;

/// What became of a request: set once, by the client that sends it or by the caller that withdraws it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Sent(Instant),
    Withdrawn,
}

/// The caller's side.
#[derive(Clone, Debug, Default)]
pub(crate) struct Departure(Arc<OnceLock<Fate>>);

impl Departure {
    /// When the request went out, or nothing if it did not and now never will.
    pub(crate) fn withdraw(&self) -> Option<Instant> {
        match self.0.get_or_init(|| Fate::Withdrawn) {
            Fate::Sent(at) => Some(*at),
            Fate::Withdrawn => None,
        }
    }

    /// Whether the request went out.
    #[cfg(test)]
    fn has_left(&self) -> bool {
        matches!(self.0.get(), Some(Fate::Sent(_)))
    }

    /// The body to give to the client.
    pub(crate) fn body(&self, bytes: Option<Bytes>) -> MarkedBody {
        MarkedBody { departure: self.clone(), bytes: bytes.filter(|bytes| !bytes.is_empty()) }
    }

    /// Marks the request as sent, and says whether it may be.
    fn leave(&self) -> bool {
        matches!(self.0.get_or_init(|| Fate::Sent(Instant::now())), Fate::Sent(_))
    }
}

/// The client's side.
#[derive(Debug)]
pub(crate) struct MarkedBody {
    departure: Departure,
    bytes: Option<Bytes>,
}

/// The request was withdrawn before it went out.
#[derive(Debug, thiserror::Error)]
#[error("the request was withdrawn")]
pub(crate) struct Withdrawn;

impl Body for MarkedBody {
    type Data = Bytes;
    type Error = Withdrawn;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Withdrawn>>> {
        if !self.departure.leave() {
            return Poll::Ready(Some(Err(Withdrawn)));
        }
        Poll::Ready(self.bytes.take().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        // A withdrawn body pretends to have content, so that it is asked for it and can refuse before the head
        // of the request is flushed.
        self.departure.leave() && self.bytes.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_sent_or_withdrawn_but_never_both() {
        let sent = Departure::default();
        let body = sent.body(Some(Bytes::from_static(b"{}")));
        assert!(!sent.has_left());
        assert_eq!(body.size_hint().exact(), Some(2));
        assert!(!sent.has_left(), "asking for the size sends nothing");
        assert!(!body.is_end_stream());
        assert!(sent.has_left() && sent.withdraw().is_some());

        let withdrawn = Departure::default();
        let mut body = withdrawn.body(None);
        assert_eq!(withdrawn.withdraw(), None);
        assert!(!body.is_end_stream(), "it must be asked for its content");
        let mut context = Context::from_waker(std::task::Waker::noop());
        assert!(matches!(Pin::new(&mut body).poll_frame(&mut context), Poll::Ready(Some(Err(Withdrawn)))));
        assert!(!withdrawn.has_left());
    }
}
