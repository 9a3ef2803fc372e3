//! The outcomes of all commands, without gap or repetition, from wherever they are to be had.
//!
//! Not responsible for what they mean. A newcomer needs to know one thing: matching has the newest, the archive of persistence
//! has all, and [`OutcomeStream`] goes from one to the other as its place demands.

use std::io;

use hyper::StatusCode;

use super::client::{Address, Backoff, Client, ConnectError};
use super::frame::{Frame, FrameReader};
use super::{ARCHIVE, OUTCOMES};
use tokio::net::tcp::OwnedReadHalf;
use tokio::task::JoinHandle;

/// Why a stream of outcomes cannot go on. Everything else is waited for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OutcomeError {
    /// The service sent something else than the next outcome.
    #[error("{address} sent outcome {found}, expected {expected}")]
    Gap {
        /// Who.
        address: Address,
        /// The sequence expected.
        expected: u64,
        /// The sequence found.
        found: u64,
    },
    /// Neither matching nor the archive has the next outcome any more.
    #[error("outcome {wanted} is not kept any more")]
    Gone {
        /// The sequence wanted.
        wanted: u64,
    },
}

/// Follows the outcomes.
#[derive(Debug)]
pub struct OutcomeStream {
    client: Client,
    matching: Address,
    archive: Address,
    linger_us: u64,
    /// The last outcome that was returned; `None`: nothing was, and what comes next is to be the first.
    after: Option<u64>,
    open: Option<Open>,
    backoff: Backoff,
    /// Why there is no connection, for health.
    trouble: Option<String>,
}

#[derive(Debug)]
struct Open {
    reader: FrameReader<OwnedReadHalf>,
    alive: JoinHandle<io::Error>,
    from: Address,
    /// The last outcome that the service had when the connection was made.
    head: u64,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.alive.abort();
    }
}

impl OutcomeStream {
    /// A stream of what comes after `after`; `None`: of what comes from now on. `linger_us`: how many microseconds outcomes may be
    /// gathered on the way, by one who does not mind.
    #[must_use]
    pub fn new(
        client: Client,
        matching: Address,
        archive: Address,
        after: Option<u64>,
        linger_us: u64,
    ) -> Self {
        Self {
            client,
            matching,
            archive,
            linger_us,
            after,
            open: None,
            backoff: Backoff::default(),
            trouble: None,
        }
    }

    /// The last outcome that was returned, once it is known.
    #[must_use]
    pub fn position(&self) -> Option<u64> {
        self.after
    }

    /// The last outcome that there was when the present connection was made: whoever has not come so far is catching up. `None`:
    /// there is no connection now.
    #[must_use]
    pub fn head(&self) -> Option<u64> {
        self.open.as_ref().map(|open| open.head)
    }

    /// Why there is no connection now.
    #[must_use]
    pub fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    /// Waits for the next outcomes and hands each to `take`: sequence and encoded outcome. Returns when those that have arrived
    /// are handed over; after that [`position`](Self::position) says how far it has come. Also returns when it has connected, so
    /// that the caller learns of it. Safe to cancel.
    ///
    /// # Errors
    /// As [`OutcomeError`] says: the stream has come to an end. A service that is not there is waited for.
    pub async fn next(&mut self, mut take: impl FnMut(u64, &[u8])) -> Result<(), OutcomeError> {
        let Some(open) = &mut self.open else {
            return self.connect().await;
        };
        let ended = match open.reader.fill().await {
            Err(error) => Some(error.to_string()),
            Ok(()) => {
                let mut any = false;
                let mut end = false;
                while let Some(frame) = open.reader.ready() {
                    any = true;
                    match item(frame) {
                        Some((sequence, body)) => {
                            let expected = self.after.map_or(sequence, |after| after + 1);
                            if sequence != expected {
                                let address = open.from.clone();
                                return Err(OutcomeError::Gap { address, expected, found: sequence });
                            }
                            take(sequence, body);
                            self.after = Some(sequence);
                        }
                        None => end = true,
                    }
                }
                (end || !any).then(|| "the connection was closed".to_owned())
            }
        };
        if let Some(reason) = ended {
            let from = self.open.take().map(|open| open.from.clone());
            // The end of the archive is no trouble: matching has the rest.
            self.trouble = from.filter(|from| *from == self.matching).map(|from| format!("{from}: {reason}"));
        }
        Ok(())
    }

    async fn connect(&mut self) -> Result<(), OutcomeError> {
        let matching = self.matching.clone();
        match self.open_at(matching, OUTCOMES).await {
            Ok(()) => return Ok(()),
            Err(error) if error.status() == Some(StatusCode::GONE) => {}
            Err(error) => return self.wait(&error).await,
        }
        let archive = self.archive.clone();
        match self.open_at(archive, ARCHIVE).await {
            Ok(()) => Ok(()),
            Err(error) if error.status() == Some(StatusCode::GONE) => {
                Err(OutcomeError::Gone { wanted: self.after.unwrap_or(0) + 1 })
            }
            Err(error) => self.wait(&error).await,
        }
    }

    async fn wait(&mut self, error: &ConnectError) -> Result<(), OutcomeError> {
        self.trouble = Some(error.to_string());
        self.backoff.wait().await;
        Ok(())
    }

    async fn open_at(&mut self, address: Address, path: &str) -> Result<(), ConnectError> {
        let path = match self.after {
            Some(after) => format!("{path}?after={after}&linger_us={}", self.linger_us),
            None => format!("{path}?linger_us={}", self.linger_us),
        };
        let link = self.client.stream(&address, &path).await?;
        self.after.get_or_insert(link.position);
        let alive = tokio::spawn(link.writer.stay_alive());
        self.open = Some(Open { reader: link.reader, alive, from: address, head: link.position });
        self.backoff.reset();
        self.trouble = None;
        Ok(())
    }
}

fn item<'bytes>(frame: Frame<'bytes>) -> Option<(u64, &'bytes [u8])> {
    frame.item()
}
