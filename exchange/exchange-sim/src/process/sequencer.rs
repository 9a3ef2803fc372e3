//! The owner of the log: puts commands in order, makes them durable, streams them at once, and answers.
//!
//! It interprets no command: outcomes come from risk, and after a restart from a fold of the log (what an order history is
//! for). A newcomer needs to know one thing: records leave for risk and matching as soon as they are appended, but nothing
//! leaves for clients and consumers before it is durable and its outcome is known.

use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use exchange_service::log::{Log, LogError, LogOptions, LogReader, Payloads, SegmentSource, SegmentedLog};
use exchange_service::snapshot::{Fold, Recovered, recover};
use exchange_types::{Epoch, Event, Sequence, TimestampNs};

use super::{Handled, Stage, Stop};
use crate::check::Violation;
use crate::disk::{SharedDisk, is_fault};
use crate::fold::Venue;
use crate::kernel::{LinkId, Party, Session};
use crate::message::{Doubt, Entry, Identity, Message, Place, Timer};
use crate::mutation::Mutation;

/// A command that waits to be put into the log.
#[derive(Debug)]
struct Submission {
    link: LinkId,
    session: Session,
    request: u64,
    identity: Identity,
    payload: Rc<[u8]>,
}

/// Somebody who waits for an answer.
#[derive(Debug, Clone, Copy)]
struct Waiter {
    link: LinkId,
    session: Session,
    request: u64,
}

/// What came of a command.
#[derive(Debug, Clone)]
struct Known {
    /// The sequence of its first event, or of the next event where it has none.
    first_event: Sequence,
    events: Rc<[Event]>,
}

/// A consumer of the events.
#[derive(Debug)]
struct Consumer {
    session: Session,
    /// The command whose events come next.
    next: Sequence,
    /// How many messages it will take.
    credit: u64,
}

/// The owner of the log.
#[derive(Debug)]
pub struct Sequencer {
    log: SegmentedLog<SharedDisk>,
    entries: Vec<Entry>,
    /// Where each payload stands in the log.
    index: BTreeMap<Rc<[u8]>, Vec<Sequence>>,
    /// What came of the commands, from the first on.
    known: Vec<Known>,
    /// Everything up to here may be told.
    durable: Sequence,
    published: Sequence,
    queue: VecDeque<Submission>,
    waiting: BTreeMap<Sequence, Vec<Waiter>>,
    syncing: bool,
    followers: BTreeMap<LinkId, Session>,
    consumers: BTreeMap<LinkId, Consumer>,
    batch: Payloads,
}

impl Sequencer {
    /// Starts: opens the log, reads all of it, and folds it for the outcomes.
    ///
    /// # Errors
    /// [`Stop::Ended`] when the log does not open, which is for somebody else to judge.
    pub fn start(stage: &mut Stage) -> Result<Self, Stop> {
        let disk = match stage.mutation {
            Some(Mutation::LyingSync) => stage.disk.clone().with_lying_sync(),
            _ => stage.disk.clone(),
        };
        let ended =
            |error: &dyn std::error::Error| Stop::Ended(format!("the log does not open: {}", chain(error)));
        let held = SegmentedLog::held_epoch(&disk).map_err(|error| ended(&error))?;
        let options = log_options(stage.plan.log.segment_bytes);
        let recovered = match recover(disk, options, Epoch(held.0 + 1), Venue::new) {
            Ok(recovered) => recovered,
            Err(error) => {
                stage.oracle.refused_to_open(&error)?;
                return Err(ended(&error));
            }
        };
        let Recovered { log, recovery, fold, restored, .. } = recovered;
        let now = stage.kernel.now_ns();
        stage.kernel.trace.words(&[recovery.last.0, restored.records]);
        stage.kernel.trace.line(now, || format!("the log opens: {recovery:?} {restored:?}"));
        let entries = read_all(&log).map_err(|error| Stop::Ended(error.to_string()))?;
        stage.oracle.recovered(&entries, recovery.last)?;
        stage.oracle.restored(&restored, fold.state_hash())?;
        let mut sequencer = Self {
            durable: log.durable(),
            published: Sequence(0),
            log,
            entries: Vec::new(),
            index: BTreeMap::new(),
            known: Vec::new(),
            queue: VecDeque::new(),
            waiting: BTreeMap::new(),
            syncing: false,
            followers: BTreeMap::new(),
            consumers: BTreeMap::new(),
            batch: Payloads::new(),
        };
        let mut venue = Venue::new();
        let mut events = Vec::new();
        for entry in entries {
            events.clear();
            venue.apply(&entry, &mut events);
            sequencer.learn(events.as_slice().into());
            sequencer.remember(entry);
        }
        sequencer.published = sequencer.durable;
        Ok(sequencer)
    }

