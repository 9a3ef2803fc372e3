//! Followers that the log's writer tells by itself, from its own thread, for as long as they keep up.
//!
//! Not responsible for catching up: whoever is behind, or takes less than it is given, is served by a task (`streams`). A newcomer
//! needs to know one thing: one of the two sends over a connection at a time, and [`Turn`] says which. Going through the task for
//! each batch would wake it twice, which on a busy machine is the longest part of an order's way.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use exchange_service::net::{Chunk, DURABLE, LinkWriter, frame};
use tokio::sync::Notify;

/// How long somebody who gets records waits for the durable position, where no record follows that it goes along with. Whoever is
/// waiting for it alone is told at once; to those who fold records it makes no difference, and a message less for each batch.
pub(crate) const DURABLE_AFTER: Duration = Duration::from_millis(1);

/// A connection that both may send over, in turns. Cloning gives another handle.
#[derive(Debug, Clone)]
pub(crate) struct Direct {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    link: LinkWriter,
    /// Whether it gets records, or only how far they are durable.
    records: bool,
    turn: Mutex<Turn>,
    /// Calls the task.
    call: Notify,
}

/// Who sends, and what has been sent.
#[derive(Debug, Default)]
struct Turn {
    /// True: the log's writer. False: the task.
    direct: bool,
    sent: Sent,
    /// What the connection did not take of the last frames; the task sends it first.
    rest: Vec<u8>,
    out: Vec<u8>,
}

/// How far somebody has been told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Sent {
    /// The last record.
    pub(crate) record: u64,
    /// The durable position; `None`: none yet.
    pub(crate) durable: Option<u64>,
}

impl Sent {
    /// Appends the durable position, if it is news: never ahead of the records.
    pub(crate) fn put_durable(&mut self, durable: u64, records: bool, out: &mut Vec<u8>) {
        let position = if records { durable.min(self.record) } else { durable };
        if self.durable.is_none_or(|told| told < position) {
            self.durable = Some(position);
            frame::put_frame(out, DURABLE, |out| out.extend_from_slice(&position.to_le_bytes()));
        }
    }
}

impl Direct {
    /// It is the task's turn.
    pub(crate) fn new(link: LinkWriter, records: bool) -> Self {
        Self { shared: Arc::new(Shared { link, records, turn: Mutex::default(), call: Notify::new() }) }
    }

    /// The connection. For the task, in its turn.
    pub(crate) fn link(&self) -> &LinkWriter {
        &self.shared.link
    }

    /// Waits until there is something for the task to do. Safe to cancel.
    pub(crate) async fn called(&self) {
        self.shared.call.notified().await;
    }

    /// Gives the turn to the log's writer, if the follower has all there is.
    pub(super) fn give(&self, sent: Sent, tail: &super::Tail) -> bool {
        let mut turn = self.shared.turn();
        // Whatever is published after this look finds the turn given: it waits for this lock.
        let durable = *tail.durable.borrow();
        let up_to_date = match self.shared.records {
            true => sent.record == tail.ring.position(),
            false => sent.durable == Some(durable),
        };
        if up_to_date {
            (turn.direct, turn.sent) = (true, sent);
            if self.shared.records && sent.durable.is_none_or(|told| told < durable) {
                self.shared.call.notify_one();
            }
        }
        up_to_date
    }

    /// Takes the turn back: how far the follower has been told, and what has to be sent before anything else.
    pub(crate) fn take(&self) -> (Sent, Vec<u8>) {
        let mut turn = self.shared.turn();
        turn.direct = false;
        (turn.sent, std::mem::take(&mut turn.rest))
    }

    /// What has been sent in the writer's turn; `None`: it has given the turn back.
    pub(crate) fn sent(&self) -> Option<Sent> {
        let turn = self.shared.turn();
        turn.direct.then_some(turn.sent)
    }
}

impl Shared {
    fn turn(&self) -> MutexGuard<'_, Turn> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records that have just been appended, behind which everything up to `durable` is durable.
    fn appended(&self, chunk: &Chunk, durable: u64) {
        let mut turn = self.turn();
        // The task may have found them in the ring already.
        if !self.records || !turn.direct || chunk.first != turn.sent.record + 1 {
            return;
        }
        let mut out = std::mem::take(&mut turn.out);
        turn.sent.put_durable(durable, true, &mut out);
        out.extend_from_slice(&chunk.frames);
        turn.sent.record = chunk.last;
        self.send(&mut turn, out);
    }

    fn durable(&self, durable: u64) {
        let mut turn = self.turn();
        if !turn.direct {
            return;
        }
        if self.records {
            self.call.notify_one();
            return;
        }
        let mut out = std::mem::take(&mut turn.out);
        turn.sent.put_durable(durable, false, &mut out);
        self.send(&mut turn, out);
    }

    /// Sends without waiting. What the connection does not take at once is the task's.
    fn send(&self, turn: &mut Turn, mut out: Vec<u8>) {
        // What is wrong with the connection the task hears when it sends.
        let written = self.link.try_send(&out).unwrap_or_default();
        out.drain(..written);
        if out.is_empty() {
            turn.out = out;
        } else {
            turn.direct = false;
            turn.rest = out;
            self.call.notify_one();
        }
    }
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Directs {
    all: Mutex<Vec<Direct>>,
}

impl Directs {
    fn all(&self) -> MutexGuard<'_, Vec<Direct>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn join(&self, direct: &Direct) {
        self.all().push(direct.clone());
    }

    pub(super) fn leave(&self, direct: &Direct) {
        self.all().retain(|other| !Arc::ptr_eq(&other.shared, &direct.shared));
    }

    pub(super) fn appended(&self, chunk: &Chunk, durable: u64) {
        self.all().iter().for_each(|direct| direct.shared.appended(chunk, durable));
    }

    pub(super) fn durable(&self, durable: u64) {
        self.all().iter().for_each(|direct| direct.shared.durable(durable));
    }
}
