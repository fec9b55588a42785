//! How many connections a door holds at a time, in all and from one address, and for how long nothing may happen on one.
//! One more is closed at once, before the handshake: it has cost nothing yet.

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use axum::extract::Request;
use axum::response::Response;
use axum_server::accept::Accept;
use futures::future::{BoxFuture, FutureExt as _};
use hyper::body::Incoming;
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower::Service;

use super::idle::Idle;
use super::limits::prefix;
use super::under_way::{Counted, UnderWay};

/// Accepts only while there is a place.
#[derive(Clone)]
pub(super) struct Capped<A> {
    inner: A,
    places: Places,
    under_way: UnderWay,
}

/// The places of a door.
#[derive(Clone)]
pub(super) struct Places {
    all: Arc<Semaphore>,
    per_address: u32,
    taken: Arc<Mutex<HashMap<IpAddr, u32>>>,
}

impl Places {
    /// So many in all, and so many of them for one address (IPv6: one /64).
    pub(super) fn new(all: usize, per_address: u32) -> Self {
        Self { all: Arc::new(Semaphore::new(all)), per_address, taken: Arc::default() }
    }

    fn take(&self, address: IpAddr) -> Option<Place> {
        let one_of_all = self.all.clone().try_acquire_owned().ok()?;
        let address = prefix(address);
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let of_address = taken.entry(address).or_default();
        if *of_address >= self.per_address {
            return None;
        }
        *of_address += 1;
        Some(Place { _one_of_all: one_of_all, address, taken: self.taken.clone() })
    }
}

/// A connection's place, free again when it is dropped.
struct Place {
    _one_of_all: OwnedSemaphorePermit,
    address: IpAddr,
    taken: Arc<Mutex<HashMap<IpAddr, u32>>>,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.address);
            }
        }
    }
}

impl<A> Capped<A> {
    /// Within these places, counting what is under way.
    pub(super) fn new(inner: A, places: Places, under_way: UnderWay) -> Self {
        Self { inner, places, under_way }
    }
}

impl<A, S> Accept<TcpStream, S> for Capped<A>
where
    A: Accept<TcpStream, S>,
    A::Future: Send + 'static,
    A::Stream: Send + 'static,
    A::Service: Send + 'static,
{
    type Stream = Idle<A::Stream>;
    type Service = Held<A::Service>;
    type Future = BoxFuture<'static, io::Result<(Idle<A::Stream>, Held<A::Service>)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let place = stream.peer_addr().ok().and_then(|peer| self.places.take(peer.ip()));
        let Some(place) = place else {
            return futures::future::err(io::Error::other("the door is full")).boxed();
        };
        let (under_way, newcomer) = (self.under_way.clone(), self.under_way.newcomer());
        let accepting = self.inner.accept(stream, service);
        async move {
            let (stream, service) = tokio::select! {
                accepted = accepting => accepted?,
                () = under_way.cut.cancelled() => return Err(io::ErrorKind::ConnectionAborted.into()),
            };
            let connection = Arc::new(Connection { _place: place, newcomer: Mutex::new(Some(newcomer)), under_way });
            Ok((Idle::new(stream), Held { service, connection }))
        }
        .boxed()
    }
}

/// What is kept for a connection.
struct Connection {
    _place: Place,
    newcomer: Mutex<Option<Counted>>,
    under_way: UnderWay,
}

/// A connection's service: its place is free again when the last copy is dropped.
#[derive(Clone)]
pub(super) struct Held<S> {
    service: S,
    connection: Arc<Connection>,
}

impl<S> Service<Request<Incoming>> for Held<S>
where
    S: Service<Request<Incoming>, Response = Response>,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<Response, S::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.service.poll_ready(context)
    }

    fn call(&mut self, request: Request<Incoming>) -> Self::Future {
        let (connection, version) = (Arc::clone(&self.connection), request.version());
        let counted = connection.under_way.request();
        // It is none any more: from here the request counts.
        drop(connection.newcomer.lock().unwrap_or_else(PoisonError::into_inner).take());
        let answering = self.service.call(request);
        async move { Ok(connection.under_way.answer(answering.await?, version, counted)) }.boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn one_more_than_the_most_is_refused_until_another_ends() {
        let places = Places::new(1, 2);
        let first = places.take(address("192.0.2.1")).unwrap();
        assert!(places.take(address("192.0.2.2")).is_none());
        drop(first);
        assert!(places.take(address("192.0.2.2")).is_some());
    }

    #[test]
    fn an_address_takes_its_own_places_only() {
        let places = Places::new(10, 2);
        let [first, _second] = ["2001:db8::1", "2001:db8::2"].map(|text| places.take(address(text)).unwrap());
        assert!(places.take(address("2001:db8::3")).is_none());
        let other = places.take(address("2001:db8:1::1")).unwrap();
        drop((first, other));
        assert!(places.take(address("2001:db8::3")).is_some());
        assert_eq!(places.taken.lock().unwrap().len(), 1, "an address without connections is forgotten");
    }
}
