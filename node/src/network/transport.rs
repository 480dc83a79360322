//! TCP, Noise and yamux, with an end to every wait.
//!
//! ```text
//! TCP ──> Watched ──> Noise ──> yamux ──> Closing
//!         no byte for SILENCE: an error   closed within CLOSE_TIME
//! ```
//!
//! A peer that is there pings every [`PING`], so bytes come from it all the time. A connection on which none
//! have come for [`SILENCE`] is dead, whatever the kernel still hopes for: in its own time that may take a
//! quarter of an hour. What counts is that bytes *come*: an answer to a ping may stand behind megabytes of
//! blocks on a slow line, and bytes that are sent may never leave the kernel's buffer.

use libp2p::core::Transport as _;
use libp2p::core::muxing::{StreamMuxer, StreamMuxerBox, StreamMuxerEvent};
use libp2p::core::transport::Boxed;
use libp2p::core::transport::timeout::TransportTimeout;
use libp2p::core::upgrade::Version;
use libp2p::futures::{AsyncRead, AsyncWrite};
use libp2p::identity::Keypair;
use libp2p::{PeerId, noise, tcp, yamux};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep};

/// How often a peer is pinged.
pub(super) const PING: Duration = Duration::from_millis(1_500);
/// A connection on which no byte has come for so long is dead: three pings.
pub(super) const SILENCE: Duration = Duration::from_millis(4_500);
/// How long a call may take until the other side's kernel answers: time for a second try of it.
const CONNECT_TIME: Duration = Duration::from_secs(2);
/// How long a connection may take from its first byte until it has a multiplexer.
pub(super) const HANDSHAKE_TIME: Duration = Duration::from_secs(5);
/// How long the kernel tries to bring over what was sent, and looks after a connection that is closed here.
const UNACKNOWLEDGED: Duration = Duration::from_secs(10);
/// How long a connection may take to say goodbye.
const CLOSE_TIME: Duration = Duration::from_secs(1);
/// Streams of one connection at once, for all protocols.
const STREAMS: usize = 256;

/// The transport of a node.
///
/// # Errors
/// What Noise says of the keys.
pub(super) fn transport(keys: &Keypair) -> Result<Boxed<(PeerId, StreamMuxerBox)>, noise::Error> {
    let tcp = tcp::tokio::Transport::new(tcp::Config::new().nodelay(true));
    let tcp = TransportTimeout::with_outgoing_timeout(tcp, CONNECT_TIME);
    let watched = tcp.map(|stream, _| {
        bound_kernel(&stream.0);
        Watched::new(stream, SILENCE)
    });
    let mut multiplexer = yamux::Config::default();
    multiplexer.set_max_num_streams(STREAMS);
    Ok(watched
        .upgrade(Version::V1Lazy)
        .authenticate(noise::Config::new(keys)?)
        .multiplex(multiplexer)
        .timeout(HANDSHAKE_TIME)
        .map(|(peer, muxer), _| (peer, StreamMuxerBox::new(Closing::new(muxer))))
        .boxed())
}

/// Lets the kernel give up in seconds what it could not bring over.
fn bound_kernel(stream: &tokio::net::TcpStream) {
    let milliseconds = u32::try_from(UNACKNOWLEDGED.as_millis()).unwrap_or(u32::MAX);
    if let Err(error) = rustix::net::sockopt::set_tcp_user_timeout(stream, milliseconds) {
        tracing::warn!(%error, "the kernel gives a dead connection up in its own time");
    }
}

/// A stream that fails once nothing has come for a while.
pub(super) struct Watched<S> {
    stream: S,
    patience: Duration,
    heard: Instant,
    alarm: Pin<Box<Sleep>>,
}

impl<S> Watched<S> {
    fn new(stream: S, patience: Duration) -> Self {
        Self { stream, patience, heard: Instant::now(), alarm: Box::pin(sleep(patience)) }
    }

    /// Waits with the stream; an error where it has been silent for too long.
    fn wait<T>(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        while self.alarm.as_mut().poll(cx).is_ready() {
            let until = self.heard + self.patience;
            if until <= Instant::now() {
                let why = format!("nothing came for {:.1} s", self.patience.as_secs_f64());
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, why)));
            }
            self.alarm.as_mut().reset(until);
        }
        Poll::Pending
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, to: &mut [u8]) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.stream).poll_read(cx, to) {
            Poll::Ready(read) => {
                self.heard = Instant::now();
                Poll::Ready(read)
            }
            Poll::Pending => self.wait(cx),
        }
    }
}

