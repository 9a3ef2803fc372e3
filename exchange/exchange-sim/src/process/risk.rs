//! Risk as a process of its own: reserves in the order of the log, has matching carry out what it admits, settles.
//!
//! It knows no book. A newcomer needs to know one thing: it works on one record at a time, because whether the next command can
//! be paid for depends on what this one does; and it works ahead of durability, so it must be able to forget.

use std::collections::VecDeque;
use std::rc::Rc;

use exchange_types::{Event, Sequence};

use super::catch_up::CatchUp;
use super::{Handled, Stage};
use crate::fold::RiskHalf;
use crate::kernel::{LinkId, Party, Session};
use crate::message::{Entry, Message, Place, Step};
use crate::mutation::Mutation;

/// Records whose steps and outcomes are kept for whoever lost them. Whoever lost more begins with a snapshot.
const KEPT: usize = 256;

/// The record under way.
#[derive(Debug)]
struct Current {
    entry: Entry,
    steps: Vec<Step>,
}

/// Risk that is up to date.
#[derive(Debug)]
struct Live {
    half: RiskHalf,
    /// The last record that is settled.
    place: Place,
    queue: VecDeque<Entry>,
    current: Option<Current>,
    /// The steps of settled records.
    steps: VecDeque<(Place, Vec<Step>)>,
    /// The first record of which steps are kept, whether there is one or not.
    steps_from: Sequence,
    /// Matching has said where it stands.
    matching_ready: bool,
}

#[derive(Debug)]
enum State {
    Blank,
    CatchingUp(Box<CatchUp>),
    Live(Box<Live>),
}

/// Risk as a process.
#[derive(Debug)]
pub struct RiskProcess {
    log_link: LinkId,
    log_session: Option<Session>,
    /// The log's owner has said on this connection which outcomes it lacks; before that none is sent, or there would be a gap.
    knows_what_is_known: bool,
    matching_link: LinkId,
    matching_session: Option<Session>,
    state: State,
    /// What came of the last records.
    outcomes: VecDeque<(Place, Rc<[Event]>)>,
    /// The first record of which the outcome is kept, whether there is one or not.
    outcomes_from: Sequence,
    /// Requests to follow the log. Whatever is said before the last one is answered is about an earlier one.
    requests: u64,
    answered: u64,
}

impl RiskProcess {
    /// A process that has just started.
    #[must_use]
    pub fn new(log_link: LinkId, matching_link: LinkId) -> Self {
        Self {
            log_link,
            log_session: None,
            knows_what_is_known: false,
            matching_link,
            matching_session: None,
            state: State::Blank,
            outcomes: VecDeque::new(),
            outcomes_from: Sequence(1),
            requests: 0,
            answered: 0,
        }
    }

    /// A connection that this process keeps stands.
    pub fn connected(&mut self, stage: &mut Stage, link: LinkId, session: Session) {
        if link == self.log_link {
            self.log_session = Some(session);
            self.knows_what_is_known = false;
            stage.kernel.send(link, session, Party::Risk, Message::WhereKnown);
        } else {
            self.matching_session = Some(session);
            self.say_where(stage);
        }
    }

    /// A connection that this process keeps is gone.
    pub fn disconnected(&mut self, stage: &mut Stage, link: LinkId) {
        if link == self.log_link {
            self.log_session = None;
        } else {
            self.matching_session = None;
            if let State::Live(live) = &mut self.state {
                live.matching_ready = false;
            }
        }
        stage.kernel.connect(link);
    }

