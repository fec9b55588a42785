//! How many connections a door holds at a time. One more is closed at once, before the handshake: it has cost nothing yet.

use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum_server::accept::Accept;
use futures::future::{BoxFuture, FutureExt as _};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower::Service;

/// Accepts only while there is a place.
#[derive(Clone)]
pub(super) struct Capped<A> {
    inner: A,
    places: Arc<Semaphore>,
}

impl<A> Capped<A> {
    /// With so many places.
    pub(super) fn new(inner: A, most: usize) -> Self {
        Self { inner, places: Arc::new(Semaphore::new(most)) }
    }
}

impl<A, I, S> Accept<I, S> for Capped<A>
where
    A: Accept<I, S>,
    A::Future: Send + 'static,
    A::Stream: Send + 'static,
    A::Service: Send + 'static,
{
    type Stream = A::Stream;
    type Service = Held<A::Service>;
    type Future = BoxFuture<'static, io::Result<(A::Stream, Held<A::Service>)>>;

    fn accept(&self, stream: I, service: S) -> Self::Future {
        let Ok(place) = self.places.clone().try_acquire_owned() else {
            return futures::future::err(io::Error::other("the door is full")).boxed();
        };
        let accepting = self.inner.accept(stream, service);
        async move {
            let (stream, service) = accepting.await?;
            Ok((stream, Held { service, _place: Arc::new(place) }))
        }
        .boxed()
    }
}

/// A connection's service: its place is free again when the last copy is dropped.
#[derive(Clone)]
pub(super) struct Held<S> {
    service: S,
    _place: Arc<OwnedSemaphorePermit>,
}

impl<S: Service<R>, R> Service<R> for Held<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.service.poll_ready(context)
    }

    fn call(&mut self, request: R) -> S::Future {
        self.service.call(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum_server::accept::DefaultAcceptor;

    #[tokio::test]
    async fn one_more_than_the_most_is_closed_until_another_ends() {
        let door = Capped::new(DefaultAcceptor::new(), 1);
        let first = door.accept((), ()).await.unwrap();
        assert!(door.accept((), ()).await.is_err());
        drop(first);
        assert!(door.accept((), ()).await.is_ok());
    }
}
