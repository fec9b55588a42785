//! A connection on which nothing happens is cut.
//!
//! What the protocols bound by themselves (an HTTP/1 client's headers, a whole request) begins with the first bytes: a
//! client that shakes hands and then says nothing, or that never takes its answer, is not seen by them.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

/// From the handshake to the first byte.
const FIRST_BYTE_WITHIN: Duration = Duration::from_secs(10);
/// From one byte to the next, in either direction; longer than any request may take.
const NEXT_BYTE_WITHIN: Duration = Duration::from_mins(1);

/// A stream that fails when nothing moved on it for too long.
pub(super) struct Idle<S> {
    stream: S,
    moved: Option<Instant>,
    next: Duration,
    timer: Pin<Box<Sleep>>,
}

impl<S> Idle<S> {
    /// Watches a stream from now on.
    pub(super) fn new(stream: S) -> Self {
        Self::within(stream, FIRST_BYTE_WITHIN, NEXT_BYTE_WITHIN)
    }

    fn within(stream: S, first: Duration, next: Duration) -> Self {
        Self { stream, moved: None, next, timer: Box::pin(sleep(first)) }
    }

    /// Fails once the time is over. The timer is set anew only when it goes off: a byte costs a look at the clock.
    fn check(&mut self, context: &mut Context<'_>) -> Poll<io::Error> {
        while self.timer.as_mut().poll(context).is_ready() {
            let until = self.moved.map(|moved| moved + self.next);
            match until.filter(|until| *until > Instant::now()) {
                Some(until) => self.timer.as_mut().reset(until),
                None => return Poll::Ready(io::ErrorKind::TimedOut.into()),
            }
        }
        Poll::Pending
    }

    fn noted<T>(
        &mut self,
        context: &mut Context<'_>,
        polled: Poll<io::Result<T>>,
        moves: impl FnOnce(&T) -> bool,
    ) -> Poll<io::Result<T>> {
        match &polled {
            Poll::Pending => self.check(context).map(Err),
            Poll::Ready(Ok(done)) if moves(done) => {
                self.moved = Some(Instant::now());
                polled
            }
            Poll::Ready(_) => polled,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Idle<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        let read = buffer.filled().len() > before;
        self.noted(context, polled, |()| read)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Idle<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.noted(context, polled, |written| *written > 0)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.noted(context, polled, |written| *written > 0)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_flush(context);
        self.noted(context, polled, |()| false)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_shutdown(context);
        self.noted(context, polled, |()| false)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    use super::*;

    const SOON: Duration = Duration::from_millis(50);
    const NEVER: Duration = Duration::from_hours(1);

    #[tokio::test]
    async fn who_says_nothing_is_cut() {
        let (_client, server) = duplex(16);
        let error = Idle::within(server, SOON, NEVER).read_u8().await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn a_byte_gives_more_time_and_then_another_must_come() {
        let (mut client, server) = duplex(16);
        let mut server = Idle::within(server, SOON, SOON * 4);
        client.write_u8(1).await.unwrap();
        server.read_u8().await.unwrap();
        let began = Instant::now();
        assert_eq!(server.read_u8().await.unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert!(began.elapsed() > SOON * 3);
    }

    #[tokio::test]
    async fn who_takes_nothing_is_cut() {
        let (_client, server) = duplex(4);
        let mut server = Idle::within(server, SOON, SOON);
        assert_eq!(server.write_all(&[0; 64]).await.unwrap_err().kind(), io::ErrorKind::TimedOut);
    }
}
