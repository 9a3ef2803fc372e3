//! What the process takes of the machine, under the names that every dashboard knows.
//!
//! Not responsible for threads: services that share a process report the same figures. A newcomer needs to know one thing: they are
//! read from `/proc` when somebody asks; where there is none, they stay at zero.

use std::sync::atomic::AtomicU64;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// Ticks in a second of the times in `/proc`, on every Linux that we build for.
const TICKS: f64 = 100.0;

#[derive(Debug)]
pub(super) struct Process {
    registry: Registry,
    resident: Gauge,
    descriptors: Gauge,
    threads: Gauge,
    processor: Counter<f64, AtomicU64>,
}

impl Process {
    pub(super) fn new(service: &'static str) -> Self {
        let labels = std::iter::once(("service".into(), service.into()));
        let mut registry = Registry::with_labels(labels);
        let process = registry.sub_registry_with_prefix("process");
        let (resident, descriptors, threads) = (Gauge::default(), Gauge::default(), Gauge::default());
        let processor: Counter<f64, AtomicU64> = Counter::default();
        let start: Gauge<f64, AtomicU64> = Gauge::default();
        start.set(start_time().unwrap_or(0.0));
        process.register("resident_memory_bytes", "Memory that is in use", resident.clone());
        process.register("open_fds", "Open file descriptors", descriptors.clone());
        process.register("threads", "Threads", threads.clone());
        process.register("cpu_seconds", "Processor time of all threads", processor.clone());
        process.register("start_time_seconds", "When the process began, since 1970", start);
        Self { registry, resident, descriptors, threads, processor }
    }

    /// Reads everything again.
    pub(super) fn measure(&self) -> &Registry {
        if let Ok(status) = std::fs::read_to_string("/proc/self/status") {
            let number = |name: &str| -> Option<i64> {
                status
                    .lines()
                    .find_map(|line| line.strip_prefix(name))?
                    .split_whitespace()
                    .next()?
                    .parse()
                    .ok()
            };
            self.resident.set(number("VmRSS:").unwrap_or(0) * 1024);
            self.threads.set(number("Threads:").unwrap_or(0));
        }
        if let Ok(entries) = std::fs::read_dir("/proc/self/fd") {
            // One of them is the listing's own.
            self.descriptors.set(i64::try_from(entries.count()).unwrap_or(i64::MAX) - 1);
        }
        if let (Some(user), Some(system)) = (stat(14), stat(15)) {
            // The system counts; this only catches up with it.
            self.processor.inc_by(((user + system) / TICKS - self.processor.get()).max(0.0));
        }
        &self.registry
    }
}

/// A field of `/proc/self/stat`, numbered from 1 as its manual does. The name of the program may hold spaces and brackets.
fn stat(field: usize) -> Option<f64> {
    let text = std::fs::read_to_string("/proc/self/stat").ok()?;
    let (_, behind) = text.rsplit_once(')')?;
    behind.split_whitespace().nth(field - 3)?.parse().ok()
}

fn start_time() -> Option<f64> {
    let machine = std::fs::read_to_string("/proc/stat").ok()?;
    let boot: f64 = machine.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()?;
    Some(boot + stat(22)? / TICKS)
}

#[cfg(test)]
mod tests {
    use crate::metrics::Metrics;

    fn value(text: &str, name: &str) -> f64 {
        let line =
            text.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{name} in {text}"));
        line.rsplit_once(' ').unwrap().1.parse().unwrap()
    }

    #[test]
    fn the_process_is_measured_when_somebody_asks() {
        let metrics = Metrics::new("gateway");
        let text = metrics.exposition();
        assert!(value(&text, "process_resident_memory_bytes{service=\"gateway\"}") > 1e6);
        assert!(value(&text, "process_open_fds{") >= 3.0);
        assert!(value(&text, "process_threads{") >= 1.0);
        assert!(value(&text, "process_start_time_seconds{") > 1.7e9);
        assert!(text.contains("exchange_build_info{service=\"gateway\",version=\""), "{text}");
        assert!(text.ends_with("# EOF\n"));
        assert_eq!(text.matches("# EOF").count(), 1);
        let before = value(&text, "process_cpu_seconds_total{");
        let mut work = 0_u64;
        while value(&metrics.exposition(), "process_cpu_seconds_total{") <= before {
            work = work.wrapping_add(1);
        }
    }
}
