//! Listening sockets that a service manager holds and passes to this process, as systemd's socket units do. They outlive the
//! process: while one ends and the next one begins, connections wait and none is refused.
//!
//! Each is given to the door that is to listen at its address; a door without one takes its address itself.

use std::io;
use std::net::{SocketAddr, TcpListener};

use listenfd::ListenFd;
use product::doors::{Bound, BoundPlain, Door};
use sd_notify::NotifyState;

use crate::Failure;

/// What was passed and is not given away yet.
pub(crate) struct Sockets(Vec<(SocketAddr, TcpListener)>);

impl Sockets {
    /// What this process was started with. Called once, before there is a second thread: it changes the environment, so that
    /// no process that this one starts takes them for its own.
    pub(crate) fn passed() -> Result<Self, Failure> {
        let mut passed = ListenFd::from_env();
        let mut sockets = Vec::new();
        for index in 0..passed.len() {
            let socket = passed.take_tcp_listener(index).and_then(|socket| {
                let socket = socket.ok_or(io::ErrorKind::NotFound)?;
                Ok((socket.local_addr()?, socket))
            });
            sockets.push(socket.map_err(|error| {
                Failure::Refused(format!(
                    "socket {index} that the service manager passed is no listening TCP socket: {error}"
                ))
            })?);
        }
        Ok(Self(sockets))
    }

    fn take(&mut self, address: SocketAddr) -> Option<TcpListener> {
        let index = self.0.iter().position(|(of, _)| *of == address)?;
        Some(self.0.swap_remove(index).1)
    }

    /// A door's socket: the one that was passed for its address, or a new one.
    pub(crate) fn door(&mut self, door: Door, address: SocketAddr) -> Result<Bound, Failure> {
        Ok(match self.take(address) {
            Some(socket) => Bound::take_over(door, address, socket)?,
            None => Bound::new(door, address)?,
        })
    }

    /// The same for the listener without TLS.
    pub(crate) fn plain(&mut self, address: SocketAddr, urls: Vec<String>) -> Result<BoundPlain, Failure> {
        Ok(match self.take(address) {
            Some(socket) => BoundPlain::take_over(address, socket, urls)?,
            None => BoundPlain::new(address, urls)?,
        })
    }

    /// Refuses sockets that nobody listens at: connections to them would wait for ever.
    pub(crate) fn none_is_left(&self) -> Result<(), Failure> {
        match self.0.first() {
            None => Ok(()),
            Some((address, _)) => Err(Failure::Refused(format!(
                "the service manager passed a socket at {address}, and no door of this process listens there: name the \
                 same addresses in the socket unit and in --edge, --api, --dashboard, --metrics and --http"
            ))),
        }
    }
}

/// Tells the service manager, if there is one that wants to know, that this process serves.
pub(crate) fn tell_ready() {
    tell(NotifyState::Ready);
}

/// Tells it that this process ends.
pub(crate) fn tell_stopping() {
    tell(NotifyState::Stopping);
}

fn tell(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::warn!(%error, "the service manager was not told");
    }
}
