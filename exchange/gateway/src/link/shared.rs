//! Who waits for what: the state between the handlers and the two tasks of the link.
//!
//! Not responsible for connections. A newcomer needs to know one thing: everything that must agree (who waits, what is to be
//! sent, over which connection) changes under one lock, which nobody holds while waiting.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use exchange_service::net::{COMMAND, frame};
use exchange_types::{
    Command, EventBuffer, IdempotencyKey, Malformed, RequestHead, RequestId, Sequence, decode_outcome,
    decode_outcome_header, encode_request,
};
use prometheus_client::metrics::gauge::Gauge;
use tokio::sync::{Notify, oneshot};

use super::error::SubmitError;
use super::venue::{LinkSettings, Outcome};
use super::watch::Watchers;

/// How many bytes of commands wait to be written. **When there are as many, further commands are refused** as
/// [`Busy`](SubmitError::Busy): the connection takes a million orders a second, so this many mean that it takes none.
const OUTBOX_BYTES_MAX: usize = 4 * 1024 * 1024;

/// What comes to somebody who waits.
pub(super) type Answer = Result<Outcome, SubmitError>;

/// The state of the link.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) settings: LinkSettings,
    /// Chosen at random when the process starts: the upper half of its request ids, and the name of its submit stream.
    pub(super) session: u32,
    /// Wakes the writer when there is something to be written.
    pub(super) written: Notify,
    pub(super) watchers: Watchers,
    /// The last command whose outcome has come.
    position: AtomicU64,
    in_flight: Gauge,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    waiting: HashMap<u64, Waiter>,
    /// Frames that the writer takes as a whole: as many as came since it looked last go with one write.
    outbox: Vec<u8>,
    /// The lower half of the next request id.
    next: u32,
    /// How many submit connections there have been.
    connection: u64,
    connected: bool,
    /// Outcomes come.
    following: bool,
    /// When the last outcome came, or the connection for them.
    heard: Instant,
}

#[derive(Debug)]
struct Waiter {
    answer: oneshot::Sender<Answer>,
    /// The last outcome when it was sent: it stands in the log behind that.
    after: u64,
    /// The connection it was sent over.
    connection: u64,
    /// It was found in the log: its outcome will come.
    found: bool,
}

/// Requests of older connections whose fate has to be asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Unresolved {
    pub(super) requests: Vec<u64>,
    /// All of them stand behind this position, if anywhere.
    pub(super) after: u64,
}

impl Shared {
    pub(super) fn new(settings: LinkSettings, session: u32, in_flight: Gauge) -> Self {
        let state = State {
            waiting: HashMap::new(),
            outbox: Vec::new(),
            next: 0,
            connection: 0,
            connected: false,
            following: false,
            heard: Instant::now(),
        };
        Self {
            settings,
            session,
            written: Notify::new(),
            watchers: Watchers::default(),
            position: AtomicU64::new(0),
            in_flight,
            state: Mutex::new(state),
        }
    }

    /// Puts a command on its way.
    pub(super) fn begin(
        &self,
        command: &Command,
        key: Option<IdempotencyKey>,
    ) -> Result<(RequestId, oneshot::Receiver<Answer>), SubmitError> {
        let mut state = self.lock();
        if !state.connected {
            return Err(SubmitError::PersistenceUnavailable);
        }
        if !state.following {
            return Err(SubmitError::MatchingUnavailable);
        }
        if state.heard.elapsed() > self.settings.silence_max {
            return Err(SubmitError::Stalled);
        }
        if state.waiting.len() >= self.settings.in_flight_max || state.outbox.len() >= OUTBOX_BYTES_MAX {
            return Err(SubmitError::Busy);
        }
        let id = RequestId(u64::from(self.session) << 32 | u64::from(state.next));
        state.next = state.next.wrapping_add(1);
        let (answer, receiver) = oneshot::channel();
        let waiter = Waiter { answer, after: self.position().0, connection: state.connection, found: false };
        state.waiting.insert(id.0, waiter);
        let wake = state.outbox.is_empty();
        let head = RequestHead { id, key };
        frame::put_frame(&mut state.outbox, COMMAND, |out| encode_request(&head, command, out));
        self.count(&state);
        drop(state);
        if wake {
            self.written.notify_one();
        }
        Ok((id, receiver))
    }

    /// Nobody waits for this request any more.
    pub(super) fn forget(&self, request: RequestId) {
        let mut state = self.lock();
        state.waiting.remove(&request.0);
        self.count(&state);
    }

