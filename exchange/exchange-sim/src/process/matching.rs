//! Matching as a process of its own: carries out, step by step and in the order of the log, what risk has admitted.
//!
//! It decides nothing about money. A newcomer needs to know one thing: it works on records that may not be durable, so it
//! remembers under which epoch it did each, and begins anew when risk names another.

use std::collections::BTreeMap;
use std::rc::Rc;

use exchange_core::matching::Matching;
use exchange_types::{Epoch, Event, Sequence};

use super::catch_up::CatchUp;
use super::{Handled, Stage};
use crate::check::Violation;
use crate::fold::{self, Fast};
use crate::kernel::{LinkId, Party, Session};
use crate::message::{Message, Place, Step};
use crate::mutation::Mutation;

/// What was answered to a record.
#[derive(Debug, Clone)]
struct Answered {
    epoch: Epoch,
    expired: Rc<[Event]>,
    carried: Option<Rc<[Event]>>,
    /// It is certain that no further step comes.
    is_whole: bool,
}

/// Matching with books that are up to date.
#[derive(Debug)]
struct Live {
    matching: Matching<Fast>,
    place: Place,
    answers: BTreeMap<Sequence, Answered>,
    /// The first record whose answers are known.
    answers_from: Sequence,
}

#[derive(Debug)]
enum State {
    /// It has books of nothing, and waits to hear where risk stands.
    Blank,
    /// It waits for the connection to the log.
    Waiting {
        not_after: Sequence,
    },
    CatchingUp {
        fold: Box<CatchUp>,
        answers: BTreeMap<Sequence, Answered>,
        answers_from: Sequence,
    },
    Live(Box<Live>),
}

/// Matching as a process.
#[derive(Debug)]
pub struct MatchingProcess {
    log_link: LinkId,
    log_session: Option<Session>,
    risk: Option<(LinkId, Session)>,
    state: State,
    /// Requests to follow the log. Whatever is said before the last one is answered is about an earlier one.
    requests: u64,
    answered: u64,
}

impl MatchingProcess {
    /// A process that has just started.
    #[must_use]
    pub fn new(log_link: LinkId) -> Self {
        Self { log_link, log_session: None, risk: None, state: State::Blank, requests: 0, answered: 0 }
    }

    /// A connection that this process keeps stands.
    pub fn connected(&mut self, stage: &mut Stage, session: Session) -> Handled {
        self.log_session = Some(session);
        match &self.state {
            State::Waiting { not_after } => {
                let not_after = *not_after;
                self.recover(stage, not_after)
            }
            State::CatchingUp { fold, .. } => {
                let place = fold.place();
                self.follow(stage, session, place);
                Ok(())
            }
            State::Blank | State::Live(_) => Ok(()),
        }
    }

