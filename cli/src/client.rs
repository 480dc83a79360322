//! Asking nodes: HTTP over TCP or a Unix socket, with limits on time and on what an answer may hold.
//!
//! A node is not believed: what it says is data for the commands to judge.

use crate::exit::{Exit, Problem};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{CONTENT_TYPE, HOST, RETRY_AFTER};
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;
use thiserror::Error;
use tokio::net::{TcpStream, UnixStream};
use tokio::runtime::Runtime;
use tokio::time::timeout;

/// How long a node may take to be connected to.
const CONNECT: Duration = Duration::from_secs(5);
/// How long it may take to answer, or to go on with a stream.
const ANSWER: Duration = Duration::from_secs(60);
/// No answer that is read as a whole is longer: a block of the largest size in JSON stays below.
const MAX_ANSWER: usize = 64 << 20;

/// Where a node answers.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Url {
    /// `http://HOST:PORT`
    Tcp(String),
    /// `unix:PATH`
    Unix(PathBuf),
}

impl FromStr for Url {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("unix:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            return if path.is_empty() { Err("unix: names no socket".to_owned()) } else { Ok(Self::Unix(path.into())) };
        }
        let wanted = "expected http://HOST:PORT or unix:/path/of/node.sock";
        let rest = text.strip_prefix("http://").ok_or(wanted)?;
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        let (host, port) = authority.rsplit_once(':').ok_or(wanted)?;
        let host_is_name = !host.is_empty() && !host.contains(['/', '@', '?', '#', ' ']);
        let bracketed = host.starts_with('[') && host.ends_with(']');
        if !host_is_name || port.parse::<u16>().is_err() || (host.contains(':') && !bracketed) {
            return Err(wanted.to_owned());
        }
        Ok(Self::Tcp(authority.to_owned()))
    }
}

impl std::fmt::Display for Url {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Tcp(authority) => write!(f, "http://{authority}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

impl serde::Serialize for Url {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

/// Why there is no answer.
#[derive(Debug, Error)]
pub(crate) enum ClientError {
    #[error("{url} cannot be reached: {why}")]
    Unreachable { url: Url, why: String },
    #[error("{url} does not answer within {} s", within.as_secs())]
    Silent { url: Url, within: Duration },
    #[error("{url} closed the connection in the middle of an answer: {why}")]
    Broken { url: Url, why: String },
    #[error("{url} answered with more than {MAX_ANSWER} bytes")]
    TooLong { url: Url },
    #[error("{url} answers {status}: {said}")]
    Refused { url: Url, status: u16, said: Box<Said>, retry_after: Option<Duration> },
    #[error("{url} answers what cannot be understood: {why}")]
    Strange { url: Url, why: String },
}

impl ClientError {
    /// Whether another try may succeed, since the node may not have seen this one, or was busy.
    pub(crate) fn may_be_tried_again(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Silent { .. } | Self::Broken { .. } => true,
            Self::Refused { status, .. } => matches!(status, 408 | 429 | 503),
            Self::TooLong { .. } | Self::Strange { .. } => false,
        }
    }

    /// When the node wants to be asked again, where it says so.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused { retry_after, .. } => *retry_after,
            Self::Unreachable { .. }
            | Self::Silent { .. }
            | Self::Broken { .. }
            | Self::TooLong { .. }
            | Self::Strange { .. } => None,
        }
    }
}

impl From<ClientError> for Problem {
    fn from(error: ClientError) -> Self {
        let text = error.to_string();
        let is_busy = matches!(error, ClientError::Refused { .. }) && error.may_be_tried_again();
        match error {
            // Why it is closed says also what opens it.
            ClientError::Refused { said, .. } if said.code == "CLOSED" => Self::new(Exit::Undecided, text),
            ClientError::Refused { .. } if is_busy => Self::new(Exit::Undecided, text).next("ask again in a moment"),
            ClientError::Unreachable { .. } => Self::new(Exit::Undecided, text)
                .next("is the node running, and is this its address? `luqi status --url URL` shows what answers"),
            ClientError::Silent { .. } | ClientError::Broken { .. } => Self::new(Exit::Undecided, text),
            ClientError::Refused { status: 400..=499, said, .. } => {
                let problem = Self::usage(text);
                if said.code == "LOCAL_ONLY" {
                    return problem.next("ask on the node's own machine: --url unix:HOME/node.sock");
                }
                problem
            }
            ClientError::Refused { .. } | ClientError::TooLong { .. } | ClientError::Strange { .. } => {
                Self::new(Exit::Failed, text)
            }
        }
    }
}

/// An answer that is there as a whole.
#[derive(Debug)]
struct Answer {
    status: u16,
    retry_after: Option<Duration>,
    body: Vec<u8>,
}

/// What a node says when it refuses: a problem of RFC 9457.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(crate) struct Said {
    pub(crate) code: String,
    pub(crate) detail: String,
    pub(crate) detail_zh: String,
    pub(crate) pointer: Option<String>,
    pub(crate) finding: Option<String>,
}

