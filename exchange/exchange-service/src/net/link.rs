//! A connection that carries frames.

use std::io;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

use super::frame::{self, FrameReader, SILENCE_MAX};
use crate::stop::Stop;

/// Both directions of a connection. A task may own each.
#[derive(Debug)]
pub struct Link {
    /// Frames of the other side.
    pub reader: FrameReader<OwnedReadHalf>,
    /// Frames to the other side.
    pub writer: LinkWriter,
    /// The sequence of the last item that the other side has, where it says one.
    pub position: u64,
    /// The reign of the log's writer, where the other side says it.
    pub epoch: u32,
    /// Asked when the service that answers ends. Whoever serves the connection may finish what it is at, for
    /// [`STOP_GRACE`](super::STOP_GRACE); then the connection is cut. On the asking side nobody asks.
    pub stop: Stop,
}

/// The sending direction.
#[derive(Debug)]
pub struct LinkWriter {
    stream: OwnedWriteHalf,
}

impl Link {
    pub(super) fn new(stream: TcpStream, read_already: &[u8], stop: Stop) -> Self {
        // Batches are made on purpose; a system that makes its own only delays the last frame of each. An error means that the
        // connection is gone, which the first read says better.
        drop(stream.set_nodelay(true));
        let (read, write) = stream.into_split();
        Self {
            reader: FrameReader::new(read, read_already),
            writer: LinkWriter { stream: write },
            position: 0,
            epoch: 0,
            stop,
        }
    }
}

impl LinkWriter {
    /// Sends whole frames. **When the receiver is slow, this waits**: the bound is the system's buffer. Not safe to cancel, unless the
    /// connection is given up, and not for two at a time: their frames would mix.
    ///
    /// # Errors
    /// What writing says; a receiver that takes nothing for [`SILENCE_MAX`] has lost the connection.
    pub async fn send(&self, frames: &[u8]) -> io::Result<()> {
        let mut left = frames;
        while !left.is_empty() {
            let written = self.try_send(left)?;
            if written == 0 {
                tokio::time::timeout(SILENCE_MAX, self.stream.writable())
                    .await
                    .map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "the receiver takes nothing"))??;
            }
            left = &left[written..];
        }
        Ok(())
    }

    /// Sends as many bytes as the connection takes at once, and says how many. From any thread.
    ///
    /// # Errors
    /// What writing says.
    pub fn try_send(&self, frames: &[u8]) -> io::Result<usize> {
        match self.stream.try_write(frames) {
            Ok(0) => Err(io::ErrorKind::WriteZero.into()),
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {
                Ok(0)
            }
            result => result,
        }
    }

    /// Says that this side is there.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub async fn send_alive(&self) -> io::Result<()> {
        let mut alive = Vec::with_capacity(8);
        frame::put_frame(&mut alive, frame::ALIVE, |_| {});
        self.send(&alive).await
    }

    /// Says every so often that this side is there, until the connection is gone: for a side that only listens.
    pub async fn stay_alive(self) -> io::Error {
        loop {
            if let Err(error) = self.send_alive().await {
                return error;
            }
            tokio::time::sleep(frame::ALIVE_EVERY).await;
        }
    }
}

/// Waits for something no longer than an [`ALIVE`](frame::ALIVE) is due.
pub(super) async fn before_alive<T>(something: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(frame::ALIVE_EVERY, something).await.ok()
}

/// How long a stream gathers items before it sends them, at most.
pub(super) const LINGER_MAX: Duration = Duration::from_millis(100);