    /// A connection that this process keeps is gone.
    pub fn disconnected(&mut self, stage: &mut Stage) {
        self.log_session = None;
        stage.kernel.connect(self.log_link);
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
            Message::RiskAt { place, steps_from } => {
                self.risk = Some((link, session));
                self.risk_at(stage, place, steps_from)
            }
            Message::Step { place, step } => self.step(stage, place, &step),
            Message::Following { request } => {
                self.answered = request;
                Ok(())
            }
            Message::Diverged | Message::Durable(_) | Message::Record(_) if self.answered < self.requests => {
                Ok(())
            }
            Message::Diverged => {
                let rule = "what was durable once stays in the log";
                Err(Violation { rule, found: "matching was told that it is not".to_owned() }.into())
            }
            Message::Durable(durable) => {
                if let State::CatchingUp { fold, .. } = &mut self.state {
                    fold.durable(durable);
                }
                self.go_live(stage);
                Ok(())
            }
            Message::Record(entry) => {
                if let State::CatchingUp { fold, answers, .. } = &mut self.state
                    && let Some(folded) = fold.apply(stage, &entry)
                {
                    let answered = Answered {
                        epoch: entry.epoch,
                        expired: folded.expired,
                        carried: folded.carried,
                        is_whole: true,
                    };
                    answers.insert(entry.sequence, answered);
                }
                self.go_live(stage);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Risk has connected and says where it stands. Where the two cannot go on from there, matching begins anew.
    fn risk_at(&mut self, stage: &mut Stage, place: Place, steps_from: Sequence) -> Handled {
        let fits = match &self.state {
            State::Live(live) => {
                let missing_answers = live.answers_from > place.sequence.next();
                // Whether there is a second step to the last record only risk knows. Where it has gone past that record and
                // cannot repeat it, the second step is lost.
                let last = live.answers.get(&live.place.sequence);
                let is_whole = last.is_none_or(|answered| answered.is_whole);
                let half_done = !is_whole && place.sequence >= live.place.sequence;
                let needed = if half_done { live.place.sequence } else { live.place.sequence.next() };
                let missing_steps = needed < steps_from;
                let other_history = live
                    .answers
                    .get(&place.sequence)
                    .is_some_and(|answered| answered.epoch != place.epoch && place.epoch != Epoch(0));
                !missing_answers && !missing_steps && !other_history
            }
            State::CatchingUp { answers_from, .. } => *answers_from <= place.sequence.next(),
            State::Blank | State::Waiting { .. } => false,
        };
        if !fits {
            return self.recover(stage, place.sequence);
        }
        self.say_where(stage);
        Ok(())
    }

    fn step(&mut self, stage: &mut Stage, place: Place, step: &Step) -> Handled {
        let State::Live(live) = &mut self.state else { return Ok(()) };
        if let Some(answered) = live.answers.get(&place.sequence) {
            if answered.epoch != place.epoch && !stage.is_broken(Mutation::KeepLostRecords) {
                // The record that was carried out is lost, and another has its place.
                let before = Sequence(place.sequence.0 - 1);
                return self.recover(stage, before);
            }
            let known = match step {
                Step::Expire(_) => Some(&answered.expired),
                Step::Carry(_) => answered.carried.as_ref(),
            };
            if let Some(events) = known {
                let events = Rc::clone(events);
                self.answer(stage, place, step.number(), events);
                return Ok(());
            }
        }
        let next = live.place.sequence.next();
        // A record that came with the snapshot has all its steps behind it, and no answers here.
        let half_done = live.answers.get(&place.sequence).is_some_and(|answered| !answered.is_whole);
        let events = match step {
            Step::Expire(time) if place.sequence == next => {
                let expired = fold::expire(&mut live.matching, *time);
                let answered = Answered {
                    epoch: place.epoch,
                    expired: Rc::clone(&expired),
                    carried: None,
                    is_whole: false,
                };
                live.answers.insert(place.sequence, answered);
                live.place = place;
                expired
            }
            Step::Carry(admitted) if place.sequence == live.place.sequence && half_done => {
                let carried = fold::carry(&mut live.matching, admitted);
                if let Some(answered) = live.answers.get_mut(&place.sequence) {
                    answered.carried = Some(Rc::clone(&carried));
                    answered.is_whole = true;
                }
                carried
            }
            // What was sent before this process began anew; risk has been told where that was and asks again.
            _ => return Ok(()),
        };
        self.answer(stage, place, step.number(), events);
        Ok(())
    }

    fn answer(&self, stage: &mut Stage, place: Place, number: u32, events: Rc<[Event]>) {
        if let Some((link, session)) = self.risk {
            let stepped = Message::Stepped { place, number, events };
            stage.kernel.send(link, session, Party::Matching, stepped);
        }
    }

    /// Forgets everything and begins with a snapshot that risk does not lie behind.
    fn recover(&mut self, stage: &mut Stage, not_after: Sequence) -> Handled {
        let Some(session) = self.log_session else {
            self.state = State::Waiting { not_after };
            return Ok(());
        };
        let fold = CatchUp::begin(stage, not_after)?;
        let place = fold.place();
        self.state = State::CatchingUp {
            fold: Box::new(fold),
            answers: BTreeMap::new(),
            answers_from: place.sequence.next(),
        };
        self.follow(stage, session, place);
        Ok(())
    }

    fn follow(&mut self, stage: &mut Stage, session: Session, place: Place) {
        self.requests += 1;
        let follow = Message::Follow { place, request: self.requests };
        stage.kernel.send(self.log_link, session, Party::Matching, follow);
    }

    fn go_live(&mut self, stage: &mut Stage) {
        if !matches!(&self.state, State::CatchingUp { fold, .. } if fold.is_done()) {
            return;
        }
        let State::CatchingUp { fold, answers, answers_from } =
            std::mem::replace(&mut self.state, State::Blank)
        else {
            return;
        };
        let (pair, place) = fold.into_pair();
        self.state = State::Live(Box::new(Live { matching: pair.matching, place, answers, answers_from }));
        let now = stage.kernel.now_ns();
        stage.kernel.trace.line(now, || format!("matching is up to date at {place:?}"));
        self.say_where(stage);
    }

    fn say_where(&self, stage: &mut Stage) {
        if let (State::Live(live), Some((link, session))) = (&self.state, self.risk) {
            let at = Message::MatchingAt { place: live.place, answers_from: live.answers_from };
            stage.kernel.send(link, session, Party::Matching, at);
        }
    }

    /// The books, where they are up to date, and how far.
    #[must_use]
    pub fn books(&self) -> Option<(&Matching<Fast>, Sequence)> {
        match &self.state {
            State::Live(live) => Some((&live.matching, live.place.sequence)),
            _ => None,
        }
    }
}
