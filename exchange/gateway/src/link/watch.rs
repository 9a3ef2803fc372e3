//! What happens to one account, as it happens.
//!
//! Not responsible for what happened before: a watch begins at a position, and the history up to there is a query of persistence.
//! A newcomer needs to know one thing: the venue never waits for a watcher; one that is too slow is told so and gets nothing more.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use exchange_types::{AccountId, Event, OutcomeHeader, Sequence, TimestampNs};
use tokio::sync::mpsc;

/// How many updates wait for a watcher at most. **When there are as many, the watch is cut** ([`WatchEnd::TooSlow`]): a connection
/// that takes a thousand updates late will not catch up.
const UPDATES_MAX: usize = 1_024;

/// One event that concerns the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Update {
    /// The command that caused it.
    pub sequence: Sequence,
    /// Its event time.
    pub time: TimestampNs,
    /// What happened. In a trade the account is the maker, the taker, or both.
    pub event: Event,
}

/// Why a watch has come to an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WatchEnd {
    /// The watcher did not take its updates fast enough: some are lost.
    #[error("updates came faster than they were taken")]
    TooSlow,
    /// The gateway has lost its place in the outcomes, or ends: some may be lost.
    #[error("the stream of outcomes has come to an end")]
    Ended,
}

/// Follows one account.
#[derive(Debug)]
pub struct Watch {
    updates: mpsc::Receiver<Update>,
    too_slow: Arc<AtomicBool>,
    /// Everything behind this command comes; what it and those before it did does not.
    pub after: Sequence,
}

impl Watch {
    /// The next update. Safe to cancel.
    ///
    /// # Errors
    /// The watch has come to an end; what was waiting is returned first.
    pub async fn next(&mut self) -> Result<Update, WatchEnd> {
        self.updates.recv().await.ok_or_else(|| {
            if self.too_slow.load(Ordering::Relaxed) { WatchEnd::TooSlow } else { WatchEnd::Ended }
        })
    }
}

/// All watchers.
#[derive(Debug, Default)]
pub(super) struct Watchers {
    by_account: Mutex<BTreeMap<AccountId, Vec<Watcher>>>,
    /// How many there are, so that nothing is decoded for nobody.
    count: AtomicUsize,
}

#[derive(Debug)]
struct Watcher {
    updates: mpsc::Sender<Update>,
    too_slow: Arc<AtomicBool>,
    after: Sequence,
}

impl Watcher {
    /// False: it gets nothing more.
    fn send(&self, update: Update) -> bool {
        if update.sequence <= self.after {
            return true;
        }
        match self.updates.try_send(update) {
            Ok(()) => true,
            Err(mpsc::error::TrySendError::Full(_)) => {
                self.too_slow.store(true, Ordering::Relaxed);
                false
            }
            Err(mpsc::error::TrySendError::Closed(_)) => false,
        }
    }
}

impl Watchers {
    /// A new watcher of what comes after the position that `after` reads under the lock. The position moves on before an outcome
    /// is told, so whoever reads it either has the outcome behind it or is there when it is told.
    pub(super) fn watch(&self, account: AccountId, after: impl FnOnce() -> Sequence) -> Watch {
        let (sender, updates) = mpsc::channel(UPDATES_MAX);
        let too_slow = Arc::new(AtomicBool::new(false));
        let mut by_account = self.lock();
        let after = after();
        let watcher = Watcher { updates: sender, too_slow: Arc::clone(&too_slow), after };
        let watchers = by_account.entry(account).or_default();
        // Those that have gone without an update to find it out by.
        watchers.retain(|watcher| !watcher.updates.is_closed());
        watchers.push(watcher);
        self.count_again(&by_account);
        Watch { updates, too_slow, after }
    }

    /// True: nobody watches.
    pub(super) fn is_empty(&self) -> bool {
        self.count.load(Ordering::Relaxed) == 0
    }

