//! What lasts as long as one state does: the fold, its ring of steps, and the questions about it.
//!
//! Not responsible for connections. A newcomer needs to know one thing: an answer about accounts leaves only when everything it
//! shows is durable, because what was folded before may still be lost.

use std::collections::VecDeque;

use exchange_service::net::Ring;
use tokio::sync::oneshot;

use crate::fold::Fold;
use crate::lead::Lead;
use crate::query::{Answer, QUERIES_MAX, Query, Question};

/// One state and what hangs on it. Whoever drops it ends the streams of its steps and leaves its questions unanswered.
pub(crate) struct Life {
    pub(crate) fold: Fold,
    ring: Ring,
    lead: Lead,
    /// Up to where the log is durable.
    durable: u64,
    /// The end of the log when this life began, once that is known.
    target: Option<u64>,
    caught_up: bool,
    /// Questions about a later state than this one. **When there are too many, the next one is dropped**, which says 503.
    early: Vec<Query>,
    /// Answers that wait for their state to be durable, in the order of those states. Bounded as the questions are.
    answered: VecDeque<(u64, oneshot::Sender<Answer>, Answer)>,
}

impl Life {
    /// Begins with a state and an empty ring behind it.
    pub(crate) fn new(fold: Fold, ring: Ring, ring_bytes: usize) -> Self {
        Self {
            fold,
            ring,
            lead: Lead::new(ring_bytes),
            durable: 0,
            target: None,
            caught_up: false,
            early: Vec::new(),
            answered: VecDeque::new(),
        }
    }

    /// Up to where the log is durable.
    pub(crate) fn durable(&self) -> u64 {
        self.durable
    }

    /// Whether the fold is so far ahead of matching that it has to wait. While it catches up with the log it does not: matching
    /// has no use for those steps and is not asked to confirm them.
    pub(crate) fn waits(&self) -> bool {
        self.caught_up && self.lead.is_full()
    }

    /// The log ends here, now that it was opened.
    pub(crate) fn log_ends_at(&mut self, sequence: u64) {
        self.target.get_or_insert(sequence);
    }

    /// The log is durable up to here.
    pub(crate) fn durable_up_to(&mut self, sequence: u64) {
        self.durable = self.durable.max(sequence);
    }

    /// Matching has published up to here.
    pub(crate) fn confirm(&mut self, position: u64) {
        self.lead.confirm(position);
    }

    /// Hands on the steps of everything folded in since the last time. Returns whether there were any.
    pub(crate) fn push_steps(&mut self) -> bool {
        let Some(chunk) = self.fold.take_chunk() else { return false };
        if self.caught_up {
            self.lead.add(chunk.last, chunk.frames.len());
        }
        self.ring.push(chunk);
        true
    }

    /// Whether the fold has reached what the log had when it began.
    pub(crate) fn has_caught_up(&self) -> bool {
        self.caught_up
    }

    /// Returns whether the fold has reached, for the first time, what the log had when it began.
    pub(crate) fn catch_up(&mut self) -> bool {
        let reached = self.target.is_some_and(|target| self.fold.place().sequence >= target);
        let first = reached && !self.caught_up;
        self.caught_up |= reached;
        first
    }

    /// Answers a question, now or when its time has come.
    pub(crate) fn ask(&mut self, query: Query) {
        let position = self.fold.place().sequence;
        if !self.caught_up || query.answer.is_closed() {
            return;
        }
        if query.at_least > position {
            if self.early.len() >= QUERIES_MAX {
                self.early.retain(|early| !early.answer.is_closed());
            }
            if self.early.len() < QUERIES_MAX {
                self.early.push(query);
            }
            return;
        }
        let answer = query.question.answer(self.fold.engine());
        // Where an order rests is asked in order to cancel it; if it was never there, the cancel says so.
        let at_once = matches!(query.question, Question::Order(_)) || position <= self.durable;
        if at_once {
            // Whoever has gone away in the meantime wants no answer.
            drop(query.answer.send(answer));
        } else if self.answered.len() < QUERIES_MAX {
            self.answered.push_back((position, query.answer, answer));
        }
    }

    /// Answers what can be answered now.
    pub(crate) fn settle(&mut self) {
        let position = self.fold.place().sequence;
        if self.caught_up && self.early.iter().any(|query| query.at_least <= position) {
            for query in std::mem::take(&mut self.early) {
                self.ask(query);
            }
        }
        while self.answered.front().is_some_and(|(sequence, ..)| *sequence <= self.durable) {
            let Some((_, asked, answer)) = self.answered.pop_front() else { break };
            drop(asked.send(answer));
        }
    }
}
