//! What of a request's body was not read when its answer is there.
//!
//! A refusal comes before the body is looked at. Over HTTP/1 the connection then ends with the answer, and a client that
//! still writes, or begins its next request, is cut off in the middle. So what is left of a short body is read and thrown
//! away first, and after a long one the answer says that the connection ends.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::{HeaderValue, Version, header};
use axum::response::Response;
use http_body_util::BodyExt as _;
use hyper::body::{Frame, SizeHint};

/// The longest rest that is read for the client's sake.
const SHORT: u64 = 64 * 1024;
/// How long that may take.
const PATIENCE: Duration = Duration::from_millis(500);

/// A body that a handler reads from while its door can look at what is left.
#[derive(Clone)]
pub(super) struct Unread(Arc<Mutex<Kept>>);

struct Kept {
    body: Body,
    ended: bool,
}

impl Unread {
    /// Keeps hold of a request's body; `None` where nobody is cut off: over HTTP/2 each request has a stream of its own,
    /// and who asks before sending a body is not told to send it.
    pub(super) fn of(request: &mut Request) -> Option<Self> {
        let asks = request.headers().contains_key(header::EXPECT);
        if request.version() >= Version::HTTP_2 || asks || request.body().is_end_stream() {
            return None;
        }
        let kept = Self(Arc::new(Mutex::new(Kept { body: std::mem::take(request.body_mut()), ended: false })));
        *request.body_mut() = Body::new(kept.clone());
        Some(kept)
    }

    /// Reads what is left, or lets the answer say that the connection ends.
    pub(super) async fn settle(self, response: &mut Response) {
        let left = self.size_hint().upper();
        let short = left.is_some_and(|left| left <= SHORT);
        let read = short && tokio::time::timeout(PATIENCE, self.clone().drain()).await.is_ok_and(|whole| whole);
        if !read && !self.is_end_stream() {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
    }

    async fn drain(mut self) -> bool {
        while let Some(frame) = self.frame().await {
            if frame.is_err() {
                return false;
            }
        }
        true
    }

    fn with<T>(&self, act: impl FnOnce(&mut Kept) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl HttpBody for Unread {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.with(|kept| {
            let polled = Pin::new(&mut kept.body).poll_frame(context);
            kept.ended |= matches!(polled, Poll::Ready(None));
            polled
        })
    }

    fn is_end_stream(&self) -> bool {
        self.with(|kept| kept.ended || kept.body.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        self.with(|kept| kept.body.size_hint())
    }
}
