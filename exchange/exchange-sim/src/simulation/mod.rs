//! One run: sets up what the plan says, lets it happen, and decides in the end whether all of it was right.
//!
//! The rules themselves are in `check`. A newcomer needs to know one thing: a run ends only when every command has an answer and
//! every consumer has every event; that this takes a bounded time is a rule like any other.

mod ending;
mod faults;

use std::cell::Cell;
use std::collections::BTreeMap;

use crate::check::{Coverage, Oracle, Violation};
use crate::disk::{Disk, SharedDisk};
use crate::generator::{Administrator, Trader};
use crate::kernel::{Item, Kernel, LinkId, Party, Session, Trace, TraceText};
use crate::message::{Message, Timer};
use crate::mutation::Mutation;
use crate::plan::Plan;
use crate::process::{
    Client, FeedProcess, Follower, MatchingProcess, RiskProcess, Sequencer, Source, Stage, Stop, Subscriber,
};
use crate::random::Random;

/// Virtual time within which some client gets an answer while any waits for one, in ns. Commands go through risk and matching one
/// at a time with up to four messages of some milliseconds each; a few hundred wait at most, and slow links are ten times as slow.
const PROGRESS_NS: u64 = 60_000_000_000;

/// How a run is to be done.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// What is broken on purpose.
    pub mutation: Option<Mutation>,
    /// Whether the trace is kept as text.
    pub trace: TraceText,
}

impl Default for Options {
    fn default() -> Self {
        Self { mutation: None, trace: TraceText::Off }
    }
}

/// What a clean run was like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Its seed.
    pub seed: u64,
    /// Commands that clients have submitted.
    pub commands: u64,
    /// Commands that got into the log.
    pub durable: u64,
    /// Events.
    pub events: u64,
    /// What went wrong on purpose. Faults that met nothing are not counted.
    pub faults: u64,
    /// How long it took in virtual time, in ns.
    pub virtual_ns: u64,
    /// The state hash at the end.
    pub state_hash: u64,
    /// What it has reached.
    pub coverage: Coverage,
    /// The digest of everything that happened.
    pub trace_digest: u64,
    /// Everything that happened, if that was asked for.
    pub trace: String,
}

/// A run that has found something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Its seed.
    pub seed: u64,
    /// What was broken.
    pub violation: Violation,
    /// How many commands had been submitted.
    pub commands: u64,
    /// Everything that happened, if that was asked for.
    pub trace: String,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "seed {} after {} commands: {}", self.seed, self.commands, self.violation)
    }
}

impl std::error::Error for Failure {}

thread_local! {
    static CURRENT: Cell<Option<u64>> = const { Cell::new(None) };
}

/// The seed that this thread runs, for whoever reports that the code under test has panicked.
#[must_use]
pub fn current_seed() -> Option<u64> {
    CURRENT.get()
}

/// Runs a seed.
///
/// # Errors
/// The first rule that was broken.
///
/// # Panics
/// Where the code under test does: its asserts are checks, too.
pub fn run(seed: u64, options: Options) -> Result<Report, Box<Failure>> {
    CURRENT.set(Some(seed));
    let mut simulation = Simulation::new(seed, options);
    let result = simulation.run();
    let trace = simulation.stage.kernel.trace.text().to_owned();
    match result {
        Ok(()) => Ok(simulation.report(seed, trace)),
        Err(violation) => {
            Err(Box::new(Failure { seed, violation, commands: simulation.stage.commands(), trace }))
        }
    }
}

/// Everything that takes part in a run.
struct Simulation {
    stage: Stage,
    clients: Vec<Client>,
    sequencer: Option<Sequencer>,
    risk: Option<RiskProcess>,
    matching: Option<MatchingProcess>,
    follower: Option<Follower>,
    feeds: Vec<Option<FeedProcess>>,
    subscribers: Vec<Option<Subscriber>>,
    /// What feeds have put aside: it outlives them.
    saved_feeds: BTreeMap<usize, Vec<u8>>,
    next_fault: usize,
    faults: u64,
    trading: bool,
}

