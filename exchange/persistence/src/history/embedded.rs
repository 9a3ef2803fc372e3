//! The history in a file of its own: redb, a B-tree that is copied where it changes.
//!
//! Most transactions are not synced: what is lost is folded again. One in a while is, so that it is never much.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use redb::{Database, Durability, ReadableDatabase, ReadableTable, TableDefinition};

use super::error::StoreError;
use super::rows::{OrderRow, TradeRow};
use super::store::{Changes, OUTCOMES_KEPT_NS, Page, Store, Which};

const META: TableDefinition<'_, &str, u64> = TableDefinition::new("meta");
const INSTRUMENTS: TableDefinition<'_, u64, (u64, u64)> = TableDefinition::new("instruments");
const ORDERS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("orders");
/// Account and order.
const BY_ACCOUNT: TableDefinition<'_, (u64, u64), ()> = TableDefinition::new("orders_by_account");
/// Account, instrument and order.
const BY_MARKET: TableDefinition<'_, (u64, u64, u64), ()> = TableDefinition::new("orders_by_market");
/// Account and order, of those that live: as many as an account's tier allows.
const OPEN: TableDefinition<'_, (u64, u64), ()> = TableDefinition::new("orders_open");
/// Account and trade.
const TRADES: TableDefinition<'_, (u64, u64), &[u8]> = TableDefinition::new("trades");
/// Account, instrument and trade.
const TRADES_BY_MARKET: TableDefinition<'_, (u64, u64, u64), ()> = TableDefinition::new("trades_by_market");
/// Time and outcome, by sequence.
const OUTCOMES: TableDefinition<'_, u64, (u64, &[u8])> = TableDefinition::new("outcomes");

/// The name of the position in the table of single numbers.
const POSITION: &str = "position";

/// How much of the database is kept in memory, in bytes.
const CACHE_BYTES: usize = 16 << 20;

/// How often a transaction is synced, at most. What has been written since has to go to the disk at once then, and syncs of the log
/// wait for it: often and little, so that they never wait long. It also sets free the pages that transactions since have left.
const SYNC_EVERY: Duration = Duration::from_secs(1);

/// How many outcomes that are too old go with one transaction: more than come.
const OUTCOMES_DROPPED_MAX: usize = 10_000;

/// The store. Cloning gives another handle to the same file.
#[derive(Debug, Clone)]
pub(crate) struct Embedded {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    database: Database,
    synced_at: Mutex<Instant>,
}

impl Embedded {
    /// Opens the file, or makes one.
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        let database = Database::builder().set_cache_size(CACHE_BYTES).create(path)?;
        let transaction = database.begin_write()?;
        // Tables are made by opening them, so that a reader never misses one.
        transaction.open_table(META)?;
        transaction.open_table(INSTRUMENTS)?;
        transaction.open_table(ORDERS)?;
        transaction.open_table(BY_ACCOUNT)?;
        transaction.open_table(BY_MARKET)?;
        transaction.open_table(OPEN)?;
        transaction.open_table(TRADES)?;
        transaction.open_table(TRADES_BY_MARKET)?;
        transaction.open_table(OUTCOMES)?;
        transaction.commit()?;
        Ok(Self { shared: Arc::new(Shared { database, synced_at: Mutex::new(Instant::now()) }) })
    }

    /// Runs something that reads the disk.
    async fn read<T: Send + 'static>(
        &self,
        body: impl FnOnce(&Database) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let shared = Arc::clone(&self.shared);
        let read = tokio::task::spawn_blocking(move || body(&shared.database));
        read.await.unwrap_or_else(|error| Err(StoreError::Damaged { reason: error.to_string() }))
    }

    fn put(&self, changes: &Changes) -> Result<(), StoreError> {
        let mut transaction = self.shared.database.begin_write()?;
        let sync = {
            let synced_at = self.shared.synced_at.lock().unwrap_or_else(PoisonError::into_inner);
            synced_at.elapsed() >= SYNC_EVERY
        };
        transaction.set_durability(if sync { Durability::Immediate } else { Durability::None })?;
        {
            let mut meta = transaction.open_table(META)?;
            let found = meta.insert(POSITION, changes.position)?.map_or(0, |guard| guard.value());
            if found != changes.from {
                return Err(StoreError::Moved { expected: changes.from, found });
            }
            let mut instruments = transaction.open_table(INSTRUMENTS)?;
            for (instrument, steps) in &changes.instruments {
                instruments.insert(instrument, steps)?;
            }
            let mut orders = transaction.open_table(ORDERS)?;
            let mut by_account = transaction.open_table(BY_ACCOUNT)?;
            let mut by_market = transaction.open_table(BY_MARKET)?;
            let mut open = transaction.open_table(OPEN)?;
            for row in changes.orders.values() {
                let new = orders.insert(row.order_id, &row.encode()[..])?.is_none();
                let key = (row.account, row.order_id);
                if new {
                    by_account.insert(key, ())?;
                    by_market.insert((row.account, row.instrument, row.order_id), ())?;
                }
                if row.open == 1 {
                    open.insert(key, ())?;
                } else {
                    open.remove(key)?;
                }
            }
            let mut trades = transaction.open_table(TRADES)?;
            let mut trades_by_market = transaction.open_table(TRADES_BY_MARKET)?;
            for row in &changes.trades {
                trades.insert((row.account, row.trade), &row.encode()[..])?;
                trades_by_market.insert((row.account, row.instrument, row.trade), ())?;
            }
            let mut outcomes = transaction.open_table(OUTCOMES)?;
            for (sequence, time, bytes) in &changes.outcomes {
                outcomes.insert(sequence, (*time, &bytes[..]))?;
            }
            let oldest = changes.time.saturating_sub(OUTCOMES_KEPT_NS);
            for _ in 0..OUTCOMES_DROPPED_MAX {
                let too_old = match outcomes.first()? {
                    Some((sequence, value)) if value.value().0 < oldest => sequence.value(),
                    _ => break,
                };
                outcomes.remove(too_old)?;
            }
        }
        transaction.commit()?;
        if sync {
            *self.shared.synced_at.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        }
        Ok(())
    }
}

