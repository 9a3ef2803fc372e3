//! The engine: risk and matching joined into one fold of the log.
//!
//! It is not responsible for where commands come from or where events go. A newcomer needs to know one thing: [`Engine::apply`]
//! is the whole exchange. Time passes (orders end), risk admits, matching matches, risk settles, conservation is asserted, and
//! from time to time everything is counted again and a checkpoint says the state hash.

use exchange_types::codec::split_request;
use exchange_types::{
    AccountId, Command, CommandHeader, Event, EventBuffer, InstrumentId, OrderId, RejectReason, Request,
    RequestHead, RequestId, Sequence, TimestampNs, decode_command, peek_request_id,
};

use crate::Digest;
use crate::book::index::OpaqueIndex;
use crate::book::{FastBook, OrderBook};
use crate::matching::{BookMaker, Matching};
use crate::risk::{Admitted, Risk, Violation};

/// Most balances that a recount looks at for each event since the last one.
///
/// Balances are counted again at every checkpoint. Where there are more of them than this many times the events since the last
/// count, they wait for a later checkpoint, so that counting never costs more than trading: that is from 16,000 on.
const BALANCES_RECOUNTED_PER_EVENT: u64 = 16;

/// The same for orders. One costs several times as much as a balance, in the table of risk and again in its book, so from 1,000
/// live orders on the orders wait for a later checkpoint, and with them the digests.
const ORDERS_RECOUNTED_PER_EVENT: u64 = 1;

/// The same for requests that are remembered, of which each is looked up.
const REQUESTS_RECOUNTED_PER_EVENT: u64 = 1;

/// How far the fold has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Progress {
    pub(crate) sequence: Sequence,
    pub(crate) time: TimestampNs,
    /// Events so far, checkpoints included: the sequence number of the last one.
    pub(crate) events: u64,
    /// The number of the last checkpoint among the events.
    pub(crate) checkpoint_at: u64,
}

/// What is known of the last command beside the state: enough to tell others what it did. No part of the state.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Last {
    pub(crate) request: RequestId,
    /// How many of its events are orders whose time was up, which come first.
    pub(crate) expired: usize,
    /// How many events follow that risk made itself.
    pub(crate) decided: usize,
    /// How many events there are in all.
    pub(crate) events: usize,
}

impl Last {
    /// Where among its events those of risk begin, and where they end.
    pub(crate) fn ends(&self) -> (usize, usize) {
        // Bound: both are parts of the number of events.
        (self.expired, self.expired.wrapping_add(self.decided))
    }
}

/// The state of the venue.
#[derive(Debug, Clone)]
pub struct Engine<B> {
    pub(crate) risk: Risk,
    pub(crate) matching: Matching<B>,
    progress: Progress,
    /// The number of events at the last recount of the orders, at that of the balances, and at that of the requests that are
    /// remembered. None is part of the state.
    orders_recounted_at: u64,
    balances_recounted_at: u64,
    requests_recounted_at: u64,
    last: Last,
    /// Messages from risk to matching of the last command, in memory that the next one uses again.
    admitted: Vec<Admitted>,
}

/// The engine that runs.
pub type FastEngine = Engine<FastBook<OpaqueIndex>>;

impl<B: OrderBook> Engine<B> {
    /// A venue without anything, before the first command; `maker` makes the book of each instrument that is listed.
    #[must_use]
    pub fn new(maker: BookMaker<B>) -> Self {
        Self::from_parts(Risk::new(maker.seed()), Matching::new(maker), Progress::default())
    }

    pub(crate) fn from_parts(risk: Risk, matching: Matching<B>, progress: Progress) -> Self {
        Self {
            risk,
            matching,
            progress,
            orders_recounted_at: progress.events,
            balances_recounted_at: progress.events,
            requests_recounted_at: progress.events,
            last: Last::default(),
            admitted: Vec::new(),
        }
    }

