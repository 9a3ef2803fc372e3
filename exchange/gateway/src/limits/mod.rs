//! How often somebody may ask: token buckets by account, by class of request, and by address.
//!
//! Not responsible for who asks. A newcomer needs to know one thing: every request first takes a token of its *address*, before
//! its token is looked at, because looking at one costs something; then one of the class it belongs to, which is the account's
//! where there is an account and the address's where there is none. [`Limiter::admit`] decides from memory and never waits;
//! several gateways share what they gave through [Redis](shared) afterwards.
//!
//! | bucket | of | variable |
//! |---|---|---|
//! | `address` | every address, over everything | `RATE_IP` |
//! | a class, such as `orders` | the account, times its tier; or the address of whoever shows no token | `RATE_ORDERS` ... |

mod gcra;
mod proxies;
mod rate;
pub mod shared;
mod table;
#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use exchange_service::health::Health;
use exchange_service::metrics::Metrics;
use exchange_service::stop::Stop;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use tokio::sync::Notify;

use crate::auth::Identity;
use crate::clock::{Clock, Nanos};
use crate::problem::{Code, Problem};
pub(crate) use gcra::Quota;
use gcra::Standing;
use table::{Debit, Key, Owner, Table};

pub use proxies::{Network, Proxies};
pub use rate::{Class, Rate, Settings, Tier, Tiers};

/// The bucket of an address over everything, as a number beside those of the classes.
const ADDRESS: u8 = Class::ALL.len() as u8;

/// A second, in nanoseconds.
const SECOND: u64 = 1_000_000_000;

/// Counts requests. Cloning gives another handle.
#[derive(Debug, Clone)]
pub struct Limiter {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    settings: Settings,
    clock: Clock,
    /// Two tables, so that no flood of addresses drives out what accounts owe.
    accounts: Mutex<Table>,
    addresses: Mutex<Table>,
    /// Much was taken from one bucket: the others are to know soon.
    urgent: Notify,
    metrics: LimitMetrics,
}

#[derive(Debug)]
struct LimitMetrics {
    refused: Family<[(&'static str, &'static str); 1], Counter>,
    buckets: Gauge,
    forgotten: Gauge,
    shared: Gauge,
    share_failures: Counter,
}

impl LimitMetrics {
    fn new(metrics: &Metrics) -> Self {
        Self {
            refused: metrics.register(
                "rate_limited",
                "Requests refused by a bucket",
                Family::<[(&'static str, &'static str); 1], Counter>::default(),
            ),
            buckets: metrics.gauge("rate_limit_buckets", "Buckets that are kept"),
            forgotten: metrics.gauge(
                "rate_limit_buckets_forgotten",
                "Buckets forgotten before they were full, because there were too many",
            ),
            shared: metrics
                .gauge("rate_limit_shared", "1 where limits are shared through Redis at the moment"),
            share_failures: metrics.counter(
                "rate_limit_share_failures",
                "Times that Redis could not be reached or did not answer",
            ),
        }
    }
}

/// How a bucket stands after a request: its answer says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// `None`: there is no limit.
    standing: Option<Standing>,
}

/// Somebody asks too often. As an answer it says when to go on.
#[derive(Debug, Clone)]
pub struct Refused {
    /// How the bucket stands that is empty.
    pub allowance: Allowance,
    /// What is answered.
    pub problem: Box<Problem>,
}

impl Allowance {
    /// Adds `X-RateLimit-Limit` (tokens of a full bucket), `-Remaining` (tokens now) and `-Reset` (seconds until it is full).
    pub fn write(&self, headers: &mut HeaderMap) {
        let Some(standing) = self.standing else { return };
        let mut set =
            |name, value: u64| headers.insert(HeaderName::from_static(name), HeaderValue::from(value));
        set("x-ratelimit-limit", u64::from(standing.limit));
        set("x-ratelimit-remaining", u64::from(standing.remaining));
        set("x-ratelimit-reset", standing.full_in.div_ceil(SECOND));
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let mut response = self.problem.into_response();
        self.allowance.write(response.headers_mut());
        response
    }
}

impl Limiter {
    /// Limits as the settings say, in this clock's time.
    #[must_use]
    pub fn new(settings: Settings, clock: Clock, metrics: &Metrics) -> Self {
        let table = || Mutex::new(Table::new(settings.buckets_max, settings.redis.is_some()));
        let inner = Inner {
            accounts: table(),
            addresses: table(),
            clock,
            urgent: Notify::new(),
            metrics: LimitMetrics::new(metrics),
            settings,
        };
        Self { inner: Arc::new(inner) }
    }

