//! Keys of order-flow files: the sums and hashes by which two matchers are compared, and the line that says them.

use exchange_core::Digest;
use exchange_types::{OrderId, PriceTicks, QuantityLots, Side};

/// What a stream traded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TradeKey {
    /// How many trades.
    pub trades: u64,
    /// Their total quantity.
    pub volume: u64,
    /// Sum of price times quantity, modulo 2^64.
    pub notional: u64,
    /// Maker, taker, price and quantity of each, in order.
    pub digest: Digest,
}

impl TradeKey {
    /// Takes one trade in.
    pub const fn trade(&mut self, maker: OrderId, taker: OrderId, price: PriceTicks, quantity: QuantityLots) {
        let (price, quantity) = (price.0 as u64, quantity.0 as u64);
        self.trades += 1;
        self.volume += quantity;
        self.notional = self.notional.wrapping_add(price.wrapping_mul(quantity));
        self.digest.word(maker.0);
        self.digest.word(taker.0);
        self.digest.word(price);
        self.digest.word(quantity);
        self.digest.end_record();
    }
}

/// What a stream left in the book.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BookKey {
    /// How many orders.
    pub resting: u64,
    /// Their quantity, buy side and sell side.
    pub volume: [u64; 2],
    /// The best prices, buy side and sell side; zero where a side is empty.
    pub best: [u32; 2],
    /// Side, price, id and remaining quantity of each: bids by ascending price, then asks, inside a price by priority.
    pub digest: Digest,
}

impl BookKey {
    /// Takes one resting order in, in the order that the digest demands.
    pub const fn order(&mut self, side: Side, price: PriceTicks, id: OrderId, remaining: QuantityLots) {
        let index = side as usize;
        // Prices ascend: the best bid is the last one seen, the best ask the first.
        if matches!(side, Side::Buy) || self.best[index] == 0 {
            self.best[index] = price.0;
        }
        self.resting += 1;
        self.volume[index] += remaining.0 as u64;
        self.digest.word(side as u64);
        self.digest.word(price.0 as u64);
        self.digest.word(id.0);
        self.digest.word(remaining.0 as u64);
        self.digest.end_record();
    }
}

/// The whole key.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Key {
    /// Of the trades.
    pub trades: TradeKey,
    /// Of the book.
    pub book: BookKey,
}

impl std::fmt::Display for Key {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (trades, book) = (&self.trades, &self.book);
        write!(
            formatter,
            "trades={} qty={} notional={} tradehash={:016x} resting={} bidqty={} askqty={} bestbid={} bestask={} bookhash={:016x}",
            trades.trades,
            trades.volume,
            trades.notional,
            trades.digest.value(),
            book.resting,
            book.volume[0],
            book.volume[1],
            book.best[0],
            book.best[1],
            book.digest.value(),
        )
    }
}