    /// Folds the next command in and appends everything that happened to `events`. A command that is rejected appends
    /// [`Event::Rejected`] and changes nothing but the position in the log.
    ///
    /// # Panics
    /// If the command is not the next one, or its time is before that of the last one: the log's owner makes neither, and a
    /// state that has skipped a command is worth nothing. Also if an invariant is broken: see [`Risk::settle`].
    #[inline]
    pub fn apply(&mut self, header: &CommandHeader, command: &Command, events: &mut EventBuffer) {
        self.apply_under(header, &RequestHead::default(), command, events);
    }

    /// The same for a request: who waits for it is told by [`step`](Self::step) and [`outcome`](Self::outcome), and one that
    /// comes again under its key is answered with [`Event::Repeated`] and not carried out.
    ///
    /// # Panics
    /// As [`apply`](Self::apply).
    #[inline]
    pub fn apply_request(&mut self, header: &CommandHeader, request: &Request, events: &mut EventBuffer) {
        self.apply_under(header, &request.head(), &request.command, events);
    }

    /// The same for a request in two parts. Inlined like what it calls: between the calls there is as much work as inside them.
    #[inline(always)]
    pub(crate) fn apply_under(
        &mut self,
        header: &CommandHeader,
        head: &RequestHead,
        command: &Command,
        events: &mut EventBuffer,
    ) {
        let before = self.begin(header, head.id, events);
        match head.key {
            None => self.risk.admit(header, command, &mut self.admitted, events),
            Some(key) => self.risk.admit_under(header, key, command, &mut self.admitted, events),
        }
        self.carry_out(before, events);
    }

    /// Folds in a record of the log: a request, or a command alone. A payload that is neither is rejected.
    ///
    /// # Panics
    /// As [`apply`](Self::apply).
    #[inline]
    pub fn apply_encoded(&mut self, header: &CommandHeader, payload: &[u8], events: &mut EventBuffer) {
        let decoded = split_request(payload)
            .and_then(|(head, message)| decode_command(message).map(|command| (head, command)));
        match decoded {
            Ok((head, command)) => self.apply_under(header, &head, &command, events),
            Err(malformed) => {
                self.apply_malformed(header, peek_request_id(payload), malformed.reason, events);
            }
        }
    }

    #[cold]
    pub(crate) fn apply_malformed(
        &mut self,
        header: &CommandHeader,
        request: RequestId,
        reason: RejectReason,
        events: &mut EventBuffer,
    ) {
        let before = self.begin(header, request, events);
        events.push(Event::Rejected {
            order: OrderId::default(),
            instrument: InstrumentId::default(),
            account: AccountId::default(),
            reason,
        });
        self.carry_out(before, events);
    }

    /// Time passes, up to this command: orders end. Returns how many events there were before.
    #[inline(always)]
    fn begin(&mut self, header: &CommandHeader, request: RequestId, events: &mut EventBuffer) -> usize {
        assert!(header.sequence == self.progress.sequence.next(), "commands are folded in without a gap");
        assert!(header.time >= self.progress.time, "time does not go backwards");
        self.progress.sequence = header.sequence;
        self.progress.time = header.time;
        self.admitted.clear();
        self.risk.pass_time(header.time);
        let before = events.len();
        self.matching.expire(header.time, events);
        for event in &events[before..] {
            self.risk.settle(event);
        }
        self.last.request = request;
        // Bound: events are only appended.
        self.last.expired = events.len().wrapping_sub(before);
        before
    }

    /// Matching does what risk has admitted, and risk settles it.
    #[inline(always)]
    fn carry_out(&mut self, before: usize, events: &mut EventBuffer) {
        let decided = events.len();
        for admitted in &self.admitted {
            self.matching.apply(admitted, events);
        }
        for event in &events[decided..] {
            self.risk.settle(event);
        }
        // Bound: events are only appended.
        self.last.decided = decided.wrapping_sub(before).wrapping_sub(self.last.expired);
        self.finish(before, events);
        self.last.events = events.len().wrapping_sub(before);
    }

