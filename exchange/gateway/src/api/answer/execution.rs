//! What became of one new order, read off the events of its command.

use exchange_service::markets::{Market, format_decimal};
use exchange_types::{CancelCause, Event, OrderId, PriceTicks, QuantityLots};

/// What became of an order within its command.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::api) struct Execution {
    /// Prices and quantities of its fills, in order.
    pub(in crate::api) fills: Vec<(PriceTicks, QuantityLots)>,
    /// Lots filled.
    pub(in crate::api) filled: u64,
    /// Lots that rest, or were dropped.
    pub(in crate::api) remaining: u32,
    rests: bool,
    /// Why the rest was dropped.
    pub(in crate::api) cancelled: Option<CancelCause>,
}

impl Execution {
    /// What became of an order; `None`: the events do not say.
    pub(in crate::api) fn of(order: OrderId, events: &[Event]) -> Option<Self> {
        let mut execution = Self::default();
        for event in events {
            match event {
                Event::Trade(trade) if trade.taker == order => {
                    execution.fills.push((trade.price, trade.quantity));
                    execution.filled += u64::from(trade.quantity.0);
                    execution.remaining = trade.taker_remaining.0;
                }
                Event::Rested { order: rested, quantity, .. } if *rested == order => {
                    execution.rests = true;
                    execution.remaining = quantity.0;
                }
                Event::Cancelled { order: cancelled, quantity, cause, .. } if *cancelled == order => {
                    execution.cancelled = Some(*cause);
                    execution.remaining = quantity.0;
                }
                _ => {}
            }
        }
        let known = execution.rests || execution.cancelled.is_some() || execution.filled > 0;
        known.then_some(execution)
    }

    /// Whether some of it rests.
    pub(in crate::api) fn rests(&self) -> bool {
        self.rests && self.cancelled.is_none()
    }

    /// Its status.
    pub(in crate::api) fn status(&self) -> &'static str {
        if self.cancelled.is_some() {
            "cancelled"
        } else if self.remaining == 0 {
            "filled"
        } else if self.filled > 0 {
            "partially-filled"
        } else {
            "open"
        }
    }

    /// The mean of its fills' prices, weighted by quantity, rounded down to the decimals of the quote asset.
    pub(in crate::api) fn average_price(&self, market: &Market) -> Option<String> {
        let ticks_times_lots: u128 =
            self.fills.iter().map(|(price, quantity)| u128::from(price.0) * u128::from(quantity.0)).sum();
        average_price(market, ticks_times_lots, self.filled)
    }
}

/// The mean price of so many lots, rounded down to the decimals of the quote asset; `None`: of none.
pub(in crate::api) fn average_price(market: &Market, ticks_times_lots: u128, lots: u64) -> Option<String> {
    // Bound: 2^32 ticks times 2^64 lots times a tick of 2^64 would not fit, but a lot at a tick is at least one minor unit and
    // balances are below 2^64 of those, so ticks times lots are below 2^64.
    let minor = ticks_times_lots.checked_mul(u128::from(market.instrument.spec().tick.0))?;
    let mean = minor.checked_div(u128::from(lots))?;
    Some(format_decimal(mean, market.quote_decimals))
}
