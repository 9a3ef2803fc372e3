//! What processes run on: virtual time, links that delay and break, lives that end, and a trace of it all.
//!
//! It knows no process from inside. A newcomer needs to know one thing: a link is FIFO while it holds; when it breaks,
//! everything under way on it is gone and neither side knows what arrived.

mod network;
mod queue;
mod trace;

use std::collections::BTreeMap;

pub use network::{Link, LinkId, Links, Session};
pub use queue::Queue;
pub use trace::{Trace, TraceText};

use crate::message::{Message, Timer};
use crate::plan::{Fault, NetworkPlan};
use crate::random::Random;

/// When every run begins: an arbitrary moment, in ns since the Unix epoch.
pub const START_NS: u64 = 1_700_000_000_000_000_000;

/// Who takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Party {
    /// The owner of the log.
    Sequencer,
    /// Risk.
    Risk,
    /// Matching.
    Matching,
    /// The follower that makes snapshots.
    Follower,
    /// A feed.
    Feed(usize),
    /// A subscriber of a feed.
    Subscriber(usize),
    /// A client. The last one administrates.
    Client(usize),
}

/// Something that happens.
#[derive(Debug)]
pub enum Item {
    /// A message arrives.
    Deliver {
        /// On which link.
        link: LinkId,
        /// In which session of it.
        session: Session,
        /// At which end.
        to: Party,
        /// What.
        message: Message,
    },
    /// A process wanted to be woken.
    Timer {
        /// Which.
        party: Party,
        /// In which of its lives.
        life: u64,
        /// For what.
        timer: Timer,
    },
    /// A process tries to connect.
    Connect {
        /// Which link.
        link: LinkId,
        /// In which life of its initiator.
        life: u64,
    },
    /// An initiator learns that it is connected.
    Connected {
        /// Which link.
        link: LinkId,
        /// The new session.
        session: Session,
    },
    /// An initiator learns that a link is gone.
    Disconnected {
        /// Which link.
        link: LinkId,
        /// In which life of the initiator.
        life: u64,
    },
    /// A process starts.
    Start(Party),
    /// Something goes wrong.
    Fault(Fault),
    /// The log's disk has room again.
    MakeRoom,
}

/// Whether a process runs, and for which time.
#[derive(Debug, Clone, Copy, Default)]
struct Life {
    number: u64,
    up: bool,
}

/// What processes run on.
#[derive(Debug)]
pub struct Kernel {
    queue: Queue<Item>,
    links: Links,
    lives: BTreeMap<Party, Life>,
    /// Parties to whom everything takes longer: how much, and until when, in ns.
    slow: BTreeMap<Party, (u64, u64)>,
    network: NetworkPlan,
    /// Chance for whoever needs some.
    pub random: Random,
    /// What has happened.
    pub trace: Trace,
    faults: bool,
}

impl Kernel {
    /// A kernel with these links and nothing to do.
    #[must_use]
    pub fn new(network: NetworkPlan, links: Vec<(Party, Party)>, mut random: Random, trace: Trace) -> Self {
        let queue = Queue::new(START_NS, random.fork());
        let mut lives = BTreeMap::new();
        for (initiator, server) in &links {
            lives.insert(*initiator, Life::default());
            lives.insert(*server, Life::default());
        }
        lives.insert(Party::Follower, Life::default());
        Self {
            queue,
            links: Links::new(links),
            lives,
            slow: BTreeMap::new(),
            network,
            random,
            trace,
            faults: true,
        }
    }

    /// The time, in ns since the Unix epoch.
    #[must_use]
    pub fn now_ns(&self) -> u64 {
        self.queue.now_ns()
    }

    /// What happens next.
    pub fn take_next(&mut self) -> Option<Item> {
        self.queue.take_next()
    }

    /// Lets something happen later.
    pub fn after(&mut self, ns: u64, item: Item) {
        self.queue.after(ns, item);
    }

    /// Wakes a process later, unless it ends before.
    pub fn timer(&mut self, party: Party, ns: u64, timer: Timer) {
        let life = self.life(party).number;
        self.queue.after(ns, Item::Timer { party, life, timer });
    }

    /// Sends a message on a session. A session that is gone swallows it.
    pub fn send(&mut self, link: LinkId, session: Session, from: Party, message: Message) {
        let now = self.now_ns();
        let Some((to, direction)) = self.links.other_end(link, session, from) else { return };
        if self.faults && self.network.breaks > 0 && self.random.below(100_000) < self.network.breaks {
            self.break_link(link);
            return;
        }
        let mut delay = self.random.range(self.network.delay_min_ns, self.network.delay_max_ns);
        if let Some((extra, until)) = self.slow.get(&to)
            && now < *until
        {
            delay += extra;
        }
        let (at, in_flight) = self.links.depart(link, direction, now + delay);
        // A subscriber that lets too much pile up is disconnected and begins with a new snapshot: nobody waits for it.
        if matches!(to, Party::Subscriber(_)) && in_flight > self.network.in_flight_max {
            self.trace.line(now, || format!("{to:?} is too slow and loses its connection"));
            self.break_link(link);
            return;
        }
        self.queue.at(at, Item::Deliver { link, session, to, message });
    }

