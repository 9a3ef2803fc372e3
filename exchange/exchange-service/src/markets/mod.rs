//! The markets file: names and decimal places of assets, tiers of accounts, and the instruments to be listed on an empty venue.
//!
//! Not responsible for what is listed in fact: that is in the log. A newcomer needs to know one thing: the core counts in minor
//! units, ticks and lots and knows no names; people write `0.25` and `BTC-USD`; this file is what stands between the two, and every
//! service that speaks to people reads the same one.

mod decimal;

pub use decimal::{DecimalError, format_decimal, parse_decimal};

use exchange_types::{
    AccountTier, AssetId, FeeRate, Instrument, InstrumentId, InstrumentSpec, Price, PriceTicks, Quantity,
    QuantityLots, Symbol,
};
use serde::Deserialize;

/// The file that is used when none is given.
const EMBEDDED: &str = include_str!("default.json");

/// What a file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Markets {
    /// Assets, by number.
    pub assets: Vec<Asset>,
    /// Tiers, by number.
    pub tiers: Vec<Tier>,
    /// Instruments, by number.
    pub markets: Vec<Market>,
}

/// An asset.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asset {
    /// Its name, for people.
    pub name: String,
    /// One whole unit is 10^this minor units.
    pub decimals: u8,
}

/// A tier of accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tier {
    /// Its name, for people.
    pub name: String,
    /// What it allows.
    pub limits: AccountTier,
}

/// An instrument with what is needed to speak of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Market {
    /// The instrument.
    pub instrument: Instrument,
    /// Decimal places of the quote asset, and so of prices.
    pub quote_decimals: u8,
}

impl Market {
    /// Its number.
    #[must_use]
    pub fn id(&self) -> InstrumentId {
        self.instrument.spec().instrument
    }

    /// A price in ticks as a decimal text in whole units of the quote asset.
    #[must_use]
    pub fn price(&self, ticks: PriceTicks) -> String {
        let raw = u128::from(ticks.0) * u128::from(self.instrument.spec().tick.0);
        format_decimal(raw, self.quote_decimals)
    }

    /// A quantity in lots as a decimal text in whole units of the base asset; sums of lots as well.
    #[must_use]
    pub fn quantity(&self, lots: u64) -> String {
        let spec = self.instrument.spec();
        format_decimal(u128::from(lots) * u128::from(spec.lot.0), spec.base_decimals)
    }

    /// Reads a price that a client wrote.
    ///
    /// # Errors
    /// When it is not a number or finer than the quote asset.
    pub fn parse_price(&self, text: &str) -> Result<Price, DecimalError> {
        parse_decimal(text, self.quote_decimals).map(Price)
    }

    /// Reads a quantity that a client wrote.
    ///
    /// # Errors
    /// When it is not a number or finer than the base asset.
    pub fn parse_quantity(&self, text: &str) -> Result<Quantity, DecimalError> {
        parse_decimal(text, self.instrument.spec().base_decimals).map(Quantity)
    }

    /// How many lots a quantity is; what is left over is dropped.
    #[must_use]
    pub fn lots(&self, quantity: Quantity) -> QuantityLots {
        QuantityLots(u32::try_from(quantity.0 / self.instrument.spec().lot.0.max(1)).unwrap_or(u32::MAX))
    }
}

