//! Instruments and account tiers: the parameters that validation and risk work with.

use crate::{AssetId, InstrumentId, Price, PriceTicks, Quantity, QuantityLots};

/// A fee rate in millionths of the notional. Never negative: the venue pays no rebates.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct FeeRate(pub u32);

impl FeeRate {
    /// A hundred per cent; no rate is above it.
    pub const WHOLE: Self = Self(1_000_000);
}

/// The name of an instrument, for people: 1 to 16 upper-case letters, digits and dashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Symbol {
    /// The text, then zeros.
    bytes: [u8; Self::BYTES_MAX],
}

impl Symbol {
    /// The longest symbol, in bytes: room for two assets of seven letters and what joins them.
    pub const BYTES_MAX: usize = 16;

    /// Checks a text.
    ///
    /// # Errors
    /// [`InstrumentError::Symbol`] where it is empty, too long, or has a character that is not allowed.
    pub fn new(text: &str) -> Result<Self, InstrumentError> {
        let mut bytes = [0; Self::BYTES_MAX];
        let slots = bytes.get_mut(..text.len()).ok_or(InstrumentError::Symbol)?;
        slots.copy_from_slice(text.as_bytes());
        if text.is_empty() || !text.bytes().all(Self::allows) {
            return Err(InstrumentError::Symbol);
        }
        Ok(Self { bytes })
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let length = self.bytes.iter().position(|byte| *byte == 0).unwrap_or(Self::BYTES_MAX);
        // Only ASCII comes in, so this is always a text.
        std::str::from_utf8(&self.bytes[..length]).unwrap_or_default()
    }

    pub(crate) const fn allows(byte: u8) -> bool {
        byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'-'
    }
}

impl std::str::FromStr for Symbol {
    type Err = InstrumentError;

    fn from_str(text: &str) -> Result<Self, InstrumentError> {
        Self::new(text)
    }
}

impl std::fmt::Display for Symbol {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.pad(self.as_str())
    }
}

/// What is said when an instrument is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstrumentSpec {
    /// Its number; it must be the next one.
    pub instrument: InstrumentId,
    /// Its name, for people.
    pub symbol: Symbol,
    /// What is traded.
    pub base: AssetId,
    /// What is paid.
    pub quote: AssetId,
    /// Decimal places of the base asset: one whole unit is 10^this minor units. At most 18.
    pub base_decimals: u8,
    /// The price step, in the unit of [`Price`].
    pub tick: Price,
    /// The quantity step, in the unit of [`Quantity`].
    pub lot: Quantity,
    /// The smallest order.
    pub min_quantity: Quantity,
    /// The largest order.
    pub max_quantity: Quantity,
    /// The most of the base asset that a buy order may bring an account to, with its other open buy orders; zero: no limit. A
    /// deposit, and a sale for this asset in another instrument, are not held to it.
    pub position_limit: Quantity,
    /// What a maker pays.
    pub maker_fee: FeeRate,
    /// What a taker pays.
    pub taker_fee: FeeRate,
    /// How far a price may be from the last trade, in millionths of that; zero: no band.
    pub price_band: u32,
    /// The price that stands for the last trade before there is one.
    pub reference_price: Price,
}

/// Why an instrument cannot be listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum InstrumentError {
    /// The symbol is empty, too long, or has another character than upper-case letters, digits and dashes.
    Symbol,
    /// Base and quote are the same asset.
    SameAsset,
    /// More than 18 decimal places.
    Decimals,
    /// Tick or lot is zero.
    ZeroStep,
    /// One lot at one tick is not a whole number of minor units of the quote asset.
    FractionalTickValue,
    /// Minimum or maximum is not a multiple of the lot, is zero, is above 2^32 - 1 lots, or they are in the wrong order.
    Quantities,
    /// A fee rate is above a hundred per cent.
    Fee,
    /// The reference price is zero, off tick or too large.
    ReferencePrice,
}

/// A listed instrument: the spec, and what follows from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instrument {
    spec: InstrumentSpec,
    tick_value: u64,
    min_lots: QuantityLots,
    max_lots: QuantityLots,
    reference_ticks: PriceTicks,
}

