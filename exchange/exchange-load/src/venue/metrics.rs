//! Histograms of a service, read from its `/metrics`.

use std::net::SocketAddr;

use anyhow::{Context, Result, ensure};

use super::process::get;

/// A histogram of seconds at some moment: how many observations there were up to each bound, in ascending order of bounds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Buckets {
    /// Bound in seconds, and how many were at or below it. The last bound is infinite.
    pub cumulative: Vec<(f64, u64)>,
}

impl Buckets {
    /// Reads one histogram of a service.
    ///
    /// # Errors
    /// When the service does not answer, or has no histogram of this name.
    pub fn read(address: SocketAddr, name: &str) -> Result<Self> {
        let (status, text) = get(address, "/metrics")?;
        ensure!(status == 200, "/metrics answered {status}");
        Self::parse(&text, name)
    }

    fn parse(text: &str, name: &str) -> Result<Self> {
        let prefix = format!("{name}_bucket{{");
        let mut cumulative = Vec::new();
        for line in text.lines() {
            let Some(rest) = line.strip_prefix(&prefix) else { continue };
            let bound = rest.split("le=\"").nth(1).and_then(|rest| rest.split('"').next());
            let bound = match bound.context("a bucket has no bound")? {
                "+Inf" => f64::INFINITY,
                number => number.parse().with_context(|| format!("found the bound `{number}`"))?,
            };
            let count = rest.rsplit("} ").next().and_then(|rest| rest.split(' ').next());
            let count = count.context("a bucket has no count")?.parse().context("a count is no number")?;
            cumulative.push((bound, count));
        }
        ensure!(!cumulative.is_empty(), "there is no histogram `{name}`");
        Ok(Self { cumulative })
    }

    /// What came between an earlier moment and this one.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let before = |bound: f64| {
            earlier.cumulative.iter().find(|bucket| bucket.0 == bound).map_or(0, |(_, count)| *count)
        };
        let cumulative = self.cumulative.iter();
        Self { cumulative: cumulative.map(|(bound, count)| (*bound, count - before(*bound))).collect() }
    }

    /// How many observations there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.cumulative.last().map_or(0, |(_, count)| *count)
    }

    /// The smallest bound that this share of the observations does not exceed, in seconds.
    #[must_use]
    pub fn quantile_at_most(&self, share: f64) -> f64 {
        let wanted = (self.count() as f64 * share).ceil() as u64;
        let found = self.cumulative.iter().find(|(_, count)| *count >= wanted);
        found.map_or(f64::INFINITY, |(bound, _)| *bound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# TYPE exchange_a_seconds histogram\n\
        exchange_a_seconds_sum{service=\"x\"} 1.0\n\
        exchange_a_seconds_bucket{le=\"0.0001\",service=\"x\"} 90\n\
        exchange_a_seconds_bucket{le=\"0.0005\",service=\"x\"} 99\n\
        exchange_a_seconds_bucket{le=\"+Inf\",service=\"x\"} 100\n\
        # EOF\n";

    #[test]
    fn a_quantile_is_the_bound_that_holds_it() {
        let buckets = Buckets::parse(TEXT, "exchange_a_seconds").unwrap();
        assert_eq!(buckets.count(), 100);
        assert_eq!(buckets.quantile_at_most(0.5), 0.0001);
        assert_eq!(buckets.quantile_at_most(0.99), 0.0005);
        assert_eq!(buckets.quantile_at_most(0.995), f64::INFINITY);
        assert_eq!(buckets.since(&buckets).count(), 0);
        assert!(Buckets::parse(TEXT, "exchange_b_seconds").is_err());
    }
}
