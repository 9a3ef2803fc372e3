//! What a run found: latencies, throughput, errors by what they were.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde_json::{Value, json};

/// The longest latency that is told apart, in nanoseconds; longer ones count as this.
const LONGEST_NS: u64 = 120_000_000_000;

/// What was found.
#[derive(Debug, Clone)]
pub struct Findings {
    /// From the intended beginning of a request to its answer, in nanoseconds; only of answers that were a success.
    latency: Histogram<u64>,
    /// From the intended beginning of an order to its private update on the stream.
    updates: Histogram<u64>,
    /// Requests whose latency counts, successes and errors.
    pub requests: u64,
    /// Requests that were sent, those that do not count included.
    pub sent: u64,
    /// How often each error came: a status with the code of its problem, or what happened to the connection.
    pub errors: BTreeMap<String, u64>,
    /// What the requests that succeeded were.
    pub kinds: BTreeMap<&'static str, u64>,
    /// The time in which the requests that count were sent and answered.
    pub time: Duration,
}

impl Default for Findings {
    fn default() -> Self {
        Self {
            latency: histogram(),
            updates: histogram(),
            requests: 0,
            sent: 0,
            errors: BTreeMap::new(),
            kinds: BTreeMap::new(),
            time: Duration::ZERO,
        }
    }
}

fn histogram() -> Histogram<u64> {
    // Both bounds and the three digits are ones that the crate takes: this cannot fail.
    Histogram::new_with_bounds(1_000, LONGEST_NS, 3).expect("the bounds of latencies are valid")
}

/// Quantiles of a latency, in microseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Quantiles {
    /// Half of them take at most this.
    pub p50_us: f64,
    /// Nine of ten.
    pub p90_us: f64,
    /// 99 of a hundred.
    pub p99_us: f64,
    /// 999 of a thousand.
    pub p999_us: f64,
    /// All of them.
    pub max_us: f64,
}

impl Findings {
    /// A request that succeeded.
    pub(crate) fn success(&mut self, kind: &'static str, latency: Duration) {
        self.requests += 1;
        *self.kinds.entry(kind).or_default() += 1;
        self.latency.saturating_record(nanoseconds(latency));
    }

    /// A request that did not.
    pub(crate) fn error(&mut self, what: String) {
        self.requests += 1;
        *self.errors.entry(what).or_default() += 1;
    }

    /// An update on the stream of an order that was sent.
    pub(crate) fn update(&mut self, latency: Duration) {
        self.updates.saturating_record(nanoseconds(latency));
    }

    /// How many requests succeeded.
    #[must_use]
    pub fn successes(&self) -> u64 {
        self.latency.len()
    }

    /// How many did not.
    #[must_use]
    pub fn failures(&self) -> u64 {
        self.errors.values().sum()
    }

    /// Successes per second.
    #[must_use]
    pub fn per_second(&self) -> f64 {
        self.successes() as f64 / self.time.as_secs_f64().max(1e-9)
    }

    /// Latencies of what succeeded.
    #[must_use]
    pub fn latency(&self) -> Quantiles {
        Quantiles::of(&self.latency)
    }

    /// Everything, for programs.
    #[must_use]
    pub fn json(&self) -> Value {
        let mut value = json!({
            "seconds": self.time.as_secs_f64(),
            "requests": self.requests,
            "successes": self.successes(),
            "per_second": self.per_second(),
            "latency_us": self.latency().json(),
            "kinds": self.kinds,
            "errors": self.errors,
        });
        if !self.updates.is_empty() {
            value["update_latency_us"] = Quantiles::of(&self.updates).json();
            value["updates"] = self.updates.len().into();
        }
        value
    }
}

fn nanoseconds(latency: Duration) -> u64 {
    u64::try_from(latency.as_nanos()).unwrap_or(LONGEST_NS)
}

impl Quantiles {
    fn of(histogram: &Histogram<u64>) -> Self {
        let at = |quantile: f64| histogram.value_at_quantile(quantile) as f64 / 1e3;
        Self {
            p50_us: at(0.5),
            p90_us: at(0.9),
            p99_us: at(0.99),
            p999_us: at(0.999),
            max_us: histogram.max() as f64 / 1e3,
        }
    }

    fn json(self) -> Value {
        json!({
            "p50": self.p50_us, "p90": self.p90_us, "p99": self.p99_us, "p99_9": self.p999_us, "max": self.max_us,
        })
    }
}

impl fmt::Display for Quantiles {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { p50_us, p90_us, p99_us, p999_us, max_us } = self;
        write!(
            formatter,
            "p50_us={p50_us:.0} p90_us={p90_us:.0} p99_us={p99_us:.0} p99_9_us={p999_us:.0} max_us={max_us:.0}"
        )
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            formatter,
            "seconds={:.1} requests={} successes={} per_s={:.0} {}",
            self.time.as_secs_f64(),
            self.requests,
            self.successes(),
            self.per_second(),
            self.latency(),
        )?;
        if !self.updates.is_empty() {
            writeln!(formatter, "updates={} {}", self.updates.len(), Quantiles::of(&self.updates))?;
        }
        for (kind, count) in &self.kinds {
            writeln!(formatter, "  {kind}: {count}")?;
        }
        for (error, count) in &self.errors {
            writeln!(formatter, "  error {error}: {count}")?;
        }
        Ok(())
    }
}
