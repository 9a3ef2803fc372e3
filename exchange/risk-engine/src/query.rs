//! What others may ask of the state, and the answers.
//!
//! Not responsible for HTTP. A newcomer needs to know one thing: a question is answered between two batches of the log by the task
//! that owns the state, so an answer is of one moment, and it costs little: a list is never longer than [`ORDERS_MAX`].

use exchange_core::FastEngine;
use exchange_core::risk::OpenOrder;
use exchange_types::{AccountId, AssetId, Instrument, InstrumentId, OrderId, Side, TradingState};
use serde::Serialize;
use tokio::sync::oneshot;

/// Questions that wait for their turn. **When there are as many, the next one is refused at once.**
pub(crate) const QUERIES_MAX: usize = 1_024;

/// The longest list of orders in an answer: it takes some microseconds to write.
pub(crate) const ORDERS_MAX: usize = 1_000;

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Question {
    /// An account: its balances, and so many of its orders, the oldest first.
    Account { account: AccountId, orders: usize },
    /// An order that rests.
    Order(OrderId),
    /// What is listed and defined.
    Venue,
}

/// A question on its way.
#[derive(Debug)]
pub(crate) struct Query {
    pub(crate) question: Question,
    /// The answer is to be of this command or a later one.
    pub(crate) at_least: u64,
    /// Where the answer goes. It is dropped where there is none: the state is being recovered.
    pub(crate) answer: oneshot::Sender<Answer>,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// JSON.
    Found(Vec<u8>),
    /// There is no such thing.
    Unknown,
}

#[derive(Serialize)]
struct AccountAnswer {
    /// The last command that this shows.
    sequence: u64,
    account: u32,
    tier: u8,
    state: &'static str,
    /// Of the assets of which the account has any.
    balances: Vec<BalanceAnswer>,
    orders: Vec<OrderAnswer>,
    /// Whether the account has more orders than are listed.
    more_orders: bool,
}

#[derive(Serialize)]
struct BalanceAnswer {
    asset: u32,
    free: u64,
    reserved: u64,
}

#[derive(Serialize)]
struct OrderAnswer {
    order: u64,
    account: u32,
    instrument: u32,
    side: &'static str,
    price_ticks: u32,
    remaining_lots: u32,
    /// In minor units: of the quote asset for a buy, of the base asset for a sell.
    reserved: u64,
}

#[derive(Serialize)]
struct VenueAnswer {
    sequence: u64,
    state: &'static str,
    accounts: usize,
    live_orders: usize,
    tiers: Vec<TierAnswer>,
    instruments: Vec<InstrumentAnswer>,
    assets: Vec<AssetAnswer>,
}

#[derive(Serialize)]
struct TierAnswer {
    tier: u8,
    open_orders_max: u32,
    fee_discount_ppm: u32,
    order_notional_max: u64,
    balance_max: u64,
}

#[derive(Serialize)]
struct InstrumentAnswer {
    instrument: u32,
    symbol: String,
    state: &'static str,
    base: u32,
    quote: u32,
    base_decimals: u8,
    tick: u64,
    lot: u64,
    min_quantity: u64,
    max_quantity: u64,
    position_limit: u64,
    maker_fee_ppm: u32,
    taker_fee_ppm: u32,
    price_band_ppm: u32,
    reference_price: u64,
    last_price_ticks: u32,
}

#[derive(Serialize)]
struct AssetAnswer {
    asset: u32,
    /// Deposits minus withdrawals.
    supply: u64,
    /// What the venue has earned.
    fees: u64,
}

impl Question {
    /// Looks the answer up.
    pub(crate) fn answer(self, engine: &FastEngine) -> Answer {
        match self {
            Self::Account { account, orders } => written(account_answer(engine, account, orders)),
            Self::Order(order) => written(engine.risk().order(order).map(order_answer)),
            Self::Venue => written(Some(venue_answer(engine))),
        }
    }
}

fn written<T: Serialize>(answer: Option<T>) -> Answer {
    // Numbers and texts are always writable.
    answer.and_then(|answer| serde_json::to_vec(&answer).ok()).map_or(Answer::Unknown, Answer::Found)
}

fn account_answer(engine: &FastEngine, account: AccountId, orders: usize) -> Option<AccountAnswer> {
    let risk = engine.risk();
    let status = risk.account(account)?;
    let assets = (0_u32..).take(risk.assets());
    let balances = assets
        .filter_map(|asset| Some((asset, risk.balance(account, AssetId(asset))?)))
        .filter(|(_, balance)| (balance.free, balance.reserved) != (0, 0))
        .map(|(asset, balance)| BalanceAnswer { asset, free: balance.free, reserved: balance.reserved })
        .collect();
    let mut open = risk.orders_of(account);
    let orders = open.by_ref().take(orders.min(ORDERS_MAX)).map(order_answer).collect();
    Some(AccountAnswer {
        sequence: engine.sequence().0,
        account: account.0,
        tier: status.tier,
        state: state_name(status.state),
        balances,
        orders,
        more_orders: open.next().is_some(),
    })
}

fn order_answer(open: OpenOrder) -> OrderAnswer {
    OrderAnswer {
        order: open.order.0,
        account: open.account.0,
        instrument: open.instrument.0,
        side: match open.side {
            Side::Buy => "buy",
            Side::Sell => "sell",
        },
        price_ticks: open.price.0,
        remaining_lots: open.remaining.0,
        reserved: open.reserved,
    }
}

fn venue_answer(engine: &FastEngine) -> VenueAnswer {
    let risk = engine.risk();
    let tiers = (0..=u8::MAX).map_while(|tier| {
        let limits = risk.tier(tier)?;
        Some(TierAnswer {
            tier,
            open_orders_max: limits.open_orders_max,
            fee_discount_ppm: limits.fee_discount,
            order_notional_max: limits.order_notional_max,
            balance_max: limits.balance_max,
        })
    });
    let assets = (0_u32..).take(risk.assets()).map(|asset| AssetAnswer {
        asset,
        supply: risk.supply(AssetId(asset)).unwrap_or(0),
        fees: risk.fees(AssetId(asset)).unwrap_or(0),
    });
    VenueAnswer {
        sequence: engine.sequence().0,
        state: state_name(risk.venue_state()),
        accounts: risk.accounts(),
        live_orders: risk.live_orders(),
        tiers: tiers.collect(),
        instruments: risk.instruments().map(|instrument| instrument_answer(engine, instrument)).collect(),
        assets: assets.collect(),
    }
}

fn instrument_answer(engine: &FastEngine, instrument: &Instrument) -> InstrumentAnswer {
    let spec = instrument.spec();
    let number: InstrumentId = spec.instrument;
    InstrumentAnswer {
        instrument: number.0,
        symbol: spec.symbol.to_string(),
        state: state_name(engine.risk().instrument_state(number).unwrap_or_default()),
        base: spec.base.0,
        quote: spec.quote.0,
        base_decimals: spec.base_decimals,
        tick: spec.tick.0,
        lot: spec.lot.0,
        min_quantity: spec.min_quantity.0,
        max_quantity: spec.max_quantity.0,
        position_limit: spec.position_limit.0,
        maker_fee_ppm: spec.maker_fee.0,
        taker_fee_ppm: spec.taker_fee.0,
        price_band_ppm: spec.price_band,
        reference_price: spec.reference_price.0,
        last_price_ticks: engine.risk().last_price(number).unwrap_or_default().0,
    }
}

fn state_name(state: TradingState) -> &'static str {
    match state {
        TradingState::Open => "open",
        TradingState::Halted => "halted",
        TradingState::Killed => "killed",
    }
}