impl std::fmt::Display for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.code.is_empty() {
            return f.write_str("it does not say why");
        }
        let at = self.pointer.as_deref().filter(|pointer| !pointer.is_empty());
        let at = at.map_or_else(String::new, |pointer| format!(" at {pointer}"));
        write!(f, "{}{at} ({})", self.detail, self.code)
    }
}

/// A node that is asked one thing after the other, over one connection as long as it holds.
pub(crate) struct Client {
    url: Url,
    open: Option<SendRequest<Full<Bytes>>>,
}

impl Client {
    /// A node that nobody was asked for yet.
    pub(crate) const fn new(url: Url) -> Self {
        Self { url, open: None }
    }

    pub(crate) const fn url(&self) -> &Url {
        &self.url
    }

    /// Asks for something in JSON.
    pub(crate) async fn get<T: DeserializeOwned>(&mut self, path: &str) -> Result<T, ClientError> {
        let answer = self.whole(Method::GET, path, Bytes::new()).await?;
        self.understood(answer)
    }

    /// Hands something in, and gives the answer in JSON.
    pub(crate) async fn post<T: DeserializeOwned>(&mut self, path: &str, body: Bytes) -> Result<T, ClientError> {
        let answer = self.whole(Method::POST, path, body).await?;
        self.understood(answer)
    }

    /// Asks for bytes.
    pub(crate) async fn bytes(&mut self, path: &str) -> Result<Vec<u8>, ClientError> {
        let answer = self.whole(Method::GET, path, Bytes::new()).await?;
        if answer.status == 200 { Ok(answer.body) } else { Err(self.refused(&answer)) }
    }

    /// Asks for more bytes than memory should hold.
    pub(crate) async fn stream(&mut self, path: &str) -> Result<Stream, ClientError> {
        let response = self.send(Method::GET, path, Bytes::new()).await?;
        if response.status() == 200 {
            return Ok(Stream { url: self.url.clone(), body: response.into_body() });
        }
        let answer = self.collect(response).await?;
        Err(self.refused(&answer))
    }

    fn understood<T: DeserializeOwned>(&self, answer: Answer) -> Result<T, ClientError> {
        if !(200..300).contains(&answer.status) {
            return Err(self.refused(&answer));
        }
        let strange = |error: serde_json::Error| ClientError::Strange { url: self.url.clone(), why: error.to_string() };
        serde_json::from_slice(&answer.body).map_err(strange)
    }

    fn refused(&self, answer: &Answer) -> ClientError {
        let said = serde_json::from_slice(&answer.body).unwrap_or_default();
        let Answer { status, retry_after, .. } = *answer;
        ClientError::Refused { url: self.url.clone(), status, said, retry_after }
    }

    async fn whole(&mut self, method: Method, path: &str, body: Bytes) -> Result<Answer, ClientError> {
        let response = self.send(method, path, body).await?;
        let answer = self.collect(response).await;
        if answer.is_err() {
            self.open = None;
        }
        answer
    }

    async fn collect(&self, response: Response<Incoming>) -> Result<Answer, ClientError> {
        let status = response.status().as_u16();
        let wait = response.headers().get(RETRY_AFTER).and_then(|wait| wait.to_str().ok()?.parse().ok());
        let retry_after = wait.map(Duration::from_secs);
        let mut stream = Stream { url: self.url.clone(), body: response.into_body() };
        let mut body = Vec::new();
        while let Some(piece) = stream.next().await? {
            body.extend_from_slice(&piece);
            if body.len() > MAX_ANSWER {
                return Err(ClientError::TooLong { url: self.url.clone() });
            }
        }
        Ok(Answer { status, retry_after, body })
    }

    /// Sends a request; over a new connection where the one that was open has ended meanwhile. What is
    /// sent twice that way is recognised by the node.
    async fn send(&mut self, method: Method, path: &str, body: Bytes) -> Result<Response<Incoming>, ClientError> {
        if let Some(open) = self.open.take().filter(|open| !open.is_closed())
            && let Ok(response) = self.send_over(open, method.clone(), path, body.clone()).await
        {
            return Ok(response);
        }
        let fresh = self.connect().await?;
        self.send_over(fresh, method, path, body).await
    }

