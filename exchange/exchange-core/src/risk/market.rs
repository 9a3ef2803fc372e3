//! One instrument as risk sees it: from a client's prices and quantities to ticks and lots, and the band around the last trade.

use exchange_types::{
    AssetId, Instrument, Price, PriceTicks, Quantity, QuantityLots, RejectReason, Side, TradingState,
};

use super::Listing;
use super::limits::MARKET_REACH_WITHOUT_BAND;
use crate::Digest;

/// An instrument, its trading state and its last trade.
#[derive(Debug, Clone)]
pub(super) struct Market {
    instrument: Instrument,
    /// Digest of the definition, which never changes.
    definition: u64,
    state: TradingState,
    last: PriceTicks,
    /// The prices an order may have: the band, or without one as far as a market order may go.
    low: PriceTicks,
    high: PriceTicks,
}

impl Market {
    pub(super) fn new(instrument: Instrument) -> Self {
        let definition = definition_digest(&instrument);
        let last = instrument.reference_ticks();
        let mut market =
            Self { instrument, definition, state: TradingState::Open, last, low: last, high: last };
        market.traded_at(last);
        market
    }

    pub(super) fn instrument(&self) -> &Instrument {
        &self.instrument
    }

    /// What its book has to know.
    pub(super) fn listing(&self) -> Listing {
        let reference = self.instrument.reference_ticks();
        Listing { instrument: self.instrument.spec().instrument, reference }
    }

    #[inline]
    pub(super) fn base(&self) -> AssetId {
        self.instrument.spec().base
    }

    #[inline]
    pub(super) fn quote(&self) -> AssetId {
        self.instrument.spec().quote
    }

    #[inline]
    pub(super) fn tick_value(&self) -> u64 {
        self.instrument.tick_value()
    }

    #[inline]
    pub(super) fn state(&self) -> TradingState {
        self.state
    }

    pub(super) fn set_state(&mut self, state: TradingState) {
        self.state = state;
    }

    /// The price of the last trade; before the first one, the reference price.
    #[inline]
    pub(super) fn last(&self) -> PriceTicks {
        self.last
    }

    /// Moves the band to the price of a trade.
    #[inline]
    pub(super) fn traded_at(&mut self, price: PriceTicks) {
        self.last = price;
        let band = match self.instrument.spec().price_band {
            0 => MARKET_REACH_WITHOUT_BAND,
            band => band,
        };
        // Bound: the product of two numbers below 2^32 is below 2^64.
        let reach = u64::from(price.0).wrapping_mul(u64::from(band)) / 1_000_000;
        let reach = u32::try_from(reach).unwrap_or(u32::MAX);
        self.low = PriceTicks(price.0.saturating_sub(reach)).max(PriceTicks::LOWEST);
        self.high = PriceTicks(price.0.saturating_add(reach)).min(PriceTicks::HIGHEST);
    }

    /// The worst price a market order may trade at.
    #[inline]
    pub(super) fn bound(&self, side: Side) -> PriceTicks {
        match side {
            Side::Buy => self.high,
            Side::Sell => self.low,
        }
    }

    /// How much of the base asset these lots are, in minor units.
    ///
    /// Bound: an order has at most as many lots as the instrument's largest order, whose quantity is a `u64`.
    #[inline]
    pub(super) fn base_quantity(&self, lots: QuantityLots) -> u64 {
        u64::from(lots.0)
            .checked_mul(self.instrument.spec().lot.0)
            .expect("an order is at most the largest one")
    }

    /// The rungs of the ladder that look at the quantity of a new order.
    #[inline]
    pub(super) fn lots(&self, quantity: Quantity) -> Result<QuantityLots, RejectReason> {
        let lots = self.whole_lots(quantity)?;
        if lots < u64::from(self.instrument.min_lots().0) {
            return Err(RejectReason::QuantityBelowMinimum);
        }
        match u32::try_from(lots) {
            Ok(lots) if lots <= self.instrument.max_lots().0 => Ok(QuantityLots(lots)),
            _ => Err(RejectReason::QuantityAboveMaximum),
        }
    }

    /// The rungs of the ladder that look at the quantity of a reduction. More lots than any order has are as many as it has.
    #[inline]
    pub(super) fn reduction(&self, quantity: Quantity) -> Result<QuantityLots, RejectReason> {
        let lots = self.whole_lots(quantity)?;
        Ok(QuantityLots(u32::try_from(lots).unwrap_or(u32::MAX)))
    }

    #[inline]
    fn whole_lots(&self, quantity: Quantity) -> Result<u64, RejectReason> {
        if quantity.0 == 0 {
            return Err(RejectReason::QuantityZero);
        }
        divided(quantity.0, self.instrument.spec().lot.0).ok_or(RejectReason::QuantityOffLot)
    }

    /// The rungs of the ladder that look at a limit price.
    #[inline]
    pub(super) fn ticks(&self, price: Price) -> Result<PriceTicks, RejectReason> {
        if price.0 == 0 {
            return Err(RejectReason::PriceZero);
        }
        let ticks = divided(price.0, self.instrument.spec().tick.0).ok_or(RejectReason::PriceOffTick)?;
        let ticks = u32::try_from(ticks).map_or(PriceTicks(u32::MAX), PriceTicks);
        if ticks > PriceTicks::HIGHEST {
            return Err(RejectReason::PriceOverflow);
        }
        let banded = self.instrument.spec().price_band != 0;
        if banded && (ticks < self.low || ticks > self.high) {
            return Err(RejectReason::PriceOutsideBand);
        }
        Ok(ticks)
    }

    /// A listed instrument as a snapshot has it.
    pub(super) fn restore(&mut self, state: TradingState, last: PriceTicks) {
        self.state = state;
        self.traded_at(last);
    }

    /// Its entry in the state hash.
    pub(super) fn digest_into(&self, digest: &mut Digest) {
        digest.word(self.definition);
        digest.word(u64::from(self.last.0));
        digest.word(self.state as u64);
        digest.end_record();
    }
}

/// `whole / step`, where that is a whole number. A step is never zero: [`Instrument::new`] refuses it.
#[inline]
fn divided(whole: u64, step: u64) -> Option<u64> {
    let quotient = whole.checked_div(step)?;
    (quotient.wrapping_mul(step) == whole).then_some(quotient)
}

fn definition_digest(instrument: &Instrument) -> u64 {
    let spec = instrument.spec();
    let mut digest = Digest::new();
    spec.symbol.as_str().bytes().for_each(|byte| digest.word(u64::from(byte)));
    digest.end_record();
    for word in [
        u64::from(spec.instrument.0),
        u64::from(spec.base.0),
        u64::from(spec.quote.0),
        u64::from(spec.base_decimals),
        spec.tick.0,
        spec.lot.0,
        spec.min_quantity.0,
        spec.max_quantity.0,
        spec.position_limit.0,
        u64::from(spec.maker_fee.0),
        u64::from(spec.taker_fee.0),
        u64::from(spec.price_band),
        spec.reference_price.0,
    ] {
        digest.word(word);
    }
    digest.end_record();
    digest.value()
}
