//! One HTTP/1.1 connection to the server, kept open from request to request.
//!
//! Not responsible for signatures. A newcomer needs to know one thing: bodies are small configurations, so they are held in
//! memory, up to a bound.

use std::io;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll, ready};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper::{Request, Response};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::error::Failure;
use crate::plan::Address;
use crate::wait::Context;

/// A list of ten thousand buckets, the most an account can have, is below 2 MiB; everything else is far smaller.
const BODY_MAX: usize = 8 << 20;

/// A connection, opened when it is needed.
pub(super) struct Connection {
    address: Address,
    sender: Option<SendRequest<Full<Bytes>>>,
}

/// What the server said.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    /// The media type, without parameters.
    pub(super) content_type: String,
    /// The server's time, as it says it.
    pub(super) date: Option<String>,
    pub(super) body: Vec<u8>,
}

impl Connection {
    pub(super) fn new(address: Address) -> Self {
        Self { address, sender: None }
    }

    pub(super) fn address(&self) -> &Address {
        &self.address
    }

    /// Sends a request and takes its answer.
    ///
    /// # Errors
    /// [`Failure::NotReady`], after which the next request opens a new connection.
    pub(super) async fn send(
        &mut self,
        request: Request<Full<Bytes>>,
        context: &Context,
    ) -> Result<Reply, Failure> {
        // Taken out, so that a request which is given up in the middle takes its connection with it.
        let waiting_for = format!("{} to answer", self.address);
        let mut kept = self.sender.take();
        let is_open = match &mut kept {
            // A server may close after an answer.
            Some(sender) => context.bounded(&waiting_for, sender.ready()).await?.is_ok(),
            None => false,
        };
        let mut sender = match kept.filter(|_| is_open) {
            Some(sender) => sender,
            None => self.connect(context).await?,
        };
        let exchange = async {
            let response = sender.send_request(request).await.map_err(|error| describe(&error))?;
            reply(response).await
        };
        let reply = context.bounded(&waiting_for, exchange).await?;
        let reply = reply.map_err(|error| Failure::not_ready(waiting_for, error))?;
        self.sender = Some(sender);
        Ok(reply)
    }

    async fn connect(&self, context: &Context) -> Result<SendRequest<Full<Bytes>>, Failure> {
        let waiting_for = format!("{} to accept a connection", self.address);
        let open = async {
            let stream = TcpStream::connect((self.address.host.as_str(), self.address.port)).await?;
            // A request is one write; waiting for more to send with it would only cost time.
            stream.set_nodelay(true)?;
            handshake(Stream(stream)).await.map_err(io::Error::other)
        };
        let opened = context.bounded(&waiting_for, open).await?;
        let (sender, connection) = opened.map_err(|error| Failure::not_ready(waiting_for, error))?;
        // It ends when its sender is dropped. What goes wrong in it is told to whoever sends.
        tokio::task::spawn_local(async { drop(connection.await) });
        Ok(sender)
    }
}

async fn reply(response: Response<hyper::body::Incoming>) -> Result<Reply, String> {
    let (head, body) = response.into_parts();
    let header = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let content_type = header("content-type").unwrap_or_default();
    let content_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let date = header("date");
    let body = Limited::new(body, BODY_MAX).collect().await.map_err(|error| {
        if error.is::<LengthLimitError>() {
            format!("an answer of more than {} MiB", BODY_MAX >> 20)
        } else {
            format!("the answer broke off: {error}")
        }
    })?;
    Ok(Reply { status: head.status.as_u16(), content_type, date, body: body.to_bytes().to_vec() })
}

/// An error with its causes: hyper's own words do not include them.
fn describe(error: &hyper::Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// Tokio's stream in hyper's words.
struct Stream(TcpStream);

/// How much is read at once. Answers are small.
const READ: usize = 8 << 10;

impl Read for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut TaskContext<'_>,
        mut target: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let mut bytes = [0; READ];
        let wanted = target.remaining().min(READ);
        let mut buffer = ReadBuf::new(&mut bytes[..wanted]);
        ready!(Pin::new(&mut self.0).poll_read(context, &mut buffer))?;
        target.put_slice(buffer.filled());
        Poll::Ready(Ok(()))
    }
}

impl Write for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut TaskContext<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut TaskContext<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut TaskContext<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
