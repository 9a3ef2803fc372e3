//! The records of the log as persistence streams them, and how far they are durable.
//!
//! Not responsible for what a record asks. A newcomer needs to know one thing: a place in the log is a sequence *and* the reign in
//! which its record was written. A log that lost its end numbers anew from there in a higher reign, so whoever resumes says both,
//! and is refused with 409 where the log has another record at that place, or none: then what it knows is about records that
//! never were, and it has to forget it.

use std::io;

use exchange_types::codec::Frame as Record;
use exchange_types::decode_frame;

use super::client::{Address, Client, ConnectError};
use super::incoming::{Arrive, Incoming};
use super::{COMMANDS, DURABLE};

/// A place in the log: behind a record.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Place {
    /// The sequence of the record; zero: before the first one.
    pub sequence: u64,
    /// Its reign. `None` where it is not known, because a snapshot does not say it; a snapshot is of durable records, which stay.
    pub epoch: Option<u32>,
}

impl Place {
    /// The part of a request that resumes here.
    #[must_use]
    pub fn query(&self) -> String {
        match self.epoch {
            Some(epoch) => format!("after={}&epoch={epoch}", self.sequence),
            None => format!("after={}", self.sequence),
        }
    }
}

/// What a stream is to bring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// Records, and how far they are durable.
    Records,
    /// How far they are durable.
    Durable,
}

/// What persistence says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said<'bytes> {
    /// The next record. It is not durable yet, as far as this says.
    Record(Record<'bytes>),
    /// Everything up to here is durable.
    Durable(u64),
}

/// A connection to the log.
#[derive(Debug)]
pub struct CommandStream {
    incoming: Incoming,
    asked: Place,
    position: u64,
    end: u64,
    reign: u32,
}

impl CommandStream {
    /// Resumes behind a place.
    ///
    /// # Errors
    /// As [`ConnectError`] says; status 409 where this place is not in the log.
    pub async fn open(
        client: Client,
        persistence: Address,
        place: Place,
        wanted: Wanted,
    ) -> Result<Self, ConnectError> {
        let records = wanted == Wanted::Records;
        let path = format!("{COMMANDS}?{}&records={records}", place.query());
        let link = client.stream(&persistence, &path).await?;
        let (end, reign) = (link.position, link.epoch);
        Ok(Self { incoming: Incoming::new(link), asked: place, position: place.sequence, end, reign })
    }

    /// The place that was resumed behind: it is in the log.
    #[must_use]
    pub fn asked(&self) -> Place {
        self.asked
    }

    /// The reign of the writer at the other end: every record that it writes is of this reign.
    #[must_use]
    pub fn reign(&self) -> u32 {
        self.reign
    }

    /// The last record of the log when the stream was opened.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.end
    }

    /// The next thing that has arrived. `None`: that was all for now.
    ///
    /// # Errors
    /// If the other side has closed the connection, or says something that it must not: a record that is not the next one, one whose
    /// checksum is wrong.
    pub fn next_ready(&mut self) -> io::Result<Option<Said<'_>>> {
        let Some(frame) = self.incoming.next_ready()? else { return Ok(None) };
        if let Some((sequence, body)) = frame.item() {
            let expected = self.position + 1;
            if sequence != expected {
                return Err(wrong(format!("found record {sequence}, expected {expected}")));
            }
            let record = decode_frame(body).map_err(|error| wrong(error.to_string()))?;
            if record.header.sequence.0 != sequence || record.bytes() != body.len() {
                return Err(wrong(format!("item {sequence} is not the record of that number alone")));
            }
            self.position = sequence;
            return Ok(Some(Said::Record(record)));
        }
        match (frame.kind, <[u8; 8]>::try_from(frame.payload)) {
            (DURABLE, Ok(durable)) => Ok(Some(Said::Durable(u64::from_le_bytes(durable)))),
            (kind, _) => Err(wrong(format!("found a frame of kind {kind}"))),
        }
    }
}

fn wrong(text: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, text)
}

impl Arrive for CommandStream {
    async fn arrive(&mut self) -> io::Result<()> {
        self.incoming.arrive().await
    }
}
