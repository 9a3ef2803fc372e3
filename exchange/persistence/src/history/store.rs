//! What a store of the history does, whatever it is.

use std::collections::BTreeMap;

use super::embedded::Embedded;
use super::error::StoreError;
use super::postgres::Postgres;
use super::rows::{OrderRow, TradeRow};

/// How long the outcomes of keyed commands are kept at least, in nanoseconds of the log's time: longer than keys count.
pub(super) const OUTCOMES_KEPT_NS: u64 = 25 * 3_600 * 1_000_000_000;

/// What a run of outcomes changed. It is written whole or not at all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Changes {
    /// The position before.
    pub(crate) from: u64,
    /// The last outcome in it.
    pub(crate) position: u64,
    /// The time of that outcome.
    pub(crate) time: u64,
    /// Orders as they are now.
    pub(crate) orders: BTreeMap<u64, OrderRow>,
    /// Trades, which are new.
    pub(crate) trades: Vec<TradeRow>,
    /// Outcomes of keyed commands: sequence, time, bytes.
    pub(crate) outcomes: Vec<(u64, u64, Vec<u8>)>,
    /// Tick and lot of instruments that were listed.
    pub(crate) instruments: BTreeMap<u64, (u64, u64)>,
}

/// Which orders of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    /// All.
    All,
    /// Those that live.
    Open,
    /// Those that have ended.
    Closed,
}

/// A page of a list: newest first, those below `before`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Page {
    /// Whose.
    pub(crate) account: u64,
    /// Where; `None`: everywhere.
    pub(crate) instrument: Option<u64>,
    /// What was last on the page before; none: from the newest on.
    pub(crate) before: Option<u64>,
    /// How many at most.
    pub(crate) limit: usize,
}

impl Page {
    /// The first number that is not on the page.
    pub(super) fn end(&self) -> u64 {
        // Numbers are stored with a sign in one of the stores.
        self.before.unwrap_or(u64::MAX).min(i64::MAX.cast_unsigned())
    }
}

/// A store. Reading may go on beside writing.
pub(crate) trait Store: Clone + Send + Sync + 'static {
    /// The last outcome that is in it.
    fn position(&self) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// Tick and lot of every instrument.
    fn instruments(&self) -> impl Future<Output = Result<BTreeMap<u64, (u64, u64)>, StoreError>> + Send;

    /// The orders with these ids, as far as there are any.
    fn load(&self, ids: Vec<u64>) -> impl Future<Output = Result<Vec<OrderRow>, StoreError>> + Send;

    /// Writes changes, if the position is where they begin.
    fn write(&self, changes: Changes) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// An order.
    fn order(&self, id: u64) -> impl Future<Output = Result<Option<OrderRow>, StoreError>> + Send;

    /// Orders of an account.
    fn orders(
        &self,
        page: Page,
        which: Which,
    ) -> impl Future<Output = Result<Vec<OrderRow>, StoreError>> + Send;

    /// Trades of an account.
    fn trades(&self, page: Page) -> impl Future<Output = Result<Vec<TradeRow>, StoreError>> + Send;

    /// The outcome of a keyed command.
    fn outcome(&self, sequence: u64) -> impl Future<Output = Result<Option<Vec<u8>>, StoreError>> + Send;
}

/// The store that the service was told to use.
#[derive(Debug, Clone)]
pub(crate) enum AnyStore {
    /// A file.
    Embedded(Embedded),
    /// A server.
    Postgres(Postgres),
}

macro_rules! either {
    ($self:ident, $store:ident => $call:expr) => {
        match $self {
            AnyStore::Embedded($store) => $call.await,
            AnyStore::Postgres($store) => $call.await,
        }
    };
}

impl Store for AnyStore {
    async fn position(&self) -> Result<u64, StoreError> {
        either!(self, store => store.position())
    }

    async fn instruments(&self) -> Result<BTreeMap<u64, (u64, u64)>, StoreError> {
        either!(self, store => store.instruments())
    }

    async fn load(&self, ids: Vec<u64>) -> Result<Vec<OrderRow>, StoreError> {
        either!(self, store => store.load(ids))
    }

    async fn write(&self, changes: Changes) -> Result<(), StoreError> {
        either!(self, store => store.write(changes))
    }

    async fn order(&self, id: u64) -> Result<Option<OrderRow>, StoreError> {
        either!(self, store => store.order(id))
    }

    async fn orders(&self, page: Page, which: Which) -> Result<Vec<OrderRow>, StoreError> {
        either!(self, store => store.orders(page, which))
    }

    async fn trades(&self, page: Page) -> Result<Vec<TradeRow>, StoreError> {
        either!(self, store => store.trades(page))
    }

    async fn outcome(&self, sequence: u64) -> Result<Option<Vec<u8>>, StoreError> {
        either!(self, store => store.outcome(sequence))
    }
}
