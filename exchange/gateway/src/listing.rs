//! What the markets file says, and what the venue has listed.
//!
//! Not responsible for changing anything that is listed: there is no command for it. A newcomer needs to know one thing: on an
//! empty venue the gateway lists what the file says, tier by tier and instrument by instrument; where the venue has more than the
//! file or something else, the gateway would read prices wrongly, so it says so in its health instead.

use std::sync::Arc;
use std::time::Duration;

use exchange_service::health::Health;
use exchange_service::markets::Markets;
use exchange_types::{AccountTier, Command, Event, RejectReason};
use serde::Deserialize;

use crate::api::App;
use crate::upstream::Target;

/// The part of the gateway's health that says whether the markets file is that of the venue.
pub(crate) const MARKETS_PART: &str = "markets";

/// How long to wait before the next try.
const TRY_AGAIN: Duration = Duration::from_millis(500);

/// How often it is looked again whether file and venue agree.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

/// What the venue has.
#[derive(Debug, Deserialize)]
struct Listed {
    tiers: Vec<ListedTier>,
    instruments: Vec<ListedInstrument>,
}

#[derive(Debug, Deserialize)]
struct ListedTier {
    open_orders_max: u32,
    fee_discount_ppm: u32,
    order_notional_max: u64,
    balance_max: u64,
}

#[derive(Debug, Deserialize)]
struct ListedInstrument {
    symbol: String,
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
}

/// What is to be done next.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    /// File and venue agree.
    Nothing,
    /// The venue lacks something.
    Submit(Command),
    /// They contradict one another.
    Contradiction(String),
}

/// Lists what is missing, and watches over it, for ever.
pub(crate) async fn keep_listed(app: Arc<App>, health: Health) {
    loop {
        let pause = match look(&app).await {
            Ok(Next::Nothing) => {
                health.healthy(MARKETS_PART);
                LOOK_AGAIN
            }
            Ok(Next::Contradiction(reason)) => {
                health.unhealthy(MARKETS_PART, reason);
                LOOK_AGAIN
            }
            Ok(Next::Submit(command)) => match list(&app, &command).await {
                Ok(()) => continue,
                Err(reason) => {
                    health.degraded(MARKETS_PART, reason);
                    TRY_AGAIN
                }
            },
            Err(reason) => {
                health.degraded(MARKETS_PART, reason);
                TRY_AGAIN
            }
        };
        tokio::time::sleep(pause).await;
    }
}

async fn look(app: &App) -> Result<Next, String> {
    let path = format!("/internal/venue?at_least={}", app.venue.position());
    let listed: Listed =
        app.upstreams.look(Target::RiskEngine, &path).await.map_err(|error| error.to_string())?;
    Ok(compare(&app.markets, &listed))
}

/// Submits a definition. That another gateway was faster is no failure: the next look shows it.
async fn list(app: &App, command: &Command) -> Result<(), String> {
    let outcome = app.venue.submit(command, None).await.map_err(|error| error.to_string())?;
    let rejected = outcome.events.iter().find_map(|event| match event {
        Event::Rejected { reason, .. } if *reason != RejectReason::OutOfOrder => Some(*reason),
        _ => None,
    });
    match rejected {
        None => {
            tracing::info!(sequence = %outcome.sequence, "listed something of the markets file");
            Ok(())
        }
        Some(reason) => Err(format!("a definition of the markets file was rejected: {}", reason.name())),
    }
}

