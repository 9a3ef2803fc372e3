//! The asking side: queries and streams of another service.

use std::fmt;
use std::io;
use std::str::FromStr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{CONNECTION, CONTENT_TYPE, HOST, HeaderName, UPGRADE};
use hyper::{Method, Request, StatusCode};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::TcpStream;

use super::link::Link;
use super::server::PROTOCOL;
use super::{EPOCH, POSITION};
use crate::stop::Stop;
use crate::trace;

/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// How long an answer may take to begin.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// The same for a snapshot, which is read and checked as a whole before the answer begins: gigabytes, where many keys count.
const SNAPSHOT_TIMEOUT: Duration = Duration::from_secs(60);

/// How long an answer that has begun may pause. There is no bound for the whole of it: a snapshot is as long as it is.
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// The longest answer, in bytes. A venue that holds as many orders, keys and balances as it may has a snapshot of 6 GB, and one that
/// cannot be read is a venue that cannot be started. Memory grows with what has really come.
const ANSWER_BYTES_MAX: usize = 8 * 1024 * 1024 * 1024;

/// Where a service is: `http://host:port`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Address {
    /// `host:port`.
    authority: String,
}

/// A text is not an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected `http://host:port`")]
pub struct AddressError;

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let authority = text.strip_prefix("http://").ok_or(AddressError)?.trim_end_matches('/');
        let (host, port) = authority.rsplit_once(':').ok_or(AddressError)?;
        let plain = !host.is_empty()
            && !authority.contains(['/', '?', '#', '@'])
            && !authority.contains(char::is_whitespace);
        if !plain || port.parse::<u16>().map_or(true, |port| port == 0) {
            return Err(AddressError);
        }
        Ok(Self { authority: authority.to_owned() })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "http://{}", self.authority)
    }
}

/// Why there is no stream.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// Nobody is there, or the connection broke.
    #[error("{address}: {error}")]
    Unreachable {
        /// Who was asked.
        address: Address,
        /// What happened.
        error: io::Error,
    },
    /// The service does not give it.
    #[error("{address} answered {status}")]
    Refused {
        /// Who was asked.
        address: Address,
        /// The status of the answer: 409 the asker is ahead, 410 its place is gone, 503 not ready.
        status: StatusCode,
    },
}

impl ConnectError {
    /// The status with which it was refused.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Unreachable { .. } => None,
            Self::Refused { status, .. } => Some(*status),
        }
    }
}

/// Why a query has no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum QueryError {
    /// Nobody is there, the connection broke, or the answer took too long.
    #[error("{address}: {reason}")]
    Unreachable {
        /// Who was asked.
        address: Address,
        /// What happened.
        reason: String,
    },
    /// Another status than 200.
    #[error("{address} answered {status}")]
    Refused {
        /// Who was asked.
        address: Address,
        /// The status.
        status: StatusCode,
        /// The body.
        body: Bytes,
    },
    /// The answer is not what was expected.
    #[error("{address} answered with something else: {reason}")]
    Unexpected {
        /// Who was asked.
        address: Address,
        /// What is wrong.
        reason: String,
    },
}

/// Why persistence did not take a command: the byte of a [`REFUSED`](super::REFUSED) frame. Nothing was logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Unavailable {
    /// Too much waits already.
    Busy = 0,
    /// The command is longer than a record may be.
    TooLarge = 1,
    /// The log is stopped, for example because its disk is full.
    Stopped = 2,
    /// It is no request: nobody could carry it out.
    Malformed = 3,
}

impl Unavailable {
    /// The meaning of the byte.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        let all = [Self::Busy, Self::TooLarge, Self::Stopped, Self::Malformed];
        all.into_iter().find(|reason| *reason as u8 == code)
    }
}

/// Asks other services. Cloning gives another handle to the same connections.
#[derive(Debug, Clone)]
pub struct Client {
    http: legacy::Client<HttpConnector, Full<Bytes>>,
}

impl Default for Client {
    fn default() -> Self {
        Self::new()
    }
}

