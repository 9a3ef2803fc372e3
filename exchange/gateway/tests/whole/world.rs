//! Five services, their ports chosen by the system, their data in a folder that goes with the test.

use std::net::{SocketAddr, TcpListener};
use std::thread::JoinHandle;
use std::time::Duration;

use exchange_service::config::Environment;
use exchange_service::health::Health;
use exchange_service::metrics::Metrics;
use exchange_service::service::{Frame, Service};
use exchange_service::stop::Stop;
use serde_json::json;
use tempfile::TempDir;

use crate::support::{Gateway, eventually};

/// The services behind a gateway.
pub(crate) struct World {
    pub(crate) gateway: Gateway,
    stop: Stop,
    threads: Vec<JoinHandle<()>>,
    _folder: TempDir,
}

impl World {
    /// All services, and so many funded accounts.
    pub(crate) async fn start(variables: &[(&str, &str)], accounts: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listeners = [(); 4].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
        let urls = listeners.each_ref().map(|listener| format!("http://{}", listener.local_addr().unwrap()));
        let own = [
            ("PERSISTENCE_URL", urls[0].as_str()),
            ("RISK_ENGINE_URL", &urls[1]),
            ("MATCHING_ENGINE_URL", &urls[2]),
            ("MARKET_DATA_URL", &urls[3]),
            ("DATA_DIR", folder.path().to_str().unwrap()),
        ];
        let stop = Stop::new();
        let [persistence, risk, matching, market_data] = listeners;
        let threads = vec![
            start::<persistence::Persistence>(persistence, &own, &stop),
            start::<risk_engine::RiskEngine>(risk, &own, &stop),
            start::<matching_engine::MatchingEngine>(matching, &own, &stop),
            start::<market_data::MarketData>(market_data, &own, &stop),
        ];
        let nobody: SocketAddr = ([127, 0, 0, 1], 1).into();
        let all: Vec<(&str, &str)> = own.iter().chain(variables).copied().collect();
        let gateway = Gateway::ready(nobody, &all).await;
        let world = Self { gateway, stop, threads, _folder: folder };
        world.fund(accounts).await;
        world
    }

    async fn fund(&self, accounts: u32) {
        let admin = self.gateway.admin();
        for account in 0..accounts {
            admin.post("/v1/admin/accounts", json!({})).await.expect(201);
            for (asset, amount) in [("USD", "1000000"), ("BTC", "100")] {
                let body = json!({ "account": account.to_string(), "asset": asset, "amount": amount });
                admin.post("/v1/admin/deposits", body).await.expect(201);
            }
        }
    }

    /// Ends everything, the gateway first.
    pub(crate) async fn end(self) {
        self.gateway.stop().await;
        self.stop.stop();
        eventually("the end of all services", async || self.threads.iter().all(JoinHandle::is_finished))
            .await;
        for thread in self.threads {
            thread.join().unwrap();
        }
    }
}

fn start<S: Service>(listener: TcpListener, variables: &[(&str, &str)], stop: &Stop) -> JoinHandle<()> {
    let mut environment =
        Environment::new(variables.iter().map(|(name, value)| ((*name).into(), (*value).into())));
    let settings = S::settings(&mut environment);
    environment.finish().unwrap();
    let frame =
        Frame { stop: stop.clone(), health: Health::new(S::NAME, S::PARTS), metrics: Metrics::new(S::NAME) };
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            listener.set_nonblocking(true).unwrap();
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            S::run(settings, listener, frame).await.unwrap();
        });
        runtime.shutdown_timeout(Duration::from_secs(5));
    })
}
