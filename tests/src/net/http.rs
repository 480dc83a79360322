//! As much of HTTP/1.1 as it takes to ask a node: one request, one answer, one connection.

use serde_json::Value;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status code.
    pub code: u16,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as JSON; null where it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// Asks for something.
///
/// # Errors
/// When there is no whole answer within the time.
pub fn get(address: SocketAddr, path: &str, within: Duration) -> io::Result<Answer> {
    ask(address, "GET", path, &[], within)
}

/// Sends a body of JSON.
///
/// # Errors
/// When there is no whole answer within the time: it may have been taken or not.
pub fn post(address: SocketAddr, path: &str, body: &[u8], within: Duration) -> io::Result<Answer> {
    ask(address, "POST", path, body, within)
}

/// Asks for something over the socket in a home.
///
/// # Errors
/// When there is no whole answer within the time.
pub fn get_over(socket: &Path, path: &str, within: Duration) -> io::Result<Answer> {
    let stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(within))?;
    stream.set_write_timeout(Some(within))?;
    ask_on(stream, "localhost", "GET", path, &[])
}

fn ask(address: SocketAddr, method: &str, path: &str, body: &[u8], within: Duration) -> io::Result<Answer> {
    let stream = TcpStream::connect_timeout(&address, within)?;
    stream.set_read_timeout(Some(within))?;
    stream.set_write_timeout(Some(within))?;
    ask_on(stream, &address.to_string(), method, path, body)
}

fn ask_on(mut stream: impl Read + Write, host: &str, method: &str, path: &str, body: &[u8]) -> io::Result<Answer> {
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(&[head.as_bytes(), body].concat())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    parse(&answer).ok_or_else(|| io::Error::new(io::ErrorKind::UnexpectedEof, "half an answer"))
}

fn parse(answer: &[u8]) -> Option<Answer> {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(answer.get(..end)?).ok()?;
    let code = head.split(' ').nth(1)?.parse().ok()?;
    let rest = answer.get(end + 4..)?;
    let header = |name: &str| {
        head.lines().filter_map(|line| line.split_once(':')).find(|(key, _)| key.eq_ignore_ascii_case(name))
    };
    let chunked = header("transfer-encoding").is_some_and(|(_, value)| value.trim() == "chunked");
    let body = match header("content-length") {
        Some((_, length)) => rest.get(..length.trim().parse().ok()?)?.to_vec(),
        None if chunked => chunks(rest)?,
        None => rest.to_vec(),
    };
    Some(Answer { code, body })
}

fn chunks(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = rest.windows(2).position(|window| window == b"\r\n")?;
        let length = usize::from_str_radix(std::str::from_utf8(rest.get(..line)?).ok()?.trim(), 16).ok()?;
        let chunk = rest.get(line + 2..line + 2 + length)?;
        if length == 0 {
            return Some(body);
        }
        body.extend_from_slice(chunk);
        rest = rest.get(line + 4 + length..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_whole_or_not_at_all() {
        let whole = parse(b"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\n{}").unwrap();
        assert_eq!((whole.code, whole.body.as_slice()), (202, &b"{}"[..]));
        assert!(parse(b"HTTP/1.1 202 Accepted\r\nContent-Length: 3\r\n\r\n{}").is_none());
        let chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
        assert_eq!(parse(chunked).unwrap().body, b"abcde");
        assert!(parse(chunked.get(..chunked.len() - 8).unwrap()).is_none());
    }
}
