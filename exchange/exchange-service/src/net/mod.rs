//! How services speak to one another: persistent streams of frames, and queries.
//!
//! Not responsible for what is said. A newcomer needs to know one thing: every service has one port. It answers HTTP/1.1, and a
//! request for a stream is upgraded: from then on the same connection carries [frames](frame) in both directions. What is asked
//! for stands in the request (`?after=N`), and a refusal is an ordinary answer with a status.
//!
//! | stream | of | items | refused with |
//! |---|---|---|---|
//! | [`COMMANDS`] | persistence | the records of the log, durable or not, and how far they are durable | 409: the asker is ahead of the log |
//! | [`SUBMIT`] | persistence | the other way: commands to be put into the log | |
//! | [`ARCHIVE`] | persistence | outcomes of any time, up to the end of the log at that moment | 410 |
//! | [`STEPS`] | risk engine | what matching is to do for each record | 409, 410: not kept any more |
//! | [`OUTCOMES`] | matching engine | what each durable command has led to | 410 |
//! | [`FEED`] | market data | depth, trades, candles as clients get them | |

mod client;
mod commands;
pub mod frame;
mod incoming;
mod link;
mod outcomes;
mod ring;
mod server;

#[cfg(test)]
mod tests;

pub use client::{Address, AddressError, Backoff, Client, ConnectError, QueryError, Unavailable};
pub use commands::{CommandStream, Place, Said, Wanted};
pub use frame::{Frame, FrameReader};
pub use incoming::{Arrive, Incoming, Reconnect, Turn};
pub use link::{Link, LinkWriter};
pub use outcomes::{OutcomeError, OutcomeStream};
pub use ring::{Chunk, Ring, RingReader, RingSource, TooOld};
pub use server::{Resume, STOP_GRACE, Upgrade, refuse_too_old, serve_ring};

/// Stream of the log's records.
pub const COMMANDS: &str = "/internal/stream/commands";
/// The newest snapshot of the engine. 404: there is none.
pub const ENGINE_SNAPSHOT: &str = "/internal/snapshot/engine";
/// The newest snapshot of the feed. 404: there is none.
pub const FEED_SNAPSHOT: &str = "/internal/snapshot/feed";
/// Stream of commands to be logged.
pub const SUBMIT: &str = "/internal/stream/submit";
/// Stream of old outcomes.
pub const ARCHIVE: &str = "/internal/stream/archive";
/// Stream of steps.
pub const STEPS: &str = "/internal/stream/steps";
/// Stream of outcomes.
pub const OUTCOMES: &str = "/internal/stream/outcomes";
/// Stream of market data.
pub const FEED: &str = "/internal/stream/feed";

/// The header of an answer that says up to where the stream has come: the sequence of the last item.
pub const POSITION: &str = "x-position";
/// The header of an answer that says the reign of the log's writer.
pub const EPOCH: &str = "x-epoch";

/// Frame of [`COMMANDS`]: everything up to this sequence (`u64`) is durable.
pub const DURABLE: u8 = frame::FIRST_OWN;
/// Frame of [`ARCHIVE`]: these were all.
pub const END: u8 = frame::FIRST_OWN + 1;
/// Frame of [`SUBMIT`], to persistence: the payload of a record.
pub const COMMAND: u8 = frame::FIRST_OWN + 2;
/// Frame of [`SUBMIT`], to the gateway: a request (`u64`) was not taken, and why (one byte, see [`Unavailable`]).
pub const REFUSED: u8 = frame::FIRST_OWN + 3;
