//! The service: what it reads from the environment, and what runs in it.

use std::net::SocketAddr;

use exchange_service::config::Environment;
use exchange_service::http::{self, Limits};
use exchange_service::net::{Address, Client};
use exchange_service::service::{Frame, Service, ServiceError};
use tokio::net::TcpListener;

use crate::metrics::MatchingMetrics;
use crate::publish::Publisher;
use crate::routes::{Serving, routes};
use crate::task::Task;

/// The parts whose health is reported: the log's owner, the risk engine, whether the books are what they should be, and whether
/// outcomes wait for the disk.
pub(crate) const PERSISTENCE: &str = "persistence";
/// See [`PERSISTENCE`].
pub(crate) const RISK: &str = "risk-engine";
/// See [`PERSISTENCE`].
pub(crate) const BOOKS: &str = "books";
/// See [`PERSISTENCE`].
pub(crate) const LAG: &str = "lag";

/// The service.
#[derive(Debug)]
pub struct MatchingEngine;

/// What it reads from the environment.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Where the log is.
    pub persistence: Address,
    /// Where the steps come from.
    pub risk: Address,
    /// How many bytes of outcomes are kept for those who resume, and how many may wait to be durable.
    pub ring_bytes: usize,
}

/// The smallest ring that makes sense, in bytes: some batches of outcomes.
const RING_BYTES_MIN: usize = 64 * 1024;

impl Service for MatchingEngine {
    const NAME: &'static str = "matching-engine";
    const PARTS: &'static [&'static str] = &[PERSISTENCE, RISK, BOOKS, LAG];
    type Settings = Settings;

    fn settings(environment: &mut Environment) -> Settings {
        let meaning = "how many bytes of its stream a service keeps in memory for those who resume";
        let ring_bytes: usize = environment.or("RING_BYTES", "16777216", meaning);
        if ring_bytes < RING_BYTES_MIN {
            environment
                .report("RING_BYTES", format!("found `{ring_bytes}`, expected at least {RING_BYTES_MIN}"));
        }
        Settings {
            listen: environment.listen("MATCHING_ENGINE_LISTEN", "127.0.0.1:8081"),
            persistence: environment.persistence(),
            risk: environment.risk_engine(),
            ring_bytes,
        }
    }

    fn listen(settings: &Settings) -> SocketAddr {
        settings.listen
    }

    async fn run(settings: Settings, listener: TcpListener, frame: Frame) -> Result<(), ServiceError> {
        let Frame { stop, health, metrics } = frame;
        let serving = Serving::default();
        let answers = routes(serving.clone()).merge(http::common_routes(health.clone(), metrics.clone()));
        let task = Task {
            client: Client::new(),
            persistence: settings.persistence,
            risk: settings.risk,
            held_bytes_max: settings.ring_bytes,
            health,
            metrics: MatchingMetrics::new(&metrics),
            publisher: Publisher::new(settings.ring_bytes, serving),
        };
        let work = async {
            tokio::select! {
                biased; // whoever is told to stop does nothing more
                () = stop.stopped() => {}
                () = task.run() => {}
            }
        };
        // The books end first, and with them the streams of outcomes: what was published is read to its end.
        tokio::join!(work, http::serve(listener, answers, Limits::default(), stop.clone()));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Settings, String> {
        let texts = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let mut environment = Environment::new(texts);
        let settings = MatchingEngine::settings(&mut environment);
        environment.finish().map(|()| settings).map_err(|errors| errors.to_string())
    }

    #[test]
    fn an_empty_environment_is_that_of_one_machine() {
        let settings = read(&[]).unwrap();
        assert_eq!(settings.listen.to_string(), "127.0.0.1:8081");
        assert_eq!(settings.persistence.to_string(), "http://127.0.0.1:8084");
        assert_eq!(settings.risk.to_string(), "http://127.0.0.1:8083");
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        let wrong =
            [("RING_BYTES", "100"), ("RISK_ENGINE_URL", "nowhere"), ("MATCHING_ENGINE_LISTEN", "8081")];
        let errors = read(&wrong).unwrap_err();
        assert!(
            wrong.iter().all(|(name, value)| errors.contains(name) && errors.contains(value)),
            "{errors}"
        );
    }
}