impl Simulation {
    fn new(seed: u64, options: Options) -> Self {
        let mut plan = Plan::new(seed);
        // Two mistakes need something that is rare by itself: a client that is back before the sync is done that its command waits
        // for, and a link that breaks between an answer and its arrival. They are proven on links that break often.
        if matches!(options.mutation, Some(Mutation::ForgetQueueWhenAsked | Mutation::SettleTwice)) {
            plan.network.breaks = 500;
            plan.log.sync_min_ns = 5_000_000;
            plan.log.sync_max_ns = 20_000_000;
        }
        // The plan and the run draw from different streams of the seed.
        let mut random = Random::new(seed ^ 0x7369_6d75_6c61_7465);
        let clients = plan.traders + 1;
        let mut links = vec![
            (Party::Risk, Party::Sequencer),
            (Party::Matching, Party::Sequencer),
            (Party::Risk, Party::Matching),
        ];
        links.extend((0..clients).map(|client| (Party::Client(client), Party::Sequencer)));
        links.extend((0..plan.feeds).map(|feed| (Party::Feed(feed), Party::Sequencer)));
        let subscriptions =
            (0..plan.subscribers).map(|number| (Party::Subscriber(number), Party::Feed(number % plan.feeds)));
        links.extend(subscriptions);
        let kernel = Kernel::new(plan.network, links, random.fork(), Trace::new(options.trace));
        let disk = SharedDisk::new(Disk::new(random.fork()));
        let sources = (0..clients).map(|number| {
            let random = random.fork();
            if number == plan.traders {
                Source::Administrator(Administrator::new(&plan.market, &plan.mix, random))
            } else {
                Source::Trader(Trader::new(number, plan.traders, &plan.market, &plan.mix, random))
            }
        });
        let clients = sources
            .enumerate()
            .map(|(number, source)| {
                Client::new(number, kernel.link(Party::Client(number), Party::Sequencer), source)
            })
            .collect();
        Self {
            clients,
            sequencer: None,
            risk: None,
            matching: None,
            follower: None,
            feeds: (0..plan.feeds).map(|_| None).collect(),
            subscribers: (0..plan.subscribers).map(|_| None).collect(),
            saved_feeds: BTreeMap::new(),
            next_fault: 0,
            faults: 0,
            trading: false,
            stage: Stage::new(kernel, Oracle::new(), plan, options.mutation, disk),
        }
    }

    fn run(&mut self) -> Result<(), Violation> {
        for party in self.processes() {
            self.stage.kernel.after(0, Item::Start(party));
        }
        for number in 0..self.clients.len() {
            let party = Party::Client(number);
            self.stage.kernel.begin_life(party);
            for link in self.stage.kernel.links_of(party) {
                self.stage.kernel.connect(link);
            }
        }
        let administrator = self.clients.len() - 1;
        self.clients[administrator].start(&mut self.stage);
        let mut progress = (0, self.stage.kernel.now_ns());
        while !self.is_over() {
            self.step()?;
            let (answers, now) = (self.stage.oracle.answers(), self.stage.kernel.now_ns());
            if answers > progress.0 {
                progress = (answers, now);
            } else if now - progress.1 > PROGRESS_NS {
                let found = format!("{} commands wait for an answer", self.stage.oracle.unanswered());
                return Err(Violation { rule: "every command gets an answer in bounded time", found });
            }
        }
        self.end()
    }

    /// All commands are submitted and answered, and everything that was to go wrong has.
    fn is_over(&self) -> bool {
        self.trading
            && !self.stage.may_submit(false)
            && self.next_fault == self.stage.plan.faults.len()
            && self.clients.iter().all(Client::is_done)
    }

    fn processes(&self) -> Vec<Party> {
        let mut all = vec![Party::Sequencer, Party::Risk, Party::Matching, Party::Follower];
        all.extend((0..self.feeds.len()).map(Party::Feed));
        all.extend((0..self.subscribers.len()).map(Party::Subscriber));
        all
    }

    /// The next thing happens.
    fn step(&mut self) -> Result<(), Violation> {
        let Some(item) = self.stage.kernel.take_next() else {
            let found = "nothing is under way".to_owned();
            return Err(Violation { rule: "every command gets an answer in bounded time", found });
        };
        self.happen(item)?;
        self.after_step();
        Ok(())
    }

    fn happen(&mut self, item: Item) -> Result<(), Violation> {
        match item {
            Item::Deliver { link, session, to, message } => {
                if !self.stage.kernel.arrives(link, session, to) {
                    return Ok(());
                }
                let now = self.stage.kernel.now_ns();
                self.stage.kernel.trace.words(&[link.0 as u64, session.0]);
                self.stage.kernel.trace.line(now, || format!("{to:?} <- {}", message.brief()));
                let outcome = self.deliver(link, session, to, message);
                self.judge(to, outcome)
            }
            Item::Timer { party, life, timer } => {
                if !self.stage.kernel.is_in_life(party, life) {
                    return Ok(());
                }
                let outcome = self.wake(party, timer);
                self.judge(party, outcome)
            }
            Item::Connect { link, life } => {
                self.stage.kernel.try_connect(link, life);
                Ok(())
            }
            Item::Connected { link, session } => {
                let Some(party) = self.stage.kernel.session_holder(link, session) else { return Ok(()) };
                let outcome = self.connected(party, link, session);
                self.judge(party, outcome)
            }
            Item::Disconnected { link, life } => {
                if let Some(party) = self.stage.kernel.initiator_in_life(link, life) {
                    self.disconnected(party, link);
                }
                Ok(())
            }
            Item::Start(party) => self.start(party),
            Item::Fault(fault) => self.go_wrong(fault),
            Item::MakeRoom => {
                self.stage.disk.with(Disk::make_room);
                Ok(())
            }
        }
    }