    #[inline]
    fn finish(&mut self, before: usize, events: &mut EventBuffer) {
        self.risk.assert_settled();
        // Bound: 2^64 events do not happen.
        let happened = events.len().wrapping_sub(before) as u64;
        self.progress.events = self.progress.events.wrapping_add(happened);
        if self.progress.events.wrapping_sub(self.progress.checkpoint_at) >= Event::CHECKPOINT_EVERY {
            self.checkpoint(events);
        }
    }

    /// Counts everything again and says the state hash.
    #[cold]
    fn checkpoint(&mut self, events: &mut EventBuffer) {
        if let Err(violation) = self.recount() {
            panic!("{violation}");
        }
        events.push(Event::Checkpoint { events: self.progress.events, state_hash: self.state_hash() });
        self.progress.events = self.progress.events.wrapping_add(1);
        self.progress.checkpoint_at = self.progress.events;
    }

    fn recount(&mut self) -> Result<(), Violation> {
        let events = self.progress.events;
        let due = |entries: usize, last: u64, each: u64| {
            entries as u64 <= events.saturating_sub(last).saturating_mul(each)
        };
        if due(self.risk.balances(), self.balances_recounted_at, BALANCES_RECOUNTED_PER_EVENT) {
            self.balances_recounted_at = events;
            self.risk.audit_balances()?;
        }
        let requests = self.risk.remembered_requests();
        if due(requests, self.requests_recounted_at, REQUESTS_RECOUNTED_PER_EVENT) {
            self.requests_recounted_at = events;
            self.risk.audit_requests()?;
        }
        if due(self.risk.live_orders(), self.orders_recounted_at, ORDERS_RECOUNTED_PER_EVENT) {
            self.orders_recounted_at = events;
            self.risk.audit_digests()?;
            let expected = self.risk.audit_orders()?;
            if self.matching.orders_digest() != expected {
                return Err(Violation { rule: "the orders in the books are the orders that risk knows" });
            }
        }
        Ok(())
    }

    /// Counts everything again, now: balances, reservations against orders, digests, and the books against the orders, one by
    /// one and in their priority.
    ///
    /// # Errors
    /// The first rule that does not hold.
    pub fn audit(&mut self) -> Result<(), Violation> {
        self.risk.audit_balances()?;
        self.risk.audit_digests()?;
        self.risk.audit_requests()?;
        self.risk.audit_orders()?;
        self.matching.audit(&self.risk)
    }

    /// The digest of all state: equal venues have equal hashes, whatever their books are made of.
    #[must_use]
    pub fn state_hash(&self) -> u64 {
        let mut digest = Digest::new();
        for word in [
            self.risk.state_hash(),
            self.progress.sequence.0,
            self.progress.time.0,
            self.progress.events,
            self.progress.checkpoint_at,
        ] {
            digest.word(word);
        }
        digest.end_record();
        digest.value()
    }

    /// Risk: balances, orders, instruments.
    #[must_use]
    pub fn risk(&self) -> &Risk {
        &self.risk
    }

    /// Matching: the books.
    #[must_use]
    pub fn matching(&self) -> &Matching<B> {
        &self.matching
    }

    /// The books alone, for a service that carries out [steps](crate::step::Step) from here on.
    #[must_use]
    pub fn into_matching(self) -> Matching<B> {
        self.matching
    }

    /// What risk told matching about the last command.
    #[must_use]
    pub fn admitted(&self) -> &[Admitted] {
        &self.admitted
    }

    pub(crate) fn last(&self) -> &Last {
        &self.last
    }

    pub(crate) fn progress(&self) -> &Progress {
        &self.progress
    }

    /// The position of the last command.
    #[must_use]
    pub fn sequence(&self) -> Sequence {
        self.progress.sequence
    }

    /// The time of the last command.
    #[must_use]
    pub fn time(&self) -> TimestampNs {
        self.progress.time
    }

    /// The number of the last checkpoint among the events; zero: there was none. The next one comes
    /// [`Event::CHECKPOINT_EVERY`] events later, at the end of a command.
    #[must_use]
    pub fn checkpoint_at(&self) -> u64 {
        self.progress.checkpoint_at
    }

    /// How many events there were so far: the sequence number of the last one.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.progress.events
    }
}
