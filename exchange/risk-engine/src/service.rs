//! The service: what it reads from the environment, and what runs in it.

use std::net::SocketAddr;

use exchange_service::config::Environment;
use exchange_service::http::{self, Limits};
use exchange_service::net::{Address, Client};
use exchange_service::service::{Frame, Service, ServiceError};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};

use crate::confirm::{Confirmed, follow_matching};
use crate::metrics::RiskMetrics;
use crate::query::QUERIES_MAX;
use crate::routes::{Serving, routes};
use crate::task::Task;

/// The parts whose health is reported: the log's owner, whether the end of the log is reached, and matching.
pub(crate) const PERSISTENCE: &str = "persistence";
/// See [`PERSISTENCE`].
pub(crate) const FOLD: &str = "fold";
/// See [`PERSISTENCE`].
pub(crate) const MATCHING: &str = "matching-engine";

/// The service.
#[derive(Debug)]
pub struct RiskEngine;

/// What it reads from the environment.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Where the log is.
    pub persistence: Address,
    /// Where the steps go.
    pub matching: Address,
    /// How many bytes of steps are kept for matching. Half of them is how far this service runs ahead.
    pub ring_bytes: usize,
}

/// The smallest ring that makes sense, in bytes: some batches of steps.
const RING_BYTES_MIN: usize = 64 * 1024;

impl Service for RiskEngine {
    const NAME: &'static str = "risk-engine";
    const PARTS: &'static [&'static str] = &[PERSISTENCE, FOLD, MATCHING];
    type Settings = Settings;

    fn settings(environment: &mut Environment) -> Settings {
        let meaning = "how many bytes of its stream a service keeps in memory for those who resume";
        let ring_bytes: usize = environment.or("RING_BYTES", "16777216", meaning);
        if ring_bytes < RING_BYTES_MIN {
            environment
                .report("RING_BYTES", format!("found `{ring_bytes}`, expected at least {RING_BYTES_MIN}"));
        }
        Settings {
            listen: environment.listen("RISK_ENGINE_LISTEN", "127.0.0.1:8083"),
            persistence: environment.persistence(),
            matching: environment.matching_engine(),
            ring_bytes,
        }
    }

    fn listen(settings: &Settings) -> SocketAddr {
        settings.listen
    }

    async fn run(settings: Settings, listener: TcpListener, frame: Frame) -> Result<(), ServiceError> {
        let Frame { stop, health, metrics } = frame;
        let client = Client::new();
        // When this is full, whoever asks is told so at once: see `routes`.
        let (ask, queries) = mpsc::channel(QUERIES_MAX);
        let (confirm, confirmed) = watch::channel(Confirmed::default());
        let serving = Serving::new(ask);
        let answers = routes(serving.clone()).merge(http::common_routes(health.clone(), metrics.clone()));
        let matching = follow_matching(client.clone(), settings.matching.clone(), confirm);
        let task = Task {
            ring_bytes: settings.ring_bytes,
            persistence: settings.persistence,
            client,
            health,
            metrics: RiskMetrics::new(&metrics),
            serving,
            queries,
            confirmed,
        };
        let work = async {
            tokio::select! {
                biased; // whoever is told to stop does nothing more
                () = stop.stopped() => {}
                () = task.run() => {}
                () = matching => {}
            }
        };
        // The state ends first, and with it the streams of steps: there is nothing to drain but answers under way.
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
        let settings = RiskEngine::settings(&mut environment);
        environment.finish().map(|()| settings).map_err(|errors| errors.to_string())
    }

    #[test]
    fn an_empty_environment_is_that_of_one_machine() {
        let settings = read(&[]).unwrap();
        assert_eq!(settings.listen.to_string(), "127.0.0.1:8083");
        assert_eq!(settings.persistence.to_string(), "http://127.0.0.1:8084");
        assert_eq!(settings.matching.to_string(), "http://127.0.0.1:8081");
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        let wrong = [("RING_BYTES", "100"), ("PERSISTENCE_URL", "nowhere"), ("RISK_ENGINE_LISTEN", "8083")];
        let errors = read(&wrong).unwrap_err();
        assert!(
            wrong.iter().all(|(name, value)| errors.contains(name) && errors.contains(value)),
            "{errors}"
        );
    }
}
