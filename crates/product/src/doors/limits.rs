//! What one request, one address and one door may cost.
//!
//! Counted per process and in memory: several processes behind a balancer allow as many times more. The body's limit is
//! put around the operations ([`bounded`]), inside what checks a key, so that a stranger learns nothing of it.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::header;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use base::{Code, Problem};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use tower_http::limit::RequestBodyLimitLayer;

use super::Door;

/// The limits of one door.
#[derive(Debug, Clone, Copy)]
pub struct DoorLimits {
    /// Bytes of a request's body, as sent: a compressed one counts packed here, and unpacked where it is unpacked.
    pub body: usize,
    /// Bytes of all header names and values together.
    pub headers: usize,
    /// From the last byte of the headers to the first of the answer; the body arrives within it. The headers have ten
    /// seconds of their own.
    pub time: Duration,
    /// Requests per second from one address (IPv6: one /64), of which twice as many may come at once.
    pub per_address: NonZeroU32,
}

impl DoorLimits {
    /// The defaults of a door.
    pub const fn of(door: Door) -> Self {
        let (body, per_address) = match door {
            // A batch of 500 KB, and as much again for clients that do not count exactly: the edge counts itself.
            Door::Edge => (1_000_000, 2_000),
            Door::Api | Door::Dashboard => (1_000_000, 1_000),
            Door::Metrics => (0, 10),
            Door::Site => (16_000, 1_000),
        };
        let Some(per_address) = NonZeroU32::new(per_address) else { unreachable!() };
        Self { body, headers: 16 * 1024, time: Duration::from_secs(30), per_address }
    }
}

/// Refuses bodies that are larger than so many bytes: at once by their declared length, and while they are read.
pub(crate) fn bounded<S: Clone + Send + Sync + 'static>(routes: Router<S>, most: usize) -> Router<S> {
    routes
        .route_layer(RequestBodyLimitLayer::new(most))
        .route_layer(middleware::from_fn(move |request, next| declared_length(most, request, next)))
}

async fn declared_length(most: usize, request: Request, next: Next) -> Response {
    let length = request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    if length.is_some_and(|length: usize| length > most) {
        return Problem::new(Code::PayloadTooLarge).detail(format!("send at most {most} bytes")).into_response();
    }
    next.run(request).await
}

/// Counts requests per address, in memory only.
#[derive(Debug)]
pub struct AddressLimits(DefaultKeyedRateLimiter<IpAddr>);

/// How many addresses are kept before those that have been quiet are forgotten.
const MANY: usize = 10_000;

impl AddressLimits {
    /// Starts counting.
    pub fn new(limits: &DoorLimits) -> Self {
        let burst = limits.per_address.saturating_mul(NonZeroU32::MIN.saturating_add(1));
        Self(RateLimiter::keyed(Quota::per_second(limits.per_address).allow_burst(burst)))
    }

    /// Counts one request.
    ///
    /// # Errors
    /// 429 with the seconds to wait, at once.
    pub fn check(&self, address: IpAddr) -> Result<(), Problem> {
        if self.0.len() > MANY {
            self.0.retain_recent();
        }
        self.0.check_key(&prefix(address)).map_err(|_| {
            Problem::new(Code::TooManyRequests).detail("too many requests from this address").retry_after(1)
        })
    }
}

/// An IPv6 subscriber has a whole /64.
pub(super) fn prefix(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => IpAddr::V4(v4),
            None => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_in_a_64_share_an_allowance() {
        let limits = DoorLimits { per_address: NonZeroU32::MIN, ..DoorLimits::of(Door::Api) };
        let counted = AddressLimits::new(&limits);
        counted.check("2001:db8::1".parse().unwrap()).unwrap();
        counted.check("2001:db8::2".parse().unwrap()).unwrap();
        let refused = counted.check("2001:db8::3".parse().unwrap()).unwrap_err();
        assert_eq!(refused.retry_after, Some(1));
        counted.check("2001:db8:1::1".parse().unwrap()).unwrap();
    }
}
