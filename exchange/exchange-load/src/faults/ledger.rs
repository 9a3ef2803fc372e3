//! The log, folded when all is over: what really happened.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use exchange_core::book::OrderBook;
use exchange_core::matching::BookMaker;
use exchange_core::{Engine, FastEngine};
use exchange_service::log::{Log, LogOptions, LogReader, LogSource, SegmentedLog};
use exchange_service::markets::Markets;
use exchange_service::storage::FileStorage;
use exchange_types::{
    AccountId, AssetId, Command, CommandHeader, Epoch, Event, EventBuffer, NewOrder, OrderId, RejectReason,
    Sequence, Side, decode_request, encode_outcome,
};

use super::consumers::digest;
use crate::client::stream::Depth;

/// The folder of the log inside that of the service.
const FOLDER: &str = "log";

/// What became of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It was carried out.
    Done,
    /// It was refused.
    Rejected(RejectReason),
    /// It had been carried out before, under the same key.
    Repeated(Sequence),
}

/// One order in the log.
#[derive(Debug, Clone, Copy)]
pub(super) struct Placed {
    pub(super) order: NewOrder,
    pub(super) key: Option<u128>,
    pub(super) fate: Fate,
}

/// The whole log.
pub(super) struct Ledger {
    engine: FastEngine,
    /// The digest of each outcome; that of command 1 comes first.
    pub(super) outcomes: Vec<u64>,
    /// Orders by the position of their command.
    pub(super) orders: BTreeMap<u64, Placed>,
    /// Positions by account and quantity.
    by_quantity: HashMap<(u64, u64), Vec<u64>>,
    /// Positions of commands under a key.
    by_key: HashMap<u128, Vec<(u64, Fate)>>,
}

impl Ledger {
    /// Folds the log that persistence left in its folder. Nobody may use that folder any more.
    ///
    /// # Errors
    /// When the log cannot be read, or conservation does not hold.
    pub(super) fn read(data: &Path) -> Result<Self> {
        let storage = FileStorage::open(&data.join(FOLDER)).context("opening the log")?;
        let epoch = Epoch(SegmentedLog::held_epoch(&storage)?.0 + 1);
        let (log, _) = SegmentedLog::open(storage, LogOptions::default(), epoch)?;
        let mut reader = log.source().reader(Sequence(1)).context("the log does not begin with command 1")?;
        let mut ledger = Self {
            engine: Engine::new(BookMaker::fast()),
            outcomes: Vec::new(),
            orders: BTreeMap::new(),
            by_quantity: HashMap::new(),
            by_key: HashMap::new(),
        };
        let mut events = EventBuffer::new();
        let mut bytes = Vec::new();
        while let Some(record) = reader.next()? {
            events.clear();
            bytes.clear();
            let header = CommandHeader { sequence: record.sequence, time: record.time };
            ledger.engine.apply_encoded(&header, record.payload, &mut events);
            encode_outcome(&ledger.engine.outcome(&events), &events, &mut bytes);
            ledger.outcomes.push(digest(&bytes));
            ledger.take(record.sequence, record.payload, &events);
        }
        ledger
            .engine
            .audit()
            .map_err(|violation| anyhow::anyhow!("the books do not add up: {violation:?}"))?;
        Ok(ledger)
    }

    fn take(&mut self, sequence: Sequence, payload: &[u8], events: &[Event]) {
        let Ok(request) = decode_request(payload) else { return };
        let fate = events
            .iter()
            .find_map(|event| match event {
                Event::Rejected { reason, .. } => Some(Fate::Rejected(*reason)),
                Event::Repeated { original, .. } => Some(Fate::Repeated(*original)),
                _ => None,
            })
            .unwrap_or(Fate::Done);
        let key = request.key.map(|key| key.get());
        if let Some(key) = key {
            self.by_key.entry(key).or_default().push((sequence.0, fate));
        }
        if let Command::NewOrder(order) = request.command {
            self.orders.insert(sequence.0, Placed { order, key, fate });
            let found = (u64::from(order.account.0), order.quantity.0);
            self.by_quantity.entry(found).or_default().push(sequence.0);
        }
    }

    /// Positions of the orders of an account with this quantity, in units of the base asset's last decimal.
    pub(super) fn with_quantity(&self, account: u64, quantity: u64) -> &[u64] {
        self.by_quantity.get(&(account, quantity)).map_or(&[], Vec::as_slice)
    }

    /// Commands under a key, and what became of each.
    pub(super) fn with_key(&self, key: u128) -> &[(u64, Fate)] {
        self.by_key.get(&key).map_or(&[], Vec::as_slice)
    }

    /// Whether an order rests at the end.
    pub(super) fn is_live(&self, order: u64) -> bool {
        self.engine.risk().order(OrderId(order)).is_some()
    }

    /// The book of a market at the end, as clients see it.
    pub(super) fn depth(&self, markets: &Markets, symbol: &str) -> Result<Depth> {
        let market = markets.by_symbol(symbol).with_context(|| format!("there is no market {symbol}"))?;
        let book = self.engine.matching().book(market.id()).context("the market is not listed")?;
        let spec = market.instrument.spec();
        let scale = |raw: u64, decimals: u8| raw * 10_u64.pow(8 - u32::from(decimals));
        let mut depth = Depth { sequence: self.engine.sequence().0, ..Depth::default() };
        book.visit(&mut |order| {
            let price = scale(u64::from(order.price.0) * spec.tick.0, market.quote_decimals);
            let quantity = scale(u64::from(order.remaining.0) * spec.lot.0, spec.base_decimals);
            let levels = if order.side == Side::Buy { &mut depth.bids } else { &mut depth.asks };
            *levels.entry(price).or_default() += quantity;
        });
        Ok(depth)
    }

    /// What an account has of an asset at the end: free and reserved, in minor units.
    pub(super) fn balance(&self, account: u64, asset: AssetId) -> Option<(u64, u64)> {
        let account = AccountId(account.try_into().ok()?);
        self.engine.risk().balance(account, asset).map(|balance| (balance.free, balance.reserved))
    }

    /// Counts every asset: what all accounts have and what the venue has earned is what was deposited.
    pub(super) fn conserves(&self, deposited: &BTreeMap<AssetId, u64>) -> Result<()> {
        let risk = self.engine.risk();
        for (asset, deposited) in deposited {
            let held: u64 = (0..risk.accounts() as u64)
                .filter_map(|account| self.balance(account, *asset))
                .map(|(free, reserved)| free + reserved)
                .sum();
            let fees = risk.fees(*asset).unwrap_or(0);
            ensure!(
                held + fees == *deposited,
                "asset {}: accounts hold {held}, fees are {fees}, deposits were {deposited}",
                asset.0
            );
        }
        Ok(())
    }
}