    /// Takes what a party says.
    pub fn receive(&mut self, stage: &mut Stage, message: Message) -> Handled {
        match message {
            Message::KnownUpTo(known) => self.known_up_to(stage, known),
            Message::Following { request } => {
                self.answered = request;
                Ok(())
            }
            Message::Diverged | Message::Durable(_) | Message::Record(_) if self.answered < self.requests => {
                Ok(())
            }
            Message::Diverged => {
                self.state = State::Blank;
                if let Some(session) = self.log_session {
                    stage.kernel.send(self.log_link, session, Party::Risk, Message::WhereKnown);
                }
                Ok(())
            }
            Message::Durable(durable) => {
                if let State::CatchingUp(fold) = &mut self.state {
                    fold.durable(durable);
                }
                self.go_live(stage);
                self.work(stage);
                Ok(())
            }
            Message::Record(entry) => {
                self.record(stage, entry);
                Ok(())
            }
            Message::MatchingAt { place, .. } => {
                self.matching_at(stage, place);
                Ok(())
            }
            Message::Stepped { place, number, events } => {
                self.stepped(stage, place, number, &events);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// The log's owner knows outcomes up to here: what it lacks is repeated, or found out again from an earlier snapshot.
    fn known_up_to(&mut self, stage: &mut Stage, known: Sequence) -> Handled {
        let Some(session) = self.log_session else { return Ok(()) };
        self.knows_what_is_known = true;
        let can_repeat = self.outcomes_from <= known.next();
        let place = match &mut self.state {
            State::Live(live) if can_repeat => {
                live.queue.clear();
                // What is under way must be in the log too, or what it has done so far must be forgotten.
                live.current.as_ref().map_or(live.place, |current| place_of(&current.entry))
            }
            _ => {
                self.begin_catching_up(stage, known)?;
                let State::CatchingUp(fold) = &self.state else { return Ok(()) };
                fold.place()
            }
        };
        self.requests += 1;
        let follow = Message::Follow { place, request: self.requests };
        stage.kernel.send(self.log_link, session, Party::Risk, follow);
        for (place, events) in &self.outcomes {
            if place.sequence > known {
                let outcome = Message::Outcome { place: *place, events: Rc::clone(events) };
                stage.kernel.send(self.log_link, session, Party::Risk, outcome);
            }
        }
        Ok(())
    }

    fn begin_catching_up(&mut self, stage: &mut Stage, known: Sequence) -> Handled {
        let fold = CatchUp::begin(stage, known)?;
        self.outcomes.clear();
        self.outcomes_from = fold.place().sequence.next();
        self.state = State::CatchingUp(Box::new(fold));
        Ok(())
    }

    fn record(&mut self, stage: &mut Stage, entry: Entry) {
        match &mut self.state {
            State::Blank => {}
            State::CatchingUp(fold) => {
                if let Some(folded) = fold.apply(stage, &entry) {
                    self.tell_outcome(stage, place_of(&entry), folded.events);
                }
                self.go_live(stage);
                self.work(stage);
            }
            State::Live(live) => {
                let last = live.queue.back().or(live.current.as_ref().map(|current| &current.entry));
                let last = last.map_or(live.place.sequence, |entry| entry.sequence);
                if entry.sequence == last.next() {
                    live.queue.push_back(entry);
                }
                self.work(stage);
            }
        }
    }

    fn go_live(&mut self, stage: &mut Stage) {
        if !matches!(&self.state, State::CatchingUp(fold) if fold.is_done()) {
            return;
        }
        let State::CatchingUp(fold) = std::mem::replace(&mut self.state, State::Blank) else { return };
        let (pair, place) = fold.into_pair();
        let now = stage.kernel.now_ns();
        stage.kernel.trace.line(now, || format!("risk is up to date at {place:?}"));
        self.state = State::Live(Box::new(Live {
            half: pair.risk,
            place,
            queue: VecDeque::new(),
            current: None,
            steps: VecDeque::new(),
            steps_from: place.sequence.next(),
            matching_ready: false,
        }));
        self.say_where(stage);
    }

    /// Takes up the next record, if nothing is under way and matching is there.
    fn work(&mut self, stage: &mut Stage) {
        let (State::Live(live), Some(session)) = (&mut self.state, self.matching_session) else { return };
        if live.current.is_some() || !live.matching_ready {
            return;
        }
        let Some(entry) = live.queue.pop_front() else { return };
        let step = Step::Expire(entry.time);
        let ask = Message::Step { place: place_of(&entry), step: step.clone() };
        live.current = Some(Current { entry, steps: vec![step] });
        stage.kernel.send(self.matching_link, session, Party::Risk, ask);
    }

    fn stepped(&mut self, stage: &mut Stage, place: Place, number: u32, events: &[Event]) {
        let State::Live(live) = &mut self.state else { return };
        let expected = live.current.as_ref().is_some_and(|current| {
            place == place_of(&current.entry) && number as usize + 1 == current.steps.len()
        });
        if !expected {
            // An answer that was given twice, on two connections.
            if stage.is_broken(Mutation::SettleTwice) && place == live.place {
                live.half.settle(events);
            }
            return;
        }
        let Some(current) = &mut live.current else { return };
        let admitted = if number == 0 {
            if stage.is_broken(Mutation::AdmitBeforeSettling) {
                live.half.begin(&current.entry, &[]);
                let admitted = live.half.admit(&current.entry);
                live.half.settle(events);
                admitted
            } else {
                live.half.begin(&current.entry, events);
                live.half.admit(&current.entry)
            }
        } else {
            live.half.settle(events);
            None
        };
        if let Some(admitted) = admitted {
            let step = Step::Carry(admitted);
            let ask = Message::Step { place, step: step.clone() };
            current.steps.push(step);
            if let Some(session) = self.matching_session {
                stage.kernel.send(self.matching_link, session, Party::Risk, ask);
            }
            return;
        }
        let events = live.half.finish();
        live.place = place;
        if let Some(current) = live.current.take() {
            live.steps.push_back((place, current.steps));
        }
        if live.steps.len() > KEPT {
            live.steps.pop_front();
            live.steps_from = live.steps_from.next();
        }
        self.tell_outcome(stage, place, events);
        self.work(stage);
    }

    /// Matching has said where it stands: it is asked again for everything behind that.
    fn matching_at(&mut self, stage: &mut Stage, at: Place) {
        let (State::Live(live), Some(session)) = (&mut self.state, self.matching_session) else { return };
        live.matching_ready = true;
        let current = live.current.iter().map(|current| (place_of(&current.entry), &current.steps));
        let kept = live.steps.iter().map(|(place, steps)| (*place, steps));
        for (place, steps) in kept.chain(current) {
            // The last record that matching names may lack its second step.
            if place.sequence >= at.sequence {
                for step in steps {
                    let ask = Message::Step { place, step: step.clone() };
                    stage.kernel.send(self.matching_link, session, Party::Risk, ask);
                }
            }
        }
        // What is under way may be behind what matching has done already.
        if let Some(current) = &live.current
            && current.entry.sequence < at.sequence
        {
            let place = place_of(&current.entry);
            for step in &current.steps {
                let ask = Message::Step { place, step: step.clone() };
                stage.kernel.send(self.matching_link, session, Party::Risk, ask);
            }
        }
        self.work(stage);
    }

    fn tell_outcome(&mut self, stage: &mut Stage, place: Place, events: Rc<[Event]>) {
        if let Some(session) = self.log_session
            && self.knows_what_is_known
        {
            let outcome = Message::Outcome { place, events: Rc::clone(&events) };
            stage.kernel.send(self.log_link, session, Party::Risk, outcome);
        }
        self.outcomes.push_back((place, events));
        if self.outcomes.len() > KEPT {
            self.outcomes.pop_front();
            self.outcomes_from = self.outcomes_from.next();
        }
    }

    fn say_where(&self, stage: &mut Stage) {
        if let (State::Live(live), Some(session)) = (&self.state, self.matching_session) {
            let at = Message::RiskAt { place: live.place, steps_from: live.steps_from };
            stage.kernel.send(self.matching_link, session, Party::Risk, at);
        }
    }

    /// Risk, where it is up to date and nothing is under way, and how far.
    #[must_use]
    pub fn half(&self) -> Option<(&RiskHalf, Sequence)> {
        match &self.state {
            State::Live(live) if live.current.is_none() => Some((&live.half, live.place.sequence)),
            _ => None,
        }
    }
}

fn place_of(entry: &Entry) -> Place {
    Place { sequence: entry.sequence, epoch: entry.epoch }
}