    /// Tells everybody whom it concerns.
    pub(super) fn tell(&self, header: &OutcomeHeader, events: &[Event]) {
        let mut by_account = self.lock();
        let mut lost = false;
        for event in events {
            let update = Update { sequence: header.sequence, time: header.time, event: *event };
            for account in accounts_of(event).into_iter().flatten() {
                let Some(watchers) = by_account.get_mut(&account) else { continue };
                let before = watchers.len();
                watchers.retain(|watcher| watcher.send(update));
                lost |= watchers.len() != before;
            }
        }
        if lost {
            by_account.retain(|_, watchers| !watchers.is_empty());
            self.count_again(&by_account);
        }
    }

    /// Ends all watches: the place in the outcomes is lost.
    pub(super) fn end(&self) {
        let mut by_account = self.lock();
        by_account.clear();
        self.count_again(&by_account);
    }

    fn count_again(&self, by_account: &BTreeMap<AccountId, Vec<Watcher>>) {
        self.count.store(by_account.values().map(Vec::len).sum(), Ordering::Relaxed);
    }

    /// Nothing that can panic halfway changes the map under this lock.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<AccountId, Vec<Watcher>>> {
        self.by_account.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whom an event concerns: nobody, one account, or the two of a trade.
fn accounts_of(event: &Event) -> [Option<AccountId>; 2] {
    match *event {
        Event::Trade(trade) => {
            let taker = (trade.taker_account != trade.maker_account).then_some(trade.taker_account);
            [Some(trade.maker_account), taker]
        }
        Event::Rested { account, .. }
        | Event::Cancelled { account, .. }
        | Event::Reduced { account, .. }
        | Event::Rejected { account, .. }
        | Event::Deposited { account, .. }
        | Event::Withdrawn { account, .. }
        | Event::AccountTierSet { account, .. }
        | Event::Repeated { account, .. } => [Some(account), None],
        Event::TierDefined { .. }
        | Event::InstrumentListed { .. }
        | Event::TradingStateSet { .. }
        | Event::Ticked
        | Event::Checkpoint { .. } => [None, None],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deposited(account: u32) -> Event {
        Event::Deposited {
            account: AccountId(account),
            asset: exchange_types::AssetId(0),
            amount: exchange_types::Amount(1),
        }
    }

    #[tokio::test]
    async fn a_watcher_gets_its_own_account_and_nothing_else() {
        let watchers = Watchers::default();
        let mut watch = watchers.watch(AccountId(1), || Sequence(7));
        watchers.tell(
            &OutcomeHeader { sequence: Sequence(8), ..Default::default() },
            &[deposited(0), deposited(1)],
        );
        let update = watch.next().await.unwrap();
        assert_eq!((watch.after, update.sequence, update.event), (Sequence(7), Sequence(8), deposited(1)));
        watchers.end();
        assert_eq!(watch.next().await, Err(WatchEnd::Ended));
    }

    #[tokio::test]
    async fn a_slow_watcher_is_told_and_cut() {
        let watchers = Watchers::default();
        let mut watch = watchers.watch(AccountId(1), Sequence::default);
        for _ in 0..=UPDATES_MAX {
            watchers.tell(&OutcomeHeader { sequence: Sequence(1), ..Default::default() }, &[deposited(1)]);
        }
        assert!(watchers.is_empty(), "it gets nothing more");
        for _ in 0..UPDATES_MAX {
            watch.next().await.unwrap();
        }
        assert_eq!(watch.next().await, Err(WatchEnd::TooSlow));
    }

    #[test]
    fn a_watcher_that_has_gone_is_forgotten_at_its_next_update() {
        let watchers = Watchers::default();
        drop(watchers.watch(AccountId(1), Sequence::default));
        watchers.tell(&OutcomeHeader { sequence: Sequence(1), ..Default::default() }, &[deposited(1)]);
        assert!(watchers.is_empty());
    }
}
