//! The limits as the environment says them.

use std::time::Duration;

use exchange_service::config::{Environment, Parse};

use super::gcra::Quota;
use super::proxies::Proxies;
use super::shared::RedisUrl;

/// What a request is, to its limits. The order is that of the tables inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// Markets, depth, trades, candles; documents and the page.
    MarketData,
    /// Balances, orders and trades of an account.
    Account,
    /// New and replaced orders.
    Orders,
    /// Cancels, single and of all orders.
    Cancels,
    /// Withdrawals.
    Withdrawals,
    /// What else the operator does.
    Admin,
}

impl Class {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::MarketData, Self::Account, Self::Orders, Self::Cancels, Self::Withdrawals, Self::Admin];

    /// Its name in answers and metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::MarketData => "market-data",
            Self::Account => "account",
            Self::Orders => "orders",
            Self::Cancels => "cancels",
            Self::Withdrawals => "withdrawals",
            Self::Admin => "admin",
        }
    }

    fn variables(self) -> [&'static str; 2] {
        match self {
            Self::MarketData => ["RATE_MARKET_DATA", "RATE_MARKET_DATA_BURST"],
            Self::Account => ["RATE_ACCOUNT", "RATE_ACCOUNT_BURST"],
            Self::Orders => ["RATE_ORDERS", "RATE_ORDERS_BURST"],
            Self::Cancels => ["RATE_CANCELS", "RATE_CANCELS_BURST"],
            Self::Withdrawals => ["RATE_WITHDRAWALS", "RATE_WITHDRAWALS_BURST"],
            Self::Admin => ["RATE_ADMIN", "RATE_ADMIN_BURST"],
        }
    }

    fn default_rate(self) -> &'static str {
        match self {
            Self::MarketData => "100/m",
            Self::Account => "60/m",
            Self::Orders => "20/s",
            Self::Cancels => "50/s",
            Self::Withdrawals => "10/h",
            Self::Admin => "20/s",
        }
    }
}

/// The fastest rate and the largest burst, in tokens: beyond them a limit limits nothing.
const TOKENS_MAX: u32 = 10_000_000;

/// A rate: `20/s`, `100/m`, `10/h`, `5/d`, or `off`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rate {
    /// No limit.
    Off,
    /// So many in so much time.
    Per {
        /// Requests; never zero.
        tokens: u32,
        /// Nanoseconds; never zero.
        period_ns: u64,
    },
}

impl Parse for Rate {
    fn parse(text: &str) -> Result<Self, String> {
        let expected = || format!("`off` or a rate such as `20/s`, `100/m`, `10/h`, at most {TOKENS_MAX}");
        if text == "off" {
            return Ok(Self::Off);
        }
        let (tokens, unit) = text.split_once('/').ok_or_else(expected)?;
        let seconds = match unit {
            "s" => 1,
            "m" | "min" => 60,
            "h" => 3_600,
            "d" => 86_400,
            _ => return Err(expected()),
        };
        let tokens = tokens.parse().ok().filter(|tokens| (1..=TOKENS_MAX).contains(tokens));
        Ok(Self::Per { tokens: tokens.ok_or_else(expected)?, period_ns: seconds * 1_000_000_000 })
    }
}

/// A whole number that is not zero.
struct Burst(u32);

impl Parse for Burst {
    fn parse(text: &str) -> Result<Self, String> {
        let burst = text.parse().ok().filter(|burst| (1..=TOKENS_MAX).contains(burst));
        burst.map(Self).ok_or_else(|| format!("a whole number from 1 to {TOKENS_MAX}"))
    }
}

/// By how much each tier multiplies: `standard:1,maker:10`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tiers(Vec<(String, u32)>);

/// The largest factor of a tier, in thousandths.
const PERMILLE_MAX: u32 = 1_000_000;

/// The most tiers: each has its row in the tables of limits.
const TIERS_MAX: usize = 64;

