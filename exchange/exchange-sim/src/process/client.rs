//! A client: submits commands, and when a connection goes it asks what became of those it has no answer to.
//!
//! A client never fails here: its memory is the record of what it was told, against which everything else is checked. A newcomer
//! needs to know one thing: no answer means not knowing. A command in doubt is submitted again only after the log's owner has
//! said that it is not in the log and never will be.

use std::collections::VecDeque;
use std::rc::Rc;

use exchange_types::{Command, Event, Sequence, TimestampNs};

use super::{Handled, Stage};
use crate::generator::{Administrator, Trader};
use crate::kernel::{LinkId, Party, Session};
use crate::message::{Doubt, Identity, Message, Timer};
use crate::mutation::Mutation;

/// Where a client's commands come from.
#[derive(Debug)]
pub enum Source {
    /// It trades.
    Trader(Trader),
    /// It administrates.
    Administrator(Administrator),
}

/// How far a command has come, as far as its client knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    /// It was sent on the present connection, or is known to be in the log.
    Sent,
    /// It was sent on a connection that is gone.
    Unknown,
    /// It is known not to be in the log.
    Unsent,
    /// As [`Unsent`](Self::Unsent), because too much was waiting: it is better to wait a little, too.
    Refused,
}

/// A command without an answer.
#[derive(Debug)]
struct Pending {
    request: u64,
    identity: Identity,
    payload: Rc<[u8]>,
    after: Sequence,
    progress: Progress,
}

/// A client.
#[derive(Debug)]
pub struct Client {
    party: Party,
    link: LinkId,
    session: Option<Session>,
    source: Source,
    pending: VecDeque<Pending>,
    next_request: u64,
    /// The highest sequence it was told of.
    told: Sequence,
    started: bool,
    /// A timer is set for its next thought.
    thinks: bool,
    /// A timer is set for what was refused.
    backs_off: bool,
}

impl Client {
    /// A client that has not asked for anything.
    #[must_use]
    pub fn new(number: usize, link: LinkId, source: Source) -> Self {
        Self {
            party: Party::Client(number),
            link,
            session: None,
            source,
            pending: VecDeque::new(),
            next_request: 0,
            told: Sequence(0),
            started: false,
            thinks: false,
            backs_off: false,
        }
    }

    /// Lets it begin to submit.
    pub fn start(&mut self, stage: &mut Stage) {
        if !self.started {
            self.started = true;
            self.think_later(stage);
        }
    }

