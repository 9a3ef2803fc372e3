//! A feed: folds events into depth, trades and candles, and passes changes of depth on to its subscribers.
//!
//! It knows nothing but events. A newcomer needs to know one thing: what a feed has put aside (a snapshot of itself) survives its
//! process; from there it asks for the events behind it, and it must neither miss one nor see one twice.

use std::collections::BTreeMap;
use std::rc::Rc;

use exchange_core::feed::{
    Candle, DepthUpdate, EventHeader, Feed, FeedSink, Interval, LevelChange, TradePrint,
};
use exchange_types::{Event, InstrumentId, Sequence, TimestampNs};

use super::{Handled, Stage};
use crate::check::Violation;
use crate::kernel::{LinkId, Party, Session};
use crate::message::Message;

/// Changes of depth that one command has made.
#[derive(Debug, Default)]
struct Changes {
    updates: Vec<(InstrumentId, Sequence, Sequence, Rc<[LevelChange]>)>,
    trades: u64,
}

impl FeedSink for Changes {
    fn trade(&mut self, _print: &TradePrint) {
        self.trades += 1;
    }

    fn depth(&mut self, update: &DepthUpdate<'_>) {
        self.updates.push((update.instrument, update.seq, update.prev_seq, update.changes.into()));
    }

    fn candle(&mut self, _instrument: InstrumentId, _interval: Interval, _candle: &Candle) {}
}

/// A feed as a process.
#[derive(Debug)]
pub struct FeedProcess {
    party: Party,
    link: LinkId,
    session: Option<Session>,
    /// Messages taken since the last credit was given for them.
    taken: u64,
    feed: Feed,
    subscribers: BTreeMap<LinkId, Session>,
    changes: Changes,
    commands_since_saved: u64,
    /// After so many commands the feed puts a snapshot of itself aside.
    save_every: u64,
}

impl FeedProcess {
    /// A feed that starts with what an earlier one has put aside.
    ///
    /// # Errors
    /// A violation, where that cannot be read: it was written whole.
    pub fn start(
        stage: &mut Stage,
        number: usize,
        link: LinkId,
        saved: Option<&[u8]>,
    ) -> Result<Self, Violation> {
        let feed = match saved {
            None => Feed::new(),
            Some(bytes) => Feed::restore(bytes).map_err(|error| Violation {
                rule: "a feed's snapshot can be restored",
                found: error.to_string(),
            })?,
        };
        let save_every = stage.kernel.random.magnitude(20, 1_000);
        Ok(Self {
            party: Party::Feed(number),
            link,
            session: None,
            taken: 0,
            feed,
            subscribers: BTreeMap::new(),
            changes: Changes::default(),
            commands_since_saved: 0,
            save_every,
        })
    }

    /// The connection to the sequencer stands.
    pub fn connected(&mut self, stage: &mut Stage, session: Session) {
        let from = self.feed.sequence().next();
        self.session = Some(session);
        self.taken = 0;
        let credit = stage.plan.network.in_flight_max as u64;
        stage.kernel.send(self.link, session, self.party, Message::EventsFrom { from, credit });
    }

    /// The connection to the sequencer is gone.
    pub fn disconnected(&mut self, stage: &mut Stage) {
        self.session = None;
        stage.kernel.connect(self.link);
    }

    /// Takes what a party says. Gives what is to be put aside, when it is time for that.
    ///
    /// # Errors
    /// A violation, where events are missing, or repeated, or contradict one another.
    pub fn receive(
        &mut self,
        stage: &mut Stage,
        link: LinkId,
        session: Session,
        message: Message,
    ) -> Result<Option<Vec<u8>>, super::Stop> {
        match message {
            Message::Events { command, time, first, events } => {
                self.events(stage, command, time, first, &events)?;
                self.taken += 1;
                if self.taken * 2 >= stage.plan.network.in_flight_max as u64
                    && let Some(session) = self.session
                {
                    stage.kernel.send(self.link, session, self.party, Message::Credit(self.taken));
                    self.taken = 0;
                }
                self.commands_since_saved += 1;
                if self.commands_since_saved < self.save_every {
                    return Ok(None);
                }
                self.commands_since_saved = 0;
                let bytes = self.feed.snapshot().map_err(|error| Violation {
                    rule: "a feed can be put aside between two commands",
                    found: error.to_string(),
                })?;
                return Ok(Some(bytes));
            }
            Message::Subscribe => {
                self.subscribers.insert(link, session);
                for instrument in 0..self.feed.instruments() as u32 {
                    if let Ok(Some(depth)) = self.feed.depth(InstrumentId(instrument)) {
                        stage.kernel.send(link, session, self.party, Message::Depth(Rc::new(depth)));
                    }
                }
            }
            _ => {}
        }
        Ok(None)
    }

    fn events(
        &mut self,
        stage: &mut Stage,
        command: Sequence,
        time: TimestampNs,
        first: Sequence,
        events: &[Event],
    ) -> Handled {
        stage.oracle.consumed(command, first, events)?;
        for (offset, event) in events.iter().enumerate() {
            let sequence = Sequence(first.0 + offset as u64);
            let header = EventHeader { sequence, command, time };
            if let Err(error) = self.feed.apply(&header, event, &mut self.changes) {
                let found = format!("{:?}: {error}", self.party);
                return Err(Violation { rule: "a consumer gets every event once and in order", found }.into());
            }
        }
        self.feed.end_command(&mut self.changes);
        for (instrument, seq, prev_seq, changes) in self.changes.updates.drain(..) {
            stage.oracle.depth(
                self.party,
                instrument,
                seq,
                self.feed.levels(instrument, exchange_types::Side::Buy),
                self.feed.levels(instrument, exchange_types::Side::Sell),
            )?;
            for (link, session) in &self.subscribers {
                let change = Message::DepthChange { instrument, seq, prev_seq, changes: Rc::clone(&changes) };
                stage.kernel.send(*link, *session, self.party, change);
            }
        }
        Ok(())
    }

    /// The feed itself.
    #[must_use]
    pub fn feed(&self) -> &Feed {
        &self.feed
    }
}