impl Parse for Tiers {
    fn parse(text: &str) -> Result<Self, String> {
        let expected = || {
            format!(
                "up to {TIERS_MAX} pairs such as `standard:1,maker:10`, each name once, factors from 0.001 to 1000"
            )
        };
        let mut tiers: Vec<(String, u32)> = Vec::new();
        for pair in text.split(',') {
            let (name, factor) = pair.trim().split_once(':').ok_or_else(expected)?;
            let permille = exchange_service::markets::parse_decimal(factor, 3).ok();
            let permille = permille.and_then(|permille| u32::try_from(permille).ok());
            let permille = permille.filter(|permille| (1..=PERMILLE_MAX).contains(permille));
            if name.is_empty() || tiers.iter().any(|(other, _)| other == name) {
                return Err(expected());
            }
            tiers.push((name.to_owned(), permille.ok_or_else(expected)?));
        }
        if tiers.len() > TIERS_MAX { Err(expected()) } else { Ok(Self(tiers)) }
    }
}

/// What the environment says about limits.
#[derive(Debug, Clone)]
pub struct Settings {
    /// By tier (the first: whoever has none), then by class; `None`: no limit.
    quotas: Vec<[Option<Quota>; Class::ALL.len()]>,
    /// Names of the tiers behind the first.
    names: Vec<String>,
    /// Of each address, over everything.
    pub(super) address: Option<Quota>,
    /// The most buckets of accounts, and of addresses.
    pub(super) buckets_max: usize,
    /// Whose word on addresses is believed.
    pub(super) proxies: Proxies,
    /// Where limits are shared.
    pub(super) redis: Option<RedisUrl>,
    /// How long what was taken here stays untold, at most.
    pub(super) share_interval: Duration,
}

/// A tier of the limits, by number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tier(pub(super) usize);

impl Settings {
    /// Reads all variables.
    #[must_use]
    pub fn read(environment: &mut Environment) -> Self {
        let rates = Class::ALL.map(|class| {
            let [rate, burst] = class.variables();
            rate_and_burst(environment, rate, class.default_rate(), burst)
        });
        let address = rate_and_burst(environment, "RATE_IP", "200/s", "RATE_IP_BURST");
        let tiers: Tiers = environment.or(
            "RATE_TIERS",
            "standard:1",
            "by how much each tier of accounts multiplies rates and bursts; `standard`, or 1, where an account's tier is not named",
        );
        let standard = tiers.0.iter().find(|(name, _)| name == "standard").map_or(1_000, |tier| tier.1);
        let factors = std::iter::once(standard).chain(tiers.0.iter().map(|(_, permille)| *permille));
        Self {
            quotas: factors.map(|permille| rates.map(|rate| quota(rate, permille))).collect(),
            names: tiers.0.into_iter().map(|(name, _)| name).collect(),
            address: quota(address, 1_000),
            buckets_max: environment.or(
                "RATE_BUCKETS_MAX",
                "100000",
                "buckets kept of accounts, and as many of addresses, about 150 bytes each; at the ceiling the fullest is forgotten",
            ),
            proxies: environment.or(
                "TRUSTED_PROXIES",
                "none",
                "networks whose `X-Forwarded-For` is believed, such as `10.0.0.0/8,fd00::/8`",
            ),
            redis: RedisUrl::read(environment),
            share_interval: environment.some(
                "RATE_SHARE_INTERVAL",
                "50ms",
                "how long a gateway keeps what was taken from a shared bucket to itself, at most",
            ),
        }
    }

    /// The tier with this name; where it has no factor, the first.
    #[must_use]
    pub fn tier(&self, name: &str) -> Tier {
        Tier(self.names.iter().position(|other| other == name).map_or(0, |at| at + 1))
    }

    /// The quota of a class in a tier.
    pub(super) fn quota(&self, tier: Tier, class: Class) -> Option<Quota> {
        self.quotas.get(tier.0).or(self.quotas.first())?[class as usize]
    }
}