impl Instrument {
    /// Checks a spec and derives what the core counts with.
    ///
    /// # Errors
    /// The first contradiction found.
    pub fn new(spec: InstrumentSpec) -> Result<Self, InstrumentError> {
        if spec.base == spec.quote {
            return Err(InstrumentError::SameAsset);
        }
        if spec.base_decimals > 18 {
            return Err(InstrumentError::Decimals);
        }
        if spec.tick.0 == 0 || spec.lot.0 == 0 {
            return Err(InstrumentError::ZeroStep);
        }
        let tick_value = tick_value(&spec).ok_or(InstrumentError::FractionalTickValue)?;
        let min_lots = whole_lots(spec.min_quantity, spec.lot).ok_or(InstrumentError::Quantities)?;
        let max_lots = whole_lots(spec.max_quantity, spec.lot).ok_or(InstrumentError::Quantities)?;
        if min_lots > max_lots {
            return Err(InstrumentError::Quantities);
        }
        if spec.maker_fee > FeeRate::WHOLE || spec.taker_fee > FeeRate::WHOLE {
            return Err(InstrumentError::Fee);
        }
        let reference_ticks =
            whole_ticks(spec.reference_price, spec.tick).ok_or(InstrumentError::ReferencePrice)?;
        Ok(Self { spec, tick_value, min_lots, max_lots, reference_ticks })
    }

    /// What was said at its listing.
    #[must_use]
    pub const fn spec(&self) -> &InstrumentSpec {
        &self.spec
    }

    /// Minor units of the quote asset that one lot costs at one tick. Never zero.
    #[inline]
    #[must_use]
    pub const fn tick_value(&self) -> u64 {
        self.tick_value
    }

    /// The smallest order.
    #[inline]
    #[must_use]
    pub const fn min_lots(&self) -> QuantityLots {
        self.min_lots
    }

    /// The largest order.
    #[inline]
    #[must_use]
    pub const fn max_lots(&self) -> QuantityLots {
        self.max_lots
    }

    /// The price that stands for the last trade before there is one.
    #[inline]
    #[must_use]
    pub const fn reference_ticks(&self) -> PriceTicks {
        self.reference_ticks
    }
}

/// What accounts of a tier may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountTier {
    /// Live orders at any time.
    pub open_orders_max: u32,
    /// The largest notional of one order, in minor units of the quote asset.
    pub order_notional_max: u64,
    /// The largest balance of one asset after a deposit, reserved part included, in minor units.
    pub balance_max: u64,
    /// Taken off both fee rates, in millionths of the rate: 250,000 is a quarter off.
    pub fee_discount: u32,
}

fn tick_value(spec: &InstrumentSpec) -> Option<u64> {
    let one = 10_u128.checked_pow(u32::from(spec.base_decimals))?;
    let product = u128::from(spec.tick.0).checked_mul(u128::from(spec.lot.0))?;
    if product.checked_rem(one)? != 0 {
        return None;
    }
    u64::try_from(product.checked_div(one)?).ok()
}

fn whole_lots(quantity: Quantity, lot: Quantity) -> Option<QuantityLots> {
    let whole = quantity.0.checked_rem(lot.0)? == 0 && quantity.0 > 0;
    let lots = u32::try_from(quantity.0.checked_div(lot.0)?).ok()?;
    whole.then_some(QuantityLots(lots))
}

fn whole_ticks(price: Price, tick: Price) -> Option<PriceTicks> {
    let whole = price.0.checked_rem(tick.0)? == 0;
    let ticks = PriceTicks(u32::try_from(price.0.checked_div(tick.0)?).ok()?);
    (whole && ticks >= PriceTicks::LOWEST && ticks <= PriceTicks::HIGHEST).then_some(ticks)
}

#[cfg(test)]
mod tests {
    use super::{InstrumentError, Symbol};

    #[test]
    fn a_symbol_has_1_to_16_capitals_digits_and_dashes() {
        for text in ["A", "BTC-USD", "1000SATS-USDT", "ABCDEFGHIJKLMNO-"] {
            assert_eq!(Symbol::new(text).unwrap().as_str(), text);
            assert_eq!(text.parse::<Symbol>().unwrap().to_string(), text);
        }
        for text in ["", "btc", "BTC/USD", "BTC USD", "BTC\0", "\u{c4}", "ABCDEFGHIJKLMNOPQ"] {
            assert_eq!(Symbol::new(text), Err(InstrumentError::Symbol), "{text:?}");
        }
        assert_eq!(format!("{:>8}|", Symbol::new("BTC-USD").unwrap()), " BTC-USD|");
    }
}