    /// Where the log is read.
    #[must_use]
    pub fn source(&self) -> SegmentSource<SharedDisk> {
        self.log.source()
    }

    /// Takes what a party says.
    pub fn receive(
        &mut self,
        stage: &mut Stage,
        link: LinkId,
        session: Session,
        message: Message,
    ) -> Handled {
        match message {
            Message::Submit { request, identity, payload } => {
                self.submitted(stage, Submission { link, session, request, identity, payload })
            }
            Message::Ask(doubts) => self.asked(stage, link, session, &doubts),
            Message::Follow { place, request } => {
                stage.kernel.send(link, session, Party::Sequencer, Message::Following { request });
                self.follow(stage, link, session, place);
                Ok(())
            }
            Message::WhereKnown => {
                let known = Sequence(self.known.len() as u64);
                stage.kernel.send(link, session, Party::Sequencer, Message::KnownUpTo(known));
                Ok(())
            }
            Message::Outcome { place, events } => self.outcome(stage, place, events),
            Message::EventsFrom { from, credit } => {
                self.resume(stage, link, session, from, credit);
                Ok(())
            }
            Message::Credit(more) => {
                if let Some(consumer) = self.consumers.get_mut(&link)
                    && consumer.session == session
                {
                    consumer.credit += more;
                }
                self.feed(stage, link);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// The disk has had its time.
    pub fn timer(&mut self, stage: &mut Stage, timer: Timer) -> Handled {
        if timer != Timer::Sync {
            return Ok(());
        }
        let durable = match self.log.sync() {
            Ok(durable) => durable,
            Err(error) => return Err(stopped("a sync", &error)),
        };
        self.syncing = false;
        stage.oracle.durable(durable)?;
        self.now_durable(stage, durable)?;
        self.write_batch(stage)
    }

    fn submitted(&mut self, stage: &mut Stage, submission: Submission) -> Handled {
        if submission.payload.len() > self.log.limits().payload_bytes_max {
            let too_large = Message::TooLarge { request: submission.request };
            stage.kernel.send(submission.link, submission.session, Party::Sequencer, too_large);
            return Ok(());
        }
        if self.queue.len() >= stage.plan.log.queue_max {
            let busy = Message::Busy { request: submission.request };
            stage.kernel.send(submission.link, submission.session, Party::Sequencer, busy);
            return Ok(());
        }
        self.queue.push_back(submission);
        self.write_batch(stage)
    }

    /// Appends what waits, unless a sync is under way: then it becomes the next batch.
    fn write_batch(&mut self, stage: &mut Stage) -> Handled {
        if self.syncing || self.queue.is_empty() {
            return Ok(());
        }
        let limits = self.log.limits();
        self.batch.clear();
        let mut bytes = 0;
        let mut count = 0;
        for submission in self.queue.iter().take(stage.plan.log.batch_max) {
            bytes += submission.payload.len() + limits.record_overhead;
            if bytes > limits.batch_bytes_max {
                break;
            }
            self.batch.push(&submission.payload);
            count += 1;
        }
        let clock = TimestampNs(stage.kernel.now_ns().saturating_sub(stage.clock_back_ns));
        // The clock may have gone back since the last record; time in the log does not.
        let before = self.entries.last().map_or(TimestampNs(0), |entry| entry.time);
        let time = if stage.is_broken(Mutation::TimeGoesBack) { clock } else { clock.max(before) };
        let (epoch, first) = (self.log.epoch(), self.log.next_sequence());
        let submissions: Vec<Submission> = self.queue.drain(..count).collect();
        let mut entries = Vec::with_capacity(count);
        for (offset, submission) in submissions.iter().enumerate() {
            let sequence = Sequence(first.0 + offset as u64);
            let entry = Entry { epoch, sequence, time, payload: Rc::clone(&submission.payload) };
            // An append that fails may have written all of this.
            stage.oracle.appending(&entry, submission.identity)?;
            entries.push(entry);
        }
        let appended = match self.log.append(time, &self.batch) {
            Ok(appended) => appended,
            Err(error) => return Err(stopped("an append", &error)),
        };
        let last = entries.last().map_or(first, |entry| entry.sequence);
        if (appended.epoch, appended.first, appended.last) != (epoch, first, last) {
            let found = format!("{appended:?}, expected {first} to {last}");
            return Err(Violation { rule: "sequences have no gap and are used once", found }.into());
        }
        let now = stage.kernel.now_ns();
        stage.kernel.trace.words(&[first.0, last.0]);
        stage.kernel.trace.line(now, || format!("appended {first} to {last}"));
        for (submission, entry) in submissions.into_iter().zip(entries) {
            for (link, session) in &self.followers {
                stage.kernel.send(*link, *session, Party::Sequencer, Message::Record(entry.clone()));
            }
            let waiter =
                Waiter { link: submission.link, session: submission.session, request: submission.request };
            self.waiting.entry(entry.sequence).or_default().push(waiter);
            self.remember(entry);
        }
        self.syncing = true;
        let time = stage.kernel.random.range(stage.plan.log.sync_min_ns, stage.plan.log.sync_max_ns);
        stage.kernel.timer(Party::Sequencer, time, Timer::Sync);
        if stage.is_broken(Mutation::AcknowledgeBeforeSync) {
            self.now_durable(stage, last)?;
        }
        Ok(())
    }

    fn now_durable(&mut self, stage: &mut Stage, durable: Sequence) -> Handled {
        self.durable = durable;
        for (link, session) in &self.followers {
            stage.kernel.send(*link, *session, Party::Sequencer, Message::Durable(durable));
        }
        self.publish(stage)
    }

    /// What became of these? Whatever waits for a batch from an earlier connection of this client is dropped first: it must not
    /// get into the log after the client was told that it is not there.
    fn asked(&mut self, stage: &mut Stage, link: LinkId, session: Session, doubts: &[Doubt]) -> Handled {
        if !stage.is_broken(Mutation::ForgetQueueWhenAsked) {
            self.queue.retain(|waiting| waiting.link != link || waiting.session == session);
        }
        for doubt in doubts {
            let request = doubt.request;
            let places = self.index.get(&doubt.payload).map_or(&[][..], Vec::as_slice);
            let Some(sequence) = places.iter().copied().find(|sequence| *sequence > doubt.after) else {
                stage.kernel.send(link, session, Party::Sequencer, Message::NeverHappened { request });
                continue;
            };
            stage.kernel.send(link, session, Party::Sequencer, Message::Happened { request });
            let waiter = Waiter { link, session, request };
            if sequence <= self.published {
                self.answer(stage, sequence, waiter);
            } else {
                self.waiting.entry(sequence).or_default().push(waiter);
            }
        }
        Ok(())
    }

    fn follow(&mut self, stage: &mut Stage, link: LinkId, session: Session, place: Place) {
        // A place without an epoch is that of a snapshot, which holds what was durable and nothing else.
        let agrees = match place.sequence.0.checked_sub(1) {
            Some(_) if place.epoch == Epoch(0) => place.sequence <= self.durable,
            Some(index) => self.entries.get(index as usize).is_some_and(|entry| entry.epoch == place.epoch),
            None => true,
        };
        if !agrees {
            self.followers.remove(&link);
            stage.kernel.send(link, session, Party::Sequencer, Message::Diverged);
            return;
        }
        self.followers.insert(link, session);
        stage.kernel.send(link, session, Party::Sequencer, Message::Durable(self.durable));
        for entry in &self.entries[place.sequence.0 as usize..] {
            stage.kernel.send(link, session, Party::Sequencer, Message::Record(entry.clone()));
        }
    }

    fn outcome(&mut self, stage: &mut Stage, place: Place, events: Rc<[Event]>) -> Handled {
        let index = place.sequence.0 as usize - 1;
        if self.entries.get(index).is_none_or(|entry| entry.epoch != place.epoch) {
            // It is the outcome of a record that a crash has taken.
            return Ok(());
        }
        if let Some(known) = self.known.get(index) {
            return if known.events == events {
                Ok(())
            } else {
                let found = format!("{place:?}: {:?}, then {events:?}", known.events);
                Err(Violation { rule: "the outcome of a command is the same whoever folds the log", found }
                    .into())
            };
        }
        if index > self.known.len() {
            let found = format!("{place:?} after {}", self.known.len());
            return Err(
                Violation { rule: "outcomes come in the order of the log, without a gap", found }.into()
            );
        }
        self.learn(events);
        self.publish(stage)
    }

    /// Tells whatever may be told.
    fn publish(&mut self, stage: &mut Stage) -> Handled {
        let known = Sequence(self.known.len() as u64);
        let limit =
            if stage.is_broken(Mutation::PublishBeforeDurable) { known } else { known.min(self.durable) };
        while self.published < limit {
            self.published = self.published.next();
            let sequence = self.published;
            for waiter in self.waiting.remove(&sequence).unwrap_or_default() {
                let forget = stage.is_broken(Mutation::ForgetToAnswer) && stage.kernel.random.permille(2);
                if !forget {
                    self.answer(stage, sequence, waiter);
                }
            }
        }
        let consumers: Vec<LinkId> = self.consumers.keys().copied().collect();
        for link in consumers {
            self.feed(stage, link);
        }
        Ok(())
    }

    fn answer(&self, stage: &mut Stage, sequence: Sequence, waiter: Waiter) {
        let events = Rc::clone(&self.known[sequence.0 as usize - 1].events);
        let answer = Message::Answer { request: waiter.request, sequence, events };
        stage.kernel.send(waiter.link, waiter.session, Party::Sequencer, answer);
    }

    /// A consumer goes on where it was.
    fn resume(&mut self, stage: &mut Stage, link: LinkId, session: Session, from: Sequence, credit: u64) {
        let published = &self.known[..self.published.0 as usize];
        let mut before = published.partition_point(|known| known.first_event < from);
        let resumed = from > Sequence(1);
        if resumed && stage.is_broken(Mutation::DropEventOnResume) {
            before += 1;
        }
        if resumed && stage.is_broken(Mutation::RepeatEventOnResume) {
            before = before.saturating_sub(1);
        }
        let next = Sequence(before as u64 + 1);
        self.consumers.insert(link, Consumer { session, next, credit });
        self.feed(stage, link);
    }

    /// Sends a consumer what it will take of what may be told. Whoever is slow gets it later; nobody waits for it.
    fn feed(&mut self, stage: &mut Stage, link: LinkId) {
        let Some(consumer) = self.consumers.get(&link) else { return };
        let (session, from) = (consumer.session, consumer.next.0);
        let until = self.published.0.min((from + consumer.credit).saturating_sub(1));
        for sequence in from..=until {
            let message = self.events_of(Sequence(sequence));
            stage.kernel.send(link, session, Party::Sequencer, message);
        }
        if let Some(consumer) = self.consumers.get_mut(&link) {
            let sent = (until + 1).saturating_sub(from);
            consumer.next = Sequence(from + sent);
            consumer.credit -= sent;
        }
    }

    fn events_of(&self, sequence: Sequence) -> Message {
        let index = sequence.0 as usize - 1;
        let known = &self.known[index];
        Message::Events {
            command: sequence,
            time: self.entries[index].time,
            first: known.first_event,
            events: Rc::clone(&known.events),
        }
    }

    fn learn(&mut self, events: Rc<[Event]>) {
        let next = self.known.last().map_or(1, |last| last.first_event.0 + last.events.len() as u64);
        self.known.push(Known { first_event: Sequence(next), events });
    }

    fn remember(&mut self, entry: Entry) {
        self.index.entry(Rc::clone(&entry.payload)).or_default().push(entry.sequence);
        self.entries.push(entry);
    }
}

/// The log stops its owner when the disk fails; nothing else may.
fn stopped(what: &str, error: &LogError) -> Stop {
    match error {
        LogError::Storage(cause) if is_fault(cause) => {
            Stop::Ended(format!("{what} failed: {}", chain(error)))
        }
        _ => {
            let found = format!("{what} failed: {}", chain(error));
            Violation { rule: "a log that is open fails only with its disk", found }.into()
        }
    }
}

/// An error with its causes.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

/// How every run keeps its log.
pub(crate) fn log_options(segment_bytes: u64) -> LogOptions {
    LogOptions { segment_bytes, ..LogOptions::default() }
}

/// Reads a log from its first record to its durable end.
///
/// # Errors
/// What the reader says.
pub(crate) fn read_all(log: &SegmentedLog<SharedDisk>) -> Result<Vec<Entry>, LogError> {
    let mut reader = log.reader(Sequence(1))?;
    let mut entries = Vec::new();
    while let Some(record) = reader.next()? {
        entries.push(Entry {
            epoch: record.epoch,
            sequence: record.sequence,
            time: record.time,
            payload: record.payload.into(),
        });
    }
    Ok(entries)
}