    /// Answers a request, if somebody waits for it.
    pub(super) fn answer(&self, request: RequestId, answer: Answer) {
        let mut state = self.lock();
        let waiter = state.waiting.remove(&request.0);
        self.count(&state);
        drop(state);
        if let Some(waiter) = waiter {
            // Whoever has stopped waiting meanwhile is not told.
            drop(waiter.answer.send(answer));
        }
    }

    /// There is a new submit connection, and persistence takes nothing more from the one before. What was not written yet will not
    /// be: its requests are found to be missing, as those are that were lost on the way.
    pub(super) fn connected(&self) -> u64 {
        let mut state = self.lock();
        state.outbox.clear();
        state.connection += 1;
        state.connected = true;
        state.connection
    }

    /// The submit connection is gone: nothing is sent until there is another.
    pub(super) fn disconnected(&self) {
        self.lock().connected = false;
    }

    /// Takes what is to be written, and leaves an empty buffer with room.
    pub(super) fn take_outbox(&self, buffer: &mut Vec<u8>) {
        buffer.clear();
        std::mem::swap(&mut self.lock().outbox, buffer);
    }

    /// Requests that were sent over a connection before this one and have not been found yet.
    pub(super) fn unresolved(&self, connection: u64) -> Unresolved {
        let state = self.lock();
        let mut unresolved = Unresolved { requests: Vec::new(), after: u64::MAX };
        for (request, waiter) in &state.waiting {
            if waiter.connection < connection && !waiter.found {
                unresolved.requests.push(*request);
                unresolved.after = unresolved.after.min(waiter.after);
            }
        }
        unresolved
    }

    /// What persistence says of requests: those found wait for their outcome, the others are answered.
    pub(super) fn resolved(&self, asked: &[u64], found: &[(u64, u64)]) {
        let mut missing = Vec::new();
        {
            let mut state = self.lock();
            for (request, _) in found {
                if let Some(waiter) = state.waiting.get_mut(request) {
                    waiter.found = true;
                }
            }
            for request in asked {
                if state.waiting.get(request).is_some_and(|waiter| !waiter.found) {
                    missing.extend(state.waiting.remove(request));
                }
            }
            self.count(&state);
        }
        for waiter in missing {
            drop(waiter.answer.send(Err(SubmitError::NotTaken)));
        }
    }

    /// Outcomes come, or do not.
    pub(super) fn following(&self, following: bool) {
        let mut state = self.lock();
        if following && !state.following {
            state.heard = Instant::now();
        }
        state.following = following;
    }

    /// Outcomes have come.
    pub(super) fn heard(&self) {
        self.lock().heard = Instant::now();
    }

    /// When the last outcome came, if they come at all.
    pub(super) fn last_heard(&self) -> Option<Instant> {
        let state = self.lock();
        state.following.then_some(state.heard)
    }

    /// The place in the outcomes is lost: nobody who waits now will get one.
    pub(super) fn lost(&self) {
        let waiting = {
            let mut state = self.lock();
            state.following = false;
            let waiting = std::mem::take(&mut state.waiting);
            self.count(&state);
            waiting
        };
        for (request, waiter) in waiting {
            drop(waiter.answer.send(Err(SubmitError::OutcomeUnknown { request: RequestId(request) })));
        }
        self.watchers.end();
    }

    /// An outcome has come. Those of other gateways are not even decoded unless somebody watches.
    pub(super) fn outcome(
        &self,
        sequence: u64,
        body: &[u8],
        events: &mut EventBuffer,
    ) -> Result<(), Malformed> {
        self.passed(sequence);
        let (header, _) = decode_outcome_header(body)?;
        let mine = header.request.0 >> 32 == u64::from(self.session);
        if !mine && self.watchers.is_empty() {
            return Ok(());
        }
        events.clear();
        decode_outcome(body, events)?;
        if mine {
            let outcome = Outcome {
                sequence: header.sequence,
                time: header.time,
                events: events[..].into(),
                replayed: false,
            };
            self.answer(header.request, Ok(outcome));
        }
        if !self.watchers.is_empty() {
            self.watchers.tell(&header, events);
        }
        Ok(())
    }

    /// Outcomes up to this one have come, or do not concern this gateway.
    pub(super) fn passed(&self, sequence: u64) {
        self.position.store(sequence, Ordering::Release);
    }

    /// The last command whose outcome has come.
    pub(super) fn position(&self) -> Sequence {
        Sequence(self.position.load(Ordering::Acquire))
    }

    fn count(&self, state: &State) {
        self.in_flight.set(i64::try_from(state.waiting.len()).unwrap_or(i64::MAX));
    }

    /// Nothing that can panic halfway changes the state under this lock.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