    /// A process that cannot go on ends here; a rule that was broken ends the run.
    fn judge(&mut self, party: Party, outcome: Result<(), Stop>) -> Result<(), Violation> {
        match outcome {
            Ok(()) => Ok(()),
            Err(Stop::Violation(violation)) => Err(violation),
            Err(Stop::Ended(why)) => {
                let now = self.stage.kernel.now_ns();
                self.stage.kernel.trace.line(now, || format!("{party:?} stops: {why}"));
                self.end_process(party);
                Ok(())
            }
        }
    }

    fn deliver(&mut self, link: LinkId, session: Session, to: Party, message: Message) -> Result<(), Stop> {
        let stage = &mut self.stage;
        match to {
            Party::Client(number) => self.clients[number].receive(stage, message),
            Party::Sequencer => {
                self.sequencer.as_mut().map_or(Ok(()), |it| it.receive(stage, link, session, message))
            }
            Party::Risk => self.risk.as_mut().map_or(Ok(()), |it| it.receive(stage, message)),
            Party::Matching => {
                self.matching.as_mut().map_or(Ok(()), |it| it.receive(stage, link, session, message))
            }
            Party::Feed(number) => {
                let Some(feed) = &mut self.feeds[number] else { return Ok(()) };
                if let Some(bytes) = feed.receive(stage, link, session, message)? {
                    self.saved_feeds.insert(number, bytes);
                }
                Ok(())
            }
            Party::Subscriber(number) => {
                self.subscribers[number].as_mut().map_or(Ok(()), |it| it.receive(stage, message))
            }
            Party::Follower => Ok(()),
        }
    }

    fn wake(&mut self, party: Party, timer: Timer) -> Result<(), Stop> {
        let stage = &mut self.stage;
        match party {
            Party::Client(number) => {
                self.clients[number].timer(stage, timer);
                Ok(())
            }
            Party::Sequencer => self.sequencer.as_mut().map_or(Ok(()), |it| it.timer(stage, timer)),
            Party::Follower => self.follower.as_mut().map_or(Ok(()), |it| it.read_on(stage)),
            _ => Ok(()),
        }
    }

    fn connected(&mut self, party: Party, link: LinkId, session: Session) -> Result<(), Stop> {
        let stage = &mut self.stage;
        match party {
            Party::Client(number) => self.clients[number].connected(stage, session)?,
            Party::Risk => {
                if let Some(risk) = &mut self.risk {
                    risk.connected(stage, link, session);
                }
            }
            Party::Matching => {
                if let Some(matching) = &mut self.matching {
                    matching.connected(stage, session)?;
                }
            }
            Party::Feed(number) => {
                if let Some(feed) = &mut self.feeds[number] {
                    feed.connected(stage, session);
                }
            }
            Party::Subscriber(number) => {
                if let Some(subscriber) = &mut self.subscribers[number] {
                    subscriber.connected(stage, session);
                }
            }
            Party::Sequencer | Party::Follower => {}
        }
        Ok(())
    }

    fn disconnected(&mut self, party: Party, link: LinkId) {
        let stage = &mut self.stage;
        match party {
            Party::Client(number) => self.clients[number].disconnected(stage),
            Party::Risk => {
                if let Some(risk) = &mut self.risk {
                    risk.disconnected(stage, link);
                }
            }
            Party::Matching => {
                if let Some(matching) = &mut self.matching {
                    matching.disconnected(stage);
                }
            }
            Party::Feed(number) => {
                if let Some(feed) = &mut self.feeds[number] {
                    feed.disconnected(stage);
                }
            }
            Party::Subscriber(number) => {
                if let Some(subscriber) = &mut self.subscribers[number] {
                    subscriber.disconnected(stage);
                }
            }
            Party::Sequencer | Party::Follower => {}
        }
    }

    fn report(&mut self, seed: u64, trace: String) -> Report {
        let coverage = self.stage.oracle.coverage().clone();
        let kernel = &self.stage.kernel;
        Report {
            seed,
            commands: self.stage.commands(),
            durable: self.stage.oracle.durable_commands(),
            events: self.stage.oracle.event_count(),
            faults: self.faults + self.stage.disk.with(|disk| disk.faults_met()),
            virtual_ns: kernel.now_ns() - crate::kernel::START_NS,
            state_hash: self.stage.oracle.venue().engine.state_hash(),
            coverage,
            trace_digest: kernel.trace.digest(),
            trace,
        }
    }
}
