//! Addresses: taken by this process, or passed to it by whoever started it.
//!
//! A socket that was passed outlives the process: connections that come while one process ends and the next one begins
//! wait in its queue, in the kernel, and none is refused.

use std::io;
use std::net::{SocketAddr, TcpListener};

use axum::extract::connect_info::Connected;
use axum_server::{AddrListener, Address};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use super::{Door, ServeError};

/// How many connections may wait to be accepted.
const BACKLOG: i32 = 4_096;

/// A door that has its address and does not answer yet.
pub struct Bound {
    /// Which door.
    pub door: Door,
    /// Where it really listens.
    pub address: SocketAddr,
    pub(super) listener: TcpListener,
    /// Whether the socket goes on listening when this process ends.
    pub(super) outlives_us: bool,
}

impl Bound {
    /// Takes an address.
    ///
    /// # Errors
    /// [`ServeError::Bind`] if it is taken or not ours.
    pub fn new(door: Door, address: SocketAddr) -> Result<Self, ServeError> {
        let listener = listen(door.name(), address)?;
        let address =
            listener.local_addr().map_err(|source| ServeError::Bind { door: door.name(), address, source })?;
        Ok(Self { door, address, listener, outlives_us: false })
    }

    /// Takes over a socket that listens already, at this address.
    ///
    /// # Errors
    /// [`ServeError::Bind`] if it cannot be used.
    pub fn take_over(door: Door, address: SocketAddr, listener: TcpListener) -> Result<Self, ServeError> {
        let listener = taken_over(door.name(), address, listener)?;
        Ok(Self { door, address, listener, outlives_us: true })
    }
}

/// The plain listener's address, taken.
pub struct BoundPlain {
    pub(super) listener: TcpListener,
    /// Public URLs of the doors, to which it sends who asks.
    pub(super) urls: Vec<String>,
}

impl BoundPlain {
    /// Takes an address.
    ///
    /// # Errors
    /// [`ServeError::Bind`] if it is taken or not ours.
    pub fn new(address: SocketAddr, urls: Vec<String>) -> Result<Self, ServeError> {
        Ok(Self { listener: listen("plain", address)?, urls })
    }

    /// Takes over a socket that listens already, at this address.
    ///
    /// # Errors
    /// [`ServeError::Bind`] if it cannot be used.
    pub fn take_over(address: SocketAddr, listener: TcpListener, urls: Vec<String>) -> Result<Self, ServeError> {
        Ok(Self { listener: taken_over("plain", address, listener)?, urls })
    }
}

fn listen(door: &'static str, address: SocketAddr) -> Result<TcpListener, ServeError> {
    let failed = |source| ServeError::Bind { door, address, source };
    let listener = TcpListener::bind(address).map_err(failed)?;
    // The standard library asks for a queue of 128: a burst of more would wait a second for its next try.
    rustix::net::listen(&listener, BACKLOG).map_err(|error| failed(error.into()))?;
    listener.set_nonblocking(true).map_err(failed)?;
    Ok(listener)
}

fn taken_over(door: &'static str, address: SocketAddr, listener: TcpListener) -> Result<TcpListener, ServeError> {
    listener.set_nonblocking(true).map_err(|source| ServeError::Bind { door, address, source })?;
    Ok(listener)
}

/// A listening socket that can stop accepting before it is closed.
pub(super) struct Listening {
    listener: tokio::net::TcpListener,
    full_stop: CancellationToken,
}

impl Listening {
    /// Accepts until `full_stop`.
    pub(super) fn new(listener: TcpListener, full_stop: CancellationToken) -> io::Result<Self> {
        Ok(Self { listener: tokio::net::TcpListener::from_std(listener)?, full_stop })
    }
}

/// Who connects.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer(SocketAddr);

impl Address for Peer {
    type Stream = TcpStream;
    type Listener = Listening;
}

impl AddrListener<TcpStream, Peer> for Listening {
    async fn bind_to(address: Peer) -> io::Result<Self> {
        let listener = tokio::net::TcpListener::bind(address.0).await?;
        Ok(Self { listener, full_stop: CancellationToken::new() })
    }

    async fn accept_stream(&self) -> io::Result<(TcpStream, Peer)> {
        tokio::select! {
            biased;
            () = self.full_stop.cancelled() => std::future::pending().await,
            accepted = self.listener.accept() => accepted.map(|(stream, peer)| (stream, Peer(peer))),
        }
    }

    fn get_local_addr(&self) -> io::Result<Peer> {
        self.listener.local_addr().map(Peer)
    }
}

impl Connected<Peer> for SocketAddr {
    fn connect_info(peer: Peer) -> Self {
        peer.0
    }
}
