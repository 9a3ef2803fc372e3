//! The venue that a run sets up: tiers, instruments, accounts, and where prices start.

use exchange_types::{
    AccountId, AccountTier, AssetId, FeeRate, InstrumentId, InstrumentSpec, Price, Quantity, Symbol,
};

use crate::random::Random;

/// An account and who acts for it.
#[derive(Debug, Clone, Copy)]
pub struct Account {
    /// Its number.
    pub account: AccountId,
    /// The index of the trader that acts for it.
    pub trader: usize,
    /// Its tier at the start.
    pub tier: u8,
    /// What it gets of each quote asset at the start, in minor units.
    pub quote: u64,
    /// What it gets of each base asset at the start, in lots of the asset's first instrument.
    pub base_lots: u64,
}

/// Tiers, instruments and accounts.
#[derive(Debug, Clone)]
pub struct Market {
    /// The tiers, by index.
    pub tiers: Vec<AccountTier>,
    /// The instruments, by number.
    pub instruments: Vec<InstrumentSpec>,
    /// The accounts, by number.
    pub accounts: Vec<Account>,
    /// How many assets the instruments name.
    pub assets: u32,
}

impl Market {
    /// The venue of a run.
    #[must_use]
    pub fn new(random: &mut Random, traders: usize) -> Self {
        let tiers = (0..random.range(1, 3)).map(|_| tier(random)).collect::<Vec<_>>();
        let mut instruments: Vec<InstrumentSpec> = Vec::new();
        let mut assets = 0;
        for number in 0..random.magnitude(1, 4) as u32 {
            let (base, quote) = match instruments.first() {
                None => (0, 1),
                // Most instruments share the quote asset; some share a base asset, or trade one base against another.
                Some(_) if random.permille(700) => (assets, 1),
                Some(first) => (assets, first.base.0),
            };
            assets = assets.max(base + 1).max(quote + 1);
            instruments.push(instrument(random, number, AssetId(base), AssetId(quote)));
        }
        let rich = random.permille(700);
        let accounts = (0..random.range(traders as u64, traders as u64 + 8))
            .map(|number| Account {
                account: AccountId(number as u32),
                trader: number as usize % traders,
                tier: random.index(tiers.len()) as u8,
                quote: if rich { 1 << 44 } else { random.magnitude(1 << 16, 1 << 40) },
                base_lots: if rich { 1_000_000 } else { random.magnitude(1, 100_000) },
            })
            .collect();
        Self { tiers, instruments, accounts, assets }
    }

    /// The accounts of a trader.
    pub fn accounts_of(&self, trader: usize) -> impl Iterator<Item = AccountId> + '_ {
        self.accounts.iter().filter(move |account| account.trader == trader).map(|account| account.account)
    }
}

/// What accounts of some tier may do.
pub(super) fn tier(random: &mut Random) -> AccountTier {
    let generous = random.permille(700);
    AccountTier {
        open_orders_max: if generous { 10_000 } else { random.magnitude(1, 200) as u32 },
        order_notional_max: if generous { 1 << 50 } else { random.magnitude(1_000, 1 << 40) },
        balance_max: if generous { 1 << 60 } else { random.magnitude(1 << 30, 1 << 60) },
        fee_discount: random.below(1_000_001) as u32,
    }
}

/// An instrument whose numbers fit together.
pub(super) fn instrument(random: &mut Random, number: u32, base: AssetId, quote: AssetId) -> InstrumentSpec {
    let base_decimals = random.below(9) as u8;
    let one = 10_u64.pow(u32::from(base_decimals));
    let lot = 10_u64.pow(random.below(u64::from(base_decimals) + 1) as u32);
    // One lot at one tick is then `steps` minor units of the quote asset.
    let steps = random.magnitude(1, 1_000);
    let tick = steps * (one / lot);
    let max_lots = random.magnitude(10, 100_000);
    let reference_ticks = random.magnitude(50, 100_000);
    InstrumentSpec {
        instrument: InstrumentId(number),
        symbol: Symbol::new(&format!("I{number}-A{}", base.0))
            .expect("two numbers of a few digits and what is allowed between them"),
        base,
        quote,
        base_decimals,
        tick: Price(tick),
        lot: Quantity(lot),
        min_quantity: Quantity(lot * if random.permille(800) { 1 } else { 2 }),
        max_quantity: Quantity(lot * max_lots),
        position_limit: if random.permille(800) {
            Quantity(0)
        } else {
            Quantity(lot * random.magnitude(1_000, 2_000_000))
        },
        maker_fee: FeeRate(random.below(2_000) as u32),
        taker_fee: FeeRate(random.below(5_000) as u32),
        price_band: if random.permille(600) { 0 } else { random.magnitude(10_000, 2_000_000) as u32 },
        reference_price: Price(tick * reference_ticks),
    }
}

#[cfg(test)]
mod tests {
    use super::Market;
    use crate::random::Random;
    use exchange_types::Instrument;

    #[test]
    fn every_instrument_can_be_listed_and_every_trader_has_an_account() {
        for seed in 0..500 {
            let market = Market::new(&mut Random::new(seed), 5);
            for spec in &market.instruments {
                assert!(Instrument::new(spec.clone()).is_ok(), "seed {seed}: {spec:?}");
            }
            assert!((0..5).all(|trader| market.accounts_of(trader).next().is_some()));
        }
    }
}
