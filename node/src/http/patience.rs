//! A connection whose other side must go on reading, at a least rate; and whose every refusal is a problem.
//!
//! Time in which a write waits is taken from an account, and every byte that is written pays into it: whoever reads
//! more slowly than the least rate ends with nothing in it.
//!
//! What hyper refuses by itself (a head that is too long, or that is none) it answers with an empty body, before
//! anything of ours is asked. Nothing of ours answers so: such a head is replaced on its way out.

use super::problem::{Code, Problem};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

/// How slowly the other side may read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Least {
    /// How long a write may stand still at most.
    pub(super) still: Duration,
    /// Bytes a second that it must read in the long run.
    pub(super) rate: u32,
}

/// A connection with limits on how long writes may wait.
pub(super) struct Patient<T> {
    inner: T,
    least: Least,
    /// How long writes may still wait.
    account: Duration,
    /// Runs while a write waits, since when it has waited.
    waiting: Option<(Instant, Pin<Box<Sleep>>)>,
    /// What is written in the place of an empty refusal, and how much of it is.
    instead: Option<(Vec<u8>, usize)>,
}

impl<T> Patient<T> {
    pub(super) const fn new(inner: T, least: Least) -> Self {
        Self { inner, least, account: least.still, waiting: None, instead: None }
    }

    /// What a write came to, unless it has waited for too long.
    fn watch<R>(
        &mut self,
        cx: &mut Context<'_>,
        came: Poll<io::Result<R>>,
        bytes: impl FnOnce(&R) -> usize,
    ) -> Poll<io::Result<R>> {
        if let Poll::Ready(came) = came {
            if let Some((since, _)) = self.waiting.take() {
                self.account = self.account.saturating_sub(since.elapsed());
            }
            let paid = came.as_ref().map_or(0, bytes) as f64 / f64::from(self.least.rate);
            self.account = self.account.saturating_add(Duration::from_secs_f64(paid)).min(self.least.still);
            return Poll::Ready(came);
        }
        let account = self.account;
        let (_, timer) = self.waiting.get_or_insert_with(|| (Instant::now(), Box::pin(sleep(account))));
        ready!(timer.as_mut().poll(cx));
        // Whatever is tried on it once more fails at once.
        (self.waiting, self.account) = (None, Duration::ZERO);
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the other side reads too slowly, or not at all")))
    }
}

impl<T: AsyncWrite + Unpin> Patient<T> {
    /// Writes what goes out in the place of an empty refusal.
    fn poll_instead(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some((bytes, written)) = &mut self.instead {
            let Some(left) = bytes.get(*written..).filter(|left| !left.is_empty()) else {
                self.instead = None;
                break;
            };
            let came = Pin::new(&mut self.inner).poll_write(cx, left);
            let more = ready!(self.watch(cx, came, |written| *written))?;
            if let Some((_, written)) = &mut self.instead {
                *written += more;
            }
        }
        Poll::Ready(Ok(()))
    }
}

/// The problem that stands for a head of hyper's own with nothing behind it; none for any other bytes.
fn refusal(head: &[u8]) -> Option<Problem> {
    let text = std::str::from_utf8(head).ok()?;
    let (line, _) = text.split_once("\r\n").filter(|_| text.contains("\r\ncontent-length: 0\r\n"))?;
    let code = line.strip_prefix("HTTP/1.1 ").or_else(|| line.strip_prefix("HTTP/1.0 "))?.get(..3)?;
    match code {
        "400" => Some(Problem::new(
            Code::BadRequest,
            "the head of the request is none that HTTP/1.1 knows",
            "请求头不符合 HTTP/1.1",
        )),
        "414" | "431" => Some(Problem::new(
            Code::HeadTooLarge,
            "the head of the request has too many bytes or lines",
            "请求头的字节数或行数超过上限",
        )),
        _ => None,
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Patient<T> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, to: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(cx, to)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Patient<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if let Some(problem) = refusal(bytes) {
            self.instead = Some((problem.to_http(), 0));
            return Poll::Ready(Ok(bytes.len()));
        }
        let came = Pin::new(&mut self.inner).poll_write(cx, bytes);
        self.watch(cx, came, |written| *written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if let Some(problem) = bytes.first().and_then(|first| refusal(first)) {
            self.instead = Some((problem.to_http(), 0));
            return Poll::Ready(Ok(bytes.iter().map(|bytes| bytes.len()).sum()));
        }
        let came = Pin::new(&mut self.inner).poll_write_vectored(cx, bytes);
        self.watch(cx, came, |written| *written)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_instead(cx))?;
        let came = Pin::new(&mut self.inner).poll_flush(cx);
        self.watch(cx, came, |()| 0)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_instead(cx))?;
        let came = Pin::new(&mut self.inner).poll_shutdown(cx);
        self.watch(cx, came, |()| 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    fn least(still: u64, rate: u32) -> Least {
        Least { still: Duration::from_millis(still), rate }
    }

    #[tokio::test]
    async fn a_write_that_nobody_reads_ends() {
        let (ours, _theirs) = tokio::io::duplex(4);
        let mut patient = Patient::new(ours, least(20, 1));
        patient.write_all(b"four").await.unwrap();
        let error = patient.write_all(b"more").await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    /// Whether a reader that waits so long before each byte is served to the end.
    async fn served(pause: Duration) -> bool {
        let (ours, mut theirs) = tokio::io::duplex(1);
        let mut patient = Patient::new(ours, least(500, 100));
        let reader = tokio::spawn(async move {
            for _ in 0..200 {
                tokio::time::sleep(pause).await;
                if theirs.read_u8().await.is_err() {
                    break;
                }
            }
        });
        let written = patient.write_all(&[7; 200]).await;
        reader.abort();
        written.is_ok()
    }

    #[tokio::test]
    async fn who_reads_at_the_least_rate_is_served_and_who_drips_is_not() {
        assert!(served(Duration::ZERO).await);
        // No single write stands still for the half second; 20 bytes a second are less than 100.
        assert!(!served(Duration::from_millis(50)).await);
    }

    #[tokio::test]
    async fn an_empty_refusal_goes_out_as_a_problem() {
        let (ours, mut theirs) = tokio::io::duplex(1 << 16);
        let mut patient = Patient::new(ours, least(1_000, 1));
        let head = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
        patient.write_all(head).await.unwrap();
        patient.shutdown().await.unwrap();
        drop(patient);
        let mut said = String::new();
        theirs.read_to_string(&mut said).await.unwrap();
        assert!(said.starts_with("HTTP/1.1 431 ") && said.contains("HEAD_TOO_LARGE"), "{said}");
        assert!(refusal(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").is_none());
        assert!(refusal(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 12\r\n\r\n").is_none());
    }
}