fn rate_and_burst(
    environment: &mut Environment,
    rate: &'static str,
    default: &str,
    burst: &'static str,
) -> (Rate, u32) {
    let rate = environment.or(rate, default, "requests in a second, minute or hour; `off`: no limit");
    let burst: Option<Burst> =
        environment.optional(burst, "requests at once after a pause; unset: twice the number of the rate");
    let twice = match rate {
        Rate::Off => 1,
        Rate::Per { tokens, .. } => tokens * 2,
    };
    (rate, burst.map_or(twice, |burst| burst.0))
}

fn quota((rate, burst): (Rate, u32), permille: u32) -> Option<Quota> {
    match rate {
        Rate::Off => None,
        Rate::Per { tokens, period_ns } => Some(Quota::new(tokens, period_ns, burst, permille)),
    }
}

#[cfg(test)]
mod tests {
    use exchange_service::config::Environment;

    use super::{Class, Settings, Tier};
    use crate::limits::gcra::Quota;

    const SECOND: u64 = 1_000_000_000;

    fn read(variables: &[(&str, &str)]) -> (Settings, Vec<&'static str>) {
        let pairs = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let mut environment = Environment::new(pairs);
        let settings = Settings::read(&mut environment);
        let errors = environment.finish().err().map_or_else(Vec::new, |errors| errors.0);
        (settings, errors.into_iter().map(|error| error.variable).collect())
    }

    #[test]
    fn the_defaults_are_the_documented_ones_with_twice_the_rate_at_once() {
        let (settings, errors) = read(&[]);
        assert_eq!(errors, [""; 0]);
        let expected =
            [(100, 60, 200), (60, 60, 120), (20, 1, 40), (50, 1, 100), (10, 3_600, 20), (20, 1, 40)];
        for (class, (tokens, seconds, burst)) in Class::ALL.into_iter().zip(expected) {
            let quota = Quota::new(tokens, seconds * SECOND, burst, 1_000);
            assert_eq!(settings.quota(Tier::default(), class), Some(quota), "{}", class.name());
        }
    }

    #[test]
    fn rates_bursts_and_tiers_are_set_by_variables() {
        let (settings, errors) = read(&[
            ("RATE_ORDERS", "1000/s"),
            ("RATE_ORDERS_BURST", "50"),
            ("RATE_CANCELS", "off"),
            ("RATE_TIERS", "standard:2,maker:10,slow:0.5"),
        ]);
        assert_eq!(errors, [""; 0]);
        let orders = |permille| Some(Quota::new(1_000, SECOND, 50, permille));
        assert_eq!(settings.quota(settings.tier("maker"), Class::Orders), orders(10_000));
        assert_eq!(settings.quota(settings.tier("slow"), Class::Orders), orders(500));
        assert_eq!(settings.quota(settings.tier("nobody"), Class::Orders), orders(2_000));
        assert_eq!(settings.quota(settings.tier("maker"), Class::Cancels), None);
    }

    #[test]
    fn every_variable_that_is_wrong_is_named() {
        let wrong = [
            ("RATE_MARKET_DATA", "100"),
            ("RATE_ACCOUNT", "0/s"),
            ("RATE_ORDERS", "1.5/s"),
            ("RATE_CANCELS", "5/y"),
            ("RATE_WITHDRAWALS", "-1/h"),
            ("RATE_WITHDRAWALS_BURST", "0"),
            ("RATE_IP", "off/s"),
            ("RATE_TIERS", "a:1,a:2"),
            ("TRUSTED_PROXIES", "10.0.0.0/33"),
            ("REDIS_URL", "http://cache"),
        ];
        let names: Vec<&str> = wrong.iter().map(|(name, _)| *name).collect();
        assert_eq!(read(&wrong).1, names);
        for tiers in ["maker", "maker:", ":1", "maker:0", "maker:1001", "maker:0.0001", ""] {
            let expected: &[&str] = if tiers.is_empty() { &[] } else { &["RATE_TIERS"] };
            assert_eq!(read(&[("RATE_TIERS", tiers)]).1, expected, "{tiers}");
        }
    }
}
