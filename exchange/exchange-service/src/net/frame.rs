//! Frames: what goes over a connection between two services.
//!
//! Not responsible for what is inside one. A newcomer needs to know one thing: a frame is its length, a kind and bytes; items of
//! a stream are frames that begin with their sequence number, so that a stream can be cut anywhere between two items.
//!
//! | what | bytes |
//! |---|---|
//! | length of what follows | 4, `u32` little-endian |
//! | kind | 1 |
//! | payload; an item begins with its sequence, `u64` little-endian | length − 1 |

use std::io;
use std::time::Duration;

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt};

/// A frame that says nothing but that its sender is there.
pub const ALIVE: u8 = 0;
/// An item of a stream.
pub const ITEM: u8 = 1;
/// The first kind that each stream gives a meaning of its own.
pub const FIRST_OWN: u8 = 16;

/// The longest frame, in bytes. A record has a hundred or so; the longest outcome is that of a command which ends every order of the
/// venue, of which there are no more than fit (asserted in the matching engine).
pub const FRAME_BYTES_MAX: usize = 256 * 1024 * 1024;

/// A buffer that had to grow beyond this for one long frame is given back once it is empty, in bytes.
const BUFFER_KEPT_MAX: usize = 1024 * 1024;

/// What a buffer begins with, in bytes.
const BUFFER_BYTES: usize = 64 * 1024;

/// Bytes before the payload.
const HEAD: usize = 5;

/// How often a sender that has nothing to say sends [`ALIVE`].
pub const ALIVE_EVERY: Duration = Duration::from_secs(1);

/// How long a reader waits for anything before it takes the connection for dead.
pub const SILENCE_MAX: Duration = Duration::from_secs(5);

/// A frame, without its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'bytes> {
    /// What it is.
    pub kind: u8,
    /// What it says.
    pub payload: &'bytes [u8],
}

impl<'bytes> Frame<'bytes> {
    /// The sequence and the body of an item; `None` where it is none.
    #[must_use]
    pub fn item(&self) -> Option<(u64, &'bytes [u8])> {
        let (sequence, body) = self.payload.split_first_chunk::<8>()?;
        (self.kind == ITEM).then_some((u64::from_le_bytes(*sequence), body))
    }
}

/// Appends a frame whose payload `write` appends.
///
/// # Panics
/// If the payload is longer than [`FRAME_BYTES_MAX`]: no message is.
pub fn put_frame(out: &mut Vec<u8>, kind: u8, write: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&[0, 0, 0, 0, kind]);
    write(out);
    let length = out.len() - start - 4;
    assert!(length <= FRAME_BYTES_MAX, "a frame of {length} bytes");
    out[start..start + 4].copy_from_slice(&(length as u32).to_le_bytes());
}

/// Appends an item whose body `write` appends.
///
/// # Panics
/// As [`put_frame`].
pub fn put_item(out: &mut Vec<u8>, sequence: u64, write: impl FnOnce(&mut Vec<u8>)) {
    put_frame(out, ITEM, |out| {
        out.extend_from_slice(&sequence.to_le_bytes());
        write(out);
    });
}

/// How many bytes of a chunk are items up to and including `after`.
pub(super) fn skip_items(frames: &[u8], after: u64) -> usize {
    let mut at = 0;
    while let Some(found) = parse(&frames[at..]) {
        if found.frame.item().is_none_or(|(sequence, _)| sequence > after) {
            break;
        }
        at += found.bytes;
    }
    at
}

struct Parsed<'bytes> {
    frame: Frame<'bytes>,
    /// How long it is with its length.
    bytes: usize,
}

/// The frame at the beginning, if it is there as a whole. A length that no frame has is checked by the reader before.
fn parse(bytes: &[u8]) -> Option<Parsed<'_>> {
    let head = bytes.first_chunk::<HEAD>()?;
    let length = u32::from_le_bytes([head[0], head[1], head[2], head[3]]) as usize;
    let payload = bytes.get(HEAD..4 + length)?;
    Some(Parsed { frame: Frame { kind: head[4], payload }, bytes: 4 + length })
}

/// Reads frames.
#[derive(Debug)]
pub struct FrameReader<R> {
    stream: R,
    buffer: BytesMut,
    /// Bytes of the frame that was returned last: they go at the next call.
    used: usize,
}

impl<R: AsyncRead + Unpin> FrameReader<R> {
    /// Reads from `stream`, after the bytes that have been read from it already.
    pub fn new(stream: R, read_already: &[u8]) -> Self {
        let mut buffer = BytesMut::with_capacity(BUFFER_BYTES);
        buffer.extend_from_slice(read_already);
        Self { stream, buffer, used: 0 }
    }

    /// The next frame that says something. `None`: the other side has closed the connection.
    ///
    /// # Errors
    /// What reading says; a frame that is cut short or longer than any; [`SILENCE_MAX`] without a byte.
    pub async fn next(&mut self) -> io::Result<Option<Frame<'_>>> {
        self.fill().await?;
        Ok(self.ready())
    }

    /// Waits until [`ready`](Self::ready) has a frame that says something, or the connection is closed. Safe to cancel: what has
    /// been read stays.
    ///
    /// # Errors
    /// As [`next`](Self::next).
    pub async fn fill(&mut self) -> io::Result<()> {
        loop {
            self.buffer.advance(std::mem::take(&mut self.used));
            match self.peek()? {
                Some((ALIVE, bytes)) => {
                    self.buffer.advance(bytes);
                    continue;
                }
                Some(_) => return Ok(()),
                None => {}
            }
            if self.buffer.is_empty() && self.buffer.capacity() > BUFFER_KEPT_MAX {
                self.buffer = BytesMut::with_capacity(BUFFER_BYTES);
            }
            // The length that a frame claims reserves nothing: memory grows with what has really come.
            self.buffer.reserve(16 * 1024);
            let read = tokio::time::timeout(SILENCE_MAX, self.stream.read_buf(&mut self.buffer))
                .await
                .map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "nothing came for too long"))??;
            if read == 0 {
                return if self.buffer.is_empty() {
                    Ok(())
                } else {
                    Err(io::Error::new(io::ErrorKind::UnexpectedEof, "a frame is cut short"))
                };
            }
        }
    }

    /// The next frame that says something, if it has been read already.
    pub fn ready(&mut self) -> Option<Frame<'_>> {
        loop {
            self.buffer.advance(std::mem::take(&mut self.used));
            match parse(&self.buffer) {
                None => return None,
                Some(found) if found.frame.kind == ALIVE => {
                    let bytes = found.bytes;
                    self.buffer.advance(bytes);
                }
                Some(found) => {
                    self.used = found.bytes;
                    break;
                }
            }
        }
        // A second look, because the borrow checker does not let the first one out of a loop.
        parse(&self.buffer).map(|found| found.frame)
    }

    /// Kind and whole length of the frame at the beginning of the buffer, if it is there.
    fn peek(&self) -> io::Result<Option<(u8, usize)>> {
        if let Some(head) = self.buffer.first_chunk::<4>() {
            let length = u32::from_le_bytes(*head) as usize;
            if !(1..=FRAME_BYTES_MAX).contains(&length) {
                let text = format!("found a frame of {length} bytes, expected 1 to {FRAME_BYTES_MAX}");
                return Err(io::Error::new(io::ErrorKind::InvalidData, text));
            }
        }
        Ok(parse(&self.buffer).map(|found| (found.frame.kind, found.bytes)))
    }
}
