//! What is under way at the doors, so that stopping waits for all of it, and for nothing else.
//!
//! A connection that was accepted and has not asked yet is under way too: its first request may be on the wire. One that
//! was answered and stays open is not: waiting for a client that has gone away would hold up whoever waits for the next
//! process.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::http::{HeaderValue, Version, header};
use axum::response::Response;
use hyper::body::{Frame, SizeHint};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

/// The requests and new connections of a server's doors.
#[derive(Clone, Default)]
pub(super) struct UnderWay {
    newcomers: TaskTracker,
    requests: TaskTracker,
    leaving: Arc<AtomicBool>,
    /// Ends what neither waits for a request nor for an answer.
    pub(super) cut: CancellationToken,
}

/// Counts for as long as it lives.
pub(super) type Counted = TaskTrackerToken;

impl UnderWay {
    /// A connection was accepted; it counts until it asks for something.
    pub(super) fn newcomer(&self) -> Counted {
        self.newcomers.token()
    }

    /// A request has come; it counts until its answer's last byte was handed on.
    pub(super) fn request(&self) -> Counted {
        self.requests.token()
    }

    /// From now on each answer over HTTP/1 is its connection's last, and says so.
    pub(super) fn say_goodbye(&self) {
        self.leaving.store(true, Ordering::SeqCst);
    }

    /// Returns once every connection has asked for something.
    pub(super) async fn no_newcomers(&self) {
        self.newcomers.close();
        self.newcomers.wait().await;
    }

    /// Returns once every request is answered.
    pub(super) async fn no_requests(&self) {
        self.requests.close();
        self.requests.wait().await;
    }

    /// An answer on its way out.
    pub(super) fn answer(&self, mut response: Response, version: Version, counted: Counted) -> Response {
        if version < Version::HTTP_2 && self.leaving.load(Ordering::SeqCst) {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response.map(|body| Body::new(CountedBody { body, _counted: counted }))
    }
}

/// An answer's body, which counts until it is sent or given up.
struct CountedBody {
    body: Body,
    _counted: Counted,
}

impl HttpBody for CountedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
