//! A subscriber: rebuilds depth from a snapshot and the updates behind it, as any market data client does.

use std::collections::BTreeMap;
use std::rc::Rc;

use exchange_core::feed::{DepthBook, DepthBookError, DepthSnapshot, DepthUpdate, LevelChange};
use exchange_types::{InstrumentId, Sequence, Side};

use super::{Handled, Stage};
use crate::check::Violation;
use crate::kernel::{LinkId, Party, Session};
use crate::message::Message;
use crate::mutation::Mutation;

/// A subscriber as a process.
#[derive(Debug)]
pub struct Subscriber {
    party: Party,
    link: LinkId,
    books: BTreeMap<InstrumentId, DepthBook>,
}

impl Subscriber {
    /// A subscriber that knows nothing yet.
    #[must_use]
    pub fn new(number: usize, link: LinkId) -> Self {
        Self { party: Party::Subscriber(number), link, books: BTreeMap::new() }
    }

    /// The connection to the feed stands.
    pub fn connected(&mut self, stage: &mut Stage, session: Session) {
        if !stage.is_broken(Mutation::IgnoreDepthGap) {
            self.books.clear();
        }
        stage.kernel.send(self.link, session, self.party, Message::Subscribe);
    }

    /// The connection to the feed is gone.
    pub fn disconnected(&mut self, stage: &mut Stage) {
        stage.kernel.connect(self.link);
    }

    /// Takes what the feed says.
    pub fn receive(&mut self, stage: &mut Stage, message: Message) -> Handled {
        match message {
            Message::Depth(snapshot) => self.snapshot(stage, &snapshot),
            Message::DepthChange { instrument, seq, prev_seq, changes } => {
                self.change(stage, instrument, seq, prev_seq, &changes)
            }
            _ => Ok(()),
        }
    }

    fn snapshot(&mut self, stage: &mut Stage, snapshot: &DepthSnapshot) -> Handled {
        let instrument = snapshot.instrument;
        if stage.is_broken(Mutation::IgnoreDepthGap) && self.books.contains_key(&instrument) {
            return Ok(());
        }
        let book = DepthBook::from_snapshot(snapshot).map_err(|error| broken(self.party, error))?;
        self.books.insert(instrument, book);
        self.check(stage, instrument, snapshot.seq)
    }

    fn change(
        &mut self,
        stage: &mut Stage,
        instrument: InstrumentId,
        seq: Sequence,
        prev_seq: Sequence,
        changes: &Rc<[LevelChange]>,
    ) -> Handled {
        // An instrument that was listed after the subscription begins with nothing.
        let nothing = DepthSnapshot { instrument, seq: Sequence(0), bids: Vec::new(), asks: Vec::new() };
        if let std::collections::btree_map::Entry::Vacant(vacant) = self.books.entry(instrument) {
            vacant.insert(DepthBook::from_snapshot(&nothing).map_err(|error| broken(self.party, error))?);
        }
        let Some(book) = self.books.get_mut(&instrument) else { return Ok(()) };
        let prev_seq = if stage.is_broken(Mutation::IgnoreDepthGap) { book.seq() } else { prev_seq };
        let update = DepthUpdate { instrument, seq, prev_seq, changes };
        book.apply(&update).map_err(|error| broken(self.party, error))?;
        self.check(stage, instrument, seq)
    }

    fn check(&self, stage: &mut Stage, instrument: InstrumentId, seq: Sequence) -> Handled {
        if let Some(book) = self.books.get(&instrument) {
            let (bids, asks) = (book.levels(Side::Buy), book.levels(Side::Sell));
            stage.oracle.depth(self.party, instrument, seq, bids, asks)?;
        }
        Ok(())
    }

    /// The depth that was rebuilt.
    pub fn books(&self) -> impl Iterator<Item = &DepthBook> {
        self.books.values()
    }
}

fn broken(party: Party, error: DepthBookError) -> Violation {
    Violation { rule: "updates of depth follow one another", found: format!("{party:?}: {error}") }
}
