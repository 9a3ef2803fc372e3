//! The engine under load: how fast it answers commands, how fast it replays a log, how fast it is back after a stop.
//!
//! Not responsible for what is a good figure; [`bench::engine`](crate::bench::engine) says that. A newcomer needs to know one
//! thing: times are processor times of this thread, and whatever is measured ends in the state hash that the generator saw.

mod traffic;

pub use traffic::{Log, Scene, Traffic};

use std::time::Duration;

use exchange_core::matching::BookMaker;
use exchange_core::{Engine, FastEngine, SnapshotError};
use exchange_types::codec::{FrameError, FrameHeader, PayloadError};
use exchange_types::{
    CommandHeader, Epoch, Event, EventBuffer, Sequence, decode_frame, encode_event, encode_frame_with,
};

use crate::replay::thread_time;

/// Bytes of event records after which the journal's buffer is empty again: as if somebody wrote them away.
const JOURNAL_BYTES: usize = 1 << 17;

/// Why there is no figure.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineLoadError {
    /// An event or a command does not fit a frame.
    #[error("failed to frame a message")]
    Payload(#[from] PayloadError),
    /// The log does not consist of frames.
    #[error("failed to read the log")]
    Frame(#[from] FrameError),
    /// The snapshot was refused.
    #[error("failed to restore the snapshot")]
    Snapshot(#[from] SnapshotError),
    /// The state at the end is not the one that the generator saw.
    #[error("{what} ends with the state hash {found:016x}, expected {expected:016x}")]
    StateHash {
        /// What was done.
        what: &'static str,
        /// The hash at its end.
        found: u64,
        /// The generator's.
        expected: u64,
    },
}

/// What a pass did and what it took.
#[derive(Debug, Clone, Copy)]
pub struct Pass {
    /// Commands folded in.
    pub commands: usize,
    /// Events that came of them.
    pub events: usize,
    /// Processor time.
    pub time: Duration,
}

impl Pass {
    /// Millions of commands per second.
    #[must_use]
    pub fn commands_m(&self) -> f64 {
        self.commands as f64 / self.time.as_secs_f64().max(1e-9) / 1e6
    }

    /// Millions of events per second.
    #[must_use]
    pub fn events_m(&self) -> f64 {
        self.events as f64 / self.time.as_secs_f64().max(1e-9) / 1e6
    }
}

/// What the engine's thread does: it gets payloads that the log's owner has made durable, decodes, checks, matches, settles, and
/// appends a record for every event.
///
/// # Errors
/// [`EngineLoadError`].
pub fn answer(scene: &Scene) -> Result<Pass, EngineLoadError> {
    let mut engine = opened(scene)?;
    let mut payloads = Vec::with_capacity(scene.measured.commands);
    each_frame(&scene.measured.bytes, |header, payload| payloads.push((header, payload)))?;
    let mut journal = Vec::with_capacity(JOURNAL_BYTES + (1 << 16));
    let mut buffer = EventBuffer::with_capacity(1 << 12);
    let (mut events, mut last, mut failed) = (0, engine.events(), None);
    let before = thread_time();
    engine.apply_all(payloads, &mut buffer, |header, happened| {
        for event in happened {
            last += 1;
            if let Err(error) = record(*header, Sequence(last), event, &mut journal) {
                failed = Some(error);
            }
        }
        events += happened.len();
        if journal.len() >= JOURNAL_BYTES {
            journal.clear();
        }
    });
    let time = thread_time() - before;
    failed.map_or(Ok(()), Err)?;
    same("the engine's thread", &engine, scene)?;
    Ok(Pass { commands: scene.measured.commands, events, time })
}

fn record(
    header: CommandHeader,
    sequence: Sequence,
    event: &Event,
    journal: &mut Vec<u8>,
) -> Result<(), PayloadError> {
    let frame = FrameHeader { epoch: Epoch(1), sequence, time: header.time };
    encode_frame_with(frame, journal, |out| encode_event(header.sequence, event, out))
}

/// A replay: frames of the log, checksums and all, folded to events.
///
/// # Errors
/// [`EngineLoadError`].
pub fn replay(scene: &Scene) -> Result<Pass, EngineLoadError> {
    let mut engine = opened(scene)?;
    let before = thread_time();
    let events = fold(&mut engine, &scene.measured.bytes)?;
    let time = thread_time() - before;
    same("the replay", &engine, scene)?;
    Ok(Pass { commands: scene.measured.commands, events, time })
}

/// What a restart takes.
#[derive(Debug, Clone, Copy)]
pub struct Restart {
    /// Bytes of the snapshot.
    pub bytes: usize,
    /// Processor time for writing it.
    pub written: Duration,
    /// Processor time for reading it.
    pub restored: Duration,
    /// Folding the log behind it.
    pub tail: Pass,
}

/// A restart: the snapshot that was taken when a tail of so many events was still to come, and that tail.
///
/// # Errors
/// [`EngineLoadError`].
pub fn restart(scene: &Scene, tail_events: usize) -> Result<Restart, EngineLoadError> {
    let mut engine = opened(scene)?;
    let before_tail = scene.measured.events.saturating_sub(tail_events);
    let mut buffer = EventBuffer::new();
    let (mut at, mut events, mut commands) = (0, 0, 0);
    while events < before_tail {
        let frame = decode_frame(&scene.measured.bytes[at..])?;
        buffer.clear();
        engine.apply_encoded(&frame.header.command(), frame.payload, &mut buffer);
        at += frame.bytes();
        events += buffer.len();
        commands += 1;
    }
    let mut snapshot = Vec::new();
    let start = thread_time();
    engine.snapshot(&mut snapshot);
    let written = thread_time() - start;
    let hash = engine.state_hash();
    drop(engine);
    let start = thread_time();
    let mut restored: FastEngine = Engine::restore(BookMaker::fast(), &snapshot)?;
    let middle = thread_time();
    let events = fold(&mut restored, &scene.measured.bytes[at..])?;
    let end = thread_time();
    assert_ne!(hash, scene.state_hash, "a tail changes the state");
    same("the restart", &restored, scene)?;
    let tail = Pass { commands: scene.measured.commands - commands, events, time: end - middle };
    Ok(Restart { bytes: snapshot.len(), written, restored: middle - start, tail })
}

/// An engine in the state in which measuring begins.
fn opened(scene: &Scene) -> Result<FastEngine, EngineLoadError> {
    let mut engine = Engine::new(BookMaker::fast());
    fold(&mut engine, &scene.opening.bytes)?;
    Ok(engine)
}

/// Folds all frames in and returns how many events there were.
fn fold(engine: &mut FastEngine, log: &[u8]) -> Result<usize, FrameError> {
    let mut buffer = EventBuffer::with_capacity(1 << 12);
    let (mut events, mut at, mut failed) = (0, 0, None);
    // Frames are read as they are needed, a few commands ahead; a frame that is none ends the log.
    let frames = std::iter::from_fn(|| {
        let frame = log.get(at..).filter(|rest| !rest.is_empty()).map(decode_frame)?;
        let frame = frame.map_err(|error| failed = Some(error)).ok()?;
        at += frame.bytes();
        Some((frame.header.command(), frame.payload))
    });
    engine.apply_all(frames, &mut buffer, |_, happened| events += happened.len());
    failed.map_or(Ok(events), Err)
}

/// Shows every command and its payload.
fn each_frame<'log>(
    log: &'log [u8],
    mut see: impl FnMut(CommandHeader, &'log [u8]),
) -> Result<(), FrameError> {
    let mut at = 0;
    while at < log.len() {
        let frame = decode_frame(&log[at..])?;
        see(frame.header.command(), frame.payload);
        at += frame.bytes();
    }
    Ok(())
}

fn same(what: &'static str, engine: &FastEngine, scene: &Scene) -> Result<(), EngineLoadError> {
    let (found, expected) = (engine.state_hash(), scene.state_hash);
    if found == expected { Ok(()) } else { Err(EngineLoadError::StateHash { what, found, expected }) }
}