impl Client {
    /// A client that keeps idle connections for a while.
    #[must_use]
    pub fn new() -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
        let http = legacy::Client::builder(TokioExecutor::new())
            .pool_idle_timeout(Duration::from_secs(30))
            .pool_max_idle_per_host(16)
            .build(connector);
        Self { http }
    }

    /// Asks for JSON.
    ///
    /// # Errors
    /// As [`QueryError`] says.
    pub async fn get<T: DeserializeOwned>(&self, address: &Address, path: &str) -> Result<T, QueryError> {
        let bytes = self.get_bytes(address, path).await?;
        parse(address, &bytes)
    }

    /// Asks for bytes.
    ///
    /// # Errors
    /// As [`QueryError`] says.
    pub async fn get_bytes(&self, address: &Address, path: &str) -> Result<Bytes, QueryError> {
        self.ask(address, Method::GET, path, Bytes::new(), ANSWER_TIMEOUT).await
    }

    /// Asks for bytes that may not be there: a snapshot. `None`: 404.
    ///
    /// # Errors
    /// As [`QueryError`] says.
    pub async fn get_bytes_if_any(&self, address: &Address, path: &str) -> Result<Option<Bytes>, QueryError> {
        match self.ask(address, Method::GET, path, Bytes::new(), SNAPSHOT_TIMEOUT).await {
            Ok(bytes) => Ok(Some(bytes)),
            Err(QueryError::Refused { status: StatusCode::NOT_FOUND, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Asks for JSON with JSON.
    ///
    /// # Errors
    /// As [`QueryError`] says.
    pub async fn post<Q: Serialize + Sync, T: DeserializeOwned>(
        &self,
        address: &Address,
        path: &str,
        question: &Q,
    ) -> Result<T, QueryError> {
        let body = serde_json::to_vec(question).map_err(|error| QueryError::Unexpected {
            address: address.clone(),
            reason: error.to_string(),
        })?;
        let bytes = self.ask(address, Method::POST, path, body.into(), ANSWER_TIMEOUT).await?;
        parse(address, &bytes)
    }

    async fn ask(
        &self,
        address: &Address,
        method: Method,
        path: &str,
        body: Bytes,
        patience: Duration,
    ) -> Result<Bytes, QueryError> {
        let unreachable = |reason: String| QueryError::Unreachable { address: address.clone(), reason };
        let traced = trace::query(method.as_str(), address);
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{address}{path}"))
            .header(CONTENT_TYPE, "application/json");
        if let Some(query) = &traced {
            request = request.header(trace::TRACEPARENT, &query.traceparent);
        }
        let request = request.body(Full::new(body)).map_err(|error| unreachable(error.to_string()))?;
        let answer = self.answer(address, request, patience).await;
        if let Some(query) = traced {
            query.end(answer.is_err());
        }
        answer
    }

    async fn answer(
        &self,
        address: &Address,
        request: Request<Full<Bytes>>,
        patience: Duration,
    ) -> Result<Bytes, QueryError> {
        let unreachable = |reason: String| QueryError::Unreachable { address: address.clone(), reason };
        let response = tokio::time::timeout(patience, self.http.request(request))
            .await
            .map_err(|_| unreachable("no answer in time".into()))?
            .map_err(|error| unreachable(chain(&error)))?;
        let status = response.status();
        let body = gather(response.into_body()).await.map_err(unreachable)?;
        if status == StatusCode::OK {
            Ok(body)
        } else {
            Err(QueryError::Refused { address: address.clone(), status, body })
        }
    }

    /// Opens a stream: `path` with its query.
    ///
    /// # Errors
    /// As [`ConnectError`] says.
    pub async fn stream(&self, address: &Address, path: &str) -> Result<Link, ConnectError> {
        let opened = tokio::time::timeout(ANSWER_TIMEOUT, open(address, path));
        let late = io::Error::new(io::ErrorKind::TimedOut, "no answer in time");
        opened.await.unwrap_or(Err(Failure::Io(late))).map_err(|failure| match failure {
            Failure::Io(error) => ConnectError::Unreachable { address: address.clone(), error },
            Failure::Status(status) => ConnectError::Refused { address: address.clone(), status },
        })
    }
}

enum Failure {
    Io(io::Error),
    Status(StatusCode),
}

impl<E: Into<Box<dyn std::error::Error + Send + Sync>>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Io(io::Error::other(error))
    }
}

async fn open(address: &Address, path: &str) -> Result<Link, Failure> {
    let stream = tokio::time::timeout(CONNECT_TIMEOUT, TcpStream::connect(&address.authority)).await??;
    stream.set_nodelay(true)?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    // Ends with the connection, or when the upgrade takes it over.
    tokio::spawn(connection.with_upgrades());
    let request = Request::builder()
        .uri(path)
        .header(HOST, &address.authority)
        .header(CONNECTION, "upgrade")
        .header(UPGRADE, PROTOCOL)
        .body(Empty::<Bytes>::new())?;
    let response = sender.send_request(request).await?;
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        return Err(Failure::Status(response.status()));
    }
    let number = |name: &str| -> u64 {
        let value = HeaderName::from_str(name).ok().and_then(|name| response.headers().get(name));
        value.and_then(|value| value.to_str().ok()).and_then(|text| text.parse().ok()).unwrap_or(0)
    };
    let (position, epoch) = (number(POSITION), number(EPOCH));
    let upgraded = hyper::upgrade::on(response).await?;
    let parts = upgraded
        .downcast::<TokioIo<TcpStream>>()
        .map_err(|_| io::Error::other("the upgraded connection is not the one that was made"))?;
    let mut link = Link::new(parts.io.into_inner(), &parts.read_buf, Stop::new());
    link.position = position;
    link.epoch = u32::try_from(epoch).unwrap_or(0);
    Ok(link)
}