impl Store for Embedded {
    async fn position(&self) -> Result<u64, StoreError> {
        self.read(|database| {
            let meta = database.begin_read()?.open_table(META)?;
            Ok(meta.get(POSITION)?.map_or(0, |guard| guard.value()))
        })
        .await
    }

    async fn instruments(&self) -> Result<BTreeMap<u64, (u64, u64)>, StoreError> {
        self.read(|database| {
            let table = database.begin_read()?.open_table(INSTRUMENTS)?;
            let mut instruments = BTreeMap::new();
            for entry in table.iter()? {
                let (instrument, steps) = entry?;
                instruments.insert(instrument.value(), steps.value());
            }
            Ok(instruments)
        })
        .await
    }

    async fn load(&self, ids: Vec<u64>) -> Result<Vec<OrderRow>, StoreError> {
        self.read(move |database| {
            let orders = database.begin_read()?.open_table(ORDERS)?;
            let mut rows = Vec::new();
            for id in ids {
                if let Some(row) = orders.get(id)? {
                    rows.push(OrderRow::decode(row.value())?);
                }
            }
            Ok(rows)
        })
        .await
    }

    async fn write(&self, changes: Changes) -> Result<(), StoreError> {
        let store = self.clone();
        let written = tokio::task::spawn_blocking(move || store.put(&changes));
        written.await.unwrap_or_else(|error| Err(StoreError::Damaged { reason: error.to_string() }))
    }

    async fn order(&self, id: u64) -> Result<Option<OrderRow>, StoreError> {
        Ok(self.load(vec![id]).await?.pop())
    }

    async fn orders(&self, page: Page, which: Which) -> Result<Vec<OrderRow>, StoreError> {
        self.read(move |database| {
            let transaction = database.begin_read()?;
            let rows = transaction.open_table(ORDERS)?;
            let (account, end) = (page.account, page.end());
            let wanted = |row: &OrderRow| {
                page.instrument.is_none_or(|instrument| instrument == row.instrument)
                    && match which {
                        Which::All => true,
                        Which::Open => row.open == 1,
                        Which::Closed => row.open == 0,
                    }
            };
            let mut found = Vec::new();
            let mut take = |id: u64| -> Result<bool, StoreError> {
                let Some(row) = rows.get(id)? else { return Ok(true) };
                let row = OrderRow::decode(row.value())?;
                if wanted(&row) {
                    found.push(row);
                }
                Ok(found.len() < page.limit)
            };
            // Each index holds few that are not wanted: those of other markets among the open ones, the open ones among all.
            match (which, page.instrument) {
                (Which::Open, _) => {
                    let index = transaction.open_table(OPEN)?;
                    for entry in index.range((account, 0)..(account, end))?.rev() {
                        if !take(entry?.0.value().1)? {
                            break;
                        }
                    }
                }
                (_, None) => {
                    let index = transaction.open_table(BY_ACCOUNT)?;
                    for entry in index.range((account, 0)..(account, end))?.rev() {
                        if !take(entry?.0.value().1)? {
                            break;
                        }
                    }
                }
                (_, Some(instrument)) => {
                    let index = transaction.open_table(BY_MARKET)?;
                    for entry in index.range((account, instrument, 0)..(account, instrument, end))?.rev() {
                        if !take(entry?.0.value().2)? {
                            break;
                        }
                    }
                }
            }
            Ok(found)
        })
        .await
    }

    async fn trades(&self, page: Page) -> Result<Vec<TradeRow>, StoreError> {
        self.read(move |database| {
            let transaction = database.begin_read()?;
            let rows = transaction.open_table(TRADES)?;
            let (account, end) = (page.account, page.end());
            let mut found = Vec::new();
            if let Some(instrument) = page.instrument {
                let index = transaction.open_table(TRADES_BY_MARKET)?;
                let range = index.range((account, instrument, 0)..(account, instrument, end))?;
                for entry in range.rev().take(page.limit) {
                    let (_, _, trade) = entry?.0.value();
                    if let Some(row) = rows.get((account, trade))? {
                        found.push(TradeRow::decode(row.value())?);
                    }
                }
            } else {
                for entry in rows.range((account, 0)..(account, end))?.rev().take(page.limit) {
                    found.push(TradeRow::decode(entry?.1.value())?);
                }
            }
            Ok(found)
        })
        .await
    }

    async fn outcome(&self, sequence: u64) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(move |database| {
            let outcomes = database.begin_read()?.open_table(OUTCOMES)?;
            Ok(outcomes.get(sequence)?.map(|guard| guard.value().1.to_vec()))
        })
        .await
    }
}