    /// True where it waits for nothing.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.pending.is_empty()
    }

    /// True until the venue is set up and told to be.
    #[must_use]
    pub fn prepares(&self) -> bool {
        match &self.source {
            Source::Administrator(administrator) => administrator.prepares() || !self.pending.is_empty(),
            Source::Trader(_) => false,
        }
    }

    /// The connection stands.
    pub fn connected(&mut self, stage: &mut Stage, session: Session) -> Handled {
        self.session = Some(session);
        self.think_later(stage);
        if stage.mutation == Some(Mutation::ResubmitWithoutAsking) {
            for pending in &mut self.pending {
                pending.progress = Progress::Unsent;
            }
            self.submit_unsent(stage);
            return Ok(());
        }
        let doubts: Vec<Doubt> = self
            .pending
            .iter()
            .filter(|pending| pending.progress == Progress::Unknown)
            .map(|pending| Doubt {
                request: pending.request,
                payload: Rc::clone(&pending.payload),
                after: pending.after,
            })
            .collect();
        if doubts.is_empty() {
            self.submit_unsent(stage);
        } else {
            stage.kernel.send(self.link, session, self.party, Message::Ask(doubts));
        }
        Ok(())
    }

    /// The connection is gone: nothing that was sent on it is certain.
    pub fn disconnected(&mut self, stage: &mut Stage) {
        self.session = None;
        for pending in &mut self.pending {
            if pending.progress == Progress::Sent {
                pending.progress = Progress::Unknown;
            }
        }
        stage.kernel.connect(self.link);
    }

    /// Takes what the sequencer says.
    pub fn receive(&mut self, stage: &mut Stage, message: Message) -> Handled {
        match message {
            Message::Answer { request, sequence, events } => self.answered(stage, request, sequence, &events),
            Message::Happened { request } => {
                self.mark(request, Progress::Sent);
                // This may have been the last doubt, for which others have waited.
                self.submit_unsent(stage);
                Ok(())
            }
            Message::NeverHappened { request } => {
                let Some(index) = self.index(request) else { return Ok(()) };
                // Some clients give up, others try again.
                let may_give_up = matches!(self.source, Source::Trader(_));
                if may_give_up && stage.kernel.random.permille(200) {
                    if let Some(pending) = self.pending.remove(index) {
                        stage.oracle.given_up(pending.identity)?;
                        self.think_later(stage);
                    }
                } else {
                    self.pending[index].progress = Progress::Unsent;
                }
                self.submit_unsent(stage);
                Ok(())
            }
            Message::TooLarge { request } => {
                let Some(index) = self.index(request) else { return Ok(()) };
                if let Some(pending) = self.pending.remove(index) {
                    stage.oracle.coverage().happened("refused as too large");
                    stage.oracle.given_up(pending.identity)?;
                }
                self.think_later(stage);
                Ok(())
            }
            Message::Busy { request } => {
                self.mark(request, Progress::Refused);
                if !self.backs_off {
                    self.backs_off = true;
                    let pause = stage.kernel.random.range(1_000_000, 20_000_000);
                    stage.kernel.timer(self.party, pause, Timer::Again);
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// It is time for something.
    pub fn timer(&mut self, stage: &mut Stage, timer: Timer) {
        match timer {
            Timer::Again => {
                self.backs_off = false;
                for pending in &mut self.pending {
                    if pending.progress == Progress::Refused {
                        pending.progress = Progress::Unsent;
                    }
                }
                self.submit_unsent(stage);
                self.think_later(stage);
            }
            _ => self.think(stage),
        }
    }

    fn answered(&mut self, stage: &mut Stage, request: u64, sequence: Sequence, events: &[Event]) -> Handled {
        let Some(index) = self.index(request) else { return Ok(()) };
        let Some(pending) = self.pending.remove(index) else { return Ok(()) };
        self.told = self.told.max(sequence);
        stage.oracle.answered(pending.identity, sequence, events)?;
        let (party, now) = (self.party, stage.kernel.now_ns());
        stage.kernel.trace.words(&[sequence.0, pending.identity.0 as u64]);
        stage.kernel.trace.line(now, || format!("{party:?} is told of {sequence}: {} events", events.len()));
        if let Source::Trader(trader) = &mut self.source {
            trader.told(events);
        }
        self.think_later(stage);
        Ok(())
    }

    /// Submits a last command that changes nothing but the time.
    pub fn submit_last(&mut self, stage: &mut Stage) {
        let mut payload = Vec::new();
        exchange_types::encode_command(&Command::Tick, &mut payload);
        self.submit(stage, payload.into());
    }

    fn think(&mut self, stage: &mut Stage) {
        self.thinks = false;
        // The preparations build on one another, so they are submitted one by one.
        let window = if self.prepares() { 1 } else { stage.plan.window };
        let may_submit = stage.may_submit(self.prepares()) && !self.backs_off;
        if self.session.is_none() || self.pending.len() >= window || !may_submit {
            // An answer or a connection brings the next thought.
            return;
        }
        let now = TimestampNs(stage.kernel.now_ns());
        let payload: Rc<[u8]> = match &mut self.source {
            Source::Trader(trader) => trader.next(now).into(),
            Source::Administrator(administrator) => administrator.next(now).into(),
        };
        // Two of the same under way could not be told apart when asking what became of one.
        if self.pending.iter().all(|pending| pending.payload != payload) {
            self.submit(stage, payload);
        }
        self.think_later(stage);
    }

    fn think_later(&mut self, stage: &mut Stage) {
        if self.started && !self.thinks && stage.may_submit(self.prepares()) {
            let administrates = matches!(self.source, Source::Administrator(_)) && !self.prepares();
            let mean = if administrates { stage.administration_pause_ns() } else { stage.plan.pause_ns };
            let pause = stage.kernel.random.below(2 * mean + 1);
            stage.kernel.timer(self.party, pause, Timer::Think);
            self.thinks = true;
        }
    }

    fn submit(&mut self, stage: &mut Stage, payload: Rc<[u8]>) {
        let identity = stage.submitted(self.party, Rc::clone(&payload));
        self.pending.push_back(Pending {
            request: self.next_request,
            identity,
            payload,
            after: self.told,
            progress: Progress::Unsent,
        });
        self.next_request += 1;
        self.submit_unsent(stage);
    }

    fn submit_unsent(&mut self, stage: &mut Stage) {
        let Some(session) = self.session else { return };
        // While anything is in doubt, nothing else is submitted: an answer to the doubt comes first.
        if self.pending.iter().any(|pending| pending.progress == Progress::Unknown) {
            return;
        }
        for pending in &mut self.pending {
            if pending.progress == Progress::Unsent {
                pending.progress = Progress::Sent;
                let submit = Message::Submit {
                    request: pending.request,
                    identity: pending.identity,
                    payload: Rc::clone(&pending.payload),
                };
                stage.kernel.send(self.link, session, self.party, submit);
            }
        }
    }

    fn mark(&mut self, request: u64, progress: Progress) {
        if let Some(index) = self.index(request) {
            self.pending[index].progress = progress;
        }
    }

    fn index(&self, request: u64) -> Option<usize> {
        self.pending.iter().position(|pending| pending.request == request)
    }
}