    async fn send_over(
        &mut self,
        mut over: SendRequest<Full<Bytes>>,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<Response<Incoming>, ClientError> {
        let url = || self.url.clone();
        let host = match &self.url {
            Url::Tcp(authority) => authority.as_str(),
            Url::Unix(_) => "localhost",
        };
        let request = Request::builder().method(method).uri(path).header(HOST, host);
        let request = request.header(CONTENT_TYPE, "application/json").body(Full::new(body));
        let request = request.map_err(|error| ClientError::Strange { url: url(), why: error.to_string() })?;
        let broken = |error: hyper::Error| ClientError::Broken { url: url(), why: error.to_string() };
        timeout(ANSWER, over.ready())
            .await
            .map_err(|_| ClientError::Silent { url: url(), within: ANSWER })?
            .map_err(broken)?;
        let sent = timeout(ANSWER, over.send_request(request)).await;
        let response = sent.map_err(|_| ClientError::Silent { url: url(), within: ANSWER })?.map_err(broken)?;
        self.open = Some(over);
        Ok(response)
    }

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>, ClientError> {
        let failed = |why: String| ClientError::Unreachable { url: self.url.clone(), why };
        let connecting = async {
            match &self.url {
                Url::Tcp(authority) => {
                    let stream = TcpStream::connect(authority.as_str()).await?;
                    stream.set_nodelay(true)?;
                    Ok(open(TokioIo::new(stream)).await)
                }
                Url::Unix(path) => Ok(open(TokioIo::new(UnixStream::connect(path).await?)).await),
            }
        };
        let connected: std::io::Result<_> =
            timeout(CONNECT, connecting).await.map_err(|_| failed("it does not answer".to_owned()))?;
        connected.map_err(|error| failed(error.to_string()))?.map_err(|error| failed(error.to_string()))
    }
}

async fn open<T>(io: T) -> hyper::Result<SendRequest<Full<Bytes>>>
where
    T: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
{
    let (sender, connection) = handshake(io).await?;
    // It ends with the sender.
    tokio::spawn(connection);
    Ok(sender)
}

/// An answer that is read piece by piece.
pub(crate) struct Stream {
    url: Url,
    body: Incoming,
}

impl Stream {
    /// The next piece; none at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, ClientError> {
        loop {
            let frame = timeout(ANSWER, self.body.frame()).await;
            match frame.map_err(|_| ClientError::Silent { url: self.url.clone(), within: ANSWER })? {
                None => return Ok(None),
                Some(Err(error)) => {
                    return Err(ClientError::Broken { url: self.url.clone(), why: error.to_string() });
                }
                Some(Ok(frame)) => {
                    if let Ok(piece) = frame.into_data() {
                        return Ok(Some(piece));
                    }
                }
            }
        }
    }
}

/// Runs what asks nodes.
pub(crate) fn block_on<T>(work: impl Future<Output = Result<T, Problem>>) -> Result<T, Problem> {
    let runtime = runtime()?;
    let outcome = runtime.block_on(work);
    // What still waits for a node waits for nobody.
    runtime.shutdown_background();
    outcome
}

/// What runs it.
pub(crate) fn runtime() -> Result<Runtime, Problem> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.map_err(|error| Problem::new(Exit::Failed, format!("the system gives no threads: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_go_both_ways() {
        for text in ["http://127.0.0.1:7080", "http://[::1]:7080", "http://qingdao.example:80", "unix:/tmp/node.sock"] {
            assert_eq!(text.parse::<Url>().unwrap().to_string(), text);
        }
        assert_eq!("http://a:1/".parse::<Url>().unwrap(), Url::Tcp("a:1".to_owned()));
        assert_eq!("unix:///run/node.sock".parse::<Url>().unwrap(), Url::Unix("/run/node.sock".into()));
        for wrong in
            ["", "a:1", "https://a:1", "http://a", "http://:1", "http://a:b", "http://a:1/v1", "http://::1:7", "unix:"]
        {
            assert!(wrong.parse::<Url>().is_err(), "{wrong}");
        }
    }

    async fn served(answer: &'static [u8]) -> Client {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut head = [0; 4096];
                let _ = stream.read(&mut head).await;
                let _ = stream.write_all(answer).await;
            }
        });
        Client::new(url)
    }

    #[tokio::test]
    async fn answers_are_told_apart() {
        let mut good = served(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]").await;
        assert_eq!(good.get::<Vec<u8>>("/").await.unwrap(), [0_u8; 0]);
        assert_eq!(good.get::<Vec<u8>>("/").await.unwrap(), [0_u8; 0], "the connection had ended");
        assert!(matches!(good.get::<u8>("/").await, Err(ClientError::Strange { .. })));

        let mut busy = served(
            b"HTTP/1.1 503 no\r\nretry-after: 2\r\ncontent-length: 30\r\n\r\n{\"code\":\"BUSY\",\"detail\":\"full\"}",
        )
        .await;
        let error = busy.get::<u8>("/").await.unwrap_err();
        assert!(error.may_be_tried_again());
        assert!(matches!(error, ClientError::Refused { retry_after: Some(wait), .. } if wait.as_secs() == 2));
        assert_eq!(Problem::from(error).exit, Exit::Undecided);

        let mut broken = served(b"HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n[]").await;
        assert!(matches!(broken.get::<u8>("/").await, Err(ClientError::Broken { .. })));

        let mut nobody = Client::new("unix:/nowhere/node.sock".parse().unwrap());
        let error = nobody.get::<u8>("/").await.unwrap_err();
        assert_eq!(Problem::from(error).exit, Exit::Undecided);
    }
}
