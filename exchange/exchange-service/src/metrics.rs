//! What a service counts and measures, for Prometheus.
//!
//! Not responsible for what is counted. A newcomer needs to know one thing: histograms of times have buckets around the promises
//! (matching 500 us, gateway 100 ms), so that a promise can be read off without interpolation.

mod process;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use prometheus_client::encoding::text::{encode_eof, encode_registry};
pub use prometheus_client::metrics::counter::Counter;
pub use prometheus_client::metrics::family::Family;
pub use prometheus_client::metrics::gauge::Gauge;
pub use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Metric, Registry};

use process::Process;

/// Buckets in seconds for what takes microseconds: the promise of matching, 500 us, is one of them.
pub const FAST: [f64; 12] =
    [5e-6, 10e-6, 25e-6, 50e-6, 100e-6, 200e-6, 300e-6, 400e-6, 500e-6, 1e-3, 5e-3, 25e-3];

/// Buckets in seconds for what takes milliseconds: the promise of the gateway, 100 ms, is one of them.
pub const SLOW: [f64; 12] =
    [250e-6, 500e-6, 1e-3, 2.5e-3, 5e-3, 10e-3, 25e-3, 50e-3, 75e-3, 100e-3, 250e-3, 1.0];

/// The registry of a service. Cloning gives another handle.
#[derive(Debug, Clone)]
pub struct Metrics {
    registry: Arc<Mutex<Registry>>,
    process: Arc<Process>,
}

impl Metrics {
    /// A registry whose metrics all carry the service's name as a label.
    #[must_use]
    pub fn new(service: &'static str) -> Self {
        let labels = std::iter::once(("service".into(), service.into()));
        let mut registry = Registry::with_prefix_and_labels("exchange", labels);
        let build = Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "What is running", build);
        Self { registry: Arc::new(Mutex::new(registry)), process: Arc::new(Process::new(service)) }
    }

    /// Registers a metric of any kind. Counters get the suffix `_total` by themselves.
    pub fn register<M: Metric + Clone>(&self, name: &str, help: &str, metric: M) -> M {
        let mut registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        registry.register(name, help, metric.clone());
        metric
    }

    /// A counter.
    #[must_use]
    pub fn counter(&self, name: &str, help: &str) -> Counter {
        self.register(name, help, Counter::default())
    }

    /// A gauge.
    #[must_use]
    pub fn gauge(&self, name: &str, help: &str) -> Gauge {
        self.register(name, help, Gauge::default())
    }

    /// A histogram of seconds with one of the two sets of buckets.
    #[must_use]
    pub fn histogram(&self, name: &str, help: &str, buckets: [f64; 12]) -> Histogram {
        self.register(name, help, Histogram::new(buckets))
    }

    /// Everything in the text format of OpenMetrics.
    #[must_use]
    pub fn exposition(&self) -> String {
        let mut text = String::new();
        let registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        let written = encode_registry(&mut text, &registry)
            .and_then(|()| encode_registry(&mut text, self.process.measure()))
            .and_then(|()| encode_eof(&mut text));
        match written {
            Ok(()) => text,
            // Only the writer can fail, and a String does not.
            Err(_) => String::new(),
        }
    }
}

/// Seconds, as Prometheus wants them.
#[must_use]
pub fn seconds(time: Duration) -> f64 {
    time.as_secs_f64()
}