    /// True where a message of this session may still arrive; it counts as arrived.
    pub fn arrives(&mut self, link: LinkId, session: Session, to: Party) -> bool {
        self.links.arrive(link, session, to)
    }

    /// Tries to connect, soon.
    pub fn connect(&mut self, link: LinkId) {
        let life = self.life(self.links.initiator(link)).number;
        let delay = self.random.range(self.network.delay_min_ns, self.network.delay_max_ns);
        self.queue.after(delay, Item::Connect { link, life });
    }

    /// A try to connect arrives: where the server is down, another follows.
    pub fn try_connect(&mut self, link: LinkId, life: u64) {
        let (initiator, server) = (self.links.initiator(link), self.links.server(link));
        let alive = self.life(initiator);
        if alive.number != life || !alive.up || self.links.is_up(link) {
            return;
        }
        if !self.life(server).up {
            let pause = self.random.range(500_000, 3_000_000);
            self.queue.after(pause, Item::Connect { link, life });
            return;
        }
        let session = self.links.open(link);
        let delay = self.random.range(self.network.delay_min_ns, self.network.delay_max_ns);
        self.queue.after(delay, Item::Connected { link, session });
    }

    /// The initiator of a session, where that is still the current one.
    #[must_use]
    pub fn session_holder(&self, link: LinkId, session: Session) -> Option<Party> {
        (self.links.current(link) == Some(session)).then(|| self.links.initiator(link))
    }

    /// The initiator of a link, where it is still in this life.
    #[must_use]
    pub fn initiator_in_life(&self, link: LinkId, life: u64) -> Option<Party> {
        let initiator = self.links.initiator(link);
        let alive = self.life(initiator);
        (alive.up && alive.number == life).then_some(initiator)
    }

    /// A link breaks. Its initiator notices after a while; its server does not.
    pub fn break_link(&mut self, link: LinkId) {
        if !self.links.close(link) {
            return;
        }
        let now = self.now_ns();
        let initiator = self.links.initiator(link);
        let life = self.life(initiator);
        self.trace.line(now, || format!("the link {:?} of {initiator:?} breaks", link.0));
        if life.up {
            let delay = self.random.range(10_000, 2_000_000);
            self.queue.after(delay, Item::Disconnected { link, life: life.number });
        }
    }

    /// All links of a party.
    #[must_use]
    pub fn links_of(&self, party: Party) -> Vec<LinkId> {
        self.links.of(party)
    }

    /// True where this party is the one who connects.
    #[must_use]
    pub fn keeps(&self, party: Party, link: LinkId) -> bool {
        self.links.initiator(link) == party
    }

    /// The link that a party keeps to a server.
    ///
    /// # Panics
    /// When no such link was drawn at the beginning.
    #[must_use]
    pub fn link(&self, initiator: Party, server: Party) -> LinkId {
        self.links.between(initiator, server)
    }

    /// A process runs from now on.
    pub fn begin_life(&mut self, party: Party) {
        if let Some(life) = self.lives.get_mut(&party) {
            life.number += 1;
            life.up = true;
        }
    }

    /// A process has ended; its links are gone and nothing it was waiting for will come.
    pub fn end_life(&mut self, party: Party) {
        if let Some(life) = self.lives.get_mut(&party) {
            life.number += 1;
            life.up = false;
        }
        for link in self.links.of(party) {
            self.break_link(link);
        }
    }

    /// True while a process runs.
    #[must_use]
    pub fn is_up(&self, party: Party) -> bool {
        self.life(party).up
    }

    /// True where a process is still in this life.
    #[must_use]
    pub fn is_in_life(&self, party: Party, number: u64) -> bool {
        let life = self.life(party);
        life.up && life.number == number
    }

    /// From now on, for a while, everything to a party takes longer. Both in ns.
    pub fn slow_down(&mut self, party: Party, extra_ns: u64, for_ns: u64) {
        self.slow.insert(party, (extra_ns, self.now_ns() + for_ns));
    }

    /// From now on links hold and nobody is slow.
    pub fn end_faults(&mut self) {
        self.faults = false;
        self.slow.clear();
    }

    fn life(&self, party: Party) -> Life {
        self.lives.get(&party).copied().unwrap_or_default()
    }
}
