//! Streams that are only listened to, and how they are opened again when they are lost.
//!
//! Not responsible for what the frames mean or where a stream is resumed. A newcomer needs to know one thing: everything that waits
//! here is safe to cancel, so one task can wait for several streams at once in a `select!`.

use std::io;
use std::pin::Pin;

use tokio::net::tcp::OwnedReadHalf;
use tokio::task::JoinHandle;

use super::client::{Backoff, ConnectError};
use super::frame::{Frame, FrameReader};
use super::link::Link;

/// The reading direction of a connection on which this side says nothing but that it is there.
#[derive(Debug)]
pub struct Incoming {
    reader: FrameReader<OwnedReadHalf>,
    /// Says that this side is there. Ends with this value.
    alive: JoinHandle<io::Error>,
    /// [`arrive`](Incoming::arrive) has returned and nothing was taken since: if nothing is there, the connection is closed.
    fresh: bool,
}

impl Incoming {
    /// Listens to a connection.
    #[must_use]
    pub fn new(link: Link) -> Self {
        let alive = tokio::spawn(link.writer.stay_alive());
        Self { reader: link.reader, alive, fresh: false }
    }

    /// The next frame that has arrived. `None`: that was all for now.
    ///
    /// # Errors
    /// If the other side has closed the connection.
    pub fn next_ready(&mut self) -> io::Result<Option<Frame<'_>>> {
        let fresh = std::mem::take(&mut self.fresh);
        match self.reader.ready() {
            None if fresh => {
                Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the other side closed the connection"))
            }
            frame => Ok(frame),
        }
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        self.alive.abort();
    }
}

/// Something on which frames arrive.
pub trait Arrive {
    /// Waits until there is something to take. Safe to cancel.
    ///
    /// # Errors
    /// What reading says.
    fn arrive(&mut self) -> impl Future<Output = io::Result<()>> + Send;
}

impl Arrive for Incoming {
    async fn arrive(&mut self) -> io::Result<()> {
        self.reader.fill().await?;
        self.fresh = true;
        Ok(())
    }
}

/// What has happened to a stream.
#[derive(Debug)]
pub enum Turn {
    /// It is open now.
    Opened,
    /// It could not be opened. The next attempt comes after a pause.
    Refused(ConnectError),
    /// Something is there to be taken.
    Arrived,
    /// It broke. It will be opened again.
    Lost(io::Error),
}

type Opening<T> = Pin<Box<dyn Future<Output = Result<T, ConnectError>> + Send>>;

enum State<T> {
    Closed,
    Opening(Opening<T>),
    Open(T),
}

/// A stream that is opened again whenever it is lost, after a pause that grows with each failure in a row.
pub struct Reconnect<T> {
    state: State<T>,
    backoff: Backoff,
    /// Nothing has failed since something arrived last: the next attempt is made at once.
    well: bool,
}

impl<T> Default for Reconnect<T> {
    fn default() -> Self {
        Self { state: State::Closed, backoff: Backoff::default(), well: true }
    }
}

impl<T> std::fmt::Debug for Reconnect<T> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let state = match self.state {
            State::Closed => "closed",
            State::Opening(_) => "opening",
            State::Open(_) => "open",
        };
        formatter.debug_struct("Reconnect").field("state", &state).finish_non_exhaustive()
    }
}

impl<T: Arrive + Send> Reconnect<T> {
    /// The stream, if it is open.
    pub fn get(&mut self) -> Option<&mut T> {
        match &mut self.state {
            State::Open(stream) => Some(stream),
            State::Closed | State::Opening(_) => None,
        }
    }

    /// Gives the stream up. It is opened again at the next [`turn`](Self::turn), from wherever that says.
    pub fn close(&mut self) {
        self.state = State::Closed;
    }

    /// As [`close`](Self::close) because of something that will not be better at once: the next attempt waits.
    pub fn fail(&mut self) {
        self.state = State::Closed;
        self.well = false;
    }

    /// Waits for the next thing that happens to the stream; `open` opens it where it is closed. Safe to cancel: an attempt to open
    /// it goes on in the next call.
    pub async fn turn<F>(&mut self, open: impl FnOnce() -> F) -> Turn
    where
        F: Future<Output = Result<T, ConnectError>> + Send + 'static,
    {
        if let State::Open(stream) = &mut self.state {
            return match stream.arrive().await {
                Ok(()) => {
                    self.well = true;
                    self.backoff.reset();
                    Turn::Arrived
                }
                Err(error) => {
                    self.fail();
                    Turn::Lost(error)
                }
            };
        }
        if matches!(self.state, State::Closed) {
            let pause = (!self.well).then(|| self.backoff.pause());
            let opened = open();
            self.state = State::Opening(Box::pin(async move {
                if let Some(pause) = pause {
                    tokio::time::sleep(pause).await;
                }
                opened.await
            }));
        }
        let State::Opening(opening) = &mut self.state else { return Turn::Opened };
        match opening.await {
            Ok(stream) => {
                self.state = State::Open(stream);
                Turn::Opened
            }
            Err(error) => {
                self.fail();
                Turn::Refused(error)
            }
        }
    }
}
