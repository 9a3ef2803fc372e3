//! Who submits: one connection for each session.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

/// The sessions that submit. Cloning gives another handle.
///
/// As many as there are connections, whose number the server bounds.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sessions {
    open: Arc<Mutex<BTreeMap<u32, Arc<Turn>>>>,
}

/// One connection's turn at a session.
#[derive(Debug)]
struct Turn {
    over: Mutex<bool>,
    /// The same, for whoever waits for it.
    told: watch::Sender<bool>,
}

/// The right to submit for a session, until another connection takes it.
#[derive(Debug)]
pub(crate) struct Session {
    number: u32,
    turn: Arc<Turn>,
    sessions: Sessions,
}

impl Sessions {
    /// Begins a turn. The turn before is over when this returns: nothing of its connection is submitted any more.
    pub(crate) fn begin(&self, number: u32) -> Session {
        let turn = Arc::new(Turn { over: Mutex::new(false), told: watch::Sender::new(false) });
        let before = lock(&self.open).insert(number, Arc::clone(&turn));
        if let Some(before) = before {
            // Waits for the submissions that are being made at this moment, which never wait for anything.
            *lock(&before.over) = true;
            before.told.send_replace(true);
        }
        Session { number, turn, sessions: self.clone() }
    }
}

impl Session {
    /// Runs `submit` unless the turn is over; while it runs, no other turn begins. It must not wait.
    pub(crate) fn submit<T>(&self, submit: impl FnOnce() -> T) -> Option<T> {
        let over = lock(&self.turn.over);
        (!*over).then(submit)
    }

    /// Waits until another connection has taken the session.
    pub(crate) async fn taken(&self) {
        // The sender lives in the turn that this handle holds.
        drop(self.turn.told.subscribe().wait_for(|over| *over).await);
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Entry::Occupied(entry) = lock(&self.sessions.open).entry(self.number)
            && Arc::ptr_eq(entry.get(), &self.turn)
        {
            entry.remove();
        }
    }
}

/// What the locks guard is changed in one step each.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_belongs_to_whoever_came_last() {
        let sessions = Sessions::default();
        let (first, other) = (sessions.begin(1), sessions.begin(2));
        assert_eq!(first.submit(|| 1), Some(1));
        let second = sessions.begin(1);
        assert_eq!(first.submit(|| 1), None);
        assert_eq!((second.submit(|| 2), other.submit(|| 3)), (Some(2), Some(3)));
        // The end of the older connection does not end the session.
        drop(first);
        let third = sessions.begin(1);
        assert_eq!((second.submit(|| 2), third.submit(|| 3)), (None, Some(3)));
        drop((second, third, other));
        assert!(lock(&sessions.open).is_empty());
    }
}
