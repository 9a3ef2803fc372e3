//! One HTTP/1.1 connection that is kept open.
//!
//! Not responsible for retries: who repeats a request must know what repeating it does. A newcomer needs to know one thing: an
//! error leaves the connection closed, and the next request opens it again.

use std::fmt;
use std::io;
use std::str::FromStr;
use std::time::Duration;

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The most headers of an answer.
const HEADERS_MAX: usize = 64;

/// The longest answer, in bytes. Orders of an account come in pages, so nothing is longer.
const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;

/// How long an answer may take before the connection is taken for dead.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(15);

/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// Where a server is: `http://host:port`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    authority: String,
}

/// A text is not the address of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected `http://host:port`")]
pub struct TargetError;

impl Target {
    /// `host:port`.
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.authority
    }
}

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        let authority = text.strip_prefix("http://").ok_or(TargetError)?.trim_end_matches('/');
        let (host, port) = authority.rsplit_once(':').ok_or(TargetError)?;
        if host.is_empty() || authority.contains(['/', '?', '#', '@', ' ']) || port.parse::<u16>().is_err() {
            return Err(TargetError);
        }
        Ok(Self { authority: authority.to_owned() })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "http://{}", self.authority)
    }
}

/// What a server answered.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'connection> {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: &'connection [u8],
}

/// A connection.
#[derive(Debug)]
pub struct Connection {
    target: Target,
    stream: Option<TcpStream>,
    buffer: BytesMut,
    /// Bytes of the answer that was returned last: they go with the next request.
    used: usize,
}

/// Where the parts of an answer lie in the buffer.
struct Head {
    status: u16,
    head: usize,
    body: usize,
    keep: bool,
}

impl Connection {
    /// Not open yet.
    #[must_use]
    pub fn new(target: Target) -> Self {
        Self { target, stream: None, buffer: BytesMut::with_capacity(16 * 1024), used: 0 }
    }

    /// Opens the connection unless it is open.
    ///
    /// # Errors
    /// When the server is not there.
    pub async fn open(&mut self) -> io::Result<()> {
        if self.stream.is_none() {
            let connect = TcpStream::connect(self.target.authority());
            let stream = tokio::time::timeout(CONNECT_TIMEOUT, connect).await.map_err(|_| late())??;
            stream.set_nodelay(true)?;
            self.buffer.clear();
            self.used = 0;
            self.stream = Some(stream);
        }
        Ok(())
    }

    /// Sends a request, head and body in one, and waits for its answer.
    ///
    /// # Errors
    /// When the connection cannot be opened or ends before the answer is complete, or the answer is none. The server may have
    /// carried out the request all the same.
    pub async fn exchange(&mut self, request: &[u8]) -> io::Result<Answer<'_>> {
        self.open().await?;
        // Taken, so that whoever drops this future half-way does not leave half an answer for the next request.
        let Some(mut stream) = self.stream.take() else { return Err(io::ErrorKind::NotConnected.into()) };
        self.buffer.advance(std::mem::take(&mut self.used));
        stream.write_all(request).await?;
        let head = loop {
            if let Some(head) = parse(&self.buffer)?
                && self.buffer.len() >= head.head + head.body
            {
                break head;
            }
            self.buffer.reserve(4 * 1024);
            if stream.read_buf(&mut self.buffer).await? == 0 {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "closed before the answer"));
            }
        };
        if head.keep {
            self.stream = Some(stream);
        }
        self.used = head.head + head.body;
        Ok(Answer { status: head.status, body: &self.buffer[head.head..self.used] })
    }

    /// As [`exchange`](Self::exchange), for 15 seconds.
    ///
    /// # Errors
    /// As [`exchange`](Self::exchange), and when the answer takes longer.
    pub async fn exchange_in_time(&mut self, request: &[u8]) -> io::Result<Answer<'_>> {
        tokio::time::timeout(ANSWER_TIMEOUT, self.exchange(request)).await.map_err(|_| late())?
    }
}

fn late() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "no answer in time")
}

/// Reads the head of an answer, if all of it is there.
fn parse(bytes: &[u8]) -> io::Result<Option<Head>> {
    let invalid = |text: String| io::Error::new(io::ErrorKind::InvalidData, text);
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut response = httparse::Response::new(&mut headers);
    let head = match response.parse(bytes).map_err(|error| invalid(error.to_string()))? {
        httparse::Status::Complete(head) => head,
        httparse::Status::Partial => return Ok(None),
    };
    let (mut body, mut keep) = (None, true);
    for header in response.headers.iter() {
        if header.name.eq_ignore_ascii_case("content-length") {
            body = std::str::from_utf8(header.value).ok().and_then(|text| text.trim().parse().ok());
        } else if header.name.eq_ignore_ascii_case("connection") {
            keep = !header.value.eq_ignore_ascii_case(b"close");
        } else if header.name.eq_ignore_ascii_case("transfer-encoding") {
            return Err(invalid("found a body in chunks, expected one with a length".into()));
        }
    }
    let status = response.code.unwrap_or(0);
    let body = match (status, body) {
        (204 | 304, _) => 0,
        (_, Some(length)) if length <= ANSWER_BYTES_MAX => length,
        (_, Some(length)) => return Err(invalid(format!("found a body of {length} bytes"))),
        (_, None) => return Err(invalid("found a body without a length".into())),
    };
    Ok(Some(Head { status, head, body, keep }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_when_all_of_it_is_there() {
        let text = b"HTTP/1.1 201 Created\r\ncontent-length: 2\r\nx-a: b\r\n\r\n{}";
        for cut in 0..text.len() - 2 {
            assert!(parse(&text[..cut]).unwrap().is_none(), "cut at {cut}");
        }
        let head = parse(text).unwrap().unwrap();
        assert_eq!((head.status, head.head + head.body, head.keep), (201, text.len(), true));
    }

    #[test]
    fn what_cannot_be_read_is_an_error_and_not_an_answer() {
        assert!(parse(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").is_err());
        assert!(parse(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
        assert!(parse(b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n").is_err());
        assert!(parse(b"220 smtp ready\r\n\r\n").is_err());
    }
}
