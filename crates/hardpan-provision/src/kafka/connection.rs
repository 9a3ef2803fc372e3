//! A connection to one broker: frames, versions, requests and answers.
//!
//! Not responsible for what is asked. A newcomer needs to know one thing: an answer's length is checked before anything is
//! read, and whatever does not answer in time, or not in Kafka's protocol, is a broker that is not ready.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::code::Code;
use super::message::{ApiVersions, Request};
use super::wire::{Malformed, Reader, Writer};
use crate::error::Failure;
use crate::plan::Address;
use crate::wait::Context;

/// Longer answers are refused: the metadata of a hundred thousand partitions takes a quarter of it.
const FRAME_BYTES_MAX: usize = 16 << 20;
/// What is reserved before anything has come.
const RESERVED_BYTES_MAX: usize = 64 << 10;
/// What the broker's logs call the client.
const CLIENT_ID: &str = "hardpan";
/// How many kinds of messages a broker may list; today's know fewer than a hundred.
const APIS_MAX: usize = 1_000;

/// A connection that nobody has logged in on yet.
pub(super) struct Connection {
    stream: TcpStream,
    address: Address,
    correlation: i32,
    /// Keys of messages, first and last version.
    versions: Vec<(i16, i16, i16)>,
}

impl Connection {
    /// Connects and asks what the broker speaks.
    pub(super) async fn open(address: &Address, context: &Context) -> Result<Self, Failure> {
        let waiting_for = format!("{address} to accept a connection");
        let connect = TcpStream::connect((address.host.as_str(), address.port));
        let stream = context
            .bounded(&waiting_for, connect)
            .await?
            .map_err(|error| Failure::not_ready(&waiting_for, error))?;
        // Requests are small and each is waited for. A system that cannot do it is only slower.
        drop(stream.set_nodelay(true));
        let mut connection = Self {
            stream,
            address: address.clone(),
            correlation: 0,
            versions: vec![(ApiVersions::KEY, 0, 0)],
        };
        let (code, versions) = connection.call(&ApiVersions, context).await?;
        if code != Code::NONE || versions.len() > APIS_MAX {
            return Err(Failure::not_ready(format!("{address} to say what it speaks"), code));
        }
        connection.versions = versions;
        Ok(connection)
    }

    pub(super) fn address(&self) -> &Address {
        &self.address
    }

    /// True if the broker knows the message in a version that is known here.
    pub(super) fn knows<R: Request>(&self) -> bool {
        self.version::<R>().is_some()
    }

    fn version<R: Request>(&self) -> Option<i16> {
        let (_, min, max) = self.versions.iter().find(|(key, ..)| *key == R::KEY)?;
        let version = R::VERSIONS.1.min(*max);
        (version >= R::VERSIONS.0.max(*min)).then_some(version)
    }

    /// Asks, and reads the answer.
    pub(super) async fn call<R: Request>(
        &mut self,
        request: &R,
        context: &Context,
    ) -> Result<R::Answer, Failure> {
        let Some(version) = self.version::<R>() else {
            let reason =
                format!("{} does not know {} in a version that hardpan speaks", self.address, R::NAME);
            return Err(Failure::other(reason).with_help("Kafka 2.7 and later do"));
        };
        self.correlation = self.correlation.wrapping_add(1);
        let frame = frame(request, version, self.correlation).ok_or_else(|| {
            let reason = format!("{} takes no {} with so long a text", self.address, R::NAME);
            Failure::other(reason).with_help("shorten the longest setting to less than 32 KiB")
        })?;
        let waiting_for = format!("{} to answer {}", self.address, R::NAME);
        let exchange = async {
            self.stream.write_all(&frame).await.map_err(lost)?;
            read_frame(&mut self.stream).await
        };
        let answer = context.bounded(&waiting_for, exchange).await?;
        let answer = answer.map_err(|why| Failure::not_ready(&waiting_for, why))?;
        read_answer::<R>(&answer, version, self.correlation).map_err(|Malformed| {
            Failure::not_ready(waiting_for, "the answer is not what Kafka's protocol says")
        })
    }
}

/// A request with its header and length; none where the version has no room for what is in it.
fn frame<R: Request>(request: &R, version: i16, correlation: i32) -> Option<Vec<u8>> {
    let flexible = version >= R::FLEXIBLE_FROM;
    let mut writer = Writer::new(version, flexible);
    writer.int32(0); // the length, once it is known
    writer.int16(R::KEY);
    writer.int16(version);
    writer.int32(correlation);
    writer.plain_string(CLIENT_ID);
    writer.end();
    request.write(&mut writer);
    let mut bytes = writer.into_bytes()?;
    let length = i32::try_from(bytes.len() - 4).ok()?;
    bytes[..4].copy_from_slice(&length.to_be_bytes());
    Some(bytes)
}

/// The answer in a frame without its length.
fn read_answer<R: Request>(frame: &[u8], version: i16, correlation: i32) -> Result<R::Answer, Malformed> {
    let flexible = version >= R::FLEXIBLE_FROM;
    let mut reader = Reader::new(frame, version, flexible);
    if reader.int32()? != correlation {
        return Err(Malformed);
    }
    reader.end()?;
    let answer = R::read(&mut reader)?;
    reader.finish()?;
    Ok(answer)
}

/// One frame without its length; the error says what is odd.
async fn read_frame(stream: &mut TcpStream) -> Result<Vec<u8>, String> {
    let mut head = [0; 4];
    stream.read_exact(&mut head).await.map_err(lost)?;
    let length = usize::try_from(i32::from_be_bytes(head)).unwrap_or(usize::MAX);
    if length > FRAME_BYTES_MAX {
        return Err(match head {
            [0x15, 3, ..] => "it speaks TLS: name a listener without".to_owned(),
            [b'H', b'T', b'T', b'P'] => "it speaks HTTP".to_owned(),
            _ => format!("an answer of more than {FRAME_BYTES_MAX} bytes, or not Kafka's protocol"),
        });
    }
    let mut frame = Vec::with_capacity(length.min(RESERVED_BYTES_MAX));
    let limit = u64::try_from(length).unwrap_or(u64::MAX);
    stream.take(limit).read_to_end(&mut frame).await.map_err(lost)?;
    if frame.len() < length { Err(CLOSED.to_owned()) } else { Ok(frame) }
}

/// What a broker does with a client that should have logged in first, or that it does not want for another reason.
const CLOSED: &str =
    "the connection was closed (as a listener does that wants a login, or TLS, where the plan has none)";

fn lost(error: std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::UnexpectedEof => CLOSED.to_owned(),
        _ => error.to_string(),
    }
}