/// The whole body of an answer, or why there is none.
async fn gather(body: Incoming) -> Result<Bytes, String> {
    let mut body = Limited::new(body, ANSWER_BYTES_MAX);
    let mut first = Bytes::new();
    let mut all: Vec<u8> = Vec::new();
    while let Some(frame) =
        tokio::time::timeout(PAUSE_MAX, body.frame()).await.map_err(|_| "the answer stopped halfway")?
    {
        let Ok(data) = frame.map_err(|error| error.to_string())?.into_data() else { continue };
        // Almost every answer is one piece, which is not copied.
        if first.is_empty() && all.is_empty() {
            first = data;
        } else {
            all.extend_from_slice(&std::mem::take(&mut first));
            all.extend_from_slice(&data);
        }
    }
    Ok(if all.is_empty() { first } else { all.into() })
}

fn parse<T: DeserializeOwned>(address: &Address, bytes: &[u8]) -> Result<T, QueryError> {
    serde_json::from_slice(bytes)
        .map_err(|error| QueryError::Unexpected { address: address.clone(), reason: error.to_string() })
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text = format!("{text}: {inner}");
        source = inner.source();
    }
    text
}

/// How long to wait before the next attempt: not at all before the first, then twice as long each time, up to a second.
#[derive(Debug, Clone, Copy, Default)]
pub struct Backoff {
    next: Duration,
}

impl Backoff {
    const FIRST: Duration = Duration::from_millis(20);
    const LONGEST: Duration = Duration::from_secs(1);

    /// An attempt failed: how long to wait before the next.
    pub fn pause(&mut self) -> Duration {
        self.later();
        self.next
    }

    /// Waits after an attempt that failed.
    pub async fn wait(&mut self) {
        tokio::time::sleep(self.pause()).await;
    }

    /// It worked: the next wait is short again.
    pub fn reset(&mut self) {
        *self = Self::default();
    }

    /// An attempt failed.
    pub(super) fn later(&mut self) {
        self.next = (self.next * 2).clamp(Self::FIRST, Self::LONGEST);
    }

    /// Waits as long as the attempts so far demand.
    pub(super) async fn wait_before(&self) {
        tokio::time::sleep(self.next).await;
    }
}
