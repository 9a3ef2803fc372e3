//! The books of a snapshot and the log behind it.
//!
//! Not responsible for steps. A newcomer needs to know one thing: up to the present end of the log, the whole engine is folded from
//! the log itself, money included; so a recovery depends on persistence alone, and the outcomes of the way are in the ring for
//! those who resume. Only then the books are taken out of it and the rest of the engine is dropped.

use std::time::Instant;

use exchange_core::FastEngine;
use exchange_service::net::{Backoff, CommandStream, Place, Reconnect, Said, Turn, Wanted};
use exchange_types::EventBuffer;

use crate::books::{Books, Done, Stand};
use crate::durability::{Durability, Release};
use crate::held::Held;
use crate::restore::restore;
use crate::service::{BOOKS, PERSISTENCE};
use crate::task::{Task, is_elsewhere};

/// Books that stand at the end of the log, or a little before it.
pub(crate) struct Recovered {
    pub(crate) books: Books,
    /// What is not durable yet.
    pub(crate) held: Held,
}

/// The log ends before outcomes that were published, which were durable: somebody has taken records away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the log ends at {end}, but outcomes up to {published} were published: durable records are gone")]
pub(crate) struct LogLost {
    pub(crate) end: u64,
    pub(crate) published: u64,
}

/// A fold of the log on its way to the books.
struct Way {
    engine: FastEngine,
    epoch: Option<u32>,
    events: EventBuffer,
    held: Held,
    durable: u64,
    /// The end of the log when it was opened first.
    target: Option<u64>,
    done: Done,
}

impl Task {
    /// Builds the books anew, as far as the log goes now. A persistence that is not there is waited for.
    ///
    /// # Errors
    /// As [`LogLost`] says.
    pub(crate) async fn recover(&mut self) -> Result<Recovered, LogLost> {
        let mut backoff = Backoff::default();
        loop {
            match restore(&self.client, &self.persistence).await {
                Ok(engine) => {
                    self.metrics.recoveries.inc();
                    if let Some(way) = self.follow(engine).await? {
                        return Ok(arrived(way));
                    }
                    self.health.unhealthy(
                        BOOKS,
                        "the log does not have the records that were folded in; recovering",
                    );
                }
                Err(error) => self.health.unhealthy(PERSISTENCE, error.to_string()),
            }
            backoff.wait().await;
        }
    }

    /// Folds the log. `None`: it has other records than those that were folded in, and everything begins anew.
    async fn follow(&mut self, engine: FastEngine) -> Result<Option<Way>, LogLost> {
        let sequence = engine.sequence().0;
        tracing::info!(sequence, "the state of a snapshot is restored");
        self.publisher.begin(sequence, 0);
        let mut way = Way {
            engine,
            epoch: None,
            events: EventBuffer::new(),
            held: Held::behind(self.publisher.position()),
            durable: 0,
            target: None,
            done: Done::default(),
        };
        let mut log = Reconnect::<CommandStream>::default();
        loop {
            let (client, persistence) = (&self.client, &self.persistence);
            let place = way.place();
            let open = || CommandStream::open(client.clone(), persistence.clone(), place, Wanted::Records);
            match log.turn(open).await {
                Turn::Opened => {
                    self.health.healthy(PERSISTENCE);
                    let Some(stream) = log.get() else { continue };
                    self.publisher.reign(stream.reign());
                    let (end, published) = (stream.end(), self.publisher.position());
                    if end < published {
                        return Err(LogLost { end, published });
                    }
                    way.target.get_or_insert(end);
                    // An empty log has nothing to wait for.
                    if way.has_arrived() {
                        return Ok(Some(way));
                    }
                }
                Turn::Refused(error) if is_elsewhere(&error) => return Ok(None),
                Turn::Refused(error) => self.health.unhealthy(PERSISTENCE, error.to_string()),
                Turn::Lost(error) => self.persistence_lost(&error),
                Turn::Arrived => {
                    let taken = log.get().map_or(Ok(()), |stream| way.take(stream));
                    self.publish_durable(&mut way);
                    if let Err(error) = taken {
                        log.fail();
                        self.persistence_lost(&error);
                    }
                    if way.has_arrived() {
                        return Ok(Some(way));
                    }
                    // A long log is no reason not to answer anybody meanwhile.
                    tokio::task::yield_now().await;
                }
            }
        }
    }

    /// Publishes what is durable of the way.
    fn publish_durable(&self, way: &mut Way) {
        // What comes from the log itself is in the log: there is nothing to compare.
        let durability = Durability { verified: u64::MAX, reign: 0, durable: way.durable };
        if let Release::UpTo(last) = durability.release(&way.held)
            && let Some(chunk) = way.held.release(last, |_| {})
        {
            self.publisher.publish(chunk);
        }
        self.metrics.count(std::mem::take(&mut way.done));
    }
}

/// Takes the books out.
fn arrived(way: Way) -> Recovered {
    let place = way.place();
    let stand = Stand { place, time: way.engine.time(), events: way.engine.events() };
    tracing::info!(sequence = place.sequence, durable = way.durable, "the books are recovered");
    Recovered { books: Books::new(way.engine.into_matching(), stand), held: way.held }
}

impl Way {
    fn place(&self) -> Place {
        Place { sequence: self.engine.sequence().0, epoch: self.epoch }
    }

    fn has_arrived(&self) -> bool {
        self.target.is_some_and(|target| self.engine.sequence().0 >= target)
    }

    /// Takes what has arrived.
    fn take(&mut self, stream: &mut CommandStream) -> std::io::Result<()> {
        let arrived = Instant::now();
        while let Some(said) = stream.next_ready()? {
            match said {
                Said::Durable(durable) => self.durable = self.durable.max(durable),
                Said::Record(record) => {
                    let header = record.header;
                    if header.time < self.engine.time() {
                        let text = format!("record {} is older than the one ahead of it", header.sequence);
                        return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, text));
                    }
                    self.events.clear();
                    self.engine.apply_encoded(&header.command(), record.payload, &mut self.events);
                    self.epoch = Some(header.epoch.0);
                    self.done.add(&self.events);
                    if header.sequence.0 >= self.held.next() {
                        let outcome = self.engine.outcome(&self.events);
                        self.held.hold(header.epoch.0, &outcome, &self.events, arrived);
                    }
                }
            }
        }
        Ok(())
    }
}