fn compare(markets: &Markets, listed: &Listed) -> Next {
    for (at, tier) in listed.tiers.iter().enumerate() {
        match markets.tiers.get(at) {
            Some(expected) if expected.limits == tier.limits() => {}
            Some(expected) => {
                return Next::Contradiction(format!("tier {at} `{}` is another at the venue", expected.name));
            }
            None => return Next::Contradiction(format!("the venue has a tier {at} that the file lacks")),
        }
    }
    for (at, instrument) in listed.instruments.iter().enumerate() {
        match markets.markets.get(at) {
            Some(expected) if instrument.is(expected.instrument.spec()) => {}
            Some(expected) => {
                let symbol = expected.instrument.spec().symbol;
                return Next::Contradiction(format!("instrument {at} `{symbol}` is another at the venue"));
            }
            None => {
                let symbol = &instrument.symbol;
                return Next::Contradiction(format!("the venue has a market `{symbol}` that the file lacks"));
            }
        }
    }
    let missing_tier = listed.tiers.len();
    if let (Some(tier), Ok(number)) = (markets.tiers.get(missing_tier), u8::try_from(missing_tier)) {
        return Next::Submit(Command::DefineTier { tier: number, limits: tier.limits });
    }
    match markets.markets.get(listed.instruments.len()) {
        Some(market) => Next::Submit(Command::ListInstrument(Box::new(market.instrument.spec().clone()))),
        None => Next::Nothing,
    }
}

impl ListedTier {
    const fn limits(&self) -> AccountTier {
        AccountTier {
            open_orders_max: self.open_orders_max,
            order_notional_max: self.order_notional_max,
            balance_max: self.balance_max,
            fee_discount: self.fee_discount_ppm,
        }
    }
}

impl ListedInstrument {
    fn is(&self, spec: &exchange_types::InstrumentSpec) -> bool {
        self.symbol == spec.symbol.as_str()
            && (self.base, self.quote, self.base_decimals) == (spec.base.0, spec.quote.0, spec.base_decimals)
            && (self.tick, self.lot) == (spec.tick.0, spec.lot.0)
            && (self.min_quantity, self.max_quantity) == (spec.min_quantity.0, spec.max_quantity.0)
            && self.position_limit == spec.position_limit.0
            && (self.maker_fee_ppm, self.taker_fee_ppm) == (spec.maker_fee.0, spec.taker_fee.0)
            && (self.price_band_ppm, self.reference_price) == (spec.price_band, spec.reference_price.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(markets: &Markets, tiers: usize, instruments: usize) -> Listed {
        let tiers = markets.tiers[..tiers].iter().map(|tier| ListedTier {
            open_orders_max: tier.limits.open_orders_max,
            fee_discount_ppm: tier.limits.fee_discount,
            order_notional_max: tier.limits.order_notional_max,
            balance_max: tier.limits.balance_max,
        });
        let instruments = markets.markets[..instruments].iter().map(|market| {
            let spec = market.instrument.spec();
            ListedInstrument {
                symbol: spec.symbol.to_string(),
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
            }
        });
        Listed { tiers: tiers.collect(), instruments: instruments.collect() }
    }

    #[test]
    fn an_empty_venue_is_listed_tiers_first() {
        let markets = Markets::embedded();
        let all = (markets.tiers.len(), markets.markets.len());
        for tiers in 0..all.0 {
            let next = compare(&markets, &listed(&markets, tiers, 0));
            assert!(
                matches!(next, Next::Submit(Command::DefineTier { tier, .. }) if usize::from(tier) == tiers)
            );
        }
        for instruments in 0..all.1 {
            let next = compare(&markets, &listed(&markets, all.0, instruments));
            assert!(matches!(next, Next::Submit(Command::ListInstrument(_))));
        }
        assert_eq!(compare(&markets, &listed(&markets, all.0, all.1)), Next::Nothing);
    }

    #[test]
    fn a_contradiction_is_said_and_nothing_is_listed() {
        let markets = Markets::embedded();
        let all = (markets.tiers.len(), markets.markets.len());
        let mut other = listed(&markets, all.0, 1);
        other.instruments[0].tick += 1;
        assert!(
            matches!(compare(&markets, &other), Next::Contradiction(reason) if reason.contains("BTC-USD"))
        );
        let mut other = listed(&markets, 1, 0);
        other.tiers[0].open_orders_max += 1;
        assert!(matches!(compare(&markets, &other), Next::Contradiction(_)));
        let mut shorter = markets.clone();
        shorter.markets.pop();
        assert!(matches!(compare(&shorter, &listed(&markets, all.0, all.1)), Next::Contradiction(_)));
    }
}