/// What is wrong with a markets file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MarketsError {
    /// It is not the JSON that is expected; the message has line and column.
    #[error("{0}")]
    Malformed(String),
    /// An entry contradicts itself or another.
    #[error("{entry}: {problem}")]
    Invalid {
        /// Which, such as `markets[1] ETH-USD`.
        entry: String,
        /// What was found and expected.
        problem: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    assets: Vec<Asset>,
    tiers: Vec<TierEntry>,
    markets: Vec<MarketEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TierEntry {
    name: String,
    open_orders_max: u32,
    fee_discount_ppm: u32,
    order_notional_max: String,
    balance_max: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MarketEntry {
    symbol: String,
    base: String,
    quote: String,
    tick: String,
    lot: String,
    min_quantity: String,
    max_quantity: String,
    position_limit: String,
    maker_fee_ppm: u32,
    taker_fee_ppm: u32,
    price_band_ppm: u32,
    reference_price: String,
}

/// Tiers bound amounts of any asset; their limits are written in units of this many decimal places.
const TIER_DECIMALS: u8 = 6;

impl Markets {
    /// The file that is used when none is given.
    ///
    /// # Panics
    /// Never: a test reads it.
    #[must_use]
    pub fn embedded() -> Self {
        match Self::parse(EMBEDDED) {
            Ok(markets) => markets,
            Err(error) => panic!("the embedded markets file is wrong: {error}"),
        }
    }

    /// Reads a file.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn parse(json: &str) -> Result<Self, MarketsError> {
        let file: File =
            serde_json::from_str(json).map_err(|error| MarketsError::Malformed(error.to_string()))?;
        for (at, asset) in file.assets.iter().enumerate() {
            let entry = format!("assets[{at}] {}", asset.name);
            let twice = file.assets[..at].iter().any(|other| other.name == asset.name);
            let problem = match asset {
                _ if twice => "the name occurs twice",
                Asset { name, .. } if name.is_empty() => "the name is empty",
                Asset { decimals: 19.., .. } => "expected at most 18 decimals",
                _ => continue,
            };
            return Err(MarketsError::Invalid { entry, problem: problem.into() });
        }
        let tiers =
            file.tiers.iter().enumerate().map(|(at, tier)| tier.read(at)).collect::<Result<_, _>>()?;
        let markets = file
            .markets
            .iter()
            .enumerate()
            .map(|(at, market)| market.read(at, &file.assets))
            .collect::<Result<Vec<_>, _>>()?;
        check_asset_order(&markets)?;
        Ok(Self { assets: file.assets, tiers, markets })
    }

    /// The market with this symbol.
    #[must_use]
    pub fn by_symbol(&self, symbol: &str) -> Option<&Market> {
        self.markets.iter().find(|market| market.instrument.spec().symbol.as_str() == symbol)
    }

    /// The market with this number.
    #[must_use]
    pub fn market(&self, instrument: InstrumentId) -> Option<&Market> {
        self.markets.get(instrument.0 as usize)
    }

    /// The asset with this name.
    #[must_use]
    pub fn asset(&self, name: &str) -> Option<(AssetId, &Asset)> {
        let at = self.assets.iter().position(|asset| asset.name == name)?;
        Some((AssetId(u32::try_from(at).ok()?), &self.assets[at]))
    }
}

/// The venue numbers assets in the order in which instruments first name them, so the file must list them in that order.
fn check_asset_order(markets: &[Market]) -> Result<(), MarketsError> {
    let mut next = 0;
    for market in markets {
        let spec = market.instrument.spec();
        for asset in [spec.base, spec.quote] {
            if asset.0 > next {
                let problem =
                    "its assets must stand in `assets` in the order in which the markets first name them";
                return Err(MarketsError::Invalid {
                    entry: format!("market {}", spec.symbol),
                    problem: problem.into(),
                });
            }
            next = next.max(asset.0 + 1);
        }
    }
    Ok(())
}

impl TierEntry {
    fn read(&self, at: usize) -> Result<Tier, MarketsError> {
        let amount = |field: &str, text: &str| {
            parse_decimal(text, TIER_DECIMALS).map_err(|error| MarketsError::Invalid {
                entry: format!("tiers[{at}] {}", self.name),
                problem: format!("`{field}`: {error}"),
            })
        };
        let limits = AccountTier {
            open_orders_max: self.open_orders_max,
            fee_discount: self.fee_discount_ppm,
            order_notional_max: amount("order_notional_max", &self.order_notional_max)?,
            balance_max: amount("balance_max", &self.balance_max)?,
        };
        Ok(Tier { name: self.name.clone(), limits })
    }
}

impl MarketEntry {
    fn read(&self, at: usize, assets: &[Asset]) -> Result<Market, MarketsError> {
        let invalid = |problem: String| MarketsError::Invalid {
            entry: format!("markets[{at}] {}", self.symbol),
            problem,
        };
        let asset = |name: &str| {
            let position = assets.iter().position(|asset| asset.name == name);
            let number = position.and_then(|at| u32::try_from(at).ok());
            let found = number.zip(position.and_then(|at| assets.get(at)));
            found.ok_or_else(|| invalid(format!("found asset `{name}`, expected one of `assets`")))
        };
        let ((base, base_asset), (quote, quote_asset)) = (asset(&self.base)?, asset(&self.quote)?);
        let price = |field: &str, text: &str| {
            parse_decimal(text, quote_asset.decimals)
                .map(Price)
                .map_err(|error| invalid(format!("`{field}`: {error}")))
        };
        let quantity = |field: &str, text: &str| {
            parse_decimal(text, base_asset.decimals)
                .map(Quantity)
                .map_err(|error| invalid(format!("`{field}`: {error}")))
        };
        let spec = InstrumentSpec {
            instrument: InstrumentId(u32::try_from(at).unwrap_or(u32::MAX)),
            symbol: Symbol::new(&self.symbol).map_err(|_| {
                invalid("expected a symbol of 1 to 16 upper-case letters, digits and dashes".into())
            })?,
            base: AssetId(base),
            quote: AssetId(quote),
            base_decimals: base_asset.decimals,
            tick: price("tick", &self.tick)?,
            lot: quantity("lot", &self.lot)?,
            min_quantity: quantity("min_quantity", &self.min_quantity)?,
            max_quantity: quantity("max_quantity", &self.max_quantity)?,
            position_limit: quantity("position_limit", &self.position_limit)?,
            maker_fee: FeeRate(self.maker_fee_ppm),
            taker_fee: FeeRate(self.taker_fee_ppm),
            price_band: self.price_band_ppm,
            reference_price: price("reference_price", &self.reference_price)?,
        };
        let instrument = Instrument::new(spec)
            .map_err(|error| invalid(format!("the definition contradicts itself: {error:?}")))?;
        Ok(Market { instrument, quote_decimals: quote_asset.decimals })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_file_is_valid_and_speaks_decimal() {
        let markets = Markets::embedded();
        let market = markets.by_symbol("BTC-USD").unwrap();
        assert_eq!(market.parse_price("60000.01").unwrap(), Price(60_000_010_000));
        assert_eq!(market.price(PriceTicks(6_000_001)), "60000.01");
        assert_eq!(market.quantity(25), "0.0025");
        assert_eq!(markets.asset("USD").unwrap().0, AssetId(1));
    }

    #[test]
    fn errors_name_the_entry() {
        let broken = EMBEDDED.replace("\"base\": \"ETH\"", "\"base\": \"DOGE\"");
        let error = Markets::parse(&broken).unwrap_err().to_string();
        assert_eq!(error, "markets[1] ETH-USD: found asset `DOGE`, expected one of `assets`");
        let broken = EMBEDDED.replace("\"lot\": \"0.0001\"", "\"lot\": \"0.00001\"");
        assert!(Markets::parse(&broken).unwrap_err().to_string().contains("FractionalTickValue"));
    }
}
