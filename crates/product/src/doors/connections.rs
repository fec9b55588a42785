//! How many connections a door holds at a time, in all and from one address, and for how long nothing may happen on one.
//! One more is closed at once, before the handshake: it has cost nothing yet.

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use axum_server::accept::Accept;
use futures::future::{BoxFuture, FutureExt as _};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower::Service;

use super::idle::Idle;
use super::limits::prefix;

/// Accepts only while there is a place.
#[derive(Clone)]
pub(super) struct Capped<A> {
    inner: A,
    places: Places,
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
    /// Within these places.
    pub(super) fn new(inner: A, places: Places) -> Self {
        Self { inner, places }
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
        let accepting = self.inner.accept(stream, service);
        async move {
            let (stream, service) = accepting.await?;
            Ok((Idle::new(stream), Held { service, _place: Arc::new(place) }))
        }
        .boxed()
    }
}

/// A connection's service: its place is free again when the last copy is dropped.
#[derive(Clone)]
pub(super) struct Held<S> {
    service: S,
    _place: Arc<Place>,
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