    /// Shares limits with other gateways, where Redis is configured, until the service stops.
    pub async fn share(&self, health: Health, stop: Stop) {
        match self.inner.settings.redis.clone() {
            None => health.healthy(shared::PART),
            Some(redis) => shared::share(redis, Arc::clone(&self.inner), health, stop).await,
        }
    }

    /// The address that a request counts for: that of the peer, or what a trusted proxy says.
    #[must_use]
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        self.inner.settings.proxies.client(peer, headers)
    }

    /// Takes a token of an address, before it is known who asks.
    ///
    /// # Errors
    /// The answer to an address from which too much comes.
    pub fn admit_peer(&self, client: IpAddr) -> Result<Allowance, Refused> {
        let key = Key { owner: Owner::Address(Network::of(client)), bucket: ADDRESS };
        self.take(&self.inner.addresses, key, self.inner.settings.address, "address")
    }

    /// Takes a token of a class, once it is known who asks: the account's, or, where nobody has said who they are, the address's.
    ///
    /// # Errors
    /// The answer to somebody who asks too often.
    pub fn admit(
        &self,
        class: Class,
        client: IpAddr,
        identity: Option<&Identity>,
    ) -> Result<Allowance, Refused> {
        let settings = &self.inner.settings;
        let (table, owner, tier) = match identity {
            None => (&self.inner.addresses, Owner::Address(Network::of(client)), Tier::default()),
            Some(identity) => {
                let owner = identity.account.map_or(Owner::Operator, Owner::Account);
                let tier = identity.tier.as_deref().map_or_else(Tier::default, |name| settings.tier(name));
                (&self.inner.accounts, owner, tier)
            }
        };
        let key = Key { owner, bucket: class as u8 };
        self.take(table, key, settings.quota(tier, class), class.name())
    }

    fn take(
        &self,
        table: &Mutex<Table>,
        key: Key,
        quota: Option<Quota>,
        bucket: &'static str,
    ) -> Result<Allowance, Refused> {
        let Some(quota) = quota else { return Ok(Allowance { standing: None }) };
        let (standing, urgent) = lock(table).take(key, quota, self.inner.clock.now(), 1);
        if urgent {
            self.inner.urgent.notify_one();
        }
        let allowance = Allowance { standing: Some(standing) };
        if standing.wait == 0 {
            return Ok(allowance);
        }
        self.inner.metrics.refused.get_or_create(&[("bucket", bucket)]).inc();
        let seconds = u32::try_from(standing.wait.div_ceil(SECOND)).unwrap_or(u32::MAX);
        let detail = format!(
            "the bucket `{bucket}` is empty; its next token comes in {} ms",
            standing.wait.div_ceil(1_000_000)
        );
        let problem = Problem::new(Code::RATE_LIMITED).detail(detail).retry_after(seconds);
        Err(Refused { allowance, problem: Box::new(problem) })
    }

    /// Brings the gauges up to date, before they are read.
    pub fn measure(&self) {
        let (mut buckets, mut forgotten) = (0, 0);
        for table in [&self.inner.accounts, &self.inner.addresses] {
            let table = lock(table);
            buckets += table.len();
            forgotten += table.forgotten();
        }
        self.inner.metrics.buckets.set(i64::try_from(buckets).unwrap_or(i64::MAX));
        self.inner.metrics.forgotten.set(i64::try_from(forgotten).unwrap_or(i64::MAX));
    }
}

impl Inner {
    /// What was taken and not told, of accounts first.
    fn debits(&self, now: Nanos, count: usize) -> Vec<Debit> {
        let debits = lock(&self.accounts).debits(now, count);
        if debits.is_empty() { lock(&self.addresses).debits(now, count) } else { debits }
    }

    fn learn(&self, key: Key, asked: Nanos, full_in: u64) {
        let table = match key.owner {
            Owner::Account(_) | Owner::Operator => &self.accounts,
            Owner::Address(_) => &self.addresses,
        };
        lock(table).learn(key, asked, full_in);
    }

    fn forget_untold(&self) {
        lock(&self.accounts).forget_untold();
        lock(&self.addresses).forget_untold();
    }
}

/// Nothing that can panic halfway changes a table under its lock.
fn lock(table: &Mutex<Table>) -> MutexGuard<'_, Table> {
    table.lock().unwrap_or_else(PoisonError::into_inner)
}
