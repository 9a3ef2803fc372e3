//! Who is connected: how many in all, from where, as whom; and when the last one is gone.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use exchange_types::AccountId;
use tokio::sync::Notify;

use super::meters::StreamMeters;
use super::settings::StreamSettings;
use crate::limits::Network;
use crate::problem::{Code, Problem};

/// All connections. Cloning gives another handle.
#[derive(Debug, Clone)]
pub(super) struct Sessions {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    counts: Mutex<Counts>,
    /// Somebody has gone.
    gone: Notify,
    all_max: usize,
    account_max: usize,
    address_max: usize,
    meters: StreamMeters,
}

#[derive(Debug, Default)]
struct Counts {
    all: usize,
    next: u64,
    accounts: HashMap<AccountId, usize>,
    addresses: HashMap<Network, usize>,
}

/// A connection's place. It is free again when this is dropped.
#[derive(Debug)]
pub(super) struct Place {
    shared: Arc<Shared>,
    /// A number that no other connection has had.
    pub(super) number: u64,
    address: Network,
    account: Option<AccountId>,
}

impl Sessions {
    pub(super) fn new(settings: &StreamSettings, meters: StreamMeters) -> Self {
        let shared = Shared {
            counts: Mutex::default(),
            gone: Notify::new(),
            all_max: settings.connections_max,
            account_max: settings.per_account_max,
            address_max: settings.per_address_max,
            meters,
        };
        Self { shared: Arc::new(shared) }
    }

    /// A place for a connection from an address.
    ///
    /// # Errors
    /// The answer when there is none.
    pub(super) fn enter(&self, address: IpAddr) -> Result<Place, Problem> {
        let shared = &self.shared;
        let address = Network::of(address);
        let mut counts = shared.lock();
        if counts.all >= shared.all_max {
            return Err(Problem::new(Code::TOO_MANY_CONNECTIONS)
                .detail("the gateway has no place for another connection")
                .retry_after(RETRY_AFTER_S));
        }
        if !add(&mut counts.addresses, address, shared.address_max) {
            return Err(Problem::new(Code::TOO_MANY_CONNECTIONS)
                .detail(format!("expected at most {} connections from one address", shared.address_max))
                .retry_after(RETRY_AFTER_S));
        }
        counts.all += 1;
        counts.next += 1;
        shared.show(&counts);
        Ok(Place { shared: Arc::clone(shared), number: counts.next, address, account: None })
    }

    /// Waits until nobody is connected.
    pub(super) async fn empty(&self) {
        loop {
            let gone = self.shared.gone.notified();
            let mut gone = std::pin::pin!(gone);
            // From here on it is heard, also when the last one goes before the wait.
            gone.as_mut().enable();
            if self.shared.lock().all == 0 {
                return;
            }
            gone.await;
        }
    }
}

/// Seconds after which somebody else may have gone.
const RETRY_AFTER_S: u32 = 10;

impl Place {
    /// The connection is an account's from now on.
    ///
    /// # Errors
    /// What is said when the account has too many.
    pub(super) fn account(&mut self, account: AccountId) -> Result<(), Problem> {
        if self.account == Some(account) {
            return Ok(());
        }
        let max = self.shared.account_max;
        let mut counts = self.shared.lock();
        if !add(&mut counts.accounts, account, max) {
            return Err(Problem::new(Code::TOO_MANY_CONNECTIONS)
                .detail(format!("expected at most {max} connections of one account"))
                .retry_after(RETRY_AFTER_S));
        }
        if let Some(before) = self.account.replace(account) {
            remove(&mut counts.accounts, &before);
        }
        Ok(())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        {
            let mut counts = self.shared.lock();
            counts.all = counts.all.saturating_sub(1);
            remove(&mut counts.addresses, &self.address);
            if let Some(account) = self.account {
                remove(&mut counts.accounts, &account);
            }
            self.shared.show(&counts);
        }
        self.shared.gone.notify_waiters();
    }
}

impl Shared {
    /// Nothing that can panic halfway changes the counts under this lock.
    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn show(&self, counts: &Counts) {
        self.meters.clients.set(i64::try_from(counts.all).unwrap_or(i64::MAX));
    }
}

/// False: there are as many already.
fn add<K: Eq + Hash>(counts: &mut HashMap<K, usize>, key: K, max: usize) -> bool {
    let count = counts.entry(key).or_default();
    let free = *count < max;
    *count += usize::from(free);
    free
}

fn remove<K: Eq + Hash>(counts: &mut HashMap<K, usize>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use exchange_service::config::Environment;
    use exchange_service::metrics::Metrics;
    use exchange_types::AccountId;

    use super::{Sessions, StreamMeters, StreamSettings};

    fn sessions(all: &str) -> Sessions {
        let variables = [
            ("STREAM_CONNECTIONS_MAX", all),
            ("STREAM_CONNECTIONS_PER_IP", "3"),
            ("STREAM_CONNECTIONS_PER_ACCOUNT", "2"),
        ];
        let pairs = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let settings = StreamSettings::read(&mut Environment::new(pairs));
        Sessions::new(&settings, StreamMeters::new(&Metrics::new("gateway")))
    }

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[tokio::test]
    async fn places_are_limited_and_free_again_when_left() {
        let sessions = sessions("5");
        let mut places: Vec<_> = (0..3).map(|_| sessions.enter(address(1)).unwrap()).collect();
        assert!(sessions.enter(address(1)).is_err(), "three from one address");
        places.push(sessions.enter(address(2)).unwrap());
        places.push(sessions.enter(address(3)).unwrap());
        assert!(sessions.enter(address(4)).is_err(), "five in all");
        places.remove(0);
        assert!(sessions.enter(address(1)).is_ok());
        drop(places);
        sessions.empty().await;
        assert!(sessions.shared.lock().addresses.is_empty());
    }

    #[tokio::test]
    async fn an_account_has_its_own_limit() {
        let sessions = sessions("100");
        let mut places: Vec<_> = (0..4).map(|last| sessions.enter(address(last)).unwrap()).collect();
        let (one, two) = (AccountId(1), AccountId(2));
        assert!(places[0].account(one).is_ok() && places[0].account(one).is_ok());
        assert!(places[1].account(one).is_ok());
        assert!(places[2].account(one).is_err());
        assert!(places[2].account(two).is_ok());
        assert!(places[1].account(two).is_ok() && places[2].account(two).is_ok());
        assert!(places[3].account(one).is_ok());
        drop(places);
        assert!(sessions.shared.lock().accounts.is_empty());
    }

    #[tokio::test]
    async fn waiting_for_the_last_one_ends_when_it_goes() {
        let sessions = sessions("5");
        let place = sessions.enter(address(1)).unwrap();
        let waiting = tokio::spawn({
            let sessions = sessions.clone();
            async move { sessions.empty().await }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        drop(place);
        waiting.await.unwrap();
    }
}