/// Who cannot write may not be reading either, so the alarm goes off here as well.
impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.stream).poll_write(cx, bytes) {
            Poll::Ready(written) => Poll::Ready(written),
            Poll::Pending => self.wait(cx),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.stream).poll_write_vectored(cx, bytes) {
            Poll::Ready(written) => Poll::Ready(written),
            Poll::Pending => self.wait(cx),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.stream).poll_flush(cx) {
            Poll::Ready(flushed) => Poll::Ready(flushed),
            Poll::Pending => self.wait(cx),
        }
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.stream).poll_close(cx) {
            Poll::Ready(closed) => Poll::Ready(closed),
            Poll::Pending => self.wait(cx),
        }
    }
}

/// A multiplexer that is closed within [`CLOSE_TIME`]. The library tells of a connection's end only once its
/// multiplexer is closed, and that one first sends what it has left, to a peer that may be gone.
struct Closing<M> {
    muxer: M,
    deadline: Option<Pin<Box<Sleep>>>,
}

impl<M> Closing<M> {
    const fn new(muxer: M) -> Self {
        Self { muxer, deadline: None }
    }
}

impl<M: StreamMuxer + Unpin> StreamMuxer for Closing<M> {
    type Substream = M::Substream;
    type Error = M::Error;

    fn poll_inbound(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<Self::Substream, Self::Error>> {
        Pin::new(&mut self.muxer).poll_inbound(cx)
    }

    fn poll_outbound(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<Self::Substream, Self::Error>> {
        Pin::new(&mut self.muxer).poll_outbound(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        if let Poll::Ready(closed) = Pin::new(&mut self.muxer).poll_close(cx) {
            return Poll::Ready(closed);
        }
        let deadline = self.deadline.get_or_insert_with(|| Box::pin(sleep(CLOSE_TIME)));
        deadline.as_mut().poll(cx).map(Ok)
    }

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<StreamMuxerEvent, Self::Error>> {
        Pin::new(&mut self.muxer).poll(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::{AsyncReadExt as _, AsyncWriteExt as _};
    use std::convert::Infallible;
    use std::future::poll_fn;

    /// A line on which a byte comes at each of some moments, and nothing ever goes out.
    struct Line {
        begun: Instant,
        comes: Vec<Duration>,
        next: Pin<Box<Sleep>>,
    }

    impl Line {
        fn new(comes: &[u64]) -> Self {
            let comes: Vec<_> = comes.iter().rev().map(|seconds| Duration::from_secs(*seconds)).collect();
            let next = Box::pin(sleep(comes.last().copied().unwrap_or(Duration::MAX)));
            Self { begun: Instant::now(), comes, next }
        }
    }

    impl AsyncRead for Line {
        fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, to: &mut [u8]) -> Poll<io::Result<usize>> {
            if self.comes.is_empty() || self.next.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            self.comes.pop();
            if let Some(next) = self.comes.last() {
                let next = self.begun + *next;
                self.next.as_mut().reset(next);
            }
            to[0] = 1;
            Poll::Ready(Ok(1))
        }
    }

    impl AsyncWrite for Line {
        fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
            Poll::Pending
        }
        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Pending
        }
        fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Pending
        }
    }

    /// Tenths of seconds since then; the clock's steps are milliseconds.
    fn tenths(begun: Instant) -> u128 {
        begun.elapsed().as_millis() / 100
    }

    /// Reads until it fails: how many bytes came, and after how many tenths of seconds it failed.
    async fn read(comes: &[u64]) -> (usize, u128) {
        let begun = Instant::now();
        let mut watched = Watched::new(Line::new(comes), SILENCE);
        let mut bytes = 0;
        loop {
            match watched.read(&mut [0; 8]).await {
                Ok(read) => bytes += read,
                Err(error) => {
                    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
                    return (bytes, tenths(begun));
                }
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_line_fails_once_nothing_has_come_for_a_while() {
        assert_eq!(read(&[]).await, (0, 45));
        assert_eq!(read(&[4, 8, 12, 100]).await, (3, 165));
        // Who waits to write waits no longer.
        let begun = Instant::now();
        let mut watched = Watched::new(Line::new(&[]), SILENCE);
        assert_eq!(watched.write(b"x").await.unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert_eq!(tenths(begun), 45);
    }

    /// A multiplexer that never closes.
    struct Stuck;

    impl StreamMuxer for Stuck {
        type Substream = Line;
        type Error = Infallible;

        fn poll_inbound(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<Line, Infallible>> {
            Poll::Pending
        }
        fn poll_outbound(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<Line, Infallible>> {
            Poll::Pending
        }
        fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
            Poll::Pending
        }
        fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<StreamMuxerEvent, Infallible>> {
            Poll::Pending
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_is_closed_although_nobody_takes_its_goodbye() {
        let begun = Instant::now();
        let mut closing = Closing::new(Stuck);
        assert_eq!(poll_fn(|cx| Pin::new(&mut closing).poll_close(cx)).await, Ok(()));
        assert_eq!(tenths(begun), 10);
    }
}
