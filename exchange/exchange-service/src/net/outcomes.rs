//! The outcomes of all commands, without gap or repetition, from wherever they are to be had.
//!
//! Not responsible for what they mean. A newcomer needs to know one thing: matching has the newest, the archive of persistence
//! has all, and [`OutcomeStream`] goes from one to the other as its place demands.

use std::io;

use hyper::StatusCode;
use tokio::net::tcp::OwnedReadHalf;
use tokio::task::JoinHandle;

use super::client::{Address, Backoff, Client, ConnectError};
use super::frame::{FrameReader, ITEM};
use super::link::Link;
use super::{ARCHIVE, END, OUTCOMES};

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
    sources: Sources,
    linger_us: u64,
    /// The last outcome that was returned; `None`: nothing was, and what comes next is to be the first.
    after: Option<u64>,
    state: State,
    backoff: Backoff,
    /// Why there is no connection, for health.
    trouble: Option<String>,
}

#[derive(Debug, Clone)]
struct Sources {
    client: Client,
    matching: Address,
    archive: Address,
}

#[derive(Debug)]
enum State {
    Closed,
    /// On a task of its own, so that a caller who cancels each call because it has other work still gets its connection.
    Connecting(Aborted<Result<(Link, Source), ConnectError>>),
    Open(Open),
}

#[derive(Debug)]
struct Open {
    reader: FrameReader<OwnedReadHalf>,
    from: Source,
    /// The last outcome that the service had when the connection was made.
    head: u64,
    _alive: Aborted<io::Error>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Matching,
    Archive,
}

/// A task that ends with its handle.
#[derive(Debug)]
struct Aborted<T>(JoinHandle<T>);

impl<T> Drop for Aborted<T> {
    fn drop(&mut self) {
        self.0.abort();
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
            sources: Sources { client, matching, archive },
            linger_us,
            after,
            state: State::Closed,
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
        match &self.state {
            State::Open(open) => Some(open.head),
            _ => None,
        }
    }

    /// Why there is no connection now.
    #[must_use]
    pub fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    /// Waits for the next outcomes and hands each to `take`: sequence and encoded outcome. Returns when those that have arrived
    /// are handed over; after that [`position`](Self::position) says how far it has come. Also returns when a connection has come
    /// about or ended, so that the caller learns of it. Safe to cancel.
    ///
    /// # Errors
    /// As [`OutcomeError`] says: the stream has come to an end. A service that is not there is waited for.
    pub async fn next(&mut self, mut take: impl FnMut(u64, &[u8])) -> Result<(), OutcomeError> {
        match &mut self.state {
            State::Closed => {
                let connect = connect(self.sources.clone(), self.after, self.linger_us, self.backoff);
                self.state = State::Connecting(Aborted(tokio::spawn(connect)));
                Ok(())
            }
            State::Connecting(task) => {
                let connected = (&mut task.0).await;
                self.state = State::Closed;
                match connected {
                    Ok(Ok((link, from))) => self.opened(link, from),
                    Ok(Err(error)) => return self.failed(&error),
                    // The runtime is about to end.
                    Err(error) => self.trouble = Some(error.to_string()),
                }
                Ok(())
            }
            State::Open(open) => {
                let filled = open.reader.fill().await;
                let (from, before) = (open.from, self.after);
                let handed = match filled {
                    Ok(()) => hand_over(open, &mut self.after, &mut take),
                    Err(error) => Err(Ended::Broken(error.to_string())),
                };
                if self.after != before {
                    self.backoff.reset();
                }
                let Err(ended) = handed else { return Ok(()) };
                self.state = State::Closed;
                match ended {
                    // Matching has the rest; if it has not yet, the archive is asked again, but not in a circle.
                    Ended::Archive => {}
                    Ended::Broken(reason) => {
                        self.trouble = Some(format!("{}: {reason}", self.sources.address(from)));
                    }
                    Ended::Gap { expected, found } => {
                        let address = self.sources.address(from).clone();
                        return Err(OutcomeError::Gap { address, expected, found });
                    }
                }
                Ok(())
            }
        }
    }

    fn opened(&mut self, link: Link, from: Source) {
        self.after.get_or_insert(link.position);
        let alive = tokio::spawn(link.writer.stay_alive());
        let head = link.position;
        self.state = State::Open(Open { reader: link.reader, from, head, _alive: Aborted(alive) });
        self.trouble = None;
        // Until something has come: whoever accepts a connection and drops it is not asked in a circle.
        self.backoff.later();
    }

    fn failed(&mut self, error: &ConnectError) -> Result<(), OutcomeError> {
        if error.status() == Some(StatusCode::GONE) {
            return Err(OutcomeError::Gone { wanted: self.after.map_or(0, |after| after.saturating_add(1)) });
        }
        self.trouble = Some(error.to_string());
        self.backoff.later();
        Ok(())
    }
}

impl Sources {
    fn address(&self, source: Source) -> &Address {
        match source {
            Source::Matching => &self.matching,
            Source::Archive => &self.archive,
        }
    }
}

/// Asks matching, and the archive where matching does not reach back.
async fn connect(
    sources: Sources,
    after: Option<u64>,
    linger_us: u64,
    backoff: Backoff,
) -> Result<(Link, Source), ConnectError> {
    backoff.wait_before().await;
    let query = match after {
        Some(after) => format!("?after={after}&linger_us={linger_us}"),
        None => format!("?linger_us={linger_us}"),
    };
    match sources.client.stream(&sources.matching, &format!("{OUTCOMES}{query}")).await {
        Ok(link) => return Ok((link, Source::Matching)),
        Err(error) if error.status() == Some(StatusCode::GONE) => {}
        Err(error) => return Err(error),
    }
    let link = sources.client.stream(&sources.archive, &format!("{ARCHIVE}{query}")).await?;
    Ok((link, Source::Archive))
}

/// Why a connection is of no more use.
enum Ended {
    /// The archive has said all it has.
    Archive,
    Broken(String),
    Gap {
        expected: u64,
        found: u64,
    },
}

/// Hands over what has been read.
fn hand_over(
    open: &mut Open,
    after: &mut Option<u64>,
    take: &mut impl FnMut(u64, &[u8]),
) -> Result<(), Ended> {
    let mut any = false;
    while let Some(frame) = open.reader.ready() {
        any = true;
        match (frame.item(), frame.kind) {
            (Some((sequence, body)), _) => {
                let expected = after.map_or(sequence, |after| after.saturating_add(1));
                if sequence != expected {
                    return Err(Ended::Gap { expected, found: sequence });
                }
                take(sequence, body);
                *after = Some(sequence);
            }
            (None, END) if open.from == Source::Archive => return Err(Ended::Archive),
            (None, ITEM) => return Err(Ended::Broken("found an item without its sequence".into())),
            // Other kinds are for those who know them: an older reader passes over them.
            (None, _) => {}
        }
    }
    if any { Ok(()) } else { Err(Ended::Broken("the connection was closed".into())) }
}
